//! The SQL of codes.

use attune_db::{DbError, Row, Tx, params, sql};
use attune_record::audit;
use serde_json::json;

use super::{Code, CodeId, Print, PrintId};
use crate::contact::By;

const SELECT: &str =
    "SELECT c.id, c.name, c.target, c.title, c.body, (SELECT count(*) FROM code_prints p WHERE p.code_id = c.id) AS prints,
     (SELECT CAST(COALESCE(sum(p.scans), 0) AS BIGINT) FROM code_prints p WHERE p.code_id = c.id) AS scans FROM codes c";

fn read(row: &Row) -> Result<Code, DbError> {
    Ok(Code {
        id: CodeId(row.get("id")?),
        name: row.get("name")?,
        target: row.get("target")?,
        title: row.get("title")?,
        body: row.get("body")?,
        prints: row.get("prints")?,
        scans: row.get("scans")?,
    })
}

fn read_print(row: &Row) -> Result<Print, DbError> {
    Ok(Print {
        id: PrintId(row.get("id")?),
        label: row.get("label")?,
        scans: row.get("scans")?,
        machine_scans: row.get("machine_scans")?,
        last_at: row.get("last_at")?,
    })
}

/// Every code, the newest first.
pub(super) async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Code>, DbError> {
    let rows = tx.rows(&format!("{SELECT} WHERE c.deleted_at IS NULL ORDER BY c.id DESC LIMIT $1"), params![limit]).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn find(tx: &mut Tx, id: CodeId) -> Result<Option<Code>, DbError> {
    tx.find(&format!("{SELECT} WHERE c.id = $1 AND c.deleted_at IS NULL"), params![id.0]).await?.as_ref().map(read).transpose()
}

/// A print and its code, whether the code is deleted or not: the paper still hangs.
pub(super) async fn find_print(tx: &mut Tx, id: PrintId) -> Result<Option<(Code, Print)>, DbError> {
    let select = sql!("SELECT code_id, id, label, scans, machine_scans, last_at FROM code_prints WHERE id = $1");
    let Some(row) = tx.find(select, params![id.0]).await? else { return Ok(None) };
    let code = tx.find(&format!("{SELECT} WHERE c.id = $1"), params![row.get::<i64>("code_id")?]).await?;
    code.map(|code| Ok((read(&code)?, read_print(&row)?))).transpose()
}

/// The prints of a code, in the order in which they were made.
pub(super) async fn prints(tx: &mut Tx, code: CodeId) -> Result<Vec<Print>, DbError> {
    let select = sql!("SELECT id, label, scans, machine_scans, last_at FROM code_prints WHERE code_id = $1 ORDER BY id");
    tx.rows(select, params![code.0]).await?.iter().map(read_print).collect()
}

pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, code: &Code) -> Result<(), DbError> {
    let insert = sql!("INSERT INTO codes (id, name, target, title, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)");
    tx.exec(insert, params![code.id.0, &code.name, code.target.clone(), &code.title, &code.body, by.now]).await?;
    let after = json!({ "name": code.name, "target": code.target });
    audit::note(tx, by.ids, by.now, by.actor, "code.created", "code", code.id.0, None, Some(after)).await
}

pub(super) async fn update(tx: &mut Tx, by: &By<'_>, before: &Code, code: &Code) -> Result<(), DbError> {
    let update = sql!("UPDATE codes SET name = $2, target = $3, title = $4, body = $5 WHERE id = $1");
    tx.exec(update, params![code.id.0, &code.name, code.target.clone(), &code.title, &code.body]).await?;
    let told = |code: &Code| Some(json!({ "name": code.name, "target": code.target, "title": code.title, "body": code.body }));
    audit::note(tx, by.ids, by.now, by.actor, "code.updated", "code", code.id.0, told(before), told(code)).await
}

/// Takes a code off the list, or puts it back; its prints go on leading where they led.
pub(super) async fn set_deleted(tx: &mut Tx, by: &By<'_>, id: CodeId, at: Option<i64>) -> Result<bool, DbError> {
    let update = sql!("UPDATE codes SET deleted_at = CAST($2 AS BIGINT) WHERE id = $1");
    let found = tx.exec(update, params![id.0, at]).await? == 1;
    let action = if at.is_some() { "code.deleted" } else { "code.restored" };
    audit::note(tx, by.ids, by.now, by.actor, action, "code", id.0, None, None).await?;
    Ok(found)
}

pub(super) async fn insert_print(tx: &mut Tx, by: &By<'_>, code: CodeId, label: &str) -> Result<PrintId, DbError> {
    let id = by.ids.next();
    let insert = sql!("INSERT INTO code_prints (id, code_id, label, scans, machine_scans, created_at) VALUES ($1, $2, $3, 0, 0, $4)");
    tx.exec(insert, params![id, code.0, label, by.now]).await?;
    Ok(PrintId(id))
}

/// Counts a scan.
pub(super) async fn count(tx: &mut Tx, id: PrintId, machine: bool, now: i64) -> Result<(), DbError> {
    let done = if machine {
        tx.exec(sql!("UPDATE code_prints SET machine_scans = machine_scans + 1 WHERE id = $1"), params![id.0]).await
    } else {
        tx.exec(sql!("UPDATE code_prints SET scans = scans + 1, last_at = $2 WHERE id = $1"), params![id.0, now]).await
    };
    done.map(|_| ())
}
