//! The SQL of the write path: one statement a step, however many events there are.

use std::collections::HashMap;
use std::sync::Arc;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};
use attune_kernel::fold_key;

use super::atlas::KnownNetwork;
use super::hit::PageLeft;
use super::source::{Arrival, Medium};

/// A visitor to be found or made.
pub(super) struct Met {
    pub(super) fresh_id: i64,
    pub(super) key: i64,
    pub(super) first_at: i64,
    pub(super) last_at: i64,
    pub(super) machine: bool,
    pub(super) origin_id: Option<i64>,
}

/// A visitor as the store knows it.
pub(super) struct Found {
    pub(super) key: i64,
    pub(super) visitor_id: i64,
    pub(super) contact_id: Option<i64>,
}

/// Finds or makes visitors by key and moves their times.
pub(super) async fn meet(tx: &mut Tx, met: &[Met]) -> Result<Vec<Found>, DbError> {
    let mut rows = Relation::new(&[
        ("id", Column::Int),
        ("key", Column::Int),
        ("first_at", Column::Int),
        ("last_at", Column::Int),
        ("machine", Column::Bool),
        ("origin_id", Column::Int),
    ]);
    for one in met {
        let times = [Value::Int(one.first_at), Value::Int(one.last_at)];
        let mut row = vec![Value::Int(one.fresh_id), Value::Int(one.key)];
        row.extend(times);
        row.extend([Value::Bool(one.machine), one.origin_id.into()]);
        rows.push(row);
    }
    let upsert = sql!(
        "INSERT INTO visitors (id, key, first_seen_at, last_seen_at, machine, origin_id)
         SELECT r.id, r.key, r.first_at, r.last_at, r.machine, r.origin_id FROM {rows} AS r WHERE TRUE
         ON CONFLICT (key) DO UPDATE SET machine = excluded.machine,
           first_seen_at = CASE WHEN excluded.first_seen_at < visitors.first_seen_at THEN excluded.first_seen_at ELSE visitors.first_seen_at END,
           last_seen_at = CASE WHEN excluded.last_seen_at > visitors.last_seen_at THEN excluded.last_seen_at ELSE visitors.last_seen_at END
         RETURNING id, key, contact_id"
    );
    let found = tx.rows_from(upsert, &rows, params![]).await?;
    found.iter().map(|row| Ok(Found { key: row.get("key")?, visitor_id: row.get("id")?, contact_id: row.get("contact_id")? })).collect()
}

/// A visit: a stretch of activity without a gap of 30 minutes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Visit {
    pub(super) id: i64,
    pub(super) visitor_id: i64,
    pub(super) contact_id: Option<i64>,
    pub(super) started_at: i64,
    pub(super) last_at: i64,
    pub(super) arrival: Arrival,
    pub(super) host: Option<Arc<str>>,
    pub(super) landing: Option<String>,
    pub(super) last_path: Option<String>,
    pub(super) browser: Option<String>,
    pub(super) os: Option<String>,
    pub(super) device: Option<String>,
    pub(super) model: Option<String>,
    pub(super) machine: bool,
    pub(super) reason: Option<String>,
    pub(super) network_id: Option<i64>,
    pub(super) origin_id: Option<i64>,
}

/// What a batch adds to a visit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Growth {
    pub(super) pages: i64,
    pub(super) events: i64,
    pub(super) dwell_us: i64,
}

