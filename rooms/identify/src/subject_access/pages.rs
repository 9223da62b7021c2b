//! The page that says what is in a person's copy, and the copy as a file.

use askama::Template;
use attune_house::App;
use attune_kernel::Locale;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Form, FormErrors, Lang, Path, PermissionDef, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::{ExportPerson, Format, begin, document, find, rules, store};
use crate::contact::ContactId;
use crate::file::{self, StoredFile};
use crate::relationship::Record;

/// The most files the page names; the list behind it has them all.
const FILES: i64 = 50;

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None, Team};
    let key = "identify.contact.export_person";
    vec![PermissionDef { key, label_key: "subject-access-permission", admin: All, manager: Team, agent: None }]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/contacts/{id}/export", get(page).post(export))
}

#[derive(Template)]
#[template(path = "subject_access/page.html")]
struct ExportPage {
    shell: Shell,
    id: ContactId,
    contact_href: String,
    name: String,
    merged: i64,
    formats: Vec<Choice>,
    languages: Vec<Choice>,
    errors: FormErrors,
    /// Tables in words, with how many rows.
    lines: Vec<(String, String)>,
    /// The files that go with the copy.
    files: Vec<StoredFile>,
}

async fn page(State(app): State<App>, can: Can<ExportPerson>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.read().await?;
    let subject = find(&mut tx, &can, id.0).await?;
    let counts = store::count(&mut tx, &rules::parts(&app.house().contact_tables), &subject.people).await?;
    let files = file::list(&mut tx, &can.scope, Record::Contact(id.0), i64::MAX, FILES).await?;
    let l = &shell.l;
    let page = ExportPage {
        id,
        contact_href: format!("/contacts/{id}"),
        name: Some(subject.name).filter(|name| !name.is_empty()).unwrap_or_else(|| l.of("identify-nameless").s("id", id).to_string()),
        merged: i64::try_from(subject.people.len() - 1).unwrap_or(0),
        formats: ["html", "json"].map(|word| Choice::new(word, l.t(&format!("subject-access-{word}")))).to_vec(),
        languages: Locale::ALL.map(|locale| Choice::new(locale.tag(), locale.own_name())).to_vec(),
        errors: FormErrors::new(),
        files,
        lines: counts.iter().map(|(table, rows)| (l.t(&format!("erased-{table}")).to_string(), l.count(*rows).to_string())).collect(),
        shell,
    };
    Ok(page.shell.page(&page))
}

/// What is asked for; also the query of programs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) format: String,
    pub(super) lang: String,
}

impl Wanted {
    pub(super) fn locale(&self) -> Option<Locale> {
        Locale::ALL.into_iter().find(|locale| locale.tag() == self.lang)
    }
}

async fn export(
    State(app): State<App>,
    can: Can<ExportPerson>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let locale = wanted.locale().unwrap_or_else(|| shell.l.locale());
    let l: Lang = shell.l.in_language(locale);
    let format = Format::of(&wanted.format);
    Ok(document::file(begin(&app, &can, &l, id.0, format).await?, format))
}
