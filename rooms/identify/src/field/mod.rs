//! Fields a workspace has added to contacts or companies: typed, so that they can be filtered, with a JSON copy on the record for display.
//!
//! Guards that the typed rows and the copy say the same: values are written through [`put_values`] only.

#[cfg(test)]
mod http_tests;
pub(crate) mod jobs;
mod option_pages;
mod options;
pub(crate) mod pages;
pub mod reference;
mod store;
mod value;

use attune_db::{DbError, Tx};
use attune_web::Shell;
use attune_web::kit::Choice;
use serde_json::{Map, Number, Value as Json};

use crate::contact::ContactError;

pub use options::{FieldOption, MOST_OPTIONS};
pub(crate) use options::{add_options, unknown_options};
pub use store::{create, find_by_key, list, list_of, put_values, remove_unused};
pub(crate) use value::{decimal, text_of};

/// The most characters a text value may have.
pub const TEXT_CHARS: usize = 2_000;
/// The most characters a record may be meant by.
const REFERENCE_CHARS: usize = 400;

/// What fields and tags belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A person.
    #[default]
    Contact,
    /// An organisation.
    Company,
}

/// A list that is arranged like the other: of contacts or of companies.
pub(crate) trait List: Send + Sync + 'static {
    /// What it lists.
    const OF: Subject;
}

/// The list of contacts.
pub(crate) struct Contacts;

impl List for Contacts {
    const OF: Subject = Subject::Contact;
}

/// The list of companies.
pub(crate) struct Companies;

impl List for Companies {
    const OF: Subject = Subject::Company;
}

impl Subject {
    /// Both, in menu order.
    pub const ALL: [Self; 2] = [Self::Contact, Self::Company];

    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Company => "company",
        }
    }

    /// The subject of a word; contacts when it is unknown.
    pub fn of(word: &str) -> Self {
        if word == Self::Company.word() { Self::Company } else { Self::Contact }
    }

    /// The address of the list of them.
    pub(crate) fn home(self) -> &'static str {
        match self {
            Self::Contact => "/contacts",
            Self::Company => "/companies",
        }
    }

    /// Both, for forms that ask which.
    pub(crate) fn choices(shell: &Shell) -> Vec<Choice> {
        Self::ALL.iter().map(|subject| Choice::new(subject.word(), shell.l.t(subject.label_key()))).collect()
    }

    /// The locale key of what several are called.
    pub(crate) fn label_key(self) -> &'static str {
        match self {
            Self::Contact => "identify-contacts",
            Self::Company => "identify-companies",
        }
    }
}

/// The type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// An amount in the field's currency: `1200.50 EUR` in JSON, minor units in the table.
    Money,
    /// A day, `2026-11-20` in JSON, µs UTC of its start in the table.
    Date,
    /// Yes or no.
    Bool,
    /// One of the field's options, by its key.
    Choice,
    /// Several of the field's options, by their keys, in the options' order.
    Choices,
    /// Another person, by their id.
    Contact,
    /// An organisation, by its id.
    Company,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its id.
    pub id: i64,
    /// What has it.
    pub subject: Subject,
    /// The key used in rules, templates and imports.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// The type of its values.
    pub kind: FieldKind,
    /// ISO 4217 code of a money field.
    pub currency: Option<String>,
    /// The options of a choice, in menu order.
    pub options: Vec<FieldOption>,
    /// The import that made it.
    pub import_id: Option<i64>,
}

/// A value as the typed tables hold it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Typed {
    Text(String),
    Number(f64),
    Choices(Vec<String>),
    /// The record referred to.
    Reference(i64),
}

/// A field to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDraft {
    /// What will have it.
    pub subject: Subject,
    /// The key used in rules, templates and imports.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// The type of its values.
    pub kind: FieldKind,
    /// ISO 4217 code of a money field.
    pub currency: Option<String>,
    /// The options of a choice.
    pub options: Vec<FieldOption>,
}

impl FieldDraft {
    /// A field of contacts of a kind that needs neither currency nor options.
    pub fn plain(key: &str, label: &str, kind: FieldKind) -> Self {
        Self { subject: Subject::Contact, key: key.to_owned(), label: label.to_owned(), kind, currency: None, options: Vec::new() }
    }
}

