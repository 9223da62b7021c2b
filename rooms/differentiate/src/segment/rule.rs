//! The tree of conditions that says who belongs: its types, its JSON and its limits.

use std::fmt;
use std::str::FromStr;

use attune_kernel::{DAY_US, HOUR_US, MINUTE_US};
use serde::{Deserialize, Serialize};

/// Groups inside groups, the outermost counted.
pub const MAX_DEPTH: usize = 3;
/// Conditions in one rule.
pub const MAX_CONDITIONS: usize = 50;

/// A group of rules or a single condition. The root of a stored rule is a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Every one of them holds; an empty group holds for everyone.
    All(Vec<Rule>),
    /// At least one of them holds.
    Any(Vec<Rule>),
    /// Not one of them holds.
    None(Vec<Rule>),
    /// A fact about the contact.
    Field(FieldCondition),
    /// The engagement, fit or any other number kept per contact.
    Score(ScoreCondition),
    /// What the contact did, how often and when.
    Event(EventCondition),
    /// Belonging to another segment.
    Segment(SegmentCondition),
}

/// A test on a field of the contact, a custom field or a facet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldCondition {
    /// `city`, `custom.industry`, `facet.contact.has_open_task`.
    pub field: String,
    /// The test.
    pub test: Test,
}

/// How a field is tested. Text is compared without case; times count in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// It is one of these texts.
    In(Vec<String>),
    /// It is none of these texts; an empty field passes.
    NotIn(Vec<String>),
    /// The text occurs in it.
    Contains(String),
    /// It begins with the text.
    Starts(String),
    /// A number compared.
    Number(Cmp, f64),
    /// Earlier than the day's first moment.
    Before(Day),
    /// Not earlier than the day's first moment.
    Since(Day),
    /// In the past, at most so long ago.
    Within(Span),
    /// At least so long ago.
    OlderThan(Span),
    /// In the future, at most so far away.
    Next(Span),
    /// Yes or no.
    Is(bool),
    /// Something is known.
    Known,
    /// Nothing is known.
    Unknown,
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cmp {
    /// `=`
    #[serde(rename = "=")]
    Eq,
    /// `!=`
    #[serde(rename = "!=")]
    Ne,
    /// `<`
    #[serde(rename = "<")]
    Lt,
    /// `<=`
    #[serde(rename = "<=")]
    Le,
    /// `>`
    #[serde(rename = ">")]
    Gt,
    /// `>=`
    #[serde(rename = ">=")]
    Ge,
}

impl Cmp {
    /// Every comparison, in the order menus show them.
    pub const ALL: [Self; 6] = [Self::Ge, Self::Gt, Self::Le, Self::Lt, Self::Eq, Self::Ne];

    /// The sign, in rules as in SQL (`!=` is `<>` there).
    pub fn sign(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// Reads a sign.
    pub fn of(sign: &str) -> Option<Self> {
        match sign {
            "=" | "==" => Some(Self::Eq),
            "!=" | "<>" => Some(Self::Ne),
            _ => Self::ALL.into_iter().find(|cmp| cmp.sign() == sign),
        }
    }

    /// Whether `a` compares to `b` as said.
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Lt => a < b,
            Self::Le => a <= b,
            Self::Gt => a > b,
            Self::Ge => a >= b,
        }
    }
}

/// Which score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreName {
    /// What they do, faded to the present moment and rounded to whole points as shown.
    Engagement,
    /// Who they are, 0 to 100.
    Fit,
}

impl ScoreName {
    /// The word in rules.
    pub fn word(self) -> &'static str {
        match self {
            Self::Engagement => "score",
            Self::Fit => "fit",
        }
    }
}

/// A score compared with whole points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreCondition {
    /// Which score.
    pub score: ScoreName,
    /// The comparison.
    pub cmp: Cmp,
    /// Points.
    pub points: i64,
}

/// How often something happened within a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventCondition {
    /// `noun.past_tense`.
    pub name: String,
    /// What it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// At least this amount, in the unit of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_amount: Option<i64>,
    /// How often.
    pub count: Count,
    /// When.
    pub window: Window,
}

/// A test on what an event was about; case counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Exactly this.
    Equals(String),
    /// It begins with this.
    Starts(String),
    /// This occurs in it.
    Contains(String),
}

impl Subject {
    /// Whether `subject` passes; an event about nothing never does.
    pub fn matches(&self, subject: Option<&str>) -> bool {
        let Some(subject) = subject else { return false };
        match self {
            Self::Equals(text) => subject == text,
            Self::Starts(text) => subject.starts_with(text.as_str()),
            Self::Contains(text) => subject.contains(text.as_str()),
        }
    }

    /// The text that is looked for.
    pub fn text(&self) -> &str {
        match self {
            Self::Equals(text) | Self::Starts(text) | Self::Contains(text) => text,
        }
    }

    /// The word in rules.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::Starts(_) => "starts",
            Self::Contains(_) => "contains",
        }
    }

    /// The test called `word` on `text`.
    pub fn of(word: &str, text: &str) -> Option<Self> {
        match word {
            "equals" => Some(Self::Equals(text.to_owned())),
            "starts" => Some(Self::Starts(text.to_owned())),
            "contains" => Some(Self::Contains(text.to_owned())),
            _ => None,
        }
    }
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// That often or more.
    AtLeast(i64),
    /// That often or less, also never.
    AtMost(i64),
    /// Exactly that often.
    Exactly(i64),
}