/// Visits of these visitors that touch a span of time: `(visitor_id, from_at, to_at)`.
pub(super) async fn visits_near(tx: &mut Tx, spans: &[(i64, i64, i64)]) -> Result<Vec<Visit>, DbError> {
    let mut rows = Relation::new(&[("visitor_id", Column::Int), ("from_at", Column::Int), ("to_at", Column::Int)]);
    for (visitor_id, from_at, to_at) in spans {
        rows.push(vec![Value::Int(*visitor_id), Value::Int(*from_at), Value::Int(*to_at)]);
    }
    let select = sql!(
        "SELECT v.id, v.visitor_id, v.contact_id, v.started_at, v.last_at, v.source, v.medium, v.campaign, v.referrer, v.host, v.landing, v.last_path,
         v.browser, v.os, v.device, v.model, v.machine, v.reason, v.network_id, v.origin_id
         FROM {rows} AS r JOIN visits v ON v.visitor_id = r.visitor_id AND v.last_at >= r.from_at AND v.started_at <= r.to_at"
    );
    tx.rows_from(select, &rows, params![]).await?.iter().map(read_visit).collect()
}

fn read_visit(row: &Row) -> Result<Visit, DbError> {
    let arrival = Arrival {
        source: Arc::from(row.get::<String>("source")?),
        medium: Medium::from_code(&row.get::<String>("medium")?),
        campaign: row.get("campaign")?,
        referrer: row.get("referrer")?,
    };
    Ok(Visit {
        id: row.get("id")?,
        visitor_id: row.get("visitor_id")?,
        contact_id: row.get("contact_id")?,
        started_at: row.get("started_at")?,
        last_at: row.get("last_at")?,
        arrival,
        host: row.get::<Option<String>>("host")?.map(Arc::from),
        landing: row.get("landing")?,
        last_path: row.get("last_path")?,
        browser: row.get("browser")?,
        os: row.get("os")?,
        device: row.get("device")?,
        model: row.get("model")?,
        machine: row.get("machine")?,
        reason: row.get("reason")?,
        network_id: row.get("network_id")?,
        origin_id: row.get("origin_id")?,
    })
}

const VISIT_COLUMNS: [(&str, Column); 23] = [
    ("id", Column::Int),
    ("visitor_id", Column::Int),
    ("contact_id", Column::Int),
    ("started_at", Column::Int),
    ("last_at", Column::Int),
    ("pages", Column::Int),
    ("events", Column::Int),
    ("dwell_us", Column::Int),
    ("source", Column::Text),
    ("medium", Column::Text),
    ("campaign", Column::Text),
    ("referrer", Column::Text),
    ("host", Column::Text),
    ("landing", Column::Text),
    ("last_path", Column::Text),
    ("browser", Column::Text),
    ("os", Column::Text),
    ("device", Column::Text),
    ("model", Column::Text),
    ("machine", Column::Bool),
    ("reason", Column::Text),
    ("network_id", Column::Int),
    ("origin_id", Column::Int),
];

/// Begins new visits and lets known ones grow. A visit that begins earlier than known takes the earlier arrival.
pub(super) async fn put_visits(tx: &mut Tx, visits: &[(&Visit, Growth)]) -> Result<(), DbError> {
    let mut rows = Relation::new(&VISIT_COLUMNS);
    for (visit, growth) in visits {
        rows.push(vec![
            Value::Int(visit.id),
            Value::Int(visit.visitor_id),
            visit.contact_id.into(),
            Value::Int(visit.started_at),
            Value::Int(visit.last_at),
            Value::Int(growth.pages),
            Value::Int(growth.events),
            Value::Int(growth.dwell_us),
            Value::from(&*visit.arrival.source),
            Value::from(visit.arrival.medium.code()),
            visit.arrival.campaign.as_deref().into(),
            visit.arrival.referrer.as_deref().into(),
            visit.host.as_deref().into(),
            visit.landing.as_deref().into(),
            visit.last_path.as_deref().into(),
            visit.browser.as_deref().into(),
            visit.os.as_deref().into(),
            visit.device.as_deref().into(),
            visit.model.as_deref().into(),
            Value::Bool(visit.machine),
            visit.reason.as_deref().into(),
            visit.network_id.into(),
            visit.origin_id.into(),
        ]);
    }
    let set = "pages = visits.pages + excluded.pages, events = visits.events + excluded.events, dwell_us = visits.dwell_us + excluded.dwell_us, \
               contact_id = COALESCE(visits.contact_id, excluded.contact_id), machine = (visits.machine OR excluded.machine), \
               reason = COALESCE(visits.reason, excluded.reason), network_id = COALESCE(visits.network_id, excluded.network_id), \
               source = CASE WHEN excluded.started_at < visits.started_at THEN excluded.source ELSE visits.source END, \
               medium = CASE WHEN excluded.started_at < visits.started_at THEN excluded.medium ELSE visits.medium END, \
               landing = CASE WHEN excluded.started_at < visits.started_at THEN excluded.landing ELSE visits.landing END, \
               last_path = CASE WHEN excluded.last_at >= visits.last_at THEN COALESCE(excluded.last_path, visits.last_path) ELSE visits.last_path END, \
               started_at = CASE WHEN excluded.started_at < visits.started_at THEN excluded.started_at ELSE visits.started_at END, \
               last_at = CASE WHEN excluded.last_at > visits.last_at THEN excluded.last_at ELSE visits.last_at END";
    tx.insert("visits", &rows, Conflict::Update(&["id"], set)).await?;
    Ok(())
}

