//! Making the store forget the bytes of what was erased.

use std::sync::Arc;

use attune_db::Tx;
use attune_house::BoxFuture;
use attune_jobs::{Bench, JobContext, JobDef, JobSpec, Run, Verdict};
use attune_kernel::{Fault, SECOND_US};

use super::store;

const KIND: &str = "identify.forget_deleted";
/// How long it waits, so that whoever follows the log has let go of the person too: figures are counted anew a few seconds later.
const PATIENCE_US: i64 = 15 * SECOND_US;
/// How soon it is tried again while somebody reads what is to be written anew.
const AGAIN_US: i64 = 2 * SECOND_US;

/// The kind of job.
pub(crate) fn def() -> JobDef {
    JobDef { kind: KIND, max_attempts: 50, run: Arc::new(Forget) }
}

/// Puts the job, unless one waits already.
pub(crate) async fn put_job(tx: &mut Tx, bench: &Bench) -> Result<(), Fault> {
    let spec = JobSpec::new(KIND, serde_json::json!({})).unique(KIND).at(bench.clock.now() + PATIENCE_US);
    attune_jobs::put(tx, bench, spec).await?;
    Ok(())
}

/// Puts a job even while another one runs. For people who leave no receipt that waits: one that runs already may have begun before they went, and
/// nothing else would tell that their bytes are still there. One that has not begun does: the store is not written anew twice.
pub(crate) async fn put_job_anyway(bench: &Bench) -> Result<(), Fault> {
    let mut tx = bench.db.begin().await?;
    if !store::has_unbegun(&mut tx, KIND).await? {
        attune_jobs::put(&mut tx, bench, JobSpec::new(KIND, serde_json::json!({})).at(bench.clock.now() + PATIENCE_US)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Puts the job when somebody was erased in the moment in which the last one ended.
pub(crate) async fn put_job_if_waiting(bench: &Bench) -> Result<(), Fault> {
    let mut tx = bench.db.begin().await?;
    if store::has_waiting(&mut tx).await? {
        put_job(&mut tx, bench).await?;
    }
    tx.commit().await?;
    Ok(())
}

struct Forget;

impl Run for Forget {
    fn run<'a>(&'a self, context: &'a JobContext, _: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let bench = &context.bench;
            // Who is erased from now on may be forgotten only by the next.
            let through = bench.clock.now();
            let journals = attune_events::forget_written(&bench.db).await?;
            if !(bench.db.forget_deleted().await? && journals) {
                return Ok(Verdict::Retry(AGAIN_US, "somebody still reads what is to be written anew".to_owned()));
            }
            let mut tx = bench.db.begin().await?;
            store::note_forgotten(&mut tx, through, bench.clock.now()).await?;
            if store::has_waiting(&mut tx).await? {
                // Erased while the store was written anew: the job is still the only one of its kind, so it runs once more.
                tx.commit().await?;
                return Ok(Verdict::Retry(AGAIN_US, "somebody was erased meanwhile".to_owned()));
            }
            tx.commit().await?;
            Ok(Verdict::Done(None))
        })
    }
}
