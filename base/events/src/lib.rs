//! The spine: what happened (the log), who follows it (reactors behind named cursors) and how much comes in at once (group commit).
//!
//! An event is written in the transaction that makes it true. [`append`] gives it a sequence number under a row lock that is held until
//! the commit, so numbers become visible in their own order on both engines and a cursor never skips one.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod catalogue;
mod event;
mod forget;
mod group_commit;
mod inbox;
mod log;
mod reactor;
mod rest;
mod tail;
#[cfg(test)]
mod tests;

use attune_db::{Db, Migration, migration};
use attune_kernel::{Clock, Ids};

pub use catalogue::{Catalogue, CatalogueError, EventDef};
pub use event::Event;
pub use forget::forget_written;
pub use group_commit::{Batch, Full, GroupCommit};
pub use inbox::Inbox;
pub use log::{adopt, append, disown, hold_head, known_client_keys, list_after, read_event};
pub use reactor::{React, Reactor, Reactors};

/// What everything that reacts stands on: the store, the time and fresh ids.
#[derive(Clone)]
pub struct Spine {
    /// The store.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Fresh ids.
    pub ids: Ids,
}

/// The signal raised after every commit that appended events.
pub const SIGNAL: &str = "events";

/// A future that can be kept in a box and sent between threads.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("20261122_0100_event_log"), migration!("20261122_2310_inbox_marks"), migration!("20261129_1100_company_events")]
}

#[cfg(test)]
fn test_migrations() -> Vec<Migration> {
    let mut all = attune_db::migrations();
    all.extend(migrations());
    all
}
