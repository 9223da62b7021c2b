//! The jobs that carry an edit out and take it back: batch by batch, so that it can be stopped, and goes on after a crash where it was.

use std::sync::Arc;

use attune_house::BoxFuture;
use attune_jobs::{JobContext, JobDef, Run, Verdict};
use attune_kernel::Fault;
use serde::Deserialize;

use super::{BulkEdit, EditState, store, work};
use crate::contact::By;
use crate::import::jobs::asker;

/// Carries an edit out.
pub(super) const EDIT: &str = "identify.bulk_edit";
/// Takes it back.
pub(super) const UNDO: &str = "identify.undo_bulk_edit";
/// Behind so many tries an edit is given up; what is done can be undone.
const TRIES: i64 = 5;

/// The kinds of jobs of this noun.
pub(super) fn defs() -> Vec<JobDef> {
    vec![
        JobDef { kind: EDIT, max_attempts: TRIES, run: Arc::new(Work { back: false }) },
        JobDef { kind: UNDO, max_attempts: TRIES, run: Arc::new(Work { back: true }) },
    ]
}

#[derive(Deserialize)]
struct Payload {
    edit_id: i64,
}

struct Work {
    /// Whether it is taken back.
    back: bool,
}

impl Run for Work {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Payload { edit_id } = serde_json::from_str(payload)?;
            let (going, end) = self.states();
            match self.go_on(context, edit_id).await {
                Err(fault) if context.job.attempts >= TRIES => {
                    let mut tx = context.bench.db.begin().await?;
                    store::set_state(&mut tx, edit_id, &going, EditState::Failed).await?;
                    tx.commit().await?;
                    Err(fault)
                }
                Ok(Verdict::Done(told)) => {
                    let mut tx = context.bench.db.begin().await?;
                    store::set_state(&mut tx, edit_id, &going, end).await?;
                    tx.wake("progress");
                    tx.commit().await?;
                    Ok(Verdict::Done(told))
                }
                other => other,
            }
        })
    }
}

impl Work {
    /// Where an edit stands while this job works on it, and where behind it.
    fn states(&self) -> (Vec<EditState>, EditState) {
        match self.back {
            true => (vec![EditState::Undoing], EditState::Undone),
            false => (vec![EditState::Waiting, EditState::Running], EditState::Done),
        }
    }

    async fn go_on(&self, context: &JobContext, edit_id: i64) -> Result<Verdict, Fault> {
        let (bench, (going, _)) = (&context.bench, self.states());
        let actor = asker(&mut bench.db.read().await?, context.job.staff_id.unwrap_or(0)).await?;
        if context.job.cancel_asked && !self.back {
            // Asked before the server stopped: nothing more is changed.
            return cancelled(context, edit_id, &going).await;
        }
        loop {
            if context.stop.is_cancelled() {
                return Ok(Verdict::Retry(0, "the server is stopping; what was changed is kept".to_owned()));
            }
            let mut tx = bench.db.begin_turn(bench.db.turn().await).await?;
            store::hold(&mut tx, edit_id).await?;
            let Some(edit) = store::find(&mut tx, edit_id, None).await?.filter(|edit| going.contains(&edit.state)) else {
                return Ok(Verdict::Done(None));
            };
            let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
            let seen = if self.back {
                work::undo_some(&mut tx, &by, &edit).await?
            } else {
                store::set_state(&mut tx, edit_id, &[EditState::Waiting], EditState::Running).await?;
                work::edit_some(&mut tx, &by, &edit).await?
            };
            tx.commit().await?;
            if seen == 0 {
                return Ok(Verdict::Done(None));
            }
            let (done, total) = progress(&edit, self.back);
            if context.progress(done + i64::try_from(seen).unwrap_or(0), Some(total)).await? && !self.back {
                return cancelled(context, edit_id, &going).await;
            }
        }
    }
}

/// Ends an edit that somebody asked to end.
async fn cancelled(context: &JobContext, edit_id: i64, going: &[EditState]) -> Result<Verdict, Fault> {
    let mut tx = context.bench.db.begin().await?;
    store::set_state(&mut tx, edit_id, going, EditState::Cancelled).await?;
    tx.wake("progress");
    tx.commit().await?;
    Ok(Verdict::Cancelled(None))
}

/// How far an edit, or the taking back of it, is.
pub(super) fn progress(edit: &BulkEdit, back: bool) -> (i64, i64) {
    let counts = &edit.counts;
    match back {
        true => (counts.restored + counts.kept, counts.changed),
        false => (counts.changed + counts.same + counts.refused, counts.total),
    }
}
