//! The server engine: PostgreSQL through a pool of prepared connections.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, NoTls};

use crate::batch::{self, Column};
use crate::signals::Signals;
use crate::{Boxed, Conflict, DbError, DbOptions, Relation, Row, Value};

/// How long a caller waits for a connection before it is told that the store is busy.
const WAIT: Duration = Duration::from_secs(15);

/// How many transactions of a connection go by the same plans at most. The server plans a prepared statement once and keeps to it until somebody
/// gathers statistics: what it planned for an empty table it does to a million rows an hour later.
const PLANNED_ANEW_AFTER: usize = 64;

/// Whether a connection that was used so often plans anew: at first whenever that is twice as often, because a store that is new grows as fast.
fn plans_anew(used: usize) -> bool {
    used > 0 && (used.is_power_of_two() || used.is_multiple_of(PLANNED_ANEW_AFTER))
}

#[derive(Clone)]
pub(crate) struct Store {
    pool: Pool,
    signals: Arc<Signals>,
}

impl Store {
    pub(crate) async fn open(url: &str, options: &DbOptions) -> Result<Self, DbError> {
        let shown = url.rsplit('@').next().unwrap_or(url).to_owned();
        let opened = |reason: String| DbError::Open { store: shown.clone(), reason };
        let mut config: Config = url.parse().map_err(|e: tokio_postgres::Error| opened(e.to_string()))?;
        let durable = if options.durable { "on" } else { "off" };
        config.options(format!("-c synchronous_commit={durable} -c jit=off -c client_min_messages=warning"));
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool =
            Pool::builder(manager).max_size(options.connections.max(2) + 2).wait_timeout(Some(WAIT)).runtime(Runtime::Tokio1).build();
        let pool = pool.map_err(|e| opened(e.to_string()))?;
        drop(pool.get().await.map_err(|e| opened(chain(&e)))?);
        Ok(Self { pool, signals: Arc::default() })
    }

    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    pub(crate) async fn begin(&self, read_only: bool) -> Result<PgTx, DbError> {
        let client = self.pool.get().await.map_err(|e| DbError::Busy(chain(&e)))?;
        if plans_anew(Object::metrics(&client).recycle_count) {
            client.batch_execute("DISCARD PLANS").await.map_err(|e| failed(&e, "DISCARD PLANS"))?;
        }
        let sql = if read_only { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" };
        client.batch_execute(sql).await.map_err(|e| failed(&e, sql))?;
        Ok(PgTx { client: Some(client), signals: self.signals.clone(), looks_up: AtomicBool::new(false) })
    }

    /// One statement outside a transaction: when it returns its effect is on the disk.
    pub(crate) async fn query(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<tokio_postgres::Row>, DbError> {
        let client = self.pool.get().await.map_err(|e| DbError::Busy(chain(&e)))?;
        let statement = client.prepare_cached(sql).await.map_err(|e| failed(&e, sql))?;
        client.query(&statement, values).await.map_err(|e| failed(&e, sql))
    }

    pub(crate) async fn forget_deleted(&self) -> Result<(), DbError> {
        let client = self.pool.get().await.map_err(|e| DbError::Busy(chain(&e)))?;
        client.batch_execute("VACUUM").await.map_err(|e| failed(&e, "VACUUM"))
    }

    pub(crate) async fn analyze(&self) -> Result<(), DbError> {
        let client = self.pool.get().await.map_err(|e| DbError::Busy(chain(&e)))?;
        client.batch_execute("ANALYZE").await.map_err(|e| failed(&e, "ANALYZE"))
    }
}

pub(crate) struct PgTx {
    client: Option<Object>,
    signals: Arc<Signals>,
    /// Whether the planner was told to look rows up by an index rather than to read whole tables.
    looks_up: AtomicBool,
}

/// A relation is short, and the tables it is joined with have an index for it. The planner knows neither: it takes a table that has grown since
/// its statistics were made for a small one, and compares each with each. One plan serves relations of any length, and is not made anew for each.
const LOOK_UP: &str = "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan";
const READ: &str = "SET LOCAL enable_seqscan = on; SET LOCAL plan_cache_mode TO DEFAULT";

impl PgTx {
    fn client(&self) -> Result<&Object, DbError> {
        self.client.as_ref().ok_or_else(|| DbError::Busy("the connection is gone".to_owned()))
    }

    /// Tells the planner how to read from here on; sent ahead of the statement without waiting for an answer in between.
    async fn told<T>(&self, looks_up: bool, statement: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
        if self.looks_up.swap(looks_up, Ordering::Relaxed) == looks_up {
            return statement.await;
        }
        let sql = if looks_up { LOOK_UP } else { READ };
        let (told, answer) = futures::join!(self.client()?.batch_execute(sql), statement);
        told.map_err(|e| failed(&e, sql))?;
        answer
    }

    async fn fetch(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await.map_err(|e| failed(&e, sql))?;
        let rows = client.query(&statement, values).await.map_err(|e| failed(&e, sql))?;
        let columns: Arc<[String]> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        rows.iter().map(|row| read(row, &columns, sql)).collect()
    }

    async fn run(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await.map_err(|e| failed(&e, sql))?;
        client.execute(&statement, values).await.map_err(|e| failed(&e, sql))
    }

    pub(crate) fn rows<'a>(&'a self, sql: &'a str, values: &'a [Value]) -> Boxed<'a, Vec<Row>> {
        Box::pin(async move { self.told(false, self.fetch(sql, &refs(values))).await })
    }

