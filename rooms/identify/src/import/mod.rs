//! Bringing in a file of people, of companies, or of what people did: guessed mapping, dry run, durable batches, per-line errors, and taking it all back.
//!
//! Guards that the same file twice makes no double, that a broken line never stops the others, and that undoing leaves every table as it
//! was: created people go with all their traces, changed people get back exactly the values the import replaced. Only receipts stay, and
//! none of them tells of anybody who is gone: the import's own line and its line in the audit log; `contact.erased` with the number of
//! people removed, and `contact.updated` of each one restored, by which the other rooms reckon their figures anew.

pub(crate) mod api;
mod batch;
mod companies;
mod event_pages;
mod event_plan;
mod event_rows;
mod firms;
pub(crate) mod jobs;
mod kind;
mod lines;
mod matching;
mod moments;
mod named;
pub mod orders;
pub(crate) mod pages;
mod plan;
mod profile;
mod reading;
mod rows;
mod run;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod undo;
pub(crate) mod upload;
mod watch;
mod workbook;

use attune_db::DbError;
use attune_kernel::{Fault, id_type};

use crate::contact::ContactError;
use crate::field::Subject;

pub use event_plan::Role;
pub use kind::Kind;
pub use plan::{ATTRIBUTES, COMPANY_ATTRIBUTES, ColumnPlan, EventPlan, MapFile, Plan, PlanError, Target};
pub use profile::{EMPTY_WORDS, Profile, ProfileError};
pub use rows::RowError;
pub use run::{Tell, cancel, preview, run_events, run_file};
pub use source::{Source, read_text};
pub use store::{Import, ImportState, find, list_errors, list_recent};
pub use undo::undo;

id_type!(
    /// The id of an import.
    ImportId,
    "imp"
);

/// How a file is imported.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What its lines are about.
    pub subject: Subject,
    /// Match by this column.
    pub key: Option<String>,
    /// A mapping file laid over the guess.
    pub map: Option<MapFile>,
    /// Count only, write nothing.
    pub dry_run: bool,
}

/// How a file of events is imported; which columns say who, when, what, what about and how much is guessed.
#[derive(Clone, Debug, Default)]
pub struct EventOptions {
    /// A mapping file laid over the guess: its `key` and its first event.
    pub map: Option<MapFile>,
    /// Make people the file names and nobody knows yet; otherwise their lines are rejected.
    pub create_missing: bool,
    /// Count only, write nothing.
    pub dry_run: bool,
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Rows read.
    pub rows: i64,
    /// Rows that made somebody new.
    pub created: i64,
    /// Rows that changed somebody; in a file of events those whose event was logged, also where they made somebody.
    pub updated: i64,
    /// Rows that changed nothing, or whose event was logged before.
    pub skipped: i64,
    /// Rows that were not taken, each listed with its cause.
    pub rejected: i64,
}

/// How an import came out.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Outcome {
    /// The import; nothing to undo after a dry run.
    pub id: ImportId,
    /// What became of the rows.
    #[serde(flatten)]
    pub counts: Counts,
    /// The first hundred lines that were not taken.
    #[serde(skip)]
    pub errors: Vec<RowError>,
    /// Whether somebody ended it before the last row.
    #[serde(skip)]
    pub is_cancelled: bool,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows read.
    pub done: i64,
    /// Rows in all.
    pub total: i64,
}

/// Why an import did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read as a table.
    #[error(transparent)]
    File(#[from] ProfileError),
    /// The mapping does not fit the file.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// There is no such import, or it does not stand where this can be done.
    #[error("the import cannot be found or is not finished")]
    NotFound,
    /// The program ended; the import goes on behind what was taken.
    #[error("the import was stopped")]
    Stopped,
    /// The store or we failed.
    #[error("{0}")]
    Fault(Fault),
}

impl From<DbError> for ImportError {
    fn from(error: DbError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Fault> for ImportError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ContactError> for ImportError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Fault(fault) => Self::Fault(fault),
            other => Self::Fault(Fault::new(other.to_string())),
        }
    }
}

impl From<ImportError> for attune_web::Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::NotFound => Self::NotFound,
            ImportError::Fault(fault) => fault.into(),
            ImportError::Stopped => Self::refused("identify-import-stopped"),
            other => Self::refused("identify-import-unreadable").s("reason", other),
        }
    }
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.created += other.created;
        self.updated += other.updated;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
    }
}
