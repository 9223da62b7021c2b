//! Masked addresses through the whole web: what is shown, typed, searched, asked for and exported, by role.

use attune_db::{Db, params};
use attune_house::write_setting;
use attune_testkit::{Colleague, StatusCode, TestApp};
use attune_web::Grant;
use serde_json::json;

use crate::tracking::Collector;

/// An agent of the team of 1 who sees the team's contacts: those of others masked.
const EYES: Colleague = Colleague::new("agent", 3).called("eyes").of_team(10).granted(&[
    ("identify.contact.view", Grant::Team),
    ("identify.contact.edit", Grant::Team),
    ("identify.contact.export", Grant::Team),
]);

fn site(db: &Db) -> TestApp {
    let colleagues = [Colleague::new("admin", 9), Colleague::new("manager", 4).of_team(10), Colleague::new("agent", 1).of_team(10), EYES];
    let parts = attune_testkit::parts(db.clone());
    let rooms = vec![crate::room(&parts, &Collector::start(&parts))];
    TestApp::open(parts, rooms, &colleagues)
}

/// Lena of agent 1's; answers her page.
async fn lena(site: &TestApp) -> String {
    let form = "name=Lena&email=lena@brandt.example&phone=13812345678&stage=lead&owner_id=1";
    site.post("agent", "/contacts", form).await.is(StatusCode::SEE_OTHER).leads().to_owned()
}

async fn limit(db: &Db, key: &str, value: &str) {
    let mut tx = db.begin().await.unwrap();
    write_setting(&mut tx, key, value, None, 1).await.unwrap();
    tx.commit().await.unwrap();
}

async fn trail(db: &Db, action: &str) -> Vec<String> {
    let sql = "SELECT after_json FROM audit_log WHERE action = $1 ORDER BY id";
    db.read().await.unwrap().rows(sql, params![action]).await.unwrap().iter().map(|row| row.get("after_json").unwrap()).collect()
}

