//! Merging: two records that are one person become one, and can be split again.
//!
//! Guards that nothing is lost: the record that is given up stays as it was, hidden, and points at the one who remains; every row that goes
//! over is written down, so that a split takes back exactly those; the stricter consent holds. Only people merge, never the program.

pub mod api;
pub mod pages;
pub(crate) mod record;
pub(crate) mod rows;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod units;
pub(crate) mod versus;

use std::collections::BTreeSet;

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_house::{App, ContactTable};
use attune_kernel::id_type;
use attune_record::audit;
use attune_web::{Actor, Scope};
use serde_json::{Map, Value as Json, json};

use crate::contact::{self, By, Contact, ContactError, ContactId};
use crate::field::Subject;
use crate::{address, company, consent, field, stitching};

use record::Mergeable;
pub use store::Merge;
pub(crate) use store::list_of;

id_type!(
    /// The id of a merge.
    MergeId,
    "mrg"
);

/// Two records: who remains, and who becomes part of that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Who remains.
    pub survivor: i64,
    /// Who becomes part of the other.
    pub loser: i64,
}

/// Both records of a pair, if both are alive, different and within `scope`.
pub(crate) async fn find_both(tx: &mut Tx, scope: &Scope, pair: Pair) -> Result<(Contact, Contact), ContactError> {
    if pair.survivor == pair.loser {
        return Err(ContactError::NotFound);
    }
    let survivor = contact::find_owned(tx, scope, pair.survivor).await?.ok_or(ContactError::NotFound)?;
    let loser = contact::find_owned(tx, scope, pair.loser).await?.ok_or(ContactError::NotFound)?;
    Ok((survivor, loser))
}

/// The units that stay as they are: own fields in which the two differ and that name, on either side, a record the actor does not see. Which of the
/// two is right can only be said by somebody who sees both.
pub(crate) async fn closed<R: Mergeable>(tx: &mut Tx, actor: &Actor, survivor: &R, loser: &R) -> Result<BTreeSet<String>, DbError> {
    let differing = units::differing(survivor, loser);
    if !differing.iter().any(|unit| unit.starts_with("f:")) {
        return Ok(BTreeSet::new());
    }
    let defs = field::list_of(tx, R::SUBJECT).await?;
    let hidden = field::reference::closed(tx, actor, &defs, [survivor.own(), loser.own()]).await?;
    Ok(differing.into_iter().filter(|unit| unit.strip_prefix("f:").is_some_and(|key| hidden.contains(key))).collect())
}

/// Makes the loser part of the survivor, who takes over the attributes named in `take` (see [`units`]); `tables` are the house's contact
/// tables. Answers the merge.
///
/// Errors: [`ContactError::NotFound`] when one of them is gone or outside `scope`; [`ContactError::Invalid`] with the first unit to be taken over of those
/// that stay as they are.
pub async fn merge(
    tx: &mut Tx,
    by: &By<'_>,
    scope: &Scope,
    tables: &[ContactTable],
    pair: Pair,
    take: &BTreeSet<String>,
) -> Result<MergeId, ContactError> {
    if !contact::hold(tx, &[pair.survivor, pair.loser]).await? {
        return Err(ContactError::NotFound);
    }
    let (before, loser) = find_both(tx, scope, pair).await?;
    if let Some(unit) = closed(tx, by.actor, &before, &loser).await?.into_iter().find(|unit| take.contains(unit)) {
        return Err(ContactError::Invalid { attribute: unit, key: field::reference::HIDDEN });
    }
    store::bury(tx, Subject::Contact, pair, by.now).await?;
    let mut survivor = before.clone();
    for unit in take {
        units::copy(&loser, &mut survivor, unit);
    }
    survivor.last_seen_at = before.last_seen_at.max(loser.last_seen_at);
    survivor.updated_at = by.now;
    let id = by.ids.next();
    let strict = consent::stricter(tx, pair.survivor, pair.loser, MergeId(id)).await?;
    let taken = taken(&before, &survivor);
    store::insert(tx, by, id, pair, &taken).await?;
    let follows = rows::of_contacts(tables);
    rows::take_over(tx, &follows, id, pair, false).await?;
    // What was logged while the rows went over: from here on nobody logs anything before this has ended.
    attune_events::hold_head(tx).await?;
    rows::take_over(tx, &follows, id, pair, true).await?;
    write(tx, &survivor).await?;
    let made = consent::add_quietly(tx, by.ids, by.now, &strict).await?;
    rows::note_made(tx, id, pair.loser, "consents", &made).await?;
    stitching::next_epoch(tx).await?;
    let record = json!({ "merged": ContactId(loser.id), "name": loser.label(), "taken": taken });
    audit::note(tx, by.ids, by.now, by.actor, "contact.merged", "contact", survivor.id, None, Some(record)).await?;
    tell(tx, by, ["contact.merged", "contact.deleted"], &survivor, &loser).await?;
    Ok(MergeId(id))
}