    pub(crate) fn exec<'a>(&'a self, sql: &'a str, values: &'a [Value]) -> Boxed<'a, u64> {
        Box::pin(async move { self.told(false, self.run(sql, &refs(values))).await })
    }

    pub(crate) fn script<'a>(&'a self, sql: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move { self.client()?.batch_execute(sql).await.map_err(|e| failed(&e, sql)) })
    }

    pub(crate) fn rows_from<'a>(&'a self, sql: &'a str, relation: &'a Relation, values: &'a [Value]) -> Boxed<'a, Vec<Row>> {
        Box::pin(async move {
            let text = batch::pg_text(sql, relation, values.len())?;
            let arrays = Arrays::of(relation);
            self.told(true, self.fetch(&text, &arrays.refs_after(values))).await
        })
    }

    pub(crate) fn exec_from<'a>(&'a self, sql: &'a str, relation: &'a Relation, values: &'a [Value]) -> Boxed<'a, u64> {
        Box::pin(async move {
            let text = batch::pg_text(sql, relation, values.len())?;
            let arrays = Arrays::of(relation);
            self.told(true, self.run(&text, &arrays.refs_after(values))).await
        })
    }

    pub(crate) fn insert<'a>(&'a self, table: &'a str, relation: &'a Relation, conflict: Conflict<'a>) -> Boxed<'a, u64> {
        Box::pin(async move {
            let names = relation.names();
            let sql = format!("INSERT INTO {table} ({names}) SELECT {names} FROM {{rows}} AS r{}", conflict.text());
            self.exec_from(&sql, relation, &[]).await
        })
    }

    pub(crate) fn commit(mut self) -> Boxed<'static, Arc<Signals>> {
        Box::pin(async move {
            if let Some(client) = self.client.take() {
                client.batch_execute("COMMIT").await.map_err(|e| failed(&e, "COMMIT"))?;
            }
            Ok(self.signals.clone())
        })
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        // A connection goes back to the pool only with its transaction closed.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if client.batch_execute("ROLLBACK").await.is_err() {
                        drop(Object::take(client));
                    }
                });
            }
            Err(_) => drop(Object::take(client)),
        }
    }
}

/// The columns of a relation as arrays of the driver's own types.
enum Array<'r> {
    Int(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
    Text(Vec<Option<Cow<'r, str>>>),
}

struct Arrays<'r>(Vec<Array<'r>>);

