//! All SQL about sessions.

use attune_db::{DbError, Tx, params, sql};
use attune_kernel::DAY_US;

/// A session as its owner sees it.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// The id.
    pub id: i64,
    /// What the browser called itself.
    pub agent: String,
    /// When it was opened, µs.
    pub created_at: i64,
    /// When it was last used, µs (to the hour).
    pub seen_at: i64,
}

pub(super) async fn insert(tx: &mut Tx, id: i64, staff_id: i64, hash: &str, agent: &str, now: i64, until: i64) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO staff_sessions (id, staff_id, token_hash, agent, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5, $6)"
    );
    tx.exec(sql, params![id, staff_id, hash, agent, now, until]).await?;
    Ok(())
}

/// The session and staff behind a token: (session id, staff id, last seen).
pub(super) async fn find(tx: &mut Tx, hash: &str, now: i64) -> Result<Option<(i64, i64, i64)>, DbError> {
    let sql = sql!("SELECT id, staff_id, seen_at FROM staff_sessions WHERE token_hash = $1 AND expires_at > $2");
    let row = tx.find(sql, params![hash, now]).await?;
    row.map(|row| Ok((row.get("id")?, row.get("staff_id")?, row.get("seen_at")?))).transpose()
}

/// Marks a session as used and lengthens it.
pub(super) async fn touch(tx: &mut Tx, id: i64, now: i64) -> Result<(), DbError> {
    let until = now + super::SESSION_DAYS * DAY_US;
    tx.exec(sql!("UPDATE staff_sessions SET seen_at = $2, expires_at = $3 WHERE id = $1"), params![id, now, until]).await?;
    Ok(())
}

pub(super) async fn forget_expired(tx: &mut Tx, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("DELETE FROM staff_sessions WHERE expires_at < $1"), params![now]).await?;
    Ok(())
}

pub(super) async fn end_token(tx: &mut Tx, hash: &str) -> Result<(), DbError> {
    tx.exec(sql!("DELETE FROM staff_sessions WHERE token_hash = $1"), params![hash]).await?;
    Ok(())
}

/// Ends one session of a member of staff.
pub async fn end(tx: &mut Tx, staff_id: i64, id: i64) -> Result<bool, DbError> {
    Ok(tx.exec(sql!("DELETE FROM staff_sessions WHERE id = $1 AND staff_id = $2"), params![id, staff_id]).await? == 1)
}

/// Ends every session of a member of staff.
pub async fn end_all(tx: &mut Tx, staff_id: i64) -> Result<(), DbError> {
    tx.exec(sql!("DELETE FROM staff_sessions WHERE staff_id = $1"), params![staff_id]).await?;
    Ok(())
}

/// Where a member of staff is signed in, newest use first.
pub async fn list_sessions(tx: &mut Tx, staff_id: i64, now: i64) -> Result<Vec<SessionRow>, DbError> {
    let sql = sql!(
        "SELECT id, agent, created_at, seen_at FROM staff_sessions WHERE staff_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id DESC LIMIT 50"
    );
    let rows = tx.rows(sql, params![staff_id, now]).await?;
    rows.iter()
        .map(|row| {
            Ok(SessionRow {
                id: row.get("id")?,
                agent: row.get("agent")?,
                created_at: row.get("created_at")?,
                seen_at: row.get("seen_at")?,
            })
        })
        .collect()
}
