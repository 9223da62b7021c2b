//! A segment is a group of contacts: dynamic by a rule, or static as it was on a day.
//!
//! Guards that the members kept step by step are those a full count finds, to the moment: every fact that a rule reads leads from the
//! event to the rule, and every time window that closes has a timer.

pub(crate) mod amount;
pub mod api;
pub mod bind;
pub mod company;
pub mod compile;
pub mod custom;
pub mod evaluate;
pub mod facts;
pub mod follow;
pub(crate) mod form;
mod inputs;
pub mod jobs;
pub mod keep;
pub mod names;
pub mod pages;
mod preview;
mod reader;
#[cfg(test)]
mod reference_tests;
pub mod rule;
mod store;
#[cfg(test)]
mod tests;
pub mod text;
mod view;
pub mod words;

use attune_db::{DbError, Sql, Tx};
use attune_identify::field::Subject;
use attune_jobs::Bench;
use attune_kernel::{DAY_US, Fault, Ids};
use attune_record::audit;
use attune_web::{Actor, Sight};

pub use bind::{Bound, FacetField, RuleError, SegmentName, Vocabulary, bind};
pub use reader::{check_reader, check_sight};
pub use rule::Rule;
use rule::{Cmp, ScoreCondition, ScoreName};
pub use store::{Segment, SegmentKind, days, find, find_by_name, list, list_after, member_ids, of_contact};
pub use text::{ParseError, parse, print};

use crate::score;
use crate::score::jobs::Whose;

attune_kernel::id_type!(
    /// The id of a segment.
    SegmentId,
    "seg"
);

/// The points of engagement at which somebody may come or go: of every limit in a rule the least that is beyond it.
pub(crate) async fn score_limits(tx: &mut Tx) -> Result<std::collections::BTreeSet<i64>, DbError> {
    let mut limits = std::collections::BTreeSet::new();
    for segment in store::list(tx).await?.iter().filter(|segment| segment.kind == SegmentKind::Dynamic) {
        for condition in segment.rule.conditions() {
            let Rule::Score(ScoreCondition { score: ScoreName::Engagement, cmp, points }) = condition else { continue };
            if !matches!(cmp, Cmp::Gt | Cmp::Le) {
                limits.insert(*points);
            }
            if !matches!(cmp, Cmp::Ge | Cmp::Lt) {
                limits.insert(points.saturating_add(1));
            }
        }
    }
    Ok(limits)
}

/// Why a segment cannot be used or kept as asked.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The text of the rule cannot be read.
    #[error(transparent)]
    Text(#[from] ParseError),
    /// The rule speaks of something that is not there, or does not fit.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// There is no such segment.
    #[error("the segment does not exist")]
    NotFound,
    /// Another segment has this name.
    #[error("another segment is called {0:?}")]
    NameTaken(String),
    /// The rule would ask for the segment it defines.
    #[error("the rule leads back to its own segment through {0:?}")]
    Circle(String),
    /// Another segment asks for this one.
    #[error("the segment is used by {0:?}")]
    Used(String),
    /// A static segment has no rule to change.
    #[error("a static segment stays as it is")]
    Static,
    /// The store or we failed.
    #[error("{0}")]
    Fault(Fault),
}

impl From<DbError> for SegmentError {
    fn from(error: DbError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Fault> for SegmentError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SegmentError> for attune_web::Problem {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::NotFound => Self::NotFound,
            SegmentError::NameTaken(name) => Self::refused("segment-name-taken").s("name", name),
            SegmentError::Circle(name) => Self::refused("segment-circle").s("name", name),
            SegmentError::Used(name) => Self::refused("segment-used").s("name", name),
            SegmentError::Static => Self::refused("segment-static-text"),
            SegmentError::Text(wrong) => {
                let status = http_unprocessable();
                let problem = Self::Domain { status, key: wrong.key, args: Vec::new() };
                problem.n("at", i64::try_from(wrong.at).unwrap_or(0)).s("found", wrong.found).s("what", "")
            }
            SegmentError::Rule(wrong) => {
                let problem = Self::Domain { status: http_unprocessable(), key: wrong.key, args: Vec::new() };
                problem.s("what", wrong.what).n("at", 0).s("found", "")
            }
            SegmentError::Fault(fault) => fault.into(),
        }
    }
}

fn http_unprocessable() -> axum::http::StatusCode {
    axum::http::StatusCode::UNPROCESSABLE_ENTITY
}

