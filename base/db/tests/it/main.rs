//! What both engines promise alike: values, batches, conflicts, transactions, migrations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod journal;

use attune_db::{Column, Conflict, Db, DbError, DbOptions, Engine, Migration, Relation, Value, params};
use attune_testkit::on_both_dbs;

fn test_migrations() -> Vec<Migration> {
    let text = "CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT, score DOUBLE PRECISION, hot BOOLEAN, n BIGINT);
                CREATE UNIQUE INDEX things_name ON things (name);";
    vec![Migration { name: "20260101_0000_things", lite: text, pg: text }]
}

const COLUMNS: [(&str, Column); 5] =
    [("id", Column::Int), ("name", Column::Text), ("score", Column::Real), ("hot", Column::Bool), ("n", Column::Int)];

fn things(rows: &[(i64, &str)]) -> Relation {
    let mut relation = Relation::new(&COLUMNS);
    for (id, name) in rows {
        relation.push(vec![(*id).into(), (*name).into(), 1.5_f64.into(), true.into(), Value::Null]);
    }
    relation
}

async fn names(db: &Db) -> Vec<String> {
    let rows = db.read().await.unwrap().rows("SELECT name FROM things ORDER BY id", params![]).await.unwrap();
    rows.iter().map(|row| row.get("name").unwrap()).collect()
}

