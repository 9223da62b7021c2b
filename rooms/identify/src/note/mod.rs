//! Notes on a contact: Markdown, pinned where they matter, changed with what they said before, and heard by the colleagues they name.
//!
//! Guards that a note is reached only through its contact, and that a colleague hears once of being named, however often a note is changed.

pub(crate) mod markdown;
pub(crate) mod pages;
mod rules;
#[cfg(test)]
mod tests;

use attune_db::Tx;
use attune_events::{EventDef, append};
use attune_record::note::{self, Note};
use attune_web::Scope;
use serde_json::json;

use crate::contact::{self, By, Contact, ContactError, event};
use crate::staff;

/// The event of a note that names colleagues.
pub(crate) const EVENTS: [EventDef; 1] = [EventDef {
    name: "note.mentioned",
    meaning: "A note on a contact named colleagues; who, is in the properties.",
    subject: "",
    amount: "",
    behaviour: false,
}];

/// Writes a note on a contact.
///
/// Errors: [`ContactError::NotFound`] when the contact is gone or outside `scope`; [`ContactError::Invalid`] (`body`) when there are no words.
pub async fn add(tx: &mut Tx, by: &By<'_>, scope: &Scope, contact_id: i64, body: &str) -> Result<i64, ContactError> {
    let person = contact::find(tx, scope, contact_id).await?.ok_or(ContactError::NotFound)?;
    check(body)?;
    let id = note::add(tx, by.ids, by.now, by.actor, ("contact", contact_id), body).await?;
    let mut touches = attune_db::Relation::new(&[("id", attune_db::Column::Int), ("at", attune_db::Column::Int)]);
    touches.push(vec![contact_id.into(), by.now.into()]);
    contact::touch(tx, &touches).await?;
    tell_mentioned(tx, by, &person, id, ("", body)).await?;
    Ok(id)
}

/// Lets a note say something else; what it said is kept. Answers whether it differs.
///
/// Errors: as [`add`], and [`ContactError::NotFound`] when the note is not this contact's.
pub async fn update(tx: &mut Tx, by: &By<'_>, scope: &Scope, contact_id: i64, id: i64, body: &str) -> Result<bool, ContactError> {
    let person = contact::find(tx, scope, contact_id).await?.ok_or(ContactError::NotFound)?;
    let found = find(tx, contact_id, id).await?;
    check(body)?;
    let differs = note::update(tx, by.ids, by.now, by.actor, &found, body).await?;
    if differs {
        tell_mentioned(tx, by, &person, id, (&found.body, body)).await?;
    }
    Ok(differs)
}

/// The note `id` of a contact.
pub(crate) async fn find(tx: &mut Tx, contact_id: i64, id: i64) -> Result<Note, ContactError> {
    note::find(tx, id).await?.filter(|note| note.record_id == contact_id).ok_or(ContactError::NotFound)
}

fn check(body: &str) -> Result<(), ContactError> {
    if body.trim().is_empty() {
        return Err(ContactError::Invalid { attribute: "body".to_owned(), key: "identify-note-empty" });
    }
    Ok(())
}

/// Tells the log whom the note names that it did not name before; nobody hears of his own words.
async fn tell_mentioned(tx: &mut Tx, by: &By<'_>, person: &Contact, id: i64, (was, is): (&str, &str)) -> Result<(), ContactError> {
    if !is.contains('@') {
        return Ok(());
    }
    let staff = staff::list(tx).await?;
    let before = rules::mentioned(was, &staff);
    let mut named = rules::mentioned(is, &staff);
    named.retain(|id| *id != by.actor.staff_id && !before.contains(id));
    if named.is_empty() {
        return Ok(());
    }
    let props = json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name, "note_id": id, "named": named });
    append(tx, &mut [event(by, "note.mentioned", person).props(&props)]).await?;
    Ok(())
}
