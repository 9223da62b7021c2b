//! Merging companies: two records of one organisation become one, and can be split again; as with people, see [`crate::merge`].
//!
//! Guards that everything that names the one given up leads to the one that remains and comes back with a split, that branches stay a tree
//! either way, and that only who has both in charge joins them.

pub(super) mod api;
pub(crate) mod pages;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use attune_db::{DbError, Tx};
use attune_events::append;
use attune_jobs::Bench;
use attune_record::audit;
use attune_web::{Actor, Scope};
use serde_json::json;

use super::{Company, CompanyId, Tree, hold_under, jobs, store};
use crate::contact::{By, ContactError};
use crate::field::{self, Subject};
use crate::merge::record::Mergeable;
use crate::merge::rows::{self, Follows};
use crate::merge::store::{self as merges, Merge};
use crate::merge::{MergeId, Pair, closed, give_back, of_today, taken, units};
use crate::relationship;
use crate::sharing;

/// The columns that name a company and go over with it. What its people did stays told of the company they were of then, and which record a
/// field names is asked anew each time.
pub fn follows() -> Vec<(&'static str, &'static str)> {
    tables().iter().map(|entry| (entry.table, entry.column)).collect()
}

fn tables() -> Vec<Follows> {
    let shared = " AND NOT EXISTS (SELECT 1 FROM shares o WHERE o.company_id = $1 AND (o.staff_id = t.staff_id OR o.team_id = t.team_id))";
    let tagged = " AND NOT EXISTS (SELECT 1 FROM record_tags o WHERE o.record_id = $1 AND o.tag_id = t.tag_id)";
    let mut all = vec![
        Follows { key: "seq", ..Follows::new("events", "company_id", " AND t.contact_id IS NULL") },
        Follows::new("companies", "merged_into", ""),
        Follows::new("companies", "parent_id", " AND t.id <> $1"),
        Follows::new("contacts", "company_id", ""),
        Follows::new("notes", "record_id", ""),
        Follows::new("note_versions", "record_id", ""),
        Follows { key: "tag_id", ..Follows::new("record_tags", "record_id", tagged) },
        Follows::new("promises", "company_id", ""),
        Follows::new("files", "company_id", ""),
        Follows::new("shares", "company_id", shared),
        Follows::new("devices", "company_id", ""),
        Follows::new("device_readings", "company_id", ""),
    ];
    let ends = relationship::ends_of_companies().into_iter();
    all.extend(ends.map(|(column, stays)| Follows::new("relationships", column, &format!(" AND NOT ({stays})"))));
    all
}

/// The company if it is alive and whoever acts has it in charge: within `scope`, and within what they may edit. What is nobody's is everybody's,
/// what is only shared is not.
pub(crate) async fn find_in_charge(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: i64) -> Result<Option<Company>, DbError> {
    let found = super::find(tx, scope, id).await?;
    Ok(found.filter(|company| is_in_charge(by.actor, scope, (company.owner_id, company.team_id))))
}

/// Whether the company of this owner and team is within `scope` and within what `actor` may edit.
pub(super) fn is_in_charge(actor: &Actor, scope: &Scope, (owner_id, team_id): (Option<i64>, Option<i64>)) -> bool {
    let covers = |scope: &Scope| owner_id.is_none() || scope.covers(owner_id, team_id);
    covers(scope) && actor.may("identify.contact.edit").is_some_and(covers)
}

/// Both companies of a pair, if both are alive, different and in charge.
pub(crate) async fn find_both(tx: &mut Tx, by: &By<'_>, scope: &Scope, pair: Pair) -> Result<(Company, Company), ContactError> {
    if pair.survivor == pair.loser {
        return Err(ContactError::NotFound);
    }
    let survivor = find_in_charge(tx, by, scope, pair.survivor).await?.ok_or(ContactError::NotFound)?;
    let loser = find_in_charge(tx, by, scope, pair.loser).await?.ok_or(ContactError::NotFound)?;
    Ok((survivor, loser))
}

/// Who stands above and below the two.
async fn read_tree(tx: &mut Tx, survivor: &Company, loser: &Company) -> Result<Tree, DbError> {
    let both = [survivor.id, loser.id];
    Tree::read(tx, &both, &both).await
}