impl Field {
    /// A field as its draft describes it, before it is stored.
    pub(crate) fn of_draft(draft: FieldDraft) -> Self {
        let FieldDraft { subject, key, label, kind, currency, options } = draft;
        Self { id: 0, subject, key, label, kind, currency, options, import_id: None }
    }
}

impl FieldKind {
    /// Every kind, in menu order.
    pub const ALL: [Self; 9] =
        [Self::Text, Self::Number, Self::Money, Self::Date, Self::Bool, Self::Choice, Self::Choices, Self::Contact, Self::Company];

    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Money => "money",
            Self::Date => "date",
            Self::Bool => "bool",
            Self::Choice => "choice",
            Self::Choices => "choices",
            Self::Contact => "contact",
            Self::Company => "company",
        }
    }

    /// The kind of a word; text when it is unknown.
    pub fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(Self::Text)
    }

    /// The locale key of its name.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Text => "identify-kind-text",
            Self::Number => "identify-kind-number",
            Self::Money => "identify-kind-money",
            Self::Date => "identify-kind-date",
            Self::Bool => "identify-kind-bool",
            Self::Choice => "identify-kind-choice",
            Self::Choices => "identify-kind-choices",
            Self::Contact => "identify-kind-contact",
            Self::Company => "identify-kind-company",
        }
    }

    /// The locale key that says what is wrong with a value of this kind.
    pub fn wrong_key(self) -> &'static str {
        match self {
            Self::Text => "identify-too-long",
            Self::Number => "web-not-a-number",
            Self::Money => "field-not-money",
            Self::Date => "web-not-a-date",
            Self::Bool => "web-not-a-choice",
            Self::Choice | Self::Choices => "field-no-such-option",
            Self::Contact | Self::Company => "field-reference-unknown",
        }
    }

    /// Whether its values stand at the right edge of a column.
    pub(crate) fn is_amount(self) -> bool {
        matches!(self, Self::Number | Self::Money)
    }

    /// Whether its values are among options.
    pub fn has_options(self) -> bool {
        matches!(self, Self::Choice | Self::Choices)
    }

    /// What its values refer to, if they refer to records.
    pub(crate) fn target(self) -> Option<Subject> {
        match self {
            Self::Contact => Some(Subject::Contact),
            Self::Company => Some(Subject::Company),
            _ => None,
        }
    }

    /// Reads a value of a kind that needs no field to be understood, as typed or as it stands in a file; `None` when it does not fit. Which record
    /// somebody means is found out by [`reference::settle`].
    pub fn read(self, text: &str) -> Option<Json> {
        let text = text.trim();
        match self {
            Self::Text => (!text.is_empty() && text.chars().count() <= TEXT_CHARS).then(|| Json::from(text)),
            Self::Number => read_number(text),
            Self::Date => read_date(text).map(|date| Json::from(date.to_string())),
            Self::Bool => match text.to_lowercase().as_str() {
                "true" | "yes" | "y" | "1" | "on" | "是" => Some(Json::Bool(true)),
                "false" | "no" | "n" | "0" | "off" | "否" => Some(Json::Bool(false)),
                _ => None,
            },
            Self::Contact | Self::Company => (!text.is_empty() && text.chars().count() <= REFERENCE_CHARS).then(|| Json::from(text)),
            Self::Money | Self::Choice | Self::Choices => None,
        }
    }
}

fn read_number(text: &str) -> Option<Json> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '_')).collect();
    let grouped = plain.contains(',') && plain.split(',').skip(1).all(|part| part.split('.').next().is_some_and(|d| d.len() == 3));
    let plain = if grouped { plain.replace(',', "") } else { plain };
    if let Ok(whole) = plain.parse::<i64>() {
        return Some(Json::from(whole));
    }
    let starts_well = plain.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    plain.parse::<f64>().ok().filter(|_| starts_well).and_then(Number::from_f64).map(Json::Number)
}

