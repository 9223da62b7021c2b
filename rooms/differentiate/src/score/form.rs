//! The forms of the scoring page: as typed, and checked.

use std::collections::BTreeMap;

use attune_web::FormErrors;
use serde::Deserialize;

use super::rules::{Basis, ScoreRule};
use super::store::FitRule;
use crate::segment::amount::Unit;
use crate::segment::form::Row;
use crate::segment::rule::{Rule, Subject};

/// A score rule as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RuleForm {
    /// The id of the rule that is changed; empty for a new one.
    pub id: String,
    /// The event's name, chosen.
    pub event: String,
    /// The event's name, typed; goes before the chosen one.
    pub own_event: String,
    /// `contains`, `starts` or `equals`; empty for any subject.
    pub subject_test: String,
    /// What the subject is tested for.
    pub subject: String,
    /// The least amount.
    pub min_amount: String,
    /// Points per event.
    pub points: String,
    /// Points a day at most.
    pub daily_cap: String,
    /// Points for the first time.
    pub first_bonus: String,
    /// Whether it counts.
    pub active: String,
}

impl RuleForm {
    /// The form of a rule.
    pub fn of(rule: &ScoreRule) -> Self {
        let number = |n: Option<i64>| n.map_or_else(String::new, |n| n.to_string());
        Self {
            id: rule.id.to_string(),
            event: rule.event.clone(),
            own_event: String::new(),
            subject_test: rule.subject.as_ref().map_or_else(String::new, |subject| subject.word().to_owned()),
            subject: rule.subject.as_ref().map_or_else(String::new, |subject| subject.text().to_owned()),
            min_amount: rule.min_amount.map_or_else(String::new, |amount| Unit::of(&rule.event).typed(amount)),
            points: rule.points.to_string(),
            daily_cap: number(rule.daily_cap),
            first_bonus: if rule.first_bonus == 0 { String::new() } else { rule.first_bonus.to_string() },
            active: if rule.active { "1".to_owned() } else { String::new() },
        }
    }

    /// An empty form for a rule that counts.
    pub fn start() -> Self {
        Self { event: "page.viewed".to_owned(), active: "1".to_owned(), ..Self::default() }
    }

    /// The rule, under the id `id`.
    pub fn check(&self, id: i64) -> Result<ScoreRule, FormErrors> {
        let mut errors = FormErrors::new();
        let event = if self.own_event.trim().is_empty() { &self.event } else { &self.own_event };
        let event = errors.required("event", event, 80);
        let subject = errors.optional("subject", &self.subject, 200);
        let points = errors.number("points", &self.points, -1_000, 1_000);
        let optional = |errors: &mut FormErrors, field: &'static str, text: &str, min: i64, max: i64| {
            if text.trim().is_empty() { None } else { Some(errors.number(field, text, min, max)) }
        };
        let min_amount = self.check_amount(&event, &mut errors);
        let daily_cap = optional(&mut errors, "daily_cap", &self.daily_cap, 1, 10_000);
        let first_bonus = optional(&mut errors, "first_bonus", &self.first_bonus, -1_000, 1_000).unwrap_or(0);
        if points == 0 && first_bonus == 0 && !errors.has("points") {
            errors.add("points", "score-points-zero");
        }
        if points.signum() * first_bonus.signum() < 0 {
            errors.add("first_bonus", "score-bonus-sign");
        }
        let subject =
            subject.and_then(|text| Subject::of(if self.subject_test.is_empty() { "contains" } else { &self.subject_test }, &text));
        errors.or(ScoreRule { id, event, subject, min_amount, points, daily_cap, first_bonus, active: !self.active.is_empty() })
    }
}

/// The largest amount a rule may ask for, in the unit of the log.
const MOST_AMOUNT: i64 = 1_000_000_000_000;

impl RuleForm {
    /// The least amount of `event`, in the unit of the log.
    fn check_amount(&self, event: &str, errors: &mut FormErrors) -> Option<i64> {
        let text = self.min_amount.trim();
        if text.is_empty() {
            return None;
        }
        let amount = Unit::of(event).read(text);
        match amount {
            None => {
                errors.add("min_amount", "web-not-a-number");
            }
            Some(amount) if !(0..=MOST_AMOUNT).contains(&amount) => {
                errors.add("min_amount", "web-out-of-range").n("min", 0).n("max", MOST_AMOUNT);
            }
            Some(_) => {}
        }
        amount
    }
}

/// A fit rule as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FitForm {
    /// The id of the rule that is changed; empty for a new one.
    pub id: String,
    /// The field.
    pub field: String,
    /// The test.
    pub op: String,
    /// What it is tested for.
    pub value: String,
    /// Points when it holds.
    pub fit_points: String,
}

/// The tests a fit rule may make: none of them changes with time.
pub const FIT_OPS: [&str; 12] = ["known", "unknown", "in", "not_in", "contains", "starts", ">=", "<=", "=", "!=", "yes", "no"];

impl FitForm {
    /// The rule, under the id `id`.
    pub fn check(&self, id: i64) -> Result<FitRule, FormErrors> {
        let mut errors = FormErrors::new();
        let points = errors.number("fit_points", &self.fit_points, -100, 100);
        let values = [("w", format!("field:{}", self.field)), ("o", self.op.clone()), ("v", self.value.clone())];
        let row =
            Row { depth: 1, join: String::new(), values: values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<BTreeMap<_, _>>() };
        match row.condition() {
            Ok(Rule::Field(condition)) if FIT_OPS.contains(&self.op.as_str()) => errors.or(FitRule { id, condition, points, active: true }),
            Ok(_) => Err(wrong(errors, "op", "segment-row-choose")),
            Err(key) => Err(wrong(errors, "value", key)),
        }
    }
}

fn wrong(mut errors: FormErrors, field: &'static str, key: &'static str) -> FormErrors {
    errors.add(field, key);
    errors
}

/// Half-life and limits as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct BasisForm {
    /// Days until half is left.
    pub half_life_days: String,
    /// Points of the hot.
    pub hot: String,
    /// Points of the warm.
    pub warm: String,
    /// Fit of those who fit well.
    pub fit_good: String,
    /// Fit of those who fit fairly.
    pub fit_fair: String,
}

impl BasisForm {
    /// The form of the numbers in force.
    pub fn of(basis: &Basis) -> Self {
        Self {
            half_life_days: basis.half_life_days.to_string(),
            hot: basis.hot.to_string(),
            warm: basis.warm.to_string(),
            fit_good: basis.fit_good.to_string(),
            fit_fair: basis.fit_fair.to_string(),
        }
    }

    /// The numbers.
    pub fn check(&self) -> Result<Basis, FormErrors> {
        let mut errors = FormErrors::new();
        let basis = Basis {
            half_life_days: errors.number("half_life_days", &self.half_life_days, 1, 3_650),
            hot: errors.number("hot", &self.hot, 1, 10_000),
            warm: errors.number("warm", &self.warm, 1, 10_000),
            fit_good: errors.number("fit_good", &self.fit_good, 1, 100),
            fit_fair: errors.number("fit_fair", &self.fit_fair, 1, 100),
        };
        if errors.is_empty() && basis.warm >= basis.hot {
            errors.add("warm", "score-warm-below-hot");
        }
        if errors.is_empty() && basis.fit_fair >= basis.fit_good {
            errors.add("fit_fair", "score-fair-below-good");
        }
        errors.or(basis)
    }
}
