//! A throw-away PostgreSQL for tests: Debian's package, a data folder under the temp folder, loopback only, nothing synced to disk.
//!
//! The crate knows no other crate of Attune, so that even `base/db` can test with it. Three faces:
//!
//! * [`Cluster::start`]: a server of one's own, stopped when dropped (`cargo xtask test` starts one for the whole run);
//! * [`server`]: the server this test process shall use: the one named by `ATTUNE_TEST_PG`, else one shared by every
//!   test run of this user, started on first use and stopped by a watcher ten minutes after the last;
//! * [`Database`]: a database for one test, empty or cloned from a template, dropped at the end.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod database;
mod lasting;
mod postgres;
mod server;

pub use database::{Database, Template};
pub use lasting::{Server, VARIABLE, server};
pub use postgres::{Account, INSTALL_HINT, Programs};
pub use server::Cluster;

#[cfg(test)]
mod tests;
