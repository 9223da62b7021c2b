//! `/contacts`: the list with its views, filters, orders and pages, and the page that makes a contact.

use std::collections::HashMap;

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_record::view::{self, SavedView};
use attune_web::kit::{Choice, Tab};
use attune_web::{Answer, Can, Flash, Form, FormErrors, Problem, Query, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::list;
use super::own::{Asked, asked, column_choices, field_chips};
use super::query::ListQuery;
use super::score::Scale;
use super::{By, COUNTED, Contact, ContactDraft, PAGE, Stage, bulk, edit, record_page, reveal, timeline, views};
use crate::company;
use crate::duplicate::{self, Models};
use crate::field::{self, Field, FieldKind};
use crate::staff::{self, Member};
use crate::tag::{self, Tag};
use crate::{CreateContacts, ViewContacts};

/// The routes of this noun's pages.
pub(crate) fn routes(models: &Models) -> Router<App> {
    let models = models.clone();
    Router::new()
        .route("/contacts", get(page).post(move |app, can, shell, form| create(models.clone(), app, can, shell, form)))
        .route("/contacts/new", get(new))
        .route("/contacts/columns", post(views::columns))
        .route("/contacts/views", post(views::save))
        .route("/contacts/views/{id}/delete", post(views::delete))
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
}

#[derive(Template)]
#[template(path = "contact/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    own_view: Option<SavedView>,
    query: ListQuery,
    text: String,
    sort: String,
    people: Vec<Contact>,
    scale: Scale,
    owners: HashMap<i64, String>,
    choices: Choices,
    chips: Vec<(String, String)>,
    count: String,
    total: i64,
    next: Option<String>,
    is_filtered: bool,
    errors: FormErrors,
    /// Own fields shown as columns.
    columns: Vec<Field>,
    /// Every own field, with whether it is shown.
    all_columns: Vec<(Choice, bool)>,
    /// How the field about to be filtered by is asked for.
    asked: Option<Asked>,
    /// The options to choose from; typed when there are none.
    asked_options: Vec<Choice>,
    /// What else stands in the address, for forms that change a part of it.
    rest: Vec<(String, String)>,
}

/// What the filters offer.
struct Choices {
    stages: Vec<Choice>,
    owners: Vec<Choice>,
    grades: Vec<Choice>,
    fields: Vec<Choice>,
    tags: Vec<Choice>,
}

/// A count that stops at 10,000.
pub(crate) fn shown_count(l: &attune_web::Lang, total: i64) -> String {
    if total > COUNTED { format!("{}+", l.count(COUNTED)) } else { l.count(total).to_string() }
}

async fn page(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    let fields = field::list(&mut tx).await?;
    let (query, wrong) = query.settled(&fields);
    let read = read_list(&mut tx, &can, &query, (fields, wrong), shell.now).await?;
    let page = list_page(shell, query, read, can.actor.staff_id);
    Ok(page.shell.page(&page))
}

/// What the store knows for the list.
struct ReadList {
    found: list::Page,
    scale: Scale,
    views: Vec<SavedView>,
    members: Vec<Member>,
    /// The name of the company the list is narrowed to.
    company: Option<String>,
    fields: Vec<Field>,
    /// The tag the list is narrowed to.
    tag: Option<Tag>,
    tags: Vec<Choice>,
    /// Why the filter being filled in does not fit.
    wrong: Option<&'static str>,
}

