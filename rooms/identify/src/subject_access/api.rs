//! A person's copy for programs.

use attune_house::App;
use attune_kernel::Locale;
use attune_web::{Answer, Can, Path, Query};
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::ExportPerson;
use super::pages::Wanted;
use crate::contact::ContactId;

/// The routes of this noun for programs.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/v1/contacts/{id}/export", get(export))
}

async fn export(State(app): State<App>, can: Can<ExportPerson>, Path(id): Path<ContactId>, Query(wanted): Query<Wanted>) -> Answer {
    super::take(&app, &can.actor, &app.lang(wanted.locale().unwrap_or(Locale::En)), id.0, &wanted.format).await
}
