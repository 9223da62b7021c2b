use attune_db::{Db, params};
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

/// The id of the tag of this name on the page of tags.
fn tag_of(body: &str, name: &str) -> String {
    let before = &body[..body.find(&format!(">{name}</span>")).unwrap()];
    let at = before.rfind("tag=tag_").unwrap();
    before[at + 4..].split('"').next().unwrap().to_owned()
}

async fn count(db: &Db, sql: &str) -> i64 {
    db.read().await.unwrap().count(sql, params![]).await.unwrap()
}

/// How many a rule that asks for this name finds.
async fn asked(db: &Db, name: &str) -> i64 {
    let sql = "SELECT count(DISTINCT contact_id) FROM v_identify_tag WHERE value = $1";
    db.read().await.unwrap().count(sql, params![name]).await.unwrap()
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

    async fn a_tag_renamed_goes_on_under_both_names(db: Db) {
        let site = site(db.clone());
        let lena = person(&site, "Lena", 1).await;
        person(&site, "Tom", 2).await;
        site.post("admin", "/contacts/bulk", "act=tag&all=1&query=stage%3Dlead&tags=VIP").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{lena}/tags"), "tags=Fair").await.is(StatusCode::SEE_OTHER);
        let firm = site.post("admin", "/companies", "name=Fisk").await.leads().to_owned();
        site.post("admin", &format!("{firm}/tags"), "tags=VIP").await.is(StatusCode::SEE_OTHER);
        let list = site.get("admin", "/contacts/tags").await;
        assert!(!list.has("tag-title") && list.has(">VIP</span>") && list.has(">2</td>"), "{}", list.body);
        // Each sees how many of one's own have it, and only who may changes it.
        let own = site.get("agent", "/contacts/tags").await;
        assert!(own.has(">VIP</span>") && !own.has(">2</td>") && !own.has("/delete"), "{}", own.body);
        let vip = tag_of(&list.body, "VIP");
        site.post("manager", &format!("/contacts/tags/{vip}"), "name=Gold").await.is(StatusCode::FORBIDDEN);
        site.post("admin", &format!("/contacts/tags/{vip}"), "name=+").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("/contacts/tags/{vip}"), "name=Gold").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(site.get("admin", "/contacts/tags").await.has("Was called VIP"));
        assert!(site.get("admin", &format!("/contacts?tag={vip}")).await.has("Tag: Gold"));
        // What rules ask by name finds the same people under either, and was told to look again.
        assert_eq!(asked(&db, "vip").await, 2);
        assert_eq!(asked(&db, "gold").await, 2);
        assert_eq!(count(&db, "SELECT count(*) FROM events WHERE name = 'contact.tag_renamed'").await, 2);
        assert_eq!(count(&db, "SELECT count(*) FROM events WHERE name = 'company.tag_renamed'").await, 1);
        assert_eq!(count(&db, "SELECT count(*) FROM v_identify_company_tag WHERE value = 'vip' OR value = 'gold'").await, 2);
        // Whoever types the old name means it still.
        let eva = person(&site, "Eva", 1).await;
        site.post("admin", &format!("{eva}/tags"), "tags=vip").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", &eva).await.has(">Gold</a>"));
        assert_eq!(count(&db, "SELECT count(*) FROM tags").await, 2);
        // Until it is told to forget it.
        site.post("admin", &format!("/contacts/tags/{vip}/forget"), "name=VIP").await.is(StatusCode::SEE_OTHER);
        assert_eq!((asked(&db, "vip").await, asked(&db, "gold").await), (0, 3));
        site.post("admin", &format!("/contacts/tags/{vip}/forget"), "name=VIP").await.is(StatusCode::NOT_FOUND);
    }

    async fn two_tags_become_one_and_what_names_either_goes_on(db: Db) {
        let site = site(db.clone());
        let (lena, tom) = (person(&site, "Lena", 1).await, person(&site, "Tom", 2).await);
        site.post("admin", &format!("{lena}/tags"), "tags=VIP,Gold").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{tom}/tags"), "tags=VIP").await.is(StatusCode::SEE_OTHER);
        let list = site.get("admin", "/contacts/tags").await;
        let (vip, gold) = (tag_of(&list.body, "VIP"), tag_of(&list.body, "Gold"));
        let asked_first = site.post("admin", &format!("/contacts/tags/{vip}"), "name=gold").await.is(StatusCode::SEE_OTHER);
        assert_eq!(asked_first.leads(), format!("/contacts/tags/{vip}/merge?into={gold}"));
        let page = site.get("admin", asked_first.leads()).await;
        assert!(page.has("2 contacts get Gold in place of VIP"), "{}", page.body);
        assert!(site.get("admin", &format!("/contacts/tags/{vip}/merge")).await.has("The tag that remains"));
        site.post("agent", &format!("/contacts/tags/{vip}/merge"), &format!("into={gold}")).await.is(StatusCode::FORBIDDEN);
        site.post("admin", &format!("/contacts/tags/{vip}/merge"), &format!("into={vip}")).await.is(StatusCode::NOT_FOUND);
        site.post("admin", &format!("/contacts/tags/{vip}/merge"), &format!("into={gold}")).await.is(StatusCode::SEE_OTHER);
        assert_eq!(count(&db, "SELECT count(*) FROM record_tags").await, 2, "nobody is without either for a moment");
        site.settle().await;
        assert_eq!((asked(&db, "vip").await, asked(&db, "gold").await), (2, 2));
        // Its address and views kept with it lead to the one that remains.
        let list = site.get("admin", &format!("/contacts?tag={vip}")).await;
        assert!(list.has("Tag: Gold") && list.has("Lena") && list.has("Tom"), "{}", list.body);
        // And so they do when that one becomes part of a third.
        site.post("admin", &format!("{tom}/tags"), "tags=Platinum").await.is(StatusCode::SEE_OTHER);
        let platinum = tag_of(&site.get("admin", "/contacts/tags").await.body, "Platinum");
        let merge = json!({ "into": platinum });
        let merged = site.json("admin", "POST", &format!("/api/v1/tags/{gold}/merge"), &merge).await.is(StatusCode::OK).json();
        assert_eq!((&merged["name"], &merged["former_names"]), (&json!("Platinum"), &json!(["Gold", "VIP"])));
        site.settle().await;
        assert!(site.get("admin", &format!("/contacts?tag={vip}")).await.has("Tag: Platinum"));
        assert_eq!((asked(&db, "vip").await, asked(&db, "platinum").await), (2, 2));
        site.json("admin", "POST", &format!("/api/v1/tags/{gold}/merge"), &merge).await.is(StatusCode::NOT_FOUND);
    }

    async fn a_tag_goes_from_everybody_and_comes_back(db: Db) {
        let site = site(db.clone());
        let lena = person(&site, "Lena", 1).await;
        site.post("admin", &format!("{lena}/tags"), "tags=VIP").await.is(StatusCode::SEE_OTHER);
        let vip = tag_of(&site.get("admin", "/contacts/tags").await.body, "VIP");
        let api = format!("/api/v1/tags/{vip}");
        assert_eq!(site.json("agent", "GET", &api, &Json::Null).await.json()["contacts"], json!(1));
        assert_eq!(site.json("other", "GET", "/api/v1/tags?q=vi", &Json::Null).await.json()["items"][0]["contacts"], json!(0));
        site.json("agent", "DELETE", &api, &Json::Null).await.is(StatusCode::FORBIDDEN);
        let gone = site.post("admin", &format!("/contacts/tags/{vip}/delete"), "").await.is(StatusCode::SEE_OTHER);
        assert_ne!(gone.cookie("attune_flash"), "");
        site.settle().await;
        assert_eq!(asked(&db, "vip").await, 0);
        assert!(!site.get("admin", &lena).await.has(">VIP</a>"));
        assert!(!site.get("admin", &format!("/contacts?tag={vip}")).await.has("Lena"));
        assert!(site.get("admin", "/contacts/tags").await.has("No tags yet"));
        site.json("admin", "GET", &api, &Json::Null).await.is(StatusCode::NOT_FOUND);
        site.post("admin", &format!("/contacts/tags/{vip}/restore"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(asked(&db, "vip").await, 1);
        assert!(site.get("admin", &lena).await.has(">VIP</a>"));
        assert_eq!(count(&db, "SELECT count(*) FROM events WHERE name = 'contact.untagged'").await, 1);
        assert_eq!(count(&db, "SELECT count(*) FROM events WHERE name = 'contact.tagged'").await, 2);
        // A name it had before may be another's by the time it is wanted back: then it means that one alone.
        let renamed = site.json("admin", "PATCH", &api, &json!({ "name": "Gold" })).await;
        assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.body);
        site.json("admin", "DELETE", &api, &Json::Null).await.is(StatusCode::NO_CONTENT);
        site.post("admin", &format!("{lena}/tags"), "tags=VIP").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("/contacts/tags/{vip}/restore"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(count(&db, "SELECT count(*) FROM v_identify_tag WHERE value = 'vip'").await, 1, "the new one's");
        let new = tag_of(&site.get("admin", "/contacts/tags").await.body, "VIP");
        site.json("admin", "DELETE", &format!("/api/v1/tags/{new}"), &Json::Null).await.is(StatusCode::NO_CONTENT);
        site.json("admin", "PATCH", &api, &json!({ "name": "VIP" })).await.is(StatusCode::OK);
        site.settle().await;
        // Its name may be another's by the time it is wanted back.
        site.json("admin", "DELETE", &api, &Json::Null).await.is(StatusCode::NO_CONTENT);
        site.post("admin", &format!("{lena}/tags"), "tags=VIP").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("/contacts/tags/{vip}/restore"), "").await.is(StatusCode::SEE_OTHER);
        site.json("admin", "GET", &api, &Json::Null).await.is(StatusCode::NOT_FOUND);
        let mut tx = db.begin().await.unwrap();
        let long_after = site.app().clock.now() + 1;
        while crate::tag::purge(&mut tx, long_after, 1).await.unwrap() {}
        tx.commit().await.unwrap();
        assert_eq!((count(&db, "SELECT count(*) FROM tags").await, asked(&db, "vip").await), (1, 1));
    }
}
