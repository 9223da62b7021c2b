//! A tag: a word staff made up to sort people by. Whoever may edit a contact may give it a new one.
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
use attune_events::{EventDef, append};
use attune_house::{ContactTable, Facet, FacetKind, OnErase, OnMerge, Room};
use attune_kernel::{fold_key, id_type};
use attune_record::audit;
use attune_web::Scope;
use serde_json::{Value as Json, json};

use crate::contact::{self, By, Contact};

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

/// Somebody and a tag.
pub(crate) type Pair = (i64, TagId);

/// What is done to people and tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// They get them.
    Add,
    /// They lose them.
    Remove,
}

impl Deed {
    fn event(self) -> &'static str {
        match self {
            Self::Add => "contact.tagged",
            Self::Remove => "contact.untagged",
        }
    }
}

/// The action under which the audit log keeps who got and lost which tags.
const CHANGED: &str = "contact.tags_changed";

/// The events of this noun.
const EVENTS: [EventDef; 3] = [
    EventDef { name: "contact.tagged", meaning: "A contact was given a tag.", subject: "the tag", amount: "", behaviour: false },
    EventDef { name: "contact.untagged", meaning: "A tag was taken from a contact.", subject: "the tag", amount: "", behaviour: false },
    EventDef {
        name: "contact.tag_renamed",
        meaning: "A tag somebody has is called by other names, or became part of another.",
        subject: "what it is called now",
        amount: "",
        behaviour: false,
    },
];

/// The table that holds a person. A tag both have stays with each: the one who remains has it already.
pub(crate) const CONTACT_TABLES: [ContactTable; 1] = [ContactTable {
    table: "contact_tags",
    column: "contact_id",
    on_erase: OnErase::Delete,
    on_merge: OnMerge::Follow {
        key: "tag_id",
        unless: "EXISTS (SELECT 1 FROM contact_tags o WHERE o.contact_id = $1 AND o.tag_id = t.tag_id)",
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
    let known = store::known(tx, names).await?;
    let missing = names.iter().filter(|name| !known.contains_key(&fold_key(name)));
    let fresh: Vec<Tag> =
        missing.map(|name| Tag { id: TagId(by.ids.next()), name: name.clone(), tone: rules::tone(name).into() }).collect();
    store::insert_missing(tx, by.now, &fresh, import_id).await?;
    let found = store::list_by_names(tx, names).await?;
    let made: HashSet<TagId> = fresh.iter().map(|tag| tag.id).collect();
    let trail = found.iter().filter(|tag| made.contains(&tag.id)).map(|tag| (tag.id.0, None, Some(json!({ "name": tag.name })))).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, ("tag.created", "tag"), trail).await?;
    Ok(found)
}

/// The names of the tags each of these people has, in their order.
pub(crate) async fn names_of(tx: &mut Tx, people: &[i64]) -> Result<HashMap<i64, Vec<String>>, DbError> {
    let mut names: HashMap<i64, Vec<String>> = HashMap::new();
    for (person, tag) in list_of(tx, people).await? {
        names.entry(person).or_default().push(tag.name);
    }
    Ok(names)
}

/// Gives somebody exactly the tags of these names.
pub async fn replace(tx: &mut Tx, by: &By<'_>, person: i64, names: &[String]) -> Result<(), DbError> {
    let tags = find_or_create(tx, by, names, None).await?;
    let had = list_of(tx, &[person]).await?;
    let off: Vec<Pair> =
        had.into_iter().map(|(person, tag)| (person, tag.id)).filter(|(_, id)| tags.iter().all(|tag| tag.id != *id)).collect();
    change(tx, by, Deed::Remove, &off).await?;
    change(tx, by, Deed::Add, &pairs(&[person], &tags)).await?;
    Ok(())
}

/// Every one of these people with every one of these tags.
pub(crate) fn pairs(people: &[i64], tags: &[Tag]) -> Vec<Pair> {
    people.iter().flat_map(|person| tags.iter().map(|tag| (*person, tag.id))).collect()
}

/// Gives or takes tags; what is so already, and whoever is deleted, is left alone. Answers for how many people something changed.
pub(crate) async fn change(tx: &mut Tx, by: &By<'_>, deed: Deed, pairs: &[Pair]) -> Result<usize, DbError> {
    let there = store::list_there(tx, pairs).await?;
    let differs: Vec<Pair> = pairs.iter().copied().filter(|pair| there.contains(pair) == (deed == Deed::Remove)).collect();
    let ids: HashSet<i64> = differs.iter().map(|(person, _)| *person).collect();
    let people: HashMap<i64, Contact> = contact::list_by_ids(tx, ids).await?.into_iter().map(|c| (c.id, c)).collect();
    let moved: Vec<Pair> = differs.into_iter().filter(|(person, _)| people.contains_key(person)).collect();
    if moved.is_empty() {
        return Ok(0);
    }
    match deed {
        Deed::Add => store::put(tx, by.now, &moved, None).await?,
        Deed::Remove => store::take(tx, &moved).await?,
    }
    let tags = store::list_by_ids(tx, moved.iter().map(|(_, tag)| *tag)).await?;
    let names: HashMap<TagId, &str> = tags.iter().map(|tag| (tag.id, tag.name.as_str())).collect();
    let mut told: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    let mut log = Vec::with_capacity(moved.len());
    for (person, tag) in &moved {
        let (Some(contact), Some(name)) = (people.get(person), names.get(tag)) else { continue };
        told.entry(*person).or_default().push(name);
        log.push(contact::event(by, deed.event(), contact).subject(*name));
    }
    let count = told.len();
    audit::note_many(
        tx,
        by.ids,
        by.now,
        by.actor,
        (CHANGED, "contact"),
        told.into_iter().map(|(id, names)| line(deed, id, &names)).collect(),
    )
    .await?;
    append(tx, &mut log).await?;
    Ok(count)
}

/// What a person got, or had before, for the audit log.
fn line(deed: Deed, person: i64, names: &[&str]) -> (i64, Option<Json>, Option<Json>) {
    let names = Some(json!({ "tags": names }));
    match deed {
        Deed::Add => (person, None, names),
        Deed::Remove => (person, names, None),
    }
}

/// Takes back what the actor did to tags at exactly `at`, µs, as far as the people are within `scope`; tags that are gone since stay gone.
/// Answers how many people changed.
pub(crate) async fn undo(tx: &mut Tx, by: &By<'_>, scope: &Scope, at: i64) -> Result<usize, DbError> {
    let lines = store::list_changes(tx, scope, by.actor.staff_id, at).await?;
    let names: HashSet<String> = lines.iter().flat_map(|(_, before, after)| before.iter().chain(after).cloned()).collect();
    let known = store::known(tx, &names.into_iter().collect::<Vec<_>>()).await?;
    let (mut back, mut off) = (Vec::new(), Vec::new());
    for (person, before, after) in &lines {
        let of =
            |names: &[String]| names.iter().filter_map(|name| known.get(&fold_key(name))).map(|tag| (*person, tag.id)).collect::<Vec<_>>();
        back.extend(of(before));
        off.extend(of(after));
    }
    Ok(change(tx, by, Deed::Add, &back).await? + change(tx, by, Deed::Remove, &off).await?)
}
