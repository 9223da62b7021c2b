//! What somebody has to do, and why.
//!
//! Guards that a task always has an owner and a reason to be read, that what Attune wrote is told in the reader's language, and that
//! an automatic task exists once for its cause.

pub(crate) mod mention;
pub(crate) mod next;
pub(crate) mod pages;
pub(crate) mod panel;
mod rules;
mod store;
#[cfg(test)]
mod tests;

use attune_db::{DbError, Relation, Tx};
use attune_events::Event;
use attune_kernel::{Fault, Ids};
use attune_record::audit;
use attune_web::{Actor, Can, Scope, Shell};

pub use rules::{Due, TaskDraft, TaskFilter, TaskForm, Whose};
pub(crate) use store::{count_done, list_by_ids};
pub use store::{count_open, find, list, list_of_contact};

attune_kernel::id_type!(
    /// A task.
    TaskId,
    "tsk"
);

/// The due moment of a task without one: the end of time, so that it stands last.
pub(crate) const NEVER_AT: i64 = i64::MAX;

/// A text that Attune wrote, or one that somebody typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// As typed; empty when Attune wrote it.
    pub text: String,
    /// The locale key of a text that Attune wrote.
    pub key: Option<String>,
    /// Its placeholders.
    pub args: Vec<(String, String)>,
}

impl Wording {
    /// Words somebody typed.
    pub fn typed(text: impl Into<String>) -> Self {
        Self { text: text.into(), key: None, args: Vec::new() }
    }

    /// A text of the catalogue.
    pub fn of(key: &str, args: &[(&str, &str)]) -> Self {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { text: String::new(), key: Some(key.to_owned()), args }
    }

    /// In the reader's language.
    pub fn told(&self, l: &attune_web::Lang) -> String {
        match self.key.as_deref() {
            Some("task-title-overdue") => l.of("task-title-overdue").s("name", self.arg("name")).to_string(),
            Some("task-reason-overdue") => l.of("task-reason-overdue").s("rep", self.arg("rep")).to_string(),
            Some("task-title-mentioned") => l.of("task-title-mentioned").s("name", self.arg("name")).to_string(),
            Some("task-reason-mentioned") => l.of("task-reason-mentioned").s("by", self.arg("by")).to_string(),
            Some("task-title-accepted") => l.of("task-title-accepted").s("name", self.arg("name")).to_string(),
            Some("task-reason-accepted") => l.t("task-reason-accepted").to_string(),
            Some(key) => l.t(key).to_string(),
            None => self.text.clone(),
        }
    }

