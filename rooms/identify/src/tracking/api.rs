//! Events for programs: many in at once, and one person's or everybody's out again.

use std::collections::{HashMap, HashSet};

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_events::{Event, Full, read_event};
use attune_house::App;
use attune_kernel::{DAY_US, Fault, MINUTE_US};
use attune_web::{Answer, Can, Grant, Json, PermissionDef, Problem, Query, Scope, Sight, permission};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;

use super::pipeline::check_name;
use super::source::Arrival;
use super::{Agent, Collector, Hit, Reason, Sender, key64};
use crate::contact::{self, ContactId, email_key};
use crate::sharing::Reach;
use crate::stitching::{Evidence, Proof, contact_token};

permission!(ViewEvents, "identify.event.view"; SendEvents, "identify.event.send");

/// Events per request.
const MAX_EVENTS: usize = 1_000;
/// Events per page of the answer.
const PAGE: i64 = 200;

/// The permissions of the API.
pub fn permissions() -> Vec<PermissionDef> {
    vec![
        PermissionDef {
            key: "identify.event.view",
            label_key: "event-permission-view",
            admin: Grant::All,
            manager: Grant::Team,
            agent: Grant::Own,
        },
        PermissionDef {
            key: "identify.event.send",
            label_key: "event-permission-send",
            admin: Grant::All,
            manager: Grant::None,
            agent: Grant::None,
        },
    ]
}

/// `GET` and `POST /api/v1/events`, and `POST /api/v1/visitor-tokens`.
pub fn routes(collector: &Collector) -> Router<App> {
    Router::new()
        .route("/api/v1/events", get(list).post(send))
        .route("/api/v1/visitor-tokens", post(issue))
        .layer(DefaultBodyLimit::max(8 * 1024 * 1024))
        .layer(Extension(collector.clone()))
}

/// Events to be logged.
#[derive(Debug, Deserialize)]
pub struct EventBatch {
    /// At most 1,000.
    pub events: Vec<EventIn>,
}

/// One event.
#[derive(Debug, Deserialize)]
pub struct EventIn {
    /// Idempotency key; the same id is logged once.
    pub id: String,
    /// `noun.verbed`.
    pub name: String,
    /// RFC 3339, or ms since 1970.
    pub at: Json_,
    /// Whose it is; may be absent when `visitor` is there.
    #[serde(default)]
    pub contact: Option<ContactRef>,
    /// The tracker's visitor id; with `contact` the two are tied together.
    #[serde(default)]
    pub visitor: Option<String>,
    /// What it was about.
    #[serde(default)]
    pub subject: Option<String>,
    /// How much, in the event's unit.
    #[serde(default)]
    pub amount: Option<i64>,
    /// Further facts.
    #[serde(default)]
    pub props: Option<serde_json::Map<String, Json_>>,
}

/// A contact by id, by an outside id, or by address.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum ContactRef {
    /// `con_…`
    Id(ContactId),
    /// The id another system uses.
    External {
        /// The kind of id, such as `customer_id`.
        kind: String,
        /// The id.
        external_id: String,
    },
    /// A mail address.
    Email {
        /// The address.
        email: String,
    },
}

