//! Relationships: how two records stand to each other, people and companies alike, with a direction and a time.
//!
//! Guards that an end is what its kind allows, that nobody stands to himself, that the same is not said twice, and that whoever sees a
//! relationship may see both its ends. What is over stays on record with the day it ended; a person who is erased takes theirs along.

pub mod api;
pub(crate) mod block;
mod facets;
pub(crate) mod group;
mod group_page;
mod head;
pub mod kind;
pub(crate) mod pages;
mod store;
#[cfg(test)]
mod tests;

use attune_db::{DbError, Tx};
use attune_events::{Event, EventDef, append};
use attune_house::{ContactTable, OnErase, OnMerge};
use attune_kernel::{id_type, mask_text};
use attune_record::audit;
use attune_web::{Scope, Sight};
use serde_json::{Value as Json, json};

use crate::company::{self, CompanyId};
use crate::contact::{self, By, ContactError, ContactId};
pub(crate) use facets::FACETS;
pub(crate) use head::head;
use kind::{Kind, Reading};

pub use store::{Line, Relationship, lines_of};
pub(crate) use store::{Other, list_others};

id_type!(
    /// The id of a relationship.
    RelationshipId,
    "rel"
);

/// The most characters of a note.
pub const NOTE_CHARS: usize = 500;

/// A contact or a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Record {
    /// A person.
    Contact(i64),
    /// An organisation.
    Company(i64),
}

impl Record {
    /// The page of the record.
    pub fn href(self) -> String {
        match self {
            Self::Contact(id) => format!("/contacts/{}", ContactId(id)),
            Self::Company(id) => format!("/companies/{}", CompanyId(id)),
        }
    }

    pub(crate) fn contact(self) -> Option<i64> {
        if let Self::Contact(id) = self { Some(id) } else { None }
    }

    pub(crate) fn company(self) -> Option<i64> {
        if let Self::Company(id) = self { Some(id) } else { None }
    }

    /// The event, about this record; `firm_id` is the company of a person.
    pub(crate) fn about(self, event: Event, firm_id: Option<i64>) -> Event {
        match self {
            Self::Contact(id) => event.contact(id).company(firm_id),
            Self::Company(id) => event.company(id),
        }
    }
}

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contact(id) => ContactId(*id).fmt(f),
            Self::Company(id) => CompanyId(*id).fmt(f),
        }
    }
}

impl std::str::FromStr for Record {
    type Err = attune_kernel::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<ContactId>().map(|id| Self::Contact(id.0)).or_else(|_| text.parse::<CompanyId>().map(|id| Self::Company(id.0)))
    }
}

impl<'de> serde::Deserialize<'de> for Record {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An end, with what the log needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The record.
    pub record: Record,
    /// What lists call it; may be empty.
    pub name: String,
    /// The company a contact belongs to, or the company itself.
    pub company_id: Option<i64>,
    /// Whose the record is: owner and team.
    pub whose: (Option<i64>, Option<i64>),
}

/// Words about two records, as whoever has `sight` may read them: in full where both are.
pub(crate) fn words_for(sight: &Sight, both: [(Option<i64>, Option<i64>); 2], words: &str) -> String {
    if both.into_iter().all(|(owner, team)| sight.covers(owner, team)) { words.to_owned() } else { mask_text(words) }
}

impl Relationship {
    /// Its note for whoever has `sight`.
    pub(crate) fn note_for(&self, sight: &Sight, ends: &[End; 2]) -> String {
        words_for(sight, [ends[0].whose, ends[1].whose], &self.terms.note)
    }
}

/// The record if it is alive and within `scope`.
pub async fn find_end(tx: &mut Tx, scope: &Scope, record: Record) -> Result<Option<End>, DbError> {
    Ok(match record {
        Record::Contact(id) => {
            let found = contact::find(tx, scope, id).await?;
            found.map(|person| End { record, name: person.label().to_owned(), company_id: person.company_id, whose: person.place() })
        }
        Record::Company(id) => {
            let found = company::find(tx, scope, id).await?;
            found.map(|firm| End { record, name: firm.name, company_id: Some(id), whose: (firm.owner_id, firm.team_id) })
        }
    })
}

/// What can be said of a relationship besides its ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Words of one's own; may be empty.
    pub note: String,
    /// `for`, `neutral` or `against`; kept for roles in a buying group only.
    pub attitude: Option<String>,
    /// Since when, µs UTC.
    pub since_at: Option<i64>,
    /// The day it ended, µs UTC.
    pub until_at: Option<i64>,
}

/// The attitudes somebody of a buying group may have.
pub const ATTITUDES: [&str; 3] = ["for", "neutral", "against"];