/// Splits what `id` joined: what went over comes back, and what the survivor took over goes, as far as nobody has changed it since. Of merges
/// within merges the outer one is split first.
///
/// Errors: [`ContactError::NotFound`] when there is no such merge, the survivor is gone or part of another, or one of both is outside `scope`;
/// [`ContactError::Taken`] when somebody else holds the outside id of the one who would come back.
pub async fn split(tx: &mut Tx, by: &By<'_>, scope: &Scope, tables: &[ContactTable], id: MergeId) -> Result<Pair, ContactError> {
    let pair = store::find(tx, Subject::Contact, id.0).await?.ok_or(ContactError::NotFound)?.pair;
    contact::hold(tx, &[pair.survivor, pair.loser]).await?;
    let merge = store::find(tx, Subject::Contact, id.0).await?.ok_or(ContactError::NotFound)?;
    let survivor = contact::find_owned(tx, scope, pair.survivor).await?.ok_or(ContactError::NotFound)?;
    let hidden = contact::list_any(tx, [pair.loser]).await?.pop().ok_or(ContactError::NotFound)?;
    if !scope.covers(hidden.owner_id, hidden.team_id) {
        return Err(ContactError::NotFound);
    }
    let survivor = part(tx, tables, &merge, survivor).await?;
    store::unbury(tx, Subject::Contact, pair.loser).await?;
    let loser = contact::list_by_ids(tx, [pair.loser]).await?.pop().ok_or(ContactError::NotFound)?;
    let record = json!({ "split": ContactId(loser.id), "name": loser.label() });
    audit::note(tx, by.ids, by.now, by.actor, "contact.split", "contact", survivor.id, None, Some(record)).await?;
    tell(tx, by, ["contact.split", "contact.restored"], &survivor, &loser).await?;
    Ok(pair)
}

/// The same of whichever kind of records `id` joined. Answers of which.
pub(crate) async fn split_any(tx: &mut Tx, app: &App, by: &By<'_>, scope: &Scope, id: MergeId) -> Result<(Subject, Pair), ContactError> {
    if store::find(tx, Subject::Company, id.0).await?.is_some() {
        return Ok((Subject::Company, company::merge::split(tx, &app.bench(), by, scope, id).await?));
    }
    Ok((Subject::Contact, split(tx, by, scope, &app.house().contact_tables, id).await?))
}

/// Gives rows and values back; who was given up stays hidden still. Answers the survivor as he is then.
async fn part(tx: &mut Tx, tables: &[ContactTable], merge: &Merge, mut survivor: Contact) -> Result<Contact, DbError> {
    let later = store::list_later(tx, Subject::Contact, merge).await?;
    let still = store::hand_down(tx, merge, later).await?;
    let still = of_today(tx, survivor.id, still).await?;
    give_back(&mut survivor, &still);
    write(tx, &survivor).await?;
    rows::give_back(tx, Subject::Contact, &rows::of_contacts(tables), merge.id.0, merge.pair).await?;
    store::remove(tx, merge.id.0).await?;
    stitching::next_epoch(tx).await?;
    Ok(survivor)
}

