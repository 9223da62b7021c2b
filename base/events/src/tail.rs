//! The newest stretch of the log, read once for all who follow it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use attune_db::{Db, DbError, Tx};
use tokio::sync::watch;

use crate::reactor::{SPAN, head_of};
use crate::{Event, list_after};

/// How many events are held: a follower that is further behind reads for itself.
const HELD: usize = 32_768;

/// The events between two places of the log.
#[derive(Default)]
struct Stretch {
    /// Behind this.
    after: i64,
    /// Up to and with this.
    through: i64,
    events: VecDeque<Event>,
}

/// Holds the newest stretch of the log. What is in it is as it was when it was read: a later event tells whoever has to know what became
/// of earlier ones.
#[derive(Default)]
pub(crate) struct Tail {
    stretch: Mutex<Stretch>,
    known: tokio::sync::Mutex<Option<Known>>,
}

/// Where the log ended when it was last looked at.
#[derive(Clone, Copy)]
struct Known {
    /// What was committed before this wake-up had been seen.
    wake: u64,
    head: i64,
}

impl Tail {
    /// Where the log ends, at least as seen after the wake-up `wake` of `signal`. Of all who are woken at once the first reads, and holds what
    /// is new for the others.
    pub(crate) async fn head(&self, db: &Db, signal: &watch::Receiver<u64>, wake: u64) -> Result<i64, DbError> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.wake >= wake) {
            return Ok(known.head);
        }
        let wake = *signal.borrow();
        let mut tx = db.read().await?;
        let head = head_of(&mut tx).await?;
        let from = self.stretch().through;
        if from > 0 && from < head && head - from <= SPAN {
            let fresh = list_after(&mut tx, from, head, &[], i64::MAX).await?;
            self.stretch().take(from, head, fresh);
        }
        *known = Some(Known { wake, head });
        Ok(head)
    }

    /// Whether there is an event with one of these names (any when empty) behind `after` up to `through`; nothing when not all of that is held.
    pub(crate) fn has(&self, after: i64, through: i64, names: &[&str]) -> Option<bool> {
        self.stretch().list(after, through, names, 1).map(|events| !events.is_empty())
    }

    /// The events behind `after` up to `through` with one of these names (all when empty), oldest first, at most `limit`. `through` is
    /// not behind the head of the log as `tx` sees it.
    pub(crate) async fn list(&self, tx: &mut Tx, after: i64, through: i64, names: &[&str], limit: usize) -> Result<Vec<Event>, DbError> {
        let (held_after, held_through) = {
            let stretch = self.stretch();
            (stretch.after, stretch.through)
        };
        if after >= held_after && through > held_through {
            // A stretch that does not touch the held one takes its place.
            let from = after.max(held_through);
            let fresh = list_after(tx, from, through, &[], i64::MAX).await?;
            self.stretch().take(from, through, fresh);
        }
        let held = self.stretch().list(after, through, names, limit);
        match held {
            Some(events) => Ok(events),
            None => list_after(tx, after, through, names, i64::try_from(limit).unwrap_or(i64::MAX)).await,
        }
    }

    fn stretch(&self) -> MutexGuard<'_, Stretch> {
        self.stretch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stretch {
    /// Appends what was read, unless somebody else was faster.
    fn take(&mut self, from: i64, through: i64, fresh: Vec<Event>) {
        if through <= self.through {
            return;
        }
        if from > self.through {
            self.events.clear();
            self.after = from;
        }
        let known = self.through;
        self.events.extend(fresh.into_iter().filter(|event| event.seq > known));
        self.through = through;
        while self.events.len() > HELD {
            if let Some(oldest) = self.events.pop_front() {
                self.after = oldest.seq;
            }
        }
    }

    /// Nothing when it does not reach back, or forward, far enough.
    fn list(&self, after: i64, through: i64, names: &[&str], limit: usize) -> Option<Vec<Event>> {
        if after < self.after || through > self.through {
            return None;
        }
        let first = self.events.partition_point(|event| event.seq <= after);
        let behind = self.events.range(first..).take_while(|event| event.seq <= through);
        Some(behind.filter(|event| names.is_empty() || names.contains(&event.name.as_ref())).take(limit).cloned().collect())
    }
}
