//! Bulk edits for programs: ask for one or count what it would do, look how far it is, who was left and why, end it, take it back.

use std::collections::HashSet;

use attune_db::Tx;
use attune_house::App;
use attune_kernel::mask_text;
use attune_web::{Actor, Answer, Can, FormErrors, Json, Path, Problem, Query, Scope, Sight};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Any, json};

use super::edited::{Chosen, id_of};
use super::new_page::{Preview, count_fates};
use super::pages::{find, whose};
use super::rules::Target;
use super::{BulkEdit, EditId, store};
use crate::contact::{self, By, COUNTED};
use crate::field::reference::shown_id;
use crate::field::{self, Field, Subject};
use crate::{EditContacts, ViewContacts, export, staff};

/// Edits, and records of one, in one answer.
const PAGE: i64 = 200;
/// The most records named by their ids.
const MOST: usize = 10_000;

/// The routes of this noun for programs.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/bulk-edits", get(index).post(create))
        .route("/api/v1/bulk-edits/{id}", get(show))
        .route("/api/v1/bulk-edits/{id}/left", get(left))
        .route("/api/v1/bulk-edits/{id}/cancel", post(cancel))
        .route("/api/v1/bulk-edits/{id}/undo", post(undo))
}

/// The value as whoever reads it may see it: somebody else may have set an address that they would not be shown.
fn value_for(can: &Can<EditContacts>, edit: &BulkEdit) -> Any {
    let own = can.actor.staff_id == edit.staff_id && !can.by_program();
    match &edit.value {
        Any::String(text) if !own && !Sight::of(&can.actor).covers_all(&Scope::All) && !contact::is_amount(text) => json!(mask_text(text)),
        value => value.clone(),
    }
}

fn shown(can: &Can<EditContacts>, edit: &BulkEdit) -> Any {
    let counts = &edit.counts;
    json!({
        "id": EditId(edit.id),
        "of": edit.subject,
        "state": edit.state.word(),
        "attribute": edit.attribute,
        "value": value_for(can, edit),
        "total": counts.total,
        "changed": counts.changed,
        "same": counts.same,
        "refused": counts.refused,
        "restored": counts.restored,
        "kept": counts.kept,
        "created_at": edit.created_at,
    })
}

/// What the edits of a list are of; of contacts when nothing is said.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Of {
    of: Subject,
}

async fn index(State(app): State<App>, can: Can<EditContacts>, Query(list): Query<Of>) -> Answer {
    let edits = store::list(&mut app.db.read().await?, list.of, whose(&can), PAGE).await?;
    Ok(Json(json!({ "items": edits.iter().map(|edit| shown(&can, edit)).collect::<Vec<_>>() })).into_response())
}

async fn show(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<EditId>) -> Answer {
    Ok(Json(shown(&can, &get_edit(&app, &can, id).await?)).into_response())
}

/// The edit, of whatever it is.
async fn get_edit(app: &App, can: &Can<EditContacts>, id: EditId) -> Result<BulkEdit, Problem> {
    Ok(find(app, None, can, id).await?.0)
}

/// What a program asks for: whom, by `filter` or `ids`, and what becomes of which attribute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    of: Subject,
    filter: Option<String>,
    ids: Option<Vec<String>>,
    attribute: String,
    /// As people would type it; null empties the attribute.
    value: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

impl Asked {
    async fn chosen(&self, app: &App, can: &Can<ViewContacts>) -> Result<Chosen, Problem> {
        match (&self.ids, &self.filter) {
            (Some(ids), None) if ids.len() <= MOST => {
                let read =
                    |id: &String| id_of(self.of, id).ok_or_else(|| Problem::Unreadable(format!("{id:?} is no id of a {}", self.of.word())));
                Ok(Chosen::these(self.of, ids.iter().map(read).collect::<Result<_, _>>()?))
            }
            (None, Some(filter)) => {
                let filter = filter.trim_start_matches('?');
                export::check(self.of, filter)?;
                Chosen::listed(app, self.of, &can.actor, filter).await
            }
            _ => Err(Problem::Unreadable(format!("either filter or ids, of which {MOST} at most"))),
        }
    }

