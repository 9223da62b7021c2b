//! The rows of mailings and sends.

use attune_db::{Column, DbError, Relation, Row, Sql, Tx, Value, params, sql};

use attune_identify::topic::TopicId;

use super::{Kind, Plan};

/// Where a mailing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailingState {
    /// Rows are being handed over.
    Running,
    /// Nothing is handed over until somebody resumes.
    Paused,
    /// Ended by somebody.
    Cancelled,
    /// Every row has ended.
    Finished,
}

impl MailingState {
    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Finished => "finished",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "running" => Self::Running,
            "paused" => Self::Paused,
            "cancelled" => Self::Cancelled,
            _ => Self::Finished,
        }
    }
}

/// A mailing as it stands.
#[derive(Clone, Debug)]
pub struct Mailing {
    /// Its id.
    pub id: i64,
    /// Campaign or round.
    pub kind: Kind,
    /// The campaign's or round's id.
    pub owner_id: i64,
    /// The campaign's or funnel's id.
    pub series_id: i64,
    /// What timelines show.
    pub title: String,
    /// The template version.
    pub version_id: i64,
    /// The sender's name.
    pub from_name: String,
    /// The sender's address.
    pub from_address: String,
    /// Where it stands.
    pub state: MailingState,
    /// Goes first when higher.
    pub priority: i64,
    /// Quiet hours do not hold.
    pub any_hour: bool,
    /// The cap does not hold.
    pub answer: bool,
    /// The first of its sends.
    pub first_send_id: i64,
    /// The last of its sends; smaller than the first when it has none.
    pub last_send_id: i64,
    /// Why the relay takes nothing at present.
    pub relay_error: Option<String>,
    /// Since when, µs.
    pub relay_error_at: Option<i64>,
    /// When it was planned, µs.
    pub created_at: i64,
    /// When its last row ended, µs.
    pub finished_at: Option<i64>,
    /// What it is about.
    pub topic_id: Option<TopicId>,
}

fn read(row: &Row) -> Result<Mailing, DbError> {
    Ok(Mailing {
        id: row.get("id")?,
        kind: if row.get::<String>("kind")? == "campaign" { Kind::Campaign } else { Kind::Round },
        owner_id: row.get("owner_id")?,
        series_id: row.get("series_id")?,
        title: row.get("title")?,
        version_id: row.get("version_id")?,
        from_name: row.get("from_name")?,
        from_address: row.get("from_address")?,
        state: MailingState::of(&row.get::<String>("state")?),
        priority: row.get("priority")?,
        any_hour: row.get("any_hour")?,
        answer: row.get("answer")?,
        first_send_id: row.get("first_send_id")?,
        last_send_id: row.get("last_send_id")?,
        relay_error: row.get("relay_error")?,
        relay_error_at: row.get("relay_error_at")?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
        topic_id: row.get::<Option<i64>>("topic_id")?.map(TopicId),
    })
}

/// The mailing `id`.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Mailing>, DbError> {
    let text = sql!(
        "SELECT id, kind, owner_id, series_id, title, version_id, from_name, from_address, state, priority, any_hour, answer,
                first_send_id, last_send_id, relay_error, relay_error_at, created_at, finished_at, topic_id
         FROM mailings WHERE id = $1"
    );
    tx.find(text, params![id]).await?.as_ref().map(read).transpose()
}

/// The mailing `id`, or [`DbError::NotFound`].
pub async fn get(tx: &mut Tx, id: i64) -> Result<Mailing, DbError> {
    find(tx, id).await?.ok_or(DbError::NotFound("mailing"))
}

/// Reserves the next send ids until the transaction ends; answers the last one in use.
pub(super) async fn lock_head(tx: &mut Tx) -> Result<i64, DbError> {
    let text = sql!("UPDATE send_head SET last_send_id = last_send_id WHERE id = 1 RETURNING last_send_id");
    tx.get("head of the sends", text, params![]).await?.at(0)
}

pub(super) async fn insert_mailing(tx: &mut Tx, id: i64, plan: &Plan, first: i64, now: i64) -> Result<(), DbError> {
    let text = sql!(
        "INSERT INTO mailings (id, kind, owner_id, series_id, title, version_id, from_name, from_address, state, priority, any_hour, answer,
                               first_send_id, last_send_id, created_at, topic_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'running', $9, $10, $11, $12, $13, $14, $15)"
    );
    let values = params![
        id,
        plan.kind.word(),
        plan.owner_id,
        plan.series_id,
        &plan.title,
        plan.version_id,
        &plan.from_name,
        &plan.from_address,
        plan.priority,
        plan.any_hour,
        plan.answer,
        first,
        first - 1,
        now,
        plan.topic_id.map(|topic| topic.0)
    ];
    tx.exec(text, values).await?;
    Ok(())
}

