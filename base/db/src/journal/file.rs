//! A journal beside the embedded store: a file of its own.
//!
//! The embedded store has one writer. Whoever only wants to hear "it is kept" would wait until everybody before him has written; here he
//! waits for nobody but the disk. The last row always stays, because its number is the newest given.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use crate::{DbError, DbOptions, blocking, lite};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS aside (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, reason TEXT NOT NULL, body TEXT NOT NULL);";

pub(crate) struct File {
    conn: Mutex<Connection>,
}

impl File {
    pub(crate) fn open(folder: &Path, name: &str, options: &DbOptions) -> Result<Self, DbError> {
        let file = folder.join(format!("attune.db-{name}"));
        let opened = |error: rusqlite::Error| DbError::Open { store: file.display().to_string(), reason: error.to_string() };
        let conn = lite::connect(&file, options).map_err(opened)?;
        conn.pragma_update(None, "journal_mode", "WAL").map_err(opened)?;
        conn.execute_batch(SCHEMA).map_err(opened)?;
        Ok(Self { conn: Mutex::new(conn) })
    }

    pub(super) fn append(&self, after: i64, body: &str) -> Result<i64, DbError> {
        const TEXT: &str = "INSERT INTO kept (id, body) VALUES (1 + MAX(?1, COALESCE((SELECT MAX(id) FROM kept), 0)), ?2) RETURNING id";
        self.run(TEXT, |conn| conn.prepare_cached(TEXT)?.query_row(params![after, body], |row| row.get(0)))
    }

    pub(super) fn list_after(&self, after: i64, limit: i64) -> Result<Vec<(i64, String)>, DbError> {
        const TEXT: &str = "SELECT id, body FROM kept WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.run(TEXT, |conn| {
            let mut statement = conn.prepare_cached(TEXT)?;
            let rows = statement.query_map([after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    pub(super) fn last(&self) -> Result<i64, DbError> {
        const TEXT: &str = "SELECT COALESCE(MAX(id), 0) FROM kept";
        self.run(TEXT, |conn| conn.query_row(TEXT, [], |row| row.get(0)))
    }

    pub(super) fn forget(&self, through: i64) -> Result<(), DbError> {
        const OLDER: &str = "DELETE FROM kept WHERE id <= ?1 AND id < (SELECT MAX(id) FROM kept)";
        const NEWEST: &str = "UPDATE kept SET body = '[]' WHERE id <= ?1";
        self.run(OLDER, |conn| {
            let tx = conn.unchecked_transaction()?;
            tx.prepare_cached(OLDER)?.execute([through])?;
            tx.prepare_cached(NEWEST)?.execute([through])?;
            tx.commit()
        })
    }

    pub(super) fn forget_deleted(&self) -> Result<bool, DbError> {
        self.run("VACUUM", lite::rewrite)
    }

    pub(super) fn set_aside(&self, at: i64, reason: &str, body: &str) -> Result<(), DbError> {
        const TEXT: &str = "INSERT INTO aside (at, reason, body) VALUES (?1, ?2, ?3)";
        self.run(TEXT, |conn| conn.execute(TEXT, params![at, reason, body])).map(|_| ())
    }

    pub(super) fn aside(&self) -> Result<Option<(i64, String)>, DbError> {
        const TEXT: &str = "SELECT (SELECT count(*) FROM aside), reason FROM aside ORDER BY id DESC LIMIT 1";
        self.run(TEXT, |conn| conn.query_row(TEXT, [], |row| Ok((row.get(0)?, row.get(1)?))).optional())
    }

    fn run<T>(&self, text: &str, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, DbError> {
        blocking(|| work(&self.conn())).map_err(|error| lite::failed(&error, text))
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
