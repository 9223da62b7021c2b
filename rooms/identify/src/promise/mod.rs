//! Promises: who said they would do what until when, we or they. What is owed stands on the record and, when its day comes, on Today.
//!
//! Guards that a promise has a day and a colleague of ours at one end, and that only people settle it: when its day passes it is overdue and the
//! log says so once, but whether it was broken somebody decides (ADR 0021). It goes with the person who is erased and follows a merge.

pub mod api;
mod head;
pub(crate) mod pages;
mod store;
#[cfg(test)]
mod tests;

use attune_db::{DbError, Relation, Tx};
use attune_events::{Event, EventDef, append};
use attune_house::{ContactTable, OnErase, OnMerge};
use attune_jobs::{Bench, BoxFuture, OnDue};
use attune_kernel::{DAY_US, Fault, id_type};
use attune_record::audit;
use attune_web::{Scope, Sight};
use serde_json::json;

use crate::contact::{By, ContactError};
use crate::relationship::{Record, find_end};
use crate::staff;
pub(crate) use head::head;
pub use store::{Owed, Promise, list_by_ids, list_due, list_of, owed_of};

id_type!(
    /// The id of a promise.
    PromiseId,
    "prm"
);

/// The timer that tells when the day of a promise has passed.
pub(crate) const DUE: &str = "identify.promise_due";
/// The most characters of what is promised.
pub const WHAT_CHARS: usize = 300;
/// The most days before its day that Today may tell of a promise.
pub const REMIND_DAYS: i64 = 60;
/// The words of a side.
pub const SIDES: [&str; 2] = ["ours", "theirs"];
/// The words of a state.
pub const STATES: [&str; 4] = ["open", "kept", "broken", "withdrawn"];

/// What is promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// `ours` or `theirs`.
    pub side: String,
    /// In words.
    pub what: String,
    /// The colleague who promised, or to whom it was promised.
    pub staff_id: i64,
    /// Until when, µs UTC.
    pub due_at: i64,
    /// How many days before Today tells of it.
    pub remind_days: i64,
    /// The note it was made from.
    pub note_id: Option<i64>,
}

impl Draft {
    fn remind_at(&self) -> i64 {
        self.due_at - self.remind_days * DAY_US
    }

    async fn check(&self, tx: &mut Tx) -> Result<(), ContactError> {
        let wrong = |attribute: &str, key| Err(ContactError::Invalid { attribute: attribute.to_owned(), key });
        if self.what.trim().is_empty() {
            return wrong("what", "web-required");
        }
        if self.what.chars().count() > WHAT_CHARS {
            return wrong("what", "identify-too-long");
        }
        if !SIDES.contains(&self.side.as_str()) {
            return wrong("side", "web-not-a-choice");
        }
        if !(0..=REMIND_DAYS).contains(&self.remind_days) {
            return wrong("remind", "web-not-a-choice");
        }
        if staff::find(tx, self.staff_id).await?.is_none() {
            return wrong("staff_id", "web-not-a-choice");
        }
        Ok(())
    }
}

/// Writes a promise down; answers its id.
///
/// Errors: [`ContactError::NotFound`] when the record is gone or outside `scope`; [`ContactError::Invalid`] when something is wrong with the draft.
pub async fn create(tx: &mut Tx, by: &By<'_>, scope: &Scope, record: Record, draft: &Draft) -> Result<PromiseId, ContactError> {
    draft.check(tx).await?;
    let end = find_end(tx, scope, record).await?.ok_or(ContactError::NotFound)?;
    let id = PromiseId(by.ids.next());
    store::insert(tx, by, id, record, draft).await?;
    attune_jobs::set_timers(tx, DUE, [(id.0, draft.due_at)]).await?;
    let after = json!({ "side": draft.side, "what": draft.what, "staff_id": draft.staff_id, "due_at": draft.due_at });
    audit::note(tx, by.ids, by.now, by.actor, "promise.made", "promise", id.0, None, Some(after)).await?;
    append(tx, &mut [told(by, "promise.made", record, end.company_id, &draft.side, &draft.what)]).await?;
    Ok(id)
}

/// The promise if its record is alive and within `scope`.
pub async fn find(tx: &mut Tx, scope: &Scope, id: PromiseId) -> Result<Option<Promise>, DbError> {
    store::find(tx, scope, id).await
}

