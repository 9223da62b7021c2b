//! The list of tasks, one task, and the small acts on it.

use askama::Template;
use attune_house::App;
use attune_identify::contact::ContactId;
use attune_kernel::DAY_US;
use attune_web::kit::{Choice, Tab, cut_page};
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Shell, local};
use axum::extract::State;
use serde::Deserialize;

use super::{Due, Task, TaskDraft, TaskFilter, TaskForm, TaskId, Whose};
use crate::{EditTasks, ViewTasks, people};

/// Rows of one page of the list.
const PAGE: usize = 50;

/// What the address of the list says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    view: String,
    due: String,
    after: String,
}

#[derive(Template)]
#[template(path = "task/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    dues: Vec<(Due, String)>,
    due: Due,
    tasks: Vec<Task>,
    count: i64,
    next_page: Option<String>,
    next: String,
    tidy: bool,
}

/// GET /tasks
pub(crate) async fn list(State(app): State<App>, can: Can<ViewTasks>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let (whose, due) = (Whose::of(&asked.view), Due::of(&asked.due));
    let filter = filter_of(&shell, &can, whose, due, &asked.after);
    let mut tx = app.db.read().await?;
    let mut tasks = super::list(&mut tx, &can.scope, &filter, PAGE as i64 + 1).await?;
    let count = super::count_open(&mut tx, &can.scope, &TaskFilter { after: None, ..filter }).await?;
    let next_page = cut_page(&mut tasks, PAGE).map(|last| format!("{}&after={}", address(whose, due), place_of(last)));
    let tab = |w: Whose| Tab::new(address(w, due), shell.l.t(whose_key(w)), w == whose);
    let tabs = Whose::ALL.into_iter().map(tab).collect();
    let dues = Due::ALL.into_iter().map(|d| (d, address(whose, d))).collect();
    let page = ListPage { tabs, dues, due, tasks, count, next_page, next: shell.here.clone(), tidy: false, shell };
    Ok(page.shell.page(&page))
}

fn address(whose: Whose, due: Due) -> String {
    format!("/tasks?view={}&due={}", whose.word(), due.word())
}

fn whose_key(whose: Whose) -> &'static str {
    match whose {
        Whose::Mine => "task-view-mine",
        Whose::Team => "task-view-team",
        Whose::All => "task-view-all",
    }
}

fn filter_of(shell: &Shell, can: &Can<ViewTasks>, whose: Whose, due: Due, after: &str) -> TaskFilter {
    TaskFilter {
        owner_id: (whose == Whose::Mine).then_some(can.actor.staff_id),
        team_id: if whose == Whose::Team { Some(can.actor.team_id.unwrap_or(0)) } else { None },
        contact_id: None,
        done: due == Due::Done,
        before: due.before(shell.now, day_end(shell)),
        after: read_place(after),
    }
}

/// The end of the reader's day, µs.
pub(crate) fn day_end(shell: &Shell) -> i64 {
    let today = shell.l.read_date(&shell.l.date_value(shell.now)).unwrap_or(shell.now);
    today + DAY_US
}

/// Where a list goes on: order value and id.
fn place_of(task: &Task) -> String {
    let at = task.done_at.or(task.due_at).unwrap_or(super::NEVER_AT);
    format!("{at}.{}", TaskId(task.id))
}

fn read_place(text: &str) -> Option<(i64, i64)> {
    let (at, id) = text.split_once('.')?;
    Some((at.parse().ok()?, id.parse::<TaskId>().ok()?.0))
}

#[derive(Template)]
#[template(path = "task/edit.html", blocks = ["form"])]
struct EditPage {
    shell: Shell,
    form: TaskForm,
    errors: FormErrors,
    task: Option<Task>,
    contact: Option<(String, String)>,
    owners: Vec<Choice>,
}

impl EditPage {
    fn action(&self) -> String {
        self.task.as_ref().map_or_else(|| "/tasks".to_owned(), |task| format!("/tasks/{}", TaskId(task.id)))
    }

    fn heading(&self) -> &'static str {
        if self.task.is_some() { "task-edit" } else { "task-new" }
    }
}

