//! Preferences: how, how often and when a person wants to be written to. Whether at all is consent; this is only the manner of it.
//!
//! Guards that lines are only ever added, each with its source, its words and its proof, and that the newest line of a person holds.

mod store;
#[cfg(test)]
mod tests;

use attune_db::{DbError, Tx};
use attune_events::{Event, EventDef, append};
use attune_kernel::{DAY_US, Ids};

pub use store::{current, list, wishes};

/// The events of this noun.
pub const EVENTS: &[EventDef] = &[EventDef {
    name: "preference.changed",
    meaning: "A person said how, how often or when to be written to.",
    subject: "",
    amount: "",
    behaviour: true,
}];

/// How often somebody wants mail at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Frequency {
    /// Every mail that is meant for them.
    #[default]
    Every,
    /// One in seven days.
    Weekly,
    /// One in thirty days.
    Monthly,
}

impl Frequency {
    /// Every frequency, in the order pages show them.
    pub const ALL: [Self; 3] = [Self::Every, Self::Weekly, Self::Monthly];

    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Every => "every",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// The frequency of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|frequency| frequency.word() == word)
    }

    /// The shortest time between two mails, µs; 0 when there is none.
    pub fn gap_us(self) -> i64 {
        match self {
            Self::Every => 0,
            Self::Weekly => 7 * DAY_US,
            Self::Monthly => 30 * DAY_US,
        }
    }
}

/// How somebody wants to be written to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// How often at most.
    pub frequency: Frequency,
    /// Nothing before this moment, µs.
    pub paused_until: Option<i64>,
    /// The first quiet minute of the person's day and the first that is not quiet.
    pub quiet: Option<(i64, i64)>,
    /// The person's zone (IANA name).
    pub time_zone: Option<String>,
    /// The language: `en` or `zh-CN`.
    pub language: Option<String>,
}

/// A line to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreferenceDraft {
    /// Whose.
    pub contact_id: i64,
    /// What holds from now on: all of it, not only what changed.
    pub wish: Wish,
    /// Where it was said: `preference-page`, …
    pub source: String,
    /// The words the person saw.
    pub wording: Option<String>,
    /// What shows it.
    pub proof: Option<String>,
    /// Who noted it down, if somebody did.
    pub staff_id: Option<i64>,
}

/// A line as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference {
    /// Its number.
    pub id: i64,
    /// What was said.
    pub said: PreferenceDraft,
    /// When, µs UTC.
    pub at: i64,
}

/// Adds a line at `now` (µs), writes language and zone onto the contact too, where everything else reads them, and tells the log.
pub async fn record(tx: &mut Tx, ids: &Ids, now: i64, draft: &PreferenceDraft) -> Result<(), DbError> {
    store::insert(tx, ids.next(), now, draft).await?;
    let changed = store::put_on_contact(tx, now, draft).await?;
    let told = |event: Event| event.contact(draft.contact_id).props(&serde_json::json!({ "source": draft.source }));
    // Segments and scores that read the contact's language or zone hear of it as of any other change.
    let own = changed.into_iter().map(|key| told(Event::new("contact.updated", now)).subject(key));
    let mut events: Vec<Event> = std::iter::once(told(Event::new("preference.changed", now))).chain(own).collect();
    append(tx, &mut events).await
}
