//! Reading what leaves. The statements are made of the rooms' own table names, as those of erasing are.

use std::collections::HashMap;

use attune_db::{DbError, Relation, Row, Tx, params, sql};
use attune_house::Naming;

use super::rules::Part;

/// How many rows are in memory at once.
pub(super) const PAGE: usize = 500;

/// Whose record it is, and what to call the person.
pub(super) struct Head {
    pub(super) owner_id: Option<i64>,
    pub(super) team_id: Option<i64>,
    pub(super) name: String,
}

pub(super) async fn find_head(tx: &mut Tx, id: i64) -> Result<Option<Head>, DbError> {
    let row = tx.find(sql!("SELECT owner_id, team_id, name FROM contacts WHERE id = $1"), params![id]).await?;
    row.map(|row| Ok(Head { owner_id: row.get("owner_id")?, team_id: row.get("team_id")?, name: row.get("name")? })).transpose()
}

fn holds(part: &Part) -> String {
    let mut ends: Vec<String> = part.columns.iter().map(|column| format!("t.{column} IN (SELECT p.id FROM p)")).collect();
    ends.extend((!part.or.is_empty()).then(|| part.or.to_owned()));
    let only = if part.only.is_empty() { String::new() } else { format!(" AND {}", part.only) };
    format!("({}){only}", ends.join(" OR "))
}

const PEOPLE: &str = "WITH p AS (SELECT r.id FROM {rows} AS r)";

/// How many rows of each part hold these people.
pub(super) async fn count(tx: &mut Tx, parts: &[Part], people: &[i64]) -> Result<Vec<(&'static str, u64)>, DbError> {
    let people = Relation::of_ids("id", people.iter().copied());
    let mut found = Vec::new();
    for part in parts {
        let select = format!("{PEOPLE} SELECT count(*) FROM {} t WHERE {}", part.table, holds(part));
        let count: i64 = tx.rows_from(&select, &people, params![]).await?.first().map_or(Ok(0), |row| row.at(0))?;
        if count > 0 {
            found.push((part.table, u64::try_from(count).unwrap_or(0)));
        }
    }
    Ok(found)
}

/// The next page of a part behind the row (key, person); all of it when it has no key.
pub(super) async fn list_page(tx: &mut Tx, part: &Part, people: &[i64], behind: (i64, i64)) -> Result<Vec<Row>, DbError> {
    let people = Relation::of_ids("id", people.iter().copied());
    let select = format!("{PEOPLE} SELECT t.* FROM {} t WHERE {}", part.table, holds(part));
    let (Some(key), Some(person)) = (part.key, part.columns.first()) else {
        return tx.rows_from(&select, &people, params![]).await;
    };
    let page = format!("{select} AND (t.{key} > $1 OR (t.{key} = $1 AND t.{person} > $2)) ORDER BY t.{key}, t.{person} LIMIT {PAGE}");
    tx.rows_from(&page, &people, params![behind.0, behind.1]).await
}

/// What ids stand for.
pub(super) async fn list_names(tx: &mut Tx, naming: &Naming, ids: &[i64]) -> Result<HashMap<i64, String>, DbError> {
    let select = format!("SELECT n.id, n.name FROM ({}) AS n WHERE n.id IN (SELECT r.id FROM {{rows}} AS r)", naming.sql);
    let rows = tx.rows_from(&select, &Relation::of_ids("id", ids.iter().copied()), params![]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("name")?))).collect()
}
