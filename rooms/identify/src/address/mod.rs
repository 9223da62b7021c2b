//! A postal address: where a contact or a company is, on paper and on the map. City and country are attributes of the record; the rest is here, and is
//! paid for only by records that have it.
//!
//! Guards that coordinates are two degrees or none, that a merge keeps one address whole, and that no map counts or names a record its reader may
//! not see. Nothing outside is asked: there is no geocoder, and pictures of the map come from where an administrator says, or from nowhere.

mod coordinates;
mod filter;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod lot_tests;
mod map;
mod postal;
mod store;
#[cfg(test)]
mod tests;
mod tiles;
mod window;

use attune_house::{ContactTable, OnErase, OnMerge, Room};

pub(crate) use coordinates::degrees;
pub use coordinates::{Axis, Coordinates, Spot, WORLD};
pub use filter::PlaceFilter;
pub(crate) use filter::is_filter;
pub(crate) use map::{MAP, Map, of_list, of_record};
pub use postal::{ATTRIBUTES, PostalAddress};
pub(crate) use postal::{EXPORTED, WHOLE, folded, given, is_attribute, joined, read, would_mix};
pub(crate) use store::{put, read_row};
pub use window::Window;

/// Tables of this noun that hold a person. What a merge takes over is said on the record.
pub(crate) const CONTACT_TABLES: [ContactTable; 1] =
    [ContactTable { table: "postal_addresses", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay }];

/// Adds this noun to the room.
pub(crate) fn plug(room: Room) -> Room {
    room.routes(map::routes()).settings(tiles::SETTINGS).contact_tables(CONTACT_TABLES)
}
