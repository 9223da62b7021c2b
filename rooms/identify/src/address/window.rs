//! A part of the map, and the cells in which it is counted. Pure.

use std::fmt;
use std::str::FromStr;

use super::{Spot, WORLD};

/// The most cells a part is counted in, in each direction.
const CELLS: i64 = 64;
/// log2 of the cells in a tile of 256 pixels, in each direction: a marker has 64 pixels of its own.
const OF_TILE: u32 = 2;
/// The closest a map looks.
pub(crate) const CLOSEST: u32 = 22;

/// A part of the map: west, north, east and south, all included. In addresses the four numbers with commas between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The western edge.
    pub west: i64,
    /// The northern edge.
    pub north: i64,
    /// The eastern edge.
    pub east: i64,
    /// The southern edge.
    pub south: i64,
}

impl Window {
    /// The whole world.
    pub const WORLD: Self = Self { west: 0, north: 0, east: WORLD - 1, south: WORLD - 1 };

    /// How many bits a place loses to be the number of its cell, seen at `zoom`: so many that the window is never more than [`CELLS`] wide or high.
    pub(crate) fn shift(self, zoom: u32) -> u32 {
        let mut shift = WORLD.ilog2() - (zoom.min(CLOSEST) + OF_TILE);
        while ((self.east >> shift) - (self.west >> shift)).max((self.south >> shift) - (self.north >> shift)) >= CELLS {
            shift += 1;
        }
        shift
    }

    /// Whether a place lies in it.
    #[cfg(test)]
    pub(crate) fn holds(self, spot: Spot) -> bool {
        (self.west..=self.east).contains(&spot.x) && (self.north..=self.south).contains(&spot.y)
    }

    /// The whole cell a place lies in.
    pub(crate) fn cell_of(spot: Spot, shift: u32) -> Self {
        let edge = |at: i64| (at >> shift) << shift;
        let (west, north, side) = (edge(spot.x), edge(spot.y), (1 << shift) - 1);
        Self { west, north, east: west + side, south: north + side }
    }

    /// The smallest that holds one place.
    pub(crate) fn of(spot: Spot) -> Self {
        Self { west: spot.x, north: spot.y, east: spot.x, south: spot.y }
    }
}

impl FromStr for Window {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let edges = text.split(',').map(|edge| edge.parse::<i64>().map(|edge| edge.clamp(0, WORLD - 1)));
        let edges = edges.collect::<Result<Vec<_>, _>>().map_err(|_| ())?;
        match edges.as_slice() {
            [west, north, east, south] if west <= east && north <= south => {
                Ok(Self { west: *west, north: *north, east: *east, south: *south })
            }
            _ => Err(()),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.west, self.north, self.east, self.south)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_window_is_read_from_an_address() {
        let window = Window { west: 1, north: 2, east: 30, south: 40 };
        assert_eq!("1,2,30,40".parse(), Ok(window));
        assert_eq!(format!("-5,-5,{0},{0}", i64::MAX).parse(), Ok(Window::WORLD));
        for wrong in ["", "1,2,3", "30,2,1,40", "1,40,30,2", "1,2,3,x", "1,2,3,4,5"] {
            assert_eq!(wrong.parse::<Window>(), Err(()), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_window_of_any_zoom_has_few_cells_and_each_place_is_in_one(
            (west, east, north, south) in (0..WORLD, 0..WORLD, 0..WORLD, 0..WORLD), zoom in 0..40_u32,
        ) {
            let window = Window { west: west.min(east), east: west.max(east), north: north.min(south), south: north.max(south) };
            let shift = window.shift(zoom);
            let (wide, high) = ((window.east >> shift) - (window.west >> shift), (window.south >> shift) - (window.north >> shift));
            prop_assert!((0..CELLS).contains(&wide) && (0..CELLS).contains(&high));
            prop_assert!(shift >= WORLD.ilog2() - CLOSEST - OF_TILE, "never finer than the zoom");
            prop_assert_eq!(window.to_string().parse(), Ok(window));
            let corner = Spot { x: west, y: north };
            prop_assert!(window.holds(corner));
            let cell = Window::cell_of(corner, shift);
            prop_assert!(cell.holds(corner) && cell.east - cell.west + 1 == 1 << shift && cell.south - cell.north + 1 == 1 << shift);
            prop_assert!(cell.west >> shift == corner.x >> shift && cell.east >> shift == corner.x >> shift, "all of it, and of no other");
        }
    }
}