/// Changes an open promise: what, who, until when.
///
/// Errors: as [`create`]; [`ContactError::NotFound`] also when it is settled.
pub async fn update(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: PromiseId, draft: &Draft) -> Result<(), ContactError> {
    draft.check(tx).await?;
    let before = find(tx, scope, id).await?.filter(|found| found.state == "open").ok_or(ContactError::NotFound)?;
    if draft.what != before.what && Sight::of(by.actor).hides(before.whose, &before.what) {
        return Err(ContactError::Invalid { attribute: "what".to_owned(), key: "identify-hidden-words" });
    }
    store::update(tx, id, draft).await?;
    // One that is late already has been told of.
    if draft.due_at != before.due_at {
        attune_jobs::set_timers(tx, DUE, [(id.0, draft.due_at)]).await?;
    }
    let was = json!({ "side": before.side, "what": before.what, "staff_id": before.staff_id, "due_at": before.due_at });
    let is = json!({ "side": draft.side, "what": draft.what, "staff_id": draft.staff_id, "due_at": draft.due_at });
    audit::note(tx, by.ids, by.now, by.actor, "promise.changed", "promise", id.0, Some(was), Some(is)).await?;
    append(tx, &mut [told(by, "promise.changed", before.record, before.firm_id, &draft.side, &draft.what)]).await?;
    Ok(())
}

/// Says what became of a promise: one of [`STATES`]; `open` takes that back. Answers what it was before.
///
/// Errors: [`ContactError::NotFound`] when it is not there, not within `scope` or in that state already; [`ContactError::Invalid`] for another word.
pub async fn settle(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: PromiseId, state: &str) -> Result<Promise, ContactError> {
    let known = STATES.into_iter().find(|word| *word == state);
    let state = known.ok_or(ContactError::Invalid { attribute: "state".to_owned(), key: "web-not-a-choice" })?;
    let before = find(tx, scope, id).await?.filter(|found| found.state != state).ok_or(ContactError::NotFound)?;
    store::settle(tx, id, state, (by.now, by.actor.staff_id)).await?;
    if state == "open" {
        attune_jobs::set_timers(tx, DUE, [(id.0, before.due_at)].into_iter().filter(|(_, due_at)| *due_at > by.now)).await?;
    } else {
        attune_jobs::clear_timers(tx, DUE, [id.0]).await?;
    }
    let name = match state {
        "kept" => "promise.kept",
        "broken" => "promise.broken",
        "withdrawn" => "promise.withdrawn",
        _ => "promise.reopened",
    };
    let (was, is) = (json!({ "state": before.state }), json!({ "state": state }));
    audit::note(tx, by.ids, by.now, by.actor, name, "promise", id.0, Some(was), Some(is)).await?;
    append(tx, &mut [told(by, name, before.record, before.firm_id, &before.side, &before.what)]).await?;
    Ok(before)
}

/// Gives open promises to other colleagues to keep, or to be kept to: `moves` is `(id, holder_id, receiver_id)`. Answers those that still were their
/// holder's and open.
pub async fn pass_on(tx: &mut Tx, by: &By<'_>, moves: &Relation) -> Result<Vec<i64>, Fault> {
    let moved = store::pass_on(tx, moves).await?;
    let trail = moved.iter().map(|(id, to)| (*id, None, Some(json!({ "staff_id": to })))).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, ("promise.passed_on", "promise"), trail).await?;
    Ok(moved.into_iter().map(|(id, _)| id).collect())
}

fn told(by: &By<'_>, name: &'static str, record: Record, firm_id: Option<i64>, side: &str, what: &str) -> Event {
    let props = json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name, "side": side });
    record.about(Event::new(name, by.now), firm_id).subject(what).props(&props)
}

/// Tells once that the day of a promise has passed.
pub(crate) struct TellOverdue;

impl OnDue for TellOverdue {
    fn due<'a>(&'a self, _: &'a Bench, tx: &'a mut Tx, keys: &'a [i64], now: i64) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let late = store::list_open(tx, keys).await?;
            let told = |late: &Promise| {
                let event = late.record.about(Event::new("promise.overdue", now), late.firm_id);
                event.subject(late.what.as_str()).props(&json!({ "side": late.side }))
            };
            append(tx, &mut late.iter().map(told).collect::<Vec<_>>()).await?;
            Ok(())
        })
    }
}

/// The events of promises.
pub(crate) const EVENTS: [EventDef; 7] = [
    event("promise.made", "Somebody promised something: we to them, or they to us."),
    event("promise.changed", "An open promise got other words, another colleague or another day."),
    event("promise.overdue", "The day of an open promise has passed."),
    event("promise.kept", "A promise was kept."),
    event("promise.broken", "Somebody decided that a promise was broken."),
    event("promise.withdrawn", "A promise was withdrawn."),
    event("promise.reopened", "A settled promise is open again."),
];

const fn event(name: &'static str, meaning: &'static str) -> EventDef {
    EventDef { name, meaning, subject: "what was promised", amount: "", behaviour: false }
}

/// The column that holds a person.
pub(crate) const CONTACT_TABLES: [ContactTable; 1] =
    [ContactTable { table: "promises", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID }];
