//! `/companies`: a new one, and editing one in place.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Scope, Shell, Sight};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::{Company, CompanyDraft, CompanyId, list_page};
use crate::address::PostalAddress;
use crate::contact::own::{OwnField, OwnForm};
use crate::contact::{self, By, ContactError, Control, FieldForm, FindQuery, FoundPart, Refer};
use crate::duplicate::{self, Models};
use crate::field::{self, Field, Subject};
use crate::staff;
use crate::{CreateContacts, EditContacts};

/// The routes of this noun's pages.
pub(crate) fn routes(models: &Models) -> Router<App> {
    let models = models.clone();
    Router::new()
        .merge(super::bulk::routes())
        .route("/companies", get(list_page::page).post(move |app, can, shell, form| create(models, app, can, shell, form)))
        .route("/companies/export", get(list_page::export_page).post(list_page::export))
        .route("/companies/new", get(new))
        .route("/companies/{id}", get(super::show::page))
        .route("/companies/{id}/timeline", get(super::show::more))
        .route("/companies/{id}/field/{key}", get(field).post(save))
        .route("/companies/{id}/undo", axum::routing::post(undo))
        .merge(super::tree_page::routes())
        .merge(super::merge::pages::routes())
        .merge(contact::views::company_routes())
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
    /// Set once somebody was told which company may be meant.
    told: String,
    #[serde(flatten)]
    own: OwnForm,
}

#[derive(Template)]
#[template(path = "company/new.html", blocks = ["form"])]
struct NewPage {
    shell: Shell,
    form: CompanyForm,
    errors: FormErrors,
    /// Which company may be meant.
    warning: String,
    own: Vec<OwnField>,
}

async fn new(State(app): State<App>, _can: Can<CreateContacts>, shell: Shell) -> Answer {
    let fields = field::list_of(&mut app.db.read().await?, Subject::Company).await?;
    let form = CompanyForm::default();
    let page = NewPage { own: form.own.inputs(&shell, fields), form, errors: FormErrors::new(), warning: String::new(), shell };
    Ok(page.shell.page(&page))
}

impl CompanyForm {
    fn typed(&self) -> duplicate::TypedFirm {
        let [name, domain, industry, city, country] =
            [&self.name, &self.domain, &self.industry, &self.city, &self.country].map(Clone::clone);
        duplicate::TypedFirm { name, domain, industry, city, country }
    }

    fn check(&self, fields: &[Field], owner_id: i64) -> Result<CompanyDraft, FormErrors> {
        let mut errors = FormErrors::new();
        let draft = CompanyDraft {
            name: errors.required("name", &self.name, 200),
            domain: errors.optional("domain", &self.domain, 200),
            industry: errors.optional("industry", &self.industry, 200),
            city: errors.optional("city", &self.city, 200),
            country: errors.optional("country", &self.country, 200),
            postal: PostalAddress::default(),
            owner_id: Some(owner_id),
            fields: self.own.values(fields, &mut errors),
        };
        errors.or(draft)
    }
}

/// Makes the company, or says beside which field what is wrong.
async fn made(app: &App, can: &Can<CreateContacts>, draft: CompanyDraft) -> Result<Result<Company, FormErrors>, Problem> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    match super::create(&mut tx, &by, draft).await {
        Ok(company) => {
            tx.commit().await?;
            Ok(Ok(company))
        }
        Err(ContactError::Invalid { attribute, key }) => {
            let mut errors = FormErrors::new();
            errors.add(attribute.replacen("fields.", "f:", 1), key);
            Ok(Err(errors))
        }
        Err(error) => Err(error.into()),
    }
}

