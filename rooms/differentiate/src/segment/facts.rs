//! Loads what rules ask about a set of contacts: a constant number of statements for any number of contacts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use attune_db::{DbError, Relation, Row, Sql, Tx, Value, params, sql};

use attune_identify::field::{FieldOption, Subject};

use super::bind::{self, Bound, CustomField, FacetField, Kind, Source};
use super::company::{self, OfCompany};
use super::evaluate::{Facts, Happening};
use super::rule::{Test, Window};

/// The own fields this workspace has added to contacts or companies.
pub async fn custom_fields(tx: &mut Tx, subject: Subject) -> Result<Vec<CustomField>, DbError> {
    let select = match subject {
        Subject::Contact => sql!("SELECT id, key, label, kind, currency, options FROM v_identify_field ORDER BY position, id"),
        Subject::Company => sql!("SELECT id, key, label, kind, currency, options FROM v_identify_company_field ORDER BY position, id"),
    };
    let rows = tx.rows(select, params![]).await?;
    let read = |row: &Row| {
        let told: String = row.get("kind")?;
        let names = match told.as_str() {
            "contact" => Some(Subject::Contact),
            "company" => Some(Subject::Company),
            _ => None,
        };
        let kind = match told.as_str() {
            "number" => Kind::Number,
            "date" => Kind::Date,
            "bool" => Kind::YesNo,
            "money" => Kind::Money,
            "choice" | "choices" => Kind::Choice,
            "contact" | "company" => Kind::Reference,
            _ => Kind::Text,
        };
        let options: Vec<FieldOption> = serde_json::from_str(&row.get::<String>("options")?).unwrap_or_default();
        let options = options.into_iter().filter(|option| !option.gone).map(|option| (option.key, option.label)).collect();
        Ok(CustomField {
            id: row.get("id")?,
            key: row.get("key")?,
            label: row.get("label")?,
            kind,
            names,
            currency: row.get("currency")?,
            options,
        })
    };
    rows.iter().map(read).collect()
}

/// What a set of rules asks for.
#[derive(Default)]
struct Wanted {
    columns: BTreeSet<&'static str>,
    texts: BTreeSet<i64>,
    numbers: BTreeSet<i64>,
    choices: BTreeSet<i64>,
    references: BTreeSet<i64>,
    /// The records rules name.
    named: BTreeSet<i64>,
    company: BTreeSet<OfCompany>,
    facets: BTreeSet<usize>,
    events: BTreeSet<String>,
    after_at: Option<i64>,
    segments: BTreeSet<i64>,
}

impl Wanted {
    fn of(rules: &[&Bound], now: i64) -> Self {
        let mut wanted = Self::default();
        for condition in rules.iter().flat_map(|rule| rule.conditions()) {
            wanted.named.extend(named_in(condition));
            match condition {
                Bound::Field(Source::Column { column, .. } | Source::Reference { column }, _) => {
                    wanted.columns.insert(column);
                }
                Bound::Field(Source::CustomText(id), _) => {
                    wanted.texts.insert(*id);
                }
                Bound::Field(Source::CustomNumber(id), _) => {
                    wanted.numbers.insert(*id);
                }
                Bound::Field(Source::CustomChoice(id), _) => {
                    wanted.choices.insert(*id);
                }
                Bound::Field(Source::CustomReference(id), _) => {
                    wanted.references.insert(*id);
                }
                Bound::Field(Source::Company(of), _) => {
                    wanted.company.insert(*of);
                }
                Bound::Field(Source::Facet { index, .. }, _) => {
                    wanted.facets.insert(*index);
                }
                Bound::Event(event) => {
                    wanted.events.insert(event.name.clone());
                    let after = match event.window {
                        Window::Ever => i64::MIN,
                        Window::Within(span) => now - span.0,
                        Window::Between(first, _) => first.0 - 1,
                    };
                    wanted.after_at = Some(wanted.after_at.map_or(after, |known| known.min(after)));
                }
                Bound::Segment(id) => {
                    wanted.segments.insert(*id);
                }
                Bound::Score(..) | Bound::All(_) | Bound::Any(_) | Bound::None(_) => {}
            }
        }
        wanted
    }
}

/// The records a condition names, which may have become part of others.
fn named_in(condition: &Bound) -> Vec<i64> {
    let ids = |texts: &[String]| texts.iter().filter_map(|text| text.parse().ok()).collect();
    match condition {
        Bound::Field(source, Test::In(texts) | Test::NotIn(texts)) if source.names_records() => ids(texts),
        _ => Vec::new(),
    }
}

