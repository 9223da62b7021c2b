//! The SQL of erasing.

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_house::{ContactTable, Leaver};
use attune_web::Scope;

use super::{Count, ErasureId};
use crate::contact::{By, ContactId};

/// Whether a job of `kind` waits that nobody has begun.
pub(super) async fn has_unbegun(tx: &mut Tx, kind: &str) -> Result<bool, DbError> {
    Ok(tx.count(sql!("SELECT count(*) FROM jobs WHERE kind = $1 AND state = 'ready'"), params![kind]).await? > 0)
}

/// A receipt: what was erased, when and by whom; no name.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Its number.
    pub id: ErasureId,
    /// When, µs UTC.
    pub at: i64,
    /// Who did it.
    pub staff_name: String,
    /// The id the record had.
    pub contact: ContactId,
    /// The record and those that had become part of it.
    pub records: i64,
    /// What went, table by table.
    pub counts: Vec<Count>,
    /// Uploaded files of imports that were not over then.
    pub open_files: i64,
    /// When the store had forgotten what was deleted, µs UTC.
    pub forgotten_at: Option<i64>,
}

const SELECT: &str = sql!("SELECT id, at, staff_name, record_id, records, counts, open_files, forgotten_at FROM erasures");

fn read(row: &Row) -> Result<Receipt, DbError> {
    Ok(Receipt {
        id: ErasureId(row.get("id")?),
        at: row.get("at")?,
        staff_name: row.get("staff_name")?,
        contact: ContactId(row.get("record_id")?),
        records: row.get("records")?,
        counts: serde_json::from_str(&row.get::<String>("counts")?).unwrap_or_default(),
        open_files: row.get("open_files")?,
        forgotten_at: row.get("forgotten_at")?,
    })
}

pub(super) async fn find(tx: &mut Tx, id: i64) -> Result<Option<Receipt>, DbError> {
    tx.find(&format!("{SELECT} WHERE id = $1"), params![id]).await?.as_ref().map(read).transpose()
}

/// Receipts older than `before` (an id; `i64::MAX` for the first page), newest first.
pub(super) async fn list(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<Receipt>, DbError> {
    tx.rows(&format!("{SELECT} WHERE id < $1 ORDER BY id DESC LIMIT $2"), params![before, limit]).await?.iter().map(read).collect()
}

pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, id: i64, (contact, records): (i64, usize), counts: &[Count]) -> Result<(), DbError> {
    let insert = sql!(
        "INSERT INTO erasures (id, at, staff_id, staff_name, record_id, records, counts, open_files)
         SELECT $1, $2, $3, $4, $5, $6, $7, (SELECT count(DISTINCT f.import_id) FROM import_chunks f)"
    );
    let counts = serde_json::to_string(counts).unwrap_or_else(|_| "[]".to_owned());
    let records = i64::try_from(records).unwrap_or(0);
    tx.exec(insert, params![id, by.now, by.actor.staff_id, by.actor.name.as_str(), contact, records, counts]).await?;
    Ok(())
}

/// Notes that what was deleted up to `through` is forgotten.
pub(super) async fn note_forgotten(tx: &mut Tx, through: i64, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE erasures SET forgotten_at = $2 WHERE forgotten_at IS NULL AND at <= $1"), params![through, now]).await.map(|_| ())
}

/// Whether somebody was erased whom the store has not forgotten yet.
pub(super) async fn has_waiting(tx: &mut Tx) -> Result<bool, DbError> {
    Ok(tx.count(sql!("SELECT count(*) FROM erasures WHERE forgotten_at IS NULL"), params![]).await? > 0)
}

/// The contact and everybody who has become part of it, alive or deleted; nobody when it is not there, part of another or outside `scope`.
pub(crate) async fn list_with_merged(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT id FROM contacts WHERE merged_into IS NULL AND id = ");
    sql.bind(id);
    scope.push_filter(&mut sql, "owner_id", "team_id");
    let found = tx.rows_of(&sql).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    with_merged(tx, vec![id]).await
}

/// The same with everybody who has become part of them: who was merged goes with the one who remained.
pub(crate) async fn with_merged(tx: &mut Tx, mut people: Vec<i64>) -> Result<Vec<i64>, DbError> {
    let select = sql!("SELECT c.id FROM {rows} AS r JOIN contacts c ON c.merged_into = r.id");
    let parts = tx.rows_from(select, &Relation::of_ids("id", people.iter().copied()), params![]).await?;
    for row in parts {
        people.push(row.at(0)?);
    }
    Ok(people)
}

