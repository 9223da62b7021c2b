//! The embedded engine: one writer, a pool of readers, a write-ahead log folded back off the acknowledgement path.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::journal;
use crate::manners::{Line, Manners, Turn};
use crate::signals::Signals;
use crate::{Conflict, DbError, DbOptions, Relation, Row, Value, batch, blocking};

/// Fold the write-ahead log back once it is larger than this: a page that was written many times is folded once.
const FOLD_BYTES: u64 = 96 * 1024 * 1024;
/// Begin the write-ahead log anew once it is larger than this: while somebody always writes, folding alone never catches up with its end,
/// and every page read has to be looked for in all of it.
const RENEW_BYTES: u64 = 256 * 1024 * 1024;
/// When a store that was opened has its rows counted for the planner, and how often from then on.
const FIRST_COUNT: Duration = Duration::from_secs(60);
const NEXT_COUNT: Duration = Duration::from_secs(3_600);
/// Counts tables that were never counted or have grown a lot since.
const COUNT_WHAT_GREW: &str = "PRAGMA optimize = 0x10002";
/// A statement that takes longer than this is told to the log.
const SLOW: Duration = Duration::from_millis(500);
/// How often another program that holds the file is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(4);
/// How long writers wait at most for readers that are in the way of a new log.
const RENEWAL_PATIENCE: Duration = Duration::from_millis(500);

pub(crate) struct Store {
    file: PathBuf,
    writer: Arc<Mutex<Connection>>,
    readers: Arc<Readers>,
    signals: Arc<Signals>,
    manners: Manners,
}

struct Readers {
    free: SyncMutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    file: PathBuf,
    options: DbOptions,
}

/// How long a caller waits for a pooled reader before it gets one of its own: a task that holds one reader and asks for a second
/// must not wait for itself.
const PATIENCE: Duration = Duration::from_millis(500);

impl Store {
    pub(crate) fn open(dir: &Path, options: &DbOptions) -> Result<Self, DbError> {
        let opened = |reason: String| DbError::Open { store: dir.display().to_string(), reason };
        std::fs::create_dir_all(dir).map_err(|e| opened(e.to_string()))?;
        let file = dir.join("attune.db");
        let writer = connect(&file, options).map_err(|e| opened(e.to_string()))?;
        writer.pragma_update(None, "journal_mode", "WAL").map_err(|e| opened(e.to_string()))?;
        writer.pragma_update(None, "wal_autocheckpoint", 0).map_err(|e| opened(e.to_string()))?;
        let count = options.connections.max(1);
        let mut free = Vec::with_capacity(count);
        for _ in 0..count {
            free.push(connect_reader(&file, options).map_err(|e| opened(e.to_string()))?);
        }
        let readers = Arc::new(Readers {
            free: SyncMutex::new(free),
            permits: Arc::new(Semaphore::new(count)),
            file: file.clone(),
            options: options.clone(),
        });
        let checkpointer = connect(&file, options).map_err(|e| opened(e.to_string()))?;
        let writer = Arc::new(Mutex::new(writer));
        look_after(checkpointer, file.clone(), Arc::downgrade(&writer), Arc::downgrade(&readers));
        Ok(Self { file, writer, readers, signals: Arc::default(), manners: Manners::default() })
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn journal(&self, name: &str) -> Result<journal::File, DbError> {
        journal::File::open(self.file.parent().unwrap_or_else(|| Path::new(".")), name, &self.readers.options)
    }

    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    pub(crate) async fn begin(&self) -> Result<LiteTx, DbError> {
        self.manners.count();
        self.begin_in(None).await
    }

    pub(crate) async fn turn(&self) -> Turn {
        self.manners.turn(|| self.writer.try_lock().is_ok()).await
    }

    pub(crate) async fn begin_in(&self, turn: Option<Turn>) -> Result<LiteTx, DbError> {
        let guard = self.manners.in_line(self.writer.clone().lock_owned()).await;
        let turn = turn.map(Turn::begin);
        let begin = match (self.readers.options.durable, turn.is_some()) {
            (false, _) => "BEGIN IMMEDIATE",
            (true, false) => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            // What a power cut takes away is done again, and whoever waits for the disk makes what came before him durable, too.
            (true, true) => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
        };
        blocking(|| guard.execute_batch(begin)).map_err(|e| failed(&e, begin))?;
        Ok(LiteTx { conn: Conn::Writer(guard), open: true, signals: self.signals.clone(), line: self.manners.line(), _turn: turn })
    }

    pub(crate) async fn read(&self) -> Result<LiteTx, DbError> {
        let permit = tokio::time::timeout(PATIENCE, self.readers.permits.clone().acquire_owned()).await.ok().and_then(Result::ok);
        let taken = permit.as_ref().and_then(|_| self.readers.free.lock().unwrap_or_else(PoisonError::into_inner).pop());
        let conn = match taken {
            Some(conn) => conn,
            None => connect_reader(&self.readers.file, &self.readers.options).map_err(|e| failed(&e, "connect"))?,
        };
        conn.execute_batch("BEGIN").map_err(|e| failed(&e, "BEGIN"))?;
        let reader = Reader { conn: Some(conn), home: self.readers.clone(), permit };
        Ok(LiteTx { conn: Conn::Reader(reader), open: true, signals: self.signals.clone(), line: self.manners.line(), _turn: None })
    }

    pub(crate) fn backup(&self, target: &Path) -> Result<(), DbError> {
        let source = Connection::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| failed(&e, "backup"))?;
        blocking(|| source.execute("VACUUM INTO ?1", [target.display().to_string()])).map_err(|e| failed(&e, "VACUUM INTO"))?;
        Ok(())
    }

