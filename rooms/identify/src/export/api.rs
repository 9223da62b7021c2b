//! Lists as files for programs.

use attune_house::App;
use attune_web::{Answer, Can, Query};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::Wanted;
use crate::ExportContacts;
use crate::field::Subject;

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/v1/contacts/export", get(contacts)).route("/api/v1/companies/export", get(companies))
}

/// What a program asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    format: String,
    filter: String,
    view: String,
    /// With commas between.
    columns: String,
}

impl From<Asked> for Wanted {
    fn from(asked: Asked) -> Self {
        let columns = asked.columns.split(',').map(str::trim).filter(|column| !column.is_empty()).map(str::to_owned).collect();
        Self { format: asked.format, filter: asked.filter, view: asked.view, columns }
    }
}

async fn contacts(State(app): State<App>, can: Can<ExportContacts>, Query(asked): Query<Asked>) -> Answer {
    Ok(super::list(&app, &can.actor, Subject::Contact, &asked.into()).await?.response)
}

async fn companies(State(app): State<App>, can: Can<ExportContacts>, Query(asked): Query<Asked>) -> Answer {
    Ok(super::list(&app, &can.actor, Subject::Company, &asked.into()).await?.response)
}
