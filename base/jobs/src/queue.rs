//! The queue's rows: putting, claiming, finishing. Claiming is one of the few places with a text per engine.

use attune_db::{Column, Conflict, DbError, Engine, Relation, Row, Tx, Value, params, sql};

use crate::{Bench, SIGNAL};

/// Work to be done later.
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// `room.verb_noun`.
    pub kind: &'static str,
    /// What to do, as JSON.
    pub payload: serde_json::Value,
    /// Not before this moment, µs; 0 for at once.
    pub run_at: i64,
    /// While a job with this key is waiting or running, a second one is not put.
    pub unique_key: Option<String>,
    /// Who asked for it.
    pub staff_id: Option<i64>,
}

impl JobSpec {
    /// A job of `kind` that may run at once.
    pub fn new(kind: &'static str, payload: serde_json::Value) -> Self {
        Self { kind, payload, run_at: 0, unique_key: None, staff_id: None }
    }

    /// Not before `at`.
    #[must_use]
    pub fn at(mut self, at: i64) -> Self {
        self.run_at = at;
        self
    }

    /// Not twice at a time.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }

    /// On behalf of a member of staff.
    #[must_use]
    pub fn by(mut self, staff_id: i64) -> Self {
        self.staff_id = Some(staff_id);
        self
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waiting for its time or a worker.
    Ready,
    /// Being worked on.
    Running,
    /// Finished well.
    Done,
    /// Given up.
    Failed,
    /// Stopped on request.
    Cancelled,
}

impl JobState {
    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "ready" => Self::Ready,
            "running" => Self::Running,
            "done" => Self::Done,
            "cancelled" => Self::Cancelled,
            _ => Self::Failed,
        }
    }

    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A job as it stands.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: i64,
    /// `room.verb_noun`.
    pub kind: String,
    /// JSON.
    pub payload: String,
    /// Where it stands.
    pub state: JobState,
    /// How often it has been started.
    pub attempts: i64,
    /// Steps done.
    pub done_count: i64,
    /// Steps in all, when known.
    pub total_count: Option<i64>,
    /// Somebody wants it to stop.
    pub cancel_asked: bool,
    /// What it came to, as JSON.
    pub result: Option<String>,
    /// Why it last failed.
    pub last_error: Option<String>,
    /// Who asked for it.
    pub staff_id: Option<i64>,
    /// When it was put, µs.
    pub created_at: i64,
    /// When it ended, µs.
    pub finished_at: Option<i64>,
}

const SELECT: &str = sql!(
    "SELECT id, kind, payload, state, attempts, done_count, total_count, cancel_asked, result, last_error, staff_id, created_at, finished_at FROM jobs"
);

fn read(row: &Row) -> Result<Job, DbError> {
    Ok(Job {
        id: row.get("id")?,
        kind: row.get("kind")?,
        payload: row.get("payload")?,
        state: JobState::of(&row.get::<String>("state")?),
        attempts: row.get("attempts")?,
        done_count: row.get("done_count")?,
        total_count: row.get("total_count")?,
        cancel_asked: row.get("cancel_asked")?,
        result: row.get("result")?,
        last_error: row.get("last_error")?,
        staff_id: row.get("staff_id")?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
    })
}

/// Puts a job in the caller's transaction; answers its id, or that of the job which already holds its unique key.
pub async fn put(tx: &mut Tx, bench: &Bench, spec: JobSpec) -> Result<i64, DbError> {
    if let Some(key) = &spec.unique_key {
        let held = tx.find(sql!("SELECT id FROM jobs WHERE unique_key = $1 AND state IN ('ready', 'running')"), params![key]).await?;
        if let Some(row) = held {
            return row.at(0);
        }
    }
    let (id, now) = (bench.ids.next(), bench.clock.now());
    let put = tx.exec(
        sql!(
            "INSERT INTO jobs (id, kind, payload, state, run_at, attempts, unique_key, done_count, cancel_asked, staff_id, created_at)
             VALUES ($1, $2, $3, 'ready', $4, 0, $5, 0, FALSE, $6, $7)
             ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND state IN ('ready', 'running') DO NOTHING"
        ),
        params![id, spec.kind, spec.payload.to_string(), spec.run_at.max(now), spec.unique_key.clone(), spec.staff_id, now],
    );
    if put.await? == 0 {
        // Another node was faster between the look and the insert.
        let sql = sql!("SELECT id FROM jobs WHERE unique_key = $1 AND state IN ('ready', 'running')");
        return tx.get("job", sql, params![spec.unique_key]).await?.at(0);
    }
    tx.wake(SIGNAL);
    Ok(id)
}

/// The job `id`.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Job>, DbError> {
    tx.find(&format!("{SELECT} WHERE id = $1"), params![id]).await?.as_ref().map(read).transpose()
}

/// The newest jobs of a kind (all kinds when empty).
pub async fn list_recent(tx: &mut Tx, kind: &str, limit: i64) -> Result<Vec<Job>, DbError> {
    let rows = tx.rows(&format!("{SELECT} WHERE $1 = '' OR kind = $1 ORDER BY id DESC LIMIT $2"), params![kind, limit]).await?;
    rows.iter().map(read).collect()
}

/// Asks a job to stop: a waiting one at once, a running one at its next step.
pub async fn cancel(tx: &mut Tx, id: i64, now: i64) -> Result<bool, DbError> {
    let waiting =
        tx.exec(sql!("UPDATE jobs SET state = 'cancelled', finished_at = $2 WHERE id = $1 AND state = 'ready'"), params![id, now]).await?;
    let running = tx.exec(sql!("UPDATE jobs SET cancel_asked = TRUE WHERE id = $1 AND state = 'running'"), params![id]).await?;
    Ok(waiting + running > 0)
}