    pub(crate) async fn checkpoint(&self) -> Result<(), DbError> {
        let guard = self.writer.clone().lock_owned().await;
        blocking(|| guard.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))).map_err(|e| failed(&e, "wal_checkpoint"))
    }

    pub(crate) async fn forget_deleted(&self) -> Result<bool, DbError> {
        let writer = self.writer.clone().lock_owned().await;
        let forgotten = blocking(|| connect(&self.file, &self.readers.options).and_then(|conn| rewrite(&conn)));
        drop(writer);
        forgotten.map_err(|e| failed(&e, "VACUUM"))
    }

    pub(crate) async fn analyze(&self) -> Result<(), DbError> {
        let guard = self.writer.clone().lock_owned().await;
        blocking(|| count_rows(&guard, "ANALYZE", &self.readers)).map_err(|e| failed(&e, "ANALYZE"))
    }
}

pub(crate) fn connect(file: &Path, options: &DbOptions) -> rusqlite::Result<Connection> {
    let mut conn = Connection::open(file)?;
    conn.busy_handler(Some(wait_for_another_program))?;
    conn.set_prepared_statement_cache_capacity(512);
    conn.pragma_update(None, "synchronous", if options.durable { "FULL" } else { "OFF" })?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -(options.cache_bytes / 1024))?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(conn)
}

/// Another program writes to the same file. It is asked again so often that a short pause of it is enough; its own waits in between would
/// grow to 100 ms. Ends after ten seconds.
fn wait_for_another_program(times: i32) -> bool {
    std::thread::sleep(ASK_AGAIN);
    ASK_AGAIN * times.unsigned_abs() < Duration::from_secs(10)
}

fn connect_reader(file: &Path, options: &DbOptions) -> rusqlite::Result<Connection> {
    let reader = connect(file, options)?;
    reader.pragma_update(None, "query_only", true)?;
    // Scans read the file where it lies. The writer does not: an import would have half the store in what the system calls its memory.
    reader.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    Ok(reader)
}

/// Folds the log and keeps the planner's statistics in the background; ends by itself when the store is dropped.
fn look_after(conn: Connection, file: PathBuf, writer: Weak<Mutex<Connection>>, readers: Weak<Readers>) {
    let log = file.with_extension("db-wal");
    std::thread::spawn(move || {
        let mut counted_at = Instant::now() + FIRST_COUNT;
        loop {
            std::thread::sleep(Duration::from_millis(250));
            let (Some(writer), Some(readers)) = (writer.upgrade(), readers.upgrade()) else { break };
            let length = std::fs::metadata(&log).map_or(0, |m| m.len());
            if length > FOLD_BYTES
                && let Err(error) = fold_log(&conn, length > RENEW_BYTES)
            {
                tracing::warn!(%error, "the write-ahead log was not folded back");
            }
            if Instant::now() >= counted_at {
                counted_at = Instant::now() + NEXT_COUNT;
                if let Err(error) = count_rows(&writer.blocking_lock(), COUNT_WHAT_GREW, &readers) {
                    tracing::warn!(%error, "the planner's statistics were not renewed");
                }
            }
        }
    });
}

