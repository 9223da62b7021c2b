//! The rows that go over with a merge and come back with a split: a fixed number of statements a table, however many rows there are.

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_house::{ContactTable, OnMerge};

use super::Pair;
use crate::device;
use crate::field::Subject;

/// A column that names a record whose rows go over.
#[derive(Clone, Debug)]
pub(crate) struct Follows {
    /// The table.
    pub(crate) table: &'static str,
    /// The column that holds the record's id.
    pub(crate) column: &'static str,
    /// A BIGINT column that tells the rows of one record apart.
    pub(crate) key: &'static str,
    /// What else must hold for a row to go, as ` AND …` of the row `t`; the one who remains is `$1`.
    pub(crate) if_: String,
}

impl Follows {
    pub(crate) fn new(table: &'static str, column: &'static str, if_: &str) -> Self {
        Self { table, column, key: "id", if_: if_.to_owned() }
    }

    fn entry(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

/// What goes over with a contact, as the rooms say.
pub(crate) fn of_contacts(tables: &[ContactTable]) -> Vec<Follows> {
    let follows = |entry: &ContactTable| match entry.on_merge {
        OnMerge::Follow { key, unless } => {
            let if_ = if unless.is_empty() { String::new() } else { format!(" AND NOT ({unless})") };
            Some(Follows { key, ..Follows::new(entry.table, entry.column, &if_) })
        }
        OnMerge::Stay => None,
    };
    tables.iter().filter_map(follows).collect()
}

/// Tables whose rows somebody may hold who waits for nothing but the log's head has: they go over only once it is held, or both would wait for each other.
const UNDER_THE_HEAD: [&str; 2] = ["devices", "device_readings"];

/// Gives the loser's rows to the survivor and writes down which; with `held` the log's head is, and everything goes over.
pub(crate) async fn take_over(tx: &mut Tx, follows: &[Follows], merge_id: i64, pair: Pair, held: bool) -> Result<(), DbError> {
    for entry in follows.iter().filter(|entry| held || !UNDER_THE_HEAD.contains(&entry.table)) {
        let Follows { table, column, key, if_ } = entry;
        let name = entry.entry();
        // The survivor is always $1: that is what a table's own condition calls it.
        let note = format!(
            "INSERT INTO merge_rows (merge_id, entry, key, loser_id)
             SELECT $3, $4, t.{key}, $2 FROM {table} t WHERE t.{column} = $2 AND t.{column} <> $1{if_}"
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
pub(crate) async fn give_back(tx: &mut Tx, subject: Subject, follows: &[Follows], merge_id: i64, pair: Pair) -> Result<(), DbError> {
    // What devices tell meanwhile waits, and is told of whoever owns them then.
    attune_events::hold_head(tx).await?;
    for entry in follows {
        let Follows { table, column, key, .. } = entry;
        let name = entry.entry();
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
        "UPDATE note_versions SET record_id = $2 WHERE record_id = $1 AND note_id IN (SELECT n.id FROM notes n WHERE n.record_id = $2)"
    );
    tx.exec(versions, params![pair.survivor, pair.loser]).await?;
    device::give_back(tx, subject, merge_id, pair).await
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
