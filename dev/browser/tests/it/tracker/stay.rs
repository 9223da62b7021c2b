//! How long something was seen, by the test's own clock.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How far the tracker may be off.
const TOLERANCE: Duration = Duration::from_secs(1);

/// A moment the test can only bracket: not before the first instant, not after the second.
#[derive(Clone, Copy)]
pub struct Moment(Instant, Instant);

/// Does something that makes a page be seen, or no longer be seen, and tells when.
pub async fn when(deed: impl Future<Output = ()>) -> Moment {
    let before = Instant::now();
    deed.await;
    Moment(before, Instant::now())
}

/// Waits while a page is looked at, or while it is not.
pub async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

/// How long the pages of each path were seen, at least and at most.
#[derive(Default)]
pub struct Stays(BTreeMap<String, (Duration, Duration)>);

impl Stays {
    /// Adds a stretch on `path`.
    pub fn add(&mut self, path: &str, from: Moment, to: Moment) {
        let (least, most) = self.0.entry(path.to_owned()).or_default();
        *least += to.0.saturating_duration_since(from.1);
        *most += to.1 - from.0;
    }

    /// Fails unless exactly these paths were left and the visible time of each, in µs, is the truth within a second.
    pub fn compare(&self, dwell: &BTreeMap<String, i64>) {
        assert_eq!(dwell.keys().collect::<Vec<_>>(), self.0.keys().collect::<Vec<_>>(), "the pages that were left");
        for (path, (least, most)) in &self.0 {
            let told = Duration::from_micros(dwell[path].try_into().unwrap());
            println!("{path}: told {told:.2?}, seen {least:.2?} to {most:.2?}");
            assert!(
                told + TOLERANCE >= *least && told <= *most + TOLERANCE,
                "{path}: {told:.2?} were told; it was seen {least:.2?} at least and {most:.2?} at most"
            );
        }
    }
}
