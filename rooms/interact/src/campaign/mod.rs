//! A campaign: one mail to everybody a rule describes at the moment it starts.
//!
//! Guards that a campaign starts once, that its number was named before it left the house, and that its mail and audience are fixed then.

pub mod api;
pub mod pages;
pub mod store;

use attune_db::Tx;
use attune_differentiate::segment::FacetField;
use attune_events::{Event, append};
use attune_house::App;
use attune_identify::topic::TopicId;
use attune_jobs::Bench;
use attune_kernel::{Fault, Ids};
use attune_record::audit;
use attune_web::{Can, Problem};

use crate::audience::{self, Audience};
use crate::message::{self, Kind, Plan, arbiter::Reason};
use crate::room::EditMail;
use crate::series::SeriesError;
use crate::template::{self, TemplateId};
pub use store::{Campaign, CampaignState};

attune_kernel::id_type!(
    /// Names a campaign.
    CampaignId,
    "cmp"
);

/// A checked campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignDraft {
    /// The name colleagues and timelines show.
    pub name: String,
    /// Who gets it.
    pub audience: Audience,
    /// The mail.
    pub template_id: TemplateId,
    /// The sender's name.
    pub from_name: String,
    /// The sender's address.
    pub from_address: String,
    /// What it is about: who has refused the topic gets nothing.
    pub topic_id: Option<TopicId>,
}

/// Creates a draft.
pub async fn create(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    draft: &CampaignDraft,
    owner: (Option<i64>, Option<i64>),
) -> Result<CampaignId, SeriesError> {
    let id = CampaignId(ids.next());
    store::insert(tx, id, draft, owner, now).await?;
    Ok(id)
}

/// Changes a draft; a campaign that has started keeps what it started with.
pub async fn update(tx: &mut Tx, id: CampaignId, draft: &CampaignDraft) -> Result<(), SeriesError> {
    let campaign = store::get(tx, id).await?;
    if campaign.state != CampaignState::Draft {
        return Err(SeriesError::State(campaign.state.word()));
    }
    Ok(store::update(tx, id, draft).await?)
}

/// Creates a draft, or changes `id`, in a transaction of its own, and notes who did it.
pub(crate) async fn keep(app: &App, can: &Can<EditMail>, id: Option<CampaignId>, draft: &CampaignDraft) -> Result<CampaignId, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let (id, action) = match id {
        Some(id) => {
            let campaign = store::get(&mut tx, id).await?;
            can.check(campaign.owner_id, campaign.team_id)?;
            update(&mut tx, id, draft).await?;
            (id, "campaign.updated")
        }
        None => (create(&mut tx, &app.ids, now, draft, (Some(can.actor.staff_id), can.actor.team_id)).await?, "campaign.created"),
    };
    let after = serde_json::json!({ "name": draft.name });
    audit::note(&mut tx, &app.ids, now, &can.actor, action, "campaign", id.0, None, Some(after)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Starts a draft: fixes mail and audience, plans one row per person. Answers how many.
pub async fn start(tx: &mut Tx, bench: &Bench, facets: &[FacetField], id: CampaignId) -> Result<i64, SeriesError> {
    let now = bench.clock.now();
    let campaign = store::get(tx, id).await?;
    if campaign.state != CampaignState::Draft || !store::change_state(tx, id, CampaignState::Draft, CampaignState::Running).await? {
        return Err(SeriesError::State(campaign.state.word()));
    }
    let template = template::store::get(tx, campaign.template_id).await?;
    let plan = Plan {
        kind: Kind::Campaign,
        owner_id: id.0,
        series_id: id.0,
        title: campaign.name.clone(),
        version_id: template.version_id,
        from_name: campaign.from_name.clone(),
        from_address: campaign.from_address.clone(),
        any_hour: false,
        answer: false,
        priority: 0,
        topic_id: campaign.topic_id,
    };
    let people = audience::compile(tx, &campaign.audience, facets, now).await?;
    let (mailing_id, count) = message::plan(tx, bench, now, &plan, &people).await?;
    store::set_started(tx, id, mailing_id, now).await?;
    let started = Event::new("campaign.started", now).subject(campaign.name).amount(count).origin(id.0);
    append(tx, &mut [started]).await?;
    Ok(count)
}

/// Pauses a running campaign.
pub async fn pause(tx: &mut Tx, id: CampaignId) -> Result<(), SeriesError> {
    let campaign = changed(tx, id, CampaignState::Running, CampaignState::Paused).await?;
    if let Some(mailing_id) = campaign.mailing_id {
        message::pause(tx, mailing_id).await?;
    }
    Ok(())
}

/// Resumes a paused campaign.
pub async fn resume(tx: &mut Tx, bench: &Bench, id: CampaignId) -> Result<(), SeriesError> {
    let campaign = changed(tx, id, CampaignState::Paused, CampaignState::Running).await?;
    if let Some(mailing_id) = campaign.mailing_id {
        message::resume(tx, bench, mailing_id).await?;
    }
    Ok(())
}

/// Cancels a campaign; what is not under way is not sent.
pub async fn cancel(tx: &mut Tx, now: i64, id: CampaignId) -> Result<(), SeriesError> {
    let campaign = store::get(tx, id).await?;
    if !matches!(campaign.state, CampaignState::Draft | CampaignState::Running | CampaignState::Paused) {
        return Err(SeriesError::State(campaign.state.word()));
    }
    store::end(tx, id, CampaignState::Cancelled, now).await?;
    if let Some(mailing_id) = campaign.mailing_id {
        message::stop(tx, now, mailing_id, Reason::Cancelled).await?;
    }
    Ok(())
}

/// The last mail of a campaign has ended.
pub(crate) async fn finished(tx: &mut Tx, id: i64, now: i64) -> Result<(), Fault> {
    let campaign = store::get(tx, CampaignId(id)).await?;
    store::end(tx, campaign.id, CampaignState::Finished, now).await?;
    append(tx, &mut [Event::new("campaign.finished", now).subject(campaign.name).origin(id)]).await?;
    Ok(())
}

async fn changed(tx: &mut Tx, id: CampaignId, from: CampaignState, to: CampaignState) -> Result<Campaign, SeriesError> {
    let campaign = store::get(tx, id).await?;
    if store::change_state(tx, id, from, to).await? { Ok(campaign) } else { Err(SeriesError::State(campaign.state.word())) }
}
