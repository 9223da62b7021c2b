//! Wrong use and bad surroundings: each is told in words, with the exit code that says whose fault it is, and nothing is lost.

use std::collections::BTreeSet;
use std::net::TcpListener;

use serde_json::Value;

use crate::ground::{counted, ended, file, keys, lite, refused, rows, take_on_admin, words};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use_ends_with_two() {
    let attune = lite();
    let path = file(&attune, "people.csv", "no,name\n1,Ann\n");
    let bad_map = file(&attune, "bad-map.toml", "[columns]\nname = \"nickname\"\n");
    let no_toml = file(&attune, "no.toml", "colums = 1\n");
    for (arguments, word) in [
        (&["sing"][..], "sing"),
        (&["count", "whales"], "whales"),
        (&["count", "contacts", "--segment", "score >"], "at character"),
        (&["count", "contacts", "--segment", "custom.nothing = 1"], "custom.nothing"),
        (&["count", "companies", "--segment", "score > 1"], "attune count contacts"),
        (&["import", "contacts", "nowhere.csv"], "nowhere.csv"),
        (&["import", "contacts", &path, "--key", "Shoe size"], "Shoe size"),
        (&["import", "contacts", &path, "--map", "nowhere.toml"], "nowhere.toml"),
        (&["import", "contacts", &path, "--map", &bad_map], "nickname"),
        (&["import", "contacts", &path, "--map", &no_toml], "colums"),
        (&["import", "undo", "nonsense"], "nonsense"),
        (&["import", "undo", "imp_0000000000001"], "import"),
        (&["replay-log", "nowhere.log"], "nowhere.log"),
        (&["user", "create", "--email", "nobody", "--name", "N", "--password", "a long pass phrase"], "--email"),
        (&["user", "create", "--email", "n@attune.example", "--name", "N", "--password", "short"], "--password"),
        (&["user", "create", "--email", "n@attune.example", "--name", "N", "--role", "king"], "king"),
        (&["api-key", "create"], "--role"),
        (&["push-funnel", "run", "nowhere.toml"], "nowhere.toml"),
    ] {
        let told = refused(&attune, 2, arguments).await;
        assert!(told.contains(word), "{arguments:?} should name {word}: {told}");
    }
    assert_eq!(attune.run_without_store(&[]).await.unwrap().code, Some(2), "no command at all");
    assert_eq!(counted(&attune, &["contacts"]).await, 0, "a refused import leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_in_the_settings_is_listed_at_once() {
    let attune = lite();
    let wrong = "[server]\nlisten = \"here\"\n[mail]\ndelivery = \"pigeon\"\n[work]\nslots = 0\n[log]\nformat = \"song\"\n";
    file(&attune, "attune.toml", wrong);
    for arguments in [&["serve"][..], &["doctor"], &["count", "contacts"]] {
        let told = refused(&attune, 2, arguments).await;
        for word in ["server.listen", "pigeon", "work.slots", "log.format"] {
            // The harness sets server.listen by the environment, which goes before the file.
            assert!(told.contains(word) || word == "server.listen", "{word} is missing: {told}");
        }
    }
    let unknown = file(&attune, "unknown.toml", "[server]\nlisten_on = \"127.0.0.1:1\"\n");
    assert!(refused(&attune, 2, &["--config", &unknown, "migrate"]).await.contains("listen_on"));
    assert!(refused(&attune, 2, &["--config", "nowhere.toml", "migrate"]).await.contains("nowhere.toml"));
    let by_environment = lite().with("ATTUNE_STORE__CONNECTIONS", "many").with("ATTUNE_MAIL__PORT", "587000");
    let told = refused(&by_environment, 2, &["migrate"]).await;
    assert!(told.contains("store.connections") && told.contains("mail.port"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let attune = lite();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = refused(&attune, 1, &["serve", "--port", &port]).await;
    assert!(told.contains(&format!("127.0.0.1:{port} is in use")) && told.contains("--port"), "{told}");
    let data = attune.store().file("demo").display().to_string();
    let told = words(attune.run_without_store(&["demo", "--once", "--data", &data, "--port", &port]).await.unwrap(), 1);
    assert!(told.contains("is in use"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_opened_is_named() {
    let attune = lite();
    let in_the_way = file(&attune, "a-file", "not a folder");
    for store in [in_the_way.as_str(), "postgres://ada:hush@127.0.0.1:1/attune", "/proc/attune"] {
        for command in [&["count", "contacts"][..], &["serve"], &["migrate"]] {
            let told = words(attune.run_without_store(&[&["--store", store], command].concat()).await.unwrap(), 1);
            let place = if store.starts_with("postgres") { "127.0.0.1" } else { store };
            assert!(told.contains(place) && !told.contains("hush"), "{command:?}: {told}");
        }
    }
    let no_database = attune.store().file("odd");
    std::fs::create_dir(&no_database).unwrap();
    std::fs::write(no_database.join("attune.db"), "This is no database. ".repeat(400)).unwrap();
    let told = words(attune.run_without_store(&["--store", &no_database.display().to_string(), "migrate"]).await.unwrap(), 1);
    assert!(told.contains(&no_database.display().to_string()), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_no_demo_is_not_thrown_away() {
    let attune = lite();
    let data = attune.store().file("precious");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("thesis.txt"), "years of work").unwrap();
    let told = words(attune.run_without_store(&["demo", "--once", "--reset", "--data", &data.display().to_string()]).await.unwrap(), 1);
    assert!(told.contains("thesis.txt"), "{told}");
    assert!(data.join("thesis.txt").exists());
}

on_both_engines! {
    /// A store that a newer program has migrated is left alone.
    async fn a_newer_store_is_refused(attune: Attune) {
        take_on_admin(&attune).await;
        rows(&attune, "INSERT INTO schema_migrations (name, run_at) VALUES ('29990101_0000_future', 1)").await;
        for command in [&["count", "contacts"][..], &["serve"], &["migrate"], &["api-key", "create", "--role", "agent"]] {
            let told = refused(&attune, 1, command).await;
            assert!(told.contains("newer Attune") && told.contains("29990101_0000_future"), "{command:?}: {told}");
        }
        let (found, _) = ended(&attune, 1, &["doctor"]).await;
        let schema = found["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "schema").unwrap();
        assert!(schema["ok"] == false && schema["note"].as_str().unwrap().contains("newer"), "{found}");
        rows(&attune, "DELETE FROM schema_migrations WHERE name = '29990101_0000_future'").await;
        assert_eq!(counted(&attune, &["contacts"]).await, 0, "nothing was lost");
    }

    /// The doctor finds what is missing and is content once it is there.
    async fn the_doctor_says_what_to_do(attune: Attune) {
        let check = |found: &Value, name: &str| found["findings"].as_array().unwrap().iter().find(|f| f["check"] == name).cloned().unwrap();
        let (fresh, _) = ended(&attune, 1, &["doctor"]).await;
        assert_eq!(keys(&fresh), BTreeSet::from(["ok", "findings"]));
        assert!(check(&fresh, "schema")["note"].as_str().unwrap().contains("attune migrate"), "{fresh}");
        attune.json(&["migrate"]).await.unwrap();
        let (empty, _) = ended(&attune, 1, &["doctor"]).await;
        assert!(check(&empty, "staff")["note"].as_str().unwrap().contains("attune user create"), "{empty}");
        take_on_admin(&attune).await;
        let (well, _) = ended(&attune, 0, &["doctor"]).await;
        assert_eq!(well["ok"], true);
        for finding in well["findings"].as_array().unwrap() {
            assert_eq!(keys(finding), BTreeSet::from(["check", "ok", "note"]));
        }
        attune.serve().await.unwrap();
        let (busy, _) = ended(&attune, 1, &["doctor"]).await;
        assert!(check(&busy, "port")["note"].as_str().unwrap().contains("in use"), "{busy}");
        attune.stop().await.unwrap();
    }

    /// A relay that cannot be reached is found by the doctor, not by the first campaign.
    async fn the_doctor_asks_the_relay(attune: Attune) {
        take_on_admin(&attune).await;
        let port = attune_system::free_port().unwrap().to_string();
        let attune = attune.with("ATTUNE_MAIL__DELIVERY", "smtp").with("ATTUNE_MAIL__HOST", "127.0.0.1").with("ATTUNE_MAIL__PORT", &port).with("ATTUNE_MAIL__SECURITY", "none");
        let (found, _) = ended(&attune, 1, &["doctor"]).await;
        let mail = found["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "mail").unwrap();
        assert!(mail["ok"] == false && !mail["note"].as_str().unwrap().is_empty(), "{found}");
    }
}
