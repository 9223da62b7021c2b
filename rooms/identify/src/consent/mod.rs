//! Consent: what people allowed, per channel and purpose, with source, wording, time and proof.
//!
//! Guards that the ledger is only ever added to and that its newest line holds; who sends asks [`states`] for everybody at once.

mod form;
pub mod pages;
mod store;
#[cfg(test)]
mod tests;
mod told;
mod typed;

use std::collections::HashMap;

use attune_db::{DbError, Tx};
use attune_events::{Event, EventDef, append};
use attune_house::{House, setting_bool};
use attune_kernel::Ids;

use crate::merge::MergeId;
use crate::topic;

pub use form::{Heard, IDENTIFIED, TICKED, doubted_in, heard_in, is_heard_in};
pub use store::{asked_since, current, find, list};
pub use typed::Typed;

/// The purpose of everything that promotes.
pub const MARKETING: &str = "marketing";
/// Channels a person can allow, in the order pages show them.
pub const CHANNELS: [&str; 5] = ["email", "phone", "sms", "post", "web"];
/// Purposes a person can allow.
pub const PURPOSES: [&str; 3] = [MARKETING, "service", "profiling"];

/// The events of this noun.
pub const EVENTS: &[EventDef] = &[
    EventDef {
        name: "consent.given",
        meaning: "A person allowed a channel for a purpose.",
        subject: "channel/purpose",
        amount: "",
        behaviour: true,
    },
    EventDef {
        name: "consent.requested",
        meaning: "Consent was asked for in a person's name and waits for the person's own confirmation.",
        subject: "channel/purpose",
        amount: "",
        behaviour: true,
    },
    EventDef {
        name: TICKED,
        meaning: "A box was ticked in a form of a site; whether it counts stands in the ledger.",
        subject: "channel/purpose",
        amount: "",
        behaviour: false,
    },
    EventDef { name: "consent.withdrawn", meaning: "A person withdrew consent.", subject: "channel/purpose", amount: "", behaviour: true },
];

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It was allowed.
    Given,
    /// It was forbidden, perhaps after it had been allowed.
    Withdrawn,
    /// It was asked for in the person's name, and the person has yet to confirm it: not allowed.
    Pending,
}

impl State {
    /// The word kept in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Withdrawn => "withdrawn",
            Self::Pending => "pending",
        }
    }

    /// The state of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Given, Self::Withdrawn, Self::Pending].into_iter().find(|state| state.word() == word)
    }
}

/// A line to be added to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentDraft {
    /// Whose consent.
    pub contact_id: i64,
    /// One of [`CHANNELS`].
    pub channel: String,
    /// One of [`PURPOSES`], or that of a topic.
    pub purpose: String,
    /// Given or withdrawn.
    pub state: State,
    /// Where it was said: `unsubscribe-link`, `form`, `import`, `staff`, …
    pub source: String,
    /// The words the person agreed to.
    pub wording: Option<String>,
    /// What shows it: a message id, a document, a signature.
    pub proof: Option<String>,
    /// Who noted it down, if somebody did.
    pub staff_id: Option<i64>,
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its number.
    pub id: i64,
    /// What was said.
    pub said: ConsentDraft,
    /// When, µs UTC.
    pub at: i64,
}

/// Adds lines to the ledger at `now` (µs) and tells the log; answers their numbers.
pub async fn record(tx: &mut Tx, ids: &Ids, now: i64, drafts: &[ConsentDraft]) -> Result<Vec<i64>, DbError> {
    let numbers = store::insert(tx, ids, now, drafts).await?;
    let is_topic = |draft: &ConsentDraft| topic::of_purpose(&draft.purpose).is_some();
    let topics = if drafts.iter().any(is_topic) { topic::list_all(tx).await? } else { Vec::new() };
    let event = |draft: &ConsentDraft| {
        let name = match draft.state {
            State::Given => "consent.given",
            State::Withdrawn => "consent.withdrawn",
            State::Pending => "consent.requested",
        };
        let about = topic::of_purpose(&draft.purpose).and_then(|id| topics.iter().find(|topic| topic.id == id));
        let subject = format!("{}/{}", draft.channel, about.map_or(draft.purpose.as_str(), |topic| topic.name_en.as_str()));
        Event::new(name, now).contact(draft.contact_id).subject(subject).props(&serde_json::json!({ "source": draft.source }))
    };
    let mut events: Vec<Event> = drafts.iter().map(event).collect();
    append(tx, &mut events).await?;
    Ok(numbers)
}

/// The lines by which the stricter word of two records that become one holds: where one of them said no, no later yes of the other counts. A
/// request that still waits for the person hides no no.
pub(crate) async fn stricter(tx: &mut Tx, survivor: i64, loser: i64, merge: MergeId) -> Result<Vec<ConsentDraft>, DbError> {
    let mut said: HashMap<(String, String), Vec<Consent>> = HashMap::new();
    for line in store::decided(tx, [survivor, loser]).await? {
        said.entry((line.said.channel.clone(), line.said.purpose.clone())).or_default().push(line);
    }
    let overruled = |lines: &Vec<Consent>| {
        let newest = lines.iter().max_by_key(|line| (line.at, line.id))?;
        let no = lines.iter().find(|line| line.said.state == State::Withdrawn)?;
        (newest.said.state == State::Given).then(|| ConsentDraft {
            contact_id: survivor,
            source: "merge".to_owned(),
            wording: None,
            proof: Some(format!("{merge}: {}", no.id)),
            staff_id: None,
            ..no.said.clone()
        })
    };
    let mut drafts: Vec<ConsentDraft> = said.values().filter_map(overruled).collect();
    drafts.sort_by(|a, b| (&a.channel, &a.purpose).cmp(&(&b.channel, &b.purpose)));
    Ok(drafts)
}

/// Adds lines without telling the log, for whoever tells it something wider; answers their numbers.
pub(crate) async fn add_quietly(tx: &mut Tx, ids: &Ids, now: i64, drafts: &[ConsentDraft]) -> Result<Vec<i64>, DbError> {
    store::insert(tx, ids, now, drafts).await
}

/// Whether people who came by an import count as having agreed to marketing mail until they say no; `None` in a house where no room sends.
///
/// The room that sends decides it by this setting; it is looked up in the house, because this room knows none of those that stand on it.
pub async fn imported_counts(tx: &mut Tx, house: &House) -> Result<Option<bool>, DbError> {
    match house.setting("interact.imported_consent") {
        Some(def) => Ok(Some(setting_bool(tx, def.key, def.default == "true").await?)),
        None => Ok(None),
    }
}

/// Who allowed or forbade `channel` for marketing, among these contacts; those who never said anything are missing.
pub async fn states(tx: &mut Tx, channel: &str, contact_ids: impl IntoIterator<Item = i64>) -> Result<HashMap<i64, State>, DbError> {
    store::states(tx, channel, MARKETING, contact_ids).await
}

/// As [`states`], for another purpose.
pub async fn states_for(
    tx: &mut Tx,
    channel: &str,
    purpose: &str,
    contact_ids: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, State>, DbError> {
    store::states(tx, channel, purpose, contact_ids).await
}
