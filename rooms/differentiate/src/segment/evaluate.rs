//! A rule applied to the facts of one contact: whether it holds, and until when that is certain.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use attune_db::Value;
use attune_kernel::{DAY_US, Decay};

use super::bind::{Bound, Source, hears};
use super::rule::{Cmp, Count, EventCondition, ScoreName, Test, Window};

/// Something a contact did, as far as conditions ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// The event's name.
    pub name: String,
    /// What it was about.
    pub subject: Option<String>,
    /// How much.
    pub amount: Option<i64>,
    /// When, µs.
    pub at: i64,
}

/// What is known of one contact.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Whether the contact exists; nobody else belongs anywhere.
    pub exists: bool,
    /// Columns of the contact.
    pub columns: HashMap<&'static str, Value>,
    /// Values kept beside the contact or of its company, by source; a missing one is unknown.
    pub values: HashMap<Source, Value>,
    /// What a contact may have several of, by source; nothing known is not there.
    pub sets: HashMap<Source, BTreeSet<String>>,
    /// Of the records rules name, those that became part of another, and of which.
    pub today: Arc<HashMap<String, String>>,
    /// The decayed score in closed form.
    pub engagement_k: Option<f64>,
    /// The fit score.
    pub fit: i64,
    /// What happened, in any order.
    pub happenings: Vec<Happening>,
    /// The segments the contact is in, among those asked for.
    pub segments: HashSet<i64>,
}

impl Facts {
    /// Adds what is known of a source.
    pub(super) fn keep(&mut self, source: Source, value: Value) {
        match value {
            Value::Text(text) if source.is_several() => _ = self.sets.entry(source).or_default().insert(text),
            Value::Int(id) if source.is_several() => _ = self.sets.entry(source).or_default().insert(id.to_string()),
            value => _ = self.values.insert(source, value),
        }
    }
}

/// Whether a rule holds, and the first moment at which time alone may change that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// It holds.
    pub holds: bool,
    /// Certain before this moment (µs); for ever when nothing.
    pub valid_until: Option<i64>,
}

impl Truth {
    fn always(holds: bool) -> Self {
        Self { holds, valid_until: None }
    }

    fn until(holds: bool, at: i64) -> Self {
        Self { holds, valid_until: Some(at) }
    }
}

/// Applies `rule` to `facts` as they stand at `now` (µs).
pub fn evaluate(rule: &Bound, facts: &Facts, decay: Decay, now: i64) -> Truth {
    if !facts.exists {
        return Truth::always(false);
    }
    let truth = Evaluator { facts, decay, now }.of(rule);
    // A moment that is not ahead would make its timer due again and again.
    Truth { holds: truth.holds, valid_until: truth.valid_until.map(|at| at.max(now + 1_000)) }
}

struct Evaluator<'a> {
    facts: &'a Facts,
    decay: Decay,
    now: i64,
}

