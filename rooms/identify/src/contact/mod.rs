//! A contact: one person, wherever they were met. Everything else in Attune hangs on a contact's id.
//!
//! Guards that keys for matching follow their fields, that every change is in the audit log and on the event log, and that a deleted
//! contact can come back for 30 days. Scores are kept here for sorting but written by their own room through [`put_scores`] only.

pub mod api;
mod board;
pub(crate) mod bulk;
mod change;
mod change_many;
pub(crate) mod columns;
mod edit;
pub(crate) mod export;
mod field_filter;
mod footing;
pub(crate) mod jobs;
mod list;
mod list_page;
#[cfg(test)]
mod mask_tests;
pub(crate) mod own;
pub mod pages;
pub(crate) mod query;
mod record;
pub(crate) mod record_page;
mod reveal;
mod rules;
pub(crate) mod score;
pub mod search;
mod searched;
mod store;
#[cfg(test)]
mod tests;
pub mod timeline;
mod told;
#[cfg(test)]
mod view_tests;
pub(crate) mod views;
mod views_api;

use std::collections::HashMap;

use attune_db::{DbError, Relation, Tx};
use attune_events::Event;
use attune_house::SettingDef;
use attune_kernel::{Fault, Ids, id_type};
use attune_web::{Actor, Scope};

use crate::company;

pub(crate) use bulk::read_listing;
pub(crate) use change::read_value;
pub use change::{Change, assign_owner, create, delete, restore, set_stage, update_field};
pub(crate) use change_many::{name_companies_of, write_many};
pub(crate) use edit::{Control, FieldForm, FindQuery, FoundPart, Refer, control, control_of, named_now, read_refer, typed};
pub use field_filter::FieldFilter;
pub use list::{COUNTED, Listing, Order, PAGE, Page, Person, Selection, Sorting, count, ids_of, list, list_behind};
pub(crate) use list::{count_to, push_selected};
pub(crate) use pages::{name_for, name_of, named, shown_count, way_back};
pub(crate) use record::is_amount;
pub use record::{Contact, ContactDraft, Stage};
pub(crate) use rules::{compose_name, sort_key, split_name};
pub use rules::{email_key, phone_key};
pub(crate) use store::{
    ByKeys, Prepared, insert_prepared, is_anybody_merged, list_by_given_up, list_by_key, list_by_keys, update, update_rows,
};
pub(crate) use told::{attribute_name, attribute_name_of, entries as told_events};
pub(crate) use views::permissions as view_permissions;

id_type!(
    /// The id of a contact.
    ContactId,
    "con"
);

/// What an administrator may change about contacts.
pub(crate) fn settings() -> impl Iterator<Item = SettingDef> {
    reveal::SETTINGS.into_iter().chain(bulk::SETTINGS)
}

/// Who acts, when, and where new ids come from.
#[derive(Clone, Copy)]
pub struct By<'a> {
    /// Who acts.
    pub actor: &'a Actor,
    /// When, µs UTC.
    pub now: i64,
    /// Fresh ids.
    pub ids: &'a Ids,
}

/// Why a contact cannot be changed as asked.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// There is no such contact, or not for this asker.
    #[error("the contact does not exist")]
    NotFound,
    /// A value is wrong: the attribute and the locale key that says why.
    #[error("{attribute} is wrong: {key}")]
    Invalid {
        /// The attribute's key.
        attribute: String,
        /// The locale key of the reason.
        key: &'static str,
    },
    /// Somebody else holds the same outside id.
    #[error("another contact has the same outside id")]
    Taken,
    /// Somebody decided that nothing of the contact may go.
    #[error("the contact is held")]
    Held,
    /// The store or we failed.
    #[error("{0}")]
    Fault(Fault),
}

impl From<Fault> for ContactError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<DbError> for ContactError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound(_) => Self::NotFound,
            DbError::Unique(_) => Self::Taken,
            other => Self::Fault(other.into()),
        }
    }
}

impl From<ContactError> for attune_web::Problem {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::NotFound => Self::NotFound,
            ContactError::Taken => Self::refused("identify-external-taken"),
            ContactError::Held => Self::refused("retention-held-refuses"),
            ContactError::Invalid { attribute, key } => {
                let mut errors = attune_web::FormErrors::new();
                errors.add(attribute, key);
                Self::Form(errors)
            }
            ContactError::Fault(fault) => fault.into(),
        }
    }
}

