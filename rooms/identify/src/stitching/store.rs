//! The SQL of stitching.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_kernel::{Fault, Ids};
use attune_web::Actor;

use super::plan::Seen;
use super::{Evidence, Proof};
use crate::contact::{self, By, ByKeys, ContactDraft, Stage};

/// A visitor as stitching sees it.
pub(super) struct Current {
    pub(super) contact_id: Option<i64>,
    pub(super) key: Option<i64>,
}

pub(super) async fn contact_of(tx: &mut Tx, visitor_id: i64) -> Result<Option<Current>, DbError> {
    let row = tx.find(sql!("SELECT contact_id, key FROM visitors WHERE id = $1"), params![visitor_id]).await?;
    row.map(|row| Ok(Current { contact_id: row.get("contact_id")?, key: row.get("key")? })).transpose()
}

/// A number that grows whenever a browser is tied to a person.
pub(crate) async fn epoch(tx: &mut Tx) -> Result<i64, DbError> {
    tx.count(sql!("SELECT n FROM stitch_epoch WHERE id = 1"), params![]).await
}

pub(crate) async fn next_epoch(tx: &mut Tx) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE stitch_epoch SET n = n + 1 WHERE id = 1"), params![]).await.map(|_| ())
}

/// The key moves from the former visitor to a fresh one of `contact_id`.
pub(super) async fn part(tx: &mut Tx, former_id: i64, fresh_id: i64, key: Option<i64>, contact_id: i64, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE visitors SET key = NULL WHERE id = $1"), params![former_id]).await?;
    let insert =
        sql!("INSERT INTO visitors (id, key, contact_id, first_seen_at, last_seen_at, machine) VALUES ($1, $2, $3, $4, $4, FALSE)");
    tx.exec(insert, params![fresh_id, key, contact_id, now]).await?;
    Ok(())
}

pub(super) async fn join(tx: &mut Tx, found: &Relation) -> Result<(), DbError> {
    let update = sql!("UPDATE visitors SET contact_id = r.contact_id FROM {rows} AS r WHERE visitors.id = r.visitor_id");
    tx.exec_from(update, found, params![]).await.map(|_| ())
}

/// Visits, and the addresses for push, of browsers and apps that turned out to be somebody's.
pub(super) async fn join_visits(tx: &mut Tx, found: &Relation) -> Result<(), DbError> {
    let update = sql!(
        "UPDATE visits SET contact_id = r.contact_id FROM {rows} AS r WHERE visits.visitor_id = r.visitor_id AND visits.contact_id IS NULL"
    );
    tx.exec_from(update, found, params![]).await?;
    let update = sql!(
        "UPDATE identifiers SET contact_id = r.contact_id FROM {rows} AS r
         WHERE identifiers.visitor_id = r.visitor_id AND identifiers.contact_id IS NULL AND identifiers.kind = 'push_token'"
    );
    tx.exec_from(update, found, params![]).await.map(|_| ())
}

/// Remembers which identifiers a browser showed; a proof outweighs an earlier claim, never the other way round.
pub(super) async fn remember(tx: &mut Tx, ids: &Ids, now: i64, seen: &[Seen]) -> Result<(), DbError> {
    let mut newest: HashMap<(i64, &str, &str), &Seen> = HashMap::new();
    for one in seen {
        let kept = newest.entry((one.visitor_id, one.kind, one.value.as_str())).or_insert(one);
        if one.proven {
            *kept = one;
        }
    }
    let mut rows = Relation::new(&[
        ("id", Column::Int),
        ("contact_id", Column::Int),
        ("visitor_id", Column::Int),
        ("kind", Column::Text),
        ("value", Column::Text),
        ("strength", Column::Text),
        ("source", Column::Text),
        ("first_at", Column::Int),
        ("last_at", Column::Int),
    ]);
    for one in newest.into_values() {
        rows.push(vec![
            Value::Int(ids.next()),
            one.contact_id.into(),
            Value::Int(one.visitor_id),
            Value::from(one.kind),
            Value::from(one.value.as_str()),
            Value::from(if one.proven { "proof" } else { "claim" }),
            Value::from(one.source),
            Value::Int(now),
            Value::Int(now),
        ]);
    }
    let set = "last_at = excluded.last_at, contact_id = COALESCE(excluded.contact_id, identifiers.contact_id), \
               strength = CASE WHEN excluded.strength = 'proof' THEN 'proof' ELSE identifiers.strength END";
    tx.insert("identifiers", &rows, Conflict::Update(&["visitor_id", "kind", "value"], set)).await?;
    Ok(())
}

