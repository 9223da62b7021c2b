//! Tags that come with an import, and go with it.

use std::collections::{BTreeMap, HashMap};

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_kernel::fold_key;
use serde_json::json;

use super::{Deed, Pair, TagId, find_or_create, store};
use crate::contact::By;
use crate::field::Subject;
use crate::import::ImportId;

/// Gives records the tags that lines of a file name for them and that they do not have; tags that are missing are made. Answers what is to be
/// told.
pub(crate) async fn bring(
    tx: &mut Tx,
    by: &By<'_>,
    (subject, import_id): (Subject, i64),
    wanted: &[(i64, Vec<String>)],
) -> Result<Vec<Event>, DbError> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for name in wanted.iter().flat_map(|(_, names)| names) {
        names.entry(fold_key(name)).or_insert_with(|| name.clone());
    }
    let tags = find_or_create(tx, by, &names.into_values().collect::<Vec<_>>(), Some(import_id)).await?;
    let known: HashMap<String, (TagId, String)> = tags.into_iter().map(|tag| (fold_key(&tag.name), (tag.id, tag.name))).collect();
    let (mut pairs, mut told): (Vec<Pair>, Vec<Event>) = (Vec::new(), Vec::new());
    for (record, names) in wanted {
        for (tag, name) in names.iter().filter_map(|name| known.get(&fold_key(name))) {
            pairs.push((*record, *tag));
            told.push(event_of(Deed::Add, (subject, *record), by.now).subject(name.as_str()).origin(import_id));
        }
    }
    store::put(tx, by.now, subject, &pairs, Some(import_id)).await?;
    Ok(told)
}

fn event_of(deed: Deed, (subject, record): (Subject, i64), now: i64) -> Event {
    let event = Event::new(deed.event(subject), now);
    match subject {
        Subject::Contact => event.contact(record),
        Subject::Company => event.company(record),
    }
}

/// Takes at most `limit` of the tags back that an import gave, whoever has them by now; answers how many.
pub(crate) async fn take_back(tx: &mut Tx, now: i64, (subject, import_id): (Subject, i64), limit: i64) -> Result<usize, DbError> {
    let given = store::list_of_import(tx, import_id, limit).await?;
    store::take(tx, &given.iter().map(|(pair, _)| *pair).collect::<Vec<_>>()).await?;
    let undone = json!({ "undone": ImportId(import_id) });
    let told = |((record, _), name): &(Pair, String)| event_of(Deed::Remove, (subject, *record), now).subject(name.as_str()).props(&undone);
    append(tx, &mut given.iter().map(told).collect::<Vec<_>>()).await?;
    Ok(given.len())
}
