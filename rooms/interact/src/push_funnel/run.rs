//! The runner: a round begins when the one before it is closed, and closes when its wait is over or somebody closes it.

use attune_db::Tx;
use attune_differentiate::segment::FacetField;
use attune_events::{Event, append};
use attune_jobs::{Bench, BoxFuture, OnDue, clear_timers, set_timers};
use attune_kernel::Fault;

use super::store::{self, FunnelState, PushFunnel, Round, RoundState};
use super::{PushFunnelId, RoundId, respond};
use crate::audience;
use crate::message::arbiter::Reason;
use crate::message::{self, Kind, Plan, store as mailings};
use crate::series::SeriesError;
use crate::template;

/// The timer that closes a round; its key is the round's id.
pub const ROUND_TIMER: &str = "interact.round_due";

/// Closes rounds whose wait is over.
pub struct RoundDue;

impl OnDue for RoundDue {
    fn due<'a>(&'a self, bench: &'a Bench, tx: &'a mut Tx, keys: &'a [i64], now: i64) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            for key in keys {
                close_due(tx, bench, RoundId(*key), now).await?;
            }
            Ok(())
        })
    }
}

/// Starts a draft: the first round goes to the audience as it is now. Answers how many people that is.
pub async fn start(tx: &mut Tx, bench: &Bench, facets: &[FacetField], id: PushFunnelId) -> Result<i64, SeriesError> {
    let now = bench.clock.now();
    let funnel = store::get(tx, id).await?;
    let rounds = store::rounds(tx, id).await?;
    let first = rounds.first().ok_or(SeriesError::NoRound)?;
    if !store::change_state(tx, id, FunnelState::Draft, FunnelState::Running).await? {
        return Err(SeriesError::State(funnel.state.word()));
    }
    store::set_started(tx, id, now).await?;
    let people = audience::compile(tx, &funnel.audience, facets, now).await?;
    let count = begin(tx, bench, &funnel, first, &people, now).await?;
    append(tx, &mut [Event::new("push_funnel.started", now).subject(funnel.name).amount(count).origin(id.0)]).await?;
    Ok(count)
}

/// Holds a running funnel: nothing is handed over, no round closes.
pub async fn pause(tx: &mut Tx, id: PushFunnelId) -> Result<(), SeriesError> {
    let funnel = store::get(tx, id).await?;
    if !store::change_state(tx, id, FunnelState::Running, FunnelState::Paused).await? {
        return Err(SeriesError::State(funnel.state.word()));
    }
    for round in under_way(tx, id).await? {
        if let Some(mailing_id) = round.mailing_id {
            message::pause(tx, mailing_id).await?;
        }
        clear_timers(tx, ROUND_TIMER, [round.id.0]).await?;
    }
    Ok(())
}

/// Goes on after a pause; a round whose wait ended meanwhile closes at once.
pub async fn resume(tx: &mut Tx, bench: &Bench, id: PushFunnelId) -> Result<(), SeriesError> {
    let funnel = store::get(tx, id).await?;
    if !store::change_state(tx, id, FunnelState::Paused, FunnelState::Running).await? {
        return Err(SeriesError::State(funnel.state.word()));
    }
    for round in under_way(tx, id).await? {
        if let Some(mailing_id) = round.mailing_id {
            message::resume(tx, bench, mailing_id).await?;
        }
        if let Some(closes_at) = round.closes_at {
            set_timers(tx, ROUND_TIMER, [(round.id.0, closes_at)]).await?;
        }
    }
    Ok(())
}

/// Ends a funnel; nobody else is mailed and nobody is handed over.
pub async fn cancel(tx: &mut Tx, now: i64, id: PushFunnelId) -> Result<(), SeriesError> {
    let funnel = store::get(tx, id).await?;
    if !matches!(funnel.state, FunnelState::Draft | FunnelState::Running | FunnelState::Paused) {
        return Err(SeriesError::State(funnel.state.word()));
    }
    for round in under_way(tx, id).await? {
        if let Some(mailing_id) = round.mailing_id {
            message::stop(tx, now, mailing_id, Reason::Cancelled).await?;
        }
        clear_timers(tx, ROUND_TIMER, [round.id.0]).await?;
        store::close_round(tx, round.id, now).await?;
    }
    Ok(store::end(tx, id, FunnelState::Cancelled, 0, now).await?)
}

