//! Tags that come with an import, and go with it.

use std::collections::BTreeMap;

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_kernel::fold_key;
use serde_json::json;

use super::{Deed, Pair, ensure, store};
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
    let names = names.into_values().collect::<Vec<_>>();
    let known = ensure(tx, by, &names, Some(import_id)).await?;
    let named = wanted.iter().flat_map(|(record, names)| names.iter().map(move |name| (*record, fold_key(name))));
    let pairs: BTreeMap<Pair, &str> =
        named.filter_map(|(record, key)| known.get(&key).map(|tag| ((record, tag.id), tag.name.as_str()))).collect();
    // A name of before may mean a tag the record has.
    let there = store::list_there(tx, &pairs.keys().copied().collect::<Vec<_>>()).await?;
    let fresh: Vec<(Pair, &str)> = pairs.into_iter().filter(|(pair, _)| !there.contains(pair)).collect();
    let told = fresh.iter().map(|((record, _), name)| event_of(Deed::Add, (subject, *record), by.now).subject(*name).origin(import_id));
    let told = told.collect();
    store::put(tx, by.now, subject, &fresh.iter().map(|(pair, _)| *pair).collect::<Vec<_>>(), Some(import_id)).await?;
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
