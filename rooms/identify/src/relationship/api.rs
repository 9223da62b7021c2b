//! Relationships for programs.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem, Sight};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::{Line, Record, Relationship, RelationshipId, Terms, find_end, kind, lines_of, words_for};
use crate::company::CompanyId;
use crate::contact::{By, ContactError, ContactId};
use crate::{EditContacts, ViewContacts};

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/contacts/{id}/relationships", get(of_contact))
        .route("/api/v1/companies/{id}/relationships", get(of_company))
        .route("/api/v1/relationships", post(create))
        .route("/api/v1/relationships/{id}", get(show).patch(update).delete(delete))
}

/// `note` as the reader may see it.
fn shown(found: &Relationship, note: &str) -> Any {
    let Terms { attitude, since_at, until_at, .. } = &found.terms;
    json!({
        "id": found.id, "kind": found.kind.word, "from": found.from.to_string(), "to": found.to.to_string(), "note": note, "attitude": attitude,
        "since_at": since_at, "until_at": until_at,
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
    let end = find_end(&mut tx, scope, record).await?.ok_or(Problem::NotFound)?;
    let line = |line: Line| {
        let note = words_for(&sight, [end.whose, line.whose], &line.terms.note);
        let (from, to) = if line.reading.forward { (record, line.other) } else { (line.other, record) };
        shown(&Relationship { id: line.id, kind: line.reading.kind, from, to, terms: line.terms }, &note)
    };
    let items: Vec<Any> = lines_of(&mut tx, scope, record).await?.into_iter().map(line).collect();
    Ok(Json(json!({ "items": items })).into_response())
}

/// A new relationship: `from` referred `to`, reports to it, is its economic buyer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRelationship {
    kind: String,
    from: Record,
    to: Record,
    #[serde(default)]
    note: String,
    attitude: Option<String>,
    since_at: Option<i64>,
    until_at: Option<i64>,
}

async fn create(State(app): State<App>, can: Can<EditContacts>, Json(new): Json<NewRelationship>) -> Answer {
    let unknown = || ContactError::Invalid { attribute: "kind".to_owned(), key: "web-not-a-choice" };
    let kind = kind::find(&new.kind).ok_or_else(unknown)?;
    let terms = Terms { note: new.note, attitude: new.attitude, since_at: new.since_at, until_at: new.until_at };
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let id = super::create(&mut tx, &by, &can.scope, kind, (new.from, new.to), &terms).await?;
    let (found, ends) = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(shown(&found, &found.note_for(&Sight::of(&can.actor), &ends)))).into_response())
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<RelationshipId>) -> Answer {
    let (found, ends) = super::find(&mut app.db.read().await?, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    Ok(Json(shown(&found, &found.note_for(&Sight::of(&can.actor), &ends))).into_response())
}

/// What changes; what is not named stays, and null empties.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    note: Option<String>,
    #[serde(deserialize_with = "named")]
    attitude: Option<Option<String>>,
    #[serde(deserialize_with = "named")]
    since_at: Option<Option<i64>>,
    #[serde(deserialize_with = "named")]
    until_at: Option<Option<i64>>,
}

/// Tells null, which empties, from what was not named.
fn named<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

async fn update(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<RelationshipId>, Json(change): Json<Change>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let (found, _) = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let was = found.terms;
    let terms = Terms {
        note: change.note.unwrap_or(was.note),
        attitude: change.attitude.unwrap_or(was.attitude),
        since_at: change.since_at.unwrap_or(was.since_at),
        until_at: change.until_at.unwrap_or(was.until_at),
    };
    super::update(&mut tx, &by, &can.scope, id, &terms).await?;
    let (found, ends) = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(Json(shown(&found, &found.note_for(&Sight::of(&can.actor), &ends))).into_response())
}

async fn delete(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<RelationshipId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::set_deleted(&mut tx, &by, &can.scope, id, true).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