/// Plans everybody `audience` names, in one statement; the ids follow `head` in the order of the contacts' ids.
pub(super) async fn insert_sends(tx: &mut Tx, mailing_id: i64, head: i64, now: i64, audience: &Sql) -> Result<i64, DbError> {
    let mut text = Sql::new("INSERT INTO sends (id, mailing_id, contact_id, state, due_at, attempts) SELECT CAST(");
    text.bind(head).push(" AS BIGINT) + row_number() OVER (ORDER BY a.contact_id), CAST(").bind(mailing_id);
    text.push(" AS BIGINT), a.contact_id, 'planned', CAST(")
        .bind(now)
        .push(" AS BIGINT), 0 FROM (SELECT DISTINCT c.id AS contact_id FROM v_identify_contact c WHERE c.id IN (");
    text.append(audience).push(")) AS a");
    let count = tx.exec_of(&text).await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

pub(super) async fn set_range(tx: &mut Tx, mailing_id: i64, head: i64, count: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE send_head SET last_send_id = $1 WHERE id = 1"), params![head + count]).await?;
    tx.exec(sql!("UPDATE mailings SET last_send_id = $2 WHERE id = $1"), params![mailing_id, head + count]).await?;
    Ok(())
}

pub(super) async fn change_state(tx: &mut Tx, id: i64, from: MailingState, to: MailingState) -> Result<bool, DbError> {
    let text = sql!("UPDATE mailings SET state = $3 WHERE id = $1 AND state = $2");
    Ok(tx.exec(text, params![id, from.word(), to.word()]).await? == 1)
}

pub(super) async fn end_mailing(tx: &mut Tx, id: i64, state: MailingState, now: i64) -> Result<(), DbError> {
    let text = sql!("UPDATE mailings SET state = $2, finished_at = $3 WHERE id = $1 AND state IN ('running', 'paused')");
    tx.exec(text, params![id, state.word(), now]).await?;
    Ok(())
}

pub(super) async fn skip_planned(tx: &mut Tx, mailing_id: i64, reason: &str, now: i64) -> Result<u64, DbError> {
    let text = sql!("UPDATE sends SET state = 'skipped', reason = $2, ended_at = $3 WHERE mailing_id = $1 AND state = 'planned'");
    tx.exec(text, params![mailing_id, reason, now]).await
}

/// Leases up to `limit` due rows of a running mailing for the worker `lease_id`.
pub(super) async fn lease(tx: &mut Tx, mailing_id: i64, lease_id: i64, now: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let text = sql!(
        "UPDATE sends SET state = 'leased', lease_id = $2 WHERE id IN (
           SELECT s.id FROM sends s JOIN mailings m ON m.id = s.mailing_id
           WHERE s.mailing_id = $1 AND m.state = 'running' AND s.state = 'planned' AND s.due_at <= $3 ORDER BY s.due_at, s.id LIMIT $4)
         RETURNING id"
    );
    let rows = tx.rows(text, params![mailing_id, lease_id, now, limit]).await?;
    let mut ids = rows.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// Takes back what workers before this one held: leased rows are planned again, handed ones are in doubt. Answers both counts.
pub async fn recover(tx: &mut Tx, mailing_id: i64, now: i64) -> Result<(u64, u64), DbError> {
    let doubtful = tx
        .exec(
            sql!("UPDATE sends SET state = 'unknown', reason = 'in_doubt', ended_at = $2 WHERE mailing_id = $1 AND state = 'handed'"),
            params![mailing_id, now],
        )
        .await?;
    let planned = tx
        .exec(sql!("UPDATE sends SET state = 'planned', lease_id = NULL WHERE mailing_id = $1 AND state = 'leased'"), params![mailing_id])
        .await?;
    Ok((planned, doubtful))
}

/// Gives back rows this worker leased and will not hand over.
pub(super) async fn release(tx: &mut Tx, mailing_id: i64, lease_id: i64) -> Result<u64, DbError> {
    let text = sql!("UPDATE sends SET state = 'planned', lease_id = NULL WHERE mailing_id = $1 AND state = 'leased' AND lease_id = $2");
    tx.exec(text, params![mailing_id, lease_id]).await
}

/// Marks rows as handed over, just before they are written to the relay; answers those this worker still held.
pub(super) async fn mark_handed(tx: &mut Tx, mailing_id: i64, lease_id: i64, ids: &[i64]) -> Result<Vec<i64>, DbError> {
    let rows = Relation::of_ids("id", ids.iter().copied());
    // Found by their ids: the index of all that are on the way is kept out.
    let text = sql!(
        "UPDATE sends SET state = 'handed' FROM {rows} AS r
         WHERE sends.id = r.id AND sends.mailing_id + 0 = $1 AND sends.state || '' = 'leased' AND sends.lease_id = $2
           AND EXISTS (SELECT 1 FROM mailings m WHERE m.id = $1 AND m.state = 'running') RETURNING sends.id"
    );
    let marked = tx.rows_from(text, &rows, params![mailing_id, lease_id]).await?;
    marked.iter().map(|row| row.at(0)).collect()
}

/// A row's new state after a decision or an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) id: i64,
    pub(super) state: &'static str,
    pub(super) reason: Option<String>,
    pub(super) due_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
    pub(super) attempt: bool,
}

