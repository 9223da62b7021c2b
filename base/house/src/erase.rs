//! Erasing people: every table that a room has listed, in the caller's transaction.

use attune_db::{DbError, Relation, Tx, params};

use crate::{ContactTable, House, OnErase};

/// Removes every trace of these contacts from the tables the rooms have listed, a constant number of statements for any number of
/// contacts. The contacts' own rows go last, by their own room's entry.
pub async fn erase_contacts(tx: &mut Tx, house: &House, ids: &[i64]) -> Result<u64, DbError> {
    erase_from(tx, &house.contact_tables, ids).await
}

/// As [`erase_contacts`], for code that was given the list of tables instead of the house.
pub async fn erase_from(tx: &mut Tx, tables: &[ContactTable], ids: &[i64]) -> Result<u64, DbError> {
    let gone = Relation::of_ids("id", ids.iter().copied());
    let mut touched = 0;
    for entry in tables.iter().rev() {
        let (table, column) = (entry.table, entry.column);
        let sql = match entry.on_erase {
            OnErase::Delete => format!("DELETE FROM {table} WHERE {column} IN (SELECT r.id FROM {{rows}} AS r)"),
            OnErase::Null => format!("UPDATE {table} SET {column} = NULL WHERE {column} IN (SELECT r.id FROM {{rows}} AS r)"),
        };
        touched += tx.exec_from(&sql, &gone, params![]).await?;
    }
    Ok(touched)
}
