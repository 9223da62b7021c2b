//! `/imports`: choose a file, confirm the mapping, look at the dry run, watch the job, take it back.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Shell, Sight};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;

use super::jobs::{self, Tables};
use super::lines::Lines;
use super::plan::{Plan, Target, attributes};
use super::source::Source;
use super::store::{self, Import, ImportState};
use super::{EMPTY_WORDS, ImportId, Kind, Outcome, event_pages, upload, watch};
use crate::ImportContacts;
use crate::field::{self, Field, FieldKind, Subject};

/// The routes of this noun.
pub(crate) fn routes(tables: Tables) -> Router<App> {
    Router::new()
        .route("/imports", get(list).post(receive).layer(DefaultBodyLimit::max(upload::LARGEST)))
        .route("/imports/new", get(new))
        .route("/imports/{id}/map", get(map).post(save_map))
        .route("/imports/{id}/check", get(check))
        .route("/imports/{id}/start", post(start))
        .merge(event_pages::routes())
        .merge(watch::routes())
        .merge(super::api::routes())
        .layer(Extension(tables))
}

#[derive(Template)]
#[template(path = "import/list.html")]
struct ListPage {
    shell: Shell,
    imports: Vec<Import>,
}

async fn list(State(app): State<App>, _can: Can<ImportContacts>, shell: Shell) -> Answer {
    let imports = store::list_recent(&mut app.db.read().await?, 50).await?;
    let page = ListPage { imports, shell };
    Ok(page.shell.page(&page))
}

#[derive(Template)]
#[template(path = "import/new.html", blocks = ["form"])]
struct NewPage {
    shell: Shell,
    errors: FormErrors,
    /// What the file may be about, and what is chosen.
    subjects: Vec<Choice>,
    subject: &'static str,
}

impl NewPage {
    fn new(shell: Shell, kind: Kind, errors: FormErrors) -> Self {
        Self { subjects: Kind::choices(&shell), subject: kind.form_word(), errors, shell }
    }
}

/// What the file is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NewQuery {
    subject: String,
}

async fn new(_can: Can<ImportContacts>, shell: Shell, Query(query): Query<NewQuery>) -> Answer {
    let page = NewPage::new(shell, Kind::of_form(&query.subject), FormErrors::new());
    Ok(page.shell.page(&page))
}

async fn receive(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, form: Multipart) -> Answer {
    let mut kind = Kind::default();
    match upload::keep(&app, &can.actor, form, &mut kind).await {
        Ok(Some(id)) => Ok(attune_web::see_other(&format!("/imports/{}/map", ImportId(id)))),
        Ok(None) => Ok(choose_again(shell, kind, "identify-import-no-file")),
        Err(Problem::Domain { .. }) => Ok(choose_again(shell, kind, "identify-import-not-a-table")),
        Err(problem) => Err(problem),
    }
}

/// The form again, saying why the file is none.
fn choose_again(shell: Shell, kind: Kind, why: &'static str) -> Response {
    let mut errors = FormErrors::new();
    errors.add("file", why);
    let page = NewPage::new(shell, kind, errors);
    page.shell.again(&page, &page.as_form())
}

/// One column on the mapping page.
struct MapLine {
    index: usize,
    column: String,
    samples: String,
    to: String,
    is_guess: bool,
}

#[derive(Template)]
#[template(path = "import/map.html")]
struct MapPage {
    shell: Shell,
    import: Import,
    lines: Vec<MapLine>,
    targets: Vec<Choice>,
    keys: Vec<Choice>,
    key: String,
    empty: String,
    errors: FormErrors,
    /// The columns of the orders, if the lines are positions of some.
    orders: Option<String>,
    /// Whether there are fields of one's own to which options could be added.
    has_fields: bool,
}

/// A draft of one's own making, or anybody's import for whoever may see all contacts.
pub(super) async fn draft(app: &App, can: &Can<ImportContacts>, id: ImportId) -> Result<Import, Problem> {
    let mut import = load(app, can, id).await?;
    import.plan.fields = field::list_of(&mut app.db.read().await?, import.plan.subject).await?;
    if import.state == ImportState::Draft { Ok(import) } else { Err(Problem::refused("identify-import-started")) }
}

/// A draft that brings events, or one that brings records; the other is not to be had here.
pub(super) async fn draft_of(app: &App, can: &Can<ImportContacts>, id: ImportId, events: bool) -> Result<Import, Problem> {
    let import = draft(app, can, id).await?;
    if import.is_events == events { Ok(import) } else { Err(Problem::NotFound) }
}

pub(super) async fn load(app: &App, can: &Can<ImportContacts>, id: ImportId) -> Result<Import, Problem> {
    let import = store::find(&mut app.db.read().await?, id.0).await?.ok_or(Problem::NotFound)?;
    can.check(Some(import.staff_id), None)?;
    Ok(import)
}

