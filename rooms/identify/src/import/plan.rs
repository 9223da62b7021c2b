//! What becomes of each column: made by a guess, a mapping file or the mapping page, kept with the import.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::orders::OrderPlan;
use crate::field::{Field, FieldDraft, FieldKind, Subject};

/// The plan of an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// What the lines are about.
    pub subject: Subject,
    /// What stands between two values.
    pub delimiter: char,
    /// The label of the encoding.
    pub encoding: String,
    /// The column people are matched by; `None`: by e-mail, else by phone.
    pub key: Option<String>,
    /// Values that mean "nothing", whatever their case.
    pub empty_words: Vec<String>,
    /// The columns in the order of the file.
    pub columns: Vec<ColumnPlan>,
    /// Attributes set for every row: `{column}` is replaced by the row's value.
    pub constants: BTreeMap<String, String>,
    /// Events made from every row.
    pub events: Vec<EventPlan>,
    /// The lines are positions of orders.
    pub orders: Option<OrderPlan>,
    /// ISO 4217 code of prices whose event names none.
    pub home_currency: Option<String>,
    /// Take only people who are there already.
    pub only_known: bool,
    /// Options a file names that a field does not have are added to it; without this such a line is refused.
    pub add_options: bool,
    /// The workspace's fields, read anew whenever lines are: they are not part of what is kept.
    #[serde(skip)]
    pub fields: Vec<Field>,
    /// The file whose mapping this one was given, because it has the same columns.
    pub as_in: Option<String>,
}

/// What becomes of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnPlan {
    /// The column's name in the file.
    pub column: String,
    /// Where its values go.
    #[serde(flatten)]
    pub to: Target,
}

/// Where a column's values go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Target {
    /// Nowhere.
    Skip,
    /// To an attribute: one of [`ATTRIBUTES`].
    Attribute {
        /// Its key.
        key: String,
    },
    /// To a custom field, made when it is missing.
    Field {
        /// Its key.
        key: String,
        /// What people call it.
        label: String,
        /// The type of its values.
        kind: FieldKind,
    },
}

/// An event made from every row of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventPlan {
    /// `purchase.made` or any other name with a dot.
    pub name: String,
    /// The column with the time: a date, or date and time; without zone it is UTC.
    pub at: String,
    /// The column with what it was about.
    pub subject: Option<String>,
    /// The column with how much. With `currency` it is money and is kept in minor units.
    pub amount: Option<String>,
    /// ISO 4217 code of the amount. Without one, a purchase is in the workspace's currency and any other amount is a number.
    pub currency: Option<String>,
    /// The column with the currency of the amount; where it is empty, `currency` holds.
    pub currency_column: Option<String>,
    /// The columns with further facts, kept under their folded names.
    pub props: Vec<String>,
}

impl EventPlan {
    /// The column that says what happened, unless the plan itself does.
    pub(super) fn name_column(&self) -> Option<&str> {
        self.name.strip_prefix('{')?.strip_suffix('}')
    }

    /// Whether it says anything about the event.
    pub(super) fn reads(&self, column: &str) -> bool {
        let named = [Some(&self.at), self.subject.as_ref(), self.amount.as_ref(), self.currency_column.as_ref()];
        named.into_iter().flatten().chain(&self.props).map(String::as_str).chain(self.name_column()).any(|name| name == column)
    }
}

/// The attributes a column can go to.
pub const ATTRIBUTES: [&str; 22] = [
    "name",
    "given_name",
    "family_name",
    "email",
    "phone",
    "company",
    "title",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
    "latitude",
    "longitude",
    "coordinates",
    "stage",
    "owner",
    "locale",
    "time_zone",
    "source",
    "tags",
    "external_id",
];

/// The attributes a column of a file of companies can go to.
pub const COMPANY_ATTRIBUTES: [&str; 16] = [
    "name",
    "domain",
    "industry",
    "phone",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
    "latitude",
    "longitude",
    "coordinates",
    "parent",
    "owner",
    "tags",
    "external_id",
];

/// The attributes a column can go to in a file of these.
pub fn attributes(subject: Subject) -> &'static [&'static str] {
    match subject {
        Subject::Contact => &ATTRIBUTES,
        Subject::Company => &COMPANY_ATTRIBUTES,
    }
}

