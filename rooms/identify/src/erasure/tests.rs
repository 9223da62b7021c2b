use attune_db::params;
use attune_testkit::{StatusCode, TestApp};
use serde_json::json;

use crate::tracking::Collector;

fn site(db: attune_db::Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn count(site: &TestApp, sql: &str) -> i64 {
    site.app().db.read().await.unwrap().count(sql, params![]).await.unwrap()
}

/// A person with notes, changes, a consent and another record merged into it; the id.
async fn quincy(site: &TestApp) -> String {
    let make = |name: &str, email: &str| json!({ "name": name, "email": email, "external_id": email, "city": "Porto" });
    let made = site.json("admin", "POST", "/api/v1/contacts", &make("Quincy Vandermolen", "quincy@molen.example")).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let twin = site.json("admin", "POST", "/api/v1/contacts", &make("Q. Vandermolen", "q@molen.example")).await.json()["id"].clone();
    site.json("admin", "PATCH", &format!("/api/v1/contacts/{id}"), &json!({ "phone": "+351 22 7719482", "company": "Windworks" })).await;
    site.post("admin", &format!("/contacts/{id}/notes"), "body=Quincy+likes+windmills").await;
    site.post(
        "admin",
        &format!("/contacts/{id}/consent"),
        "channel=email&purpose=marketing&state=given&source=phone&wording=Quincy+said+yes",
    )
    .await;
    site.json("admin", "POST", &format!("/api/v1/contacts/{id}/merge"), &json!({ "with": twin })).await.is(StatusCode::OK);
    id
}

/// Every row of every table, as text.
async fn everything(site: &TestApp) -> String {
    let mut all = String::new();
    for table in [
        "contacts",
        "events",
        "audit_log",
        "notes",
        "consents",
        "merges",
        "merge_rows",
        "identifiers",
        "mailbox_mails",
        "import_errors",
        "jobs",
        "erasures",
    ] {
        let rows = site.app().db.read().await.unwrap().rows(&format!("SELECT * FROM {table}"), params![]).await.unwrap();
        for row in &rows {
            all.extend(row.columns().iter().map(|column| format!("{table}.{column}={:?};", row.value(column).unwrap())));
        }
    }
    all
}

attune_testkit::on_both_dbs! {
    async fn a_job_that_began_before_does_not_do_one_that_waits_does(db: Db) {
        let site = site(db);
        let (bench, jobs) = (site.app().bench(), "SELECT count(*) FROM jobs WHERE kind = 'identify.forget_deleted'");
        let mut tx = bench.db.begin().await.unwrap();
        crate::erasure::put_job(&mut tx, &bench).await.unwrap();
        tx.commit().await.unwrap();
        crate::erasure::put_job_anyway(&bench).await.unwrap();
        assert_eq!(count(&site, jobs).await, 1, "the one that waits forgets these too");
        let mut tx = bench.db.begin().await.unwrap();
        tx.exec("UPDATE jobs SET state = 'running', lease_until = $1 WHERE kind = 'identify.forget_deleted'", params![i64::MAX]).await.unwrap();
        tx.commit().await.unwrap();
        crate::erasure::put_job_anyway(&bench).await.unwrap();
        crate::erasure::put_job_anyway(&bench).await.unwrap();
        assert_eq!(count(&site, jobs).await, 2, "the one that runs may have begun before they went");
    }

    async fn who_is_erased_leaves_a_receipt_and_nothing_else(db: Db) {
        let site = site(db);
        let id = quincy(&site).await;
        {
            let app = site.app();
            let mut tx = app.db.begin().await.unwrap();
            let mail = "INSERT INTO mailbox_mails (id, received_at, mail_from, rcpt_to, subject, size_bytes, raw_form, raw) VALUES ($1, 1, 'a@b', $2, 'Hello', 1, 'text', $2)";
            tx.exec(mail, params![1, "Quincy@molen.example"]).await.unwrap();
            tx.exec(mail, params![2, "other@b.example, q@molen.example"]).await.unwrap();
            tx.exec(mail, params![3, "notq@molen.example"]).await.unwrap();
            tx.exec("INSERT INTO import_errors (import_id, line, cause, detail) VALUES (1, 1, 'x', 'quincy@molen.example'), (1, 2, 'x', 'city')", params![]).await.unwrap();
            tx.commit().await.unwrap();
        }
        for (role, status) in [("agent", StatusCode::FORBIDDEN), ("manager", StatusCode::FORBIDDEN), ("admin", StatusCode::OK)] {
            assert_eq!(site.get(role, &format!("/contacts/{id}/erase")).await.status, status, "{role}");
        }
        assert_eq!(site.post("manager", &format!("/contacts/{id}/erase"), "").await.status, StatusCode::FORBIDDEN);
        let ask = site.get("admin", &format!("/contacts/{id}/erase")).await;
        assert!(ask.has("Erase Quincy Vandermolen for good?") && ask.has("One record that was merged") && ask.has("Timeline"), "{}", ask.body);
        assert!(site.get("admin", &format!("/contacts/{id}")).await.has("/erase\""));
        let done = site.post("admin", &format!("/contacts/{id}/erase"), "").await.is(StatusCode::SEE_OTHER);
        let receipt = site.get("admin", done.leads()).await.is(StatusCode::OK);
        assert!(receipt.has(&id) && receipt.has("with one merged into it") && receipt.has("not yet") && !receipt.has("Quincy"), "{}", receipt.body);
        assert_eq!(site.get("manager", done.leads()).await.status, StatusCode::FORBIDDEN);
        let left = everything(&site).await;
        for trace in ["uincy", "olen", "7719482", "windmills"] {
            assert!(!left.replace("notq@molen.example", "").contains(trace), "{trace} in {left}");
        }
        assert_eq!(count(&site, "SELECT count(*) FROM mailbox_mails").await, 1);
        assert_eq!(count(&site, "SELECT count(*) FROM events WHERE name = 'contact.erased' AND amount = 2 AND contact_id IS NULL").await, 1);
        assert_eq!(site.get("admin", &format!("/contacts/{id}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(site.post("admin", &format!("/contacts/{id}/erase"), "").await.status, StatusCode::NOT_FOUND);
        site.app().clock.advance(20_000_000);
        site.settle().await;
        let receipt = site.get("admin", done.leads()).await;
        assert!(!receipt.has("not yet"), "{}", receipt.body);
        assert!(site.get("admin", "/contacts/erased").await.has(done.leads()));
    }

    async fn a_program_erases_by_key_and_a_deleted_person_too(db: Db) {
        let site = site(db);
        let id = quincy(&site).await;
        site.json("manager", "POST", &format!("/api/v1/contacts/{id}/erase"), &json!(null)).await.is(StatusCode::FORBIDDEN);
        site.json("admin", "DELETE", &format!("/api/v1/contacts/{id}"), &json!(null)).await.is(StatusCode::NO_CONTENT);
        let receipt = site.json("admin", "POST", &format!("/api/v1/contacts/{id}/erase"), &json!(null)).await.is(StatusCode::OK).json();
        assert_eq!((receipt["contact_id"].as_str(), receipt["records"].as_i64()), (Some(id.as_str()), Some(2)));
        let tables: Vec<&str> = receipt["tables"].as_array().unwrap().iter().filter_map(|line| line["table"].as_str()).collect();
        for table in ["contacts", "notes", "consents", "events", "audit_log", "merges"] {
            assert!(tables.contains(&table), "{table} not in {tables:?}");
        }
        site.app().clock.advance(20_000_000);
        site.settle().await;
        let again = site.json("admin", "GET", &format!("/api/v1/erasures/{}", receipt["id"].as_str().unwrap()), &json!(null)).await.json();
        assert!(again["forgotten_at"].is_i64(), "{again}");
        site.json("admin", "POST", &format!("/api/v1/contacts/{id}/erase"), &json!(null)).await.is(StatusCode::NOT_FOUND);
    }

    async fn what_anothers_record_says_of_who_is_erased_goes_too(db: Db) {
        let site = site(db);
        let make = |name: &str| json!({ "name": name });
        let stays = site.json("admin", "POST", "/api/v1/contacts", &make("Stays Here")).await.json()["id"].as_str().unwrap().to_owned();
        let leaves = site.json("admin", "POST", "/api/v1/contacts", &make("Quincy Vandermolen")).await.json()["id"].as_str().unwrap().to_owned();
        let merged = site.json("admin", "POST", &format!("/api/v1/contacts/{stays}/merge"), &json!({ "with": leaves })).await.json();
        site.json("admin", "POST", &format!("/api/v1/merges/{}/split", merged["merge_id"].as_str().unwrap()), &json!(null)).await.is(StatusCode::OK);
        site.json("admin", "POST", &format!("/api/v1/contacts/{leaves}/erase"), &json!(null)).await.is(StatusCode::OK);
        let left = everything(&site).await;
        assert!(!left.contains("uincy"), "{left}");
        assert!(left.contains("Stays Here"));
        assert_eq!(site.get("admin", &format!("/contacts/{stays}")).await.status, StatusCode::OK);
    }
}
