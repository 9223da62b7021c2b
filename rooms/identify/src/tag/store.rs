//! The SQL of tags.

use std::collections::{HashMap, HashSet};

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, params, sql};
use attune_kernel::fold_key;
use attune_web::Scope;
use serde_json::Value as Json;

use super::{Pair, Tag, TagId, changed_action};
use crate::field::Subject;
use crate::sharing::Reach;

pub(super) fn read(row: &Row) -> Result<Tag, DbError> {
    Ok(Tag { id: TagId(row.get("id")?), name: row.get("name")?, tone: row.get("tone")? })
}

/// The tags by name, at most `limit`.
pub(crate) async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Tag>, DbError> {
    let select = sql!("SELECT id, name, tone FROM tags WHERE name_key IS NOT NULL ORDER BY name_key LIMIT $1");
    tx.rows(select, params![limit]).await?.iter().map(read).collect()
}

/// The tag `id`, or the one it became part of.
pub(crate) async fn find(tx: &mut Tx, id: TagId) -> Result<Option<Tag>, DbError> {
    let select = sql!(
        "SELECT t.id, t.name, t.tone FROM tags a JOIN tags t ON t.id = COALESCE(a.merged_into, a.id) WHERE a.id = $1 AND t.name_key IS NOT NULL"
    );
    tx.find(select, params![id.0]).await?.as_ref().map(read).transpose()
}

/// The tags these names mean, whatever the case, by the folded name; names a tag had before count.
pub(crate) async fn known(tx: &mut Tx, names: &[String]) -> Result<HashMap<String, Tag>, DbError> {
    let wanted = Relation::of_texts("k", names.iter().map(|name| fold_key(name)).collect::<HashSet<_>>());
    let select = sql!(
        "SELECT r.k, t.id, t.name, t.tone FROM {rows} AS r LEFT JOIN tags n ON n.name_key = r.k LEFT JOIN tag_aliases a ON a.name_key = r.k
         JOIN tags t ON t.id = COALESCE(n.id, a.tag_id) AND t.name_key IS NOT NULL"
    );
    tx.rows_from(select, &wanted, params![]).await?.iter().map(|row| Ok((row.get("k")?, read(row)?))).collect()
}

/// The tags of these names that are there, each once.
pub(crate) async fn list_by_names(tx: &mut Tx, names: &[String]) -> Result<Vec<Tag>, DbError> {
    Ok(each_once(known(tx, names).await?))
}

pub(super) fn each_once(known: HashMap<String, Tag>) -> Vec<Tag> {
    let mut tags: Vec<Tag> = known.into_values().collect();
    tags.sort_by_key(|tag| tag.id.0);
    tags.dedup();
    tags
}

pub(super) async fn list_by_ids(tx: &mut Tx, ids: impl Iterator<Item = TagId>) -> Result<Vec<Tag>, DbError> {
    let wanted = Relation::of_ids("id", ids.map(|id| id.0).collect::<HashSet<_>>());
    let select = sql!("SELECT t.id, t.name, t.tone FROM {rows} AS r JOIN tags t ON t.id = r.id");
    tx.rows_from(select, &wanted, params![]).await?.iter().map(read).collect()
}

/// The tags of these records, with whose each is, by name.
pub(crate) async fn list_of(tx: &mut Tx, records: &[i64]) -> Result<Vec<(i64, Tag)>, DbError> {
    let wanted = Relation::of_ids("id", records.iter().copied());
    let select = sql!(
        "SELECT h.record_id, t.id, t.name, t.tone, t.name_key FROM {rows} AS r
         JOIN record_tags h ON h.record_id = r.id JOIN tags t ON t.id = h.tag_id AND t.name_key IS NOT NULL"
    );
    let rows = tx.rows_from(select, &wanted, params![]).await?;
    let mut found = rows
        .iter()
        .map(|row| Ok((row.get("name_key")?, row.get("record_id")?, read(row)?)))
        .collect::<Result<Vec<(String, i64, Tag)>, DbError>>()?;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found.into_iter().map(|(_, record, tag)| (record, tag)).collect())
}

/// Makes those whose names nobody uses yet.
pub(super) async fn insert_missing(tx: &mut Tx, now: i64, tags: &[Tag], import_id: Option<i64>) -> Result<(), DbError> {
    let columns = [
        ("id", Column::Int),
        ("name", Column::Text),
        ("name_key", Column::Text),
        ("tone", Column::Text),
        ("created_at", Column::Int),
        ("import_id", Column::Int),
    ];
    let mut rows = Relation::new(&columns);
    for tag in tags {
        rows.push(params![tag.id.0, &tag.name, fold_key(&tag.name), &tag.tone, now, import_id]);
    }
    tx.insert("tags", &rows, Conflict::Ignore(&["name_key"])).await?;
    Ok(())
}