/// Keeps networks that are not kept yet.
pub(super) async fn put_networks(tx: &mut Tx, networks: &[&KnownNetwork]) -> Result<(), DbError> {
    let mut rows = Relation::new(&[
        ("id", Column::Int),
        ("organisation", Column::Text),
        ("organisation_key", Column::Text),
        ("domain", Column::Text),
        ("country", Column::Text),
        ("city", Column::Text),
        ("business", Column::Bool),
    ]);
    for network in networks {
        rows.push(vec![
            Value::Int(network.id),
            Value::from(&*network.organisation),
            Value::from(fold_key(&network.organisation)),
            network.domain.as_deref().into(),
            network.country.as_deref().into(),
            network.city.as_deref().into(),
            Value::Bool(network.business),
        ]);
    }
    tx.insert("networks", &rows, Conflict::Ignore(&["id"])).await?;
    Ok(())
}

/// The newest known state of page views.
pub(super) async fn page_states(tx: &mut Tx, keys: impl IntoIterator<Item = i64>) -> Result<HashMap<i64, PageLeft>, DbError> {
    let rows = Relation::of_ids("k", keys);
    let select = sql!("SELECT p.key, p.seq, p.dwell_us, p.scroll_pct FROM {rows} AS r JOIN page_states p ON p.key = r.k");
    let found = tx.rows_from(select, &rows, params![]).await?;
    let read = |row: &Row| {
        let key: i64 = row.get("key")?;
        Ok((key, PageLeft { key, seq: row.get("seq")?, dwell_us: row.get("dwell_us")?, scroll_pct: row.get("scroll_pct")? }))
    };
    found.iter().map(read).collect()
}

/// Keeps the newest state of page views.
pub(super) async fn put_page_states(tx: &mut Tx, states: impl IntoIterator<Item = PageLeft>, now: i64) -> Result<(), DbError> {
    let mut rows = Relation::new(&[
        ("key", Column::Int),
        ("seq", Column::Int),
        ("dwell_us", Column::Int),
        ("scroll_pct", Column::Int),
        ("at", Column::Int),
    ]);
    for state in states {
        rows.push([state.key, state.seq, state.dwell_us, state.scroll_pct, now].map(Value::Int));
    }
    let set = "seq = excluded.seq, dwell_us = excluded.dwell_us, scroll_pct = excluded.scroll_pct, at = excluded.at";
    tx.insert("page_states", &rows, Conflict::Update(&["key"], set)).await?;
    Ok(())
}

/// Forgets the states of pages that were left for good before `before` (µs).
pub(super) async fn prune_page_states(tx: &mut Tx, before: i64) -> Result<u64, DbError> {
    tx.exec(sql!("DELETE FROM page_states WHERE at < $1"), params![before]).await
}
