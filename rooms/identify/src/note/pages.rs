//! Notes on the contact's page: written, changed, pinned, deleted and brought back.

use askama::Template;
use attune_house::App;
use attune_record::note::{self, Note, Version};
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::markdown;
use crate::contact::{self, By, ContactError, ContactId};
use crate::{EditContacts, ViewContacts};

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/{id}/notes", post(add))
        .route("/contacts/{id}/notes/{note}", get(edit).post(save))
        .route("/contacts/{id}/notes/{note}/history", get(history))
        .route("/contacts/{id}/notes/{note}/pin", post(pin))
        .route("/contacts/{id}/notes/{note}/delete", post(delete))
        .route("/contacts/{id}/notes/{note}/restore", post(restore))
}

/// A note as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NoteForm {
    body: String,
}

async fn add(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Form(form): Form<NoteForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let flash = match super::add(&mut tx, &by, &can.scope, id.0, &form.body).await {
        Ok(_) => Flash::good("identify-note-saved"),
        Err(ContactError::Invalid { .. }) => Flash::bad("identify-note-empty"),
        Err(error) => return Err(error.into()),
    };
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{id}"), flash))
}

#[derive(Template)]
#[template(path = "note/edit.html", blocks = ["form"])]
struct EditPage {
    shell: Shell,
    id: ContactId,
    note: i64,
    name: String,
    form: NoteForm,
    errors: FormErrors,
}

async fn edit_page(app: &App, can: &Can<EditContacts>, shell: Shell, (id, note): (ContactId, i64)) -> Result<EditPage, Problem> {
    let mut tx = app.db.read().await?;
    let person = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let found = super::find(&mut tx, id.0, note).await?;
    if shell.sight().hides(person.place(), &found.body) {
        return Err(Problem::refused("identify-hidden-words"));
    }
    let name = contact::name_for(&shell, &person);
    Ok(EditPage { id, note, name, form: NoteForm { body: found.body }, errors: FormErrors::new(), shell })
}

async fn edit(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(path): Path<(ContactId, i64)>) -> Answer {
    let page = edit_page(&app, &can, shell, path).await?;
    Ok(page.shell.page(&page))
}

async fn save(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(path): Path<(ContactId, i64)>,
    Form(form): Form<NoteForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if let Err(error) = super::update(&mut tx, &by, &can.scope, path.0.0, path.1, &form.body).await {
        let ContactError::Invalid { key, .. } = error else { return Err(error.into()) };
        drop(tx);
        let mut page = EditPage { form, ..edit_page(&app, &can, shell, path).await? };
        page.errors.add("body", key);
        return Ok(page.shell.again(&page, &page.as_form()));
    }
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{}", path.0), Flash::good("identify-note-saved")))
}

#[derive(Template)]
#[template(path = "note/history.html")]
struct HistoryPage {
    shell: Shell,
    /// Whose the contact is.
    place: (Option<i64>, Option<i64>),
    id: ContactId,
    name: String,
    note: Note,
    versions: Vec<Version>,
}

impl HistoryPage {
    fn html(&self, body: &str) -> String {
        markdown::html(&self.shell.sight().text(self.place, body.to_owned()))
    }
}

async fn history(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path((id, note)): Path<(ContactId, i64)>) -> Answer {
    let mut tx = app.db.read().await?;
    let person = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let found = super::find(&mut tx, id.0, note).await?;
    let versions = note::list_versions(&mut tx, note).await?;
    let page = HistoryPage { name: contact::name_for(&shell, &person), place: person.place(), id, note: found, versions, shell };
    Ok(page.shell.page(&page))
}

/// `1` pins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PinQuery {
    on: String,
}

async fn pin(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path((id, note)): Path<(ContactId, i64)>,
    Query(query): Query<PinQuery>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    super::find(&mut tx, id.0, note).await?;
    let on = query.on == "1";
    note::set_pinned(&mut tx, note, on.then(|| app.clock.now())).await?;
    tx.commit().await?;
    let key = if on { "identify-note-pinned" } else { "identify-note-unpinned" };
    Ok(shell.leave(&format!("/contacts/{id}"), Flash::good(key)))
}

async fn delete(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path((id, note)): Path<(ContactId, i64)>) -> Answer {
    let mut tx = app.db.begin().await?;
    contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let found = super::find(&mut tx, id.0, note).await?;
    note::delete(&mut tx, found.id, None, app.clock.now()).await?;
    tx.commit().await?;
    let undo = format!("/contacts/{id}/notes/{note}/restore");
    Ok(shell.leave(&format!("/contacts/{id}"), Flash::good("identify-note-deleted").undo(undo)))
}

async fn restore(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path((id, note)): Path<(ContactId, i64)>) -> Answer {
    let mut tx = app.db.begin().await?;
    contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    if !note::restore(&mut tx, note, id.0).await? {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(shell.leave(&format!("/contacts/{id}"), Flash::good("identify-undone")))
}
