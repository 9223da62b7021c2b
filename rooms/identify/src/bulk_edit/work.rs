//! The work on contacts: a batch of an edit, and a batch of taking it back.

use std::collections::{HashMap, HashSet};

use attune_db::{DbError, Tx};
use attune_events::append;
use serde_json::{Map, Value as Json};

use super::store::{self, EditRow, Fate};
use super::{BulkEdit, rules};
use crate::contact::{self, By, Contact};
use crate::field::{self, Field};
use crate::staff::{self, Member};
use crate::{company, fact};

/// Contacts in one transaction; few where tests look at what happens between two.
pub(super) const BATCH: i64 = if cfg!(test) { 3 } else { 1_000 };

/// What a batch stands on.
struct Ground {
    fields: Vec<Field>,
    members: Vec<Member>,
    people: HashMap<i64, Contact>,
}

/// Holds the contacts of these rows and reads them: nobody's edit of meanwhile is written over.
async fn ground(tx: &mut Tx, rows: &[EditRow]) -> Result<Ground, DbError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.contact_id).collect();
    contact::hold(tx, &ids).await?;
    let people = contact::list_by_ids(tx, ids).await?.into_iter().map(|c| (c.id, c)).collect();
    Ok(Ground { fields: field::list(tx).await?, members: staff::list(tx).await?, people })
}

/// Changes the next contacts; answers how many were looked at.
pub(super) async fn edit_some(tx: &mut Tx, by: &By<'_>, edit: &BulkEdit) -> Result<usize, DbError> {
    let rows = store::next_rows(tx, edit.id, "planned", BATCH).await?;
    let Ground { fields, members, people } = ground(tx, &rows).await?;
    let fits =
        rules::still_fits(&edit.attribute, &edit.value, &fields) && gone_companies(tx, &edit.attribute, [&edit.value]).await?.is_none();
    let mut facts = fact::noted_of(tx, people.keys().copied(), &edit.attribute).await?;
    let (mut fates, mut pairs) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        let Some(before) = people.get(&row.contact_id) else {
            fates.push(Fate::of(row.contact_id, "refused", Some("gone")));
            continue;
        };
        if !fits {
            fates.push(Fate::of(row.contact_id, "refused", Some("value")));
            continue;
        }
        let mut after = before.clone();
        rules::give(&mut after, &edit.attribute, &edit.value, &members);
        if after.raw(&edit.attribute) == before.raw(&edit.attribute) {
            fates.push(Fate::of(row.contact_id, "same", None));
            continue;
        }
        after.updated_at = by.now;
        let mut was: Map<String, Json> = after.differences(before).into_iter().map(|(key, was, _)| (key, was)).collect();
        if edit.attribute == "owner_id" {
            // Also where both owners are of one team: the new one's may be another by the time it is taken back.
            was.insert("team_id".to_owned(), before.raw("team_id"));
        }
        let fact = facts.remove(&row.contact_id);
        let (before_at, after_at) = (Some(before.updated_at), Some(by.now));
        fates.push(Fate { before: Some(was), fact, before_at, after_at, ..Fate::of(row.contact_id, "changed", None) });
        pairs.push((before.clone(), after));
    }
    contact::name_companies_of(tx, &mut pairs).await?;
    let mut told = contact::write_many(tx, by, &pairs, &fields).await?;
    fact::note_many(tx, by, &edit.attribute, pairs.iter().map(|(_, after)| after.id)).await?;
    store::settle(tx, edit.id, "planned", &fates).await?;
    append(tx, &mut told).await?;
    Ok(rows.len())
}

/// Gives the next contacts back what they had, as far as nobody has changed it since; answers how many were looked at.
pub(super) async fn undo_some(tx: &mut Tx, by: &By<'_>, edit: &BulkEdit) -> Result<usize, DbError> {
    let rows = store::next_rows(tx, edit.id, "changed", BATCH).await?;
    let Ground { fields, people, .. } = ground(tx, &rows).await?;
    let key = &edit.attribute;
    let missing = gone_companies(tx, key, rows.iter().filter_map(|row| row.before.get(key))).await?.unwrap_or_default();
    let (mut fates, mut pairs, mut facts) = (Vec::with_capacity(rows.len()), Vec::new(), Vec::new());
    for row in &rows {
        let was = row.before.get(key).cloned().unwrap_or_default();
        let cause = match people.get(&row.contact_id) {
            None => Some("gone"),
            Some(now) if now.raw(key) != edit.value => Some("changed"),
            Some(_) if !rules::still_fits(key, &was, &fields) || was.as_i64().is_some_and(|id| missing.contains(&id)) => Some("value"),
            Some(_) => None,
        };
        let state = if cause.is_none() { "restored" } else { "left" };
        fates.push(Fate::of(row.contact_id, state, cause));
        if let Some(now) = people.get(&row.contact_id).filter(|_| cause.is_none()) {
            pairs.push((now.clone(), as_before(now, row)));
            facts.push((row.contact_id, row.fact.clone()));
        }
    }
    contact::name_companies_of(tx, &mut pairs).await?;
    let mut told = contact::write_many(tx, by, &pairs, &fields).await?;
    fact::put_back(tx, key, &facts).await?;
    store::settle(tx, edit.id, "changed", &fates).await?;
    append(tx, &mut told).await?;
    Ok(rows.len())
}

/// A contact with what it had before; also the moment of its last change, if this was the last.
fn as_before(now: &Contact, row: &EditRow) -> Contact {
    let mut back = now.clone();
    for (key, was) in &row.before {
        back.set(key, was.clone());
    }
    if let (Some(before_at), true) = (row.before_at, Some(now.updated_at) == row.after_at) {
        back.updated_at = before_at;
    }
    back
}

/// Of these values of `key`, the ids of companies that are gone; nothing where none is.
async fn gone_companies<'v>(tx: &mut Tx, key: &str, values: impl IntoIterator<Item = &'v Json>) -> Result<Option<HashSet<i64>>, DbError> {
    if key != "company_id" {
        return Ok(None);
    }
    let mut wanted: HashSet<i64> = values.into_iter().filter_map(Json::as_i64).collect();
    for company in company::list_by_ids(tx, wanted.iter().copied().collect::<Vec<_>>()).await? {
        wanted.remove(&company.id);
    }
    Ok(Some(wanted).filter(|gone| !gone.is_empty()))
}
