//! Visits: stretches of activity with gaps of less than 30 minutes.

use std::collections::HashMap;

use attune_db::{DbError, Tx};
use attune_events::Event;
use attune_kernel::{Ids, MINUTE_US};

use super::hit::Sender;
use super::store::{self, Growth, Visit};

/// A silence of this length ends a visit.
pub const VISIT_GAP_US: i64 = 30 * MINUTE_US;

/// The visits a batch touches.
#[derive(Default)]
pub(super) struct Visits {
    by_visitor: HashMap<i64, Vec<Open>>,
    begun: i64,
}

struct Open {
    visit: Visit,
    growth: Growth,
}

impl Open {
    fn takes(&self, at: i64) -> bool {
        at > self.visit.started_at - VISIT_GAP_US && at < self.visit.last_at + VISIT_GAP_US
    }
}

impl Visits {
    /// Adds a visit that is known from before.
    pub(super) fn remember(&mut self, visit: Visit) {
        let open = self.by_visitor.entry(visit.visitor_id).or_default();
        if !open.iter().any(|other| other.visit.id == visit.id) {
            open.push(Open { visit, growth: Growth::default() });
        }
    }

    /// Whether an event at `at` falls into a visit that is here already.
    pub(super) fn fits(&self, visitor_id: i64, at: i64) -> bool {
        self.by_visitor.get(&visitor_id).is_some_and(|open| open.iter().any(|o| o.takes(at)))
    }

    /// Loads the visits around these spans: visitor → (earliest, latest) event.
    pub(super) async fn load(&mut self, tx: &mut Tx, spans: &HashMap<i64, (i64, i64)>) -> Result<(), DbError> {
        let spans: Vec<(i64, i64, i64)> = spans.iter().map(|(id, (from, to))| (*id, from - VISIT_GAP_US, to + VISIT_GAP_US)).collect();
        for visit in store::visits_near(tx, &spans).await? {
            self.remember(visit);
        }
        Ok(())
    }

    /// Puts an event into the visit it falls into, or begins one.
    pub(super) fn place(&mut self, event: &mut Event, sender: &Sender, dwell_us: i64, ids: &Ids) {
        let Some(visitor_id) = event.visitor_id else { return };
        let open = self.by_visitor.entry(visitor_id).or_default();
        let at = event.at;
        let place = match open.iter().position(|o| o.takes(at)) {
            Some(place) => place,
            None => {
                open.push(Open { visit: begin(ids.next(), visitor_id, event, sender), growth: Growth::default() });
                self.begun += 1;
                open.len() - 1
            }
        };
        let Some(Open { visit, growth }) = open.get_mut(place) else { return };
        event.session_id = Some(visit.id);
        growth.events += 1;
        growth.pages += i64::from(event.name == "page.viewed");
        growth.dwell_us += dwell_us;
        if at < visit.started_at {
            (visit.started_at, visit.landing) = (at, sender.path.clone().or(visit.landing.take()));
        }
        if at >= visit.last_at {
            (visit.last_at, visit.last_path) = (at, sender.path.clone().or(visit.last_path.take()));
        }
        visit.contact_id = visit.contact_id.or(event.contact_id);
        visit.machine |= event.machine;
        if visit.reason.is_none() {
            visit.reason = sender.machine.map(|machine| machine.code().to_owned());
        }
    }

    /// Writes what changed.
    pub(super) async fn store(&self, tx: &mut Tx) -> Result<(), DbError> {
        let mut changed: Vec<(&Visit, Growth)> =
            self.by_visitor.values().flatten().filter(|open| open.growth.events > 0).map(|open| (&open.visit, open.growth)).collect();
        changed.sort_by_key(|(visit, _)| visit.id);
        store::put_visits(tx, &changed).await
    }

    /// How many visits began.
    pub(super) fn begun(&self) -> i64 {
        self.begun
    }

    /// The visit that was active last.
    pub(super) fn newest_of(&self, visitor_id: i64) -> Option<Visit> {
        self.by_visitor.get(&visitor_id)?.iter().max_by_key(|open| open.visit.last_at).map(|open| open.visit.clone())
    }
}

fn begin(id: i64, visitor_id: i64, event: &Event, sender: &Sender) -> Visit {
    let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
    Visit {
        id,
        visitor_id,
        contact_id: event.contact_id,
        started_at: event.at,
        last_at: event.at,
        arrival: sender.arrival.clone(),
        host: sender.host.clone(),
        landing: sender.path.clone(),
        last_path: sender.path.clone(),
        browser: text(&sender.agent.browser),
        os: text(&sender.agent.os),
        device: text(sender.agent.device),
        model: text(&sender.agent.model),
        machine: event.machine,
        reason: sender.machine.map(|machine| machine.code().to_owned()),
        network_id: sender.network.as_ref().map(|network| network.id),
        origin_id: event.origin_id,
    }
}
