//! The page of custom fields: what there is, how many have it, a new one, another name, away with it.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_jobs::{JobSpec, put};
use attune_kernel::{Fault, id_type};
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, NavItem, Path, PermissionDef, Problem, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::jobs::{DELETE, Payload};
use super::{Field, FieldKind, key_of, store};
use crate::contact::{By, COUNTED};

permission!(EditFields, "identify.field.edit");

id_type!(
    /// The id of a field.
    FieldId,
    "fld"
);

const HOME: &str = "/contacts/fields";
/// The most characters a field may be called.
const LABEL: usize = 80;

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    vec![PermissionDef { key: "identify.field.edit", label_key: "field-permission", admin: All, manager: None, agent: None }]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(HOME, get(page).post(create))
        .route("/contacts/fields/{id}", post(rename))
        .route("/contacts/fields/{id}/delete", post(delete))
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "field-title", HOME, "columns-3", 45, "identify.field.edit")
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct FieldForm {
    label: String,
    kind: String,
}

/// A field on the page.
struct Line {
    id: FieldId,
    field: Field,
    people: i64,
}

#[derive(Template)]
#[template(path = "field/page.html", blocks = ["form"])]
struct FieldsPage {
    shell: Shell,
    lines: Vec<Line>,
    kinds: Vec<Choice>,
    form: FieldForm,
    errors: FormErrors,
}

async fn fields_page(app: &App, shell: Shell, form: FieldForm, errors: FormErrors) -> Result<FieldsPage, Problem> {
    let mut tx = app.db.read().await?;
    let fields = store::list(&mut tx).await?;
    let counts: HashMap<i64, i64> = store::counts(&mut tx, &fields, COUNTED + 1).await?;
    let line = |field: Field| Line { id: FieldId(field.id), people: counts.get(&field.id).copied().unwrap_or(0), field };
    let lines = fields.into_iter().map(line).collect();
    let kinds = FieldKind::ALL.iter().map(|kind| Choice::new(kind.word(), shell.l.t(kind.label_key()))).collect();
    Ok(FieldsPage { lines, kinds, form, errors, shell })
}

async fn page(State(app): State<App>, _can: Can<EditFields>, shell: Shell) -> Answer {
    let form = FieldForm { kind: FieldKind::Text.word().to_owned(), ..FieldForm::default() };
    let page = fields_page(&app, shell, form, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn create(State(app): State<App>, can: Can<EditFields>, shell: Shell, Form(form): Form<FieldForm>) -> Answer {
    let mut errors = FormErrors::new();
    let label = errors.required("label", &form.label, LABEL);
    if !label.is_empty() {
        let mut tx = app.db.begin().await?;
        let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
        let key = key_of(&label);
        if store::find_by_key(&mut tx, &key).await?.is_none() {
            store::create(&mut tx, &by, &key, &label, FieldKind::of(&form.kind), None).await?;
            tx.commit().await?;
            return Ok(shell.leave(HOME, Flash::good("field-created").s("name", label)));
        }
        errors.add("label", "field-taken");
    }
    let page = fields_page(&app, shell, form, errors).await?;
    Ok(page.shell.again(&page, &page.as_form()))
}

async fn rename(
    State(app): State<App>,
    can: Can<EditFields>,
    shell: Shell,
    Path(id): Path<FieldId>,
    Form(form): Form<FieldForm>,
) -> Answer {
    let mut errors = FormErrors::new();
    let label = errors.required("label", &form.label, LABEL);
    if label.is_empty() {
        return Ok(shell.leave(HOME, Flash::bad("field-needs-name")));
    }
    let mut tx = app.db.begin().await?;
    let field = store::find(&mut tx, id.0).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    store::rename(&mut tx, &by, &field, &label).await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("field-renamed").s("name", label)))
}

async fn delete(State(app): State<App>, can: Can<EditFields>, shell: Shell, Path(id): Path<FieldId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let field = store::find(&mut tx, id.0).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    store::hide(&mut tx, &by, &field).await?;
    let payload = serde_json::to_value(Payload { field_id: field.id }).map_err(Fault::from)?;
    put(&mut tx, &app.bench(), JobSpec::new(DELETE, payload).by(can.actor.staff_id)).await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("field-deleted").s("name", field.label)))
}
