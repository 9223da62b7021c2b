//! What segments may ask is kept by the house as it is built, whichever room offers it.

use attune_db::params;
use attune_identify::tracking::Collector;
use attune_testkit::{StatusCode, TestApp, on_both_dbs};
use serde_json::{Value as Json, json};

async fn members(site: &TestApp, segment: &str) -> Vec<String> {
    let select = "SELECT c.name FROM segments s JOIN segment_members m ON m.segment_id = s.id JOIN contacts c ON c.id = m.contact_id
        WHERE s.name = $1 ORDER BY c.name";
    let rows = site.app().db.read().await.unwrap().rows(select, params![segment]).await.unwrap();
    rows.iter().map(|row| row.at(0).unwrap()).collect()
}

on_both_dbs! {
    with attune::house::migrations();

    async fn segments_keep_who_has_a_tag_and_who_referred_others(db: Db) {
        let site = TestApp::start(db, |parts| attune::house::rooms(parts, &Collector::start(parts)));
        let post = async |path: &str, body: Json| site.json("admin", "POST", path, &body).await.is(StatusCode::CREATED).json();
        let ada = post("/api/v1/contacts", json!({ "name": "Ada", "tags": ["VIP"] })).await;
        let bob = post("/api/v1/contacts", json!({ "name": "Bob" })).await;
        for (name, rule) in [("tagged", "facet.contact.tag in (vip)"), ("referrers", "facet.contact.referred_others is true")] {
            post("/api/v1/segments", json!({ "name": name, "rule": rule })).await;
        }
        site.settle().await;
        assert_eq!((members(&site, "tagged").await, members(&site, "referrers").await), (vec!["Ada".to_owned()], Vec::new()));
        site.json("admin", "PATCH", &format!("/api/v1/contacts/{}", bob["id"].as_str().unwrap()), &json!({ "tags": ["vip"] })).await.is(StatusCode::OK);
        site.json("admin", "PATCH", &format!("/api/v1/contacts/{}", ada["id"].as_str().unwrap()), &json!({ "tags": [] })).await.is(StatusCode::OK);
        post("/api/v1/relationships", json!({ "kind": "referred", "from": bob["id"], "to": ada["id"] })).await;
        site.settle().await;
        assert_eq!((members(&site, "tagged").await, members(&site, "referrers").await), (vec!["Bob".to_owned()], vec!["Bob".to_owned()]));
    }
}
