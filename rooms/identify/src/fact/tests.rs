use attune_db::Db;
use attune_testkit::{StatusCode, TestApp};

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

attune_testkit::on_both_dbs! {
    async fn imports_and_merges_are_sources_until_they_are_undone(db: Db) {
        let site = site(db.clone());
        let lena = site.post("admin", "/contacts", "name=Lena+Brandt&stage=lead&email=lena%40brandt.example&told=1").await;
        let sent = site.upload("admin", "/imports", "crm.csv", b"Email,City\nlena@brandt.example,Hamburg\n").await.is(StatusCode::SEE_OTHER);
        let base = sent.leads().trim_end_matches("/map").to_owned();
        site.post("admin", sent.leads(), "to_0=email&to_1=city&key=Email").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{base}/start"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let sent = site.upload("admin", "/imports", "fair.csv", b"Email\nnew@fair.example\n").await.is(StatusCode::SEE_OTHER);
        let fair = sent.leads().trim_end_matches("/map").to_owned();
        site.post("admin", sent.leads(), "to_0=email&key=Email").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{fair}/start"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let found = site.json("admin", "GET", "/api/v1/contacts?email=new@fair.example", &serde_json::Value::Null).await.json();
        let made = found["items"][0]["id"].as_str().unwrap().to_owned();
        assert!(site.get("admin", &format!("/contacts/{made}/facts")).await.has("Import of fair.csv"));
        let facts = format!("{}/facts", lena.leads());
        let page = site.get("admin", &facts).await;
        assert!(page.has("Hamburg") && page.has("Import of crm.csv"), "{}", page.body);
        let other = site.post("admin", "/contacts", "name=L+Brandt&stage=lead&phone=0301234567&told=1").await;
        let id = |page: &str| page.rsplit('/').next().unwrap().to_owned();
        let (survivor, loser) = (id(lena.leads()), id(other.leads()));
        let merged = site.post("admin", "/contacts/merge", &format!("survivor={survivor}&loser={loser}&take%3Aphone=other")).await;
        assert_eq!(merged.status, StatusCode::SEE_OTHER, "{}", merged.body);
        let page = site.get("admin", &facts).await;
        assert!(page.has("0301234567") && page.has("From the record of L Brandt"), "{}", page.body);
        site.post("admin", &format!("{base}/undo"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let page = site.get("admin", &facts).await;
        assert!(!page.has("Hamburg") && !page.has("crm.csv"), "{}", page.body);
    }
}
