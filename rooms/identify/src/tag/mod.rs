//! A tag: a word staff made up to sort people and companies by. Whoever may edit a record may give it a new one.
//!
//! Guards that a name is there once whatever its case, that only what really changed is told and put on record, and that one deed of one
//! member of staff, on one contact or on ten thousand, can be taken back as a whole. A name once used keeps meaning the tag: rules, files and
//! addresses that say it go on working when the tag is renamed or becomes part of another.

mod api;
mod change;
#[cfg(test)]
mod http_tests;
mod import;
mod jobs;
mod list_page;
mod list_store;
pub(crate) mod pages;
mod rules;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use attune_db::{DbError, Tx};
use attune_events::{Event, EventDef, append};
use attune_house::{ContactTable, Facet, FacetKind, OnErase, OnMerge, Room};
use attune_kernel::{fold_key, id_type};
use attune_record::audit;
use attune_web::Scope;
use serde_json::{Value as Json, json};

use crate::company;
use crate::contact::{self, By, ContactError};
use crate::field::Subject;

pub(crate) use import::{bring, take_back};
pub(crate) use list_store::purge;
pub(crate) use rules::listed;
#[cfg(test)]
use rules::names;
pub(crate) use store::{find, list_of, remove_unused};

id_type!(
    /// The id of a tag.
    TagId,
    "tag"
);

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Its id.
    pub(crate) id: TagId,
    /// What people call it.
    pub(crate) name: String,
    /// The colour it is shown in.
    pub(crate) tone: String,
}

/// A record and a tag.
pub(crate) type Pair = (i64, TagId);

/// What is done to records and tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// They get them.
    Add,
    /// They lose them.
    Remove,
}

impl Deed {
    fn event(self, subject: Subject) -> &'static str {
        match (subject, self) {
            (Subject::Contact, Self::Add) => "contact.tagged",
            (Subject::Contact, Self::Remove) => "contact.untagged",
            (Subject::Company, Self::Add) => "company.tagged",
            (Subject::Company, Self::Remove) => "company.untagged",
        }
    }
}

/// The action under which the audit log keeps which records got and lost which tags.
fn changed_action(subject: Subject) -> &'static str {
    match subject {
        Subject::Contact => "contact.tags_changed",
        Subject::Company => "company.tags_changed",
    }
}

/// The events of this noun.
const EVENTS: [EventDef; 6] = [
    EventDef { name: "contact.tagged", meaning: "A contact was given a tag.", subject: "the tag", amount: "", behaviour: false },
    EventDef { name: "contact.untagged", meaning: "A tag was taken from a contact.", subject: "the tag", amount: "", behaviour: false },
    EventDef {
        name: "contact.tag_renamed",
        meaning: "A tag somebody has is called by other names, or became part of another.",
        subject: "what it is called now",
        amount: "",
        behaviour: false,
    },
    EventDef { name: "company.tagged", meaning: "A company was given a tag.", subject: "the tag", amount: "", behaviour: false },
    EventDef { name: "company.untagged", meaning: "A tag was taken from a company.", subject: "the tag", amount: "", behaviour: false },
    EventDef {
        name: "company.tag_renamed",
        meaning: "A tag a company has is called by other names, or became part of another.",
        subject: "what it is called now",
        amount: "",
        behaviour: false,
    },
];

/// The table that holds a person. A tag both have stays with each: the one who remains has it already.
pub(crate) const CONTACT_TABLES: [ContactTable; 1] = [ContactTable {
    table: "record_tags",
    column: "record_id",
    on_erase: OnErase::Delete,
    on_merge: OnMerge::Follow {
        key: "tag_id",
        unless: "EXISTS (SELECT 1 FROM record_tags o WHERE o.record_id = $1 AND o.tag_id = t.tag_id)",
    },
}];

