//! Devices for programs: registering one or a list, and what devices tell.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem, Query};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::store::{self, Listing};
use super::telemetry::{self, Result_, Sent};
use super::{Device, DeviceId, Draft, Put, Refusal, put_many, set_deleted};
use crate::contact::By;
use crate::relationship::Record;
use crate::tracking::api::SendEvents;
use crate::{EditContacts, ViewContacts};

const PAGE: usize = 100;
/// The most devices of a list.
const MOST: usize = 500;

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/devices", get(list).post(register))
        .route("/api/v1/devices/{id}", get(show).patch(change).delete(remove))
        .route("/api/v1/device-events", post(tell))
}

fn shown(device: &Device) -> Any {
    json!({
        "id": device.id, "serial": device.serial, "model": device.model, "owner": device.owner.to_string(), "installed_at": device.installed_at,
        "state": device.state, "last_at": device.last_at, "stock": device.stock, "faults": device.faults,
    })
}

/// What a list shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    q: String,
    owner: Option<Record>,
    after: String,
}

async fn list(State(app): State<App>, can: Can<ViewContacts>, Query(query): Query<ListQuery>) -> Answer {
    let after = super::pages::read_mark(&query.after);
    let listing = Listing { search: query.q, owner: query.owner, after, limit: PAGE as i64 + 1, ..Listing::default() };
    let mut found = store::list(&mut app.db.read().await?, &can.scope, &listing).await?;
    let next = attune_web::kit::cut_page(&mut found, PAGE).map(super::pages::mark);
    Ok(Json(json!({ "items": found.iter().map(shown).collect::<Vec<_>>(), "next": next })).into_response())
}

/// A device as registered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDevice {
    serial: String,
    model: String,
    owner: Record,
    #[serde(default)]
    installed_at: Option<i64>,
    #[serde(default)]
    state: Option<String>,
}

impl NewDevice {
    fn draft(self) -> Draft {
        let state = self.state.unwrap_or_else(|| "active".to_owned());
        Draft { id: None, serial: self.serial, model: self.model, owner: self.owner, installed_at: self.installed_at, state }
    }
}

/// Devices to be registered; who is known by the serial number is changed.
#[derive(Clone, Debug, Deserialize)]
struct NewDevices {
    devices: Vec<NewDevice>,
}

async fn register(State(app): State<App>, can: Can<EditContacts>, Json(new): Json<NewDevices>) -> Answer {
    if new.devices.len() > MOST {
        return Err(Problem::Unreadable(format!("{} devices: at most {MOST} are taken at once", new.devices.len())));
    }
    let drafts: Vec<Draft> = new.devices.into_iter().map(NewDevice::draft).collect();
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let answers = put_many(&mut tx, &by, &can.scope, &drafts).await?;
    tx.commit().await?;
    let results: Vec<Any> = answers.iter().enumerate().map(|(index, answer)| result(index, answer)).collect();
    Ok(Json(json!({ "results": results })).into_response())
}

fn result(index: usize, answer: &Result<Put, Refusal>) -> Any {
    match answer {
        Ok(Put::Created(id)) => json!({ "index": index, "result": "created", "id": id }),
        Ok(Put::Updated(id)) => json!({ "index": index, "result": "updated", "id": id }),
        Err(refusal) => json!({ "index": index, "result": "refused", "field": refusal.field, "reason": refusal.key }),
    }
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<DeviceId>) -> Answer {
    let mut tx = app.db.read().await?;
    let device = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let states = store::list_states(&mut tx, id).await?;
    let told = |state: &store::State| match state.is_fault {
        true => json!({ "fault": state.name, "severity": state.severity, "open": state.open, "at": state.at }),
        false => json!({ "reading": state.name, "value": state.value, "unit": state.unit, "at": state.at }),
    };
    let mut whole = shown(&device);
    if let Some(map) = whole.as_object_mut() {
        map.insert("now".to_owned(), states.iter().map(told).collect());
    }
    Ok(Json(whole).into_response())
}

/// What changes; what is not named stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    serial: Option<String>,
    model: Option<String>,
    owner: Option<Record>,
    installed_at: Option<i64>,
    state: Option<String>,
}

impl Change {
    fn draft(self, was: Device) -> Draft {
        Draft {
            id: Some(was.id),
            serial: self.serial.unwrap_or(was.serial),
            model: self.model.unwrap_or(was.model),
            owner: self.owner.unwrap_or(was.owner),
            installed_at: self.installed_at.or(was.installed_at),
            state: self.state.unwrap_or(was.state),
        }
    }
}

async fn change(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<DeviceId>, Json(change): Json<Change>) -> Answer {
    let mut tx = app.db.begin().await?;
    // What is not named stays as it is then, not as it was before somebody else changed it.
    attune_events::hold_head(&mut tx).await?;
    let was = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let draft = change.draft(was);
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if let Some(Err(refusal)) = put_many(&mut tx, &by, &can.scope, &[draft]).await?.first() {
        let mut errors = attune_web::FormErrors::new();
        errors.add(refusal.field, refusal.key);
        return Err(Problem::Form(errors));
    }
    let device = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(Json(shown(&device)).into_response())
}

async fn remove(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<DeviceId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    set_deleted(&mut tx, &by, &can.scope, id, true).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What devices told.
#[derive(Clone, Debug, Deserialize)]
struct Batch {
    events: Vec<Sent>,
}

/// `POST /api/v1/device-events`: what is answered as taken is on the disk.
async fn tell(State(app): State<App>, can: Can<SendEvents>, Json(batch): Json<Batch>) -> Answer {
    if batch.events.len() > telemetry::MOST {
        return Err(Problem::Unreadable(format!("{} events: at most {} are taken at once", batch.events.len(), telemetry::MOST)));
    }
    let mut tx = app.db.begin().await?;
    let results = telemetry::take(&mut tx, &app.ids, app.clock.now(), &can.scope, &batch.events).await?;
    tx.commit().await?;
    let told = |(index, result): (usize, &Result_)| match result {
        Result_::Taken => json!({ "index": index, "result": "taken" }),
        Result_::Repeated => json!({ "index": index, "result": "repeated" }),
        Result_::Refused(reason, message) => json!({ "index": index, "result": "refused", "reason": reason, "message": message }),
    };
    Ok(Json(json!({ "results": results.iter().enumerate().map(told).collect::<Vec<_>>() })).into_response())
}