/// GET /tasks/new
pub(crate) async fn new(State(app): State<App>, can: Can<EditTasks>, shell: Shell, Query(mut form): Query<TaskForm>) -> Answer {
    if form.due.is_empty() {
        form.due = shell.l.date_value(shell.now + DAY_US);
    }
    let page = edit_page(&app, &can, shell, form, FormErrors::new(), None).await?;
    Ok(page.shell.page(&page))
}

/// POST /tasks
pub(crate) async fn create(State(app): State<App>, can: Can<EditTasks>, shell: Shell, Form(form): Form<TaskForm>) -> Answer {
    keep(&app, &can, shell, None, form).await
}

/// GET /tasks/{id}
pub(crate) async fn edit(State(app): State<App>, can: Can<EditTasks>, shell: Shell, Path(id): Path<TaskId>) -> Answer {
    let task = get_own(&app, &can, id).await?;
    let form = TaskForm {
        title: task.title_for(&shell),
        reason: task.reason_for(&shell),
        due: task.due_at.map_or_else(String::new, |at| shell.l.date_value(at)),
        owner: task.owner_id.to_string(),
        contact: task.contact_id.map_or_else(String::new, |id| ContactId(id).to_string()),
        next: String::new(),
    };
    let page = edit_page(&app, &can, shell, form, FormErrors::new(), Some(task)).await?;
    Ok(page.shell.page(&page))
}

/// POST /tasks/{id}
pub(crate) async fn update(
    State(app): State<App>,
    can: Can<EditTasks>,
    shell: Shell,
    Path(id): Path<TaskId>,
    Form(form): Form<TaskForm>,
) -> Answer {
    let task = get_own(&app, &can, id).await?;
    keep(&app, &can, shell, Some(task), form).await
}

/// Gives a task, or changes `task`; shows the form again while something is wrong.
async fn keep(app: &App, can: &Can<EditTasks>, shell: Shell, task: Option<Task>, form: TaskForm) -> Answer {
    let draft = match checked(app, can, &shell, &form, task.is_none()).await? {
        Ok(draft) => draft,
        Err(errors) => {
            let page = edit_page(app, can, shell, form, errors, task).await?;
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let draft = match &task {
        Some(task) => task.unmask(&shell, draft),
        None => draft,
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let said = match &task {
        Some(task) => {
            super::update(&mut tx, &app.ids, now, &can.actor, task, &draft).await?;
            "task-saved"
        }
        None => {
            super::create(&mut tx, &app.ids, now, &can.actor, &draft).await?;
            "task-created"
        }
    };
    tx.commit().await?;
    Ok(shell.leave(&back_to(&form.next), Flash::good(said).s("title", form.title.trim())))
}

/// The task `id`, if the reader may change it.
async fn get_own(app: &App, can: &Can<EditTasks>, id: TaskId) -> Result<Task, Problem> {
    let mut tx = app.db.read().await?;
    super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)
}

/// Checks the form and looks up who and whom it names: only colleagues and contacts the actor may see.
async fn checked(
    app: &App,
    can: &Can<EditTasks>,
    shell: &Shell,
    form: &TaskForm,
    is_new: bool,
) -> Result<Result<TaskDraft, FormErrors>, Problem> {
    let mut draft = match form.check(&shell.l) {
        Ok(draft) => draft,
        Err(errors) => return Ok(Err(errors)),
    };
    let mut tx = app.db.read().await?;
    let owner_id = form.owner.parse().unwrap_or(can.actor.staff_id);
    let colleagues = people::list_colleagues(&mut tx, &can.scope).await?;
    let mut errors = FormErrors::new();
    match colleagues.into_iter().find(|member| member.id == owner_id) {
        Some(member) => (draft.owner_id, draft.team_id) = (member.id, member.team_id),
        None => {
            errors.add("owner", "web-not-a-choice");
        }
    }
    // Whom a task is about does not change, and may be somebody who is not seen any more.
    if is_new && !form.contact.is_empty() {
        draft.contact_id = find_contact(&mut tx, can, &form.contact).await?.map(|(id, _)| id);
        if draft.contact_id.is_none() {
            errors.add("title", "task-no-contact");
        }
    }
    Ok(errors.or(draft))
}

/// The contact named in the address, if the actor may see it: id and name.
async fn find_contact(tx: &mut attune_db::Tx, can: &Can<EditTasks>, text: &str) -> Result<Option<(i64, String)>, Problem> {
    let (Ok(id), Some(view)) = (text.parse::<ContactId>(), people::contact_scope(&can.actor)) else { return Ok(None) };
    let contact = attune_identify::contact::find(tx, &view, id.0).await?;
    Ok(contact.map(|c| (c.id, c.label())))
}

async fn edit_page(
    app: &App,
    can: &Can<EditTasks>,
    shell: Shell,
    mut form: TaskForm,
    errors: FormErrors,
    task: Option<Task>,
) -> Result<EditPage, Problem> {
    let mut tx = app.db.read().await?;
    let members = people::list_colleagues(&mut tx, &can.scope).await?;
    let contact = find_contact(&mut tx, can, &form.contact).await?.map(|(id, name)| (format!("/contacts/{}", ContactId(id)), name));
    if form.owner.is_empty() {
        form.owner = can.actor.staff_id.to_string();
    }
    let owners = members.iter().map(|member| Choice::new(member.id, &member.name)).collect();
    Ok(EditPage { shell, form, errors, task, contact, owners })
}

/// Where an act on a task leads back to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Next {
    next: String,
}

fn back_to(next: &str) -> String {
    if next.is_empty() { "/tasks".to_owned() } else { local(next).to_owned() }
}

#[derive(Template)]
#[template(path = "task/row.html")]
struct RowPart<'a> {
    shell: &'a Shell,
    task: &'a Task,
    next: String,
    tidy: bool,
}

