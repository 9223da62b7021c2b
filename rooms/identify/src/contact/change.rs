//! Changing contacts: each function checks, writes, keeps the audit trail and tells the event log, in the caller's transaction.

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_kernel::{Locale, is_masked};
use attune_record::audit;
use attune_web::{Scope, Sight};
use serde_json::{Map, Value as Json, json};

use super::rules::{email_key, phone_key};
use super::{By, Contact, ContactDraft, ContactError, Stage, event, search, store};
use crate::field::Field;
use crate::{address, company, fact, field, sharing, staff};

/// What an edit did to one attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The attribute's key.
    pub key: String,
    /// As it was.
    pub before: Json,
    /// As it is.
    pub after: Json,
}

/// Makes a contact; its company is found by name or made. Answers the id.
///
/// Errors: [`ContactError::Invalid`] when a field names nobody the actor sees.
pub async fn create(tx: &mut Tx, by: &By<'_>, mut draft: ContactDraft) -> Result<i64, ContactError> {
    let company_name = draft.company.take().filter(|name| !name.trim().is_empty());
    let mut contact = draft.into_contact(by.ids.next(), by.now);
    if let Some(name) = company_name {
        let company = company::find_or_create(tx, by, &name, None).await?;
        contact.company_id = Some(company.id);
        contact.company_name = Some(company.name);
    }
    if let Some(owner_id) = contact.owner_id {
        contact.team_id = staff::team_of(tx, owner_id).await?;
    }
    let defs = field::list(tx).await?;
    field::reference::settle(tx, by.actor, &defs, (contact.id, &mut contact.fields, &Map::new()), "fields.").await?;
    store::insert(tx, std::slice::from_ref(&contact), &defs).await?;
    let after = json!({ "name": contact.label(), "email": contact.raw_email(), "owner_id": contact.owner_id });
    audit::note(tx, by.ids, by.now, by.actor, "contact.created", "contact", contact.id, None, Some(after)).await?;
    append(tx, &mut [event(by, "contact.created", &contact)]).await?;
    Ok(contact.id)
}

/// Sets one attribute from what somebody typed: `name`, `email`, … or `f:<field key>`; `company` takes a name, `owner_id` an id.
///
/// Errors: [`ContactError::NotFound`] outside `scope`, [`ContactError::Invalid`] with the locale key to show.
pub async fn update_field(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: i64, key: &str, typed: &str) -> Result<Change, ContactError> {
    // Every column is written again: what somebody else, or a bulk edit, changes meanwhile would be lost.
    store::hold(tx, &[id]).await?;
    let before = store::find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    if key == "owner_id" {
        if !scope.covers(before.owner_id, before.team_id) {
            return Err(ContactError::Invalid { attribute: key.to_owned(), key: "share-owner-only" });
        }
        let owner = typed.trim().parse::<i64>().ok().filter(|id| *id != 0);
        assign_owner(tx, by, &[id], owner, "").await?;
        return Ok(Change { key: key.to_owned(), before: before.raw("owner_id"), after: json!(owner) });
    }
    let sight = Sight::of(by.actor);
    if matches!(key, "email" | "phone") && !sight.covers(before.owner_id, before.team_id) && is_nothing_new(typed) {
        return Err(ContactError::Invalid { attribute: key.to_owned(), key: "identify-masked-type-whole" });
    }
    if key.starts_with("f:") && is_masked(typed) && before.shown(key, &sight) == typed && before.raw(key) != typed {
        return Err(ContactError::Invalid { attribute: key.to_owned(), key: "identify-masked-type-whole" });
    }
    let mut after = before.clone();
    let defs = field::list(tx).await?;
    give_typed(tx, by, &mut after, (key, typed.trim()), &defs).await?;
    field::reference::settle(tx, by.actor, &defs, (id, &mut after.fields, &before.fields), "f:").await?;
    if after.company_id != before.company_id && !sharing::may_join(tx, scope, &before, after.company_id).await? {
        return Err(ContactError::Invalid { attribute: key.to_owned(), key: "share-owner-only" });
    }
    let differences = after.differences(&before);
    let key = if key == "company" { "company_id" } else { key };
    let change = Change { key: key.to_owned(), before: before.raw(key), after: after.raw(key) };
    if differences.is_empty() {
        return Ok(change);
    }
    after.updated_at = by.now;
    store::update(tx, std::slice::from_ref(&after), &defs).await?;
    write_trail(tx, by, &after, &differences).await?;
    let keys: Vec<String> = differences.into_iter().map(|(key, ..)| key).collect();
    fact::note_typed(tx, by, id, &keys).await?;
    Ok(change)
}

