//! A list of contacts or companies narrowed by fields of one's own, or by a tag: read from the address, said in words, and as SQL.

use attune_db::Sql;
use attune_kernel::fold_key;
use attune_web::Lang;

use crate::field::{Field, FieldKind, Subject, Typed, reference};
use crate::sharing::Reach;

/// Only contacts, or companies, whose value in a field passes, or who have a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldFilter {
    /// The field's, or the tag's.
    id: i64,
    test: FieldTest,
}

#[derive(Clone, Debug, PartialEq)]
enum FieldTest {
    /// Exactly this text, whatever the case.
    Text(String),
    /// This option, perhaps among others.
    Choice(String),
    /// From the first to the last, both included.
    Range(Option<f64>, Option<f64>),
    /// This tag.
    Tag,
    /// This record, whom the reader has to see.
    Names(Subject, i64),
    /// Any record.
    NamesSome,
    /// No record.
    NamesNone,
}

/// What stands in the address for any record, and for none.
pub(super) const SOME: &str = "set";
pub(super) const NONE: &str = "unset";

/// What parts the ends of a range in the address.
const TO: &str = "..";

impl FieldFilter {
    /// The filter an address means by `value`; `None` when it does not fit the field.
    pub(super) fn read(field: &Field, value: &str) -> Option<Self> {
        let number = |text: &str| match field.typed(&field.read(text).ok()?) {
            Some(Typed::Number(number)) => Some(number),
            _ => None,
        };
        let test = match field.kind {
            FieldKind::Text => FieldTest::Text(fold_key(value).chars().take(200).collect()),
            FieldKind::Choice | FieldKind::Choices => FieldTest::Choice(field.option(value)?.key.clone()),
            FieldKind::Bool => FieldTest::Range(Some(number(value)?), Some(number(value)?)),
            FieldKind::Number | FieldKind::Money | FieldKind::Date => {
                let (from, to) = value.split_once(TO)?;
                let end = |text: &str| if text.is_empty() { Some(None) } else { number(text).map(Some) };
                let (from, to) = (end(from)?, end(to)?);
                (from.is_some() || to.is_some()).then_some(FieldTest::Range(from, to))?
            }
            FieldKind::Contact | FieldKind::Company => match value {
                SOME => FieldTest::NamesSome,
                NONE => FieldTest::NamesNone,
                id => {
                    let target = field.kind.target()?;
                    FieldTest::Names(target, reference::read_id(target, id)?)
                }
            },
        };
        Some(Self { id: field.id, test })
    }

    /// What a filter comes to that names a field or an option that is gone: better nobody than everybody, who might then all be changed.
    pub(super) fn nobody() -> Self {
        Self { id: 0, test: FieldTest::Choice(String::new()) }
    }

    /// Only who has this tag; a tag that is gone nobody has.
    pub(crate) fn tag(id: i64) -> Self {
        Self { id, test: FieldTest::Tag }
    }

    /// The value in the address for what was typed or chosen.
    pub(super) fn value(field: &Field, from: &str, to: &str) -> String {
        match field.kind {
            FieldKind::Number | FieldKind::Money | FieldKind::Date => format!("{}{TO}{}", from.trim(), to.trim()),
            _ => from.trim().to_owned(),
        }
    }

    /// A value of the address in words.
    pub(super) fn shown(l: &Lang, field: &Field, value: &str) -> String {
        let one = |text: &str| field.read(text).map_or_else(|_| text.to_owned(), |json| field.shown(l, &json));
        match (field.kind, value.split_once(TO)) {
            (FieldKind::Number | FieldKind::Money | FieldKind::Date, Some((from, to))) => match (from, to) {
                (from, "") => l.of("identify-filter-from").s("value", one(from)).to_string(),
                ("", to) => l.of("identify-filter-to").s("value", one(to)).to_string(),
                (from, to) => format!("{} – {}", one(from), one(to)),
            },
            (FieldKind::Choices, _) => field.option(value).map_or_else(|| value.to_owned(), |option| option.label.clone()),
            _ => one(value),
        }
    }

    /// The table that holds the values.
    pub(super) fn table(&self) -> &'static str {
        match self.test {
            FieldTest::Text(_) => "field_texts",
            FieldTest::Choice(_) => "field_choices",
            FieldTest::Range(..) => "field_numbers",
            FieldTest::Tag => "record_tags",
            FieldTest::Names(..) | FieldTest::NamesSome | FieldTest::NamesNone => "field_references",
        }
    }

    /// Whether its rows can lead to the records.
    pub(super) fn may_lead(&self) -> bool {
        self.test != FieldTest::NamesNone
    }

    /// Appends the condition on `v`, the table that leads, or on `c`. The offset keeps PostgreSQL from turning the latter into a join, which
    /// would collect everybody of a large set before a page of fifty.
    pub(crate) fn push(&self, sql: &mut Sql, leads: bool, reach: &Reach) {
        if self.test == FieldTest::NamesNone {
            sql.push(" AND NOT EXISTS (SELECT 1 AS one FROM field_meanings v WHERE v.record_id = c.id AND v.field_id = ").bind(self.id);
            sql.push(")");
            return;
        }
        if !leads {
            sql.push(&format!(" AND EXISTS (SELECT 1 AS one FROM {} v WHERE v.record_id = c.id", self.table()));
        }
        match &self.test {
            // Its name is gone with it, and what it became part of is meant instead.
            FieldTest::Tag => {
                let meant =
                    "(SELECT t.id FROM tags a JOIN tags t ON t.id = COALESCE(a.merged_into, a.id) WHERE t.name_key IS NOT NULL AND a.id = ";
                sql.push(" AND v.tag_id = ").push(meant).bind(self.id).push(")");
            }
            _ => _ = sql.push(" AND v.field_id = ").bind(self.id),
        }
        match &self.test {
            FieldTest::Text(text) => _ = sql.push(" AND v.value_key = ").bind(text),
            FieldTest::Choice(key) => _ = sql.push(" AND v.choice = ").bind(key),
            FieldTest::Names(target, id) => reference::push_named(sql, reach, (*target, *id)),
            FieldTest::NamesSome => {
                let meant = "SELECT 1 AS one FROM field_meanings m WHERE m.record_id = v.record_id AND m.field_id = v.field_id";
                sql.push(&format!(" AND EXISTS ({meant})"));
            }
            FieldTest::Tag | FieldTest::NamesNone => {}
            FieldTest::Range(from, to) => {
                for (sign, end) in [(">=", from), ("<=", to)] {
                    if let Some(end) = end {
                        sql.push(&format!(" AND v.value {sign} ")).bind(*end);
                    }
                }
            }
        }
        if !leads {
            sql.push(" LIMIT 1 OFFSET 0)");
        }
    }
}
