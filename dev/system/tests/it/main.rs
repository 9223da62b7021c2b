//! Scenarios of an operator's life with the built binary, on SQLite and on PostgreSQL.
//!
//! Nothing here calls the product's code: commands are run, pages and addresses are asked, and the store is read by its own drivers.
//! Scenarios with real data look for it in `../shared/data` beside the workspace and say so loudly when it is not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[macro_use]
mod ground;

mod backup;
mod collect;
mod command_line;
mod demo;
mod erase;
mod evaluate;
mod export;
mod hillstrom;
mod import;
mod kill;
mod push_funnel;
mod refusals;
mod replay;
mod staff;
mod undo;
