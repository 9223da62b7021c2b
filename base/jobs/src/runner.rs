//! The workers: they claim due jobs, keep their leases, retry with patience and repeat what is to be repeated.

use std::sync::Arc;
use std::time::Duration;

use attune_db::DbError;
use attune_kernel::{DAY_US, Fault, SECOND_US};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::queue::{self, Job, JobState};
use crate::{Bench, BoxFuture, SIGNAL};

/// A worker that is silent for this long has died.
const LEASE_US: i64 = 60 * SECOND_US;
/// The longest wait between two tries.
const LONGEST_WAIT_US: i64 = 3_600 * SECOND_US;

/// How a job came out.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It is done; the JSON is its result.
    Done(Option<serde_json::Value>),
    /// It wants to be run again after so many µs.
    Retry(i64, String),
    /// Trying again is no use.
    GiveUp(String),
    /// It stopped because it was asked to; the JSON says how far it came.
    Cancelled(Option<serde_json::Value>),
}

/// The work of a kind of job.
pub trait Run: Send + Sync {
    /// Does the work. A fault is retried with growing waits, up to [`JobDef::max_attempts`].
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>>;
}

/// A kind of job.
#[derive(Clone)]
pub struct JobDef {
    /// `room.verb_noun`.
    pub kind: &'static str,
    /// How often it is started before it is given up.
    pub max_attempts: i64,
    /// The work.
    pub run: Arc<dyn Run>,
}

/// A job that repeats.
#[derive(Clone, Copy, Debug)]
pub struct Cron {
    /// The kind to put.
    pub kind: &'static str,
    /// µs between two starts.
    pub every_us: i64,
}

/// What a running job may ask and tell.
pub struct JobContext {
    /// The store, the time and fresh ids.
    pub bench: Bench,
    /// The job as it was claimed.
    pub job: Job,
    /// The process is stopping: end at the next safe point with [`Verdict::Retry`].
    pub stop: CancellationToken,
}

impl JobContext {
    /// Tells how far the job is; answers whether somebody wants it to stop.
    pub async fn progress(&self, done: i64, total: Option<i64>) -> Result<bool, DbError> {
        let mut tx = self.bench.db.begin().await?;
        let asked = queue::report(&mut tx, self.job.id, done, total).await?;
        tx.wake("progress");
        tx.commit().await?;
        Ok(asked)
    }
}

/// The workers of this process.
#[derive(Clone)]
pub struct Runner {
    bench: Bench,
    worker: Arc<str>,
    defs: Arc<Vec<JobDef>>,
    crons: Arc<Vec<Cron>>,
    slots: Arc<Semaphore>,
    all_slots: u32,
}

impl Runner {
    /// `worker` names this process among all that share the store; `slots` jobs run at a time.
    pub fn new(bench: Bench, worker: &str, defs: Vec<JobDef>, crons: Vec<Cron>, slots: usize) -> Self {
        Self {
            bench,
            worker: worker.into(),
            defs: Arc::new(defs),
            crons: Arc::new(crons),
            slots: Arc::new(Semaphore::new(slots.max(1))),
            all_slots: u32::try_from(slots.max(1)).unwrap_or(u32::MAX),
        }
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken) {
        if let Err(fault) = self.release(Some(&self.worker)).await {
            tracing::error!(%fault, "jobs of an earlier life were not taken back");
        }
        let mut signal = self.bench.db.listen(SIGNAL);
        while !stop.is_cancelled() {
            signal.mark_unchanged();
            let claimed = self.round(stop).await.unwrap_or_else(|fault| {
                tracing::error!(%fault, "due jobs were not claimed");
                0
            });
            if claimed == 0 {
                tokio::select! { _ = signal.changed() => {}, () = tokio::time::sleep(Duration::from_secs(1)) => {}, () = stop.cancelled() => {} }
            }
        }
        // Every slot is free again when the last running job has come to its next safe point.
        let _ = tokio::time::timeout(Duration::from_secs(10), self.slots.acquire_many(self.all_slots)).await;
    }

    /// Runs due jobs one after the other until none is due; for tests and one-shot commands.
    pub async fn settle(&self) -> Result<usize, Fault> {
        let stop = CancellationToken::new();
        let mut ran = 0;
        loop {
            let jobs = self.claim(1).await?;
            if jobs.is_empty() {
                return Ok(ran);
            }
            for job in jobs {
                self.work(job, &stop).await;
                ran += 1;
            }
        }
    }

    async fn round(&self, stop: &CancellationToken) -> Result<usize, Fault> {
        self.release(None).await?;
        self.repeat().await?;
        let free = i64::try_from(self.slots.available_permits()).unwrap_or(1);
        if free == 0 {
            return Ok(0);
        }
        let jobs = self.claim(free).await?;
        let count = jobs.len();
        for job in jobs {
            let Ok(slot) = self.slots.clone().acquire_owned().await else { break };
            let (this, stop) = (self.clone(), stop.clone());
            tokio::spawn(async move {
                this.work(job, &stop).await;
                drop(slot);
            });
        }
        Ok(count)
    }

