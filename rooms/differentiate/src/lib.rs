//! Differentiate: who is worth what, and who belongs together. Scores that fade and explain themselves; segments kept to the moment.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod score;
pub mod segment;
#[cfg(test)]
mod trial;

use std::sync::Arc;

use attune_db::{Migration, migration};
use attune_events::Reactor;
use attune_jobs::{JobDef, TimerDef};
use segment::FacetField;

/// The tables of this room.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("20261122_2000_score"), migration!("20261122_2010_segment")]
}

fn reactors(facets: &[FacetField]) -> Vec<Reactor> {
    vec![
        Reactor { key: score::REACTOR, hears: &["*"], react: Arc::new(score::react::KeepScores { facets: facets.to_vec() }) },
        Reactor { key: segment::keep::REACTOR, hears: &["*"], react: Arc::new(segment::jobs::KeepSegments { facets: facets.to_vec() }) },
    ]
}

fn timers(facets: &[FacetField]) -> Vec<TimerDef> {
    vec![
        TimerDef { kind: score::react::TIMER, on_due: Arc::new(score::react::KeepScores { facets: facets.to_vec() }) },
        TimerDef { kind: segment::keep::TIMER, on_due: Arc::new(segment::jobs::KeepSegments { facets: facets.to_vec() }) },
    ]
}

fn jobs(facets: &[FacetField]) -> Vec<JobDef> {
    vec![
        JobDef { kind: score::jobs::RECOMPUTE, max_attempts: 5, run: Arc::new(score::jobs::Recompute { facets: facets.to_vec() }) },
        JobDef { kind: score::jobs::APPLY, max_attempts: 3, run: Arc::new(score::jobs::ApplySettings) },
        JobDef { kind: segment::jobs::REFRESH, max_attempts: 5, run: Arc::new(segment::jobs::KeepSegments { facets: facets.to_vec() }) },
    ]
}

#[cfg(test)]
fn test_migrations() -> Vec<Migration> {
    let mut all = attune_house::base_migrations();
    all.extend(attune_identify::migrations());
    all.extend(migrations());
    all
}
