//! Taking an import back: created people go with every trace and created companies unless they are in use; who or what was changed gets back
//! what the import replaced and nobody has changed since.

use std::collections::{HashMap, HashSet};

use attune_db::{Column, DbError, Relation, Tx, Value, params, sql};
use attune_events::{Event, append};
use attune_jobs::Bench;
use attune_record::audit;
use attune_web::Actor;
use serde_json::{Value as Json, json};

use super::store::{self, Changed, Changes, Import, ImportState};
use super::{Counts, ImportError, ImportId, Progress};
use crate::company::{Today, Tree};
use crate::contact::{self, By, Contact};
use crate::erasure::{self, Traces};
use crate::field::Subject;
use crate::staff::{self, Member};
use crate::{address, company, field, merge, tag};

/// Records in one transaction.
const BATCH: i64 = 2_000;

/// Takes the import `id` back, batch by batch; goes on where an interrupted undo stopped. `traces` are the house's.
///
/// Answers what was undone: `created` records removed, `updated` records restored. [`ImportError::NotFound`] unless the import is over
/// and what it takes is still kept. Who is held stays.
pub async fn undo(
    bench: &Bench,
    actor: &Actor,
    id: i64,
    traces: &Traces<'_>,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Counts, ImportError> {
    let mut tx = bench.db.begin().await?;
    let import = store::find(&mut tx, id).await?.filter(|import| import.undo_gone_at.is_none()).ok_or(ImportError::NotFound)?;
    if !store::set_state(&mut tx, id, &ImportState::UNDOABLE, ImportState::Undoing, None).await? {
        return Err(ImportError::NotFound);
    }
    tx.commit().await?;
    let mut undone = Counts::default();
    let mut told = |undone: &Counts| {
        tell(Progress { done: undone.created + undone.updated, total: import.counts.created + import.counts.updated });
    };
    let by = || By { actor, now: bench.clock.now(), ids: &bench.ids };
    match import.plan.subject {
        Subject::Contact => {
            remove_people(bench, &by, id, traces, &mut undone, &mut told).await?;
            restore_all(bench, &import, &mut undone, &mut told).await?;
            remove_companies(bench, id, &mut |_| {}).await?;
        }
        // Whose branch a company was before is said again first: a parent goes when nobody stands under it.
        Subject::Company => {
            leave_parents(bench, id).await?;
            restore_all(bench, &import, &mut undone, &mut told).await?;
            let mut gone = |gone: usize| {
                undone.created += i64::try_from(gone).unwrap_or(0);
                told(&undone);
            };
            remove_companies(bench, id, &mut gone).await?;
        }
    }
    untag(bench, (import.plan.subject, id)).await?;
    finish(bench, &by(), &import, &undone).await?;
    Ok(undone)
}

/// Who is told what is undone so far.
type Told<'a> = &'a mut (dyn FnMut(&Counts) + Send);

async fn remove_people<'a>(
    bench: &'a Bench,
    by: &(dyn Fn() -> By<'a> + Sync),
    id: i64,
    traces: &Traces<'_>,
    undone: &mut Counts,
    told: Told<'_>,
) -> Result<(), ImportError> {
    loop {
        let mut tx = bench.db.begin().await?;
        let people = store::list_created(&mut tx, id, BATCH).await?;
        if people.is_empty() {
            return Ok(());
        }
        merge::part_all(&mut tx, &by(), traces.tables, &people).await?;
        erasure::remove(&mut tx, bench.clock.now(), *traces, &people).await?;
        tx.commit().await?;
        undone.created += i64::try_from(people.len()).unwrap_or(0);
        told(undone);
    }
}

/// Removes the companies the import made, unless somebody uses them by now; says how many go with each batch.
async fn remove_companies(bench: &Bench, id: i64, told: &mut (dyn FnMut(usize) + Send)) -> Result<(), ImportError> {
    loop {
        let mut tx = bench.db.begin().await?;
        let Some(gone) = company::remove_of_import(&mut tx, id, BATCH, bench.clock.now()).await? else { return Ok(()) };
        tx.commit().await?;
        told(gone);
    }
}

/// Takes off every parent that is still the import's, before any former one is put back: whether one of those closes a circle is then a matter
/// of what stands, not of the order. The noted change says so, so that the former one is put back where nobody has chosen another since.
async fn leave_parents(bench: &Bench, id: i64) -> Result<(), ImportError> {
    let mut after = i64::MIN;
    loop {
        let mut tx = bench.db.begin().await?;
        let mut changed = store::list_changed(&mut tx, id, after, BATCH).await?;
        let Some(last) = changed.last() else { return Ok(()) };
        after = last.record_id;
        changed.retain(|one| one.changes.contains_key("parent_id"));
        let ids: Vec<i64> = changed.iter().map(|one| one.record_id).collect();
        company::hold(&mut tx, &ids).await?;
        let stands: HashMap<i64, Json> = company::list_any(&mut tx, ids).await?.iter().map(|c| (c.id, c.get("parent_id"))).collect();
        changed.retain_mut(|one| {
            let noted = one.changes.get_mut("parent_id").filter(|(_, is)| !is.is_null() && stands.get(&one.record_id) == Some(is));
            noted.map(|(_, is)| *is = Json::Null).is_some()
        });
        let leaving: Vec<i64> = changed.iter().map(|one| one.record_id).collect();
        company::leave_parents(&mut tx, &leaving).await?;
        store::put_changed(&mut tx, id, &changed).await?;
        tx.commit().await?;
    }
}

