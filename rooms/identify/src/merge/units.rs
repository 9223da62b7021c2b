//! What is chosen as one when two records merge: a name with its parts, an owner with the team, an outside id with its key, an address from the street
//! to the country. Of two records that know no more than city and country each of these is chosen by itself.

use std::collections::BTreeSet;

use attune_web::Sight;
use serde_json::Value as Json;

use super::record::{ADDRESS, Mergeable};
use crate::address;
use crate::field::Field;

/// As programs know coordinates.
const PARTS_OF_COORDINATES: [&str; 2] = ["latitude", "longitude"];

/// The values a unit is known by.
fn told<R: Mergeable>(record: &R, unit: &str) -> Vec<Json> {
    if unit == ADDRESS { address::WHOLE.iter().map(|key| record.exact(key)).collect() } else { vec![record.exact(leading::<R>(unit))] }
}

fn is_blank(value: &Json) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn is_empty<R: Mergeable>(record: &R, unit: &str) -> bool {
    told(record, unit).iter().all(is_blank)
}

/// Whether a record's unit says nothing that the other's does not say too.
fn adds_nothing<R: Mergeable>(record: &R, other: &R, unit: &str) -> bool {
    told(record, unit).iter().zip(told(other, unit)).all(|(one, other)| is_blank(one) || *one == other)
}

/// Whether two records can be merged by choosing these units; else the locale key of why not. A program that names a part of an address would otherwise
/// believe that it was taken over.
pub(crate) fn check<R: Mergeable>(a: &R, b: &R, defs: &[Field], units: &BTreeSet<String>) -> Result<(), &'static str> {
    let is_own = |unit: &str| unit.strip_prefix("f:").is_some_and(|key| defs.iter().any(|def| def.key == key));
    let standing: BTreeSet<String> = all(a, b).collect();
    match units.iter().find(|unit| unit.as_str() != ADDRESS && !standing.contains(*unit) && !is_own(unit)) {
        None => Ok(()),
        Some(part) if address::WHOLE.contains(&part.as_str()) || PARTS_OF_COORDINATES.contains(&part.as_str()) => Err("merge-take-address"),
        Some(_) => Err(R::NO_UNIT),
    }
}

/// The attribute a unit is known by.
fn leading<R: Mergeable>(unit: &str) -> &str {
    R::UNITS.iter().find(|(name, _)| *name == unit).and_then(|(_, attributes)| attributes.first()).copied().unwrap_or(unit)
}

/// The units in which two records differ, in the order of the page.
pub(crate) fn differing<R: Mergeable>(a: &R, b: &R) -> Vec<String> {
    all(a, b).filter(|unit| told(a, unit) != told(b, unit)).collect()
}

/// The units in which both say the same.
pub(crate) fn shared<R: Mergeable>(a: &R, b: &R) -> Vec<String> {
    all(a, b).filter(|unit| told(a, unit) == told(b, unit) && !is_empty(a, unit)).collect()
}

fn all<R: Mergeable>(a: &R, b: &R) -> impl Iterator<Item = String> + use<R> {
    let is_whole = !(a.postal().is_empty() && b.postal().is_empty());
    let stands = move |unit: &&str| match *unit {
        ADDRESS => is_whole,
        "city" | "country" => !is_whole,
        _ => true,
    };
    let fixed = R::UNITS.iter().map(|(unit, _)| *unit).filter(stands).map(str::to_owned);
    let customs: BTreeSet<&String> = a.own().keys().chain(b.own().keys()).collect();
    let customs: Vec<String> = customs.into_iter().map(|key| format!("f:{key}")).collect();
    fixed.chain(customs)
}

/// What the survivor takes over unless somebody chooses: what it does not know itself, and the further stage.
pub(crate) fn suggested<R: Mergeable>(survivor: &R, loser: &R) -> BTreeSet<String> {
    // Whoever knows of an address only what the other says too, loses nothing by it.
    let knows_less = |unit: &str| adds_nothing(survivor, loser, unit) && !is_empty(loser, unit);
    let better = |unit: &String| survivor.is_behind(loser, unit).unwrap_or_else(|| knows_less(unit));
    differing(survivor, loser).into_iter().filter(better).collect()
}

/// Gives `to` a unit of `from`; an unknown one, or a part of one, changes nothing.
pub(crate) fn copy<R: Mergeable>(from: &R, to: &mut R, unit: &str) {
    let own = [unit];
    // Of two who know no more of it, an address is the city and the country.
    if unit != ADDRESS && !all(from, to).any(|stands| stands == unit) {
        return;
    }
    let attributes: &[&str] = match R::UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, attributes)) => attributes,
        None if unit.starts_with("f:") => &own,
        None => return,
    };
    for attribute in attributes {
        to.put(attribute, from.exact(attribute));
    }
}

/// A unit as JSON, for the page.
pub(crate) fn value<R: Mergeable>(record: &R, unit: &str, sight: &Sight) -> Json {
    if unit != ADDRESS {
        return record.seen(leading::<R>(unit), sight);
    }
    let parts = address::WHOLE.iter().map(|key| record.exact(key)).filter_map(|part| part.as_str().map(str::to_owned));
    Json::from(parts.collect::<Vec<_>>().join(", ").replace('\n', ", "))
}
