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
    Ok(erase_counting(tx, tables, ids).await?.iter().map(|(_, touched)| touched).sum())
}

/// As [`erase_from`]; answers how many rows of each entry went or stay without the person, in the order they were touched.
pub async fn erase_counting(tx: &mut Tx, tables: &[ContactTable], ids: &[i64]) -> Result<Vec<(ContactTable, u64)>, DbError> {
    let gone = Relation::of_ids("id", ids.iter().copied());
    let mut touched = Vec::with_capacity(tables.len());
    for entry in tables.iter().rev() {
        let (table, column) = (entry.table, entry.column);
        let sql = match entry.on_erase {
            OnErase::Delete => format!("DELETE FROM {table} WHERE {column} IN (SELECT r.id FROM {{rows}} AS r)"),
            OnErase::Null => format!("UPDATE {table} SET {column} = NULL WHERE {column} IN (SELECT r.id FROM {{rows}} AS r)"),
        };
        touched.push((*entry, tx.exec_from(&sql, &gone, params![]).await?));
    }
    Ok(touched)
}

/// How many rows of each entry hold these contacts, in the order of the list.
pub async fn count_rows(tx: &mut Tx, tables: &[ContactTable], ids: &[i64]) -> Result<Vec<(ContactTable, u64)>, DbError> {
    let wanted = Relation::of_ids("id", ids.iter().copied());
    let mut found = Vec::with_capacity(tables.len());
    for entry in tables {
        let sql = format!("SELECT count(*) FROM {} WHERE {} IN (SELECT r.id FROM {{rows}} AS r)", entry.table, entry.column);
        let count: i64 = tx.rows_from(&sql, &wanted, params![]).await?.first().map_or(Ok(0), |row| row.at(0))?;
        found.push((*entry, u64::try_from(count).unwrap_or(0)));
    }
    Ok(found)
}
