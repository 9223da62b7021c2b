//! Telling the rooms what became of a tag, record by record in batches, because everybody may have it.

use std::sync::Arc;

use attune_db::{DbError, Tx};
use attune_events::append;
use attune_house::BoxFuture;
use attune_jobs::{Bench, JobContext, JobDef, JobSpec, Run, Verdict, put};
use attune_kernel::Fault;
use attune_web::Actor;
use serde::{Deserialize, Serialize};

use super::list_store::{self, State};
use super::{Deed, TagId};
use crate::company;
use crate::contact::{self, By};
use crate::field::Subject;

/// The kind of job.
const TELL: &str = "identify.tell_tag";
/// Records in one transaction.
const BATCH: i64 = 2_000;

/// The kinds of jobs of this noun.
pub(super) fn defs() -> Vec<JobDef> {
    vec![JobDef { kind: TELL, max_attempts: 20, run: Arc::new(Tell) }]
}

/// What became of the tag.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Telling {
    /// It has other names, or became part of another.
    Renamed,
    /// Nobody has it any more.
    Gone,
    /// Everybody who had it has it again.
    Back,
}

impl Telling {
    fn event(self, subject: Subject) -> &'static str {
        match (subject, self) {
            (Subject::Contact, Self::Renamed) => "contact.tag_renamed",
            (Subject::Company, Self::Renamed) => "company.tag_renamed",
            (_, Self::Gone) => Deed::Remove.event(subject),
            (_, Self::Back) => Deed::Add.event(subject),
        }
    }

    /// Whether it is still so.
    fn holds(self, state: &State) -> bool {
        match self {
            Self::Renamed | Self::Back => state.is_alive(),
            Self::Gone => state.deleted_at.is_some(),
        }
    }
}

#[derive(Debug, Deserialize, Serialize)]
struct Payload {
    tag_id: i64,
    telling: Telling,
}

/// Puts the job.
pub(super) async fn put_tell(tx: &mut Tx, bench: &Bench, staff_id: i64, tag: TagId, telling: Telling) -> Result<(), Fault> {
    let payload = serde_json::to_value(Payload { tag_id: tag.0, telling })?;
    put(tx, bench, JobSpec::new(TELL, payload).by(staff_id)).await?;
    Ok(())
}

struct Tell;

impl Run for Tell {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Payload { tag_id, telling } = serde_json::from_str(payload)?;
            let (bench, actor, mut done, mut behind) = (&context.bench, Actor::system(), 0, 0);
            loop {
                if context.stop.is_cancelled() {
                    return Ok(Verdict::Retry(0, "the server is stopping; who was told is told".to_owned()));
                }
                let mut tx = bench.db.begin_turn(bench.db.turn().await).await?;
                let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
                let Some(records) = tell_some(&mut tx, &by, TagId(tag_id), telling, behind).await? else { return Ok(Verdict::Done(None)) };
                tx.commit().await?;
                let Some(last) = records.last() else { return Ok(Verdict::Done(Some(serde_json::json!({ "records": done })))) };
                behind = *last;
                done += i64::try_from(records.len()).unwrap_or(0);
                context.progress(done, None).await?;
            }
        })
    }
}

/// The next records behind `behind` that have it; nothing when something else has become of it since.
async fn tell_some(tx: &mut Tx, by: &By<'_>, id: TagId, telling: Telling, behind: i64) -> Result<Option<Vec<i64>>, DbError> {
    let Some(state) = list_store::find_held(tx, id).await?.filter(|state| telling.holds(state)) else { return Ok(None) };
    let records = list_store::holders(tx, id, behind, BATCH).await?;
    let name = state.tag.name;
    let people = contact::list_by_ids(tx, records.iter().copied()).await?;
    let companies = company::list_by_ids(tx, records.iter().copied()).await?;
    let of_people = people.iter().map(|one| contact::event(by, telling.event(Subject::Contact), one));
    let of_companies = companies.iter().map(|one| company::event(by, telling.event(Subject::Company), one.id));
    append(tx, &mut of_people.chain(of_companies).map(|event| event.subject(name.as_str())).collect::<Vec<_>>()).await?;
    Ok(Some(records))
}
