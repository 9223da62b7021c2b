//! Which company a line is about: found by outside id, domain, or name and city, or new; and under which one it stands.
//!
//! Guards that a line is taken whole or not at all: who a line is about and whether its parent fits is settled before anything is changed, so
//! that a parent may stand anywhere in a batch, and one that would close a circle is refused with its line.

use std::collections::{HashMap, HashSet};

use attune_db::{DbError, Tx};
use attune_kernel::fold_key;
use serde_json::Value as Json;

use super::batch::{Batches, Moved, note_moved};
use super::matching::{Fate, owner_of, tagged};
use super::rows::{RowDraft, RowError};
use crate::company::{self, ByKeys, Company, Tree, domain_key, list_by_keys, name_key};
use crate::contact::{self, By};
use crate::field::Subject;
use crate::tag;

/// A company a batch touches.
struct Slot {
    company: Company,
    /// As stored; `None` for a new one.
    before: Option<Company>,
    /// What it is known by, of the store or of the first line that says so.
    external: Option<String>,
    domain: Option<String>,
    city: Option<String>,
    /// The folded names of the tags it has, where lines name tags.
    tags: HashSet<String>,
    changed: bool,
}

/// What a line is known by.
#[derive(Clone, Debug, Default)]
struct Keys {
    external: Option<String>,
    domain: Option<String>,
    name: Option<String>,
    city: Option<String>,
    /// The outside id and the name its parent may be meant by.
    parent: Option<(String, String)>,
}

impl Keys {
    fn of(kind: &str, draft: &RowDraft) -> Self {
        let value = |key: &str| draft.values.iter().find(|(k, _)| k == key).and_then(|(_, value)| value.as_str());
        let external = |id: &str| format!("{kind}:{}", id.trim());
        Self {
            external: draft.external_id.as_deref().map(external),
            domain: value("domain").and_then(domain_key),
            name: value("name").map(name_key),
            city: value("city").map(fold_key),
            parent: draft.parent.as_deref().map(|parent| (external(parent), name_key(parent))),
        }
    }

    /// What a company that the line makes is remembered by in a dry run.
    fn made_as(&self) -> String {
        let named = || format!("name {} {}", self.name.as_deref().unwrap_or(""), self.city.as_deref().unwrap_or(""));
        let domain = || self.domain.as_ref().map(|domain| format!("domain {domain}"));
        self.external.as_ref().map(|key| format!("id {key}")).or_else(domain).unwrap_or_else(named)
    }
}

/// A line on its way: what it is known by, its company, and under which it stands.
struct Line {
    draft: RowDraft,
    keys: Keys,
    slot: usize,
    parent: Option<i64>,
}

/// The companies of a batch by what they are known by.
#[derive(Default)]
struct Firms {
    slots: Vec<Slot>,
    by_external: HashMap<String, usize>,
    by_domain: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    place: HashMap<i64, usize>,
}

impl Firms {
    async fn load(tx: &mut Tx, lines: &[(RowDraft, Keys)]) -> Result<Self, DbError> {
        let of = |pick: fn(&Keys) -> Vec<String>| lines.iter().flat_map(|(_, keys)| pick(keys)).collect::<HashSet<String>>();
        let external = of(|k| k.external.iter().chain(k.parent.iter().map(|(id, _)| id)).cloned().collect());
        let names = of(|k| k.name.iter().chain(k.parent.iter().map(|(_, name)| name)).cloned().collect());
        let mut found = list_by_keys(tx, ByKeys::External, external).await?;
        found.extend(list_by_keys(tx, ByKeys::Domain, of(|k| k.domain.iter().cloned().collect())).await?);
        found.extend(list_by_keys(tx, ByKeys::Name, names).await?);
        found.sort_unstable_by_key(|company| company.id);
        found.dedup_by_key(|company| company.id);
        let mut firms = Self::default();
        for company in found {
            let slot = Slot {
                external: company.external_key.clone(),
                domain: company.domain.as_deref().and_then(domain_key),
                city: company.city.as_deref().map(fold_key),
                before: Some(company.clone()),
                company,
                tags: HashSet::new(),
                changed: false,
            };
            firms.add(slot);
        }
        if lines.iter().any(|(draft, _)| !draft.tags.is_empty()) {
            for (id, tag) in tag::list_of(tx, &firms.place.keys().copied().collect::<Vec<_>>()).await? {
                let slot = firms.place.get(&id).and_then(|at| firms.slots.get_mut(*at));
                slot.into_iter().for_each(|slot| _ = slot.tags.insert(fold_key(&tag.name)));
            }
        }
        Ok(firms)
    }

