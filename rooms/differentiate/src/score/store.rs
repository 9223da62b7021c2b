//! The SQL of scores.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};

use super::rules::{Basis, Line, ScoreRule, Tier};
use crate::segment::rule::{FieldCondition, Subject};

/// What being somebody is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct FitRule {
    /// Its id.
    pub id: i64,
    /// The test.
    pub condition: FieldCondition,
    /// Points when it holds.
    pub points: i64,
    /// Whether it counts.
    pub active: bool,
}

/// A contact's score as last told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    pub fit: i64,
    pub shown: i64,
    pub tier: Tier,
    pub grade: char,
}

/// One reason for a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The rule.
    pub rule: ScoreRule,
    /// What it has earned.
    pub line: Line,
    /// What is left of it now, with its sign.
    pub points: f64,
}

/// The numbers in force.
pub async fn basis(tx: &mut Tx) -> Result<Basis, DbError> {
    let row = tx
        .get("the basis of scores", sql!("SELECT half_life_days, hot, warm, fit_good, fit_fair FROM score_basis WHERE id = 1"), params![])
        .await?;
    Ok(Basis {
        half_life_days: row.get("half_life_days")?,
        hot: row.get("hot")?,
        warm: row.get("warm")?,
        fit_good: row.get("fit_good")?,
        fit_fair: row.get("fit_fair")?,
    })
}

/// Puts other numbers in force; every score has to be computed anew after that.
pub async fn save_basis(tx: &mut Tx, basis: &Basis) -> Result<(), DbError> {
    let sql = sql!("UPDATE score_basis SET half_life_days = $1, hot = $2, warm = $3, fit_good = $4, fit_fair = $5 WHERE id = 1");
    tx.exec(sql, params![basis.half_life_days, basis.hot, basis.warm, basis.fit_good, basis.fit_fair]).await?;
    Ok(())
}

fn read_rule(row: &Row) -> Result<ScoreRule, DbError> {
    let test: Option<String> = row.get("subject_test")?;
    let subject: Option<String> = row.get("subject")?;
    Ok(ScoreRule {
        id: row.get("id")?,
        event: row.get("event")?,
        subject: test.zip(subject).and_then(|(test, text)| Subject::of(&test, &text)),
        min_amount: row.get("min_amount")?,
        points: row.get("points")?,
        daily_cap: row.get("daily_cap")?,
        first_bonus: row.get("first_bonus")?,
        active: row.get("active")?,
    })
}

/// All score rules, in the order in which they were made.
pub async fn list_rules(tx: &mut Tx) -> Result<Vec<ScoreRule>, DbError> {
    let sql =
        sql!("SELECT id, event, subject_test, subject, min_amount, points, daily_cap, first_bonus, active FROM score_rules ORDER BY id");
    tx.rows(sql, params![]).await?.iter().map(read_rule).collect()
}

/// Makes or changes a score rule.
pub async fn save_rule(tx: &mut Tx, rule: &ScoreRule, now: i64) -> Result<(), DbError> {
    let mut row = Relation::new(&[
        ("id", Column::Int),
        ("event", Column::Text),
        ("subject_test", Column::Text),
        ("subject", Column::Text),
        ("min_amount", Column::Int),
        ("points", Column::Int),
        ("daily_cap", Column::Int),
        ("first_bonus", Column::Int),
        ("active", Column::Bool),
        ("created_at", Column::Int),
        ("updated_at", Column::Int),
    ]);
    row.push(vec![
        rule.id.into(),
        Value::from(rule.event.as_str()),
        rule.subject.as_ref().map(Subject::word).into(),
        rule.subject.as_ref().map(Subject::text).into(),
        rule.min_amount.into(),
        rule.points.into(),
        rule.daily_cap.into(),
        rule.first_bonus.into(),
        rule.active.into(),
        now.into(),
        now.into(),
    ]);
    let set = "event = excluded.event, subject_test = excluded.subject_test, subject = excluded.subject, min_amount = excluded.min_amount, points = excluded.points, daily_cap = excluded.daily_cap, first_bonus = excluded.first_bonus, active = excluded.active, updated_at = excluded.updated_at";
    tx.insert("score_rules", &row, Conflict::Update(&["id"], set)).await?;
    Ok(())
}

/// Removes a score rule; its lines go with the next recomputation.
pub async fn delete_rule(tx: &mut Tx, id: i64) -> Result<u64, DbError> {
    tx.exec(sql!("DELETE FROM score_rules WHERE id = $1"), params![id]).await
}

/// All fit rules, in the order in which they were made. One whose test cannot be read is left out.
pub async fn list_fit_rules(tx: &mut Tx) -> Result<Vec<FitRule>, DbError> {
    let rows = tx.rows(sql!("SELECT id, condition, points, active FROM fit_rules ORDER BY id"), params![]).await?;
    let mut rules = Vec::with_capacity(rows.len());
    for row in rows {
        let Ok(condition) = serde_json::from_str(&row.get::<String>("condition")?) else { continue };
        rules.push(FitRule { id: row.get("id")?, condition, points: row.get("points")?, active: row.get("active")? });
    }
    Ok(rules)
}

/// Makes or changes a fit rule.
pub async fn save_fit_rule(tx: &mut Tx, rule: &FitRule, now: i64) -> Result<(), DbError> {
    let condition = serde_json::to_string(&rule.condition).unwrap_or_default();
    let sql = sql!(
        "INSERT INTO fit_rules (id, condition, points, active, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (id) DO UPDATE SET condition = excluded.condition, points = excluded.points, active = excluded.active, updated_at = excluded.updated_at"
    );
    tx.exec(sql, params![rule.id, condition, rule.points, rule.active, now]).await?;
    Ok(())
}

