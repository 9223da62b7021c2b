//! Why nobody behind the log hurries where many may write at once: who rests a little finds more events of the same people, reads them once and
//! writes each row once for many.

use std::time::Duration;

use attune_db::Db;
use tokio::time::Instant;

/// The longest rest: what follows the log stays within a moment of it, however long one batch took.
const LONGEST: Duration = Duration::from_millis(250);

/// The rest behind a batch. It grows with the time the batch took, so that a single event is followed at once.
///
/// Where there is only one writer nobody needs it: the turns there give back the time they took.
pub(crate) struct Rest {
    times: u32,
    began: Instant,
    until: Instant,
}

impl Rest {
    /// Rests of `times` the time that a batch takes.
    pub(crate) fn new(db: &Db, times: u32) -> Self {
        let now = Instant::now();
        Self { times: if db.has_turns() { 0 } else { times }, began: now, until: now }
    }

    /// A batch begins.
    pub(crate) fn begin(&mut self) {
        self.began = Instant::now();
    }

    /// It has ended.
    pub(crate) fn end(&mut self) {
        self.end_at(Instant::now());
    }

    fn end_at(&mut self, now: Instant) {
        self.until = now + (now.duration_since(self.began) * self.times).min(LONGEST);
    }

    /// When the rest is over, unless it is.
    pub(crate) fn until(&self) -> Option<Instant> {
        (self.until > Instant::now()).then_some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    attune_testkit::on_both_dbs! {
        async fn a_rest_grows_with_the_work_before_it_where_nobody_takes_turns(db: Db) {
            let mut rest = Rest::new(&db, 2);
            assert_eq!(rest.until(), None, "nobody rests before work");
            // All of it lies ahead, so that a slow machine sees the same.
            let ended = Instant::now() + Duration::from_secs(600);
            let rests = |rest: &mut Rest, took: Duration| {
                rest.began = ended - took;
                rest.end_at(ended);
                rest.until().map(|until| until - ended)
            };
            let times = |some: u64| if db.has_turns() { Duration::ZERO } else { Duration::from_millis(some) };
            assert_eq!(rests(&mut rest, Duration::from_millis(100)), Some(times(200)));
            assert_eq!(rests(&mut rest, Duration::from_secs(60)), Some(times(250)));
        }
    }
}
