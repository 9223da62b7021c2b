//! What somebody makes of the list of contacts or of companies: views kept by name, for oneself or for everybody, in an order of one's own, one of
//! which the list opens with.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_record::view::{self, SavedView, ViewDraft, ViewPrefs};
use attune_web::kit::Tab;
use attune_web::{Answer, Can, Flash, Form, Path, PermissionDef, Problem, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::query::ListQuery;
use crate::ViewContacts;
use crate::field::{Companies, Contacts, List, Subject};

permission!(ShareViews, "identify.view.share");

/// The word under which the views of a list are kept.
pub(crate) fn list_of(of: Subject) -> &'static str {
    match of {
        Subject::Contact => "contacts",
        Subject::Company => "companies",
    }
}

/// The views every list has: their words and what they are called.
pub(crate) fn built_in(of: Subject) -> &'static [(&'static str, &'static str)] {
    const ALL: (&str, &str) = ("all", "identify-view-all");
    const MINE: (&str, &str) = ("mine", "identify-view-mine");
    const SHARED: (&str, &str) = ("shared", "identify-view-shared-with-me");
    match of {
        Subject::Contact => &[ALL, MINE, ("hot", "identify-view-hot"), SHARED],
        // What is hot is a person.
        Subject::Company => &[ALL, MINE, SHARED],
    }
}

/// The page on which the views of a list are arranged.
fn home(of: Subject) -> String {
    format!("{}/views", of.home())
}

/// The permissions of views.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    vec![PermissionDef { key: "identify.view.share", label_key: "identify-permission-views", admin: All, manager: All, agent: None }]
}

/// The routes of views of contacts.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/views", get(page::<Contacts>).post(save::<Contacts>))
        .route("/contacts/views/open", post(open::<Contacts>))
        .route("/contacts/views/{id}", post(change::<Contacts>))
        .route("/contacts/views/{id}/address", post(readdress::<Contacts>))
        .route("/contacts/views/{id}/move", post(shift::<Contacts>))
        .route("/contacts/views/{id}/delete", post(delete::<Contacts>))
        .route("/contacts/views/{id}/restore", post(restore::<Contacts>))
        .merge(super::views_api::routes())
}

/// The routes of views of companies.
pub(crate) fn company_routes() -> Router<App> {
    Router::new()
        .route("/companies/views", get(page::<Companies>).post(save::<Companies>))
        .route("/companies/views/open", post(open::<Companies>))
        .route("/companies/views/{id}", post(change::<Companies>))
        .route("/companies/views/{id}/address", post(readdress::<Companies>))
        .route("/companies/views/{id}/move", post(shift::<Companies>))
        .route("/companies/views/{id}/delete", post(delete::<Companies>))
        .route("/companies/views/{id}/restore", post(restore::<Companies>))
}

/// The address a view leads to.
fn address(of: Subject, view: &SavedView) -> String {
    format!("{}{}", of.home(), attune_web::kit::with_query(&view.query, "saved", view.id))
}

/// The address the list opens with, if somebody chose one that is still there.
pub(crate) async fn opens_with(tx: &mut Tx, of: Subject, staff_id: i64) -> Result<Option<String>, Problem> {
    let chosen = view::prefs(tx, list_of(of), staff_id).await?.opens_with;
    if built_in(of).iter().any(|(word, _)| *word == chosen) {
        return Ok(Some(format!("{}?view={chosen}", of.home())));
    }
    let Ok(id) = chosen.parse::<i64>() else { return Ok(None) };
    Ok(find(tx, of, id, staff_id).await?.map(|view| address(of, &view)))
}

/// A view of this list that somebody sees.
async fn find(tx: &mut Tx, of: Subject, id: i64, staff_id: i64) -> Result<Option<SavedView>, DbError> {
    Ok(view::find(tx, id, staff_id).await?.filter(|view| view.list == list_of(of)))
}

