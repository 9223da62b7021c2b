//! Shares for programs.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::pages::ShareRecords;
use super::{Share, ShareDraft, ShareId, With};
use crate::ViewContacts;
use crate::company::CompanyId;
use crate::contact::{By, ContactError, ContactId};
use crate::relationship::{Record, find_end};

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/contacts/{id}/shares", get(of_contact).post(share_contact))
        .route("/api/v1/companies/{id}/shares", get(of_company).post(share_company))
        .route("/api/v1/shares/{id}", delete(end))
}

fn shown(share: &Share, through: Option<&str>) -> Any {
    let (staff_id, team_id) = match share.with {
        With::Staff(id) => (Some(id), None),
        With::Team(id) => (None, Some(id)),
    };
    json!({
        "id": share.id, "of": share.record.to_string(), "staff_id": staff_id, "team_id": team_id, "name": share.name, "reason": share.reason,
        "until_at": share.until_at, "created_at": share.created_at, "through": through,
    })
}

async fn of_contact(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<ContactId>) -> Answer {
    list(&app, &can, Record::Contact(id.0)).await
}

async fn of_company(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<CompanyId>) -> Answer {
    list(&app, &can, Record::Company(id.0)).await
}

/// Those of the record itself, then those that a company above it carries down.
async fn list(app: &App, can: &Can<ViewContacts>, record: Record) -> Answer {
    let mut tx = app.db.read().await?;
    find_end(&mut tx, &can.scope, record).await?.ok_or(Problem::NotFound)?;
    let mut items: Vec<Any> = super::list_of(&mut tx, record).await?.iter().map(|share| shown(share, None)).collect();
    let carried = super::list_carried(&mut tx, &can.scope, record).await?;
    items.extend(carried.iter().map(|(share, company)| shown(share, Some(company))));
    Ok(Json(json!({ "items": items })).into_response())
}

/// With whom, until when and why: one of `staff_id` and `team_id`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewShare {
    staff_id: Option<i64>,
    team_id: Option<i64>,
    until_at: Option<i64>,
    #[serde(default)]
    reason: String,
}

async fn share_contact(State(app): State<App>, can: Can<ShareRecords>, Path(id): Path<ContactId>, Json(new): Json<NewShare>) -> Answer {
    share(&app, &can, Record::Contact(id.0), new).await
}

async fn share_company(State(app): State<App>, can: Can<ShareRecords>, Path(id): Path<CompanyId>, Json(new): Json<NewShare>) -> Answer {
    share(&app, &can, Record::Company(id.0), new).await
}

async fn share(app: &App, can: &Can<ShareRecords>, record: Record, new: NewShare) -> Answer {
    let with = match (new.staff_id, new.team_id) {
        (Some(id), None) => With::Staff(id),
        (None, Some(id)) => With::Team(id),
        _ => return Err(ContactError::Invalid { attribute: "staff_id".to_owned(), key: "share-one-of-both" }.into()),
    };
    let draft = ShareDraft { with, until_at: new.until_at, reason: new.reason.trim().to_owned() };
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let id = super::share(&mut tx, &by, &can.scope, record, &draft).await?;
    let made = super::store::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(shown(&made, None))).into_response())
}

async fn end(State(app): State<App>, can: Can<ShareRecords>, Path(id): Path<ShareId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::end(&mut tx, &by, &can.scope, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
