//! Tags for programs. Who has which stands with the contacts.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem, Query};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::list_page::{EditTags, Line, TagsQuery, lines, list};
use super::{TagId, change};
use crate::ViewContacts;
use crate::contact::By;

/// Tags in one answer.
const PAGE: i64 = 200;

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/tags", get(index))
        .route("/api/v1/tags/{id}", get(show).patch(update).delete(remove))
        .route("/api/v1/tags/{id}/merge", post(merge))
}

fn shown(line: &Line) -> Any {
    json!({ "id": line.tag.id, "name": line.tag.name, "former_names": line.aliases, "contacts": line.people })
}

async fn index(State(app): State<App>, can: Can<ViewContacts>, Query(query): Query<TagsQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    let (lines, next) = list(&mut tx, &can.scope, (&query.q, &query.after), PAGE).await?;
    Ok(Json(json!({ "items": lines.iter().map(shown).collect::<Vec<_>>(), "next": next })).into_response())
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<TagId>) -> Answer {
    let mut tx = app.db.read().await?;
    let tag = super::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    let line = lines(&mut tx, &can.scope, vec![tag]).await?.pop().ok_or(Problem::NotFound)?;
    Ok(Json(shown(&line)).into_response())
}

/// What it is to be called.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: String,
}

async fn update(State(app): State<App>, can: Can<EditTags>, Path(id): Path<TagId>, Json(wanted): Json<Change>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let tag = change::rename(&mut tx, &by, &app.bench(), id, &wanted.name).await?;
    let line = lines(&mut tx, &can.scope, vec![tag]).await?.pop().ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(Json(shown(&line)).into_response())
}

/// The tag that remains.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Merge {
    into: TagId,
}

async fn merge(State(app): State<App>, can: Can<EditTags>, Path(id): Path<TagId>, Json(wanted): Json<Merge>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let tag = change::merge(&mut tx, &by, &app.bench(), id, wanted.into).await?;
    let line = lines(&mut tx, &can.scope, vec![tag]).await?.pop().ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(Json(shown(&line)).into_response())
}

async fn remove(State(app): State<App>, can: Can<EditTags>, Path(id): Path<TagId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    change::delete(&mut tx, &by, &app.bench(), id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