/// A mapping file (TOML).
///
/// ```toml
/// key = "row_id"                    # match by this column
/// empty = ["Select", "N/A"]         # values that mean nothing
/// add_options = true                # options the file names are added to choices that do not have them
/// [columns]                         # columns not named here keep their guess
/// "Prospect ID" = "external_id"     # an attribute
/// "TotalVisits" = "field:number"    # a custom field: field, field:text, field:number, field:date, field:bool
/// "Plan" = "field:choice"           # … field:money, field:choice, field:choices; f:<key> is a field that is there
/// "Magazine" = "-"                  # left out
/// [constants]                       # set for every row; {column} stands for the row's value
/// email = "row{row_id}@hillstrom.example"
/// [[events]]                        # one event per row
/// name = "purchase.made"
/// at = "date"
/// amount = "dollars"
/// currency = "USD"                  # or currency_column = "cur"
/// props = ["channel"]               # further columns kept with the event
/// [orders]                          # or: one purchase per order, whose lines follow one another
/// order = "InvoiceNo"
/// at = "InvoiceDate"
/// quantity = "Quantity"             # left out when amount is the price of the line
/// amount = "UnitPrice"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapFile {
    /// The column people are matched by.
    pub key: Option<String>,
    /// Values that mean nothing; replaces the guess.
    pub empty: Option<Vec<String>>,
    /// Add options that are missing.
    pub add_options: bool,
    /// Column → attribute, `field[:kind]` or `-`.
    pub columns: BTreeMap<String, String>,
    /// Attribute → text.
    pub constants: BTreeMap<String, String>,
    /// Events made from every row.
    pub events: Vec<EventPlan>,
    /// The lines are positions of orders.
    pub orders: Option<OrderPlan>,
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The mapping file is not TOML of the right shape.
    #[error("the mapping file cannot be read: {0}")]
    Toml(String),
    /// A column is named that the file does not have.
    #[error("the file has no column {0:?}")]
    NoColumn(String),
    /// A target is named that does not exist.
    #[error(
        "{0:?} is no attribute; use one of the attributes, field:text, field:number, field:money, field:date, field:bool, field:choice, field:choices, f:<key> or -"
    )]
    NoTarget(String),
    /// Companies do nothing that could be told of them.
    #[error("a file of companies brings no events and no orders")]
    NoEvents,
    /// No column of a file of events says this: `at`, `person` or `event`.
    #[error("no column says {0:?}: a file of events needs at, event and one of external_id, email, phone")]
    Missing(&'static str),
    /// Two columns say the same about an event.
    #[error("two columns say {0:?}")]
    Twice(&'static str),
    /// An event is called otherwise than events are.
    #[error("{0:?} is no name of an event: it is called like noun.happened, and no name that only Attune itself writes")]
    EventName(String),
    /// The file has no row of column names.
    #[error("the file is empty")]
    Empty,
}

impl MapFile {
    /// Reads a mapping file.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        toml::from_str(text).map_err(|error| PlanError::Toml(error.to_string()))
    }
}

impl Target {
    /// Reads `email`, `field:number` or `-` of a file of contacts; `label` names a new field.
    pub fn parse(text: &str, label: &str) -> Result<Self, PlanError> {
        Self::parse_of(Subject::Contact, text, label)
    }

    /// The same of a file of `subject`.
    pub fn parse_of(subject: Subject, text: &str, label: &str) -> Result<Self, PlanError> {
        if text == "-" || text.is_empty() {
            return Ok(Self::Skip);
        }
        if attributes(subject).contains(&text) {
            return Ok(Self::Attribute { key: text.to_owned() });
        }
        let (word, kind) = text.split_once(':').unwrap_or((text, "text"));
        let known = FieldKind::ALL.into_iter().find(|k| k.word() == kind);
        match (word, known) {
            ("field", Some(kind)) => Ok(Self::Field { key: crate::field::key_of(label), label: label.to_owned(), kind }),
            _ => Err(PlanError::NoTarget(text.to_owned())),
        }
    }

    /// The text [`Target::parse`] reads.
    pub fn text(&self) -> String {
        match self {
            Self::Skip => "-".to_owned(),
            Self::Attribute { key } => key.clone(),
            Self::Field { kind, .. } => format!("field:{}", kind.word()),
        }
    }
}

