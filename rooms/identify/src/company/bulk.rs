//! What is done to many companies at once from their list: assigning, tagging, deleting; and bringing back what was deleted together.

use attune_db::Tx;
use attune_house::App;
use attune_web::{Actor, Answer, Can, Flash, Form, Path, Problem, Query, Shell, see_other};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;

use super::many::{self, Selection, read_listing};
use super::{CompanyId, list_by_ids};
use crate::bulk_edit;
use crate::contact::By;
use crate::contact::bulk::MOST;
use crate::field::Subject;
use crate::tag::{self, Deed};
use crate::{DeleteContacts, EditContacts, ViewContacts};

/// The routes of this page.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/companies/bulk", post(act))
        .route("/companies/restore", post(restore))
        .route("/companies/{id}/delete", post(delete_one))
}

/// The bulk form: which companies, and what to do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct BulkForm {
    ids: Vec<CompanyId>,
    all: String,
    query: String,
    act: String,
    owner_id: String,
    /// Names of tags.
    tags: String,
}

impl BulkForm {
    fn back(&self) -> String {
        if self.query.is_empty() { "/companies".to_owned() } else { format!("/companies?{}", self.query) }
    }

    fn to_edit(&self, given: (&str, &str)) -> String {
        let ids: Vec<String> = self.ids.iter().map(CompanyId::to_string).collect();
        bulk_edit::address((Subject::Company, &ids), !self.all.is_empty(), &self.query, given)
    }

    async fn selection(&self, app: &App, actor: &Actor) -> Result<Selection, Problem> {
        if self.all.is_empty() {
            return Ok(Selection::Ids(self.ids.iter().map(|id| id.0).collect()));
        }
        Ok(Selection::Listed(Box::new(read_listing(app, actor, &self.query).await?)))
    }
}

async fn act(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Form(form): Form<BulkForm>) -> Answer {
    let selection = form.selection(&app, &can.actor).await?;
    if selection == Selection::Ids(Vec::new()) {
        return Ok(shell.leave(&form.back(), Flash::bad("identify-select-first")));
    }
    match form.act.as_str() {
        "edit" => Ok(see_other(&form.to_edit(("", "")))),
        "assign" => assign(&app, &can.actor, &shell, (&selection, &form)).await,
        "tag" => tagged(&app, &can.actor, &shell, (&selection, &form), Deed::Add).await,
        "untag" => tagged(&app, &can.actor, &shell, (&selection, &form), Deed::Remove).await,
        "delete" => delete(&app, &can.actor, &shell, &selection, &form.back()).await,
        _ => Err(Problem::Unreadable("act is not known".to_owned())),
    }
}

async fn assign(app: &App, actor: &Actor, shell: &Shell, (selection, form): (&Selection, &BulkForm)) -> Answer {
    let can = Can::<EditContacts>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.edit" })?;
    let owner = form.owner_id.parse::<i64>().ok();
    if owner.is_none() && form.owner_id != "none" {
        return Ok(shell.leave(&form.back(), Flash::bad("identify-choose-owner")));
    }
    let mut tx = app.db.begin().await?;
    let ids = many::ids_of(&mut tx, &can.scope, selection, MOST + 1).await?;
    if i64::try_from(ids.len()).is_ok_and(|many| many > MOST) {
        // So many are work for a job, which looks first and can be undone.
        return Ok(see_other(&form.to_edit(("owner_id", &form.owner_id))));
    }
    let by = By { actor, now: app.clock.now(), ids: &app.ids };
    let ids = super::in_charge_of(&mut tx, &can.scope, ids).await?;
    let moved = super::assign_owner(&mut tx, &by, &ids, owner).await?;
    tx.commit().await?;
    Ok(shell.leave(&form.back(), Flash::good("company-assigned").n("count", i64::try_from(moved).unwrap_or(0))))
}

async fn tagged(app: &App, actor: &Actor, shell: &Shell, (selection, form): (&Selection, &BulkForm), deed: Deed) -> Answer {
    let can = Can::<EditContacts>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.edit" })?;
    let mut tx = app.db.begin().await?;
    let ids = many::ids_of(&mut tx, &can.scope, selection, MOST).await?;
    let by = By { actor, now: app.clock.now(), ids: &app.ids };
    tag::pages::bulk(&by, shell, tx, (Subject::Company, deed, &ids), (&form.tags, &form.back())).await
}

async fn delete(app: &App, actor: &Actor, shell: &Shell, selection: &Selection, back: &str) -> Answer {
    let can = Can::<DeleteContacts>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.delete" })?;
    let mut tx = app.db.begin().await?;
    let ids = many::ids_of(&mut tx, &can.scope, selection, MOST).await?;
    hide(app, &can, shell, (tx, &ids), back).await
}

async fn delete_one(State(app): State<App>, can: Can<DeleteContacts>, shell: Shell, Path(id): Path<CompanyId>) -> Answer {
    let mut tx = app.db.begin().await?;
    super::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    hide(&app, &can, &shell, (tx, &[id.0]), "/companies").await
}

async fn hide(app: &App, can: &Can<DeleteContacts>, shell: &Shell, (mut tx, ids): (Tx, &[i64]), back: &str) -> Answer {
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let gone = super::delete(&mut tx, &app.bench(), &by, &can.scope, ids).await?;
    if gone.is_empty() {
        return Ok(shell.leave(back, Flash::bad("company-delete-owner-only")));
    }
    tx.commit().await?;
    let count = i64::try_from(gone.len()).unwrap_or(0);
    // All of them share the moment of their deletion, so the address of the undo stays short.
    Ok(shell.leave(back, Flash::good("company-deleted").n("count", count).undo(format!("/companies/restore?at={}", by.now))))
}

/// When the companies to bring back were deleted, µs.
#[derive(Clone, Copy, Debug, Deserialize)]
struct RestoreQuery {
    at: i64,
}

async fn restore(State(app): State<App>, can: Can<DeleteContacts>, shell: Shell, Query(query): Query<RestoreQuery>) -> Answer {
    let mut tx = app.db.begin().await?;
    let ids = super::store::list_deleted_at(&mut tx, &can.scope, query.at, MOST).await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let back = super::restore(&mut tx, &app.bench(), &by, &can.scope, &ids).await?;
    let names = list_by_ids(&mut tx, back.iter().copied()).await?;
    tx.commit().await?;
    let to = match names.as_slice() {
        [one] => format!("/companies/{}", one.shown_id()),
        _ => "/companies".to_owned(),
    };
    Ok(shell.leave(&to, Flash::good("company-restored").n("count", i64::try_from(back.len()).unwrap_or(0))))
}
