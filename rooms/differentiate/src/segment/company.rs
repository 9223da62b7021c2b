//! What rules may ask of the company somebody belongs to, and the reading of it. Whoever has no company is someone whose company is not known.

use std::collections::{BTreeSet, HashMap};

use attune_db::{DbError, Relation, Sql, Tx, Value, params};

use super::bind::{ContactField, CustomField, Kind, Source, field};
use super::evaluate::Facts;

/// What every company has; rules write `company.<key>`, and the columns are those of `v_identify_company`.
pub const COMPANY_FIELDS: &[ContactField] = &[
    ContactField { folded: true, ..field("name", Kind::Text, "name_key") },
    ContactField { folded: true, ..field("domain", Kind::Text, "domain_key") },
    field("industry", Kind::Text, "industry"),
    field("city", Kind::Text, "city"),
    field("country", Kind::Text, "country"),
    field("owner", Kind::Reference, "owner_id"),
    field("team", Kind::Reference, "team_id"),
    field("created", Kind::Date, "created_at"),
];

/// The word for the tags of a company, behind `company.`.
pub const TAG: &str = "tag";

/// Where a fact of the company is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfCompany {
    /// A column of `v_identify_company`.
    Column {
        /// The column.
        column: &'static str,
        /// Whether it holds the folded form.
        folded: bool,
    },
    /// A column of `v_identify_company` that holds another record's id.
    Reference {
        /// The column.
        column: &'static str,
    },
    /// An own field kept as text, folded.
    Text(i64),
    /// An own field kept as a number.
    Number(i64),
    /// An own field kept as the keys of its options.
    Choice(i64),
    /// An own field that names a record: whom it names today.
    Named(i64),
    /// Its tags, folded.
    Tag,
}

impl OfCompany {
    /// The fact `company.<key>` of a company with these own fields.
    pub(super) fn find(key: &str, own: &[CustomField]) -> Option<(Self, Kind)> {
        if key == TAG {
            return Some((Self::Tag, Kind::Choice));
        }
        if let Some(key) = key.strip_prefix("custom.") {
            let found = own.iter().find(|field| field.key.eq_ignore_ascii_case(key))?;
            let source = match found.kind {
                Kind::Number | Kind::Money | Kind::Date | Kind::YesNo => Self::Number(found.id),
                Kind::Choice => Self::Choice(found.id),
                Kind::Reference => Self::Named(found.id),
                Kind::Text => Self::Text(found.id),
            };
            return Some((source, found.kind));
        }
        let found = COMPANY_FIELDS.iter().find(|field| field.key == key)?;
        let source = match found.kind {
            Kind::Reference => Self::Reference { column: found.column },
            _ => Self::Column { column: found.column, folded: found.folded },
        };
        Some((source, found.kind))
    }

    /// Whether a company may have several at once.
    pub fn is_several(self) -> bool {
        matches!(self, Self::Choice(_) | Self::Named(_) | Self::Tag)
    }

    /// Whether texts are kept folded.
    pub fn is_folded(self) -> bool {
        matches!(self, Self::Text(_) | Self::Tag | Self::Column { folded: true, .. })
    }

    /// The view it is in, there the company and the value, and the own field it is of.
    pub(super) fn place(self) -> (&'static str, &'static str, &'static str, Option<i64>) {
        match self {
            Self::Column { column, .. } | Self::Reference { column } => ("v_identify_company", "id", column, None),
            Self::Text(id) => ("v_identify_company_text", "company_id", "value_key", Some(id)),
            Self::Number(id) => ("v_identify_company_number", "company_id", "value", Some(id)),
            Self::Choice(id) => ("v_identify_company_choice", "company_id", "choice", Some(id)),
            Self::Named(id) => ("v_identify_company_reference", "company_id", "target_id", Some(id)),
            Self::Tag => ("v_identify_company_tag", "company_id", "value", None),
        }
    }

