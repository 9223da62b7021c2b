//! The block on the page of a contact or a company that says whose fields name it.

use askama::Template;
use attune_db::Tx;
use attune_house::{App, Panel, Place};
use attune_web::kit::with_query;
use attune_web::{Answer, Can, Problem, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::store;
use crate::ViewContacts;
use crate::contact::ContactId;
use crate::field::{self, Subject};
use crate::relationship::Record;
use crate::relationship::block::{Ground, On, stand};
use crate::sharing::Reach;

/// Records shown of contacts, and of companies.
const FEW: i64 = 20;

/// The routes of this block.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/contacts/{id}/named-by", get(block)).route("/companies/{id}/named-by", get(block))
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

async fn block(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, on: On) -> Answer {
    let Ground { mut tx, record, name, .. } = stand(&app, &can.scope, &shell, on).await?;
    let (lines, more) = read(&mut tx, &can.scope, &shell, record).await?;
    let page = PanelPage { record, name, lines, more, shell };
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
