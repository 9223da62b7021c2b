//! Where each value of a contact came from, how old it is, and a word that it still holds.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_kernel::DAY_US;
use attune_web::{Answer, Can, Flash, Form, Path, Problem, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Fact, KEYS, Source, list, note};
use crate::contact::{self, By, Contact, ContactId, attribute_name};
use crate::field::{self, Field};
use crate::{EditContacts, ViewContacts, dialogue};

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/contacts/{id}/facts", get(show).post(confirm))
}

/// A value with where it came from.
struct Line {
    key: String,
    label: String,
    value: String,
    source: String,
    at: i64,
    is_stale: bool,
}

#[derive(Template)]
#[template(path = "fact/page.html")]
struct FactsPage {
    shell: Shell,
    contact_href: String,
    name: String,
    lines: Vec<Line>,
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.read().await?;
    let mut contact = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let defs = field::list(&mut tx).await?;
    field::reference::show(&mut tx, (&can.scope, &shell.sight()), &defs, [(id.0, &mut contact.fields)]).await?;
    let lines = read_lines(&mut tx, &shell, &contact).await?;
    let name = contact::name_for(&shell, &contact);
    let page = FactsPage { name, contact_href: format!("/contacts/{}", contact.shown_id()), lines, shell };
    Ok(page.shell.page(&page))
}

async fn read_lines(tx: &mut Tx, shell: &Shell, contact: &Contact) -> Result<Vec<Line>, DbError> {
    let facts = list(tx, std::slice::from_ref(contact)).await?.remove(&contact.id).unwrap_or_default();
    let fields = field::list(tx).await?;
    let limits = dialogue::list(tx).await?;
    let own = fields.iter().map(|field| format!("f:{}", field.key));
    let line = |key: String| {
        let fact = facts.get(&key)?;
        let asked = |q: &&dialogue::Question| q.key == key || (q.key == "company" && key == "company_id");
        let stale_us = limits.iter().find(asked).and_then(|q| q.stale_days).map(|days| days * DAY_US);
        Some(Line {
            label: label(shell, &fields, &key),
            value: value(shell, contact, &key),
            source: source(shell, fact),
            at: fact.at,
            is_stale: stale_us.is_some_and(|limit| shell.now - fact.at >= limit),
            key,
        })
    };
    Ok(KEYS.iter().map(|key| (*key).to_owned()).chain(own).filter_map(line).collect())
}

fn label(shell: &Shell, fields: &[Field], key: &str) -> String {
    let own = key.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key));
    own.map_or_else(|| attribute_name(&shell.l, key), |field| field.label.clone())
}

fn value(shell: &Shell, contact: &Contact, key: &str) -> String {
    match (key, contact.shown(key, &shell.sight())) {
        ("company_id", _) => contact.company_name.clone().unwrap_or_default(),
        ("locale", Json::String(tag)) => {
            tag.parse::<attune_kernel::Locale>().map_or_else(|_| tag.clone(), |locale| locale.own_name().to_owned())
        }
        (_, value) => field::shown(&shell.l, &value),
    }
}

fn source(shell: &Shell, fact: &Fact) -> String {
    let l = &shell.l;
    let detail =
        if fact.source == Source::Answer { l.t(&format!("dialogue-touch-{}", fact.detail)).to_string() } else { fact.detail.clone() };
    let word = if detail.is_empty() { "fact-source-origin-plain".to_owned() } else { format!("fact-source-{}", fact.source.word()) };
    l.of(&word).s("detail", detail).to_string()
}

/// The value that still holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ConfirmForm {
    key: String,
}

async fn confirm(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Form(form): Form<ConfirmForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let contact = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let facts = list(&mut tx, std::slice::from_ref(&contact)).await?.remove(&contact.id).unwrap_or_default();
    if !facts.contains_key(&form.key) {
        return Err(Problem::NotFound);
    }
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    note(&mut tx, id.0, &[form.key], &Fact { source: Source::Confirmed, detail: by.actor.name.clone(), at: by.now }).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{id}/facts"), Flash::good("fact-confirmed")))
}