/// Whether what was typed for a hidden address is nothing, or its mask: neither may take the place of what nobody was shown.
fn is_nothing_new(typed: &str) -> bool {
    typed.trim().is_empty() || is_masked(typed)
}

/// The attributes of text.
const TEXTS: [&str; 11] =
    ["name", "given_name", "family_name", "email", "phone", "title", "city", "country", "locale", "time_zone", "source"];

async fn give_typed(
    tx: &mut Tx,
    by: &By<'_>,
    contact: &mut Contact,
    (key, typed): (&str, &str),
    defs: &[Field],
) -> Result<(), ContactError> {
    if key != "company" {
        let value = match key {
            key if !typed.is_empty() || matches!(key, "name" | "stage") => read_value(key, typed, defs)?,
            key if TEXTS.contains(&key) || address::is_attribute(key) || own(key, defs).is_some() => Json::Null,
            _ => return Err(ContactError::NotFound),
        };
        contact.give(key, value);
        return Ok(());
    }
    check_length(key, typed)?;
    let company = if typed.is_empty() { None } else { Some(company::find_or_create(tx, by, typed, None).await?) };
    contact.company_name = company.as_ref().map(|c| c.name.clone());
    contact.company_id = company.map(|c| c.id);
    Ok(())
}

fn check_length(key: &str, typed: &str) -> Result<(), ContactError> {
    // A field of one's own knows its own limits; many ticked options are longer than any text.
    let limit = if key.starts_with("f:") { field::MOST_OPTIONS * field::TEXT_CHARS } else { 200 };
    let long = typed.chars().count() > limit;
    if long { Err(ContactError::Invalid { attribute: key.to_owned(), key: "identify-too-long" }) } else { Ok(()) }
}

/// The value that was typed for an attribute, which is not the company; an empty one is left to the caller.
///
/// Errors: [`ContactError::NotFound`] when there is no such attribute; [`ContactError::Invalid`] with the locale key of what is wrong.
pub(crate) fn read_value(key: &str, typed: &str, defs: &[Field]) -> Result<Json, ContactError> {
    let wrong = |why: &'static str| ContactError::Invalid { attribute: key.to_owned(), key: why };
    check_length(key, typed)?;
    Ok(match key {
        "email" if email_key(typed).is_none() => return Err(wrong("web-not-an-email")),
        "phone" if phone_key(typed).is_none() => return Err(wrong("identify-not-a-phone")),
        "stage" => Json::from(Stage::of(typed).ok_or_else(|| wrong("web-not-a-choice"))?.word()),
        "locale" => Json::from(typed.parse::<Locale>().map_err(|_| wrong("web-not-a-choice"))?.tag()),
        key if TEXTS.contains(&key) => Json::from(typed),
        key if address::is_attribute(key) => address::read(key, typed).map_err(wrong)?,
        key => own(key, defs).ok_or(ContactError::NotFound)?.read(typed).map_err(wrong)?,
    })
}

fn own<'d>(key: &str, defs: &'d [Field]) -> Option<&'d Field> {
    key.strip_prefix("f:").and_then(|key| defs.iter().find(|def| def.key == key))
}

/// An attribute that differs: its key, as it was, as it is.
pub(super) type Difference = (String, Json, Json);

/// One side of what differs, for the audit log.
pub(super) fn part(differences: &[Difference], pick: fn(&Difference) -> &Json) -> Json {
    Json::Object(differences.iter().map(|d| (d.0.clone(), pick(d).clone())).collect())
}

async fn write_trail(tx: &mut Tx, by: &By<'_>, contact: &Contact, differences: &[Difference]) -> Result<(), DbError> {
    let (was, is) = (Some(part(differences, |d| &d.1)), Some(part(differences, |d| &d.2)));
    audit::note(tx, by.ids, by.now, by.actor, "contact.updated", "contact", contact.id, was, is).await?;
    let mut events: Vec<Event> = differences.iter().map(|d| event(by, "contact.updated", contact).subject(d.0.clone())).collect();
    if let Some((_, _, stage)) = differences.iter().find(|d| d.0 == "stage") {
        events.push(event(by, "contact.stage_changed", contact).subject(stage.as_str().unwrap_or("")));
    }
    append(tx, &mut events).await
}

