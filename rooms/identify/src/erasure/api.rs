//! Erasing for programs.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value as Any, json};

use super::pages::{EraseContacts, traces};
use super::{ErasureId, Receipt, erase_person, find};
use crate::contact::{By, ContactId};

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/v1/contacts/{id}/erase", post(erase)).route("/api/v1/erasures/{id}", get(show))
}

fn shown(receipt: &Receipt) -> Any {
    json!({
        "id": receipt.id, "contact_id": receipt.contact, "at": receipt.at, "by": receipt.staff_name, "records": receipt.records,
        "tables": receipt.counts, "open_files": receipt.open_files, "forgotten_at": receipt.forgotten_at,
    })
}

async fn erase(State(app): State<App>, can: Can<EraseContacts>, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let number = erase_person(&mut tx, &by, &app.bench(), &can.scope, traces(&app), id.0).await?;
    let receipt = find(&mut tx, number).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(Json(shown(&receipt)).into_response())
}

async fn show(State(app): State<App>, _: Can<EraseContacts>, Path(id): Path<ErasureId>) -> Answer {
    let receipt = find(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    Ok(Json(shown(&receipt)).into_response())
}
