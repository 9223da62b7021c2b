//! The SQL of imports: their rows, chunks, errors and the changes needed to undo them.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};
use serde_json::Value as Json;

use super::plan::Plan;
use super::rows::RowError;
use super::{Counts, Kind};

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportState {
    /// Uploaded, the mapping not yet confirmed.
    Draft,
    /// Its job waits.
    Waiting,
    /// Being read.
    Running,
    /// Over.
    Done,
    /// Stopped by a mistake; what was taken is there and can be undone.
    Failed,
    /// Stopped by somebody before its end; what was taken is there and can be undone.
    Cancelled,
    /// Being taken back.
    Undoing,
    /// Taken back.
    Undone,
}

impl ImportState {
    const ALL: [Self; 8] =
        [Self::Draft, Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Undoing, Self::Undone];
    /// Where an import can be taken back; also one whose undoing was interrupted.
    pub(crate) const UNDOABLE: [Self; 4] = [Self::Done, Self::Failed, Self::Cancelled, Self::Undoing];

    /// The word in the table; `identify-import-state-<word>` names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.word() == word).unwrap_or(Self::Failed)
    }
}

/// An import as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Its id.
    pub id: i64,
    /// Whether it brings events only.
    pub is_events: bool,
    /// Where it stands.
    pub state: ImportState,
    /// The file's name.
    pub file_name: String,
    /// The file's size in bytes.
    pub file_bytes: i64,
    /// What becomes of each column.
    pub plan: Plan,
    /// Rows in the file.
    pub total_rows: Option<i64>,
    /// What became of the rows read so far.
    pub counts: Counts,
    /// Its job.
    pub job_id: Option<i64>,
    /// Who started it.
    pub staff_id: i64,
    /// Why it stopped.
    pub error: Option<String>,
    /// µs UTC.
    pub created_at: i64,
    /// µs UTC.
    pub finished_at: Option<i64>,
    /// Since when what is needed to take it back is gone, µs UTC.
    pub undo_gone_at: Option<i64>,
}

const SELECT: &str = sql!(
    "SELECT id, kind, state, file_name, file_bytes, plan, total_rows, rows_read, created, updated, skipped, rejected, job_id, staff_id, error, created_at,
     finished_at, undo_gone_at FROM imports"
);

fn read(row: &Row) -> Result<Import, DbError> {
    Ok(Import {
        id: row.get("id")?,
        is_events: row.get::<String>("kind")? == "events",
        state: ImportState::of(&row.get::<String>("state")?),
        file_name: row.get("file_name")?,
        file_bytes: row.get("file_bytes")?,
        plan: serde_json::from_str(&row.get::<String>("plan")?).unwrap_or_default(),
        total_rows: row.get("total_rows")?,
        counts: Counts {
            rows: row.get("rows_read")?,
            created: row.get("created")?,
            updated: row.get("updated")?,
            skipped: row.get("skipped")?,
            rejected: row.get("rejected")?,
        },
        job_id: row.get("job_id")?,
        staff_id: row.get("staff_id")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
        undo_gone_at: row.get("undo_gone_at")?,
    })
}

/// The import `id`.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Import>, DbError> {
    tx.find(&format!("{SELECT} WHERE id = $1"), params![id]).await?.as_ref().map(read).transpose()
}

/// The newest imports.
pub async fn list_recent(tx: &mut Tx, limit: i64) -> Result<Vec<Import>, DbError> {
    let rows = tx.rows(&format!("{SELECT} WHERE state <> 'draft' ORDER BY created_at DESC, id DESC LIMIT $1"), params![limit]).await?;
    rows.iter().map(read).collect()
}

/// Stores an import without any row read.
pub(crate) async fn insert(tx: &mut Tx, import: &Import) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO imports (id, kind, state, file_name, file_bytes, plan, total_rows, rows_read, created, updated, skipped, rejected, staff_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, $8, $9)"
    );
    let kind = import.kind().word();
    let (plan, state) = (plan_text(&import.plan), import.state.word());
    let values =
        params![import.id, kind, state, &import.file_name, import.file_bytes, plan, import.total_rows, import.staff_id, import.created_at];
    tx.exec(sql, values).await?;
    Ok(())
}

