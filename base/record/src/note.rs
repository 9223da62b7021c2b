//! Notes: what somebody wrote about a record. Deleting one hides it, so that it can be brought back; changing one keeps what it said before.

use attune_db::{DbError, Row, Sql, Tx, Value, params, sql};
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
    /// Markdown.
    pub body: String,
    /// Who wrote it.
    pub staff_id: i64,
    /// The name at that time.
    pub staff_name: String,
    /// When, µs UTC.
    pub created_at: i64,
    /// When it was last changed, µs UTC.
    pub updated_at: i64,
    /// Since when it is pinned, µs UTC.
    pub pinned_at: Option<i64>,
}

impl Note {
    /// Whether it says something else than at first.
    pub fn is_edited(&self) -> bool {
        self.updated_at > self.created_at
    }
}

/// What a note said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Markdown.
    pub body: String,
    /// Who changed it.
    pub staff_name: String,
    /// Until when it said so, µs UTC.
    pub until_at: i64,
}

const SELECT: &str = sql!("SELECT id, kind, record_id, body, staff_id, staff_name, created_at, updated_at, pinned_at FROM notes");

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
        pinned_at: row.get("pinned_at")?,
    })
}

/// Writes a note about the record; answers its id.
pub async fn add(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, (kind, record_id): (&str, i64), body: &str) -> Result<i64, DbError> {
    let id = ids.next();
    let sql = sql!(
        "INSERT INTO notes (id, kind, record_id, body, staff_id, staff_name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"
    );
    let body = cut(body);
    tx.exec(sql, params![id, kind, record_id, body, actor.staff_id, &actor.name, now]).await?;
    Ok(id)
}

fn cut(body: &str) -> String {
    body.trim().chars().take(BODY_CHARS).collect()
}

/// Lets a note say something else and keeps what it said; answers whether that differs.
pub async fn update(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, note: &Note, body: &str) -> Result<bool, DbError> {
    let body = cut(body);
    if body == note.body {
        return Ok(false);
    }
    let keep = sql!(
        "INSERT INTO note_versions (id, note_id, record_id, body, staff_id, staff_name, until_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    );
    tx.exec(keep, params![ids.next(), note.id, note.record_id, &note.body, actor.staff_id, &actor.name, now]).await?;
    tx.exec(sql!("UPDATE notes SET body = $2, updated_at = $3 WHERE id = $1"), params![note.id, body, now]).await?;
    Ok(true)
}

/// What a note said before, the latest first.
pub async fn list_versions(tx: &mut Tx, note_id: i64) -> Result<Vec<Version>, DbError> {
    let select = sql!("SELECT body, staff_name, until_at FROM note_versions WHERE note_id = $1 ORDER BY until_at DESC, id DESC LIMIT 100");
    let read = |row: &Row| Ok(Version { body: row.get("body")?, staff_name: row.get("staff_name")?, until_at: row.get("until_at")? });
    tx.rows(select, params![note_id]).await?.iter().map(read).collect()
}

/// Pins a note to the head of its record, or lets it go.
pub async fn set_pinned(tx: &mut Tx, id: i64, at: Option<i64>) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE notes SET pinned_at = CAST($2 AS BIGINT) WHERE id = $1"), params![id, at]).await.map(|_| ())
}

/// The pinned notes of a record, the last pinned first.
pub async fn list_pinned(tx: &mut Tx, record_id: i64) -> Result<Vec<Note>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE record_id = ")
        .bind(record_id)
        .push(" AND pinned_at IS NOT NULL AND deleted_at IS NULL ORDER BY pinned_at DESC, id DESC LIMIT 20");
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// The note `id`, unless it is deleted.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Note>, DbError> {
    tx.find(&format!("{SELECT} WHERE id = $1 AND deleted_at IS NULL"), params![id]).await?.as_ref().map(read).transpose()
}

/// Notes of a record written not after `until` (µs) — or all, when `None` — newest first.
pub async fn list(tx: &mut Tx, record_id: i64, until: Option<i64>, limit: i64) -> Result<Vec<Note>, DbError> {
    list_of(tx, &[record_id], until, limit).await
}

/// The same of several records.
pub async fn list_of(tx: &mut Tx, records: &[i64], until: Option<i64>, limit: i64) -> Result<Vec<Note>, DbError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE record_id IN ").bind_list(records.iter().map(|id| Value::Int(*id))).push(" AND deleted_at IS NULL");
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

/// Brings a deleted note of a record back; answers whether there was one.
pub async fn restore(tx: &mut Tx, id: i64, record_id: i64) -> Result<bool, DbError> {
    let restore = sql!("UPDATE notes SET deleted_at = NULL WHERE id = $1 AND record_id = $2 AND deleted_at IS NOT NULL");
    Ok(tx.exec(restore, params![id, record_id]).await? == 1)
}
