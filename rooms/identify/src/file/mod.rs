//! Files: what was drawn, quoted, signed or photographed about a contact or a company, kept with the record.
//!
//! Guards that a file is whole or not there, that whoever may not see the record sees nothing of it, that nothing in it is ever shown as a page of
//! ours, and that it goes with the person who is erased (ADR 0027). What a file says nobody masks, so only who sees the record's addresses may open it.

pub mod api;
mod jobs;
pub(crate) mod pages;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod upload;

use std::sync::Arc;

use attune_db::{DbError, Tx};
use attune_events::{Event, EventDef, append};
use attune_house::{ContactTable, Eraser, OnErase, OnMerge, Room, SettingDef, SettingKind};
use attune_kernel::id_type;
use attune_record::audit;
use attune_web::{Scope, Sight};
use serde_json::json;

use crate::contact::{By, ContactError};
use crate::relationship::{Record, find_end};
pub(crate) use jobs::{cron, def};
pub use store::{StoredFile, list};

id_type!(
    /// The id of a file.
    FileId,
    "fil"
);

/// The most characters of a name.
pub const NAME_CHARS: usize = 200;
/// The setting that says how large a file may be, MB.
const LARGEST_MB: &str = "identify.file_mb";
const LARGEST_MB_DEFAULT: &str = "25";
/// The most that the setting may say, MB.
const MOST_MB: i64 = 1_024;

/// What an administrator decides about files.
pub(crate) const SETTINGS: [SettingDef; 1] = [SettingDef {
    key: LARGEST_MB,
    label_key: "file-setting-mb",
    kind: SettingKind::Int { min: 1, max: MOST_MB },
    default: LARGEST_MB_DEFAULT,
}];

/// Tables of this noun that hold a person.
pub(crate) const CONTACT_TABLES: [ContactTable; 1] =
    [ContactTable { table: "files", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID }];

/// Removes what is in the files of somebody who is erased; the files themselves go by their table.
pub(crate) fn eraser() -> Eraser {
    Eraser { table: "file_chunks", remembers: false, run: Arc::new(|tx, leavers, _| Box::pin(store::remove_chunks_of(tx, leavers))) }
}

/// Adds this noun to the room.
pub(crate) fn plug(room: Room) -> Room {
    room.routes(pages::routes().merge(api::routes()))
        .panels([pages::panel()])
        .events(EVENTS)
        .contact_tables(CONTACT_TABLES)
        .erasers([eraser()])
        .jobs([def()])
        .crons([cron()])
        .settings(SETTINGS)
}

/// The events of files.
pub(crate) const EVENTS: [EventDef; 3] = [
    event("file.added", "A colleague or a program put a file on the record."),
    event("file.removed", "A file was taken off the record."),
    event("file.restored", "A file that had been taken off came back."),
];

const fn event(name: &'static str, meaning: &'static str) -> EventDef {
    EventDef { name, meaning, subject: "the file's name", amount: "", behaviour: false }
}

/// Opens a file that is about to come in; nobody sees it until [`finish`].
///
/// Errors: [`ContactError::NotFound`] when the record is gone or outside `scope`; [`ContactError::Invalid`] when it has no name.
async fn begin(tx: &mut Tx, by: &By<'_>, scope: &Scope, record: Record, name: &str) -> Result<FileId, ContactError> {
    let name = checked(name)?;
    find_end(tx, scope, record).await?.ok_or(ContactError::NotFound)?;
    let id = FileId(by.ids.next());
    store::insert(tx, by, id, record, &name).await?;
    Ok(id)
}

fn checked(name: &str) -> Result<String, ContactError> {
    let wrong = |key| ContactError::Invalid { attribute: "name".to_owned(), key };
    let name = rules::clean_name(name).ok_or(wrong("web-required"))?;
    if name.chars().count() > NAME_CHARS { Err(wrong("identify-too-long")) } else { Ok(name) }
}

/// The file is whole: from now on it is on the record.
///
/// Errors: [`ContactError::NotFound`] when the record went while the file came.
async fn finish(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: FileId, bytes: i64) -> Result<StoredFile, ContactError> {
    store::keep(tx, id, bytes, by.now).await?;
    let file = find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    tell(tx, by, "file.added", &file, (None, Some(json!({ "name": file.name, "bytes": bytes })))).await?;
    Ok(file)
}

/// The file, if it is whole and not deleted and its record is alive and within `scope`.
pub async fn find(tx: &mut Tx, scope: &Scope, id: FileId) -> Result<Option<StoredFile>, DbError> {
    store::find(tx, scope, id, false).await
}

/// Gives a file another name. Answers the file as it was.
///
/// Errors: as [`begin`]; [`ContactError::Invalid`] also when the reader does not see the former name whole.
pub async fn rename(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: FileId, name: &str) -> Result<StoredFile, ContactError> {
    let name = checked(name)?;
    let before = find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    if name != before.name && Sight::of(by.actor).hides(before.whose, &before.name) {
        return Err(ContactError::Invalid { attribute: "name".to_owned(), key: "identify-hidden-words" });
    }
    store::rename(tx, id, &name).await?;
    let (was, is) = (json!({ "name": before.name }), json!({ "name": name }));
    audit::note(tx, by.ids, by.now, by.actor, "file.renamed", "file", id.0, Some(was), Some(is)).await?;
    Ok(before)
}

/// Takes a file off the record; it can come back until its bytes go.
///
/// Errors: [`ContactError::NotFound`].
pub async fn delete(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: FileId) -> Result<StoredFile, ContactError> {
    let file = find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    if !store::set_deleted(tx, id, Some(by.now)).await? {
        return Err(ContactError::NotFound);
    }
    tell(tx, by, "file.removed", &file, (Some(json!({ "name": file.name })), None)).await?;
    Ok(file)
}

/// Brings a deleted file back.
///
/// Errors: [`ContactError::NotFound`] also when its bytes have gone.
pub async fn restore(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: FileId) -> Result<StoredFile, ContactError> {
    let file = store::find(tx, scope, id, true).await?.ok_or(ContactError::NotFound)?;
    if !store::set_deleted(tx, id, None).await? {
        return Err(ContactError::NotFound);
    }
    tell(tx, by, "file.restored", &file, (None, Some(json!({ "name": file.name })))).await?;
    Ok(file)
}

type Change = (Option<serde_json::Value>, Option<serde_json::Value>);

async fn tell(tx: &mut Tx, by: &By<'_>, name: &'static str, file: &StoredFile, (was, is): Change) -> Result<(), DbError> {
    audit::note(tx, by.ids, by.now, by.actor, name, "file", file.id.0, was, is).await?;
    let event = Event::new(name, by.now).subject(file.name.as_str());
    let event = event.props(&json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name, "bytes": file.bytes }));
    append(tx, &mut [file.record.about(event, file.firm_id)]).await
}
