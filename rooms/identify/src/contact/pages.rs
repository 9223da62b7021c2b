//! `/contacts`: the list with its views, filters, orders and pages, and the page that makes a contact.

use askama::Template;
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Problem, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::edit::Control;
use super::own::{OwnField, OwnForm};
use super::{By, COUNTED, Contact, ContactDraft, Stage, board, bulk, columns, edit, list_page, record_page, reveal, timeline, views};
use crate::CreateContacts;
use crate::duplicate::{self, Models};
use crate::field::{self, Field};
use crate::staff;

/// The routes of this noun's pages.
pub(crate) fn routes(models: &Models) -> Router<App> {
    let models = models.clone();
    Router::new()
        .route("/contacts", get(list_page::page).post(move |app, can, shell, form| create(models.clone(), app, can, shell, form)))
        .route("/contacts/new", get(new))
        .route("/contacts/bulk", post(bulk::act))
        .route("/contacts/restore", post(bulk::restore))
        .route("/contacts/export", get(bulk::export_page).post(bulk::export))
        .route("/contacts/{id}", get(record_page::page))
        .route("/contacts/{id}/timeline", get(timeline::more))
        .route("/contacts/{id}/stream", get(timeline::stream))
        .route("/contacts/{id}/field/{key}", get(edit::form).post(edit::save))
        .route("/contacts/{id}/undo", post(edit::undo))
        .route("/contacts/{id}/reveal/{key}", post(reveal::reveal))
        .route("/contacts/{id}/delete", post(edit::delete))
        .merge(columns::routes())
        .merge(board::routes())
        .merge(views::routes())
}

/// A count that stops at 10,000.
pub(crate) fn shown_count(l: &attune_web::Lang, total: i64) -> String {
    if total > COUNTED { format!("{}+", l.count(COUNTED)) } else { l.count(total).to_string() }
}

/// The stages as choices.
pub(crate) fn stages(shell: &Shell) -> Vec<Choice> {
    Stage::ALL.iter().map(|stage| Choice::new(stage.word(), shell.l.t(stage.label_key()))).collect()
}

/// A contact as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ContactForm {
    name: String,
    email: String,
    phone: String,
    company: String,
    title: String,
    stage: String,
    owner_id: String,
    /// Set once somebody was told who may be meant.
    told: String,
    #[serde(flatten)]
    own: OwnForm,
}

#[derive(Template)]
#[template(path = "contact/new.html", blocks = ["form"])]
struct NewPage {
    shell: Shell,
    form: ContactForm,
    errors: FormErrors,
    stages: Vec<Choice>,
    owners: Vec<Choice>,
    /// Who may be meant.
    warning: String,
    own: Vec<OwnField>,
}

impl ContactForm {
    fn typed(&self) -> duplicate::Typed {
        let [name, email, phone, company] = [&self.name, &self.email, &self.phone, &self.company].map(Clone::clone);
        duplicate::Typed { name, email, phone, company }
    }

    fn check(&self, fields: &[Field]) -> Result<ContactDraft, FormErrors> {
        let mut errors = FormErrors::new();
        let name = errors.optional("name", &self.name, 200).unwrap_or_default();
        let email = errors.optional("email", &self.email, 200);
        let phone = errors.optional("phone", &self.phone, 60);
        if email.as_deref().is_some_and(|e| super::email_key(e).is_none()) {
            errors.add("email", "web-not-an-email");
        }
        if phone.as_deref().is_some_and(|p| super::phone_key(p).is_none()) {
            errors.add("phone", "identify-not-a-phone");
        }
        if name.is_empty() && email.is_none() && phone.is_none() {
            errors.add("name", "identify-name-or-address");
        }
        let draft = ContactDraft {
            name,
            email,
            phone,
            company: errors.optional("company", &self.company, 200),
            title: errors.optional("title", &self.title, 200),
            stage: Stage::of(&self.stage).unwrap_or_default(),
            owner_id: self.owner_id.parse().ok(),
            fields: self.own.values(fields, &mut errors),
            ..ContactDraft::default()
        };
        errors.or(draft)
    }
}

async fn new_page(app: &App, shell: Shell, form: ContactForm, errors: FormErrors) -> Result<NewPage, Problem> {
    let mut tx = app.db.read().await?;
    let members = staff::list(&mut tx).await?;
    let owners = members.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)).collect();
    let own = form.own.inputs(&shell, field::list(&mut tx).await?);
    Ok(NewPage { stages: stages(&shell), owners, own, shell, form, errors, warning: String::new() })
}

