//! Merging companies for programs; what a merge joined is split at `/api/v1/merges/{id}/split`, as with contacts.

use std::collections::BTreeSet;

use attune_house::App;
use attune_web::{Answer, Can, Json, Path};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use serde::Deserialize;
use serde_json::json;

use super::{find_both, merge, suggested};
use crate::company::CompanyId;
use crate::contact::{By, ContactError};
use crate::field::{self, Subject};
use crate::merge::pages::MergeContacts;
use crate::merge::{Pair, units};

/// The routes of this noun for programs.
pub(in crate::company) fn routes() -> Router<App> {
    Router::new().route("/api/v1/companies/{id}/merge", post(join))
}

/// Which company becomes part of the one in the address, and which of the other's attributes stay; without `take` what the company does not
/// know itself; never who is named that the program may not see.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    with: CompanyId,
    take: Option<BTreeSet<String>>,
}

async fn join(State(app): State<App>, can: Can<MergeContacts>, Path(id): Path<CompanyId>, Json(asked): Json<Asked>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let pair = Pair { survivor: id.0, loser: asked.with.0 };
    let (survivor, loser) = find_both(&mut tx, &by, &can.scope, pair).await?;
    let take = match asked.take {
        Some(take) => {
            let checked = units::check(&survivor, &loser, &field::list_of(&mut tx, Subject::Company).await?, &take);
            checked.map_err(|key| ContactError::Invalid { attribute: "take".to_owned(), key })?;
            take
        }
        None => suggested(&mut tx, &by, &survivor, &loser).await?,
    };
    let merged = merge(&mut tx, &app.bench(), &by, &can.scope, pair, &take).await?;
    tx.commit().await?;
    Ok(Json(json!({ "id": id, "merged": asked.with, "merge_id": merged })).into_response())
}