async fn read_list(
    tx: &mut Tx,
    can: &Can<ViewContacts>,
    query: &ListQuery,
    (fields, wrong): (Vec<Field>, Option<&'static str>),
    now: i64,
) -> Result<ReadList, DbError> {
    let scale = Scale::read(tx, now).await?;
    let listing = query.listing(&can.actor, &scale, &fields);
    let found = list::list(tx, &can.scope, &listing, query.sorting(), &query.after, PAGE).await?;
    let views = view::list(tx, "contacts", can.actor.staff_id).await?;
    let members = staff::list(tx).await?;
    let company = match listing.company_id {
        Some(id) => company::find(tx, &can.scope, id).await?.map(|c| c.name),
        None => None,
    };
    let tag = match query.tag_id() {
        Some(id) => tag::find(tx, id).await?,
        None => None,
    };
    let tags = tag::pages::choices(tx, tag.as_ref()).await?;
    Ok(ReadList { found, scale, views, members, company, fields, tag, tags, wrong })
}

fn list_page(shell: Shell, query: ListQuery, read: ReadList, staff_id: i64) -> ListPage {
    let ReadList { found, scale, views, members, company, fields, tag, tags, wrong } = read;
    let text = query.text();
    let columns = query.columns(&fields);
    let (asked, asked_options) = asked(&shell, &query, &fields, wrong).unzip();
    let asked_options = asked_options.unwrap_or_default();
    ListPage {
        tabs: tabs(&shell, &query, &views),
        own_view: views.into_iter().find(|v| v.id.to_string() == query.saved && v.staff_id == staff_id),
        chips: chips(&shell, &query, &text, &members, (company, tag))
            .into_iter()
            .chain(field_chips(&shell, "/contacts", &query, &fields))
            .collect(),
        all_columns: column_choices(&columns, &fields),
        asked,
        asked_options,
        rest: query.rest(),
        count: shown_count(&shell.l, found.total),
        next: found.next.map(|mark| attune_web::kit::with_query(&text, "after", mark)),
        sort: query.sorting().word(),
        choices: choices(&shell, &members, &fields, tags),
        owners: staff::names(&members),
        is_filtered: query.text().split('&').any(|pair| !pair.is_empty() && !pair.starts_with("sort=") && !pair.starts_with("cols=")),
        errors: FormErrors::new(),
        people: found.contacts,
        total: found.total,
        columns,
        scale,
        text,
        query,
        shell,
    }
}

fn choices(shell: &Shell, members: &[Member], fields: &[Field], tags: Vec<Choice>) -> Choices {
    let mut owners = vec![Choice::new("none", shell.l.t("identify-no-owner"))];
    owners.extend(members.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)));
    let fields = fields.iter().map(|field| Choice::new(&field.key, &field.label)).collect();
    Choices { fields, tags, stages: stages(shell), owners, grades: ["A", "B", "C"].iter().map(|g| Choice::new(g, g)).collect() }
}

/// The stages as choices.
pub(crate) fn stages(shell: &Shell) -> Vec<Choice> {
    Stage::ALL.iter().map(|stage| Choice::new(stage.word(), shell.l.t(stage.label_key()))).collect()
}

fn tabs(shell: &Shell, query: &ListQuery, views: &[SavedView]) -> Vec<Tab> {
    let built_in = [("", "identify-view-all"), ("mine", "identify-view-mine"), ("hot", "identify-view-hot")];
    let current = |view: &str| query.saved.is_empty() && query.view == view;
    let mut tabs: Vec<Tab> = Vec::new();
    for (view, key) in built_in {
        let href = if view.is_empty() { "/contacts".to_owned() } else { format!("/contacts?view={view}") };
        tabs.push(Tab::new(href, shell.l.t(key), current(view)));
    }
    for view in views {
        let href = format!("/contacts{}", attune_web::kit::with_query(&view.query, "saved", view.id));
        tabs.push(Tab::new(href, &view.name, query.saved == view.id.to_string()));
    }
    tabs
}

/// The filters in force with the address that removes each.
fn chips(
    shell: &Shell,
    query: &ListQuery,
    text: &str,
    members: &[Member],
    (company, tag): (Option<String>, Option<Tag>),
) -> Vec<(String, String)> {
    let mut chips = Vec::new();
    let mut add = |name: &str, key: &str, value: String| {
        let label = shell.l.of(key).s("value", value).to_string();
        chips.push((label, format!("/contacts{}", attune_web::kit::with_query(text, name, ""))));
    };
    if let Some(stage) = Stage::of(&query.stage) {
        add("stage", "identify-filter-stage", shell.l.t(stage.label_key()).to_string());
    }
    if !query.owner.is_empty() {
        let name = members
            .iter()
            .find(|m| m.id.to_string() == query.owner)
            .map_or_else(|| shell.l.t("identify-no-owner").to_string(), |m| m.name.clone());
        add("owner", "identify-filter-owner", name);
    }
    if !query.grade.is_empty() {
        add("grade", "identify-filter-grade", query.grade.clone());
    }
    if let Some(name) = company {
        add("company", "identify-filter-company", name);
    }
    if !query.import.is_empty() {
        add("import", "identify-filter-import", query.import.clone());
    }
    if !query.tag.is_empty() {
        add("tag", "tag-filter-of", tag.map_or_else(|| query.tag.clone(), |tag| tag.name));
    }
    chips
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
    /// Fields of one's own: `f:<key>`, and `f:<key>:<option>` for each ticked box.
    #[serde(flatten)]
    own: HashMap<String, String>,
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

/// A field of one's own in the form.
struct OwnField {
    name: String,
    label: String,
    value: String,
    control: edit::Control,
}

impl ContactForm {
    /// What was typed or ticked for a field.
    fn own(&self, field: &Field) -> String {
        let name = format!("f:{}", field.key);
        if field.kind != FieldKind::Choices {
            return self.own.get(&name).map_or_else(String::new, |text| text.trim().to_owned());
        }
        let ticked = field.options.iter().filter(|option| self.own.contains_key(&format!("{name}:{}", option.key)));
        ticked.map(|option| option.key.as_str()).collect::<Vec<_>>().join(";")
    }

    fn own_values(&self, fields: &[Field], errors: &mut FormErrors) -> serde_json::Map<String, serde_json::Value> {
        let mut values = serde_json::Map::new();
        for (field, typed) in fields.iter().map(|field| (field, self.own(field))).filter(|(_, typed)| !typed.is_empty()) {
            match field.read(&typed) {
                Ok(value) => _ = values.insert(field.key.clone(), value),
                Err(why) => _ = errors.add(format!("f:{}", field.key), why),
            }
        }
        values
    }

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
            fields: self.own_values(fields, &mut errors),
            ..ContactDraft::default()
        };
        errors.or(draft)
    }
}

