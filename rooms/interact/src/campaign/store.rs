//! The rows of campaigns.

use attune_db::{DbError, Row, Tx, params, sql};
use attune_identify::topic::TopicId;
use attune_web::Scope;

use super::{CampaignDraft, CampaignId};
use crate::audience::Audience;
use crate::series::store as series;
use crate::template::TemplateId;

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignState {
    /// Being written.
    Draft,
    /// Being sent.
    Running,
    /// Held by somebody.
    Paused,
    /// Every mail has ended.
    Finished,
    /// Ended by somebody.
    Cancelled,
}

impl CampaignState {
    /// The word in the table and in programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "draft" => Self::Draft,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "finished" => Self::Finished,
            _ => Self::Cancelled,
        }
    }
}

/// A campaign as it stands.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Who gets it.
    pub audience: Audience,
    /// The mail.
    pub template_id: TemplateId,
    /// The sender's name.
    pub from_name: String,
    /// The sender's address.
    pub from_address: String,
    /// What it is about.
    pub topic_id: Option<TopicId>,
    /// Where it stands.
    pub state: CampaignState,
    /// Its mailing, once started.
    pub mailing_id: Option<i64>,
    /// Who made it.
    pub owner_id: Option<i64>,
    /// His team.
    pub team_id: Option<i64>,
    /// When it was made, µs.
    pub created_at: i64,
    /// When it was started, µs.
    pub started_at: Option<i64>,
    /// When it ended, µs.
    pub finished_at: Option<i64>,
}

fn read(row: &Row) -> Result<Campaign, DbError> {
    Ok(Campaign {
        id: CampaignId(row.get("id")?),
        name: row.get("name")?,
        audience: Audience { rule: row.get("audience")?, segment_id: row.get("segment_id")? },
        template_id: TemplateId(row.get("template_id")?),
        from_name: row.get("from_name")?,
        from_address: row.get("from_address")?,
        topic_id: row.get::<Option<i64>>("topic_id")?.map(TopicId),
        state: CampaignState::of(&row.get::<String>("state")?),
        mailing_id: row.get("mailing_id")?,
        owner_id: row.get("owner_id")?,
        team_id: row.get("team_id")?,
        created_at: row.get("created_at")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
    })
}

const SELECT: &str = sql!(
    "SELECT id, name, audience, segment_id, template_id, from_name, from_address, state, mailing_id, owner_id, team_id, created_at, started_at, finished_at, topic_id
     FROM campaigns"
);

/// Campaigns the scope covers, newest first, older than `before` (an id; `i64::MAX` for the first page).
pub async fn list(tx: &mut Tx, scope: &Scope, before: i64, limit: i64) -> Result<Vec<Campaign>, DbError> {
    series::list(tx, SELECT, scope, (before, limit), read).await
}

/// The campaign `id`.
pub async fn find(tx: &mut Tx, id: CampaignId) -> Result<Option<Campaign>, DbError> {
    series::find(tx, SELECT, id.0, read).await
}

/// The campaign `id`, or [`DbError::NotFound`].
pub async fn get(tx: &mut Tx, id: CampaignId) -> Result<Campaign, DbError> {
    find(tx, id).await?.ok_or(DbError::NotFound("campaign"))
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: CampaignId,
    draft: &CampaignDraft,
    owner: (Option<i64>, Option<i64>),
    now: i64,
) -> Result<(), DbError> {
    let text = sql!(
        "INSERT INTO campaigns (id, name, audience, segment_id, template_id, from_name, from_address, state, owner_id, team_id, created_at, topic_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', $8, $9, $10, $11)"
    );
    let values = params![
        id.0,
        &draft.name,
        &draft.audience.rule,
        draft.audience.segment_id,
        draft.template_id.0,
        &draft.from_name,
        &draft.from_address,
        owner.0.filter(|id| *id != 0),
        owner.1,
        now,
        draft.topic_id.map(|topic| topic.0)
    ];
    tx.exec(text, values).await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, id: CampaignId, draft: &CampaignDraft) -> Result<(), DbError> {
    let text = sql!(
        "UPDATE campaigns SET name = $2, audience = $3, segment_id = $4, template_id = $5, from_name = $6, from_address = $7, topic_id = $8 WHERE id = $1 AND state = 'draft'"
    );
    let values = params![
        id.0,
        &draft.name,
        &draft.audience.rule,
        draft.audience.segment_id,
        draft.template_id.0,
        &draft.from_name,
        &draft.from_address,
        draft.topic_id.map(|topic| topic.0)
    ];
    tx.exec(text, values).await?;
    Ok(())
}

pub(super) async fn change_state(tx: &mut Tx, id: CampaignId, from: CampaignState, to: CampaignState) -> Result<bool, DbError> {
    let text = sql!("UPDATE campaigns SET state = $3 WHERE id = $1 AND state = $2");
    Ok(tx.exec(text, params![id.0, from.word(), to.word()]).await? == 1)
}

pub(super) async fn set_started(tx: &mut Tx, id: CampaignId, mailing_id: i64, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE campaigns SET mailing_id = $2, started_at = $3 WHERE id = $1"), params![id.0, mailing_id, now]).await?;
    Ok(())
}

pub(super) async fn end(tx: &mut Tx, id: CampaignId, state: CampaignState, now: i64) -> Result<(), DbError> {
    let text = sql!("UPDATE campaigns SET state = $2, finished_at = $3 WHERE id = $1");
    tx.exec(text, params![id.0, state.word(), now]).await?;
    Ok(())
}