/// Parts every merge one of these contacts is part of, before they are removed: nobody is to go, or to stay, with another's rows. Deleted
/// records are parted too; who was given up comes back unless he is about to be removed himself, without an outside id that somebody else
/// has by now.
pub(crate) async fn part_all(tx: &mut Tx, by: &By<'_>, tables: &[ContactTable], leaving: &[i64]) -> Result<(), DbError> {
    for id in store::list_touching(tx, leaving).await? {
        let mut chain = Vec::new();
        let mut next = store::find(tx, Subject::Contact, id).await?;
        while let Some(merge) = next {
            next = store::find_of_loser(tx, merge.pair.survivor).await?;
            chain.push(merge);
        }
        for merge in chain.into_iter().rev() {
            let Some(survivor) = contact::list_any(tx, [merge.pair.survivor]).await?.pop() else { continue };
            let survivor = part(tx, tables, &merge, survivor).await?;
            if leaving.contains(&merge.pair.loser) {
                continue;
            }
            store::give_up_taken(tx, merge.pair.loser).await?;
            store::unbury(tx, Subject::Contact, merge.pair.loser).await?;
            for loser in contact::list_by_ids(tx, [merge.pair.loser]).await? {
                tell(tx, by, ["contact.split", "contact.restored"], &survivor, &loser).await?;
            }
        }
    }
    Ok(())
}

/// What the survivor becomes by it, attribute by attribute: `[before, after]`.
pub(crate) fn taken<R: Mergeable>(before: &R, after: &R) -> Map<String, Json> {
    let mut taken: Map<String, Json> = after.changes(before).into_iter().map(|(key, was, is)| (key, json!([was, is]))).collect();
    let [was, is] = [before, after].map(|record| *record.clone().updated_at());
    taken.insert("updated_at".to_owned(), json!([was, is]));
    taken
}

/// What the survivor of a merge took over, with the companies of today in place of those that became part of others since; those that became part of
/// the survivor itself are about to come back.
pub(crate) async fn of_today(tx: &mut Tx, survivor: i64, mut taken: Map<String, Json>) -> Result<Map<String, Json>, DbError> {
    const NAMING: [&str; 2] = ["company_id", "parent_id"];
    let ids = NAMING.iter().filter_map(|key| taken.get(*key)?.as_array()).flatten().filter_map(Json::as_i64).collect();
    let today = company::Today::read(tx, ids).await?;
    for key in NAMING {
        let change = taken.get_mut(key).and_then(Json::as_array_mut);
        for id in change.into_iter().flatten() {
            *id = Some(today.of(id)).filter(|today| today.as_i64() != Some(survivor)).unwrap_or_else(|| id.clone());
        }
    }
    Ok(taken)
}

/// Gives back what is still as it was taken. An address taken as a whole goes back as a whole, or stays.
pub(crate) fn give_back<R: Mergeable>(survivor: &mut R, taken: &Map<String, Json>) {
    let made = taken.iter().filter_map(|(key, change)| Some((key.as_str(), change.get(1)?)));
    let stays = address::would_mix(made, |key| survivor.exact(key));
    for (key, change) in taken {
        if stays && address::WHOLE.contains(&key.as_str()) {
            continue;
        }
        let (Some(was), Some(is)) = (change.get(0), change.get(1)) else { continue };
        if key == "updated_at" {
            let now = survivor.updated_at();
            if is.as_i64() == Some(*now) {
                *now = was.as_i64().unwrap_or(*now);
            }
        } else if survivor.exact(key) == *is {
            survivor.put(key, was.clone());
        }
    }
}

async fn write(tx: &mut Tx, survivor: &Contact) -> Result<(), DbError> {
    let mut people = [survivor.clone()];
    contact::name_companies(tx, &mut people).await?;
    let defs = field::list(tx).await?;
    contact::update(tx, &people, &defs).await?;
    store::set_last_seen(tx, survivor.id, survivor.last_seen_at).await
}

/// Both sides hear of it: the survivor by a name of its own, the other as if it had been deleted or restored.
async fn tell(tx: &mut Tx, by: &By<'_>, names: [&'static str; 2], survivor: &Contact, loser: &Contact) -> Result<(), DbError> {
    let [joint, single] = names;
    let why = if joint == "contact.merged" { "merged" } else { "split" };
    let props = |other: &Contact| json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name, "other_id": ContactId(other.id) });
    let whole = Event::new(joint, by.now).contact(survivor.id).company(survivor.company_id).subject(loser.label()).props(&props(loser));
    let part = Event::new(single, by.now).contact(loser.id).company(loser.company_id).subject(why).props(&props(survivor));
    append(tx, &mut [whole, part]).await
}
