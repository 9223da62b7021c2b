//! Who responded: marked on the sends in one statement per round.

use attune_db::{DbError, Row, Sql, Tx, params, sql};

use super::{PushFunnelId, Respond, Round, RoundId, store};
use crate::message::{Mailing, store as mailings};

/// Marks who has responded to a round by `now`; only what happened within the wait after the person's own mail counts.
pub(super) async fn mark(tx: &mut Tx, round: &Round, mailing: &Mailing, now: i64) -> Result<u64, DbError> {
    let values = params![mailing.first_send_id, mailing.last_send_id, round.wait_us, now];
    match &round.respond {
        Respond::Clicked => {
            let text = sql!(
                "UPDATE sends SET responded_at = clicked_at WHERE id BETWEEN $1 AND $2 AND responded_at IS NULL AND clicked_at IS NOT NULL
                 AND clicked_at <= $4 AND clicked_at <= COALESCE(ended_at, clicked_at) + $3"
            );
            tx.exec(text, values).await
        }
        Respond::Opened => {
            let text = sql!(
                "UPDATE sends SET responded_at = opened_at WHERE id BETWEEN $1 AND $2 AND responded_at IS NULL AND opened_at IS NOT NULL
                 AND opened_at <= $4 AND opened_at <= COALESCE(ended_at, opened_at) + $3"
            );
            tx.exec(text, values).await
        }
        Respond::Event(name) => {
            let text = sql!(
                "UPDATE sends SET responded_at = r.at FROM (
                   SELECT s.id AS send_id, min(e.at) AS at FROM sends s
                   JOIN events e ON e.contact_id = s.contact_id AND e.at >= s.ended_at AND e.at <= s.ended_at + $3
                   WHERE s.id BETWEEN $1 AND $2 AND s.state = 'accepted' AND s.responded_at IS NULL AND e.at <= $4 AND e.name = $5 AND e.machine = FALSE
                   GROUP BY s.id) AS r
                 WHERE sends.id = r.send_id"
            );
            let mut values = values.to_vec();
            values.push(name.as_str().into());
            tx.exec(text, values).await
        }
    }
}

/// The statement that yields the contacts who responded to a mailing.
pub(super) fn survivors_of(mailing: &Mailing) -> Sql {
    let mut text =
        Sql::new("SELECT s.contact_id FROM sends s WHERE s.responded_at IS NOT NULL AND s.unsubscribed_at IS NULL AND s.id BETWEEN ");
    text.bind(mailing.first_send_id).push(" AND ").bind(mailing.last_send_id);
    text
}

/// The contacts that responded to the last round, best first.
pub(super) async fn survivors(tx: &mut Tx, id: PushFunnelId) -> Result<Vec<i64>, DbError> {
    let Some(mailing_id) = store::rounds(tx, id).await?.last().and_then(|round| round.mailing_id) else { return Ok(Vec::new()) };
    let mailing = mailings::get(tx, mailing_id).await?;
    let mut text = Sql::new("SELECT c.id FROM v_identify_contact c WHERE c.id IN (");
    text.append(&survivors_of(&mailing)).push(") ORDER BY COALESCE(c.engagement_k, -1e300) DESC, COALESCE(c.fit, 0) DESC, c.id");
    tx.rows_of(&text).await?.iter().map(|row| row.at(0)).collect()
}

/// Somebody of whom a simulated run knows that he responds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Responder {
    /// The send.
    pub send_id: i64,
    /// The contact.
    pub contact_id: i64,
    /// The address the mail went to.
    pub email: String,
}

/// The recipients of a round whose custom field `field` is true, in the order of their sends: what a simulated run lets respond.
/// Yes, true, 1, any other number but 0 and 是 count as true.
pub async fn responders(tx: &mut Tx, round_id: RoundId, field: &str) -> Result<Vec<Responder>, DbError> {
    let round = store::get_round(tx, round_id).await?;
    let Some(mailing_id) = round.mailing_id else { return Ok(Vec::new()) };
    let mailing = mailings::get(tx, mailing_id).await?;
    let text = sql!(
        "SELECT s.id, c.id AS contact_id, c.email, c.fields FROM sends s JOIN v_identify_contact c ON c.id = s.contact_id
         WHERE s.id BETWEEN $1 AND $2 AND s.state = 'accepted' AND c.email IS NOT NULL ORDER BY s.id"
    );
    let rows = tx.rows(text, params![mailing.first_send_id, mailing.last_send_id]).await?;
    let mut found = Vec::new();
    for row in &rows {
        if says_yes(row, field)? {
            found.push(Responder { send_id: row.get("id")?, contact_id: row.get("contact_id")?, email: row.get("email")? });
        }
    }
    Ok(found)
}

fn says_yes(row: &Row, field: &str) -> Result<bool, DbError> {
    let fields: serde_json::Value = serde_json::from_str(&row.get::<String>("fields")?).unwrap_or_default();
    Ok(match fields.get(field) {
        Some(serde_json::Value::Bool(yes)) => *yes,
        Some(serde_json::Value::Number(number)) => number.as_f64().is_some_and(|n| n != 0.0),
        Some(serde_json::Value::String(text)) => {
            let text = text.trim().to_lowercase();
            matches!(text.as_str(), "yes" | "true" | "y" | "是") || text.parse::<f64>().is_ok_and(|n| n != 0.0)
        }
        _ => false,
    })
}
