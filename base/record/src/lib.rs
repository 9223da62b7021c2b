//! What every kind of record shares: the audit log, saved views of its lists, and notes.
//!
//! Rooms call these inside the transaction that makes the change, so that a change and its trace stand or fall together.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod audit;
pub mod note;
#[cfg(test)]
mod tests;
pub mod view;

use attune_db::{Migration, migration};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("20261122_0300_audit_log"), migration!("20261122_0310_saved_view"), migration!("20261122_0320_note")]
}

#[cfg(test)]
fn test_migrations() -> Vec<Migration> {
    migrations()
}
