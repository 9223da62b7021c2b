//! `/imports`: choose a file, confirm the mapping, look at the dry run, watch the job, take it back.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_jobs::{JobSpec, put};
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, Path, Problem, Shell};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::json;

use super::jobs::{READ, Tables, UNDO};
use super::lines::Lines;
use super::plan::{ATTRIBUTES, Plan, Target};
use super::source::Source;
use super::store::{self, Import, ImportState};
use super::{EMPTY_WORDS, ImportId, Outcome, upload};
use crate::ImportContacts;
use crate::contact::pages::bulk_download;
use crate::field::FieldKind;

/// The routes of this noun.
pub(crate) fn routes(tables: Tables) -> Router<App> {
    Router::new()
        .route("/imports", get(list).post(receive).layer(DefaultBodyLimit::max(upload::LARGEST)))
        .route("/imports/new", get(new))
        .route("/imports/{id}", get(show))
        .route("/imports/{id}/progress", get(progress))
        .route("/imports/{id}/map", get(map).post(save_map))
        .route("/imports/{id}/check", get(check))
        .route("/imports/{id}/start", post(start))
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
#[template(path = "import/new.html")]
struct NewPage {
    shell: Shell,
}

async fn new(_can: Can<ImportContacts>, shell: Shell) -> Answer {
    let page = NewPage { shell };
    Ok(page.shell.page(&page))
}

async fn receive(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, form: Multipart) -> Answer {
    match upload::keep(&app, &can.actor, form).await {
        Ok(Some(id)) => Ok(attune_web::see_other(&format!("/imports/{}/map", ImportId(id)))),
        Ok(None) => Ok(shell.leave("/imports/new", Flash::bad("identify-import-no-file"))),
        Err(Problem::Domain { .. }) => Ok(shell.leave("/imports/new", Flash::bad("identify-import-not-a-table"))),
        Err(problem) => Err(problem),
    }
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
}

/// A draft of one's own making, or anybody's import for whoever may see all contacts.
async fn draft(app: &App, can: &Can<ImportContacts>, id: ImportId) -> Result<Import, Problem> {
    let import = load(app, can, id).await?;
    if import.state == ImportState::Draft { Ok(import) } else { Err(Problem::refused("identify-import-started")) }
}

async fn load(app: &App, can: &Can<ImportContacts>, id: ImportId) -> Result<Import, Problem> {
    let import = store::find(&mut app.db.read().await?, id.0).await?.ok_or(Problem::NotFound)?;
    can.check(Some(import.staff_id), None)?;
    Ok(import)
}

async fn head(app: &App, import: &Import) -> Result<Vec<Vec<String>>, Problem> {
    let source = Source::Stored(app.db.clone(), import.id);
    let lines = Lines::open(&source, &import.plan)?.next().await?.unwrap_or_default();
    let text = |line: super::rows::Line| line.values.ok().map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>());
    Ok(lines.into_iter().filter_map(text).collect())
}

fn samples(plan: &Plan, head: &[Vec<String>], index: usize) -> String {
    let mut found: Vec<&str> = Vec::new();
    for value in head.iter().filter_map(|row| row.get(index)).map(|v| v.trim()) {
        if found.len() < 3 && !plan.is_empty_word(value) && !found.contains(&value) {
            found.push(value);
        }
    }
    found.join(" · ").chars().take(120).collect()
}

fn targets(shell: &Shell) -> Vec<Choice> {
    let mut all = vec![Choice::new("-", shell.l.t("identify-map-skip"))];
    all.extend(ATTRIBUTES.iter().map(|key| Choice::new(key, shell.l.t(&format!("identify-map-{key}")))));
    let field = |kind: FieldKind| {
        Choice::new(format!("field:{}", kind.word()), shell.l.of("identify-map-field").s("kind", shell.l.t(kind.label_key())))
    };
    all.extend(FieldKind::ALL.into_iter().map(field));
    all
}

async fn map(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    let import = draft(&app, &can, id).await?;
    let head = head(&app, &import).await?;
    let plan = &import.plan;
    let line = |(index, c): (usize, &super::ColumnPlan)| MapLine {
        index,
        column: c.column.clone(),
        samples: samples(plan, &head, index),
        to: c.to.text(),
        is_guess: matches!(c.to, Target::Attribute { .. }),
    };
    let lines = plan.columns.iter().enumerate().map(line).collect();
    let keys = plan.columns.iter().map(|c| Choice::new(&c.column, &c.column)).collect();
    let empty = if plan.empty_words.is_empty() { String::new() } else { plan.empty_words.join("\n") };
    let (targets, key) = (targets(&shell), plan.key.clone().unwrap_or_default());
    let page = MapPage { lines, keys, key, empty, targets, import, shell };
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
    let plan = match read_map(import.plan, &form) {
        Ok(plan) => plan,
        Err(_) => return Ok(shell.leave(&format!("/imports/{id}/map"), Flash::bad("identify-import-map-wrong"))),
    };
    let mut tx = app.db.begin().await?;
    store::set_plan(&mut tx, id.0, &plan, import.total_rows.unwrap_or(0)).await?;
    tx.commit().await?;
    Ok(attune_web::see_other(&format!("/imports/{id}/check")))
}

fn read_map(mut plan: Plan, form: &HashMap<String, String>) -> Result<Plan, super::PlanError> {
    for (index, column) in plan.columns.iter_mut().enumerate() {
        let Some(chosen) = form.get(&format!("to_{index}")) else { continue };
        // A field keeps the key the guess gave it, unless its kind was changed.
        if column.to.text() != *chosen {
            column.to = Target::parse(chosen, &column.column)?;
        }
    }
    let words = form.get("empty").map_or("", String::as_str).lines().map(str::trim).filter(|w| !w.is_empty());
    plan.empty_words = words.take(100).map(str::to_owned).collect();
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
}

async fn show_page(app: &App, can: &Can<ImportContacts>, shell: Shell, id: ImportId) -> Result<ShowPage, Problem> {
    let import = load(app, can, id).await?;
    let errors = store::list_errors(&mut app.db.read().await?, id.0, 0, 20).await?;
    Ok(ShowPage { errors, import, shell })
}

async fn show(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    let page = show_page(&app, &can, shell, id).await?;
    if page.import.state == ImportState::Draft {
        return Ok(attune_web::see_other(&format!("/imports/{id}/map")));
    }
    Ok(page.shell.page(&page))
}

/// The part of the page that changes while the job runs.
async fn progress(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    let page = show_page(&app, &can, shell, id).await?;
    Ok(page.shell.fragment(&page.as_status()))
}

async fn undo(
    State(app): State<App>,
    can: Can<ImportContacts>,
    shell: Shell,
    Extension(tables): Extension<Tables>,
    Path(id): Path<ImportId>,
) -> Answer {
    load(&app, &can, id).await?;
    tables.learn(&app.house().contact_tables);
    let mut tx = app.db.begin().await?;
    let from = [ImportState::Done, ImportState::Failed, ImportState::Undoing];
    if !store::set_state(&mut tx, id.0, &from, ImportState::Undoing, None).await? {
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
    shell.l.of(&format!("identify-cause-{code}")).s("detail", detail).to_string()
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

    fn usual_words(&self) -> String {
        EMPTY_WORDS.iter().take(4).copied().collect::<Vec<_>>().join(", ")
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

    fn can_undo(&self) -> bool {
        matches!(self.import.state, ImportState::Done | ImportState::Failed)
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
        ImportState::Running | ImportState::Waiting | ImportState::Undoing => "accent",
        ImportState::Draft | ImportState::Undone => "",
    }
}
