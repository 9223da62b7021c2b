//! The SQL of fields that name a record: who is meant, and by what.

use std::collections::{BTreeMap, BTreeSet};

use attune_db::{Column, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_events::Event;
use serde_json::{Map, Value as Json};

use crate::field::Subject;
use crate::sharing::Reach;

/// The most records of one name that are looked at.
const NAMESAKES: i64 = 20;

/// A record as it is today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) id: i64,
    /// What lists call it; may be empty.
    pub(super) name: String,
    /// Whose it is: owner and team.
    pub(super) whose: (Option<i64>, Option<i64>),
    company_id: Option<i64>,
}

impl Target {
    /// Whether whoever has this reach sees it; a company without an owner is everybody's.
    pub(super) fn is_seen(&self, subject: Subject, reach: &Reach) -> bool {
        match subject {
            Subject::Contact => reach.covers(self.whose, self.id, self.company_id),
            Subject::Company => self.whose.0.is_none() || reach.covers_company(self.whose, self.id),
        }
    }
}

fn read(row: &Row) -> Result<Target, DbError> {
    let whose = (row.get("owner_id")?, row.get("team_id")?);
    Ok(Target { id: row.get("id")?, name: row.get("name")?, whose, company_id: row.get("company_id")? })
}

/// Who is meant today by these ids: (the id asked for, the record). Who is deleted is left out; who was merged is the one who remained.
pub(super) async fn list_meant(tx: &mut Tx, subject: Subject, ids: impl IntoIterator<Item = i64>) -> Result<Vec<(i64, Target)>, DbError> {
    let select = match subject {
        Subject::Contact => sql!(
            "SELECT a.id AS asked, t.id, t.label AS name, t.owner_id, t.team_id, t.company_id FROM {rows} AS r JOIN contacts a ON a.id = r.id
             JOIN v_identify_contact t ON t.id = COALESCE(a.merged_into, a.id)"
        ),
        Subject::Company => sql!(
            "SELECT a.id AS asked, c.id, c.name, c.owner_id, c.team_id, c.id AS company_id FROM {rows} AS r JOIN companies a ON a.id = r.id
             JOIN companies c ON c.id = COALESCE(a.merged_into, a.id) AND c.deleted_at IS NULL"
        ),
    };
    let rows = tx.rows_from(select, &Relation::of_ids("id", ids), params![]).await?;
    rows.iter().map(|row| Ok((row.get("asked")?, read(row)?))).collect()
}

/// A column records are meant by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Email,
    Domain,
    External,
    Name,
}

/// The alive records within reach with one of these keys, at most [`NAMESAKES`] of each: (key, record).
pub(super) async fn list_by(
    tx: &mut Tx,
    subject: Subject,
    (by, reach): (By, &Reach),
    keys: impl IntoIterator<Item = String>,
) -> Result<Vec<(String, Target)>, DbError> {
    let column = match by {
        By::Email => "email_key",
        By::Domain => "domain_key",
        By::External => "external_key",
        By::Name => "name_key",
    };
    // Of somebody without a name the sort key is made of a masked address, which names nobody.
    let (table, name, company, named) = match subject {
        Subject::Contact => ("contacts", "l.label", "c.company_id", "c.name <> ''"),
        Subject::Company => ("companies", "c.name", "c.id", "c.name <> ''"),
    };
    let label = if subject == Subject::Contact { "JOIN v_identify_contact l ON l.id = c.id" } else { "" };
    let mut select = Sql::new(&format!(
        "SELECT n.k, n.id, n.name, n.owner_id, n.team_id, n.company_id FROM (
           SELECT r.k, c.id, {name} AS name, c.owner_id, c.team_id, {company} AS company_id, ROW_NUMBER() OVER (PARTITION BY r.k ORDER BY c.id) AS nth
           FROM {{rows}} AS r JOIN {table} c ON c.{column} = r.k AND c.deleted_at IS NULL {label} WHERE {}",
        if by == By::Name { named } else { "TRUE" }
    ));
    match subject {
        Subject::Contact => reach.push_people(&mut select, "c"),
        Subject::Company => reach.push_companies(&mut select, "c"),
    }
    select.push(&format!(") AS n WHERE n.nth <= {NAMESAKES}"));
    let rows = tx.rows_from(select.text(), &Relation::of_texts("k", keys), select.values()).await?;
    rows.iter().map(|row| Ok((row.get("k")?, read(row)?))).collect()
}

/// A record whose field names another.
pub(super) struct Naming {
    pub(super) id: i64,
    /// What lists call it; may be empty.
    pub(super) name: String,
    /// Whose it is: owner and team.
    pub(super) whose: (Option<i64>, Option<i64>),
}

