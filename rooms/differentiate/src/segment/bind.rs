//! Ties a rule to what exists: fields, facets, events and segments. A bound rule compiles and evaluates without further questions.

use std::collections::HashMap;

use attune_identify::company::domain_key;
use attune_kernel::fold_key;

use super::company::OfCompany;
pub use super::custom::CustomField;
use super::names::Named;
use super::rule::{Cmp, Count, Day, EventCondition, FieldCondition, MAX_CONDITIONS, MAX_DEPTH, Rule, ScoreName, Test, Window};

/// What a field holds, and so which tests fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of few texts.
    Choice,
    /// A number.
    Number,
    /// An amount of money: rules speak of it in whole units, it is kept in minor ones.
    Money,
    /// A moment, µs.
    Date,
    /// Yes or no.
    YesNo,
    /// The id of another record.
    Reference,
}

/// A field every contact has, or every company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactField {
    /// The word in rules.
    pub key: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The column of `v_identify_contact` or `v_identify_company`.
    pub column: &'static str,
    /// Whether the column holds the folded form (trimmed, lower case), which texts are then compared in.
    pub folded: bool,
    /// The values of a choice.
    pub choices: &'static [&'static str],
}

pub(super) const fn field(key: &'static str, kind: Kind, column: &'static str) -> ContactField {
    ContactField { key, kind, column, folded: false, choices: &[] }
}

/// The fields every contact has, in the order menus show them.
pub const CONTACT_FIELDS: &[ContactField] = &[
    ContactField { folded: true, ..field("name", Kind::Text, "name_key") },
    ContactField { folded: true, ..field("email", Kind::Text, "email_key") },
    field("phone", Kind::Text, "phone_key"),
    field("title", Kind::Text, "title"),
    field("city", Kind::Text, "city"),
    field("country", Kind::Text, "country"),
    ContactField { choices: &["visitor", "lead", "mql", "sql", "customer"], ..field("stage", Kind::Choice, "stage") },
    ContactField { choices: &["A", "B", "C"], ..field("grade", Kind::Choice, "grade") },
    field("source", Kind::Text, "source"),
    ContactField { choices: &["en", "zh-CN"], ..field("locale", Kind::Choice, "locale") },
    field("owner", Kind::Reference, "owner_id"),
    field("team", Kind::Reference, "team_id"),
    field("company", Kind::Reference, "company_id"),
    field("created", Kind::Date, "created_at"),
    field("seen", Kind::Date, "last_seen_at"),
];

/// A column of a contact `c` as rules see it: of a company that is deleted nobody is.
pub(super) fn seen(column: &str) -> String {
    match column {
        "company_id" => "(SELECT k.id FROM v_identify_company k WHERE k.id = c.company_id)".to_owned(),
        column => format!("c.{column}"),
    }
}

/// A facet as rules see it.
#[derive(Clone, Debug)]
pub struct FacetField {
    /// Its key; rules write `facet.<key>`.
    pub key: &'static str,
    /// The text that names it.
    pub label_key: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// `SELECT contact_id, value …`, one row per contact, or a row for each value of a choice.
    pub sql: &'static str,
    /// The events after which it may differ.
    pub changed_by: &'static [&'static str],
}

/// A segment as rules see it.
#[derive(Clone, Debug)]
pub struct SegmentName {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// Everything a rule may speak of.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// Custom fields.
    pub custom: Vec<CustomField>,
    /// The own fields of companies; nothing where rules may not ask about companies.
    pub company: Option<Vec<CustomField>>,
    /// Facets of all rooms.
    pub facets: Vec<FacetField>,
    /// Segments that exist.
    pub segments: Vec<SegmentName>,
    /// What those are called whom a rule names, by their ids as shown; only where it was asked for.
    pub names: HashMap<String, String>,
}

impl Vocabulary {
    /// Without what changes for a contact while no event names it: companies, and records that fields name.
    #[must_use]
    pub fn of_person_alone(mut self) -> Self {
        self.company = None;
        self.custom.retain(|field| field.kind != Kind::Reference);
        self
    }

    /// The segment with this id (`seg_…`) or name.
    pub fn segment(&self, text: &str) -> Option<&SegmentName> {
        let by_id = text.parse::<super::SegmentId>().ok();
        let found = self.segments.iter().find(|segment| Some(segment.id) == by_id.map(|id| id.0) && text.starts_with("seg_"));
        found.or_else(|| self.segments.iter().find(|segment| fold_key(&segment.name) == fold_key(text)))
    }

    /// The name of the segment `seg_…`, for texts.
    pub fn segment_name(&self, text: &str) -> Option<String> {
        self.segment(text).map(|segment| segment.name.clone())
    }

