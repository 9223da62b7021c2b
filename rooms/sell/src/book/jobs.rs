//! The jobs that hand a book over and take it back: batch by batch, so that it can be stopped, and goes on after a crash where it was.

use std::sync::Arc;

use attune_identify::staff;
use attune_jobs::{BoxFuture, JobContext, JobDef, Run, Verdict};
use attune_kernel::Fault;
use attune_web::Actor;
use serde::Deserialize;

use super::{Book, count_rows, move_batch, plan, store};

pub(super) const HAND_OVER: &str = "sell.hand_over_book";
pub(super) const GIVE_BACK: &str = "sell.give_book_back";

/// The jobs of this noun.
pub(crate) fn jobs() -> Vec<JobDef> {
    vec![
        JobDef { kind: HAND_OVER, max_attempts: 5, run: Arc::new(MoveBook { back: false }) },
        JobDef { kind: GIVE_BACK, max_attempts: 5, run: Arc::new(MoveBook { back: true }) },
    ]
}

#[derive(Debug, Deserialize)]
struct Payload {
    book_id: i64,
}

struct MoveBook {
    back: bool,
}

impl Run for MoveBook {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Payload { book_id } = serde_json::from_str(payload)?;
            let Some(book) = store::find(&mut context.bench.db.read().await?, book_id).await? else {
                return Ok(Verdict::GiveUp("the hand-over is gone".to_owned()));
            };
            let actor = asker(context).await?;
            if !self.back && !book.is_planned {
                let mut tx = context.bench.db.begin().await?;
                plan(&mut tx, &book, context.bench.clock.now()).await?;
                tx.commit().await?;
            }
            move_all(context, &actor, &book, self.back).await
        })
    }
}

/// On whose behalf the job works.
async fn asker(context: &JobContext) -> Result<Actor, Fault> {
    let staff_id = context.job.staff_id.unwrap_or(0);
    let found = staff::find(&mut context.bench.db.read().await?, staff_id).await?;
    Ok(found.map_or_else(Actor::system, |member| Actor { staff_id, name: member.name, team_id: member.team_id, ..Actor::system() }))
}

async fn move_all(context: &JobContext, actor: &Actor, book: &Book, back: bool) -> Result<Verdict, Fault> {
    let bench = &context.bench;
    let open = if back { "given" } else { "planned" };
    let left = count_rows(&mut bench.db.read().await?, book.id, open).await?;
    let total = context.job.total_count.unwrap_or(left).max(left);
    let mut done = total - left;
    loop {
        if context.progress(done, Some(total)).await? {
            return Ok(Verdict::Cancelled(None));
        }
        if context.stop.is_cancelled() {
            return Ok(Verdict::Retry(0, "the server is stopping; what was moved is kept".to_owned()));
        }
        let mut tx = bench.db.begin().await?;
        let moved = move_batch(&mut tx, &bench.ids, bench.clock.now(), actor, book, back).await?;
        tx.commit().await?;
        if moved == 0 {
            return Ok(Verdict::Done(None));
        }
        done += i64::try_from(moved).unwrap_or(0);
    }
}
