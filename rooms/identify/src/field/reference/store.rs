//! The SQL of fields that name a record: who is meant, and by what.

use attune_db::{Column, DbError, Relation, Row, Sql, Tx, Value, params, sql};
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
            "SELECT c.id AS asked, c.id, c.name, c.owner_id, c.team_id, c.id AS company_id FROM {rows} AS r
             JOIN companies c ON c.id = r.id WHERE c.deleted_at IS NULL"
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

/// The alive records with one of these keys, at most [`NAMESAKES`] of each: (key, record).
pub(super) async fn list_by(
    tx: &mut Tx,
    subject: Subject,
    by: By,
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
    let select = format!(
        "SELECT n.k, n.id, n.name, n.owner_id, n.team_id, n.company_id FROM (
           SELECT r.k, c.id, {name} AS name, c.owner_id, c.team_id, {company} AS company_id, ROW_NUMBER() OVER (PARTITION BY r.k ORDER BY c.id) AS nth
           FROM {{rows}} AS r JOIN {table} c ON c.{column} = r.k AND c.deleted_at IS NULL {label} WHERE {}) AS n WHERE n.nth <= {NAMESAKES}",
        if by == By::Name { named } else { "TRUE" }
    );
    let rows = tx.rows_from(&select, &Relation::of_texts("k", keys), params![]).await?;
    rows.iter().map(|row| Ok((row.get("k")?, read(row)?))).collect()
}

/// A record whose field names another.
pub(super) struct Naming {
    pub(super) id: i64,
    /// What lists call it; may be empty.
    pub(super) name: String,
    /// Whose it is: owner and team.
    pub(super) whose: (Option<i64>, Option<i64>),
    /// The field, by its key and by what people call it.
    pub(super) key: String,
    pub(super) field: String,
}

/// The contacts, or companies, within reach whose fields name `target` today, at most `limit`, by field.
pub(super) async fn list_naming(tx: &mut Tx, reach: &Reach, subject: Subject, target: i64, limit: i64) -> Result<Vec<Naming>, DbError> {
    let mut sql = Sql::new(match subject {
        Subject::Contact => {
            "SELECT c.id, l.label AS name, c.owner_id, c.team_id, f.key, f.label FROM field_meanings m JOIN fields f ON f.id = m.field_id
             JOIN contacts c ON c.id = m.record_id JOIN v_identify_contact l ON l.id = c.id"
        }
        Subject::Company => {
            "SELECT c.id, c.name, c.owner_id, c.team_id, f.key, f.label FROM field_meanings m JOIN fields f ON f.id = m.field_id
             JOIN companies c ON c.id = m.record_id"
        }
    });
    sql.push(" WHERE c.deleted_at IS NULL AND f.deleted_at IS NULL AND f.subject = ").bind(subject.word());
    sql.push(" AND m.target_id = ").bind(target);
    match subject {
        Subject::Contact => reach.push_people(&mut sql, "c"),
        Subject::Company => reach.push_companies(&mut sql, "c"),
    }
    sql.push(" ORDER BY f.position, f.id, c.id LIMIT ").bind(limit);
    let read = |row: &Row| {
        let whose = (row.get("owner_id")?, row.get("team_id")?);
        Ok(Naming { id: row.get("id")?, name: row.get("name")?, whose, key: row.get("key")?, field: row.get("label")? })
    };
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Takes these records out of the copies of whoever refers to them; the rows themselves go with the records.
pub(super) async fn forget(tx: &mut Tx, gone: &[i64]) -> Result<(), DbError> {
    let select = sql!(
        "SELECT e.record_id, f.subject, f.key, COALESCE(c.fields, o.fields, '{}') AS fields FROM {rows} AS r JOIN field_references e ON e.target_id = r.id
         JOIN fields f ON f.id = e.field_id AND f.deleted_at IS NULL
         LEFT JOIN contacts c ON c.id = e.record_id LEFT JOIN companies o ON o.id = e.record_id ORDER BY e.record_id"
    );
    let found = tx.rows_from(select, &Relation::of_ids("id", gone.iter().copied()), params![]).await?;
    let mut copies: [Vec<(i64, Map<String, Json>)>; 2] = [Vec::new(), Vec::new()];
    for row in &found {
        let (record, key): (i64, String) = (row.get("record_id")?, row.get("key")?);
        let side = usize::from(Subject::of(&row.get::<String>("subject")?) == Subject::Company);
        let Some(copies) = copies.get_mut(side) else { continue };
        if copies.last().is_none_or(|(id, _)| *id != record) {
            copies.push((record, serde_json::from_str(&row.get::<String>("fields")?).unwrap_or_default()));
        }
        if let Some((_, values)) = copies.last_mut() {
            values.remove(&key);
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
        if !rows.is_empty() {
            tx.exec_from(update, &rows, params![]).await?;
        }
    }
    Ok(())
}