    /// The custom field `custom.<key>` or `company.custom.<key>`.
    pub fn custom_field(&self, field: &str) -> Option<&CustomField> {
        let (fields, key) = match field.strip_prefix("company.") {
            Some(of_company) => (self.company.as_ref()?, of_company.strip_prefix("custom.")?),
            None => (&self.custom, field.strip_prefix("custom.")?),
        };
        fields.iter().find(|custom| custom.key.eq_ignore_ascii_case(key))
    }

    /// Where `field` is read from and what it holds.
    pub fn field(&self, field: &str) -> Option<(Source, Kind)> {
        if let Some(key) = field.strip_prefix("company.") {
            let (found, kind) = OfCompany::find(key, self.company.as_ref()?)?;
            return Some((Source::Company(found), kind));
        }
        if field.starts_with("custom.") {
            let found = self.custom_field(field)?;
            let source = match found.kind {
                Kind::Number | Kind::Money | Kind::Date | Kind::YesNo => Source::CustomNumber(found.id),
                Kind::Choice => Source::CustomChoice(found.id),
                Kind::Reference => Source::CustomReference(found.id),
                Kind::Text => Source::CustomText(found.id),
            };
            return Some((source, found.kind));
        }
        if let Some(key) = field.strip_prefix("facet.") {
            let (index, found) = self.facets.iter().enumerate().find(|(_, facet)| facet.key.eq_ignore_ascii_case(key))?;
            return Some((Source::Facet { index, sql: found.sql, several: found.kind == Kind::Choice }, found.kind));
        }
        let found = CONTACT_FIELDS.iter().find(|contact| contact.key == field)?;
        let source = match found.kind {
            Kind::Reference => Source::Reference { column: found.column },
            _ => Source::Column { column: found.column, folded: found.folded },
        };
        Some((source, found.kind))
    }
}

/// Where a field's value is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A column of `v_identify_contact`.
    Column {
        /// The column.
        column: &'static str,
        /// Whether it holds the folded form.
        folded: bool,
    },
    /// A column of `v_identify_contact` that holds another record's id.
    Reference {
        /// The column.
        column: &'static str,
    },
    /// A custom field kept as text, folded.
    CustomText(i64),
    /// A custom field kept as a number (dates as µs, yes as 1, money in minor units).
    CustomNumber(i64),
    /// A custom field kept as the keys of its options, several for one contact.
    CustomChoice(i64),
    /// A custom field that names a record: whom it names today.
    CustomReference(i64),
    /// Something about the contact's company.
    Company(OfCompany),
    /// A facet.
    Facet {
        /// Its place in the vocabulary.
        index: usize,
        /// `SELECT contact_id, value …`.
        sql: &'static str,
        /// Whether a contact may have several values; they are folded.
        several: bool,
    },
}

impl Source {
    /// Whether a contact may have several of it at once; they are kept as a set.
    pub fn is_several(&self) -> bool {
        match self {
            Self::Company(of) => of.is_several(),
            other => matches!(other, Self::CustomChoice(_) | Self::CustomReference(_) | Self::Facet { several: true, .. }),
        }
    }

    /// Whether what is read is a contact or a company, which may have become part of another.
    pub fn names_records(&self) -> bool {
        matches!(self, Self::CustomReference(_) | Self::Company(OfCompany::Named(_)) | Self::Reference { column: "company_id" })
    }
}

/// A rule whose names have been found.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// Every one holds.
    All(Vec<Bound>),
    /// At least one holds.
    Any(Vec<Bound>),
    /// Not one holds.
    None(Vec<Bound>),
    /// A test on a field; texts are folded where the field is.
    Field(Source, Test),
    /// A score.
    Score(ScoreName, Cmp, i64),
    /// Events.
    Event(EventCondition),
    /// Membership of the segment with this id.
    Segment(i64),
}

impl Bound {
    /// Every condition, in reading order.
    pub fn conditions(&self) -> Vec<&Bound> {
        match self {
            Self::All(members) | Self::Any(members) | Self::None(members) => members.iter().flat_map(Bound::conditions).collect(),
            condition => vec![condition],
        }
    }

    /// Whether time alone can change it.
    pub fn ages(&self) -> bool {
        self.conditions().into_iter().any(|condition| match condition {
            Self::Score(ScoreName::Engagement, ..) => true,
            Self::Event(event) => matches!(event.window, Window::Within(_)),
            Self::Field(_, test) => matches!(test, Test::Within(_) | Test::OlderThan(_) | Test::Next(_)),
            _ => false,
        })
    }

