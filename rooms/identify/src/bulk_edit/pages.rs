//! The pages of bulk edits: those of before, how far one is, what became of whom, and taking it back.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_jobs::Job;
use attune_kernel::{Fault, mask_text};
use attune_web::{Answer, Can, Flash, Lang, Live, Path, Problem, Query, Scope, Shell, live};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{BulkEdit, Chosen, EditId, EditState, edited, jobs, new_page, store};
use crate::contact::{self, By, Stage};
use crate::field::{self, Companies, Contacts, Field, List, Subject};
use crate::staff::{self, Member};
use crate::{EditContacts, ViewContacts, company};

/// Lines on a page.
const PAGE: i64 = 50;

/// The routes of this noun.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/edits", get(list::<Contacts>).post(new_page::create::<Contacts>))
        .route("/contacts/edits/new", get(new_page::new::<Contacts>))
        .route("/contacts/edits/{id}", get(show::<Contacts>))
        .route("/contacts/edits/{id}/stream", get(stream::<Contacts>))
        .route("/contacts/edits/{id}/cancel", post(cancel::<Contacts>))
        .route("/contacts/edits/{id}/undo", post(undo::<Contacts>))
        .route("/companies/edits", get(list::<Companies>).post(new_page::create::<Companies>))
        .route("/companies/edits/new", get(new_page::new::<Companies>))
        .route("/companies/edits/{id}", get(show::<Companies>))
        .route("/companies/edits/{id}/stream", get(stream::<Companies>))
        .route("/companies/edits/{id}/cancel", post(cancel::<Companies>))
        .route("/companies/edits/{id}/undo", post(undo::<Companies>))
}

/// The address of an edit.
pub(super) fn href(of: Subject, id: EditId) -> String {
    format!("{}/edits/{id}", of.home())
}

/// A text that says what an edit is of.
pub(super) fn said(l: &Lang, of: Subject, key: &str) -> String {
    l.of(key).s("of", of.word()).to_string()
}

/// Says attributes and their values in words.
pub(super) struct Words {
    fields: HashMap<String, Field>,
    owners: HashMap<i64, String>,
    companies: HashMap<i64, String>,
}

impl Words {
    /// The words for values of `key`, among them `values`.
    pub(super) async fn new(tx: &mut Tx, fields: &[Field], members: &[Member], key: &str, values: &[&Json]) -> Result<Self, DbError> {
        let ids: Vec<i64> = if key == "company_id" { values.iter().filter_map(|value| value.as_i64()).collect() } else { Vec::new() };
        let companies = company::list_by_ids(tx, ids).await?.into_iter().map(|company| (company.id, company.name)).collect();
        let fields = fields.iter().map(|field| (format!("f:{}", field.key), field.clone())).collect();
        Ok(Self { fields, owners: staff::names(members), companies })
    }

    /// The own field `key` stands for, alone.
    pub(super) fn own(&self, key: &str) -> &[Field] {
        self.fields.get(key).map_or(&[], std::slice::from_ref)
    }

    /// What an attribute is called.
    pub(super) fn label(&self, l: &Lang, key: &str) -> String {
        self.fields.get(key).map_or_else(|| contact::attribute_name(l, key), |field| field.label.clone())
    }

    /// A value of it.
    pub(super) fn value(&self, l: &Lang, key: &str, value: &Json) -> String {
        let text = match (key, value) {
            ("owner_id", Json::Null) => l.t("identify-no-owner").to_string(),
            (_, Json::Null) => String::new(),
            ("stage", Json::String(word)) => Stage::of(word).map_or_else(|| word.clone(), |stage| l.t(stage.label_key()).to_string()),
            ("owner_id", id) => id.as_i64().and_then(|id| self.owners.get(&id).cloned()).unwrap_or_default(),
            ("company_id", Json::Number(id)) => id.as_i64().and_then(|id| self.companies.get(&id).cloned()).unwrap_or_default(),
            (key, value) => match self.fields.get(key) {
                Some(field) => field.shown(l, value),
                None => field::text_of(value),
            },
        };
        if text.is_empty() { l.t("bulk-edit-nothing").to_string() } else { text }
    }
}

/// An edit in words.
struct Line {
    edit: BulkEdit,
    label: String,
    value: String,
    staff: String,
}

/// The value of an edit as whoever reads it may see it: somebody else may have set an address that they would not be shown.
fn masked(shell: &Shell, edit: &BulkEdit) -> Json {
    let own = shell.actor.as_ref().is_some_and(|actor| actor.staff_id == edit.staff_id);
    match &edit.value {
        Json::String(text) if !own && !shell.sight().covers_all(&Scope::All) && !contact::is_amount(text) => Json::String(mask_text(text)),
        value => value.clone(),
    }
}

