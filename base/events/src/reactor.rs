//! Those who follow the log: each reads behind its own cursor, at least once, in batches, in one transaction with what it writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_kernel::Fault;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::rest::Rest;
use crate::tail::Tail;
use crate::{BoxFuture, Event, SIGNAL, Spine};

/// How far one batch may reach into the log. Who is behind has the more events of the same people at a time, and writes each page once.
pub(crate) const SPAN: i64 = 8_000;
/// How many times as long as a batch took a reactor rests behind it.
const RESTS: u32 = 2;
/// A reactor whose chain of causes is deeper than this is going round in circles.
const MAX_DEPTH: i64 = 16;

/// What a reactor does with a batch of the events it hears.
///
/// It runs inside a transaction that also moves its cursor: what it writes happens exactly once, but the function may be called
/// again with the same events after a crash, so it does nothing outside the store.
pub trait React: Send + Sync {
    /// Whether any of `events` is a reason to write. Asked with a snapshot, so that what is none costs no writing transaction; in doubt, yes.
    fn heeds<'a>(&'a self, _: &'a mut Tx, _events: &'a [Event]) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async { Ok(true) })
    }

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

impl Reactor {
    /// The names it hears; none for all.
    fn names(&self) -> &'static [&'static str] {
        if self.hears.contains(&"*") { &[] } else { self.hears }
    }
}

/// A reactor at work.
struct Follower {
    reactor: Reactor,
    /// Up to here this process has looked through the log: between the stored cursor and this there is nothing the reactor hears.
    passed: AtomicI64,
    /// The stored cursor as this process has seen it last; 0 until then.
    seen: AtomicI64,
}

impl Follower {
    /// Where the next look begins when the stored cursor stands at `cursor`.
    fn behind(&self, cursor: i64) -> i64 {
        cursor.max(self.passed.load(Ordering::Relaxed))
    }
}

/// What a look into the log has found.
struct Sight {
    /// The stored cursor.
    cursor: i64,
    /// How far the look reached; the cursor's place when there is nothing new.
    reached: i64,
    /// What the reactor hears of it.
    events: Vec<Event>,
}

/// The reactors of all rooms.
#[derive(Clone)]
pub struct Reactors {
    spine: Spine,
    all: Arc<Vec<Follower>>,
    tail: Arc<Tail>,
}

impl Reactors {
    /// Gathers the reactors.
    pub fn new(spine: Spine, all: Vec<Reactor>) -> Self {
        let follower = |reactor| Follower { reactor, passed: AtomicI64::new(0), seen: AtomicI64::new(0) };
        Self { spine, all: Arc::new(all.into_iter().map(follower).collect()), tail: Arc::default() }
    }

