//! Scores: what somebody does (engagement, fading with a half-life), who somebody is (fit), and the grade made of both.
//!
//! Guards that a score is at any moment the sum of its explanation lines, that nothing is recomputed by the clock, and that falling
//! below a limit through silence is told at its exact moment, once.

mod form;
pub mod jobs;
pub mod pages;
pub mod react;
pub mod rules;
mod store;
#[cfg(test)]
mod tests;

pub use react::KEY as REACTOR;
pub use rules::{Basis, Line, ScoreRule, Tier};
pub use store::{
    Explanation, FitRule, basis, delete_fit_rule, delete_rule, explain, list_fit_rules, list_rules, save_basis, save_fit_rule, save_rule,
};
