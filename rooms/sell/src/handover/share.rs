//! Dealing contacts out to reps: the best first, never above a cap, the rest waits for room.

use std::collections::HashMap;

use attune_db::{Column, DbError, Relation, Tx, Value};
use attune_events::Event;
use attune_kernel::{Fault, Ids};
use attune_record::audit;
use attune_web::Actor;

use super::rules::{self, Gift, Rep};
use super::{OVERDUE, store};
use crate::{people, settings};

/// Contacts to be dealt out.
#[derive(Clone, Debug)]
pub struct Sharing<'a> {
    /// The contacts, best first.
    pub leads: &'a [i64],
    /// Who takes them: staff id, and how many of these at most.
    pub reps: &'a [(i64, i64)],
    /// `push_funnel` or `manual`.
    pub origin: &'static str,
    /// The push funnel's id, or a fresh one.
    pub origin_id: i64,
}

/// What became of a [`Sharing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Offered to a rep now.
    pub offered: i64,
    /// Waiting until somebody has room.
    pub waiting: i64,
    /// Left out: gone, or in a rep's hands already.
    pub skipped: i64,
}

/// Offers contacts to reps within their caps, best first; the rest waits. Calling it again with the same contacts changes nothing.
pub async fn share_out(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    actor: &Actor,
    sharing: &Sharing<'_>,
    cause: Option<&Event>,
) -> Result<Shared, Fault> {
    store::pass_gate(tx).await?;
    let free = store::list_free(tx, sharing.leads).await?;
    store::put_reps(tx, sharing.origin_id, sharing.reps).await?;
    let team = people::common_team(tx, sharing.reps.iter().map(|(id, _)| *id)).await?;
    let mut rows = Relation::new(&store::NEW_COLUMNS);
    for (contact_id, place) in &free {
        rows.push(vec![
            Value::Int(ids.next()),
            Value::Int(*contact_id),
            Value::from("waiting"),
            team.into(),
            Value::from(sharing.origin),
            Value::Int(sharing.origin_id),
            Value::Int(*place),
            Value::Int(actor.staff_id),
            Value::Int(now),
            Value::from(""),
        ]);
    }
    store::insert(tx, &rows).await?;
    let offered = deal(tx, ids, now, actor, sharing.origin_id, cause).await?;
    let total = i64::try_from(sharing.leads.len()).unwrap_or(i64::MAX);
    let taken = i64::try_from(free.len()).unwrap_or(i64::MAX);
    Ok(Shared { offered, waiting: taken - offered, skipped: total - taken })
}

/// Offers whoever waits to reps who have room now, oldest origin first; answers how many were offered.
pub async fn offer_waiting(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, cause: Option<&Event>) -> Result<i64, Fault> {
    let origins = store::list_waiting_origins(tx).await?;
    if origins.is_empty() {
        return Ok(0);
    }
    store::pass_gate(tx).await?;
    let mut offered = 0;
    for origin_id in origins {
        offered += deal(tx, ids, now, actor, origin_id, cause).await?;
    }
    Ok(offered)
}

/// Deals what waits of one origin. The gate is held.
async fn deal(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, origin_id: i64, cause: Option<&Event>) -> Result<i64, Fault> {
    let cap = settings::holding_cap(tx).await?;
    let seats = store::list_seats(tx, origin_id, cap).await?;
    let reps: Vec<Rep> = seats.iter().map(|seat| Rep { id: seat.staff_id, room: seat.room }).collect();
    let room: i64 = reps.iter().map(|rep| rep.room.max(0)).sum();
    if room == 0 {
        return Ok(0);
    }
    let waiting = store::list_waiting(tx, origin_id, room).await?;
    let order: Vec<i64> = waiting.iter().map(|w| w.id).collect();
    let gifts = rules::share(&order, &reps);
    if gifts.is_empty() {
        return Ok(0);
    }
    let due_at = settings::working_hours(tx).await?.after(now, settings::sla_minutes(tx).await?);
    let teams: HashMap<i64, Option<i64>> = seats.iter().map(|seat| (seat.staff_id, seat.team_id)).collect();
    offer(tx, &gifts, &teams, (now, due_at)).await?;
    attune_jobs::set_timers(tx, OVERDUE, gifts.iter().map(|gift| (gift.lead, due_at))).await?;
    announce(tx, ids, now, actor, &waiting, &gifts, cause).await?;
    Ok(i64::try_from(gifts.len()).unwrap_or(0))
}

async fn offer(tx: &mut Tx, gifts: &[Gift], teams: &HashMap<i64, Option<i64>>, (now, due_at): (i64, i64)) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("id", Column::Int), ("rep_id", Column::Int), ("team_id", Column::Int)]);
    for gift in gifts {
        let team = teams.get(&gift.rep).copied().flatten();
        rows.push(vec![Value::Int(gift.lead), Value::Int(gift.rep), team.into()]);
    }
    store::offer(tx, &rows, now, due_at).await
}

/// Writes the trail: stage, audit, one event per contact.
async fn announce(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    actor: &Actor,
    waiting: &[store::Waiting],
    gifts: &[Gift],
    cause: Option<&Event>,
) -> Result<(), Fault> {
    let by_id: HashMap<i64, &store::Waiting> = waiting.iter().map(|w| (w.id, w)).collect();
    let mut events = Vec::with_capacity(gifts.len());
    let mut notes = Vec::with_capacity(gifts.len());
    let mut contacts = Vec::with_capacity(gifts.len());
    for gift in gifts {
        let Some(lead) = by_id.get(&gift.lead) else { continue };
        contacts.push(lead.contact_id);
        notes.push((lead.id, None, Some(serde_json::json!({ "contact_id": lead.contact_id, "rep_id": gift.rep }))));
        let mut event = Event::new("lead.handed_over", now).contact(lead.contact_id).subject(gift.rep.to_string()).amount(lead.place);
        if lead.origin == "push_funnel" {
            event = event.origin(lead.origin_id);
        }
        events.push(match cause {
            Some(cause) => event.because_of(cause),
            None => event,
        });
    }
    people::qualify(tx, ids, now, actor, &contacts).await?;
    audit::note_many(tx, ids, now, actor, ("lead.handed_over", "handover"), notes).await?;
    attune_events::append(tx, &mut events).await?;
    Ok(())
}
