//! Those who follow the log: each reads behind its own cursor, at least once, in batches, in one transaction with what it writes.

use std::sync::Arc;
use std::time::Duration;

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_kernel::Fault;
use tokio_util::sync::CancellationToken;

use crate::{BoxFuture, Event, SIGNAL, Spine, list_after};

/// How far one batch may reach into the log.
const SPAN: i64 = 2_000;
/// A reactor whose chain of causes is deeper than this is going round in circles.
const MAX_DEPTH: i64 = 16;

/// What a reactor does with a batch of the events it hears.
///
/// It runs inside a transaction that also moves its cursor: what it writes happens exactly once, but the function may be called
/// again with the same events after a crash, so it does nothing outside the store.
pub trait React: Send + Sync {
    /// Reacts to `events`, oldest first.
    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>>;
}

/// A named follower of the log.
#[derive(Clone)]
pub struct Reactor {
    /// Its name and its cursor's: `room.verb_noun`.
    pub key: &'static str,
    /// The events it hears; `["*"]` for all.
    pub hears: &'static [&'static str],
    /// What it does.
    pub react: Arc<dyn React>,
}

/// The reactors of all rooms.
#[derive(Clone)]
pub struct Reactors {
    spine: Spine,
    all: Arc<Vec<Reactor>>,
}

impl Reactors {
    /// Gathers the reactors.
    pub fn new(spine: Spine, all: Vec<Reactor>) -> Self {
        Self { spine, all: Arc::new(all) }
    }

    /// Follows the log until `stop`; one task a reactor.
    pub fn start(&self, stop: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
        let follow = |index: usize| {
            let (this, stop) = (self.clone(), stop.clone());
            tokio::spawn(async move {
                if let Some(reactor) = this.all.get(index) {
                    this.follow(reactor, &stop).await;
                }
            })
        };
        (0..self.all.len()).map(follow).collect()
    }

    /// Runs every reactor until nobody has anything left to hear; answers how many events were heard.
    pub async fn settle(&self) -> Result<usize, Fault> {
        let mut heard = 0;
        loop {
            let mut quiet = true;
            for reactor in self.all.iter() {
                while let Some(count) = self.step(reactor).await? {
                    heard += count;
                    quiet = false;
                }
            }
            if quiet {
                return Ok(heard);
            }
        }
    }

    /// How far the slowest reactor is behind the head of the log.
    pub async fn lag(&self) -> Result<i64, DbError> {
        let mut tx = self.spine.db.read().await?;
        let head = tx.count(sql!("SELECT last_seq FROM event_head WHERE id = 1"), params![]).await?;
        let mut worst = 0;
        for reactor in self.all.iter() {
            let at = tx.count(sql!("SELECT seq FROM event_cursors WHERE name = $1"), params![reactor.key]).await?;
            worst = worst.max(head - at);
        }
        Ok(worst)
    }

    async fn follow(&self, reactor: &Reactor, stop: &CancellationToken) {
        let mut signal = self.spine.db.listen(SIGNAL);
        let mut failures: u32 = 0;
        while !stop.is_cancelled() {
            signal.mark_unchanged();
            let pause = match self.step(reactor).await {
                Ok(Some(_)) => {
                    failures = 0;
                    continue;
                }
                Ok(None) => Duration::from_secs(1),
                Err(fault) => {
                    failures = (failures + 1).min(8);
                    tracing::error!(reactor = reactor.key, %fault, failures, "a reactor failed and will try again");
                    tokio::select! { () = tokio::time::sleep(Duration::from_millis(50 << failures)) => {}, () = stop.cancelled() => {} }
                    continue;
                }
            };
            tokio::select! { _ = signal.changed() => {}, () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => {} }
        }
    }

    /// One batch; `None` when the reactor stands at the head.
    async fn step(&self, reactor: &Reactor) -> Result<Option<usize>, Fault> {
        let (cursor, head, events) = self.look(reactor).await?;
        if cursor >= head {
            return Ok(None);
        }
        let reached = head.min(cursor + SPAN);
        let mut tx = self.spine.db.begin().await?;
        if !move_cursor(&mut tx, reactor.key, cursor, reached).await? {
            // Another node was faster: look again.
            return Ok(Some(0));
        }
        let (sane, circling): (Vec<Event>, Vec<Event>) = events.into_iter().partition(|e| e.depth <= MAX_DEPTH);
        if let Some(first) = circling.first() {
            tracing::error!(reactor = reactor.key, event = %first.name, seq = first.seq, "a chain of reactions is too deep and was cut");
        }
        if !sane.is_empty() {
            let react = reactor.react.react(&self.spine, &mut tx, &sane).await;
            react.map_err(|f| f.context(format!("reactor {} behind event {cursor}", reactor.key)))?;
        }
        tx.commit().await?;
        Ok(Some(sane.len()))
    }

    async fn look(&self, reactor: &Reactor) -> Result<(i64, i64, Vec<Event>), DbError> {
        let mut tx = self.spine.db.read().await?;
        let cursor = tx.count(sql!("SELECT seq FROM event_cursors WHERE name = $1"), params![reactor.key]).await?;
        let head = tx.count(sql!("SELECT last_seq FROM event_head WHERE id = 1"), params![]).await?;
        if cursor >= head {
            return Ok((cursor, head, Vec::new()));
        }
        let names: &[&str] = if reactor.hears.contains(&"*") { &[] } else { reactor.hears };
        let events = list_after(&mut tx, cursor, head.min(cursor + SPAN), names, SPAN).await?;
        Ok((cursor, head, events))
    }
}

async fn move_cursor(tx: &mut Tx, name: &str, from: i64, to: i64) -> Result<bool, DbError> {
    let mut first = Relation::new(&[("name", Column::Text), ("seq", Column::Int)]);
    first.push(vec![Value::from(name), Value::Int(0)]);
    tx.insert("event_cursors", &first, Conflict::Ignore(&["name"])).await?;
    Ok(tx.exec(sql!("UPDATE event_cursors SET seq = $1 WHERE name = $2 AND seq = $3"), params![to, name, from]).await? == 1)
}
