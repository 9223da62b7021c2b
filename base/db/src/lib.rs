//! One façade over SQLite and PostgreSQL: one SQL text, `$1…$n`, typed values, migrations by name.
//!
//! Rooms never name a driver. [`Db::begin`] opens a writing transaction (SQLite: the single writer, `BEGIN IMMEDIATE`; PostgreSQL:
//! a pooled connection), [`Db::read`] a consistent snapshot. A transaction dropped without [`Tx::commit`] leaves no trace, so nothing
//! outside the database may be done between `begin` and `commit`: outside effects are jobs.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod batch;
mod error;
mod journal;
mod lite;
mod manners;
mod migrate;
mod pg;
mod row;
mod signals;
mod sql;
mod tx;
mod value;

use std::pin::Pin;
use std::sync::Arc;

pub use batch::{Column, Conflict, Relation};
pub use error::DbError;
pub use journal::Journal;
pub use migrate::{Migration, migrations};
pub use row::{FromValue, Row};
pub(crate) use signals::Signals;
pub use sql::Sql;
pub use tx::Tx;
pub use value::Value;

/// Which engine a store runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded store.
    Lite,
    /// A PostgreSQL server.
    Pg,
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// Connections that read (SQLite) or the size of the pool (PostgreSQL).
    pub connections: usize,
    /// Wait for the disk at every commit. Off only in tests and throw-away trials.
    pub durable: bool,
    /// Page cache per SQLite connection in bytes.
    pub cache_bytes: i64,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self { connections: 6, durable: true, cache_bytes: 64 * 1024 * 1024 }
    }
}

/// A future on the heap. What a room awaits is compiled into the room; behind this the engines are not, so they are compiled once.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send + 'a>>;

/// An open store. Clones share the same connections.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

enum Inner {
    Lite(lite::Store),
    Pg(pg::Store),
}

impl Db {
    /// Opens `postgres://…`, or the SQLite file `attune.db` inside the directory `store` (made when missing).
    pub async fn open(store: &str, options: &DbOptions) -> Result<Self, DbError> {
        let inner = if store.starts_with("postgres://") || store.starts_with("postgresql://") {
            Inner::Pg(pg::Store::open(store, options).await?)
        } else {
            Inner::Lite(lite::Store::open(std::path::Path::new(store), options)?)
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The engine behind this store.
    pub fn engine(&self) -> Engine {
        match self.inner.as_ref() {
            Inner::Lite(_) => Engine::Lite,
            Inner::Pg(_) => Engine::Pg,
        }
    }

    /// The SQLite file, when there is one.
    pub fn file(&self) -> Option<&std::path::Path> {
        match self.inner.as_ref() {
            Inner::Lite(store) => Some(store.file()),
            Inner::Pg(_) => None,
        }
    }

    /// The journal `name` of this store.
    pub fn journal(&self, name: &str) -> Result<Journal, DbError> {
        match self.inner.as_ref() {
            Inner::Lite(store) => store.journal(name).map(Journal::from),
            Inner::Pg(store) => Ok(journal::Table::open(store.clone(), name).into()),
        }
    }

    /// Opens a writing transaction.
    pub fn begin(&self) -> impl Future<Output = Result<Tx, DbError>> + Send + use<'_> {
        self.open_tx(false)
    }

    /// Opens a read-only transaction on a consistent snapshot. Dropping it is enough.
    pub fn read(&self) -> impl Future<Output = Result<Tx, DbError>> + Send + use<'_> {
        self.open_tx(true)
    }

