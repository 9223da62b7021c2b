//! The SQL of duplicates.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_duplicate::Model;
use attune_kernel::Fault;
use attune_web::Scope;

use super::Known;
use crate::contact::{self, Contact};

/// A pair found by the search: (left, right, probability, evidence as JSON).
pub(super) type Found = (i64, i64, f64, String);

/// Where a page of pairs ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) probability: f64,
    pub(super) left: i64,
    pub(super) right: i64,
}

/// A pair with both people.
pub(super) struct Line {
    pub(super) left: Contact,
    pub(super) right: Contact,
    pub(super) known: Known,
}

fn read(row: &Row) -> Result<Known, DbError> {
    Ok(Known {
        probability: row.get("probability")?,
        evidence: serde_json::from_str(&row.get::<String>("evidence")?).unwrap_or_default(),
        is_apart: row.get::<String>("state")? == "apart",
    })
}

/// What is known of two records, in either order.
pub(crate) async fn find_known(tx: &mut Tx, a: i64, b: i64) -> Result<Option<Known>, DbError> {
    let select = sql!("SELECT probability, evidence, state FROM duplicate_pairs WHERE left_id = $1 AND right_id = $2");
    tx.find(select, params![a.min(b), a.max(b)]).await?.as_ref().map(read).transpose()
}

fn push_alive(sql: &mut Sql, scope: &Scope) {
    scope.push_filter(sql, "a.owner_id", "a.team_id");
    scope.push_filter(sql, "b.owner_id", "b.team_id");
}

const JOINED: &str = " FROM duplicate_pairs p JOIN contacts a ON a.id = p.left_id AND a.deleted_at IS NULL
     JOIN contacts b ON b.id = p.right_id AND b.deleted_at IS NULL WHERE p.state = ";

/// How many pairs of a state the asker may see, counted up to `most`.
pub(super) async fn count(tx: &mut Tx, scope: &Scope, state: &str, most: i64) -> Result<i64, DbError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1 AS one");
    sql.push(JOINED).bind(state);
    push_alive(&mut sql, scope);
    sql.push(" LIMIT ").bind(most).push(") n");
    tx.rows_of(&sql).await?.first().map_or(Ok(0), |row| row.at(0))
}

/// Pairs of a state behind `after`, the likeliest first.
pub(super) async fn list(tx: &mut Tx, scope: &Scope, state: &str, after: Option<Mark>, limit: i64) -> Result<Vec<Line>, DbError> {
    let mut sql = Sql::new("SELECT p.left_id, p.right_id, p.probability, p.evidence, p.state");
    sql.push(JOINED).bind(state);
    if let Some(mark) = after {
        sql.push(" AND (p.probability, p.left_id, p.right_id) < (").bind(mark.probability).push(", ").bind(mark.left);
        sql.push(", ").bind(mark.right).push(")");
    }
    push_alive(&mut sql, scope);
    sql.push(" ORDER BY p.probability DESC, p.left_id DESC, p.right_id DESC LIMIT ").bind(limit);
    let rows = tx.rows_of(&sql).await?;
    let mut pairs = Vec::with_capacity(rows.len());
    for row in &rows {
        pairs.push((row.get::<i64>("left_id")?, row.get::<i64>("right_id")?, read(row)?));
    }
    let wanted = pairs.iter().flat_map(|(left, right, _)| [*left, *right]).collect::<std::collections::BTreeSet<i64>>();
    let people: HashMap<i64, Contact> = contact::list_by_ids(tx, wanted).await?.into_iter().map(|c| (c.id, c)).collect();
    let line = |(left, right, known): (i64, i64, Known)| {
        Some(Line { left: people.get(&left)?.clone(), right: people.get(&right)?.clone(), known })
    };
    Ok(pairs.into_iter().filter_map(line).collect())
}

