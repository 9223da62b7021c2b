//! The page of a choice's options: what there is and how many have it, a new one, another name or place, away with it.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_jobs::{JobSpec, put};
use attune_kernel::Fault;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::jobs::{DELETE_OPTION, OptionPayload};
use super::pages::{EditFields, FieldId};
use super::{Field, FieldOption, options, store};
use crate::contact::{By, COUNTED};

/// The routes of the options.
pub(super) fn routes() -> Router<attune_house::App> {
    Router::new()
        .route("/contacts/fields/{id}/options", get(page).post(create))
        .route("/contacts/fields/{id}/options/{key}", post(change))
        .route("/contacts/fields/{id}/options/{key}/delete", post(delete))
}

/// The address of the page.
pub(super) fn address(id: FieldId) -> String {
    format!("/contacts/fields/{id}/options")
}

/// An option on the page.
struct Line {
    option: FieldOption,
    /// Its address.
    href: String,
    people: i64,
}

/// What was typed: a label, or where the option should go.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct OptionForm {
    label: String,
    to: String,
}

#[derive(Template)]
#[template(path = "field/options.html", blocks = ["form"])]
struct OptionsPage {
    shell: Shell,
    id: FieldId,
    field: Field,
    lines: Vec<Line>,
    form: OptionForm,
    errors: FormErrors,
}

fn with_options(field: Option<Field>) -> Result<Field, Problem> {
    field.filter(|field| field.kind.has_options()).ok_or(Problem::NotFound)
}

async fn options_page(app: &App, shell: Shell, id: FieldId, form: OptionForm, errors: FormErrors) -> Result<OptionsPage, Problem> {
    let mut tx = app.db.read().await?;
    let field = with_options(store::find(&mut tx, id.0).await?)?;
    let counts: HashMap<String, i64> = store::option_counts(&mut tx, &field, COUNTED + 1).await?;
    let line = |option: &FieldOption| Line {
        href: format!("{}/{}", address(id), url::form_urlencoded::byte_serialize(option.key.as_bytes()).collect::<String>()),
        people: counts.get(&option.key).copied().unwrap_or(0),
        option: option.clone(),
    };
    let lines = field.options.iter().map(line).collect();
    Ok(OptionsPage { shell, id, field, lines, form, errors })
}

async fn page(State(app): State<App>, _can: Can<EditFields>, shell: Shell, Path(id): Path<FieldId>) -> Answer {
    let page = options_page(&app, shell, id, OptionForm::default(), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// Changes the options of a field; the locale key of why not.
async fn alter(
    app: &App,
    can: &Can<EditFields>,
    id: FieldId,
    change: impl FnOnce(&mut Vec<FieldOption>) -> Result<(), &'static str>,
) -> Result<Result<Field, &'static str>, Problem> {
    let mut tx = app.db.begin().await?;
    let mut field = with_options(store::find_held(&mut tx, id.0).await?)?;
    let before = field.options.clone();
    if let Err(why) = change(&mut field.options) {
        return Ok(Err(why));
    }
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if field.options != before {
        store::set_options(&mut tx, &by, &field, &before).await?;
    }
    tx.commit().await?;
    Ok(Ok(field))
}

async fn create(
    State(app): State<App>,
    can: Can<EditFields>,
    shell: Shell,
    Path(id): Path<FieldId>,
    Form(form): Form<OptionForm>,
) -> Answer {
    match alter(&app, &can, id, |all| options::push(all, &form.label).map(drop)).await? {
        Ok(_) => Ok(shell.leave(&address(id), Flash::good("field-option-created").s("name", form.label.trim()))),
        Err(why) => {
            let mut errors = FormErrors::new();
            errors.add("label", why);
            let page = options_page(&app, shell, id, form, errors).await?;
            Ok(page.shell.again(&page, &page.as_form()))
        }
    }
}

async fn change(
    State(app): State<App>,
    can: Can<EditFields>,
    shell: Shell,
    Path((id, key)): Path<(FieldId, String)>,
    Form(form): Form<OptionForm>,
) -> Answer {
    let done = match form.to.as_str() {
        "up" | "down" => {
            alter(&app, &can, id, |all| {
                attune_web::kit::shift(all, |option| option.key == key, form.to == "up");
                Ok(())
            })
            .await?
        }
        _ => alter(&app, &can, id, |all| options::rename(all, &key, &form.label)).await?,
    };
    Ok(shell.leave(&address(id), done.map_or_else(Flash::bad, |_| Flash::good("field-option-saved"))))
}

async fn delete(State(app): State<App>, can: Can<EditFields>, shell: Shell, Path((id, key)): Path<(FieldId, String)>) -> Answer {
    let mut tx = app.db.begin().await?;
    let mut field = with_options(store::find_held(&mut tx, id.0).await?)?;
    let before = field.options.clone();
    let option = field.options.iter_mut().find(|option| option.key == key && !option.gone).ok_or(Problem::NotFound)?;
    option.gone = true;
    let label = option.label.clone();
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    store::set_options(&mut tx, &by, &field, &before).await?;
    let payload = serde_json::to_value(OptionPayload { field_id: field.id, option: key }).map_err(Fault::from)?;
    put(&mut tx, &app.bench(), JobSpec::new(DELETE_OPTION, payload).by(can.actor.staff_id)).await?;
    tx.commit().await?;
    Ok(shell.leave(&address(id), Flash::good("field-option-deleted").s("name", label)))
}
