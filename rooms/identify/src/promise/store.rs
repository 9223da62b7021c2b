//! The SQL of promises.

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_web::Scope;

use super::{Draft, PromiseId};
use crate::contact::By;
use crate::relationship::Record;
use crate::sharing::Reach;

/// The most promises a page shows.
const SHOWN: i64 = 100;

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Its id.
    pub id: PromiseId,
    /// With whom.
    pub record: Record,
    /// What lists call the record; may be empty.
    pub name: String,
    /// The company of the record.
    pub firm_id: Option<i64>,
    /// `ours` or `theirs`.
    pub side: String,
    /// In words.
    pub what: String,
    /// The colleague who promised, or to whom it was promised.
    pub staff_id: i64,
    /// The colleague's name.
    pub staff_name: String,
    /// Until when, µs UTC.
    pub due_at: i64,
    /// From when Today tells of it, µs UTC.
    pub remind_at: i64,
    /// `open`, `kept`, `broken` or `withdrawn`.
    pub state: String,
    /// Whose the record is: owner and team.
    pub whose: (Option<i64>, Option<i64>),
    /// The note it was made from.
    pub note_id: Option<i64>,
    /// When it was settled, µs UTC.
    pub closed_at: Option<i64>,
}

impl Promise {
    /// Whether it is open and its day has passed.
    pub fn is_late(&self, now: i64) -> bool {
        self.state == "open" && self.due_at < now
    }

    /// What was promised, as `sight` may read it: a colleague may have written an address into it.
    pub fn what_for(&self, sight: attune_web::Sight) -> String {
        sight.text(self.whose, self.what.clone())
    }
}

fn read(row: &Row) -> Result<Promise, DbError> {
    let contact: Option<i64> = row.get("contact_id")?;
    let record = match contact {
        Some(id) => Record::Contact(id),
        None => Record::Company(row.get("company_id")?),
    };
    Ok(Promise {
        id: PromiseId(row.get("id")?),
        record,
        name: row.get("name")?,
        firm_id: row.get("firm_id")?,
        side: row.get("side")?,
        what: row.get("what")?,
        staff_id: row.get("staff_id")?,
        staff_name: row.get("staff_name")?,
        due_at: row.get("due_at")?,
        remind_at: row.get("remind_at")?,
        state: row.get("state")?,
        whose: (row.get("owner_id")?, row.get("team_id")?),
        note_id: row.get("note_id")?,
        closed_at: row.get("closed_at")?,
    })
}

/// Promises whose record is alive and within `scope`.
fn select(reach: &Reach) -> Sql {
    let mut sql = Sql::new(
        "SELECT p.id, p.contact_id, p.company_id, p.side, p.what, p.staff_id, COALESCE(s.name, '') AS staff_name, p.due_at, p.remind_at, p.state,
         p.note_id, p.closed_at, COALESCE(c.label, f.name, '') AS name, COALESCE(c.owner_id, f.owner_id) AS owner_id,
         COALESCE(c.team_id, f.team_id) AS team_id, COALESCE(p.company_id, c.company_id) AS firm_id
         FROM promises p LEFT JOIN v_govern_staff s ON s.id = p.staff_id LEFT JOIN v_identify_contact c ON c.id = p.contact_id",
    );
    reach.push_people(&mut sql, "c");
    sql.push(" LEFT JOIN companies f ON f.id = p.company_id AND f.deleted_at IS NULL");
    reach.push_companies(&mut sql, "f");
    sql.push(" WHERE (c.id IS NOT NULL OR f.id IS NOT NULL)");
    sql
}

pub(super) async fn find(tx: &mut Tx, scope: &Scope, id: PromiseId) -> Result<Option<Promise>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?);
    sql.push(" AND p.id = ").bind(id.0);
    tx.rows_of(&sql).await?.first().map(read).transpose()
}

/// Those of `keys` that are open.
pub(super) async fn list_open(tx: &mut Tx, keys: &[i64]) -> Result<Vec<Promise>, DbError> {
    let mut sql = select(&Reach::of(tx, &Scope::All).await?);
    sql.push(" AND p.state = 'open' AND p.id IN ").bind_list(keys.iter().map(|id| (*id).into())).push(" ORDER BY p.id");
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Those of `ids` whose record is alive and within `scope`.
pub async fn list_by_ids(tx: &mut Tx, scope: &Scope, ids: &[i64]) -> Result<Vec<Promise>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?);
    sql.push(" AND p.id IN ").bind_list(ids.iter().map(|id| (*id).into())).push(" ORDER BY p.id");
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Open promises to others: which, and to whom.
pub(super) async fn pass_on(tx: &mut Tx, moves: &Relation) -> Result<Vec<(i64, i64)>, DbError> {
    let sql = sql!(
        "UPDATE promises SET staff_id = r.receiver_id FROM {rows} AS r
         WHERE promises.id = r.id AND promises.staff_id = r.holder_id AND promises.state = 'open' RETURNING promises.id, promises.staff_id"
    );
    tx.rows_from(sql, moves, params![]).await?.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}

