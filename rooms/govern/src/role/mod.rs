//! What each role may, and on which rows: defaults from the rooms, changed by administrators.
//!
//! Guards that an administrator cannot lock everybody out of staff and roles.

pub(crate) mod pages;

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_kernel::Ids;
use attune_web::{Actor, Grant, PermissionDef, Scope};

use crate::audit::{self, Change};
use crate::staff::Role;

/// Permissions an administrator always keeps.
const KEPT: [&str; 2] = ["govern.staff.edit", "govern.role.edit"];

/// The word of a grant in the table and in forms.
pub fn word(grant: Grant) -> &'static str {
    match grant {
        Grant::All => "all",
        Grant::Team => "team",
        Grant::Own => "own",
        Grant::None => "none",
    }
}

/// Reads [`word`].
pub fn grant_of(word: &str) -> Option<Grant> {
    match word {
        "all" => Some(Grant::All),
        "team" => Some(Grant::Team),
        "own" => Some(Grant::Own),
        "none" => Some(Grant::None),
        _ => None,
    }
}

fn default_of(def: &PermissionDef, role: Role) -> Grant {
    match role {
        Role::Admin => def.admin,
        Role::Manager => def.manager,
        Role::Agent => def.agent,
    }
}

/// What `role` gets of every permission, after the administrator's changes.
pub async fn grants(tx: &mut Tx, defs: &[PermissionDef], role: Role) -> Result<Vec<(&'static str, Grant)>, DbError> {
    let rows = tx.rows(sql!("SELECT permission, reach FROM role_grants WHERE role = $1"), params![role.word()]).await?;
    let mut changed = HashMap::new();
    for row in &rows {
        changed.insert(row.get::<String>("permission")?, row.get::<String>("reach")?);
    }
    let of = |def: &PermissionDef| {
        let kept = role == Role::Admin && KEPT.contains(&def.key);
        let set = changed.get(def.key).and_then(|word| grant_of(word)).filter(|_| !kept);
        (def.key, set.unwrap_or_else(|| default_of(def, role)))
    };
    Ok(defs.iter().map(of).collect())
}

/// The row scopes of a member of staff with `role`.
pub async fn scopes(
    tx: &mut Tx,
    defs: &[PermissionDef],
    role: Role,
    staff_id: i64,
    team_id: Option<i64>,
) -> Result<HashMap<String, Scope>, DbError> {
    let granted = grants(tx, defs, role).await?;
    Ok(granted.into_iter().filter_map(|(key, grant)| Some((key.to_owned(), grant.scope(staff_id, team_id)?))).collect())
}

/// Changes what `role` gets of a permission.
pub async fn set_grant(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, role: Role, permission: &str, grant: Grant) -> Result<(), DbError> {
    let before =
        tx.find(sql!("SELECT reach FROM role_grants WHERE role = $1 AND permission = $2"), params![role.word(), permission]).await?;
    let before: Option<String> = before.map(|row| row.get("reach")).transpose()?;
    if before.as_deref() == Some(word(grant)) {
        return Ok(());
    }
    let mut row = Relation::new(&[("role", Column::Text), ("permission", Column::Text), ("reach", Column::Text)]);
    row.push(vec![Value::from(role.word()), Value::from(permission), Value::from(word(grant))]);
    tx.insert("role_grants", &row, Conflict::Update(&["role", "permission"], "reach = excluded.reach")).await?;
    let what = |reach: &str| serde_json::json!({ "role": role.word(), "permission": permission, "reach": reach });
    let change =
        Change { action: "role.updated", kind: "role", id: 0, before: before.as_deref().map(what), after: Some(what(word(grant))) };
    audit::note(tx, ids, now, actor, change).await
}