impl Plan {
    /// Reads a target as [`Target::parse`], or `f:<key>` for a field that is there.
    pub fn target(&self, text: &str, label: &str) -> Result<Target, PlanError> {
        let Some(key) = text.strip_prefix("f:") else { return Target::parse_of(self.subject, text, label) };
        let field = self.fields.iter().find(|field| field.key == key).ok_or_else(|| PlanError::NoTarget(text.to_owned()))?;
        Ok(Target::Field { key: field.key.clone(), label: field.label.clone(), kind: field.kind })
    }

    /// The field a column goes to that is not there yet.
    pub fn draft(&self, key: &str, label: &str, kind: FieldKind) -> FieldDraft {
        let currency = (kind == FieldKind::Money).then(|| self.home_currency.clone().unwrap_or_else(|| "EUR".to_owned()));
        FieldDraft { subject: self.subject, currency, ..FieldDraft::plain(key, label, kind) }
    }

    /// Lays a mapping file over the guess.
    pub fn with_map(mut self, map: &MapFile) -> Result<Self, PlanError> {
        for (column, target) in &map.columns {
            let target = self.target(target, column)?;
            let slot = self.columns.iter_mut().find(|c| c.column == *column).ok_or_else(|| PlanError::NoColumn(column.clone()))?;
            slot.to = target;
        }
        self.add_options |= map.add_options;
        if let Some(empty) = &map.empty {
            self.empty_words.clone_from(empty);
        }
        for attribute in map.constants.keys() {
            if !attributes(self.subject).contains(&attribute.as_str()) && !attribute.starts_with("f:") {
                return Err(PlanError::NoTarget(attribute.clone()));
            }
        }
        self.constants.extend(map.constants.clone());
        self.events.extend(map.events.iter().cloned());
        if map.orders.is_some() {
            self.orders.clone_from(&map.orders);
        }
        match &map.key {
            Some(key) => self.with_key(key),
            None => Ok(self),
        }
    }

    /// Matches by the column `key`: what records are known by anyway when it is that, else it becomes the outside id.
    pub fn with_key(mut self, key: &str) -> Result<Self, PlanError> {
        let index = self.columns.iter().position(|c| c.column == key).ok_or_else(|| PlanError::NoColumn(key.to_owned()))?;
        let is = |target: &Target, wanted: &[&str]| matches!(target, Target::Attribute { key } if wanted.contains(&key.as_str()));
        let known_by: [&str; 2] = match self.subject {
            Subject::Contact => ["email", "phone"],
            Subject::Company => ["domain", "name"],
        };
        let by_address = self.columns.get(index).is_some_and(|c| is(&c.to, &known_by));
        for (at, column) in self.columns.iter_mut().enumerate() {
            if at == index && !by_address {
                column.to = Target::Attribute { key: "external_id".to_owned() };
            } else if is(&column.to, &["external_id"]) {
                column.to =
                    Target::Field { key: crate::field::key_of(&column.column), label: column.column.clone(), kind: FieldKind::Text };
            }
        }
        self.key = Some(key.to_owned());
        Ok(self)
    }

    /// Maps the columns as an earlier file with the same ones was mapped; `None` when it has others, or when that one brought more than the
    /// mapping page shows, and so more than somebody can look at.
    pub fn remember(&self, earlier: &Self, file_name: &str) -> Option<Self> {
        if self.subject != earlier.subject
            || self.columns.len() != earlier.columns.len()
            || !earlier.constants.is_empty()
            || !earlier.events.is_empty()
        {
            return None;
        }
        let mut columns = self.columns.clone();
        for column in &mut columns {
            column.to = earlier.columns.iter().find(|c| c.column == column.column)?.to.clone();
        }
        let mut empty_words = earlier.empty_words.clone();
        empty_words.extend(self.empty_words.iter().filter(|word| !earlier.empty_words.contains(word)).cloned());
        let plan = Self {
            key: earlier.key.clone(),
            orders: earlier.orders.clone(),
            add_options: earlier.add_options,
            as_in: Some(file_name.to_owned()),
            empty_words,
            columns,
            ..self.clone()
        };
        plan.check().is_ok().then_some(plan)
    }

    /// Whether anything is made of a column.
    pub(crate) fn reads(&self, column: &ColumnPlan) -> bool {
        column.to != Target::Skip || self.events.iter().any(|event| event.reads(&column.column))
    }

