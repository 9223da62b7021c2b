//! Fields of one's own in a list of contacts or companies: which filters are in force and which one is being filled in; and in the form that makes a
//! new one.

use std::collections::HashMap;

use attune_web::kit::Choice;
use attune_web::{FormErrors, Shell};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::edit;
use super::field_filter::FieldFilter;
use super::query::ListQuery;
use crate::field::{Field, FieldKind};

/// A filter that is being filled in.
pub(crate) struct Asked {
    pub(crate) label: String,
    /// The type of the input.
    pub(crate) kind: &'static str,
    /// From and to.
    pub(crate) is_range: bool,
    pub(crate) error: String,
}

/// How the field about to be filtered by is asked for.
pub(crate) fn asked(shell: &Shell, query: &ListQuery, fields: &[Field], wrong: Option<&'static str>) -> Option<(Asked, Vec<Choice>)> {
    let field = fields.iter().find(|field| field.key == query.field)?;
    let (options, kind) = match edit::control_of(shell, Some(field), &serde_json::Value::Null) {
        edit::Control::Text(kind) => (Vec::new(), kind),
        edit::Control::Select(options) => (options, ""),
        edit::Control::Boxes(boxes) => (boxes.into_iter().map(|(option, _)| option).collect(), ""),
    };
    let is_range = matches!(field.kind, FieldKind::Number | FieldKind::Money | FieldKind::Date);
    let error = wrong.map_or_else(String::new, |key| shell.l.t(key).to_string());
    Some((Asked { label: field.label.clone(), kind, is_range, error }, options))
}

/// The filters in force with the address that removes each; `home` is the list's.
pub(crate) fn field_chips(shell: &Shell, home: &str, query: &ListQuery, fields: &[Field]) -> Vec<(String, String)> {
    let text = query.text();
    let chip = |(key, field, value): (String, Option<&Field>, String)| {
        let shown = field.map_or_else(|| value.clone(), |field| FieldFilter::shown(&shell.l, field, &value));
        let name = field.map_or(key.as_str(), |field| field.label.as_str());
        let label = shell.l.of("identify-filter-field").s("name", name).s("value", shown).to_string();
        (label, format!("{home}{}", attune_web::kit::with_query(&text, "with", query.without(&key))))
    };
    query.filters(fields).map(chip).collect()
}

/// What was typed into own fields of something new: `f:<key>`, and `f:<key>:<option>` for each ticked box.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct OwnForm(HashMap<String, String>);

/// A field of one's own in the form.
pub(crate) struct OwnField {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) control: edit::Control,
}

impl OwnForm {
    /// Whether anything was typed or ticked.
    pub(crate) fn is_used(&self) -> bool {
        self.0.iter().any(|(name, value)| name.starts_with("f:") && !value.trim().is_empty())
    }

    /// What was typed or ticked for a field.
    fn typed(&self, field: &Field) -> String {
        let name = format!("f:{}", field.key);
        if field.kind != FieldKind::Choices {
            return self.0.get(&name).map_or_else(String::new, |text| text.trim().to_owned());
        }
        let ticked = field.options.iter().filter(|option| self.0.contains_key(&format!("{name}:{}", option.key)));
        ticked.map(|option| option.key.as_str()).collect::<Vec<_>>().join(";")
    }

    /// The values by key; what does not fit its field is a mistake beside it.
    pub(crate) fn values(&self, fields: &[Field], errors: &mut FormErrors) -> Map<String, Json> {
        let mut values = Map::new();
        for (field, typed) in fields.iter().map(|field| (field, self.typed(field))).filter(|(_, typed)| !typed.is_empty()) {
            match field.read(&typed) {
                Ok(value) => _ = values.insert(field.key.clone(), value),
                Err(why) => _ = errors.add(format!("f:{}", field.key), why),
            }
        }
        values
    }

    /// The fields as the form shows them, holding what was typed.
    pub(crate) fn inputs(&self, shell: &Shell, fields: Vec<Field>) -> Vec<OwnField> {
        let input = |field: Field| {
            let (name, value) = (format!("f:{}", field.key), self.typed(&field));
            let ticked = field.read(&value).unwrap_or_default();
            OwnField { control: edit::control_of(shell, Some(&field), &ticked), name, value, label: field.label }
        };
        fields.into_iter().map(input).collect()
    }
}
