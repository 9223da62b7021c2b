//! Signing people up, for programs: a form on the company's own site, a shop's till.

use attune_house::App;
use attune_identify::consent::{CHANNELS, ConsentDraft, PURPOSES, State as Said};
use attune_identify::contact::{self, ContactId};
use attune_identify::topic;
use attune_record::audit;
use attune_web::{Answer, Can, FormErrors, Json, Path, Problem, permission};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::sign_up;

permission!(RecordConsent, "identify.consent.record");

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/contacts/{id}/consents", post(add))
}

/// What a person said, as a program heard it.
#[derive(Deserialize)]
struct NewConsent {
    #[serde(default)]
    channel: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    wording: String,
    #[serde(default)]
    proof: String,
}

impl NewConsent {
    fn check(&self, contact_id: i64, staff_id: i64) -> Result<ConsentDraft, Problem> {
        let mut errors = FormErrors::new();
        if !CHANNELS.contains(&self.channel.as_str()) {
            errors.add("channel", "web-not-a-choice");
        }
        if !PURPOSES.contains(&self.purpose.as_str()) && topic::of_purpose(&self.purpose).is_none() {
            errors.add("purpose", "web-not-a-choice");
        }
        let state = Said::of(&self.state).filter(|state| *state != Said::Pending);
        if state.is_none() {
            errors.add("state", "web-not-a-choice");
        }
        let wording = match state {
            Some(Said::Given) => Some(errors.required("wording", &self.wording, 2_000)),
            _ => errors.optional("wording", &self.wording, 2_000),
        };
        let draft = ConsentDraft {
            contact_id,
            channel: self.channel.clone(),
            purpose: self.purpose.clone(),
            state: state.unwrap_or(Said::Withdrawn),
            source: errors.optional("source", &self.source, 100).unwrap_or_else(|| "api".to_owned()),
            wording,
            proof: errors.optional("proof", &self.proof, 500),
            staff_id: Some(staff_id).filter(|id| *id != 0),
        };
        errors.or(draft).map_err(Problem::Form)
    }
}

/// Notes down a consent; a yes to marketing mail may wait for the person's own confirmation.
async fn add(can: Can<RecordConsent>, State(app): State<App>, Path(id): Path<ContactId>, Json(new): Json<NewConsent>) -> Answer {
    let mut tx = app.db.begin().await?;
    let person = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let draft = new.check(person.id, can.actor.staff_id)?;
    let (channel, purpose) = (draft.channel.clone(), draft.purpose.clone());
    let (number, state) = sign_up(&mut tx, &app.bench(), draft).await?;
    let after = json!({ "channel": channel, "purpose": purpose, "state": state.word() });
    let now = app.clock.now();
    audit::note(&mut tx, &app.ids, now, &can.actor, "consent.recorded", "contact", person.id, None, Some(after)).await?;
    tx.commit().await?;
    let shown = json!({ "id": number.to_string(), "channel": channel, "purpose": purpose, "state": state.word(), "at": now });
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}
