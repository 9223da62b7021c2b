use attune_db::Db;
use attune_testkit::{StatusCode, TestApp};
use serde_json::{Value as Json, json};

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

/// The first id of a tag on a page.
fn tag_on(body: &str) -> String {
    body.split("tag_").nth(1).map(|rest| format!("tag_{}", &rest[..rest.find('"').unwrap()])).unwrap()
}

async fn person(site: &TestApp, name: &str, owner: i64) -> String {
    site.post("admin", "/contacts", &format!("name={name}&stage=lead&told=1&owner_id={owner}")).await.leads().to_owned()
}

attune_testkit::on_both_dbs! {
    async fn a_tag_is_added_seen_filtered_by_and_removed(db: Db) {
        let site = site(db);
        let lena = person(&site, "Lena", 1).await;
        person(&site, "Tom", 1).await;
        let wrong = site.post("agent", &format!("{lena}/tags"), &format!("tags=ok,{}", "x".repeat(61))).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("aria-invalid") && wrong.has("value=\"ok,xxx") && wrong.has("at most 60"), "{}", wrong.body);
        site.post("agent", &format!("{lena}/tags"), "tags=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let added = site.post("agent", &format!("{lena}/tags"), "tags=VIP,+Trade+fair").await.is(StatusCode::SEE_OTHER);
        assert_ne!(added.cookie("attune_flash"), "");
        let page = site.get("agent", &lena).await;
        assert!(page.has(">VIP</a>") && page.has(">Trade fair</a>") && page.has("Was given the tag VIP"), "{}", page.body);
        assert!(!page.has("tag-") && !page.has("identify-told"), "a text is missing: {}", page.body);
        let tag = tag_on(&page.body);
        let list = site.get("agent", &format!("/contacts?tag={tag}")).await;
        assert!(list.has("Lena") && !list.has("Tom") && list.has("Tag: Trade fair"), "{}", list.body);
        // A tag that is gone nobody has.
        let none = site.get("agent", "/contacts?tag=tag_gone").await;
        assert!(!none.has("Lena") && !none.has("Tom"), "{}", none.body);
        // A view keeps it.
        let view = site.post("agent", "/contacts/views", &format!("name=Fair&query=tag%3D{tag}")).await.is(StatusCode::SEE_OTHER);
        assert!(view.leads().contains(&tag), "{}", view.leads());
        site.post("other", &format!("{lena}/tags"), "tags=mine").await.is(StatusCode::NOT_FOUND);
        site.post("other", &format!("{lena}/untag"), &format!("tag={tag}")).await.is(StatusCode::NOT_FOUND);
        site.post("agent", &format!("{lena}/untag"), &format!("tag={tag}")).await.is(StatusCode::SEE_OTHER);
        let page = site.get("agent", &lena).await;
        assert!(!page.has(">Trade fair</a>") && page.has("Lost the tag Trade fair"), "{}", page.body);
    }

    async fn programs_and_files_tell_the_tags(db: Db) {
        let site = site(db);
        let contacts = "/api/v1/contacts";
        let made = site.json("admin", "POST", contacts, &json!({ "name": "Lena", "tags": ["VIP", "Fair"] })).await.is(StatusCode::CREATED).json();
        assert_eq!(made["tags"], json!(["Fair", "VIP"]));
        let href = format!("{contacts}/{}", made["id"].as_str().unwrap());
        let changed = site.json("admin", "PATCH", &href, &json!({ "tags": ["vip", "New"], "city": "Bonn" })).await.json();
        assert_eq!((&changed["tags"], &changed["city"]), (&json!(["New", "VIP"]), &json!("Bonn")));
        site.json("admin", "PATCH", &href, &json!({ "tags": "VIP" })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.json("other", "PATCH", &href, &json!({ "tags": [] })).await.is(StatusCode::NOT_FOUND);
        assert_eq!(site.json("admin", "GET", contacts, &Json::Null).await.json()["items"][0]["tags"], json!(["New", "VIP"]));
        assert_eq!(site.json("admin", "GET", &href, &Json::Null).await.json()["tags"], json!(["New", "VIP"]));
        let file = site.post("admin", "/contacts/export", "query=").await;
        assert!(file.has(",company,tags") && file.has("New; VIP"), "{}", file.body);
        let file = site.post("admin", "/contacts/export", "query=&format=json").await;
        assert!(file.has(r#""tags":["New","VIP"]"#), "{}", file.body);
    }

    async fn the_chosen_and_all_of_a_filter_are_tagged_at_once(db: Db) {
        let site = site(db);
        let (lena, tom) = (person(&site, "Lena", 1).await, person(&site, "Tom", 2).await);
        let id = |href: &str| href.rsplit('/').next().unwrap().to_owned();
        let all = "act=tag&all=1&query=stage%3Dlead&tags=VIP";
        // Tom is nobody this agent may change.
        site.post("agent", "/contacts/bulk", all).await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", &lena).await.has(">VIP</a>") && !site.get("admin", &tom).await.has(">VIP</a>"));
        site.post("admin", "/contacts/bulk", all).await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", &tom).await.has(">VIP</a>"));
        site.post("admin", "/contacts/bulk", &format!("act=untag&ids={}&query=&tags=vip", id(&lena))).await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("admin", &lena).await.has(">VIP</a>") && site.get("admin", &tom).await.has(">VIP</a>"));
        let nothing = site.post("admin", "/contacts/bulk", &format!("act=tag&ids={}&query=&tags=+", id(&lena))).await.is(StatusCode::SEE_OTHER);
        assert_ne!(nothing.cookie("attune_flash"), "");
        // The way back leads nowhere else, whatever the address says.
        let back = site.post("admin", "/contacts/tags/undo?at=1&back=https://elsewhere.example", "").await.is(StatusCode::SEE_OTHER);
        assert_eq!(back.leads(), "/contacts");
    }
}
