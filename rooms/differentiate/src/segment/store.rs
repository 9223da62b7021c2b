//! The SQL of segments.

use std::collections::BTreeMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_kernel::{DAY_US, fold_key};

use super::rule::Rule;

/// How a segment comes by its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// By its rule, all the time.
    Dynamic,
    /// As they were when it was made.
    Static,
}

impl SegmentKind {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dynamic => "dynamic",
            Self::Static => "static",
        }
    }
}

/// A segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// How it comes by its members.
    pub kind: SegmentKind,
    /// Its rule; of a static one, the rule it was made by.
    pub rule: Rule,
    /// How many members it has.
    pub member_count: i64,
    /// When it was made, µs.
    pub created_at: i64,
    /// When its rule last changed, µs.
    pub updated_at: i64,
    /// When all members were last found by its present rule; not yet when nothing.
    pub filled_at: Option<i64>,
    /// Which own fields its rule was last bound to, as [`super::bind::Bound::own_fields`] says; not yet when nothing.
    pub bound_to: Option<i64>,
}

fn read(row: &Row) -> Result<Segment, DbError> {
    let kind: String = row.get("kind")?;
    let rule: String = row.get("rule")?;
    Ok(Segment {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: if kind == "static" { SegmentKind::Static } else { SegmentKind::Dynamic },
        rule: Rule::from_json(&rule).unwrap_or_else(|_| Rule::None(vec![Rule::everyone()])),
        member_count: row.get("member_count")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        filled_at: row.get("filled_at")?,
        bound_to: row.get("bound_to")?,
    })
}

/// All segments by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<Segment>, DbError> {
    let sql = sql!(
        "SELECT id, name, kind, rule, member_count, created_at, updated_at, filled_at, bound_to FROM segments WHERE deleted_at IS NULL ORDER BY name_key, id"
    );
    tx.rows(sql, params![]).await?.iter().map(read).collect()
}

/// Changes whenever a segment is made, changed, filled, hidden or brought back, a custom field is added or its options change: what rules are bound by.
pub(super) async fn stamp(tx: &mut Tx) -> Result<Vec<Value>, DbError> {
    let sql = sql!(
        "SELECT (SELECT count(*) FROM segments WHERE deleted_at IS NULL) AS live, (SELECT CAST(SUM(updated_at - created_at) AS BIGINT) FROM segments) AS changes,
         (SELECT CAST(SUM(id % 1000003) AS BIGINT) FROM segments WHERE deleted_at IS NULL) AS which,
         (SELECT count(*) FROM segments WHERE kind = 'dynamic' AND filled_at IS NULL AND deleted_at IS NULL) AS unfilled,
         (SELECT CAST(SUM(bound_to % 1000003) AS BIGINT) FROM segments WHERE deleted_at IS NULL) AS bound,
         (SELECT count(bound_to) FROM segments WHERE deleted_at IS NULL) AS ever_bound,
         f.fields, f.newest_field, f.revisions
         FROM (SELECT count(*) AS fields, max(id) AS newest_field, CAST(SUM(revision) AS BIGINT) AS revisions FROM v_identify_any_field) f"
    );
    Ok(tx.get("the stamp of segments", sql, params![]).await?.into_values())
}

/// Segments behind `after` in the order of their ids, at most `limit`.
pub async fn list_after(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Segment>, DbError> {
    let sql = sql!(
        "SELECT id, name, kind, rule, member_count, created_at, updated_at, filled_at, bound_to FROM segments WHERE deleted_at IS NULL AND id > $1 ORDER BY id LIMIT $2"
    );
    tx.rows(sql, params![after, limit]).await?.iter().map(read).collect()
}

/// The segment `id`.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Segment>, DbError> {
    let sql = sql!(
        "SELECT id, name, kind, rule, member_count, created_at, updated_at, filled_at, bound_to FROM segments WHERE id = $1 AND deleted_at IS NULL"
    );
    tx.find(sql, params![id]).await?.as_ref().map(read).transpose()
}

/// The segment of this name, whatever the case.
pub async fn find_by_name(tx: &mut Tx, name: &str) -> Result<Option<Segment>, DbError> {
    let sql = sql!(
        "SELECT id, name, kind, rule, member_count, created_at, updated_at, filled_at, bound_to FROM segments WHERE name_key = $1 AND deleted_at IS NULL"
    );
    tx.find(sql, params![fold_key(name)]).await?.as_ref().map(read).transpose()
}

