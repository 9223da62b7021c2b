//! The page of tags: what there is, how many one may see have each, another name, one in place of two, away with it.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_web::{Answer, Can, Flash, Form, FormErrors, NavItem, Path, PermissionDef, Problem, Query, Scope, Shell, permission, see_other};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::change::{self, TagError};
use super::{Tag, TagId, list_store, store};
use crate::ViewContacts;
use crate::contact::{By, COUNTED};

permission!(EditTags, "identify.tag.edit");

pub(super) const HOME: &str = "/contacts/tags";
/// Tags on a page.
const PAGE: i64 = 50;

/// The permissions of this noun.
pub(super) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    vec![PermissionDef { key: "identify.tag.edit", label_key: "tag-permission", admin: All, manager: None, agent: None }]
}

/// The routes of the page.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/tags", get(page))
        .route("/contacts/tags/{id}", post(rename))
        .route("/contacts/tags/{id}/merge", get(merge_page).post(merge))
        .route("/contacts/tags/{id}/delete", post(delete))
        .route("/contacts/tags/{id}/restore", post(restore))
        .route("/contacts/tags/{id}/forget", post(forget))
}

/// The entry of the navigation.
pub(super) fn nav() -> NavItem {
    NavItem::new("nav-customers", "tag-title", HOME, "tag", 44, "identify.contact.view").among_settings()
}

/// A tag on the page.
pub(super) struct Line {
    pub(super) tag: Tag,
    /// How many one may see have it, counted up to [`COUNTED`] and one.
    pub(super) people: i64,
    /// What it was called before.
    pub(super) aliases: Vec<String>,
}

/// These tags with how many have them.
pub(super) async fn lines(tx: &mut Tx, scope: &Scope, tags: Vec<Tag>) -> Result<Vec<Line>, DbError> {
    let ids: Vec<TagId> = tags.iter().map(|tag| tag.id).collect();
    let counts = list_store::counts(tx, scope, &ids, COUNTED + 1).await?;
    let mut aliases = list_store::aliases(tx, &ids).await?;
    let line =
        |tag: Tag| Line { people: counts.get(&tag.id).copied().unwrap_or(0), aliases: aliases.remove(&tag.id).unwrap_or_default(), tag };
    Ok(tags.into_iter().map(line).collect())
}

/// A page of tags behind `after`, and the mark of the next.
pub(super) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    (part, after): (&str, &str),
    limit: i64,
) -> Result<(Vec<Line>, Option<String>), DbError> {
    let mut found = list_store::list(tx, part.trim(), after, limit + 1).await?;
    let next = attune_web::kit::cut_page(&mut found, usize::try_from(limit).unwrap_or(0)).map(|(_, key)| key.clone());
    Ok((lines(tx, scope, found.into_iter().map(|(tag, _)| tag).collect()).await?, next))
}

/// Which tags are shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TagsQuery {
    pub(super) q: String,
    pub(super) after: String,
}

#[derive(Template)]
#[template(path = "tag/list.html")]
struct TagsPage {
    shell: Shell,
    lines: Vec<Line>,
    query: TagsQuery,
    next: Option<String>,
    can_edit: bool,
}

async fn page(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Query(query): Query<TagsQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    let (lines, next) = list(&mut tx, &can.scope, (&query.q, &query.after), PAGE).await?;
    let text = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", &query.q).finish();
    let next = next.map(|mark| format!("{HOME}{}", attune_web::kit::with_query(&text, "after", mark)));
    let page = TagsPage { can_edit: shell.may("identify.tag.edit"), lines, query, next, shell };
    Ok(page.shell.page(&page))
}

/// What a tag is to be called, or which name it is to lose.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NameForm {
    name: String,
}

