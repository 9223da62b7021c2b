//! Merging and splitting for programs.

use std::collections::BTreeSet;

use attune_house::App;
use attune_web::{Answer, Can, Json, Path};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use serde::Deserialize;
use serde_json::json;

use super::pages::MergeContacts;
use super::{MergeId, Pair, closed, find_both, merge, split_any, units};
use crate::company::CompanyId;
use crate::contact::{By, ContactError, ContactId};
use crate::field::{self, Subject};

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/v1/contacts/{id}/merge", post(join)).route("/api/v1/merges/{id}/split", post(part))
}

/// Who becomes part of the contact in the address, and which of the other's attributes stay; without `take` what the contact does not know
/// itself, and the further stage; never who is named that the program may not see.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    with: ContactId,
    take: Option<BTreeSet<String>>,
}

async fn join(State(app): State<App>, can: Can<MergeContacts>, Path(id): Path<ContactId>, Json(asked): Json<Asked>) -> Answer {
    let mut tx = app.db.begin().await?;
    let pair = Pair { survivor: id.0, loser: asked.with.0 };
    let (survivor, loser) = find_both(&mut tx, &can.scope, pair).await?;
    let take = match asked.take {
        Some(take) => {
            let checked = units::check(&survivor, &loser, &field::list(&mut tx).await?, &take);
            checked.map_err(|key| ContactError::Invalid { attribute: "take".to_owned(), key })?;
            take
        }
        None => &units::suggested(&survivor, &loser) - &closed(&mut tx, &can.actor, &survivor, &loser).await?,
    };
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let merged = merge(&mut tx, &by, &can.scope, &app.house().contact_tables, pair, &take).await?;
    tx.commit().await?;
    Ok(Json(json!({ "id": id, "merged": asked.with, "merge_id": merged })).into_response())
}

async fn part(State(app): State<App>, can: Can<MergeContacts>, Path(id): Path<MergeId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let (subject, pair) = split_any(&mut tx, &app, &by, &can.scope, id).await?;
    tx.commit().await?;
    Ok(Json(match subject {
        Subject::Contact => json!({ "id": ContactId(pair.survivor), "restored": ContactId(pair.loser) }),
        Subject::Company => json!({ "id": CompanyId(pair.survivor), "restored": CompanyId(pair.loser) }),
    })
    .into_response())
}
