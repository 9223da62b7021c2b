//! What a task's form must hold, and which tasks a list shows.

use attune_kernel::DAY_US;
use attune_web::{FormErrors, Lang};
use serde::Deserialize;

use super::Wording;

/// As typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TaskForm {
    /// What to do.
    pub title: String,
    /// Why; may stay empty.
    pub reason: String,
    /// `2026-11-20`; empty for no date.
    pub due: String,
    /// Who does it: a staff id; empty for oneself.
    pub owner: String,
    /// The contact's id with its prefix; empty for none.
    pub contact: String,
    /// Where to go afterwards.
    pub next: String,
}

/// Checked.
#[derive(Clone, Debug, Default)]
pub struct TaskDraft {
    /// What to do.
    pub title: Wording,
    /// Why.
    pub reason: Wording,
    /// Who does it.
    pub owner_id: i64,
    /// The owner's team.
    pub team_id: Option<i64>,
    /// Until when, µs.
    pub due_at: Option<i64>,
    /// Whom it is about.
    pub contact_id: Option<i64>,
    /// What an automatic task was caused by; the same cause gives one task only.
    pub cause_key: Option<String>,
}

impl TaskForm {
    /// Checks what was typed; owner, team and contact are looked up by the caller.
    pub fn check(&self, l: &Lang) -> Result<TaskDraft, FormErrors> {
        let mut errors = FormErrors::new();
        let title = errors.required("title", &self.title, 200);
        let reason = errors.optional("reason", &self.reason, 500).unwrap_or_default();
        let due_at = l.read_date(&self.due).map(|midnight| midnight + DAY_US - 1);
        if due_at.is_none() && !self.due.trim().is_empty() {
            errors.add("due", "web-not-a-date");
        }
        errors.or(TaskDraft { title: Wording::typed(title), reason: Wording::typed(reason), due_at, ..TaskDraft::default() })
    }
}

/// Whose tasks a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// The reader's own.
    #[default]
    Mine,
    /// Those of the reader's team.
    Team,
    /// All the reader may see.
    All,
}

impl Whose {
    /// Every choice, in the order of the tabs.
    pub const ALL: [Self; 3] = [Self::Mine, Self::Team, Self::All];

    /// The word in the address.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Team => "team",
            Self::All => "all",
        }
    }

    /// Reads [`Whose::word`]; anything else means one's own.
    pub fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|whose| whose.word() == word).unwrap_or_default()
    }
}

/// Which tasks by their due date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Due {
    /// All that are open.
    #[default]
    Open,
    /// Open and late.
    Late,
    /// Open and due until the end of today.
    Today,
    /// Open and due within seven days.
    Week,
    /// Done.
    Done,
}

impl Due {
    /// Every choice, in the order of the filter.
    pub const ALL: [Self; 5] = [Self::Open, Self::Late, Self::Today, Self::Week, Self::Done];

    /// The word in the address.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Late => "late",
            Self::Today => "today",
            Self::Week => "week",
            Self::Done => "done",
        }
    }

    /// Reads [`Due::word`]; anything else means all that are open.
    pub fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|due| due.word() == word).unwrap_or_default()
    }

    /// The locale key of its name.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Open => "task-due-open",
            Self::Late => "task-due-late",
            Self::Today => "task-due-today",
            Self::Week => "task-due-week",
            Self::Done => "task-due-done",
        }
    }

    /// The moment before which an open task must be due, when the choice sets one. `day_end` is the end of the reader's day, µs.
    pub fn before(self, now: i64, day_end: i64) -> Option<i64> {
        match self {
            Self::Late => Some(now),
            Self::Today => Some(day_end),
            Self::Week => Some(day_end + 6 * DAY_US),
            Self::Open | Self::Done => None,
        }
    }
}

/// What a list of tasks shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskFilter {
    /// Only of this owner.
    pub owner_id: Option<i64>,
    /// Only of this team.
    pub team_id: Option<i64>,
    /// Only about this contact.
    pub contact_id: Option<i64>,
    /// Done ones instead of open ones.
    pub done: bool,
    /// Due before this moment, µs.
    pub before: Option<i64>,
    /// Continue behind this (order value, id).
    pub after: Option<(i64, i64)>,
}
