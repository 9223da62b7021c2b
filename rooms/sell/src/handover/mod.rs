//! The hand-over of a contact from marketing to a rep: offered with its reasons, accepted, or passed back with a reason.
//!
//! Guards that a contact is offered to one rep at a time, that no rep holds more than the cap however many deals run at once, that
//! the better lead is offered first, and that an offer nobody answers in working time reaches a manager.

mod escalate;
pub(crate) mod packet;
pub(crate) mod pages;
pub(crate) mod panel;
pub(crate) mod react;
pub(crate) mod reps;
pub mod rules;
#[cfg(test)]
mod rules_tests;
mod share;
mod store;
#[cfg(test)]
mod tests;

use attune_db::{DbError, Relation, Tx};
use attune_events::Event;
use attune_kernel::{Fault, Ids};
use attune_record::audit;
use attune_web::{Actor, Scope};

use crate::task::{self, TaskDraft, Wording};
use crate::{people, settings};
pub(crate) use escalate::EscalateHandovers;
pub use share::{Shared, Sharing, offer_waiting, share_out};
pub use store::{HandoverFilter, Load, find, list, list_loads};
pub(crate) use store::{count_offered, find_of_contact, in_time_share, list_by_ids, write_cap};

attune_kernel::id_type!(
    /// A hand-over.
    HandoverId,
    "hov"
);

/// The timer that watches over answers.
pub(crate) const OVERDUE: &str = "sell.escalate_handover";

/// Where a hand-over stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has room yet.
    Waiting,
    /// A rep is asked.
    Offered,
    /// The rep has taken it.
    Accepted,
    /// The rep has passed it back.
    Rejected,
}

impl State {
    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "offered" => Self::Offered,
            "accepted" => Self::Accepted,
            _ => Self::Rejected,
        }
    }

    /// The locale key of its name.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Waiting => "handover-state-waiting",
            Self::Offered => "handover-state-offered",
            Self::Accepted => "handover-state-accepted",
            Self::Rejected => "handover-state-rejected",
        }
    }

    /// The tone of its badge.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Waiting => "",
            Self::Offered => "warn",
            Self::Accepted => "good",
            Self::Rejected => "bad",
        }
    }
}

/// A hand-over as it stands, with what a list shows of the contact.
#[derive(Clone, Debug)]
pub struct Handover {
    /// The id.
    pub id: i64,
    /// Who is handed over.
    pub contact_id: i64,
    /// The contact's name.
    pub contact_name: String,
    /// The contact's company, when known.
    pub company_name: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Who is asked, or took it.
    pub rep_id: Option<i64>,
    /// The rep's name.
    pub rep_name: Option<String>,
    /// The rep's team.
    pub team_id: Option<i64>,
    /// `push_funnel` or `manual`.
    pub origin: String,
    /// The push funnel's id.
    pub origin_id: i64,
    /// The place in the order of worth, 1 the best.
    pub place: i64,
    /// The contact's `k` of engagement.
    pub engagement_k: Option<f64>,
    /// A, B or C.
    pub grade: Option<String>,
    /// When it was made, µs.
    pub created_at: i64,
    /// When the rep was asked, µs.
    pub offered_at: Option<i64>,
    /// Until when an answer is owed, µs.
    pub due_at: Option<i64>,
    /// When it was accepted or rejected, µs.
    pub decided_at: Option<i64>,
    /// Why it was rejected: one of [`rules::REASONS`].
    pub reason: Option<String>,
    /// What the rep added.
    pub note: String,
}

impl Handover {
    /// The id as shown.
    pub fn shown_id(&self) -> HandoverId {
        HandoverId(self.id)
    }

    /// Whether the answer is late at `now`.
    pub fn is_late(&self, now: i64) -> bool {
        self.state == State::Offered && self.due_at.is_some_and(|at| at < now)
    }
}

/// Why a hand-over cannot be decided.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// Somebody has decided it already, or nobody is asked yet.
    #[error("this hand-over is not open for an answer")]
    NotOpen,
    /// Our bug or the world's.
    #[error("{0}")]
    Fault(Fault),
}

