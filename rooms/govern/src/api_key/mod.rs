//! Keys with which programs act in a role. Shown once, stored as SHA-256, revocable.

pub(crate) mod pages;

use attune_db::{DbError, Row, Tx, params, sql};
use attune_kernel::{Fault, Ids};
use attune_web::Actor;

use crate::audit::{self, Change};
use crate::session::{fresh_token, token_hash};
use crate::staff::Role;

attune_kernel::id_type!(
    /// An API key.
    ApiKeyId,
    "key"
);

/// A key as stored.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The id.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The first characters, to recognise it by.
    pub hint: String,
    /// When it was made, µs.
    pub created_at: i64,
    /// When it was last used, µs (to the hour).
    pub used_at: Option<i64>,
    /// When it was revoked, µs.
    pub revoked_at: Option<i64>,
}

fn read(row: &Row) -> Result<ApiKey, DbError> {
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        role: Role::of(&row.get::<String>("role")?).unwrap_or(Role::Agent),
        hint: row.get("hint")?,
        created_at: row.get("created_at")?,
        used_at: row.get("used_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

/// Makes a key; answers the token, which nobody can read again.
pub async fn create(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, name: &str, role: Role) -> Result<String, Fault> {
    let token = format!("att_{}", fresh_token()?);
    let id = ids.next();
    let hint: String = token.chars().take(10).collect();
    let by = (actor.staff_id != 0).then_some(actor.staff_id);
    let sql = sql!("INSERT INTO api_keys (id, name, role, token_hash, hint, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    tx.exec(sql, params![id, name, role.word(), token_hash(&token), hint, by, now]).await?;
    let after = serde_json::json!({ "name": name, "role": role.word() });
    audit::note(tx, ids, now, actor, Change { action: "api_key.created", kind: "api_key", id, before: None, after: Some(after) }).await?;
    Ok(token)
}

/// The living key with this hash.
pub(crate) async fn find_by_hash(tx: &mut Tx, hash: &str) -> Result<Option<ApiKey>, DbError> {
    let sql =
        sql!("SELECT id, name, role, hint, created_at, used_at, revoked_at FROM api_keys WHERE token_hash = $1 AND revoked_at IS NULL");
    tx.find(sql, params![hash]).await?.as_ref().map(read).transpose()
}

pub(crate) async fn mark_used(tx: &mut Tx, id: i64, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE api_keys SET used_at = $2 WHERE id = $1"), params![id, now]).await?;
    Ok(())
}

/// Every key, newest first.
pub async fn list_keys(tx: &mut Tx) -> Result<Vec<ApiKey>, DbError> {
    let sql = sql!("SELECT id, name, role, hint, created_at, used_at, revoked_at FROM api_keys ORDER BY id DESC LIMIT 500");
    tx.rows(sql, params![]).await?.iter().map(read).collect()
}

/// Revokes a key at once and for good.
pub async fn revoke(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, id: i64) -> Result<(), DbError> {
    let touched = tx.exec(sql!("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL"), params![id, now]).await?;
    if touched == 0 {
        return Err(DbError::NotFound("api key"));
    }
    audit::note(tx, ids, now, actor, Change { action: "api_key.revoked", kind: "api_key", id, before: None, after: None }).await
}
