//! Removing the values of a field that was deleted: batch by batch, because everybody may have one.

use std::sync::Arc;

use attune_house::BoxFuture;
use attune_jobs::{JobContext, JobDef, Run, Verdict};
use attune_kernel::Fault;
use serde::{Deserialize, Serialize};

use super::store;
use crate::contact;

/// The kind of job.
pub(crate) const DELETE: &str = "identify.delete_field";
/// People in one transaction.
const BATCH: i64 = 2_000;

/// The kinds of jobs of this noun.
pub(crate) fn defs() -> Vec<JobDef> {
    vec![JobDef { kind: DELETE, max_attempts: 20, run: Arc::new(Delete) }]
}

/// What the job is given.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Payload {
    pub(super) field_id: i64,
}

struct Delete;

impl Run for Delete {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Payload { field_id } = serde_json::from_str(payload)?;
            let (db, mut done) = (&context.bench.db, 0);
            loop {
                if context.stop.is_cancelled() {
                    return Ok(Verdict::Retry(0, "the server is stopping; what was removed is gone".to_owned()));
                }
                let mut tx = db.begin_turn(db.turn().await).await?;
                let Some(key) = store::hidden_key(&mut tx, field_id).await? else { return Ok(Verdict::Done(None)) };
                let holders = store::holders(&mut tx, field_id, BATCH).await?;
                let mut people = contact::list_by_ids(&mut tx, holders.iter().copied()).await?;
                if people.is_empty() {
                    store::remove(&mut tx, field_id).await?;
                    tx.commit().await?;
                    return Ok(Verdict::Done(Some(serde_json::json!({ "contacts": done }))));
                }
                for person in &mut people {
                    person.fields.remove(&key);
                }
                let fields = store::list(&mut tx).await?;
                contact::update(&mut tx, &people, &fields).await?;
                tx.commit().await?;
                done += i64::try_from(people.len()).unwrap_or(0);
                context.progress(done, None).await?;
            }
        })
    }
}
