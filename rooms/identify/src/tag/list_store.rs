//! The SQL of the page of tags: how many have each, other names, ends and returns.

use std::collections::HashMap;

use attune_db::{Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_kernel::fold_key;
use attune_web::Scope;

use super::store::read;
use super::{Tag, TagId};
use crate::sharing::Reach;

/// A tag as it stands, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) tag: Tag,
    /// Since when it is deleted.
    pub(super) deleted_at: Option<i64>,
    /// What it became part of.
    pub(super) merged_into: Option<TagId>,
}

impl State {
    /// Whether people have it and can be found by it.
    pub(super) fn is_alive(&self) -> bool {
        self.deleted_at.is_none() && self.merged_into.is_none()
    }
}

/// The tag `id` whatever became of it, held until the transaction ends.
pub(super) async fn find_held(tx: &mut Tx, id: TagId) -> Result<Option<State>, DbError> {
    tx.exec(sql!("UPDATE tags SET tone = tone WHERE id = $1"), params![id.0]).await?;
    let row = tx.find(sql!("SELECT id, name, tone, deleted_at, merged_into FROM tags WHERE id = $1"), params![id.0]).await?;
    let state = |row: &Row| {
        let merged_into: Option<i64> = row.get("merged_into")?;
        Ok(State { tag: read(row)?, deleted_at: row.get("deleted_at")?, merged_into: merged_into.map(TagId) })
    };
    row.as_ref().map(state).transpose()
}

/// The tags behind the folded name `after` whose names hold `part`, at most `limit`, each with its folded name.
pub(super) async fn list(tx: &mut Tx, part: &str, after: &str, limit: i64) -> Result<Vec<(Tag, String)>, DbError> {
    let mut select = Sql::new("SELECT id, name, tone, name_key FROM tags WHERE name_key > ");
    select.bind(after);
    if !part.is_empty() {
        select.push(" AND replace(name_key, ").bind(fold_key(part)).push(", '') <> name_key");
    }
    select.push(" ORDER BY name_key LIMIT ").bind(limit);
    tx.rows_of(&select).await?.iter().map(|row| Ok((read(row)?, row.get("name_key")?))).collect()
}

/// How many contacts within `scope` have each of these tags, counted up to `most`.
pub(super) async fn counts(tx: &mut Tx, scope: &Scope, tags: &[TagId], most: i64) -> Result<HashMap<TagId, i64>, DbError> {
    let ids = || tags.iter().map(|tag| Value::Int(tag.0));
    let mut select;
    if *scope == Scope::All {
        // Everybody may have one: counting each stops early.
        select = Sql::new(
            "SELECT t.id, (SELECT count(*) FROM (SELECT 1 AS one FROM record_tags h JOIN contacts c ON c.id = h.record_id AND c.deleted_at IS NULL
               WHERE h.tag_id = t.id LIMIT ",
        );
        select.bind(most).push(") a) AS people FROM tags t WHERE t.id IN ").bind_list(ids());
    } else {
        // Whom one may see is a small part of all: they lead.
        select = Sql::new(
            "SELECT h.tag_id AS id, count(*) AS people FROM contacts c JOIN record_tags h ON h.record_id = c.id WHERE c.deleted_at IS NULL",
        );
        Reach::of(tx, scope).await?.push_people(&mut select, "c");
        select.push(" AND h.tag_id IN ").bind_list(ids()).push(" GROUP BY h.tag_id");
    }
    let rows = tx.rows_of(&select).await?;
    rows.iter().map(|row| Ok((TagId(row.get("id")?), row.get::<i64>("people")?.min(most)))).collect()
}

/// The other names of these tags, by name.
pub(super) async fn aliases(tx: &mut Tx, tags: &[TagId]) -> Result<HashMap<TagId, Vec<String>>, DbError> {
    let wanted = Relation::of_ids("id", tags.iter().map(|tag| tag.0));
    let select = sql!("SELECT a.tag_id, a.name, a.name_key FROM {rows} AS r JOIN tag_aliases a ON a.tag_id = r.id");
    let rows = tx.rows_from(select, &wanted, params![]).await?;
    let mut found = rows
        .iter()
        .map(|row| Ok((row.get("name_key")?, TagId(row.get("tag_id")?), row.get("name")?)))
        .collect::<Result<Vec<(String, TagId, String)>, DbError>>()?;
    found.sort();
    let mut names: HashMap<TagId, Vec<String>> = HashMap::new();
    for (_, tag, name) in found {
        names.entry(tag).or_default().push(name);
    }
    Ok(names)
}

/// Whose former name this is.
pub(super) async fn alias_of(tx: &mut Tx, name_key: &str) -> Result<Option<TagId>, DbError> {
    let row = tx.find(sql!("SELECT tag_id FROM tag_aliases WHERE name_key = $1"), params![name_key]).await?;
    row.map(|row| Ok(TagId(row.at(0)?))).transpose()
}

/// Makes `name` another name of `tag`, whatever it meant.
pub(super) async fn put_alias(tx: &mut Tx, name: &str, tag: TagId) -> Result<(), DbError> {
    let columns = [("name_key", attune_db::Column::Text), ("name", attune_db::Column::Text), ("tag_id", attune_db::Column::Int)];
    let mut rows = Relation::new(&columns);
    rows.push(params![fold_key(name), name, tag.0]);
    tx.insert("tag_aliases", &rows, Conflict::Update(&["name_key"], "name = excluded.name, tag_id = excluded.tag_id")).await.map(drop)
}

