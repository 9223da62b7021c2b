//! Fields whose value is another record: whom somebody means, who that is today, and what a reader may know of it.
//!
//! Guards that only an id is kept, never a name; that nobody names, finds by or replaces a record they may not see; that no record refers to
//! itself. Who was merged is asked when it is read, so a merge and its split change nothing here.

pub(crate) mod panel;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use attune_db::{DbError, Tx};
use attune_events::Event;
use attune_kernel::fold_key;
use attune_web::{Actor, Lang, Scope, Sight};
use serde_json::{Map, Value as Json, json};

use super::{Field, Subject};
use crate::company::{self, CompanyId};
use crate::contact::{self, ContactError, ContactId};
use crate::sharing::Reach;
pub(crate) use store::push_named;
use store::{By, Target};

/// What stands for a record somebody may not see, wherever there are no words for it.
const DOTS: &str = "•••";

/// Whether a text is what a file or a program is given for a record its reader may not see.
pub(crate) fn is_dots(text: &str) -> bool {
    text == DOTS
}

/// The id of a record as it is kept and shown.
pub(crate) fn shown_id(target: Subject, id: i64) -> String {
    match target {
        Subject::Contact => ContactId(id).to_string(),
        Subject::Company => CompanyId(id).to_string(),
    }
}

/// The id a text is; nothing for a bare number, which may as well be somebody's name elsewhere.
pub(crate) fn read_id(target: Subject, text: &str) -> Option<i64> {
    let text = text.trim();
    // What an export writes ends in the id.
    let text = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')).map_or(text, |(_, id)| id.trim());
    match target {
        Subject::Contact if text.starts_with("con_") => text.parse::<ContactId>().ok().map(|id| id.0),
        Subject::Company if text.starts_with("com_") => text.parse::<CompanyId>().ok().map(|id| id.0),
        _ => None,
    }
}

/// The id a copy holds.
pub(super) fn kept(field: &Field, value: &Json) -> Option<i64> {
    read_id(field.kind.target()?, value.as_str()?)
}

/// What an actor sees of contacts and companies.
pub(crate) fn scope_of(actor: &Actor) -> Option<Scope> {
    actor.may("identify.contact.view").copied()
}

/// A record that is referred to, as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// Its id today, and its name.
    Open(i64, String),
    /// There is one, and that is all they may know.
    Hidden,
}

/// What somebody sees of the records these ids name; who is gone is left out.
async fn look(
    tx: &mut Tx,
    (scope, sight): (&Scope, &Sight),
    wanted: BTreeSet<(Subject, i64)>,
) -> Result<HashMap<(Subject, i64), Seen>, DbError> {
    let mut seen = HashMap::new();
    if wanted.is_empty() {
        return Ok(seen);
    }
    let reach = Reach::of(tx, scope).await?;
    for subject in Subject::ALL {
        let ids: Vec<i64> = wanted.iter().filter(|(of, _)| *of == subject).map(|(_, id)| *id).collect();
        if ids.is_empty() {
            continue;
        }
        for (asked, target) in store::list_meant(tx, subject, ids).await? {
            let found = if target.is_seen(subject, &reach) {
                let name = if target.name.is_empty() { shown_id(subject, target.id) } else { target.name };
                Seen::Open(target.id, sight.text(target.whose, name))
            } else {
                Seen::Hidden
            };
            seen.insert((subject, asked), found);
        }
    }
    Ok(seen)
}

/// Whom each of these texts means among all records: an id, an address, an id of another system or a name that only one has. Texts that mean nobody, or
/// several, are left out. For whoever sees every record.
pub async fn find_meant(tx: &mut Tx, target: Subject, texts: BTreeSet<String>) -> Result<HashMap<String, i64>, DbError> {
    let found = meant(tx, &Scope::All, (target, None), texts).await?;
    Ok(found.into_iter().filter_map(|(text, one)| Some((text, one.ok()?))).collect())
}

/// What the records of these ids are called today, as far as somebody sees them; a record merged since is the one it became part of.
pub async fn names(
    tx: &mut Tx,
    reader: (&Scope, &Sight),
    wanted: BTreeSet<(Subject, i64)>,
) -> Result<HashMap<(Subject, i64), String>, DbError> {
    let seen = look(tx, reader, wanted).await?.into_iter();
    Ok(seen.filter_map(|(of, seen)| if let Seen::Open(_, name) = seen { Some((of, name)) } else { None }).collect())
}