/// The facets of the house as rules see them.
pub fn facet_fields(facets: &[attune_house::Facet]) -> Vec<FacetField> {
    let kind = |kind| match kind {
        attune_house::FacetKind::Text => bind::Kind::Text,
        attune_house::FacetKind::Number => bind::Kind::Number,
        attune_house::FacetKind::Date => bind::Kind::Date,
        attune_house::FacetKind::Bool => bind::Kind::YesNo,
        attune_house::FacetKind::Words => bind::Kind::Choice,
    };
    let field = |facet: &attune_house::Facet| FacetField {
        key: facet.key,
        label_key: facet.label_key,
        kind: kind(facet.kind),
        sql: facet.sql,
        changed_by: facet.changed_by,
    };
    facets.iter().map(field).collect()
}

/// Who acts, when, and what is needed to put jobs.
#[derive(Clone, Copy)]
pub struct By<'a> {
    /// Who acts.
    pub actor: &'a Actor,
    /// When, µs UTC.
    pub now: i64,
    /// Fresh ids.
    pub ids: &'a Ids,
    /// Where jobs are put.
    pub bench: &'a Bench,
}

/// Everything a rule may speak of right now.
pub async fn vocabulary(tx: &mut Tx, facets: &[FacetField]) -> Result<Vocabulary, DbError> {
    let segments = store::list(tx).await?.into_iter().map(|segment| SegmentName { id: segment.id, name: segment.name }).collect();
    let company = Some(facts::custom_fields(tx, Subject::Company).await?);
    let custom = facts::custom_fields(tx, Subject::Contact).await?;
    Ok(Vocabulary { custom, company, facets: facets.to_vec(), segments, ..Vocabulary::default() })
}

/// Compiles a rule to one statement that yields the ids (`id`) of those it holds for at `now` (µs).
pub async fn select(tx: &mut Tx, rule: &Rule, facets: &[FacetField], now: i64) -> Result<Sql, SegmentError> {
    let vocabulary = vocabulary(tx, facets).await?;
    select_with(tx, rule, &vocabulary, now).await
}

/// The same, with what rules may speak of at hand.
async fn select_with(tx: &mut Tx, rule: &Rule, vocabulary: &Vocabulary, now: i64) -> Result<Sql, SegmentError> {
    Ok(compile::compile(&bind(rule, vocabulary)?, score::basis(tx).await?.decay(), now))
}