/// What became of a batch.
#[derive(Debug, Serialize)]
struct BatchOut {
    logged: i64,
    repeated: i64,
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Refused {
    index: usize,
    reason: &'static str,
    message: String,
}

async fn send(
    State(app): State<App>,
    can: Can<SendEvents>,
    Extension(collector): Extension<Collector>,
    Json(batch): Json<EventBatch>,
) -> Answer {
    if batch.events.len() > MAX_EVENTS {
        return Err(Problem::Unreadable(format!("{} events: at most {MAX_EVENTS} are taken at once", batch.events.len())));
    }
    let named: Vec<Option<&ContactRef>> = batch.events.iter().map(|event| event.contact.as_ref()).collect();
    let known = resolve(&mut app.db.read().await?, &can.scope, &named).await?;
    let (hits, refused) = read_batch(batch, known, app.clock.now());
    let written = collector.offer(hits).await.map_err(|full| match full {
        Full::Queue => Problem::TooMany { seconds: 1 },
        Full::Store(reason) => Problem::Fault(Fault::new(reason)),
    })?;
    Ok(Json(BatchOut { logged: written.logged, repeated: written.repeated, refused }).into_response())
}

/// Whom a site or an app has signed in.
#[derive(Debug, Deserialize)]
struct TokenAsked {
    contact: ContactRef,
}

/// `POST /api/v1/visitor-tokens`: proof of who somebody is, for the `visitor.identified` of their browser or app.
async fn issue(State(app): State<App>, can: Can<SendEvents>, Json(asked): Json<TokenAsked>) -> Answer {
    let found = resolve(&mut app.db.read().await?, &can.scope, &[Some(&asked.contact)]).await?;
    let contact = found.into_iter().flatten().flatten().next().ok_or(Problem::NotFound)?;
    let token = contact_token(&app.secret, contact, app.clock.now());
    Ok(Json(serde_json::json!({ "token": token, "contact": ContactId(contact) })).into_response())
}

/// What can be logged of a batch, and what cannot with its place and reason; `known` are the events' contacts as [`resolve`] found them.
fn read_batch(batch: EventBatch, known: Vec<Option<Option<i64>>>, now: i64) -> (Vec<Hit>, Vec<Refused>) {
    let (mut hits, mut refused) = (Vec::with_capacity(batch.events.len()), Vec::new());
    for (index, (event, contact)) in batch.events.into_iter().zip(known).enumerate() {
        match hit(event, contact, now) {
            Ok(hit) => hits.push(hit),
            Err((reason, message)) => refused.push(Refused { index, reason, message }),
        }
    }
    (hits, refused)
}

/// For each event: no contact named, the contact, or one that is not there (or not for this asker).
async fn resolve(tx: &mut Tx, scope: &Scope, events: &[Option<&ContactRef>]) -> Result<Vec<Option<Option<i64>>>, Fault> {
    let (mut ids, mut keys, mut emails) = (Vec::new(), Vec::new(), Vec::new());
    for named in events.iter().flatten() {
        match named {
            ContactRef::Id(id) => ids.push(id.0),
            ContactRef::External { kind, external_id } => keys.push(outside_key(kind, external_id)),
            ContactRef::Email { email } => emails.extend(email_key(email)),
        }
    }
    let by_key = pairs(
        tx,
        sql!("SELECT r.k, min(c.id) AS id FROM {rows} AS r JOIN contacts c ON c.external_key = r.k AND c.deleted_at IS NULL GROUP BY r.k"),
        keys,
    );
    let by_key = by_key.await?;
    let by_email = pairs(
        tx,
        sql!("SELECT r.k, min(c.id) AS id FROM {rows} AS r JOIN contacts c ON c.email_key = r.k AND c.deleted_at IS NULL GROUP BY r.k"),
        emails,
    );
    let by_email = by_email.await?;
    ids.extend(by_key.values().chain(by_email.values()));
    let found = contact::list_by_ids(tx, ids).await?;
    let reach = Reach::of(tx, scope).await?;
    let covered: HashSet<i64> =
        found.iter().filter(|person| reach.covers(person.place(), person.id, person.company_id)).map(|person| person.id).collect();
    let find = |named: &ContactRef| {
        let id = match named {
            ContactRef::Id(id) => Some(id.0),
            ContactRef::External { kind, external_id } => by_key.get(&outside_key(kind, external_id)).copied(),
            ContactRef::Email { email } => email_key(email).and_then(|key| by_email.get(&key).copied()),
        };
        id.filter(|id| covered.contains(id))
    };
    Ok(events.iter().map(|named| named.map(find)).collect())
}

fn outside_key(kind: &str, external_id: &str) -> String {
    format!("{}:{}", attune_kernel::fold_key(kind), external_id.trim())
}

async fn pairs(tx: &mut Tx, select: &str, keys: Vec<String>) -> Result<HashMap<String, i64>, Fault> {
    let rows = tx.rows_from(select, &Relation::of_texts("k", keys), params![]).await?;
    Ok(rows.iter().map(|row| Ok((row.get("k")?, row.get("id")?))).collect::<Result<_, DbError>>()?)
}

type Refusal = (&'static str, String);

fn hit(sent: EventIn, contact: Option<Option<i64>>, now: i64) -> Result<Hit, Refusal> {
    let told = |reason: Reason| (reason.code(), reason.to_string());
    // Purchases are what programs with a key are trusted to report; scores and mails are not.
    if sent.name != "purchase.made" {
        check_name(&sent.name).map_err(told)?;
    }
    if sent.id.is_empty() || sent.id.len() > 64 {
        return Err(told(Reason::BadId));
    }
    let at = read_at(&sent.at).ok_or_else(|| ("bad_time", "at must be RFC 3339 or ms since 1970".to_owned()))?;
    if at > now + MINUTE_US {
        return Err(told(Reason::InFuture));
    }
    let contact_id = match contact {
        Some(None) => return Err(("unknown_contact", "this contact does not exist".to_owned())),
        Some(Some(id)) => Some(id),
        None if sent.visitor.is_none() => return Err(("nobody", "contact or visitor is needed".to_owned())),
        None => None,
    };
    let props = sent.props.filter(|props| !props.is_empty()).map(|props| Json_::Object(props).to_string());
    if props.as_ref().is_some_and(|text| text.len() > 8_192) || sent.subject.as_ref().is_some_and(|text| text.len() > 2_000) {
        return Err(told(Reason::TooLong));
    }
    let mut event = Event::new(sent.name, at).contact(contact_id);
    event.client_key = Some(key64("event", &[&sent.id]));
    (event.subject, event.amount, event.props) = (sent.subject, sent.amount, props);
    let Some(visitor) = sent.visitor else { return Ok(Hit::of(event)) };
    if !(1..=64).contains(&visitor.len()) || !visitor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(told(Reason::BadVisitor));
    }
    let proof = contact_id.map(|id| Proof { evidence: Evidence::Contact(id), source: "api" });
    let (key, agent, path) = (key64("visitor", &[&visitor]), Agent::unknown(), event.subject.clone().filter(|s| s.starts_with('/')));
    let sender = Sender { key, agent, machine: None, host: None, path, arrival: Arrival::direct(), network: None };
    Ok(Hit { event, sender: Some(sender), left: None, proof, place: None })
}

pub(crate) fn read_at(at: &Json_) -> Option<i64> {
    match at {
        Json_::Number(ms) => ms.as_i64()?.checked_mul(1_000),
        Json_::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond),
        _ => None,
    }
    .filter(|at| *at > -100 * 366 * DAY_US)
}

