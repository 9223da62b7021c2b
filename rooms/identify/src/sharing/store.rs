//! The SQL of shares.

use attune_db::{DbError, Row, Sql, Tx, params, sql};
use attune_web::Scope;

use super::{Share, ShareDraft, ShareId, With};
use crate::contact::By;
use crate::relationship::Record;

const SELECT: &str = sql!(
    "SELECT h.id, h.contact_id, h.company_id, h.staff_id, h.team_id, h.reason, h.until_at, h.shared_by, h.created_at,
     COALESCE(s.name, t.name, '') AS name, COALESCE(b.name, '') AS by_name, COALESCE(s.active, TRUE) AS active
     FROM shares h LEFT JOIN v_govern_staff s ON s.id = h.staff_id LEFT JOIN v_govern_team t ON t.id = h.team_id
     LEFT JOIN v_govern_staff b ON b.id = h.shared_by"
);

fn read(row: &Row) -> Result<Share, DbError> {
    let contact: Option<i64> = row.get("contact_id")?;
    let company: Option<i64> = row.get("company_id")?;
    let staff: Option<i64> = row.get("staff_id")?;
    let team: Option<i64> = row.get("team_id")?;
    let record = contact.map(Record::Contact).or(company.map(Record::Company)).ok_or(DbError::NotFound("the record of a share"))?;
    let with = staff.map(With::Staff).or(team.map(With::Team)).ok_or(DbError::NotFound("whom a share is with"))?;
    Ok(Share {
        id: ShareId(row.get("id")?),
        record,
        with,
        name: row.get("name")?,
        active: row.get("active")?,
        reason: row.get("reason")?,
        until_at: row.get("until_at")?,
        by_name: row.get("by_name")?,
        created_at: row.get("created_at")?,
    })
}

/// The columns of a record and of whom it is shared with.
fn place(record: Record, with: With) -> [Option<i64>; 4] {
    let (contact, company) = match record {
        Record::Contact(id) => (Some(id), None),
        Record::Company(id) => (None, Some(id)),
    };
    let (staff, team) = match with {
        With::Staff(id) => (Some(id), None),
        With::Team(id) => (None, Some(id)),
    };
    [contact, company, staff, team]
}

pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, id: ShareId, record: Record, draft: &ShareDraft) -> Result<(), DbError> {
    let [contact, company, staff, team] = place(record, draft.with);
    let insert = sql!(
        "INSERT INTO shares (id, contact_id, company_id, staff_id, team_id, reason, until_at, shared_by, created_at)
         VALUES ($1, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), $6, CAST($7 AS BIGINT), $8, $9)"
    );
    let values = params![id.0, contact, company, staff, team, draft.reason.as_str(), draft.until_at, by.actor.staff_id, by.now];
    tx.exec(insert, values).await.map(|_| ())
}

pub(super) async fn update(tx: &mut Tx, id: ShareId, draft: &ShareDraft) -> Result<(), DbError> {
    let update = sql!("UPDATE shares SET reason = $2, until_at = CAST($3 AS BIGINT) WHERE id = $1");
    tx.exec(update, params![id.0, draft.reason.as_str(), draft.until_at]).await.map(|_| ())
}

pub(super) async fn remove(tx: &mut Tx, ids: &[ShareId]) -> Result<(), DbError> {
    let mut sql = Sql::new("DELETE FROM shares WHERE id IN ");
    sql.bind_list(ids.iter().map(|id| id.0.into()));
    tx.exec(sql.text(), sql.values().to_vec()).await.map(|_| ())
}

pub(super) async fn find(tx: &mut Tx, id: ShareId) -> Result<Option<Share>, DbError> {
    tx.find(&format!("{SELECT} WHERE h.id = $1"), params![id.0]).await?.as_ref().map(read).transpose()
}

