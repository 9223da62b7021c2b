//! Interact: the right word at the right moment. Templates, campaigns, the push funnel, and the one arbiter over every message.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod audience;
pub mod campaign;
mod choices;
pub mod mailbox;
pub mod message;
pub mod opt_in;
pub mod preference;
pub mod push_funnel;
pub mod room;
pub mod rules;
mod sender_page;
pub mod series;
pub mod suppression;
pub mod template;

use attune_db::{Migration, migration};

pub use room::room;

/// The consent channel every mail of this room needs.
pub const CHANNEL: &str = "email";

/// The tables of this room.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("20261122_3000_template"),
        migration!("20261122_3010_message"),
        migration!("20261122_3020_campaign"),
        migration!("20261122_3030_push_funnel"),
        migration!("20261122_3040_suppression"),
        migration!("20261127_1020_erased_address"),
        migration!("20261128_1010_topic"),
    ]
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::fixture::test_migrations;
