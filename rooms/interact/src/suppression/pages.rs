//! The suppression list as a page: look, add, take off.

use askama::Template;
use attune_house::App;
use attune_identify::contact::By;
use attune_record::audit;
use attune_web::kit::{cut_page, with_query};
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Query, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::erased::Fingerprints;
use super::{Suppression, SuppressionId, add, store, take_off};
use crate::room::{EditSuppressions, ViewMail};
use crate::rules;

const PAGE: usize = 50;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/suppressions", get(list).post(enter)).route("/suppressions/{id}/remove", post(remove))
}

#[derive(Clone, Default, Deserialize)]
struct Filter {
    #[serde(default)]
    q: String,
    before: Option<SuppressionId>,
}

#[derive(Clone, Default, Deserialize)]
struct EntryForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    note: String,
}

impl EntryForm {
    /// Address and note.
    fn check(&self) -> Result<(String, Option<String>), FormErrors> {
        let mut errors = FormErrors::new();
        let email = errors.required("email", &self.email, 254);
        let note = errors.optional("note", &self.note, 300);
        if errors.is_empty() && !rules::is_address(&email) {
            errors.add("email", "web-not-an-email");
        }
        errors.or((email, note))
    }
}

/// The address as whoever looks may see it; of nobody known only by those who see everybody's.
fn shown(shell: &Shell, entry: &Suppression) -> String {
    shell.sight().show(entry.place, Some(&entry.email_key)).unwrap_or_default()
}

impl ListPage {
    fn shown(&self, entry: &Suppression) -> String {
        shown(&self.shell, entry)
    }

    fn note(&self, entry: &Suppression) -> String {
        self.shell.sight().text(entry.place, entry.note.clone().unwrap_or_default())
    }
}

#[derive(Template)]
#[template(path = "suppression/list.html", blocks = ["form"])]
struct ListPage {
    shell: Shell,
    entries: Vec<Suppression>,
    q: String,
    next: Option<String>,
    form: EntryForm,
    errors: FormErrors,
}

async fn read(app: &App, shell: Shell, filter: Filter, form: EntryForm, errors: FormErrors) -> Result<ListPage, attune_web::Problem> {
    let mut tx = app.db.read().await?;
    let words = attune_kernel::fold_key(&filter.q);
    let before = filter.before.map_or(i64::MAX, |id| id.0);
    let mut entries = store::list(&mut tx, &words, shell.sight().is_full(), before, PAGE as i64 + 1).await?;
    let query = with_query("", "q", &filter.q);
    let next =
        cut_page(&mut entries, PAGE).map(|last| format!("/suppressions{}", with_query(query.trim_start_matches('?'), "before", last.id)));
    Ok(ListPage { shell, entries, q: filter.q, next, form, errors })
}

/// GET /suppressions
async fn list(_: Can<ViewMail>, State(app): State<App>, shell: Shell, Query(filter): Query<Filter>) -> Answer {
    let page = read(&app, shell, filter, EntryForm::default(), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// POST /suppressions
async fn enter(can: Can<EditSuppressions>, State(app): State<App>, shell: Shell, Form(form): Form<EntryForm>) -> Answer {
    let (email, note) = match form.check() {
        Ok(checked) => checked,
        Err(errors) => {
            let page = read(&app, shell, Filter::default(), form, errors).await?;
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let fresh = add(&mut tx, &app.ids, &email, note.as_deref(), Some(can.actor.staff_id), now).await?;
    let after = serde_json::json!({ "email": email });
    audit::note(&mut tx, &app.ids, now, &can.actor, "suppression.added", "suppression", 0, None, Some(after)).await?;
    tx.commit().await?;
    let flash = if fresh { Flash::good("suppression-added") } else { Flash::good("suppression-known") };
    Ok(shell.leave("/suppressions", flash.s("email", email)))
}

/// POST /suppressions/{id}/remove
async fn remove(can: Can<EditSuppressions>, State(app): State<App>, shell: Shell, Path(id): Path<SuppressionId>) -> Answer {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let entry = take_off(&mut tx, &By { actor: &can.actor, now, ids: &app.ids }, &Fingerprints::new(&app.secret), id).await?;
    let entry = entry.ok_or(attune_web::Problem::NotFound)?;
    tx.commit().await?;
    Ok(shell.leave("/suppressions", Flash::good("suppression-removed").s("email", shown(&shell, &entry))))
}
