//! What was learned of a table, and the verdict on two of its records.
//!
//! The weight of evidence is that of Fellegi & Sunter (1969): the binary logarithm of how much likelier a finding is between two records
//! of the same one (m) than between records of two (u). Agreement on a rare value weighs more (Winkler 1989). Columns that repeat one
//! another, as suburb and postcode do, are each weighed given the column they follow (a tree after Chow & Liu 1968).
//!
//! Records of two need not be strangers: families share address, surname and phone, colleagues their company. Related pairs are a third
//! class (Larsen & Rubin 2001), alike in what is shared and strangers in what is personal.

use serde::{Deserialize, Serialize};

use super::blocking;
use super::column::Columns;
use super::comparison::{Agreement, Level, compare};
use super::frequency::Frequencies;
use super::record::Record;

/// Chances of the levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PerLevel([f64; 7]);

impl PerLevel {
    pub(crate) const fn new(chances: [f64; 7]) -> Self {
        Self(chances)
    }

    /// Of a missing value: nothing.
    pub(crate) fn get(&self, level: Level) -> f64 {
        self.0.get(level as usize).copied().unwrap_or_default()
    }

    pub(crate) fn add(&mut self, level: Level, amount: f64) {
        if let Some(slot) = self.0.get_mut(level as usize) {
            *slot += amount;
        }
    }

    pub(crate) fn set(&mut self, level: Level, amount: f64) {
        if let Some(slot) = self.0.get_mut(level as usize) {
            *slot = amount;
        }
    }

    /// The same with at most a share `most` that differs, as much that is only similar and half as much that is hardly.
    pub(crate) fn differing_at_most(&self, most: f64) -> Self {
        let bounds = [(Level::Similar, most), (Level::Faint, most / 2.0), (Level::Different, most)];
        let others = self.sum() - bounds.iter().map(|(level, _)| self.get(*level)).sum::<f64>();
        let rest = (1.0 - bounds.iter().map(|(_, bound)| bound).sum::<f64>()).max(0.1);
        let mut chances = *self;
        for (level, bound) in bounds {
            chances.set(level, self.get(level).min(bound / rest * others));
        }
        chances.share(&Self::default(), 0.0)
    }

    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Adds `weight` times another's chances, as of cases seen before (a Dirichlet prior), and makes the sum one.
    pub(crate) fn share(&self, prior: &Self, weight: f64) -> Self {
        let total = self.sum() + weight * prior.sum();
        let mut shares = *self;
        for (slot, prior) in shares.0.iter_mut().zip(prior.0) {
            *slot = (*slot + weight * prior) / total.max(f64::MIN_POSITIVE);
        }
        shares
    }
}

/// Chances by what is known of the column another one follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chances {
    /// It follows none, or that one's value is missing.
    pub(crate) alone: PerLevel,
    /// The other column agrees.
    pub(crate) agreeing: PerLevel,
    /// The other column does not agree.
    pub(crate) differing: PerLevel,
}

impl Chances {
    /// The same chances whatever the other column does.
    pub(crate) fn all(chances: PerLevel) -> Self {
        Self { alone: chances, agreeing: chances, differing: chances }
    }

    fn given(&self, context: Context) -> &PerLevel {
        match context {
            Context::Alone => &self.alone,
            Context::Agreeing => &self.agreeing,
            Context::Differing => &self.differing,
        }
    }

    pub(crate) fn given_mut(&mut self, context: Context) -> &mut PerLevel {
        match context {
            Context::Alone => &mut self.alone,
            Context::Agreeing => &mut self.agreeing,
            Context::Differing => &mut self.differing,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    Alone,
    Agreeing,
    Differing,
}

/// What was learned of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Field {
    /// The column it follows.
    pub(crate) follows: Option<usize>,
    /// Chances between two records of the same one, m.
    pub(crate) same: Chances,
    /// Chances between records of two that are related; those of strangers, if the column is personal.
    pub(crate) related: Chances,
    /// Chances between records of two strangers, u.
    pub(crate) other: Chances,
    /// Whether relatives have this in common no more than strangers.
    pub(crate) personal: bool,
    /// Mean rarity of what agrees by chance, bits.
    pub(crate) usual: PerLevel,
}

/// Most bits by which rarity changes a weight.
const MOST_RARITY: f64 = 8.0;

impl Field {
    pub(crate) fn context(&self, found: &[Agreement]) -> Context {
        match self.follows.and_then(|column| found.get(column)).map_or(Level::Missing, |agreement| agreement.level) {
            Level::Missing => Context::Alone,
            level if level.agrees() => Context::Agreeing,
            _ => Context::Differing,
        }
    }

    /// The weight of one finding for two records of the same one against strangers, bits.
    pub(crate) fn weight(&self, agreement: Agreement, context: Context) -> f64 {
        self.against_strangers(&self.same, agreement, context)
    }

    /// The same for relatives against strangers.
    fn related_weight(&self, agreement: Agreement, context: Context) -> f64 {
        if self.personal { 0.0 } else { self.against_strangers(&self.related, agreement, context) }
    }