/// Renews the statistics by which the planner chooses indexes. Of what was empty it keeps none: a table that is about to grow would be
/// taken for one that finds nothing. Readers at rest are closed, because a connection reads the statistics once.
fn count_rows(writer: &Connection, statement: &str, readers: &Readers) -> rusqlite::Result<()> {
    writer.execute_batch("PRAGMA analysis_limit = 1000")?;
    writer.execute_batch(statement)?;
    if writer.table_exists(None, "sqlite_stat1")? {
        writer.execute("DELETE FROM sqlite_stat1 WHERE stat = '0' OR stat LIKE '0 %'", [])?;
        writer.execute_batch("ANALYZE sqlite_schema")?;
        readers.free.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
    Ok(())
}

/// Folds without keeping anybody waiting; to renew the log, it then folds the little that is left with the writers held back. A reader that
/// takes its time puts the renewal off.
fn fold_log(conn: &Connection, renew: bool) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    if renew {
        conn.busy_timeout(RENEWAL_PATIENCE)?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Writes the whole file anew, so that nothing deleted is left in it, and empties its log; false when a reader still needs the log. Indexes of
/// words keep those of removed rows until their runs happen to be merged: they are merged first. The copy made meanwhile is a file: in memory
/// a large store would not fit.
pub(crate) fn rewrite(conn: &Connection) -> rusqlite::Result<bool> {
    conn.pragma_update(None, "temp_store", "FILE")?;
    let mut indexes =
        conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE % USING fts5%'")?;
    for name in indexes.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()? {
        conn.execute_batch(&format!("INSERT INTO {name} ({name}) VALUES ('optimize')"))?;
    }
    drop(indexes);
    conn.execute_batch("VACUUM")?;
    let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

struct Reader {
    conn: Option<Connection>,
    home: Arc<Readers>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // A reader beyond the pool is closed, not kept.
        if let Some(conn) = self.conn.take()
            && self.permit.is_some()
        {
            self.home.free.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
    }
}

enum Conn {
    Writer(OwnedMutexGuard<Connection>),
    Reader(Reader),
}

pub(crate) struct LiteTx {
    conn: Conn,
    open: bool,
    signals: Arc<Signals>,
    line: Line,
    /// Held while work behind the scenes writes.
    _turn: Option<Turn>,
}

impl LiteTx {
    fn conn(&self) -> Result<&Connection, DbError> {
        match &self.conn {
            Conn::Writer(guard) => Ok(guard),
            Conn::Reader(reader) => reader.conn.as_ref().ok_or_else(|| DbError::Busy("the reader is gone".to_owned())),
        }
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.line.is_waiting()
    }

    pub(crate) fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let conn = self.conn()?;
        let text = numbered(sql);
        timed(sql, || query(conn, &text, values)).map_err(|e| failed(&e, sql))
    }

    pub(crate) fn exec(&self, sql: &str, values: &[Value]) -> Result<u64, DbError> {
        let conn = self.conn()?;
        let text = numbered(sql);
        let run = || conn.prepare_cached(&text)?.execute(rusqlite::params_from_iter(values));
        timed(sql, run).map(|n| n as u64).map_err(|e| failed(&e, sql))
    }

    pub(crate) fn script(&self, sql: &str) -> Result<(), DbError> {
        let conn = self.conn()?;
        blocking(|| conn.execute_batch(sql)).map_err(|e| failed(&e, sql))
    }

    pub(crate) fn rows_from(&self, sql: &str, relation: &Relation, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let each = batch::lite_update(sql, relation, values.len()).or_else(|| batch::lite_each(sql, relation, values.len()));
        let Some(text) = each else {
            let (text, values) = batch::lite_text(sql, relation, values)?;
            return self.rows(&text, &values);
        };
        let conn = self.conn()?;
        let text = numbered(&text);
        timed(sql, || query_each(conn, &text, relation, values)).map_err(|e| failed(&e, sql))
    }

    pub(crate) fn exec_from(&self, sql: &str, relation: &Relation, values: &[Value]) -> Result<u64, DbError> {
        match batch::lite_update(sql, relation, values.len()) {
            Some(text) => self.exec_each(&numbered(&text), relation, values),
            None => {
                let (text, values) = batch::lite_text(sql, relation, values)?;
                self.exec(&text, &values)
            }
        }
    }

    pub(crate) fn insert(&self, table: &str, relation: &Relation, conflict: Conflict<'_>) -> Result<u64, DbError> {
        let places: Vec<String> = (1..=relation.columns.len()).map(|n| format!("?{n}")).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({}){}", relation.names(), places.join(", "), conflict.text());
        self.exec_each(&sql, relation, &[])
    }

    /// Runs a statement for each row of the relation, whose values follow `values`.
    fn exec_each(&self, sql: &str, relation: &Relation, values: &[Value]) -> Result<u64, DbError> {
        let conn = self.conn()?;
        let run = || {
            let mut statement = conn.prepare_cached(sql)?;
            bind(&mut statement, 0, values)?;
            let mut touched = 0;
            for row in &relation.rows {
                bind_row(&mut statement, values.len(), row)?;
                touched += statement.raw_execute()?;
            }
            Ok(touched as u64)
        };
        timed(sql, run).map_err(|e: rusqlite::Error| failed(&e, sql))
    }

    pub(crate) fn commit(mut self) -> Result<Arc<Signals>, DbError> {
        let conn = self.conn()?;
        blocking(|| conn.execute_batch("COMMIT")).map_err(|e| failed(&e, "COMMIT"))?;
        self.open = false;
        Ok(self.signals.clone())
    }
}

impl Drop for LiteTx {
    fn drop(&mut self) {
        if self.open
            && let Ok(conn) = self.conn()
            && let Err(error) = conn.execute_batch("ROLLBACK")
            && !conn.is_autocommit()
        {
            tracing::error!(%error, "a transaction was not rolled back");
        }
    }
}

/// Runs blocking work; tells the log of a statement that kept everybody else waiting.
fn timed<T>(sql: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = blocking(work);
    let time = begun.elapsed();
    if time > SLOW {
        tracing::info!(ms = time.as_millis(), sql, "a slow statement");
    }
    done
}

fn query(conn: &Connection, text: &str, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = conn.prepare_cached(text)?;
    let columns = columns_of(&statement);
    let mut rows = Vec::new();
    read_all(statement.query(rusqlite::params_from_iter(values))?, &columns, &mut rows)?;
    Ok(rows)
}

/// A query run for each row of the relation, whose values follow `values`.
fn query_each(conn: &Connection, text: &str, relation: &Relation, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = conn.prepare_cached(text)?;
    let columns = columns_of(&statement);
    bind(&mut statement, 0, values)?;
    let mut rows = Vec::new();
    for row in &relation.rows {
        bind_row(&mut statement, values.len(), row)?;
        read_all(statement.raw_query(), &columns, &mut rows)?;
    }
    Ok(rows)
}

/// Binds a row behind the first `before` parameters, which keep what they were bound to. Its last values may stand nowhere in the statement.
fn bind_row(statement: &mut rusqlite::Statement<'_>, before: usize, row: &[Value]) -> rusqlite::Result<()> {
    let (given, asked) = (before + row.len(), statement.parameter_count());
    // What is not bound would be what the row before had there.
    if given < asked {
        return Err(rusqlite::Error::InvalidParameterCount(given, asked));
    }
    bind(statement, before, row)
}

fn bind(statement: &mut rusqlite::Statement<'_>, before: usize, values: &[Value]) -> rusqlite::Result<()> {
    let room = statement.parameter_count().saturating_sub(before);
    for (place, value) in values.iter().take(room).enumerate() {
        statement.raw_bind_parameter(before + place + 1, value)?;
    }
    Ok(())
}

fn columns_of(statement: &rusqlite::Statement<'_>) -> Arc<[String]> {
    statement.column_names().map(str::to_owned).collect()
}

fn read_all(mut found: rusqlite::Rows<'_>, columns: &Arc<[String]>, rows: &mut Vec<Row>) -> rusqlite::Result<()> {
    while let Some(row) = found.next()? {
        let mut read = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            read.push(match row.get_ref(index)? {
                rusqlite::types::ValueRef::Null => Value::Null,
                rusqlite::types::ValueRef::Integer(v) => Value::Int(v),
                rusqlite::types::ValueRef::Real(v) => Value::Real(v),
                rusqlite::types::ValueRef::Text(v) | rusqlite::types::ValueRef::Blob(v) => {
                    Value::Text(String::from_utf8_lossy(v).into_owned())
                }
            });
        }
        rows.push(Row { columns: columns.clone(), values: read });
    }
    Ok(())
}

/// SQLite numbers `$1` by first use; `?1` by its number. Text in quotes stays as it is.
pub(crate) fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quoted = false;
    for c in sql.chars() {
        if c == '\'' {
            quoted = !quoted;
        }
        out.push(if c == '$' && !quoted { '?' } else { c });
    }
    out
}

pub(crate) fn failed(error: &rusqlite::Error, sql: &str) -> DbError {
    let reason = error.to_string();
    let Some(code) = error.sqlite_error() else {
        return DbError::Statement { reason, sql: sql.to_owned() };
    };
    match code.code {
        ErrorCode::DiskFull => DbError::DiskFull,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => DbError::Busy("another program is writing to the same file".to_owned()),
        ErrorCode::ConstraintViolation if matches!(code.extended_code, 1555 | 2067 | 2579) => {
            DbError::Unique(reason.rsplit(": ").next().unwrap_or("key").to_owned())
        }
        _ => DbError::Statement { reason, sql: sql.to_owned() },
    }
}