attune_testkit::on_both_dbs! {
    async fn the_owner_and_the_manager_see_the_address_and_a_colleague_its_mask(db: Db) {
        let site = site(&db);
        let lena = lena(&site).await;
        for who in ["admin", "manager", "agent"] {
            let page = site.get(who, &lena).await;
            assert!(page.has("mailto:lena@brandt.example") && page.has("tel:13812345678") && !page.has("/reveal/"), "{who}: {}", page.body);
        }
        let page = site.get("eyes", &lena).await;
        assert!(page.has("l•••@brandt.example") && page.has("138****5678") && page.has("/reveal/email"), "{}", page.body);
        assert!(!page.has("lena@brandt.example") && !page.has("13812345678") && !page.has("mailto:"), "{}", page.body);
        let own = site.post("agent", "/contacts", "name=&email=nobody@home.example&stage=lead&owner_id=1").await;
        let list = site.get("admin", "/contacts").await;
        assert!(list.has("nobody@home.example"), "who may see it finds the nameless by their address: {}", list.body);
        let list = site.get("eyes", "/contacts").await;
        assert!(list.has("n•••@home.example") && !list.has("nobody@home.example"), "{}", list.body);
        assert!(site.get("agent", own.leads()).await.has("mailto:nobody@home.example"));
    }

    async fn what_is_masked_is_never_written_back(db: Db) {
        let site = site(&db);
        let lena = lena(&site).await;
        let form = site.get("eyes", &format!("{lena}/field/email")).await;
        assert!(!form.has("lena@") && !form.has("•••"), "{}", form.body);
        for (key, value) in [("email", ""), ("email", "l%E2%80%A2%E2%80%A2%E2%80%A2@brandt.example"), ("phone", "138****5678"), ("phone", "")] {
            let refused = site.post("eyes", &format!("{lena}/field/{key}"), &format!("value={value}")).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{key} {value}");
            assert!(refused.has("Type the whole value"), "{}", refused.body);
        }
        let path = format!("/api/v1{lena}");
        for body in [json!({ "email": "l•••@brandt.example" }), json!({ "phone": "138****5678" }), json!({ "email": null })] {
            site.json("eyes", "PATCH", &path, &body).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        }
        assert!(site.get("agent", &lena).await.has("mailto:lena@brandt.example"));
        // The owner may not save a mask either, and a colleague may put a whole address in its place; nothing offers to put back what was hidden.
        site.post("agent", &format!("{lena}/field/phone"), "value=138****5678").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let saved = site.post("eyes", &format!("{lena}/field/email"), "value=lena@new.example").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("agent", &lena).await.has("mailto:lena@new.example") && site.get("agent", &lena).await.has("tel:13812345678"));
        assert!(!saved.cookie("attune_flash").is_empty());
        let told = site.json("eyes", "GET", &path, &json!(null)).await.json();
        assert_eq!((told["email"].as_str(), told["phone"].as_str()), (Some("l•••@new.example"), Some("138****5678")));
    }

    async fn one_address_is_shown_on_request_on_record_and_so_often_a_day(db: Db) {
        let site = site(&db);
        let lena = lena(&site).await;
        limit(&db, "identify.reveals_per_day", "2").await;
        let shown = site.post("eyes", &format!("{lena}/reveal/email"), "").await.is(StatusCode::OK);
        assert!(shown.has("mailto:lena@brandt.example") && !shown.has("13812345678") && shown.has("one more today"), "{}", shown.body);
        assert!(site.post("eyes", &format!("{lena}/reveal/phone"), "").await.is(StatusCode::OK).has("13812345678"));
        let enough = site.post("eyes", &format!("{lena}/reveal/email"), "").await;
        assert!(enough.status.is_client_error() && !enough.has("lena@brandt.example"), "{}", enough.body);
        assert_eq!(trail(&db, "contact.revealed").await, [r#"{"shown":"email"}"#, r#"{"shown":"phone"}"#]);
        site.post("eyes", &format!("{lena}/reveal/name"), "").await.is(StatusCode::NOT_FOUND);
        // Who sees it anyway is sent to the page, and counts nothing.
        site.post("agent", &format!("{lena}/reveal/email"), "").await.is(StatusCode::SEE_OTHER);
        let theirs = site.post("admin", "/contacts", "name=Elsa&email=elsa@fisk.example&stage=lead&owner_id=9").await;
        site.post("eyes", &format!("{}/reveal/email", theirs.leads()), "").await.is(StatusCode::NOT_FOUND);
        assert_eq!(trail(&db, "contact.revealed").await.len(), 2);
    }

    async fn exports_are_limited_masked_by_role_and_told_in_full(db: Db) {
        let site = site(&db);
        lena(&site).await;
        site.post("agent", "/contacts", "name=Elsa&email=elsa@fisk.example&stage=customer&owner_id=1").await;
        for (who, format) in [("eyes", "csv"), ("eyes", "json")] {
            let file = site.post(who, "/contacts/export", &format!("query=&format={format}")).await.is(StatusCode::OK);
            assert!(file.has("l•••@brandt.example") && file.has("138****5678") && !file.has("lena@") && !file.has("13812345678"), "{}", file.body);
            assert_eq!(site.get(who, &format!("/api/v1/contacts/export?format={format}")).await.body, file.body);
        }
        assert!(site.get("eyes", "/contacts/export").await.has("masked"));
        let file = site.post("manager", "/contacts/export", "query=stage%3Dcustomer%26view%3Dhot").await.is(StatusCode::OK);
        assert!(!file.has("lena@"), "{}", file.body);
        let file = site.post("manager", "/contacts/export", "query=stage%3Dcustomer").await.is(StatusCode::OK);
        assert!(file.has("elsa@fisk.example") && !file.has("lena@"), "{}", file.body);
        let told: serde_json::Value = serde_json::from_str(trail(&db, "contact.exported").await.last().unwrap()).unwrap();
        let expected = json!({ "view": "all", "filter": "stage=customer", "chosen": false, "contacts": 1, "format": "csv", "addresses": "team" });
        assert_eq!(told, expected);
        limit(&db, "identify.export_rows", "1").await;
        let before = trail(&db, "contact.exported").await.len();
        let refused = site.post("admin", "/contacts/export", "query=").await;
        assert!(refused.status.is_client_error() && refused.has("at most 1 records"), "{}", refused.body);
        assert!(site.get("admin", "/contacts/export").await.has("at most 1 records"));
        site.post("admin", "/contacts/export", "query=stage%3Dcustomer").await.is(StatusCode::OK);
        assert_eq!(trail(&db, "contact.exported").await.len(), before + 1);
    }
}
