//! Contacts as the finder's table: which of their attributes are compared, and as what.

use attune_duplicate::{Column, Columns, Kind, Table};
use serde_json::Value as Json;

use crate::contact::Contact;
use crate::field::{Field, FieldKind};

/// The attributes every contact has. A job title says nothing: people have several, and colleagues share them.
const FIXED: [(&str, Kind); 7] = [
    ("given_name", Kind::GivenName),
    ("family_name", Kind::Surname),
    ("email", Kind::Email),
    ("phone", Kind::Phone),
    ("company", Kind::Category),
    ("city", Kind::City),
    ("country", Kind::Region),
];
/// The most custom fields compared.
const CUSTOM: usize = 24;

/// The columns of these contacts: what custom fields hold is read from their names and from `sample`.
pub(super) fn columns(fields: &[Field], sample: &[Contact]) -> Columns {
    let compared: Vec<&Field> = fields
        .iter()
        .filter(|field| !matches!(field.kind, FieldKind::Bool | FieldKind::Choices) && field.kind.target().is_none())
        .take(CUSTOM)
        .collect();
    let labels: Vec<&str> = compared.iter().map(|field| field.label.as_str()).collect();
    let values: Vec<Vec<String>> =
        sample.iter().map(|contact| compared.iter().map(|field| text(contact.fields.get(&field.key))).collect()).collect();
    let inferred = Columns::infer(&labels, &values);
    let fixed = FIXED.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind });
    let customs =
        compared.iter().zip(inferred.iter()).map(|(field, column)| Column { name: format!("f:{}", field.key), kind: column.kind });
    Columns::new(fixed.chain(customs).collect())
}

/// Adds a contact to the table.
pub(super) fn push(table: &mut Table, contact: &Contact) {
    let values = values(table.columns(), contact);
    table.push(&values);
}

/// The values of a contact in the order of the columns.
pub(super) fn values(columns: &Columns, contact: &Contact) -> Vec<String> {
    columns.iter().map(|column| value(contact, &column.name)).collect()
}

fn value(contact: &Contact, column: &str) -> String {
    match column {
        // Who has but one name has it as the given one.
        "given_name" if contact.given_name.is_none() && contact.family_name.is_none() => contact.name.clone(),
        "company" => contact.company_name.clone().unwrap_or_default(),
        column => text(Some(&contact.raw(column))),
    }
}

fn text(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