/// Removes a fit rule.
pub async fn delete_fit_rule(tx: &mut Tx, id: i64) -> Result<u64, DbError> {
    tx.exec(sql!("DELETE FROM fit_rules WHERE id = $1"), params![id]).await
}

fn read_line(row: &Row) -> Result<Line, DbError> {
    Ok(Line {
        count: row.get("count")?,
        k: row.get("k")?,
        last_at: row.get("last_at")?,
        day: row.get("day")?,
        day_points: row.get("day_points")?,
    })
}

/// The lines of these contacts by (contact, rule).
pub(super) async fn lines(tx: &mut Tx, contacts: &Relation) -> Result<HashMap<(i64, i64), Line>, DbError> {
    let sql = sql!(
        "SELECT l.contact_id, l.rule_id, l.count, l.k, l.last_at, l.day, l.day_points FROM {rows} AS r JOIN score_lines l ON l.contact_id = r.id"
    );
    let rows = tx.rows_from(sql, contacts, params![]).await?;
    rows.iter().map(|row| Ok(((row.get("contact_id")?, row.get("rule_id")?), read_line(row)?))).collect()
}

/// Writes lines.
pub(super) async fn put_lines(tx: &mut Tx, lines: impl Iterator<Item = ((i64, i64), Line)>) -> Result<(), DbError> {
    let mut rows = Relation::new(&[
        ("contact_id", Column::Int),
        ("rule_id", Column::Int),
        ("count", Column::Int),
        ("k", Column::Real),
        ("last_at", Column::Int),
        ("day", Column::Int),
        ("day_points", Column::Int),
    ]);
    for ((contact, rule), line) in lines {
        rows.push(vec![
            contact.into(),
            rule.into(),
            line.count.into(),
            line.k.into(),
            line.last_at.into(),
            line.day.into(),
            line.day_points.into(),
        ]);
    }
    let set = "count = excluded.count, k = excluded.k, last_at = excluded.last_at, day = excluded.day, day_points = excluded.day_points";
    tx.insert("score_lines", &rows, Conflict::Update(&["contact_id", "rule_id"], set)).await?;
    Ok(())
}

/// Forgets the lines of these contacts.
pub(super) async fn delete_lines(tx: &mut Tx, contacts: &Relation) -> Result<(), DbError> {
    tx.exec_from(sql!("DELETE FROM score_lines WHERE contact_id IN (SELECT r.id FROM {rows} AS r)"), contacts, params![]).await?;
    Ok(())
}

/// What was last told about these contacts.
pub(super) async fn told(tx: &mut Tx, contacts: &Relation) -> Result<HashMap<i64, Told>, DbError> {
    let sql = sql!("SELECT s.contact_id, s.fit, s.shown, s.tier, s.grade FROM {rows} AS r JOIN contact_scores s ON s.contact_id = r.id");
    let rows = tx.rows_from(sql, contacts, params![]).await?;
    let read = |row: &Row| {
        let grade: String = row.get("grade")?;
        let tier: String = row.get("tier")?;
        let told =
            Told { fit: row.get("fit")?, shown: row.get("shown")?, tier: Tier::of(&tier), grade: grade.chars().next().unwrap_or('C') };
        Ok((row.get("contact_id")?, told))
    };
    rows.iter().map(read).collect()
}

/// Remembers what is told about contacts now.
pub(super) async fn put_told(tx: &mut Tx, told: impl Iterator<Item = (i64, Told)>, now: i64) -> Result<(), DbError> {
    let mut rows = Relation::new(&[
        ("contact_id", Column::Int),
        ("fit", Column::Int),
        ("shown", Column::Int),
        ("tier", Column::Text),
        ("grade", Column::Text),
        ("updated_at", Column::Int),
    ]);
    for (contact, told) in told {
        rows.push(vec![
            contact.into(),
            told.fit.into(),
            told.shown.into(),
            told.tier.word().into(),
            told.grade.to_string().into(),
            now.into(),
        ]);
    }
    let set = "fit = excluded.fit, shown = excluded.shown, tier = excluded.tier, grade = excluded.grade, updated_at = excluded.updated_at";
    tx.insert("contact_scores", &rows, Conflict::Update(&["contact_id"], set)).await?;
    Ok(())
}

/// Which of these contacts are there, each with the closed form kept for it.
pub(super) async fn kept(tx: &mut Tx, contacts: &Relation) -> Result<Vec<(i64, Option<f64>)>, DbError> {
    let sql = sql!("SELECT c.id, c.engagement_k FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id");
    let rows = tx.rows_from(sql, contacts, params![]).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}

/// The reasons for a contact's score, the weightiest first.
pub async fn explain(tx: &mut Tx, contact_id: i64, now: i64) -> Result<Vec<Explanation>, DbError> {
    let decay = basis(tx).await?.decay();
    let mut kept = lines(tx, &Relation::of_ids("id", [contact_id])).await?;
    let mut reasons: Vec<Explanation> = Vec::new();
    for rule in list_rules(tx).await? {
        let Some(line) = kept.remove(&(contact_id, rule.id)) else { continue };
        let points = line.points_at(&rule, decay, now);
        reasons.push(Explanation { rule, line, points });
    }
    reasons.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
    Ok(reasons)
}