/// Whom the ids that are kept mean today, and whether somebody with this scope sees them; who is gone is left out.
pub(crate) async fn today(
    tx: &mut Tx,
    scope: &Scope,
    wanted: BTreeSet<(Subject, i64)>,
) -> Result<HashMap<(Subject, i64), (i64, bool)>, DbError> {
    let mut found = HashMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let reach = Reach::of(tx, scope).await?;
    for subject in Subject::ALL {
        let ids: Vec<i64> = wanted.iter().filter(|(of, _)| *of == subject).map(|(_, id)| *id).collect();
        let meant = store::list_meant(tx, subject, ids).await?;
        found.extend(meant.into_iter().map(|(asked, target)| ((subject, asked), (target.id, target.is_seen(subject, &reach)))));
    }
    Ok(found)
}

/// The keys of the fields that name, in one of these records, somebody an actor does not see.
pub(crate) async fn closed(
    tx: &mut Tx,
    actor: &Actor,
    defs: &[Field],
    records: [&Map<String, Json>; 2],
) -> Result<BTreeSet<String>, DbError> {
    let mut named: BTreeMap<&str, Vec<(Subject, i64)>> = BTreeMap::new();
    for (def, values) in defs.iter().flat_map(|def| records.map(|values| (def, values))) {
        if let (Some(target), Some(id)) = (def.kind.target(), values.get(&def.key).and_then(|value| kept(def, value))) {
            named.entry(&def.key).or_default().push((target, id));
        }
    }
    let meant = match scope_of(actor) {
        Some(scope) => today(tx, &scope, named.values().flatten().copied().collect()).await?,
        None => named.values().flatten().map(|of| (*of, (of.1, false))).collect(),
    };
    let is_closed = |ids: &[(Subject, i64)]| ids.iter().any(|of| meant.get(of).is_some_and(|(_, seen)| !seen));
    Ok(named.iter().filter(|(_, ids)| is_closed(ids)).map(|(key, _)| (*key).to_owned()).collect())
}

/// Puts in place of the ids what whoever is given a copy of these values may know of those they name: what a company is called, and of a person, whose
/// name is theirs, only that there is one. Who is gone, or is one of `own`, becomes nothing. Each map comes with how the keys of fields begin in it.
pub(crate) async fn tell(
    tx: &mut Tx,
    l: &Lang,
    (defs, own): (&[Field], &[i64]),
    maps: &mut [(&'static str, &mut Map<String, Json>)],
) -> Result<(), DbError> {
    let defs: HashMap<&str, Subject> = defs.iter().filter_map(|def| Some((def.key.as_str(), def.kind.target()?))).collect();
    if defs.is_empty() {
        return Ok(());
    }
    let mut wanted = BTreeSet::new();
    for (begin, map) in maps.iter_mut() {
        each(map, (begin, &defs), &mut |target, value| {
            wanted.extend(value.as_str().and_then(|text| read_id(target, text)).map(|id| (target, id)))
        });
    }
    let seen = look(tx, (&Scope::All, &Sight::FULL), wanted).await?;
    for (begin, map) in maps.iter_mut() {
        each(map, (begin, &defs), &mut |target, value| {
            // Of a field of the same key that was removed a line may hold anything.
            let Some(id) = value.as_str().and_then(|text| read_id(target, text)) else { return };
            *value = match seen.get(&(target, id)) {
                Some(Seen::Open(id, name)) if !own.contains(id) => match target {
                    Subject::Contact => Json::from(l.t("subject-access-another-person").to_string()),
                    Subject::Company => Json::from(name.as_str()),
                },
                _ => Json::Null,
            };
        });
    }
    Ok(())
}

/// Calls `with` for every value of these fields, however deep it stands.
fn each(map: &mut Map<String, Json>, by: (&str, &HashMap<&str, Subject>), with: &mut dyn FnMut(Subject, &mut Json)) {
    for (key, value) in map {
        let target = key.strip_prefix(by.0).and_then(|key| by.1.get(key)).copied();
        match (target, value) {
            (Some(target), Json::Array(items)) => items.iter_mut().for_each(|item| with(target, item)),
            (Some(target), value) => with(target, value),
            (None, Json::Object(inner)) => each(inner, by, with),
            (None, _) => {}
        }
    }
}

/// Puts into these records' values, in place of the ids that are kept, what a reader sees of whom they name: an object with `id` and `name`, or with
/// `hidden`. Who is gone, or has become the record itself, is taken out. For what is shown, never for what is written.
pub(crate) async fn show<'m>(
    tx: &mut Tx,
    reader: (&Scope, &Sight),
    defs: &[Field],
    records: impl IntoIterator<Item = (i64, &'m mut Map<String, Json>)>,
) -> Result<(), DbError> {
    let defs: Vec<(&Field, Subject)> = defs.iter().filter_map(|def| Some((def, def.kind.target()?))).collect();
    if defs.is_empty() {
        return Ok(());
    }
    let mut records: Vec<_> = records.into_iter().collect();
    let mut wanted = BTreeSet::new();
    for (_, values) in &records {
        let named = defs.iter().filter_map(|(def, target)| Some((*target, read_id(*target, values.get(&def.key)?.as_str()?)?)));
        wanted.extend(named);
    }
    let seen = look(tx, reader, wanted).await?;
    for (record, values) in &mut records {
        for (def, target) in &defs {
            let Some(value) = values.get(&def.key) else { continue };
            let found = value.as_str().and_then(|text| read_id(*target, text)).and_then(|id| seen.get(&(*target, id)));
            match found {
                Some(Seen::Open(id, name)) if id != record => {
                    values.insert(def.key.clone(), json!({ "id": shown_id(*target, *id), "name": name }));
                }
                Some(Seen::Hidden) => _ = values.insert(def.key.clone(), json!({ "hidden": true })),
                _ => _ = values.remove(&def.key),
            }
        }
    }
    Ok(())
}

fn part<'v>(value: &'v Json, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Json::as_str)
}