    fn open_tx(&self, read_only: bool) -> Boxed<'_, Tx> {
        Box::pin(async move {
            match self.inner.as_ref() {
                Inner::Lite(store) if read_only => store.read().await.map(Tx::lite),
                Inner::Lite(store) => store.begin().await.map(Tx::lite),
                Inner::Pg(store) => store.begin(read_only).await.map(Tx::pg),
            }
        })
    }

    /// Waits until work behind the scenes may write: where there is only one writer, one such work has its turn at a time, and after it
    /// everybody else who writes gets at least as much time as it took. Read what is to be done after the wait, not before it.
    pub async fn turn(&self) -> Turn {
        match self.inner.as_ref() {
            Inner::Lite(store) => Turn(Some(store.turn().await)),
            Inner::Pg(_) => Turn(None),
        }
    }

    /// Whether work behind the scenes takes turns here: whether there is only one writer.
    pub fn has_turns(&self) -> bool {
        matches!(self.inner.as_ref(), Inner::Lite(_))
    }

    /// Opens the writing transaction of a turn, which ends with it. On the embedded store its commit does not wait for the disk: it is
    /// durable with the next transaction of anybody that does, never before an earlier one, and a power cut in between takes it away whole.
    /// So it is for work that is then done again, because what it was done for is still there. A process that is killed loses nothing.
    pub async fn begin_turn(&self, turn: Turn) -> Result<Tx, DbError> {
        match self.inner.as_ref() {
            Inner::Lite(store) => store.begin_in(turn.0).await.map(Tx::lite),
            Inner::Pg(store) => store.begin(false).await.map(Tx::pg),
        }
    }

    /// A counter that grows whenever a transaction that called [`Tx::wake`] with this name has committed in this process.
    pub fn listen(&self, name: &'static str) -> tokio::sync::watch::Receiver<u64> {
        match self.inner.as_ref() {
            Inner::Lite(store) => store.signals().listen(name),
            Inner::Pg(store) => store.signals().listen(name),
        }
    }

    /// Brings the schema up to date; refuses a store that a newer binary has migrated.
    pub async fn migrate(&self, known: &[Migration], now: i64) -> Result<Vec<String>, DbError> {
        migrate::run(self, known, now).await
    }

    /// The names of `known` migrations that this store has not run yet.
    pub async fn pending(&self, known: &[Migration]) -> Result<Vec<String>, DbError> {
        migrate::pending(self, known).await
    }

    /// Copies an embedded store to `target` while it is in use; on PostgreSQL use `pg_dump`.
    pub async fn backup(&self, target: &std::path::Path) -> Result<(), DbError> {
        match self.inner.as_ref() {
            Inner::Lite(store) => store.backup(target),
            Inner::Pg(_) => Err(DbError::Unsupported("a backup of PostgreSQL is made with pg_dump".to_owned())),
        }
    }

    /// Lets SQLite fold its write-ahead log back into the file; a no-op on PostgreSQL.
    pub async fn checkpoint(&self) -> Result<(), DbError> {
        match self.inner.as_ref() {
            Inner::Lite(store) => store.checkpoint().await,
            Inner::Pg(_) => Ok(()),
        }
    }

    /// Makes the store forget what was deleted: SQLite writes its file anew and empties its log, with all writers held back meanwhile;
    /// PostgreSQL gives the room of deleted rows free, to be written over. False when a reader still needs the log: try again.
    pub async fn forget_deleted(&self) -> Result<bool, DbError> {
        match self.inner.as_ref() {
            Inner::Lite(store) => store.forget_deleted().await,
            Inner::Pg(store) => store.forget_deleted().await.map(|()| true),
        }
    }

    /// Refreshes the planner's statistics.
    pub async fn analyze(&self) -> Result<(), DbError> {
        match self.inner.as_ref() {
            Inner::Lite(store) => store.analyze().await,
            Inner::Pg(store) => store.analyze().await,
        }
    }
}

/// The right of work behind the scenes to write now. Dropped unused, it leaves no trace.
pub struct Turn(Option<manners::Turn>);

/// Marks a literal as SQL, so that `cargo xtask sql` prepares it on both engines. Expands to the literal.
#[macro_export]
macro_rules! sql {
    ($text:literal) => {
        $text
    };
}

/// Lists parameters for `$1…$n`: anything that turns into a [`Value`].
#[macro_export]
macro_rules! params {
    () => { [] as [$crate::Value; 0] };
    ($($value:expr),+ $(,)?) => { [$($crate::Value::from($value)),+] };
}

/// Runs blocking work without stalling the other tasks of a multi-threaded runtime.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|h| h.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
