//! The files of a record, the form that adds some, and the way out of the store.

use askama::Template;
use attune_house::{App, Panel, Place};
use attune_web::access::ADDRESSES;
use attune_web::kit::cut_page;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Shell, Sight};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;

use super::upload::{Sender, Taken, most_mb, pour_out};
use super::{FileId, MOST_MB, NAME_CHARS, StoredFile, list, rules};
use crate::company::CompanyId;
use crate::contact::{By, ContactId};
use crate::relationship::{Record, find_end};
use crate::{EditContacts, ViewContacts};

/// Files on a page, and in the block on another page.
const PAGE: usize = 50;
const FEW: usize = 6;
/// The largest body: several files of the most that the setting may say.
pub(super) const LARGEST: usize = MOST_MB as usize * 4_000_000;

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/{id}/files", get(of_contact))
        .route("/companies/{id}/files", get(of_company))
        .route("/files/new", get(new))
        .route("/files", post(add).layer(DefaultBodyLimit::max(LARGEST)))
        .route("/files/{id}", get(download))
        .route("/files/{id}/edit", get(edit).post(save))
        .route("/files/{id}/delete", post(delete))
        .route("/files/{id}/restore", post(restore))
}

/// The block on the contact page.
pub(crate) fn panel() -> Panel {
    Panel {
        key: "identify.files",
        title_key: "file-title",
        href: |id| format!("/contacts/{}/files", ContactId(id)),
        order: 14,
        permission: "identify.contact.view",
        place: Place::Aside,
    }
}

#[derive(Template)]
#[template(path = "file/panel.html", blocks = ["part"])]
struct ListPage {
    shell: Shell,
    record: Record,
    name: String,
    /// Whether the reader may open the files.
    open: bool,
    files: Vec<StoredFile>,
    next: Option<String>,
}

impl ListPage {
    fn name(&self, file: &StoredFile) -> String {
        self.shell.sight().text(file.whose, file.name.clone())
    }
}

/// Where the page begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    after: Option<FileId>,
}

async fn of_contact(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Query(query): Query<ListQuery>,
) -> Answer {
    files_of(&app, &can, shell, (Record::Contact(id.0), query)).await
}

async fn of_company(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Query(query): Query<ListQuery>,
) -> Answer {
    files_of(&app, &can, shell, (Record::Company(id.0), query)).await
}

async fn files_of(app: &App, can: &Can<ViewContacts>, shell: Shell, (record, query): (Record, ListQuery)) -> Answer {
    let mut tx = app.db.read().await?;
    let end = find_end(&mut tx, &can.scope, record).await?.ok_or(Problem::NotFound)?;
    let most = if shell.hx.partial { FEW } else { PAGE };
    let before = query.after.map_or(i64::MAX, |id| id.0);
    let mut files = list(&mut tx, &can.scope, record, before, most as i64 + 1).await?;
    let last = cut_page(&mut files, most);
    let next =
        last.map(|last| format!("{}/files{}", record.href(), if most == FEW { String::new() } else { format!("?after={}", last.id) }));
    let open = shell.sight().covers(end.whose.0, end.whose.1);
    let name = if end.name.is_empty() { record.to_string() } else { end.name };
    let page = ListPage { record, name: shell.sight().text(end.whose, name), open, files, next, shell };
    Ok(page.shell.show(&page, &page.as_part()))
}

