//! Facts: where each value of a contact came from, and since when it is known.
//!
//! Guards that no write pays twice for it: what an import or a merge changed is in their own records, and a value nobody has touched since
//! is as old as the contact. Only what people typed, answered or confirmed is noted here.

pub(crate) mod pages;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use attune_db::{DbError, Tx};
use attune_web::Via;

use crate::contact::{By, Contact};

/// How a value came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A member of staff typed it.
    Staff,
    /// A program sent it.
    Program,
    /// The person answered a question.
    Answer,
    /// A member of staff confirmed that it still holds.
    Confirmed,
    /// An import changed it.
    Import,
    /// It came from a record that was the same person.
    Merge,
    /// It came with the contact.
    Origin,
}

impl Source {
    /// Those kept in the table.
    const NOTED: [Self; 4] = [Self::Staff, Self::Program, Self::Answer, Self::Confirmed];

    /// The word in the table and for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Program => "program",
            Self::Answer => "answer",
            Self::Confirmed => "confirmed",
            Self::Import => "import",
            Self::Merge => "merge",
            Self::Origin => "origin",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::NOTED.into_iter().find(|source| source.word() == word)
    }
}

/// Where one value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// How it came.
    pub source: Source,
    /// Who, which file, which touch; may be empty.
    pub detail: String,
    /// Since when it is known, µs UTC.
    pub at: i64,
}

impl Fact {
    /// As JSON, to be kept.
    pub(crate) fn to_text(&self) -> String {
        serde_json::json!({ "source": self.source.word(), "detail": self.detail, "at": self.at }).to_string()
    }

    /// What [`Fact::to_text`] wrote.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let json: serde_json::Value = serde_json::from_str(text).ok()?;
        let text = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
        let source = Source::of(text("source")?)?;
        Some(Self { source, detail: text("detail")?.to_owned(), at: json.get("at").and_then(serde_json::Value::as_i64)? })
    }
}

/// The facts of one contact by attribute.
pub type Facts = HashMap<String, Fact>;

/// The attributes whose origin is told: all a person could be asked for. Custom fields come on top.
pub(crate) const KEYS: [&str; 13] = [
    "name",
    "email",
    "phone",
    "company_id",
    "title",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
    "coordinates",
    "locale",
    "time_zone",
];

/// Notes that `keys` of a contact were typed by whoever acts.
pub(crate) async fn note_typed(tx: &mut Tx, by: &By<'_>, contact_id: i64, keys: &[String]) -> Result<(), DbError> {
    let source = if matches!(by.actor.via, Via::Session { .. }) { Source::Staff } else { Source::Program };
    note(tx, contact_id, keys, &Fact { source, detail: by.actor.name.clone(), at: by.now }).await
}

/// Notes that `key` of many contacts was set by a member of staff.
pub(crate) async fn note_many(tx: &mut Tx, by: &By<'_>, key: &str, people: impl Iterator<Item = i64>) -> Result<(), DbError> {
    let fact = Fact { source: Source::Staff, detail: by.actor.name.clone(), at: by.now };
    store::put_many(tx, key, people.map(|id| (id, &fact))).await
}

/// What is noted of `key` of these contacts.
pub(crate) async fn noted_of(tx: &mut Tx, people: impl Iterator<Item = i64>, key: &str) -> Result<HashMap<i64, Fact>, DbError> {
    let noted = store::noted(tx, people).await?;
    Ok(noted.into_iter().filter(|(_, noted, _)| noted == key).map(|(id, _, fact)| (id, fact)).collect())
}

/// Notes of `key` again what was noted before: of some contacts nothing.
pub(crate) async fn put_back(tx: &mut Tx, key: &str, facts: &[(i64, Option<Fact>)]) -> Result<(), DbError> {
    let bare = facts.iter().filter(|(_, fact)| fact.is_none()).map(|(id, _)| *id);
    store::remove(tx, key, bare).await?;
    store::put_many(tx, key, facts.iter().filter_map(|(id, fact)| fact.as_ref().map(|fact| (*id, fact)))).await
}

/// Notes where `keys` of a contact come from, in place of what was noted before.
pub(crate) async fn note(tx: &mut Tx, contact_id: i64, keys: &[String], fact: &Fact) -> Result<(), DbError> {
    store::put(tx, contact_id, keys, fact).await
}

/// The facts of these contacts: one for each attribute that holds something. Contacts by id.
pub(crate) async fn list(tx: &mut Tx, people: &[Contact]) -> Result<HashMap<i64, Facts>, DbError> {
    let mut told = known(tx, people).await?;
    let taken = store::taken_over(tx, people.iter().map(|c| c.id)).await?;
    if !taken.is_empty() {
        let losers = crate::contact::list_any(tx, taken.iter().map(|taken| taken.loser_id)).await?;
        let earlier = known(tx, &losers).await?;
        for taken in taken {
            let Some(facts) = told.get_mut(&taken.survivor_id) else { continue };
            for (key, fact) in facts.iter_mut().filter(|(key, fact)| fact.at <= taken.at && taken.keys.contains(*key)) {
                // The value is as old as it was with the record it came from.
                let at = earlier.get(&taken.loser_id).and_then(|facts| facts.get(key)).map_or(taken.at, |fact| fact.at);
                *fact = Fact { source: Source::Merge, detail: taken.name.clone(), at };
            }
        }
    }
    Ok(told)
}

/// The facts without what merges brought.
async fn known(tx: &mut Tx, people: &[Contact]) -> Result<HashMap<i64, Facts>, DbError> {
    let ids = || people.iter().map(|c| c.id);
    let files = store::files(tx, people.iter().filter_map(|contact| contact.import_id)).await?;
    let mut told: HashMap<i64, Facts> = people.iter().map(|contact| (contact.id, origins(contact, &files))).collect();
    let newer = store::imported(tx, ids()).await?.into_iter().chain(store::noted(tx, ids()).await?);
    for (contact_id, key, fact) in newer {
        if let Some(kept) = told.get_mut(&contact_id).and_then(|facts| facts.get_mut(&key)).filter(|kept| kept.at <= fact.at) {
            *kept = fact;
        }
    }
    Ok(told)
}

/// What is known of a contact's values when nothing happened since it came, from a file of `files` or otherwise.
fn origins(contact: &Contact, files: &HashMap<i64, String>) -> Facts {
    let fact = match contact.import_id.and_then(|import| files.get(&import)) {
        Some(file) => Fact { source: Source::Import, detail: file.clone(), at: contact.created_at },
        None => Fact { source: Source::Origin, detail: contact.source.clone().unwrap_or_default(), at: contact.created_at },
    };
    let is_set = |key: &String| contact.raw(key).as_str().map_or(!contact.raw(key).is_null(), |text| !text.is_empty());
    let own = contact.fields.keys().map(|key| format!("f:{key}"));
    KEYS.iter().map(|key| (*key).to_owned()).chain(own).filter(is_set).map(|key| (key, fact.clone())).collect()
}