/// What became of it, in words; what was refused is told in its place.
fn said(shell: &Shell, done: Result<Flash, TagError>) -> Answer {
    match done {
        Ok(flash) => Ok(shell.leave(HOME, flash)),
        Err(TagError::Wrong(key)) => Ok(shell.leave(HOME, Flash::bad(if key == "web-required" { "tag-needs-name" } else { key }))),
        Err(TagError::Taken(tag)) => Ok(shell.leave(HOME, Flash::bad("tag-name-taken").s("name", tag.name))),
        Err(TagError::Former(tag)) => Ok(shell.leave(HOME, Flash::bad("tag-name-former").s("name", tag.name))),
        Err(error) => Err(error.into()),
    }
}

async fn rename(State(app): State<App>, can: Can<EditTags>, shell: Shell, Path(id): Path<TagId>, Form(form): Form<NameForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let done = match change::rename(&mut tx, &by, &app.bench(), id, &form.name).await {
        // Two tags of one name are one tag, if that is meant.
        Err(TagError::Taken(other)) => return Ok(see_other(&format!("{HOME}/{id}/merge?into={}", other.id))),
        done => done,
    };
    tx.commit().await?;
    said(&shell, done.map(|tag| Flash::good("tag-renamed").s("name", tag.name)))
}

/// The tag that remains.
#[derive(Clone, Copy, Debug, Deserialize)]
struct MergeQuery {
    into: Option<TagId>,
}

#[derive(Template)]
#[template(path = "tag/merge.html")]
struct MergePage {
    shell: Shell,
    line: Line,
    /// What it is to become part of, once chosen.
    into: Option<Line>,
    others: Vec<attune_web::kit::Choice>,
    errors: FormErrors,
}

async fn merge_page(
    State(app): State<App>,
    can: Can<EditTags>,
    shell: Shell,
    Path(id): Path<TagId>,
    Query(query): Query<MergeQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let tag = store::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    let into = match query.into {
        Some(into) => Some(store::find(&mut tx, into).await?.filter(|into| into.id != tag.id).ok_or(Problem::NotFound)?),
        None => None,
    };
    let others = super::pages::choices(&mut tx, None).await?.into_iter().filter(|choice| !choice.is(tag.id)).collect();
    let mut both = lines(&mut tx, &can.scope, std::iter::once(tag).chain(into).collect()).await?.into_iter();
    let line = both.next().ok_or(Problem::NotFound)?;
    let page = MergePage { line, into: both.next(), others, errors: FormErrors::new(), shell };
    Ok(page.shell.page(&page))
}

/// What the tag becomes part of.
#[derive(Clone, Copy, Debug, Deserialize)]
struct MergeForm {
    into: TagId,
}

async fn merge(State(app): State<App>, can: Can<EditTags>, shell: Shell, Path(id): Path<TagId>, Form(form): Form<MergeForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let done = change::merge(&mut tx, &by, &app.bench(), id, form.into).await;
    tx.commit().await?;
    said(&shell, done.map(|tag| Flash::good("tag-merged").s("name", tag.name)))
}

async fn delete(State(app): State<App>, can: Can<EditTags>, shell: Shell, Path(id): Path<TagId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let done = change::delete(&mut tx, &by, &app.bench(), id).await;
    tx.commit().await?;
    said(&shell, done.map(|tag| Flash::good("tag-deleted").s("name", tag.name).undo(format!("{HOME}/{id}/restore"))))
}

async fn restore(State(app): State<App>, can: Can<EditTags>, shell: Shell, Path(id): Path<TagId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let done = change::restore(&mut tx, &by, &app.bench(), id).await;
    tx.commit().await?;
    said(&shell, done.map(|tag| Flash::good("tag-restored").s("name", tag.name)))
}

async fn forget(State(app): State<App>, can: Can<EditTags>, shell: Shell, Path(id): Path<TagId>, Form(form): Form<NameForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let done = change::forget(&mut tx, &by, &app.bench(), id, &form.name).await;
    tx.commit().await?;
    said(&shell, done.map(|()| Flash::good("tag-name-forgotten").s("name", &form.name)))
}

impl Line {
    /// Where it is changed.
    fn href(&self) -> String {
        format!("{HOME}/{}", self.tag.id)
    }
}