/// What stands above a list: its views, and what can be kept of what is shown.
pub(crate) struct Bar {
    pub(crate) tabs: Vec<Tab>,
    /// The view shown, if it can be changed and differs from what is shown.
    pub(crate) own_view: Option<SavedView>,
    /// Whether what is shown is no view yet.
    pub(crate) is_new_view: bool,
    /// Whether views can be shown to everybody.
    pub(crate) may_share: bool,
}

impl Bar {
    /// The bar of a list that shows what `query` asks for.
    pub(crate) fn new(of: Subject, shell: &Shell, query: &ListQuery, saved: Vec<SavedView>) -> Self {
        let (text, may_share) = (query.text(), shell.may("identify.view.share"));
        let staff_id = shell.actor.as_ref().map_or(0, |actor| actor.staff_id);
        let is_current = |view: &str| query.saved.is_empty() && (query.view == view || (query.view.is_empty() && view == "all"));
        let fixed = built_in(of).iter().map(|(view, key)| Tab::new(format!("{}?view={view}", of.home()), shell.l.t(key), is_current(view)));
        let own = saved.iter().map(|view| Tab::new(address(of, view), &view.name, query.saved == view.id.to_string()));
        let tabs = fixed.chain(own).collect();
        let shown = saved.into_iter().find(|view| view.id.to_string() == query.saved);
        let is_new_view = !text.is_empty() && !shown.as_ref().is_some_and(|view| is_shown(view, &text));
        let own_view = shown.filter(|view| may_change(view, staff_id, may_share) && !is_shown(view, &text));
        Self { tabs, own_view, is_new_view, may_share }
    }
}

/// Whether this address shows exactly the view, in whatever order it says so.
fn is_shown(view: &SavedView, text: &str) -> bool {
    let parts = |text: &str| {
        let all = url::form_urlencoded::parse(text.as_bytes()).filter(|(key, _)| key != "saved");
        let mut all: Vec<(String, String)> = all.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        all.sort();
        all
    };
    parts(&view.query) == parts(text)
}

/// Whether somebody may change a view: one's own, and what everybody sees with the right to it.
fn may_change(view: &SavedView, staff_id: i64, may_share: bool) -> bool {
    if view.shared { may_share } else { view.staff_id == staff_id }
}