/// The files of this kind that came in last with their plans, newest first.
pub(crate) async fn list_plans(tx: &mut Tx, kind: Kind, limit: i64) -> Result<Vec<(String, Plan)>, DbError> {
    let select = sql!("SELECT file_name, plan FROM imports WHERE kind = $2 AND state = 'done' ORDER BY created_at DESC, id DESC LIMIT $1");
    let rows = tx.rows(select, params![limit, kind.word()]).await?;
    rows.iter().map(|row| Ok((row.get("file_name")?, serde_json::from_str(&row.get::<String>("plan")?).unwrap_or_default()))).collect()
}

fn plan_text(plan: &Plan) -> String {
    serde_json::to_string(plan).unwrap_or_default()
}

/// Replaces the plan of a draft.
pub(crate) async fn set_plan(tx: &mut Tx, id: i64, plan: &Plan, total_rows: i64) -> Result<(), DbError> {
    let sql = sql!("UPDATE imports SET plan = $2, total_rows = $3 WHERE id = $1 AND state = 'draft'");
    tx.exec(sql, params![id, plan_text(plan), total_rows]).await?;
    Ok(())
}

/// Moves an import from one of `from` to `to`; answers whether it stood there.
pub(crate) async fn set_state(
    tx: &mut Tx,
    id: i64,
    from: &[ImportState],
    to: ImportState,
    finished_at: Option<i64>,
) -> Result<bool, DbError> {
    let mut sql = attune_db::Sql::new("UPDATE imports SET state = ");
    sql.bind(to.word()).push(", finished_at = CAST(").bind(finished_at).push(" AS BIGINT) WHERE id = ").bind(id);
    sql.push(" AND state IN ").bind_list(from.iter().map(|s| Value::from(s.word())));
    let moved = tx.exec_of(&sql).await? == 1;
    tx.wake("progress");
    Ok(moved)
}

/// Links the job that reads or undoes the import.
pub(crate) async fn set_job(tx: &mut Tx, id: i64, job_id: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE imports SET job_id = $2 WHERE id = $1"), params![id, job_id]).await?;
    Ok(())
}

/// Says why an import stopped.
pub(crate) async fn set_failed(tx: &mut Tx, id: i64, why: &str, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE imports SET state = 'failed', error = $2, finished_at = $3 WHERE id = $1"), params![id, why, now]).await?;
    tx.wake("progress");
    Ok(())
}

/// Adds what became of a batch.
pub(crate) async fn add_counts(tx: &mut Tx, id: i64, counts: &Counts) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE imports SET rows_read = rows_read + $2, created = created + $3, updated = updated + $4, skipped = skipped + $5, rejected = rejected + $6
         WHERE id = $1"
    );
    tx.exec(sql, params![id, counts.rows, counts.created, counts.updated, counts.skipped, counts.rejected]).await?;
    tx.wake("progress");
    Ok(())
}

/// Writes lines that were not taken.
pub(crate) async fn put_errors(tx: &mut Tx, id: i64, errors: &[RowError]) -> Result<(), DbError> {
    let (int, text) = (Column::Int, Column::Text);
    let mut rows = Relation::new(&[("import_id", int), ("line", int), ("cause", text), ("detail", text)]);
    for error in errors {
        rows.push(vec![Value::Int(id), Value::Int(error.line), Value::from(error.cause), Value::from(&error.detail)]);
    }
    tx.insert("import_errors", &rows, Conflict::Ignore(&["import_id", "line"])).await?;
    Ok(())
}

/// Lines that were not taken, behind the line `after`: (line, cause, detail).
pub async fn list_errors(tx: &mut Tx, id: i64, after: i64, limit: i64) -> Result<Vec<(i64, String, String)>, DbError> {
    let sql = sql!("SELECT line, cause, detail FROM import_errors WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3");
    let rows = tx.rows(sql, params![id, after, limit]).await?;
    rows.iter().map(|row| Ok((row.get("line")?, row.get("cause")?, row.get("detail")?))).collect()
}

/// What an import changed on one record: attribute → (before, after).
pub(crate) type Changes = HashMap<String, (Json, Json)>;

/// A record's changes with the moments of its last change before and by the import.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Changed {
    pub(crate) record_id: i64,
    pub(crate) changes: Changes,
    pub(crate) before_at: i64,
    pub(crate) after_at: i64,
}

