//! The SQL of retention. The statements over the classes are made of the rooms' own lists of tables, as those of erasing are.

use attune_db::{DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_house::{PastAct, StoragePart};

use super::{Line, Run, RunId};

/// Rows in one transaction.
pub(super) const BATCH: i64 = 5_000;
/// People in one transaction: each has rows in some thirty tables.
pub(super) const PEOPLE: i64 = 200;

/// What a part says whose rows name their person themselves: those that merging moves.
const OWNER: &str = "t.contact_id";

/// Everybody who is held, and the records that became part of theirs: rows of those may stay under the old id.
const HELD: &str = "SELECT h.contact_id FROM holds h UNION ALL SELECT c.id FROM contacts c JOIN holds h ON c.merged_into = h.contact_id";

fn past(part: &StoragePart) -> String {
    let rows = format!("{} < $1 AND {}", part.at, part.only);
    if part.person.is_empty() { rows } else { format!("{rows} AND COALESCE({}, 0) NOT IN ({HELD})", part.person) }
}

/// How many rows would go, and the moment of the oldest of them.
pub(super) async fn count(tx: &mut Tx, part: &StoragePart, until: i64) -> Result<(i64, Option<i64>), DbError> {
    let select = format!("SELECT count(*) AS n, min({}) AS oldest FROM {} t WHERE {}", part.at, part.table, past(part));
    let found = tx.find(&select, params![until]).await?;
    found.map_or(Ok((0, None)), |row| Ok((row.get("n")?, row.get("oldest")?)))
}

/// The keys of the next rows that go, behind `behind`.
pub(super) async fn next_keys(tx: &mut Tx, part: &StoragePart, until: i64, behind: i64) -> Result<Vec<i64>, DbError> {
    let (key, table) = (part.key, part.table);
    let select = format!("SELECT t.{key} FROM {table} t WHERE {} AND t.{key} > $2 ORDER BY t.{key} LIMIT {BATCH}", past(part));
    tx.rows(&select, params![until, behind]).await?.iter().map(|row| row.at(0)).collect()
}

/// Removes the rows of these keys, those that still are past their limit.
pub(super) async fn remove(tx: &mut Tx, part: &StoragePart, until: i64, keys: &[i64]) -> Result<u64, DbError> {
    let table = part.table;
    let act = match part.act {
        PastAct::Delete => format!("DELETE FROM {table} AS t"),
        PastAct::Set(what) => format!("UPDATE {table} AS t SET {what}"),
    };
    let statement = format!("{act} WHERE t.{} IN (SELECT r.id FROM {{rows}} AS r) AND {}", part.key, past(part));
    let rows = Relation::of_ids("id", keys.iter().copied());
    let gone = tx.exec_from(&statement, &rows, params![until]).await?;
    if gone > 0 && part.person == OWNER {
        forget_merges(tx, part, &rows).await?;
    }
    Ok(gone)
}

/// What merging wrote down of rows that name nobody any more, or are gone, would still say whose they were.
async fn forget_merges(tx: &mut Tx, part: &StoragePart, rows: &Relation) -> Result<(), DbError> {
    let (table, key) = (part.table, part.key);
    let forget = format!(
        "DELETE FROM merge_rows WHERE entry = $1 AND key IN (SELECT r.id FROM {{rows}} AS r)
         AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.{key} = merge_rows.key AND t.contact_id IS NOT NULL)"
    );
    tx.exec_from(&forget, rows, params![format!("{table}.contact_id")]).await.map(|_| ())
}

