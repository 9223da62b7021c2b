//! The promises of a record, all promises, and the forms that make and settle them.

use askama::Template;
use attune_house::{App, Panel, Place};
use attune_kernel::DAY_US;
use attune_record::note;
use attune_web::kit::{Choice, Tab, cut_page};
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Draft, Promise, PromiseId, store};
use crate::contact::{By, ContactError, ContactId};
use crate::relationship::block::{Ground, On, stand};
use crate::relationship::{Record, find_end};
use crate::{EditContacts, ViewContacts, staff};

/// Promises on a page of the list.
const PAGE: i64 = 50;
/// How many days before its day Today may tell of a promise.
const REMINDERS: [i64; 5] = [0, 1, 3, 7, 14];

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/{id}/promises", get(block))
        .route("/companies/{id}/promises", get(block))
        .route("/promises", get(list).post(create))
        .route("/promises/new", get(new))
        .route("/promises/{id}", get(edit).post(save))
        .route("/promises/{id}/{state}", post(settle))
}

/// The block on the contact page.
pub(crate) fn panel() -> Panel {
    Panel {
        key: "identify.promises",
        title_key: "promise-title",
        href: |id| format!("/contacts/{}/promises", ContactId(id)),
        order: 12,
        permission: "identify.contact.view",
        place: Place::Aside,
    }
}

/// A promise in words.
pub(crate) struct Line {
    pub(crate) promise: Promise,
    /// Who promises whom, and until when.
    pub(crate) detail: String,
    pub(crate) tone: &'static str,
    /// What became of it; empty while it is open and its day has not passed.
    pub(crate) badge: String,
}

impl Line {
    /// The line; `with_name` says with whom.
    pub(crate) fn new(shell: &Shell, promise: Promise, with_name: bool) -> Self {
        let l = &shell.l;
        let late = promise.is_late(shell.now);
        let (tone, badge) = match promise.state.as_str() {
            "open" if late => ("bad", l.t("promise-late").to_string()),
            "open" => ("", String::new()),
            "kept" => ("good", l.t("promise-state-kept").to_string()),
            "broken" => ("bad", l.t("promise-state-broken").to_string()),
            _ => ("", l.t("promise-state-withdrawn").to_string()),
        };
        let key = if promise.side == "ours" { "promise-by-us" } else { "promise-by-them" };
        let name = if promise.name.is_empty() { promise.record.to_string() } else { promise.name.clone() };
        let mut parts = vec![l.of(key).s("staff", &promise.staff_name).to_string()];
        parts.extend(with_name.then_some(name));
        parts.push(l.of("promise-until").s("day", l.near_day(promise.due_at, shell.now)).to_string());
        Self { detail: parts.join(" · "), tone, badge, promise }
    }

    /// The address that settles it.
    fn act(&self, state: &str) -> String {
        format!("/promises/{}/{state}", self.promise.id)
    }
}

#[derive(Template)]
#[template(path = "promise/panel.html", blocks = ["part"])]
struct PanelPage {
    shell: Shell,
    record: Record,
    href: String,
    name: String,
    lines: Vec<Line>,
}

async fn block(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, on: On) -> Answer {
    let Ground { mut tx, record, name, .. } = stand(&app, &can.scope, &shell, on).await?;
    let found = store::list_of(&mut tx, &can.scope, record).await?;
    let line = |promise: Promise| {
        let with_name = promise.record != record;
        Line::new(&shell, promise, with_name)
    };
    let lines = found.into_iter().map(line).collect();
    let page = PanelPage { record, href: record.href(), name, lines, shell };
    Ok(page.shell.show(&page, &page.as_part()))
}

/// Which promises the list shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    /// `all`: of every colleague.
    view: String,
    /// `settled`, else open.
    state: String,
    after: String,
}

#[derive(Template)]
#[template(path = "promise/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    next: Option<String>,
}

async fn list(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let (all, open) = (query.view == "all", query.state != "settled");
    let after = query.after.split_once('~').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let whose = (!all).then_some(can.actor.staff_id);
    let mut found = store::list(&mut app.db.read().await?, &can.scope, (whose, open), after, PAGE + 1).await?;
    let last = cut_page(&mut found, usize::try_from(PAGE).unwrap_or(50));
    let mark = |last: &Promise| if open { last.due_at } else { last.closed_at.unwrap_or(0) };
    let next = last.map(|last| format!("{}&after={}~{}", list_href(all, open), mark(last), last.id.0));
    let lines = found.into_iter().map(|promise| Line::new(&shell, promise, true)).collect();
    let page = ListPage { tabs: list_tabs(&shell, all, open), lines, next, shell };
    Ok(page.shell.page(&page))
}