    /// Whether lines say what people did.
    pub fn tells_events(&self) -> bool {
        !self.events.is_empty() || self.orders.is_some()
    }

    /// Whether each line is one thing that somebody did, and says no more of whom than who it was.
    pub(super) fn is_of_events(&self) -> bool {
        self.events.len() == 1 && self.columns.iter().filter(|c| c.to != Target::Skip).count() == 1
    }

    /// The place of the column that goes to the attribute `key`.
    pub fn column_of(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|c| matches!(&c.to, Target::Attribute { key: k } if k == key))
    }

    /// The kind of outside ids: the folded name of their column.
    pub(crate) fn external_kind(&self) -> String {
        let column = self.column_of("external_id").and_then(|at| self.columns.get(at));
        attune_kernel::fold_key(column.map_or("id", |c| c.column.as_str()))
    }

    /// Whether a value means "nothing".
    pub fn is_empty_word(&self, value: &str) -> bool {
        value.is_empty() || self.empty_words.iter().any(|word| word.eq_ignore_ascii_case(value) || word == value)
    }

    /// Checks that events name columns the file has.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.subject == Subject::Company && self.tells_events() {
            return Err(PlanError::NoEvents);
        }
        let has = |name: &str| self.columns.iter().any(|c| c.column == name);
        for event in &self.events {
            let named = [Some(&event.at), event.subject.as_ref(), event.amount.as_ref(), event.currency_column.as_ref()];
            let missing =
                named.into_iter().flatten().chain(&event.props).map(String::as_str).chain(event.name_column()).find(|name| !has(name));
            if let Some(missing) = missing {
                return Err(PlanError::NoColumn(missing.to_owned()));
            }
        }
        self.orders.as_ref().map_or(Ok(()), |orders| orders.check(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let column = |name: &str, to: &str| ColumnPlan { column: name.into(), to: Target::parse(to, name).unwrap() };
        Plan { columns: vec![column("Id", "external_id"), column("Mail", "email"), column("Visits", "field:number")], ..Plan::default() }
    }

    #[test]
    fn a_mapping_file_overrules_the_guess() {
        let map = MapFile::parse("key = \"Visits\"\nempty = [\"x\"]\n[columns]\nMail = \"-\"\n[constants]\nemail = \"{Id}@a.example\"\n")
            .unwrap();
        let plan = plan().with_map(&map).unwrap();
        assert_eq!(plan.column_of("external_id"), Some(2));
        assert!(plan.is_empty_word("X"));
        assert_eq!(plan.columns[1].to, Target::Skip);
        assert_eq!(plan.columns[0].to.text(), "field:text");
    }

    #[test]
    fn mistakes_are_named() {
        let told = |text: &str| plan().with_map(&MapFile::parse(text).unwrap()).unwrap_err();
        assert_eq!(told("[columns]\nNone = \"email\""), PlanError::NoColumn("None".into()));
        assert_eq!(told("[columns]\nMail = \"e-mail\""), PlanError::NoTarget("e-mail".into()));
        assert_eq!(told("key = \"Nope\""), PlanError::NoColumn("Nope".into()));
        assert!(MapFile::parse("colums = 1").is_err());
    }

    #[test]
    fn a_file_with_the_same_columns_is_mapped_the_same_way() {
        let earlier = Plan { columns: vec![], ..plan() };
        assert_eq!(plan().remember(&earlier, "old.csv"), None);
        let map = MapFile::parse("key = \"Mail\"\nempty = [\"x\"]\n[columns]\nVisits = \"-\"").unwrap();
        let earlier = plan().with_map(&map).unwrap();
        let mut guessed = Plan { empty_words: vec!["NULL".into()], encoding: "GBK".into(), ..plan() };
        guessed.columns.reverse();
        let again = guessed.remember(&earlier, "old.csv").unwrap();
        assert_eq!((again.key.as_deref(), again.encoding.as_str(), again.as_in.as_deref()), (Some("Mail"), "GBK", Some("old.csv")));
        assert_eq!((again.empty_words.join(","), again.columns[0].to.clone()), ("x,NULL".to_owned(), Target::Skip));
    }

    #[test]
    fn a_plan_survives_its_json() {
        let text = serde_json::to_string(&plan()).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan());
    }
}