impl From<Fault> for HandoverError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<DbError> for HandoverError {
    fn from(error: DbError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<HandoverError> for attune_web::Problem {
    fn from(error: HandoverError) -> Self {
        match error {
            HandoverError::NotOpen => Self::conflict("handover-not-open"),
            HandoverError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// The rep takes the contact: it becomes sales-qualified and the rep's own, and a first talk is put on the rep's list.
pub async fn accept(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, handover: &Handover) -> Result<(), HandoverError> {
    let Some(rep_id) = handover.rep_id else { return Err(HandoverError::NotOpen) };
    if !store::decide(tx, handover.id, State::Accepted, (now, actor.staff_id), None, "").await? {
        return Err(HandoverError::NotOpen);
    }
    attune_jobs::clear_timers(tx, OVERDUE, [handover.id]).await?;
    people::take_over(tx, ids, now, actor, handover.contact_id, rep_id).await?;
    let hours = settings::working_hours(tx).await?;
    let talk = TaskDraft {
        title: Wording::of("task-title-accepted", &[("name", &handover.contact_name)]),
        reason: Wording::of("task-reason-accepted", &[]),
        owner_id: rep_id,
        team_id: handover.team_id,
        due_at: Some(hours.after(now, 8 * 60)),
        contact_id: Some(handover.contact_id),
        cause_key: Some(format!("handover-accepted:{}", handover.id)),
    };
    task::create(tx, ids, now, actor, &talk).await?;
    tell(tx, ids, now, actor, handover, ("lead.accepted", &rep_id.to_string())).await?;
    Ok(())
}

/// The rep passes the contact back: it returns to marketing with the reason, and the place is free for the next.
pub async fn reject(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    actor: &Actor,
    handover: &Handover,
    reason: &str,
    note: &str,
) -> Result<(), HandoverError> {
    if !store::decide(tx, handover.id, State::Rejected, (now, actor.staff_id), Some(reason), note).await? {
        return Err(HandoverError::NotOpen);
    }
    attune_jobs::clear_timers(tx, OVERDUE, [handover.id]).await?;
    people::give_back(tx, ids, now, actor, handover.contact_id).await?;
    tell(tx, ids, now, actor, handover, ("lead.rejected", reason)).await?;
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    actor: &Actor,
    handover: &Handover,
    (name, subject): (&'static str, &str),
) -> Result<(), Fault> {
    let after = serde_json::json!({ "contact_id": handover.contact_id, "rep_id": handover.rep_id, "subject": subject });
    audit::note(tx, ids, now, actor, name, "handover", handover.id, None, Some(after)).await?;
    let waited = handover.offered_at.map_or(0, |at| now - at);
    let mut event = Event::new(name, now).contact(handover.contact_id).subject(subject).amount(waited);
    if handover.origin == "push_funnel" {
        event = event.origin(handover.origin_id);
    }
    attune_events::append(tx, &mut [event]).await?;
    Ok(())
}

/// Gives hand-overs from hand to hand (relation of `id`, `holder_id`, `receiver_id`), those the holder still has; answers which. Whoever gets an
/// offer has the whole time to answer it. A cap is no obstacle: it bounds what is offered next, not what a colleague leaves behind.
pub(crate) async fn pass_on(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, moves: &Relation) -> Result<Vec<i64>, Fault> {
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    store::pass_gate(tx).await?;
    let due_at = settings::working_hours(tx).await?.after(now, settings::sla_minutes(tx).await?);
    let moved = store::pass_on(tx, moves, due_at).await?;
    let offered = moved.iter().filter(|(_, offered)| *offered).map(|(id, _)| *id);
    attune_jobs::clear_timers(tx, OVERDUE, offered.clone()).await?;
    attune_jobs::set_timers(tx, OVERDUE, offered.map(|id| (id, due_at))).await?;
    let trail = moved.iter().map(|(id, _)| (*id, None, None)).collect();
    audit::note_many(tx, ids, now, actor, ("lead.passed_on", "handover"), trail).await?;
    Ok(moved.into_iter().map(|(id, _)| id).collect())
}

/// The hand-over `id` if it lies within `scope`.
pub async fn get_in(tx: &mut Tx, id: i64, scope: &Scope) -> Result<Option<Handover>, DbError> {
    let handover = find(tx, id).await?;
    Ok(handover.filter(|h| scope.covers(h.rep_id, h.team_id)))
}
