//! A bulk edit: one attribute of many contacts or companies set to one value, as far as whoever asks may change them, and taken back as a whole.
//!
//! Guards that whom it is about is fixed when it is asked for, within the asker's rights; that each is changed like by hand, with
//! its line in the audit log and its events; and that undoing gives back exactly what was there, except where somebody has changed it since.

#[cfg(test)]
mod company_tests;
mod edited;
#[cfg(test)]
mod http_tests;
pub(crate) mod jobs;
mod new_page;
pub(crate) mod pages;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod work;

use attune_db::{DbError, Tx};
use attune_house::{ContactTable, OnErase, OnMerge, Room};
use attune_jobs::{Bench, JobSpec, put};
use attune_kernel::{Fault, id_type};
use attune_record::audit;
use attune_web::Scope;
use serde_json::{Value as Json, json};

use crate::contact::{self, By};
use crate::field::{self, Subject};
use crate::sharing::Reach;

pub(crate) use edited::Chosen;
pub(crate) use new_page::address;
use rules::Target;
pub(crate) use store::purge;

id_type!(
    /// The id of a bulk edit.
    EditId,
    "edt"
);

/// Where a bulk edit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditState {
    /// Its job waits.
    Waiting,
    /// They are being changed.
    Running,
    /// Over.
    Done,
    /// Stopped by a mistake; what was changed can be undone.
    Failed,
    /// Stopped by somebody; what was changed can be undone.
    Cancelled,
    /// Being taken back.
    Undoing,
    /// Taken back.
    Undone,
}

impl EditState {
    const ALL: [Self; 7] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Undoing, Self::Undone];
    /// Where it can be taken back.
    const UNDOABLE: [Self; 3] = [Self::Done, Self::Failed, Self::Cancelled];

    /// The word in the table; `bulk-edit-state-<word>` names it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.word() == word).unwrap_or(Self::Failed)
    }

    /// The tone of its badge.
    fn tone(self) -> &'static str {
        match self {
            Self::Done => "good",
            Self::Failed => "bad",
            Self::Cancelled => "warn",
            Self::Waiting | Self::Running | Self::Undoing => "accent",
            Self::Undone => "",
        }
    }

    fn is_moving(self) -> bool {
        matches!(self, Self::Waiting | Self::Running | Self::Undoing)
    }
}

/// What became of the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// All of them.
    pub(crate) total: i64,
    /// Got the value.
    pub(crate) changed: i64,
    /// Had it already.
    pub(crate) same: i64,
    /// Were not changed, each for a cause.
    pub(crate) refused: i64,
    /// Got back what they had.
    pub(crate) restored: i64,
    /// Stayed as they are when the rest was undone, each for a cause.
    pub(crate) kept: i64,
}

/// A bulk edit as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BulkEdit {
    pub(crate) id: i64,
    /// Who asked for it.
    pub(crate) staff_id: i64,
    /// What it is of.
    pub(crate) subject: Subject,
    pub(crate) state: EditState,
    /// The attribute's key.
    pub(crate) attribute: String,
    /// What it becomes; null empties it.
    pub(crate) value: Json,
    pub(crate) counts: Counts,
    pub(crate) job_id: Option<i64>,
    /// µs UTC.
    pub(crate) created_at: i64,
}

impl BulkEdit {
    /// Whether what is needed to take it back is still kept.
    fn is_kept(&self, now: i64) -> bool {
        now - self.created_at < contact::jobs::KEPT_US
    }

    /// How many could get back what they had.
    fn undoable(&self, now: i64) -> i64 {
        let can = self.is_kept(now) && EditState::UNDOABLE.contains(&self.state);
        if can { self.counts.changed - self.counts.restored - self.counts.kept } else { 0 }
    }
}

/// The table that holds people.
pub(crate) const CONTACT_TABLES: [ContactTable; 1] =
    [ContactTable { table: "bulk_rows", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay }];

/// Adds this noun to the room.
pub(crate) fn plug(room: Room) -> Room {
    room.routes(pages::routes()).contact_tables(CONTACT_TABLES).jobs(jobs::defs())
}

