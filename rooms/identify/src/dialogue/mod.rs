//! The drip dialogue: a company learns about a person drop by drop, one or two questions at a touch, and never one already answered.
//!
//! Every touch (a form, a mail, a chat, a call) asks [`due`] or [`ask`] what may be asked of somebody now. Guards that nobody is asked again
//! what he has answered, has just been asked or does not want to say; what was known long ago is asked again once it has grown stale.

mod api;
pub(crate) mod pages;
pub(crate) mod panel;
pub(crate) mod public;
mod rules;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use attune_db::{DbError, Tx};
use attune_events::{Event, EventDef, append};
use attune_house::{SettingDef, SettingKind, setting_int};
use attune_kernel::{HOUR_US, id_type};
use attune_record::audit;
use attune_web::Scope;
use serde_json::json;

use crate::contact::{self, By, Change, Contact, ContactError};
use crate::fact::{self, Fact, Source};
use crate::field;

pub(crate) use api::routes as api_routes;
pub use public::address as public_address;
pub use rules::{Asked, Due, MOST, Touch};
pub(crate) use store::{Line, find, lines, list};

id_type!(
    /// The id of a question.
    QuestionId,
    "qst"
);

/// A question: what is to be learnt, in which words, and how often it may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its id.
    pub id: i64,
    /// The attribute it learns, or `f:` and the key of a field.
    pub key: String,
    /// In English.
    pub text_en: String,
    /// In Chinese.
    pub text_zh: String,
    /// Where it may be asked.
    pub touches: Vec<Touch>,
    /// Days between two times of asking.
    pub rest_days: i64,
    /// After how many times without an answer it is given up.
    pub most_asks: i64,
    /// After how many days what is known is asked again; `None`: never.
    pub stale_days: Option<i64>,
}

impl Question {
    /// Its words in a language.
    pub fn text(&self, locale: attune_kernel::Locale) -> &str {
        if locale == attune_kernel::Locale::En { &self.text_en } else { &self.text_zh }
    }
}

/// What can be learnt besides custom fields, in menu order.
pub(crate) const ATTRIBUTES: [&str; 9] = ["name", "email", "phone", "company", "title", "city", "country", "locale", "time_zone"];

/// What is asked of the settings page.
pub(crate) const SETTINGS: [SettingDef; 1] =
    [SettingDef { key: REST, label_key: "dialogue-setting-rest", kind: SettingKind::Int { min: 0, max: 8_760 }, default: "24" }];

const REST: &str = "identify.dialogue_rest_hours";

/// The events of this noun.
pub(crate) const EVENTS: [EventDef; 3] = [
    event("question.asked", "A person was asked something.", "what was to be learnt"),
    event("question.answered", "A person answered a question.", "what was learnt"),
    event("question.declined", "A person would rather not say.", "what was to be learnt"),
];

const fn event(name: &'static str, meaning: &'static str, subject: &'static str) -> EventDef {
    EventDef { name, meaning, subject, amount: "", behaviour: false }
}

/// What may be asked of these people at `touch` now, the most valuable first and at most `most` (never more than [`MOST`]) each; writes
/// nothing.
pub async fn due(tx: &mut Tx, people: &[Contact], touch: Touch, most: usize, now: i64) -> Result<HashMap<i64, Vec<Due>>, DbError> {
    let questions = askable(tx).await?;
    if questions.is_empty() || people.is_empty() {
        return Ok(HashMap::new());
    }
    let rest_us = setting_int(tx, REST, 24).await?.saturating_mul(HOUR_US);
    let facts = fact::list(tx, people).await?;
    let asked = store::asked(tx, people.iter().map(|c| c.id)).await?;
    let none = (fact::Facts::new(), HashMap::new());
    let of = |contact: &Contact| {
        let ground = rules::Ground {
            facts: facts.get(&contact.id).unwrap_or(&none.0),
            asked: asked.get(&contact.id).unwrap_or(&none.1),
            rest_us,
            now,
        };
        (contact.id, rules::due(&questions, &ground, touch, most))
    };
    Ok(people.iter().map(of).collect())
}

/// The questions whose field is still there.
async fn askable(tx: &mut Tx) -> Result<Vec<Question>, DbError> {
    let fields = field::list(tx).await?;
    let is_there = |q: &Question| q.key.strip_prefix("f:").is_none_or(|key| fields.iter().any(|field| field.key == key));
    Ok(list(tx).await?.into_iter().filter(is_there).collect())
}