/// Whom each proof shows; `None` for claims and for people who are not there. An address from a form of ours makes a new contact.
pub(crate) async fn resolve(tx: &mut Tx, ids: &Ids, now: i64, proofs: &[&Proof]) -> Result<Vec<Option<i64>>, Fault> {
    let mut wanted = (Vec::new(), Vec::new(), Vec::new());
    for proof in proofs {
        match &proof.evidence {
            Evidence::Contact(id) => wanted.0.push(*id),
            Evidence::ExternalId(key) => wanted.1.push(key.clone()),
            Evidence::Email { email, .. } => wanted.2.push(email.clone()),
            Evidence::Claim(_) | Evidence::Push(_) => {}
        }
    }
    let alive = alive_ids(tx, wanted.0).await?;
    let by_external = by_external(tx, wanted.1).await?;
    let mut by_email = by_email(tx, wanted.2).await?;
    let mut found = Vec::with_capacity(proofs.len());
    for proof in proofs {
        found.push(match &proof.evidence {
            Evidence::Contact(id) => alive.get(id).copied(),
            Evidence::ExternalId(key) => by_external.get(key).copied(),
            Evidence::Claim(_) | Evidence::Push(_) => None,
            Evidence::Email { email, name } => match by_email.get(email) {
                Some(id) => Some(*id),
                None => {
                    let id = create(tx, ids, now, email, name.as_deref()).await?;
                    by_email.insert(email.clone(), id);
                    Some(id)
                }
            },
        });
    }
    Ok(found)
}

/// Who these ids mean today: whoever was merged is meant as the one who remained.
async fn alive_ids(tx: &mut Tx, ids: Vec<i64>) -> Result<HashMap<i64, i64>, DbError> {
    let rows = Relation::of_ids("id", ids);
    let select = sql!(
        "SELECT r.id AS asked, s.id FROM {rows} AS r JOIN contacts c ON c.id = r.id
         JOIN contacts s ON s.id = COALESCE(c.merged_into, c.id) AND s.deleted_at IS NULL"
    );
    let found = tx.rows_from(select, &rows, params![]).await?;
    found.iter().map(|row| Ok((row.get("asked")?, row.get("id")?))).collect()
}

async fn by_external(tx: &mut Tx, keys: Vec<String>) -> Result<HashMap<String, i64>, DbError> {
    let select =
        sql!("SELECT r.k, min(c.id) AS id FROM {rows} AS r JOIN contacts c ON c.external_key = r.k AND c.deleted_at IS NULL GROUP BY r.k");
    by_key(tx, ByKeys::External, select, keys).await
}

async fn by_email(tx: &mut Tx, keys: Vec<String>) -> Result<HashMap<String, i64>, DbError> {
    let select =
        sql!("SELECT r.k, min(c.id) AS id FROM {rows} AS r JOIN contacts c ON c.email_key = r.k AND c.deleted_at IS NULL GROUP BY r.k");
    by_key(tx, ByKeys::Email, select, keys).await
}

/// Who holds a key, or else who took over the record that held it.
async fn by_key(tx: &mut Tx, by: ByKeys, select: &str, keys: Vec<String>) -> Result<HashMap<String, i64>, DbError> {
    let mut found: HashMap<String, i64> = contact::list_by_given_up(tx, by, keys.iter().cloned()).await?.into_iter().collect();
    for row in tx.rows_from(select, &Relation::of_texts("k", keys), params![]).await? {
        found.insert(row.get("k")?, row.get("id")?);
    }
    Ok(found)
}

async fn create(tx: &mut Tx, ids: &Ids, now: i64, email: &str, name: Option<&str>) -> Result<i64, Fault> {
    let draft = ContactDraft {
        name: name.unwrap_or_default().to_owned(),
        email: Some(email.to_owned()),
        stage: Stage::Lead,
        source: Some("form".to_owned()),
        ..ContactDraft::default()
    };
    let actor = Actor::system();
    Ok(contact::create(tx, &By { actor: &actor, now, ids }, draft).await?)
}
