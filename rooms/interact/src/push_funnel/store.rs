//! The rows of push funnels, their rounds and reps.

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, params, sql};
use attune_identify::topic::TopicId;
use attune_kernel::Ids;
use attune_web::Scope;

use super::{FunnelDraft, PushFunnelId, Respond, RoundDraft, RoundId};
use crate::audience::Audience;
use crate::series::store as series;
use crate::template::TemplateId;

/// Where a funnel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunnelState {
    /// Being drawn.
    Draft,
    /// A round is on its way.
    Running,
    /// Held by somebody.
    Paused,
    /// The last round is closed.
    Completed,
    /// Ended by somebody.
    Cancelled,
}

impl FunnelState {
    /// The word in the table and in programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "draft" => Self::Draft,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "completed" => Self::Completed,
            _ => Self::Cancelled,
        }
    }
}

/// Where a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundState {
    /// The round before it is not closed.
    Waiting,
    /// Mails are being sent.
    Sending,
    /// All mails are sent; people may still respond.
    Open,
    /// Who responded is fixed.
    Closed,
}

impl RoundState {
    /// The word in the table and in programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "sending" => Self::Sending,
            "open" => Self::Open,
            _ => Self::Closed,
        }
    }
}

/// A funnel as it stands.
#[derive(Clone, Debug)]
pub struct PushFunnel {
    /// Its id.
    pub id: PushFunnelId,
    /// Its name.
    pub name: String,
    /// Who the first round goes to.
    pub audience: Audience,
    /// The sender's name.
    pub from_name: String,
    /// The sender's address.
    pub from_address: String,
    /// What it is about.
    pub topic_id: Option<TopicId>,
    /// Quiet hours do not hold.
    pub any_hour: bool,
    /// Where it stands.
    pub state: FunnelState,
    /// The columns of a simulated run, as JSON.
    pub simulation: Option<String>,
    /// Who drew it.
    pub owner_id: Option<i64>,
    /// His team.
    pub team_id: Option<i64>,
    /// How many responded to the last round.
    pub survivors: i64,
    /// How many of them have reached a rep.
    pub handed_over: i64,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub started_at: Option<i64>,
    /// µs.
    pub ended_at: Option<i64>,
}

/// A round as it stands.
#[derive(Clone, Debug)]
pub struct Round {
    /// Its id.
    pub id: RoundId,
    /// The funnel.
    pub funnel_id: PushFunnelId,
    /// From 1.
    pub position: i64,
    /// Its name.
    pub name: String,
    /// What is offered.
    pub offer: String,
    /// The mail.
    pub template_id: TemplateId,
    /// What moves people on.
    pub respond: Respond,
    /// How long people have, µs.
    pub wait_us: i64,
    /// Where it stands.
    pub state: RoundState,
    /// Its mailing, once begun.
    pub mailing_id: Option<i64>,
    /// µs.
    pub started_at: Option<i64>,
    /// When it closes by itself, µs; known once every mail is sent.
    pub closes_at: Option<i64>,
    /// µs.
    pub closed_at: Option<i64>,
}

/// Somebody who takes survivors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rep {
    /// The member of staff.
    pub staff_id: i64,
    /// How many of this funnel at most.
    pub cap: i64,
}

fn read(row: &Row) -> Result<PushFunnel, DbError> {
    Ok(PushFunnel {
        id: PushFunnelId(row.get("id")?),
        name: row.get("name")?,
        audience: Audience { rule: row.get("audience")?, segment_id: row.get("segment_id")? },
        from_name: row.get("from_name")?,
        from_address: row.get("from_address")?,
        topic_id: row.get::<Option<i64>>("topic_id")?.map(TopicId),
        any_hour: row.get("any_hour")?,
        state: FunnelState::of(&row.get::<String>("state")?),
        simulation: row.get("simulation")?,
        owner_id: row.get("owner_id")?,
        team_id: row.get("team_id")?,
        survivors: row.get("survivors")?,
        handed_over: row.get("handed_over")?,
        created_at: row.get("created_at")?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
    })
}

fn read_round(row: &Row) -> Result<Round, DbError> {
    let respond = match row.get::<String>("respond")?.as_str() {
        "clicked" => Respond::Clicked,
        "opened" => Respond::Opened,
        _ => Respond::Event(row.get("respond_event")?),
    };
    Ok(Round {
        id: RoundId(row.get("id")?),
        funnel_id: PushFunnelId(row.get("funnel_id")?),
        position: row.get("position")?,
        name: row.get("name")?,
        offer: row.get("offer")?,
        template_id: TemplateId(row.get("template_id")?),
        respond,
        wait_us: row.get("wait_us")?,
        state: RoundState::of(&row.get::<String>("state")?),
        mailing_id: row.get("mailing_id")?,
        started_at: row.get("started_at")?,
        closes_at: row.get("closes_at")?,
        closed_at: row.get("closed_at")?,
    })
}

