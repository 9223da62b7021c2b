//! Books for programs.

use std::collections::BTreeMap;

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::rules::{self, Figures, Rule};
use super::{Book, BookId};
use crate::HandOverBooks;

/// GET /api/v1/staff/{id}/book
pub(crate) async fn get(State(app): State<App>, can: Can<HandOverBooks>, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.read().await?;
    let member = super::find_member(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let figures = super::list_figures(&mut tx, &[id]).await?.remove(&id).unwrap_or_default();
    let past: Vec<String> = super::list_of(&mut tx, id).await?.iter().map(|book| BookId(book.id).to_string()).collect();
    Ok(Json(json!({ "staff_id": id, "name": member.name, "active": member.active, "holds": figures, "handed_over": past })).into_response())
}

fn shared(figures: &BTreeMap<i64, Figures>) -> Vec<Value> {
    figures.iter().map(|(to, gets)| json!({ "staff_id": to, "gets": gets })).collect()
}

/// POST /api/v1/staff/{id}/book/preview
pub(crate) async fn preview(State(app): State<App>, can: Can<HandOverBooks>, Path(id): Path<i64>, Json(rule): Json<Rule>) -> Answer {
    let mut tx = app.db.read().await?;
    super::find_member(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    super::check(&rule, &super::list_receivers(&mut tx, &can.scope, id).await?)?;
    let preview = super::preview(&mut tx, id, &rule).await?;
    let figures = rules::tally(&preview.items, &preview.dealt);
    Ok(Json(json!({ "staff_id": id, "shares": shared(&figures) })).into_response())
}

/// POST /api/v1/staff/{id}/book
pub(crate) async fn start(State(app): State<App>, can: Can<HandOverBooks>, Path(id): Path<i64>, Json(rule): Json<Rule>) -> Answer {
    let mut tx = app.db.begin().await?;
    super::find_member(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    super::check(&rule, &super::list_receivers(&mut tx, &can.scope, id).await?)?;
    let book = super::start(&mut tx, &app.bench(), &can.actor, id, rule).await?;
    tx.commit().await?;
    told(&app, &can, book, StatusCode::ACCEPTED).await
}

/// GET /api/v1/books/{id}
pub(crate) async fn show(State(app): State<App>, can: Can<HandOverBooks>, Path(id): Path<BookId>) -> Answer {
    told(&app, &can, id, StatusCode::OK).await
}

/// POST /api/v1/books/{id}/stop
pub(crate) async fn stop(State(app): State<App>, can: Can<HandOverBooks>, Path(id): Path<BookId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let book = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    super::stop(&mut tx, &book, app.clock.now()).await?;
    tx.commit().await?;
    told(&app, &can, id, StatusCode::ACCEPTED).await
}

/// POST /api/v1/books/{id}/undo
pub(crate) async fn undo(State(app): State<App>, can: Can<HandOverBooks>, Path(id): Path<BookId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let book = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    super::undo(&mut tx, &app.bench(), &can.actor, &book).await?;
    tx.commit().await?;
    told(&app, &can, id, StatusCode::ACCEPTED).await
}

async fn told(app: &App, can: &Can<HandOverBooks>, id: BookId, status: StatusCode) -> Answer {
    let mut tx = app.db.read().await?;
    let book: Book = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    let (state, done, total, failed) = super::find_job(&mut tx, &book).await?;
    let rows = super::list_outcome(&mut tx, &book).await?;
    let rows: Vec<Value> =
        rows.iter().map(|((state, to), figures)| json!({ "state": state, "staff_id": to, "figures": figures })).collect();
    let failed = (!failed.is_empty()).then_some(failed);
    let shown = json!({
        "id": id, "from": book.from_id, "rule": book.rule, "undo": book.undo_job_id.is_some(), "state": state.word(),
        "done": done, "total": total, "failed": failed, "rows": rows,
    });
    Ok((status, Json(shown)).into_response())
}
