//! Fields of one's own in a list of contacts or companies: which filters are in force and which one is being filled in; and in the form that makes a
//! new one.

use std::collections::HashMap;

use attune_db::Tx;
use attune_web::kit::Choice;
use attune_web::{FormErrors, Problem, Scope, Shell};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::edit;
use super::field_filter::{FieldFilter, NONE, SOME};
use super::query::ListQuery;
use crate::field::{self, Field, FieldKind};
use crate::relationship::pages::find_of;

/// A filter that is being filled in.
pub(crate) struct Asked {
    pub(crate) label: String,
    /// The type of the input.
    pub(crate) kind: &'static str,
    /// From and to.
    pub(crate) is_range: bool,
    /// A record is looked for.
    pub(crate) is_find: bool,
    pub(crate) error: String,
}

/// How the field about to be filtered by is asked for.
pub(crate) fn asked(
    shell: &Shell,
    query: &ListQuery,
    fields: &[Field],
    (wrong, found): (Option<&'static str>, &Named),
) -> Option<(Asked, Vec<Choice>)> {
    let field = fields.iter().find(|field| field.key == query.field)?;
    let (options, kind) = match edit::control_of(shell, Some(field), &serde_json::Value::Null) {
        edit::Control::Text(kind) => (Vec::new(), kind),
        edit::Control::Lines => (Vec::new(), "text"),
        edit::Control::Select(options) => (options, ""),
        edit::Control::Boxes(boxes) => (boxes.into_iter().map(|(option, _)| option).collect(), ""),
    };
    let is_find = field.kind.target().is_some();
    let options = if is_find { found.choices(shell) } else { options };
    let is_range = matches!(field.kind, FieldKind::Number | FieldKind::Money | FieldKind::Date);
    let nobody = is_find && !query.upto.trim().is_empty() && found.found.is_empty();
    let error = wrong.or(nobody.then_some("relationship-nobody")).map_or_else(String::new, |key| shell.l.t(key).to_string());
    Some((Asked { label: field.label.clone(), kind, is_range, is_find, error }, options))
}

/// What the filters on fields that name a record need to know of those records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    /// What whom a filter names is called, by the field's key.
    names: HashMap<String, String>,
    /// Whom the words of the filter being filled in may mean.
    found: Vec<Choice>,
}

impl Named {
    /// Looks for the records of this list's filters.
    pub(crate) async fn read(tx: &mut Tx, shell: &Shell, scope: &Scope, query: &ListQuery, fields: &[Field]) -> Result<Self, Problem> {
        let mut values: Map<String, Json> = Map::new();
        let mut defs = Vec::new();
        for (key, field, value) in query.filters(fields) {
            if let Some(field) = field.filter(|field| field.kind.target().is_some()) {
                values.insert(key, Json::from(value));
                defs.push(field.clone());
            }
        }
        field::reference::show(tx, (scope, &shell.sight()), &defs, [(0, &mut values)]).await?;
        let names = defs.iter().filter_map(|def| Some((def.key.clone(), def.shown(&shell.l, values.get(&def.key)?)))).collect();
        let asked = fields.iter().find(|field| field.key == query.field).and_then(|field| field.kind.target());
        let found = match asked {
            Some(target) => find_of(tx, scope, (&shell.l, &shell.sight()), &query.upto, target).await?,
            None => Vec::new(),
        };
        Ok(Self { names, found })
    }

    /// What can be chosen: any, none, or one of those found.
    fn choices(&self, shell: &Shell) -> Vec<Choice> {
        let word = |value: &'static str| Choice::new(value, shell.l.t(&format!("identify-filter-{value}")));
        [SOME, NONE].map(word).into_iter().chain(self.found.iter().cloned()).collect()
    }

    /// The value of a filter in words.
    fn shown(&self, shell: &Shell, field: &Field, value: &str) -> String {
        match value {
            _ if field.kind.target().is_none() => FieldFilter::shown(&shell.l, field, value),
            SOME | NONE => shell.l.t(&format!("identify-filter-{value}")).to_string(),
            // Whether there is somebody of this id is nothing one learns here.
            _ => self.names.get(&field.key).cloned().unwrap_or_else(|| shell.l.t("field-reference-hidden").to_string()),
        }
    }
}

/// The filters in force with the address that removes each; `home` is the list's.
pub(crate) fn field_chips(shell: &Shell, home: &str, query: &ListQuery, fields: &[Field], named: &Named) -> Vec<(String, String)> {
    let text = query.text();
    let chip = |(key, field, value): (String, Option<&Field>, String)| {
        let shown = field.map_or_else(|| value.clone(), |field| named.shown(shell, field, &value));
        let name = field.map_or(key.as_str(), |field| field.label.as_str());
        let label = shell.l.of("identify-filter-field").s("name", name).s("value", shown).to_string();
        (label, format!("{home}{}", attune_web::kit::with_query(&text, "with", query.without(&key))))
    };
    query.filters(fields).map(chip).collect()
}

/// The filters on places in force with the address that removes each; `home` is the list's.
pub(crate) fn place_chips(shell: &Shell, home: &str, query: &ListQuery) -> Vec<(String, String)> {
    let (text, told) = (query.text(), query.place().told(&shell.l));
    told.into_iter().map(|(name, said)| (said, format!("{home}{}", attune_web::kit::with_query(&text, name, "")))).collect()
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
    /// What can be typed, where that is not plain.
    pub(crate) hint: String,
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
            let hint = field.kind.target().map_or_else(String::new, |_| shell.l.t("field-reference-hint").to_string());
            OwnField { control: edit::control_of(shell, Some(&field), &ticked), name, value, hint, label: field.label }
        };
        fields.into_iter().map(input).collect()
    }
}