    fn add(&mut self, slot: Slot) -> usize {
        let at = self.slots.len();
        self.place.insert(slot.company.id, at);
        if let Some(key) = &slot.external {
            self.by_external.entry(key.clone()).or_insert(at);
        }
        if let Some(key) = &slot.domain {
            self.by_domain.entry(key.clone()).or_default().push(at);
        }
        self.by_name.entry(name_key(&slot.company.name)).or_default().push(at);
        self.slots.push(slot);
        at
    }

    /// By outside id; else by domain; else by a name, unless domain or city say otherwise. What has another outside id is another company.
    fn find(&self, keys: &Keys) -> Option<usize> {
        if let Some(at) = keys.external.as_ref().and_then(|key| self.by_external.get(key)) {
            return Some(*at);
        }
        let fits = |one: &Option<String>, other: &Option<String>| one.is_none() || other.is_none() || one == other;
        let among = |found: Option<&Vec<usize>>| -> Vec<(usize, &Slot)> {
            let slots = found.into_iter().flatten().filter_map(|at| Some((*at, self.slots.get(*at)?)));
            slots.filter(|(_, slot)| keys.external.is_none() || slot.external.is_none()).collect()
        };
        let of_domain = among(keys.domain.as_ref().and_then(|key| self.by_domain.get(key)));
        let named = |slot: &Slot| keys.name.as_ref().is_some_and(|name| *name == name_key(&slot.company.name));
        if let Some((at, _)) = of_domain.iter().find(|(_, slot)| named(slot)).or(of_domain.first()) {
            return Some(*at);
        }
        let mut of_name = among(keys.name.as_ref().and_then(|key| self.by_name.get(key)));
        of_name.retain(|(_, slot)| fits(&slot.domain, &keys.domain) && fits(&slot.city, &keys.city));
        let exact = of_name.iter().find(|(_, slot)| slot.city == keys.city);
        exact.or(of_name.first()).map(|(at, _)| *at)
    }

    /// The company of a line, a place for a new one if need be; an error when that would have no name.
    fn settle(&mut self, by: &By<'_>, import_id: i64, draft: &RowDraft, keys: &Keys) -> Result<usize, ()> {
        if let Some(at) = self.find(keys) {
            self.remember(at, keys);
            return Ok(at);
        }
        let name = draft.values.iter().find(|(key, _)| key == "name").and_then(|(_, value)| value.as_str()).ok_or(())?;
        let company = Company {
            id: by.ids.next(),
            name: name.to_owned(),
            import_id: Some(import_id),
            created_at: by.now,
            updated_at: by.now,
            ..Company::default()
        };
        let Keys { external, domain, city, .. } = keys.clone();
        Ok(self.add(Slot { company, before: None, external, domain, city, tags: HashSet::new(), changed: false }))
    }

    /// A company is found by what a line adds, too.
    fn remember(&mut self, at: usize, keys: &Keys) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        if let (None, Some(key)) = (&slot.external, &keys.external) {
            slot.external = Some(key.clone());
            self.by_external.entry(key.clone()).or_insert(at);
        }
        if let (None, Some(key)) = (&slot.domain, &keys.domain) {
            slot.domain = Some(key.clone());
            self.by_domain.entry(key.clone()).or_default().push(at);
        }
        if slot.city.is_none() {
            slot.city.clone_from(&keys.city);
        }
    }

    /// The company meant as a parent.
    fn parent(&self, (external, name): &(String, String)) -> Option<usize> {
        self.by_external.get(external).or_else(|| self.by_name.get(name).and_then(|found| found.first())).copied()
    }

    fn id(&self, at: usize) -> i64 {
        self.slots.get(at).map_or(0, |slot| slot.company.id)
    }
}