impl<'r> Arrays<'r> {
    fn of(relation: &'r Relation) -> Self {
        let arrays = relation.columns.iter().enumerate().map(|(index, (_, column))| {
            let cells = relation.rows.iter().map(move |row| row.get(index).unwrap_or(&Value::Null));
            match column {
                Column::Int => Array::Int(cells.map(as_int).collect()),
                Column::Real => Array::Real(cells.map(as_real).collect()),
                Column::Bool => Array::Bool(cells.map(|v| as_int(v).map(|n| n != 0)).collect()),
                Column::Text => Array::Text(cells.map(as_text).collect()),
            }
        });
        Self(arrays.collect())
    }

    fn refs_after<'a>(&'a self, values: &'a [Value]) -> Vec<&'a (dyn ToSql + Sync)> {
        let mut all = refs(values);
        for array in &self.0 {
            all.push(match array {
                Array::Int(v) => v,
                Array::Real(v) => v,
                Array::Bool(v) => v,
                Array::Text(v) => v,
            });
        }
        all
    }
}

fn as_int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(v) => Some(*v),
        Value::Bool(v) => Some(i64::from(*v)),
        _ => None,
    }
}

fn as_real(value: &Value) -> Option<f64> {
    match value {
        Value::Real(v) => Some(*v),
        Value::Int(v) => Some(*v as f64),
        _ => None,
    }
}

/// PostgreSQL takes no text with a NUL in it.
fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(v) if v.contains('\0') => Some(Cow::Owned(v.replace('\0', ""))),
        Value::Text(v) => Some(Cow::Borrowed(v)),
        _ => None,
    }
}

fn refs(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|v| v as &(dyn ToSql + Sync)).collect()
}

fn read(row: &tokio_postgres::Row, columns: &Arc<[String]>, sql: &str) -> Result<Row, DbError> {
    let mut values = Vec::with_capacity(columns.len());
    for (index, column) in row.columns().iter().enumerate() {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index).map(Value::from),
            Type::INT4 => row.try_get::<_, Option<i32>>(index).map(Value::from),
            Type::INT2 => row.try_get::<_, Option<i16>>(index).map(|v| Value::from(v.map(i32::from))),
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(index).map(Value::from),
            Type::FLOAT4 => row.try_get::<_, Option<f32>>(index).map(|v| Value::from(v.map(f64::from))),
            Type::BOOL => row.try_get::<_, Option<bool>>(index).map(Value::from),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                row.try_get::<_, Option<String>>(index).map(Value::from)
            }
            ref other => {
                let reason = format!("column {} has type {other}: CAST it to bigint, double precision or text", column.name());
                return Err(DbError::Statement { reason, sql: sql.to_owned() });
            }
        };
        values.push(value.map_err(|e| failed(&e, sql))?);
    }
    Ok(Row { columns: columns.clone(), values })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

pub(crate) fn failed(error: &tokio_postgres::Error, sql: &str) -> DbError {
    let Some(db) = error.as_db_error() else {
        return if error.is_closed() {
            DbError::Busy(chain(error))
        } else {
            DbError::Statement { reason: chain(error), sql: sql.to_owned() }
        };
    };
    match *db.code() {
        SqlState::UNIQUE_VIOLATION => DbError::Unique(db.constraint().unwrap_or("key").to_owned()),
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::LOCK_NOT_AVAILABLE => {
            DbError::Busy(db.message().to_owned())
        }
        SqlState::DISK_FULL => DbError::DiskFull,
        _ => DbError::Statement { reason: db.message().to_owned(), sql: sql.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_plan_outlives_the_doubling_of_what_it_was_made_for() {
        let anew: Vec<usize> = (0..200).filter(|used| plans_anew(*used)).collect();
        assert_eq!(anew, [1, 2, 4, 8, 16, 32, 64, 128, 192]);
    }
}
