//! `/imports`: choose a file, confirm the mapping, look at the dry run, watch the job, take it back.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use attune_house::App;
use attune_jobs::{JobSpec, put};
use attune_kernel::Fault;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Live, Path, Problem, Query, Shell, Sight, live};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use serde_json::json;

use super::jobs::{READ, Tables, UNDO};
use super::lines::Lines;
use super::plan::{Plan, Target, attributes};
use super::source::Source;
use super::store::{self, Import, ImportState};
use super::{EMPTY_WORDS, ImportError, ImportId, Outcome, upload};
use crate::ImportContacts;
use crate::contact::By;
use crate::contact::pages::bulk_download;
use crate::field::{self, Field, FieldKind, Subject};

/// The routes of this noun.
pub(crate) fn routes(tables: Tables) -> Router<App> {
    Router::new()
        .route("/imports", get(list).post(receive).layer(DefaultBodyLimit::max(upload::LARGEST)))
        .route("/imports/new", get(new))
        .route("/imports/{id}", get(show))
        .route("/imports/{id}/stream", get(stream))
        .route("/imports/{id}/map", get(map).post(save_map))
        .route("/imports/{id}/check", get(check))
        .route("/imports/{id}/start", post(start))
        .route("/imports/{id}/cancel", post(cancel))
        .route("/imports/{id}/undo", post(undo))
        .route("/imports/{id}/errors.csv", get(errors))
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
    fn new(shell: Shell, subject: Subject, errors: FormErrors) -> Self {
        Self { subjects: Subject::choices(&shell), subject: subject.word(), errors, shell }
    }
}

/// What the file is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NewQuery {
    subject: String,
}

async fn new(_can: Can<ImportContacts>, shell: Shell, Query(query): Query<NewQuery>) -> Answer {
    let page = NewPage::new(shell, Subject::of(&query.subject), FormErrors::new());
    Ok(page.shell.page(&page))
}

async fn receive(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, form: Multipart) -> Answer {
    let mut subject = Subject::Contact;
    match upload::keep(&app, &can.actor, form, &mut subject).await {
        Ok(Some(id)) => Ok(attune_web::see_other(&format!("/imports/{}/map", ImportId(id)))),
        Ok(None) => Ok(choose_again(shell, subject, "identify-import-no-file")),
        Err(Problem::Domain { .. }) => Ok(choose_again(shell, subject, "identify-import-not-a-table")),
        Err(problem) => Err(problem),
    }
}

/// The form again, saying why the file is none.
fn choose_again(shell: Shell, subject: Subject, why: &'static str) -> Response {
    let mut errors = FormErrors::new();
    errors.add("file", why);
    let page = NewPage::new(shell, subject, errors);
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
async fn draft(app: &App, can: &Can<ImportContacts>, id: ImportId) -> Result<Import, Problem> {
    let mut import = load(app, can, id).await?;
    import.plan.fields = field::list_of(&mut app.db.read().await?, import.plan.subject).await?;
    if import.state == ImportState::Draft { Ok(import) } else { Err(Problem::refused("identify-import-started")) }
}

async fn load(app: &App, can: &Can<ImportContacts>, id: ImportId) -> Result<Import, Problem> {
    let import = store::find(&mut app.db.read().await?, id.0).await?.ok_or(Problem::NotFound)?;
    can.check(Some(import.staff_id), None)?;
    Ok(import)
}

async fn head(app: &App, import: &Import) -> Result<Vec<Vec<String>>, Problem> {
    let source = Source::Stored(app.db.clone(), import.id);
    let lines = Lines::open(&source, &import.plan, |lines| lines)?.next().await?.unwrap_or_default();
    let text = |line: super::rows::Line| line.values.ok().map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>());
    Ok(lines.into_iter().filter_map(text).collect())
}

fn samples(sight: &Sight, plan: &Plan, head: &[Vec<String>], index: usize) -> String {
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
    let import = draft(&app, &can, id).await?;
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
    let words = form.get("empty").map_or("", String::as_str).lines().map(str::trim).filter(|w| !w.is_empty());
    plan.empty_words = words.take(100).map(str::to_owned).collect();
    if plan.orders.is_some() && !form.contains_key("orders") {
        plan = super::orders::forget(plan);
    }
    match form.get("key").filter(|key| !key.is_empty()) {
        Some(key) => plan.with_key(key),
        None => Ok(Plan { key: None, ..plan }),
    }
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
    let kept: Vec<usize> = import.plan.columns.iter().enumerate().filter(|(_, c)| c.to != Target::Skip).map(|(i, _)| i).collect();
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
    if store::set_state(&mut tx, import.id, &[ImportState::Draft], ImportState::Waiting, None).await? {
        let spec = JobSpec::new(READ, json!({ "import_id": import.id })).unique(format!("import:{}", import.id)).by(can.actor.staff_id);
        let job = put(&mut tx, &app.bench(), spec).await?;
        store::set_job(&mut tx, import.id, job).await?;
    }
    tx.commit().await?;
    Ok(shell.leave(&format!("/imports/{id}"), Flash::good("identify-import-begun")))
}

#[derive(Template)]
#[template(path = "import/show.html", blocks = ["status"])]
struct ShowPage {
    shell: Shell,
    import: Import,
    errors: Vec<(i64, String, String)>,
    /// Whether somebody has asked it to end and it has not ended yet.
    is_ending: bool,
}