async fn new(State(app): State<App>, can: Can<CreateContacts>, shell: Shell) -> Answer {
    let form = ContactForm { owner_id: can.actor.staff_id.to_string(), stage: Stage::Lead.word().to_owned(), ..ContactForm::default() };
    let page = new_page(&app, shell, form, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn create(models: Models, State(app): State<App>, can: Can<CreateContacts>, shell: Shell, Form(form): Form<ContactForm>) -> Answer {
    let fields = field::list(&mut app.db.read().await?).await?;
    let mut draft = match check(&app, &can, &form, &fields).await? {
        Ok(draft) => draft,
        Err(errors) => return again(&app, shell, form, errors, String::new()).await,
    };
    if form.told.is_empty() {
        let people = duplicate::likely(&mut app.db.read().await?, &models, (&can.scope, &shell.sight()), &form.typed()).await?;
        if !people.is_empty() {
            let warning = duplicate::warning::warning(&shell, &people)?;
            return again(&app, shell, form, FormErrors::new(), warning).await;
        }
    }
    if !may_own(&can, draft.owner_id) {
        draft.owner_id = Some(can.actor.staff_id);
    }
    let id = keep(&app, &can, draft).await?;
    Ok(shell.leave(&format!("/contacts/{id}"), Flash::good("identify-contact-created")))
}

/// What the form says, with whom its fields name.
async fn check(
    app: &App,
    can: &Can<CreateContacts>,
    form: &ContactForm,
    fields: &[Field],
) -> Result<Result<ContactDraft, FormErrors>, Problem> {
    match form.check(fields) {
        Ok(draft) => with_named(app, can, draft, fields).await,
        Err(errors) => Ok(Err(errors)),
    }
}

async fn with_named(
    app: &App,
    can: &Can<CreateContacts>,
    mut draft: ContactDraft,
    fields: &[Field],
) -> Result<Result<ContactDraft, FormErrors>, Problem> {
    let (mut tx, none, mut errors) = (app.db.read().await?, serde_json::Map::new(), FormErrors::new());
    match field::reference::settle(&mut tx, &can.actor, fields, (0, &mut draft.fields, &none), "f:").await {
        Ok(()) => Ok(Ok(draft)),
        Err(super::ContactError::Invalid { attribute, key }) => {
            errors.add(attribute, key);
            Ok(Err(errors))
        }
        Err(error) => Err(error.into()),
    }
}

async fn keep(app: &App, can: &Can<CreateContacts>, draft: ContactDraft) -> Result<super::ContactId, Problem> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let id = super::create(&mut tx, &by, draft).await?;
    tx.commit().await?;
    Ok(super::ContactId(id))
}

/// The form once more, with what was typed; after a warning the next try goes through.
async fn again(app: &App, shell: Shell, mut form: ContactForm, errors: FormErrors, warning: String) -> Answer {
    if !warning.is_empty() {
        form.told = "1".to_owned();
    }
    let page = NewPage { warning, ..new_page(app, shell, form, errors).await? };
    Ok(page.shell.again(&page, &page.as_form()))
}

/// Whoever creates within a scope cannot put a contact beyond it.
fn may_own(can: &Can<CreateContacts>, owner: Option<i64>) -> bool {
    can.scope == Scope::All || owner == Some(can.actor.staff_id)
}

/// What a page calls somebody for its reader.
pub(crate) fn name_for(shell: &Shell, contact: &Contact) -> String {
    named(&shell.l, contact, contact.label_for(&shell.sight()))
}

/// What is said of somebody where nobody knows who will read it.
pub(crate) fn name_of(l: &attune_web::Lang, contact: &Contact) -> String {
    named(l, contact, contact.label())
}

/// The label, or what stands for somebody of whom nothing is known.
pub(crate) fn named(l: &attune_web::Lang, contact: &Contact, label: String) -> String {
    match label {
        label if label.is_empty() => l.of("identify-nameless").s("id", contact.shown_id()).to_string(),
        label => label,
    }
}

/// The tone of a grade's badge.
pub(crate) fn grade_tone(grade: &str) -> &'static str {
    match grade {
        "A" => "good",
        "B" => "accent",
        _ => "",
    }
}

/// An address of a list as it is kept for the way back from an undo: a long one would not fit a cookie, then it is `home`.
pub(crate) fn way_back<'a>(back: &'a str, home: &'a str) -> &'a str {
    if back.len() > 1_000 { home } else { back }
}

/// A finished CSV file to be saved.
pub(crate) fn bulk_download(name: &str, body: Vec<u8>) -> axum::response::Response {
    super::export::file(name, "text/csv; charset=utf-8", axum::body::Body::from(body))
}

/// A cell that no spreadsheet takes for a formula.
pub(crate) fn harmless_cell(value: &str) -> String {
    bulk::harmless(value)
}
