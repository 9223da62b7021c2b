//! What becomes of a line about a company, and under which company it stands.
//!
//! Guards that a line is taken whole or not at all: who a line is about and whether its parent fits is settled before anything is changed, so
//! that a parent may stand anywhere in a batch, and one that would close a circle is refused with its line.

use std::collections::HashSet;

use attune_db::{DbError, Tx};

use super::batch::{Batches, Moved, note_moved};
use super::firms::{Firms, Keys, ParentKeys, Slot};
use super::matching::{Fate, owner_of, tagged};
use super::named::Before;
use super::rows::{RowDraft, RowError};
use crate::company::{self, Company, Tree, name_key};
use crate::contact::{self, By};
use crate::field::Subject;
use crate::tag;

/// A line on its way: what it is known by, its company, and under which it stands.
struct Line {
    draft: RowDraft,
    keys: Keys,
    slot: usize,
    parent: Option<i64>,
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
    let mut keyed = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match owner_of(batches.members, draft.owner.as_deref()) {
            Ok(_) => {
                let keys = Keys::of(&kind, &draft);
                keyed.push((draft, keys));
            }
            Err(()) => refused.push(RowError { line: draft.line, cause: "owner", detail: draft.owner.unwrap_or_default() }),
        }
    }
    batches.seen.note(&keyed);
    let loaded = Firms::load(tx, (&kind, &batches.seen), &mut keyed, batches.made.is_none()).await?;
    let (mut firms, lines) = settled(tx, batches, by, loaded, keyed, refused).await?;
    batches.seen.keep(&firms);
    let (mut fates, mut tags) = (Vec::with_capacity(lines.len()), Vec::new());
    let prints: Vec<u64> = lines.iter().map(|line| line.draft.fingerprint).collect();
    for line in lines {
        let (key, said) = (Some(line.keys.made_as()), batches.seen.has_said(line.draft.fingerprint));
        let fate = apply(batches, by, &mut firms, line, &mut tags);
        fates.push((if said { Fate::Skipped } else { fate }, key));
    }
    match &mut batches.made {
        Some(made) => {
            made.extend(firms.slots.iter().filter(|slot| slot.before.is_none() && slot.changed).flat_map(known_as));
            batches.seen.say(prints);
        }
        None => write(tx, batches, by, firms, &tags).await?,
    }
    Ok(fates)
}

/// What a company is known by as a parent, for the batches of a dry run behind it.
fn known_as(slot: &Slot) -> Vec<String> {
    let external = slot.externals.iter().map(|key| format!("parent id {key}"));
    external.chain([format!("parent name {}", name_key(&slot.company.name))]).collect()
}

/// Who each line is about. When a line is refused, the others are settled anew: it may have said who one of them is.
async fn settled(
    tx: &mut Tx,
    batches: &Batches<'_>,
    by: &By<'_>,
    mut loaded: Firms,
    mut keyed: Vec<(RowDraft, Keys)>,
    refused: &mut Vec<RowError>,
) -> Result<(Firms, Vec<Line>), DbError> {
    let (drafts, records) = (keyed.iter().map(|(draft, _)| draft), loaded.slots.iter().map(|slot| &slot.company.fields));
    let before = Before::read(tx, Before::ids(drafts, records)).await?;
    let has_parents = keyed.iter().any(|(_, keys)| keys.parent.is_some());
    loop {
        let mut firms = if has_parents { loaded.clone() } else { std::mem::take(&mut loaded) };
        let mut lines = Vec::with_capacity(keyed.len());
        for (mut draft, keys) in keyed {
            if let Err(error) = fit(&firms, &before, &mut draft, &keys) {
                refused.push(error);
                continue;
            }
            let Ok(slot) = firms.settle(by, batches.import_id, &draft, &keys) else {
                let detail = draft.external_id.or(keys.domain).unwrap_or_default();
                refused.push(RowError { line: draft.line, cause: "company-name", detail });
                continue;
            };
            lines.push(Line { draft, keys, slot, parent: None });
        }
        let there = lines.len();
        if has_parents {
            under_parents(tx, batches.made.as_ref(), &firms, &mut lines, refused).await?;
        }
        if lines.len() == there {
            return Ok((firms, lines));
        }
        keyed = lines.into_iter().map(|line| (line.draft, line.keys)).collect();
    }
}

