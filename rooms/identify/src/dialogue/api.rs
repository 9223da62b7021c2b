//! The dialogue for programs: a form or a chat of the company's own asks here what it may ask.

use attune_house::App;
use attune_web::{Answer, Can, FormErrors, Json, Path, Problem, Query};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::{Due, MOST, QuestionId, Touch, answer, ask, decline, due};
use crate::contact::{self, By, ContactId};
use crate::{EditContacts, ViewContacts};

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/v1/contacts/{id}/questions", get(peek).post(take)).route("/api/v1/contacts/{id}/answers", post(hear))
}

/// Which touch asks, and how many it can place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TouchQuery {
    touch: String,
    most: Option<usize>,
}

fn touch_of(word: &str) -> Result<Touch, Problem> {
    Touch::of(word).ok_or_else(|| {
        let mut errors = FormErrors::new();
        errors.add("touch", "web-not-a-choice");
        Problem::Form(errors)
    })
}

fn shown(due: &Due) -> Any {
    let question = &due.question;
    json!({
        "id": QuestionId(question.id), "key": question.key, "text": { "en": question.text_en, "zh-CN": question.text_zh },
        "known_since": due.known_since,
    })
}

async fn peek(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<ContactId>, Query(query): Query<TouchQuery>) -> Answer {
    let touch = touch_of(&query.touch)?;
    let mut tx = app.db.read().await?;
    let contact = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let found = due(&mut tx, std::slice::from_ref(&contact), touch, query.most.unwrap_or(MOST), app.clock.now()).await?;
    Ok(Json(json!({ "items": found.values().flatten().map(shown).collect::<Vec<_>>() })).into_response())
}

async fn take(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<ContactId>, Query(query): Query<TouchQuery>) -> Answer {
    let touch = touch_of(&query.touch)?;
    let mut tx = app.db.begin().await?;
    let contact = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let asked = ask(&mut tx, &by, &contact, touch, query.most.unwrap_or(MOST)).await?;
    tx.commit().await?;
    Ok(Json(json!({ "items": asked.iter().map(shown).collect::<Vec<_>>() })).into_response())
}

/// What the person said.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heard {
    question_id: QuestionId,
    touch: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    declined: bool,
}

async fn hear(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<ContactId>, Json(heard): Json<Heard>) -> Answer {
    let (touch, pair) = (touch_of(&heard.touch)?, (id.0, heard.question_id.0));
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if heard.declined {
        decline(&mut tx, &by, &can.scope, pair, touch).await?;
    } else {
        answer(&mut tx, &by, &can.scope, pair, touch, &heard.value).await?;
    }
    tx.commit().await?;
    Ok(http::StatusCode::NO_CONTENT.into_response())
}