    /// A number that tells the own fields it asks for from others; a field made again under the same key is another one.
    pub fn own_fields(&self) -> i64 {
        let own = self.conditions().into_iter().filter_map(|condition| match condition {
            Self::Field(Source::CustomText(id) | Source::CustomNumber(id) | Source::CustomChoice(id) | Source::CustomReference(id), _) => {
                Some(*id)
            }
            Self::Field(Source::Company(of), _) => of.own_field(),
            _ => None,
        });
        let ids: std::collections::BTreeSet<i64> = own.collect();
        ids.into_iter().fold(0_i64, |sum, id| sum.wrapping_mul(31).wrapping_add(id)) & i64::MAX
    }

    /// Whether it asks whom a field names: that changes when something happens to them.
    pub fn asks_for_names(&self) -> bool {
        let names = |source: &Source| matches!(source, Source::CustomReference(_) | Source::Company(OfCompany::Named(_)));
        self.conditions().into_iter().any(|condition| matches!(condition, Self::Field(source, _) if names(source)))
    }

    /// The segments it asks for.
    pub fn segments(&self) -> Vec<i64> {
        self.conditions().into_iter().filter_map(|condition| if let Self::Segment(id) = condition { Some(*id) } else { None }).collect()
    }
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RuleError {
    /// The condition, counted in reading order from 0.
    pub condition: usize,
    /// The text that says it in the reader's language; has the placeholder `what`.
    pub key: &'static str,
    /// What is meant.
    pub what: String,
    /// The same in English.
    pub message: String,
}

/// Ties `rule` to `vocabulary`; the first mistake is answered.
pub fn bind(rule: &Rule, vocabulary: &Vocabulary) -> Result<Bound, RuleError> {
    let wrong = |key, message: &str| Err(RuleError { condition: 0, key, what: String::new(), message: message.to_owned() });
    if rule.depth() > MAX_DEPTH {
        return wrong("rule-error-depth", "groups are nested deeper than three levels");
    }
    if rule.conditions().len() > MAX_CONDITIONS {
        return wrong("rule-error-long", "a rule has at most 50 conditions");
    }
    let mut binder = Binder { vocabulary, condition: 0 };
    binder.bind(rule)
}

struct Binder<'a> {
    vocabulary: &'a Vocabulary,
    condition: usize,
}

impl Binder<'_> {
    fn bind(&mut self, rule: &Rule) -> Result<Bound, RuleError> {
        Ok(match rule {
            Rule::All(members) => Bound::All(self.members(members)?),
            Rule::Any(members) => Bound::Any(self.members(members)?),
            Rule::None(members) => Bound::None(self.members(members)?),
            condition => {
                let bound = self.condition(condition)?;
                self.condition += 1;
                bound
            }
        })
    }

    fn members(&mut self, members: &[Rule]) -> Result<Vec<Bound>, RuleError> {
        members.iter().map(|member| self.bind(member)).collect()
    }

    fn wrong<T>(&self, key: &'static str, what: &str, message: String) -> Result<T, RuleError> {
        Err(RuleError { condition: self.condition, key, what: what.to_owned(), message })
    }

    fn condition(&self, rule: &Rule) -> Result<Bound, RuleError> {
        match rule {
            Rule::Field(condition) => self.field(condition),
            Rule::Score(condition) => Ok(Bound::Score(condition.score, condition.cmp, condition.points)),
            Rule::Event(condition) => self.event(condition),
            Rule::Segment(condition) => match self.vocabulary.segment(&condition.segment) {
                Some(segment) => Ok(Bound::Segment(segment.id)),
                None => self.wrong("rule-error-no-segment", &condition.segment, format!("there is no segment {:?}", condition.segment)),
            },
            Rule::All(_) | Rule::Any(_) | Rule::None(_) => Ok(Bound::All(Vec::new())),
        }
    }

    fn event(&self, condition: &EventCondition) -> Result<Bound, RuleError> {
        if condition.name.trim().is_empty() {
            return self.wrong("rule-error-no-event", "", "an event condition needs the event's name".to_owned());
        }
        if condition.subject.as_ref().is_some_and(|subject| subject.text().is_empty()) {
            return self.wrong("rule-error-empty", &condition.name, format!("the filter of {} is empty", condition.name));
        }
        if let Window::Between(first, last) = condition.window
            && first > last
        {
            return self.wrong("rule-error-backwards", &condition.name, format!("{first} lies after {last}"));
        }
        if !(0..=1_000_000).contains(&condition.count.number()) || condition.count == Count::AtLeast(0) {
            return self.wrong(
                "rule-error-count",
                &condition.name,
                "a count lies between 1 and 1,000,000; “never” is count = 0".to_owned(),
            );
        }
        Ok(Bound::Event(condition.clone()))
    }

    fn field(&self, condition: &FieldCondition) -> Result<Bound, RuleError> {
        let Some((source, kind)) = self.vocabulary.field(&condition.field) else {
            return self.wrong("rule-error-no-field", &condition.field, format!("there is no field {:?}", condition.field));
        };
        if !fits(kind, &condition.test) {
            return self.wrong("rule-error-misfit", &condition.field, format!("this test does not fit the field {:?}", condition.field));
        }
        if is_empty(&condition.test) {
            return self.wrong("rule-error-empty", &condition.field, format!("the value for {:?} is missing", condition.field));
        }
        if kind == Kind::Reference {
            return match self.vocabulary.named_by(&condition.field).and_then(|named| ids(&condition.test, named)) {
                Some(test) => Ok(Bound::Field(source, test)),
                None => self.wrong("rule-error-id", &condition.field, format!("the value for {:?} is not an id", condition.field)),
            };
        }
        if let Some(custom) = self.vocabulary.custom_field(&condition.field) {
            match (kind, &condition.test) {
                (Kind::Money, Test::Number(cmp, n)) => return Ok(Bound::Field(source, Test::Number(*cmp, (n * custom.unit()).round()))),
                (Kind::Choice, test) => return Ok(Bound::Field(source, map_texts(test, &|text| custom.option(text)))),
                _ => {}
            }
        }
        let folded = match source {
            Source::Company(of) => of.is_folded(),
            other => matches!(other, Source::CustomText(_) | Source::Column { folded: true, .. } | Source::Facet { several: true, .. }),
        };
        let test = match condition.field.as_str() {
            "phone" => digits(&condition.test),
            // Kept as it is matched by; what is no whole domain is looked for as it stands.
            "company.domain" => map_texts(&condition.test, &|text| domain_key(text).unwrap_or_else(|| fold_key(text))),
            _ => folded_test(&condition.test, folded),
        };
        Ok(Bound::Field(source, test))
    }
}