/// The units in which two companies differ and one can be chosen: where one stands below the other, there is no choice of where they stand.
pub(crate) async fn differing(tx: &mut Tx, survivor: &Company, loser: &Company) -> Result<Vec<String>, DbError> {
    let tree = read_tree(tx, survivor, loser).await?;
    let in_line = tree.is_below(survivor.id, loser.id) || tree.is_below(loser.id, survivor.id);
    Ok(units::differing(survivor, loser).into_iter().filter(|unit| !(in_line && unit == "parent")).collect())
}

/// What the survivor takes over unless somebody chooses.
pub(crate) async fn suggested(tx: &mut Tx, by: &By<'_>, survivor: &Company, loser: &Company) -> Result<BTreeSet<String>, DbError> {
    let differing: BTreeSet<String> = differing(tx, survivor, loser).await?.into_iter().collect();
    let open = &units::suggested(survivor, loser) & &differing;
    Ok(&open - &closed(tx, by.actor, survivor, loser).await?)
}

/// Makes the loser part of the survivor, which takes over the attributes named in `take` (see [`units`]). Answers the merge.
///
/// Errors: [`ContactError::NotFound`] when one of them is gone or not in charge; [`ContactError::Invalid`] when a unit to be taken over is one of those
/// that stay as they are, the branches of both would make a circle or too deep a tree, or somebody would see by a share what others own.
pub async fn merge(
    tx: &mut Tx,
    bench: &Bench,
    by: &By<'_>,
    scope: &Scope,
    pair: Pair,
    take: &BTreeSet<String>,
) -> Result<MergeId, ContactError> {
    let both = [pair.survivor, pair.loser];
    hold_under(tx, &both, &both).await?;
    let (before, loser) = find_both(tx, by, scope, pair).await?;
    if let Some(unit) = closed(tx, by.actor, &before, &loser).await?.into_iter().find(|unit| take.contains(unit)) {
        return Err(ContactError::Invalid { attribute: unit, key: field::reference::HIDDEN });
    }
    let mut survivor = before.clone();
    for unit in take {
        units::copy(&loser, &mut survivor, unit);
    }
    stand(tx, &mut survivor, &loser).await?;
    if !sharing::may_merge(tx, scope, [&before, &loser], survivor.parent_id).await? {
        return Err(ContactError::Invalid { attribute: "with".to_owned(), key: "share-merge-not-yours" });
    }
    survivor.updated_at = by.now;
    let (id, taken) = (by.ids.next(), taken(&before, &survivor));
    merges::bury(tx, Subject::Company, pair, by.now).await?;
    merges::insert(tx, by, id, pair, &taken).await?;
    let follows = tables();
    rows::take_over(tx, &follows, id, pair, false).await?;
    write(tx, &survivor).await?;
    jobs::renew(tx, bench, &[survivor.id]).await?;
    // What was logged while the rows went over: from here on nobody logs anything before this has ended.
    attune_events::hold_head(tx).await?;
    rows::take_over(tx, &follows, id, pair, true).await?;
    let record = json!({ "merged": CompanyId(loser.id), "name": loser.name, "taken": taken });
    audit::note(tx, by.ids, by.now, by.actor, "company.merged", "company", survivor.id, None, Some(record)).await?;
    tell(tx, by, ["company.merged", "company.deleted"], &survivor, &loser).await?;
    Ok(MergeId(id))
}

/// Finds the survivor's place in the tree once all that hangs on the loser hangs on it: below the loser, it takes the loser's own place.
async fn stand(tx: &mut Tx, survivor: &mut Company, loser: &Company) -> Result<(), ContactError> {
    let mut tree = read_tree(tx, survivor, loser).await?;
    if tree.is_below(survivor.id, loser.id) {
        survivor.parent_id = loser.parent_id;
    }
    tree.join(loser.id, survivor.id);
    tree.put(survivor.id, survivor.parent_id);
    check(&tree, survivor.id).map_err(|key| ContactError::Invalid { attribute: "parent".to_owned(), key })
}

fn check(tree: &Tree, id: i64) -> Result<(), &'static str> {
    if !tree.circles([id]).is_empty() {
        return Err("company-circle");
    }
    if tree.is_too_deep(id, &Default::default()) { Err("company-too-deep") } else { Ok(()) }
}

