//! How work behind the scenes shares one writer with those whom somebody waits for: one at a time, and it gives back the time it took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// The longest pause: what follows the log stays within a moment of it, however long one batch took.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// When nobody has asked for the writer for this long, nobody is kept from it.
const QUIET: Duration = Duration::from_millis(2);

/// Who has asked for the writer, and when work behind the scenes had it last.
#[derive(Default)]
pub(crate) struct Manners {
    /// Grows with every writer that somebody waits for.
    asked: AtomicU64,
    /// Who stands in line for the writer now.
    line: Arc<AtomicUsize>,
    last: Arc<Mutex<Option<Took>>>,
}

/// The last turn of work behind the scenes.
#[derive(Clone, Copy)]
struct Took {
    ended: Instant,
    time: Duration,
}

/// The line for the writer, as seen by whoever has it.
pub(crate) struct Line(Arc<AtomicUsize>);

impl Line {
    /// Whether somebody waits.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// The right to write behind the scenes; when it ends, what it took is remembered.
pub(crate) struct Turn {
    last: OwnedMutexGuard<Option<Took>>,
    began: Option<Instant>,
}

impl Turn {
    /// From here on it keeps others from the writer.
    pub(crate) fn begin(mut self) -> Self {
        self.began = Some(Instant::now());
        self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(began) = self.began {
            let ended = Instant::now();
            *self.last = Some(Took { ended, time: ended - began });
        }
    }
}

/// A place in the line for the writer; given up when it goes.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Manners {
    /// Stands in line until `taken` is done.
    pub(crate) async fn in_line<T>(&self, taken: impl Future<Output = T>) -> T {
        self.line.fetch_add(1, Ordering::Relaxed);
        let _place = Place(self.line.clone());
        taken.await
    }

    /// The line, for whoever has the writer to look at.
    pub(crate) fn line(&self) -> Line {
        Line(self.line.clone())
    }

    /// Somebody asks for the writer in the foreground.
    pub(crate) fn count(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for a turn: until others had as much time as the last turn took, or nobody wants the writer, which `is_free` tells.
    pub(crate) async fn turn(&self, is_free: impl Fn() -> bool) -> Turn {
        let last = self.last.clone().lock_owned().await;
        if let Some(took) = *last {
            let until = took.ended + took.time.min(LONGEST_PAUSE);
            let mut asked = self.asked.load(Ordering::Relaxed);
            while Instant::now() < until {
                tokio::time::sleep(QUIET.min(until - Instant::now())).await;
                let now_asked = self.asked.load(Ordering::Relaxed);
                if now_asked == asked && is_free() {
                    break;
                }
                asked = now_asked;
            }
        }
        Turn { last, began: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(manners: &Manners, time: Duration) {
        let turn = manners.turn(|| true).await.begin();
        std::thread::sleep(time);
        drop(turn);
    }

    #[tokio::test]
    async fn a_turn_waits_as_long_as_the_last_one_took_while_others_write() {
        let manners = Manners::default();
        take(&manners, Duration::from_millis(40)).await;
        let begun = Instant::now();
        drop(manners.turn(|| false).await);
        assert!(begun.elapsed() >= Duration::from_millis(35), "others got {:?} only", begun.elapsed());
    }

    #[tokio::test]
    async fn a_place_in_line_ends_with_the_wait() {
        let manners = Manners::default();
        let line = manners.line();
        assert!(!line.is_waiting());
        let waits = manners.in_line(async { line.is_waiting() });
        assert!(waits.await && !line.is_waiting());
        let mut given_up = Box::pin(manners.in_line(std::future::pending::<()>()));
        assert!(futures::poll!(given_up.as_mut()).is_pending() && line.is_waiting());
        drop(given_up);
        assert!(!line.is_waiting());
    }

    #[tokio::test]
    async fn a_turn_does_not_wait_for_nobody() {
        let manners = Manners::default();
        take(&manners, Duration::from_millis(400)).await;
        let begun = Instant::now();
        drop(manners.turn(|| true).await);
        assert!(begun.elapsed() < Duration::from_millis(200), "a free writer was left alone for {:?}", begun.elapsed());
    }
}