/// Whether a test makes sense on such a field.
pub fn fits(kind: Kind, test: &Test) -> bool {
    match test {
        Test::Known | Test::Unknown => true,
        Test::In(_) | Test::NotIn(_) => matches!(kind, Kind::Text | Kind::Choice | Kind::Reference),
        Test::Contains(_) | Test::Starts(_) => kind == Kind::Text,
        Test::Number(..) => matches!(kind, Kind::Number | Kind::Money),
        Test::Before(Day(_)) | Test::Since(Day(_)) | Test::Within(_) | Test::OlderThan(_) | Test::Next(_) => kind == Kind::Date,
        Test::Is(_) => kind == Kind::YesNo,
    }
}

fn is_empty(test: &Test) -> bool {
    match test {
        Test::In(texts) | Test::NotIn(texts) => texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()),
        Test::Contains(text) | Test::Starts(text) => text.trim().is_empty(),
        Test::Number(_, n) => !n.is_finite(),
        _ => false,
    }
}

fn folded_test(test: &Test, folded: bool) -> Test {
    if !folded {
        return test.clone();
    }
    map_texts(test, &fold_key)
}

/// Phone numbers are kept as digits with a leading plus.
fn digits(test: &Test) -> Test {
    map_texts(test, &|text| text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect())
}

/// The id of such a kind in a text: as shown, or behind a name, in brackets. Digits alone, as long as ids are, are one too.
pub(super) fn id_in(named: Named, text: &str) -> Option<i64> {
    let text = text.trim();
    let id = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')).map_or(text, |(_, id)| id.trim());
    if id.len() >= 15 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return id.parse().ok();
    }
    // Names hold underscores, too: only the whole id counts.
    let digits = id.strip_prefix(named.prefix())?.strip_prefix('_')?;
    (digits.len() == 13).then(|| attune_kernel::decode_id(named.prefix(), id).ok())?
}

/// Ids as shown become the numbers the store keeps.
fn ids(test: &Test, named: Named) -> Option<Test> {
    let number = |text: &String| id_in(named, text).map(|id| id.to_string());
    match test {
        Test::In(texts) => texts.iter().map(number).collect::<Option<_>>().map(Test::In),
        Test::NotIn(texts) => texts.iter().map(number).collect::<Option<_>>().map(Test::NotIn),
        other => Some(other.clone()),
    }
}

pub(super) fn map_texts(test: &Test, map: &dyn Fn(&str) -> String) -> Test {
    match test {
        Test::In(texts) => Test::In(texts.iter().map(|text| map(text)).collect()),
        Test::NotIn(texts) => Test::NotIn(texts.iter().map(|text| map(text)).collect()),
        Test::Contains(text) => Test::Contains(map(text)),
        Test::Starts(text) => Test::Starts(map(text)),
        other => other.clone(),
    }
}

/// Whether an event of this kind can change the condition.
pub fn hears(condition: &EventCondition, subject: Option<&str>, amount: Option<i64>) -> bool {
    condition.subject.as_ref().is_none_or(|wanted| wanted.matches(subject))
        && condition.min_amount.is_none_or(|least| amount.is_some_and(|amount| amount >= least))
}
