//! People and keys made on the command line, and what they open.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::Value;

use crate::ground::{api_key, file, keys, refused, rows, take_on_admin, words};

async fn ask(address: &str, key: Option<&str>) -> (StatusCode, Value) {
    let mut request = reqwest::Client::new().get(address).header("accept", "application/json");
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

on_both_engines! {
    /// A password is made and shown once when none is given; one that is given is never shown.
    async fn staff_are_taken_on(attune: Attune) {
        let made = attune.json(&["user", "create", "--email", "Mei@attune.example", "--name", "Mei", "--role", "agent", "--team", "East"]).await.unwrap();
        assert_eq!(keys(&made), BTreeSet::from(["id", "email", "role", "password"]));
        assert_eq!((made["role"].as_str(), made["password"].as_str().map(str::len)), (Some("agent"), Some(16)));
        let given = attune.json(&["user", "create", "--email", "ada@attune.example", "--name", "Ada", "--password", "a long pass phrase"]).await.unwrap();
        assert_eq!((given["role"].as_str(), given["password"].as_str()), (Some("admin"), None));
        let again = refused(&attune, 2, &["user", "create", "--email", "mei@attune.example", "--name", "Mei Two", "--password", "a long pass phrase"]).await;
        assert!(again.contains("--email"), "{again}");
        let by_environment = attune.with("ATTUNE_PASSWORD", "another pass phrase");
        let quiet = by_environment.run(&["user", "create", "--email", "bo@attune.example", "--name", "Bo"]).await.unwrap();
        assert_eq!(quiet.code, Some(0), "{}", quiet.errors);
        assert!(!quiet.output.contains("another pass phrase"));
        let stored = rows(&by_environment, "SELECT password_hash FROM staff").await;
        assert!(stored.len() == 3 && stored.iter().all(|row| row[0].starts_with("$argon2id$")), "{stored:?}");
    }

    /// A key opens the REST interface in its role; without one nothing is told.
    async fn an_api_key_opens_the_rest_interface(attune: Attune) {
        take_on_admin(&attune).await;
        let people = file(&attune, "people.csv", "no,name,email\n1,Ann,ann@a.example\n2,Bob,bob@b.example\n");
        attune.json(&["import", "contacts", &people]).await.unwrap();
        let made = attune.json(&["api-key", "create", "--role", "admin", "--name", "trial"]).await.unwrap();
        assert_eq!(keys(&made), BTreeSet::from(["key", "role", "name"]));
        let key = made["key"].as_str().unwrap().to_owned();
        let agent = api_key(&attune, "agent").await;
        attune.serve().await.unwrap();
        let contacts = attune.url("/api/v1/contacts");
        let (status, page) = ask(&contacts, Some(&key)).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let names: BTreeSet<&str> = page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(names, BTreeSet::from(["Ann", "Bob"]), "{page}");
        let (status, page) = ask(&contacts, Some(&agent)).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert_eq!(page["items"].as_array().unwrap().len(), 0, "an agent's key sees only an agent's people: {page}");
        for wrong in [None, Some("att_wrong"), Some("")] {
            let (status, told) = ask(&contacts, wrong).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{told}");
            assert_eq!(told["items"], Value::Null);
        }
        rows(&attune, "UPDATE api_keys SET revoked_at = 1 WHERE name = 'trial'").await;
        assert_eq!(ask(&contacts, Some(&key)).await.0, StatusCode::UNAUTHORIZED, "a revoked key opens nothing");
        let stored = rows(&attune, "SELECT token_hash, hint FROM api_keys").await;
        assert!(stored.iter().all(|row| !row.join(" ").contains(&key)), "a key is kept as its hash only");
        attune.stop().await.unwrap();
    }

    /// The server answers for its health and measures, and ends well when asked.
    async fn the_server_tells_how_it_is(attune: Attune) {
        attune.serve().await.unwrap();
        let health: Value = reqwest::get(attune.url("/healthz")).await.unwrap().json().await.unwrap();
        assert_eq!(keys(&health), BTreeSet::from(["status", "inbox_waiting_requests", "reactor_lag_events"]));
        let measures = reqwest::get(attune.url("/metrics")).await.unwrap();
        assert_eq!(measures.status(), StatusCode::OK);
        let described: Value = reqwest::get(attune.url("/api/openapi.json")).await.unwrap().json().await.unwrap();
        assert_eq!(described, attune.run_without_store(&["openapi"]).await.unwrap().json().unwrap());
        let second = words(attune.run(&["serve"]).await.unwrap(), 1);
        assert!(second.contains("in use"), "{second}");
        attune.stop().await.unwrap();
        attune.serve().await.unwrap();
        attune.stop().await.unwrap();
    }
}
