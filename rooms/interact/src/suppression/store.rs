//! The rows of the suppression list.

use attune_db::{DbError, Row, Tx, params, sql};
use attune_kernel::Address;

use super::SuppressionId;

/// One entry.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// Its id.
    pub id: SuppressionId,
    /// The address in its matching form.
    pub email_key: Address,
    /// Owner and team of the contact it came from.
    pub place: (Option<i64>, Option<i64>),
    /// `unsubscribed`, `bounced`, `complained` or `manual`.
    pub reason: String,
    /// What staff wrote beside it.
    pub note: Option<String>,
    /// The contact it came from.
    pub contact_id: Option<i64>,
    /// Since when, µs.
    pub created_at: i64,
}

fn read(row: &Row) -> Result<Suppression, DbError> {
    Ok(Suppression {
        id: SuppressionId(row.get("id")?),
        email_key: row.get("email_key")?,
        place: (row.get("owner_id")?, row.get("team_id")?),
        reason: row.get("reason")?,
        note: row.get("note")?,
        contact_id: row.get("contact_id")?,
        created_at: row.get("created_at")?,
    })
}

/// Entries, newest first, older than `before` (an id; `i64::MAX` for the first page), whose address is, or with `parts` contains, `words`
/// (empty for all).
pub async fn list(tx: &mut Tx, words: &str, parts: bool, before: i64, limit: i64) -> Result<Vec<Suppression>, DbError> {
    let text = sql!(
        "SELECT s.id, s.email_key, s.reason, s.note, s.contact_id, s.created_at, c.owner_id, c.team_id
         FROM suppressions s LEFT JOIN v_identify_contact c ON c.id = s.contact_id
         WHERE s.id < $1 AND (CAST($2 AS TEXT) = '' OR s.email_key = CAST($2 AS TEXT)
           OR (CAST($4 AS BOOLEAN) AND replace(s.email_key, CAST($2 AS TEXT), '') <> s.email_key)) ORDER BY s.id DESC LIMIT $3"
    );
    tx.rows(text, params![before, words, limit, parts]).await?.iter().map(read).collect()
}

/// The entry `id`.
pub async fn find(tx: &mut Tx, id: SuppressionId) -> Result<Option<Suppression>, DbError> {
    let text = sql!(
        "SELECT s.id, s.email_key, s.reason, s.note, s.contact_id, s.created_at, c.owner_id, c.team_id
         FROM suppressions s LEFT JOIN v_identify_contact c ON c.id = s.contact_id WHERE s.id = $1"
    );
    tx.find(text, params![id.0]).await?.as_ref().map(read).transpose()
}

/// Takes an entry off the list.
pub async fn remove(tx: &mut Tx, id: SuppressionId) -> Result<bool, DbError> {
    Ok(tx.exec(sql!("DELETE FROM suppressions WHERE id = $1"), params![id.0]).await? == 1)
}
