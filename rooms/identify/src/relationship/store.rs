//! The SQL of relationships.

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_web::Scope;

use super::kind::{self, Kind, Reading};
use super::{Record, RelationshipId, Terms};
use crate::contact::By;
use crate::sharing::Reach;

/// The most a record shows.
const SHOWN: i64 = 200;

/// A relationship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// Its id.
    pub id: RelationshipId,
    /// Its kind.
    pub kind: Kind,
    /// Whom it begins with.
    pub from: Record,
    /// Whom it leads to.
    pub to: Record,
    /// What is said of it.
    pub terms: Terms,
}

/// A relationship as one of its records shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: RelationshipId,
    /// Its kind, read from the record that shows it.
    pub reading: Reading,
    /// The record at the other end.
    pub other: Record,
    /// What lists call the other; may be empty.
    pub name: String,
    /// Whose the other is: owner and team.
    pub whose: (Option<i64>, Option<i64>),
    /// The other's job title or line of business; may be empty.
    pub detail: String,
    /// What is said of it.
    pub terms: Terms,
}

fn read_terms(row: &Row) -> Result<Terms, DbError> {
    Ok(Terms { note: row.get("note")?, attitude: row.get("attitude")?, since_at: row.get("since_at")?, until_at: row.get("until_at")? })
}

fn read_record(row: &Row, contact: &str, company: &str) -> Result<Record, DbError> {
    Ok(match row.get::<Option<i64>>(contact)? {
        Some(id) => Record::Contact(id),
        None => Record::Company(row.get(company)?),
    })
}

fn read_kind(row: &Row) -> Result<Kind, DbError> {
    kind::find(&row.get::<String>("kind")?).ok_or(DbError::NotFound("the kind of a relationship"))
}

pub(super) async fn find(tx: &mut Tx, id: RelationshipId, gone: bool) -> Result<Option<Relationship>, DbError> {
    let select = sql!(
        "SELECT kind, from_contact_id, from_company_id, to_contact_id, to_company_id, note, attitude, since_at, until_at
         FROM relationships WHERE id = $1 AND (deleted_at IS NOT NULL) = $2"
    );
    let Some(row) = tx.find(select, params![id.0, gone]).await? else { return Ok(None) };
    Ok(Some(Relationship {
        id,
        kind: read_kind(&row)?,
        from: read_record(&row, "from_contact_id", "from_company_id")?,
        to: read_record(&row, "to_contact_id", "to_company_id")?,
        terms: read_terms(&row)?,
    }))
}

/// Whether the same is said already and not over; what is mutual may have been said from either end.
pub(super) async fn is_known(tx: &mut Tx, kind: Kind, (from, to): (Record, Record)) -> Result<bool, DbError> {
    let select = sql!(
        "SELECT count(*) FROM relationships WHERE kind = $1 AND until_at IS NULL AND deleted_at IS NULL
         AND COALESCE(from_contact_id, 0) = $2 AND COALESCE(from_company_id, 0) = $3
         AND COALESCE(to_contact_id, 0) = $4 AND COALESCE(to_company_id, 0) = $5"
    );
    let mut said = vec![(from, to)];
    if kind.mutual {
        said.push((to, from));
    }
    for (from, to) in said {
        let ends = [from.contact(), from.company(), to.contact(), to.company()].map(|id| id.unwrap_or(0));
        let [a, b, c, d] = ends;
        if tx.count(select, params![kind.word, a, b, c, d]).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn insert(
    tx: &mut Tx,
    by: &By<'_>,
    id: RelationshipId,
    kind: Kind,
    (from, to): (Record, Record),
    terms: &Terms,
) -> Result<(), DbError> {
    let insert = sql!(
        "INSERT INTO relationships (id, kind, from_contact_id, from_company_id, to_contact_id, to_company_id, note, attitude, since_at, until_at,
           created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)"
    );
    let values = params![
        id.0,
        kind.word,
        from.contact(),
        from.company(),
        to.contact(),
        to.company(),
        &terms.note,
        terms.attitude.as_deref(),
        terms.since_at,
        terms.until_at,
        by.actor.staff_id,
        by.now
    ];
    tx.exec(insert, values).await.map(|_| ())
}

pub(super) async fn update(tx: &mut Tx, id: RelationshipId, terms: &Terms, now: i64) -> Result<(), DbError> {
    let update = sql!(
        "UPDATE relationships SET note = $2, attitude = CAST($3 AS TEXT), since_at = CAST($4 AS BIGINT), until_at = CAST($5 AS BIGINT),
         updated_at = $6 WHERE id = $1"
    );
    tx.exec(update, params![id.0, &terms.note, terms.attitude.as_deref(), terms.since_at, terms.until_at, now]).await.map(|_| ())
}

pub(super) async fn set_deleted(tx: &mut Tx, id: RelationshipId, at: Option<i64>) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE relationships SET deleted_at = CAST($2 AS BIGINT) WHERE id = $1"), params![id.0, at]).await.map(|_| ())
}