async fn show_page(app: &App, can: &Can<ImportContacts>, shell: Shell, id: ImportId) -> Result<ShowPage, Problem> {
    let import = load(app, can, id).await?;
    let mut tx = app.db.read().await?;
    let errors = store::list_errors(&mut tx, id.0, 0, 20).await?;
    let job = match import.job_id {
        Some(job_id) => attune_jobs::find(&mut tx, job_id).await?,
        None => None,
    };
    Ok(ShowPage { errors, is_ending: job.is_some_and(|job| job.cancel_asked), import, shell })
}

async fn show(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    let page = show_page(&app, &can, shell, id).await?;
    if page.import.state == ImportState::Draft {
        return Ok(attune_web::see_other(&format!("/imports/{id}/map")));
    }
    Ok(page.shell.page(&page))
}

/// GET /imports/{id}/stream: the part of the page that changes, as long as it does.
async fn stream(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    load(&app, &can, id).await?;
    let asker = Arc::new((app.clone(), can, shell));
    Ok(live(app.db.listen("progress"), move || {
        let asker = asker.clone();
        async move { status(&asker.0, &asker.1, asker.2.clone(), id).await.unwrap_or(Live::Gone) }
    }))
}

async fn status(app: &App, can: &Can<ImportContacts>, shell: Shell, id: ImportId) -> Result<Live, Problem> {
    let page = show_page(app, can, shell, id).await?;
    let html = page.as_status().render().map_err(Fault::from)?;
    Ok(if page.is_moving() { Live::New(html) } else { Live::Last(html) })
}

async fn cancel(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    load(&app, &can, id).await?;
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let has_ended = match super::cancel(&mut tx, &by, id.0).await {
        Err(ImportError::NotFound) => return Err(Problem::refused("identify-import-over")),
        done => done?,
    };
    tx.commit().await?;
    let said = if has_ended { "identify-import-cancelled" } else { "identify-import-cancelling" };
    Ok(shell.leave(&format!("/imports/{id}"), Flash::good(said)))
}

async fn undo(
    State(app): State<App>,
    can: Can<ImportContacts>,
    shell: Shell,
    Extension(tables): Extension<Tables>,
    Path(id): Path<ImportId>,
) -> Answer {
    let gone = load(&app, &can, id).await?.undo_gone_at.is_some();
    tables.learn(app.house());
    let mut tx = app.db.begin().await?;
    if gone || !store::set_state(&mut tx, id.0, &ImportState::UNDOABLE, ImportState::Undoing, None).await? {
        return Err(Problem::refused("identify-import-not-over"));
    }
    let spec = JobSpec::new(UNDO, json!({ "import_id": id.0 })).unique(format!("undo-import:{}", id.0)).by(can.actor.staff_id);
    let job = put(&mut tx, &app.bench(), spec).await?;
    store::set_job(&mut tx, id.0, job).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/imports/{id}"), Flash::good("identify-import-undoing")))
}

/// What a cause is called in the reader's language.
fn cause(shell: &Shell, code: &str, detail: &str) -> String {
    shell.l.of(&format!("identify-cause-{code}")).s("detail", shell.sight().words(detail.to_owned())).to_string()
}

async fn errors(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    load(&app, &can, id).await?;
    let mut tx = app.db.read().await?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let _ = writer.write_record([shell.l.t("identify-line").to_string(), shell.l.t("identify-cause").to_string()]);
    let mut behind = 0;
    loop {
        let lines = store::list_errors(&mut tx, id.0, behind, 5_000).await?;
        let Some(last) = lines.last() else { break };
        behind = last.0;
        for (line, code, detail) in &lines {
            let _ = writer.write_record([line.to_string(), crate::contact::pages::harmless_cell(&cause(&shell, code, detail))]);
        }
    }
    let body = writer.into_inner().unwrap_or_default();
    Ok(bulk_download("import-errors.csv", body))
}

impl MapPage {
    fn id(&self) -> ImportId {
        ImportId(self.import.id)
    }

    fn empty_hint(&self) -> String {
        let words: Vec<&str> = EMPTY_WORDS.iter().take(4).copied().collect();
        self.shell.l.of("identify-import-empty-hint").s("words", words.join(", ")).to_string()
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
    fn id(&self) -> ImportId {
        ImportId(self.import.id)
    }

    fn taken(&self) -> i64 {
        self.outcome.counts.created + self.outcome.counts.updated
    }

    fn cause(&self, code: &str, detail: &str) -> String {
        cause(&self.shell, code, detail)
    }
}

impl ShowPage {
    fn id(&self) -> ImportId {
        ImportId(self.import.id)
    }

    fn is_moving(&self) -> bool {
        matches!(self.import.state, ImportState::Waiting | ImportState::Running | ImportState::Undoing)
    }

    fn touched(&self) -> i64 {
        self.import.counts.created + self.import.counts.updated
    }

    fn is_of_companies(&self) -> bool {
        self.import.plan.subject == Subject::Company
    }

    fn undo_ask(&self) -> &'static str {
        if self.is_of_companies() { "company-import-undo-ask" } else { "identify-import-undo-ask" }
    }

    fn undo_text(&self) -> &'static str {
        if self.is_of_companies() { "company-import-undo-text" } else { "identify-import-undo-text" }
    }

    fn can_undo(&self) -> bool {
        let over = matches!(self.import.state, ImportState::Done | ImportState::Failed | ImportState::Cancelled);
        over && self.import.undo_gone_at.is_none()
    }

    /// Where the import is asked to end; empty when it cannot be asked, or was.
    fn cancel_href(&self) -> String {
        let is_going = matches!(self.import.state, ImportState::Waiting | ImportState::Running);
        if is_going && self.import.job_id.is_some() && !self.is_ending { format!("/imports/{}/cancel", self.id()) } else { String::new() }
    }

    fn cause(&self, code: &str, detail: &str) -> String {
        cause(&self.shell, code, detail)
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
