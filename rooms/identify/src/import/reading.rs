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
    /// The events it has taken, with what their people are called in the file.
    pub(crate) passed_events: Vec<(EventRow, String)>,
}

impl Reading {
    /// Reads `lines`; the first `behind` of them, which becomes as much smaller, were taken before.
    pub(crate) fn of(plan: &Plan, mut lines: Vec<Line>, behind: &mut i64) -> Self {
        let passed = usize::try_from(*behind).unwrap_or(0).min(lines.len());
        *behind -= i64::try_from(passed).unwrap_or(0);
        let before = if passed == 0 { Self::default() } else { Self::of(plan, lines.drain(..passed).collect(), &mut 0) };
        let mut reading = Self { lines: i64::try_from(lines.len()).unwrap_or(0), ..before.into_passed() };
        reading.drafts.reserve(lines.len());
        let mut nameless = HashSet::new();
        for line in &lines {
            // Of an empty line nothing is asked.
            let of_line = |draft: &Option<RowDraft>| draft.as_ref().map_or(Ok(Vec::new()), |_| event_rows::read(plan, line));
            match rows::read(plan, line).and_then(|draft| of_line(&draft).map(|events| (draft, events))) {
                // A till's customer without a name is nobody.
                Ok((Some(draft), _)) if plan.orders.is_some() && draft.has_no_key() => {
                    reading.empty += 1;
                    nameless.insert(line.number);
                }
                Ok((Some(draft), mut events)) => {
                    reading.drafts.push(draft);
                    reading.events.append(&mut events);
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

    /// What is remembered of lines that were taken before.
    fn into_passed(self) -> Self {
        let keys = if self.events.is_empty() { HashMap::new() } else { self.keys() };
        let passed = self.drafts.iter().filter(|draft| draft.has_no_key()).map(|draft| draft.fingerprint).collect();
        let passed_events = self.events.into_iter().filter_map(|event| keys.get(&event.line).cloned().map(|key| (event, key))).collect();
        Self { passed, passed_events, ..Self::default() }
    }

    fn take_orders(&mut self, plan: &Plan, orders: &OrderPlan, lines: &[Line]) {
        let (mut events, refused) = orders::read(plan, orders, lines, std::mem::take(&mut self.refused));
        let gone: HashSet<i64> = refused.iter().map(|error| error.line).collect();
        self.drafts.retain(|draft| !gone.contains(&draft.line));
        self.events.append(&mut events);
        self.refused = refused;
    }

    /// Refuses the lines whose event is to happen behind the moment `latest`: nobody has done that.
    pub(crate) fn refuse_behind(&mut self, latest: i64) {
        let shown = |at: i64| jiff::Timestamp::from_microsecond(at).map_or_else(|_| at.to_string(), |at| at.to_string());
        let late = self.events.iter().filter(|event| event.at > latest);
        let mut errors: Vec<RowError> = late.map(|event| RowError { line: event.line, cause: "date", detail: shown(event.at) }).collect();
        let gone: HashSet<i64> = errors.iter().map(|error| error.line).collect();
        self.drafts.retain(|draft| !gone.contains(&draft.line));
        self.events.retain(|event| !gone.contains(&event.line));
        self.refused.append(&mut errors);
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

#[cfg(test)]
mod tests {
    use super::super::event_plan;
    use super::super::event_rows::Repeats;
    use super::super::profile::Profile;
    use super::*;

    #[test]
    fn an_import_that_goes_on_takes_the_second_of_two_equal_events() {
        let text = "user id,event,time\n7,lamp.bought,2026-11-01\n7,lamp.bought,2026-11-01\n7,lamp.bought,2026-11-01\n";
        let plan = event_plan::plan(&Profile::of_text(text), None).unwrap();
        let told = |mut behind: i64| {
            let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
            let lines = reader.records().zip(2..).map(|(record, number)| Line { number, values: Ok(record.unwrap()) }).collect();
            let reading = Reading::of(&plan, lines, &mut behind);
            let (keys, mut repeats) = (reading.keys(), Repeats::default());
            reading.passed_events.iter().for_each(|(event, key)| repeats.pass(event, key));
            reading.events.iter().map(|event| event.event(1, &keys[&event.line], 1, &mut repeats).client_key).collect::<Vec<_>>()
        };
        let whole = told(0);
        assert_eq!((told(2), told(3)), (whole[2..].to_vec(), vec![]));
        assert!(whole[0] != whole[1] && whole[1] != whole[2]);
    }
}
