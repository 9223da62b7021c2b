//! Erasing: a person who asks to be forgotten is, everywhere, at once, and a receipt without a name says so.
//!
//! Guards that nothing is left that leads to the person: the rows of every table a room has listed, of everybody merged into the contact, the
//! traces without an id (audit log, mailbox, import errors, what other rooms clean themselves), and in the end the bytes in the store's file.

pub mod api;
mod jobs;
pub mod pages;
mod store;
#[cfg(test)]
mod tests;

use attune_db::{DbError, Tx};
use attune_events::{Event, append, hold_head};
use attune_house::{ContactTable, Eraser, Leaver, OnErase, OnMerge, count_rows, erase_counting, erase_from};
use attune_jobs::Bench;
use attune_kernel::id_type;
use attune_record::audit;
use attune_web::Scope;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contact::{self, By, ContactError, ContactId};
use crate::retention::hold;
use crate::{field, relationship, stitching};

pub(crate) use jobs::{def, put_job, put_job_anyway, put_job_if_waiting};
pub use store::Receipt;
pub(crate) use store::{list_with_merged, with_merged};

id_type!(
    /// The id of a receipt.
    ErasureId,
    "era"
);

/// Everything that leads to traces of a person: the tables and erasers of all rooms.
#[derive(Clone, Copy)]
pub struct Traces<'a> {
    /// Tables that carry the contact's id.
    pub tables: &'a [ContactTable],
    /// What rooms do about other traces.
    pub erasers: &'a [Eraser],
}

/// A line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The table.
    pub table: String,
    /// Rows that went, or were emptied of the person.
    pub rows: u64,
    /// Of these, rows that stay without the person: a mail still counts in its campaign.
    #[serde(default)]
    pub kept: u64,
}

/// Lines of a receipt, one a table, in the order they came.
#[derive(Default)]
struct Counts(Vec<Count>);

impl Counts {
    fn add(&mut self, table: &str, rows: u64, kept: bool) {
        if rows == 0 {
            return;
        }
        let at = self.0.iter().position(|count| count.table == table).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(Count { table: table.to_owned(), rows: 0, kept: 0 });
        }
        if let Some(count) = self.0.get_mut(at) {
            count.rows += rows;
            count.kept += if kept { rows } else { 0 };
        }
    }
}

/// What would go with the contact `id`, deleted ones too, and how many records that are.
///
/// Errors: [`ContactError::NotFound`] when it is not there, part of another or outside `scope`.
pub async fn preview(tx: &mut Tx, scope: &Scope, tables: &[ContactTable], id: i64) -> Result<(Leaver, Vec<Count>, usize), ContactError> {
    let people = store::list_with_merged(tx, scope, id).await?;
    let leavers = store::list_leavers(tx, &people).await?;
    let person = leavers.iter().find(|leaver| leaver.id == id).cloned().ok_or(ContactError::NotFound)?;
    let mut counts = Counts::default();
    for (entry, rows) in count_rows(tx, tables, &people).await? {
        counts.add(entry.table, rows, entry.on_erase == OnErase::Null);
    }
    counts.add("mailbox_mails", store::count_mails(tx, &leavers).await?, false);
    Ok((person, counts.0, people.len()))
}

/// Erases the contact `id` and everybody merged into it, and puts the job that makes the store forget the bytes. Answers the receipt's number.
///
/// Errors: as [`preview`]; [`ContactError::Held`] when somebody decided that nothing of the person may go.
pub async fn erase_person(
    tx: &mut Tx,
    by: &By<'_>,
    bench: &Bench,
    scope: &Scope,
    traces: Traces<'_>,
    id: i64,
) -> Result<ErasureId, ContactError> {
    let people = store::list_with_merged(tx, scope, id).await?;
    if people.is_empty() || !contact::hold(tx, &people).await? {
        return Err(ContactError::NotFound);
    }
    if hold::any(tx, &people).await? {
        return Err(ContactError::Held);
    }
    let counts = erase(tx, by, traces, &people).await?;
    let number = ErasureId(by.ids.next());
    store::insert(tx, by, number.0, (id, people.len()), &counts).await?;
    put_job(tx, bench).await?;
    let trail = people.iter().map(|person| (*person, None, Some(json!({ "receipt": number })))).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, ("contact.erased", "contact"), trail).await?;
    tell(tx, by.now, people.len(), json!({ "receipt": number })).await?;
    Ok(number)
}

