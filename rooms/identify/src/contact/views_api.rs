//! Saved views of contacts and companies for programs: those everybody sees, and those programs keep for themselves.

use attune_db::Tx;
use attune_house::App;
use attune_record::view::{self, SavedView, ViewDraft};
use attune_web::{Answer, Can, FormErrors, Json, Path, Problem};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::views::{check_shared, kept, list_of, mine};
use crate::ViewContacts;
use crate::field::Subject;

/// The routes of views for programs.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/v1/views", get(index).post(create)).route("/api/v1/views/{id}", get(show).patch(update).delete(remove))
}

fn shown(view: &SavedView) -> Any {
    json!({ "id": view.id.to_string(), "list": view.list, "name": view.name, "filter": view.query, "shared": view.shared })
}

/// What the list of this name is of.
fn subject_of(list: &str) -> Option<Subject> {
    Subject::ALL.into_iter().find(|subject| list_of(*subject) == list)
}

async fn index(State(app): State<App>, can: Can<ViewContacts>) -> Answer {
    let (mut tx, mut views) = (app.db.read().await?, Vec::new());
    for subject in Subject::ALL {
        views.extend(view::list(&mut tx, list_of(subject), can.actor.staff_id).await?);
    }
    Ok(Json(json!({ "items": views.iter().map(shown).collect::<Vec<_>>() })).into_response())
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<i64>) -> Answer {
    let found = view::find(&mut app.db.read().await?, id, can.actor.staff_id).await?.ok_or(Problem::NotFound)?;
    Ok(Json(shown(&found)).into_response())
}

/// A view as a program has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewView {
    /// `contacts` or `companies`.
    #[serde(default)]
    list: Option<String>,
    name: String,
    /// The query part of the list's address.
    #[serde(default)]
    filter: String,
    #[serde(default)]
    shared: bool,
}

/// A name that can stand on a tab.
fn named(name: &str) -> Result<String, Problem> {
    let mut errors = FormErrors::new();
    let name = errors.required("name", name, view::NAME_CHARS);
    errors.or(name).map_err(Problem::Form)
}

async fn create(State(app): State<App>, can: Can<ViewContacts>, Json(new): Json<NewView>) -> Answer {
    let shared = check_shared(&can, new.shared)?;
    let Some(subject) = subject_of(new.list.as_deref().unwrap_or("contacts")) else {
        return Err(Problem::Unreadable("list is contacts or companies".to_owned()));
    };
    let draft = ViewDraft { list: list_of(subject), name: named(&new.name)?, query: kept(new.filter.trim_start_matches('?')), shared };
    let mut tx = app.db.begin().await?;
    let id = view::put(&mut tx, &app.ids, app.clock.now(), can.actor.staff_id, &draft).await?;
    let made = view::find(&mut tx, id, can.actor.staff_id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(shown(&made))).into_response())
}

/// The view of either list, if the program may change it.
async fn changeable(tx: &mut Tx, can: &Can<ViewContacts>, id: i64) -> Result<SavedView, Problem> {
    let found = view::find(tx, id, can.actor.staff_id).await?.ok_or(Problem::NotFound)?;
    mine(tx, subject_of(&found.list).ok_or(Problem::NotFound)?, can, id).await
}

/// What is to change of a view.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewChange {
    name: Option<String>,
    filter: Option<String>,
    shared: Option<bool>,
}

async fn update(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<i64>, Json(change): Json<ViewChange>) -> Answer {
    let mut tx = app.db.begin().await?;
    let mut changed = changeable(&mut tx, &can, id).await?;
    if let Some(name) = change.name {
        changed.name = named(&name)?;
    }
    if let Some(filter) = change.filter {
        changed.query = kept(filter.trim_start_matches('?'));
    }
    if let Some(shared) = change.shared {
        changed.shared = check_shared(&can, shared)?;
    }
    view::update(&mut tx, &changed).await?;
    tx.commit().await?;
    Ok(Json(shown(&changed)).into_response())
}

async fn remove(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    let found = changeable(&mut tx, &can, id).await?;
    view::delete(&mut tx, found.id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
