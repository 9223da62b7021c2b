//! The SQL of files.

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_house::Leaver;
use attune_web::Scope;

use super::FileId;
use crate::contact::By;
use crate::relationship::Record;
use crate::sharing::Reach;

/// A file on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its id.
    pub id: FileId,
    /// Whose file it is.
    pub record: Record,
    /// The company of the record.
    pub firm_id: Option<i64>,
    /// What lists call the record; may be empty.
    pub of: String,
    /// What it is called.
    pub name: String,
    /// How large it is.
    pub bytes: i64,
    /// Who put it there.
    pub staff_id: i64,
    /// Their name; empty when they are gone.
    pub staff_name: String,
    /// When, µs UTC.
    pub created_at: i64,
    /// Whose the record is: owner and team.
    pub whose: (Option<i64>, Option<i64>),
}

fn read(row: &Row) -> Result<StoredFile, DbError> {
    let contact: Option<i64> = row.get("contact_id")?;
    let record = match contact {
        Some(id) => Record::Contact(id),
        None => Record::Company(row.get("company_id")?),
    };
    Ok(StoredFile {
        id: FileId(row.get("id")?),
        record,
        firm_id: row.get("firm_id")?,
        of: row.get("of_name")?,
        name: row.get("file_name")?,
        bytes: row.get("bytes")?,
        staff_id: row.get("staff_id")?,
        staff_name: row.get("staff_name")?,
        created_at: row.get("created_at")?,
        whose: (row.get("owner_id")?, row.get("team_id")?),
    })
}

/// Whole files whose record is alive and within `scope`.
fn select(reach: &Reach, deleted: bool) -> Sql {
    let mut sql = Sql::new(
        "SELECT f.id, f.contact_id, f.company_id, f.file_name, f.bytes, f.staff_id, COALESCE(s.name, '') AS staff_name, f.created_at,
         COALESCE(c.label, m.name, '') AS of_name, COALESCE(f.company_id, c.company_id) AS firm_id,
         COALESCE(c.owner_id, m.owner_id) AS owner_id, COALESCE(c.team_id, m.team_id) AS team_id
         FROM files f LEFT JOIN v_govern_staff s ON s.id = f.staff_id LEFT JOIN v_identify_contact c ON c.id = f.contact_id",
    );
    reach.push_people(&mut sql, "c");
    sql.push(" LEFT JOIN companies m ON m.id = f.company_id AND m.deleted_at IS NULL");
    reach.push_companies(&mut sql, "m");
    sql.push(" WHERE (c.id IS NOT NULL OR m.id IS NOT NULL) AND f.kept_at IS NOT NULL");
    sql.push(if deleted { " AND f.deleted_at IS NOT NULL" } else { " AND f.deleted_at IS NULL" });
    sql
}

pub(super) async fn find(tx: &mut Tx, scope: &Scope, id: FileId, deleted: bool) -> Result<Option<StoredFile>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?, deleted);
    sql.push(" AND f.id = ").bind(id.0);
    tx.rows_of(&sql).await?.first().map(read).transpose()
}

/// The files of a record, newest first, older than `before` (an id; `i64::MAX` for the first page).
pub async fn list(tx: &mut Tx, scope: &Scope, record: Record, before: i64, limit: i64) -> Result<Vec<StoredFile>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?, false);
    match record {
        Record::Contact(id) => _ = sql.push(" AND f.contact_id = ").bind(id),
        Record::Company(id) => _ = sql.push(" AND f.company_id = ").bind(id),
    }
    sql.push(" AND f.id < ").bind(before).push(" ORDER BY f.id DESC LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, id: FileId, record: Record, name: &str) -> Result<(), DbError> {
    let insert =
        sql!("INSERT INTO files (id, contact_id, company_id, file_name, bytes, staff_id, created_at) VALUES ($1, $2, $3, $4, 0, $5, $6)");
    tx.exec(insert, params![id.0, record.contact(), record.company(), name, by.actor.staff_id, by.now]).await.map(|_| ())
}

pub(super) async fn keep(tx: &mut Tx, id: FileId, bytes: i64, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE files SET bytes = $2, kept_at = $3 WHERE id = $1"), params![id.0, bytes, now]).await.map(|_| ())
}

