//! Renewing the words people are found by when companies with many people went or came back.

use std::sync::Arc;

use attune_db::Tx;
use attune_house::BoxFuture;
use attune_jobs::{Bench, JobContext, JobDef, JobSpec, Run, Verdict, put};
use attune_kernel::Fault;
use serde::{Deserialize, Serialize};

use crate::contact::{REINDEXED, reindex_some};

const KIND: &str = "identify.renew_company_words";

/// The kind of job.
pub(crate) fn def() -> JobDef {
    JobDef { kind: KIND, max_attempts: 20, run: Arc::new(Renew) }
}

#[derive(Debug, Deserialize, Serialize)]
struct Payload {
    companies: Vec<i64>,
    behind: i64,
}

/// Renews the words of these companies' people: of a few at once, of the others by a job.
pub(super) async fn renew(tx: &mut Tx, bench: &Bench, companies: &[i64]) -> Result<(), Fault> {
    let (people, behind) = reindex_some(tx, companies, 0).await?;
    if people < REINDEXED {
        return Ok(());
    }
    let payload = serde_json::to_value(Payload { companies: companies.to_vec(), behind })?;
    put(tx, bench, JobSpec::new(KIND, payload)).await?;
    Ok(())
}

struct Renew;

impl Run for Renew {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Payload { companies, mut behind } = serde_json::from_str(payload)?;
            let (db, mut done) = (&context.bench.db, 0);
            loop {
                if context.stop.is_cancelled() {
                    return Ok(Verdict::Retry(0, "the server is stopping; what was renewed is".to_owned()));
                }
                let mut tx = db.begin_turn(db.turn().await).await?;
                let (people, last) = reindex_some(&mut tx, &companies, behind).await?;
                tx.commit().await?;
                behind = last;
                done += people;
                if people < REINDEXED {
                    return Ok(Verdict::Done(Some(serde_json::json!({ "people": done }))));
                }
                context.progress(i64::try_from(done).unwrap_or(0), None).await?;
            }
        })
    }
}
