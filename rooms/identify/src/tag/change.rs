//! What becomes of a tag as a whole: another name, part of another, gone, back. Each is done at once for whoever looks, and a job then
//! tells the rooms that reckon with it, contact by contact.

use attune_db::{DbError, Tx};
use attune_jobs::Bench;
use attune_kernel::{Fault, fold_key};
use attune_record::audit;
use attune_web::Problem;
use serde_json::json;

use super::list_store::{self, State};
use super::{Tag, TagId, jobs, rules, store};
use crate::contact::By;

/// Why a tag cannot be changed as asked.
#[derive(Debug)]
pub(crate) enum TagError {
    /// There is no such tag any more.
    NotFound,
    /// What was typed is no name: the locale key that says why.
    Wrong(&'static str),
    /// Another tag is called so.
    Taken(Tag),
    /// Another tag was called so before.
    Former(Tag),
    /// The store or we failed.
    Fault(Fault),
}

impl From<DbError> for TagError {
    fn from(error: DbError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Fault> for TagError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<TagError> for Problem {
    fn from(error: TagError) -> Self {
        match error {
            TagError::NotFound => Self::NotFound,
            TagError::Wrong(key) => wrong_name(key),
            TagError::Taken(tag) => Self::refused("tag-name-taken").s("name", tag.name),
            TagError::Former(tag) => Self::refused("tag-name-former").s("name", tag.name),
            TagError::Fault(fault) => fault.into(),
        }
    }
}

fn wrong_name(key: &'static str) -> Problem {
    let mut errors = attune_web::FormErrors::new();
    errors.add("name", key);
    Problem::Form(errors)
}

async fn alive(tx: &mut Tx, id: TagId) -> Result<Tag, TagError> {
    list_store::find_held(tx, id).await?.filter(State::is_alive).map(|state| state.tag).ok_or(TagError::NotFound)
}

/// Calls a tag something else; the name it had goes on meaning it.
pub(crate) async fn rename(tx: &mut Tx, by: &By<'_>, bench: &Bench, id: TagId, typed: &str) -> Result<Tag, TagError> {
    let name = rules::one(typed).map_err(TagError::Wrong)?;
    let tag = alive(tx, id).await?;
    let key = fold_key(&name);
    if let Some(other) = store::known(tx, std::slice::from_ref(&name)).await?.remove(&key).filter(|other| other.id != id) {
        let former = list_store::alias_of(tx, &key).await?.is_some();
        return Err(if former { TagError::Former(other) } else { TagError::Taken(other) });
    }
    if name == tag.name {
        return Ok(tag);
    }
    list_store::remove_alias(tx, &key, id).await?;
    list_store::set_name(tx, id, &name).await?;
    if fold_key(&tag.name) != key {
        list_store::put_alias(tx, &tag.name, id).await?;
        jobs::put_tell(tx, bench, by.actor.staff_id, id, jobs::Telling::Renamed).await?;
    }
    let change = (Some(json!({ "name": tag.name })), Some(json!({ "name": name })));
    audit::note(tx, by.ids, by.now, by.actor, "tag.renamed", "tag", id.0, change.0, change.1).await?;
    Ok(Tag { name, ..tag })
}

/// Makes a tag part of another: who has it gets the other, and its names mean the other from now on. Answers the other.
pub(crate) async fn merge(tx: &mut Tx, by: &By<'_>, bench: &Bench, id: TagId, into: TagId) -> Result<Tag, TagError> {
    let tag = alive(tx, id).await?;
    let other = alive(tx, into).await?;
    if tag.id == other.id {
        return Err(TagError::NotFound);
    }
    list_store::move_aliases(tx, id, other.id).await?;
    list_store::move_records(tx, id, other.id).await?;
    list_store::set_merged(tx, id, other.id).await?;
    list_store::put_alias(tx, &tag.name, other.id).await?;
    // Whoever had the other answers to the names of this one now, too.
    jobs::put_tell(tx, bench, by.actor.staff_id, other.id, jobs::Telling::Renamed).await?;
    let change = (Some(json!({ "name": tag.name })), Some(json!({ "name": other.name, "into": other.id })));
    audit::note(tx, by.ids, by.now, by.actor, "tag.merged", "tag", id.0, change.0, change.1).await?;
    Ok(other)
}

/// Takes a tag from everybody; it can come back for 30 days.
pub(crate) async fn delete(tx: &mut Tx, by: &By<'_>, bench: &Bench, id: TagId) -> Result<Tag, TagError> {
    let tag = alive(tx, id).await?;
    list_store::set_deleted(tx, id, by.now).await?;
    jobs::put_tell(tx, bench, by.actor.staff_id, id, jobs::Telling::Gone).await?;
    audit::note(tx, by.ids, by.now, by.actor, "tag.deleted", "tag", id.0, Some(json!({ "name": tag.name })), None).await?;
    Ok(tag)
}

/// Brings a deleted tag back to everybody who had it.
pub(crate) async fn restore(tx: &mut Tx, by: &By<'_>, bench: &Bench, id: TagId) -> Result<Tag, TagError> {
    let state = list_store::find_held(tx, id).await?.ok_or(TagError::NotFound)?;
    let tag = state.tag;
    if state.deleted_at.is_none() {
        return Err(TagError::NotFound);
    }
    if let Some(other) = store::known(tx, std::slice::from_ref(&tag.name)).await?.into_values().next() {
        return Err(TagError::Taken(other));
    }
    // A name it had before may be another's by now.
    list_store::remove_taken_aliases(tx, id).await?;
    list_store::set_back(tx, &tag).await?;
    jobs::put_tell(tx, bench, by.actor.staff_id, id, jobs::Telling::Back).await?;
    audit::note(tx, by.ids, by.now, by.actor, "tag.restored", "tag", id.0, None, Some(json!({ "name": tag.name }))).await?;
    Ok(tag)
}

/// Lets a name a tag had before mean nothing any more.
pub(crate) async fn forget(tx: &mut Tx, by: &By<'_>, bench: &Bench, id: TagId, name: &str) -> Result<(), TagError> {
    alive(tx, id).await?;
    if !list_store::remove_alias(tx, &fold_key(name), id).await? {
        return Err(TagError::NotFound);
    }
    jobs::put_tell(tx, bench, by.actor.staff_id, id, jobs::Telling::Renamed).await?;
    audit::note(tx, by.ids, by.now, by.actor, "tag.name_forgotten", "tag", id.0, Some(json!({ "name": name })), None).await?;
    Ok(())
}
