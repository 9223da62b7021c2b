//! The SQL of facts.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Tx, params, sql};
use serde_json::{Map, Value as Json};

use super::{Fact, Source};

const COLUMNS: [(&str, Column); 5] =
    [("contact_id", Column::Int), ("key", Column::Text), ("source", Column::Text), ("detail", Column::Text), ("at", Column::Int)];

pub(super) async fn put(tx: &mut Tx, contact_id: i64, keys: &[String], fact: &Fact) -> Result<(), DbError> {
    put_rows(tx, keys.iter().map(|key| (contact_id, key.as_str(), fact))).await
}

/// The fact of one attribute of many contacts.
pub(super) async fn put_many(tx: &mut Tx, key: &str, facts: impl Iterator<Item = (i64, &Fact)>) -> Result<(), DbError> {
    put_rows(tx, facts.map(|(id, fact)| (id, key, fact))).await
}

async fn put_rows<'f>(tx: &mut Tx, facts: impl Iterator<Item = (i64, &'f str, &'f Fact)>) -> Result<(), DbError> {
    let mut rows = Relation::new(&COLUMNS);
    for (contact_id, key, fact) in facts {
        rows.push(params![contact_id, key, fact.source.word(), &fact.detail, fact.at]);
    }
    let over = "source = excluded.source, detail = excluded.detail, at = excluded.at";
    tx.insert("contact_facts", &rows, Conflict::Update(&["contact_id", "key"], over)).await.map(drop)
}

/// Forgets what is noted of an attribute of these contacts.
pub(super) async fn remove(tx: &mut Tx, key: &str, people: impl Iterator<Item = i64>) -> Result<(), DbError> {
    let delete = sql!("DELETE FROM contact_facts WHERE key = $1 AND contact_id IN (SELECT r.id FROM {rows} AS r)");
    tx.exec_from(delete, &Relation::of_ids("id", people), params![key]).await.map(drop)
}

/// What is noted: contact, attribute, fact.
pub(super) async fn noted(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<(i64, String, Fact)>, DbError> {
    let select = sql!("SELECT f.contact_id, f.key, f.source, f.detail, f.at FROM {rows} AS r JOIN contact_facts f ON f.contact_id = r.id");
    let rows = tx.rows_from(select, &Relation::of_ids("id", ids), params![]).await?;
    let read = |row: &attune_db::Row| {
        let source = Source::of(&row.get::<String>("source")?).unwrap_or(Source::Staff);
        Ok((row.get("contact_id")?, row.get("key")?, Fact { source, detail: row.get("detail")?, at: row.get("at")? }))
    };
    rows.iter().map(read).collect()
}

/// The names of the files of these imports.
pub(super) async fn files(tx: &mut Tx, imports: impl IntoIterator<Item = i64>) -> Result<HashMap<i64, String>, DbError> {
    let select = sql!("SELECT i.id, i.file_name FROM {rows} AS r JOIN imports i ON i.id = r.id");
    let rows = tx.rows_from(select, &Relation::of_ids("id", imports), params![]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("file_name")?))).collect()
}

/// What imports changed: contact, attribute, fact.
pub(super) async fn imported(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<(i64, String, Fact)>, DbError> {
    let select = sql!(
        "SELECT c.record_id AS contact_id, c.changes, c.updated_after_at, i.file_name FROM {rows} AS r
         JOIN import_changes c ON c.record_id = r.id JOIN imports i ON i.id = c.import_id ORDER BY c.record_id, c.updated_after_at"
    );
    let mut facts = Vec::new();
    for row in tx.rows_from(select, &Relation::of_ids("id", ids), params![]).await? {
        let changes: Map<String, Json> = serde_json::from_str(&row.get::<String>("changes")?).unwrap_or_default();
        let fact = Fact { source: Source::Import, detail: row.get("file_name")?, at: row.get("updated_after_at")? };
        let contact_id: i64 = row.get("contact_id")?;
        facts.extend(changes.into_iter().map(|(key, _)| (contact_id, key, fact.clone())));
    }
    Ok(facts)
}

/// What a contact took over from a record that became part of it.
pub(super) struct Taken {
    pub(super) survivor_id: i64,
    pub(super) loser_id: i64,
    /// What lists called the other.
    pub(super) name: String,
    pub(super) keys: Vec<String>,
    pub(super) at: i64,
}

/// What these contacts took over, the oldest first.
pub(super) async fn taken_over(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<Taken>, DbError> {
    let select = sql!(
        "SELECT m.survivor_id, m.loser_id, m.taken, m.at, c.name FROM {rows} AS r JOIN merges m ON m.survivor_id = r.id
         JOIN contacts c ON c.id = m.loser_id ORDER BY m.at, m.id"
    );
    let rows = tx.rows_from(select, &Relation::of_ids("id", ids), params![]).await?;
    let read = |row: &attune_db::Row| {
        let taken: Map<String, Json> = serde_json::from_str(&row.get::<String>("taken")?).unwrap_or_default();
        Ok(Taken {
            survivor_id: row.get("survivor_id")?,
            loser_id: row.get("loser_id")?,
            name: row.get("name")?,
            keys: taken.into_iter().map(|(key, _)| key).collect(),
            at: row.get("at")?,
        })
    };
    rows.iter().map(read).collect()
}
