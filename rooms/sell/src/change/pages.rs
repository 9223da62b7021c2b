//! The people behind a figure of "since yesterday".

use askama::Template;
use attune_house::App;
use attune_identify::contact::ContactId;
use attune_kernel::DAY_US;
use attune_web::kit::cut_page;
use attune_web::{Answer, Can, Problem, Query, Shell};
use axum::extract::State;
use serde::Deserialize;

use super::{Changed, TOLD};
use crate::task::pages::day_end;
use crate::{ViewToday, people};

const PAGE: usize = 50;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    name: String,
    after: String,
}

#[derive(Template)]
#[template(path = "change/list.html")]
struct ListPage {
    shell: Shell,
    title: String,
    rows: Vec<Changed>,
    next: Option<String>,
}

/// GET /today/changes
pub(crate) async fn list(State(app): State<App>, can: Can<ViewToday>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let scope = people::contact_scope(&can.actor).ok_or(Problem::NotFound)?;
    let name = TOLD.into_iter().find(|name| *name == asked.name).ok_or(Problem::NotFound)?;
    let after = asked.after.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse::<ContactId>().ok()?.0)));
    let since_at = day_end(&shell) - 2 * DAY_US;
    let mut tx = app.db.read().await?;
    let mut rows = super::list(&mut tx, &scope, name, since_at, after, i64::try_from(PAGE + 1).unwrap_or(51)).await?;
    let next = cut_page(&mut rows, PAGE).map(|last| format!("/today/changes?name={name}&after={}.{}", last.at, ContactId(last.contact_id)));
    let title = shell.l.t(title_key(name)).to_string();
    let page = ListPage { shell, title, rows, next };
    Ok(page.shell.page(&page))
}

fn title_key(name: &str) -> &'static str {
    match name {
        "lead.handed_over" => "today-list-handed-over",
        "purchase.made" => "today-list-purchase",
        "form.submitted" => "today-list-form",
        "mail.clicked" => "today-list-clicked",
        "mail.opened" => "today-list-opened",
        "visitor.identified" => "today-list-identified",
        "lead.rejected" => "today-list-rejected",
        "mail.unsubscribed" => "today-list-unsubscribed",
        _ => "today-list-owner",
    }
}
