//! Imports for programs: a file in, what it would do or does, the lines that were not taken, ending it early, taking it back.

use attune_house::App;
use attune_web::{Answer, Can, Json, Path, Problem, Query, Sight};
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::jobs::{self, Tables};
use super::pages::load;
use super::plan::{MapFile, Plan};
use super::run::planned;
use super::source::Source;
use super::store::{self, Import, ImportState};
use super::{Counts, ImportError, ImportId, Kind, Outcome, upload};
use crate::ImportContacts;
use crate::contact::By;

/// Imports, and lines that were not taken, in one answer.
const PAGE: i64 = 200;

/// The routes of this noun for programs.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/imports", get(index).post(create))
        .route("/api/v1/imports/{id}", get(show))
        .route("/api/v1/imports/{id}/errors", get(errors))
        .route("/api/v1/imports/{id}/start", post(start))
        .route("/api/v1/imports/{id}/cancel", post(cancel))
        .route("/api/v1/imports/{id}/undo", post(undo))
}

fn counts_of(counts: &Counts) -> Any {
    serde_json::to_value(counts).unwrap_or_default()
}

fn shown(import: &Import) -> Any {
    let columns = import.plan.columns.iter().map(|column| (column.column.clone(), Any::from(column.to.text())));
    json!({
        "id": ImportId(import.id),
        "kind": import.kind().word(),
        "state": import.state.word(),
        "file": import.file_name,
        "bytes": import.file_bytes,
        "total_rows": import.total_rows,
        "key": import.plan.key,
        "columns": columns.collect::<serde_json::Map<_, _>>(),
        "events": import.plan.events,
        "counts": counts_of(&import.counts),
        "error": import.error,
        "created_at": import.created_at,
        "finished_at": import.finished_at,
    })
}

async fn index(State(app): State<App>, can: Can<ImportContacts>) -> Answer {
    let all = store::list_recent(&mut app.db.read().await?, PAGE).await?;
    let own = all.iter().filter(|import| can.scope.covers(Some(import.staff_id), None));
    Ok(Json(json!({ "items": own.map(shown).collect::<Vec<_>>() })).into_response())
}

async fn show(State(app): State<App>, can: Can<ImportContacts>, Path(id): Path<ImportId>) -> Answer {
    Ok(Json(shown(&load(&app, &can, id).await?)).into_response())
}

/// How a file is to be read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// `contacts`, `companies` or `events`.
    kind: String,
    /// What the file is called; an Excel workbook is known by its bytes.
    name: String,
    /// The column records are known by.
    key: String,
    /// A mapping file, as the command line takes it.
    map: String,
    create_missing: bool,
    dry_run: bool,
}

/// Takes the body as a file, a piece at a time, and reads it, or says what reading it would do and waits for its start.
async fn create(State(app): State<App>, can: Can<ImportContacts>, Query(asked): Query<Asked>, body: Body) -> Answer {
    let kind = Kind::of(&asked.kind).ok_or_else(|| Problem::Unreadable("kind is contacts, companies or events".to_owned()))?;
    let map = match asked.map.as_str() {
        "" => None,
        text => Some(MapFile::parse(text).map_err(ImportError::from)?),
    };
    let (id, size) = upload::store_bytes(&app, body.into_data_stream()).await?;
    let key = Some(asked.key.as_str()).filter(|key| !key.is_empty());
    let (profile, plan) = match planned(&app.db, &Source::Stored(app.db.clone(), id), kind, (map.as_ref(), key)).await {
        Ok(found) => found,
        Err(error) => {
            upload::forget(&app, id).await?;
            return Err(error.into());
        }
    };
    let plan = if kind == Kind::Events { Plan { only_known: !asked.create_missing, ..plan } } else { plan };
    let name = asked.name.chars().take(200).collect();
    let draft = upload::draft(&app, &can.actor, (id, name, size), (kind, plan), profile.rows);
    begin(&app, &can, draft, asked.dry_run).await
}

async fn begin(app: &App, can: &Can<ImportContacts>, draft: Import, dry_run: bool) -> Answer {
    let mut tx = app.db.begin().await?;
    store::insert(&mut tx, &draft).await?;
    if !dry_run {
        jobs::begin(&mut tx, &app.bench(), &can.actor, draft.id).await?;
    }
    tx.commit().await?;
    let mut answer = shown(&load(app, can, ImportId(draft.id)).await?);
    if dry_run {
        let outcome = super::preview(&app.bench(), &can.actor, &draft).await?;
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("counts".to_owned(), counts_of(&outcome.counts));
            answer.insert("errors".to_owned(), refused(&Sight::of(&can.actor), &outcome));
        }
    }
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

fn refused(sight: &Sight, outcome: &Outcome) -> Any {
    let line = |error: &super::RowError| json!({ "line": error.line, "cause": error.cause, "detail": sight.words(error.detail.clone()) });
    outcome.errors.iter().map(line).collect()
}

/// Behind which line to go on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Behind {
    after: i64,
}

async fn errors(State(app): State<App>, can: Can<ImportContacts>, Path(id): Path<ImportId>, Query(query): Query<Behind>) -> Answer {
    load(&app, &can, id).await?;
    let lines = store::list_errors(&mut app.db.read().await?, id.0, query.after, PAGE).await?;
    let sight = Sight::of(&can.actor);
    let next = lines.last().map(|line| line.0).filter(|_| i64::try_from(lines.len()) == Ok(PAGE));
    let line = |(line, cause, detail): (i64, String, String)| json!({ "line": line, "cause": cause, "detail": sight.words(detail) });
    Ok(Json(json!({ "items": lines.into_iter().map(line).collect::<Vec<_>>(), "next": next })).into_response())
}

/// The import as it stands now, while work goes on.
async fn under_way(app: &App, can: &Can<ImportContacts>, id: ImportId) -> Answer {
    Ok((StatusCode::ACCEPTED, Json(shown(&load(app, can, id).await?))).into_response())
}

async fn start(State(app): State<App>, can: Can<ImportContacts>, Path(id): Path<ImportId>) -> Answer {
    let import = load(&app, &can, id).await?;
    let mut tx = app.db.begin().await?;
    if import.state != ImportState::Draft || !jobs::begin(&mut tx, &app.bench(), &can.actor, id.0).await? {
        return Err(Problem::refused("identify-import-started"));
    }
    tx.commit().await?;
    under_way(&app, &can, id).await
}

async fn cancel(State(app): State<App>, can: Can<ImportContacts>, Path(id): Path<ImportId>) -> Answer {
    load(&app, &can, id).await?;
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    match super::cancel(&mut tx, &by, id.0).await {
        Err(ImportError::NotFound) => return Err(Problem::refused("identify-import-over")),
        done => done?,
    };
    tx.commit().await?;
    under_way(&app, &can, id).await
}

async fn undo(State(app): State<App>, can: Can<ImportContacts>, Extension(tables): Extension<Tables>, Path(id): Path<ImportId>) -> Answer {
    let import = load(&app, &can, id).await?;
    tables.learn(app.house());
    let mut tx = app.db.begin().await?;
    if !jobs::take_back(&mut tx, &app.bench(), &can.actor, &import).await? {
        return Err(Problem::refused("identify-import-not-over"));
    }
    tx.commit().await?;
    under_way(&app, &can, id).await
}
