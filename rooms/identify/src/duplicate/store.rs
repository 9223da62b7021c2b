//! The SQL of duplicates.

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_duplicate::Model;
use attune_kernel::Fault;

use super::Known;
use super::twin::{Asker, Twin};
use crate::field::Subject;

/// A pair found by the search: (left, right, probability, evidence as JSON).
pub(super) type Found = (i64, i64, f64, String);

/// Where a page of pairs ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) probability: f64,
    pub(super) left: i64,
    pub(super) right: i64,
}

/// A pair: the lower id, the higher, and what is known of it.
pub(super) type Line = (i64, i64, Known);

fn read(row: &Row) -> Result<Known, DbError> {
    Ok(Known {
        probability: row.get("probability")?,
        evidence: serde_json::from_str(&row.get::<String>("evidence")?).unwrap_or_default(),
        is_apart: row.get::<String>("state")? == "apart",
    })
}

fn line(row: &Row) -> Result<Line, DbError> {
    Ok((row.get("left_id")?, row.get("right_id")?, read(row)?))
}

/// What is known of two records, in either order.
pub(crate) async fn find_known<T: Twin>(tx: &mut Tx, a: i64, b: i64) -> Result<Option<Known>, DbError> {
    let select = format!(
        "SELECT p.probability, p.evidence, CASE WHEN EXISTS ({}) THEN 'apart' ELSE p.state END AS state FROM duplicate_pairs p
         WHERE p.left_id = $1 AND p.right_id = $2",
        told_apart(T::TABLE)
    );
    tx.find(&select, params![a.min(b), a.max(b)]).await?.as_ref().map(read).transpose()
}

/// Appends the pairs of a state of which the asker has both in charge. Who was told apart is shown as who he is part of today.
fn push_pairs<T: Twin>(sql: &mut Sql, asker: Asker<'_>, state: &str) {
    let table = T::TABLE;
    let joined = if state == "apart" {
        format!(
            "JOIN {table} l ON l.id = p.left_id JOIN {table} a ON a.id = COALESCE(l.merged_into, l.id) AND a.deleted_at IS NULL
             JOIN {table} r ON r.id = p.right_id JOIN {table} b ON b.id = COALESCE(r.merged_into, r.id) AND b.deleted_at IS NULL AND b.id <> a.id"
        )
    } else {
        format!("JOIN {table} a ON a.id = p.left_id AND a.deleted_at IS NULL JOIN {table} b ON b.id = p.right_id AND b.deleted_at IS NULL")
    };
    sql.push(&format!(" FROM duplicate_pairs p {joined} WHERE p.subject = ")).bind(T::OF.word());
    sql.push(" AND p.state = ").bind(state);
    if state == "found" {
        sql.push(&format!(" AND NOT ({}) AND NOT EXISTS ({})", T::DIFFERENT, told_apart(table)));
    }
    for side in ["a", "b"] {
        T::push_in_charge(sql, asker, side);
    }
}

/// That somebody told two apart of whom each became part of one of the pair `p`, or is one: a merge takes nothing back that was said of either.
fn told_apart(table: &str) -> String {
    let of = |side: &str, whose: &str| format!("({side}.id = p.{whose} OR {side}.merged_into = p.{whose})");
    format!(
        "SELECT 1 AS one FROM {table} l, {table} r, duplicate_pairs q WHERE {} AND {} AND q.state = 'apart'
         AND q.left_id = CASE WHEN l.id < r.id THEN l.id ELSE r.id END AND q.right_id = CASE WHEN l.id < r.id THEN r.id ELSE l.id END",
        of("l", "left_id"),
        of("r", "right_id")
    )
}

/// How many pairs of a state the asker may see, counted up to `most`.
pub(super) async fn count<T: Twin>(tx: &mut Tx, asker: Asker<'_>, state: &str, most: i64) -> Result<i64, DbError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1 AS one");
    push_pairs::<T>(&mut sql, asker, state);
    sql.push(" LIMIT ").bind(most).push(") n");
    tx.rows_of(&sql).await?.first().map_or(Ok(0), |row| row.at(0))
}

/// By which two records a pair of a state is shown: found ones by the index of their order.
fn ends(state: &str) -> (&'static str, &'static str) {
    if state == "apart" { ("a.id", "b.id") } else { ("p.left_id", "p.right_id") }
}

fn pair(state: &str) -> Sql {
    let (left, right) = ends(state);
    Sql::new(&format!("SELECT {left} AS left_id, {right} AS right_id, p.probability, p.evidence, p.state"))
}

/// Pairs of a state behind `after`, the likeliest first.
pub(super) async fn list<T: Twin>(
    tx: &mut Tx,
    asker: Asker<'_>,
    state: &str,
    after: Option<Mark>,
    limit: i64,
) -> Result<Vec<Line>, DbError> {
    let mut sql = pair(state);
    push_pairs::<T>(&mut sql, asker, state);
    let (left, right) = ends(state);
    if let Some(mark) = after {
        sql.push(&format!(" AND (p.probability, {left}, {right}) < (")).bind(mark.probability).push(", ").bind(mark.left);
        sql.push(", ").bind(mark.right).push(")");
    }
    sql.push(&format!(" ORDER BY p.probability DESC, {left} DESC, {right} DESC LIMIT ")).bind(limit);
    tx.rows_of(&sql).await?.iter().map(line).collect()
}