/// The query of the list.
#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    contact: Option<ContactId>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    after: i64,
    #[serde(default)]
    limit: Option<i64>,
}

/// An event as programs see it.
#[derive(Debug, Serialize)]
struct EventOut {
    seq: i64,
    name: String,
    at: String,
    contact: Option<ContactId>,
    subject: Option<String>,
    amount: Option<i64>,
    machine: bool,
    cause: Option<i64>,
    props: Json_,
}

impl From<Event> for EventOut {
    fn from(event: Event) -> Self {
        Self {
            seq: event.seq,
            at: jiff::Timestamp::from_microsecond(event.at).unwrap_or_default().to_string(),
            contact: event.contact_id.map(ContactId),
            props: event.props_json(),
            name: event.name.into_owned(),
            subject: event.subject,
            amount: event.amount,
            machine: event.machine,
            cause: event.cause,
        }
    }
}

/// A page of events, and where the next one begins.
#[derive(Debug, Serialize)]
struct EventsOut {
    events: Vec<EventOut>,
    after: Option<i64>,
}

async fn list(State(app): State<App>, can: Can<ViewEvents>, Query(asked): Query<Asked>) -> Answer {
    let mut tx = app.db.read().await?;
    if let Some(id) = asked.contact {
        contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    }
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let events = list_within(&mut tx, &can.scope, asked, limit).await?;
    let after = events.last().filter(|_| i64::try_from(events.len()) == Ok(limit)).map(|(event, _)| event.seq);
    let sight = Sight::of(&can.actor);
    Ok(Json(EventsOut { events: events.into_iter().map(|event| masked(event, &sight)).collect(), after }).into_response())
}

/// Owner and team of the contact an event is about.
type Whose = (Option<i64>, Option<i64>);

/// What was said in an event, with addresses in it masked as `sight` says.
fn masked((mut event, whose): (Event, Whose), sight: &Sight) -> EventOut {
    event.subject = event.subject.map(|text| sight.text(whose, text));
    let mut out = EventOut::from(event);
    if !sight.covers(whose.0, whose.1) {
        mask_all(&mut out.props);
    }
    out
}

fn mask_all(value: &mut Json_) {
    match value {
        Json_::String(text) => *text = attune_kernel::mask_text(text),
        Json_::Array(items) => items.iter_mut().for_each(mask_all),
        Json_::Object(map) => map.values_mut().for_each(mask_all),
        Json_::Null | Json_::Bool(_) | Json_::Number(_) => {}
    }
}

/// The next events behind the place asked for, those of contacts within `scope`.
async fn list_within(tx: &mut Tx, scope: &Scope, asked: Asked, limit: i64) -> Result<Vec<(Event, Whose)>, DbError> {
    let mut sql = Sql::new(sql!(
        "SELECT c.owner_id, c.team_id, e.seq, e.name, e.at, e.contact_id, e.visitor_id, e.session_id, e.company_id, e.subject, e.amount, e.machine, e.cause, e.depth,
         e.client_key, e.origin_id, e.props FROM events e LEFT JOIN contacts c ON c.id = e.contact_id"
    ));
    sql.push(" WHERE e.seq > ").bind(asked.after);
    Reach::of(tx, scope).await?.push_people(&mut sql, "c");
    if let Some(id) = asked.contact {
        sql.push(" AND e.contact_id = ").bind(id.0);
    }
    if let Some(name) = asked.name {
        sql.push(" AND e.name = ").bind(name);
    }
    sql.push(" ORDER BY e.seq LIMIT ").bind(limit);
    let read = |row: &Row| Ok((read_event(row)?, (row.get("owner_id")?, row.get("team_id")?)));
    tx.rows_of(&sql).await?.iter().map(read).collect()
}
