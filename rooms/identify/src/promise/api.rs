//! Promises for programs.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem, Scope, Sight};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::{Draft, Promise, PromiseId, list_of};
use crate::company::CompanyId;
use crate::contact::{By, ContactError, ContactId};
use crate::relationship::{Record, find_end};
use crate::{EditContacts, ViewContacts};

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/contacts/{id}/promises", get(of_contact))
        .route("/api/v1/companies/{id}/promises", get(of_company))
        .route("/api/v1/promises", post(create))
        .route("/api/v1/promises/{id}", get(show).patch(update))
}

fn shown(p: &Promise, sight: Sight) -> Any {
    json!({
        "id": p.id, "of": p.record.to_string(), "side": p.side, "what": p.what_for(sight), "staff_id": p.staff_id, "due_at": p.due_at,
        "remind_at": p.remind_at, "state": p.state, "closed_at": p.closed_at,
    })
}

async fn of_contact(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<ContactId>) -> Answer {
    list(&app, &can, Record::Contact(id.0)).await
}

async fn of_company(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<CompanyId>) -> Answer {
    list(&app, &can, Record::Company(id.0)).await
}

async fn list(app: &App, can: &Can<ViewContacts>, record: Record) -> Answer {
    let (scope, sight) = (&can.scope, Sight::of(&can.actor));
    let mut tx = app.db.read().await?;
    find_end(&mut tx, scope, record).await?.ok_or(Problem::NotFound)?;
    let items: Vec<Any> = list_of(&mut tx, scope, record).await?.iter().map(|promise| shown(promise, sight)).collect();
    Ok(Json(json!({ "items": items })).into_response())
}

/// A new promise; without `staff_id` it is the key's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPromise {
    of: Record,
    side: String,
    what: String,
    staff_id: Option<i64>,
    due_at: i64,
    #[serde(default)]
    remind_days: i64,
}

async fn create(State(app): State<App>, can: Can<EditContacts>, Json(new): Json<NewPromise>) -> Answer {
    let staff_id = new.staff_id.unwrap_or(can.actor.staff_id);
    let draft = Draft { side: new.side, what: new.what, staff_id, due_at: new.due_at, remind_days: new.remind_days, note_id: None };
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let id = super::create(&mut tx, &by, &can.scope, new.of, &draft).await?;
    let made = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(shown(&made, Sight::of(&can.actor)))).into_response())
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<PromiseId>) -> Answer {
    let found = super::find(&mut app.db.read().await?, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    Ok(Json(shown(&found, Sight::of(&can.actor))).into_response())
}

/// What changes; what is not named stays. `state` settles it, or opens it again.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    side: Option<String>,
    what: Option<String>,
    staff_id: Option<i64>,
    due_at: Option<i64>,
    remind_days: Option<i64>,
    state: Option<String>,
}

async fn update(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<PromiseId>, Json(change): Json<Change>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let before = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    apply(&mut tx, &by, &can.scope, before, change).await?;
    let found = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(Json(shown(&found, Sight::of(&can.actor))).into_response())
}

async fn apply(tx: &mut attune_db::Tx, by: &By<'_>, scope: &Scope, was: Promise, change: Change) -> Result<(), ContactError> {
    let before = Draft {
        remind_days: (was.due_at - was.remind_at) / attune_kernel::DAY_US,
        side: was.side,
        what: was.what,
        staff_id: was.staff_id,
        due_at: was.due_at,
        note_id: was.note_id,
    };
    let draft = Draft {
        side: change.side.unwrap_or_else(|| before.side.clone()),
        what: change.what.unwrap_or_else(|| before.what.clone()),
        staff_id: change.staff_id.unwrap_or(before.staff_id),
        due_at: change.due_at.unwrap_or(before.due_at),
        remind_days: change.remind_days.unwrap_or(before.remind_days),
        note_id: before.note_id,
    };
    if draft != before {
        super::update(tx, by, scope, was.id, &draft).await?;
    }
    if let Some(state) = change.state.filter(|state| *state != was.state) {
        super::settle(tx, by, scope, was.id, &state).await?;
    }
    Ok(())
}
