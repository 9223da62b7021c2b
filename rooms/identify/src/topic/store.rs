//! The SQL of topics.

use attune_db::{DbError, Row, Tx, params, sql};
use attune_record::audit;
use serde_json::json;

use super::{Topic, TopicId};
use crate::contact::By;

fn read(row: &Row) -> Result<Topic, DbError> {
    Ok(Topic {
        id: TopicId(row.get("id")?),
        name_en: row.get("name_en")?,
        name_zh: row.get("name_zh")?,
        purpose_en: row.get("purpose_en")?,
        purpose_zh: row.get("purpose_zh")?,
    })
}

/// The topics that are offered, in their order.
pub async fn list(tx: &mut Tx) -> Result<Vec<Topic>, DbError> {
    let select = sql!("SELECT id, name_en, name_zh, purpose_en, purpose_zh FROM topics WHERE deleted_at IS NULL ORDER BY position, id");
    tx.rows(select, params![]).await?.iter().map(read).collect()
}

/// Every topic there ever was, for naming what the ledger says.
pub async fn list_all(tx: &mut Tx) -> Result<Vec<Topic>, DbError> {
    let select = sql!("SELECT id, name_en, name_zh, purpose_en, purpose_zh FROM topics ORDER BY position, id");
    tx.rows(select, params![]).await?.iter().map(read).collect()
}

pub(super) async fn find(tx: &mut Tx, id: TopicId) -> Result<Option<Topic>, DbError> {
    let select = sql!("SELECT id, name_en, name_zh, purpose_en, purpose_zh FROM topics WHERE id = $1 AND deleted_at IS NULL");
    tx.find(select, params![id.0]).await?.as_ref().map(read).transpose()
}

fn told(topic: &Topic) -> Option<serde_json::Value> {
    Some(json!({ "name_en": topic.name_en, "name_zh": topic.name_zh, "purpose_en": topic.purpose_en, "purpose_zh": topic.purpose_zh }))
}

/// Adds a topic behind all others.
pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, topic: &Topic) -> Result<(), DbError> {
    let insert = sql!(
        "INSERT INTO topics (id, name_en, name_zh, purpose_en, purpose_zh, position, created_at)
         SELECT $1, $2, $3, $4, $5, COALESCE(max(t.position), 0) + 1, $6 FROM topics t"
    );
    tx.exec(insert, params![topic.id.0, &topic.name_en, &topic.name_zh, &topic.purpose_en, &topic.purpose_zh, by.now]).await?;
    audit::note(tx, by.ids, by.now, by.actor, "topic.created", "topic", topic.id.0, None, told(topic)).await
}

pub(super) async fn update(tx: &mut Tx, by: &By<'_>, before: &Topic, topic: &Topic) -> Result<(), DbError> {
    let update = sql!("UPDATE topics SET name_en = $2, name_zh = $3, purpose_en = $4, purpose_zh = $5 WHERE id = $1");
    tx.exec(update, params![topic.id.0, &topic.name_en, &topic.name_zh, &topic.purpose_en, &topic.purpose_zh]).await?;
    audit::note(tx, by.ids, by.now, by.actor, "topic.updated", "topic", topic.id.0, told(before), told(topic)).await
}

/// Takes a topic away, or puts it back; answers whether there is such a topic.
pub(super) async fn set_deleted(tx: &mut Tx, by: &By<'_>, id: TopicId, at: Option<i64>) -> Result<bool, DbError> {
    let update = sql!("UPDATE topics SET deleted_at = CAST($2 AS BIGINT) WHERE id = $1");
    let found = tx.exec(update, params![id.0, at]).await? == 1;
    let action = if at.is_some() { "topic.deleted" } else { "topic.restored" };
    audit::note(tx, by.ids, by.now, by.actor, action, "topic", id.0, None, None).await?;
    Ok(found)
}

/// Puts a topic one place up or down among those that are offered; at the end of the list nothing happens.
pub(super) async fn shift(tx: &mut Tx, by: &By<'_>, id: TopicId, up: bool) -> Result<bool, DbError> {
    let mut order: Vec<TopicId> = list(tx).await?.into_iter().map(|topic| topic.id).collect();
    let Some(at) = order.iter().position(|known| *known == id) else { return Ok(false) };
    let to = if up { at.saturating_sub(1) } else { (at + 1).min(order.len() - 1) };
    order.swap(at, to);
    let mut rows = attune_db::Relation::new(&[("id", attune_db::Column::Int), ("place", attune_db::Column::Int)]);
    for (place, topic) in (1_i64..).zip(&order) {
        rows.push(params![topic.0, place]);
    }
    tx.exec_from(sql!("UPDATE topics SET position = r.place FROM {rows} AS r WHERE topics.id = r.id"), &rows, params![]).await?;
    audit::note(tx, by.ids, by.now, by.actor, "topic.moved", "topic", id.0, None, Some(json!({ "place": to + 1 }))).await?;
    Ok(true)
}
