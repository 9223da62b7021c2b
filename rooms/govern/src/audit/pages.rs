//! `/settings/audit`: every change, newest first.

use askama::Template;
use attune_house::App;
use attune_record::audit::{self, AuditFilter, AuditLine};
use attune_web::{Answer, Can, Query, Shell};
use axum::extract::State;
use serde::Deserialize;

use crate::ViewAudit;

/// Lines on a page.
const PAGE: usize = 50;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    kind: String,
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<AuditLine>,
    kind: String,
    next: Option<String>,
}

/// GET /settings/audit
pub(crate) async fn list(State(app): State<App>, _: Can<ViewAudit>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let kind = Some(asked.kind.trim().to_owned()).filter(|kind| !kind.is_empty());
    let filter = AuditFilter { kind, before_id: asked.before, ..AuditFilter::default() };
    let mut lines = audit::list(&mut app.db.read().await?, &filter, 51).await?;
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    for line in &mut lines {
        line.before = line.before.take().map(|text| shell.sight().words(text));
        line.after = line.after.take().map(|text| shell.sight().words(text));
    }
    let next = lines.last().filter(|_| more).map(|last| format!("/settings/audit?kind={}&before={}", asked.kind, last.id));
    let page = ListPage { shell, lines, kind: asked.kind, next };
    Ok(page.shell.page(&page))
}