impl Count {
    /// Whether `n` times is right.
    pub fn holds(self, n: i64) -> bool {
        match self {
            Self::AtLeast(least) => n >= least,
            Self::AtMost(most) => n <= most,
            Self::Exactly(exact) => n == exact,
        }
    }

    /// The number in it.
    pub fn number(self) -> i64 {
        match self {
            Self::AtLeast(n) | Self::AtMost(n) | Self::Exactly(n) => n,
        }
    }
}

/// When events count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// All of them.
    Ever,
    /// Those not older than this.
    Within(Span),
    /// Those from the first day to the last, both included (UTC).
    Between(Day, Day),
}

/// Belonging to another segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentCondition {
    /// Its id (`seg_…`) or its name.
    pub segment: String,
}

/// A length of time, µs. Written `30d`, `12h`, `90min`, `4w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub i64);

const UNITS: [(&str, i64); 4] = [("w", 7 * DAY_US), ("d", DAY_US), ("h", HOUR_US), ("min", MINUTE_US)];
/// The longest span: a hundred years.
const MAX_SPAN_US: i64 = 36_525 * DAY_US;

impl Span {
    /// So many of a unit (`w`, `d`, `h`, `min`); nothing when it is not positive, too long, or the unit unknown.
    pub fn of(n: i64, unit: &str) -> Option<Self> {
        let (_, us) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        let total = n.checked_mul(us)?;
        (total > 0 && total <= MAX_SPAN_US).then_some(Self(total))
    }

    /// The number and the unit it is written with. Weeks are written as days: `4w` reads back as `28d`.
    pub fn parts(self) -> (i64, &'static str) {
        let unit = UNITS.into_iter().skip(1).find(|(_, us)| self.0 % us == 0);
        unit.map_or((self.0 / MINUTE_US, "min"), |(name, us)| (self.0 / us, name))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = self.parts();
        write!(f, "{n}{unit}")
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (n, unit) = text.split_at(digits);
        let span = n.parse().ok().and_then(|n| Self::of(n, unit));
        span.ok_or_else(|| format!("{text:?} is no time span such as 30d, 12h or 90min"))
    }
}

/// The first moment of a day in UTC, µs. Written `2026-11-20`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_microsecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{}", at.to_zoned(jiff::tz::TimeZone::UTC).date())
    }
}

impl FromStr for Day {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let date: Result<jiff::civil::Date, _> = text.parse();
        let start = date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
        start.map(|at| Self(at.timestamp().as_microsecond())).map_err(|_| format!("{text:?} is no day such as 2026-11-20"))
    }
}

macro_rules! as_text {
    ($($name:ident),+) => {
        $(
            impl Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
                }
            }
        )+
    };
}
as_text!(Span, Day);

impl Rule {
    /// The rule that holds for everyone.
    pub fn everyone() -> Self {
        Self::All(Vec::new())
    }

    /// The members of a group; nothing for a condition.
    pub fn members(&self) -> Option<&[Rule]> {
        match self {
            Self::All(members) | Self::Any(members) | Self::None(members) => Some(members),
            _ => None,
        }
    }

    /// The same rule in its normal form: the root is a group, no group stands alone in a group that means the same.
    #[must_use]
    pub fn normal(self) -> Self {
        match simplify(self) {
            group @ (Self::All(_) | Self::Any(_) | Self::None(_)) => group,
            condition => Self::All(vec![condition]),
        }
    }

    /// Every condition, in reading order.
    pub fn conditions(&self) -> Vec<&Rule> {
        match self.members() {
            Some(members) => members.iter().flat_map(Rule::conditions).collect(),
            None => vec![self],
        }
    }

    /// How many groups lie inside each other.
    pub fn depth(&self) -> usize {
        self.members().map_or(0, |members| 1 + members.iter().map(Rule::depth).max().unwrap_or(0))
    }

    /// Reads a stored rule.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Writes the rule for storage.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn simplify(rule: Rule) -> Rule {
    match rule {
        Rule::All(members) => {
            let mut flat = Vec::new();
            for member in members.into_iter().map(simplify) {
                match member {
                    Rule::All(inner) => flat.extend(inner),
                    other => flat.push(other),
                }
            }
            lone(flat, Rule::All)
        }
        Rule::Any(members) => {
            let mut flat = Vec::new();
            for member in members.into_iter().map(simplify) {
                match member {
                    Rule::Any(inner) => flat.extend(inner),
                    other => flat.push(other),
                }
            }
            if flat.is_empty() { Rule::None(vec![Rule::everyone()]) } else { lone(flat, Rule::Any) }
        }
        Rule::None(members) if members.is_empty() => Rule::everyone(),
        Rule::None(members) => {
            let mut flat = Vec::new();
            for member in members.into_iter().map(simplify) {
                match member {
                    Rule::Any(inner) => flat.extend(inner),
                    other => flat.push(other),
                }
            }
            Rule::None(flat)
        }
        condition => condition,
    }
}

fn lone(mut members: Vec<Rule>, group: fn(Vec<Rule>) -> Rule) -> Rule {
    match (members.len(), members.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            members.push(last);
            group(members)
        }
        (_, None) => group(members),
    }
}
