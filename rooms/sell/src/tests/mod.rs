//! Tests of the room as a whole, and the stage all its tests stand on.

mod http;
pub(crate) mod stage;
