//! THE list of rooms, left to right.

use std::sync::Arc;

use attune_db::Migration;
use attune_house::{House, HouseError, Parts, Room};
use attune_identify::tracking::Collector;

/// Every migration of the base and of all rooms.
pub fn migrations() -> Vec<Migration> {
    let mut all = attune_house::base_migrations();
    all.extend(attune_govern::migrations());
    all.extend(attune_identify::migrations());
    all.extend(attune_differentiate::migrations());
    all.extend(attune_interact::migrations());
    all.extend(attune_sell::migrations());
    all.extend(attune_measure::migrations());
    all
}

/// The rooms.
pub fn rooms(parts: &Parts, collector: &Collector) -> Vec<Room> {
    vec![
        attune_govern::room(parts),
        attune_identify::room(parts, collector),
        attune_differentiate::room_with_facets(parts, &attune_sell::facets()),
        attune_interact::room(parts, collector),
        attune_sell::room(parts),
        attune_measure::room(parts),
        crate::front::room(collector),
    ]
}

/// The house with all its rooms.
pub fn build(parts: &Parts, collector: &Collector) -> Result<Arc<House>, HouseError> {
    House::build(rooms(parts, collector))
}
