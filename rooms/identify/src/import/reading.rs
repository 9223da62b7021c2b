//! A batch of lines under a plan: people and events as far as the lines tell, and the lines refused. Pure.

use std::collections::{HashMap, HashSet};

use super::Counts;
use super::event_rows::{self, EventRow};
use super::orders::{self, OrderPlan};
use super::plan::Plan;
use super::rows::{self, Line, RowDraft, RowError};

/// What a batch of lines says.
#[derive(Default)]
pub(crate) struct Reading {
    /// How many lines were read.
    pub(crate) lines: i64,
    pub(crate) drafts: Vec<RowDraft>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) refused: Vec<RowError>,
    /// Lines without any value.
    pub(crate) empty: i64,
    /// The fingerprints of lines without any key that an earlier life of the import has taken.
    pub(crate) passed: Vec<u64>,
}

impl Reading {
    /// Reads `lines`; the first `behind` of them, which becomes as much smaller, were taken before.
    pub(crate) fn of(plan: &Plan, mut lines: Vec<Line>, behind: &mut i64) -> Self {
        let passed = usize::try_from(*behind).unwrap_or(0).min(lines.len());
        *behind -= i64::try_from(passed).unwrap_or(0);
        let taken = lines.drain(..passed).filter_map(|line| rows::read(plan, &line).ok().flatten());
        let passed = taken.filter(RowDraft::has_no_key).map(|draft| draft.fingerprint).collect();
        let mut reading = Self { lines: i64::try_from(lines.len()).unwrap_or(0), passed, ..Self::default() };
        reading.drafts.reserve(lines.len());
        let mut nameless = HashSet::new();
        for line in &lines {
            match rows::read(plan, line).and_then(|draft| Ok((draft, event_rows::read(plan, line)?))) {
                // A till's customer without a name is nobody.
                Ok((Some(draft), _)) if plan.orders.is_some() && draft.has_no_key() => {
                    reading.empty += 1;
                    nameless.insert(line.number);
                }
                Ok((Some(draft), mut of_line)) => {
                    reading.drafts.push(draft);
                    reading.events.append(&mut of_line);
                }
                Ok((None, _)) => reading.empty += 1,
                Err(error) => reading.refused.push(error),
            }
        }
        if let Some(orders) = &plan.orders {
            lines.retain(|line| !nameless.contains(&line.number));
            reading.take_orders(plan, orders, &lines);
        }
        reading
    }

    fn take_orders(&mut self, plan: &Plan, orders: &OrderPlan, lines: &[Line]) {
        let (mut events, refused) = orders::read(plan, orders, lines, std::mem::take(&mut self.refused));
        let gone: HashSet<i64> = refused.iter().map(|error| error.line).collect();
        self.drafts.retain(|draft| !gone.contains(&draft.line));
        self.events.append(&mut events);
        self.refused = refused;
    }

    /// The counts before anybody is looked for.
    pub(crate) fn counts(&self) -> Counts {
        Counts { rows: self.lines, skipped: self.empty, ..Counts::default() }
    }

    /// What the people of the lines are called in the file, by line; part of what makes an event the same one.
    pub(crate) fn keys(&self) -> HashMap<i64, String> {
        self.drafts.iter().map(|draft| (draft.line, person_key(draft))).collect()
    }
}

fn person_key(draft: &RowDraft) -> String {
    let named = draft.external_id.as_ref().or(draft.email_key.as_ref()).or(draft.phone_key.as_ref());
    named.cloned().unwrap_or_else(|| draft.fingerprint.to_string())
}
