//! A store is copied while it is in use, and put back without losing the one it replaces.

use crate::ground::{counted, dump, file, lite, pg, refused, rows_at, take_on_admin, words};

fn people(from: usize, to: usize) -> String {
    let lines: Vec<String> = (from..to).map(|n| format!("{n},Person {n},p{n}@a.example")).collect();
    format!("no,name,email\n{}\n", lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_brings_back_what_was_there() {
    let mut attune = lite();
    take_on_admin(&attune).await;
    let first = file(&attune, "first.csv", &people(0, 50));
    attune.json(&["import", "contacts", &first]).await.unwrap();
    attune.serve().await.unwrap();
    crate::ground::settle(&attune).await;
    let before = dump(&attune).await;
    let copy = attune.store().file("copy.db").display().to_string();
    let made = attune.json(&["backup", &copy]).await.unwrap();
    assert_eq!(made["bytes"].as_u64(), Some(std::fs::metadata(&copy).unwrap().len()));
    assert!(refused(&attune, 2, &["backup", &copy]).await.contains("exists already"));
    attune.stop().await.unwrap();

    let second = file(&attune, "second.csv", &people(50, 80));
    attune.json(&["import", "contacts", &second]).await.unwrap();
    assert_eq!(counted(&attune, &["contacts"]).await, 80);
    let told = refused(&attune, 2, &["restore", &copy]).await;
    assert!(told.contains("--force"), "{told}");
    assert_eq!(counted(&attune, &["contacts"]).await, 80, "a refused restore changes nothing");
    attune.json(&["restore", &copy, "--force"]).await.unwrap();
    assert_eq!(counted(&attune, &["contacts"]).await, 50);
    let after = dump(&attune).await;
    for (table, found) in &before {
        // Counting once more starts the program, which may look at its jobs.
        assert!(found == &after[table] || ["jobs", "event_cursors"].contains(&table.as_str()), "{table} differs");
    }
    for kept in ["attune.db.before-restore", "attune.db-inbox.before-restore"] {
        let kept = std::path::Path::new(&attune.store().argument()).join(kept);
        assert!(kept.exists(), "{} of the store that was replaced is kept", kept.display());
    }
    attune.serve().await.unwrap();
    attune.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_moves_to_another_place() {
    let attune = lite();
    let first = file(&attune, "first.csv", &people(0, 20));
    attune.json(&["import", "contacts", &first]).await.unwrap();
    let copy = attune.store().file("copy.db").display().to_string();
    attune.json(&["backup", &copy]).await.unwrap();
    let elsewhere = attune.store().file("elsewhere").display().to_string();
    let restored = attune.run_without_store(&["--store", &elsewhere, "--json", "restore", &copy]).await.unwrap();
    assert_eq!(restored.code, Some(0), "{}", restored.errors);
    assert_eq!(rows_at(&elsewhere, "SELECT count(*) FROM contacts").await[0][0], "20");
    let left: Vec<_> = std::fs::read_dir(&elsewhere).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().starts_with("attune.db")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_is_not_taken_for_a_backup() {
    let attune = lite();
    let first = file(&attune, "first.csv", &people(0, 20));
    attune.json(&["import", "contacts", &first]).await.unwrap();
    for (name, text) in [("song.db", "la la la ".repeat(500)), ("nothing.db", String::new())] {
        let wrong = file(&attune, name, &text);
        let told = words(attune.run(&["restore", &wrong, "--force"]).await.unwrap(), 1);
        assert!(told.contains(name), "{told}");
    }
    assert!(words(attune.run(&["restore", "nowhere.db", "--force"]).await.unwrap(), 1).contains("nowhere.db"));
    assert_eq!(counted(&attune, &["contacts"]).await, 20, "the store stays as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_store_points_to_its_own_tools() {
    let Some(attune) = pg() else { return };
    let copy = attune.store().file("copy.db").display().to_string();
    assert!(refused(&attune, 2, &["backup", &copy]).await.contains("pg_dump"));
    assert!(refused(&attune, 2, &["restore", &copy]).await.contains("pg_restore"));
}
