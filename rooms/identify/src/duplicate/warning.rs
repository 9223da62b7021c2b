//! The question beside the form of somebody new, or of a new company: whether one of these is meant.

use askama::Template;
use attune_house::App;
use attune_kernel::Fault;
use attune_web::{Answer, Can, Problem, Query, Shell};
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use super::twin::{Party, Twin};
use super::{Known, Models, Reason, Typed, TypedFirm, likely, likely_firms};
use crate::CreateContacts;

/// The routes of this noun; `models` are what the searches learned.
pub(crate) fn routes(models: &Models) -> Router<App> {
    let (people, firms) = (models.clone(), models.clone());
    Router::new()
        .route("/contacts/duplicates/check", get(move |app, can, shell, typed| check(people.clone(), app, can, shell, typed)))
        .route("/companies/duplicates/check", get(move |app, can, shell, typed| check_firm(firms.clone(), app, can, shell, typed)))
}

#[derive(Template)]
#[template(path = "duplicate/warning.html")]
struct Warning<'a> {
    shell: &'a Shell,
    question: &'static str,
    likely: Vec<(Party, Vec<Reason>)>,
}

/// The question about records that may be meant; empty when there are none.
pub(crate) fn warning<T: Twin>(shell: &Shell, likely: &[(T, Known)]) -> Result<String, Problem> {
    let line = |(record, known): &(T, Known)| (record.party(shell), known.reasons::<T>(&shell.l));
    let part = Warning { shell, question: T::SPEECH.warning, likely: likely.iter().map(line).collect() };
    part.render().map_err(|e| Problem::Fault(Fault::from(e).context("the warning could not be rendered")))
}

async fn check(models: Models, State(app): State<App>, can: Can<CreateContacts>, shell: Shell, Query(typed): Query<Typed>) -> Answer {
    let people = likely(&mut app.db.read().await?, &models, (&can.scope, &shell.sight()), &typed).await?;
    Ok(Html(warning(&shell, &people)?).into_response())
}

async fn check_firm(
    models: Models,
    State(app): State<App>,
    can: Can<CreateContacts>,
    shell: Shell,
    Query(typed): Query<TypedFirm>,
) -> Answer {
    let firms = likely_firms(&mut app.db.read().await?, &models, &can.scope, &typed).await?;
    Ok(Html(warning(&shell, &firms)?).into_response())
}