pub(super) async fn list_leavers(tx: &mut Tx, people: &[i64]) -> Result<Vec<Leaver>, DbError> {
    let select = sql!("SELECT c.id, c.name, c.email, c.email_key, c.phone, c.external_id FROM {rows} AS r JOIN contacts c ON c.id = r.id");
    let rows = tx.rows_from(select, &Relation::of_ids("id", people.iter().copied()), params![]).await?;
    let read = |row: &Row| {
        Ok(Leaver {
            id: row.get("id")?,
            name: row.get("name")?,
            email: row.get("email")?,
            email_key: row.get("email_key")?,
            phone: row.get("phone")?,
            external_id: row.get("external_id")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The ids of the rows of a table that hold one of these contacts.
pub(super) async fn list_row_ids(tx: &mut Tx, entry: &ContactTable, people: &[i64]) -> Result<Vec<i64>, DbError> {
    let select = format!("SELECT t.id FROM {} t WHERE t.{} IN (SELECT r.id FROM {{rows}} AS r)", entry.table, entry.column);
    let rows = tx.rows_from(&select, &Relation::of_ids("id", people.iter().copied()), params![]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// Empties what others' timelines tell of a merge with one of these: `named` are their ids in quotes.
pub(super) async fn blank_mentions(tx: &mut Tx, named: &[String]) -> Result<u64, DbError> {
    let update = sql!(
        "UPDATE events SET subject = NULL, props = NULL
         WHERE name IN ('contact.merged', 'contact.split') AND contact_id IS NOT NULL AND machine = FALSE
           AND EXISTS (SELECT 1 FROM {rows} AS r WHERE replace(props, r.text, '') <> props)"
    );
    tx.exec_from(update, &Relation::of_texts("text", named.iter().cloned()), params![]).await
}

/// Removes what browsers nobody stands behind claimed: the address or outside id of one of these.
pub(super) async fn remove_claims(tx: &mut Tx, leavers: &[Leaver]) -> Result<u64, DbError> {
    let texts = leavers.iter().flat_map(|leaver| [&leaver.email_key, &leaver.external_id]).flatten().cloned();
    let delete = sql!(
        "DELETE FROM identifiers WHERE contact_id IS NULL AND kind IN ('email', 'external_id') AND value IN (SELECT r.text FROM {rows} AS r)"
    );
    tx.exec_from(delete, &Relation::of_texts("text", texts), params![]).await
}

/// Empties lines of imports that were refused because of a value of one of these.
pub(super) async fn blank_import_errors(tx: &mut Tx, leavers: &[Leaver]) -> Result<u64, DbError> {
    let known = |leaver: &Leaver| {
        let name = Some(leaver.name.clone()).filter(|name| !name.is_empty());
        [name, leaver.email.clone(), leaver.email_key.clone(), leaver.phone.clone(), leaver.external_id.clone()]
    };
    let texts = leavers.iter().flat_map(known).flatten();
    let update = sql!("UPDATE import_errors SET detail = '' WHERE detail <> '' AND detail IN (SELECT r.text FROM {rows} AS r)");
    tx.exec_from(update, &Relation::of_texts("text", texts), params![]).await
}

fn addresses(leavers: &[Leaver]) -> Relation {
    Relation::of_texts("text", leavers.iter().filter_map(|leaver| leaver.email_key.as_ref()).map(|key| format!(", {key},")))
}

/// How many mails the built-in mailbox keeps that went to one of these.
pub(super) async fn count_mails(tx: &mut Tx, leavers: &[Leaver]) -> Result<u64, DbError> {
    let select = sql!(
        "SELECT count(*) FROM mailbox_mails m WHERE EXISTS (
           SELECT 1 FROM {rows} AS r WHERE replace(', ' || lower(m.rcpt_to) || ',', r.text, '') <> ', ' || lower(m.rcpt_to) || ',')"
    );
    let count: i64 = tx.rows_from(select, &addresses(leavers), params![]).await?.first().map_or(Ok(0), |row| row.at(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

pub(super) async fn remove_mails(tx: &mut Tx, leavers: &[Leaver]) -> Result<u64, DbError> {
    let delete = sql!(
        "DELETE FROM mailbox_mails WHERE EXISTS (
           SELECT 1 FROM {rows} AS r WHERE replace(', ' || lower(rcpt_to) || ',', r.text, '') <> ', ' || lower(rcpt_to) || ',')"
    );
    tx.exec_from(delete, &addresses(leavers), params![]).await
}

/// Removes what would become due for one of these records, whatever its kind: ids are unique over all kinds.
pub(super) async fn remove_timers(tx: &mut Tx, records: &[i64]) -> Result<u64, DbError> {
    let delete = sql!("DELETE FROM timers WHERE kind IN (SELECT DISTINCT k.kind FROM timers k) AND key IN (SELECT r.id FROM {rows} AS r)");
    tx.exec_from(delete, &Relation::of_ids("id", records.iter().copied()), params![]).await
}
