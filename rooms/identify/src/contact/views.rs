//! What somebody makes of a list: views kept by name, and which fields of one's own stand as columns.

use attune_house::App;
use attune_record::view::{self, ViewDraft};
use attune_web::{Answer, Can, Flash, Form, Path, Problem, Shell, see_other};
use axum::extract::State;
use serde::Deserialize;

use crate::ViewContacts;

/// A view to be saved.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ViewForm {
    name: String,
    query: String,
    shared: String,
}

/// Which own fields become columns.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ColumnsForm {
    query: String,
    column: Vec<String>,
}

impl ColumnsForm {
    /// The address of the list `home` with these columns.
    pub(crate) fn address(&self, home: &str) -> String {
        format!("{home}{}", attune_web::kit::with_query(&self.query, "cols", self.column.join(",")))
    }
}

pub(super) async fn columns(_can: Can<ViewContacts>, Form(form): Form<ColumnsForm>) -> Answer {
    Ok(see_other(&form.address("/contacts")))
}

pub(super) async fn save(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Form(form): Form<ViewForm>) -> Answer {
    let back = format!("/contacts?{}", form.query);
    if form.name.trim().is_empty() {
        return Ok(shell.leave(&back, Flash::bad("identify-view-needs-name")));
    }
    let pairs = url::form_urlencoded::parse(form.query.as_bytes()).filter(|(k, _)| k != "saved" && k != "after");
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let draft = ViewDraft { list: "contacts", name: form.name, query: query.clone(), shared: !form.shared.is_empty() };
    let mut tx = app.db.begin().await?;
    let id = view::put(&mut tx, &app.ids, app.clock.now(), can.actor.staff_id, &draft).await?;
    tx.commit().await?;
    let href = format!("/contacts{}", attune_web::kit::with_query(&query, "saved", id));
    Ok(shell.leave(&href, Flash::good("identify-view-saved").s("name", draft.name.trim())))
}

pub(super) async fn delete(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    if !view::delete(&mut tx, id, can.actor.staff_id).await? {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(shell.leave("/contacts", Flash::good("identify-view-deleted")))
}
