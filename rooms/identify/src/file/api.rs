//! Files for programs.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem, Query, Sight};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::pages::{LARGEST, download};
use super::upload::{Sender, Taken, most_mb};
use super::{FileId, StoredFile, list};
use crate::company::CompanyId;
use crate::contact::{By, ContactId};
use crate::relationship::{Record, find_end};
use crate::{EditContacts, ViewContacts};

const PAGE: usize = 100;

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    let limit = DefaultBodyLimit::max(LARGEST);
    Router::new()
        .route("/api/v1/contacts/{id}/files", get(of_contact).post(add_to_contact).layer(limit))
        .route("/api/v1/companies/{id}/files", get(of_company).post(add_to_company).layer(limit))
        .route("/api/v1/files/{id}", get(download).patch(rename).delete(delete))
}

fn shown(file: &StoredFile, sight: Sight) -> Any {
    let name = sight.text(file.whose, file.name.clone());
    json!({
        "id": file.id, "of": file.record.to_string(), "name": name, "bytes": file.bytes, "staff_id": file.staff_id, "created_at": file.created_at,
    })
}

/// Where the page begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    after: Option<FileId>,
}

async fn of_contact(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<ContactId>, Query(query): Query<ListQuery>) -> Answer {
    page(&app, &can, Record::Contact(id.0), query).await
}

async fn of_company(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<CompanyId>, Query(query): Query<ListQuery>) -> Answer {
    page(&app, &can, Record::Company(id.0), query).await
}

async fn page(app: &App, can: &Can<ViewContacts>, record: Record, query: ListQuery) -> Answer {
    let mut tx = app.db.read().await?;
    find_end(&mut tx, &can.scope, record).await?.ok_or(Problem::NotFound)?;
    let before = query.after.map_or(i64::MAX, |id| id.0);
    let mut files = list(&mut tx, &can.scope, record, before, PAGE as i64 + 1).await?;
    let next = attune_web::kit::cut_page(&mut files, PAGE).map(|last| last.id);
    let items: Vec<Any> = files.iter().map(|file| shown(file, Sight::of(&can.actor))).collect();
    Ok(Json(json!({ "items": items, "next": next })).into_response())
}

/// What the file is called.
#[derive(Clone, Debug, Deserialize)]
struct NameQuery {
    name: String,
}

async fn add_to_contact(
    State(app): State<App>,
    can: Can<EditContacts>,
    Path(id): Path<ContactId>,
    Query(query): Query<NameQuery>,
    body: Body,
) -> Answer {
    add(&app, &can, (Record::Contact(id.0), &query.name), body).await
}

async fn add_to_company(
    State(app): State<App>,
    can: Can<EditContacts>,
    Path(id): Path<CompanyId>,
    Query(query): Query<NameQuery>,
    body: Body,
) -> Answer {
    add(&app, &can, (Record::Company(id.0), &query.name), body).await
}

async fn add(app: &App, can: &Can<EditContacts>, (record, name): (Record, &str), body: Body) -> Answer {
    let sender = Sender { app, actor: &can.actor, scope: &can.scope, record };
    match sender.keep(name, body.into_data_stream()).await? {
        Taken::Kept(file) => Ok((StatusCode::CREATED, Json(shown(&file, Sight::of(&can.actor)))).into_response()),
        Taken::TooLarge => {
            let most = most_mb(&mut app.db.read().await?).await?;
            Err(Problem::Domain { status: StatusCode::PAYLOAD_TOO_LARGE, key: "file-too-large", args: Vec::new() }
                .s("name", name)
                .n("most", most))
        }
    }
}

/// The file's other name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: String,
}

async fn rename(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<FileId>, Json(change): Json<Change>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::rename(&mut tx, &by, &can.scope, id, &change.name).await?;
    let file = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(Json(shown(&file, Sight::of(&can.actor))).into_response())
}

async fn delete(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<FileId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::delete(&mut tx, &by, &can.scope, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
