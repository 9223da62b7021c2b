//! The run: class by class, batch by batch; it can be stopped, goes on where it was interrupted, and leaves a receipt.

use std::sync::Arc;

use attune_db::{DbError, Tx};
use attune_house::{BoxFuture, StorageClass, StoragePart};
use attune_jobs::{Bench, Cron, JobContext, JobDef, Run as Work, Verdict};
use attune_kernel::{DAY_US, Fault};
use attune_record::audit;
use attune_web::Actor;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::class::{CONTACTS, UNKNOWN};
use super::{Line, Run, RunId, rules, store};
use crate::contact::{self, By};
use crate::erasure::{self, Traces};
use crate::import::jobs::Tables;
use crate::stitching;

pub(super) const KIND: &str = "identify.retain";
/// The key under which the daily run is put too: two never go on beside each other.
pub(super) const ONE_AT_A_TIME: &str = "cron:identify.retain";

/// The kinds of jobs of this noun.
pub(crate) fn defs(tables: &Tables) -> [JobDef; 1] {
    [JobDef { kind: KIND, max_attempts: 20, run: Arc::new(Retain(tables.clone())) }]
}

/// Once a day.
pub(crate) fn cron() -> Cron {
    Cron { kind: KIND, every_us: DAY_US }
}

/// What the job is given.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Wanted {
    /// Who asked for the run.
    #[serde(default)]
    pub(super) by: String,
}

struct Retain(Tables);

impl Work for Retain {
    fn run<'a>(&'a self, context: &'a JobContext, _: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Some(traces) = self.0.traces() else { return Ok(Verdict::Done(None)) };
            let Some(run) = open(context, self.0.storage()).await? else { return Ok(Verdict::Done(None)) };
            let mut going = Going { context, traces, quiet: self.0.quiet(), classes: self.0.storage(), run };
            for at in 0..going.run.lines.len() {
                match going.class(at).await? {
                    Step::On => {}
                    Step::Stopping => return Ok(Verdict::Retry(0, "the server is stopping; what was removed is gone".to_owned())),
                    Step::Asked => {
                        going.close("cancelled").await?;
                        return Ok(Verdict::Cancelled(Some(json!({ "run": going.run.id, "rows": going.run.rows() }))));
                    }
                }
            }
            going.close("done").await?;
            Ok(Verdict::Done(Some(json!({ "run": going.run.id, "rows": going.run.rows() }))))
        })
    }
}

/// The run this job began before it was interrupted, or a new one with the limits of this moment; nothing when no class has one.
async fn open(context: &JobContext, classes: &[StorageClass]) -> Result<Option<Run>, Fault> {
    let bench = &context.bench;
    close_left(context).await?;
    let mut tx = bench.db.read().await?;
    let now = bench.clock.now();
    let set: Vec<_> = rules(&mut tx, classes).await?.into_iter().filter(|rule| rule.days > 0).collect();
    if let Some(run) = store::find_by_job(&mut tx, context.job.id).await? {
        return Ok(Some(run));
    }
    if set.is_empty() {
        return Ok(None);
    }
    drop(tx);
    let Wanted { by: staff_name } = serde_json::from_str(&context.job.payload).unwrap_or_default();
    let line = |rule: &super::Rule| Line { class: rule.class.key.to_owned(), days: rule.days, until: rule.until(now), rows: 0 };
    let lines = set.iter().map(line).collect();
    let id = RunId(bench.ids.next());
    let run = Run { id, job_id: context.job.id, state: "running".to_owned(), staff_name, lines, started_at: now, finished_at: None };
    let mut tx = bench.db.begin().await?;
    store::insert(&mut tx, &run).await?;
    tx.commit().await?;
    Ok(Some(run))
}

/// Closes runs whose job was given up: nobody else would.
async fn close_left(context: &JobContext) -> Result<(), Fault> {
    let bench = &context.bench;
    let left = store::list_left(&mut bench.db.read().await?, context.job.id).await?;
    if left.is_empty() {
        return Ok(());
    }
    let mut tx = bench.db.begin().await?;
    for mut run in left {
        close(&mut tx, bench, &mut run, "cancelled").await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The receipt is whole; it is on record too.
pub(super) async fn close(tx: &mut Tx, bench: &Bench, run: &mut Run, state: &str) -> Result<(), DbError> {
    let now = bench.clock.now();
    run.state = state.to_owned();
    run.finished_at = Some(now);
    store::save(tx, run).await?;
    let told = Some(json!({ "state": state, "lines": run.lines }));
    audit::note(tx, &bench.ids, now, &Actor::system(), "retention.ran", "retention", run.id.0, None, told).await
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    On,
    /// The process stops.
    Stopping,
    /// Somebody asked for it to end.
    Asked,
}

struct Going<'a> {
    context: &'a JobContext,
    traces: Traces<'a>,
    /// The events that are no deeds of people.
    quiet: &'a [&'static str],
    /// The classes of every room.
    classes: &'a [StorageClass],
    run: Run,
}