/// The contact `id` if it is alive and within `scope`.
pub async fn find(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Option<Contact>, DbError> {
    store::find(tx, scope, id).await
}

/// The same without what is only shared with whoever has `scope`: to give away, to merge and the like stays with whose it is.
pub async fn find_owned(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Option<Contact>, DbError> {
    let found = list_by_ids(tx, [id]).await?.pop();
    Ok(found.filter(|contact| scope.covers(contact.owner_id, contact.team_id)))
}

/// Those of these contacts that are within `scope` and not only shared with whoever has it.
pub(crate) async fn owned_of(tx: &mut Tx, scope: &Scope, ids: Vec<i64>) -> Result<Vec<i64>, DbError> {
    if *scope == Scope::All {
        return Ok(ids);
    }
    let found = list_by_ids(tx, ids).await?;
    Ok(found.iter().filter(|contact| scope.covers(contact.owner_id, contact.team_id)).map(|contact| contact.id).collect())
}

/// These contacts, those alive, in no particular order.
pub async fn list_by_ids(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<Contact>, DbError> {
    store::list_by_ids(tx, ids).await
}

/// Alive contacts with one of these folded e-mail addresses (see [`email_key`]), oldest first.
pub async fn list_by_email_keys(tx: &mut Tx, keys: impl IntoIterator<Item = String>) -> Result<Vec<Contact>, DbError> {
    store::list_by_keys(tx, ByKeys::Email, keys).await
}

/// The contacts with these ids, deleted ones too.
pub(crate) async fn list_any(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<Contact>, DbError> {
    store::list_any(tx, ids).await
}

/// Holds these contacts, deleted or not, until the transaction ends: what is read behind it stays true. False when one is not there.
pub async fn hold(tx: &mut Tx, ids: &[i64]) -> Result<bool, DbError> {
    store::hold(tx, ids).await
}

/// Whom `id` has become part of, if it was merged.
pub(crate) async fn survivor_of(tx: &mut Tx, id: i64) -> Result<Option<i64>, DbError> {
    store::survivor_of(tx, id).await
}

/// The id of the one who remained when `id` was merged; else `id` itself.
pub(crate) async fn id_today(tx: &mut Tx, id: i64) -> Result<i64, DbError> {
    Ok(store::survivor_of(tx, id).await?.unwrap_or(id))
}

/// How many events of a contact the log holds.
pub(crate) async fn count_events(tx: &mut Tx, id: i64) -> Result<i64, DbError> {
    tx.count(attune_db::sql!("SELECT count(*) FROM events WHERE contact_id = $1"), attune_db::params![id]).await
}

/// Gives these contacts the names their companies have, which their search words need.
pub(crate) async fn name_companies(tx: &mut Tx, people: &mut [Contact]) -> Result<(), DbError> {
    let companies = company::list_by_ids(tx, people.iter().filter_map(|p| p.company_id)).await?;
    let names: HashMap<i64, String> = companies.into_iter().map(|c| (c.id, c.name)).collect();
    for person in people {
        person.company_name = person.company_id.and_then(|id| names.get(&id).cloned());
    }
    Ok(())
}

/// How far the last touch of a contact may lag behind the newest event a visitor of his sent: one minute.
pub(crate) const TOUCH_STEP_US: i64 = 60_000_000;

/// Writes scores: a relation `(id, k, fit, grade)`; `k` is the engagement score's log2 form, `fit` points, `grade` A, B, C or NULL.
pub async fn put_scores(tx: &mut Tx, scores: &Relation) -> Result<u64, DbError> {
    store::put_scores(tx, scores).await
}

/// As [`put_scores`], for those whose fit and grade stay as they are: a relation `(id, k)`.
pub async fn put_engagement(tx: &mut Tx, scores: &Relation) -> Result<u64, DbError> {
    store::put_engagement(tx, scores).await
}

/// Moves the last touch forward: a relation `(id, at)` with one row per contact; earlier moments change nothing.
pub async fn touch(tx: &mut Tx, touches: &Relation) -> Result<u64, DbError> {
    store::touch(tx, touches, 0).await
}

/// As [`touch`], for what comes in a stream: whoever was last touched less than [`TOUCH_STEP_US`] before stays as he is. A visit of many pages
/// is one write of the contact and of its indexes instead of one a page; the log keeps every moment.
pub(crate) async fn touch_coarsely(tx: &mut Tx, touches: &Relation) -> Result<u64, DbError> {
    store::touch(tx, touches, TOUCH_STEP_US).await
}

/// The event `name` of a contact, caused by `by`.
pub(crate) fn event(by: &By<'_>, name: &'static str, contact: &Contact) -> Event {
    let event = Event::new(name, by.now).contact(contact.id).company(contact.company_id);
    if by.actor.staff_id == 0 { event } else { event.props(&serde_json::json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name })) }
}

/// Renews the search words of the people of companies whose names have changed.
pub(crate) async fn reindex_companies(tx: &mut Tx, companies: &[i64]) -> Result<(), DbError> {
    if companies.is_empty() {
        return Ok(());
    }
    let mut behind = 0;
    loop {
        let (people, last) = reindex_some(tx, companies, behind).await?;
        if people < REINDEXED {
            return Ok(());
        }
        behind = last;
    }
}

/// How many people [`reindex_some`] sees to.
pub(crate) const REINDEXED: usize = 2_000;

/// Renews the search words of the next people of these companies behind the id `behind`; answers how many, and the last one's id.
pub(crate) async fn reindex_some(tx: &mut Tx, companies: &[i64], behind: i64) -> Result<(usize, i64), DbError> {
    let people = store::list_of_companies(tx, companies, behind, i64::try_from(REINDEXED).unwrap_or(0)).await?;
    search::put(tx, people.iter().map(|c| (c.id, c.words())), false).await?;
    Ok((people.len(), people.last().map_or(behind, |last| last.id)))
}