pub(super) async fn rename(tx: &mut Tx, id: FileId, name: &str) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE files SET file_name = $2 WHERE id = $1"), params![id.0, name]).await.map(|_| ())
}

/// False when its row went meanwhile.
pub(super) async fn set_deleted(tx: &mut Tx, id: FileId, at: Option<i64>) -> Result<bool, DbError> {
    Ok(tx.exec(sql!("UPDATE files SET deleted_at = CAST($2 AS BIGINT) WHERE id = $1"), params![id.0, at]).await? == 1)
}

/// Adds a piece, as long as the file is still there to take it: its person may have been erased meanwhile.
pub(super) async fn put_chunk(tx: &mut Tx, id: FileId, number: i64, body: &str) -> Result<bool, DbError> {
    // Whoever removes the file waits, and finds the piece.
    if tx.exec(sql!("UPDATE files SET bytes = bytes WHERE id = $1"), params![id.0]).await? == 0 {
        return Ok(false);
    }
    tx.exec(sql!("INSERT INTO file_chunks (file_id, number, body) VALUES ($1, $2, $3)"), params![id.0, number, body]).await?;
    Ok(true)
}

pub(super) async fn find_chunk(tx: &mut Tx, id: FileId, number: i64) -> Result<Option<String>, DbError> {
    let row = tx.find(sql!("SELECT body FROM file_chunks WHERE file_id = $1 AND number = $2"), params![id.0, number]).await?;
    row.map(|row| row.get("body")).transpose()
}

/// Removes what is in the files of these people.
pub(super) async fn remove_chunks_of(tx: &mut Tx, leavers: &[Leaver]) -> Result<u64, DbError> {
    let delete =
        sql!("DELETE FROM file_chunks WHERE file_id IN (SELECT f.id FROM files f WHERE f.contact_id IN (SELECT r.id FROM {rows} AS r))");
    tx.exec_from(delete, &Relation::of_ids("id", leavers.iter().map(|leaver| leaver.id)), params![]).await
}

/// Removes files with what is in them.
pub(super) async fn remove(tx: &mut Tx, ids: &[i64]) -> Result<u64, DbError> {
    let gone = Relation::of_ids("id", ids.iter().copied());
    let files = tx.exec_from(sql!("DELETE FROM files WHERE id IN (SELECT r.id FROM {rows} AS r)"), &gone, params![]).await?;
    tx.exec_from(sql!("DELETE FROM file_chunks WHERE file_id IN (SELECT r.id FROM {rows} AS r)"), &gone, params![]).await?;
    Ok(files)
}

/// Which files, as `f`, have had their day at `$1`: deleted ones, unless their person is held, and those whose sender broke off.
const OVER: &str = "((f.deleted_at < $1 AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = f.contact_id))
    OR (f.kept_at IS NULL AND f.created_at < $1))";

/// Removes those of these files that still have had their day at `then`, and pieces of these that belong to no file. Answers which files went.
pub(super) async fn remove_over(tx: &mut Tx, then: i64, ids: &[i64]) -> Result<Vec<i64>, DbError> {
    let wanted = Relation::of_ids("id", ids.iter().copied());
    let delete = format!("DELETE FROM files AS f WHERE f.id IN (SELECT r.id FROM {{rows}} AS r) AND {OVER} RETURNING id");
    let gone = tx.rows_from(&delete, &wanted, params![then]).await?.iter().map(|row| row.at(0)).collect::<Result<Vec<_>, _>>()?;
    let delete = sql!(
        "DELETE FROM file_chunks WHERE file_id IN (SELECT r.id FROM {rows} AS r) AND NOT EXISTS (SELECT 1 FROM files f WHERE f.id = file_id)"
    );
    tx.exec_from(delete, &wanted, params![]).await?;
    Ok(gone)
}

/// Files that have had their day at `then`, and those of which only pieces are left.
pub(super) async fn list_over(tx: &mut Tx, then: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let select = format!(
        "SELECT o.id FROM (
           SELECT f.id FROM files f WHERE {OVER}
           UNION SELECT c.file_id AS id FROM file_chunks c WHERE NOT EXISTS (SELECT 1 FROM files f WHERE f.id = c.file_id)
         ) AS o ORDER BY o.id LIMIT $2"
    );
    tx.rows(&select, params![then, limit]).await?.iter().map(|row| row.at(0)).collect()
}
