//! Writing many contacts at once as if each had been edited by hand.

use std::collections::HashMap;

use attune_db::{DbError, Tx};
use attune_events::Event;
use attune_record::audit;
use serde_json::json;

use super::change::{changed_hands, part};
use super::search::WordLists;
use super::{By, Contact, event, store};
use crate::company;
use crate::field::Field;

/// Writes contacts from what they were to what they are now, with a line in the audit log for each. The caller holds them, and appends
/// the events this answers when everything else of its transaction is written.
#[must_use = "the events are to be appended"]
pub(crate) async fn write_many(tx: &mut Tx, by: &By<'_>, pairs: &[(Contact, Contact)], defs: &[Field]) -> Result<Vec<Event>, DbError> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let after: Vec<Contact> = pairs.iter().map(|(_, after)| after.clone()).collect();
    let mut words = WordLists::default();
    store::update_rows(tx, &after, defs, &mut words).await?;
    // Nothing else that is set for many is looked for by its words.
    if pairs.iter().any(|(before, after)| before.company_name != after.company_name) {
        words.write(tx).await?;
    }
    let (mut owners, mut others, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for (before, after) in pairs {
        let mut rest = after.differences(before);
        rest.retain(|(key, ..)| !matches!(key.as_str(), "owner_id" | "team_id"));
        if before.owner_id != after.owner_id {
            owners.push((after.id, Some(json!({ "owner_id": before.owner_id })), Some(json!({ "owner_id": after.owner_id }))));
            told.push(changed_hands(by, after, (before.owner_id, after.owner_id), ""));
        }
        if !rest.is_empty() {
            others.push((after.id, Some(part(&rest, |d| &d.1)), Some(part(&rest, |d| &d.2))));
            told.extend(rest.iter().map(|(key, ..)| event(by, "contact.updated", after).subject(key.clone())));
        }
        if before.stage != after.stage {
            told.push(event(by, "contact.stage_changed", after).subject(after.stage.word()));
        }
    }
    audit::note_many(tx, by.ids, by.now, by.actor, ("contact.owner_changed", "contact"), owners).await?;
    audit::note_many(tx, by.ids, by.now, by.actor, ("contact.updated", "contact"), others).await?;
    Ok(told)
}

/// Gives the later of each pair the name of its company.
pub(crate) async fn name_companies_of(tx: &mut Tx, pairs: &mut [(Contact, Contact)]) -> Result<(), DbError> {
    if pairs.iter().all(|(before, after)| before.company_id == after.company_id) {
        return Ok(());
    }
    let companies = company::list_by_ids(tx, pairs.iter().filter_map(|(_, after)| after.company_id)).await?;
    let names: HashMap<i64, String> = companies.into_iter().map(|c| (c.id, c.name)).collect();
    for (_, after) in pairs {
        after.company_name = after.company_id.and_then(|id| names.get(&id).cloned());
    }
    Ok(())
}
