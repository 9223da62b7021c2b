//! Wake-ups inside one process: "something was committed that you may want to look at".

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// Named counters that grow with every wake-up; a waiter never misses one that came between its looks.
#[derive(Default)]
pub(crate) struct Signals {
    named: Mutex<HashMap<&'static str, watch::Sender<u64>>>,
}

impl Signals {
    pub(crate) fn raise(&self, name: &'static str) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.entry(name).or_insert_with(|| watch::channel(0).0).send_modify(|n| *n += 1);
    }

    pub(crate) fn listen(&self, name: &'static str) -> watch::Receiver<u64> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.entry(name).or_insert_with(|| watch::channel(0).0).subscribe()
    }
}