on_both_dbs! {
    async fn values_come_back_as_they_went(db: Db) {
        let odd = "quote ' dollar $1 brace {rows} 同频 \u{1F600} \\ \" \n";
        let mut rows = things(&[]);
        rows.push(vec![i64::MAX.into(), odd.into(), (-0.125_f64).into(), false.into(), i64::MIN.into()]);
        rows.push(vec![1_i64.into(), Value::Null, Value::Null, Value::Null, Value::Null]);
        let mut tx = db.begin().await.unwrap();
        assert_eq!(tx.insert("things", &rows, Conflict::Fail).await.unwrap(), 2);
        let found = tx.rows("SELECT id, name, score, hot, n FROM things ORDER BY id", params![]).await.unwrap();
        assert_eq!(found[1].get::<i64>("id").unwrap(), i64::MAX);
        assert_eq!(found[1].get::<String>("name").unwrap(), odd);
        assert_eq!(found[1].get::<f64>("score").unwrap(), -0.125);
        assert!(!found[1].get::<bool>("hot").unwrap());
        assert_eq!(found[1].get::<i64>("n").unwrap(), i64::MIN);
        assert_eq!(found[0].get::<Option<String>>("name").unwrap(), None);
        assert!(matches!(found[0].get::<i64>("name"), Err(DbError::Type { .. })));
        assert!(matches!(found[0].get::<i64>("nothing"), Err(DbError::Type { .. })));
        let one = tx.rows("SELECT id FROM things WHERE name = $2 AND id = $1", params![i64::MAX, odd]).await.unwrap();
        assert_eq!(one.len(), 1, "placeholders go by number, not by place");
    }

    async fn a_relation_joins_and_updates_like_a_table(db: Db) {
        let mut tx = db.begin().await.unwrap();
        tx.insert("things", &things(&[(1, "a"), (2, "b"), (3, "c")]), Conflict::Fail).await.unwrap();
        let (int, text) = (Column::Int, Column::Text);
        // The last column stands nowhere in the statement.
        let mut change = Relation::new(&[("id", int), ("hot", Column::Bool), ("score", Column::Real), ("name", text), ("more", text)]);
        change.push(vec![1_i64.into(), false.into(), 9_i64.into(), "A'".into(), "x".into()]);
        change.push(vec![3_i64.into(), Value::Null, Value::Null, "同".into(), Value::Null]);
        let sql = "UPDATE things SET hot = r.hot, score = r.score, name = r.name, n = $1 FROM {rows} AS r WHERE things.id = r.id";
        assert_eq!(tx.exec_from(sql, &change, params![7_i64]).await.unwrap(), 2);
        let wanted = Relation::of_texts("name", ["A'", "b", "zz"]);
        let rows = tx.rows_from("SELECT t.id, t.n FROM {rows} AS r JOIN things t ON t.name = r.name WHERE t.id > $1 ORDER BY t.id", &wanted, params![0_i64]).await.unwrap();
        let ids: Vec<i64> = rows.iter().map(|row| row.get("id").unwrap()).collect();
        assert_eq!(ids, vec![1, 2]);
        assert_eq!(rows[0].get::<Option<i64>>("n").unwrap(), Some(7));
        assert!(tx.rows_from("SELECT 1 FROM {rows} AS r", &Relation::of_ids("id", []), params![]).await.unwrap().is_empty());
        assert!(matches!(tx.exec_from("DELETE FROM things", &wanted, params![]).await, Err(DbError::Statement { .. })));
    }

    /// Row by row or all at once, as the engine likes: nobody may notice.
    async fn a_relation_is_looked_up_alike_whatever_is_asked_of_it(db: Db) {
        let mut tx = db.begin().await.unwrap();
        tx.insert("things", &things(&[(1, "a"), (2, "b"), (3, "c")]), Conflict::Fail).await.unwrap();
        let mut wanted = Relation::new(&[("name", Column::Text), ("least", Column::Real)]);
        for (name, least) in [(Value::from("c"), Value::Real(1.0)), ("a".into(), 1.0.into()), ("a".into(), 2.0.into()), (Value::Null, 0.0.into())] {
            wanted.push(vec![name, least]);
        }
        let asked = "SELECT t.id, r.least FROM {rows} AS r JOIN things t ON t.name = r.name AND t.score > r.least AND t.id < $1";
        let mut pairs = Vec::new();
        for row in tx.rows_from(asked, &wanted, params![9_i64]).await.unwrap() {
            pairs.push((row.get::<i64>("id").unwrap(), row.get::<f64>("least").unwrap()));
        }
        pairs.sort_by_key(|(id, _)| *id);
        assert_eq!(pairs, [(1, 1.0), (3, 1.0)], "a row that finds nothing or holds nothing is left out");
        let left = "SELECT r.least, t.id FROM {rows} AS r LEFT JOIN things t ON t.name = r.name AND t.score > r.least";
        assert_eq!(tx.rows_from(left, &wanted, params![]).await.unwrap().len(), 4);
        let ordered = tx.rows_from(&format!("{asked} ORDER BY t.id DESC"), &wanted, params![9_i64]).await.unwrap();
        assert_eq!(ordered.iter().map(|row| row.get::<i64>("id").unwrap()).collect::<Vec<_>>(), [3, 1]);
        let counted = tx.rows_from("SELECT count(*) AS n FROM {rows} AS r JOIN things t ON t.name = r.name", &wanted, params![]).await.unwrap();
        assert_eq!(counted.iter().map(|row| row.get::<i64>("n").unwrap()).collect::<Vec<_>>(), [3]);
    }

    async fn what_is_written_in_a_turn_is_there(db: Db) {
        let mut tx = db.begin_turn(db.turn().await).await.unwrap();
        tx.insert("things", &things(&[(1, "a")]), Conflict::Fail).await.unwrap();
        tx.commit().await.unwrap();
        let tx = db.begin_turn(db.turn().await).await.unwrap();
        drop(tx);
        assert_eq!(names(&db).await, ["a"]);
    }

    async fn conflicts_fail_are_left_out_or_update(db: Db) {
        let mut tx = db.begin().await.unwrap();
        tx.insert("things", &things(&[(1, "a")]), Conflict::Fail).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let twice = tx.insert("things", &things(&[(2, "a")]), Conflict::Fail).await;
        assert!(matches!(&twice, Err(DbError::Unique(what)) if what.contains("name")), "{twice:?}");
        drop(tx);
        let mut tx = db.begin().await.unwrap();
        assert_eq!(tx.insert("things", &things(&[(1, "x"), (2, "b")]), Conflict::Ignore(&["id"])).await.unwrap(), 1);
        assert_eq!(tx.insert("things", &things(&[(1, "x"), (3, "c")]), Conflict::Update(&["id"], "name = excluded.name")).await.unwrap(), 2);
        tx.commit().await.unwrap();
        assert_eq!(names(&db).await, vec!["x", "b", "c"]);
    }

    async fn a_dropped_transaction_leaves_no_trace(db: Db) {
        let mut tx = db.begin().await.unwrap();
        tx.insert("things", &things(&[(1, "a")]), Conflict::Fail).await.unwrap();
        drop(tx);
        assert!(names(&db).await.is_empty());
        let mut tx = db.begin().await.unwrap();
        tx.insert("things", &things(&[(1, "a")]), Conflict::Fail).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(names(&db).await, vec!["a"]);
    }

    async fn a_reader_sees_one_moment_and_cannot_write(db: Db) {
        let mut reader = db.read().await.unwrap();
        assert_eq!(reader.count("SELECT count(*) FROM things", params![]).await.unwrap(), 0);
        let mut tx = db.begin().await.unwrap();
        tx.insert("things", &things(&[(1, "a")]), Conflict::Fail).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reader.count("SELECT count(*) FROM things", params![]).await.unwrap(), 0);
        assert!(reader.exec("DELETE FROM things", params![]).await.is_err());
        drop(reader);
        assert_eq!(names(&db).await, vec!["a"]);
    }

    async fn a_signal_is_raised_by_the_commit_and_not_before(db: Db) {
        let mut signal = db.listen("news");
        let mut tx = db.begin().await.unwrap();
        tx.wake("news");
        assert!(!signal.has_changed().unwrap());
        tx.commit().await.unwrap();
        assert!(signal.has_changed().unwrap());
        signal.mark_unchanged();
        let mut tx = db.begin().await.unwrap();
        tx.wake("news");
        drop(tx);
        assert!(!signal.has_changed().unwrap());
    }

    async fn a_store_of_a_newer_binary_is_refused(db: Db) {
        assert!(db.migrate(&test_migrations(), 1).await.unwrap().is_empty(), "nothing runs twice");
        assert!(matches!(db.migrate(&[], 1).await, Err(DbError::Newer(name)) if name == "20260101_0000_things"));
    }

    async fn a_failed_migration_changes_nothing(db: Db) {
        let mut known = test_migrations();
        let text = "CREATE TABLE other (id BIGINT PRIMARY KEY); CREATE TABLE things (id BIGINT PRIMARY KEY);";
        known.push(Migration { name: "20260102_0000_broken", lite: text, pg: text });
        assert!(db.migrate(&known, 1).await.is_err());
        assert!(db.read().await.unwrap().rows("SELECT id FROM other", params![]).await.is_err());
        assert_eq!(db.pending(&known).await.unwrap(), vec!["20260102_0000_broken"]);
    }

    async fn a_wrong_statement_is_named(db: Db) {
        let error = db.read().await.unwrap().rows("SELECT nothing FROM things", params![]).await.unwrap_err();
        assert!(error.to_string().contains("SELECT nothing FROM things"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_store_is_backed_up_while_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path().join("a").to_str().unwrap(), &DbOptions::default()).await.unwrap();
    db.migrate(&test_migrations(), 1).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.insert("things", &things(&[(1, "a")]), Conflict::Fail).await.unwrap();
    tx.commit().await.unwrap();
    std::fs::create_dir(dir.path().join("b")).unwrap();
    db.backup(&dir.path().join("b/attune.db")).await.unwrap();
    let copy = Db::open(dir.path().join("b").to_str().unwrap(), &DbOptions::default()).await.unwrap();
    assert_eq!(copy.engine(), Engine::Lite);
    assert_eq!(names(&copy).await, vec!["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_opened_says_which_and_why() {
    let error = Db::open("/proc/nowhere", &DbOptions::default()).await.err().unwrap();
    assert!(error.to_string().contains("/proc/nowhere"));
    let error = Db::open("postgres://me:secret@127.0.0.1:1/x", &DbOptions::default()).await.err().unwrap();
    assert!(error.to_string().contains("127.0.0.1:1/x") && !error.to_string().contains("secret"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_may_hold_more_readers_than_the_pool_has() {
    let dir = tempfile::tempdir().unwrap();
    let options = DbOptions { connections: 2, ..DbOptions::default() };
    let db = Db::open(dir.path().to_str().unwrap(), &options).await.unwrap();
    db.migrate(&test_migrations(), 1).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM things", params![]).await.unwrap(), 0);
        held.push(tx);
    }
}