    /// Follows the log until `stop`; one task a reactor.
    pub fn start(&self, stop: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
        let follow = |index: usize| {
            let (this, stop) = (self.clone(), stop.clone());
            tokio::spawn(async move {
                if let Some(follower) = this.all.get(index) {
                    this.follow(follower, &stop).await;
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
            for follower in self.all.iter() {
                while let Some(count) = self.step(follower, false).await? {
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
    ///
    /// The head is read last: what one of them brought about in the meantime lies behind it, and nobody counts as having heard that.
    pub async fn lag(&self) -> Result<i64, DbError> {
        let slowest = self.slowest().await?;
        let head = head_of(&mut self.spine.db.read().await?).await?;
        Ok(slowest.map_or(0, |place| head - place))
    }

    /// Up to where all reactors have heard everything; nothing when there is none.
    async fn slowest(&self) -> Result<Option<i64>, DbError> {
        let mut tx = self.spine.db.read().await?;
        let mut slowest: Option<i64> = None;
        for follower in self.all.iter() {
            let place = follower.behind(cursor_of(&mut tx, &follower.reactor).await?);
            slowest = Some(slowest.map_or(place, |slowest| slowest.min(place)));
        }
        Ok(slowest)
    }

    async fn follow(&self, follower: &Follower, stop: &CancellationToken) {
        let key = follower.reactor.key;
        let mut signal = self.spine.db.listen(SIGNAL);
        let mut failures: u32 = 0;
        // What other processes append wakes nobody here: after a calm second the store is asked.
        let mut calm = true;
        let mut rest = Rest::new(&self.spine.db, RESTS);
        while !stop.is_cancelled() {
            let wake = *signal.borrow_and_update();
            let step = async {
                let sure = !calm && self.glance(follower, &signal, wake).await?;
                if sure {
                    tokio::select! { gathered = self.gather(follower, &mut signal, &rest) => gathered?, () = stop.cancelled() => return Ok(None) }
                }
                rest.begin();
                if sure || calm { self.step(follower, sure).await } else { Ok(None) }
            };
            let stepped = step.await;
            calm = false;
            let done = match stepped {
                Ok(Some(heard)) => {
                    failures = 0;
                    if heard > 0 {
                        rest.end();
                    }
                    continue;
                }
                Ok(None) => {
                    calm = tokio::select! {
                        _ = signal.changed() => false,
                        () = tokio::time::sleep(Duration::from_secs(1)) => true,
                        () = stop.cancelled() => true,
                    };
                    if calm { self.keep_place(follower).await } else { Ok(()) }
                }
                Err(fault) => Err(fault),
            };
            if let Err(fault) = done {
                failures = (failures + 1).min(8);
                tracing::error!(reactor = key, %fault, failures, "a reactor failed and will try again");
                tokio::select! { () = tokio::time::sleep(Duration::from_millis(50 << failures)) => {}, () = stop.cancelled() => {} }
            }
        }
    }

    /// One batch; `None` when the reactor stands at the head.
    ///
    /// A stretch without anything the reactor hears costs no commit: nine reactors that each made their place durable for every page view
    /// would keep the writer from those who collect them. Who starts anew looks over less than [`SPAN`] events again.
    ///
    /// Unless it is `sure` that there is something to hear, a look costs nobody his turn.
    async fn step(&self, follower: &Follower, sure: bool) -> Result<Option<usize>, Fault> {
        if !sure {
            let mut snapshot = self.spine.db.read().await?;
            let first = self.look(&mut snapshot, follower, 1).await?;
            drop(snapshot);
            if first.reached <= follower.behind(first.cursor) {
                return Ok(None);
            }
            if self.passes(follower, &first, !first.events.is_empty()) {
                return Ok(Some(0));
            }
        }
        let turn = self.spine.db.turn().await;
        let mut snapshot = self.spine.db.read().await?;
        let sight = self.look(&mut snapshot, follower, usize::MAX).await?;
        let heeds = !sight.events.is_empty() && follower.reactor.react.heeds(&mut snapshot, &sight.events).await?;
        drop(snapshot);
        if self.passes(follower, &sight, heeds) {
            return Ok(Some(0));
        }
        let mut tx = self.spine.db.begin_turn(turn).await?;
        if !move_cursor(&mut tx, follower.reactor.key, sight.cursor, sight.reached).await? {
            // Another node was faster: look again.
            return Ok(Some(0));
        }
        let heard = self.hear(&mut tx, &follower.reactor, sight.cursor, sight.events).await?;
        tx.commit().await?;
        follower.seen.store(sight.reached, Ordering::Relaxed);
        Ok(Some(heard))
    }

    /// Whether there may be something to hear behind the place of a reactor, as far as this process knows, which asks the store once for all
    /// reactors. What it does not hear is passed over.
    async fn glance(&self, follower: &Follower, signal: &watch::Receiver<u64>, wake: u64) -> Result<bool, DbError> {
        let head = self.tail.head(&self.spine.db, signal, wake).await?;
        loop {
            let cursor = follower.seen.load(Ordering::Relaxed);
            let place = follower.behind(cursor);
            if head <= place {
                return Ok(false);
            }
            let reached = head.min(place + SPAN);
            let silent = self.tail.has(place, reached, follower.reactor.names()) == Some(false);
            if !silent || !self.passes(follower, &Sight { cursor, reached, events: Vec::new() }, false) {
                return Ok(true);
            }
        }
    }

    /// Waits until the rest is over, or as much has come together as one batch takes.
    async fn gather(&self, follower: &Follower, signal: &mut watch::Receiver<u64>, rest: &Rest) -> Result<(), DbError> {
        while let Some(until) = rest.until() {
            let wake = *signal.borrow_and_update();
            let place = follower.behind(follower.seen.load(Ordering::Relaxed));
            if self.tail.head(&self.spine.db, signal, wake).await? - place >= SPAN {
                break;
            }
            let _ = tokio::time::timeout_at(until, signal.changed()).await;
        }
        Ok(())
    }

    /// Passes over a stretch in which there is nothing to write about, unless the stored cursor would fall too far behind.
    fn passes(&self, follower: &Follower, sight: &Sight, heeds: bool) -> bool {
        let passes = !heeds && sight.cursor > 0 && sight.reached - sight.cursor < SPAN;
        if passes {
            follower.passed.store(sight.reached, Ordering::Relaxed);
        }
        passes
    }

    /// Lets the reactor react; answers how many events it heard.
    async fn hear(&self, tx: &mut Tx, reactor: &Reactor, cursor: i64, events: Vec<Event>) -> Result<usize, Fault> {
        let (sane, circling): (Vec<Event>, Vec<Event>) = events.into_iter().partition(|e| e.depth <= MAX_DEPTH);
        if let Some(first) = circling.first() {
            tracing::error!(reactor = reactor.key, event = %first.name, seq = first.seq, "a chain of reactions is too deep and was cut");
        }
        if !sane.is_empty() {
            let react = reactor.react.react(&self.spine, tx, &sane).await;
            react.map_err(|f| f.context(format!("reactor {} behind event {cursor}", reactor.key)))?;
        }
        Ok(sane.len())
    }

    /// Looks over the next stretch of the log for at most `limit` events.
    async fn look(&self, tx: &mut Tx, follower: &Follower, limit: usize) -> Result<Sight, DbError> {
        let reactor = &follower.reactor;
        let cursor = cursor_of(tx, reactor).await?;
        follower.seen.store(cursor, Ordering::Relaxed);
        let head = head_of(tx).await?;
        let from = follower.behind(cursor);
        if from >= head {
            return Ok(Sight { cursor, reached: from, events: Vec::new() });
        }
        let reached = head.min(from + SPAN);
        let events = self.tail.list(tx, from, reached, reactor.names(), limit).await?;
        Ok(Sight { cursor, reached, events })
    }

    /// Makes the place of a reactor durable that has only passed over what it does not hear.
    async fn keep_place(&self, follower: &Follower) -> Result<(), Fault> {
        let cursor = cursor_of(&mut self.spine.db.read().await?, &follower.reactor).await?;
        let passed = follower.behind(cursor);
        if passed > cursor {
            let mut tx = self.spine.db.begin().await?;
            move_cursor(&mut tx, follower.reactor.key, cursor, passed).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// The number of the last event of the log.
pub(crate) async fn head_of(tx: &mut Tx) -> Result<i64, DbError> {
    tx.count(sql!("SELECT last_seq FROM event_head WHERE id = 1"), params![]).await
}

async fn cursor_of(tx: &mut Tx, reactor: &Reactor) -> Result<i64, DbError> {
    tx.count(sql!("SELECT seq FROM event_cursors WHERE name = $1"), params![reactor.key]).await
}

async fn move_cursor(tx: &mut Tx, name: &str, from: i64, to: i64) -> Result<bool, DbError> {
    let mut first = Relation::new(&[("name", Column::Text), ("seq", Column::Int)]);
    first.push(vec![Value::from(name), Value::Int(0)]);
    tx.insert("event_cursors", &first, Conflict::Ignore(&["name"])).await?;
    Ok(tx.exec(sql!("UPDATE event_cursors SET seq = $1 WHERE name = $2 AND seq = $3"), params![to, name, from]).await? == 1)
}
