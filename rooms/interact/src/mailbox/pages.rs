//! List and mail of the built-in mailbox.

use askama::Template;
use attune_courier::mailbox::{self, MailSummary, MailboxMailId, StoredMail};
use attune_house::App;
use attune_web::kit::{cut_page, with_query};
use attune_web::{Answer, Can, Path, Problem, Query, Shell, Sight};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use crate::room::ViewMailbox;
use crate::template::pages::framed;

const PAGE: u32 = 50;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mailbox", get(list)).route("/mailbox/{id}", get(mail)).route("/mailbox/{id}/html", get(html))
}

#[derive(Default, Deserialize)]
struct Filter {
    #[serde(default)]
    to: String,
    before: Option<MailboxMailId>,
}

#[derive(Template)]
#[template(path = "mailbox/list.html")]
struct ListPage {
    shell: Shell,
    mails: Vec<MailSummary>,
    to: String,
    next: Option<String>,
}

/// GET /mailbox
async fn list(_: Can<ViewMailbox>, State(app): State<App>, shell: Shell, Query(filter): Query<Filter>) -> Answer {
    let mut tx = app.db.read().await?;
    let to = filter.to.trim().to_owned();
    let mut mails = match to.is_empty() {
        true => mailbox::list(&mut tx, filter.before, PAGE + 1).await?,
        false => mailbox::list_to(&mut tx, &to, filter.before, PAGE + 1).await?,
    };
    let query = with_query("", "to", &to);
    let next =
        cut_page(&mut mails, PAGE as usize).map(|last| format!("/mailbox{}", with_query(query.trim_start_matches('?'), "before", last.id)));
    for mail in &mut mails {
        mail.rcpt_to = shell.sight().words(std::mem::take(&mut mail.rcpt_to));
        mail.subject = shell.sight().words(std::mem::take(&mut mail.subject));
    }
    let page = ListPage { shell, mails, to, next };
    Ok(page.shell.page(&page))
}

#[derive(Template)]
#[template(path = "mailbox/mail.html")]
struct MailPage {
    shell: Shell,
    mail: StoredMail,
}

async fn find(app: &App, id: MailboxMailId) -> Result<StoredMail, Problem> {
    let mut tx = app.db.read().await?;
    mailbox::find(&mut tx, id).await?.ok_or(Problem::NotFound)
}

/// The mail as whoever looks may see it. Where addresses are masked only its plain text is left, with those in it masked: its HTML and
/// headers carry them encoded, and its links are their recipient's.
fn seen(sight: &Sight, mut mail: StoredMail) -> StoredMail {
    if sight.is_full() {
        return mail;
    }
    mail.summary.rcpt_to = sight.words(mail.summary.rcpt_to);
    mail.read.subject = sight.words(mail.read.subject);
    mail.read.text = mail.read.text.map(|text| sight.words(text));
    mail.read.html = None;
    mail.read.links.clear();
    mail.read.headers.clear();
    mail
}

/// GET /mailbox/{id}
async fn mail(_: Can<ViewMailbox>, State(app): State<App>, shell: Shell, Path(id): Path<MailboxMailId>) -> Answer {
    let page = MailPage { mail: seen(&shell.sight(), find(&app, id).await?), shell };
    Ok(page.shell.page(&page))
}

/// GET /mailbox/{id}/html
async fn html(can: Can<ViewMailbox>, State(app): State<App>, Path(id): Path<MailboxMailId>) -> Answer {
    let mail = seen(&Sight::of(&can.actor), find(&app, id).await?);
    Ok(framed(with_new_tabs(&mail.read.html.ok_or(Problem::NotFound)?)))
}

/// Links of a framed mail open outside the frame.
fn with_new_tabs(html: &str) -> String {
    match html.find("<head>") {
        Some(at) => {
            let (before, after) = html.split_at(at + "<head>".len());
            format!("{before}<base target=\"_blank\">{after}")
        }
        None => format!("<base target=\"_blank\">{html}"),
    }
}
