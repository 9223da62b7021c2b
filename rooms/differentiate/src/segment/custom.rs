//! A field somebody added, as rules see it.

use attune_identify::field::Subject;
use attune_kernel::{Money, fold_key};

use super::bind::Kind;

/// A custom field as rules see it.
#[derive(Clone, Debug)]
pub struct CustomField {
    /// Its id.
    pub id: i64,
    /// Its key; rules write `custom.<key>`, or `company.custom.<key>` for one of the contact's company.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it names contacts or companies; nothing when it names no record.
    pub names: Option<Subject>,
    /// ISO 4217 code of money.
    pub currency: Option<String>,
    /// The options of a choice: key and label.
    pub options: Vec<(String, String)>,
}

impl CustomField {
    /// What one whole unit is kept as.
    pub(super) fn unit(&self) -> f64 {
        self.currency.as_deref().map_or(1.0, |code| f64::from(10_u32.pow(Money::places(code))))
    }

    /// The key of the option with this key or label; the text itself when there is none, which nobody has.
    pub(super) fn option(&self, text: &str) -> String {
        let folded = fold_key(text);
        let by_key = self.options.iter().find(|(key, _)| *key == text.trim());
        let found = by_key.or_else(|| self.options.iter().find(|(_, label)| fold_key(label) == folded));
        found.map_or(folded, |(key, _)| key.clone())
    }

    /// What people call the option meant by `text`.
    pub fn option_label(&self, text: &str) -> String {
        let key = self.option(text);
        self.options.iter().find(|(known, _)| *known == key).map_or_else(|| text.to_owned(), |(_, label)| label.clone())
    }
}