/// What segments may ask: which tags somebody has, by name.
pub(crate) const FACETS: [Facet; 1] = [Facet {
    key: "contact.tag",
    label_key: "tag-filter",
    kind: FacetKind::Words,
    sql: "SELECT contact_id, value FROM v_identify_tag",
    changed_by: &["contact.tagged", "contact.untagged", "contact.tag_renamed", "contact.merged", "contact.split"],
}];

/// Adds this noun to the room.
pub(crate) fn plug(room: Room) -> Room {
    room.routes(pages::routes().merge(api::routes()))
        .nav([list_page::nav()])
        .permissions(list_page::permissions())
        .events(EVENTS)
        .contact_tables(CONTACT_TABLES)
        .jobs(jobs::defs())
}

/// The tags of these names, those that are missing made, perhaps by an import.
pub(crate) async fn find_or_create(tx: &mut Tx, by: &By<'_>, names: &[String], import_id: Option<i64>) -> Result<Vec<Tag>, DbError> {
    Ok(store::each_once(ensure(tx, by, names, import_id).await?))
}

/// The same by the folded name each is meant by.
async fn ensure(tx: &mut Tx, by: &By<'_>, names: &[String], import_id: Option<i64>) -> Result<HashMap<String, Tag>, DbError> {
    let known = store::known(tx, names).await?;
    let missing = names.iter().filter(|name| !known.contains_key(&fold_key(name)));
    let fresh: Vec<Tag> =
        missing.map(|name| Tag { id: TagId(by.ids.next()), name: name.clone(), tone: rules::tone(name).into() }).collect();
    if fresh.is_empty() {
        return Ok(known);
    }
    store::insert_missing(tx, by.now, &fresh, import_id).await?;
    let found = store::known(tx, names).await?;
    let made: HashSet<TagId> = fresh.iter().map(|tag| tag.id).collect();
    let trail =
        found.values().filter(|tag| made.contains(&tag.id)).map(|tag| (tag.id.0, None, Some(json!({ "name": tag.name })))).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, ("tag.created", "tag"), trail).await?;
    Ok(found)
}

/// The names of the tags each of these records has, in their order.
pub(crate) async fn names_of(tx: &mut Tx, records: &[i64]) -> Result<HashMap<i64, Vec<String>>, DbError> {
    let mut names: HashMap<i64, Vec<String>> = HashMap::new();
    for (record, tag) in list_of(tx, records).await? {
        names.entry(record).or_default().push(tag.name);
    }
    Ok(names)
}

/// Gives a contact or a company exactly the tags of these names.
pub async fn replace(tx: &mut Tx, by: &By<'_>, (subject, record): (Subject, i64), names: &[String]) -> Result<(), DbError> {
    let tags = find_or_create(tx, by, names, None).await?;
    let had = list_of(tx, &[record]).await?;
    let off: Vec<Pair> =
        had.into_iter().map(|(record, tag)| (record, tag.id)).filter(|(_, id)| tags.iter().all(|tag| tag.id != *id)).collect();
    change(tx, by, (subject, Deed::Remove), &off).await?;
    change(tx, by, (subject, Deed::Add), &pairs(&[record], &tags)).await?;
    Ok(())
}

/// Every one of these records with every one of these tags.
pub(crate) fn pairs(records: &[i64], tags: &[Tag]) -> Vec<Pair> {
    records.iter().flat_map(|record| tags.iter().map(|tag| (*record, tag.id))).collect()
}

/// What these records, those alive, are told as in the log: an event without a subject for each.
async fn told_of(tx: &mut Tx, by: &By<'_>, (subject, deed): (Subject, Deed), ids: HashSet<i64>) -> Result<HashMap<i64, Event>, DbError> {
    let name = deed.event(subject);
    Ok(match subject {
        Subject::Contact => contact::list_by_ids(tx, ids).await?.iter().map(|c| (c.id, contact::event(by, name, c))).collect(),
        Subject::Company => company::list_by_ids(tx, ids).await?.iter().map(|c| (c.id, company::event(by, name, c.id))).collect(),
    })
}

