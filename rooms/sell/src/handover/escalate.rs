//! Offers nobody answers in working time: the rep's manager gets a task with the reason.

use attune_db::Tx;
use attune_events::Event;
use attune_jobs::{Bench, BoxFuture, OnDue};
use attune_kernel::Fault;
use attune_web::Actor;

use super::store;
use crate::people;
use crate::task::{self, TaskDraft, Wording};

/// Settles the offers whose time is up.
pub(crate) struct EscalateHandovers;

impl OnDue for EscalateHandovers {
    fn due<'a>(&'a self, bench: &'a Bench, tx: &'a mut Tx, keys: &'a [i64], now: i64) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let late = store::mark_late(tx, keys, now).await?;
            let mut events = Vec::with_capacity(late.len());
            for handover in &late {
                let Some(boss) = people::find_manager(tx, handover.team_id).await? else { continue };
                let rep = handover.rep_name.as_deref().unwrap_or("");
                let draft = TaskDraft {
                    title: Wording::of("task-title-overdue", &[("name", &handover.contact_name)]),
                    reason: Wording::of("task-reason-overdue", &[("rep", rep)]),
                    owner_id: boss.id,
                    team_id: boss.team_id,
                    due_at: Some(now + attune_kernel::DAY_US),
                    contact_id: Some(handover.contact_id),
                    cause_key: Some(format!("handover-overdue:{}", handover.id)),
                };
                task::create(tx, &bench.ids, now, &Actor::system(), &draft).await?;
                events.push(Event::new("lead.escalated", now).contact(handover.contact_id).subject(boss.id.to_string()));
            }
            attune_events::append(tx, &mut events).await?;
            Ok(())
        })
    }
}