/// Whether a line may say whom the company it is about names.
fn fit(firms: &Firms, before: &Before, draft: &mut RowDraft, keys: &Keys) -> Result<(), RowError> {
    if draft.named.is_empty() {
        return Ok(());
    }
    match firms.find(keys).and_then(|at| firms.slots.get(at)) {
        Some(slot) => before.fit(draft, (Subject::Company, slot.company.id), &slot.company.fields),
        None => Ok(()),
    }
}

/// Gives each line its parent and keeps those whose parents fit, all taken together: the order of lines is of no matter. A refused line may
/// have been the one that makes another's parent: that one is refused in its turn.
async fn under_parents(
    tx: &mut Tx,
    made: Option<&HashSet<String>>,
    firms: &Firms,
    lines: &mut Vec<Line>,
    refused: &mut Vec<RowError>,
) -> Result<(), DbError> {
    let is_stored = |at: usize| firms.slots.get(at).is_some_and(|slot| slot.before.is_some());
    let meant = |line: &Line| line.keys.parent.as_ref().and_then(|parent| firms.parent(parent));
    let stored_id = |at: usize| Some(at).filter(|at| is_stored(*at)).map(|at| firms.id(at));
    let moving: Vec<i64> = lines.iter().filter(|line| line.keys.parent.is_some()).filter_map(|line| stored_id(line.slot)).collect();
    let under: Vec<i64> = lines.iter().filter_map(|line| stored_id(meant(line)?)).collect();
    let stored = Tree::read(tx, &moving, &under).await?;
    // Made by an earlier batch of a dry run: nothing of it is in the store.
    let known_before = |parent: &ParentKeys| {
        let known = |made: &HashSet<String>| {
            made.contains(&format!("parent id {}", parent.external)) || made.contains(&format!("parent name {}", parent.name))
        };
        made.is_some_and(known)
    };
    for line in lines.iter_mut() {
        line.parent = meant(line).map(|at| firms.id(at));
    }
    loop {
        let alive: HashSet<usize> = lines.iter().map(|line| line.slot).collect();
        let is_missing = |line: &Line| match (&line.keys.parent, meant(line)) {
            (None, _) => false,
            (Some(parent), None) => !known_before(parent),
            (Some(_), Some(at)) => !alive.contains(&at) && !is_stored(at),
        };
        if refuse(lines, refused, "parent", is_missing) {
            continue;
        }
        let (mut tree, mut moved) = (stored.clone(), HashSet::new());
        for (branch, parent) in lines.iter().filter_map(|line| Some((firms.id(line.slot), line.parent?))) {
            tree.put(branch, Some(parent));
            moved.insert(branch);
        }
        let circles = tree.circles(moved.iter().copied());
        let moves = |line: &Line| line.parent.map(|parent| (firms.id(line.slot), parent));
        let on_circle = |line: &Line| moves(line).is_some_and(|(branch, parent)| branch == parent || circles.contains(&branch));
        let too_deep = |line: &Line| moves(line).is_some_and(|(branch, _)| tree.is_too_deep(branch, &moved));
        if !refuse(lines, refused, "company-circle", on_circle) && !refuse(lines, refused, "company-too-deep", too_deep) {
            return Ok(());
        }
    }
}

/// Refuses the lines that are wrong; answers whether any is.
fn refuse(lines: &mut Vec<Line>, refused: &mut Vec<RowError>, cause: &'static str, is_wrong: impl Fn(&Line) -> bool) -> bool {
    let there = lines.len();
    lines.retain(|line| {
        let wrong = is_wrong(line);
        if wrong {
            refused.push(RowError { line: line.draft.line, cause, detail: line.draft.parent.clone().unwrap_or_default() });
        }
        !wrong
    });
    lines.len() < there
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
        company.parent_id = parent;
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