/// Gives contacts to `owner_id` (nobody, when `None`); team follows. `reason` is kept with the event. Answers how many changed hands.
pub async fn assign_owner(tx: &mut Tx, by: &By<'_>, ids: &[i64], owner_id: Option<i64>, reason: &str) -> Result<u64, ContactError> {
    let team_id = match owner_id {
        Some(id) => {
            let unknown = || ContactError::Invalid { attribute: "owner_id".to_owned(), key: "web-not-a-choice" };
            staff::find(tx, id).await?.ok_or_else(unknown)?.team_id
        }
        None => None,
    };
    let moved: Vec<Contact> = store::list_by_ids(tx, ids.iter().copied()).await?.into_iter().filter(|c| c.owner_id != owner_id).collect();
    let moved_ids: Vec<i64> = moved.iter().map(|c| c.id).collect();
    store::set_owner(tx, &moved_ids, owner_id, team_id, by.now).await?;
    let trail = moved.iter().map(|c| (c.id, Some(json!({ "owner_id": c.owner_id })), Some(json!({ "owner_id": owner_id }))));
    audit::note_many(tx, by.ids, by.now, by.actor, ("contact.owner_changed", "contact"), trail.collect()).await?;
    let told = |c: &Contact| changed_hands(by, c, (c.owner_id, owner_id), reason);
    append(tx, &mut moved.iter().map(told).collect::<Vec<_>>()).await?;
    Ok(u64::try_from(moved.len()).unwrap_or(0))
}

/// That a contact went from one owner to another.
pub(super) fn changed_hands(by: &By<'_>, contact: &Contact, (before, after): (Option<i64>, Option<i64>), reason: &str) -> Event {
    let props = json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name, "owner_id": after, "before_id": before });
    event(by, "contact.owner_changed", contact).subject(reason).props(&props)
}

/// Moves contacts to a stage; answers how many moved.
pub async fn set_stage(tx: &mut Tx, by: &By<'_>, ids: &[i64], stage: Stage) -> Result<u64, ContactError> {
    let moved: Vec<Contact> = store::list_by_ids(tx, ids.iter().copied()).await?.into_iter().filter(|c| c.stage != stage).collect();
    let moved_ids: Vec<i64> = moved.iter().map(|c| c.id).collect();
    store::set_stage(tx, &moved_ids, stage, by.now).await?;
    let trail = moved.iter().map(|c| (c.id, Some(json!({ "stage": c.stage.word() })), Some(json!({ "stage": stage.word() }))));
    audit::note_many(tx, by.ids, by.now, by.actor, ("contact.stage_changed", "contact"), trail.collect()).await?;
    let told = |c: &Contact| event(by, "contact.stage_changed", c).subject(stage.word());
    append(tx, &mut moved.iter().map(told).collect::<Vec<_>>()).await?;
    Ok(u64::try_from(moved.len()).unwrap_or(0))
}

/// Hides contacts for 30 days; answers which were there.
pub async fn delete(tx: &mut Tx, by: &By<'_>, scope: &Scope, ids: &[i64]) -> Result<Vec<i64>, ContactError> {
    let gone = store::set_deleted(tx, scope, ids, Some(by.now)).await?;
    let trail = gone.iter().map(|id| (*id, None, None)).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, ("contact.deleted", "contact"), trail).await?;
    let told = |id: &i64| Event::new("contact.deleted", by.now).contact(*id);
    append(tx, &mut gone.iter().map(told).collect::<Vec<_>>()).await?;
    Ok(gone)
}

/// Brings hidden contacts back. [`ContactError::Taken`] when somebody else holds the same outside id by now.
pub async fn restore(tx: &mut Tx, by: &By<'_>, scope: &Scope, ids: &[i64]) -> Result<Vec<i64>, ContactError> {
    let back = store::set_deleted(tx, scope, ids, None).await?;
    // Their company may have gone, come back or got another name meanwhile.
    let people = store::list_by_ids(tx, back.iter().copied()).await?;
    search::put(tx, people.iter().map(|c| (c.id, c.words())), false).await?;
    let trail = back.iter().map(|id| (*id, None, None)).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, ("contact.restored", "contact"), trail).await?;
    let told = |id: &i64| Event::new("contact.restored", by.now).contact(*id);
    append(tx, &mut back.iter().map(told).collect::<Vec<_>>()).await?;
    Ok(back)
}
