//! The block on the page of a contact or a company that says whose fields name it.

use std::collections::BTreeMap;

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
use crate::field::Subject;
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

/// Those one sees, and where more of them are listed.
async fn read(tx: &mut Tx, scope: &Scope, shell: &Shell, record: Record) -> Result<(Vec<Line>, Vec<(String, String)>), Problem> {
    let target = record.contact().or_else(|| record.company()).unwrap_or_default();
    let (reach, sight) = (Reach::of(tx, scope).await?, shell.sight());
    let (mut lines, mut more) = (Vec::new(), BTreeMap::new());
    for subject in Subject::ALL {
        let mut found = store::list_naming(tx, &reach, subject, target, FEW + 1).await?;
        let over = found.len() > usize::try_from(FEW).unwrap_or(0);
        found.truncate(usize::try_from(FEW).unwrap_or(0));
        for naming in found {
            if over {
                let with = url::form_urlencoded::Serializer::new(String::new()).append_pair(&naming.key, &record.to_string()).finish();
                more.insert(naming.field.clone(), format!("{}{}", subject.home(), with_query("", "with", with)));
            }
            let id = super::shown_id(subject, naming.id);
            let name = if naming.name.is_empty() { id.clone() } else { sight.text(naming.whose, naming.name) };
            lines.push(Line { field: naming.field, name, href: format!("{}/{id}", subject.home()) });
        }
    }
    Ok((lines, more.into_iter().collect()))
}
