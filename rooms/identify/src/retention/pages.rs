//! `/settings/retention`: the limits, what would go today, the run, and the receipts.

use std::collections::HashMap;

use askama::Template;
use attune_house::{App, StorageClass};
use attune_jobs::{Job, JobSpec, JobState, cancel, find, list_recent, put};
use attune_web::kit::cut_page;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Lang, NavItem, Path, PermissionDef, Problem, Query, Shell, permission};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use serde_json::json;

use super::class::MOST_DAYS;
use super::jobs::{KIND, ONE_AT_A_TIME, Wanted, close};
use super::{Line, Rule, Run, RunId, check, preview, quiet, rules, set, store};
use crate::contact::By;
use crate::import::jobs::Tables;

permission!(SetRetention, "identify.retention");

const HOME: &str = "/settings/retention";
/// Runs on a page.
const PAGE: usize = 20;

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    vec![PermissionDef { key: "identify.retention", label_key: "retention-permission", admin: All, manager: None, agent: None }]
}

/// The entry beside the settings.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "retention-title", HOME, "calendar-x", 48, "identify.retention").among_settings()
}

/// The routes of this noun.
pub(crate) fn routes(tables: &Tables) -> Router<App> {
    Router::new()
        .route(HOME, get(page).post(save))
        .route("/settings/retention/preview", get(show_preview))
        .route("/settings/retention/run", post(run))
        .route("/settings/retention/stop", post(stop))
        .route("/settings/retention/runs/{id}", get(receipt))
        .merge(super::hold_pages::routes())
        .layer(Extension(tables.clone()))
}

/// A class on the page.
struct Entry {
    class: StorageClass,
    /// The limit as typed or set; empty: for ever.
    days: String,
}

impl Entry {
    fn label(&self, l: &Lang) -> String {
        l.t(self.class.label_key).to_string()
    }

    fn hint(&self, l: &Lang) -> String {
        l.t(self.class.hint_key).to_string()
    }
}

/// What would go of a class today.
struct Going {
    what: String,
    until: i64,
    rows: i64,
    oldest: Option<i64>,
}

/// The run that goes on.
struct Moving {
    /// Rows so far; how many there are nobody has counted.
    done: i64,
}

#[derive(Template)]
#[template(path = "retention/page.html", blocks = ["form", "going", "state"])]
struct RetentionPage {
    shell: Shell,
    entries: Vec<Entry>,
    /// `None`: not counted yet.
    going: Option<Vec<Going>>,
    moving: Option<Moving>,
    /// Why the last run failed; may be empty.
    failed: String,
    runs: Vec<Run>,
    next: Option<String>,
    errors: FormErrors,
}

impl RetentionPage {
    fn most(&self) -> i64 {
        MOST_DAYS
    }

    /// Where the page looks while a run goes on.
    fn is_moving(&self) -> bool {
        self.moving.is_some()
    }
}

/// Where the list of runs begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PageQuery {
    before: Option<RunId>,
}

async fn read(app: &App, shell: Shell, query: &PageQuery) -> Result<RetentionPage, Problem> {
    let mut tx = app.db.read().await?;
    let set = rules(&mut tx, &app.house().storage).await?;
    let shown = |rule: &Rule| if rule.days > 0 { rule.days.to_string() } else { String::new() };
    let entries = set.iter().map(|rule| Entry { class: rule.class, days: shown(rule) }).collect();
    let last: Option<Job> = list_recent(&mut tx, KIND, 1).await?.into_iter().next();
    let moving = last.as_ref().filter(|job| !job.state.is_over());
    let moving = moving.map(|job| Moving { done: job.done_count });
    let failed = last.filter(|job| job.state == JobState::Failed).and_then(|job| job.last_error).unwrap_or_default();
    let mut runs = store::list(&mut tx, query.before.map_or(i64::MAX, |id| id.0), PAGE as i64 + 1).await?;
    let next = cut_page(&mut runs, PAGE).map(|last| format!("{HOME}?before={}", last.id));
    Ok(RetentionPage { entries, going: None, moving, failed, runs, next, errors: FormErrors::new(), shell })
}