impl Going<'_> {
    async fn class(&mut self, at: usize) -> Result<Step, Fault> {
        let Some(line) = self.run.lines.get(at).cloned() else { return Ok(Step::On) };
        let Some(class) = self.classes.iter().find(|class| class.key == line.class) else { return Ok(Step::On) };
        if class.key == CONTACTS {
            let step = self.people(at, line.until).await?;
            if self.run.lines.get(at).is_some_and(|line| line.rows > 0) {
                erasure::put_job_anyway(&self.context.bench).await?;
            }
            return Ok(step);
        }
        for part in class.parts {
            let step = self.part(at, class, part, line.until).await?;
            if step != Step::On {
                return Ok(step);
            }
        }
        Ok(Step::On)
    }

    /// Walks the rows of a part. They are looked for beside the writer, who only removes them: a log is long.
    async fn part(&mut self, at: usize, class: &StorageClass, part: &StoragePart, until: i64) -> Result<Step, Fault> {
        let db = &self.context.bench.db;
        let mut behind = i64::MIN;
        loop {
            let step = self.tell().await?;
            if step != Step::On {
                return Ok(step);
            }
            let keys = store::next_keys(&mut db.read().await?, part, until, behind).await?;
            let Some(last) = keys.last().copied() else { return Ok(Step::On) };
            let mut tx = db.begin().await?;
            let gone = store::remove(&mut tx, part, until, &keys).await?;
            if class.key == UNKNOWN {
                stitching::next_epoch(&mut tx).await?;
            }
            self.add(at, gone);
            store::save(&mut tx, &self.run).await?;
            tx.commit().await?;
            behind = last;
        }
    }

    /// Erases people past their time, as if each had asked for it.
    async fn people(&mut self, at: usize, until: i64) -> Result<Step, Fault> {
        let bench = &self.context.bench;
        let (mut behind, actor) = (0, Actor::system());
        loop {
            let step = self.tell().await?;
            if step != Step::On {
                return Ok(step);
            }
            let found = store::next_people(&mut bench.db.read().await?, until, self.quiet, behind).await?;
            let Some(last) = found.last().copied() else { return Ok(Step::On) };
            let mut tx = bench.db.begin().await?;
            contact::hold(&mut tx, &found).await?;
            let found = store::still_past(&mut tx, until, self.quiet, &found).await?;
            behind = last;
            if found.is_empty() {
                continue;
            }
            let people = erasure::with_merged(&mut tx, found.clone()).await?;
            contact::hold(&mut tx, &people).await?;
            let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
            erasure::erase(&mut tx, &by, self.traces, &people).await?;
            let receipt = json!({ "receipt": self.run.id });
            let trail = people.iter().map(|id| (*id, None, Some(receipt.clone()))).collect();
            audit::note_many(&mut tx, by.ids, by.now, by.actor, ("contact.erased", "contact"), trail).await?;
            erasure::put_job(&mut tx, bench).await?;
            self.add(at, found.len() as u64);
            store::save(&mut tx, &self.run).await?;
            erasure::tell(&mut tx, by.now, people.len(), receipt).await?;
            tx.commit().await?;
        }
    }

    fn add(&mut self, at: usize, rows: u64) {
        if let Some(line) = self.run.lines.get_mut(at) {
            line.rows += i64::try_from(rows).unwrap_or(0);
        }
    }

    async fn tell(&self) -> Result<Step, Fault> {
        if self.context.stop.is_cancelled() {
            return Ok(Step::Stopping);
        }
        // To know how many there are in all would be a second walk over everything.
        let asked = self.context.progress(self.run.rows(), None).await?;
        Ok(if asked { Step::Asked } else { Step::On })
    }

    async fn close(&mut self, state: &str) -> Result<(), Fault> {
        let bench = &self.context.bench;
        let mut tx = bench.db.begin().await?;
        close(&mut tx, bench, &mut self.run, state).await?;
        tx.commit().await?;
        Ok(())
    }
}
