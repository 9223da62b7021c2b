//! The block on the page of a contact or a company that says whose fields name it.

use askama::Template;
use attune_db::Tx;
use attune_house::{App, Panel, Place};
use attune_web::kit::with_query;
use attune_web::{Answer, Can, Path, Problem, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::store;
use crate::ViewContacts;
use crate::company::CompanyId;
use crate::contact::ContactId;
use crate::field::{self, Subject};
use crate::relationship::{Record, find_end};
use crate::sharing::Reach;

/// Records shown of contacts, and of companies.
const FEW: i64 = 20;

/// The routes of this block.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/contacts/{id}/named-by", get(of_contact)).route("/companies/{id}/named-by", get(of_company))
}

/// The block on the contact page.
pub(crate) fn panel() -> Panel {
    Panel {
        key: "identify.named_by",
        title_key: "field-reference-title",
        href: |id| format!("/contacts/{}/named-by", ContactId(id)),
        order: 16,
        permission: "identify.contact.view",
        place: Place::Aside,
    }
}

/// A record whose field names this one.
struct Line {
    field: String,
    name: String,
    href: String,
}

#[derive(Template)]
#[template(path = "field/reference/panel.html", blocks = ["part"])]
struct PanelPage {
    shell: Shell,
    record: Record,
    name: String,
    lines: Vec<Line>,
    /// Field and list of all who name this one by it, where more do than are shown.
    more: Vec<(String, String)>,
}

async fn of_contact(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    panel_of(&app, &can.scope, shell, Record::Contact(id.0)).await
}

async fn of_company(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<CompanyId>) -> Answer {
    panel_of(&app, &can.scope, shell, Record::Company(id.0)).await
}

async fn panel_of(app: &App, scope: &Scope, shell: Shell, record: Record) -> Answer {
    let mut tx = app.db.read().await?;
    let end = find_end(&mut tx, scope, record).await?.ok_or(Problem::NotFound)?;
    let (lines, more) = read(&mut tx, scope, &shell, record).await?;
    let name = if end.name.is_empty() { record.to_string() } else { end.name };
    let page = PanelPage { record, name: shell.sight().text(end.whose, name), lines, more, shell };
    Ok(page.shell.show(&page, &page.as_part()))
}

/// Those one sees, and where more of them are listed: a few of contacts and a few of companies, in the order of the fields.
async fn read(tx: &mut Tx, scope: &Scope, shell: &Shell, record: Record) -> Result<(Vec<Line>, Vec<(String, String)>), Problem> {
    let target = record.contact().map_or((Subject::Company, record.company().unwrap_or_default()), |id| (Subject::Contact, id));
    let (reach, sight) = (Reach::of(tx, scope).await?, shell.sight());
    let (mut lines, mut more) = (Vec::new(), Vec::new());
    for subject in Subject::ALL {
        let mut room = FEW;
        for field in field::list_of(tx, subject).await?.iter().filter(|field| field.kind.target() == Some(target.0)) {
            for naming in store::list_naming(tx, &reach, (subject, field.id), target, room + 1).await? {
                if room == 0 {
                    more.push((field.label.clone(), all_by(subject, &field.key, record)));
                    break;
                }
                room -= 1;
                let id = super::shown_id(subject, naming.id);
                let name = if naming.name.is_empty() { id.clone() } else { sight.text(naming.whose, naming.name) };
                lines.push(Line { field: field.label.clone(), name, href: format!("{}/{id}", subject.home()) });
            }
        }
    }
    Ok((lines, more))
}

/// The list of all whose field names `record`.
fn all_by(subject: Subject, key: &str, record: Record) -> String {
    let with = url::form_urlencoded::Serializer::new(String::new()).append_pair(key, &record.to_string()).finish();
    format!("{}{}", subject.home(), with_query("", "with", with))
}
