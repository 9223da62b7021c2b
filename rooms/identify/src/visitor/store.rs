//! The SQL of visits.

use attune_db::{DbError, Row, Sql, Tx, params, sql};
use attune_events::{Event, read_event};
use attune_kernel::Address;
use attune_web::Scope;

use super::{Visit, VisitId, Wanted};

const SELECT: &str = sql!(
    "SELECT v.id, v.visitor_id, v.contact_id, c.name AS contact_name, c.email AS contact_email, c.owner_id, c.team_id, v.started_at, v.last_at, v.pages,
     v.events, v.dwell_us, v.source, v.medium, v.campaign, v.referrer, v.host, v.landing, v.last_path, v.browser, v.os, v.device, v.model, v.machine, v.reason
     FROM visits v LEFT JOIN contacts c ON c.id = v.contact_id AND c.deleted_at IS NULL"
);

fn read(row: &Row, scope: &Scope) -> Result<Visit, DbError> {
    let contact_id: Option<i64> = row.get("contact_id")?;
    let covered = scope.covers(row.get("owner_id")?, row.get("team_id")?);
    let name: Option<String> = row.get("contact_name")?;
    let address: Option<Address> = row.get("contact_email")?;
    let named = name.filter(|name| !name.is_empty()).or_else(|| address.map(|address| address.masked()));
    Ok(Visit {
        id: VisitId(row.get("id")?),
        visitor_id: row.get("visitor_id")?,
        contact: contact_id.zip(named).filter(|_| covered),
        hidden: contact_id.is_some() && !covered,
        started_at: row.get("started_at")?,
        last_at: row.get("last_at")?,
        pages: row.get("pages")?,
        events: row.get("events")?,
        dwell_us: row.get("dwell_us")?,
        source: row.get("source")?,
        medium: row.get("medium")?,
        campaign: row.get("campaign")?,
        referrer: row.get("referrer")?,
        host: row.get("host")?,
        landing: row.get("landing")?,
        last_path: row.get("last_path")?,
        browser: row.get("browser")?,
        os: row.get("os")?,
        device: row.get("device")?,
        model: row.get("model")?,
        machine: row.get("machine")?,
        reason: row.get("reason")?,
    })
}

async fn rows(tx: &mut Tx, scope: &Scope, sql: &Sql) -> Result<Vec<Visit>, DbError> {
    tx.rows_of(sql).await?.iter().map(|row| read(row, scope)).collect()
}

pub(super) async fn list(tx: &mut Tx, scope: &Scope, wanted: &Wanted, limit: i64) -> Result<Vec<Visit>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE v.machine = ").bind(wanted.machine);
    if let Some(from) = wanted.from {
        sql.push(" AND v.started_at >= ").bind(from);
    }
    if let Some(to) = wanted.to {
        sql.push(" AND v.started_at < ").bind(to);
    }
    if let Some((at, id)) = wanted.after {
        sql.push(" AND (v.started_at, v.id) < (").bind(at).push(", ").bind(id).push(")");
    }
    sql.push(" ORDER BY v.started_at DESC, v.id DESC LIMIT ").bind(limit);
    rows(tx, scope, &sql).await
}

pub(super) async fn list_live(tx: &mut Tx, scope: &Scope, since: i64) -> Result<Vec<Visit>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE NOT v.machine AND v.last_at >= ").bind(since).push(" ORDER BY v.last_at DESC, v.id DESC LIMIT 50");
    rows(tx, scope, &sql).await
}

pub(super) async fn list_of_contact(tx: &mut Tx, contact_id: i64, limit: i64) -> Result<Vec<Visit>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE v.contact_id = ").bind(contact_id).push(" ORDER BY v.started_at DESC, v.id DESC LIMIT ").bind(limit);
    rows(tx, &Scope::All, &sql).await
}

pub(super) async fn find(tx: &mut Tx, scope: &Scope, id: VisitId) -> Result<Option<Visit>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE v.id = ").bind(id.0);
    Ok(rows(tx, scope, &sql).await?.into_iter().next())
}

pub(super) async fn list_events(tx: &mut Tx, visit: &Visit) -> Result<Vec<Event>, DbError> {
    let select = sql!(
        "SELECT seq, name, at, contact_id, visitor_id, session_id, company_id, subject, amount, machine, cause, depth, client_key, origin_id, props
         FROM events WHERE visitor_id = $1 AND at >= $2 AND at <= $3 AND session_id = $4 ORDER BY at, seq LIMIT 500"
    );
    let found = tx.rows(select, params![visit.visitor_id, visit.started_at, visit.last_at, visit.id.0]).await?;
    found.iter().map(read_event).collect()
}

pub(super) async fn find_span(tx: &mut Tx, machine: bool) -> Result<Option<(i64, i64)>, DbError> {
    let first = sql!("SELECT min(started_at) AS at FROM visits WHERE machine = $1");
    let last = sql!("SELECT max(started_at) AS at FROM visits WHERE machine = $1");
    let first: Option<i64> = tx.get("visits", first, params![machine]).await?.get("at")?;
    let last: Option<i64> = tx.get("visits", last, params![machine]).await?.get("at")?;
    Ok(first.zip(last))
}