fn list_href(all: bool, open: bool) -> String {
    format!("/promises?view={}&state={}", if all { "all" } else { "" }, if open { "" } else { "settled" })
}

fn list_tabs(shell: &Shell, all: bool, open: bool) -> Vec<Tab> {
    let tab = |key: &str, to: (bool, bool)| Tab::new(list_href(to.0, to.1), shell.l.t(key), to == (all, open));
    vec![
        tab("promise-mine", (false, true)),
        tab("promise-all", (true, true)),
        tab("promise-mine-settled", (false, false)),
        tab("promise-all-settled", (true, false)),
    ]
}

/// A promise as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PromiseForm {
    of: String,
    note: String,
    side: String,
    what: String,
    staff_id: String,
    due: String,
    remind: String,
}

#[derive(Template)]
#[template(path = "promise/form.html", blocks = ["form"])]
struct FormPage {
    shell: Shell,
    /// The promise that is changed; `None`: a new one.
    id: Option<PromiseId>,
    href: String,
    name: String,
    sides: Vec<Choice>,
    colleagues: Vec<Choice>,
    reminders: Vec<Choice>,
    form: PromiseForm,
    errors: FormErrors,
}

impl FormPage {
    async fn read(app: &App, scope: &Scope, shell: Shell, id: Option<PromiseId>, form: PromiseForm) -> Result<Self, Problem> {
        let mut tx = app.db.read().await?;
        let record: Record = form.of.parse().map_err(|_| Problem::NotFound)?;
        let end = find_end(&mut tx, scope, record).await?.ok_or(Problem::NotFound)?;
        let name = if end.name.is_empty() { record.to_string() } else { end.name };
        let sides = super::SIDES.map(|side| Choice::new(side, shell.l.of(&format!("promise-side-{side}")).s("name", &name)));
        let colleagues = staff::list(&mut tx).await?.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)).collect();
        let reminders = REMINDERS.map(|days| Choice::new(days, shell.l.of("promise-remind-days").n("count", days)));
        let (sides, reminders, errors) = (sides.to_vec(), reminders.to_vec(), FormErrors::new());
        Ok(Self { id, href: record.href(), name, sides, colleagues, reminders, form, errors, shell })
    }

    fn action(&self) -> String {
        self.id.map_or_else(|| "/promises".to_owned(), |id| format!("/promises/{id}"))
    }

    fn heading(&self) -> String {
        let key = if self.id.is_some() { "promise-edit-of" } else { "promise-new-of" };
        self.shell.l.of(key).s("name", &self.name).to_string()
    }
}

impl PromiseForm {
    fn of(shell: &Shell, promise: &Promise) -> Self {
        Self {
            of: promise.record.to_string(),
            note: String::new(),
            side: promise.side.clone(),
            what: promise.what.clone(),
            staff_id: promise.staff_id.to_string(),
            due: shell.l.date_value(promise.due_at),
            remind: ((promise.due_at - promise.remind_at) / DAY_US).to_string(),
        }
    }

    /// What is promised; the day lasts until its end.
    fn check(&self, shell: &Shell) -> Result<Draft, FormErrors> {
        let mut errors = FormErrors::new();
        let what = errors.required("what", &self.what, super::WHAT_CHARS);
        let day = shell.l.read_date(self.due.trim());
        if day.is_none() {
            errors.add("due", if self.due.trim().is_empty() { "web-required" } else { "relationship-not-a-day" });
        }
        let draft = Draft {
            side: self.side.clone(),
            what,
            staff_id: self.staff_id.parse().unwrap_or(0),
            due_at: day.map_or(0, |day| end_of_day(&shell.l, day)),
            remind_days: self.remind.parse().unwrap_or(0),
            note_id: self.note.parse().ok(),
        };
        errors.or(draft)
    }
}

/// The last moment of the day that begins at `day`; a day may have 23 hours or 25.
pub(crate) fn end_of_day(l: &attune_web::Lang, day: i64) -> i64 {
    let next = l.read_date(&l.date_value(day + 36 * attune_kernel::HOUR_US));
    next.unwrap_or(day + DAY_US) - 1
}

