//! A token bucket per key, in memory: slows down guessing at the sign-in page and floods on public forms.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use attune_kernel::SECOND_US;

/// Above this many keys, full buckets are forgotten.
const MAX_KEYS: usize = 50_000;

/// Allows `burst` acts at once per key and one more every `every_us` microseconds. Clones share their buckets.
#[derive(Clone)]
pub struct Limiter {
    burst: f64,
    every_us: f64,
    buckets: Arc<Mutex<HashMap<String, Bucket>>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: i64,
}

impl Limiter {
    /// A limiter of `burst` acts at once, refilled by one every `every_us` µs.
    pub fn new(burst: u32, every_us: i64) -> Self {
        Self { burst: f64::from(burst), every_us: every_us.max(1) as f64, buckets: Arc::default() }
    }

    /// Takes one act for `key` at `now` (µs); when none is left, says after how many seconds to come back.
    pub fn take(&self, key: &str, now: i64) -> Result<(), i64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > MAX_KEYS {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.burst);
        }
        let tokens = buckets.get(key).map_or(self.burst, |bucket| self.filled(*bucket, now));
        if tokens < 1.0 {
            let wait_us = (1.0 - tokens) * self.every_us;
            return Err((wait_us / SECOND_US as f64).ceil().max(1.0) as i64);
        }
        buckets.insert(key.to_owned(), Bucket { tokens: tokens - 1.0, at: now });
        Ok(())
    }

    /// Forgets `key`, as after a sign-in that succeeded.
    pub fn forgive(&self, key: &str) {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn filled(&self, bucket: Bucket, now: i64) -> f64 {
        (bucket.tokens + (now - bucket.at).max(0) as f64 / self.every_us).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_time_refills() {
        let limiter = Limiter::new(3, 10 * SECOND_US);
        for _ in 0..3 {
            assert_eq!(limiter.take("a", 0), Ok(()));
        }
        assert_eq!(limiter.take("a", 0), Err(10));
        assert_eq!(limiter.take("b", 0), Ok(()));
        assert_eq!(limiter.take("a", 4 * SECOND_US), Err(6));
        assert_eq!(limiter.take("a", 10 * SECOND_US), Ok(()));
        limiter.forgive("a");
        assert_eq!(limiter.take("a", 10 * SECOND_US), Ok(()));
    }
}
