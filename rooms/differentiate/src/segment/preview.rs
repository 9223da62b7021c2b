//! What a rule would find: how many, whom, and what publishing it would change.

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_identify::sharing::Reach;
use attune_kernel::Decay;
use attune_web::{Scope, Sight};

use super::bind::{Vocabulary, bind};
use super::compile::{compile, predicate};
use super::form::RuleForm;
use super::rule::Rule;

/// A contact in a sample or a list of members.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The contact's id.
    pub id: i64,
    /// The name, else the address; may be empty.
    pub name: String,
    /// The company's name; may be empty.
    pub company: String,
    /// A, B or C; empty when not known yet.
    pub grade: String,
    /// When they entered, µs; 0 when that is not known.
    pub since_at: i64,
}

/// The counts of a rule.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// How many belong; nothing when the rule cannot be used.
    pub total: Option<i64>,
    /// How many contacts there are.
    pub everyone: i64,
    /// Per row of the form, how many its part alone finds.
    pub hits: Vec<Option<i64>>,
    /// Some of them.
    pub sample: Vec<Person>,
    /// Milliseconds the total took.
    pub took_ms: i64,
}

/// Rows beyond this many get no count of their own.
const COUNTED_ROWS: usize = 16;

/// Counts `rule` and the parts of `form`; the sample holds only whom `scope` allows to see.
pub async fn preview(
    tx: &mut Tx,
    rule: &Rule,
    form: &RuleForm,
    vocabulary: &Vocabulary,
    (scope, sight): (Option<&Scope>, &Sight),
    decay: Decay,
    now: i64,
) -> Result<Preview, DbError> {
    let mut found = Preview { everyone: tx.count(sql!("SELECT count(*) FROM v_identify_contact"), params![]).await?, ..Preview::default() };
    if super::check_reader(rule, vocabulary, sight, scope).is_err() {
        return Ok(found);
    }
    let Ok(bound) = bind(rule, vocabulary) else { return Ok(found) };
    let started = std::time::Instant::now();
    let select = compile(&bound, decay, now);
    found.total = Some(super::count(tx, &select).await?);
    found.took_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    for index in 0..form.rows.len().min(COUNTED_ROWS) {
        let part = form.at(index, &mut Vec::new()).and_then(|part| bind(&part, vocabulary).ok());
        found.hits.push(match part {
            Some(_) if index == 0 => found.total,
            Some(part) => Some(super::count(tx, &compile(&part, decay, now)).await?),
            None => None,
        });
    }
    if let Some(scope) = scope {
        let mut sql = Sql::new(PERSON);
        sql.push("CAST(0 AS BIGINT) AS since_at FROM v_identify_contact c LEFT JOIN v_identify_company o ON o.id = c.company_id WHERE ");
        sql.append(&predicate(&bound, decay, now));
        Reach::of(tx, scope).await?.push_people(&mut sql, "c");
        sql.push(" ORDER BY c.id DESC LIMIT 10");
        found.sample = tx.rows_of(&sql).await?.iter().map(person).collect::<Result<_, _>>()?;
    }
    Ok(found)
}

const PERSON: &str = "SELECT c.id, c.label, o.name AS company, c.grade, ";

fn person(row: &Row) -> Result<Person, DbError> {
    Ok(Person {
        id: row.get("id")?,
        name: row.get("label")?,
        company: row.get::<Option<String>>("company")?.unwrap_or_default(),
        grade: row.get::<Option<String>>("grade")?.unwrap_or_default(),
        since_at: row.get("since_at")?,
    })
}

/// Members a scope allows to see, newest id last, behind `after`, at most `limit`.
pub async fn list_members(tx: &mut Tx, segment: i64, scope: &Scope, after: i64, limit: i64) -> Result<Vec<Person>, DbError> {
    let mut sql = Sql::new(PERSON);
    sql.push("m.since_at FROM segment_members m JOIN v_identify_contact c ON c.id = m.contact_id LEFT JOIN v_identify_company o ON o.id = c.company_id");
    sql.push(" WHERE m.segment_id = ").bind(segment).push(" AND m.contact_id > ").bind(after);
    Reach::of(tx, scope).await?.push_people(&mut sql, "c");
    sql.push(" ORDER BY m.contact_id LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(person).collect()
}

/// What publishing a rule would change on a segment's members.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// How many would come.
    pub added: i64,
    /// How many would go.
    pub dropped: i64,
    /// One of those that would go, else of those that would come: id and name.
    pub example: Option<(i64, String)>,
}

/// Compares what `found` (a statement of [`super::select`]) yields with the members kept.
pub async fn difference(tx: &mut Tx, segment: i64, found: &Sql, scope: Option<&Scope>) -> Result<Difference, DbError> {
    let mut added = Sql::new("SELECT q.id FROM (");
    added
        .append(found)
        .push(") q WHERE q.id NOT IN (SELECT m.contact_id FROM segment_members m WHERE m.segment_id = ")
        .bind(segment)
        .push(")");
    let mut dropped = Sql::new("SELECT m.contact_id AS id FROM segment_members m WHERE m.segment_id = ");
    dropped.bind(segment).push(" AND m.contact_id NOT IN (").append(found).push(")");
    let mut difference = Difference { added: super::count(tx, &added).await?, dropped: super::count(tx, &dropped).await?, example: None };
    let known = if difference.dropped > 0 { &dropped } else { &added };
    let ids = super::first(tx, known, 1).await?;
    let (Some(scope), Some(id)) = (scope, ids.first()) else { return Ok(difference) };
    let one = Relation::of_ids("id", [*id]);
    let row = tx.rows_from(
        sql!("SELECT c.id AS contact_id, c.label, c.owner_id, c.team_id, c.company_id FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id"),
        &one,
        params![],
    );
    if let Some(row) = row.await?.first()
        && Reach::of(tx, scope).await?.covers_row(row)?
    {
        difference.example = Some((row.get("contact_id")?, row.get("label")?));
    }
    Ok(difference)
}