/// Who asks by a rule written as text.
#[derive(Clone, Copy)]
pub enum Asking<'a> {
    /// Nobody: it was checked when it was written.
    Kept,
    /// Somebody, by a text that is kept as it is. It names records by id alone: it must not come to mean somebody else of that name.
    Keeping(&'a Actor),
    /// Somebody, once.
    Once(&'a Actor),
}

/// Compiles a rule written as text, or the name or id of a segment, to one statement that yields contact ids (`id`). A segment that is there may be used
/// by everybody; by a rule somebody asks no more than [`check_reader`] allows.
pub async fn select_text(tx: &mut Tx, text: &str, asking: Asking<'_>, facets: &[FacetField], now: i64) -> Result<Sql, SegmentError> {
    let vocabulary = vocabulary(tx, facets).await?;
    if let Some(segment) = vocabulary.segment(text.trim()) {
        let rule = Rule::Segment(rule::SegmentCondition { segment: SegmentId(segment.id).to_string() });
        return select_with(tx, &rule, &vocabulary, now).await;
    }
    let mut rule = parse(text)?;
    if let Asking::Keeping(actor) | Asking::Once(actor) = asking {
        check_reader(&rule, &vocabulary, &Sight::of(actor), pages::seen(actor).as_ref())?;
    }
    if let Asking::Once(actor) = asking {
        rule = names::resolve(tx, rule, &vocabulary, pages::seen(actor).as_ref()).await?;
    }
    select_with(tx, &rule, &vocabulary, now).await
}

/// How many contacts a statement of [`select`] yields.
pub async fn count(tx: &mut Tx, found: &Sql) -> Result<i64, DbError> {
    let mut sql = Sql::new("SELECT count(*) FROM (");
    sql.append(found).push(") q");
    tx.count(sql.text(), sql.values()).await
}

/// The first `limit` ids a statement of [`select`] yields, in order.
pub async fn first(tx: &mut Tx, found: &Sql, limit: i64) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT q.id FROM (");
    sql.append(found).push(") q ORDER BY q.id LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// Makes a dynamic segment; its members are found by a job. Answers its id.
pub async fn create(tx: &mut Tx, by: &By<'_>, name: &str, rule: Rule, facets: &[FacetField]) -> Result<i64, SegmentError> {
    let vocabulary = vocabulary(tx, facets).await?;
    let rule = settled(tx, by, rule, &vocabulary).await?;
    let segment = Segment {
        id: by.ids.next(),
        name: free_name(tx, name, None).await?,
        kind: SegmentKind::Dynamic,
        rule,
        member_count: 0,
        created_at: by.now,
        updated_at: by.now,
        filled_at: None,
        bound_to: None,
    };
    store::insert(tx, &segment, staff(by)).await?;
    note(tx, by, "segment.created", segment.id, None, Some(&segment)).await?;
    jobs::refresh(tx, by.bench, Some(vec![segment.id]), Whose::default()).await?;
    Ok(segment.id)
}

/// Makes a static segment of those the rule holds for now. Answers its id and how many they are.
pub async fn snapshot(tx: &mut Tx, by: &By<'_>, name: &str, rule: Rule, facets: &[FacetField]) -> Result<(i64, i64), SegmentError> {
    let vocabulary = vocabulary(tx, facets).await?;
    let rule = settled(tx, by, rule, &vocabulary).await?;
    let found = compile::compile(&bind(&rule, &vocabulary)?, score::basis(tx).await?.decay(), by.now);
    let mut segment = Segment {
        id: by.ids.next(),
        name: free_name(tx, name, None).await?,
        kind: SegmentKind::Static,
        rule,
        member_count: 0,
        created_at: by.now,
        updated_at: by.now,
        filled_at: Some(by.now),
        bound_to: None,
    };
    store::insert(tx, &segment, staff(by)).await?;
    segment.member_count = i64::try_from(store::fill(tx, segment.id, &found, by.now).await?).unwrap_or(i64::MAX);
    store::write_days(tx, &[(segment.id, (segment.member_count, 0))].into(), by.now).await?;
    note(tx, by, "segment.created", segment.id, None, Some(&segment)).await?;
    Ok((segment.id, segment.member_count))
}

/// Changes a segment's name and, of a dynamic one, its rule; its members are found anew by a job.
pub async fn update(tx: &mut Tx, by: &By<'_>, id: i64, name: &str, rule: Rule, facets: &[FacetField]) -> Result<(), SegmentError> {
    let before = store::find(tx, id).await?.ok_or(SegmentError::NotFound)?;
    let vocabulary = vocabulary(tx, facets).await?;
    let is_static = before.kind == SegmentKind::Static;
    let rule = if is_static { before.rule.clone() } else { settled(tx, by, rule, &vocabulary).await? };
    refuse_circle(tx, id, &bind(&rule, &vocabulary)?, &vocabulary).await?;
    let after = Segment { name: free_name(tx, name, Some(id)).await?, rule, ..before.clone() };
    if after == before {
        return Ok(());
    }
    let updated_at = store::update(tx, id, &after.name, &after.rule, by.now).await?;
    note(tx, by, "segment.updated", id, Some(&before), Some(&after)).await?;
    if before.kind == SegmentKind::Dynamic {
        jobs::refresh(tx, by.bench, Some(vec![id]), Whose::default()).await?;
    } else {
        store::set_filled(tx, &[(id, updated_at)], by.now).await?;
    }
    Ok(())
}

/// Hides a segment; refused while another one asks for it.
pub async fn delete(tx: &mut Tx, by: &By<'_>, id: i64, facets: &[FacetField]) -> Result<Segment, SegmentError> {
    let segment = store::find(tx, id).await?.ok_or(SegmentError::NotFound)?;
    let vocabulary = vocabulary(tx, facets).await?;
    for other in store::list(tx).await?.into_iter().filter(|other| other.id != id && other.kind == SegmentKind::Dynamic) {
        if bind(&other.rule, &vocabulary).is_ok_and(|rule| rule.segments().contains(&id)) {
            return Err(SegmentError::Used(other.name));
        }
    }
    store::set_deleted(tx, id, Some(by.now)).await?;
    note(tx, by, "segment.deleted", id, Some(&segment), None).await?;
    Ok(segment)
}

/// Brings a hidden segment back; a dynamic one finds its members anew.
pub async fn restore(tx: &mut Tx, by: &By<'_>, id: i64) -> Result<Segment, SegmentError> {
    match store::set_deleted(tx, id, None).await {
        Ok(true) => {}
        Ok(false) => return Err(SegmentError::NotFound),
        Err(DbError::Unique(_)) => return Err(SegmentError::NameTaken(String::new())),
        Err(error) => return Err(error.into()),
    }
    let segment = store::find(tx, id).await?.ok_or(SegmentError::NotFound)?;
    note(tx, by, "segment.restored", id, None, Some(&segment)).await?;
    if segment.kind == SegmentKind::Dynamic {
        jobs::refresh(tx, by.bench, Some(vec![id]), Whose::default()).await?;
    }
    Ok(segment)
}

/// All members of a segment, in order of their ids.
pub async fn members(tx: &mut Tx, id: i64) -> Result<Vec<i64>, DbError> {
    store::member_ids(tx, id, i64::MIN, i64::MAX).await
}

/// Members at the end of each of the last `count` days (UTC), oldest first, from the count now and the days' comings and goings.
pub fn trend(member_count: i64, days: &[(i64, i64, i64, i64)], now: i64, count: i64) -> Vec<(i64, i64)> {
    let today = now.div_euclid(DAY_US) * DAY_US;
    let mut members = member_count;
    let mut points = Vec::new();
    for back in 0..count {
        let day_at = today - back * DAY_US;
        points.push((day_at, members.max(0)));
        let change: i64 = days.iter().filter(|(_, at, ..)| *at == day_at).map(|(_, _, entered, departed)| entered - departed).sum();
        members -= change;
    }
    points.reverse();
    points
}

/// The rule in its normal form, checked, with segments and records named by id, so that renaming one breaks nothing.
async fn settled(tx: &mut Tx, by: &By<'_>, rule: Rule, vocabulary: &Vocabulary) -> Result<Rule, SegmentError> {
    let scope = pages::seen(by.actor);
    check_reader(&rule, vocabulary, &Sight::of(by.actor), scope.as_ref())?;
    let rule = names::resolve(tx, rule.normal(), vocabulary, scope.as_ref()).await?;
    bind(&rule, vocabulary)?;
    Ok(by_id(rule, vocabulary))
}

fn by_id(rule: Rule, vocabulary: &Vocabulary) -> Rule {
    let all = |members: Vec<Rule>| members.into_iter().map(|member| by_id(member, vocabulary)).collect();
    match rule {
        Rule::All(members) => Rule::All(all(members)),
        Rule::Any(members) => Rule::Any(all(members)),
        Rule::None(members) => Rule::None(all(members)),
        Rule::Segment(condition) => {
            let id = vocabulary.segment(&condition.segment).map(|found| SegmentId(found.id).to_string());
            Rule::Segment(rule::SegmentCondition { segment: id.unwrap_or(condition.segment) })
        }
        Rule::Field(condition) => {
            if let Some(named) = vocabulary.named_by(&condition.field) {
                return Rule::Field(rule::FieldCondition { test: bind::map_texts(&condition.test, &|text| named.bare(text)), ..condition });
            }
            // An option is kept by its key, so that calling it something else changes no segment.
            let custom = vocabulary.custom_field(&condition.field).filter(|custom| custom.kind == bind::Kind::Choice);
            Rule::Field(match custom {
                Some(custom) => rule::FieldCondition { test: bind::map_texts(&condition.test, &|text| custom.option(text)), ..condition },
                None => condition,
            })
        }
        other => other,
    }
}

async fn free_name(tx: &mut Tx, name: &str, own: Option<i64>) -> Result<String, SegmentError> {
    let name = name.trim();
    match store::find_by_name(tx, name).await? {
        Some(other) if Some(other.id) != own => Err(SegmentError::NameTaken(other.name)),
        _ => Ok(name.to_owned()),
    }
}

async fn refuse_circle(tx: &mut Tx, id: i64, rule: &Bound, vocabulary: &Vocabulary) -> Result<(), SegmentError> {
    let all = store::list(tx).await?;
    let mut ahead = rule.segments();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(next) = ahead.pop() {
        let Some(segment) = all.iter().find(|segment| segment.id == next) else { continue };
        if next == id {
            return Err(SegmentError::Circle(segment.name.clone()));
        }
        if seen.insert(next) && segment.kind == SegmentKind::Dynamic {
            ahead.extend(bind(&segment.rule, vocabulary).map(|rule| rule.segments()).unwrap_or_default());
        }
    }
    Ok(())
}

fn staff(by: &By<'_>) -> Option<i64> {
    (by.actor.staff_id != 0).then_some(by.actor.staff_id)
}

async fn note(
    tx: &mut Tx,
    by: &By<'_>,
    what: &'static str,
    id: i64,
    before: Option<&Segment>,
    after: Option<&Segment>,
) -> Result<(), DbError> {
    let json = |segment: &Segment| serde_json::json!({ "name": segment.name, "kind": segment.kind.word(), "rule": segment.rule });
    audit::note(tx, by.ids, by.now, by.actor, what, "segment", id, before.map(json), after.map(json)).await
}
