//! What somebody makes of a list: views kept by name, for oneself or for everybody, in an order of one's own, one of which the list opens with.

use askama::Template;
use attune_db::Tx;
use attune_house::App;
use attune_record::view::{self, SavedView, ViewDraft, ViewPrefs};
use attune_web::{Answer, Can, Flash, Form, Path, PermissionDef, Problem, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::ViewContacts;

permission!(ShareViews, "identify.view.share");

/// The list the views belong to.
pub(super) const LIST: &str = "contacts";
const HOME: &str = "/contacts/views";
/// The views every list has: their words and what they are called.
pub(super) const BUILT_IN: [(&str, &str); 4] = [
    ("all", "identify-view-all"),
    ("mine", "identify-view-mine"),
    ("hot", "identify-view-hot"),
    ("shared", "identify-view-shared-with-me"),
];

/// The permissions of views.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    vec![PermissionDef { key: "identify.view.share", label_key: "identify-permission-views", admin: All, manager: All, agent: None }]
}

/// The routes of views.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/views", get(page).post(save))
        .route("/contacts/views/open", post(open))
        .route("/contacts/views/{id}", post(change))
        .route("/contacts/views/{id}/address", post(readdress))
        .route("/contacts/views/{id}/move", post(shift))
        .route("/contacts/views/{id}/delete", post(delete))
        .route("/contacts/views/{id}/restore", post(restore))
        .merge(super::views_api::routes())
}

/// The address a view leads to.
pub(super) fn address(view: &SavedView) -> String {
    format!("/contacts{}", attune_web::kit::with_query(&view.query, "saved", view.id))
}

/// The address the list opens with, if somebody chose one that is still there.
pub(super) async fn opens_with(tx: &mut Tx, staff_id: i64) -> Result<Option<String>, Problem> {
    let chosen = view::prefs(tx, LIST, staff_id).await?.opens_with;
    if BUILT_IN.iter().any(|(word, _)| *word == chosen) {
        return Ok(Some(format!("/contacts?view={chosen}")));
    }
    let Ok(id) = chosen.parse::<i64>() else { return Ok(None) };
    Ok(view::find(tx, id, staff_id).await?.as_ref().map(address))
}

/// Whether this address shows exactly the view, in whatever order it says so.
pub(super) fn is_shown(view: &SavedView, text: &str) -> bool {
    let parts = |text: &str| {
        let all = url::form_urlencoded::parse(text.as_bytes()).filter(|(key, _)| key != "saved");
        let mut all: Vec<(String, String)> = all.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        all.sort();
        all
    };
    parts(&view.query) == parts(text)
}

/// Whether somebody may change a view: one's own, and what everybody sees with the right to it.
pub(super) fn may_change(view: &SavedView, staff_id: i64, may_share: bool) -> bool {
    if view.shared { may_share } else { view.staff_id == staff_id }
}

/// The view, if the actor may change it.
pub(super) async fn mine(tx: &mut Tx, can: &Can<ViewContacts>, id: i64) -> Result<SavedView, Problem> {
    let found = view::find(tx, id, can.actor.staff_id).await?.ok_or(Problem::NotFound)?;
    let may_share = Can::<ShareViews>::of(&can.actor).is_some();
    if may_change(&found, can.actor.staff_id, may_share) {
        Ok(found)
    } else {
        Err(Problem::Forbidden { permission: "identify.view.share" })
    }
}

/// A view to be saved.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ViewForm {
    name: String,
    query: String,
    shared: String,
}

/// The address without what belongs to a page or to another view.
pub(super) fn kept(query: &str) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(k, _)| k != "saved" && k != "after");
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Refuses to show a view to everybody without the right to it.
pub(super) fn check_shared(can: &Can<ViewContacts>, shared: bool) -> Result<bool, Problem> {
    if shared && Can::<ShareViews>::of(&can.actor).is_none() {
        return Err(Problem::Forbidden { permission: "identify.view.share" });
    }
    Ok(shared)
}

impl ViewForm {
    fn kept(&self) -> String {
        kept(&self.query)
    }

    /// Whether everybody is to see it, which takes a right of its own.
    fn shared(&self, can: &Can<ViewContacts>) -> Result<bool, Problem> {
        check_shared(can, !self.shared.is_empty())
    }
}

/// A line of the page.
struct Line {
    view: SavedView,
    may_change: bool,
    is_default: bool,
}

