//! Tests over the whole house: the rooms fit together, the schema keeps its promises, both engines agree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod facets;
mod leak;
mod mask;
mod merge;
mod meta;
mod settings;
mod sharing;
mod subject_access;
