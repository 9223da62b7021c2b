//! The house and its sockets: what a room may contribute, and the one value in which all contributions meet.
//!
//! A room *returns* a [`Room`]; it registers nothing and reaches nobody. [`House::build`] refuses rooms that do not fit together.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod app;
mod build;
mod erase;
mod room;
mod setting;
mod socket;
#[cfg(test)]
mod tests;

use attune_db::{Migration, migration};

pub use app::{App, Parts};
pub use build::{House, HouseError};
pub use erase::{count_rows, erase_contacts, erase_counting, erase_from};
pub use room::Room;
pub use setting::{
    SettingDef, SettingError, SettingKind, check_setting, origin_of, setting_bool, setting_int, setting_text, write_setting,
};
pub use socket::{
    ContactTable, Dataset, Eraser, EraserRun, Facet, FacetKind, Leaver, Naming, OnErase, OnMerge, Panel, PastAct, Place, Service,
    StaffLink, StorageClass, StoragePart,
};

/// A future that can be kept in a box and sent between threads.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The tables of the base crates, in front of every room's.
pub fn base_migrations() -> Vec<Migration> {
    let mut all = vec![migration!("20261122_0120_settings")];
    all.extend(attune_db::migrations());
    all.extend(attune_events::migrations());
    all.extend(attune_jobs::migrations());
    all.extend(attune_courier::mailbox::migrations());
    all.extend(attune_record::migrations());
    all
}
