//! `/contacts/{id}/hold`: why nothing of somebody may go by itself.

use askama::Template;
use attune_house::App;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::hold::{self, Hold};
use super::pages::SetRetention;
use crate::contact::{self, By, ContactError, ContactId};

/// The routes of holds.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/contacts/{id}/hold", get(page).post(put)).route("/contacts/{id}/hold/end", post(end))
}

/// A reason as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct HoldForm {
    reason: String,
}

#[derive(Template)]
#[template(path = "retention/hold.html", blocks = ["form"])]
struct HoldPage {
    shell: Shell,
    id: ContactId,
    href: String,
    name: String,
    holds: Vec<Hold>,
    form: HoldForm,
    errors: FormErrors,
}

async fn read(app: &App, can: &Can<SetRetention>, shell: Shell, id: ContactId) -> Result<HoldPage, Problem> {
    let mut tx = app.db.read().await?;
    let person = contact::find_owned(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let holds = hold::list(&mut tx, id.0).await?;
    let (name, href) = (contact::name_for(&shell, &person), format!("/contacts/{id}"));
    Ok(HoldPage { id, href, name, holds, form: HoldForm::default(), errors: FormErrors::new(), shell })
}

async fn page(State(app): State<App>, can: Can<SetRetention>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let page = read(&app, &can, shell, id).await?;
    Ok(page.shell.page(&page))
}

async fn put(
    State(app): State<App>,
    can: Can<SetRetention>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Form(form): Form<HoldForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if let Err(error) = hold::put(&mut tx, &by, &can.scope, id.0, &form.reason).await {
        let ContactError::Invalid { attribute, key } = error else { return Err(error.into()) };
        drop(tx);
        let mut page = HoldPage { form, ..read(&app, &can, shell, id).await? };
        page.errors.add(attribute, key);
        return Ok(page.shell.again(&page, &page.as_form()));
    }
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{id}"), Flash::good("retention-hold-put")))
}

async fn end(State(app): State<App>, can: Can<SetRetention>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    hold::end(&mut tx, &by, &can.scope, id.0).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{id}"), Flash::good("retention-hold-ended")))
}
