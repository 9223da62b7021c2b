//! The rows that go over with a merge and come back with a split: a fixed number of statements a table, however many rows there are.

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_house::{ContactTable, OnMerge};

use super::Pair;
use crate::device;

/// The tables whose rows go, with the column that tells the rows of one contact apart and what keeps a row where it is.
fn following(tables: &[ContactTable]) -> impl Iterator<Item = (&ContactTable, &'static str, &'static str)> {
    tables.iter().filter_map(|entry| match entry.on_merge {
        OnMerge::Follow { key, unless } => Some((entry, key, unless)),
        OnMerge::Stay => None,
    })
}

fn entry_of(table: &ContactTable) -> String {
    format!("{}.{}", table.table, table.column)
}

/// Tables whose rows somebody may hold who waits for nothing but the log's head has: they go over only once it is held, or both would wait for each other.
const UNDER_THE_HEAD: [&str; 2] = ["devices", "device_readings"];

/// Gives the loser's rows to the survivor and writes down which; with `held` the log's head is, and everything goes over.
pub(super) async fn take_over(tx: &mut Tx, tables: &[ContactTable], merge_id: i64, pair: Pair, held: bool) -> Result<(), DbError> {
    for (entry, key, unless) in following(tables).filter(|(entry, ..)| held || !UNDER_THE_HEAD.contains(&entry.table)) {
        let (table, column, name) = (entry.table, entry.column, entry_of(entry));
        // The survivor is always $1: that is what a table's own condition calls it.
        let stays = if unless.is_empty() { String::new() } else { format!(" AND NOT ({unless})") };
        let note = format!(
            "INSERT INTO merge_rows (merge_id, entry, key, loser_id)
             SELECT $3, $4, t.{key}, $2 FROM {table} t WHERE t.{column} = $2 AND t.{column} <> $1{stays}"
        );
        if tx.exec(&note, params![pair.survivor, pair.loser, merge_id, name.as_str()]).await? == 0 {
            continue;
        }
        let go = format!(
            "UPDATE {table} SET {column} = $1 WHERE {column} = $2
             AND {key} IN (SELECT m.key FROM merge_rows m WHERE m.merge_id = $3 AND m.entry = $4)"
        );
        tx.exec(&go, params![pair.survivor, pair.loser, merge_id, name.as_str()]).await?;
    }
    Ok(())
}

/// Gives the rows back that are still the survivor's, and removes those the merge wrote itself.
pub(super) async fn give_back(tx: &mut Tx, tables: &[ContactTable], merge_id: i64, pair: Pair) -> Result<(), DbError> {
    // What devices tell meanwhile waits, and is told of whoever owns them then.
    attune_events::hold_head(tx).await?;
    for (entry, key, _) in following(tables) {
        let (table, column, name) = (entry.table, entry.column, entry_of(entry));
        let back = format!(
            "UPDATE {table} SET {column} = $2 WHERE {column} = $1
             AND {key} IN (SELECT m.key FROM merge_rows m WHERE m.merge_id = $3 AND m.entry = $4)"
        );
        tx.exec(&back, params![pair.survivor, pair.loser, merge_id, name.as_str()]).await?;
        let made = format!("DELETE FROM {table} WHERE {key} IN (SELECT m.key FROM merge_rows m WHERE m.merge_id = $1 AND m.entry = $2)");
        tx.exec(&made, params![merge_id, format!("+{table}")]).await?;
    }
    // What a note said before it was changed meanwhile goes where the note goes.
    let versions = sql!(
        "UPDATE note_versions SET record_id = $2 WHERE record_id = $1 AND note_id IN (SELECT n.id FROM notes n WHERE n.kind = 'contact' AND n.record_id = $2)"
    );
    tx.exec(versions, params![pair.survivor, pair.loser]).await?;
    device::give_back(tx, merge_id, pair.survivor, pair.loser).await
}

/// Writes down rows of `table` that the merge itself made.
pub(super) async fn note_made(tx: &mut Tx, merge_id: i64, loser_id: i64, table: &str, keys: &[i64]) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("merge_id", Column::Int), ("entry", Column::Text), ("key", Column::Int), ("loser_id", Column::Int)]);
    for key in keys {
        rows.push(vec![Value::Int(merge_id), Value::Text(format!("+{table}")), Value::Int(*key), Value::Int(loser_id)]);
    }
    tx.insert("merge_rows", &rows, Conflict::Fail).await?;
    Ok(())
}
