//! Timers: things that fall due at an exact moment, settled by the batch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_kernel::Fault;
use tokio_util::sync::CancellationToken;

use crate::{Bench, BoxFuture};

/// The signal raised after every commit that set a timer.
const SIGNAL: &str = "timers";
/// How many due keys one transaction settles.
const BATCH: i64 = 2_000;

/// What happens to the keys of a kind that are due. The timers are cleared in the same transaction, before the call, so that the
/// handler may set them anew.
pub trait OnDue: Send + Sync {
    /// Settles `keys`, whose moment is not after `now`.
    fn due<'a>(&'a self, bench: &'a Bench, tx: &'a mut Tx, keys: &'a [i64], now: i64) -> BoxFuture<'a, Result<(), Fault>>;
}

/// A kind of timer and its handler.
#[derive(Clone)]
pub struct TimerDef {
    /// `room.noun_event`.
    pub kind: &'static str,
    /// What happens.
    pub on_due: Arc<dyn OnDue>,
}

/// Sets `(key, due_at)` timers of `kind`; a key that has one is moved.
pub async fn set_timers(tx: &mut Tx, kind: &str, due: impl IntoIterator<Item = (i64, i64)>) -> Result<(), DbError> {
    insert_timers(tx, kind, due, "due_at = excluded.due_at").await
}

async fn insert_timers(tx: &mut Tx, kind: &str, due: impl IntoIterator<Item = (i64, i64)>, set: &str) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("kind", Column::Text), ("key", Column::Int), ("due_at", Column::Int)]);
    for (key, at) in due {
        rows.push(vec![Value::from(kind), Value::Int(key), Value::Int(at)]);
    }
    if tx.insert("timers", &rows, Conflict::Update(&["kind", "key"], set)).await? > 0 {
        tx.wake(SIGNAL);
    }
    Ok(())
}

/// Sets `(key, due_at)` timers of `kind` for those who look again when they are woken early: a key that has an earlier one keeps it, and
/// nothing is written. It is asked first: on PostgreSQL even a conflict that changes nothing locks its row, and the row may be one that is
/// being settled at this moment.
pub async fn set_timers_at_latest(tx: &mut Tx, kind: &str, due: impl IntoIterator<Item = (i64, i64)>) -> Result<(), DbError> {
    let mut due: BTreeMap<i64, i64> = due.into_iter().collect();
    let sql = sql!("SELECT t.key, t.due_at FROM {rows} AS r JOIN timers t ON t.kind = $1 AND t.key = r.k");
    for row in tx.rows_from(sql, &Relation::of_ids("k", due.keys().copied()), params![kind]).await? {
        let (key, at): (i64, i64) = (row.at(0)?, row.at(1)?);
        if due.get(&key).is_some_and(|found| *found >= at) {
            due.remove(&key);
        }
    }
    insert_timers(tx, kind, due, "due_at = excluded.due_at WHERE excluded.due_at < timers.due_at").await
}

/// Clears the timers of `kind` for these keys.
pub async fn clear_timers(tx: &mut Tx, kind: &str, keys: impl IntoIterator<Item = i64>) -> Result<(), DbError> {
    let rows = Relation::of_ids("k", keys);
    tx.exec_from(sql!("DELETE FROM timers WHERE kind = $1 AND key IN (SELECT r.k FROM {rows} AS r)"), &rows, params![kind]).await?;
    Ok(())
}

/// The timers of all rooms.
#[derive(Clone)]
pub struct Timers {
    bench: Bench,
    all: Arc<Vec<TimerDef>>,
}

impl Timers {
    /// Gathers the kinds.
    pub fn new(bench: Bench, all: Vec<TimerDef>) -> Self {
        Self { bench, all: Arc::new(all) }
    }

    /// Waits for the next due moment, settles, and so on until `stop`.
    pub async fn run(&self, stop: &CancellationToken) {
        let mut signal = self.bench.db.listen(SIGNAL);
        while !stop.is_cancelled() {
            signal.mark_unchanged();
            let pause = match self.settle().await {
                Ok(_) => self.until_next().await,
                Err(fault) => {
                    tracing::error!(%fault, "due timers were not settled and stay due");
                    Duration::from_secs(1)
                }
            };
            tokio::select! { _ = signal.changed() => {}, () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => {} }
        }
    }

    /// Settles everything due now; answers how many keys.
    pub async fn settle(&self) -> Result<usize, Fault> {
        let mut settled = 0;
        for def in self.all.iter() {
            loop {
                let count = self.settle_batch(def).await?;
                settled += count;
                if count == 0 {
                    break;
                }
            }
        }
        Ok(settled)
    }

    async fn settle_batch(&self, def: &TimerDef) -> Result<usize, Fault> {
        let now = self.bench.clock.now();
        let earliest = earliest(&mut self.bench.db.read().await?, def.kind).await?;
        if earliest.is_none_or(|at| at > now) {
            return Ok(0);
        }
        let mut tx = self.bench.db.begin_turn(self.bench.db.turn().await).await?;
        let rows = tx
            .rows(
                sql!(
                    "DELETE FROM timers WHERE kind = $1 AND key IN (SELECT key FROM timers WHERE kind = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3) RETURNING key"
                ),
                params![def.kind, now, BATCH],
            )
            .await?;
        let keys = rows.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>()?;
        if keys.is_empty() {
            return Ok(0);
        }
        def.on_due.due(&self.bench, &mut tx, &keys, now).await.map_err(|f| f.context(format!("timer {}", def.kind)))?;
        tx.commit().await?;
        Ok(keys.len())
    }

    async fn until_next(&self) -> Duration {
        let now = self.bench.clock.now();
        let at = self.next_at().await.ok().flatten();
        let us = at.map_or(1_000_000, |at| (at - now).clamp(1_000, 1_000_000));
        Duration::from_micros(us.unsigned_abs())
    }

    /// The earliest moment of all kinds.
    async fn next_at(&self) -> Result<Option<i64>, DbError> {
        let mut tx = self.bench.db.read().await?;
        let mut next: Option<i64> = None;
        for def in self.all.iter() {
            next = next.into_iter().chain(earliest(&mut tx, def.kind).await?).min();
        }
        Ok(next)
    }
}

/// When the next timer of a kind is due. The index tells it at once; asked whether any is due, PostgreSQL believes that many are and reads the
/// table until it meets one.
async fn earliest(tx: &mut Tx, kind: &str) -> Result<Option<i64>, DbError> {
    let row = tx.find(sql!("SELECT min(due_at) AS at FROM timers WHERE kind = $1"), params![kind]).await?;
    row.map_or(Ok(None), |row| row.get("at"))
}
