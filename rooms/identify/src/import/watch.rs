//! `/imports/{id}`: watch the job, end it early, take the import back, save the lines that were not taken.

use std::sync::Arc;

use askama::Template;
use attune_house::App;
use attune_kernel::Fault;
use attune_web::{Answer, Can, Flash, Live, Path, Problem, Shell, live};
use axum::Router;
use axum::extract::{Extension, State};
use axum::routing::{get, post};

use super::jobs::{self, Tables};
use super::pages::load;
use super::store::{self, Import, ImportState};
use super::{ImportError, ImportId, Kind};
use crate::ImportContacts;
use crate::contact::By;
use crate::contact::pages::bulk_download;

/// The routes of an import that is on its way or over.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/imports/{id}", get(show))
        .route("/imports/{id}/stream", get(stream))
        .route("/imports/{id}/cancel", post(cancel))
        .route("/imports/{id}/undo", post(undo))
        .route("/imports/{id}/errors.csv", get(errors))
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
    let import = load(&app, &can, id).await?;
    tables.learn(app.house());
    let mut tx = app.db.begin().await?;
    if !jobs::take_back(&mut tx, &app.bench(), &can.actor, &import).await? {
        return Err(Problem::refused("identify-import-not-over"));
    }
    tx.commit().await?;
    Ok(shell.leave(&format!("/imports/{id}"), Flash::good("identify-import-undoing")))
}

/// What a cause is called in the reader's language.
pub(super) fn cause(shell: &Shell, code: &str, detail: &str) -> String {
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

impl ShowPage {
    fn id(&self) -> ImportId {
        ImportId(self.import.id)
    }

    fn is_moving(&self) -> bool {
        matches!(self.import.state, ImportState::Waiting | ImportState::Running | ImportState::Undoing)
    }

    fn touched(&self) -> i64 {
        self.import.taken(&self.import.counts)
    }

    /// Whether the list of contacts can show whom it made.
    fn made_people(&self) -> bool {
        self.import.kind() != Kind::Companies && self.import.counts.created > 0 && self.can_undo()
    }

    /// What the rows that changed something did.
    fn updated_text(&self) -> &'static str {
        if self.import.is_events { "identify-import-logged" } else { "identify-updated" }
    }

    fn created_text(&self) -> &'static str {
        if self.import.is_events { "identify-import-made" } else { "identify-created" }
    }

    fn undo_ask(&self) -> &'static str {
        match self.import.kind() {
            Kind::Contacts => "identify-import-undo-ask",
            Kind::Companies => "company-import-undo-ask",
            Kind::Events => "identify-import-undo-ask-events",
        }
    }

    fn undo_text(&self) -> &'static str {
        match self.import.kind() {
            Kind::Contacts => "identify-import-undo-text",
            Kind::Companies => "company-import-undo-text",
            Kind::Events => "identify-import-undo-text-events",
        }
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
