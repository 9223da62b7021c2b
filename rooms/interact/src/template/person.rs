//! The recipient as merge tags see him.

use std::collections::HashMap;
use std::sync::Arc;

use attune_identify::field::FieldOption;
use serde_json::{Map, Value};

/// The contact's own columns that merge tags may name, in the order of [`Person`]'s slots.
pub(crate) const COLUMNS: [&str; 11] =
    ["name", "given_name", "family_name", "email", "phone", "title", "city", "country", "company", "external_id", "stage"];

/// What the options of choices are called, by the field's key and the option's. A field that names a record has none.
pub type Labels = HashMap<String, HashMap<String, String>>;

/// The labels among the options of a field as they are kept.
pub(super) fn labels_of(options: &str) -> HashMap<String, String> {
    let options: Vec<FieldOption> = serde_json::from_str(options).unwrap_or_default();
    options.into_iter().map(|option| (option.key, option.label)).collect()
}

/// The values merge tags may show. Empty values count as missing.
#[derive(Clone, Debug, Default)]
pub struct Person {
    slots: [Option<String>; COLUMNS.len()],
    /// The custom fields as they are kept on the contact: a JSON object.
    custom_json: Option<String>,
    labels: Arc<Labels>,
    /// What the records are called that fields name, by the field's key.
    names: HashMap<String, String>,
}

impl Person {
    /// A person without any value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a column's value; unknown columns are left out.
    pub fn set(&mut self, column: &str, value: Option<String>) {
        let slot = COLUMNS.iter().position(|known| *known == column).and_then(|at| self.slots.get_mut(at));
        if let Some(slot) = slot {
            *slot = value.filter(|text| !text.trim().is_empty());
        }
    }

    /// Sets the custom fields (a JSON object).
    pub fn set_custom(&mut self, json: Option<String>) {
        self.custom_json = json.filter(|text| text.len() > 2);
    }

    /// Sets what options are called.
    pub fn set_labels(&mut self, labels: &Arc<Labels>) {
        self.labels = labels.clone();
    }

    /// Sets what the records are called that fields name.
    pub fn set_names(&mut self, names: HashMap<String, String>) {
        self.names = names;
    }

    /// The value in a slot.
    pub(super) fn slot(&self, at: usize) -> Option<&str> {
        self.slots.get(at).and_then(Option::as_deref)
    }

    /// The custom fields, read; options by what they are called.
    pub(super) fn custom(&self) -> Map<String, Value> {
        let mut map = match self.custom_json.as_deref().map(serde_json::from_str) {
            Some(Ok(Value::Object(map))) => map,
            _ => Map::new(),
        };
        for (field, labels) in self.labels.iter() {
            if let Some(value) = map.get_mut(field) {
                *value = told(labels, value);
            }
        }
        // What is kept of a record is its id, which tells nobody anything: without a name the value is missing.
        for (field, name) in &self.names {
            map.insert(field.clone(), Value::String(name.clone()));
        }
        map
    }

    /// Everything as the template engine sees it: missing values are not there.
    pub(super) fn context(&self) -> Map<String, Value> {
        let mut contact = Map::new();
        let custom = self.custom();
        for (key, value) in &custom {
            contact.insert(key.clone(), value.clone());
        }
        contact.insert("fields".to_owned(), Value::Object(custom));
        for (name, value) in COLUMNS.iter().zip(&self.slots) {
            if let Some(value) = value {
                contact.insert((*name).to_owned(), Value::String(value.clone()));
            }
        }
        contact
    }

    /// Somebody made up, for previews: every column is filled.
    pub fn example(language: &str) -> Self {
        let values: [&str; COLUMNS.len()] = if language == "zh-CN" {
            ["林小雨", "小雨", "林", "xiaoyu.lin@example.com", "13700006036", "采购经理", "上海", "中国", "晨光仪器", "C-1042", "lead"]
        } else {
            [
                "Lena Hoffmann",
                "Lena",
                "Hoffmann",
                "lena@example.com",
                "+49 521 1036",
                "Head of Purchasing",
                "Bielefeld",
                "Germany",
                "Kestrel Instruments",
                "C-1042",
                "lead",
            ]
        };
        let mut person = Self::new();
        for (column, value) in COLUMNS.iter().zip(values) {
            person.set(column, Some(value.to_owned()));
        }
        person
    }
}

fn told(labels: &HashMap<String, String>, value: &Value) -> Value {
    let label = |key: &str| labels.get(key).cloned();
    let keys: Vec<&str> = match value {
        Value::String(key) => vec![key],
        Value::Array(keys) => keys.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    Value::String(keys.into_iter().filter_map(label).collect::<Vec<_>>().join(", "))
}

/// A custom field's value as a mail shows it.
pub(super) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