/// The relationships of a record whose other end is alive and within `scope`; those that are over come last.
pub async fn lines_of(tx: &mut Tx, scope: &Scope, record: Record) -> Result<Vec<Line>, DbError> {
    let ((from, to), id) = match record {
        Record::Contact(id) => (("from_contact_id", "to_contact_id"), id),
        Record::Company(id) => (("from_company_id", "to_company_id"), id),
    };
    let reach = Reach::of(tx, scope).await?;
    let mut sql = Sql::new(
        "SELECT r.id, r.kind, r.note, r.attitude, r.since_at, r.until_at, r.side, p.id AS other_contact, f.id AS other_company,
         COALESCE(p.label, f.name, '') AS name, COALESCE(p.title, f.industry, '') AS detail,
         COALESCE(p.owner_id, f.owner_id) AS owner_id, COALESCE(p.team_id, f.team_id) AS team_id FROM (
           SELECT id, kind, note, attitude, since_at, until_at, 1 AS side, to_contact_id AS contact_id, to_company_id AS company_id
           FROM relationships WHERE deleted_at IS NULL AND ",
    );
    sql.push(from).push(" = ").bind(id);
    sql.push(
        " UNION ALL SELECT id, kind, note, attitude, since_at, until_at, 2 AS side, from_contact_id AS contact_id, from_company_id AS company_id
           FROM relationships WHERE deleted_at IS NULL AND ",
    );
    sql.push(to).push(" = ").bind(id);
    sql.push(") AS r LEFT JOIN v_identify_contact p ON p.id = r.contact_id");
    reach.push_people(&mut sql, "p");
    sql.push(" LEFT JOIN companies f ON f.id = r.company_id AND f.deleted_at IS NULL");
    reach.push_companies(&mut sql, "f");
    sql.push(
        " WHERE p.id IS NOT NULL OR f.id IS NOT NULL ORDER BY CASE WHEN r.until_at IS NULL THEN 0 ELSE 1 END, r.kind, r.side, r.id LIMIT ",
    );
    sql.bind(SHOWN);
    tx.rows_of(&sql).await?.iter().map(read_line).collect()
}

fn read_line(row: &Row) -> Result<Line, DbError> {
    let kind = read_kind(row)?;
    Ok(Line {
        id: RelationshipId(row.get("id")?),
        reading: Reading { kind, forward: kind.mutual || row.get::<i64>("side")? == 1 },
        other: read_record(row, "other_contact", "other_company")?,
        name: row.get("name")?,
        whose: (row.get("owner_id")?, row.get("team_id")?),
        detail: row.get("detail")?,
        terms: read_terms(row)?,
    })
}

/// A contact that stands to somebody, and how: read from the contact's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Other {
    pub(crate) contact_id: i64,
    pub(crate) company_id: Option<i64>,
    pub(crate) kind: Kind,
    pub(crate) forward: bool,
}

/// The contacts that today stand to one of these people and are none of them.
pub(crate) async fn list_others(tx: &mut Tx, people: &[i64]) -> Result<Vec<Other>, DbError> {
    let select = sql!(
        "SELECT c.id, c.company_id, r.kind, r.side FROM (
           SELECT r.to_contact_id AS contact_id, r.kind, 2 AS side FROM {rows} AS w JOIN relationships r ON r.from_contact_id = w.id
             WHERE r.until_at IS NULL AND r.deleted_at IS NULL
           UNION SELECT r.from_contact_id AS contact_id, r.kind, 1 AS side FROM {rows} AS w JOIN relationships r ON r.to_contact_id = w.id
             WHERE r.until_at IS NULL AND r.deleted_at IS NULL
         ) AS r JOIN contacts c ON c.id = r.contact_id WHERE c.id NOT IN (SELECT w.id FROM {rows} AS w) ORDER BY c.id, r.kind, r.side"
    );
    let read = |row: &Row| {
        Ok(Other {
            contact_id: row.get("id")?,
            company_id: row.get("company_id")?,
            kind: read_kind(row)?,
            forward: row.get::<i64>("side")? == 1,
        })
    };
    tx.rows_from(select, &Relation::of_ids("id", people.iter().copied()), params![]).await?.iter().map(read).collect()
}

/// Somebody of a company's buying group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seat {
    pub(super) contact_id: i64,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) grade: Option<String>,
    pub(super) kind: Kind,
    pub(super) attitude: Option<String>,
    pub(super) relationship: RelationshipId,
}

/// The roles people within `scope` have today in the buying group of a company.
pub(super) async fn list_seats(tx: &mut Tx, scope: &Scope, company_id: i64) -> Result<Vec<Seat>, DbError> {
    let reach = Reach::of(tx, scope).await?;
    let mut sql = Sql::new(
        "SELECT r.id, r.kind, r.attitude, p.id AS contact_id, p.label AS name,
         COALESCE(p.title, '') AS title, p.grade
         FROM relationships r JOIN v_identify_contact p ON p.id = r.from_contact_id
         WHERE r.until_at IS NULL AND r.deleted_at IS NULL AND r.to_company_id = ",
    );
    sql.bind(company_id);
    sql.push(" AND r.kind IN ").bind_list(kind::KINDS.iter().filter(|k| k.in_group).map(|k| k.word.into()));
    reach.push_people(&mut sql, "p");
    sql.push(" ORDER BY p.name_key, p.id, r.kind LIMIT ").bind(SHOWN);
    let read = |row: &Row| {
        Ok(Seat {
            contact_id: row.get("contact_id")?,
            name: row.get("name")?,
            title: row.get("title")?,
            grade: row.get("grade")?,
            kind: read_kind(row)?,
            attitude: row.get("attitude")?,
            relationship: RelationshipId(row.get("id")?),
        })
    };
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Who reports to whom among these people: (who, to whom).
pub(super) async fn list_reports(tx: &mut Tx, people: &[i64]) -> Result<Vec<(i64, i64)>, DbError> {
    let select = sql!(
        "SELECT r.from_contact_id, r.to_contact_id FROM {rows} AS w JOIN relationships r ON r.from_contact_id = w.id
         WHERE r.kind = 'reports_to' AND r.until_at IS NULL AND r.deleted_at IS NULL AND r.to_contact_id IN (SELECT v.id FROM {rows} AS v)
         ORDER BY r.id"
    );
    let rows = tx.rows_from(select, &Relation::of_ids("id", people.iter().copied()), params![]).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}
