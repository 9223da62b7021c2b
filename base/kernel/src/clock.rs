//! Where the time comes from. Every time in Attune is a count of microseconds since 1970-01-01 UTC, named `…_at`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds in an hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in a day of 24 hours.
pub const DAY_US: i64 = 24 * HOUR_US;

/// The source of "now": the machine's clock, or one that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    held: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { held: None }
    }

    /// A clock that stands at `at` (µs) until [`Clock::advance`] moves it.
    pub fn manual(at: i64) -> Self {
        Self { held: Some(Arc::new(AtomicI64::new(at))) }
    }

    /// The present moment in µs since 1970 UTC.
    pub fn now(&self) -> i64 {
        match &self.held {
            Some(held) => held.load(Ordering::SeqCst),
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX)),
        }
    }

    /// Moves a manual clock forward by `us` microseconds; the machine's clock does not listen.
    pub fn advance(&self, us: i64) {
        if let Some(held) = &self.held {
            held.fetch_add(us, Ordering::SeqCst);
        }
    }
}
