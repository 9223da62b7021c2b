//! Letting go of deleted files, and of those whose sender broke off, a day later.

use std::sync::Arc;

use attune_house::BoxFuture;
use attune_jobs::{Cron, JobContext, JobDef, Run, Verdict};
use attune_kernel::{DAY_US, Fault};
use attune_record::audit;
use serde_json::json;

use super::store;

const KIND: &str = "identify.prune_files";
/// How long a deleted file can come back, and how long one may take to come in.
const KEPT_US: i64 = DAY_US;
/// Files in one transaction; each may be large.
const BATCH: i64 = 10;

/// The kind of job.
pub(crate) fn def() -> JobDef {
    JobDef { kind: KIND, max_attempts: 3, run: Arc::new(Prune) }
}

/// Twice a day.
pub(crate) fn cron() -> Cron {
    Cron { kind: KIND, every_us: DAY_US / 2 }
}

struct Prune;

impl Run for Prune {
    fn run<'a>(&'a self, context: &'a JobContext, _: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let bench = &context.bench;
            let mut removed = 0;
            while !context.stop.is_cancelled() {
                let mut tx = bench.db.begin().await?;
                let then = bench.clock.now() - KEPT_US;
                let over = store::list_over(&mut tx, then, BATCH).await?;
                if over.is_empty() {
                    break;
                }
                let gone = store::remove_over(&mut tx, then, &over).await?;
                // What they were called goes with them: once the rows are gone, no erasing leads to these lines any more.
                audit::blank(&mut tx, &gone).await?;
                tx.commit().await?;
                removed += gone.len();
            }
            Ok(Verdict::Done(Some(json!({ "removed": removed }))))
        })
    }
}
