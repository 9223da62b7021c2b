//! Notes: what somebody wrote about a record. Deleting one hides it, so that it can be brought back.

use attune_db::{DbError, Row, Sql, Tx, params, sql};
use attune_kernel::Ids;
use attune_web::Actor;

/// The most characters a note may have.
pub const BODY_CHARS: usize = 20_000;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: i64,
    /// The kind of record: `contact`.
    pub kind: String,
    /// The record.
    pub record_id: i64,
    /// Plain text with line breaks.
    pub body: String,
    /// Who wrote it.
    pub staff_id: i64,
    /// The name at that time.
    pub staff_name: String,
    /// When, µs UTC.
    pub created_at: i64,
    /// When it was last changed, µs UTC.
    pub updated_at: i64,
}

const SELECT: &str = sql!("SELECT id, kind, record_id, body, staff_id, staff_name, created_at, updated_at FROM notes");

fn read(row: &Row) -> Result<Note, DbError> {
    Ok(Note {
        id: row.get("id")?,
        kind: row.get("kind")?,
        record_id: row.get("record_id")?,
        body: row.get("body")?,
        staff_id: row.get("staff_id")?,
        staff_name: row.get("staff_name")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Writes a note about the record; answers its id.
pub async fn add(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, (kind, record_id): (&str, i64), body: &str) -> Result<i64, DbError> {
    let id = ids.next();
    let sql = sql!(
        "INSERT INTO notes (id, kind, record_id, body, staff_id, staff_name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"
    );
    let body: String = body.trim().chars().take(BODY_CHARS).collect();
    tx.exec(sql, params![id, kind, record_id, body, actor.staff_id, &actor.name, now]).await?;
    Ok(id)
}

/// The note `id`, unless it is deleted.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Note>, DbError> {
    tx.find(&format!("{SELECT} WHERE id = $1 AND deleted_at IS NULL"), params![id]).await?.as_ref().map(read).transpose()
}

/// Notes of a record written not after `until` (µs) — or all, when `None` — newest first.
pub async fn list(tx: &mut Tx, record_id: i64, until: Option<i64>, limit: i64) -> Result<Vec<Note>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE record_id = ").bind(record_id).push(" AND deleted_at IS NULL");
    if let Some(until) = until {
        sql.push(" AND created_at <= ").bind(until);
    }
    sql.push(" ORDER BY created_at DESC, id DESC LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Hides a note written by `staff_id` (anybody's, when `None`); answers whether there was one.
pub async fn delete(tx: &mut Tx, id: i64, staff_id: Option<i64>, now: i64) -> Result<bool, DbError> {
    let mut sql = Sql::new("UPDATE notes SET deleted_at = ");
    sql.bind(now).push(" WHERE deleted_at IS NULL AND id = ").bind(id);
    if let Some(staff_id) = staff_id {
        sql.push(" AND staff_id = ").bind(staff_id);
    }
    Ok(tx.exec_of(&sql).await? == 1)
}

/// Brings a deleted note back; answers whether there was one.
pub async fn restore(tx: &mut Tx, id: i64) -> Result<bool, DbError> {
    Ok(tx.exec(sql!("UPDATE notes SET deleted_at = NULL WHERE id = $1 AND deleted_at IS NOT NULL"), params![id]).await? == 1)
}