/// Whether a shown value says that there is somebody, and not who.
pub(crate) fn is_hidden(value: &Json) -> bool {
    value.get("hidden").is_some()
}

/// A shown value in words.
pub(super) fn in_words(l: &Lang, value: &Json) -> String {
    if is_hidden(value) {
        return l.t("field-reference-hidden").to_string();
    }
    part(value, "name").or_else(|| value.as_str()).unwrap_or_default().to_owned()
}

/// A shown value in a file: the name for people, the id for the import that reads it again.
pub(super) fn in_file(value: &Json) -> Json {
    match (part(value, "id"), part(value, "name")) {
        (Some(id), Some(name)) => Json::from(format!("{name} ({id})")),
        _ => in_program(value),
    }
}

/// A shown value for programs: the id, as it is sent back.
pub(crate) fn in_program(value: &Json) -> Json {
    match part(value, "id") {
        Some(id) => Json::from(id),
        None if is_hidden(value) => Json::from(DOTS),
        None => value.clone(),
    }
}

/// The page of whom a shown value names; empty when there is none.
pub(crate) fn href(field: &Field, value: &Json) -> String {
    field.kind.target().zip(part(value, "id")).map_or_else(String::new, |(target, id)| format!("{}/{id}", target.home()))
}

/// The id of a shown value; empty when there is none.
pub(crate) fn id_of(value: &Json) -> String {
    part(value, "id").unwrap_or_default().to_owned()
}

/// Why nobody is meant.
const UNKNOWN: &str = "field-reference-unknown";
pub(crate) const SEVERAL: &str = "field-reference-several";
const ITSELF: &str = "field-reference-itself";
pub(crate) const HIDDEN: &str = "field-reference-hidden-stays";

/// Whom each of these texts means among those within `scope`: an id, an address of theirs, an id of another system (`external` is its kind; a text may
/// name it as `kind:id`), or a name that only one has. The locale key of what is wrong with the others.
pub(crate) async fn meant(
    tx: &mut Tx,
    scope: &Scope,
    (target, external): (Subject, Option<&str>),
    texts: impl IntoIterator<Item = String>,
) -> Result<HashMap<String, Result<i64, &'static str>>, DbError> {
    let mut open: BTreeSet<String> = texts.into_iter().collect();
    let mut found = HashMap::new();
    if open.is_empty() {
        return Ok(found);
    }
    let reach = Reach::of(tx, scope).await?;
    let ids: HashMap<String, i64> = open.iter().filter_map(|text| Some((text.clone(), read_id(target, text)?))).collect();
    let alive: HashMap<i64, Target> =
        store::list_meant(tx, target, ids.values().copied().collect::<BTreeSet<_>>()).await?.into_iter().collect();
    for (text, id) in ids {
        open.remove(&text);
        let known = alive.get(&id).filter(|known| known.is_seen(target, &reach));
        found.insert(text, known.map(|known| known.id).ok_or(UNKNOWN));
    }
    let address = if target == Subject::Contact { By::Email } else { By::Domain };
    for by in [address, By::External, By::Name] {
        let keys: HashMap<String, Vec<String>> = open.iter().map(|text| (text.clone(), keys(target, by, external, text))).collect();
        let wanted: BTreeSet<String> = keys.values().flatten().cloned().collect();
        if wanted.is_empty() {
            continue;
        }
        let mut holders: HashMap<String, Vec<Target>> = HashMap::new();
        for (key, holder) in store::list_by(tx, target, (by, &reach), wanted).await? {
            holders.entry(key).or_default().push(holder);
        }
        for (text, keys) in keys {
            let those: HashSet<i64> = keys.iter().filter_map(|key| holders.get(key)).flatten().map(|holder| holder.id).collect();
            if let Some(one) = those.iter().next() {
                open.remove(&text);
                found.insert(text, if those.len() == 1 { Ok(*one) } else { Err(SEVERAL) });
            }
        }
    }
    found.extend(open.into_iter().map(|text| (text, Err(UNKNOWN))));
    Ok(found)
}

