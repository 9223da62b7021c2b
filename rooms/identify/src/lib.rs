//! Identify: who the people behind visits, mails and purchases are.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod company;
pub mod contact;
pub mod field;
pub mod consent;
pub mod replay;
pub mod staff;
pub mod stitching;
pub mod tracking;

use attune_db::{Migration, migration, migration_pair};

/// The tables of this room.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("20261122_1000_company"),
        migration!("20261122_1005_contact"),
        migration_pair!("20261122_1010_contact_search"),
        migration!("20261122_1020_field"),
        migration!("20261122_1030_import"),
        migration!("20261122_1100_tracking"),
        migration!("20261122_1110_stitching"),
        migration!("20261122_1120_consent"),
    ]
}

#[cfg(test)]
pub(crate) fn test_migrations() -> Vec<Migration> {
    let mut all = attune_house::base_migrations();
    all.extend(migrations());
    all
}
