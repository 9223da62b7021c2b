//! Time and ids that do the same in every run.

use attune_kernel::{Clock, Ids};

/// When tests begin: 2026-11-20 10:00:00 UTC, a Friday, in µs.
pub const START_AT: i64 = 1_795_168_800_000_000;

/// A clock that stands at [`START_AT`] until the test moves it.
pub fn clock() -> Clock {
    Clock::manual(START_AT)
}

/// Ids timed by `clock`, from node 1: the same in every run that asks in the same order.
pub fn ids(clock: &Clock) -> Ids {
    Ids::new(clock.clone(), 1)
}
