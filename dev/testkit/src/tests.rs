use attune_db::{Migration, params};

use crate::{START_AT, clock, ids};

const NOTES: &str = "CREATE TABLE notes (id BIGINT PRIMARY KEY, body TEXT NOT NULL UNIQUE)";

fn test_migrations_of_notes() -> Vec<Migration> {
    vec![Migration { name: "20261122_1200_notes", lite: NOTES, pg: NOTES }]
}

on_both_dbs! {
    with super::test_migrations_of_notes();

    async fn a_store_is_migrated_and_empty(db: Db) {
        let mut tx = db.begin().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM notes", params![]).await.unwrap(), 0);
        tx.exec("INSERT INTO notes (id, body) VALUES ($1, $2)", params![1_i64, "见面"]).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn a_store_knows_nothing_of_other_tests(db: Db) {
        let mut tx = db.begin().await.unwrap();
        tx.exec("INSERT INTO notes (id, body) VALUES ($1, $2)", params![1_i64, "见面"]).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.read().await.unwrap();
        let row = tx.get("note", "SELECT body FROM notes", params![]).await.unwrap();
        assert_eq!(row.get::<String>("body").unwrap(), "见面");
    }
}

#[test]
fn ids_repeat_from_run_to_run() {
    let (one, two) = (ids(&clock()), ids(&clock()));
    assert_eq!([one.next(), one.next()], [two.next(), two.next()]);
    assert_eq!(clock().now(), START_AT);
}
