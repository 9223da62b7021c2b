//! The members of staff as this room needs them: names for owners, teams for row scopes. Read from the view the staff's own room publishes.

use std::collections::HashMap;

use attune_db::{DbError, Row, Tx, params, sql};

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id.
    pub id: i64,
    /// The name colleagues see.
    pub name: String,
    /// The team.
    pub team_id: Option<i64>,
    /// Whether they still sign in.
    pub active: bool,
}

fn read(row: &Row) -> Result<Member, DbError> {
    Ok(Member { id: row.get("id")?, name: row.get("name")?, team_id: row.get("team_id")?, active: row.get("active")? })
}

/// Everybody, also those who left, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<Member>, DbError> {
    let rows = tx.rows(sql!("SELECT id, name, team_id, active FROM v_govern_staff ORDER BY name, id"), params![]).await?;
    rows.iter().map(read).collect()
}

/// The member `id`.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Member>, DbError> {
    let row = tx.find(sql!("SELECT id, name, team_id, active FROM v_govern_staff WHERE id = $1"), params![id]).await?;
    row.as_ref().map(read).transpose()
}

/// The team of the member `id`.
pub async fn team_of(tx: &mut Tx, id: i64) -> Result<Option<i64>, DbError> {
    Ok(find(tx, id).await?.and_then(|m| m.team_id))
}

/// Names by id.
pub fn names(members: &[Member]) -> HashMap<i64, String> {
    members.iter().map(|m| (m.id, m.name.clone())).collect()
}
