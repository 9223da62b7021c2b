//! What can go wrong between Attune and its store, told so that somebody can act on it.

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A row was expected and there is none.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A unique rule was broken; the text names the columns (SQLite) or the index (PostgreSQL).
    #[error("a record with the same {0} exists already")]
    Unique(String),
    /// Another transaction was in the way: trying again is right.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// The disk is full: nothing was lost, nothing more can be written.
    #[error("the disk that holds the store is full; free some space, nothing was lost")]
    DiskFull,
    /// The store was migrated by a newer binary.
    #[error("the store was written by a newer Attune (it knows migration {0}); start that version or a newer one")]
    Newer(String),
    /// The file or server could not be opened.
    #[error("the store {store} cannot be opened: {reason}")]
    Open {
        /// The path or the server (without its password).
        store: String,
        /// What the system said.
        reason: String,
    },
    /// The statement is wrong or the engine refused it.
    #[error("{reason} in: {sql}")]
    Statement {
        /// What the engine said.
        reason: String,
        /// The statement.
        sql: String,
    },
    /// A column held something else than the code asked for.
    #[error("column {column} holds {found}, not {wanted}")]
    Type {
        /// The column.
        column: String,
        /// What was found.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// This engine cannot do that.
    #[error("{0}")]
    Unsupported(String),
}

impl DbError {
    /// Whether the same transaction may succeed when run again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}