async fn count(app: &App, shell: &Shell, rules: &[Rule]) -> Result<Vec<Going>, Problem> {
    let (mut tx, quiet) = (app.db.read().await?, quiet(&app.house().catalogue));
    let mut going = Vec::new();
    for rule in rules.iter().filter(|rule| rule.days > 0) {
        let (rows, oldest) = preview(&mut tx, rule, shell.now, &quiet).await?;
        let what = shell.l.t(rule.class.label_key).to_string();
        going.push(Going { what, until: rule.until(shell.now), rows, oldest });
    }
    Ok(going)
}

async fn page(State(app): State<App>, _: Can<SetRetention>, shell: Shell, Query(query): Query<PageQuery>) -> Answer {
    let page = read(&app, shell, &query).await?;
    Ok(page.shell.show(&page, &page.as_state()))
}

async fn show_preview(State(app): State<App>, _: Can<SetRetention>, shell: Shell, Query(typed): Query<HashMap<String, String>>) -> Answer {
    let mut page = read(&app, shell, &PageQuery::default()).await?;
    match check(&app.house().storage, &typed) {
        Ok(wanted) => page.going = Some(count(&app, &page.shell, &wanted).await?),
        Err(errors) => page.errors = errors,
    }
    fill(&mut page.entries, &typed);
    Ok(page.shell.show(&page, &page.as_going()))
}

fn fill(entries: &mut [Entry], typed: &HashMap<String, String>) {
    for entry in entries {
        entry.days = typed.get(entry.class.key).cloned().unwrap_or_default();
    }
}

async fn save(State(app): State<App>, can: Can<SetRetention>, shell: Shell, Form(typed): Form<HashMap<String, String>>) -> Answer {
    let wanted = match check(&app.house().storage, &typed) {
        Ok(wanted) => wanted,
        Err(errors) => {
            let mut page = RetentionPage { errors, ..read(&app, shell, &PageQuery::default()).await? };
            fill(&mut page.entries, &typed);
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    set(&mut tx, &by, &wanted).await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("retention-saved")))
}

async fn run(State(app): State<App>, can: Can<SetRetention>, shell: Shell, Extension(tables): Extension<Tables>) -> Answer {
    tables.learn(app.house());
    let mut tx = app.db.begin().await?;
    if rules(&mut tx, &app.house().storage).await?.iter().all(|rule| rule.days == 0) {
        return Err(Problem::refused("retention-no-limit"));
    }
    put(
        &mut tx,
        &app.bench(),
        JobSpec::new(KIND, json!(Wanted { by: can.actor.name.clone() })).unique(ONE_AT_A_TIME).by(can.actor.staff_id),
    )
    .await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("retention-started")))
}

async fn stop(State(app): State<App>, _: Can<SetRetention>, shell: Shell) -> Answer {
    let mut tx = app.db.begin().await?;
    for job in list_recent(&mut tx, KIND, 1).await?.iter().filter(|job| !job.state.is_over()) {
        cancel(&mut tx, job.id, app.clock.now()).await?;
        // One that only waited to go on never comes to it; the others close their runs themselves.
        let over = find(&mut tx, job.id).await?.is_some_and(|job| job.state.is_over());
        if over && let Some(mut run) = store::find_by_job(&mut tx, job.id).await? {
            close(&mut tx, &app.bench(), &mut run, "cancelled").await?;
        }
    }
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("retention-stopping")))
}

#[derive(Template)]
#[template(path = "retention/receipt.html")]
struct ReceiptPage {
    shell: Shell,
    run: Run,
    /// The classes of every room.
    classes: Vec<StorageClass>,
}

impl ReceiptPage {
    fn what(&self, line: &Line) -> String {
        let known = self.classes.iter().find(|class| class.key == line.class);
        known.map_or_else(|| line.class.clone(), |class| self.shell.l.t(class.label_key).to_string())
    }
}

async fn receipt(State(app): State<App>, _: Can<SetRetention>, shell: Shell, Path(id): Path<RunId>) -> Answer {
    let run = store::find(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    let page = ReceiptPage { run, shell, classes: app.house().storage.clone() };
    Ok(page.shell.page(&page))
}
