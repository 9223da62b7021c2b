//! Signing people up, for programs: a form on the company's own site, a shop's till.

use attune_house::App;
use attune_identify::consent::{ConsentDraft, Typed};
use attune_identify::contact::{self, ContactId};
use attune_identify::topic;
use attune_record::audit;
use attune_web::{Answer, Can, FormErrors, Json, Path, Problem, permission};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use http::StatusCode;
use serde_json::json;

use super::sign_up;

permission!(RecordConsent, "identify.consent.record");

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/contacts/{id}/consents", post(add))
}

/// What a person said, as a program heard it.
fn check(heard: &Typed, contact_id: i64, staff_id: i64, topics: &[topic::Topic]) -> Result<ConsentDraft, Problem> {
    let mut errors = FormErrors::new();
    let draft = heard.check(&mut errors, contact_id, staff_id, |purpose| topics.iter().any(|topic| topic::purpose_of(topic.id) == purpose));
    let source = errors.optional("source", &heard.source, 100).unwrap_or_else(|| "api".to_owned());
    errors.or(ConsentDraft { source, ..draft }).map_err(Problem::Form)
}

async fn add(can: Can<RecordConsent>, State(app): State<App>, Path(id): Path<ContactId>, Json(new): Json<Typed>) -> Answer {
    let mut tx = app.db.begin().await?;
    let person = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let draft = check(&new, person.id, can.actor.staff_id, &topic::list(&mut tx).await?)?;
    let (channel, purpose) = (draft.channel.clone(), draft.purpose.clone());
    let (number, state) = sign_up(&mut tx, &app.bench(), draft).await?;
    let after = json!({ "channel": channel, "purpose": purpose, "state": state.word() });
    let now = app.clock.now();
    audit::note(&mut tx, &app.ids, now, &can.actor, "consent.recorded", "contact", person.id, None, Some(after)).await?;
    tx.commit().await?;
    let shown = json!({ "id": number.to_string(), "channel": channel, "purpose": purpose, "state": state.word(), "at": now });
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}
