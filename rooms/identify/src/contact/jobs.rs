//! Erasing for good who was deleted 30 days ago, what is left of tags that were, and what bulk edits of before replaced.

use std::sync::Arc;

use attune_db::{DbError, Tx, params, sql};
use attune_house::BoxFuture;
use attune_jobs::{Cron, JobContext, JobDef, Run, Verdict};
use attune_kernel::{DAY_US, Fault};
use attune_record::audit;
use attune_web::Actor;

use super::By;
use crate::import::jobs::Tables;
use crate::tag;
use crate::{bulk_edit, erasure};

const KIND: &str = "identify.erase_deleted";
/// How long a deleted contact can come back, and a bulk edit be undone.
pub(crate) const KEPT_US: i64 = 30 * DAY_US;
/// People in one transaction.
const BATCH: i64 = 1_000;

/// The kind of job.
pub(crate) fn def(tables: &Tables) -> JobDef {
    JobDef { kind: KIND, max_attempts: 3, run: Arc::new(Erase(tables.clone())) }
}

/// Once a day.
pub(crate) fn cron() -> Cron {
    Cron { kind: KIND, every_us: DAY_US }
}

struct Erase(Tables);

impl Run for Erase {
    fn run<'a>(&'a self, context: &'a JobContext, _payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Some(traces) = self.0.traces() else { return Ok(Verdict::Done(None)) };
            let bench = &context.bench;
            let mut erased = 0;
            while !context.stop.is_cancelled() {
                let mut tx = bench.db.begin().await?;
                let now = bench.clock.now();
                let people = list_overdue(&mut tx, now - KEPT_US).await?;
                if people.is_empty() {
                    break;
                }
                let people = erasure::with_merged(&mut tx, people).await?;
                let by = By { actor: &Actor::system(), now, ids: &bench.ids };
                erasure::erase(&mut tx, &by, traces, &people).await?;
                let trail = people.iter().map(|id| (*id, None, None)).collect();
                audit::note_many(&mut tx, &bench.ids, now, by.actor, ("contact.erased", "contact"), trail).await?;
                erasure::tell(&mut tx, now, people.len(), serde_json::json!({})).await?;
                tx.commit().await?;
                erased += people.len();
            }
            if erased > 0 {
                erasure::put_job_anyway(bench).await?;
            }
            while !context.stop.is_cancelled() {
                let mut tx = bench.db.begin().await?;
                let before = bench.clock.now() - KEPT_US;
                let more = tag::purge(&mut tx, before, 10 * BATCH).await? || bulk_edit::purge(&mut tx, before, 10 * BATCH).await?;
                tx.commit().await?;
                if !more {
                    break;
                }
            }
            // In case a receipt waits that no job was put for.
            erasure::put_job_if_waiting(bench).await?;
            Ok(Verdict::Done(Some(serde_json::json!({ "erased": erased }))))
        })
    }
}

async fn list_overdue(tx: &mut Tx, before: i64) -> Result<Vec<i64>, DbError> {
    let rows = tx
        .rows(
            sql!(
                "SELECT id FROM contacts WHERE deleted_at IS NOT NULL AND deleted_at < $1 AND merged_into IS NULL
                   AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = contacts.id) ORDER BY deleted_at LIMIT $2"
            ),
            params![before, BATCH],
        )
        .await?;
    rows.iter().map(|row| row.at(0)).collect()
}
