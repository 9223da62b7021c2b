//! Scores that fade without a nightly job.
//!
//! With half-life `h`, a score of `s` points at time `t` is kept as `k = log2(s) + t / h`. At any later `u` it is worth
//! `2^(k - u / h)`: the order by `k` is the order by faded score, for ever, and adding points touches one row. The form is that of
//! exponential decay, `s(u) = s · 2^(-(u - t) / h)`, with the time-dependent part kept in the exponent.

use crate::SECOND_US;

/// Zero of the time axis inside `k`, µs (2020-01-01 UTC): keeps exponents small.
const ZERO_AT: i64 = 1_577_836_800 * SECOND_US;

/// Exponential decay with a half-life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    half_life_us: f64,
}

impl Decay {
    /// Decay that halves in `half_life_us` microseconds (at least one second).
    pub fn new(half_life_us: i64) -> Self {
        Self { half_life_us: half_life_us.max(SECOND_US) as f64 }
    }

    fn age(&self, at: i64) -> f64 {
        (at - ZERO_AT) as f64 / self.half_life_us
    }

    /// The `k` of `points` earned at `at`; `None` for nothing or less.
    pub fn k_of(&self, points: f64, at: i64) -> Option<f64> {
        (points > 0.0).then(|| points.log2() + self.age(at))
    }

    /// What a score `k` is worth at `at`.
    pub fn points_at(&self, k: Option<f64>, at: i64) -> f64 {
        k.map_or(0.0, |k| (k - self.age(at)).exp2())
    }

    /// Adds `points` earned at `at` (negative ones take away); a score that falls to nothing becomes `None`.
    ///
    /// The order of additions does not matter as long as none of them empties the score.
    pub fn add(&self, k: Option<f64>, points: f64, at: i64) -> Option<f64> {
        let earned = self.age(at);
        let Some(k) = k else { return self.k_of(points, at) };
        if points == 0.0 {
            return Some(k);
        }
        // Both terms are brought to the later of the two exponents, so that neither overflows.
        let top = k.max(earned);
        let sum = (k - top).exp2() + points * (earned - top).exp2();
        (sum > 1e-9).then(|| sum.log2() + top)
    }

    /// The moment at which `k` falls to `threshold` points through silence, µs; `None` when it never was above.
    pub fn crossing(&self, k: f64, threshold: f64) -> Option<i64> {
        if threshold <= 0.0 {
            return None;
        }
        let at = (k - threshold.log2()) * self.half_life_us + ZERO_AT as f64;
        (at.is_finite() && at.abs() < 9.0e18).then_some(at.ceil() as i64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::DAY_US;

    const NOW: i64 = 1_760_000_000_000_000;

    #[test]
    fn half_is_left_after_the_half_life() {
        let decay = Decay::new(30 * DAY_US);
        let k = decay.k_of(40.0, NOW);
        assert!((decay.points_at(k, NOW) - 40.0).abs() < 1e-9);
        assert!((decay.points_at(k, NOW + 30 * DAY_US) - 20.0).abs() < 1e-9);
        assert_eq!(decay.k_of(0.0, NOW), None);
        assert_eq!(decay.add(k, -41.0, NOW), None);
    }

    proptest! {
        #[test]
        fn the_closed_form_is_the_sum_of_its_faded_parts(parts in prop::collection::vec((0.1_f64..100.0, 0_i64..400), 1..40), h in 1_i64..120) {
            let decay = Decay::new(h * DAY_US);
            let end = NOW + 400 * DAY_US;
            let mut k = None;
            let mut sum = 0.0;
            for (points, day) in parts {
                let at = NOW + day * DAY_US;
                k = decay.add(k, points, at);
                sum += points * (-((end - at) as f64) / (h * DAY_US) as f64).exp2();
            }
            let kept = decay.points_at(k, end);
            prop_assert!((kept - sum).abs() <= 1e-6 * sum.max(1e-3), "{} is not {}", kept, sum);
        }

        #[test]
        fn order_by_k_is_order_by_faded_score(a in 0.1_f64..100.0, b in 0.1_f64..100.0, day_a in 0_i64..100, day_b in 0_i64..100, later in 0_i64..100) {
            let decay = Decay::new(7 * DAY_US);
            let (ka, kb) = (decay.k_of(a, NOW + day_a * DAY_US), decay.k_of(b, NOW + day_b * DAY_US));
            let at = NOW + (100 + later) * DAY_US;
            let (pa, pb) = (decay.points_at(ka, at), decay.points_at(kb, at));
            prop_assume!((pa - pb).abs() > 1e-9 * pa.max(pb));
            prop_assert_eq!(ka > kb, pa > pb);
        }

        #[test]
        fn silence_crosses_the_threshold_at_the_exact_moment(points in 10.0_f64..1000.0, threshold in 0.5_f64..9.0) {
            let decay = Decay::new(14 * DAY_US);
            let k = decay.k_of(points, NOW).unwrap();
            let at = decay.crossing(k, threshold).unwrap();
            prop_assert!(decay.points_at(Some(k), at - 1_000_000) > threshold);
            prop_assert!(decay.points_at(Some(k), at + 1_000_000) < threshold);
        }
    }
}
