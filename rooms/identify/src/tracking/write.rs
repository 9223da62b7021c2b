//! Writing hits: visitors, visits, dwell, identities, last touch and the log in one transaction, set-at-a-time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use attune_db::{Column, DbError, Relation, Tx, Value};
use attune_events::{Batch, BoxFuture, Event, append, known_client_keys};
use attune_kernel::{Clock, Fault, Ids, SECOND_US};

use super::atlas::KnownNetwork;
use super::hit::{Hit, PageLeft, Sender};
use super::memory::{Known, Learned, Memory};
use super::store::{self, Met};
use super::visits::Visits;
use crate::stitching::{self, Decision, Evidence, Plan, Proof, Seen};
use crate::{contact, place};

/// A visitor whose stored time of last sight is younger than this is not written again.
const STALE_US: i64 = 60 * SECOND_US;

/// Writes batches of hits.
pub(crate) struct Writer {
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
    pub(crate) memory: Mutex<Memory>,
}

/// What became of a request's hits, and what the writer learned about its visitors.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Events added to the log.
    pub logged: i64,
    /// Events the log had already.
    pub repeated: i64,
    /// Of the added ones, those done by machines.
    pub machine: i64,
    pub(crate) learned: Arc<Learned>,
}

/// What became of a batch.
pub(crate) struct Outcome {
    /// For each hit, whether it was added.
    pub(crate) added: Vec<bool>,
    pub(crate) machine: i64,
    pub(crate) visits_begun: i64,
    pub(crate) learned: Learned,
}

impl Batch for Writer {
    type Item = Vec<Hit>;
    type Reply = Written;

    fn write<'a>(&'a self, tx: &'a mut Tx, items: &'a [Vec<Hit>]) -> BoxFuture<'a, Result<Vec<Written>, Fault>> {
        Box::pin(async move {
            let hits: Vec<&Hit> = items.iter().flatten().collect();
            let outcome = self.write_hits(tx, &hits).await?;
            metrics::counter!("attune_collect_logged_total").increment(outcome.added.iter().filter(|added| **added).count() as u64);
            let learned = Arc::new(outcome.learned);
            let mut added = outcome.added.into_iter();
            let reply = |request: &Vec<Hit>| {
                let mut written = Written { learned: learned.clone(), ..Written::default() };
                for (hit, added) in request.iter().zip(added.by_ref()) {
                    written.logged += i64::from(added);
                    written.repeated += i64::from(!added);
                    written.machine += i64::from(added && hit.event.machine);
                }
                written
            };
            Ok(items.iter().map(reply).collect())
        })
    }

    fn committed(&self, replies: &[Written]) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        // Every reply of a batch carries the same lesson.
        if let Some(written) = replies.first() {
            memory.learn(&written.learned);
        }
    }

    fn weight(&self, hits: &Vec<Hit>) -> usize {
        hits.len()
    }
}

impl Writer {
    /// Writes `hits` in `tx`. What it learned counts only once the transaction has committed.
    pub(crate) fn write_hits<'a>(&'a self, tx: &'a mut Tx, hits: &'a [&'a Hit]) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(async move {
            let epoch = stitching::epoch(tx).await?;
            let mut work = Work::new(self, hits, epoch);
            work.skip_known(tx).await?;
            work.measure_dwell(tx).await?;
            work.meet(tx).await?;
            work.identify(tx).await?;
            work.visit(tx).await?;
            work.log(tx).await?;
            Ok(work.outcome(hits.len()))
        })
    }
}

/// A hit that is being written.
struct Line<'a> {
    index: usize,
    hit: &'a Hit,
    event: Event,
    dwell_us: i64,
}

struct Person {
    visitor_id: i64,
    contact_id: Option<i64>,
    /// Whether the store may have visits of it.
    met_before: bool,
    /// Whether it is taken from memory.
    remembered: Option<Known>,
    seen_at: i64,
}

struct Work<'a> {
    writer: &'a Writer,
    now: i64,
    epoch: i64,
    lines: Vec<Line<'a>>,
    states: HashMap<i64, PageLeft>,
    people: HashMap<i64, Person>,
    plan: Plan,
    visits: Visits,
    networks: Vec<i64>,
}