async fn restore_all(bench: &Bench, import: &Import, undone: &mut Counts, told: Told<'_>) -> Result<(), ImportError> {
    loop {
        let mut tx = bench.db.begin().await?;
        let changed = store::list_changed(&mut tx, import.id, i64::MIN, BATCH).await?;
        if changed.is_empty() {
            return Ok(());
        }
        match import.plan.subject {
            Subject::Contact => restore(&mut tx, &changed).await?,
            Subject::Company => restore_companies(&mut tx, &changed).await?,
        }
        store::remove_changed(&mut tx, import.id, changed.iter().map(|c| c.record_id)).await?;
        tx.commit().await?;
        undone.updated += i64::try_from(changed.len()).unwrap_or(0);
        told(undone);
    }
}

/// Gives companies back what the import replaced. One that would stand under its own branch by now, or whose parent is gone, stands under
/// nobody.
async fn restore_companies(tx: &mut Tx, changed: &[Changed]) -> Result<(), DbError> {
    let ids: Vec<i64> = changed.iter().map(|c| c.record_id).collect();
    let moving = changed.iter().filter(|c| c.changes.contains_key("parent_id"));
    let moving: Vec<i64> = moving.map(|c| c.record_id).collect();
    let today = Today::read(tx, named(changed, "parent_id")).await?;
    let former: Vec<i64> = former(changed, "parent_id", &today).collect();
    // Whole rows are written: nobody's change of meanwhile is written over.
    company::hold_under(tx, &ids, &former).await?;
    let mut tree = Tree::read(tx, &moving, &former).await?;
    let there: HashSet<i64> = company::list_any(tx, former).await?.iter().map(|parent| parent.id).collect();
    let members = staff::list(tx).await?;
    let by_id: HashMap<i64, &Changed> = changed.iter().map(|c| (c.record_id, c)).collect();
    let mut companies = company::list_any(tx, ids).await?;
    let mut renamed = Vec::new();
    for company in &mut companies {
        let Some(changed) = by_id.get(&company.id) else { continue };
        for (key, (was, is)) in &changed.changes {
            let of_today = |id: &Json| if key == "parent_id" { today.of(id) } else { id.clone() };
            if ["owner_id", "team_id"].contains(&key.as_str()) || company.get(key) != of_today(is) {
                continue;
            }
            if key == "parent_id" {
                let parent = today.of(was).as_i64().filter(|parent| there.contains(parent) && tree.check(company.id, *parent).is_ok());
                tree.put(company.id, parent);
                company.parent_id = parent;
                continue;
            }
            company.set(key, was.clone());
            if key == "name" {
                renamed.push(company.id);
            }
        }
        let untouched = company.updated_at == changed.after_at;
        (company.owner_id, company.team_id) = owner_back(&changed.changes, (company.owner_id, company.team_id), untouched, &members);
        if untouched {
            company.updated_at = changed.before_at;
        }
    }
    let defs = field::list_of(tx, Subject::Company).await?;
    company::update(tx, &companies, &defs).await?;
    contact::reindex_companies(tx, &renamed).await
}

/// The ids that stand in `key` before and behind the import.
fn named(changed: &[Changed], key: &str) -> Vec<i64> {
    changed.iter().filter_map(|c| c.changes.get(key)).flat_map(|(was, is)| [was.as_i64(), is.as_i64()]).flatten().collect()
}

/// The companies that stood in `key` before the import, as they are today.
fn former<'a>(changed: &'a [Changed], key: &'a str, today: &'a Today) -> impl Iterator<Item = i64> + 'a {
    changed.iter().filter_map(move |c| today.of(&c.changes.get(key)?.0).as_i64())
}

/// Owner and team as they go back, always together: a team is its owner's, and lets his colleagues see the record.
fn owner_back(
    changes: &Changes,
    (owner, team): (Option<i64>, Option<i64>),
    untouched: bool,
    members: &[Member],
) -> (Option<i64>, Option<i64>) {
    let former_team = changes.get("team_id").map(|(was, _)| was.as_i64());
    match changes.get("owner_id") {
        Some((was, is)) if is.as_i64() == owner => {
            let was = was.as_i64();
            let today = || was.and_then(|id| members.iter().find(|member| member.id == id)).map_or(team, |member| member.team_id);
            (was, former_team.unwrap_or_else(today))
        }
        // The same owner, who had moved to another team.
        None if untouched => (owner, former_team.unwrap_or(team)),
        _ => (owner, team),
    }
}

