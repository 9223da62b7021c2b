//! What makes hand-overs move by themselves: a push funnel ends, hands become free.

use attune_db::{Column, Relation, Tx, Value};
use attune_events::{BoxFuture, Event, React, Spine};
use attune_interact::push_funnel::PushFunnelId;
use attune_kernel::Fault;
use attune_web::Actor;

use super::{Sharing, offer_waiting, share_out, store};

/// Shares the survivors of a push funnel out to its reps.
pub(crate) struct ShareSurvivors;

impl ShareSurvivors {
    pub(crate) const HEARS: &'static [&'static str] = &["push_funnel.completed"];
}

impl React for ShareSurvivors {
    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            for event in events {
                let Some(funnel_id) = event.origin_id else { continue };
                let leads = survivors(tx, funnel_id).await?;
                let reps = funnel_reps(tx, funnel_id).await?;
                let sharing = Sharing { leads: &leads, reps: &reps, origin: "push_funnel", origin_id: funnel_id };
                let shared = share_out(tx, &spine.ids, spine.clock.now(), &Actor::system(), &sharing, Some(event)).await?;
                tracing::info!(funnel_id, ?shared, "the survivors of a push funnel were shared out");
            }
            Ok(())
        })
    }
}

async fn survivors(tx: &mut Tx, funnel_id: i64) -> Result<Vec<i64>, Fault> {
    attune_interact::push_funnel::survivors(tx, PushFunnelId(funnel_id)).await
}

async fn funnel_reps(tx: &mut Tx, funnel_id: i64) -> Result<Vec<(i64, i64)>, Fault> {
    let reps = attune_interact::push_funnel::reps(tx, PushFunnelId(funnel_id)).await?;
    Ok(reps.into_iter().map(|rep| (rep.staff_id, rep.cap)).collect())
}

/// Frees the hands of reps whose contact has bought, moved on or gone, and offers what waits.
pub(crate) struct FreeHands;

impl FreeHands {
    pub(crate) const HEARS: &'static [&'static str] =
        &["lead.rejected", "contact.owner_changed", "contact.stage_changed", "contact.deleted", "contact.erased", "purchase.made"];
}

impl React for FreeHands {
    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let now = spine.clock.now();
            let of = |names: &[&str]| {
                events.iter().filter(|e| names.contains(&e.name.as_ref())).filter_map(|e| e.contact_id).collect::<Vec<_>>()
            };
            let moved = of(&["contact.owner_changed", "contact.stage_changed"]);
            let mut freed = store::release_moved(tx, &Relation::of_ids("id", moved), now).await?;
            freed += store::release_gone(tx, &Relation::of_ids("id", of(&["contact.deleted"])), now).await?;
            freed += store::release_bought(tx, &purchases(events), now).await?;
            let left = events.iter().any(|e| matches!(e.name.as_ref(), "lead.rejected" | "contact.erased" | "contact.deleted"));
            if freed > 0 || left {
                offer_waiting(tx, &spine.ids, now, &Actor::system(), events.last()).await?;
            }
            Ok(())
        })
    }
}

/// The latest purchase of each contact.
fn purchases(events: &[Event]) -> Relation {
    let mut latest = std::collections::BTreeMap::new();
    for event in events.iter().filter(|e| e.name == "purchase.made") {
        let Some(contact_id) = event.contact_id else { continue };
        let at = latest.entry(contact_id).or_insert(event.at);
        *at = event.at.max(*at);
    }
    let mut rows = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
    for (id, at) in latest {
        rows.push(vec![Value::Int(id), Value::Int(at)]);
    }
    rows
}