const SELECT: &str = sql!(
    "SELECT id, name, audience, segment_id, from_name, from_address, any_hour, state, simulation, owner_id, team_id, survivors, handed_over,
            created_at, started_at, ended_at, topic_id FROM push_funnels"
);
const ROUNDS: &str = sql!(
    "SELECT id, funnel_id, position, name, offer, template_id, respond, respond_event, wait_us, state, mailing_id, started_at, closes_at, closed_at
     FROM push_rounds"
);

/// Funnels the scope covers, newest first, older than `before`.
pub async fn list(tx: &mut Tx, scope: &Scope, before: i64, limit: i64) -> Result<Vec<PushFunnel>, DbError> {
    series::list(tx, SELECT, scope, (before, limit), read).await
}

/// The funnels of this name that have started and not ended, newest first.
pub(super) async fn list_under_way(tx: &mut Tx, name: &str) -> Result<Vec<PushFunnel>, DbError> {
    let mut text = Sql::new(SELECT);
    text.push(" WHERE state IN ('running', 'paused') AND name = ").bind(name).push(" ORDER BY id DESC");
    tx.rows_of(&text).await?.iter().map(read).collect()
}

/// The funnel `id`.
pub async fn find(tx: &mut Tx, id: PushFunnelId) -> Result<Option<PushFunnel>, DbError> {
    series::find(tx, SELECT, id.0, read).await
}

/// The funnel `id`, or [`DbError::NotFound`].
pub async fn get(tx: &mut Tx, id: PushFunnelId) -> Result<PushFunnel, DbError> {
    find(tx, id).await?.ok_or(DbError::NotFound("push funnel"))
}

/// The rounds of a funnel, in order.
pub async fn rounds(tx: &mut Tx, id: PushFunnelId) -> Result<Vec<Round>, DbError> {
    let mut text = Sql::new(ROUNDS);
    text.push(" WHERE funnel_id = ").bind(id.0).push(" ORDER BY position");
    tx.rows_of(&text).await?.iter().map(read_round).collect()
}

/// The round `id`, or [`DbError::NotFound`].
pub async fn get_round(tx: &mut Tx, id: RoundId) -> Result<Round, DbError> {
    series::find(tx, ROUNDS, id.0, read_round).await?.ok_or(DbError::NotFound("round"))
}

/// The reps of a funnel, in the order they were drawn.
pub async fn reps(tx: &mut Tx, id: PushFunnelId) -> Result<Vec<Rep>, DbError> {
    let rows = tx.rows(sql!("SELECT staff_id, cap FROM push_reps WHERE funnel_id = $1 ORDER BY staff_id"), params![id.0]).await?;
    rows.iter().map(|row| Ok(Rep { staff_id: row.get("staff_id")?, cap: row.get("cap")? })).collect()
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: PushFunnelId,
    draft: &FunnelDraft,
    owner: (Option<i64>, Option<i64>),
    now: i64,
) -> Result<(), DbError> {
    let text = sql!(
        "INSERT INTO push_funnels (id, name, audience, segment_id, from_name, from_address, any_hour, state, simulation, owner_id, team_id,
                                   survivors, handed_over, created_at, topic_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', $8, $9, $10, 0, 0, $11, $12)"
    );
    let values = params![
        id.0,
        &draft.name,
        &draft.audience.rule,
        draft.audience.segment_id,
        &draft.from_name,
        &draft.from_address,
        draft.any_hour,
        draft.simulation.as_deref(),
        owner.0.filter(|id| *id != 0),
        owner.1,
        now,
        draft.topic_id.map(|topic| topic.0)
    ];
    tx.exec(text, values).await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, id: PushFunnelId, draft: &FunnelDraft) -> Result<(), DbError> {
    let text = sql!(
        "UPDATE push_funnels SET name = $2, audience = $3, segment_id = $4, from_name = $5, from_address = $6, any_hour = $7, topic_id = $8
         WHERE id = $1 AND state = 'draft'"
    );
    let values = params![
        id.0,
        &draft.name,
        &draft.audience.rule,
        draft.audience.segment_id,
        &draft.from_name,
        &draft.from_address,
        draft.any_hour,
        draft.topic_id.map(|topic| topic.0)
    ];
    tx.exec(text, values).await?;
    Ok(())
}

pub(super) async fn replace_rounds(tx: &mut Tx, ids: &Ids, id: PushFunnelId, drafts: &[RoundDraft]) -> Result<(), DbError> {
    tx.exec(sql!("DELETE FROM push_rounds WHERE funnel_id = $1"), params![id.0]).await?;
    let mut rows = Relation::new(&[
        ("id", Column::Int),
        ("funnel_id", Column::Int),
        ("position", Column::Int),
        ("name", Column::Text),
        ("offer", Column::Text),
        ("template_id", Column::Int),
        ("respond", Column::Text),
        ("respond_event", Column::Text),
        ("wait_us", Column::Int),
        ("state", Column::Text),
    ]);
    for (round, position) in drafts.iter().zip(1_i64..) {
        let (word, event) = (round.respond.word(), round.respond.event());
        rows.push(params![
            ids.next(),
            id.0,
            position,
            &round.name,
            &round.offer,
            round.template_id.0,
            word,
            event,
            round.wait_us,
            "waiting"
        ]);
    }
    tx.insert("push_rounds", &rows, Conflict::Fail).await?;
    Ok(())
}