/// Writes turns of rows that are in one of the states `from` names; one statement.
pub(super) async fn turn(tx: &mut Tx, from_handed: bool, turns: &[Turn]) -> Result<u64, DbError> {
    let mut rows = Relation::new(&[
        ("id", Column::Int),
        ("state", Column::Text),
        ("reason", Column::Text),
        ("due_at", Column::Int),
        ("ended_at", Column::Int),
        ("attempt", Column::Int),
    ]);
    for turn in turns {
        let values: [Value; 6] = [
            turn.id.into(),
            turn.state.into(),
            turn.reason.as_deref().into(),
            turn.due_at.into(),
            turn.ended_at.into(),
            i64::from(turn.attempt).into(),
        ];
        rows.push(values);
    }
    // An outcome may come after its row was put in doubt: it then resolves the doubt.
    let text = if from_handed {
        sql!(
            "UPDATE sends SET state = r.state, reason = r.reason, due_at = COALESCE(r.due_at, sends.due_at), ended_at = r.ended_at,
                    attempts = sends.attempts + r.attempt, lease_id = NULL
             FROM {rows} AS r WHERE sends.id = r.id AND sends.state IN ('handed', 'unknown')"
        )
    } else {
        sql!(
            "UPDATE sends SET state = r.state, reason = r.reason, due_at = COALESCE(r.due_at, sends.due_at), ended_at = r.ended_at,
                    attempts = sends.attempts + r.attempt, lease_id = NULL
             FROM {rows} AS r WHERE sends.id = r.id AND sends.state = 'leased'"
        )
    };
    tx.exec_from(text, &rows, params![]).await
}

/// What is left to do: rows on their way, rows planned, and when the next of them is due (µs).
pub(super) async fn left(tx: &mut Tx, mailing_id: i64) -> Result<(i64, i64, Option<i64>), DbError> {
    let on_the_way =
        tx.count(sql!("SELECT count(*) FROM sends WHERE mailing_id = $1 AND state IN ('leased', 'handed')"), params![mailing_id]).await?;
    let text = sql!("SELECT count(*) AS planned, min(due_at) AS next_at FROM sends WHERE mailing_id = $1 AND state = 'planned'");
    let row = tx.get("sends left", text, params![mailing_id]).await?;
    Ok((on_the_way, row.get("planned")?, row.get("next_at")?))
}

/// Remembers that the relay takes nothing, or that it does again.
pub(super) async fn note_relay(tx: &mut Tx, mailing_id: i64, error: Option<&str>, now: i64) -> Result<(), DbError> {
    let text = sql!(
        "UPDATE mailings SET relay_error = $2, relay_error_at = CASE WHEN CAST($2 AS TEXT) IS NULL THEN NULL ELSE COALESCE(relay_error_at, $3) END
         WHERE id = $1 AND (relay_error IS NOT NULL OR CAST($2 AS TEXT) IS NOT NULL)"
    );
    tx.exec(text, params![mailing_id, error, now]).await?;
    Ok(())
}

/// The mailings that are being sent.
pub(super) async fn list_running(tx: &mut Tx) -> Result<Vec<i64>, DbError> {
    tx.rows(sql!("SELECT id FROM mailings WHERE state = 'running' ORDER BY id"), params![]).await?.iter().map(|row| row.at(0)).collect()
}

/// The address a send goes to.
pub(super) async fn address_of(tx: &mut Tx, send_id: i64) -> Result<Option<String>, DbError> {
    let text = sql!("SELECT c.email FROM sends s JOIN v_identify_contact c ON c.id = s.contact_id WHERE s.id = $1");
    tx.find(text, params![send_id]).await?.map(|row| row.get::<Option<String>>("email")).transpose().map(Option::flatten)
}

/// Whom a send goes to, and when it was due.
pub(super) async fn contact_of(tx: &mut Tx, send_id: i64) -> Result<Option<(i64, i64)>, DbError> {
    let row = tx.find(sql!("SELECT contact_id, due_at FROM sends WHERE id = $1 AND contact_id IS NOT NULL"), params![send_id]).await?;
    row.map(|row| Ok((row.get("contact_id")?, row.get("due_at")?))).transpose()
}