    async fn claim(&self, limit: i64) -> Result<Vec<Job>, Fault> {
        let kinds: Vec<&str> = self.defs.iter().map(|d| d.kind).collect();
        let now = self.bench.clock.now();
        let mut look = self.bench.db.read().await?;
        if look
            .find(attune_db::sql!("SELECT id FROM jobs WHERE state = 'ready' AND run_at <= $1 LIMIT 1"), attune_db::params![now])
            .await?
            .is_none()
        {
            return Ok(Vec::new());
        }
        drop(look);
        let mut tx = self.bench.db.begin().await?;
        let jobs = queue::claim(&mut tx, &kinds, &self.worker, now, LEASE_US, limit).await?;
        tx.commit().await?;
        Ok(jobs)
    }

    async fn release(&self, worker: Option<&str>) -> Result<(), Fault> {
        let now = self.bench.clock.now();
        let mut look = self.bench.db.read().await?;
        let sql = attune_db::sql!("SELECT count(*) FROM jobs WHERE state = 'running' AND (lease_until < $1 OR worker = $2)");
        if look.count(sql, attune_db::params![now, worker.unwrap_or("")]).await? == 0 {
            return Ok(());
        }
        drop(look);
        let mut tx = self.bench.db.begin().await?;
        queue::release(&mut tx, worker, now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn repeat(&self) -> Result<(), Fault> {
        let now = self.bench.clock.now();
        for cron in self.crons.iter() {
            let key = format!("cron:{}", cron.kind);
            let mut look = self.bench.db.read().await?;
            let last = queue::last_end(&mut look, &key).await?;
            drop(look);
            if last.is_some_and(|at| at + cron.every_us > now) {
                continue;
            }
            let mut tx = self.bench.db.begin().await?;
            queue::prune(&mut tx, now - DAY_US).await?;
            match queue::put_cron(&mut tx, &self.bench, cron.kind, &key).await {
                Ok(()) => tx.commit().await?,
                // It still runs, or another node was faster.
                Err(DbError::Unique(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn work(&self, job: Job, stop: &CancellationToken) {
        let Some(def) = self.defs.iter().find(|d| d.kind == job.kind) else { return };
        let context = JobContext { bench: self.bench.clone(), job, stop: stop.clone() };
        let payload = context.job.payload.clone();
        let run = std::panic::AssertUnwindSafe(def.run.run(&context, &payload));
        let outcome = tokio::select! {
            done = futures::FutureExt::catch_unwind(run) => done.unwrap_or_else(|_| Err(Fault::new("the job panicked"))),
            () = self.keep_lease(context.job.id) => Err(Fault::new("the lease was lost")),
        };
        if let Err(fault) = self.settle_outcome(def, &context.job, outcome).await {
            tracing::error!(job = context.job.id, kind = def.kind, %fault, "the end of a job was not written; its lease will run out");
        }
    }

    async fn keep_lease(&self, id: i64) {
        loop {
            tokio::time::sleep(Duration::from_secs(15)).await;
            let Ok(mut tx) = self.bench.db.begin().await else { continue };
            let kept = queue::keep_lease(&mut tx, id, &self.worker, self.bench.clock.now() + LEASE_US).await;
            if matches!(kept, Ok(false)) {
                return;
            }
            let _ = tx.commit().await;
        }
    }

    async fn settle_outcome(&self, def: &JobDef, job: &Job, outcome: Result<Verdict, Fault>) -> Result<(), DbError> {
        let now = self.bench.clock.now();
        let mut tx = self.bench.db.begin().await?;
        match outcome {
            Ok(Verdict::Done(result)) => {
                let text = result.map(|r| r.to_string());
                queue::finish(&mut tx, job.id, JobState::Done, (text.as_deref(), None), now).await?;
            }
            Ok(Verdict::Cancelled(result)) => {
                let text = result.map(|r| r.to_string());
                queue::finish(&mut tx, job.id, JobState::Cancelled, (text.as_deref(), None), now).await?;
            }
            Ok(Verdict::GiveUp(why)) => queue::finish(&mut tx, job.id, JobState::Failed, (None, Some(&why)), now).await?,
            Ok(Verdict::Retry(after_us, why)) => queue::postpone(&mut tx, job.id, now + after_us, &why).await?,
            Err(fault) if job.attempts >= def.max_attempts => {
                tracing::error!(job = job.id, kind = def.kind, %fault, "a job was given up");
                queue::finish(&mut tx, job.id, JobState::Failed, (None, Some(&fault.to_string())), now).await?;
            }
            Err(fault) => {
                let wait = (SECOND_US << job.attempts.clamp(0, 12)).min(LONGEST_WAIT_US);
                tracing::warn!(job = job.id, kind = def.kind, %fault, wait_us = wait, "a job failed and will be tried again");
                queue::postpone(&mut tx, job.id, now + wait, &fault.to_string()).await?;
            }
        }
        tx.wake("progress");
        tx.commit().await
    }
}