fn relation(pairs: &[Pair]) -> Relation {
    let mut rows = Relation::new(&[("record_id", Column::Int), ("tag_id", Column::Int)]);
    for (record, tag) in pairs {
        rows.push(params![*record, tag.0]);
    }
    rows
}

/// Those of these pairs that are so.
pub(super) async fn list_there(tx: &mut Tx, pairs: &[Pair]) -> Result<HashSet<Pair>, DbError> {
    let select =
        sql!("SELECT h.record_id, h.tag_id FROM {rows} AS r JOIN record_tags h ON h.record_id = r.record_id AND h.tag_id = r.tag_id");
    let rows = tx.rows_from(select, &relation(pairs), params![]).await?;
    rows.iter().map(|row| Ok((row.get("record_id")?, TagId(row.get("tag_id")?)))).collect()
}

pub(super) async fn put(tx: &mut Tx, now: i64, subject: Subject, pairs: &[Pair], import_id: Option<i64>) -> Result<(), DbError> {
    let columns =
        [("record_id", Column::Int), ("subject", Column::Text), ("tag_id", Column::Int), ("at", Column::Int), ("import_id", Column::Int)];
    let mut rows = Relation::new(&columns);
    for (record, tag) in pairs {
        rows.push(params![*record, subject.word(), tag.0, now, import_id]);
    }
    tx.insert("record_tags", &rows, Conflict::Ignore(&["record_id", "tag_id"])).await?;
    Ok(())
}

pub(super) async fn take(tx: &mut Tx, pairs: &[Pair]) -> Result<(), DbError> {
    let delete = sql!("DELETE FROM record_tags WHERE (record_id, tag_id) IN (SELECT r.record_id, r.tag_id FROM {rows} AS r)");
    tx.exec_from(delete, &relation(pairs), params![]).await?;
    Ok(())
}

/// Tags an import gave records that are there, each with its name, at most `limit`.
pub(super) async fn list_of_import(tx: &mut Tx, import_id: i64, limit: i64) -> Result<Vec<(Pair, String)>, DbError> {
    let select = sql!(
        "SELECT h.record_id, h.tag_id, t.name FROM record_tags h JOIN tags t ON t.id = h.tag_id
         WHERE h.import_id = $1 AND (EXISTS (SELECT 1 FROM contacts c WHERE c.id = h.record_id) OR EXISTS (SELECT 1 FROM companies o WHERE o.id = h.record_id))
         LIMIT $2"
    );
    let rows = tx.rows(select, params![import_id, limit]).await?;
    rows.iter().map(|row| Ok(((row.get("record_id")?, TagId(row.get("tag_id")?)), row.get("name")?))).collect()
}

/// Removes the tags an import made that nobody has.
pub(crate) async fn remove_unused(tx: &mut Tx, import_id: i64) -> Result<u64, DbError> {
    let delete = sql!(
        "DELETE FROM tags WHERE import_id = $1 AND merged_into IS NULL AND NOT EXISTS (SELECT 1 FROM record_tags h WHERE h.tag_id = tags.id)
           AND NOT EXISTS (SELECT 1 FROM tags m WHERE m.merged_into = tags.id)"
    );
    tx.exec(delete, params![import_id]).await
}

/// What a member of staff did to tags at exactly `at`, to records within `scope`: the record, the names lost, the names got.
pub(super) async fn list_changes(
    tx: &mut Tx,
    (subject, scope): (Subject, &Scope),
    staff_id: i64,
    at: i64,
) -> Result<Vec<(i64, Vec<String>, Vec<String>)>, DbError> {
    let table = match subject {
        Subject::Contact => "contacts",
        Subject::Company => "companies",
    };
    let mut sql = Sql::new("SELECT a.record_id, a.before_json, a.after_json FROM audit_log a JOIN ");
    sql.push(table).push(" c ON c.id = a.record_id WHERE c.deleted_at IS NULL AND a.action = ").bind(changed_action(subject));
    sql.push(" AND a.staff_id = ").bind(staff_id).push(" AND a.at = ").bind(at);
    let reach = Reach::of(tx, scope).await?;
    match subject {
        Subject::Contact => reach.push_people(&mut sql, "c"),
        Subject::Company => reach.push_companies(&mut sql, "c"),
    }
    let names = |text: Option<String>| -> Vec<String> {
        let kept: Json = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        kept.get("tags").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let rows = tx.rows_of(&sql).await?;
    rows.iter().map(|row| Ok((row.get("record_id")?, names(row.get("before_json")?), names(row.get("after_json")?)))).collect()
}