    fn against_strangers(&self, chances: &Chances, agreement: Agreement, context: Context) -> f64 {
        let level = agreement.level;
        if level == Level::Missing {
            return 0.0;
        }
        let weight = ratio(chances.given(context), self.other.given(context), level);
        let unusual = f64::from(agreement.rarity) - self.usual.get(level);
        let share = match level {
            Level::Same | Level::Elsewhere => 1.0,
            Level::Different => 0.0,
            _ => 0.5,
        };
        let rarity = (share * unusual).clamp(-MOST_RARITY, MOST_RARITY);
        // Who shares an address also shares a rare surname: rarity then proves nothing more.
        weight + if context == Context::Agreeing { rarity.min(0.0) } else { rarity }
    }
}

/// The binary logarithm of the ratio of two chances of a level, never above that of a level that agrees more.
fn ratio(above: &PerLevel, below: &PerLevel, level: Level) -> f64 {
    let own = (above.get(level) / below.get(level).max(f64::MIN_POSITIVE)).log2();
    let better = match level {
        Level::Close | Level::Elsewhere => Level::Same,
        Level::Part | Level::Similar => Level::Close,
        Level::Faint => Level::Similar,
        _ => return own,
    };
    own.min(ratio(above, below, better))
}

/// One line of the evidence for or against two records being of the same one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The name of the column.
    pub column: String,
    /// How far its values agree.
    pub level: Level,
    /// The binary logarithm of its Bayes factor: positive speaks for, negative against, bits.
    pub weight: f64,
}

/// The verdict on two records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The sum of the evidence, bits.
    pub weight: f64,
    /// That both are of the same one, from 0 to 1.
    pub probability: f64,
    /// Column by column, in the order of the table; missing values are left out.
    pub evidence: Vec<Evidence>,
}

/// What was learned of a table. It is stored and serves single records until it is learned anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(crate) columns: Columns,
    pub(crate) frequencies: Frequencies,
    pub(crate) fields: Vec<Field>,
    /// The share of all pairs of records that are of the same one.
    pub(crate) prior: f64,
    /// The share of all pairs of records that are of two who are related.
    pub(crate) related: f64,
    /// Whether it was learned across two tables that are both free of duplicates.
    pub(crate) one_to_one: bool,
}

impl Model {
    /// The columns it was learned of, in order.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Makes a record ready, its values in the order of the model's columns.
    pub fn prepare<V: AsRef<str>>(&self, values: &[V]) -> Record {
        let mut record = Record::read(&self.columns, values);
        self.frequencies.rate(&mut record);
        record
    }

    /// The record's keys: who shares none of them need not be compared with it. Stable numbers as long as the model is the same.
    ///
    /// A key shared by more than [`super::LARGEST_BLOCK`] records is to be left out of a search.
    pub fn blocking_keys(&self, record: &Record) -> Vec<u64> {
        blocking::keys(&self.columns, &self.frequencies, record)
    }

    /// Compares two records; the same whichever comes first.
    pub fn compare(&self, a: &Record, b: &Record) -> Verdict {
        let mut found = Vec::with_capacity(self.columns.len());
        compare(&self.columns, a, b, &mut found);
        let correction = self.relation(&found).log2();
        let weights: Vec<f64> = self.weights(&found).collect();
        // What relatives share counts for less: the correction is taken from those lines.
        let shared = |(field, weight): (&Field, &f64)| if field.personal { 0.0 } else { weight.max(0.0) };
        let shared: Vec<f64> = self.fields.iter().zip(&weights).map(shared).collect();
        let scale = correction / shared.iter().sum::<f64>().max(1e-9);
        let weight = weights.iter().sum::<f64>() - correction;
        let lines = self.columns.iter().zip(&found).zip(weights.iter().zip(&shared));
        let present = lines.filter(|((_, agreement), _)| agreement.level != Level::Missing);
        let evidence = present.map(|((column, agreement), (weight, shared))| Evidence {
            column: column.name.clone(),
            level: agreement.level,
            weight: weight - shared * scale,
        });
        Verdict { weight, probability: self.probability(weight), evidence: evidence.collect() }
    }

    fn weights(&self, found: &[Agreement]) -> impl Iterator<Item = f64> {
        self.fields.iter().zip(found).map(|(field, agreement)| field.weight(*agreement, field.context(found)))
    }

    /// How much likelier a finding is between records of two, some of them related, than between strangers.
    fn relation(&self, found: &[Agreement]) -> f64 {
        let share = (self.related / (1.0 - self.prior)).min(1.0);
        1.0 - share + share * self.relative_odds(found)
    }

    fn relative_odds(&self, found: &[Agreement]) -> f64 {
        let weights = self.fields.iter().zip(found).map(|(field, agreement)| field.related_weight(*agreement, field.context(found)));
        weights.sum::<f64>().exp2()
    }

    /// The chances that two records are of the same one and that they are related.
    pub(crate) fn classify(&self, found: &[Agreement]) -> (f64, f64) {
        let same = self.prior * self.weights(found).sum::<f64>().exp2();
        let related = self.related * self.relative_odds(found);
        let all = same + related + (1.0 - self.prior - self.related);
        (same / all, related / all)
    }

    /// The weight of two records alone; `found` is room to work in.
    pub(crate) fn weigh(&self, a: &Record, b: &Record, found: &mut Vec<Agreement>) -> f64 {
        compare(&self.columns, a, b, found);
        self.weigh_found(found)
    }

    pub(crate) fn weigh_found(&self, found: &[Agreement]) -> f64 {
        self.weights(found).sum::<f64>() - self.relation(found).log2()
    }

    /// The probability a weight of evidence means, by Bayes' rule with the share of pairs that are of the same one.
    pub fn probability(&self, weight: f64) -> f64 {
        1.0 / (1.0 + (-(weight + self.prior_weight())).exp2())
    }

    /// The binary logarithm of the odds before any evidence.
    pub(crate) fn prior_weight(&self) -> f64 {
        (self.prior / (1.0 - self.prior)).log2()
    }

    /// The weight at which the probability is `probability`.
    pub(crate) fn weight_at(&self, probability: f64) -> f64 {
        let probability = probability.clamp(1e-12, 1.0 - 1e-12);
        (probability / (1.0 - probability)).log2() - self.prior_weight()
    }
}
