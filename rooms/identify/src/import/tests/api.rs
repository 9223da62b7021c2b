//! The import as programs do it, step by step.

use attune_db::Db;
use attune_testkit::{Got, StatusCode, TestApp};
use serde_json::json;

use super::*;
use crate::tracking::Collector;

const PEOPLE: &str = "User ID,name,email\n7,Ada,ada@made-up.example\n8,Bob,no address\n";

fn site(db: &Db) -> TestApp {
    TestApp::start(db.clone(), |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn send(site: &TestApp, who: &str, query: &str, body: &str) -> Got {
    site.send(who, http::Request::post(format!("/api/v1/imports?{query}")), body.to_owned()).await
}

attune_testkit::on_both_dbs! {
    async fn a_file_is_tried_started_and_taken_back(db: Db) {
        let site = site(&db);
        let before = picture(&db).await;
        assert_eq!(send(&site, "agent", "kind=contacts", PEOPLE).await.status, StatusCode::FORBIDDEN);
        send(&site, "admin", "kind=people", PEOPLE).await.is(StatusCode::BAD_REQUEST);
        send(&site, "admin", "kind=contacts", "").await.is(StatusCode::CONFLICT);
        let (_folder, path) = file("people.csv", PEOPLE.as_bytes());
        let by_command = import(&site.app().bench(), &path, &Options { dry_run: true, ..Options::default() }).await;

        let tried = send(&site, "admin", "kind=contacts&name=people.csv&dry_run=true", PEOPLE).await.is(StatusCode::ACCEPTED).json();
        assert_eq!((&tried["state"], &tried["counts"]), (&json!("draft"), &serde_json::to_value(by_command.counts).unwrap()));
        assert_eq!(tried["errors"], json!([{ "line": 3, "cause": "email", "detail": "email: no address" }]));
        assert_eq!(tried["columns"], json!({ "User ID": "external_id", "name": "name", "email": "email" }));
        let address = format!("/api/v1/imports/{}", tried["id"].as_str().unwrap());
        site.json("admin", "POST", &format!("{address}/undo"), &json!({})).await.is(StatusCode::CONFLICT);
        site.json("admin", "POST", &format!("{address}/start"), &json!({})).await.is(StatusCode::ACCEPTED);
        site.settle().await;
        let done = site.get("admin", &address).await.json();
        assert_eq!((&done["state"], &done["counts"]["created"], &done["file"]), (&json!("done"), &json!(1), &json!("people.csv")));
        assert_eq!(site.get("admin", &format!("{address}/errors")).await.json()["items"], tried["errors"]);
        assert_eq!(site.get("admin", "/api/v1/imports").await.json()["items"][0]["id"], tried["id"]);
        for (method, what) in [("GET", ""), ("GET", "/errors"), ("POST", "/start"), ("POST", "/cancel"), ("POST", "/undo")] {
            let refused = site.send("agent", http::Request::builder().method(method).uri(format!("{address}{what}")), "").await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{what}");
        }
        for what in ["start", "cancel"] {
            site.json("admin", "POST", &format!("{address}/{what}"), &json!({})).await.is(StatusCode::CONFLICT);
        }
        site.json("admin", "POST", &format!("{address}/undo"), &json!({})).await.is(StatusCode::ACCEPTED);
        site.settle().await;
        assert_eq!(site.get("admin", &address).await.json()["state"], "undone");
        for table in ["contacts", "events", "import_changes"] {
            assert_eq!(picture(&db).await.get(table), before.get(table), "{table}");
        }
    }

    async fn a_mapping_and_a_key_go_along(db: Db) {
        let site = site(&db);
        let query = "kind=contacts&key=name&map=%5Bcolumns%5D%0A%22User+ID%22+%3D+%22-%22";
        let made = send(&site, "admin", query, "User ID,name\n7,Ada\n").await.is(StatusCode::ACCEPTED).json();
        assert_eq!((&made["key"], &made["columns"]), (&json!("name"), &json!({ "User ID": "-", "name": "external_id" })));
        let deeds = "User ID,Event,Time\n7,lamp.bought,2026-11-01\n";
        let made = send(&site, "admin", "kind=events&create_missing=true", deeds).await.is(StatusCode::ACCEPTED).json();
        assert_eq!((&made["kind"], &made["events"][0]["at"], &made["state"]), (&json!("events"), &json!("Time"), &json!("waiting")));
        site.json("admin", "POST", &format!("/api/v1/imports/{}/cancel", made["id"].as_str().unwrap()), &json!({})).await.is(StatusCode::ACCEPTED);
        // A file that does not say when is refused, and nothing of it stays.
        send(&site, "admin", "kind=events", "User ID,Event\n7,lamp.bought\n").await.is(StatusCode::CONFLICT);
        site.settle().await;
        assert_eq!(db.read().await.unwrap().count("SELECT count(*) FROM import_chunks", params![]).await.unwrap(), 0);
    }
}