/// Takes a batch of lines about companies; answers what became of each taken one and the key it made a company under. The others are
/// added to `refused`. In a dry run nothing is written.
pub(super) async fn take(
    tx: &mut Tx,
    batches: &mut Batches<'_>,
    by: &By<'_>,
    drafts: Vec<RowDraft>,
    refused: &mut Vec<RowError>,
) -> Result<Vec<(Fate, Option<String>)>, DbError> {
    let kind = batches.plan.external_kind();
    let keyed: Vec<(RowDraft, Keys)> = drafts.into_iter().map(|draft| (Keys::of(&kind, &draft), draft)).map(|(k, d)| (d, k)).collect();
    let mut firms = Firms::load(tx, &keyed).await?;
    let mut lines = Vec::with_capacity(keyed.len());
    for (draft, keys) in keyed {
        let wrong = |cause: &'static str, detail: &str| RowError { line: draft.line, cause, detail: detail.to_owned() };
        if owner_of(batches.members, draft.owner.as_deref()).is_err() {
            refused.push(wrong("owner", draft.owner.as_deref().unwrap_or_default()));
            continue;
        }
        match firms.settle(by, batches.import_id, &draft, &keys) {
            Ok(slot) => lines.push(Line { draft, keys, slot, parent: None }),
            Err(()) => refused.push(wrong("company-name", draft.external_id.as_deref().or(keys.domain.as_deref()).unwrap_or_default())),
        }
    }
    let lines = under_parents(tx, batches.made.as_ref(), &firms, lines, refused).await?;
    let (mut fates, mut tags) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        let key = Some(line.keys.made_as());
        fates.push((apply(batches, by, &mut firms, line, &mut tags), key));
    }
    match &mut batches.made {
        Some(made) => made.extend(firms.slots.iter().filter(|slot| slot.before.is_none() && slot.changed).flat_map(known_as)),
        None => write(tx, batches, by, firms, &tags).await?,
    }
    Ok(fates)
}

/// What a company is known by as a parent, for the batches of a dry run behind it.
fn known_as(slot: &Slot) -> Vec<String> {
    let external = slot.external.as_ref().map(|key| format!("parent id {key}"));
    external.into_iter().chain([format!("parent name {}", name_key(&slot.company.name))]).collect()
}

/// The lines whose parents fit, each with its parent. A refused line may have been the one that makes another's parent: that one is refused
/// in its turn.
async fn under_parents(
    tx: &mut Tx,
    made: Option<&HashSet<String>>,
    firms: &Firms,
    mut lines: Vec<Line>,
    refused: &mut Vec<RowError>,
) -> Result<Vec<Line>, DbError> {
    if lines.iter().all(|line| line.keys.parent.is_none()) {
        return Ok(lines);
    }
    let wanted = |line: &Line| line.keys.parent.as_ref().and_then(|parent| firms.parent(parent));
    let ids: Vec<i64> = lines.iter().flat_map(|line| wanted(line).map(|at| [firms.id(at), firms.id(line.slot)])).flatten().collect();
    let stored = if made.is_some() { Tree::read(tx, &ids).await? } else { Tree::held(tx, &ids).await? };
    let known_before = |(external, name): &(String, String)| {
        made.is_some_and(|made| made.contains(&format!("parent id {external}")) || made.contains(&format!("parent name {name}")))
    };
    loop {
        let alive: HashSet<usize> = lines.iter().map(|line| line.slot).collect();
        let is_there = |at: usize| alive.contains(&at) || firms.slots.get(at).is_some_and(|slot| slot.before.is_some());
        let (mut tree, mut kept, before) = (stored.clone(), Vec::with_capacity(lines.len()), lines.len());
        for mut line in lines {
            let Some(parent) = &line.keys.parent else {
                kept.push(line);
                continue;
            };
            let detail = line.draft.parent.clone().unwrap_or_default();
            let cause = match firms.parent(parent).filter(|at| is_there(*at)) {
                // Made by an earlier batch of a dry run: nothing of it is in the store.
                None if known_before(parent) => None,
                None => Some("parent"),
                Some(at) => {
                    let (branch, parent) = (firms.id(line.slot), firms.id(at));
                    line.parent = Some(parent);
                    tree.check(branch, parent).map(|()| tree.put(branch, Some(parent))).err()
                }
            };
            match cause {
                Some(cause) => refused.push(RowError { line: line.draft.line, cause, detail }),
                None => kept.push(line),
            }
        }
        lines = kept;
        if lines.len() == before {
            return Ok(lines);
        }
    }
}