pub(super) async fn insert(tx: &mut Tx, segment: &Segment, staff_id: Option<i64>) -> Result<(), DbError> {
    tx.exec(
        sql!(
            "INSERT INTO segments (id, name, name_key, kind, rule, member_count, staff_id, created_at, updated_at, filled_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        ),
        params![
            segment.id,
            &segment.name,
            fold_key(&segment.name),
            segment.kind.word(),
            segment.rule.to_json(),
            segment.member_count,
            staff_id,
            segment.created_at,
            segment.updated_at,
            segment.filled_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes name and rule; answers the time of the change, which no earlier change had.
pub(super) async fn update(tx: &mut Tx, id: i64, name: &str, rule: &Rule, now: i64) -> Result<i64, DbError> {
    let sql = sql!(
        "UPDATE segments SET name = $2, name_key = $3, rule = $4, updated_at = CASE WHEN updated_at < $5 THEN $5 ELSE updated_at + 1 END,
         filled_at = NULL WHERE id = $1 AND deleted_at IS NULL RETURNING updated_at"
    );
    tx.get("the segment", sql, params![id, name, fold_key(name), rule.to_json(), now]).await?.at(0)
}

/// Hides (`at`) or brings back (`None`); answers whether there was something to do.
pub(super) async fn set_deleted(tx: &mut Tx, id: i64, at: Option<i64>) -> Result<bool, DbError> {
    let sql = match at {
        Some(_) => sql!("UPDATE segments SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL"),
        None => sql!(
            "UPDATE segments SET deleted_at = CAST($2 AS BIGINT), filled_at = NULL, updated_at = updated_at + 1 WHERE id = $1 AND deleted_at IS NOT NULL"
        ),
    };
    Ok(tx.exec(sql, params![id, at]).await? == 1)
}

/// A change of membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The segment.
    pub segment_id: i64,
    /// The contact.
    pub contact_id: i64,
    /// Whether they came; else they went.
    pub entered: bool,
}

/// Writes changes of membership with their counts and days.
pub(super) async fn write_moves(tx: &mut Tx, moves: &[Move], now: i64) -> Result<(), DbError> {
    let (mut came, mut went) = (
        Relation::new(&[("segment_id", Column::Int), ("contact_id", Column::Int), ("since_at", Column::Int)]),
        Relation::new(&[("segment_id", Column::Int), ("contact_id", Column::Int)]),
    );
    let mut per_segment: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for one in moves {
        let counts = per_segment.entry(one.segment_id).or_default();
        if one.entered {
            came.push(vec![one.segment_id.into(), one.contact_id.into(), now.into()]);
            counts.0 += 1;
        } else {
            went.push(vec![one.segment_id.into(), one.contact_id.into()]);
            counts.1 += 1;
        }
    }
    tx.insert("segment_members", &came, Conflict::Ignore(&["segment_id", "contact_id"])).await?;
    let sql = sql!("DELETE FROM segment_members WHERE (segment_id, contact_id) IN (SELECT r.segment_id, r.contact_id FROM {rows} AS r)");
    tx.exec_from(sql, &went, params![]).await?;
    write_days(tx, &per_segment, now).await
}

pub(super) async fn write_days(tx: &mut Tx, per_segment: &BTreeMap<i64, (i64, i64)>, now: i64) -> Result<(), DbError> {
    let mut days =
        Relation::new(&[("segment_id", Column::Int), ("day_at", Column::Int), ("entered", Column::Int), ("departed", Column::Int)]);
    let day_at = now.div_euclid(DAY_US) * DAY_US;
    for (segment, (entered, departed)) in per_segment {
        days.push(vec![Value::Int(*segment), Value::Int(day_at), Value::Int(*entered), Value::Int(*departed)]);
    }
    let set = "entered = segment_days.entered + excluded.entered, departed = segment_days.departed + excluded.departed";
    tx.insert("segment_days", &days, Conflict::Update(&["segment_id", "day_at"], set)).await?;
    let sql =
        sql!("UPDATE segments SET member_count = member_count + r.entered - r.departed FROM {rows} AS r WHERE segments.id = r.segment_id");
    tx.exec_from(sql, &days, params![]).await?;
    Ok(())
}

/// Counts the members of every segment anew, after rows went without a word (erasure).
pub(super) async fn recount(tx: &mut Tx) -> Result<(), DbError> {
    let sql = sql!("UPDATE segments SET member_count = (SELECT count(*) FROM segment_members m WHERE m.segment_id = segments.id)");
    tx.exec(sql, params![]).await?;
    Ok(())
}

/// Notes which own fields rules are bound to now.
pub(super) async fn set_bound(tx: &mut Tx, bound: impl IntoIterator<Item = (i64, i64)>) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("id", Column::Int), ("bound_to", Column::Int)]);
    bound.into_iter().for_each(|(id, to)| rows.push(vec![Value::Int(id), Value::Int(to)]));
    tx.exec_from(sql!("UPDATE segments SET bound_to = r.bound_to FROM {rows} AS r WHERE segments.id = r.id"), &rows, params![]).await?;
    Ok(())
}