impl Terms {
    /// Refuses what cannot be: an end before the beginning or in the future, an unknown attitude.
    fn check(&self, kind: Kind, now: i64) -> Result<Self, ContactError> {
        let wrong = |attribute: &str, key| Err(ContactError::Invalid { attribute: attribute.to_owned(), key });
        if self.note.chars().count() > NOTE_CHARS {
            return wrong("note", "identify-too-long");
        }
        if self.attitude.as_deref().is_some_and(|word| !ATTITUDES.contains(&word)) {
            return wrong("attitude", "web-not-a-choice");
        }
        if self.until_at.is_some_and(|until| until > now) {
            return wrong("until", "relationship-until-future");
        }
        if let (Some(since), Some(until)) = (self.since_at, self.until_at)
            && until < since
        {
            return wrong("until", "relationship-until-before");
        }
        let attitude = self.attitude.clone().filter(|_| kind.in_group);
        Ok(Self { note: self.note.trim().to_owned(), attitude, ..self.clone() })
    }

    fn told(&self) -> Json {
        json!({ "note": self.note, "attitude": self.attitude, "since_at": self.since_at, "until_at": self.until_at })
    }
}

/// Says how two records stand to each other; answers the id.
///
/// Errors: [`ContactError::NotFound`] when an end is gone or outside `scope`; [`ContactError::Invalid`] when the kind does not fit the ends
/// (`kind`), both are the same or already stand so (`other`), or the terms are wrong.
pub async fn create(
    tx: &mut Tx,
    by: &By<'_>,
    scope: &Scope,
    kind: Kind,
    (from, to): (Record, Record),
    terms: &Terms,
) -> Result<RelationshipId, ContactError> {
    let wrong = |attribute: &str, key| Err(ContactError::Invalid { attribute: attribute.to_owned(), key });
    if !kind.from.allow(from) || !kind.to.allow(to) {
        return wrong("kind", "relationship-not-between");
    }
    if from == to {
        return wrong("other", "relationship-with-itself");
    }
    let terms = terms.check(kind, by.now)?;
    let mut ends = Vec::new();
    for record in [from, to] {
        ends.push(find_end(tx, scope, record).await?.ok_or(ContactError::NotFound)?);
    }
    if terms.until_at.is_none() && store::is_known(tx, kind, (from, to)).await? {
        return wrong("other", "relationship-known");
    }
    let id = RelationshipId(by.ids.next());
    store::insert(tx, by, id, kind, (from, to), &terms).await?;
    let after = json!({ "kind": kind.word, "from": from.to_string(), "to": to.to_string(), "terms": terms.told() });
    audit::note(tx, by.ids, by.now, by.actor, "relationship.made", "relationship", id.0, None, Some(after)).await?;
    tell(tx, by, "relationship.made", kind, &ends).await?;
    Ok(id)
}

/// The relationship if it is not deleted and both its ends are alive and within `scope`.
pub async fn find(tx: &mut Tx, scope: &Scope, id: RelationshipId) -> Result<Option<(Relationship, [End; 2])>, DbError> {
    find_any(tx, scope, id, false).await
}

async fn find_any(tx: &mut Tx, scope: &Scope, id: RelationshipId, gone: bool) -> Result<Option<(Relationship, [End; 2])>, DbError> {
    let Some(found) = store::find(tx, id, gone).await? else { return Ok(None) };
    let from = find_end(tx, scope, found.from).await?;
    let to = find_end(tx, scope, found.to).await?;
    Ok(from.zip(to).map(|(from, to)| (found, [from, to])))
}

/// Changes what is said of a relationship.
///
/// Errors: [`ContactError::NotFound`] as for [`find`]; [`ContactError::Invalid`] when the terms are wrong.
pub async fn update(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: RelationshipId, terms: &Terms) -> Result<(), ContactError> {
    let (before, ends) = find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    let terms = terms.check(before.kind, by.now)?;
    if terms.note != before.terms.note && before.note_for(&Sight::of(by.actor), &ends) != before.terms.note {
        return Err(ContactError::Invalid { attribute: "note".to_owned(), key: "identify-hidden-words" });
    }
    let reopens = before.terms.until_at.is_some() && terms.until_at.is_none();
    if reopens && store::is_known(tx, before.kind, (before.from, before.to)).await? {
        return Err(ContactError::Invalid { attribute: "until".to_owned(), key: "relationship-known" });
    }
    store::update(tx, id, &terms, by.now).await?;
    let (was, is) = (Some(before.terms.told()), Some(terms.told()));
    audit::note(tx, by.ids, by.now, by.actor, "relationship.changed", "relationship", id.0, was, is).await?;
    let ended = before.terms.until_at.is_none() && terms.until_at.is_some();
    tell(tx, by, if ended { "relationship.ended" } else { "relationship.changed" }, before.kind, &ends).await?;
    Ok(())
}

