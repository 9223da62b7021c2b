//! The push funnel: one object that starts from a large list, mails in every round only those who responded to the last, and hands the
//! few who are left to people.
//!
//! Guards that rounds run one after the other and each person is in a round at most once, that only what people did moves them on
//! (machine opens and clicks never do), and that the end is reached exactly once.

mod drawing;
pub mod figures;
pub mod file;
mod form;
pub mod pages;
pub mod react;
mod respond;
mod run;
pub mod store;
#[cfg(test)]
mod tests;

use attune_db::Tx;
use attune_house::App;
use attune_identify::topic::TopicId;
use attune_kernel::{Fault, Ids};
use attune_record::audit;
use attune_web::{Can, Problem};

use crate::audience::Audience;
use crate::room::EditMail;
use crate::series::SeriesError;
use crate::template::TemplateId;
pub use file::{FileError, Simulation, from_toml};
pub use respond::{Responder, responders};
pub(crate) use run::round_sent;
pub use run::{ROUND_TIMER, RoundDue, cancel, close_round, pause, resume, start};
pub use store::{FunnelState, PushFunnel, Rep, Round, RoundState};

attune_kernel::id_type!(
    /// Names a push funnel.
    PushFunnelId,
    "psh"
);
attune_kernel::id_type!(
    /// Names a round of a push funnel.
    RoundId,
    "rnd"
);

/// The most rounds a funnel may have.
pub const MAX_ROUNDS: usize = 8;

/// What moves a person on to the next round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Respond {
    /// A person clicked a link of the round's mail.
    Clicked,
    /// A person opened it (a click counts too).
    Opened,
    /// An event of this name happened to the contact after the mail.
    Event(String),
}

impl Respond {
    /// The word in the table and in files.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Clicked => "clicked",
            Self::Opened => "opened",
            Self::Event(_) => "event",
        }
    }

    /// The event's name, when it is one.
    pub fn event(&self) -> &str {
        if let Self::Event(name) = self { name } else { "" }
    }

    /// Reads `clicked`, `opened` or the name of an event.
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            "clicked" => Self::Clicked,
            "opened" => Self::Opened,
            name => Self::Event(name.to_owned()),
        }
    }
}

/// A round as drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundDraft {
    /// Its name.
    pub name: String,
    /// What is offered, in a few words; may be empty.
    pub offer: String,
    /// The mail.
    pub template_id: TemplateId,
    /// What moves people on.
    pub respond: Respond,
    /// How long a person has to respond, µs.
    pub wait_us: i64,
}

/// A funnel as drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelDraft {
    /// Its name.
    pub name: String,
    /// Who the first round goes to.
    pub audience: Audience,
    /// The sender's name.
    pub from_name: String,
    /// The sender's address.
    pub from_address: String,
    /// What it is about: who has refused the topic gets nothing.
    pub topic_id: Option<TopicId>,
    /// Quiet hours do not hold.
    pub any_hour: bool,
    /// The rounds, in order.
    pub rounds: Vec<RoundDraft>,
    /// Who takes the survivors: staff id and how many from this funnel at most.
    pub reps: Vec<Rep>,
    /// The columns that decide about responses in a simulated run, as JSON.
    pub simulation: Option<String>,
}

/// Creates a funnel, or redraws `id`, in a transaction of its own, and notes who did it.
pub(crate) async fn keep(app: &App, can: &Can<EditMail>, id: Option<PushFunnelId>, draft: &FunnelDraft) -> Result<PushFunnelId, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let (id, action) = match id {
        Some(id) => {
            let funnel = store::get(&mut tx, id).await?;
            can.check(funnel.owner_id, funnel.team_id)?;
            update(&mut tx, &app.ids, id, draft).await?;
            (id, "push_funnel.updated")
        }
        None => (create(&mut tx, &app.ids, now, draft, (Some(can.actor.staff_id), can.actor.team_id)).await?, "push_funnel.created"),
    };
    let after = serde_json::json!({ "name": draft.name });
    audit::note(&mut tx, &app.ids, now, &can.actor, action, "push_funnel", id.0, None, Some(after)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Creates a funnel in the state draft.
pub async fn create(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    draft: &FunnelDraft,
    owner: (Option<i64>, Option<i64>),
) -> Result<PushFunnelId, SeriesError> {
    let id = PushFunnelId(ids.next());
    store::insert(tx, id, draft, owner, now).await?;
    store::replace_rounds(tx, ids, id, &draft.rounds).await?;
    store::replace_reps(tx, id, &draft.reps).await?;
    Ok(id)
}

/// Redraws a funnel that has not started.
pub async fn update(tx: &mut Tx, ids: &Ids, id: PushFunnelId, draft: &FunnelDraft) -> Result<(), SeriesError> {
    let funnel = store::get(tx, id).await?;
    if funnel.state != FunnelState::Draft {
        return Err(SeriesError::State(funnel.state.word()));
    }
    store::update(tx, id, draft).await?;
    store::replace_rounds(tx, ids, id, &draft.rounds).await?;
    Ok(store::replace_reps(tx, id, &draft.reps).await?)
}

/// The contacts that responded to the last round, best engagement first, then fit, then the id: the order in which they are shared out.
pub async fn survivors(tx: &mut Tx, id: PushFunnelId) -> Result<Vec<i64>, Fault> {
    Ok(respond::survivors(tx, id).await?)
}

/// Who takes the survivors, in the order they were drawn.
pub async fn reps(tx: &mut Tx, id: PushFunnelId) -> Result<Vec<Rep>, Fault> {
    Ok(store::reps(tx, id).await?)
}