/// The keys under which a text may be found.
fn keys(target: Subject, by: By, external: Option<&str>, text: &str) -> Vec<String> {
    let text = text.trim();
    match by {
        By::Email => contact::email_key(text).into_iter().collect(),
        By::Domain => company::domain_key(text).into_iter().collect(),
        By::External => {
            let whole = text.split_once(':').map(|(kind, id)| format!("{}:{}", fold_key(kind), id.trim()));
            whole.into_iter().chain(external.map(|kind| format!("{}:{text}", fold_key(kind)))).collect()
        }
        By::Name if target == Subject::Company => vec![company::name_key(text)],
        By::Name => vec![contact::sort_key(text)],
    }
}

/// Puts the ids of those meant in place of what somebody typed into fields that name a record, where it differs from what `was` there. Where it means
/// whom the field names already, what `was` there stays: the id somebody meant then, which a split leads back to.
///
/// Errors: [`ContactError::Invalid`] (`begin` and the field's key) when nobody or several are meant, the record itself is, or the actor may not see whom
/// the field names now.
pub(crate) async fn settle(
    tx: &mut Tx,
    actor: &Actor,
    defs: &[Field],
    (record, values, was): (i64, &mut Map<String, Json>, &Map<String, Json>),
    begin: &str,
) -> Result<(), ContactError> {
    let changed = |def: &&(&Field, Subject)| values.get(&def.0.key) != was.get(&def.0.key);
    let defs: Vec<(&Field, Subject)> = defs.iter().filter_map(|def| Some((def, def.kind.target()?))).collect();
    let defs: Vec<(&Field, Subject)> = defs.iter().filter(changed).copied().collect();
    if defs.is_empty() {
        return Ok(());
    }
    let wrong = |def: &Field, key| ContactError::Invalid { attribute: format!("{begin}{}", def.key), key };
    let scope = scope_of(actor).ok_or(ContactError::NotFound)?;
    let named = defs.iter().filter_map(|(def, target)| Some((*target, kept(def, was.get(&def.key)?)?))).collect();
    let before = today(tx, &scope, named).await?;
    let before = |def: &Field, target| before.get(&(target, kept(def, was.get(&def.key)?)?)).copied();
    let mut wanted: HashMap<Subject, BTreeSet<String>> = HashMap::new();
    for (def, target) in &defs {
        let text = values.get(&def.key).and_then(Json::as_str).map(str::to_owned);
        if before(def, *target).is_some_and(|(_, seen)| !seen) {
            // A program sends back what it was given.
            let unchanged = was.get(&def.key).filter(|_| text.as_deref().is_some_and(is_dots));
            values.insert(def.key.clone(), unchanged.ok_or_else(|| wrong(def, HIDDEN))?.clone());
            continue;
        }
        wanted.entry(*target).or_default().extend(text);
    }
    let mut found = HashMap::new();
    for (target, texts) in wanted {
        found.insert(target, meant(tx, &scope, (target, None), texts).await?);
    }
    for (def, target) in defs {
        let before = before(def, target);
        let text = values.get(&def.key).and_then(Json::as_str).filter(|_| before.is_none_or(|(_, seen)| seen));
        let Some(text) = text else { continue };
        let one = found.get(&target).and_then(|found| found.get(text)).copied().unwrap_or(Err(UNKNOWN));
        let one = one.map_err(|why| wrong(def, why))?;
        if one == record {
            return Err(wrong(def, ITSELF));
        }
        let same = was.get(&def.key).filter(|_| before.is_some_and(|(id, _)| id == one));
        values.insert(def.key.clone(), same.cloned().unwrap_or_else(|| Json::from(shown_id(target, one))));
    }
    Ok(())
}

/// The most references that are looked at together.
#[cfg(not(test))]
const FORGOTTEN: u64 = 2_000;
#[cfg(test)]
const FORGOTTEN: u64 = 2;

/// Takes these records out of the copies of whoever refers to them, before they are removed for good. Answers how many references went, and what is to
/// be told of those who stay, last of all: who tells holds the head of the log.
pub(crate) async fn forget(tx: &mut Tx, gone: &[i64], now: i64) -> Result<(u64, Vec<Event>), DbError> {
    let (gone, mut rows, mut told) = (gone.iter().copied().collect::<BTreeSet<_>>(), 0, Vec::new());
    loop {
        let more = store::forget(tx, &gone, (FORGOTTEN, now), &mut told).await?;
        rows += more;
        if more < FORGOTTEN {
            return Ok((rows, told));
        }
    }
}