/// Asks `what` of whoever, as `c`, has done nothing since `until`, bought nothing, allows nothing, is owed nothing, and is not held. An event is a
/// deed of theirs unless a machine did it or its name is one of `quiet`.
fn inactive(what: &str, until: i64, quiet: &[&'static str]) -> Sql {
    let mut sql = Sql::new(what);
    sql.push(" WHERE c.merged_into IS NULL AND c.deleted_at IS NULL AND c.stage <> 'customer' AND c.created_at < ").bind(until);
    sql.push(" AND c.updated_at < ").bind(until).push(" AND COALESCE(c.last_seen_at, 0) < ").bind(until);
    sql.push(
        " AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = c.id)
          AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.contact_id = c.id AND p.state = 'open')
          AND NOT EXISTS (SELECT 1 FROM consents k WHERE k.contact_id = c.id AND k.state = 'given' AND NOT EXISTS (
            SELECT 1 FROM consents n WHERE n.contact_id = k.contact_id AND n.channel = k.channel AND n.purpose = k.purpose
              AND (n.at > k.at OR (n.at = k.at AND n.id > k.id))))
          AND NOT EXISTS (SELECT 1 FROM events e WHERE e.contact_id = c.id AND e.at >= ",
    );
    sql.bind(until).push(" AND NOT e.machine AND e.name NOT IN ");
    sql.bind_list(quiet.iter().map(|name| Value::from(*name)).chain([Value::from("")]));
    sql.push(") AND NOT EXISTS (SELECT 1 FROM events e WHERE e.contact_id = c.id AND e.name = 'purchase.made')");
    sql
}

/// The next people past their time, behind `behind`.
pub(super) async fn next_people(tx: &mut Tx, until: i64, quiet: &[&'static str], behind: i64) -> Result<Vec<i64>, DbError> {
    let mut sql = inactive("SELECT c.id FROM contacts c", until, quiet);
    sql.push(" AND c.id > ").bind(behind).push(" ORDER BY c.id LIMIT ").bind(PEOPLE);
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// Those of these people who still are past their time.
pub(super) async fn still_past(tx: &mut Tx, until: i64, quiet: &[&'static str], people: &[i64]) -> Result<Vec<i64>, DbError> {
    let mut sql = inactive("SELECT c.id FROM contacts c", until, quiet);
    sql.push(" AND c.id IN ").bind_list(people.iter().map(|id| Value::Int(*id)));
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// How many people are past their time, and since when the one is there who came first.
pub(super) async fn count_people(tx: &mut Tx, until: i64, quiet: &[&'static str]) -> Result<(i64, Option<i64>), DbError> {
    let sql = inactive("SELECT count(*) AS n, min(c.created_at) AS oldest FROM contacts c", until, quiet);
    tx.rows_of(&sql).await?.first().map_or(Ok((0, None)), |row| Ok((row.get("n")?, row.get("oldest")?)))
}

const SELECT: &str = sql!("SELECT id, job_id, state, staff_name, lines, started_at, finished_at FROM retention_runs");

fn read(row: &Row) -> Result<Run, DbError> {
    Ok(Run {
        id: RunId(row.get("id")?),
        job_id: row.get("job_id")?,
        state: row.get("state")?,
        staff_name: row.get("staff_name")?,
        lines: serde_json::from_str::<Vec<Line>>(&row.get::<String>("lines")?).unwrap_or_default(),
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
    })
}

pub(super) async fn find(tx: &mut Tx, id: RunId) -> Result<Option<Run>, DbError> {
    tx.find(&format!("{SELECT} WHERE id = $1"), params![id.0]).await?.as_ref().map(read).transpose()
}

/// The run that the job has begun.
pub(super) async fn find_by_job(tx: &mut Tx, job: i64) -> Result<Option<Run>, DbError> {
    tx.find(&format!("{SELECT} WHERE job_id = $1"), params![job]).await?.as_ref().map(read).transpose()
}

/// Runs that are said to go on although their job is over, other than that of `job`.
pub(super) async fn list_left(tx: &mut Tx, job: i64) -> Result<Vec<Run>, DbError> {
    let select = format!(
        "{SELECT} WHERE state = 'running' AND job_id <> $1
           AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = retention_runs.job_id AND j.state IN ('ready', 'running')) ORDER BY id"
    );
    tx.rows(&select, params![job]).await?.iter().map(read).collect()
}

/// Runs before `before` (an id; `i64::MAX` for the first page), newest first.
pub(super) async fn list(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<Run>, DbError> {
    tx.rows(&format!("{SELECT} WHERE id < $1 ORDER BY id DESC LIMIT $2"), params![before, limit]).await?.iter().map(read).collect()
}

pub(super) async fn insert(tx: &mut Tx, run: &Run) -> Result<(), DbError> {
    let insert =
        sql!("INSERT INTO retention_runs (id, job_id, state, staff_name, lines, started_at) VALUES ($1, $2, 'running', $3, $4, $5)");
    tx.exec(insert, params![run.id.0, run.job_id, &run.staff_name, lines(run), run.started_at]).await.map(|_| ())
}

/// Keeps how far a run is, or that it is over.
pub(super) async fn save(tx: &mut Tx, run: &Run) -> Result<(), DbError> {
    let update = sql!("UPDATE retention_runs SET state = $2, lines = $3, finished_at = CAST($4 AS BIGINT) WHERE id = $1");
    tx.exec(update, params![run.id.0, run.state.as_str(), lines(run), run.finished_at]).await.map(|_| ())
}

fn lines(run: &Run) -> String {
    serde_json::to_string(&run.lines).unwrap_or_else(|_| "[]".to_owned())
}