/// Lets a name of before mean nothing; answers whether it did.
pub(super) async fn remove_alias(tx: &mut Tx, name_key: &str, tag: TagId) -> Result<bool, DbError> {
    Ok(tx.exec(sql!("DELETE FROM tag_aliases WHERE name_key = $1 AND tag_id = $2"), params![name_key, tag.0]).await? == 1)
}

/// Lets those of its former names that are another tag's by now mean that one alone.
pub(super) async fn remove_taken_aliases(tx: &mut Tx, tag: TagId) -> Result<(), DbError> {
    let delete =
        sql!("DELETE FROM tag_aliases WHERE tag_id = $1 AND EXISTS (SELECT 1 FROM tags t WHERE t.name_key = tag_aliases.name_key)");
    tx.exec(delete, params![tag.0]).await.map(drop)
}

/// Lets all other names of `from` mean `to`.
pub(super) async fn move_aliases(tx: &mut Tx, from: TagId, to: TagId) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE tag_aliases SET tag_id = $2 WHERE tag_id = $1"), params![from.0, to.0]).await.map(drop)
}

pub(super) async fn set_name(tx: &mut Tx, tag: TagId, name: &str) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE tags SET name = $2, name_key = $3 WHERE id = $1"), params![tag.0, name, fold_key(name)]).await.map(drop)
}

/// Nobody finds it any more; its name is free.
pub(super) async fn set_deleted(tx: &mut Tx, tag: TagId, at: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE tags SET name_key = NULL, deleted_at = $2 WHERE id = $1"), params![tag.0, at]).await.map(drop)
}

/// It is found again by its name.
pub(super) async fn set_back(tx: &mut Tx, tag: &Tag) -> Result<(), DbError> {
    let set = sql!("UPDATE tags SET name_key = $2, deleted_at = NULL WHERE id = $1");
    tx.exec(set, params![tag.id.0, fold_key(&tag.name)]).await.map(drop)
}

/// It leads to another from now on, with all that led to it.
pub(super) async fn set_merged(tx: &mut Tx, tag: TagId, into: TagId) -> Result<(), DbError> {
    let set = sql!("UPDATE tags SET name_key = NULL, merged_into = $2 WHERE id = $1 OR merged_into = $1");
    tx.exec(set, params![tag.0, into.0]).await.map(drop)
}

/// Records behind `behind` that have it, deleted ones too, by id.
pub(super) async fn holders(tx: &mut Tx, tag: TagId, behind: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let select = sql!("SELECT record_id FROM record_tags WHERE tag_id = $1 AND record_id > $2 ORDER BY record_id LIMIT $3");
    tx.rows(select, params![tag.0, behind, limit]).await?.iter().map(|row| row.at(0)).collect()
}

/// Gives every record `to` in place of `from`, at once, so that nobody is without either meanwhile; who has it already keeps it as it came. What a merge
/// of contacts wrote down of the row that went over follows, but where the one who remained has it of their own: that one keeps it.
pub(super) async fn move_records(tx: &mut Tx, from: TagId, to: TagId) -> Result<(), DbError> {
    let known = sql!(
        "DELETE FROM merge_rows WHERE entry = 'record_tags.record_id' AND key = $1 AND EXISTS (SELECT 1 FROM merges m
           JOIN record_tags o ON o.record_id = m.survivor_id AND o.tag_id = $2 WHERE m.id = merge_rows.merge_id)"
    );
    tx.exec(known, params![from.0, to.0]).await?;
    tx.exec(sql!("UPDATE merge_rows SET key = $2 WHERE entry = 'record_tags.record_id' AND key = $1"), params![from.0, to.0]).await?;
    let update = sql!(
        "UPDATE record_tags SET tag_id = $2 WHERE tag_id = $1
           AND NOT EXISTS (SELECT 1 FROM record_tags o WHERE o.record_id = record_tags.record_id AND o.tag_id = $2)"
    );
    tx.exec(update, params![from.0, to.0]).await?;
    tx.exec(sql!("DELETE FROM record_tags WHERE tag_id = $1"), params![from.0]).await.map(drop)
}

/// Removes what is left of tags that were deleted before `before`, at most `limit` people's; answers whether there may be more.
pub(crate) async fn purge(tx: &mut Tx, before: i64, limit: i64) -> Result<bool, DbError> {
    let delete = sql!(
        "DELETE FROM record_tags WHERE (record_id, tag_id) IN (SELECT h.record_id, h.tag_id FROM tags t JOIN record_tags h ON h.tag_id = t.id
           WHERE t.deleted_at < $1 LIMIT $2)"
    );
    if tx.exec(delete, params![before, limit]).await? > 0 {
        return Ok(true);
    }
    tx.exec(sql!("DELETE FROM tag_aliases WHERE tag_id IN (SELECT t.id FROM tags t WHERE t.deleted_at < $1)"), params![before]).await?;
    let unused = sql!("DELETE FROM tags WHERE deleted_at < $1 AND NOT EXISTS (SELECT 1 FROM tags m WHERE m.merged_into = tags.id)");
    tx.exec(unused, params![before]).await?;
    Ok(false)
}
