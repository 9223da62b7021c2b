//! The page that takes an access log, the job that replays it, and the page that says what was found.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use askama::Template;
use attune_house::App;
use attune_jobs::{BoxFuture, Job, JobContext, JobDef, JobSpec, JobState, Run, Verdict, cancel, find, list_recent, put};
use attune_kernel::{Fault, id_type};
use attune_web::{Answer, Can, Flash, FormErrors, Grant, Path, PermissionDef, Problem, Shell, permission, see_other};
use axum::Router;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use super::{Report, run};

permission!(ReplayLogs, "identify.log.replay");

id_type!(
    /// The id of a replay: that of its job.
    ReplayId,
    "rep"
);

const KIND: &str = "identify.replay_log";
/// Largest upload in bytes.
const MAX_UPLOAD: usize = 1024 * 1024 * 1024;
/// How often a running replay tells how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// The permissions of this noun.
pub fn permissions() -> Vec<PermissionDef> {
    vec![PermissionDef {
        key: "identify.log.replay",
        label_key: "replay-permission",
        admin: Grant::All,
        manager: Grant::None,
        agent: Grant::None,
    }]
}

/// The routes of this noun.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/visitors/replay", get(form).post(upload))
        .route("/visitors/replay/{id}", get(show))
        .route("/visitors/replay/{id}/stop", post(stop))
        .layer(DefaultBodyLimit::max(MAX_UPLOAD))
}

/// The job of this noun.
pub fn jobs() -> Vec<JobDef> {
    vec![JobDef { kind: KIND, max_attempts: 5, run: Arc::new(ReplayJob) }]
}

/// What the job is given.
#[derive(Debug, Deserialize, Serialize)]
struct Payload {
    path: PathBuf,
    name: String,
}

struct ReplayJob;

impl Run for ReplayJob {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Payload { path, .. } = serde_json::from_str(payload)?;
            let Ok(file) = std::fs::File::open(&path) else {
                return Ok(Verdict::GiveUp(format!("{} is not on this machine", path.display())));
            };
            replay_file(context, &path, file).await
        })
    }
}

/// Replays beside a watch that tells how far it is: the two must not wait for each other inside a transaction.
async fn replay_file(context: &JobContext, path: &FilePath, file: std::fs::File) -> Result<Verdict, Fault> {
    let (lines, stop) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let (bench, told, asked) = (context.bench.clone(), lines.clone(), stop.clone());
    let mut work = tokio::spawn(async move {
        run(&bench, file, |report| {
            told.store(report.lines, Ordering::Relaxed);
            !asked.load(Ordering::Relaxed)
        })
        .await
    });
    let report = loop {
        tokio::select! {
            done = &mut work => break done??,
            () = tokio::time::sleep(TELL_EVERY) => {
                if context.progress(lines.load(Ordering::Relaxed), None).await? || context.stop.is_cancelled() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
    };
    if context.stop.is_cancelled() {
        return Ok(Verdict::Retry(0, "the server is stopping; what was replayed is kept".to_owned()));
    }
    // The work is done and on record: a file that cannot be removed is only litter.
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, path = %path.display(), "a replayed log was not removed");
    }
    let result = Some(serde_json::to_value(&report)?);
    Ok(if stop.load(Ordering::Relaxed) { Verdict::Cancelled(result) } else { Verdict::Done(result) })
}

#[derive(Template)]
#[template(path = "replay/form.html", blocks = ["form"])]
struct FormPage {
    shell: Shell,
    errors: FormErrors,
    recent: Vec<Line>,
}

/// A replay in the list.
struct Line {
    id: ReplayId,
    name: String,
    state: &'static str,
    at: i64,
    report: Report,
}

impl Line {
    fn new(job: &Job) -> Self {
        let name = serde_json::from_str::<Payload>(&job.payload).map(|payload| payload.name).unwrap_or_default();
        let mut report: Report = job.result.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        if !job.state.is_over() {
            report.lines = job.done_count;
        }
        Self { id: ReplayId(job.id), name, state: job.state.word(), at: job.created_at, report }
    }

    fn state_key(&self) -> String {
        format!("replay-state-{}", self.state)
    }

    fn stop_href(&self) -> String {
        format!("/visitors/replay/{}/stop", self.id)
    }
}