/// As [`due`] for one contact, and notes that it was asked. A touch that comes back within half an hour gets the same questions, counted once.
pub async fn ask(tx: &mut Tx, by: &By<'_>, contact: &Contact, touch: Touch, most: usize) -> Result<Vec<Due>, DbError> {
    let due = due(tx, std::slice::from_ref(contact), touch, most, by.now).await?.remove(&contact.id).unwrap_or_default();
    let fresh: Vec<&Due> = due.iter().filter(|due| !due.is_open).collect();
    store::open(tx, by, contact.id, touch, fresh.iter().map(|due| due.question.id)).await?;
    let told = |due: &&Due| contact_event("question.asked", by, contact, &due.question, touch);
    append(tx, &mut fresh.iter().map(told).collect::<Vec<_>>()).await?;
    Ok(due)
}

/// Takes an answer as typed: the contact's value, its fact, and the end of asking. Errors as [`contact::update_field`]; an empty answer is
/// wrong, whoever does not want to say [`decline`]s.
pub async fn answer(
    tx: &mut Tx,
    by: &By<'_>,
    scope: &Scope,
    (contact_id, question_id): (i64, i64),
    touch: Touch,
    typed: &str,
) -> Result<Change, ContactError> {
    let question = find(tx, question_id).await?.ok_or(ContactError::NotFound)?;
    if typed.trim().is_empty() {
        return Err(ContactError::Invalid { attribute: question.key, key: "web-required" });
    }
    let change = contact::update_field(tx, by, scope, contact_id, &question.key, typed).await?;
    let contact = contact::find(tx, scope, contact_id).await?.ok_or(ContactError::NotFound)?;
    let fact = Fact { source: Source::Answer, detail: touch.word().to_owned(), at: by.now };
    fact::note(tx, contact_id, std::slice::from_ref(&change.key), &fact).await?;
    store::end(tx, by, (question_id, contact_id), touch, true).await?;
    append(tx, &mut [contact_event("question.answered", by, &contact, &question, touch)]).await?;
    Ok(change)
}

/// Notes that somebody would rather not say.
pub async fn decline(
    tx: &mut Tx,
    by: &By<'_>,
    scope: &Scope,
    (contact_id, question_id): (i64, i64),
    touch: Touch,
) -> Result<(), ContactError> {
    let question = find(tx, question_id).await?.ok_or(ContactError::NotFound)?;
    let contact = contact::find(tx, scope, contact_id).await?.ok_or(ContactError::NotFound)?;
    store::end(tx, by, (question_id, contact_id), touch, false).await?;
    append(tx, &mut [contact_event("question.declined", by, &contact, &question, touch)]).await?;
    Ok(())
}

fn contact_event(name: &'static str, by: &By<'_>, contact: &Contact, question: &Question, touch: Touch) -> Event {
    let props =
        json!({ "touch": touch.word(), "question_id": QuestionId(question.id), "staff_id": by.actor.staff_id, "staff": by.actor.name });
    Event::new(name, by.now).contact(contact.id).company(contact.company_id).subject(question.key.clone()).props(&props)
}

/// Makes or changes a question. [`ContactError::Taken`] when there is another one for the same attribute.
pub(crate) async fn save(tx: &mut Tx, by: &By<'_>, question: &Question) -> Result<(), ContactError> {
    let before = find(tx, question.id).await?;
    store::put(tx, by, question).await?;
    let action = if before.is_some() { "question.updated" } else { "question.created" };
    let told = |q: &Question| json!({ "key": q.key, "text_en": q.text_en, "text_zh": q.text_zh });
    audit::note(tx, by.ids, by.now, by.actor, action, "question", question.id, before.as_ref().map(told), Some(told(question))).await?;
    Ok(())
}

/// Takes a question away, or puts it back; false when it is not there. [`ContactError::Taken`] when another asks for the same by now.
pub(crate) async fn set_deleted(tx: &mut Tx, by: &By<'_>, id: i64, gone: bool) -> Result<bool, ContactError> {
    let found = store::set_deleted(tx, id, gone.then_some(by.now)).await?;
    let action = if gone { "question.deleted" } else { "question.restored" };
    audit::note(tx, by.ids, by.now, by.actor, action, "question", id, None, None).await?;
    Ok(found)
}

/// Moves a question before the one above it.
pub(crate) async fn raise(tx: &mut Tx, by: &By<'_>, id: i64) -> Result<(), ContactError> {
    let all = list(tx).await?;
    let at = all.iter().position(|q| q.id == id).ok_or(ContactError::NotFound)?;
    let order = at.checked_sub(1).and_then(|above| all.get(above)).map(|above| (id, above.id));
    if let Some((raised, lowered)) = order {
        store::swap(tx, raised, lowered).await?;
        audit::note(tx, by.ids, by.now, by.actor, "question.raised", "question", id, None, None).await?;
    }
    Ok(())
}
