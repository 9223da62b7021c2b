//! The SQL of visits.

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_events::{Event, read_event};
use attune_kernel::{Address, fold_key};
use attune_web::Scope;

use super::employer::Employer;
use super::{Kind, Network, Visit, VisitId, Wanted};
use crate::sharing::Reach;

const SELECT: &str = sql!(
    "SELECT v.id, v.visitor_id, v.contact_id, c.name AS contact_name, c.email AS contact_email, c.owner_id, c.team_id, c.company_id, v.started_at, v.last_at, v.pages,
     v.events, v.dwell_us, v.source, v.medium, v.campaign, v.referrer, v.host, v.landing, v.last_path, v.browser, v.os, v.device, v.model, v.machine, v.reason,
     c.engagement_k, n.id AS network_id, n.organisation, n.domain, n.country, n.city, n.business
     FROM visits v LEFT JOIN contacts c ON c.id = v.contact_id AND c.deleted_at IS NULL LEFT JOIN networks n ON n.id = v.network_id"
);

fn read(row: &Row, reach: &Reach) -> Result<Visit, DbError> {
    let contact_id: Option<i64> = row.get("contact_id")?;
    let covered = reach.covers_row(row)?;
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
        network: read_network(row)?,
        score_k: if covered { row.get("engagement_k")? } else { None },
    })
}

fn read_network(row: &Row) -> Result<Option<Network>, DbError> {
    if row.get::<Option<i64>>("network_id")?.is_none() {
        return Ok(None);
    }
    let (organisation, domain) = (row.get("organisation")?, row.get("domain")?);
    let (country, city, business) = (row.get("country")?, row.get("city")?, row.get("business")?);
    Ok(Some(Network { organisation, domain, country, city, business, company: None }))
}

/// Narrows to visits of a kind; the reasons of our own are those of [`Machine::is_internal`](crate::tracking::Machine::is_internal).
fn push_kind(sql: &mut Sql, kind: Kind) {
    sql.push(" v.machine = ").bind(kind != Kind::People);
    match kind {
        Kind::People => sql,
        Kind::Machines => sql.push(" AND (v.reason IS NULL OR v.reason NOT IN ('own-network', 'staff'))"),
        Kind::Internal => sql.push(" AND v.reason IN ('own-network', 'staff')"),
    };
}

async fn rows(tx: &mut Tx, scope: &Scope, sql: &Sql) -> Result<Vec<Visit>, DbError> {
    let reach = Reach::of(tx, scope).await?;
    tx.rows_of(sql).await?.iter().map(|row| read(row, &reach)).collect()
}

pub(super) async fn list(tx: &mut Tx, scope: &Scope, wanted: &Wanted, limit: i64) -> Result<Vec<Visit>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE");
    push_kind(&mut sql, wanted.kind);
    if let Some(part) = &wanted.organisation {
        let like = format!("%{}%", fold_key(part).replace(['%', '_', '\\'], ""));
        sql.push(" AND v.network_id IN (SELECT id FROM networks WHERE organisation_key LIKE ").bind(like).push(")");
    }
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

pub(super) async fn find(tx: &mut Tx, scope: &Scope, id: VisitId) -> Result<Vec<Visit>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE v.id = ").bind(id.0);
    rows(tx, scope, &sql).await
}

pub(super) async fn list_events(tx: &mut Tx, visit: &Visit) -> Result<Vec<Event>, DbError> {
    let select = sql!(
        "SELECT seq, name, at, contact_id, visitor_id, session_id, company_id, subject, amount, machine, cause, depth, client_key, origin_id, props
         FROM events WHERE visitor_id = $1 AND at >= $2 AND at <= $3 AND session_id = $4 ORDER BY at, seq LIMIT 500"
    );
    let found = tx.rows(select, params![visit.visitor_id, visit.started_at, visit.last_at, visit.id.0]).await?;
    found.iter().map(read_event).collect()
}

pub(super) async fn find_span(tx: &mut Tx, kind: Kind) -> Result<Option<(i64, i64)>, DbError> {
    let mut ends = [None, None];
    for (end, order) in ends.iter_mut().zip([" ORDER BY v.started_at, v.id LIMIT 1", " ORDER BY v.started_at DESC, v.id DESC LIMIT 1"]) {
        let mut sql = Sql::new(sql!("SELECT v.started_at FROM visits v"));
        sql.push(" WHERE");
        push_kind(&mut sql, kind);
        sql.push(order);
        *end = tx.rows_of(&sql).await?.first().map(|row| row.get::<i64>("started_at")).transpose()?;
    }
    let [first, last] = ends;
    Ok(first.zip(last))
}

pub(super) async fn count_internal(tx: &mut Tx, since: i64) -> Result<i64, DbError> {
    let count = sql!("SELECT count(*) FROM visits WHERE machine = TRUE AND started_at >= $1 AND reason IN ('own-network', 'staff')");
    tx.count(count, params![since]).await
}

/// Companies by folded name, and by domain.
pub(super) async fn companies(tx: &mut Tx, names: Vec<String>, domains: Vec<String>) -> Result<Vec<Employer>, DbError> {
    let by_name = sql!(
        "SELECT r.k, c.id, c.name, c.owner_id, c.team_id FROM {rows} AS r JOIN companies c ON c.name_key = r.k AND c.deleted_at IS NULL"
    );
    let by_domain = sql!(
        "SELECT r.k, c.id, c.name, c.owner_id, c.team_id FROM {rows} AS r
         JOIN companies c ON lower(c.domain) = r.k AND c.domain IS NOT NULL AND c.deleted_at IS NULL"
    );
    let mut found = tx.rows_from(by_name, &Relation::of_texts("k", names), params![]).await?;
    found.extend(tx.rows_from(by_domain, &Relation::of_texts("k", domains), params![]).await?);
    let read = |row: &Row| {
        let (key, id, name) = (row.get("k")?, row.get("id")?, row.get("name")?);
        Ok(Employer { key, id, name, owner_id: row.get("owner_id")?, team_id: row.get("team_id")? })
    };
    found.iter().map(read).collect()
}