#[derive(Template)]
#[template(path = "replay/show.html", blocks = ["state"])]
struct ShowPage {
    shell: Shell,
    line: Line,
    running: bool,
    failed: String,
    malformed: Vec<(i64, String)>,
    people_href: String,
    machines_href: String,
}

async fn form(State(app): State<App>, _can: Can<ReplayLogs>, shell: Shell) -> Answer {
    let page = form_page(&app, shell, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn form_page(app: &App, shell: Shell, errors: FormErrors) -> Result<FormPage, Problem> {
    let mut tx = app.db.read().await?;
    let recent = list_recent(&mut tx, KIND, 20).await?.iter().map(Line::new).collect();
    Ok(FormPage { shell, errors, recent })
}

async fn upload(State(app): State<App>, can: Can<ReplayLogs>, shell: Shell, mut parts: Multipart) -> Answer {
    let unreadable = |e: axum::extract::multipart::MultipartError| Problem::Unreadable(e.body_text());
    while let Some(field) = parts.next_field().await.map_err(unreadable)? {
        let name = field.file_name().unwrap_or_default().chars().take(200).collect::<String>();
        if field.name() != Some("file") || name.is_empty() {
            continue;
        }
        let path = keep(&app, field).await?;
        let mut tx = app.db.begin().await?;
        let payload = serde_json::to_value(Payload { path, name }).map_err(Fault::from)?;
        let id = put(&mut tx, &app.bench(), JobSpec::new(KIND, payload).by(can.actor.staff_id)).await?;
        tx.commit().await?;
        return Ok(see_other(&format!("/visitors/replay/{}", ReplayId(id))));
    }
    let mut errors = FormErrors::new();
    errors.add("file", "web-required");
    let page = form_page(&app, shell, errors).await?;
    Ok(page.shell.again(&page, &page.as_form()))
}

/// Writes the upload to a file the job can read, also after a restart.
async fn keep(app: &App, mut field: Field<'_>) -> Result<PathBuf, Problem> {
    let folder = app.db.file().and_then(|file| file.parent().map(FilePath::to_path_buf)).unwrap_or_else(std::env::temp_dir).join("uploads");
    let path = folder.join(format!("{}.log", ReplayId(app.ids.next())));
    let failed = |e: std::io::Error| Problem::Fault(Fault::from(e).context("the upload could not be kept"));
    tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
    let mut file = tokio::fs::File::create(&path).await.map_err(failed)?;
    loop {
        match field.chunk().await {
            Ok(Some(chunk)) => file.write_all(&chunk).await.map_err(failed)?,
            Ok(None) => break,
            Err(error) => {
                // Half a file is of no use to anybody.
                let _ = tokio::fs::remove_file(&path).await;
                return Err(Problem::Unreadable(error.body_text()));
            }
        }
    }
    file.flush().await.map_err(failed)?;
    Ok(path)
}

async fn show(State(app): State<App>, _can: Can<ReplayLogs>, shell: Shell, Path(id): Path<ReplayId>) -> Answer {
    let mut tx = app.db.read().await?;
    let job = find(&mut tx, id.0).await?.filter(|job| job.kind == KIND).ok_or(Problem::NotFound)?;
    let line = Line::new(&job);
    let href = |show: &str| match line.report.span {
        Some((first, last)) => format!("/visitors?show={show}&from={}&to={}", shell.l.date_value(first), shell.l.date_value(last)),
        None => format!("/visitors?show={show}"),
    };
    let malformed =
        line.report.listed.iter().map(|(number, code)| (*number, shell.l.t(&format!("replay-cause-{code}")).to_string())).collect();
    let failed = if job.state == JobState::Failed { job.last_error.clone().unwrap_or_default() } else { String::new() };
    let (people_href, machines_href) = (href("people"), href("machines"));
    let page = ShowPage { running: !job.state.is_over(), failed, malformed, people_href, machines_href, line, shell };
    Ok(page.shell.show(&page, &page.as_state()))
}

async fn stop(State(app): State<App>, _can: Can<ReplayLogs>, shell: Shell, Path(id): Path<ReplayId>) -> Answer {
    let mut tx = app.db.begin().await?;
    find(&mut tx, id.0).await?.filter(|job| job.kind == KIND).ok_or(Problem::NotFound)?;
    cancel(&mut tx, id.0, app.clock.now()).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/visitors/replay/{id}"), Flash::good("replay-stopping")))
}