async fn create(models: Models, State(app): State<App>, can: Can<CreateContacts>, shell: Shell, Form(form): Form<CompanyForm>) -> Answer {
    let fields = field::list_of(&mut app.db.read().await?, Subject::Company).await?;
    let draft = match form.check(&fields, can.actor.staff_id) {
        Ok(draft) => draft,
        Err(errors) => return Ok(again(shell, fields, form, errors, String::new())),
    };
    if form.told.is_empty() {
        let firms = duplicate::likely_firms(&mut app.db.read().await?, &models, &can.scope, &form.typed()).await?;
        if !firms.is_empty() {
            let warning = duplicate::warning::warning(&shell, &firms)?;
            return Ok(again(shell, fields, form, FormErrors::new(), warning));
        }
    }
    let company = match made(&app, &can, draft).await? {
        Ok(company) => company,
        Err(errors) => return Ok(again(shell, fields, form, errors, String::new())),
    };
    Ok(shell.leave(&format!("/companies/{}", company.shown_id()), Flash::good("identify-company-created")))
}

/// The form once more, as it was filled in. Who was asked whether another company is meant is not asked again.
fn again(shell: Shell, fields: Vec<Field>, mut form: CompanyForm, errors: FormErrors, warning: String) -> Response {
    if !warning.is_empty() {
        form.told = "1".to_owned();
    }
    let page = NewPage { own: form.own.inputs(&shell, fields), form, errors, warning, shell };
    page.shell.again(&page, &page.as_form())
}

/// One line of "About".
pub(super) struct Prop {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) edit: String,
    pub(super) href: String,
    /// A company's number is nobody's own, and so never masked.
    pub(super) reveal: &'static str,
}

/// The address of a web domain, which may have been written as one.
fn site(domain: &str) -> String {
    if domain.starts_with("https://") || domain.starts_with("http://") { domain.to_owned() } else { format!("https://{domain}") }
}

fn label(shell: &Shell, key: &str) -> String {
    contact::attribute_name_of(Subject::Company, &shell.l, key)
}

pub(super) fn about(shell: &Shell, c: &Company, owner: String) -> Vec<Prop> {
    let may_edit = shell.may("identify.contact.edit");
    let prop = |key: &&str| Prop {
        label: label(shell, key),
        value: if *key == "owner_id" { owner.clone() } else { c.get(key).as_str().unwrap_or("").to_owned() },
        edit: if may_edit { address(c.shown_id(), key) } else { String::new() },
        href: if *key == "domain" { c.domain.as_deref().map_or_else(String::new, site) } else { String::new() },
        reveal: "",
    };
    super::KEYS.iter().map(prop).collect()
}

/// Own fields that hold something; with the right to edit also the empty ones, so that they can be filled.
pub(super) fn own(shell: &Shell, c: &Company, fields: &[Field]) -> Vec<Prop> {
    let (may_edit, sight) = (shell.may("identify.contact.edit"), shell.sight());
    let prop = |field: &Field| Prop {
        label: field.label.clone(),
        value: c.own(&shell.l, &sight, field),
        edit: if may_edit { address(c.shown_id(), &format!("f:{}", field.key)) } else { String::new() },
        href: field::reference::href(field, &c.get(&format!("f:{}", field.key))),
        reveal: "",
    };
    fields.iter().filter(|field| may_edit || c.fields.contains_key(&field.key)).map(prop).collect()
}

/// The address of the form of an attribute.
pub(super) fn address(id: CompanyId, key: &str) -> String {
    format!("/companies/{id}/field/{}", url::form_urlencoded::byte_serialize(key.as_bytes()).collect::<String>())
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
    control: Control,
    /// How it is said whom a field names, where it names a record.
    refer: Option<Refer>,
    errors: FormErrors,
}

async fn field_page(
    app: &App,
    shell: Shell,
    scope: &Scope,
    (id, key): (CompanyId, String),
    find: (&str, Option<&str>),
) -> Result<FieldPage, Problem> {
    let mut tx = app.db.read().await?;
    let company = super::find(&mut tx, scope, id.0).await?.ok_or(Problem::NotFound)?;
    let own = own_field(&mut tx, &key).await?;
    let value = company.shown(&key, &shell.sight());
    let (mut errors, mut refer) = (FormErrors::new(), None);
    if let Some(field) = own.as_ref().filter(|field| field.kind.target().is_some()) {
        let now = contact::named_now(&mut tx, &shell, field, (id.0, &company.fields)).await?;
        if field::reference::is_hidden(&now) {
            errors.add("q", "field-reference-hidden-stays");
        }
        refer = Some(contact::read_refer(&mut tx, &shell, (field, &now), find).await?);
    }
    let control = control(&mut tx, &shell, &key, own.as_ref(), &value).await?.ok_or(Problem::NotFound)?;
    let label = own.map_or_else(|| label(&shell, &key), |field| field.label);
    Ok(FieldPage { id, label, value: contact::typed(&value), name: company.name, key, control, refer, errors, shell })
}