fn read_changed(row: &Row) -> Result<Changed, DbError> {
    Ok(Changed {
        record_id: row.get("record_id")?,
        changes: serde_json::from_str(&row.get::<String>("changes")?).unwrap_or_default(),
        before_at: row.get("updated_before_at")?,
        after_at: row.get("updated_after_at")?,
    })
}

/// The changes already noted for these records.
pub(crate) async fn list_changed_of(tx: &mut Tx, id: i64, records: impl IntoIterator<Item = i64>) -> Result<Vec<Changed>, DbError> {
    let sql = sql!(
        "SELECT c.record_id, c.changes, c.updated_before_at, c.updated_after_at FROM {rows} AS r JOIN import_changes c ON c.record_id = r.id
         WHERE c.import_id = $1"
    );
    tx.rows_from(sql, &Relation::of_ids("id", records), params![id]).await?.iter().map(read_changed).collect()
}

/// The next changes of an import, behind the record `after`.
pub(crate) async fn list_changed(tx: &mut Tx, id: i64, after: i64, limit: i64) -> Result<Vec<Changed>, DbError> {
    let sql = sql!(
        "SELECT record_id, changes, updated_before_at, updated_after_at FROM import_changes WHERE import_id = $1 AND record_id > $2
         ORDER BY record_id LIMIT $3"
    );
    tx.rows(sql, params![id, after, limit]).await?.iter().map(read_changed).collect()
}

/// Notes changes; those of a record noted before are replaced.
pub(crate) async fn put_changed(tx: &mut Tx, id: i64, all: &[Changed]) -> Result<(), DbError> {
    let (int, text) = (Column::Int, Column::Text);
    let mut rows =
        Relation::new(&[("import_id", int), ("record_id", int), ("changes", text), ("updated_before_at", int), ("updated_after_at", int)]);
    for c in all {
        let changes = serde_json::to_string(&c.changes).unwrap_or_default();
        rows.push(vec![Value::Int(id), Value::Int(c.record_id), Value::Text(changes), Value::Int(c.before_at), Value::Int(c.after_at)]);
    }
    let set = "changes = excluded.changes, updated_after_at = excluded.updated_after_at";
    tx.insert("import_changes", &rows, Conflict::Update(&["import_id", "record_id"], set)).await?;
    Ok(())
}

/// Forgets the changes of these records.
pub(crate) async fn remove_changed(tx: &mut Tx, id: i64, records: impl IntoIterator<Item = i64>) -> Result<(), DbError> {
    let sql = sql!("DELETE FROM import_changes WHERE import_id = $1 AND record_id IN (SELECT r.id FROM {rows} AS r)");
    tx.exec_from(sql, &Relation::of_ids("id", records), params![id]).await?;
    Ok(())
}

/// Contacts an import created, deleted ones included.
pub(crate) async fn list_created(tx: &mut Tx, id: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let rows = tx
        .rows(
            sql!(
                "SELECT id FROM contacts WHERE import_id = $1
         AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = contacts.id) ORDER BY id LIMIT $2"
            ),
            params![id, limit],
        )
        .await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// Drops the events an import brought: those of nobody in particular, or those of these contacts.
pub(crate) async fn remove_events(tx: &mut Tx, id: i64) -> Result<u64, DbError> {
    tx.exec(sql!("DELETE FROM events WHERE origin_id = $1"), params![id]).await
}

/// Appends a chunk of an upload.
pub(crate) async fn put_chunk(tx: &mut Tx, id: i64, number: i64, body: &str) -> Result<(), DbError> {
    tx.exec(sql!("INSERT INTO import_chunks (import_id, number, body) VALUES ($1, $2, $3)"), params![id, number, body]).await?;
    Ok(())
}

/// Drops the uploaded file.
pub(crate) async fn remove_chunks(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    tx.exec(sql!("DELETE FROM import_chunks WHERE import_id = $1"), params![id]).await?;
    Ok(())
}

/// Drops the lines that were not taken.
pub(crate) async fn remove_errors(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    tx.exec(sql!("DELETE FROM import_errors WHERE import_id = $1"), params![id]).await?;
    Ok(())
}