/// Closes the round under way now instead of waiting; what is not sent yet is not sent. Answers the round that was closed.
pub async fn close_round(tx: &mut Tx, bench: &Bench, id: PushFunnelId) -> Result<Option<RoundId>, SeriesError> {
    let funnel = store::get(tx, id).await?;
    if funnel.state != FunnelState::Running {
        return Err(SeriesError::State(funnel.state.word()));
    }
    let Some(round) = under_way(tx, id).await?.into_iter().next() else { return Ok(None) };
    close(tx, bench, &funnel, &round, bench.clock.now()).await?;
    Ok(Some(round.id))
}

/// Every mail of a round has ended: people now have their time to respond.
pub(crate) async fn round_sent(tx: &mut Tx, bench: &Bench, round_id: i64, now: i64) -> Result<(), Fault> {
    let round = store::get_round(tx, RoundId(round_id)).await?;
    let closes_at = now + round.wait_us;
    if store::open_round(tx, round.id, closes_at).await? {
        set_timers(tx, ROUND_TIMER, [(round.id.0, closes_at)]).await?;
    }
    let Some(mailing_id) = round.mailing_id else { return Ok(()) };
    let mailing = mailings::get(tx, mailing_id).await?;
    if mailing.last_send_id < mailing.first_send_id {
        // Nobody was left to write to: there is nothing to wait for.
        close_due(tx, bench, round.id, now).await?;
    }
    Ok(())
}

async fn close_due(tx: &mut Tx, bench: &Bench, round_id: RoundId, now: i64) -> Result<(), Fault> {
    let round = store::get_round(tx, round_id).await?;
    let funnel = store::get(tx, round.funnel_id).await?;
    if funnel.state == FunnelState::Running {
        close(tx, bench, &funnel, &round, now).await?;
    }
    Ok(())
}

/// Fixes who responded and begins the next round, or completes the funnel.
async fn close(tx: &mut Tx, bench: &Bench, funnel: &PushFunnel, round: &Round, now: i64) -> Result<(), Fault> {
    if !store::close_round(tx, round.id, now).await? {
        return Ok(());
    }
    clear_timers(tx, ROUND_TIMER, [round.id.0]).await?;
    let Some(mailing_id) = round.mailing_id else { return Ok(()) };
    message::stop(tx, now, mailing_id, Reason::RoundClosed).await?;
    let mailing = mailings::get(tx, mailing_id).await?;
    respond::mark(tx, round, &mailing, now).await?;
    let people = respond::survivors_of(&mailing);
    let mut count = attune_db::Sql::new("SELECT count(*) FROM (");
    count.append(&people).push(") AS survivors");
    let survivors = tx.count(count.text(), count.values()).await?;
    let closed = Event::new("push_funnel.round_closed", now).subject(round.name.clone()).amount(survivors).origin(funnel.id.0);
    append(tx, &mut [closed]).await?;
    let next = store::rounds(tx, funnel.id).await?.into_iter().find(|other| other.position == round.position + 1);
    match next {
        Some(next) => begin(tx, bench, funnel, &next, &people, now).await.map(|_| ()),
        None => complete(tx, funnel, survivors, now).await,
    }
}

async fn complete(tx: &mut Tx, funnel: &PushFunnel, survivors: i64, now: i64) -> Result<(), Fault> {
    store::end(tx, funnel.id, FunnelState::Completed, survivors, now).await?;
    let completed = Event::new("push_funnel.completed", now).subject(funnel.name.clone()).amount(survivors).origin(funnel.id.0);
    append(tx, &mut [completed]).await?;
    tx.wake(message::SIGNAL);
    Ok(())
}

async fn begin(tx: &mut Tx, bench: &Bench, funnel: &PushFunnel, round: &Round, people: &attune_db::Sql, now: i64) -> Result<i64, Fault> {
    let template = template::store::get(tx, round.template_id).await?;
    let plan = Plan {
        kind: Kind::Round,
        owner_id: round.id.0,
        series_id: funnel.id.0,
        title: format!("{} · {}", funnel.name, round.name),
        version_id: template.version_id,
        from_name: funnel.from_name.clone(),
        from_address: funnel.from_address.clone(),
        any_hour: funnel.any_hour,
        answer: round.position > 1,
        priority: round.position,
        topic_id: funnel.topic_id,
    };
    let (mailing_id, count) = message::plan(tx, bench, now, &plan, people).await?;
    store::begin_round(tx, round.id, mailing_id, now).await?;
    Ok(count)
}

async fn under_way(tx: &mut Tx, id: PushFunnelId) -> Result<Vec<Round>, Fault> {
    let rounds = store::rounds(tx, id).await?;
    Ok(rounds.into_iter().filter(|round| matches!(round.state, RoundState::Sending | RoundState::Open)).collect())
}