    fn arg(&self, name: &str) -> &str {
        self.args.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// A task as it stands.
#[derive(Clone, Debug)]
pub struct Task {
    /// The id.
    pub id: i64,
    /// Whom it is about.
    pub contact_id: Option<i64>,
    /// The contact's name, when there is one.
    pub contact_name: Option<String>,
    /// What to do.
    pub title: Wording,
    /// Why.
    pub reason: Wording,
    /// Who does it.
    pub owner_id: i64,
    /// The owner's name.
    pub owner_name: String,
    /// The owner's team when the task was given.
    pub team_id: Option<i64>,
    /// Until when, µs.
    pub due_at: Option<i64>,
    /// When it was given, µs.
    pub created_at: i64,
    /// When it was done, µs.
    pub done_at: Option<i64>,
}

impl Task {
    /// The id as shown.
    pub fn shown_id(&self) -> TaskId {
        TaskId(self.id)
    }

    /// The page of the contact it is about; empty without one.
    pub fn contact_href(&self) -> String {
        self.contact_id.map_or_else(String::new, |id| format!("/contacts/{}", attune_identify::contact::ContactId(id)))
    }

    /// Whether the reader may tick it off and change it.
    pub fn is_for(&self, shell: &Shell) -> bool {
        let may = shell.actor.as_ref().and_then(Can::<crate::EditTasks>::of);
        may.is_some_and(|can| can.scope.covers(Some(self.owner_id), self.team_id))
    }

    /// Title and reason as whoever reads the page may see them: a colleague may have written an address into them.
    fn words_for(&self, shell: &Shell, words: &Wording) -> String {
        shell.sight().text((Some(self.owner_id), self.team_id), words.told(&shell.l))
    }

    /// What to do, for whoever reads the page.
    pub fn title_for(&self, shell: &Shell) -> String {
        self.words_for(shell, &self.title)
    }

    /// Why, for whoever reads the page.
    pub fn reason_for(&self, shell: &Shell) -> String {
        self.words_for(shell, &self.reason)
    }

    /// A change of this task as its form came back: words that were shown masked and left so stay what they were.
    fn unmask(&self, shell: &Shell, mut draft: TaskDraft) -> TaskDraft {
        for (typed, was, shown) in
            [(&mut draft.title, &self.title, self.title_for(shell)), (&mut draft.reason, &self.reason, self.reason_for(shell))]
        {
            if typed.text == shown.trim() {
                typed.text = was.told(&shell.l);
            }
        }
        draft
    }

    /// Whether it should have been done before `now`.
    pub fn is_late(&self, now: i64) -> bool {
        self.done_at.is_none() && self.due_at.is_some_and(|at| at < now)
    }
}

/// Gives a task; answers its id. A second one for the same cause is not given and answers `None`.
pub async fn create(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, draft: &TaskDraft) -> Result<Option<i64>, Fault> {
    let id = ids.next();
    if !store::insert(tx, id, draft, actor.staff_id, now).await? {
        return Ok(None);
    }
    let after =
        serde_json::json!({ "title": draft.title.text, "key": draft.title.key, "owner_id": draft.owner_id, "due_at": draft.due_at });
    audit::note(tx, ids, now, actor, "task.created", "task", id, None, Some(after)).await?;
    let subject = if draft.cause_key.is_some() { "automatic" } else { "manual" };
    attune_events::append(tx, &mut [Event::new("task.created", now).contact(draft.contact_id).subject(subject)]).await?;
    Ok(Some(id))
}

/// Changes what is to be done, until when and by whom.
pub async fn update(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, before: &Task, draft: &TaskDraft) -> Result<(), Fault> {
    store::update(tx, before.id, draft).await?;
    let was = serde_json::json!({ "title": before.title.text, "owner_id": before.owner_id, "due_at": before.due_at });
    let is = serde_json::json!({ "title": draft.title.text, "owner_id": draft.owner_id, "due_at": draft.due_at });
    Ok(audit::note(tx, ids, now, actor, "task.updated", "task", before.id, Some(was), Some(is)).await?)
}

/// Checks a task off, or opens it again; answers whether anything changed.
pub async fn set_done(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, task: &Task, done: bool) -> Result<bool, Fault> {
    if !store::set_done(tx, task.id, done.then_some((now, actor.staff_id))).await? {
        return Ok(false);
    }
    let (action, event) = if done { ("task.done", "task.done") } else { ("task.reopened", "task.reopened") };
    audit::note(tx, ids, now, actor, action, "task", task.id, None, None).await?;
    attune_events::append(tx, &mut [Event::new(event, now).contact(task.contact_id)]).await?;
    Ok(true)
}

/// Moves a task to another moment, µs.
pub async fn postpone(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, task: &Task, due_at: i64) -> Result<(), Fault> {
    store::postpone(tx, task.id, due_at).await?;
    let (was, is) = (serde_json::json!({ "due_at": task.due_at }), serde_json::json!({ "due_at": due_at }));
    Ok(audit::note(tx, ids, now, actor, "task.postponed", "task", task.id, Some(was), Some(is)).await?)
}

/// Gives open tasks from hand to hand (relation of `id`, `holder_id`, `receiver_id`), those that still are the holder's; answers which.
pub(crate) async fn pass_on(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, moves: &Relation) -> Result<Vec<i64>, Fault> {
    let moved = store::pass_on(tx, moves).await?;
    let trail = moved.iter().map(|id| (*id, None, None)).collect();
    audit::note_many(tx, ids, now, actor, ("task.passed_on", "task"), trail).await?;
    Ok(moved)
}

/// The task `id` if it lies within `scope`.
pub async fn get_in(tx: &mut Tx, id: i64, scope: &Scope) -> Result<Option<Task>, DbError> {
    let task = find(tx, id).await?;
    Ok(task.filter(|task| scope.covers(Some(task.owner_id), task.team_id)))
}