/// Which record is likely the same as `id`, the likeliest first.
pub(crate) async fn list_of<T: Twin>(tx: &mut Tx, asker: Asker<'_>, id: i64) -> Result<Vec<(T, Known)>, DbError> {
    let mut sql = pair("found");
    push_pairs::<T>(&mut sql, asker, "found");
    sql.push(" AND (p.left_id = ").bind(id).push(" OR p.right_id = ").bind(id).push(")");
    sql.push(" ORDER BY p.probability DESC LIMIT 10");
    let pairs = tx.rows_of(&sql).await?.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let other = |(left, right, known): Line| (if left == id { right } else { left }, known);
    let pairs: Vec<(i64, Known)> = pairs.into_iter().map(other).collect();
    let records = T::list_by_ids(tx, pairs.iter().map(|(id, _)| *id).collect()).await?;
    let with = |(id, known): (i64, Known)| Some((records.iter().find(|record| record.id() == id)?.clone(), known));
    Ok(pairs.into_iter().filter_map(with).collect())
}

/// Tells a pair apart; false when it is not on record.
pub(super) async fn set_apart(tx: &mut Tx, (a, b): (i64, i64), by: &str, now: i64) -> Result<bool, DbError> {
    let update = sql!("UPDATE duplicate_pairs SET state = 'apart', decided_at = $3, decided_by = $4 WHERE left_id = $1 AND right_id = $2");
    Ok(tx.exec(update, params![a.min(b), a.max(b), now, by]).await? == 1)
}

/// Takes back that a pair was told apart, and what was said of those who became part of either; false when nothing is on record.
pub(super) async fn set_together<T: Twin>(tx: &mut Tx, (a, b): (i64, i64), by: &str, now: i64) -> Result<bool, DbError> {
    let of = |id: &str| format!("(SELECT o.id FROM {} o WHERE o.id = {id} OR o.merged_into = {id})", T::TABLE);
    let update = format!(
        "UPDATE duplicate_pairs SET state = 'found', decided_at = $3, decided_by = $4
         WHERE left_id IN {0} AND right_id IN {1} OR left_id IN {1} AND right_id IN {0}",
        of("$1"),
        of("$2")
    );
    Ok(tx.exec(&update, params![a, b, now, by]).await? > 0)
}

/// Writes what the search found at `now`; what somebody told apart stays so.
pub(super) async fn put(tx: &mut Tx, subject: Subject, found: &[Found], now: i64) -> Result<(), DbError> {
    let mut rows = Relation::new(&[
        ("left_id", Column::Int),
        ("right_id", Column::Int),
        ("subject", Column::Text),
        ("probability", Column::Real),
        ("evidence", Column::Text),
        ("state", Column::Text),
        ("found_at", Column::Int),
    ]);
    for (left, right, probability, evidence) in found {
        let (left, right) = (*left.min(right), *left.max(right));
        let texts = [subject.word(), evidence.as_str(), "found"].map(Value::from);
        let [subject, evidence, state] = texts;
        rows.push(vec![left.into(), right.into(), subject, (*probability).into(), evidence, state, now.into()]);
    }
    let set = "probability = excluded.probability, evidence = excluded.evidence, found_at = excluded.found_at";
    tx.insert("duplicate_pairs", &rows, Conflict::Update(&["left_id", "right_id"], set)).await?;
    Ok(())
}

/// Forgets pairs that a search which began at `now` did not find any more.
pub(super) async fn forget_older(tx: &mut Tx, subject: Subject, now: i64) -> Result<u64, DbError> {
    let delete = sql!("DELETE FROM duplicate_pairs WHERE subject = $1 AND state = 'found' AND found_at < $2");
    tx.exec(delete, params![subject.word(), now]).await
}

/// Keeps what was learned, and of how many records at what time.
pub(super) async fn put_model(tx: &mut Tx, subject: Subject, model: &Model, (records, now): (i64, i64)) -> Result<(), Fault> {
    let text = serde_json::to_string(model)?;
    let insert = sql!(
        "INSERT INTO duplicate_models (subject, model, records, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (subject) DO UPDATE SET model = excluded.model, records = excluded.records, at = excluded.at"
    );
    tx.exec(insert, params![subject.word(), text, records, now]).await?;
    Ok(())
}

/// When the model was learned.
pub(super) async fn learned_at(tx: &mut Tx, subject: Subject) -> Result<Option<i64>, DbError> {
    let row = tx.find(sql!("SELECT at FROM duplicate_models WHERE subject = $1"), params![subject.word()]).await?;
    row.map(|row| row.get("at")).transpose()
}

pub(super) async fn model(tx: &mut Tx, subject: Subject) -> Result<Option<Model>, Fault> {
    let row = tx.find(sql!("SELECT model FROM duplicate_models WHERE subject = $1"), params![subject.word()]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(serde_json::from_str(&row.get::<String>("model")?)?))
}
