//! Runs the built binary as an operator would: starts it, kills it without warning, starts it again, and asks it over HTTP.
//!
//! Nothing of the product is linked here: what these tests see is what a user's machine sees. `cargo xtask test` builds the
//! binary first and names it in `ATTUNE_BIN`; a plain `cargo nextest run -p attune-system` builds it on demand.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod attune;
mod process;
mod store;

pub use attune::{Attune, Finished, binary};
pub use process::{Process, free_port};
pub use store::{Engine, Store};

#[cfg(test)]
mod tests;