/// The file itself, to be saved and never shown: whatever is in it, no browser runs it as a page of ours.
pub(super) async fn download(State(app): State<App>, can: Can<ViewContacts>, Path(id): Path<FileId>) -> Answer {
    let file = super::find(&mut app.db.read().await?, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    if !Sight::of(&can.actor).covers(file.whose.0, file.whose.1) {
        return Err(Problem::Forbidden { permission: ADDRESSES });
    }
    let headers = [
        ("content-type", "application/octet-stream".to_owned()),
        ("content-length", file.bytes.to_string()),
        ("content-disposition", rules::attachment(&file.name)),
        ("x-content-type-options", "nosniff".to_owned()),
        ("content-security-policy", "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, Body::from_stream(pour_out(app.db.clone(), &file))).into_response())
}

#[derive(Template)]
#[template(path = "file/new.html", blocks = ["form"])]
struct NewPage {
    shell: Shell,
    record: Record,
    name: String,
    most: i64,
    errors: FormErrors,
}

/// Which record gets the files.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NewQuery {
    of: String,
}

async fn new_page(app: &App, can: &Can<EditContacts>, shell: Shell, query: &NewQuery) -> Result<NewPage, Problem> {
    let record: Record = query.of.parse().map_err(|_| Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    let end = find_end(&mut tx, &can.scope, record).await?.ok_or(Problem::NotFound)?;
    let name = if end.name.is_empty() { record.to_string() } else { end.name };
    let most = most_mb(&mut tx).await?;
    Ok(NewPage { record, name: shell.sight().text(end.whose, name), most, errors: FormErrors::new(), shell })
}

async fn new(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Query(query): Query<NewQuery>) -> Answer {
    let page = new_page(&app, &can, shell, &query).await?;
    Ok(page.shell.page(&page))
}

async fn add(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Query(query): Query<NewQuery>, form: Multipart) -> Answer {
    let mut page = new_page(&app, &can, shell, &query).await?;
    let sender = Sender { app: &app, actor: &can.actor, scope: &can.scope, record: page.record };
    let sent = receive(&sender, form).await?;
    if sent.kept == 0 && sent.large.is_empty() {
        page.errors.add("file", "file-none-chosen");
    } else if !sent.large.is_empty() {
        let key = if sent.kept == 0 { "file-too-large" } else { "file-too-large-some" };
        page.errors.add("file", key).s("name", page.shell.l.list(&sent.large)).n("most", page.most).n("kept", sent.kept);
    }
    if !page.errors.is_empty() {
        return Ok(page.shell.again(&page, &page.as_form()));
    }
    Ok(page.shell.leave(&page.record.href(), Flash::good("file-added").n("count", sent.kept)))
}

/// What a form brought: how many were kept, and the names of those that were too large.
#[derive(Default)]
struct Sent {
    kept: i64,
    large: Vec<String>,
}

async fn receive(sender: &Sender<'_>, mut form: Multipart) -> Result<Sent, Problem> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(|e| Problem::Unreadable(e.to_string()))? {
        let cut: String = rules::clean_name(field.file_name().unwrap_or("")).unwrap_or_default().chars().take(NAME_CHARS).collect();
        if field.name() != Some("file") || cut.is_empty() {
            continue;
        }
        match sender.keep(&cut, field).await? {
            Taken::Kept(_) => sent.kept += 1,
            Taken::TooLarge => sent.large.push(cut),
        }
    }
    Ok(sent)
}

/// A name as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NameForm {
    name: String,
}

#[derive(Template)]
#[template(path = "file/edit.html", blocks = ["form"])]
struct EditPage {
    shell: Shell,
    id: FileId,
    record: Record,
    /// What the record is called.
    of: String,
    form: NameForm,
    errors: FormErrors,
}

async fn edit_page(app: &App, can: &Can<EditContacts>, shell: Shell, id: FileId) -> Result<EditPage, Problem> {
    let file = super::find(&mut app.db.read().await?, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    if shell.sight().hides(file.whose, &file.name) {
        return Err(Problem::refused("identify-hidden-words"));
    }
    let of = if file.of.is_empty() { file.record.to_string() } else { file.of };
    let of = shell.sight().text(file.whose, of);
    Ok(EditPage { id, record: file.record, of, form: NameForm { name: file.name }, errors: FormErrors::new(), shell })
}

async fn edit(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<FileId>) -> Answer {
    let page = edit_page(&app, &can, shell, id).await?;
    Ok(page.shell.page(&page))
}

async fn save(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<FileId>, Form(form): Form<NameForm>) -> Answer {
    let mut page = edit_page(&app, &can, shell, id).await?;
    let name = page.errors.required("name", &form.name, NAME_CHARS);
    if rules::clean_name(&name).is_none() && page.errors.is_empty() {
        page.errors.add("name", "web-required");
    }
    page.form = form;
    if !page.errors.is_empty() {
        return Ok(page.shell.again(&page, &page.as_form()));
    }
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::rename(&mut tx, &by, &can.scope, id, &name).await?;
    tx.commit().await?;
    Ok(page.shell.leave(&page.record.href(), Flash::good("file-renamed")))
}

async fn delete(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<FileId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let file = super::delete(&mut tx, &by, &can.scope, id).await?;
    tx.commit().await?;
    Ok(shell.leave(&file.record.href(), Flash::good("file-deleted").undo(format!("/files/{id}/restore"))))
}

async fn restore(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<FileId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let file = super::restore(&mut tx, &by, &can.scope, id).await?;
    tx.commit().await?;
    Ok(shell.leave(&file.record.href(), Flash::good("identify-undone")))
}
