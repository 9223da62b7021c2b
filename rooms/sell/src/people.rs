//! What this room asks of its neighbours: contacts change stage and owner, managers are found.

use attune_db::{DbError, Relation, Row, Tx, params, sql};
use attune_identify::contact::{self, By, ContactError, Stage};
use attune_identify::staff;
use attune_kernel::{Fault, Ids};
use attune_web::{Actor, Scope};

/// Why a contact changed hands, as the timeline tells it.
const REASON: &str = "handover";

/// The rep becomes the owner, and whoever has not bought yet is sales-qualified.
pub(crate) async fn take_over(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, contact_id: i64, rep_id: i64) -> Result<(), Fault> {
    let by = By { actor, now, ids };
    let movable = below(tx, &[contact_id], &["visitor", "lead", "mql"]).await?;
    contact::set_stage(tx, &by, &movable, Stage::Sql).await.map_err(fault)?;
    contact::assign_owner(tx, &by, &[contact_id], Some(rep_id), REASON).await.map_err(fault)?;
    Ok(())
}

/// Back to nurture: whoever was qualified is a lead again.
pub(crate) async fn give_back(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, contact_id: i64) -> Result<(), Fault> {
    let movable = below(tx, &[contact_id], &["mql", "sql"]).await?;
    contact::set_stage(tx, &By { actor, now, ids }, &movable, Stage::Lead).await.map_err(fault)?;
    Ok(())
}

/// Whoever is handed over has qualified, if not further already.
pub(crate) async fn qualify(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, contacts: &[i64]) -> Result<(), Fault> {
    let movable = below(tx, contacts, &["visitor", "lead"]).await?;
    contact::set_stage(tx, &By { actor, now, ids }, &movable, Stage::Mql).await.map_err(fault)?;
    Ok(())
}

async fn below(tx: &mut Tx, contacts: &[i64], stages: &[&str]) -> Result<Vec<i64>, DbError> {
    let rows = Relation::of_ids("id", contacts.iter().copied());
    let found =
        tx.rows_from(sql!("SELECT c.id, c.stage FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id"), &rows, params![]).await?;
    let mut movable = Vec::with_capacity(found.len());
    for row in &found {
        if stages.contains(&row.get::<String>("stage")?.as_str()) {
            movable.push(row.get("id")?);
        }
    }
    Ok(movable)
}

fn fault(error: ContactError) -> Fault {
    match error {
        ContactError::Fault(fault) => fault,
        other => Fault::from(other),
    }
}

/// The team these members of staff share; nothing when they are of several, or of none.
pub(crate) async fn common_team(tx: &mut Tx, staff_ids: impl Iterator<Item = i64>) -> Result<Option<i64>, DbError> {
    let rows = Relation::of_ids("id", staff_ids);
    let found =
        tx.rows_from(sql!("SELECT DISTINCT s.team_id FROM {rows} AS r JOIN v_govern_staff s ON s.id = r.id"), &rows, params![]).await?;
    match found.as_slice() {
        [one] => one.get("team_id"),
        _ => Ok(None),
    }
}

/// Whoever leads: the team's manager, else any manager, else an administrator; the longest-serving first.
pub(crate) async fn find_manager(tx: &mut Tx, team_id: Option<i64>) -> Result<Option<staff::Member>, DbError> {
    let sql = sql!(
        "SELECT id, name, team_id, active FROM v_govern_staff WHERE active AND role IN ('manager', 'admin')
         ORDER BY CASE WHEN role = 'manager' AND team_id = $1 THEN 0 WHEN role = 'manager' THEN 1 ELSE 2 END, id LIMIT 1"
    );
    let row = tx.find(sql, params![team_id.unwrap_or(0)]).await?;
    row.map(|row| member(&row)).transpose()
}

/// The active members of staff to whom this scope may give work, by name.
pub(crate) async fn list_colleagues(tx: &mut Tx, scope: &Scope) -> Result<Vec<staff::Member>, DbError> {
    let mut sql = attune_db::Sql::new(sql!("SELECT s.id, s.name, s.team_id, s.active FROM v_govern_staff s WHERE s.active"));
    scope.push_filter(&mut sql, "s.id", "s.team_id");
    sql.push(" ORDER BY s.name, s.id LIMIT 3000");
    tx.rows_of(&sql).await?.iter().map(member).collect()
}

fn member(row: &Row) -> Result<staff::Member, DbError> {
    Ok(staff::Member { id: row.get("id")?, name: row.get("name")?, team_id: row.get("team_id")?, active: row.get("active")? })
}

/// Which contacts this actor may see.
pub(crate) fn contact_scope(actor: &Actor) -> Option<Scope> {
    actor.may("identify.contact.view").copied()
}