/// What a reader sees of whom these values of `key` name; other values stay as they are.
pub(super) async fn named(tx: &mut Tx, shell: &Shell, fields: &[Field], values: &mut [(String, Json)]) -> Result<(), DbError> {
    let Some(scope) = shell.actor.as_ref().and_then(field::reference::scope_of) else { return Ok(()) };
    let mut maps: Vec<Map<String, Json>> =
        values.iter().map(|(key, value)| key.strip_prefix("f:").map(|key| (key.to_owned(), value.clone())).into_iter().collect()).collect();
    field::reference::show(tx, (&scope, &shell.sight()), fields, maps.iter_mut().map(|map| (0, map))).await?;
    for ((key, value), mut map) in values.iter_mut().zip(maps) {
        if let Some(own) = key.strip_prefix("f:") {
            *value = map.remove(own).unwrap_or_default();
        }
    }
    Ok(())
}

async fn lines(tx: &mut Tx, of: Subject, shell: &Shell, edits: Vec<BulkEdit>) -> Result<Vec<Line>, DbError> {
    let (fields, members) = (field::list_of(tx, of).await?, staff::list(tx).await?);
    let companies: Vec<&Json> = edits.iter().filter(|edit| edit.attribute == "company_id").map(|edit| &edit.value).collect();
    let words = Words::new(tx, &fields, &members, "company_id", &companies).await?;
    let mut values: Vec<(String, Json)> = edits.iter().map(|edit| (edit.attribute.clone(), masked(shell, edit))).collect();
    named(tx, shell, &fields, &mut values).await?;
    let line = |(edit, (_, value)): (&BulkEdit, &(String, Json))| Line {
        label: words.label(&shell.l, &edit.attribute),
        value: words.value(&shell.l, &edit.attribute, value),
        staff: words.owners.get(&edit.staff_id).cloned().unwrap_or_default(),
        edit: edit.clone(),
    };
    Ok(edits.iter().zip(&values).map(line).collect())
}

/// Whose edits somebody sees: one's own; who may change everybody's contacts, everybody's.
pub(super) fn whose(can: &Can<EditContacts>) -> Option<i64> {
    (can.scope != Scope::All).then_some(can.actor.staff_id)
}

#[derive(Template)]
#[template(path = "bulk_edit/list.html")]
struct ListPage {
    shell: Shell,
    of: Subject,
    lines: Vec<Line>,
}

async fn list<L: List>(State(app): State<App>, can: Can<EditContacts>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let edits = store::list(&mut tx, L::OF, whose(&can), PAGE).await?;
    let page = ListPage { of: L::OF, lines: lines(&mut tx, L::OF, &shell, edits).await?, shell };
    Ok(page.shell.page(&page))
}

/// A record that was not changed, or did not get back what was there.
struct Left {
    /// Its page and its name; nothing where the reader may not see it.
    who: Option<(String, String)>,
    state: String,
    cause: String,
}

#[derive(Template)]
#[template(path = "bulk_edit/show.html", blocks = ["status"])]
struct ShowPage {
    shell: Shell,
    line: Line,
    left: Vec<Left>,
    next: Option<String>,
    is_ending: bool,
    /// Whether it was being taken back when it failed.
    broke_back: bool,
}

/// Which lines are shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ShowQuery {
    /// Behind this record.
    after: i64,
}

/// The rights of whoever asks: to change, and to see.
type Rights = (Can<EditContacts>, Can<ViewContacts>);

/// The edit, if it is of what the address says.
pub(super) fn of_list(found: Option<BulkEdit>, of: Option<Subject>) -> Result<BulkEdit, Problem> {
    found.filter(|edit| of.is_none_or(|of| edit.subject == of)).ok_or(Problem::NotFound)
}

/// The edit, of whatever it is when nothing is said, with its job; one whose job was lost has ended by then.
pub(super) async fn find(app: &App, of: Option<Subject>, can: &Can<EditContacts>, id: EditId) -> Result<(BulkEdit, Option<Job>), Problem> {
    let (edit, job) = look(app, of, can, id).await?;
    if !edit.state.is_moving() || job.as_ref().is_some_and(|job| !job.state.is_over()) {
        return Ok((edit, job));
    }
    let mut tx = app.db.begin().await?;
    super::end_lost(&mut tx, id.0).await?;
    tx.commit().await?;
    look(app, of, can, id).await
}

async fn look(app: &App, of: Option<Subject>, can: &Can<EditContacts>, id: EditId) -> Result<(BulkEdit, Option<Job>), Problem> {
    let mut tx = app.db.read().await?;
    let edit = of_list(store::find(&mut tx, id.0, whose(can)).await?, of)?;
    let job = match edit.job_id {
        Some(job_id) => attune_jobs::find(&mut tx, job_id).await?,
        None => None,
    };
    Ok((edit, job))
}

/// What these records are called.
async fn names(tx: &mut Tx, shell: &Shell, of: Subject, ids: Vec<i64>) -> Result<HashMap<i64, String>, DbError> {
    Ok(match of {
        Subject::Contact => contact::list_by_ids(tx, ids).await?.iter().map(|c| (c.id, contact::name_for(shell, c))).collect(),
        Subject::Company => company::list_by_ids(tx, ids).await?.into_iter().map(|c| (c.id, c.name)).collect(),
    })
}