impl FieldPage {
    /// The page once more with what was typed and what is wrong with it.
    fn mistaken(mut self, value: String, why: &'static str) -> Self {
        self.value = value;
        self.errors = FormErrors::new();
        match &self.refer {
            Some(refer) => self.errors.add("q", refer.why(why)),
            None => self.errors.add("value", why),
        };
        self
    }
}

/// How an attribute is edited that holds `value`; nothing for one that cannot be.
pub(crate) async fn control(
    tx: &mut Tx,
    shell: &Shell,
    key: &str,
    own: Option<&Field>,
    value: &serde_json::Value,
) -> Result<Option<Control>, DbError> {
    Ok(match (own, key) {
        (Some(field), _) => Some(contact::control_of(shell, Some(field), value)),
        (None, "owner_id") => {
            let owners = staff::list(tx).await?;
            Some(Control::Select(owners.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)).collect()))
        }
        (None, "street") => Some(Control::Lines),
        (None, key) => super::KEYS.contains(&key).then_some(Control::Text("text")),
    })
}

async fn own_field(tx: &mut Tx, key: &str) -> Result<Option<Field>, DbError> {
    match key.strip_prefix("f:") {
        Some(own) => field::find_by_key(tx, Subject::Company, own).await,
        None => Ok(None),
    }
}

async fn field(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(place): Path<(CompanyId, String)>,
    Query(find): Query<FindQuery>,
) -> Answer {
    let page = field_page(&app, shell, &can.scope, place, find.asked()).await?;
    if let (Some(refer), true) = (&page.refer, find.is_looking() && page.shell.hx.partial) {
        return Ok(page.shell.fragment(&FoundPart { shell: &page.shell, refer, errors: &page.errors }));
    }
    Ok(page.shell.show(&page, &page.as_form()))
}

/// Sets the attribute; answers what was there, in the form in which it can be typed again; nothing when that is hidden from the actor.
async fn set(app: &App, can: &Can<EditContacts>, id: CompanyId, key: &str, value: &str) -> Result<Option<String>, ContactError> {
    let mut tx = app.db.begin().await?;
    let before = super::find(&mut tx, &can.scope, id.0).await?.ok_or(ContactError::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::update_field(&mut tx, &by, &can.scope, id.0, key, value).await?;
    tx.commit().await?;
    let was = before.shown(key, &Sight::of(&can.actor));
    Ok((was == before.get(key)).then(|| contact::typed(&was)))
}

async fn save(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path((id, key)): Path<(CompanyId, String)>,
    Form(form): Form<FieldForm>,
) -> Answer {
    let value = form.typed();
    match set(&app, &can, id, &key, &value).await {
        Ok(before) => Ok(shell.leave(&format!("/companies/{id}"), saved(&app, &shell, id, &key, before).await?)),
        Err(ContactError::Invalid { key: why, .. }) => {
            let page = field_page(&app, shell, &can.scope, (id, key), form.asked()).await?.mistaken(value, why);
            Ok(page.shell.again(&page, &page.as_form()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Says which attribute was saved and offers to put `before` back, unless it was hidden from whoever changed it.
async fn saved(app: &App, shell: &Shell, id: CompanyId, key: &str, before: Option<String>) -> Result<Flash, DbError> {
    let own = own_field(&mut app.db.read().await?, key).await?;
    let said = Flash::good("identify-field-saved").s("name", own.map_or_else(|| label(shell, key), |field| field.label));
    let Some(before) = before else { return Ok(said) };
    let back = url::form_urlencoded::Serializer::new(String::new()).append_pair("key", key).append_pair("value", &before).finish();
    Ok(said.undo(format!("/companies/{id}/undo?{back}")))
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