/// What a new one starts from: tomorrow, by the reader; the words of a note when it is made from one.
async fn new(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Query(mut form): Query<PromiseForm>) -> Answer {
    form.due = shell.l.date_value(shell.now + DAY_US);
    form.staff_id = can.actor.staff_id.to_string();
    form.side = "ours".to_owned();
    form.remind = "1".to_owned();
    if let Ok(id) = form.note.parse::<i64>() {
        let found = note::find(&mut app.db.read().await?, id).await?;
        let of = form.of.parse::<Record>().ok();
        let found = found.filter(|note| of.is_some_and(|of| of.contact().or(of.company()) == Some(note.record_id)));
        let line = found.map_or_else(String::new, |note| note.body.lines().next().unwrap_or("").chars().take(super::WHAT_CHARS).collect());
        let end = match of {
            Some(of) => find_end(&mut app.db.read().await?, &can.scope, of).await?,
            None => None,
        };
        form.what = shell.sight().text(end.map_or((None, None), |end| end.whose), line);
    }
    let page = FormPage::read(&app, &can.scope, shell, None, form).await?;
    Ok(page.shell.page(&page))
}

async fn create(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Form(form): Form<PromiseForm>) -> Answer {
    let page = FormPage::read(&app, &can.scope, shell, None, form).await?;
    put(&app, &can, page).await
}

async fn edit(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<PromiseId>) -> Answer {
    let promise = open_one(&app, &can.scope, id).await?;
    if shell.sight().hides(promise.whose, &promise.what) {
        return Err(Problem::refused("identify-hidden-words"));
    }
    let form = PromiseForm::of(&shell, &promise);
    let page = FormPage::read(&app, &can.scope, shell, Some(id), form).await?;
    Ok(page.shell.page(&page))
}

async fn open_one(app: &App, scope: &Scope, id: PromiseId) -> Result<Promise, Problem> {
    super::find(&mut app.db.read().await?, scope, id).await?.ok_or(Problem::NotFound)
}

async fn save(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<PromiseId>,
    Form(mut form): Form<PromiseForm>,
) -> Answer {
    form.of = open_one(&app, &can.scope, id).await?.record.to_string();
    let page = FormPage::read(&app, &can.scope, shell, Some(id), form).await?;
    put(&app, &can, page).await
}

/// Writes what the form says, or shows it again.
async fn put(app: &App, can: &Can<EditContacts>, mut page: FormPage) -> Answer {
    page.errors = match page.form.check(&page.shell) {
        Ok(draft) => match write(app, can, &page, &draft).await {
            Ok(()) => return Ok(page.shell.leave(&page.href, Flash::good("promise-saved"))),
            Err(ContactError::Invalid { attribute, key }) => {
                let mut errors = FormErrors::new();
                errors.add(attribute, key);
                errors
            }
            Err(error) => return Err(error.into()),
        },
        Err(errors) => errors,
    };
    Ok(page.shell.again(&page, &page.as_form()))
}

async fn write(app: &App, can: &Can<EditContacts>, page: &FormPage, draft: &Draft) -> Result<(), ContactError> {
    let record: Record = page.form.of.parse().map_err(|_| ContactError::NotFound)?;
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    match page.id {
        Some(id) => super::update(&mut tx, &by, &can.scope, id, draft).await?,
        None => _ = super::create(&mut tx, &by, &can.scope, record, draft).await?,
    }
    tx.commit().await?;
    Ok(())
}

/// Where to go after.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
}

async fn settle(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path((id, state)): Path<(PromiseId, String)>,
    Query(query): Query<Next>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let before = super::settle(&mut tx, &by, &can.scope, id, &state).await?;
    tx.commit().await?;
    let to = if query.next == "/" { "/".to_owned() } else { before.record.href() };
    let undo = format!("/promises/{id}/{}?next={}", before.state, if to == "/" { "%2F" } else { "" });
    Ok(shell.leave(&to, Flash::good(settled_key(&state)).undo(undo)))
}

fn settled_key(state: &str) -> &'static str {
    match state {
        "kept" => "promise-now-kept",
        "broken" => "promise-now-broken",
        "withdrawn" => "promise-now-withdrawn",
        _ => "identify-undone",
    }
}
