//! What is chosen as one when two records merge: a name with its parts, an owner with the team, an outside id with its key, an address from the street
//! to the country. Of two records that know no more than city and country each of these is chosen by itself.

use std::collections::BTreeSet;

use attune_web::Sight;
use serde_json::Value as Json;

use crate::address;
use crate::contact::Contact;
use crate::field::Field;

/// (the unit's key, the attributes it consists of). Custom fields are units of their own, `f:` and their key.
const UNITS: [(&str, &[&str]); 14] = [
    ("name", &["name", "given_name", "family_name"]),
    ("email", &["email"]),
    ("phone", &["phone"]),
    ("company", &["company_id"]),
    ("title", &["title"]),
    (ADDRESS, &address::WHOLE),
    ("city", &["city"]),
    ("country", &["country"]),
    ("stage", &["stage"]),
    ("owner_id", &["owner_id", "team_id"]),
    ("locale", &["locale"]),
    ("time_zone", &["time_zone"]),
    ("source", &["source"]),
    ("external_id", &["external_id", "external_key"]),
];

/// An address as one.
const ADDRESS: &str = "address";
/// As programs know coordinates.
const PARTS_OF_COORDINATES: [&str; 2] = ["latitude", "longitude"];

/// The values a unit is known by.
fn told(contact: &Contact, unit: &str) -> Vec<Json> {
    if unit == ADDRESS { address::WHOLE.iter().map(|key| contact.raw(key)).collect() } else { vec![contact.raw(leading(unit))] }
}

fn is_blank(value: &Json) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn is_empty(contact: &Contact, unit: &str) -> bool {
    told(contact, unit).iter().all(is_blank)
}

/// Whether a record's unit says nothing that the other's does not say too.
fn adds_nothing(contact: &Contact, other: &Contact, unit: &str) -> bool {
    told(contact, unit).iter().zip(told(other, unit)).all(|(one, other)| is_blank(one) || *one == other)
}

/// Whether two records can be merged by choosing these units; else the locale key of why not. A program that names a part of an address would otherwise
/// believe that it was taken over.
pub(crate) fn check(a: &Contact, b: &Contact, defs: &[Field], units: &BTreeSet<String>) -> Result<(), &'static str> {
    let is_own = |unit: &str| unit.strip_prefix("f:").is_some_and(|key| defs.iter().any(|def| def.key == key));
    let standing: BTreeSet<String> = all(a, b).collect();
    match units.iter().find(|unit| unit.as_str() != ADDRESS && !standing.contains(*unit) && !is_own(unit)) {
        None => Ok(()),
        Some(part) if address::WHOLE.contains(&part.as_str()) || PARTS_OF_COORDINATES.contains(&part.as_str()) => Err("merge-take-address"),
        Some(_) => Err("merge-take-unknown"),
    }
}

/// The attribute a unit is known by.
fn leading(unit: &str) -> &str {
    if unit == "company" { "company_id" } else { unit }
}

/// The units in which two records differ, in the order of the page.
pub(crate) fn differing(a: &Contact, b: &Contact) -> Vec<String> {
    all(a, b).filter(|unit| told(a, unit) != told(b, unit)).collect()
}

/// The units in which both say the same.
pub(crate) fn shared(a: &Contact, b: &Contact) -> Vec<String> {
    all(a, b).filter(|unit| told(a, unit) == told(b, unit) && !is_empty(a, unit)).collect()
}

fn all(a: &Contact, b: &Contact) -> impl Iterator<Item = String> {
    let is_whole = !(a.postal.is_empty() && b.postal.is_empty());
    let stands = move |unit: &&str| match *unit {
        ADDRESS => is_whole,
        "city" | "country" => !is_whole,
        _ => true,
    };
    let fixed = UNITS.iter().map(|(unit, _)| *unit).filter(stands).map(str::to_owned);
    let customs: BTreeSet<&String> = a.fields.keys().chain(b.fields.keys()).collect();
    let customs: Vec<String> = customs.into_iter().map(|key| format!("f:{key}")).collect();
    fixed.chain(customs)
}

/// What the survivor takes over unless somebody chooses: what it does not know itself, and the further stage.
pub(crate) fn suggested(survivor: &Contact, loser: &Contact) -> BTreeSet<String> {
    let better = |unit: &String| match unit.as_str() {
        "stage" => loser.stage > survivor.stage,
        // Whoever knows of an address only what the other says too, loses nothing by it.
        unit => adds_nothing(survivor, loser, unit) && !is_empty(loser, unit),
    };
    differing(survivor, loser).into_iter().filter(better).collect()
}

/// Gives `to` a unit of `from`; an unknown one, or a part of one, changes nothing.
pub(crate) fn copy(from: &Contact, to: &mut Contact, unit: &str) {
    let own = [unit];
    // Of two who know no more of it, an address is the city and the country.
    if unit != ADDRESS && !all(from, to).any(|stands| stands == unit) {
        return;
    }
    let attributes: &[&str] = match UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, attributes)) => attributes,
        None if unit.starts_with("f:") => &own,
        None => return,
    };
    for attribute in attributes {
        to.set(attribute, from.raw(attribute));
    }
}

/// A unit as JSON, for the page.
pub(crate) fn value(contact: &Contact, unit: &str, sight: &Sight) -> Json {
    if unit != ADDRESS {
        return contact.shown(leading(unit), sight);
    }
    let parts = address::WHOLE.iter().map(|key| contact.raw(key)).filter_map(|part| part.as_str().map(str::to_owned));
    Json::from(parts.collect::<Vec<_>>().join(", ").replace('\n', ", "))
}
