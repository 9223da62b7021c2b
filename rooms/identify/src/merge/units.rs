//! What is chosen as one when two records merge: a name with its parts, an owner with the team, an outside id with its key.

use std::collections::BTreeSet;

use attune_web::Sight;
use serde_json::Value as Json;

use crate::contact::Contact;

/// (the unit's key, the attributes it consists of). Custom fields are units of their own, `f:` and their key.
const UNITS: [(&str, &[&str]); 13] = [
    ("name", &["name", "given_name", "family_name"]),
    ("email", &["email"]),
    ("phone", &["phone"]),
    ("company", &["company_id"]),
    ("title", &["title"]),
    ("city", &["city"]),
    ("country", &["country"]),
    ("stage", &["stage"]),
    ("owner_id", &["owner_id", "team_id"]),
    ("locale", &["locale"]),
    ("time_zone", &["time_zone"]),
    ("source", &["source"]),
    ("external_id", &["external_id", "external_key"]),
];

fn is_empty(contact: &Contact, unit: &str) -> bool {
    let value = contact.raw(leading(unit));
    value.is_null() || value.as_str() == Some("")
}

/// The attribute a unit is known by.
fn leading(unit: &str) -> &str {
    if unit == "company" { "company_id" } else { unit }
}

/// The units in which two records differ, in the order of the page.
pub(crate) fn differing(a: &Contact, b: &Contact) -> Vec<String> {
    all(a, b).filter(|unit| a.raw(leading(unit)) != b.raw(leading(unit))).collect()
}

/// The units in which both say the same.
pub(crate) fn shared(a: &Contact, b: &Contact) -> Vec<String> {
    all(a, b).filter(|unit| a.raw(leading(unit)) == b.raw(leading(unit)) && !is_empty(a, unit)).collect()
}

fn all(a: &Contact, b: &Contact) -> impl Iterator<Item = String> {
    let fixed = UNITS.iter().map(|(unit, _)| (*unit).to_owned());
    let customs: BTreeSet<&String> = a.fields.keys().chain(b.fields.keys()).collect();
    let customs: Vec<String> = customs.into_iter().map(|key| format!("f:{key}")).collect();
    fixed.chain(customs)
}

/// What the survivor takes over unless somebody chooses: what it does not know itself, and the further stage.
pub(crate) fn suggested(survivor: &Contact, loser: &Contact) -> BTreeSet<String> {
    let better = |unit: &String| match unit.as_str() {
        "stage" => loser.stage > survivor.stage,
        unit => is_empty(survivor, unit) && !is_empty(loser, unit),
    };
    differing(survivor, loser).into_iter().filter(better).collect()
}

/// Gives `to` a unit of `from`; an unknown one changes nothing.
pub(crate) fn copy(from: &Contact, to: &mut Contact, unit: &str) {
    let own = [unit];
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
    contact.shown(leading(unit), sight)
}
