//! The SQL of places.

use attune_db::{DbError, Relation, Row, Tx, params, sql};
use attune_record::audit;
use serde_json::json;

use super::{Marks, Place, PlaceId};
use crate::contact::By;

fn read(row: &Row) -> Result<Place, DbError> {
    Ok(Place {
        id: PlaceId(row.get("id")?),
        name: row.get("name")?,
        kind: row.get("kind")?,
        mark: row.get("mark")?,
        entered: row.get("entered")?,
        left: row.get("left_count")?,
        dwell_us: row.get("dwell_us")?,
        last_at: row.get("last_at")?,
    })
}

/// Every place, by name.
pub(super) async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Place>, DbError> {
    let select = sql!(
        "SELECT id, name, kind, mark, entered, left_count, dwell_us, last_at FROM places WHERE deleted_at IS NULL ORDER BY name, id LIMIT $1"
    );
    tx.rows(select, params![limit]).await?.iter().map(read).collect()
}

pub(super) async fn find(tx: &mut Tx, id: PlaceId) -> Result<Option<Place>, DbError> {
    let select =
        sql!("SELECT id, name, kind, mark, entered, left_count, dwell_us, last_at FROM places WHERE id = $1 AND deleted_at IS NULL");
    tx.find(select, params![id.0]).await?.as_ref().map(read).transpose()
}

/// Another place with this mark.
pub(super) async fn find_other(tx: &mut Tx, place: &Place) -> Result<Option<String>, DbError> {
    let select = sql!("SELECT name FROM places WHERE mark = $1 AND id <> $2 AND deleted_at IS NULL");
    tx.find(select, params![&place.mark, place.id.0]).await?.map(|row| row.get("name")).transpose()
}

pub(super) async fn marks(tx: &mut Tx) -> Result<Marks, DbError> {
    let rows = tx.rows(sql!("SELECT id, name, mark FROM places WHERE deleted_at IS NULL"), params![]).await?;
    rows.iter().map(|row| Ok((row.get("mark")?, (row.get("id")?, row.get("name")?)))).collect()
}

pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, place: &Place) -> Result<(), DbError> {
    let insert =
        sql!("INSERT INTO places (id, name, kind, mark, entered, left_count, dwell_us, created_at) VALUES ($1, $2, $3, $4, 0, 0, 0, $5)");
    tx.exec(insert, params![place.id.0, &place.name, &place.kind, &place.mark, by.now]).await?;
    audit::note(tx, by.ids, by.now, by.actor, "place.created", "place", place.id.0, None, told(place)).await
}

pub(super) async fn update(tx: &mut Tx, by: &By<'_>, before: &Place, place: &Place) -> Result<(), DbError> {
    let update = sql!("UPDATE places SET name = $2, kind = $3, mark = $4 WHERE id = $1");
    tx.exec(update, params![place.id.0, &place.name, &place.kind, &place.mark]).await?;
    audit::note(tx, by.ids, by.now, by.actor, "place.updated", "place", place.id.0, told(before), told(place)).await
}

fn told(place: &Place) -> Option<serde_json::Value> {
    Some(json!({ "name": place.name, "mark": place.mark }))
}

/// Takes a place off the list, or puts it back unless another has its mark by now.
pub(super) async fn set_deleted(tx: &mut Tx, by: &By<'_>, id: PlaceId, at: Option<i64>) -> Result<bool, DbError> {
    let update = sql!(
        "UPDATE places SET deleted_at = CAST($2 AS BIGINT) WHERE id = $1
         AND NOT EXISTS (SELECT 1 FROM places other WHERE other.mark = places.mark AND other.id <> places.id AND other.deleted_at IS NULL)"
    );
    let done = tx.exec(update, params![id.0, at]).await? == 1;
    let action = if at.is_some() { "place.deleted" } else { "place.restored" };
    if done {
        audit::note(tx, by.ids, by.now, by.actor, action, "place", id.0, None, None).await?;
    }
    Ok(done)
}

pub(super) async fn count(tx: &mut Tx, rows: &Relation) -> Result<(), DbError> {
    let update = sql!(
        "UPDATE places SET entered = places.entered + r.entered, left_count = places.left_count + r.left_count,
           dwell_us = places.dwell_us + r.dwell_us,
           last_at = CASE WHEN places.last_at IS NULL OR places.last_at < r.last_at THEN r.last_at ELSE places.last_at END
         FROM {rows} AS r WHERE places.id = r.id"
    );
    tx.exec_from(update, rows, params![]).await.map(|_| ())
}