/// The contacts, or companies, within reach who name `target` today in their field `field`, at most `limit`, as the index has them: of a record
/// that everybody names no more are read.
pub(super) async fn list_naming(
    tx: &mut Tx,
    reach: &Reach,
    (subject, field): (Subject, i64),
    target: (Subject, i64),
    limit: i64,
) -> Result<Vec<Naming>, DbError> {
    let mut sql = Sql::new(match subject {
        Subject::Contact => {
            "SELECT c.id, l.label AS name, c.owner_id, c.team_id FROM field_references v JOIN contacts c ON c.id = v.record_id
             JOIN v_identify_contact l ON l.id = c.id"
        }
        Subject::Company => "SELECT c.id, c.name, c.owner_id, c.team_id FROM field_references v JOIN companies c ON c.id = v.record_id",
    });
    sql.push(" WHERE c.deleted_at IS NULL AND v.field_id = ").bind(field);
    push_named(&mut sql, reach, target);
    match subject {
        Subject::Contact => reach.push_people(&mut sql, "c"),
        Subject::Company => reach.push_companies(&mut sql, "c"),
    }
    sql.push(" LIMIT ").bind(limit);
    let read = |row: &Row| {
        let whose = (row.get("owner_id")?, row.get("team_id")?);
        Ok(Naming { id: row.get("id")?, name: row.get("name")?, whose })
    };
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Appends that `v`, a row of `field_references`, names this record, as it is today: nobody finds by whom they do not see, and no record names itself.
pub(crate) fn push_named(sql: &mut Sql, reach: &Reach, (target, id): (Subject, i64)) {
    let table = match target {
        Subject::Contact => "contacts",
        Subject::Company => "companies",
    };
    let mut today = Sql::new(&format!("(SELECT COALESCE(a.merged_into, a.id) FROM {table} a WHERE a.id = "));
    today.bind(id).push(")");
    sql.push(&format!(" AND v.target_id IN (SELECT a.id FROM {table} a WHERE a.id = ")).append(&today);
    sql.push(&format!(" UNION ALL SELECT a.id FROM {table} a WHERE a.merged_into = ")).append(&today);
    sql.push(") AND v.record_id <> ").append(&today);
    sql.push(&format!(" AND EXISTS (SELECT 1 AS one FROM {table} t WHERE t.deleted_at IS NULL AND t.id = ")).append(&today);
    match target {
        Subject::Contact => reach.push_people(sql, "t"),
        Subject::Company => reach.push_companies(sql, "t"),
    }
    sql.push(")");
}

/// Takes these records out of at most `limit` of the copies of whoever refers to them, and the references with them; answers how many. What is to be told
/// of those who stay goes to `told`. A copy that refers to several is read again with what is left of it.
pub(super) async fn forget(tx: &mut Tx, gone: &BTreeSet<i64>, (limit, now): (u64, i64), told: &mut Vec<Event>) -> Result<u64, DbError> {
    let select = sql!(
        "SELECT e.record_id, e.field_id, e.target_id, COALESCE(f.key, '') AS key, c.id AS contact_id, COALESCE(c.fields, o.fields, '{}') AS fields, COALESCE(c.deleted_at, o.deleted_at) AS deleted_at
         FROM (SELECT g.record_id, g.field_id, g.target_id FROM {rows} AS r JOIN field_references g ON g.target_id = r.id LIMIT $1) AS e
         LEFT JOIN fields f ON f.id = e.field_id LEFT JOIN contacts c ON c.id = e.record_id LEFT JOIN companies o ON o.id = e.record_id"
    );
    let found = tx.rows_from(select, &Relation::of_ids("id", gone.iter().copied()), params![limit]).await?;
    let mut copies: [BTreeMap<i64, Map<String, Json>>; 2] = Default::default();
    let mut done = Relation::new(&[("record_id", Column::Int), ("field_id", Column::Int)]);
    for row in &found {
        let (record, key): (i64, String) = (row.get("record_id")?, row.get("key")?);
        done.push(params![record, row.get::<i64>("field_id")?]);
        let side = usize::from(row.get::<Option<i64>>("contact_id")?.is_none());
        let Some(copies) = copies.get_mut(side) else { continue };
        let (fields, target): (String, i64) = (row.get("fields")?, row.get("target_id")?);
        let values: &mut Map<String, Json> = copies.entry(record).or_insert_with(|| serde_json::from_str(&fields).unwrap_or_default());
        // The key of a field that is being removed may be another's by now.
        let is_it =
            |value: &Json| Subject::ALL.iter().any(|subject| super::read_id(*subject, value.as_str().unwrap_or("")) == Some(target));
        if !values.get(&key).is_some_and(is_it) {
            continue;
        }
        values.remove(&key);
        if !gone.contains(&record) && row.get::<Option<i64>>("deleted_at")?.is_none() {
            let attribute = format!("f:{key}");
            told.push(match side {
                0 => Event::new("contact.updated", now).contact(record).subject(attribute),
                _ => Event::new("company.updated", now).company(record).subject(attribute),
            });
        }
    }
    let updates = [
        sql!("UPDATE contacts SET fields = r.fields FROM {rows} AS r WHERE contacts.id = r.id"),
        sql!("UPDATE companies SET fields = r.fields FROM {rows} AS r WHERE companies.id = r.id"),
    ];
    for (copies, update) in copies.into_iter().zip(updates) {
        let mut rows = Relation::new(&[("id", Column::Int), ("fields", Column::Text)]);
        for (id, values) in copies {
            rows.push(vec![Value::Int(id), Value::Text(Json::Object(values).to_string())]);
        }
        tx.exec_from(update, &rows, params![]).await?;
    }
    let delete = sql!("DELETE FROM field_references WHERE (record_id, field_id) IN (SELECT r.record_id, r.field_id FROM {rows} AS r)");
    tx.exec_from(delete, &done, params![]).await
}
