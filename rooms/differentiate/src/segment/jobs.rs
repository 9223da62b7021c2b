//! What keeps segments between events: the reactor, the timers and the job that looks at everybody.

use std::sync::{Arc, PoisonError};

use attune_db::{DbError, Tx, Value, params, sql};
use attune_events::{BoxFuture, Event, React, Spine, append};
use attune_jobs::{Bench, JobContext, JobSpec, OnDue, Run, Verdict, put};
use attune_kernel::{Fault, HOUR_US};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::bind::FacetField;
use super::keep::{Index, REACTOR};
use super::store::{self, Unfilled};
use super::{SegmentId, follow};
use crate::score::jobs::Whose;
use crate::score::{self, Basis};

/// The job that finds a segment's members.
pub const REFRESH: &str = "differentiate.refresh_segments";
/// Contacts per transaction.
const BATCH: i64 = 2_000;

/// Follows the log, the clock and the jobs for segments.
#[derive(Clone)]
pub struct KeepSegments {
    /// The facets of all rooms.
    pub facets: Vec<FacetField>,
    /// Held by the job that finds the members of new rules: one goes through everybody for all of them.
    filling: Arc<Mutex<()>>,
    /// The rules as they were bound last, with what they were bound by.
    bound: Arc<std::sync::Mutex<Option<Held>>>,
}

/// What a bound rule depends on.
type Stamp = (Vec<Value>, Basis);
/// Rules with what they were bound by.
type Held = (Stamp, Arc<Index>);

impl KeepSegments {
    /// One keeper, with what rules may speak of beside fields.
    pub fn new(facets: &[FacetField]) -> Self {
        Self { facets: facets.to_vec(), filling: Arc::default(), bound: Arc::default() }
    }

    /// The live segments with their rules bound, anew only after something has changed: an event that concerns nobody costs no reading of
    /// all rules.
    pub(super) async fn index(&self, tx: &mut Tx) -> Result<Arc<Index>, DbError> {
        let stamp = (store::stamp(tx).await?, score::basis(tx).await?);
        let held = self.bound.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, index)) = held.filter(|(known, _)| *known == stamp) {
            return Ok(index);
        }
        let index = Arc::new(Index::load(tx, &self.facets).await?);
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, index.clone()));
        Ok(index)
    }
}

impl React for KeepSegments {
    fn heeds<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            if events.iter().any(|event| matches!(event.name.as_ref(), "contact.imported" | "contact.erased")) {
                return Ok(true);
            }
            let index = self.index(tx).await?;
            Ok(index.is_overtaken() || index.heeds(events))
        })
    }

    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let bench = Bench { db: spine.db.clone(), clock: spine.clock.clone(), ids: spine.ids.clone() };
            for event in events.iter().filter(|event| event.name == "contact.imported") {
                let whose = Whose { import_id: event.origin_id, since_at: Some(event.at - HOUR_US), companies: Vec::new() };
                refresh(tx, &bench, None, whose).await?;
            }
            if events.iter().any(|event| event.name == "contact.erased") {
                store::recount(tx).await?;
            }
            let index = self.index(tx).await?;
            let anew = index.note_bound(tx).await?;
            if !anew.is_empty() {
                refresh(tx, &bench, Some(anew), Whose::default()).await?;
            }
            let mut work = index.work_of(events);
            follow::add_people(tx, &bench, &index, &mut work).await?;
            index.settle(tx, &work, spine.clock.now()).await?;
            Ok(())
        })
    }
}

impl OnDue for KeepSegments {
    fn due<'a>(&'a self, _: &'a Bench, tx: &'a mut Tx, keys: &'a [i64], now: i64) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            lock(tx).await?;
            let index = self.index(tx).await?;
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
    /// Nothing: all of them, as they are.
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
            if plan.segments.is_none() {
                return self.look_at(context, plan.whose, None).await;
            }
            // Whoever comes next finds that the rules it was put for are done.
            let _filling = self.filling.lock().await;
            let unfilled = store::list_unfilled(&mut context.bench.db.read().await?).await?;
            if !plan.segments.iter().flatten().any(|id| unfilled.iter().any(|other| other.id == *id)) {
                return Ok(Verdict::Done(Some(serde_json::json!({ "contacts": 0, "moved": 0 }))));
            }
            self.look_at(context, plan.whose, Some(&unfilled)).await
        })
    }
}

impl KeepSegments {
    /// Looks at contacts anew, for these segments or for all.
    async fn look_at(&self, context: &JobContext, whose: Whose, segments: Option<&[Unfilled]>) -> Result<Verdict, Fault> {
        let db = &context.bench.db;
        let ids: Option<Vec<i64>> = segments.map(|segments| segments.iter().map(|segment| segment.id).collect());
        let new = || segments.unwrap_or_default().iter().filter(|segment| segment.is_new).map(|segment| segment.id);
        let total = whose.count(&mut db.read().await?).await?;
        let (mut after, mut done, mut moved) = (i64::MIN, 0, 0);
        loop {
            let mut tx = db.begin_turn(db.turn().await).await?;
            // A score that is being kept at this moment may not know yet that a new segment watches it.
            score::react::lock(&mut tx).await?;
            lock(&mut tx).await?;
            let index = self.index(&mut tx).await?;
            let contacts = whose.page(&mut tx, after, BATCH).await?;
            let now = context.bench.clock.now();
            let Some(last) = contacts.last().copied() else {
                let filled: Vec<(i64, i64)> = segments.unwrap_or_default().iter().map(|one| (one.id, one.updated_at)).collect();
                // Another node may have been faster.
                let left: Vec<i64> = store::list_unfilled(&mut tx).await?.iter().map(|segment| segment.id).collect();
                store::set_filled(&mut tx, &filled, now).await?;
                let found = store::member_counts(&mut tx, new().filter(|id| left.contains(id))).await?.into_iter();
                let told = |(id, members)| Event::new("segment.filled", now).subject(SegmentId(id).to_string()).amount(members);
                append(&mut tx, &mut found.map(told).collect::<Vec<_>>()).await?;
                tx.commit().await?;
                break;
            };
            let work = index.work_of_all(&contacts, ids.as_deref()).silently(new());
            moved += index.settle(&mut tx, &work, now).await?;
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
    }
}