/// Gives a company what a line says of it.
fn apply(batches: &Batches<'_>, by: &By<'_>, firms: &mut Firms, line: Line, tags: &mut Vec<(i64, Vec<String>)>) -> Fate {
    let Line { draft, keys, slot, parent } = line;
    let Some(slot) = firms.slots.get_mut(slot) else { return Fate::Skipped };
    let is_new = slot.before.is_none() && !slot.changed;
    let company = &mut slot.company;
    let was = company.clone();
    if company.external_key.is_none() && keys.external.is_some() {
        company.external_key = keys.external;
        company.external_id = draft.external_id;
    }
    for (key, value) in draft.values {
        company.set(&key, value);
    }
    if let Ok(Some(owner)) = owner_of(batches.members, draft.owner.as_deref()) {
        (company.owner_id, company.team_id) = (Some(owner.id), owner.team_id);
    }
    if parent.is_some() {
        company.set("parent_id", parent.map_or(Json::Null, Json::from));
    }
    let fate = match is_new {
        true => Fate::Created,
        false if *company == was => Fate::Skipped,
        false => Fate::Updated,
    };
    if fate != Fate::Skipped {
        company.updated_at = by.now;
        slot.changed = true;
    }
    tagged(tags, (slot.company.id, &mut slot.tags), draft.tags, fate)
}

/// Writes companies, their changes, tags and events.
async fn write(tx: &mut Tx, batches: &mut Batches<'_>, by: &By<'_>, firms: Firms, tags: &[(i64, Vec<String>)]) -> Result<(), DbError> {
    let id = batches.import_id;
    let (new, old): (Vec<Slot>, Vec<Slot>) = firms.slots.into_iter().filter(|slot| slot.changed).partition(|slot| slot.before.is_none());
    let renamed = |slot: &&Slot| slot.before.as_ref().is_some_and(|before| before.name != slot.company.name);
    let renamed: Vec<i64> = old.iter().filter(renamed).map(|slot| slot.company.id).collect();
    let moved = old.iter().filter(|slot| slot.company.import_id != Some(id)).filter_map(|slot| {
        let before = slot.before.as_ref()?;
        Some(Moved { id: before.id, at: (before.updated_at, slot.company.updated_at), differences: slot.company.differences(before) })
    });
    note_moved(tx, id, moved.collect()).await?;
    let made: Vec<Company> = new.into_iter().map(|slot| slot.company).collect();
    let changed: Vec<Company> = old.into_iter().map(|slot| slot.company).collect();
    company::insert(tx, &made, &batches.fields).await?;
    company::update(tx, &changed, &batches.fields).await?;
    contact::reindex_companies(tx, &renamed).await?;
    let mut given = tag::bring(tx, by, (Subject::Company, id), tags).await?;
    batches.log.extend(made.iter().map(|c| company::event(by, "company.created", c.id).subject(c.name.clone()).origin(id)));
    batches.log.extend(changed.iter().map(|c| company::event(by, "company.updated", c.id).origin(id)));
    batches.log.append(&mut given);
    Ok(())
}