/// The facts `rules` ask about `contacts`, by contact; those who are gone do not exist in them.
pub async fn load(
    tx: &mut Tx,
    contacts: &[i64],
    rules: &[&Bound],
    facets: &[FacetField],
    now: i64,
) -> Result<HashMap<i64, Facts>, DbError> {
    let wanted = Wanted::of(rules, now);
    let ids = Relation::of_ids("id", contacts.iter().copied());
    let mut facts: HashMap<i64, Facts> = contacts.iter().map(|id| (*id, Facts::default())).collect();
    load_contacts(tx, &ids, &wanted, &mut facts).await?;
    load_custom(tx, &ids, &wanted, &mut facts).await?;
    company::load(tx, &ids, &wanted.company, &mut facts).await?;
    load_aliases(tx, &wanted.named, &mut facts).await?;
    for index in &wanted.facets {
        if let Some(facet) = facets.get(*index) {
            load_facet(tx, &ids, *index, facet, &mut facts).await?;
        }
    }
    if !wanted.events.is_empty() {
        load_events(tx, &ids, &wanted, &mut facts).await?;
    }
    if !wanted.segments.is_empty() {
        for (segment, contact) in memberships(tx, contacts, &wanted.segments).await? {
            if let Some(facts) = facts.get_mut(&contact) {
                facts.segments.insert(segment);
            }
        }
    }
    Ok(facts)
}

async fn load_contacts(tx: &mut Tx, ids: &Relation, wanted: &Wanted, facts: &mut HashMap<i64, Facts>) -> Result<(), DbError> {
    let mut sql = String::from("SELECT c.id, c.engagement_k, c.fit");
    for column in wanted.columns.iter().filter(|column| **column != "fit") {
        sql.push_str(&format!(", {} AS {column}", bind::seen(column)));
    }
    sql.push_str(" FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id");
    for row in tx.rows_from(&sql, ids, params![]).await? {
        let Some(facts) = facts.get_mut(&row.get("id")?) else { continue };
        facts.exists = true;
        facts.engagement_k = row.get("engagement_k")?;
        facts.fit = row.get::<Option<i64>>("fit")?.unwrap_or(0);
        for column in &wanted.columns {
            let value = row.value(column)?.clone();
            facts.columns.insert(column, value);
        }
    }
    Ok(())
}

async fn load_custom(tx: &mut Tx, ids: &Relation, wanted: &Wanted, facts: &mut HashMap<i64, Facts>) -> Result<(), DbError> {
    /// The fields wanted, the statement that reads them, and how a field is called in the facts.
    type Reading<'a> = (&'a BTreeSet<i64>, &'a str, fn(i64) -> Source);
    let sources: [Reading<'_>; 4] = [
        (
            &wanted.texts,
            "SELECT f.contact_id, f.field_id, f.value_key AS value FROM {rows} AS r JOIN v_identify_contact_text f ON f.contact_id = r.id WHERE f.field_id IN ",
            Source::CustomText,
        ),
        (
            &wanted.numbers,
            "SELECT f.contact_id, f.field_id, f.value FROM {rows} AS r JOIN v_identify_contact_number f ON f.contact_id = r.id WHERE f.field_id IN ",
            Source::CustomNumber,
        ),
        (
            &wanted.choices,
            "SELECT f.contact_id, f.field_id, f.choice AS value FROM {rows} AS r JOIN v_identify_contact_choice f ON f.contact_id = r.id WHERE f.field_id IN ",
            Source::CustomChoice,
        ),
        (
            &wanted.references,
            "SELECT f.record_id AS contact_id, f.field_id, f.target_id AS value FROM {rows} AS r JOIN v_identify_reference f ON f.record_id = r.id WHERE f.field_id IN ",
            Source::CustomReference,
        ),
    ];
    for (fields, text, source) in sources {
        if fields.is_empty() {
            continue;
        }
        let mut sql = Sql::new(text);
        sql.bind_list(fields.iter().map(|id| Value::Int(*id)));
        for row in tx.rows_from(sql.text(), ids, sql.values()).await? {
            if let Some(facts) = facts.get_mut(&row.get("contact_id")?) {
                facts.keep(source(row.get("field_id")?), row.value("value")?.clone());
            }
        }
    }
    Ok(())
}

