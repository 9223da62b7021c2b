//! `/contacts`: the list with its views, filters, orders and pages, and the page that makes a contact.

use std::collections::HashMap;

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_record::view::{self, SavedView, ViewDraft};
use attune_web::kit::{Choice, Tab};
use attune_web::{Actor, Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Scope, Shell, Sight};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::list::{self, Listing, Person, Sorting};
use super::score::Scale;
use super::{By, COUNTED, Contact, ContactDraft, PAGE, Stage, bulk, edit, record_page, reveal, timeline};
use crate::company;
use crate::duplicate::{self, Models};
use crate::staff::{self, Member};
use crate::{CreateContacts, ViewContacts};

/// The routes of this noun's pages.
pub(crate) fn routes(models: &Models) -> Router<App> {
    let models = models.clone();
    Router::new()
        .route("/contacts", get(page).post(move |app, can, shell, form| create(models.clone(), app, can, shell, form)))
        .route("/contacts/new", get(new))
        .route("/contacts/views", post(save_view))
        .route("/contacts/views/{id}/delete", post(delete_view))
        .route("/contacts/bulk", post(bulk::act))
        .route("/contacts/restore", post(bulk::restore))
        .route("/contacts/export", get(bulk::export_page).post(bulk::export))
        .route("/contacts/{id}", get(record_page::page))
        .route("/contacts/{id}/timeline", get(timeline::more))
        .route("/contacts/{id}/stream", get(timeline::stream))
        .route("/contacts/{id}/field/{key}", get(edit::form).post(edit::save))
        .route("/contacts/{id}/undo", post(edit::undo))
        .route("/contacts/{id}/reveal/{key}", post(reveal::reveal))
        .route("/contacts/{id}/notes", post(edit::add_note))
        .route("/contacts/{id}/notes/{note}/delete", post(edit::delete_note))
        .route("/contacts/{id}/notes/{note}/restore", post(edit::restore_note))
        .route("/contacts/{id}/delete", post(edit::delete))
}

/// The address of a list: view, filters, order, place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    view: String,
    q: String,
    stage: String,
    owner: String,
    grade: String,
    company: String,
    import: String,
    sort: String,
    after: String,
    saved: String,
}

impl ListQuery {
    /// The filters; what cannot be read is left out.
    pub(crate) fn listing(&self, actor: &Actor, scale: &Scale) -> Listing {
        let owner = match self.owner.as_str() {
            "" if matches!(self.view.as_str(), "mine" | "hot") => Some(Person::Staff(actor.staff_id)),
            "none" => Some(Person::Nobody),
            id => id.parse().ok().map(Person::Staff),
        };
        let id = |text: &str, prefix: &'static str| attune_kernel::decode_id(prefix, text).ok();
        Listing {
            search: self.q.chars().take(100).collect(),
            sight: Sight::of(actor),
            stage: Stage::of(&self.stage),
            owner,
            grade: ["A", "B", "C"].contains(&self.grade.as_str()).then(|| self.grade.clone()),
            company_id: id(&self.company, "com"),
            import_id: id(&self.import, "imp"),
            engagement_k: if self.view == "hot" { scale.hot_k() } else { None },
        }
    }

    /// What the tab of the view is called, for the audit log: one of the built-in ones by its word.
    pub(super) fn view_name(&self, views: &[SavedView]) -> String {
        let saved = views.iter().find(|view| view.id.to_string() == self.saved);
        let word = if self.view.is_empty() { "all" } else { &self.view };
        saved.map_or_else(|| word.to_owned(), |view| view.name.clone())
    }

    fn sorting(&self) -> Sorting {
        Sorting::of(&self.sort).unwrap_or_default()
    }

    /// The query part of the address again, without the place.
    pub(crate) fn text(&self) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        let all = [
            ("view", &self.view),
            ("q", &self.q),
            ("stage", &self.stage),
            ("owner", &self.owner),
            ("grade", &self.grade),
            ("company", &self.company),
            ("import", &self.import),
            ("sort", &self.sort),
            ("saved", &self.saved),
        ];
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            out.append_pair(name, value);
        }
        out.finish()
    }
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
}

/// What the filters offer.
struct Choices {
    stages: Vec<Choice>,
    owners: Vec<Choice>,
    grades: Vec<Choice>,
}

/// A count that stops at 10,000.
pub(crate) fn shown_count(l: &attune_web::Lang, total: i64) -> String {
    if total > COUNTED { format!("{}+", l.count(COUNTED)) } else { l.count(total).to_string() }
}

async fn page(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let read = read_list(&mut app.db.read().await?, &can, &query, shell.now).await?;
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
}