    /// The own field it is of.
    pub(super) fn own_field(self) -> Option<i64> {
        self.place().3
    }

    /// What an event about a change of it names: the attribute that changed. The team follows the owner.
    pub(super) fn told_as(self, own: &[CustomField]) -> String {
        match self {
            Self::Column { column, .. } | Self::Reference { column } => {
                let attribute = column.strip_suffix("_key").unwrap_or(column);
                if attribute == "team_id" { "owner_id".to_owned() } else { attribute.to_owned() }
            }
            Self::Text(id) | Self::Number(id) | Self::Choice(id) | Self::Named(id) => {
                own.iter().find(|field| field.id == id).map_or_else(String::new, |field| format!("f:{}", field.key))
            }
            Self::Tag => TAG.to_owned(),
        }
    }
}

/// Reads what is asked of the companies of these contacts: a statement for each view, however many they are.
pub(super) async fn load(
    tx: &mut Tx,
    contacts: &Relation,
    wanted: &BTreeSet<OfCompany>,
    facts: &mut HashMap<i64, Facts>,
) -> Result<(), DbError> {
    load_columns(tx, contacts, wanted, facts).await?;
    let fields = |kind: fn(i64) -> OfCompany| {
        let of_kind = wanted.iter().filter_map(|of| of.place().3.filter(|id| kind(*id) == *of));
        (kind, of_kind.collect::<BTreeSet<i64>>())
    };
    for (kind, ids) in [fields(OfCompany::Text), fields(OfCompany::Number), fields(OfCompany::Choice), fields(OfCompany::Named)] {
        let Some(first) = ids.first() else { continue };
        let mut sql = beside(kind(*first), ", f.field_id");
        sql.push(" WHERE f.field_id IN ").bind_list(ids.iter().map(|id| Value::Int(*id)));
        for row in tx.rows_from(sql.text(), contacts, sql.values()).await? {
            if let Some(facts) = facts.get_mut(&row.get("contact_id")?) {
                facts.keep(Source::Company(kind(row.get("field_id")?)), row.value("value")?.clone());
            }
        }
    }
    if wanted.contains(&OfCompany::Tag) {
        for row in tx.rows_from(beside(OfCompany::Tag, "").text(), contacts, params![]).await? {
            if let Some(facts) = facts.get_mut(&row.get("contact_id")?) {
                facts.keep(Source::Company(OfCompany::Tag), row.value("value")?.clone());
            }
        }
    }
    Ok(())
}

fn beside(of: OfCompany, more: &str) -> Sql {
    let (view, key, value, _) = of.place();
    Sql::new(&format!(
        "SELECT c.id AS contact_id, f.{value} AS value{more} FROM {{rows}} AS r JOIN v_identify_contact c ON c.id = r.id JOIN {view} f ON f.{key} = c.company_id"
    ))
}

async fn load_columns(
    tx: &mut Tx,
    contacts: &Relation,
    wanted: &BTreeSet<OfCompany>,
    facts: &mut HashMap<i64, Facts>,
) -> Result<(), DbError> {
    let columns: Vec<(OfCompany, &str)> = wanted
        .iter()
        .filter_map(|of| match of {
            OfCompany::Column { column, .. } | OfCompany::Reference { column } => Some((*of, *column)),
            _ => None,
        })
        .collect();
    if columns.is_empty() {
        return Ok(());
    }
    let names: String = columns.iter().map(|(_, column)| format!(", o.{column}")).collect();
    let sql = format!(
        "SELECT c.id AS contact_id{names} FROM {{rows}} AS r JOIN v_identify_contact c ON c.id = r.id JOIN v_identify_company o ON o.id = c.company_id"
    );
    for row in tx.rows_from(&sql, contacts, params![]).await? {
        let Some(facts) = facts.get_mut(&row.get("contact_id")?) else { continue };
        for (of, column) in &columns {
            facts.keep(Source::Company(*of), row.value(column)?.clone());
        }
    }
    Ok(())
}
