//! A transaction: the only way to run a statement.

use std::sync::Arc;

use crate::batch::{Conflict, Relation};
use crate::{DbError, Engine, Row, Sql, Value, lite, pg};

/// An open transaction on either engine. Dropping it without [`Tx::commit`] rolls everything back.
pub struct Tx {
    inner: Inner,
    wakes: Vec<&'static str>,
}

enum Inner {
    Lite(lite::LiteTx),
    Pg(pg::PgTx),
}

impl Tx {
    pub(crate) fn lite(tx: lite::LiteTx) -> Self {
        Self { inner: Inner::Lite(tx), wakes: Vec::new() }
    }

    pub(crate) fn pg(tx: pg::PgTx) -> Self {
        Self { inner: Inner::Pg(tx), wakes: Vec::new() }
    }

    /// Whether the engine reads what `CROSS JOIN` joins in the order in which it is said; another reads it in whatever order it believes to be cheaper.
    pub fn joins_as_said(&self) -> bool {
        matches!(self.inner, Inner::Lite(_))
    }

    /// The engine this transaction runs on. Only `jobs`, `batch` and `search` may ask.
    pub fn engine(&self) -> Engine {
        match &self.inner {
            Inner::Lite(_) => Engine::Lite,
            Inner::Pg(_) => Engine::Pg,
        }
    }

    /// Whether others wait for this transaction to end before they can write: then large work ends it early. Where many write at once
    /// somebody may always wait.
    pub fn is_awaited(&self) -> bool {
        match &self.inner {
            Inner::Lite(tx) => tx.is_awaited(),
            Inner::Pg(_) => true,
        }
    }

    /// All rows of a query.
    pub async fn rows(&mut self, sql: &str, values: impl AsRef<[Value]>) -> Result<Vec<Row>, DbError> {
        match &mut self.inner {
            Inner::Lite(tx) => tx.rows(sql, values.as_ref()),
            Inner::Pg(tx) => tx.rows(sql, values.as_ref()).await,
        }
    }

    /// The first row of a query, if there is one.
    pub async fn find(&mut self, sql: &str, values: impl AsRef<[Value]>) -> Result<Option<Row>, DbError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The first row of a query; `what` names the thing when there is none.
    pub async fn get(&mut self, what: &'static str, sql: &str, values: impl AsRef<[Value]>) -> Result<Row, DbError> {
        self.find(sql, values).await?.ok_or(DbError::NotFound(what))
    }

    /// The single number a query such as `SELECT count(*) …` answers with.
    pub async fn count(&mut self, sql: &str, values: impl AsRef<[Value]>) -> Result<i64, DbError> {
        match self.find(sql, values).await? {
            Some(row) => Ok(row.at::<Option<i64>>(0)?.unwrap_or(0)),
            None => Ok(0),
        }
    }

    /// Runs a statement; answers how many rows it touched.
    pub async fn exec(&mut self, sql: &str, values: impl AsRef<[Value]>) -> Result<u64, DbError> {
        match &mut self.inner {
            Inner::Lite(tx) => tx.exec(sql, values.as_ref()),
            Inner::Pg(tx) => tx.exec(sql, values.as_ref()).await,
        }
    }

    /// All rows of a statement built with [`Sql`].
    pub async fn rows_of(&mut self, sql: &Sql) -> Result<Vec<Row>, DbError> {
        self.rows(sql.text(), sql.values()).await
    }

    /// Runs a statement built with [`Sql`].
    pub async fn exec_of(&mut self, sql: &Sql) -> Result<u64, DbError> {
        self.exec(sql.text(), sql.values()).await
    }

    /// Runs several statements without parameters, as migrations do.
    pub async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.inner {
            Inner::Lite(tx) => tx.script(sql),
            Inner::Pg(tx) => tx.script(sql).await,
        }
    }

    /// Counts the rows of these tables for the planner, with those this transaction has written. Whoever fills a table that was empty does so now and
    /// then: PostgreSQL takes a table it has not counted for a nearly empty one and reads all of it where it should look up. The embedded engine has no need.
    ///
    /// A table that somebody else is counting is left out rather than waited for.
    pub async fn count_rows_of(&mut self, tables: &[&str]) -> Result<(), DbError> {
        match &mut self.inner {
            Inner::Lite(_) => Ok(()),
            Inner::Pg(tx) => tx.script(&format!("ANALYZE (SKIP_LOCKED) {}", tables.join(", "))).await,
        }
    }

    /// Inserts all rows of `relation` into `table`, set-at-a-time; answers how many were inserted or updated.
    pub async fn insert(&mut self, table: &str, relation: &Relation, conflict: Conflict<'_>) -> Result<u64, DbError> {
        if relation.is_empty() {
            return Ok(0);
        }
        match &mut self.inner {
            Inner::Lite(tx) => tx.insert(table, relation, conflict),
            Inner::Pg(tx) => tx.insert(table, relation, conflict).await,
        }
    }

    /// Runs a query in which `{rows}` stands for `relation` as a sub-select: `… FROM {rows} AS r JOIN contacts c ON c.id = r.id`.
    pub async fn rows_from(&mut self, sql: &str, relation: &Relation, values: impl AsRef<[Value]>) -> Result<Vec<Row>, DbError> {
        if relation.is_empty() {
            return Ok(Vec::new());
        }
        match &mut self.inner {
            Inner::Lite(tx) => tx.rows_from(sql, relation, values.as_ref()),
            Inner::Pg(tx) => tx.rows_from(sql, relation, values.as_ref()).await,
        }
    }

    /// Runs a statement in which `{rows}` stands for `relation`: `UPDATE t SET x = r.x FROM {rows} AS r WHERE t.id = r.id`. In an update no
    /// two rows of the relation may name the same row of the table.
    pub async fn exec_from(&mut self, sql: &str, relation: &Relation, values: impl AsRef<[Value]>) -> Result<u64, DbError> {
        if relation.is_empty() {
            return Ok(0);
        }
        match &mut self.inner {
            Inner::Lite(tx) => tx.exec_from(sql, relation, values.as_ref()),
            Inner::Pg(tx) => tx.exec_from(sql, relation, values.as_ref()).await,
        }
    }

    /// Wakes those who wait on the signal `name` once this transaction has committed.
    pub fn wake(&mut self, name: &'static str) {
        if !self.wakes.contains(&name) {
            self.wakes.push(name);
        }
    }

    /// Makes everything durable and visible.
    pub async fn commit(self) -> Result<(), DbError> {
        let signals: Arc<crate::Signals> = match self.inner {
            Inner::Lite(tx) => tx.commit()?,
            Inner::Pg(tx) => tx.commit().await?,
        };
        for name in self.wakes {
            signals.raise(name);
        }
        Ok(())
    }
}