impl<'a> Work<'a> {
    fn new(writer: &'a Writer, hits: &[&'a Hit], epoch: i64) -> Self {
        let line = |(index, hit): (usize, &&'a Hit)| Line { index, hit, event: hit.event.clone(), dwell_us: 0 };
        Self {
            writer,
            now: writer.clock.now(),
            epoch,
            lines: hits.iter().enumerate().map(line).collect(),
            states: HashMap::new(),
            people: HashMap::new(),
            plan: Plan::default(),
            visits: Visits::default(),
            networks: Vec::new(),
        }
    }

    /// Leaves out events the log has already, and repeats within the batch.
    async fn skip_known(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        let known = known_client_keys(tx, self.lines.iter().filter_map(|line| line.event.client_key)).await?;
        let mut seen = HashSet::with_capacity(self.lines.len());
        self.lines.retain(|line| line.event.client_key.is_none_or(|key| !known.contains(&key) && seen.insert(key)));
        Ok(())
    }

    /// Turns cumulative dwell into what each event adds. A state that is not newer, or adds nothing, is a repeat.
    async fn measure_dwell(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        let keys: HashSet<i64> = self.lines.iter().filter_map(|line| line.hit.left.map(|left| left.key)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.states = store::page_states(tx, keys).await?;
        let states = &mut self.states;
        self.lines.retain_mut(|line| {
            let Some(left) = line.hit.left else { return true };
            let before = states.get(&left.key).copied().unwrap_or(PageLeft { key: left.key, seq: 0, dwell_us: 0, scroll_pct: -1 });
            let after =
                PageLeft { dwell_us: left.dwell_us.max(before.dwell_us), scroll_pct: left.scroll_pct.max(before.scroll_pct), ..left };
            if left.seq <= before.seq || (after.dwell_us, after.scroll_pct) == (before.dwell_us, before.scroll_pct) {
                return false;
            }
            line.dwell_us = after.dwell_us - before.dwell_us;
            line.event.amount = Some(line.dwell_us);
            states.insert(left.key, after);
            true
        });
        Ok(())
    }

    /// Finds or makes the visitors. One that was written within the last minute and brings no proof is taken from memory.
    async fn meet(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        let mut met: HashMap<i64, (Met, bool)> = HashMap::new();
        for line in &self.lines {
            let Some(sender) = &line.hit.sender else { continue };
            let (at, fresh_id) = (line.event.at, &self.writer.ids);
            let (one, proves) = met.entry(sender.key).or_insert_with(|| (first_met(sender.key, fresh_id.next(), line), false));
            one.first_at = one.first_at.min(at);
            one.last_at = one.last_at.max(at);
            one.machine = line.event.machine;
            *proves |= line.hit.proof.is_some();
        }
        let mut wanted = Vec::with_capacity(met.len());
        {
            let mut memory = self.writer.memory.lock().unwrap_or_else(PoisonError::into_inner);
            for (one, proves) in met.into_values() {
                match memory.get(self.epoch, one.key).filter(|known| !proves && known.is_fresh(one.first_at, one.last_at, STALE_US)) {
                    Some(known) => {
                        let person = Person {
                            visitor_id: known.visitor_id,
                            contact_id: known.contact_id,
                            met_before: true,
                            seen_at: known.seen_at,
                            remembered: Some(known),
                        };
                        self.people.insert(one.key, person);
                    }
                    None => wanted.push(one),
                }
            }
        }
        wanted.sort_by_key(|one| one.key);
        let made: HashMap<i64, (i64, i64)> = wanted.iter().map(|one| (one.key, (one.fresh_id, one.last_at))).collect();
        for found in store::meet(tx, &wanted).await? {
            let (fresh_id, seen_at) = made.get(&found.key).copied().unwrap_or_default();
            let met_before = fresh_id != found.visitor_id;
            let person = Person { visitor_id: found.visitor_id, contact_id: found.contact_id, met_before, remembered: None, seen_at };
            self.people.insert(found.key, person);
        }
        Ok(())
    }

    /// Gives every event its visitor and contact, and decides what the proofs among them change.
    async fn identify(&mut self, tx: &mut Tx) -> Result<(), Fault> {
        let proven: Vec<(usize, &Proof)> =
            self.lines.iter().filter(|line| !line.event.machine).filter_map(|line| Some((line.index, line.hit.proof.as_ref()?))).collect();
        let mut shown: HashMap<usize, Option<i64>> = HashMap::new();
        if !proven.is_empty() {
            let proofs: Vec<&Proof> = proven.iter().map(|(_, proof)| *proof).collect();
            let resolved = stitching::resolve(tx, &self.writer.ids, self.now, &proofs).await?;
            shown = proven.iter().map(|(index, _)| *index).zip(resolved).collect();
        }
        let (people, plan, ids) = (&mut self.people, &mut self.plan, &self.writer.ids);
        self.lines.retain_mut(|line| {
            let Some(person) = line.hit.sender.as_ref().and_then(|sender| people.get_mut(&sender.key).map(|p| (sender, p))) else {
                return true;
            };
            let (sender, person) = person;
            let contact = shown.get(&line.index).copied().flatten();
            let changed = weigh_line(line.hit, sender, person, contact, plan, ids);
            line.event.visitor_id = Some(person.visitor_id);
            line.event.contact_id = line.event.contact_id.or(person.contact_id);
            // "Identified" is logged when it happens, not each time it is repeated.
            changed || line.event.name != "visitor.identified"
        });
        let joined: HashMap<i64, i64> = plan.joined().collect();
        for line in self.lines.iter_mut().filter(|line| line.event.contact_id.is_none()) {
            line.event.contact_id = line.event.visitor_id.and_then(|visitor| joined.get(&visitor).copied());
        }
        self.plan.apply_visitors(tx, self.now).await?;
        Ok(())
    }

    /// Puts every event into its visit.
    async fn visit(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        let mut spans: HashMap<i64, (i64, i64)> = HashMap::new();
        for (person, line) in self.lines.iter().filter_map(|line| Some((self.people.get(&line.hit.sender.as_ref()?.key)?, line))) {
            if !person.met_before {
                continue;
            }
            let Some(visitor_id) = line.event.visitor_id else { continue };
            if let Some(visit) = person.remembered.as_ref().and_then(|known| known.visit.clone()).filter(|v| v.visitor_id == visitor_id) {
                self.visits.remember(visit);
            }
            if self.visits.fits(visitor_id, line.event.at) {
                continue;
            }
            let span = spans.entry(visitor_id).or_insert((line.event.at, line.event.at));
            *span = (span.0.min(line.event.at), span.1.max(line.event.at));
        }
        self.visits.load(tx, &spans).await?;
        for line in &mut self.lines {
            let Some(sender) = &line.hit.sender else { continue };
            self.visits.place(&mut line.event, sender, line.dwell_us, &self.writer.ids);
        }
        self.keep_networks(tx).await?;
        self.visits.store(tx).await
    }

    /// Keeps networks the store has not seen. Where the administrator supplies no files there are none, and nothing is asked.
    async fn keep_networks(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        let mut fresh: BTreeMap<i64, &KnownNetwork> = BTreeMap::new();
        for network in self.lines.iter().filter_map(|line| line.hit.sender.as_ref()?.network.as_deref()) {
            fresh.insert(network.id, network);
        }
        if fresh.is_empty() {
            return Ok(());
        }
        {
            let mut memory = self.writer.memory.lock().unwrap_or_else(PoisonError::into_inner);
            fresh.retain(|id, _| !memory.has_network(*id));
        }
        self.networks = fresh.keys().copied().collect();
        store::put_networks(tx, &fresh.into_values().collect::<Vec<_>>()).await
    }

    /// Moves last touches, appends the events and gives joined browsers' past to their people.
    async fn log(&mut self, tx: &mut Tx) -> Result<(), Fault> {
        contact::touch_coarsely(tx, &self.touches()).await?;
        let mut events: Vec<Event> = self.lines.iter_mut().map(|line| std::mem::replace(&mut line.event, Event::new("", 0))).collect();
        append(tx, &mut events).await?;
        place::count(tx, &self.places(&events)).await?;
        // Under the head's lock: somebody may have been identified or merged since we asked who is who.
        let expected = self.epoch + i64::from(self.plan.changes_visitors());
        if stitching::epoch(tx).await? != expected {
            return Err(DbError::Busy("a visitor was identified meanwhile".to_owned()).into());
        }
        let first_seq = events.first().map_or(0, |event| event.seq);
        self.plan.apply_history(tx, &self.writer.ids, self.now, first_seq).await?;
        let changed: HashSet<i64> = self.lines.iter().filter_map(|line| line.hit.left.map(|left| left.key)).collect();
        store::put_page_states(tx, self.states.values().filter(|state| changed.contains(&state.key)).copied(), self.now).await?;
        for (line, event) in self.lines.iter_mut().zip(events) {
            line.event = event;
        }
        Ok(())
    }

    /// Who came to places and left them; machines and our own do not count.
    fn places(&self, events: &[Event]) -> Vec<place::Count> {
        let both = self.lines.iter().zip(events).filter(|(_, event)| !event.machine);
        let count = |(line, event): (&Line<'_>, &Event)| {
            let left_us = (event.name == "place.left").then_some(event.amount.unwrap_or(0));
            Some(place::Count { place_id: line.hit.place?, at: event.at, left_us })
        };
        both.filter_map(count).collect()
    }

    fn touches(&self) -> Relation {
        let mut newest: HashMap<i64, i64> = HashMap::new();
        for event in self.lines.iter().map(|line| &line.event).filter(|event| !event.machine) {
            if let Some(contact_id) = event.contact_id {
                let at = newest.entry(contact_id).or_insert(event.at);
                *at = event.at.max(*at);
            }
        }
        let mut newest: Vec<(i64, i64)> = newest.into_iter().collect();
        newest.sort_unstable();
        let mut touches = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
        for (id, at) in newest {
            touches.push(vec![Value::Int(id), Value::Int(at)]);
        }
        touches
    }

    fn outcome(self, hits: usize) -> Outcome {
        let mut added = vec![false; hits];
        for line in &self.lines {
            if let Some(slot) = added.get_mut(line.index) {
                *slot = true;
            }
        }
        let machine = self.lines.iter().map(|line| i64::from(line.event.machine)).sum();
        let visits_begun = self.visits.begun();
        let mut learned = Learned { epoch: self.epoch, networks: self.networks, ..Learned::default() };
        // After a change of hands the memory of these visitors is stale, and the new epoch empties it anyway.
        if !self.plan.changes_visitors() {
            for (key, person) in self.people {
                let visit = self.visits.newest_of(person.visitor_id);
                learned
                    .known
                    .push((key, Known { visitor_id: person.visitor_id, contact_id: person.contact_id, seen_at: person.seen_at, visit }));
            }
        }
        Outcome { added, machine, visits_begun, learned }
    }
}

fn first_met(key: i64, fresh_id: i64, line: &Line<'_>) -> Met {
    let at = line.event.at;
    Met { fresh_id, key, first_at: at, last_at: at, machine: line.event.machine, origin_id: line.event.origin_id }
}

/// Weighs the proof of one line; answers whether it changed whose the browser is.
fn weigh_line(hit: &Hit, sender: &Sender, person: &mut Person, contact: Option<i64>, plan: &mut Plan, ids: &Ids) -> bool {
    let Some(proof) = hit.proof.as_ref().filter(|_| !hit.event.machine) else { return false };
    let (kind, value) = match &proof.evidence {
        Evidence::Contact(id) => ("contact_token", id.to_string()),
        Evidence::ExternalId(key) => ("external_id", key.clone()),
        Evidence::Email { email, .. } | Evidence::Claim(email) => ("email", email.clone()),
        Evidence::Push(token) => ("push_token", token.clone()),
    };
    let decision = contact.map(|contact| (contact, stitching::decide(person.contact_id, contact)));
    match decision {
        Some((contact, Decision::Join)) => {
            plan.join(person.visitor_id, contact, kind, proof.source);
            person.contact_id = Some(contact);
        }
        Some((contact, Decision::Part)) => {
            let fresh = ids.next();
            plan.part(person.visitor_id, fresh, Some(sender.key), contact, kind, proof.source);
            *person = Person { visitor_id: fresh, contact_id: Some(contact), met_before: false, remembered: None, seen_at: hit.event.at };
        }
        Some((_, Decision::Known)) | None => {}
    }
    // A device is reached as whoever uses it; an address somebody claims is nobody's.
    let owner = if kind == "push_token" { person.contact_id } else { contact };
    plan.see(Seen { visitor_id: person.visitor_id, contact_id: owner, kind, value, proven: contact.is_some(), source: proof.source });
    matches!(decision, Some((_, Decision::Join | Decision::Part)))
}
