//! A journal on a server: one statement is one transaction and one wait for the disk.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::DbError;
use crate::pg::Store;

/// Gives the number under the lock of the journal's row, which is held until the line is on the disk.
const APPEND: &str = "
WITH head AS (
  INSERT INTO journals AS j (name, last) VALUES ($1, CAST($2 AS BIGINT) + 1)
  ON CONFLICT (name) DO UPDATE SET last = GREATEST(j.last, CAST($2 AS BIGINT)) + 1 RETURNING last
)
INSERT INTO journal_lines (name, id, body) SELECT $1, head.last, $3 FROM head RETURNING id";
const LIST: &str = "SELECT id, body FROM journal_lines WHERE name = $1 AND id > $2 ORDER BY id LIMIT $3";
const LAST: &str = "SELECT COALESCE(MAX(last), 0) FROM journals WHERE name = $1";
/// What was forgotten before is passed over: until the server tidies up, it would be walked through each time.
const FORGET: &str = "DELETE FROM journal_lines WHERE name = $1 AND id > $2 AND id <= $3";
const SET_ASIDE: &str = "INSERT INTO journal_aside (name, at, reason, body) VALUES ($1, $2, $3, $4)";
const ASIDE: &str =
    "SELECT (SELECT count(*) FROM journal_aside WHERE name = $1), reason FROM journal_aside WHERE name = $1 ORDER BY at DESC LIMIT 1";

pub(crate) struct Table {
    store: Store,
    name: String,
    /// Up to which number nothing is left, as far as this process knows.
    forgotten: AtomicI64,
}

impl Table {
    pub(crate) fn open(store: Store, name: &str) -> Self {
        Self { store, name: name.to_owned(), forgotten: AtomicI64::new(i64::MIN) }
    }

    pub(super) async fn append(&self, after: i64, body: &str) -> Result<i64, DbError> {
        // The server takes no zero character in a text; in JSON it could only stand written out.
        let body = body.replace('\0', "");
        let id = self.first(APPEND, &[&self.name, &after, &body]).await?.unwrap_or(0);
        // Should a server ever come back with older numbers, what it gives again is forgotten, too.
        self.forgotten.fetch_min(id.saturating_sub(1), Ordering::Relaxed);
        Ok(id)
    }

    pub(super) async fn list_after(&self, after: i64, limit: i64) -> Result<Vec<(i64, String)>, DbError> {
        let rows = self.store.query(LIST, &[&self.name, &after, &limit]).await?;
        rows.iter().map(|row| Ok((cell(row, 0, LIST)?, cell(row, 1, LIST)?))).collect()
    }

    pub(super) async fn last(&self) -> Result<i64, DbError> {
        self.first(LAST, &[&self.name]).await.map(|last| last.unwrap_or(0))
    }

    pub(super) async fn forget(&self, through: i64) -> Result<(), DbError> {
        let forgotten = self.forgotten.load(Ordering::Relaxed);
        self.store.query(FORGET, &[&self.name, &forgotten, &through]).await?;
        self.forgotten.fetch_max(through, Ordering::Relaxed);
        Ok(())
    }

    pub(super) async fn set_aside(&self, at: i64, reason: &str, body: &str) -> Result<(), DbError> {
        self.store.query(SET_ASIDE, &[&self.name, &at, &reason, &body]).await.map(|_| ())
    }

    pub(super) async fn aside(&self) -> Result<Option<(i64, String)>, DbError> {
        let rows = self.store.query(ASIDE, &[&self.name]).await?;
        rows.first().map(|row| Ok((cell(row, 0, ASIDE)?, cell(row, 1, ASIDE)?))).transpose()
    }

    async fn first(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Option<i64>, DbError> {
        self.store.query(sql, values).await?.first().map(|row| cell(row, 0, sql)).transpose()
    }
}

fn cell<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, at: usize, sql: &str) -> Result<T, DbError> {
    row.try_get(at).map_err(|error| crate::pg::failed(&error, sql))
}
