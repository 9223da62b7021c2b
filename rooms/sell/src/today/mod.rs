//! The rep's day: what to do next and why, who is hot, what changed since yesterday.
//!
//! Guards that every line has a reason and exactly one act, that the order is the same for everybody ([`rules::rank`]), and that the
//! page costs a handful of indexed reads whatever the size of the store.

mod gather;
pub(crate) mod pages;
mod rules;
#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests;