/// Says that the members of these segments are to be found anew.
pub(super) async fn set_unfilled(tx: &mut Tx, ids: &[i64]) -> Result<(), DbError> {
    let rows = Relation::of_ids("id", ids.iter().copied());
    let sql = sql!("UPDATE segments SET filled_at = NULL, updated_at = updated_at + 1 FROM {rows} AS r WHERE segments.id = r.id");
    tx.exec_from(sql, &rows, params![]).await?;
    Ok(())
}

/// A dynamic segment whose members are still to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unfilled {
    pub(super) id: i64,
    /// The time of its rule, µs.
    pub(super) updated_at: i64,
    /// Whether it never had members.
    pub(super) is_new: bool,
}

/// All of them.
pub(super) async fn list_unfilled(tx: &mut Tx) -> Result<Vec<Unfilled>, DbError> {
    let sql = sql!(
        "SELECT id, updated_at, created_at FROM segments WHERE kind = 'dynamic' AND filled_at IS NULL AND deleted_at IS NULL ORDER BY id"
    );
    let rows = tx.rows(sql, params![]).await?;
    let read = |row: &Row| {
        let (updated_at, created_at): (i64, i64) = (row.get("updated_at")?, row.get("created_at")?);
        Ok(Unfilled { id: row.get("id")?, updated_at, is_new: updated_at == created_at })
    };
    rows.iter().map(read).collect()
}

/// Says that the members of these segments are found; not of one whose rule was changed meanwhile.
pub(super) async fn set_filled(tx: &mut Tx, segments: &[(i64, i64)], now: i64) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("id", Column::Int), ("updated_at", Column::Int)]);
    segments.iter().for_each(|(id, updated_at)| rows.push(vec![Value::Int(*id), Value::Int(*updated_at)]));
    let sql = sql!("UPDATE segments SET filled_at = $1 FROM {rows} AS r WHERE segments.id = r.id AND segments.updated_at = r.updated_at");
    tx.exec_from(sql, &rows, params![now]).await?;
    Ok(())
}

/// How many members each of these segments has.
pub(super) async fn member_counts(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<(i64, i64)>, DbError> {
    let sql = sql!("SELECT s.id, s.member_count FROM {rows} AS r JOIN segments s ON s.id = r.id");
    let rows = tx.rows_from(sql, &Relation::of_ids("id", ids), params![]).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}

/// Makes everyone `rule` finds a member of `segment`; answers how many.
pub(super) async fn fill(tx: &mut Tx, segment: i64, found: &Sql, now: i64) -> Result<u64, DbError> {
    let mut sql = Sql::new("INSERT INTO segment_members (segment_id, contact_id, since_at) SELECT CAST(");
    sql.bind(segment).push(" AS BIGINT), q.id, CAST(").bind(now).push(" AS BIGINT) FROM (").append(found).push(") q");
    tx.exec_of(&sql).await
}

/// The ids of a segment's members behind `after`, in order, at most `limit`.
pub async fn member_ids(tx: &mut Tx, segment: i64, after: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let sql = sql!("SELECT contact_id FROM segment_members WHERE segment_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3");
    let rows = tx.rows(sql, params![segment, after, limit]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// The segments a contact is in, by name.
pub async fn of_contact(tx: &mut Tx, contact: i64) -> Result<Vec<(i64, String)>, DbError> {
    let sql = sql!(
        "SELECT s.id, s.name FROM segment_members m JOIN segments s ON s.id = m.segment_id AND s.deleted_at IS NULL WHERE m.contact_id = $1 ORDER BY s.name_key"
    );
    let rows = tx.rows(sql, params![contact]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("name")?))).collect()
}

/// Who came and went per day since `from_at`, oldest first: (segment, day, entered, departed). All segments when `segment` is 0.
pub async fn days(tx: &mut Tx, segment: i64, from_at: i64) -> Result<Vec<(i64, i64, i64, i64)>, DbError> {
    let sql = sql!(
        "SELECT segment_id, day_at, entered, departed FROM segment_days WHERE (CAST($1 AS BIGINT) = 0 OR segment_id = $1) AND day_at >= $2 ORDER BY segment_id, day_at"
    );
    let rows = tx.rows(sql, params![segment, from_at]).await?;
    rows.iter().map(|row| Ok((row.get("segment_id")?, row.get("day_at")?, row.get("entered")?, row.get("departed")?))).collect()
}
