//! One person, once: finds records of the same person, company or place in a table, or between two, without being told any.
//!
//! A [`Model`] is learned from the records themselves: how often the values of the same one differ, and how often those of two agree.
//! Pairs that share a blocking key are weighed by it, line by line, and grouped so that one weak pair chains nobody together. The same
//! table gives the same model and the same groups, in whatever order its records come.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod blocking;
mod cluster;
mod column;
mod comparison;
mod frequency;
mod learning;
mod model;
mod record;
mod sample;
mod scan;
mod similarity;
mod spelling;
#[cfg(test)]
mod tests;

pub use blocking::LARGEST_BLOCK;
pub use cluster::cluster;
pub use column::{Column, Columns, Group, Kind};
pub use comparison::Level;
pub use model::{Evidence, Model, Verdict};
pub use record::{Record, Table};
pub use scan::{Pair, Progress, Stopped, Watch, find, group, link};

/// The probability from which two records are taken for the same one.
pub const THRESHOLD: f64 = 0.5;
