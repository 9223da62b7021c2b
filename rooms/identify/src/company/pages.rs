//! `/companies`: the list, and one company with its people and what happened to it.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::{Company, CompanyDraft, CompanyId, CompanyLine, Listing};
use crate::contact::{By, ContactError};
use crate::staff;
use crate::{CreateContacts, EditContacts, ViewContacts};

/// Companies on a page.
const PAGE: i64 = 50;

/// The routes of this noun's pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/companies", get(list).post(create))
        .route("/companies/new", get(new))
        .route("/companies/{id}", get(super::show::page))
        .route("/companies/{id}/field/{key}", get(field).post(save))
        .route("/companies/{id}/undo", axum::routing::post(undo))
        .merge(super::tree_page::routes())
}

/// The address of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    q: String,
    after: String,
}

#[derive(Template)]
#[template(path = "company/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<CompanyLine>,
    owners: HashMap<i64, String>,
    q: String,
    next: Option<String>,
}

async fn list(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    let after = query.after.split_once('~').and_then(|(id, key)| Some((key.to_owned(), id.parse::<i64>().ok()?)));
    let listing = Listing { search: query.q.clone(), after, limit: PAGE + 1 };
    let mut lines = super::list(&mut tx, &can.scope, &listing).await?;
    let more = lines.len() as i64 > PAGE;
    lines.truncate(usize::try_from(PAGE).unwrap_or(50));
    let mark = lines.last().filter(|_| more).map(|l| format!("{}~{}", l.company.id, super::name_key(&l.company.name)));
    let text = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", &query.q).finish();
    let next = mark.map(|mark| format!("/companies{}", attune_web::kit::with_query(&text, "after", mark)));
    let owners = staff::names(&staff::list(&mut tx).await?);
    let page = ListPage { lines, owners, q: query.q, next, shell };
    Ok(page.shell.page(&page))
}

/// A company as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct CompanyForm {
    name: String,
    domain: String,
    industry: String,
    city: String,
    country: String,
}

#[derive(Template)]
#[template(path = "company/new.html", blocks = ["form"])]
struct NewPage {
    shell: Shell,
    form: CompanyForm,
    errors: FormErrors,
}

async fn new(_can: Can<CreateContacts>, shell: Shell) -> Answer {
    let page = NewPage { form: CompanyForm::default(), errors: FormErrors::new(), shell };
    Ok(page.shell.page(&page))
}

impl CompanyForm {
    fn check(&self, owner_id: i64) -> Result<CompanyDraft, FormErrors> {
        let mut errors = FormErrors::new();
        let draft = CompanyDraft {
            name: errors.required("name", &self.name, 200),
            domain: errors.optional("domain", &self.domain, 200),
            industry: errors.optional("industry", &self.industry, 200),
            city: errors.optional("city", &self.city, 200),
            country: errors.optional("country", &self.country, 200),
            owner_id: Some(owner_id),
        };
        errors.or(draft)
    }
}

async fn create(State(app): State<App>, can: Can<CreateContacts>, shell: Shell, Form(form): Form<CompanyForm>) -> Answer {
    let draft = match form.check(can.actor.staff_id) {
        Ok(draft) => draft,
        Err(errors) => {
            let page = NewPage { form, errors, shell };
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let company = super::create(&mut tx, &by, draft).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/companies/{}", company.shown_id()), Flash::good("identify-company-created")))
}

/// One line of "About".
pub(super) struct Prop {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) edit: String,
    pub(super) href: String,
}

fn label(shell: &Shell, key: &str) -> String {
    let key = match key {
        "owner_id" => "owner",
        "name" => "search-companies",
        key => key,
    };
    shell.l.t(&format!("identify-{key}")).to_string()
}

pub(super) fn about(shell: &Shell, c: &Company, owner: String) -> Vec<Prop> {
    let may_edit = shell.may("identify.contact.edit");
    let prop = |key: &&str| Prop {
        label: label(shell, key),
        value: if *key == "owner_id" { owner.clone() } else { c.get(key).as_str().unwrap_or("").to_owned() },
        edit: if may_edit { format!("/companies/{}/field/{key}", c.shown_id()) } else { String::new() },
        href: if *key == "domain" { c.domain.as_ref().map_or_else(String::new, |d| format!("https://{d}")) } else { String::new() },
    };
    super::KEYS.iter().map(prop).collect()
}

#[derive(Template)]
#[template(path = "company/field.html", blocks = ["form"])]
struct FieldPage {
    shell: Shell,
    id: CompanyId,
    name: String,
    key: String,
    label: String,
    value: String,
    owners: Vec<Choice>,
    errors: FormErrors,
}

async fn field_page(app: &App, shell: Shell, scope: &Scope, id: CompanyId, key: String) -> Result<FieldPage, Problem> {
    let mut tx = app.db.read().await?;
    let company = super::find(&mut tx, scope, id.0).await?.ok_or(Problem::NotFound)?;
    if !super::KEYS.contains(&key.as_str()) {
        return Err(Problem::NotFound);
    }
    let owners = if key == "owner_id" { staff::list(&mut tx).await? } else { Vec::new() };
    let owners = owners.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)).collect();
    Ok(FieldPage {
        id,
        label: label(&shell, &key),
        value: typed(&company, &key),
        name: company.name,
        key,
        owners,
        errors: FormErrors::new(),
        shell,
    })
}

fn typed(company: &Company, key: &str) -> String {
    let value = company.get(key);
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

async fn field(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path((id, key)): Path<(CompanyId, String)>) -> Answer {
    let page = field_page(&app, shell, &can.scope, id, key).await?;
    Ok(page.shell.show(&page, &page.as_form()))
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct FieldForm {
    value: String,
}

async fn set(app: &App, can: &Can<EditContacts>, id: CompanyId, key: &str, value: &str) -> Result<String, ContactError> {
    let mut tx = app.db.begin().await?;
    let before = super::find(&mut tx, &can.scope, id.0).await?.ok_or(ContactError::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::update_field(&mut tx, &by, &can.scope, id.0, key, value).await?;
    tx.commit().await?;
    Ok(typed(&before, key))
}

async fn save(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path((id, key)): Path<(CompanyId, String)>,
    Form(form): Form<FieldForm>,
) -> Answer {
    match set(&app, &can, id, &key, &form.value).await {
        Ok(before) => Ok(shell.leave(&format!("/companies/{id}"), saved(&shell, id, &key, &before))),
        Err(ContactError::Invalid { key: why, .. }) => {
            let mut page = field_page(&app, shell, &can.scope, id, key).await?;
            page.value = form.value;
            page.errors.add("value", why);
            Ok(page.shell.again(&page, &page.as_form()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Says which attribute was saved and offers to put `before` back.
fn saved(shell: &Shell, id: CompanyId, key: &str, before: &str) -> Flash {
    let back = url::form_urlencoded::Serializer::new(String::new()).append_pair("key", key).append_pair("value", before).finish();
    Flash::good("identify-field-saved").s("name", label(shell, key)).undo(format!("/companies/{id}/undo?{back}"))
}

/// What to put back.
#[derive(Clone, Debug, Deserialize)]
struct UndoQuery {
    key: String,
    #[serde(default)]
    value: String,
}

async fn undo(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Query(query): Query<UndoQuery>,
) -> Answer {
    set(&app, &can, id, &query.key, &query.value).await?;
    Ok(shell.leave(&format!("/companies/{id}"), Flash::good("identify-undone")))
}

impl ListPage {
    fn owner(&self, company: &Company) -> &str {
        company.owner_id.and_then(|id| self.owners.get(&id)).map_or("", String::as_str)
    }
}
