//! The page at `/`.

use askama::Template;
use attune_house::App;
use attune_identify::contact::ContactId;
use attune_identify::promise::Promise;
use attune_web::{Answer, Can, Shell, see_other};
use axum::extract::State;

use super::gather::{self, Day, Next, Sight};
use super::rules::greeting_key;
use crate::handover::HandoverId;
use crate::handover::pages::time_left;
use crate::task::pages::day_end;
use crate::task::{Task, TaskId};
use crate::{HideSteps, ViewToday, change, people};

/// A line of "Do next" in words: reason, due, exactly one act.
struct Line {
    icon: &'static str,
    tone: &'static str,
    title: String,
    href: String,
    reason: String,
    due: String,
    due_tone: &'static str,
    act: String,
    label: String,
    posts: bool,
    later: Option<String>,
}

/// A first step in words.
struct Step {
    label: String,
    href: &'static str,
    done: bool,
}

#[derive(Template)]
#[template(path = "today/today.html")]
struct TodayPage {
    shell: Shell,
    day: Day,
    greeting: String,
    lines: Vec<Line>,
    steps: Vec<Step>,
    steps_done: i64,
    next: String,
    tidy: bool,
    tasks: Vec<Task>,
}

impl TodayPage {
    /// Who promised whom.
    fn promised(&self, promise: &Promise) -> String {
        let key = if promise.side == "ours" { "today-promise-ours" } else { "today-promise-theirs" };
        let name = if promise.name.is_empty() { promise.record.to_string() } else { promise.name.clone() };
        self.shell.l.of(key).s("name", name).to_string()
    }

    fn promise_tone(&self, promise: &Promise) -> &'static str {
        if promise.is_late(self.shell.now) { "bad" } else { "warn" }
    }
}

/// GET /
pub(crate) async fn today(State(app): State<App>, can: Can<ViewToday>, shell: Shell) -> Answer {
    let sight = Sight { actor: &can.actor, contacts: people::contact_scope(&can.actor), now: shell.now, day_end: day_end(&shell) };
    let mut tx = app.db.read().await?;
    let mut day = gather::gather(&mut tx, &sight).await?;
    let lines = day.next.iter().map(|line| in_words(&shell, line)).collect();
    let steps = steps(&shell, &day);
    let steps_done = i64::try_from(steps.iter().filter(|step| step.done).count()).unwrap_or(0);
    let hour = shell.l.zone().to_datetime(jiff::Timestamp::from_microsecond(shell.now).unwrap_or_default()).hour();
    let first_name = can.actor.name.split_whitespace().next().unwrap_or(&can.actor.name).to_owned();
    let greeting = shell.l.of(greeting_key(hour)).s("name", first_name).to_string();
    let tasks = std::mem::take(&mut day.tasks);
    let page = TodayPage { day, greeting, lines, steps, steps_done, next: "/".to_owned(), tidy: false, tasks, shell };
    Ok(page.shell.page(&page))
}

fn in_words(shell: &Shell, line: &Next) -> Line {
    match line {
        Next::Answer(offer) => answer_line(shell, offer),
        Next::Work(task) => task_line(shell, task),
        Next::Word(hot) => word_line(shell, hot),
    }
}

fn answer_line(shell: &Shell, offer: &crate::handover::Handover) -> Line {
    let (due, due_tone) = time_left(shell, offer);
    let from = shell.l.t(crate::handover::pages::origin_key(&offer.origin)).to_string();
    let company = offer.company_name.clone().unwrap_or_default();
    Line {
        icon: "handshake",
        tone: "good",
        title: shell.l.of("today-answer").s("name", &offer.contact_name).to_string(),
        href: format!("/hand-overs/{}", HandoverId(offer.id)),
        reason: shell.l.of("today-answer-reason").s("origin", from).n("place", offer.place).s("company", company).to_string(),
        due,
        due_tone,
        act: format!("/hand-overs/{}/accept?next=%2F", HandoverId(offer.id)),
        label: shell.l.t("handover-accept").to_string(),
        posts: true,
        later: None,
    }
}

fn task_line(shell: &Shell, task: &Task) -> Line {
    let name = task.contact_name.clone().unwrap_or_default();
    let reason = task.reason_for(shell);
    let told: Vec<String> = [name, reason].into_iter().filter(|text| !text.is_empty()).collect();
    Line {
        icon: "circle-check",
        tone: if task.is_late(shell.now) { "bad" } else { "blue" },
        title: task.title_for(shell),
        href: format!("/tasks/{}", TaskId(task.id)),
        reason: told.join(" · "),
        due: task.due_at.map_or_else(String::new, |at| shell.l.near_day(at, shell.now).to_string()),
        due_tone: if task.is_late(shell.now) { "bad" } else { "warn" },
        act: format!("/tasks/{}/done?next=%2F", TaskId(task.id)),
        label: shell.l.t("task-done").to_string(),
        posts: true,
        later: Some(format!("/tasks/{}/postpone?next=%2F", TaskId(task.id))),
    }
}

fn word_line(shell: &Shell, hot: &gather::Hot) -> Line {
    let contact = ContactId(hot.contact_id);
    let when = hot.last_seen_at.map_or_else(String::new, |at| shell.l.when(at, shell.now).to_string());
    Line {
        icon: "moon",
        tone: "",
        title: shell.l.of("today-quiet").s("name", &hot.name).to_string(),
        href: format!("/contacts/{contact}"),
        reason: shell.l.of("today-quiet-reason").s("when", when).n("points", hot.points).to_string(),
        due: String::new(),
        due_tone: "",
        act: format!("/tasks/new?contact={contact}&next=%2F"),
        label: shell.l.t("today-plan").to_string(),
        posts: false,
        later: None,
    }
}

fn steps(shell: &Shell, day: &Day) -> Vec<Step> {
    let step = |(name, done): &(&'static str, bool)| {
        let (key, href) = match *name {
            "tracking" => ("today-step-tracking", "/visitors"),
            "contacts" => ("today-step-contacts", "/imports/new"),
            "segment" => ("today-step-segment", "/segments/new"),
            "mail" => ("today-step-mail", "/campaigns/new"),
            _ => ("today-step-colleague", "/settings/staff/new"),
        };
        Step { label: shell.l.t(key).to_string(), href, done: *done }
    };
    day.steps.iter().map(step).collect()
}

/// POST /today/steps/hide: the list of first steps is put away for everybody.
pub(crate) async fn hide_steps(State(app): State<App>, _: Can<HideSteps>) -> Answer {
    let mut tx = app.db.begin().await?;
    change::tick_step(&mut tx, "hidden", app.clock.now()).await?;
    tx.commit().await?;
    Ok(see_other("/"))
}
