//! The newest stretch of the log, read once for all who follow it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use attune_db::{DbError, Tx};

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
}

impl Tail {
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