async fn show_page(app: &App, (of, rights): (Subject, &Rights), shell: Shell, id: EditId, query: &ShowQuery) -> Result<ShowPage, Problem> {
    let (edit, job) = find(app, Some(of), &rights.0, id).await?;
    let mut tx = app.db.read().await?;
    let mut causes = store::list_causes(&mut tx, id.0, query.after, PAGE + 1).await?;
    let next = attune_web::kit::cut_page(&mut causes, 50).map(|(record, ..)| format!("{}?after={record}", href(of, id)));
    let seen = Chosen::these(of, causes.iter().map(|(record, ..)| *record).collect()).ids(&mut tx, &rights.1.scope, PAGE).await?;
    let names = names(&mut tx, &shell, of, seen).await?;
    let left = causes.into_iter().map(|(record, state, cause)| Left {
        who: names.get(&record).map(|name| (edited::href_of(of, record), name.clone())),
        state,
        cause,
    });
    let left = left.collect();
    let is_ending = job.as_ref().is_some_and(|job| job.cancel_asked && !job.state.is_over());
    let broke_back = edit.state == EditState::Failed && job.is_some_and(|job| job.kind == jobs::UNDO);
    let line = lines(&mut tx, of, &shell, vec![edit]).await?.pop().ok_or(Problem::NotFound)?;
    Ok(ShowPage { line, left, next, is_ending, broke_back, shell })
}

async fn show<L: List>(
    State(app): State<App>,
    can: Can<EditContacts>,
    see: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<EditId>,
    Query(query): Query<ShowQuery>,
) -> Answer {
    let page = show_page(&app, (L::OF, &(can, see)), shell, id, &query).await?;
    Ok(page.shell.page(&page))
}

/// GET …/edits/{id}/stream: the part of the page that changes, as long as it does.
async fn stream<L: List>(
    State(app): State<App>,
    can: Can<EditContacts>,
    see: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<EditId>,
) -> Answer {
    of_list(store::find(&mut app.db.read().await?, id.0, whose(&can)).await?, Some(L::OF))?;
    let asker = Arc::new((app.clone(), (can, see), shell));
    Ok(live(app.db.listen("progress"), move || {
        let asker = asker.clone();
        async move { status(&asker.0, (L::OF, &asker.1), asker.2.clone(), id).await.unwrap_or(Live::Gone) }
    }))
}

async fn status(app: &App, rights: (Subject, &Rights), shell: Shell, id: EditId) -> Result<Live, Problem> {
    let page = show_page(app, rights, shell, id, &ShowQuery::default()).await?;
    let html = page.as_status().render().map_err(Fault::from)?;
    Ok(if page.is_moving() { Live::New(html) } else { Live::Last(html) })
}

async fn cancel<L: List>(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<EditId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let edit = of_list(store::find(&mut tx, id.0, whose(&can)).await?, Some(L::OF))?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if !super::cancel(&mut tx, &by, &edit).await? {
        return Err(Problem::refused("bulk-edit-over"));
    }
    tx.commit().await?;
    Ok(shell.leave(&href(L::OF, id), Flash::good("bulk-edit-ending")))
}

async fn undo<L: List>(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<EditId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let edit = of_list(store::find(&mut tx, id.0, whose(&can)).await?, Some(L::OF))?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::undo(&mut tx, &by, &app.bench(), &can.scope, &edit).await?.map_err(Problem::refused)?;
    tx.commit().await?;
    Ok(shell.leave(&href(L::OF, id), Flash::good("bulk-edit-undoing")))
}

impl Line {
    fn href(&self) -> String {
        href(self.edit.subject, EditId(self.edit.id))
    }

    fn state_key(&self) -> String {
        format!("bulk-edit-state-{}", self.edit.state.word())
    }

    /// How many could get back what they had; none when that is not kept any more.
    fn undoable(&self, now: i64) -> i64 {
        self.edit.undoable(now)
    }
}

impl ShowPage {
    fn is_moving(&self) -> bool {
        self.line.edit.state.is_moving()
    }

    fn done(&self) -> (i64, i64) {
        jobs::progress(&self.line.edit, self.line.edit.state == EditState::Undoing)
    }

    /// Where the edit is asked to end; empty when it cannot be asked, or was.
    fn cancel_href(&self) -> String {
        let is_going = matches!(self.line.edit.state, EditState::Waiting | EditState::Running);
        if is_going && !self.is_ending { format!("{}/cancel", self.line.href()) } else { String::new() }
    }

    fn of(&self) -> Subject {
        self.line.edit.subject
    }

    fn cause(&self, left: &Left) -> String {
        said(&self.shell.l, self.of(), &format!("bulk-edit-cause-{}", if left.cause.is_empty() { "gone" } else { &left.cause }))
    }
}
