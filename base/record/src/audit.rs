//! The audit log: who changed which record, when, by which way in, and what it was before and after.
//!
//! Guards that the trail is complete: every use-case function that writes calls [`note`] or [`note_many`] in its own transaction. No line is
//! taken away but by a limit an administrator set for all; what lines say of a person goes when the person is erased ([`blank`], [`blank_mentions`]).

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_kernel::Ids;
use attune_web::{Actor, Via};
use serde_json::Value as Json;

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditLine {
    /// Its id; newer is larger.
    pub id: i64,
    /// When, µs UTC.
    pub at: i64,
    /// Who; 0 for Attune itself.
    pub staff_id: i64,
    /// The name at that time.
    pub staff_name: String,
    /// `session`, `api_key` or `system`.
    pub via: String,
    /// What was done: `contact.updated`.
    pub action: String,
    /// The kind of record: `contact`.
    pub kind: String,
    /// The record.
    pub record_id: i64,
    /// The changed parts as they were, JSON.
    pub before: Option<String>,
    /// The changed parts as they are now, JSON.
    pub after: Option<String>,
}

/// Which lines [`list`] answers. Empty means all.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only this kind of record.
    pub kind: Option<String>,
    /// Only this record.
    pub record_id: Option<i64>,
    /// Only what this member of staff did.
    pub staff_id: Option<i64>,
    /// Only this action.
    pub action: Option<String>,
    /// Only lines older than this id.
    pub before_id: Option<i64>,
}

const COLUMNS: [(&str, Column); 10] = [
    ("id", Column::Int),
    ("at", Column::Int),
    ("staff_id", Column::Int),
    ("staff_name", Column::Text),
    ("via", Column::Text),
    ("action", Column::Text),
    ("kind", Column::Text),
    ("record_id", Column::Int),
    ("before_json", Column::Text),
    ("after_json", Column::Text),
];

/// Writes that `actor` did `action` to the record `id` of `kind`; `before` and `after` hold the changed parts only.
#[allow(clippy::too_many_arguments)]
pub async fn note(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    actor: &Actor,
    action: &str,
    kind: &str,
    id: i64,
    before: Option<Json>,
    after: Option<Json>,
) -> Result<(), DbError> {
    note_many(tx, ids, now, actor, (action, kind), vec![(id, before, after)]).await
}

/// Writes the same `(action, kind)` for many records, each with what it was before and is now.
pub async fn note_many(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    actor: &Actor,
    (action, kind): (&str, &str),
    changes: Vec<(i64, Option<Json>, Option<Json>)>,
) -> Result<(), DbError> {
    let rows = trail(ids, now, actor, (action, kind), changes);
    tx.insert("audit_log", &rows, Conflict::Fail).await?;
    Ok(())
}

fn trail(ids: &Ids, now: i64, actor: &Actor, (action, kind): (&str, &str), changes: Vec<(i64, Option<Json>, Option<Json>)>) -> Relation {
    let via = match actor.via {
        Via::Session { .. } => "session",
        Via::ApiKey { .. } => "api_key",
        Via::System => "system",
    };
    let mut rows = Relation::new(&COLUMNS);
    for (id, before, after) in changes {
        rows.push(vec![
            Value::Int(ids.next()),
            Value::Int(now),
            Value::Int(actor.staff_id),
            Value::from(&actor.name),
            Value::from(via),
            Value::from(action),
            Value::from(kind),
            Value::Int(id),
            before.map(|json| json.to_string()).into(),
            after.map(|json| json.to_string()).into(),
        ]);
    }
    rows
}

/// Empties what was noted before and after of these records, whatever their kind: ids are unique over all kinds. The lines stay. Answers how
/// many were emptied.
pub async fn blank(tx: &mut Tx, record_ids: &[i64]) -> Result<u64, DbError> {
    // The kinds are few, and with them the index leads to the records.
    let update = sql!(
        "UPDATE audit_log SET before_json = NULL, after_json = NULL
         WHERE kind IN (SELECT DISTINCT k.kind FROM audit_log k) AND record_id IN (SELECT r.id FROM {rows} AS r)
           AND (before_json IS NOT NULL OR after_json IS NOT NULL)"
    );
    tx.exec_from(update, &Relation::of_ids("id", record_ids.iter().copied()), params![]).await
}

/// Empties lines of `action` that mention one of these texts (small letters) before or after. Reads every line of that action.
pub async fn blank_mentions(tx: &mut Tx, action: &str, texts: &[String]) -> Result<u64, DbError> {
    let update = sql!(
        "UPDATE audit_log SET before_json = NULL, after_json = NULL WHERE action = $1 AND EXISTS (
           SELECT 1 FROM {rows} AS r WHERE replace(lower(COALESCE(before_json, '') || COALESCE(after_json, '')), r.text, '')
             <> lower(COALESCE(before_json, '') || COALESCE(after_json, '')))"
    );
    tx.exec_from(update, &Relation::of_texts("text", texts.iter().cloned()), params![action]).await
}

/// Lines of the log, newest first, at most `limit`.
pub async fn list(tx: &mut Tx, filter: &AuditFilter, limit: i64) -> Result<Vec<AuditLine>, DbError> {
    let mut sql =
        Sql::new("SELECT id, at, staff_id, staff_name, via, action, kind, record_id, before_json, after_json FROM audit_log WHERE TRUE");
    if let Some(kind) = &filter.kind {
        sql.push(" AND kind = ").bind(kind);
    }
    if let Some(record_id) = filter.record_id {
        sql.push(" AND record_id = ").bind(record_id);
    }
    if let Some(staff_id) = filter.staff_id {
        sql.push(" AND staff_id = ").bind(staff_id);
    }
    if let Some(action) = &filter.action {
        sql.push(" AND action = ").bind(action);
    }
    if let Some(before_id) = filter.before_id {
        sql.push(" AND id < ").bind(before_id);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<AuditLine, DbError> {
    Ok(AuditLine {
        id: row.get("id")?,
        at: row.get("at")?,
        staff_id: row.get("staff_id")?,
        staff_name: row.get("staff_name")?,
        via: row.get("via")?,
        action: row.get("action")?,
        kind: row.get("kind")?,
        record_id: row.get("record_id")?,
        before: row.get("before_json")?,
        after: row.get("after_json")?,
    })
}