fn push_record(sql: &mut Sql, record: Record) {
    match record {
        Record::Contact(id) => _ = sql.push(" AND p.contact_id = ").bind(id),
        // What its people promised, and were promised, is the company's too.
        Record::Company(id) => {
            sql.push(" AND (p.company_id = ").bind(id);
            sql.push(" OR p.contact_id IN (SELECT m.id FROM contacts m WHERE m.company_id = ").bind(id).push("))");
        }
    }
}

/// The promises of a record: open ones by their day, then the settled, latest first.
pub async fn list_of(tx: &mut Tx, scope: &Scope, record: Record) -> Result<Vec<Promise>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?);
    push_record(&mut sql, record);
    sql.push(" ORDER BY CASE WHEN p.state = 'open' THEN p.due_at ELSE 9000000000000000000 END, p.closed_at DESC, p.id LIMIT ").bind(SHOWN);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// What one side owes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// How many promises are open.
    pub count: i64,
    /// The one whose day comes first.
    pub first: Option<Promise>,
}

/// What is owed between us and a record: by us, by them.
pub async fn owed_of(tx: &mut Tx, scope: &Scope, record: Record) -> Result<[Owed; 2], DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?);
    push_record(&mut sql, record);
    sql.push(" AND p.state = 'open' ORDER BY p.due_at, p.id LIMIT ").bind(SHOWN);
    let open = tx.rows_of(&sql).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut owed = [Owed::default(), Owed::default()];
    for promise in open {
        let [ours, theirs] = &mut owed;
        let side = if promise.side == "ours" { ours } else { theirs };
        side.count += 1;
        side.first = side.first.take().or(Some(promise));
    }
    Ok(owed)
}

fn push_due(sql: &mut Sql, staff_id: i64, until: i64) {
    sql.push(" AND p.state = 'open' AND p.staff_id = ").bind(staff_id).push(" AND p.remind_at < ").bind(until);
}

/// The open promises of a colleague, given or received, that are to be told of before `until`; within `scope`, by their day.
pub async fn list_due(tx: &mut Tx, scope: &Scope, staff_id: i64, until: i64, limit: i64) -> Result<Vec<Promise>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?);
    push_due(&mut sql, staff_id, until);
    sql.push(" ORDER BY p.due_at, p.id LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// A page of promises: of a colleague or of everybody, open by their day or settled by the moment, behind the mark.
pub(super) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    (staff_id, open): (Option<i64>, bool),
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Promise>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?);
    sql.push(if open { " AND p.state = 'open'" } else { " AND p.state <> 'open'" });
    if let Some(staff_id) = staff_id {
        sql.push(" AND p.staff_id = ").bind(staff_id);
    }
    if let Some((at, id)) = after {
        sql.push(if open { " AND (p.due_at, p.id) > (" } else { " AND (p.closed_at, p.id) < (" }).bind(at).push(", ").bind(id).push(")");
    }
    sql.push(if open { " ORDER BY p.due_at, p.id" } else { " ORDER BY p.closed_at DESC, p.id DESC" }).push(" LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, id: PromiseId, record: Record, draft: &Draft) -> Result<(), DbError> {
    let insert = sql!(
        "INSERT INTO promises (id, contact_id, company_id, side, what, staff_id, due_at, remind_at, state, note_id, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11)"
    );
    let values = params![
        id.0,
        record.contact(),
        record.company(),
        &draft.side,
        draft.what.trim(),
        draft.staff_id,
        draft.due_at,
        draft.remind_at(),
        draft.note_id,
        by.actor.staff_id,
        by.now
    ];
    tx.exec(insert, values).await.map(|_| ())
}

pub(super) async fn update(tx: &mut Tx, id: PromiseId, draft: &Draft) -> Result<(), DbError> {
    let update = sql!("UPDATE promises SET side = $2, what = $3, staff_id = $4, due_at = $5, remind_at = $6 WHERE id = $1");
    let values = params![id.0, &draft.side, draft.what.trim(), draft.staff_id, draft.due_at, draft.remind_at()];
    tx.exec(update, values).await.map(|_| ())
}

pub(super) async fn settle(tx: &mut Tx, id: PromiseId, state: &str, (at, staff_id): (i64, i64)) -> Result<(), DbError> {
    let closed = (state != "open").then_some((at, staff_id));
    let update = sql!("UPDATE promises SET state = $2, closed_at = CAST($3 AS BIGINT), closed_by = CAST($4 AS BIGINT) WHERE id = $1");
    tx.exec(update, params![id.0, state, closed.map(|c| c.0), closed.map(|c| c.1)]).await.map(|_| ())
}