/// POST /tasks/{id}/done
pub(crate) async fn done(
    State(app): State<App>,
    can: Can<EditTasks>,
    shell: Shell,
    Path(id): Path<TaskId>,
    Query(to): Query<Next>,
) -> Answer {
    let flash = Flash::good("task-done-said").undo(format!("/tasks/{id}/reopen?next={}", encoded(&back_to(&to.next))));
    set_done(&app, &can, &shell, id, &to, true, flash).await
}

/// POST /tasks/{id}/reopen
pub(crate) async fn reopen(
    State(app): State<App>,
    can: Can<EditTasks>,
    shell: Shell,
    Path(id): Path<TaskId>,
    Query(to): Query<Next>,
) -> Answer {
    set_done(&app, &can, &shell, id, &to, false, Flash::good("task-reopened-said")).await
}

async fn set_done(app: &App, can: &Can<EditTasks>, shell: &Shell, id: TaskId, to: &Next, done: bool, flash: Flash) -> Answer {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let mut task = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    super::set_done(&mut tx, &app.ids, now, &can.actor, &task, done).await?;
    tx.commit().await?;
    task.done_at = done.then_some(now);
    let next = back_to(&to.next);
    let flash = flash.s("title", task.title_for(shell));
    if shell.hx.partial {
        return Ok(shell.fragment_saying(&RowPart { shell, task: &task, tidy: next.starts_with("/contacts/"), next }, flash));
    }
    Ok(shell.leave(&next, flash))
}

/// POST /tasks/{id}/postpone
pub(crate) async fn postpone(
    State(app): State<App>,
    can: Can<EditTasks>,
    shell: Shell,
    Path(id): Path<TaskId>,
    Query(to): Query<Next>,
) -> Answer {
    let mut tx = app.db.begin().await?;
    let task = super::get_in(&mut tx, id.0, &can.scope).await?.ok_or(Problem::NotFound)?;
    let due_at = day_end(&shell) + DAY_US - 1;
    super::postpone(&mut tx, &app.ids, app.clock.now(), &can.actor, &task, due_at).await?;
    tx.commit().await?;
    Ok(shell.leave(&back_to(&to.next), Flash::good("task-postponed-said").s("title", task.title_for(&shell))))
}

/// A value inside a query.
pub(crate) fn encoded(text: &str) -> String {
    attune_web::kit::with_query("", "next", text).trim_start_matches("?next=").to_owned()
}

/// The tone of a due date: bad when late, warn today, empty later.
pub(crate) fn due_tone(shell: &Shell, task: &Task) -> &'static str {
    match task.due_at {
        Some(at) if at < shell.now => "bad",
        Some(at) if at < day_end(shell) => "warn",
        _ => "",
    }
}

/// Whether the task is the reader's own.
pub(crate) fn is_own(shell: &Shell, task: &Task) -> bool {
    shell.actor.as_ref().is_some_and(|actor| actor.staff_id == task.owner_id)
}