pub(super) async fn head(app: &App, import: &Import) -> Result<Vec<Vec<String>>, Problem> {
    let source = Source::Stored(app.db.clone(), import.id);
    let lines = Lines::open(&source, &import.plan, |lines| lines)?.next().await?.unwrap_or_default();
    let text = |line: super::rows::Line| line.values.ok().map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>());
    Ok(lines.into_iter().filter_map(text).collect())
}

pub(super) fn samples(sight: &Sight, plan: &Plan, head: &[Vec<String>], index: usize) -> String {
    let mut found: Vec<&str> = Vec::new();
    for value in head.iter().filter_map(|row| row.get(index)).map(|v| v.trim()) {
        if found.len() < 3 && !plan.is_empty_word(value) && !found.contains(&value) {
            found.push(value);
        }
    }
    // Masked before it is cut, or half an address would stay.
    let shown: Vec<String> = found.into_iter().map(|value| sight.words(value.to_owned())).collect();
    shown.join(" · ").chars().take(120).collect()
}

fn targets(shell: &Shell, subject: Subject, fields: &[Field]) -> Vec<Choice> {
    let mut all = vec![Choice::new("-", shell.l.t("identify-map-skip"))];
    all.extend(attributes(subject).iter().map(|key| Choice::new(key, shell.l.t(&format!("identify-map-{key}")))));
    let field = |kind: FieldKind| {
        Choice::new(format!("field:{}", kind.word()), shell.l.of("identify-map-field").s("kind", shell.l.t(kind.label_key())))
    };
    let there = |field: &Field| {
        Choice::new(
            format!("f:{}", field.key),
            shell.l.of("identify-map-known").s("name", &field.label).s("kind", shell.l.t(field.kind.label_key())),
        )
    };
    all.extend(fields.iter().map(there));
    all.extend(FieldKind::ALL.into_iter().map(field));
    all
}

/// A target as the menu has it: a field that is there by its key, one to be made by its kind.
fn chosen(to: &Target, fields: &[Field]) -> String {
    match to {
        Target::Field { key, .. } if fields.iter().any(|field| field.key == *key) => format!("f:{key}"),
        other => other.text(),
    }
}

fn map_lines(sight: &Sight, plan: &Plan, head: &[Vec<String>]) -> Vec<MapLine> {
    let line = |(index, c): (usize, &super::ColumnPlan)| MapLine {
        index,
        column: c.column.clone(),
        samples: samples(sight, plan, head, index),
        to: chosen(&c.to, &plan.fields),
        is_guess: matches!(c.to, Target::Attribute { .. }),
    };
    plan.columns.iter().enumerate().map(line).collect()
}

async fn map(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    let import = draft(&app, &can, id).await?;
    if import.is_events {
        return Ok(attune_web::see_other(&format!("/imports/{id}/events")));
    }
    let head = head(&app, &import).await?;
    let plan = &import.plan;
    let lines = map_lines(&shell.sight(), plan, &head);
    let keys = plan.columns.iter().map(|c| Choice::new(&c.column, &c.column)).collect();
    let empty = if plan.empty_words.is_empty() { String::new() } else { plan.empty_words.join("\n") };
    let (targets, key) = (targets(&shell, plan.subject, &plan.fields), plan.key.clone().unwrap_or_default());
    let orders = plan.orders.as_ref().map(super::orders::OrderPlan::shown);
    let has_fields = plan.fields.iter().any(|field| field.kind.has_options());
    let page = MapPage { has_fields, lines, keys, key, empty, orders, errors: FormErrors::new(), targets, import, shell };
    Ok(page.shell.page(&page))
}

async fn save_map(
    State(app): State<App>,
    can: Can<ImportContacts>,
    shell: Shell,
    Path(id): Path<ImportId>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let import = draft_of(&app, &can, id, false).await?;
    let was_of_orders = import.plan.orders.is_some();
    let plan = match read_map(import.plan, &form) {
        Ok(plan) => plan,
        Err(_) => return Ok(shell.leave(&format!("/imports/{id}/map"), Flash::bad("identify-import-map-wrong"))),
    };
    // Whoever takes the lines for people sees first what becomes of the columns.
    let next = if was_of_orders && plan.orders.is_none() { "map" } else { "check" };
    let mut tx = app.db.begin().await?;
    store::set_plan(&mut tx, id.0, &plan, import.total_rows.unwrap_or(0)).await?;
    tx.commit().await?;
    Ok(attune_web::see_other(&format!("/imports/{id}/{next}")))
}