/// Splits what `id` joined: what went over comes back, and what the survivor took over goes, as far as nobody has changed it since. Of merges
/// within merges the outer one is split first. What came to the survivor in between stays with it.
///
/// Errors: [`ContactError::NotFound`] when there is no such merge, the survivor is gone or part of another, or one of both is not in charge;
/// [`ContactError::Taken`] when another company has the outside id of the one that would come back.
pub async fn split(tx: &mut Tx, bench: &Bench, by: &By<'_>, scope: &Scope, id: MergeId) -> Result<Pair, ContactError> {
    let pair = merges::find(tx, Subject::Company, id.0).await?.ok_or(ContactError::NotFound)?.pair;
    let both = [pair.survivor, pair.loser];
    hold_under(tx, &both, &both).await?;
    let merge = merges::find(tx, Subject::Company, id.0).await?.ok_or(ContactError::NotFound)?;
    let before = find_in_charge(tx, by, scope, pair.survivor).await?.ok_or(ContactError::NotFound)?;
    let hidden = store::list_any(tx, [pair.loser]).await?.pop().ok_or(ContactError::NotFound)?;
    if !is_in_charge(by.actor, scope, (hidden.owner_id, hidden.team_id)) {
        return Err(ContactError::NotFound);
    }
    let survivor = part(tx, &merge, &before).await?;
    if store::is_taken(tx, &[pair.loser]).await? {
        return Err(ContactError::Taken);
    }
    merges::unbury(tx, Subject::Company, pair.loser).await?;
    part_trees(tx, &before, &survivor, &hidden).await?;
    jobs::renew(tx, bench, &both).await?;
    let record = json!({ "split": CompanyId(hidden.id), "name": hidden.name });
    audit::note(tx, by.ids, by.now, by.actor, "company.split", "company", survivor.id, None, Some(record)).await?;
    tell(tx, by, ["company.split", "company.restored"], &survivor, &hidden).await?;
    Ok(pair)
}

/// Gives rows and values back; the one that was given up stays hidden still. Answers the survivor as it is then.
async fn part(tx: &mut Tx, merge: &Merge, before: &Company) -> Result<Company, DbError> {
    let mut survivor = before.clone();
    let later = merges::list_later(tx, Subject::Company, merge).await?;
    let still = merges::hand_down(tx, merge, later).await?;
    let still = of_today(tx, survivor.id, still).await?;
    give_back(&mut survivor, &still);
    write(tx, &survivor).await?;
    rows::give_back(tx, Subject::Company, &tables(), merge.id.0, merge.pair).await?;
    merges::remove(tx, merge.id.0).await?;
    Ok(survivor)
}

/// What moved in the tree meanwhile may stand between the two by now. Then the survivor stays where it is, and the other comes back under nobody.
async fn part_trees(tx: &mut Tx, before: &Company, survivor: &Company, loser: &Company) -> Result<(), DbError> {
    let tree = read_tree(tx, survivor, loser).await?;
    if [survivor.id, loser.id].iter().all(|id| check(&tree, *id).is_ok()) {
        return Ok(());
    }
    write(tx, &Company { parent_id: before.parent_id, ..survivor.clone() }).await?;
    store::leave_parents(tx, &[loser.id]).await
}

async fn write(tx: &mut Tx, survivor: &Company) -> Result<(), DbError> {
    let defs = field::list_of(tx, Subject::Company).await?;
    store::update(tx, std::slice::from_ref(survivor), &defs).await
}

/// Both sides hear of it: the survivor by a name of its own, the other as if it had been deleted or restored.
async fn tell(tx: &mut Tx, by: &By<'_>, names: [&'static str; 2], survivor: &Company, loser: &Company) -> Result<(), DbError> {
    let [joint, single] = names;
    let why = if joint == "company.merged" { "merged" } else { "split" };
    let props = |other: &Company| json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name, "other_id": CompanyId(other.id()) });
    let whole = super::event(by, joint, survivor.id).subject(loser.name.clone()).props(&props(loser));
    let part = super::event(by, single, loser.id).subject(why).props(&props(survivor));
    append(tx, &mut [whole, part]).await
}