/// Those of `keys` that end by `now`.
pub(super) async fn list_over(tx: &mut Tx, keys: &[i64], now: i64) -> Result<Vec<Share>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE h.until_at <= ").bind(now).push(" AND h.id IN ").bind_list(keys.iter().map(|id| (*id).into())).push(" ORDER BY h.id");
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Whom a record is shared with, by name; what a company above it carries down is not among them.
pub(super) async fn list_of(tx: &mut Tx, record: Record) -> Result<Vec<Share>, DbError> {
    let (column, id) = match record {
        Record::Contact(id) => ("h.contact_id", id),
        Record::Company(id) => ("h.company_id", id),
    };
    let mut sql = Sql::new(SELECT);
    sql.push(&format!(" WHERE {column} = ")).bind(id).push(" ORDER BY COALESCE(s.name, t.name), h.id");
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// The shares of this company and of those above it, with the company's name.
pub(super) async fn list_carried(tx: &mut Tx, company_id: i64) -> Result<Vec<(Share, String)>, DbError> {
    let mut sql = Sql::new(
        "WITH RECURSIVE up (id, parent_id, name) AS (SELECT c.id, c.parent_id, c.name FROM companies c WHERE c.deleted_at IS NULL AND c.id = ",
    );
    sql.bind(company_id);
    sql.push(" UNION SELECT p.id, p.parent_id, p.name FROM up JOIN companies p ON p.id = up.parent_id AND p.deleted_at IS NULL) ");
    sql.push(&SELECT.replacen("SELECT ", "SELECT up.name AS company_name, ", 1));
    sql.push(" JOIN up ON up.id = h.company_id ORDER BY up.name, COALESCE(s.name, t.name), h.id");
    tx.rows_of(&sql).await?.iter().map(|row| Ok((read(row)?, row.get("company_name")?))).collect()
}

const DOWN: &str = "WITH RECURSIVE down (id) AS (SELECT c.id FROM companies c WHERE c.id = ";
const FURTHER: &str = " UNION SELECT b.id FROM down JOIN companies b ON b.parent_id = down.id) ";

/// How many people and companies from this company downwards belong to colleagues outside `scope`; those below a deleted one too, who come back
/// with it.
pub(super) async fn count_others(tx: &mut Tx, scope: &Scope, company_id: i64) -> Result<i64, DbError> {
    if *scope == Scope::All {
        return Ok(0);
    }
    let mut sql = Sql::new(DOWN);
    sql.bind(company_id).push(FURTHER);
    sql.push("SELECT (SELECT count(*) FROM contacts p JOIN down ON down.id = p.company_id WHERE p.deleted_at IS NULL AND NOT (TRUE");
    scope.push_filter(&mut sql, "COALESCE(p.owner_id, 0)", "COALESCE(p.team_id, 0)");
    sql.push(")) + (SELECT count(*) FROM companies f JOIN down ON down.id = f.id WHERE f.owner_id IS NOT NULL AND NOT (TRUE");
    scope.push_filter(&mut sql, "COALESCE(f.owner_id, 0)", "COALESCE(f.team_id, 0)");
    sql.push("))");
    tx.count(sql.text(), sql.values()).await
}

/// Whether this company or one above it is shared with anybody.
pub(super) async fn is_carried(tx: &mut Tx, company_id: i64) -> Result<bool, DbError> {
    let select = sql!(
        "WITH RECURSIVE up (id, parent_id) AS (SELECT c.id, c.parent_id FROM companies c WHERE c.id = $1
           UNION SELECT p.id, p.parent_id FROM up JOIN companies p ON p.id = up.parent_id)
         SELECT count(*) FROM (SELECT h.id FROM shares h JOIN up ON up.id = h.company_id LIMIT 1) AS some_share"
    );
    Ok(tx.count(select, params![company_id]).await? > 0)
}

/// The teams, by name.
pub(super) async fn list_teams(tx: &mut Tx) -> Result<Vec<(i64, String)>, DbError> {
    let rows = tx.rows(sql!("SELECT id, name FROM v_govern_team ORDER BY name, id"), params![]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("name")?))).collect()
}
