//! Records as the finder's table: which of their attributes are compared, and as what.

use attune_duplicate::{Column, Columns, Table};
use serde_json::Value as Json;

use super::twin::Twin;
use crate::field::{Field, FieldKind};

/// The most own fields compared.
const CUSTOM: usize = 24;

/// The columns of these records: what own fields hold is read from their names and from `sample`.
pub(super) fn columns<T: Twin>(fields: &[Field], sample: &[T]) -> Columns {
    let compared: Vec<&Field> = fields
        .iter()
        .filter(|field| !matches!(field.kind, FieldKind::Bool | FieldKind::Choices) && field.kind.target().is_none())
        .take(CUSTOM)
        .collect();
    let labels: Vec<&str> = compared.iter().map(|field| field.label.as_str()).collect();
    let values: Vec<Vec<String>> =
        sample.iter().map(|record| compared.iter().map(|field| text(record.own().get(&field.key))).collect()).collect();
    let inferred = Columns::infer(&labels, &values);
    let fixed = T::FIXED.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind });
    let customs =
        compared.iter().zip(inferred.iter()).map(|(field, column)| Column { name: format!("f:{}", field.key), kind: column.kind });
    Columns::new(fixed.chain(customs).collect())
}

/// Adds a record to the table.
pub(super) fn push<T: Twin>(table: &mut Table, record: &T) {
    let values = values(table.columns(), record);
    table.push(&values);
}

/// The values of a record in the order of the columns.
pub(super) fn values<T: Twin>(columns: &Columns, record: &T) -> Vec<String> {
    let value = |name: &str| match name.strip_prefix("f:") {
        Some(key) => text(record.own().get(key)),
        None => record.attribute(name),
    };
    columns.iter().map(|column| value(&column.name)).collect()
}

pub(super) fn text(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