/// Reads `2026-11-20`, `2026/11/20`, `20.11.2026`, `20261120` and `2026年11月20日`, with or without a time behind a space or `T`.
pub fn read_date(text: &str) -> Option<jiff::civil::Date> {
    let day = text.split([' ', 'T']).next().unwrap_or("");
    if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) {
        let part = |range: std::ops::Range<usize>| day.get(range).and_then(|d| d.parse::<i16>().ok());
        return jiff::civil::Date::new(part(0..4)?, i8::try_from(part(4..6)?).ok()?, i8::try_from(part(6..8)?).ok()?).ok();
    }
    let parts: Vec<i16> = day.trim_end_matches('日').split(['-', '/', '.', '年', '月']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let small = |n: i16| i8::try_from(n).ok();
    match parts.as_slice() {
        [year, month, day] if *year >= 1000 => jiff::civil::Date::new(*year, small(*month)?, small(*day)?).ok(),
        [day, month, year] if *year >= 1000 && text.contains('.') => jiff::civil::Date::new(*year, small(*month)?, small(*day)?).ok(),
        _ => None,
    }
}

/// The key of a field called `label`: lower case, words joined by `_`; other scripts keep their characters.
pub fn key_of(label: &str) -> String {
    let mut key = String::new();
    for c in label.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            key.push(c);
        } else if !key.is_empty() && !key.ends_with('_') {
            key.push('_');
        }
    }
    let key: String = key.trim_matches('_').chars().take(60).collect();
    if key.is_empty() { "field".to_owned() } else { key }
}

/// The value of a field in words: dates and numbers in the reader's form.
pub fn shown(l: &attune_web::Lang, value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(true) => l.t("identify-yes").to_string(),
        Json::Bool(false) => l.t("identify-no").to_string(),
        Json::Number(n) => {
            n.as_i64().map_or_else(|| n.as_f64().map_or_else(String::new, |f| l.decimal(f, 4).to_string()), |i| i.to_string())
        }
        Json::String(text) => text.clone(),
        // Whom a field names, as a reader sees them.
        Json::Object(_) => reference::in_words(l, value),
        other => other.to_string(),
    }
}

/// The values a program gives by key, typed; [`ContactError::Invalid`] (`fields.<key>`) with the first that does not fit.
pub(crate) fn given(defs: &[Field], values: Map<String, Json>) -> Result<Map<String, Json>, ContactError> {
    let mut typed = Map::new();
    for (key, value) in values {
        let wrong = |why: &'static str| ContactError::Invalid { attribute: format!("fields.{key}"), key: why };
        let def = defs.iter().find(|def| def.key == key).ok_or_else(|| wrong("web-not-a-choice"))?;
        let text = text_of(&value);
        if !text.is_empty() {
            let value = def.read(&text).map_err(wrong)?;
            typed.insert(key, value);
        }
    }
    Ok(typed)
}

/// The field of this draft's key, made when it is missing.
pub(crate) async fn find_or_create(
    tx: &mut Tx,
    by: &crate::contact::By<'_>,
    draft: &FieldDraft,
    import_id: Option<i64>,
) -> Result<Field, DbError> {
    match find_by_key(tx, draft.subject, &draft.key).await? {
        Some(field) => Ok(field),
        None => create(tx, by, draft, import_id).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_kind() {
        assert_eq!(FieldKind::Number.read("1,234.5"), Some(Json::from(1234.5)));
        assert_eq!(FieldKind::Number.read("12 408"), Some(Json::from(12408)));
        assert_eq!(FieldKind::Number.read("1,2"), None);
        assert_eq!(FieldKind::Number.read("nan"), None);
        assert_eq!(FieldKind::Date.read("20.11.2026"), Some(Json::from("2026-11-20")));
        assert_eq!(FieldKind::Date.read("19970131"), Some(Json::from("1997-01-31")));
        assert_eq!(FieldKind::Date.read("2026年11月20日"), Some(Json::from("2026-11-20")));
        assert_eq!(FieldKind::Date.read("2026-13-01"), None);
        assert_eq!(FieldKind::Bool.read("No"), Some(Json::Bool(false)));
    }

    #[test]
    fn labels_become_keys() {
        assert_eq!(key_of("Total Time Spent on Website"), "total_time_spent_on_website");
        assert_eq!(key_of("客户 等级"), "客户_等级");
        assert_eq!(key_of("??"), "field");
    }
}
