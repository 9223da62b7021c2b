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