    async fn target(&self, tx: &mut Tx, actor: &Actor) -> Result<(Target, Vec<Field>), Problem> {
        let (fields, members) = (field::list_of(tx, self.of).await?, staff::list(tx).await?);
        let typed = self.value.as_deref().unwrap_or_default();
        let read = Target::read((self.of, &self.attribute), typed, self.value.is_none(), (&fields, &members)).map_err(wrong)?;
        Ok((read.named(tx, actor, &fields).await?.map_err(wrong)?, fields))
    }
}

async fn create(State(app): State<App>, can: Can<ViewContacts>, edit: Can<EditContacts>, Json(asked): Json<Asked>) -> Answer {
    let chosen = asked.chosen(&app, &can).await?;
    if asked.dry_run {
        let mut tx = app.db.read().await?;
        let (target, fields) = asked.target(&mut tx, &can.actor).await?;
        let total = chosen.count(&mut tx, &can.scope, COUNTED + 1).await?;
        let fates = count_fates(&mut tx, &can.actor, (&can.scope, &edit.scope), &chosen, (&target, &fields)).await?;
        return Ok(Json(tried(total, &fates)).into_response());
    }
    let mut tx = app.db.begin().await?;
    let (target, _) = asked.target(&mut tx, &can.actor).await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let target = target.settled(&mut tx, &by).await?;
    let id = super::ask(&mut tx, &by, &app.bench(), (&can.scope, &edit.scope), &chosen, &target).await?;
    tx.commit().await?;
    under_way(&app, &edit, id).await
}

/// What an edit would do, as far as records were looked at.
fn tried(total: i64, fates: &Preview) -> Any {
    json!({ "total": total, "looked": fates.looked, "change": fates.differ(), "same": fates.same, "refused": fates.refused + fates.unnamed })
}

fn wrong(key: &'static str) -> Problem {
    let mut errors = FormErrors::new();
    errors.add("value", key);
    Problem::Form(errors)
}

async fn under_way(app: &App, can: &Can<EditContacts>, id: EditId) -> Answer {
    Ok((StatusCode::ACCEPTED, Json(shown(can, &get_edit(app, can, id).await?))).into_response())
}

/// Behind whom to go on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Behind {
    after: String,
}

/// Records that were refused, or stayed as they are when the rest was taken back; those the asker may not see have no id.
async fn left(
    State(app): State<App>,
    can: Can<EditContacts>,
    see: Can<ViewContacts>,
    Path(id): Path<EditId>,
    Query(query): Query<Behind>,
) -> Answer {
    let edit = get_edit(&app, &can, id).await?;
    Ok(Json(list_left(&mut app.db.read().await?, &see, &edit, &query.after).await?).into_response())
}

/// A page of them behind `after`.
async fn list_left(tx: &mut Tx, see: &Can<ViewContacts>, edit: &BulkEdit, after: &str) -> Result<Any, Problem> {
    let of = edit.subject;
    let after = match after {
        "" => 0,
        after => id_of(of, after).ok_or_else(|| Problem::Unreadable(format!("{after:?} is no id of a {}", of.word())))?,
    };
    let rows = store::list_causes(tx, edit.id, after, PAGE).await?;
    let next = rows.last().map(|row| shown_id(of, row.0)).filter(|_| i64::try_from(rows.len()) == Ok(PAGE));
    let all = Chosen::these(of, rows.iter().map(|row| row.0).collect());
    let seen: HashSet<i64> = all.ids(tx, &see.scope, PAGE).await?.into_iter().collect();
    let line = |(record, state, cause): &(i64, String, String)| {
        let id = seen.contains(record).then(|| shown_id(of, *record));
        json!({ of.word(): id, "state": state, "cause": if cause.is_empty() { "gone" } else { cause } })
    };
    Ok(json!({ "items": rows.iter().map(line).collect::<Vec<_>>(), "next": next }))
}

async fn cancel(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<EditId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let edit = store::find(&mut tx, id.0, whose(&can)).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if !super::cancel(&mut tx, &by, &edit).await? {
        return Err(Problem::refused("bulk-edit-over"));
    }
    tx.commit().await?;
    under_way(&app, &can, id).await
}

async fn undo(State(app): State<App>, can: Can<EditContacts>, Path(id): Path<EditId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let edit = store::find(&mut tx, id.0, whose(&can)).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::undo(&mut tx, &by, &app.bench(), &can.scope, &edit).await?.map_err(Problem::refused)?;
    tx.commit().await?;
    under_way(&app, &can, id).await
}
