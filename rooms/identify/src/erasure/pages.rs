//! The page that asks before somebody is erased, the receipt that can be printed, and the list of receipts.

use askama::Template;
use attune_house::App;
use attune_web::kit::cut_page;
use attune_web::{Answer, Can, Flash, Lang, Path, PermissionDef, Problem, Query, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::{Count, ErasureId, Receipt, Traces, erase_person, find, preview, store};
use crate::contact::{By, ContactId};
use crate::retention::hold::{self, Hold};

permission!(EraseContacts, "identify.contact.erase");

const PAGE: usize = 50;

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    vec![PermissionDef { key: "identify.contact.erase", label_key: "erasure-permission", admin: All, manager: None, agent: None }]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/{id}/erase", get(ask).post(erase))
        .route("/contacts/erased", get(list))
        .route("/contacts/erased/{id}", get(receipt))
}

/// The address of a receipt.
pub(crate) fn address(id: ErasureId) -> String {
    format!("/contacts/erased/{id}")
}

/// A table in words, with how many rows.
struct Line {
    what: String,
    rows: String,
    kept: bool,
}

fn lines(l: &Lang, counts: &[Count]) -> Vec<Line> {
    let line = |count: &Count| Line {
        what: l.t(&format!("erased-{}", count.table)).to_string(),
        rows: l.count(count.rows).to_string(),
        kept: count.kept > 0,
    };
    counts.iter().map(line).collect()
}

#[derive(Template)]
#[template(path = "erasure/ask.html")]
struct AskPage {
    shell: Shell,
    id: ContactId,
    contact_href: String,
    name: String,
    merged: i64,
    /// Why nothing of the person may go; empty when nobody decided so.
    held: Vec<Hold>,
    lines: Vec<Line>,
}

/// What stands behind every address of this noun that changes something.
pub(super) fn traces(app: &App) -> Traces<'_> {
    Traces { tables: &app.house().contact_tables, erasers: &app.house().erasers }
}

async fn ask(State(app): State<App>, can: Can<EraseContacts>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.read().await?;
    let (person, counts, records) = preview(&mut tx, &can.scope, traces(&app).tables, id.0).await?;
    let held = hold::list(&mut tx, id.0).await?;
    let masks = [&person.email, &person.phone].map(|address| address.as_deref().map(attune_kernel::mask));
    let name = std::iter::once(Some(person.name)).chain(masks).flatten().find(|label| !label.is_empty());
    let name = name.unwrap_or_else(|| shell.l.of("identify-nameless").s("id", id).to_string());
    let merged = i64::try_from(records - 1).unwrap_or(0);
    let page = AskPage { id, contact_href: format!("/contacts/{id}"), name, merged, held, lines: lines(&shell.l, &counts), shell };
    Ok(page.shell.page(&page))
}

async fn erase(State(app): State<App>, can: Can<EraseContacts>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let number = erase_person(&mut tx, &by, &app.bench(), &can.scope, traces(&app), id.0).await?;
    tx.commit().await?;
    Ok(shell.leave(&address(number), Flash::good("erasure-done")))
}

#[derive(Template)]
#[template(path = "erasure/receipt.html")]
struct ReceiptPage {
    shell: Shell,
    receipt: Receipt,
    lines: Vec<Line>,
}

async fn receipt(State(app): State<App>, _: Can<EraseContacts>, shell: Shell, Path(id): Path<ErasureId>) -> Answer {
    let receipt = find(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    let page = ReceiptPage { lines: lines(&shell.l, &receipt.counts), receipt, shell };
    Ok(page.shell.page(&page))
}

/// The place in the list.
#[derive(Clone, Debug, Default, Deserialize)]
struct ListQuery {
    before: Option<ErasureId>,
}

#[derive(Template)]
#[template(path = "erasure/list.html")]
struct ListPage {
    shell: Shell,
    receipts: Vec<Receipt>,
    next: Option<String>,
}

async fn list(State(app): State<App>, _: Can<EraseContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let before = query.before.map_or(i64::MAX, |id| id.0);
    let mut receipts = store::list(&mut app.db.read().await?, before, PAGE as i64 + 1).await?;
    let next = cut_page(&mut receipts, PAGE).map(|last| format!("/contacts/erased?before={}", last.id));
    let page = ListPage { shell, receipts, next };
    Ok(page.shell.page(&page))
}