/// Fixes whom an edit is about and puts its job. `see` is what the asker may look at, `edit` what they may change: the rest is refused.
pub(crate) async fn ask(
    tx: &mut Tx,
    by: &By<'_>,
    bench: &Bench,
    (see, edit): (&Scope, &Scope),
    chosen: &Chosen,
    target: &Target,
) -> Result<EditId, Fault> {
    let id = EditId(by.ids.next());
    store::insert(tx, by, (id, chosen.subject()), target).await?;
    let reach = reach_of(tx, edit, &target.key).await?;
    store::plan(tx, id, (see, &reach), chosen).await?;
    let fields = field::list_of(tx, chosen.subject()).await?;
    if let Some((field, kind)) = rules::naming(&target.key, &fields).and_then(|field| Some((field.id, field.kind.target()?))) {
        let named = target.value.as_str().and_then(|text| field::reference::read_id(kind, text));
        let seen = Reach::of(tx, see).await?;
        store::refuse_hidden(tx, id, (field, kind), &seen, named).await?;
    }
    put_job(tx, bench, by, id, jobs::EDIT).await?;
    let after = json!({ "attribute": target.key, "value": target.value });
    let action = match chosen.subject() {
        Subject::Contact => "contact.bulk_edited",
        Subject::Company => "company.bulk_edited",
    };
    audit::note(tx, by.ids, by.now, by.actor, action, "bulk_edit", id.0, None, Some(after)).await?;
    Ok(id)
}

/// Whose `key` whoever may change the records of `edit` may set. To give away what is only shared stays with whose it is, and so does to put it
/// into a company that may be shared with others.
async fn reach_of(tx: &mut Tx, edit: &Scope, key: &str) -> Result<Reach, DbError> {
    if matches!(key, "owner_id" | "company_id" | "company") { Ok(Reach::owned(edit)) } else { Reach::of(tx, edit).await }
}

/// Begins to take an edit back, or answers the locale key of why that cannot be. Records that are not within `edit` any more stay as they
/// are, unless it was this edit that gave them away.
pub(crate) async fn undo(
    tx: &mut Tx,
    by: &By<'_>,
    bench: &Bench,
    edit: &Scope,
    found: &BulkEdit,
) -> Result<Result<(), &'static str>, Fault> {
    if !found.is_kept(by.now) {
        return Ok(Err("bulk-edit-too-late"));
    }
    end_lost(tx, found.id).await?;
    if !store::set_state(tx, found.id, &EditState::UNDOABLE, EditState::Undoing).await? {
        return Ok(Err("bulk-edit-not-over"));
    }
    if found.attribute != "owner_id" {
        store::keep_beyond(tx, found, edit).await?;
    }
    put_job(tx, bench, by, EditId(found.id), jobs::UNDO).await?;
    let action = match found.subject {
        Subject::Contact => "contact.bulk_edit_undone",
        Subject::Company => "company.bulk_edit_undone",
    };
    audit::note(tx, by.ids, by.now, by.actor, action, "bulk_edit", found.id, None, None).await?;
    Ok(Ok(()))
}

/// Ends an edit whose job is over without having said so, as when a server died over its last try: what was changed can then be undone.
/// Answers whether it was one.
async fn end_lost(tx: &mut Tx, id: i64) -> Result<bool, DbError> {
    store::hold(tx, id).await?;
    store::fail_lost(tx, id).await
}

async fn put_job(tx: &mut Tx, bench: &Bench, by: &By<'_>, id: EditId, kind: &'static str) -> Result<(), Fault> {
    let job = put(tx, bench, JobSpec::new(kind, json!({ "edit_id": id.0 })).by(by.actor.staff_id)).await?;
    store::set_job(tx, id.0, job).await?;
    Ok(())
}

/// Asks an edit to end: one that nobody works on ends at once, another behind the batch it is at. Answers whether it was under way.
pub(crate) async fn cancel(tx: &mut Tx, by: &By<'_>, found: &BulkEdit) -> Result<bool, DbError> {
    let is_going = matches!(found.state, EditState::Waiting | EditState::Running);
    let Some(job_id) = found.job_id.filter(|_| is_going) else { return Ok(false) };
    attune_jobs::cancel(tx, job_id, by.now).await?;
    if attune_jobs::find(tx, job_id).await?.is_none_or(|job| job.state.is_over()) {
        store::set_state(tx, found.id, &[EditState::Waiting, EditState::Running], EditState::Cancelled).await?;
    }
    tx.wake("progress");
    Ok(true)
}
