//! Keeps the funnel from the event log.

use attune_db::{Sql, Tx, Value};
use attune_events::{BoxFuture, Event, React, Spine, read_event};
use attune_jobs::{Bench, JobContext, OnDue, Run, Verdict};
use attune_kernel::{Fault, SECOND_US};

pub(crate) use super::steps::HEARS;
use super::steps::{self, Steps};
use super::{Stage, store};

/// The timer that counts anew.
pub(crate) const RECOUNT: &str = "measure.recount_funnel";
/// How long to wait for more of the same before counting anew, µs.
const PATIENCE_US: i64 = 5 * SECOND_US;

/// Turns events into steps and figures.
pub(crate) struct KeepFunnel;

impl React for KeepFunnel {
    fn react<'a>(&'a self, _: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move { keep(tx, &steps::read(events)).await })
    }
}

async fn keep(tx: &mut Tx, steps: &Steps) -> Result<(), Fault> {
    let mut bumps = store::Bumps::default();
    for import_id in &steps.imports {
        store::put_imported(tx, *import_id, &mut bumps).await?;
    }
    store::put_known(tx, &steps.known, &mut bumps).await?;
    for stage in Stage::ALL {
        if let Some(reached) = steps.reached.get(&stage) {
            store::put_reached(tx, stage, reached, &mut bumps).await?;
        }
    }
    store::put_bought(tx, &steps.bought, &mut bumps).await?;
    store::put_losses(tx, &steps.losses).await?;
    store::put_visitors(tx, &steps.visitors, &mut bumps).await?;
    store::put_identified(tx, &steps.identified, &mut bumps).await?;
    store::write_bumps(tx, &bumps).await?;
    Ok(())
}

/// People who went or came back, and people whose engagement turned out to be a scanner's.
pub(crate) struct FollowLeavers;

impl FollowLeavers {
    pub(crate) const HEARS: &'static [&'static str] =
        &["contact.deleted", "contact.restored", "contact.merged", "contact.split", "contact.erased", "mail.click_rejudged"];
}

impl React for FollowLeavers {
    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let named = |name: &str| events.iter().filter(|e| e.name == name).filter_map(|e| e.contact_id).collect::<Vec<i64>>();
            let (mut again, misjudged) = (named("contact.restored"), named("mail.click_rejudged"));
            store::drop_engaged(tx, &misjudged).await?;
            again.extend(misjudged);
            // Whose past grew or shrank begins anew.
            let changed = |e: &&Event| {
                matches!(e.name.as_ref(), "contact.merged" | "contact.split")
                    || (e.name == "contact.restored" && e.subject.as_deref() == Some("split"))
            };
            let joined: Vec<i64> = events.iter().filter(changed).filter_map(|e| e.contact_id).collect();
            store::forget(tx, &joined).await?;
            again.extend(joined);
            if !again.is_empty() {
                let steps = replayed(tx, &again).await?;
                keep(tx, &steps).await?;
            }
            if events.iter().any(|e| e.name != "contact.restored") {
                attune_jobs::set_timers(tx, RECOUNT, [(0, spine.clock.now() + PATIENCE_US)]).await?;
            }
            Ok(())
        })
    }
}

/// The steps of contacts as the log tells them.
async fn replayed(tx: &mut Tx, contacts: &[i64]) -> Result<Steps, Fault> {
    let mut sql = Sql::new(
        "SELECT seq, name, at, contact_id, visitor_id, session_id, company_id, subject, amount, machine, cause, depth, client_key, origin_id, props
         FROM events WHERE contact_id IN ",
    );
    sql.bind_list(contacts.iter().map(|id| Value::Int(*id)));
    // Page views make no step of anybody, and may be most of what somebody did.
    let names = steps::HEARS.iter().filter(|name| **name != "page.viewed");
    sql.push(" AND name IN ").bind_list(names.map(|name| Value::from(*name))).push(" ORDER BY at");
    let rows = tx.rows_of(&sql).await?;
    let events = rows.iter().map(read_event).collect::<Result<Vec<Event>, _>>()?;
    Ok(steps::read(&events))
}

/// Counts anew, once for many leavers.
pub(crate) struct Recount;

impl OnDue for Recount {
    fn due<'a>(&'a self, _: &'a Bench, tx: &'a mut Tx, _: &'a [i64], _: i64) -> attune_jobs::BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move { Ok(store::recount(tx).await?) })
    }
}

/// The job that looks after the figures.
pub(crate) const CHECK: &str = "measure.check_funnel";

/// Compares figures and steps, and counts anew when they differ.
pub(crate) struct CheckFunnel;

impl Run for CheckFunnel {
    fn run<'a>(&'a self, context: &'a JobContext, _: &'a str) -> attune_jobs::BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move { heal(&context.bench).await.map(|()| Verdict::Done(None)) })
    }
}

/// Counts anew if the figures and the steps differ.
pub(super) async fn heal(bench: &Bench) -> Result<(), Fault> {
    let mut look = bench.db.read().await?;
    if store::is_true(&mut look).await? {
        return Ok(());
    }
    drop(look);
    let mut tx = bench.db.begin().await?;
    store::recount(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}
