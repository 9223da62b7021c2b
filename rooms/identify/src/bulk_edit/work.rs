//! The work on the records: a batch of an edit, and a batch of taking it back.

use std::collections::{HashMap, HashSet};

use attune_db::{DbError, Tx};
use attune_events::append;
use serde_json::{Map, Value as Json};

use super::edited::Edited;
use super::store::{self, EditRow, Fate};
use super::{BulkEdit, rules};
use crate::company::{self, Today};
use crate::contact::By;
use crate::fact;
use crate::field::{self, Field, Subject};
use crate::staff::{self, Member};

/// Records in one transaction; few where tests look at what happens between two.
pub(super) const BATCH: i64 = if cfg!(test) { 3 } else { 1_000 };

/// What a batch stands on.
struct Ground {
    fields: Vec<Field>,
    members: Vec<Member>,
    records: HashMap<i64, Edited>,
}

/// Holds the records of these rows and reads them.
async fn ground(tx: &mut Tx, of: Subject, rows: &[EditRow]) -> Result<Ground, DbError> {
    let records = Edited::list_held(tx, of, rows.iter().map(|row| row.record_id).collect()).await?;
    let records = records.into_iter().map(|record| (record.id(), record)).collect();
    Ok(Ground { fields: field::list_of(tx, of).await?, members: staff::list(tx).await?, records })
}

/// Changes the next records; answers how many were looked at.
pub(super) async fn edit_some(tx: &mut Tx, by: &By<'_>, edit: &BulkEdit) -> Result<usize, DbError> {
    let rows = store::next_rows(tx, edit.id, "planned", BATCH).await?;
    let Ground { fields, members, records } = ground(tx, edit.subject, &rows).await?;
    let value = today(tx, &edit.attribute, [&edit.value]).await?.of(&edit.value);
    let fits = rules::still_fits(&edit.attribute, &value, &fields) && gone_companies(tx, &edit.attribute, [&value]).await?.is_none();
    // Where a value came from is only noted of people.
    let noted = edit.subject == Subject::Contact;
    let mut facts = if noted { fact::noted_of(tx, records.keys().copied(), &edit.attribute).await? } else { HashMap::new() };
    let (mut fates, mut pairs) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        let Some(before) = records.get(&row.record_id) else {
            fates.push(Fate::of(row.record_id, "refused", Some("gone")));
            continue;
        };
        if !fits {
            fates.push(Fate::of(row.record_id, "refused", Some("value")));
            continue;
        }
        let mut after = before.clone();
        rules::give(&mut after, &edit.attribute, &value, &members);
        if after.raw(&edit.attribute) == before.raw(&edit.attribute) {
            fates.push(Fate::of(row.record_id, "same", None));
            continue;
        }
        after.set_changed_at(by.now);
        let (before_at, after_at) = (Some(before.changed_at()), Some(by.now));
        let (was, fact) = (Some(was(before, &after, &edit.attribute)), facts.remove(&row.record_id));
        fates.push(Fate { before: was, fact, before_at, after_at, ..Fate::of(row.record_id, "changed", None) });
        pairs.push((before.clone(), after));
    }
    let changed: Vec<i64> = pairs.iter().map(|(_, after)| after.id()).collect();
    let mut told = Edited::write(tx, by, pairs, &fields).await?;
    if noted {
        fact::note_many(tx, by, &edit.attribute, changed.into_iter()).await?;
    }
    store::settle(tx, edit.id, "planned", &fates).await?;
    append(tx, &mut told).await?;
    Ok(rows.len())
}

/// What a record had before it became `after`.
fn was(before: &Edited, after: &Edited, key: &str) -> Map<String, Json> {
    let mut was: Map<String, Json> = after.differences(before).into_iter().map(|(key, was, _)| (key, was)).collect();
    if key == "owner_id" {
        // Also where both owners are of one team: the new one's may be another by the time it is taken back.
        was.insert("team_id".to_owned(), before.raw("team_id"));
    }
    was
}

/// Gives the next records back what they had, as far as nobody has changed it since; answers how many were looked at.
pub(super) async fn undo_some(tx: &mut Tx, by: &By<'_>, edit: &BulkEdit) -> Result<usize, DbError> {
    let rows = store::next_rows(tx, edit.id, "changed", BATCH).await?;
    let Ground { fields, records, .. } = ground(tx, edit.subject, &rows).await?;
    let key = &edit.attribute;
    let today = today(tx, key, rows.iter().filter_map(|row| row.before.get(key)).chain([&edit.value])).await?;
    let missing = gone_companies(tx, key, rows.iter().filter_map(|row| row.before.get(key))).await?.unwrap_or_default();
    let (mut fates, mut pairs, mut facts) = (Vec::with_capacity(rows.len()), Vec::new(), Vec::new());
    for row in &rows {
        let was = row.before.get(key).cloned().unwrap_or_default();
        let cause = match records.get(&row.record_id) {
            None => Some("gone"),
            Some(now) if ![&edit.value, &today.of(&edit.value)].contains(&&now.raw(key)) => Some("changed"),
            Some(_) if !rules::still_fits(key, &was, &fields) || was.as_i64().is_some_and(|id| missing.contains(&id)) => Some("value"),
            Some(_) => None,
        };
        let state = if cause.is_none() { "restored" } else { "left" };
        fates.push(Fate::of(row.record_id, state, cause));
        if let Some(now) = records.get(&row.record_id).filter(|_| cause.is_none()) {
            pairs.push((now.clone(), as_before(now, row, &today)));
            facts.push((row.record_id, row.fact.clone()));
        }
    }
    let mut told = Edited::write(tx, by, pairs, &fields).await?;
    if edit.subject == Subject::Contact {
        fact::put_back(tx, key, &facts).await?;
    }
    store::settle(tx, edit.id, "changed", &fates).await?;
    append(tx, &mut told).await?;
    Ok(rows.len())
}

/// A record with what it had before; also the moment of its last change, if this was the last.
fn as_before(now: &Edited, row: &EditRow, today: &Today) -> Edited {
    let mut back = now.clone();
    for (key, was) in &row.before {
        back.set(key, if key == "company_id" { today.of(was) } else { was.clone() });
    }
    if let (Some(before_at), true) = (row.before_at, Some(now.changed_at()) == row.after_at) {
        back.set_changed_at(before_at);
    }
    back
}

/// Which companies these values of `key` mean today: those that were merged since, the one that remained.
async fn today<'v>(tx: &mut Tx, key: &str, values: impl IntoIterator<Item = &'v Json>) -> Result<Today, DbError> {
    let ids = if key == "company_id" { values.into_iter().filter_map(Json::as_i64).collect() } else { Vec::new() };
    Today::read(tx, ids).await
}

/// Of these values of `key`, the ids of companies that are gone; nothing where none is.
async fn gone_companies<'v>(tx: &mut Tx, key: &str, values: impl IntoIterator<Item = &'v Json>) -> Result<Option<HashSet<i64>>, DbError> {
    if key != "company_id" {
        return Ok(None);
    }
    let mut wanted: HashSet<i64> = values.into_iter().filter_map(Json::as_i64).collect();
    for company in company::list_any(tx, wanted.iter().copied().collect::<Vec<_>>()).await? {
        wanted.remove(&company.id);
    }
    Ok(Some(wanted).filter(|gone| !gone.is_empty()))
}