pub(super) async fn replace_reps(tx: &mut Tx, id: PushFunnelId, reps: &[Rep]) -> Result<(), DbError> {
    tx.exec(sql!("DELETE FROM push_reps WHERE funnel_id = $1"), params![id.0]).await?;
    let mut rows = Relation::new(&[("funnel_id", Column::Int), ("staff_id", Column::Int), ("cap", Column::Int)]);
    for rep in reps {
        rows.push(params![id.0, rep.staff_id, rep.cap]);
    }
    tx.insert("push_reps", &rows, Conflict::Update(&["funnel_id", "staff_id"], "cap = excluded.cap")).await?;
    Ok(())
}

pub(super) async fn change_state(tx: &mut Tx, id: PushFunnelId, from: FunnelState, to: FunnelState) -> Result<bool, DbError> {
    let text = sql!("UPDATE push_funnels SET state = $3 WHERE id = $1 AND state = $2");
    Ok(tx.exec(text, params![id.0, from.word(), to.word()]).await? == 1)
}

pub(super) async fn set_started(tx: &mut Tx, id: PushFunnelId, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE push_funnels SET started_at = $2 WHERE id = $1"), params![id.0, now]).await?;
    Ok(())
}

pub(super) async fn end(tx: &mut Tx, id: PushFunnelId, state: FunnelState, survivors: i64, now: i64) -> Result<(), DbError> {
    let text = sql!("UPDATE push_funnels SET state = $2, survivors = $3, ended_at = $4 WHERE id = $1");
    tx.exec(text, params![id.0, state.word(), survivors, now]).await?;
    Ok(())
}

pub(super) async fn begin_round(tx: &mut Tx, id: RoundId, mailing_id: i64, now: i64) -> Result<(), DbError> {
    let text = sql!("UPDATE push_rounds SET state = 'sending', mailing_id = $2, started_at = $3 WHERE id = $1");
    tx.exec(text, params![id.0, mailing_id, now]).await?;
    Ok(())
}

pub(super) async fn open_round(tx: &mut Tx, id: RoundId, closes_at: i64) -> Result<bool, DbError> {
    let text = sql!("UPDATE push_rounds SET state = 'open', closes_at = $2 WHERE id = $1 AND state = 'sending'");
    Ok(tx.exec(text, params![id.0, closes_at]).await? == 1)
}

/// Closes a round that is under way; answers whether this call did it.
pub(super) async fn close_round(tx: &mut Tx, id: RoundId, now: i64) -> Result<bool, DbError> {
    let text = sql!("UPDATE push_rounds SET state = 'closed', closed_at = $2 WHERE id = $1 AND state IN ('sending', 'open')");
    Ok(tx.exec(text, params![id.0, now]).await? == 1)
}

/// Remembers hand-overs that were heard, and counts them.
pub(super) async fn add_handed(tx: &mut Tx, handed: &[(i64, i64, Option<i64>, i64)]) -> Result<(), DbError> {
    let mut rows =
        Relation::new(&[("funnel_id", Column::Int), ("contact_id", Column::Int), ("staff_id", Column::Int), ("at", Column::Int)]);
    for (funnel_id, contact_id, staff_id, at) in handed {
        rows.push(params![*funnel_id, *contact_id, *staff_id, *at]);
    }
    tx.insert("push_handed", &rows, Conflict::Ignore(&["funnel_id", "contact_id"])).await?;
    let funnels = Relation::of_ids("id", handed.iter().map(|(funnel_id, ..)| *funnel_id));
    let text = sql!(
        "UPDATE push_funnels SET handed_over = (SELECT count(*) FROM push_handed h WHERE h.funnel_id = push_funnels.id)
         WHERE id IN (SELECT r.id FROM {rows} AS r)"
    );
    tx.exec_from(text, &funnels, params![]).await?;
    Ok(())
}

/// How many of a funnel each rep has got.
pub async fn handed_by_rep(tx: &mut Tx, id: PushFunnelId) -> Result<Vec<(i64, i64)>, DbError> {
    let text = sql!(
        "SELECT staff_id, count(*) AS count FROM push_handed WHERE funnel_id = $1 AND staff_id IS NOT NULL GROUP BY staff_id ORDER BY staff_id"
    );
    tx.rows(text, params![id.0]).await?.iter().map(|row| Ok((row.get("staff_id")?, row.get("count")?))).collect()
}