/// What those of these records are part of today that became part of another.
async fn load_aliases(tx: &mut Tx, named: &BTreeSet<i64>, facts: &mut HashMap<i64, Facts>) -> Result<(), DbError> {
    if named.is_empty() {
        return Ok(());
    }
    let mut today: HashMap<String, String> = HashMap::new();
    for select in [
        sql!("SELECT a.id, a.alive_id FROM {rows} AS r JOIN v_identify_alias a ON a.id = r.id"),
        sql!("SELECT a.id, a.alive_id FROM {rows} AS r JOIN v_identify_company_alias a ON a.id = r.id"),
    ] {
        for row in tx.rows_from(select, &Relation::of_ids("id", named.iter().copied()), params![]).await? {
            today.insert(row.at::<i64>(0)?.to_string(), row.at::<i64>(1)?.to_string());
        }
    }
    let today = Arc::new(today);
    facts.values_mut().for_each(|facts| facts.today = today.clone());
    Ok(())
}

async fn load_facet(tx: &mut Tx, ids: &Relation, index: usize, facet: &FacetField, facts: &mut HashMap<i64, Facts>) -> Result<(), DbError> {
    let sql = format!("SELECT f.contact_id, f.value FROM {{rows}} AS r JOIN ({}) f ON f.contact_id = r.id", facet.sql);
    for row in tx.rows_from(&sql, ids, params![]).await? {
        let Some(facts) = facts.get_mut(&row.get("contact_id")?) else { continue };
        let several = facet.kind == Kind::Choice;
        let source = Source::Facet { index, sql: facet.sql, several };
        if several {
            facts.sets.entry(source).or_default().insert(row.get("value")?);
        } else {
            facts.values.insert(source, row.value("value")?.clone());
        }
    }
    Ok(())
}

/// What people did, by a planner that looks each of them up.
const JOINED: &str = "SELECT e.contact_id, e.name, e.subject, e.amount, e.at FROM {rows} AS r JOIN events e ON e.contact_id = r.id WHERE ";
/// The same where it would rather read what everybody did lately: the events of each are a sub-select, which `OFFSET` keeps whole.
const EACH: &str = "SELECT e.contact_id, e.name, e.subject, e.amount, e.at FROM {rows} AS r CROSS JOIN LATERAL
 (SELECT e.contact_id, e.name, e.subject, e.amount, e.at FROM events e WHERE e.contact_id = r.id AND ";

async fn load_events(tx: &mut Tx, ids: &Relation, wanted: &Wanted, facts: &mut HashMap<i64, Facts>) -> Result<(), DbError> {
    let (joined, end) = if tx.joins_as_said() { (JOINED, "") } else { (EACH, " OFFSET 0) AS e") };
    // Joined with nothing, the name cannot lead a planner from the few events of each contact to the many of that name; and the partial index
    // by time, which also tempts it, serves only who asks for `= FALSE`.
    let mut sql = Sql::new(joined);
    sql.push("e.machine IS NOT TRUE AND e.name || '' IN ").bind_list(wanted.events.iter().map(Value::from));
    if let Some(after) = wanted.after_at.filter(|after| *after > i64::MIN) {
        sql.push(" AND e.at > ").bind(after);
    }
    sql.push(end);
    for row in tx.rows_from(sql.text(), ids, sql.values()).await? {
        if let Some(facts) = facts.get_mut(&row.at(0)?) {
            facts.happenings.push(Happening { name: row.at(1)?, subject: row.at(2)?, amount: row.at(3)?, at: row.at(4)? });
        }
    }
    Ok(())
}

/// Beyond so many segments it is cheaper to read all that somebody is in than to compare each with every one that is asked for.
const FEW_SEGMENTS: usize = 8;

/// Which of these segments these contacts are in, as (segment, contact).
pub async fn memberships(tx: &mut Tx, contacts: &[i64], segments: &BTreeSet<i64>) -> Result<Vec<(i64, i64)>, DbError> {
    let ids = Relation::of_ids("id", contacts.iter().copied());
    let mut sql = Sql::new("SELECT m.segment_id, m.contact_id FROM {rows} AS r JOIN segment_members m ON m.contact_id = r.id");
    if segments.len() <= FEW_SEGMENTS {
        // The sum keeps a planner from looking each contact up in every one of the segments.
        sql.push(" WHERE m.segment_id + 0 IN ").bind_list(segments.iter().map(|id| Value::Int(*id)));
    }
    let rows = tx.rows_from(sql.text(), &ids, sql.values()).await?;
    let found = rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect::<Result<Vec<(i64, i64)>, DbError>>()?;
    Ok(found.into_iter().filter(|(segment, _)| segments.contains(segment)).collect())
}