#[derive(Template)]
#[template(path = "contact/views.html")]
struct ViewsPage {
    shell: Shell,
    lines: Vec<Line>,
    /// The built-in views: word, name, whether the list opens with it.
    built_in: Vec<(&'static str, String, bool)>,
    may_share: bool,
}

async fn page(State(app): State<App>, can: Can<ViewContacts>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let staff_id = can.actor.staff_id;
    let ViewPrefs { opens_with, .. } = view::prefs(&mut tx, LIST, staff_id).await?;
    let may_share = shell.may("identify.view.share");
    let line =
        |view: SavedView| Line { may_change: may_change(&view, staff_id, may_share), is_default: view.id.to_string() == opens_with, view };
    let lines: Vec<Line> = view::list(&mut tx, LIST, staff_id).await?.into_iter().map(line).collect();
    let none = !lines.iter().any(|line| line.is_default) && !BUILT_IN.iter().any(|(word, _)| *word == opens_with);
    let built_in = |(word, key): (&'static str, &str)| (word, shell.l.t(key).to_string(), word == opens_with || (none && word == "all"));
    let page = ViewsPage { built_in: BUILT_IN.map(built_in).to_vec(), lines, may_share, shell };
    Ok(page.shell.page(&page))
}

async fn save(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Form(form): Form<ViewForm>) -> Answer {
    let back = format!("/contacts?{}", form.query);
    if form.name.trim().is_empty() {
        return Ok(shell.leave(&back, Flash::bad("identify-view-needs-name")));
    }
    let (query, shared) = (form.kept(), form.shared(&can)?);
    let draft = ViewDraft { list: LIST, name: form.name, query: query.clone(), shared };
    let mut tx = app.db.begin().await?;
    let id = view::put(&mut tx, &app.ids, app.clock.now(), can.actor.staff_id, &draft).await?;
    tx.commit().await?;
    let href = format!("/contacts{}", attune_web::kit::with_query(&query, "saved", id));
    Ok(shell.leave(&href, Flash::good("identify-view-saved").s("name", draft.name.trim())))
}

/// Gives a view another name, or shows it to others than before.
async fn change(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<i64>, Form(form): Form<ViewForm>) -> Answer {
    if form.name.trim().is_empty() {
        return Ok(shell.leave(HOME, Flash::bad("identify-view-needs-name")));
    }
    let shared = form.shared(&can)?;
    let mut tx = app.db.begin().await?;
    let view = SavedView { name: form.name, shared, ..mine(&mut tx, &can, id).await? };
    view::update(&mut tx, &view).await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("identify-view-saved").s("name", view.name.trim())))
}

/// Lets a view show what the list shows now.
async fn readdress(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<i64>,
    Form(form): Form<ViewForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let view = SavedView { query: form.kept(), ..mine(&mut tx, &can, id).await? };
    view::update(&mut tx, &view).await?;
    tx.commit().await?;
    Ok(shell.leave(&address(&view), Flash::good("identify-view-saved").s("name", view.name)))
}

/// Where a view goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct MoveForm {
    to: String,
}

async fn shift(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<i64>, Form(form): Form<MoveForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    view::shift(&mut tx, LIST, can.actor.staff_id, id, form.to == "up").await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("identify-view-arranged")))
}

/// The view the list is to open with: an id or a word.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct OpenForm {
    view: String,
}

async fn open(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Form(form): Form<OpenForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    if !BUILT_IN.iter().any(|(word, _)| *word == form.view) {
        let id = form.view.parse().map_err(|_| Problem::NotFound)?;
        view::find(&mut tx, id, can.actor.staff_id).await?.ok_or(Problem::NotFound)?;
    }
    let prefs = ViewPrefs { opens_with: form.view, ..view::prefs(&mut tx, LIST, can.actor.staff_id).await? };
    view::put_prefs(&mut tx, LIST, can.actor.staff_id, &prefs).await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("identify-view-opens")))
}

async fn delete(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    let view = mine(&mut tx, &can, id).await?;
    view::delete(&mut tx, view.id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("identify-view-deleted").undo(format!("{HOME}/{id}/restore"))))
}

async fn restore(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    let may_share = Can::<ShareViews>::of(&can.actor).is_some();
    let view = view::find_deleted(&mut tx, id).await?.filter(|view| may_change(view, can.actor.staff_id, may_share));
    let view = view.ok_or(Problem::NotFound)?;
    view::restore(&mut tx, id).await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("identify-view-saved").s("name", view.name)))
}