async fn read_list(tx: &mut Tx, can: &Can<ViewContacts>, query: &ListQuery, now: i64) -> Result<ReadList, DbError> {
    let scale = Scale::read(tx, now).await?;
    let listing = query.listing(&can.actor, &scale);
    let found = list::list(tx, &can.scope, &listing, query.sorting(), &query.after, PAGE).await?;
    let views = view::list(tx, "contacts", can.actor.staff_id).await?;
    let members = staff::list(tx).await?;
    let company = match listing.company_id {
        Some(id) => company::find(tx, &can.scope, id).await?.map(|c| c.name),
        None => None,
    };
    Ok(ReadList { found, scale, views, members, company })
}

fn list_page(shell: Shell, query: ListQuery, read: ReadList, staff_id: i64) -> ListPage {
    let ReadList { found, scale, views, members, company } = read;
    let text = query.text();
    ListPage {
        tabs: tabs(&shell, &query, &views),
        own_view: views.into_iter().find(|v| v.id.to_string() == query.saved && v.staff_id == staff_id),
        chips: chips(&shell, &query, &text, &members, company),
        count: shown_count(&shell.l, found.total),
        next: found.next.map(|mark| attune_web::kit::with_query(&text, "after", mark)),
        sort: query.sorting().word(),
        choices: choices(&shell, &members),
        owners: staff::names(&members),
        is_filtered: query.text().split('&').any(|pair| !pair.is_empty() && !pair.starts_with("sort=")),
        errors: FormErrors::new(),
        people: found.contacts,
        total: found.total,
        scale,
        text,
        query,
        shell,
    }
}

fn choices(shell: &Shell, members: &[Member]) -> Choices {
    let mut owners = vec![Choice::new("none", shell.l.t("identify-no-owner"))];
    owners.extend(members.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)));
    Choices { stages: stages(shell), owners, grades: ["A", "B", "C"].iter().map(|g| Choice::new(g, g)).collect() }
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
fn chips(shell: &Shell, query: &ListQuery, text: &str, members: &[Member], company: Option<String>) -> Vec<(String, String)> {
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
}

impl ContactForm {
    fn typed(&self) -> duplicate::Typed {
        let [name, email, phone, company] = [&self.name, &self.email, &self.phone, &self.company].map(Clone::clone);
        duplicate::Typed { name, email, phone, company }
    }

    fn check(&self) -> Result<ContactDraft, FormErrors> {
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
            ..ContactDraft::default()
        };
        errors.or(draft)
    }
}

async fn new_page(app: &App, shell: Shell, form: ContactForm, errors: FormErrors) -> Result<NewPage, Problem> {
    let members = staff::list(&mut app.db.read().await?).await?;
    let owners = members.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)).collect();
    Ok(NewPage { stages: stages(&shell), owners, shell, form, errors, warning: String::new() })
}

async fn new(State(app): State<App>, can: Can<CreateContacts>, shell: Shell) -> Answer {
    let form = ContactForm { owner_id: can.actor.staff_id.to_string(), stage: Stage::Lead.word().to_owned(), ..ContactForm::default() };
    let page = new_page(&app, shell, form, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn create(models: Models, State(app): State<App>, can: Can<CreateContacts>, shell: Shell, Form(form): Form<ContactForm>) -> Answer {
    let mut draft = match form.check() {
        Ok(draft) => draft,
        Err(errors) => return again(&app, shell, form, errors, String::new()).await,
    };
    if form.told.is_empty() {
        let people = duplicate::likely(&mut app.db.read().await?, &models, &can.scope, &form.typed()).await?;
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

/// A view to be saved.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ViewForm {
    name: String,
    query: String,
    shared: String,
}

async fn save_view(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Form(form): Form<ViewForm>) -> Answer {
    let back = format!("/contacts?{}", form.query);
    if form.name.trim().is_empty() {
        return Ok(shell.leave(&back, Flash::bad("identify-view-needs-name")));
    }
    let pairs = url::form_urlencoded::parse(form.query.as_bytes()).filter(|(k, _)| k != "saved" && k != "after");
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let draft = ViewDraft { list: "contacts", name: form.name, query: query.clone(), shared: !form.shared.is_empty() };
    let mut tx = app.db.begin().await?;
    let id = view::put(&mut tx, &app.ids, app.clock.now(), can.actor.staff_id, &draft).await?;
    tx.commit().await?;
    let href = format!("/contacts{}", attune_web::kit::with_query(&query, "saved", id));
    Ok(shell.leave(&href, Flash::good("identify-view-saved").s("name", draft.name.trim())))
}

async fn delete_view(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    if !view::delete(&mut tx, id, can.actor.staff_id).await? {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(shell.leave("/contacts", Flash::good("identify-view-deleted")))
}

/// What a list or a page calls somebody.
pub(crate) fn name_of(l: &attune_web::Lang, contact: &Contact) -> String {
    match contact.label() {
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
        name_of(&self.shell.l, contact)
    }

    /// What stands in the column of companies: the company, else the address.
    fn beside(&self, contact: &Contact) -> String {
        contact.company_name.clone().or_else(|| contact.email_for(&self.shell.sight())).unwrap_or_default()
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
