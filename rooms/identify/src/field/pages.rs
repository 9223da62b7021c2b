//! The page of custom fields: what there is, how many have it, a new one, another name, away with it.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_jobs::{JobSpec, put};
use attune_kernel::{Fault, Money, id_type};
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, NavItem, Path, PermissionDef, Problem, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::jobs::{DELETE, Payload};
use super::{Field, FieldDraft, FieldKind, Subject, key_of, option_pages, options, store};
use crate::contact::{By, COUNTED};

permission!(EditFields, "identify.field.edit");

id_type!(
    /// The id of a field.
    FieldId,
    "fld"
);

pub(super) const HOME: &str = "/contacts/fields";
/// The most characters a field may be called.
pub(super) const LABEL: usize = 80;

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
        .merge(option_pages::routes())
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "field-title", HOME, "columns-3", 45, "identify.field.edit").among_settings()
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct FieldForm {
    /// What will have it; contacts when nothing is said.
    subject: String,
    label: String,
    kind: String,
    currency: String,
    options: String,
}

impl FieldForm {
    /// The field as asked for, checked by itself.
    fn check(&self) -> Result<FieldDraft, FormErrors> {
        let mut errors = FormErrors::new();
        let label = errors.required("label", &self.label, LABEL);
        let plain = FieldDraft::plain(&key_of(&label), &label, FieldKind::of(&self.kind));
        let mut draft = FieldDraft { subject: Subject::of(&self.subject), ..plain };
        if draft.kind == FieldKind::Money {
            match Money::new(0, self.currency.trim()) {
                Ok(money) => draft.currency = Some(money.currency().to_owned()),
                Err(_) => _ = errors.add("currency", "field-not-a-currency"),
            }
        }
        if draft.kind.has_options() {
            for label in self.options.lines().map(str::trim).filter(|label| !label.is_empty()) {
                if let Err(why) = options::push(&mut draft.options, label) {
                    errors.add("options", why);
                    break;
                }
            }
        }
        errors.or(draft)
    }
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
    subjects: Vec<Choice>,
    form: FieldForm,
    errors: FormErrors,
}

async fn fields_page(app: &App, shell: Shell, form: FieldForm, errors: FormErrors) -> Result<FieldsPage, Problem> {
    let mut tx = app.db.read().await?;
    let mut fields = store::list(&mut tx).await?;
    fields.extend(store::list_of(&mut tx, Subject::Company).await?);
    let counts: HashMap<i64, i64> = store::counts(&mut tx, &fields, COUNTED + 1).await?;
    let line = |field: Field| Line { id: FieldId(field.id), people: counts.get(&field.id).copied().unwrap_or(0), field };
    let lines = fields.into_iter().map(line).collect();
    let kinds = FieldKind::ALL.iter().map(|kind| Choice::new(kind.word(), shell.l.t(kind.label_key()))).collect();
    let subjects = Subject::choices(&shell);
    Ok(FieldsPage { lines, kinds, subjects, form, errors, shell })
}

async fn page(State(app): State<App>, _can: Can<EditFields>, shell: Shell) -> Answer {
    let currency = attune_house::setting_text(&mut app.db.read().await?, "govern.currency", "EUR").await?;
    let form = FieldForm {
        subject: Subject::Contact.word().to_owned(),
        kind: FieldKind::Text.word().to_owned(),
        currency,
        ..FieldForm::default()
    };
    let page = fields_page(&app, shell, form, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn create(State(app): State<App>, can: Can<EditFields>, shell: Shell, Form(form): Form<FieldForm>) -> Answer {
    let errors = match form.check() {
        Ok(draft) => match keep(&app, &can, &draft).await? {
            Some(field) => return Ok(shell.leave(&made_at(&field), Flash::good("field-created").s("name", draft.label))),
            None => {
                let mut errors = FormErrors::new();
                errors.add("label", "field-taken");
                errors
            }
        },
        Err(errors) => errors,
    };
    let page = fields_page(&app, shell, form, errors).await?;
    Ok(page.shell.again(&page, &page.as_form()))
}

/// A choice without options is of no use yet, so its own page comes next.
fn made_at(field: &Field) -> String {
    let bare = field.kind.has_options() && field.options.is_empty();
    if bare { option_pages::address(FieldId(field.id)) } else { HOME.to_owned() }
}

/// Makes the field; `None` when there is one of this name.
async fn keep(app: &App, can: &Can<EditFields>, draft: &FieldDraft) -> Result<Option<Field>, Problem> {
    let mut tx = app.db.begin().await?;
    if store::find_by_key(&mut tx, draft.subject, &draft.key).await?.is_some() {
        return Ok(None);
    }
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let field = store::create(&mut tx, &by, draft, None).await?;
    tx.commit().await?;
    Ok(Some(field))
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
    if !errors.is_empty() {
        let why = if label.is_empty() { "field-needs-name" } else { "identify-too-long" };
        return Ok(shell.leave(HOME, Flash::bad(why)));
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