/// Takes the tags back that the import gave, from whoever has them.
async fn untag(bench: &Bench, (subject, id): (Subject, i64)) -> Result<(), DbError> {
    loop {
        let mut tx = bench.db.begin().await?;
        if tag::take_back(&mut tx, bench.clock.now(), (subject, id), BATCH).await? == 0 {
            return Ok(());
        }
        tx.commit().await?;
    }
}

async fn restore(tx: &mut Tx, changed: &[Changed]) -> Result<(), DbError> {
    let ids: Vec<i64> = changed.iter().map(|c| c.record_id).collect();
    // Whole rows are written: nobody's change of meanwhile is written over.
    contact::hold(tx, &ids).await?;
    let people = contact::list_by_ids(tx, ids).await?;
    let by_id: HashMap<i64, &Changed> = changed.iter().map(|c| (c.record_id, c)).collect();
    let today = Today::read(tx, named(changed, "company_id")).await?;
    let there = company::list_any(tx, former(changed, "company_id", &today).collect::<HashSet<_>>()).await?;
    let there: HashSet<i64> = there.iter().map(|company| company.id).collect();
    let members = staff::list(tx).await?;
    let defs = field::list(tx).await?;
    let mut restored: Vec<Contact> = Vec::with_capacity(people.len());
    let mut seen = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
    for mut person in people {
        let Some(changed) = by_id.get(&person.id) else { continue };
        let stays = address::would_mix(changed.changes.iter().map(|(key, (_, is))| (key.as_str(), is)), |key| person.raw(key));
        for (key, (was, is)) in &changed.changes {
            let is_kept = stays && address::WHOLE.contains(&key.as_str());
            let of_today = |id: &Json| if key == "company_id" { today.of(id) } else { id.clone() };
            let (was, is) = (of_today(was), of_today(is));
            if is_kept || ["owner_id", "team_id"].contains(&key.as_str()) || person.raw(key) != is {
                continue;
            }
            let is_gone = key == "company_id" && was.as_i64().is_some_and(|id| !there.contains(&id));
            person.set(key, if is_gone { Json::Null } else { was });
            if key == "last_seen_at" {
                seen.push(vec![Value::Int(person.id), person.last_seen_at.into()]);
            }
        }
        let untouched = person.updated_at == changed.after_at;
        (person.owner_id, person.team_id) = owner_back(&changed.changes, (person.owner_id, person.team_id), untouched, &members);
        if untouched {
            person.updated_at = changed.before_at;
        }
        restored.push(person);
    }
    contact::name_companies(tx, &mut restored).await?;
    contact::update(tx, &restored, &defs).await?;
    let sql = sql!("UPDATE contacts SET last_seen_at = r.at FROM {rows} AS r WHERE contacts.id = r.id");
    tx.exec_from(sql, &seen, params![]).await.map(drop)
}

async fn finish(bench: &Bench, by: &By<'_>, import: &Import, undone: &Counts) -> Result<(), ImportError> {
    let id = import.id;
    let mut tx = bench.db.begin().await?;
    // Whoever was changed has to be scored anew; those events stay, the import's own go.
    let touched = match import.plan.subject {
        Subject::Contact => sql!("SELECT DISTINCT contact_id FROM events WHERE origin_id = $1 AND contact_id IS NOT NULL"),
        Subject::Company => sql!(
            "SELECT DISTINCT company_id FROM events WHERE origin_id = $1 AND name = 'company.updated'
             AND EXISTS (SELECT 1 FROM companies c WHERE c.id = events.company_id)"
        ),
    };
    let touched = tx.rows(touched, params![id]).await?.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>()?;
    store::remove_events(&mut tx, id).await?;
    field::remove_unused(&mut tx, id).await?;
    tag::remove_unused(&mut tx, id).await?;
    store::remove_chunks(&mut tx, id).await?;
    store::remove_errors(&mut tx, id).await?;
    store::set_state(&mut tx, id, &[ImportState::Undoing], ImportState::Undone, Some(by.now)).await?;
    let after = json!({ "removed": undone.created, "restored": undone.updated });
    let action = match import.plan.subject {
        Subject::Contact => "contact.import_undone",
        Subject::Company => "company.import_undone",
    };
    audit::note(&mut tx, by.ids, by.now, by.actor, action, "import", id, None, Some(after)).await?;
    append(&mut tx, &mut receipts(by.now, import, &touched, undone.created)).await?;
    tx.commit().await?;
    Ok(())
}

/// What the log keeps of an undone import: what the other rooms have to reckon anew, and how many people are gone; nobody who is gone is
/// named.
fn receipts(now: i64, import: &Import, restored: &[i64], removed: i64) -> Vec<Event> {
    let undone = json!({ "undone": ImportId(import.id) });
    let restored = restored.iter().map(|id| match import.plan.subject {
        Subject::Contact => Event::new("contact.updated", now).contact(*id).props(&undone),
        Subject::Company => Event::new("company.updated", now).company(*id).props(&undone),
    });
    let mut told: Vec<Event> = restored.collect();
    if removed > 0 && import.plan.subject == Subject::Contact {
        told.push(Event::new("contact.erased", now).amount(removed).props(&undone));
    }
    told
}
