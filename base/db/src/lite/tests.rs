//! What of the embedded engine is not seen through `Db`.

use super::*;

#[test]
fn the_log_begins_anew_unless_a_reader_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("attune.db");
    let options = DbOptions::default();
    let writer = connect(&file, &options).unwrap();
    writer.pragma_update(None, "journal_mode", "WAL").unwrap();
    writer.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO t (body) VALUES (hex(zeroblob(50000)))").unwrap();
    let log = || std::fs::metadata(file.with_extension("db-wal")).unwrap().len();
    let reader = connect_reader(&file, &options).unwrap();
    let checkpointer = connect(&file, &options).unwrap();

    reader.execute_batch("BEGIN").unwrap();
    let count = |conn: &Connection| conn.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(&reader), 1);
    writer.execute_batch("INSERT INTO t (body) VALUES ('more')").unwrap();
    fold_log(&checkpointer, true).unwrap();
    assert!(log() > 0, "somebody reads the store as it was");
    assert_eq!(count(&reader), 1);

    reader.execute_batch("COMMIT").unwrap();
    fold_log(&checkpointer, true).unwrap();
    assert_eq!((log(), count(&writer)), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_know_what_is_there_and_nothing_of_what_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &DbOptions::default()).unwrap();
    let tx = store.begin().await.unwrap();
    tx.script("CREATE TABLE t (id INTEGER PRIMARY KEY, k INTEGER, gone INTEGER); CREATE INDEX t_k ON t (k); CREATE INDEX t_gone ON t (gone) WHERE gone IS NOT NULL; INSERT INTO t (k) VALUES (1), (2), (2)").unwrap();
    tx.commit().unwrap();
    store.analyze().await.unwrap();
    let kept = store.read().await.unwrap().rows("SELECT idx, stat FROM sqlite_stat1 WHERE tbl = 't'", &[]).unwrap();
    let kept: Vec<(Option<String>, String)> = kept.iter().map(|row| (row.get("idx").unwrap(), row.get("stat").unwrap())).collect();
    assert_eq!(kept, [(Some("t_k".to_owned()), "3 2".to_owned())], "an index without rows would look as if it found nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_lacks_values_does_not_take_those_of_the_row_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &DbOptions::default()).unwrap();
    let tx = store.begin().await.unwrap();
    tx.script("CREATE TABLE t (a INTEGER, b TEXT)").unwrap();
    let mut rows = Relation::new(&[("a", crate::Column::Int), ("b", crate::Column::Text)]);
    rows.push(vec![Value::Int(1), Value::from("one")]);
    rows.push(vec![Value::Int(2)]);
    assert!(matches!(tx.insert("t", &rows, Conflict::Fail), Err(DbError::Statement { .. })));
}
