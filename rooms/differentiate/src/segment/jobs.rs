//! What keeps segments between events: the reactor, the timers and the job that looks at everybody.

use attune_db::{DbError, Tx, params, sql};
use attune_events::{BoxFuture, Event, React, Spine};
use attune_jobs::{Bench, JobContext, JobSpec, OnDue, Run, Verdict, put};
use attune_kernel::{Fault, HOUR_US};
use serde::{Deserialize, Serialize};

use super::bind::FacetField;
use super::keep::{Index, REACTOR};
use super::store;
use crate::score::jobs::Whose;

/// The job that finds a segment's members.
pub const REFRESH: &str = "differentiate.refresh_segments";
/// Contacts per transaction.
const BATCH: i64 = 2_000;

/// Follows the log, the clock and the jobs for segments.
#[derive(Clone)]
pub struct KeepSegments {
    /// The facets of all rooms.
    pub facets: Vec<FacetField>,
}

impl React for KeepSegments {
    fn heeds<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            if events.iter().any(|event| matches!(event.name.as_ref(), "contact.imported" | "contact.erased")) {
                return Ok(true);
            }
            Ok(!Index::load(tx, &self.facets).await?.work_of(events).is_empty())
        })
    }

    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            for event in events.iter().filter(|event| event.name == "contact.imported") {
                let bench = Bench { db: spine.db.clone(), clock: spine.clock.clone(), ids: spine.ids.clone() };
                let whose = Whose { import_id: event.origin_id, since_at: Some(event.at - HOUR_US) };
                refresh(tx, &bench, None, whose).await?;
            }
            if events.iter().any(|event| event.name == "contact.erased") {
                store::recount(tx).await?;
            }
            let index = Index::load(tx, &self.facets).await?;
            index.settle(tx, &index.work_of(events), spine.clock.now()).await?;
            Ok(())
        })
    }
}

impl OnDue for KeepSegments {
    fn due<'a>(&'a self, _: &'a Bench, tx: &'a mut Tx, keys: &'a [i64], now: i64) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            lock(tx).await?;
            let index = Index::load(tx, &self.facets).await?;
            index.settle(tx, &index.work_of_time(keys), now).await?;
            Ok(())
        })
    }
}

/// Holds the reactor's cursor, so that reactor, timers and jobs never keep members at the same time.
pub(super) async fn lock(tx: &mut Tx) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE event_cursors SET seq = seq WHERE name = $1"), params![REACTOR]).await?;
    Ok(())
}

#[derive(Default, Serialize, Deserialize)]
struct Plan {
    segments: Option<Vec<i64>>,
    #[serde(flatten)]
    whose: Whose,
}

/// Puts the job that looks at contacts anew for these segments (all when nothing); answers its id.
pub(crate) async fn refresh(tx: &mut Tx, bench: &Bench, segments: Option<Vec<i64>>, whose: Whose) -> Result<i64, DbError> {
    let plan = serde_json::to_value(Plan { segments, whose }).unwrap_or_default();
    put(tx, bench, JobSpec::new(REFRESH, plan)).await
}

impl Run for KeepSegments {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let plan: Plan = serde_json::from_str(payload)?;
            let db = &context.bench.db;
            let total = plan.whose.count(&mut db.read().await?).await?;
            let (mut after, mut done, mut moved) = (i64::MIN, 0, 0);
            loop {
                let mut tx = db.begin_turn(db.turn().await).await?;
                lock(&mut tx).await?;
                let index = Index::load(&mut tx, &self.facets).await?;
                let contacts = plan.whose.page(&mut tx, after, BATCH).await?;
                let now = context.bench.clock.now();
                let Some(last) = contacts.last().copied() else {
                    let filled = plan.segments.clone().unwrap_or_else(|| index.ids());
                    store::set_filled(&mut tx, &filled, now).await?;
                    tx.commit().await?;
                    break;
                };
                moved += index.settle(&mut tx, &index.work_of_all(&contacts, plan.segments.as_deref()), now).await?;
                tx.commit().await?;
                after = last;
                done += i64::try_from(contacts.len()).unwrap_or(0);
                let asked = context.progress(done, Some(total.max(done))).await?;
                if asked {
                    return Ok(Verdict::Cancelled(Some(serde_json::json!({ "contacts": done, "moved": moved }))));
                }
                if context.stop.is_cancelled() {
                    return Ok(Verdict::Retry(0, "the process stops".to_owned()));
                }
            }
            Ok(Verdict::Done(Some(serde_json::json!({ "contacts": done, "moved": moved }))))
        })
    }
}