/// Who is likely the same person as `id`, the likeliest first.
pub(crate) async fn list_of(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Vec<(Contact, Known)>, DbError> {
    let mut sql = Sql::new("SELECT p.left_id, p.right_id, p.probability, p.evidence, p.state");
    sql.push(JOINED).bind("found").push(" AND (p.left_id = ").bind(id).push(" OR p.right_id = ").bind(id).push(")");
    push_alive(&mut sql, scope);
    sql.push(" ORDER BY p.probability DESC LIMIT 10");
    let mut found = Vec::new();
    for row in tx.rows_of(&sql).await? {
        let (left, right): (i64, i64) = (row.get("left_id")?, row.get("right_id")?);
        let other = if left == id { right } else { left };
        if let Some(person) = contact::list_by_ids(tx, [other]).await?.pop() {
            found.push((person, read(&row)?));
        }
    }
    Ok(found)
}

/// Tells a pair apart, or takes that back; false when it is not on record.
pub(super) async fn set_apart(tx: &mut Tx, (a, b): (i64, i64), apart: bool, by: &str, now: i64) -> Result<bool, DbError> {
    let update = sql!("UPDATE duplicate_pairs SET state = $3, decided_at = $4, decided_by = $5 WHERE left_id = $1 AND right_id = $2");
    let state = if apart { "apart" } else { "found" };
    Ok(tx.exec(update, params![a.min(b), a.max(b), state, now, by]).await? == 1)
}

/// Writes what the search found at `now`; what somebody told apart stays so.
pub(super) async fn put(tx: &mut Tx, found: &[Found], now: i64) -> Result<(), DbError> {
    let mut rows = Relation::new(&[
        ("left_id", Column::Int),
        ("right_id", Column::Int),
        ("probability", Column::Real),
        ("evidence", Column::Text),
        ("state", Column::Text),
        ("found_at", Column::Int),
    ]);
    for (left, right, probability, evidence) in found {
        let (left, right) = (*left.min(right), *left.max(right));
        rows.push(vec![left.into(), right.into(), (*probability).into(), Value::from(evidence.as_str()), Value::from("found"), now.into()]);
    }
    let set = "probability = excluded.probability, evidence = excluded.evidence, found_at = excluded.found_at";
    tx.insert("duplicate_pairs", &rows, Conflict::Update(&["left_id", "right_id"], set)).await?;
    Ok(())
}

/// Forgets pairs that a search which began at `now` did not find any more.
pub(super) async fn forget_older(tx: &mut Tx, now: i64) -> Result<u64, DbError> {
    tx.exec(sql!("DELETE FROM duplicate_pairs WHERE state = 'found' AND found_at < $1"), params![now]).await
}

pub(super) async fn put_model(tx: &mut Tx, model: &Model, contacts: i64, now: i64) -> Result<(), Fault> {
    let text = serde_json::to_string(model)?;
    let insert = sql!(
        "INSERT INTO duplicate_models (id, model, contacts, at) VALUES (1, $1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET model = excluded.model, contacts = excluded.contacts, at = excluded.at"
    );
    tx.exec(insert, params![text, contacts, now]).await?;
    Ok(())
}

/// When the model was learned, and of how many contacts.
pub(super) async fn learned_at(tx: &mut Tx) -> Result<Option<(i64, i64)>, DbError> {
    let row = tx.find(sql!("SELECT at, contacts FROM duplicate_models WHERE id = 1"), params![]).await?;
    row.map(|row| Ok((row.get("at")?, row.get("contacts")?))).transpose()
}

pub(super) async fn model(tx: &mut Tx) -> Result<Option<Model>, Fault> {
    let row = tx.find(sql!("SELECT model FROM duplicate_models WHERE id = 1"), params![]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(serde_json::from_str(&row.get::<String>("model")?)?))
}

/// Everybody behind the id `behind`, by id, with the name of the company.
pub(super) async fn list_behind(tx: &mut Tx, behind: i64, limit: i64) -> Result<Vec<Contact>, DbError> {
    let listing = contact::Listing::default();
    contact::list_behind(tx, &Scope::All, &listing, behind, limit).await
}