/// Removes every trace of these contacts; answers what went. Who deleted contacts overdue is said by whoever calls.
pub(crate) async fn erase(tx: &mut Tx, by: &By<'_>, traces: Traces<'_>, people: &[i64]) -> Result<Vec<Count>, DbError> {
    // Nobody tells anything of them from here on: whoever was about to has ended and is seen, whoever comes later finds them gone.
    hold_head(tx).await?;
    let leavers = store::list_leavers(tx, people).await?;
    let mut counts = Counts::default();
    let others = relationship::list_others(tx, people).await?;
    let mut records = people.to_vec();
    for entry in traces.tables.iter().filter(|entry| matches!(entry.on_merge, OnMerge::Follow { key: "id", .. })) {
        records.extend(store::list_row_ids(tx, entry, people).await?);
    }
    counts.add("audit_log", audit::blank(tx, &records).await?, true);
    let named: Vec<String> = people.iter().map(|id| format!("\"{}\"", ContactId(*id))).collect();
    for action in ["contact.merged", "contact.split", "device.added", "device.changed", "device.removed"] {
        counts.add("audit_log", audit::blank_mentions(tx, action, &named).await?, true);
    }
    counts.add("events", store::blank_mentions(tx, &named).await?, true);
    counts.add("identifiers", store::remove_claims(tx, &leavers).await?, false);
    counts.add("import_errors", store::blank_import_errors(tx, &leavers).await?, true);
    counts.add("mailbox_mails", store::remove_mails(tx, &leavers).await?, false);
    counts.add("timers", store::remove_timers(tx, &records).await?, false);
    for eraser in traces.erasers {
        counts.add(eraser.table, (eraser.run)(tx, &leavers, by.now).await?, false);
    }
    let (references, mut told) = field::reference::forget(tx, people, by.now).await?;
    counts.add("field_references", references, false);
    for (entry, rows) in erase_counting(tx, traces.tables, people).await? {
        counts.add(entry.table, rows, entry.on_erase == OnErase::Null);
    }
    // Collectors that remember whose a browser is look again.
    stitching::next_epoch(tx).await?;
    relationship::tell_others(tx, by.now, &others).await?;
    append(tx, &mut told).await?;
    Ok(counts.0)
}

/// Removes the records of these contacts, and what no column leads to: for people who never should have been there. Nobody asked to be forgotten, so
/// nobody is remembered as one not to write to.
pub(crate) async fn remove(tx: &mut Tx, now: i64, traces: Traces<'_>, people: &[i64]) -> Result<(), DbError> {
    hold_head(tx).await?;
    let leavers = store::list_leavers(tx, people).await?;
    for eraser in traces.erasers.iter().filter(|eraser| !eraser.remembers) {
        (eraser.run)(tx, &leavers, now).await?;
    }
    let (_, mut told) = field::reference::forget(tx, people, now).await?;
    erase_from(tx, traces.tables, people).await?;
    append(tx, &mut told).await
}

/// Tells the log how many are gone, and nobody's name.
pub(crate) async fn tell(tx: &mut Tx, now: i64, people: usize, props: serde_json::Value) -> Result<(), DbError> {
    let count = i64::try_from(people).unwrap_or(i64::MAX);
    append(tx, &mut [Event::new("contact.erased", now).amount(count).props(&props)]).await
}

/// The receipt `id`.
pub async fn find(tx: &mut Tx, id: ErasureId) -> Result<Option<Receipt>, DbError> {
    store::find(tx, id.0).await
}