/// Takes up to `limit` due jobs of the given kinds for `worker`.
pub(crate) async fn claim(tx: &mut Tx, kinds: &[&str], worker: &str, now: i64, lease_us: i64, limit: i64) -> Result<Vec<Job>, DbError> {
    let mut due = attune_db::Sql::new("SELECT id FROM jobs WHERE state = 'ready' AND run_at <= ");
    due.bind(now).push(" AND kind IN ").bind_list(kinds.iter().map(|k| Value::from(*k))).push(" ORDER BY run_at, id LIMIT ").bind(limit);
    if tx.engine() == Engine::Pg {
        due.push(" FOR UPDATE SKIP LOCKED");
    }
    let rows = tx.rows_of(&due).await?;
    let mut taken = Relation::new(&[("id", Column::Int)]);
    for row in &rows {
        taken.push(vec![Value::Int(row.at(0)?)]);
    }
    let rows = tx
        .rows_from(
            sql!(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, worker = $1, lease_until = $2 FROM {rows} AS r WHERE jobs.id = r.id
                 RETURNING jobs.id, kind, payload, state, attempts, done_count, total_count, cancel_asked, result, last_error, staff_id, created_at, finished_at"
            ),
            &taken,
            params![worker, now + lease_us],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// Gives jobs back whose worker died: those whose lease ended, and those an earlier life of the same worker had taken.
pub(crate) async fn release(tx: &mut Tx, worker: Option<&str>, now: i64) -> Result<u64, DbError> {
    let sql = sql!(
        "UPDATE jobs SET state = 'ready', worker = NULL, lease_until = NULL WHERE state = 'running' AND (lease_until < $1 OR worker = $2)"
    );
    let released = tx.exec(sql, params![now, worker.unwrap_or("")]).await?;
    if released > 0 {
        tx.wake(SIGNAL);
    }
    Ok(released)
}

pub(crate) async fn keep_lease(tx: &mut Tx, id: i64, worker: &str, until: i64) -> Result<bool, DbError> {
    let sql = sql!("UPDATE jobs SET lease_until = $3 WHERE id = $1 AND worker = $2 AND state = 'running'");
    Ok(tx.exec(sql, params![id, worker, until]).await? == 1)
}

pub(crate) async fn finish(tx: &mut Tx, id: i64, state: JobState, note: (Option<&str>, Option<&str>), now: i64) -> Result<(), DbError> {
    let (result, error) = note;
    let sql = sql!(
        "UPDATE jobs SET state = $2, result = COALESCE($3, result), last_error = $4, finished_at = $5, worker = NULL, lease_until = NULL WHERE id = $1"
    );
    tx.exec(sql, params![id, state.word(), result, error, now]).await?;
    Ok(())
}

pub(crate) async fn postpone(tx: &mut Tx, id: i64, run_at: i64, why: &str) -> Result<(), DbError> {
    let sql = sql!("UPDATE jobs SET state = 'ready', run_at = $2, last_error = $3, worker = NULL, lease_until = NULL WHERE id = $1");
    tx.exec(sql, params![id, run_at, why]).await?;
    tx.wake(SIGNAL);
    Ok(())
}

pub(crate) async fn report(tx: &mut Tx, id: i64, done: i64, total: Option<i64>) -> Result<bool, DbError> {
    let sql = sql!("UPDATE jobs SET done_count = $2, total_count = $3 WHERE id = $1 RETURNING cancel_asked");
    tx.find(sql, params![id, done, total]).await?.map_or(Ok(false), |row| row.at(0))
}

/// When the job with this unique key last ended; `None` when it never ran.
pub(crate) async fn last_end(tx: &mut Tx, unique_key: &str) -> Result<Option<i64>, DbError> {
    let row = tx.find(sql!("SELECT max(created_at) AS at FROM jobs WHERE unique_key = $1"), params![unique_key]).await?;
    row.map_or(Ok(None), |row| row.get("at"))
}

pub(crate) async fn put_cron(tx: &mut Tx, bench: &Bench, kind: &'static str, key: &str) -> Result<(), DbError> {
    let (id, now) = (bench.ids.next(), bench.clock.now());
    let mut row = Relation::new(&[
        ("id", Column::Int),
        ("kind", Column::Text),
        ("payload", Column::Text),
        ("state", Column::Text),
        ("run_at", Column::Int),
        ("attempts", Column::Int),
        ("unique_key", Column::Text),
        ("done_count", Column::Int),
        ("cancel_asked", Column::Bool),
        ("created_at", Column::Int),
    ]);
    row.push(vec![
        id.into(),
        kind.into(),
        "{}".into(),
        "ready".into(),
        now.into(),
        0_i64.into(),
        key.into(),
        0_i64.into(),
        false.into(),
        now.into(),
    ]);
    tx.insert("jobs", &row, Conflict::Fail).await?;
    tx.wake(SIGNAL);
    Ok(())
}

/// Drops the record of ended jobs older than `before`.
pub(crate) async fn prune(tx: &mut Tx, before: i64) -> Result<u64, DbError> {
    tx.exec(
        sql!("DELETE FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < $1 AND unique_key LIKE 'cron:%'"),
        params![before],
    )
    .await
}
