//! Differentiate: who is worth what, and who belongs together. Scores that fade and explain themselves; segments kept to the moment.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod segment;
