//! Duplicates: who is likely the same person and which companies are likely one, with the evidence; found by a search over all of them and
//! while a new one is typed in.
//!
//! Guards that nothing merges by itself, that nobody sees a pair of which one is beyond his reach, and that a pair told apart stays so.

mod check;
mod check_company;
mod columns;
mod companies;
#[cfg(test)]
mod company_tests;
mod contacts;
pub(crate) mod jobs;
mod learned;
mod names;
mod namesakes;
pub(crate) mod pages;
mod store;
#[cfg(test)]
mod tests;
mod twin;
pub(crate) mod warning;

use attune_duplicate::{Evidence, Level};
use attune_web::Lang;

pub(crate) use check::{Typed, likely};
pub(crate) use check_company::{TypedFirm, likely_firms};
pub(crate) use learned::Models;
pub(crate) use store::{find_known, list_of};
pub(crate) use twin::{Asker, Twin, pair_address};

use crate::contact;
use crate::field::Subject;

/// A pair as the search or somebody left it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// That both are the same person, from 0 to 1.
    pub(crate) probability: f64,
    /// Column by column.
    pub(crate) evidence: Vec<Evidence>,
    /// Whether somebody told the two apart.
    pub(crate) is_apart: bool,
}

/// A line of evidence in words.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    /// The tone of its badge.
    pub(crate) tone: &'static str,
    /// `E-mail: the same`.
    pub(crate) text: String,
}

/// Evidence below this many bits says next to nothing.
const FAINT_BITS: f64 = 0.5;
/// No likeness is told as a certainty.
const MOST_LIKELY: f64 = 0.99;

impl Known {
    /// The probability as pages tell it.
    pub(crate) fn share(&self, l: &Lang) -> String {
        l.percent(self.probability.min(MOST_LIKELY)).to_string()
    }

    /// What speaks for and against, the weightiest first.
    pub(crate) fn reasons<T: Twin>(&self, l: &Lang) -> Vec<Reason> {
        reasons(T::OF, l, &self.evidence)
    }
}

fn reasons(of: Subject, l: &Lang, evidence: &[Evidence]) -> Vec<Reason> {
    let mut telling: Vec<&Evidence> = evidence.iter().filter(|line| line.weight.abs() >= FAINT_BITS).collect();
    telling.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    telling.into_iter().map(|line| reason(of, l, line)).collect()
}

fn reason(of: Subject, l: &Lang, line: &Evidence) -> Reason {
    let key = match line.level {
        Level::Same => "duplicate-level-same",
        Level::Close => "duplicate-level-close",
        Level::Part => "duplicate-level-part",
        Level::Elsewhere => "duplicate-level-elsewhere",
        Level::Similar | Level::Faint => "duplicate-level-similar",
        Level::Different | Level::Missing => "duplicate-level-different",
    };
    let tone = if line.weight > 0.0 { "good" } else { "bad" };
    let name = contact::attribute_name_of(of, l, &line.column);
    Reason { tone, text: l.of("duplicate-reason").s("name", name).s("level", l.t(key)).to_string() }
}
