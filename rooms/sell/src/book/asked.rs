//! A rule as the address of the preview says it: `rule`, and who gets what.

use std::collections::BTreeMap;

use attune_web::kit::with_query;

use super::rules::{Place, Rule};

/// What was chosen, by name: `rule`; `to` for one; `with:<staff>` for a share; `at:<place>` and `grade:<grade>` with the colleague; `rest`.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(pub(super) BTreeMap<String, String>);

/// The ways to choose, in the order of the tabs.
pub(super) const WAYS: [&str; 5] = ["one", "load", "country", "city", "grade"];

impl Asked {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Which of [`WAYS`] is chosen.
    pub(super) fn way(&self) -> &'static str {
        WAYS.into_iter().find(|way| *way == self.get("rule")).unwrap_or("one")
    }

    /// What a territory is, when the way is by territory.
    pub(super) fn place(&self) -> Option<Place> {
        match self.way() {
            "country" => Some(Place::Country),
            "city" => Some(Place::City),
            _ => None,
        }
    }

    /// Whether a preview is asked for, and not the empty form.
    pub(super) fn is_complete(&self) -> bool {
        !self.get("show").is_empty()
    }

    fn id(&self, name: &str) -> i64 {
        self.get(name).parse().unwrap_or(0)
    }

    /// The names behind `prefix` with the colleague chosen for each.
    fn chosen(&self, prefix: &str) -> BTreeMap<String, i64> {
        let named = self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.parse().ok()?)));
        named.collect()
    }

    /// The rule; whether it names colleagues who may get something is not known here.
    pub(super) fn rule(&self) -> Rule {
        match (self.way(), self.place()) {
            (_, Some(by)) => Rule::Territory { by, places: self.chosen("at:"), rest: self.id("rest") },
            ("load", _) => Rule::Load { to: self.0.keys().filter_map(|name| name.strip_prefix("with:")?.parse().ok()).collect() },
            ("grade", _) => Rule::Grade { grades: self.chosen("grade:"), rest: self.id("rest") },
            _ => Rule::One { to: self.id("to") },
        }
    }

    /// The query part of an address with the same choice and `name` set to `value`.
    pub(super) fn query(&self, name: &str, value: &str) -> String {
        let mut query = String::new();
        for (name, value) in &self.0 {
            query = with_query(&query, name, value).trim_start_matches('?').to_owned();
        }
        with_query(&query, name, value)
    }
}