/// Gives or takes tags; what is so already, and what is deleted, is left alone. Answers for how many records something changed.
pub(crate) async fn change(tx: &mut Tx, by: &By<'_>, (subject, deed): (Subject, Deed), pairs: &[Pair]) -> Result<usize, DbError> {
    let there = store::list_there(tx, pairs).await?;
    let differs: Vec<Pair> = pairs.iter().copied().filter(|pair| there.contains(pair) == (deed == Deed::Remove)).collect();
    let alive = told_of(tx, by, (subject, deed), differs.iter().map(|(record, _)| *record).collect()).await?;
    let moved: Vec<Pair> = differs.into_iter().filter(|(record, _)| alive.contains_key(record)).collect();
    if moved.is_empty() {
        return Ok(0);
    }
    match deed {
        Deed::Add => store::put(tx, by.now, subject, &moved, None).await?,
        Deed::Remove => store::take(tx, &moved).await?,
    }
    let tags = store::list_by_ids(tx, moved.iter().map(|(_, tag)| *tag)).await?;
    let names: HashMap<TagId, &str> = tags.iter().map(|tag| (tag.id, tag.name.as_str())).collect();
    let mut told: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    let mut log = Vec::with_capacity(moved.len());
    for (record, tag) in &moved {
        let (Some(event), Some(name)) = (alive.get(record), names.get(tag)) else { continue };
        told.entry(*record).or_default().push(name);
        log.push(event.clone().subject(*name));
    }
    let count = told.len();
    let trail = told.into_iter().map(|(id, names)| line(deed, id, &names)).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, (changed_action(subject), subject.word()), trail).await?;
    append(tx, &mut log).await?;
    Ok(count)
}

/// What a record got, or had before, for the audit log.
fn line(deed: Deed, record: i64, names: &[&str]) -> (i64, Option<Json>, Option<Json>) {
    let names = Some(json!({ "tags": names }));
    match deed {
        Deed::Add => (record, None, names),
        Deed::Remove => (record, names, None),
    }
}

/// Takes back what the actor did to tags at exactly `at`, µs, as far as the records are within `scope`; tags that are gone since stay gone.
/// Answers how many records changed.
pub(crate) async fn undo(tx: &mut Tx, by: &By<'_>, (subject, scope): (Subject, &Scope), at: i64) -> Result<usize, DbError> {
    let lines = store::list_changes(tx, (subject, scope), by.actor.staff_id, at).await?;
    let names: HashSet<String> = lines.iter().flat_map(|(_, before, after)| before.iter().chain(after).cloned()).collect();
    let known = store::known(tx, &names.into_iter().collect::<Vec<_>>()).await?;
    let (mut back, mut off) = (Vec::new(), Vec::new());
    for (record, before, after) in &lines {
        let of =
            |names: &[String]| names.iter().filter_map(|name| known.get(&fold_key(name))).map(|tag| (*record, tag.id)).collect::<Vec<_>>();
        back.extend(of(before));
        off.extend(of(after));
    }
    Ok(change(tx, by, (subject, Deed::Add), &back).await? + change(tx, by, (subject, Deed::Remove), &off).await?)
}

/// Names of tags as a program gives them; [`ContactError::Invalid`] (`tags`) when one is no name.
pub(crate) fn given(names: &[String]) -> Result<Vec<String>, ContactError> {
    listed(&names.join(";")).map_err(|key| ContactError::Invalid { attribute: "tags".to_owned(), key })
}

/// The same from JSON: null is none.
pub(crate) fn given_json(value: Json) -> Result<Vec<String>, ContactError> {
    let wrong = |_| ContactError::Invalid { attribute: "tags".to_owned(), key: "tag-not-a-list" };
    given(&serde_json::from_value::<Option<Vec<String>>>(value).map_err(wrong)?.unwrap_or_default())
}