/// The view, if the actor may change it.
pub(super) async fn mine(tx: &mut Tx, of: Subject, can: &Can<ViewContacts>, id: i64) -> Result<SavedView, Problem> {
    let found = find(tx, of, id, can.actor.staff_id).await?.ok_or(Problem::NotFound)?;
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
    of: Subject,
    lines: Vec<Line>,
    /// The built-in views: word, name, whether the list opens with it.
    built_in: Vec<(&'static str, String, bool)>,
    may_share: bool,
}

async fn page<L: List>(State(app): State<App>, can: Can<ViewContacts>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let staff_id = can.actor.staff_id;
    let ViewPrefs { opens_with, .. } = view::prefs(&mut tx, list_of(L::OF), staff_id).await?;
    let may_share = shell.may("identify.view.share");
    let line =
        |view: SavedView| Line { may_change: may_change(&view, staff_id, may_share), is_default: view.id.to_string() == opens_with, view };
    let lines: Vec<Line> = view::list(&mut tx, list_of(L::OF), staff_id).await?.into_iter().map(line).collect();
    let none = !lines.iter().any(|line| line.is_default) && !built_in(L::OF).iter().any(|(word, _)| *word == opens_with);
    let fixed = |(word, key): &(&'static str, &str)| (*word, shell.l.t(key).to_string(), *word == opens_with || (none && *word == "all"));
    let built_in = built_in(L::OF).iter().map(fixed).collect();
    let page = ViewsPage { of: L::OF, built_in, lines, may_share, shell };
    Ok(page.shell.page(&page))
}

async fn save<L: List>(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Form(form): Form<ViewForm>) -> Answer {
    let back = format!("{}?{}", L::OF.home(), form.query);
    if form.name.trim().is_empty() {
        return Ok(shell.leave(&back, Flash::bad("identify-view-needs-name")));
    }
    let (query, shared) = (form.kept(), form.shared(&can)?);
    let draft = ViewDraft { list: list_of(L::OF), name: form.name, query: query.clone(), shared };
    let mut tx = app.db.begin().await?;
    let id = view::put(&mut tx, &app.ids, app.clock.now(), can.actor.staff_id, &draft).await?;
    tx.commit().await?;
    let href = format!("{}{}", L::OF.home(), attune_web::kit::with_query(&query, "saved", id));
    Ok(shell.leave(&href, Flash::good("identify-view-saved").s("name", draft.name.trim())))
}

/// Gives a view another name, or shows it to others than before.
async fn change<L: List>(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<i64>,
    Form(form): Form<ViewForm>,
) -> Answer {
    if form.name.trim().is_empty() {
        return Ok(shell.leave(&home(L::OF), Flash::bad("identify-view-needs-name")));
    }
    let shared = form.shared(&can)?;
    let mut tx = app.db.begin().await?;
    let view = SavedView { name: form.name, shared, ..mine(&mut tx, L::OF, &can, id).await? };
    view::update(&mut tx, &view).await?;
    tx.commit().await?;
    Ok(shell.leave(&home(L::OF), Flash::good("identify-view-saved").s("name", view.name.trim())))
}

/// Lets a view show what the list shows now.
async fn readdress<L: List>(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<i64>,
    Form(form): Form<ViewForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let view = SavedView { query: form.kept(), ..mine(&mut tx, L::OF, &can, id).await? };
    view::update(&mut tx, &view).await?;
    tx.commit().await?;
    Ok(shell.leave(&address(L::OF, &view), Flash::good("identify-view-saved").s("name", view.name)))
}

/// Where a view goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct MoveForm {
    to: String,
}

async fn shift<L: List>(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<i64>,
    Form(form): Form<MoveForm>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    view::shift(&mut tx, list_of(L::OF), can.actor.staff_id, id, form.to == "up").await?;
    tx.commit().await?;
    Ok(shell.leave(&home(L::OF), Flash::good("identify-view-arranged")))
}

/// The view the list is to open with: an id or a word.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct OpenForm {
    view: String,
}

async fn open<L: List>(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Form(form): Form<OpenForm>) -> Answer {
    let mut tx = app.db.begin().await?;
    if !built_in(L::OF).iter().any(|(word, _)| *word == form.view) {
        let id = form.view.parse().map_err(|_| Problem::NotFound)?;
        find(&mut tx, L::OF, id, can.actor.staff_id).await?.ok_or(Problem::NotFound)?;
    }
    let prefs = ViewPrefs { opens_with: form.view, ..view::prefs(&mut tx, list_of(L::OF), can.actor.staff_id).await? };
    view::put_prefs(&mut tx, list_of(L::OF), can.actor.staff_id, &prefs).await?;
    tx.commit().await?;
    Ok(shell.leave(&home(L::OF), Flash::good("identify-view-opens")))
}

async fn delete<L: List>(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    let view = mine(&mut tx, L::OF, &can, id).await?;
    view::delete(&mut tx, view.id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(shell.leave(&home(L::OF), Flash::good("identify-view-deleted").undo(format!("{}/{id}/restore", home(L::OF)))))
}

async fn restore<L: List>(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    let may_share = Can::<ShareViews>::of(&can.actor).is_some();
    let view = view::find_deleted(&mut tx, id).await?.filter(|view| view.list == list_of(L::OF));
    let view = view.filter(|view| may_change(view, can.actor.staff_id, may_share)).ok_or(Problem::NotFound)?;
    view::restore(&mut tx, id).await?;
    tx.commit().await?;
    Ok(shell.leave(&home(L::OF), Flash::good("identify-view-saved").s("name", view.name)))
}