/// Takes a relationship off both records, or puts it back.
///
/// Errors: [`ContactError::NotFound`] when there is none to take off or put back, or an end is outside `scope`.
pub async fn set_deleted(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: RelationshipId, gone: bool) -> Result<[End; 2], ContactError> {
    let (found, ends) = find_any(tx, scope, id, !gone).await?.ok_or(ContactError::NotFound)?;
    if !gone && found.terms.until_at.is_none() && store::is_known(tx, found.kind, (found.from, found.to)).await? {
        return Err(ContactError::Invalid { attribute: "other".to_owned(), key: "relationship-known" });
    }
    store::set_deleted(tx, id, gone.then_some(by.now)).await?;
    let name = if gone { "relationship.deleted" } else { "relationship.restored" };
    audit::note(tx, by.ids, by.now, by.actor, name, "relationship", id.0, None, None).await?;
    tell(tx, by, if gone { "relationship.ended" } else { "relationship.made" }, found.kind, &ends).await?;
    Ok(ends)
}

/// The events of relationships. They name the kind and nobody: what one record's log tells must not name the other.
pub(crate) const EVENTS: [EventDef; 3] = [
    event("relationship.made", "Two records were said to stand to each other in some way.", "the kind, as read from this record"),
    event("relationship.changed", "What is said of a relationship changed.", "the kind, as read from this record"),
    event(
        "relationship.ended",
        "A relationship is over, was taken away, or went with an erased person.",
        "the kind, as read from this record",
    ),
];

const fn event(name: &'static str, meaning: &'static str, subject: &'static str) -> EventDef {
    EventDef { name, meaning, subject, amount: "", behaviour: false }
}

/// Tells every contact among the ends; two companies are told by one event of the first.
async fn tell(tx: &mut Tx, by: &By<'_>, name: &'static str, kind: Kind, ends: &[End]) -> Result<(), DbError> {
    let props = json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name });
    let said = |(place, end): (usize, &End)| {
        let subject = Reading { kind, forward: place == 0 }.word();
        let event = Event::new(name, by.now).company(end.company_id).subject(subject).props(&props);
        match end.record {
            Record::Contact(id) => event.contact(id),
            Record::Company(_) => event,
        }
    };
    let mut events: Vec<Event> = ends.iter().enumerate().filter(|(_, end)| end.record.contact().is_some()).map(said).collect();
    if events.is_empty() {
        events.extend(ends.iter().enumerate().take(1).map(said));
    }
    append(tx, &mut events).await
}

/// Tells those who stood to somebody erased that it is over; `others` were listed before the rows went.
pub(crate) async fn tell_others(tx: &mut Tx, now: i64, others: &[Other]) -> Result<(), DbError> {
    let said = |other: &Other| {
        let event = Event::new("relationship.ended", now).contact(other.contact_id).company(other.company_id);
        event.subject(Reading { kind: other.kind, forward: other.forward }.word())
    };
    append(tx, &mut others.iter().map(said).collect::<Vec<_>>()).await
}

/// A row stays with whoever was given up where it would lead from the one who remains to himself, or say again what that one's own says.
const STAYS_FROM: &str = "COALESCE(t.to_contact_id, 0) = $1 OR EXISTS (SELECT 1 FROM relationships o WHERE o.from_contact_id = $1
    AND o.kind = t.kind AND o.deleted_at IS NULL AND o.until_at IS NULL AND t.until_at IS NULL AND o.to_contact_id IS NOT DISTINCT FROM t.to_contact_id
    AND o.to_company_id IS NOT DISTINCT FROM t.to_company_id)";
const STAYS_TO: &str = "COALESCE(t.from_contact_id, 0) = $1 OR EXISTS (SELECT 1 FROM relationships o WHERE o.to_contact_id = $1
    AND o.kind = t.kind AND o.deleted_at IS NULL AND o.until_at IS NULL AND t.until_at IS NULL AND o.from_contact_id IS NOT DISTINCT FROM t.from_contact_id
    AND o.from_company_id IS NOT DISTINCT FROM t.from_company_id)";

/// The columns that hold a person.
pub(crate) const CONTACT_TABLES: [ContactTable; 2] = [end_of("from_contact_id", STAYS_FROM), end_of("to_contact_id", STAYS_TO)];

/// The columns that hold a company, and where a row stays with the one that was given up.
pub(crate) fn ends_of_companies() -> [(&'static str, String); 2] {
    let of = |stays: &str, own: &str, other: &str| {
        let own_is = |kind: &str| format!("o.{own}_{kind}_id = $1");
        let other_is = |kind: &str| format!("COALESCE(t.{other}_{kind}_id");
        stays.replace(&own_is("contact"), &own_is("company")).replace(&other_is("contact"), &other_is("company"))
    };
    [("from_company_id", of(STAYS_FROM, "from", "to")), ("to_company_id", of(STAYS_TO, "to", "from"))]
}

const fn end_of(column: &'static str, unless: &'static str) -> ContactTable {
    ContactTable { table: "relationships", column, on_erase: OnErase::Delete, on_merge: OnMerge::Follow { key: "id", unless } }
}
