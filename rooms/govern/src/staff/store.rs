//! All SQL about staff and teams.

use attune_db::{DbError, Row, Tx, params, sql};
use attune_kernel::fold_key;

use super::rules::email_key;
use super::{Role, Staff, StaffDraft, Team};

pub(crate) fn read(row: &Row) -> Result<Staff, DbError> {
    Ok(Staff {
        id: row.get("id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        role: Role::of(&row.get::<String>("role")?).unwrap_or(Role::Agent),
        team_id: row.get("team_id")?,
        locale: row.get::<String>("locale")?.parse().unwrap_or_default(),
        theme: row.get::<String>("theme")?.parse().unwrap_or_default(),
        time_zone: row.get("time_zone")?,
        active: row.get("active")?,
        password_hash: row.get("password_hash")?,
    })
}

/// The member of staff `id`.
pub async fn find_staff(tx: &mut Tx, id: i64) -> Result<Option<Staff>, DbError> {
    let sql = sql!("SELECT id, name, email, role, team_id, locale, theme, time_zone, active, password_hash FROM staff WHERE id = $1");
    tx.find(sql, params![id]).await?.as_ref().map(read).transpose()
}

/// Whoever signs in with this address.
pub async fn find_by_email(tx: &mut Tx, email: &str) -> Result<Option<Staff>, DbError> {
    let sql =
        sql!("SELECT id, name, email, role, team_id, locale, theme, time_zone, active, password_hash FROM staff WHERE email_key = $1");
    tx.find(sql, params![email_key(email)]).await?.as_ref().map(read).transpose()
}

/// Everybody, by name.
pub async fn list_staff(tx: &mut Tx) -> Result<Vec<Staff>, DbError> {
    let sql = sql!(
        "SELECT id, name, email, role, team_id, locale, theme, time_zone, active, password_hash FROM staff ORDER BY active DESC, name, id LIMIT 3000"
    );
    tx.rows(sql, params![]).await?.iter().map(read).collect()
}

pub(super) async fn count_admins(tx: &mut Tx) -> Result<i64, DbError> {
    tx.count(sql!("SELECT count(*) FROM staff WHERE role = 'admin' AND active"), params![]).await
}

pub(super) async fn insert(tx: &mut Tx, id: i64, draft: &StaffDraft, now: i64) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO staff (id, name, email, email_key, role, team_id, password_hash, locale, theme, time_zone, active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'auto', $9, $10, $11, $11)"
    );
    let hash = draft.password_hash.as_deref().unwrap_or("");
    let (key, role, locale) = (email_key(&draft.email), draft.role.word(), draft.locale.tag());
    tx.exec(sql, params![id, &draft.name, &draft.email, key, role, draft.team_id, hash, locale, &draft.time_zone, draft.active, now])
        .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, id: i64, draft: &StaffDraft, now: i64) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE staff SET name = $2, email = $3, email_key = $4, role = $5, team_id = $6, password_hash = COALESCE($7, password_hash),
         locale = $8, time_zone = $9, active = $10, updated_at = $11 WHERE id = $1"
    );
    let (key, role, locale) = (email_key(&draft.email), draft.role.word(), draft.locale.tag());
    let hash = draft.password_hash.clone();
    tx.exec(sql, params![id, &draft.name, &draft.email, key, role, draft.team_id, hash, locale, &draft.time_zone, draft.active, now])
        .await?;
    Ok(())
}

pub(crate) async fn set_preference(tx: &mut Tx, id: i64, locale: Option<&str>, theme: Option<&str>, now: i64) -> Result<(), DbError> {
    let sql = sql!("UPDATE staff SET locale = COALESCE($2, locale), theme = COALESCE($3, theme), updated_at = $4 WHERE id = $1");
    tx.exec(sql, params![id, locale, theme, now]).await?;
    Ok(())
}

/// Every team, by name.
pub async fn list_teams(tx: &mut Tx) -> Result<Vec<Team>, DbError> {
    let rows = tx.rows(sql!("SELECT id, name FROM teams ORDER BY name_key LIMIT 1000"), params![]).await?;
    rows.iter().map(|row| Ok(Team { id: row.get("id")?, name: row.get("name")? })).collect()
}

/// The team of that name.
pub async fn find_team_by_name(tx: &mut Tx, name: &str) -> Result<Option<Team>, DbError> {
    let row = tx.find(sql!("SELECT id, name FROM teams WHERE name_key = $1"), params![fold_key(name)]).await?;
    row.map(|row| Ok(Team { id: row.get("id")?, name: row.get("name")? })).transpose()
}

pub(super) async fn insert_team(tx: &mut Tx, id: i64, name: &str, now: i64) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO teams (id, name, name_key, created_at) VALUES ($1, $2, $3, $4)");
    tx.exec(sql, params![id, name.trim(), fold_key(name), now]).await?;
    Ok(())
}

/// Whether anybody works here yet.
pub(crate) async fn is_empty(tx: &mut Tx) -> Result<bool, DbError> {
    Ok(tx.find(sql!("SELECT id FROM staff LIMIT 1"), params![]).await?.is_none())
}

/// Sets the zone in which a member of staff sees times.
pub(crate) async fn set_zone(tx: &mut Tx, id: i64, zone: &str, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE staff SET time_zone = $2, updated_at = $3 WHERE id = $1"), params![id, zone, now]).await?;
    Ok(())
}
