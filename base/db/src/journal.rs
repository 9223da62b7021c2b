//! Things that are already promised to somebody and wait to be worked in: numbered texts on the disk, each a JSON array.
//!
//! Guards that a number is given once, that numbers become visible in their order, and that a number once given is never given again while
//! it matters. Beside the embedded store a journal is a file of its own; on a server it is a table, written by one statement.

mod file;
mod table;

use crate::DbError;

/// Numbered texts that are on the disk.
pub struct Journal {
    place: Place,
}

enum Place {
    File(file::File),
    Table(table::Table),
}

impl From<file::File> for Journal {
    fn from(file: file::File) -> Self {
        Self { place: Place::File(file) }
    }
}

impl From<table::Table> for Journal {
    fn from(table: table::Table) -> Self {
        Self { place: Place::Table(table) }
    }
}

pub(crate) use file::File;
pub(crate) use table::Table;

impl Journal {
    /// Keeps `body`; when this returns it is on the disk. Its number is behind `after` and behind every number given before.
    pub async fn append(&self, after: i64, body: &str) -> Result<i64, DbError> {
        match &self.place {
            Place::File(file) => file.append(after, body),
            Place::Table(table) => table.append(after, body).await,
        }
    }

    /// What is kept behind the number `after`, oldest first, at most `limit`.
    pub async fn list_after(&self, after: i64, limit: i64) -> Result<Vec<(i64, String)>, DbError> {
        match &self.place {
            Place::File(file) => file.list_after(after, limit),
            Place::Table(table) => table.list_after(after, limit).await,
        }
    }

    /// The newest number given; 0 when none was.
    pub async fn last(&self) -> Result<i64, DbError> {
        match &self.place {
            Place::File(file) => file.last(),
            Place::Table(table) => table.last().await,
        }
    }

    /// Forgets what is kept up to the number `through`; the newest number given stays known.
    pub async fn forget(&self, through: i64) -> Result<(), DbError> {
        match &self.place {
            Place::File(file) => file.forget(through),
            Place::Table(table) => table.forget(through).await,
        }
    }

    /// Lets nothing that was forgotten be found in the file any more; false when somebody still reads it. On a server the store itself does so.
    pub async fn forget_deleted(&self) -> Result<bool, DbError> {
        match &self.place {
            Place::File(file) => file.forget_deleted(),
            Place::Table(_) => Ok(true),
        }
    }

    /// Puts aside what cannot be used, with the reason, for somebody to look at.
    pub async fn set_aside(&self, at: i64, reason: &str, body: &str) -> Result<(), DbError> {
        match &self.place {
            Place::File(file) => file.set_aside(at, reason, body),
            Place::Table(table) => table.set_aside(at, reason, body).await,
        }
    }

    /// How many texts were put aside, and the newest reason.
    pub async fn aside(&self) -> Result<Option<(i64, String)>, DbError> {
        match &self.place {
            Place::File(file) => file.aside(),
            Place::Table(table) => table.aside().await,
        }
    }
}
