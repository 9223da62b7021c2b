//! Two records of one kind laid side by side: what the page shows of contacts and of companies.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use attune_web::{Lang, Shell, Sight};
use serde::Deserialize;

use super::record::Mergeable;
use super::units;
use crate::contact;
use crate::duplicate::{Known, Reason, Twin, pair_address};
use crate::field::{self, Field, Subject};

/// How the page speaks of a kind of record: locale keys, and where it posts and leads back to.
pub(crate) struct Speech {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) follows: &'static str,
    /// Where it leads back to: address and locale key.
    pub(crate) home: (&'static str, &'static str),
    pub(crate) action: &'static str,
}

/// One of the two.
pub(crate) struct Side {
    pub(crate) id: i64,
    /// The id as shown.
    pub(crate) shown_id: String,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) created_at: i64,
    /// How much there is of it, said.
    pub(crate) amount: String,
}

/// An attribute in which the two differ.
pub(crate) struct Line {
    unit: String,
    label: String,
    own: String,
    other: String,
    takes_other: bool,
    /// There is no choice: it names somebody the reader does not see.
    is_closed: bool,
}

/// What speaks for the two being one, and where to say that they are not.
pub(crate) struct Evidence {
    pub(crate) share: String,
    pub(crate) reasons: Vec<Reason>,
    /// Where that is said, and how; empty where it is said already.
    pub(crate) apart: String,
    pub(crate) apart_label: &'static str,
    /// Where two people are said to be one household.
    pub(crate) family: Option<String>,
}

impl Evidence {
    /// What is known of the pair.
    pub(crate) fn new<T: Twin>(l: &Lang, known: &Known, pair: (i64, i64)) -> Self {
        let apart = if known.is_apart { String::new() } else { pair_address::<T>("apart", pair) };
        let family = (T::OF == Subject::Contact && !known.is_apart).then(|| pair_address::<T>("family", pair));
        Self { share: known.share(l), reasons: known.reasons::<T>(l), apart, apart_label: T::SPEECH.apart, family }
    }
}

#[derive(Template)]
#[template(path = "merge/page.html")]
pub(crate) struct MergePage {
    pub(crate) shell: Shell,
    pub(crate) speech: &'static Speech,
    pub(crate) survivor: Side,
    pub(crate) loser: Side,
    pub(crate) lines: Vec<Line>,
    pub(crate) shared: Vec<(String, String)>,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) swap: String,
}

impl MergePage {
    fn sides(&self) -> [&Side; 2] {
        [&self.survivor, &self.loser]
    }
}

/// How attributes are told to people; `names` says those that are ids, or words of a closed set.
pub(crate) struct Words<'a, R> {
    pub(crate) l: &'a Lang,
    pub(crate) sight: Sight,
    pub(crate) fields: Vec<Field>,
    pub(crate) names: &'a dyn Fn(&R, &str) -> Option<String>,
}

impl<R: Mergeable> Words<'_, R> {
    fn custom(&self, unit: &str) -> Option<&Field> {
        unit.strip_prefix("f:").and_then(|key| self.fields.iter().find(|field| field.key == key))
    }

    fn label(&self, unit: &str) -> String {
        self.custom(unit).map_or_else(|| contact::attribute_name_of(R::SUBJECT, self.l, unit), |field| field.label.clone())
    }

    /// The value, or the word for none.
    fn choice(&self, record: &R, unit: &str) -> String {
        Some(self.value(record, unit)).filter(|value| !value.is_empty()).unwrap_or_else(|| self.l.t("merge-nothing").to_string())
    }

    fn value(&self, record: &R, unit: &str) -> String {
        if let Some(name) = (self.names)(record, unit) {
            return name;
        }
        let value = units::value(record, unit, &self.sight);
        self.custom(unit).map_or_else(|| field::shown(self.l, &value), |field| field.shown(self.l, &value))
    }

    /// A choice for each of these units.
    pub(crate) fn lines(
        &self,
        both: (&R, &R),
        differing: Vec<String>,
        suggested: &BTreeSet<String>,
        closed: &BTreeSet<String>,
    ) -> Vec<Line> {
        let line = |unit: String| Line {
            label: self.label(&unit),
            own: self.choice(both.0, &unit),
            other: self.choice(both.1, &unit),
            takes_other: suggested.contains(&unit),
            is_closed: closed.contains(&unit),
            unit,
        };
        differing.into_iter().map(line).collect()
    }

    /// What both say, by its label.
    pub(crate) fn shared(&self, record: &R, units: &[String]) -> Vec<(String, String)> {
        units.iter().map(|unit| (self.label(unit), self.value(record, unit))).filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// Which two, as the address says; `I` is the kind of id.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct PairQuery<I> {
    pub(crate) survivor: I,
    pub(crate) loser: I,
}

/// What was chosen: `survivor`, `loser`, and per attribute in which they differ `take:<unit>` with whose value stays.
#[derive(Debug, Deserialize)]
pub(crate) struct MergeForm<I> {
    pub(crate) survivor: I,
    pub(crate) loser: I,
    #[serde(flatten)]
    entries: HashMap<String, String>,
}

impl<I> MergeForm<I> {
    /// The units that are taken over from the other.
    pub(crate) fn chosen(&self) -> BTreeSet<String> {
        let others = self.entries.iter().filter(|(_, whose)| *whose == "other");
        others.filter_map(|(name, _)| name.strip_prefix("take:").map(str::to_owned)).collect()
    }
}