impl Evaluator<'_> {
    fn of(&self, rule: &Bound) -> Truth {
        match rule {
            Bound::All(members) => self.all(members),
            Bound::Any(members) => self.any(members),
            Bound::None(members) => {
                let any = self.any(members);
                Truth { holds: !any.holds, ..any }
            }
            Bound::Field(source, test) => self.field(*source, test),
            Bound::Score(ScoreName::Engagement, cmp, points) => self.engagement(*cmp, *points),
            Bound::Score(ScoreName::Fit, cmp, points) => Truth::always(cmp.holds(self.facts.fit as f64, *points as f64)),
            Bound::Event(event) => self.event(event),
            Bound::Segment(id) => Truth::always(self.facts.segments.contains(id)),
        }
    }

    fn all(&self, members: &[Bound]) -> Truth {
        self.group(members, true)
    }

    fn any(&self, members: &[Bound]) -> Truth {
        self.group(members, false)
    }

    /// `neutral` is the answer no member decides alone. Once decided it stays so as long as one of the deciding members does; while
    /// undecided, every member has to stay as it is.
    fn group(&self, members: &[Bound], neutral: bool) -> Truth {
        let (mut first, mut last, mut decided) = (None, None, false);
        for truth in members.iter().map(|member| self.of(member)) {
            if truth.holds != neutral {
                // Who decides for ever leaves the others nothing to say.
                let Some(at) = truth.valid_until else { return Truth::always(!neutral) };
                (last, decided) = (last.max(Some(at)), true);
            }
            first = first.into_iter().chain(truth.valid_until).min();
        }
        if decided { Truth { holds: !neutral, valid_until: last } } else { Truth { holds: neutral, valid_until: first } }
    }

    fn engagement(&self, cmp: Cmp, points: i64) -> Truth {
        match cmp {
            Cmp::Ge => self.has_points(points),
            Cmp::Gt => self.has_points(points.saturating_add(1)),
            Cmp::Lt => not(self.has_points(points)),
            Cmp::Le => not(self.has_points(points.saturating_add(1))),
            Cmp::Eq | Cmp::Ne => {
                let (least, more) = (self.has_points(points), self.has_points(points.saturating_add(1)));
                let holds = (least.holds && !more.holds) == (cmp == Cmp::Eq);
                Truth { holds, valid_until: [least.valid_until, more.valid_until].into_iter().flatten().min() }
            }
        }
    }

    fn has_points(&self, points: i64) -> Truth {
        let Some(least) = super::compile::least_k(self.decay, points, self.now) else { return Truth::always(true) };
        match self.facts.engagement_k {
            Some(k) if k >= least => Truth { holds: true, valid_until: self.decay.crossing(k, points as f64 - 0.5) },
            _ => Truth::always(false),
        }
    }

    fn event(&self, event: &EventCondition) -> Truth {
        let after = match event.window {
            Window::Within(span) => self.now - span.0,
            _ => i64::MIN,
        };
        let fits = |happening: &&Happening| {
            happening.name == event.name
                && happening.at > after
                && hears(event, happening.subject.as_deref(), happening.amount)
                && match event.window {
                    Window::Between(first, last) => happening.at >= first.0 && happening.at < last.0 + DAY_US,
                    _ => true,
                }
        };
        let mut times: Vec<i64> = self.facts.happenings.iter().filter(fits).map(|happening| happening.at).collect();
        let n = i64::try_from(times.len()).unwrap_or(i64::MAX);
        let holds = event.count.holds(n);
        let Window::Within(span) = event.window else { return Truth::always(holds) };
        // Silence only lowers the number; what matters is when it falls below the next limit.
        let falls_below = match event.count {
            Count::AtLeast(limit) => limit,
            Count::AtMost(limit) => limit + 1,
            Count::Exactly(limit) if n > limit => limit + 1,
            Count::Exactly(limit) => limit,
        };
        if falls_below <= 0 || n < falls_below {
            return Truth::always(holds);
        }
        times.sort_unstable_by(|a, b| b.cmp(a));
        let leaves = usize::try_from(falls_below - 1).ok().and_then(|index| times.get(index));
        leaves.map_or(Truth::always(holds), |at| Truth::until(holds, at + span.0))
    }

    /// A test on a set: one of several is enough to be in, and every one counts for being in none.
    fn set(&self, source: Source, test: &Test) -> Truth {
        let none = BTreeSet::new();
        let set = self.facts.sets.get(&source).unwrap_or(&none);
        Truth::always(match test {
            Test::In(texts) => texts.iter().any(|text| set.contains(self.today(source, text))),
            Test::NotIn(texts) => !texts.iter().any(|text| set.contains(self.today(source, text))),
            Test::Known => !set.is_empty(),
            Test::Unknown => set.is_empty(),
            _ => false,
        })
    }

    fn field(&self, source: Source, test: &Test) -> Truth {
        if source.is_several() {
            return self.set(source, test);
        }
        let kept = match source {
            Source::Column { column, .. } | Source::Reference { column } => self.facts.columns.get(column),
            aside => self.facts.values.get(&aside),
        };
        let value = kept.filter(|value| **value != Value::Null);
        let Some(value) = value else { return Truth::always(matches!(test, Test::Unknown | Test::NotIn(_) | Test::Is(false))) };
        match (test, value) {
            (Test::Known, _) => Truth::always(true),
            (Test::In(texts), Value::Int(id)) => Truth::always(texts.iter().any(|text| *self.today(source, text) == id.to_string())),
            (Test::NotIn(texts), Value::Int(id)) => Truth::always(!texts.iter().any(|text| *self.today(source, text) == id.to_string())),
            (Test::In(texts), Value::Text(text)) => Truth::always(texts.contains(text)),
            (Test::NotIn(texts), Value::Text(text)) => Truth::always(!texts.contains(text)),
            (Test::Contains(part), Value::Text(text)) => Truth::always(text.contains(part.as_str())),
            (Test::Starts(part), Value::Text(text)) => Truth::always(text.starts_with(part.as_str())),
            (Test::Number(cmp, n), value) => Truth::always(number(value).is_some_and(|value| cmp.holds(value, *n))),
            (Test::Is(yes), value) => Truth::always(number(value).is_some_and(|value| (value != 0.0) == *yes)),
            (test, value) => number(value).map_or(Truth::always(false), |at| self.moment(test, at as i64)),
        }
    }

    /// What a text in a rule means today: of a record that became part of another, that one.
    fn today<'t>(&'t self, source: Source, text: &'t String) -> &'t String {
        if source.names_records() { self.facts.today.get(text).unwrap_or(text) } else { text }
    }

    fn moment(&self, test: &Test, at: i64) -> Truth {
        let now = self.now;
        match test {
            Test::Before(day) => Truth::always(at < day.0),
            Test::Since(day) => Truth::always(at >= day.0),
            Test::Within(_) if at > now => Truth::until(false, at),
            Test::Within(span) if at > now - span.0 => Truth::until(true, at + span.0),
            Test::OlderThan(span) if at > now - span.0 => Truth::until(false, at + span.0),
            Test::OlderThan(_) => Truth::always(true),
            Test::Next(span) if at > now + span.0 => Truth::until(false, at - span.0),
            Test::Next(_) if at > now => Truth::until(true, at),
            _ => Truth::always(false),
        }
    }
}

fn not(truth: Truth) -> Truth {
    Truth { holds: !truth.holds, ..truth }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(*n as f64),
        Value::Real(n) => Some(*n),
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        Value::Null | Value::Text(_) => None,
    }
}