async fn new_page(app: &App, shell: Shell, form: ContactForm, errors: FormErrors) -> Result<NewPage, Problem> {
    let mut tx = app.db.read().await?;
    let members = staff::list(&mut tx).await?;
    let owners = members.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)).collect();
    let own = |field: Field| {
        let (name, value) = (format!("f:{}", field.key), form.own(&field));
        let ticked = field.read(&value).unwrap_or_default();
        OwnField { control: edit::control_of(&shell, Some(&field), &ticked), name, value, label: field.label }
    };
    let own = field::list(&mut tx).await?.into_iter().map(own).collect();
    Ok(NewPage { stages: stages(&shell), owners, own, shell, form, errors, warning: String::new() })
}

async fn new(State(app): State<App>, can: Can<CreateContacts>, shell: Shell) -> Answer {
    let form = ContactForm { owner_id: can.actor.staff_id.to_string(), stage: Stage::Lead.word().to_owned(), ..ContactForm::default() };
    let page = new_page(&app, shell, form, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn create(models: Models, State(app): State<App>, can: Can<CreateContacts>, shell: Shell, Form(form): Form<ContactForm>) -> Answer {
    let fields = field::list(&mut app.db.read().await?).await?;
    let mut draft = match form.check(&fields) {
        Ok(draft) => draft,
        Err(errors) => return again(&app, shell, form, errors, String::new()).await,
    };
    if form.told.is_empty() {
        let people = duplicate::likely(&mut app.db.read().await?, &models, (&can.scope, &shell.sight()), &form.typed()).await?;
        if !people.is_empty() {
            let warning = duplicate::pages::warning(&shell, &people)?;
            return again(&app, shell, form, FormErrors::new(), warning).await;
        }
    }
    if !may_own(&can, draft.owner_id) {
        draft.owner_id = Some(can.actor.staff_id);
    }
    let id = keep(&app, &can, draft).await?;
    Ok(shell.leave(&format!("/contacts/{id}"), Flash::good("identify-contact-created")))
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

impl ListPage {
    fn name(&self, contact: &Contact) -> String {
        name_for(&self.shell, contact)
    }

    /// What stands in the column of companies: the company, else the address.
    fn beside(&self, contact: &Contact) -> String {
        contact.company_name.clone().or_else(|| contact.email_for(&self.shell.sight())).unwrap_or_default()
    }

    fn value(&self, contact: &Contact, field: &Field) -> String {
        field.shown(&self.shell.l, &contact.shown(&format!("f:{}", field.key), &self.shell.sight()))
    }

    fn is_number(&self, field: &Field) -> bool {
        field.kind.is_amount()
    }

    fn grade_tone(&self, grade: &str) -> &'static str {
        grade_tone(grade)
    }

    fn owner(&self, contact: &Contact) -> Option<&str> {
        contact.owner_id.and_then(|id| self.owners.get(&id)).map(String::as_str)
    }
}

/// A finished CSV file to be saved.
pub(crate) fn bulk_download(name: &str, body: Vec<u8>) -> axum::response::Response {
    bulk::download(name, axum::body::Body::from(body))
}

/// A cell that no spreadsheet takes for a formula.
pub(crate) fn harmless_cell(value: &str) -> String {
    bulk::harmless(value)
}
