//! What the writer remembers about visitors between batches, so that a busy browser costs no look-up.

use super::recent::Recent;
use super::store::Visit;

/// A visitor as of the last batch that committed.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) visitor_id: i64,
    pub(crate) contact_id: Option<i64>,
    /// The time of last sight as the store has it, µs.
    pub(crate) seen_at: i64,
    pub(super) visit: Option<Visit>,
}

impl Known {
    /// Whether events between `first_at` and `last_at` change nothing worth storing about the visitor itself.
    pub(crate) fn is_fresh(&self, first_at: i64, last_at: i64, stale_us: i64) -> bool {
        last_at - self.seen_at < stale_us && self.seen_at - first_at < stale_us
    }
}

/// What a committed batch teaches.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    pub(crate) epoch: i64,
    pub(crate) known: Vec<(i64, Known)>,
    /// Networks that are in the store.
    pub(crate) networks: Vec<i64>,
}

/// The memory. It holds for one epoch of stitching: when anybody is tied to a browser anywhere, it starts anew.
pub(crate) struct Memory {
    epoch: i64,
    by_key: Recent<i64, Known>,
    networks: Recent<i64, ()>,
}

impl Memory {
    pub(crate) fn new(size: usize) -> Self {
        Self { epoch: -1, by_key: Recent::new(size), networks: Recent::new(size) }
    }

    /// The visitor behind `key`, if it is remembered and nobody was identified since.
    pub(crate) fn get(&mut self, epoch: i64, key: i64) -> Option<Known> {
        if epoch != self.epoch {
            self.by_key.clear();
            self.epoch = epoch;
        }
        self.by_key.get(&key)
    }

    /// Whether the network is known to be in the store.
    pub(crate) fn has_network(&mut self, id: i64) -> bool {
        self.networks.get(&id).is_some()
    }

    /// Takes in what a batch taught; a lesson of another epoch is ignored.
    pub(crate) fn learn(&mut self, learned: &Learned) {
        for id in &learned.networks {
            self.networks.put(*id, ());
        }
        if learned.epoch != self.epoch {
            return;
        }
        for (key, known) in &learned.known {
            self.by_key.put(*key, known.clone());
        }
    }
}
