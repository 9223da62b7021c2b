//! Durable work: jobs put in the caller's transaction, repeated jobs, and timers that fall due by the thousand.
//!
//! A job runs at least once; after a crash its lease ends and another worker takes it. Timers are rows, not jobs: a handler receives
//! all keys of its kind that are due and settles them in one transaction.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod queue;
mod runner;
#[cfg(test)]
mod tests;
mod timer;

use attune_db::{Db, Migration, migration};
use attune_kernel::{Clock, Ids};

pub use queue::{Job, JobSpec, JobState, cancel, find, list_recent, put};
pub use runner::{Cron, JobContext, JobDef, Run, Runner, Verdict};
pub use timer::{OnDue, TimerDef, Timers, clear_timers, set_timers, set_timers_at_latest};

/// The signal raised after every commit that put a job.
pub const SIGNAL: &str = "jobs";

/// A future that can be kept in a box and sent between threads.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What work stands on: the store, the time and fresh ids.
#[derive(Clone)]
pub struct Bench {
    /// The store.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Fresh ids.
    pub ids: Ids,
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("20261122_0110_jobs")]
}

#[cfg(test)]
fn test_migrations() -> Vec<Migration> {
    migrations()
}
