//! A hold: somebody nothing of whom may go by itself, because of a law suit, a warranty, an audit. It names its reason and lasts until it is ended.

use attune_db::{DbError, Relation, Tx, params, sql};
use attune_events::{EventDef, append};
use attune_house::{ContactTable, OnErase, OnMerge};
use attune_record::audit;
use attune_web::Scope;
use serde_json::json;

use crate::contact::{self, By, ContactError};

/// The most characters of a reason.
pub(super) const REASON_CHARS: usize = 300;

/// The table of holds: it goes along when its contact becomes part of another.
pub(crate) const CONTACT_TABLES: [ContactTable; 1] =
    [ContactTable { table: "holds", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID }];

/// The events of holds.
pub(crate) const EVENTS: [EventDef; 2] = [
    event("contact.held", "Somebody decided that nothing of this person may go by itself.", "the reason"),
    event("contact.released", "What was kept of this person by a hold may go again.", ""),
];

const fn event(name: &'static str, meaning: &'static str, subject: &'static str) -> EventDef {
    EventDef { name, meaning, subject, amount: "", behaviour: false }
}

/// Why somebody is held, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) reason: String,
    pub(crate) since: i64,
}

/// The holds on a contact, the first first: two when two held records were merged.
pub(crate) async fn list(tx: &mut Tx, contact: i64) -> Result<Vec<Hold>, DbError> {
    let rows =
        tx.rows(sql!("SELECT reason, created_at FROM holds WHERE contact_id = $1 ORDER BY created_at, id"), params![contact]).await?;
    rows.iter().map(|row| Ok(Hold { reason: row.get("reason")?, since: row.get("created_at")? })).collect()
}

/// Whether one of these people is held.
pub(crate) async fn any(tx: &mut Tx, people: &[i64]) -> Result<bool, DbError> {
    let select = sql!("SELECT count(*) FROM holds h WHERE h.contact_id IN (SELECT r.id FROM {rows} AS r)");
    let found = tx.rows_from(select, &Relation::of_ids("id", people.iter().copied()), params![]).await?;
    Ok(found.first().map_or(Ok(0_i64), |row| row.at(0))? > 0)
}

/// Holds the contact, because of `reason`.
///
/// Errors: [`ContactError::NotFound`] when it is gone or outside `scope`; [`ContactError::Invalid`] without a reason.
pub(crate) async fn put(tx: &mut Tx, by: &By<'_>, scope: &Scope, contact: i64, reason: &str) -> Result<(), ContactError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(ContactError::Invalid { attribute: "reason".to_owned(), key: "web-required" });
    }
    if reason.chars().count() > REASON_CHARS {
        return Err(ContactError::Invalid { attribute: "reason".to_owned(), key: "identify-too-long" });
    }
    // Whoever erases at the same moment has ended, or finds the hold.
    if !contact::hold(tx, &[contact]).await? {
        return Err(ContactError::NotFound);
    }
    let person = contact::find_owned(tx, scope, contact).await?.ok_or(ContactError::NotFound)?;
    let insert = sql!("INSERT INTO holds (id, contact_id, reason, staff_id, created_at) VALUES ($1, $2, $3, $4, $5)");
    tx.exec(insert, params![by.ids.next(), contact, reason, by.actor.staff_id, by.now]).await?;
    let after = Some(json!({ "reason": reason }));
    audit::note(tx, by.ids, by.now, by.actor, "contact.held", "contact", contact, None, after).await?;
    let told = contact::event(by, "contact.held", &person).subject(reason).props(&json!({ "staff": by.actor.name }));
    append(tx, &mut [told]).await?;
    Ok(())
}

/// Ends every hold on the contact.
///
/// Errors: [`ContactError::NotFound`] when it is gone, outside `scope` or not held.
pub(crate) async fn end(tx: &mut Tx, by: &By<'_>, scope: &Scope, contact: i64) -> Result<(), ContactError> {
    let person = contact::find_owned(tx, scope, contact).await?.ok_or(ContactError::NotFound)?;
    let was: Vec<String> = list(tx, contact).await?.into_iter().map(|hold| hold.reason).collect();
    if was.is_empty() {
        return Err(ContactError::NotFound);
    }
    tx.exec(sql!("DELETE FROM holds WHERE contact_id = $1"), params![contact]).await?;
    let before = Some(json!({ "reason": was }));
    audit::note(tx, by.ids, by.now, by.actor, "contact.released", "contact", contact, before, None).await?;
    let told = contact::event(by, "contact.released", &person).props(&json!({ "staff": by.actor.name }));
    append(tx, &mut [told]).await?;
    Ok(())
}