fn read_map(mut plan: Plan, form: &HashMap<String, String>) -> Result<Plan, super::PlanError> {
    for index in 0..plan.columns.len() {
        let (Some(wanted), Some(column)) = (form.get(&format!("to_{index}")), plan.columns.get(index)) else { continue };
        // A field keeps the key the guess gave it, unless its kind was changed.
        if chosen(&column.to, &plan.fields) != *wanted {
            let to = plan.target(wanted, &column.column)?;
            plan.columns.iter_mut().skip(index).take(1).for_each(|column| column.to = to.clone());
        }
    }
    plan.add_options = form.contains_key("add_options");
    plan.empty_words = read_words(form.get("empty").map_or("", String::as_str));
    if plan.orders.is_some() && !form.contains_key("orders") {
        plan = super::orders::forget(plan);
    }
    match form.get("key").filter(|key| !key.is_empty()) {
        Some(key) => plan.with_key(key),
        None => Ok(Plan { key: None, ..plan }),
    }
}

/// Words that mean "nothing", one a line.
pub(super) fn read_words(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|word| !word.is_empty()).take(100).map(str::to_owned).collect()
}

pub(super) fn empty_hint(shell: &Shell) -> String {
    let words: Vec<&str> = EMPTY_WORDS.iter().take(4).copied().collect();
    shell.l.of("identify-import-empty-hint").s("words", words.join(", ")).to_string()
}

#[derive(Template)]
#[template(path = "import/check.html")]
struct CheckPage {
    shell: Shell,
    import: Import,
    outcome: Outcome,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

async fn check(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    let import = draft(&app, &can, id).await?;
    let outcome = super::preview(&app.bench(), &can.actor, &import).await?;
    let kept: Vec<usize> = import.plan.columns.iter().enumerate().filter(|(_, c)| import.plan.reads(c)).map(|(i, _)| i).collect();
    let heads = kept.iter().filter_map(|i| import.plan.columns.get(*i)).map(|c| c.column.clone()).collect();
    let shown = |row: &Vec<String>| {
        let value = |i: &usize| row.get(*i).map(|v| v.trim()).filter(|v| !import.plan.is_empty_word(v)).unwrap_or("").to_owned();
        let value = |i: &usize| shell.sight().words(value(i));
        kept.iter().map(value).collect()
    };
    let rows = head(&app, &import).await?.iter().take(20).map(shown).collect();
    let page = CheckPage { heads, rows, outcome, import, shell };
    Ok(page.shell.page(&page))
}

async fn start(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    let import = draft(&app, &can, id).await?;
    let mut tx = app.db.begin().await?;
    jobs::begin(&mut tx, &app.bench(), &can.actor, import.id).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/imports/{id}"), Flash::good("identify-import-begun")))
}

impl MapPage {
    fn id(&self) -> ImportId {
        ImportId(self.import.id)
    }

    fn empty_hint(&self) -> String {
        empty_hint(&self.shell)
    }
}

impl MapPage {
    /// The texts about the column records are known by.
    fn key_text(&self, what: &str) -> &'static str {
        match (self.import.plan.subject, what) {
            (Subject::Contact, "hint") => "identify-import-key-hint",
            (Subject::Contact, "auto") => "identify-import-key-auto",
            (Subject::Contact, _) => "identify-import-key",
            (Subject::Company, "hint") => "company-import-key-hint",
            (Subject::Company, "auto") => "company-import-key-auto",
            (Subject::Company, _) => "company-import-key",
        }
    }
}

impl CheckPage {
    /// What the rows that would change something do.
    fn updated_text(&self) -> &'static str {
        if self.import.is_events { "identify-import-logged" } else { "identify-updated" }
    }

    fn created_text(&self) -> &'static str {
        if self.import.is_events { "identify-import-made" } else { "identify-created" }
    }

    fn id(&self) -> ImportId {
        ImportId(self.import.id)
    }

    fn taken(&self) -> i64 {
        self.import.taken(&self.outcome.counts)
    }

    fn cause(&self, code: &str, detail: &str) -> String {
        watch::cause(&self.shell, code, detail)
    }
}

impl ListPage {
    fn id(&self, import: &Import) -> ImportId {
        ImportId(import.id)
    }
}

/// The locale key of a state.
pub(crate) fn state_key(import: &Import) -> String {
    format!("identify-import-state-{}", import.state.word())
}

/// The tone of a state's badge.
pub(crate) fn state_tone(import: &Import) -> &'static str {
    match import.state {
        ImportState::Done => "good",
        ImportState::Failed => "bad",
        ImportState::Cancelled => "warn",
        ImportState::Running | ImportState::Waiting | ImportState::Undoing => "accent",
        ImportState::Draft | ImportState::Undone => "",
    }
}
