use attune_db::params;
use attune_testkit::{Colleague, StatusCode, TestApp};
use attune_web::{Grant, Texts};
use serde_json::{Value as Json, json};

use super::document::word_keys;
use super::store::PAGE;
use crate::tracking::Collector;

fn site(db: attune_db::Db) -> TestApp {
    let parts = attune_testkit::parts(db);
    let colleagues = [
        Colleague::new("admin", 1).called("Ada"),
        Colleague::new("admin", 5).called("Lea").granted(&[("identify.address.view", Grant::None)]),
        Colleague::new("manager", 12).of_team(70).called("Mei"),
        Colleague::new("agent", 11).of_team(70).called("Olaf"),
    ];
    let rooms = vec![crate::room(&parts, &Collector::start(&parts))];
    TestApp::open(parts, rooms, &colleagues)
}

/// Somebody with another record merged into theirs, a field of one's own, a note, a consent, a browser that proves itself, and a long history.
async fn quincy(site: &TestApp) -> String {
    {
        let app = site.app();
        let mut tx = app.db.begin().await.unwrap();
        let field = "INSERT INTO fields (id, subject, key, label, kind, options, revision, position, created_at) VALUES (500, 'contact', 'hobby', 'Pastime', 'text', '[]', 0, 1, 0)";
        tx.exec(field, params![]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let make = |name: &str, email: &str| json!({ "name": name, "email": email, "city": "Porto", "fields": { "hobby": "windmills <b>" } });
    let made = site.json("Ada", "POST", "/api/v1/contacts", &make("Quincy Vandermolen", "quincy@molen.example")).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let twin = site.json("Ada", "POST", "/api/v1/contacts", &make("Q. Vandermolen", "q@molen.example")).await.json()["id"].clone();
    site.json("Ada", "PATCH", &format!("/api/v1/contacts/{id}"), &json!({ "phone": "+351 22 7719482", "company": "Windworks" })).await;
    site.post("Ada", &format!("/contacts/{id}/notes"), "body=Quincy+likes+windmills").await;
    let yes = "channel=email&purpose=marketing&state=given&source=phone&wording=Quincy+said+yes";
    site.post("Ada", &format!("/contacts/{id}/consent"), yes).await;
    site.json("Ada", "POST", &format!("/api/v1/contacts/{id}/merge"), &json!({ "with": twin })).await.is(StatusCode::OK);
    let app = site.app();
    let mut tx = app.db.begin().await.unwrap();
    let contact = attune_kernel::decode_id("con", &id).unwrap();
    for (row, kind, value) in [(1_i64, "push_token", "fcm-very-secret"), (2, "email", "quincy@old.example")] {
        let insert = "INSERT INTO identifiers (id, contact_id, visitor_id, kind, value, strength, source, first_at, last_at)
                      VALUES ($1, $2, 77, $3, $4, 'proof', 'form', 1, 2)";
        tx.exec(insert, params![row, contact, kind, value]).await.unwrap();
    }
    let mut events: Vec<_> = (0..PAGE as i64 + 3)
        .map(|at| attune_events::Event::new("page.viewed", app.clock.now() + at).contact(contact).subject(format!("/mill-{at}")))
        .collect();
    events.push(
        attune_events::Event::new("form.submitted", app.clock.now()).contact(contact).props(&json!({ "token": "fcm-deep", "said": "yes" })),
    );
    attune_events::append(&mut tx, &mut events).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn rows<'j>(copy: &'j Json, table: &str) -> Vec<&'j Json> {
    copy["data"][table].as_array().map_or_else(Vec::new, |rows| rows.iter().collect())
}

attune_testkit::on_both_dbs! {
    async fn programs_get_everything_once_and_no_secret(db: Db) {
        let site = site(db);
        let id = quincy(&site).await;
        let path = format!("/api/v1/contacts/{id}/export");
        let answer = site.json("Ada", "GET", &path, &Json::Null).await.is(StatusCode::OK);
        let copy = answer.json();
        assert_eq!((copy["format"].as_str(), copy["id"].as_str()), (Some("attune.person.1"), Some(id.as_str())));
        let records = rows(&copy, "contacts");
        assert_eq!(records.len(), 2, "the merged record is in it: {records:?}");
        let record = records.iter().find(|record| record["email"] == "quincy@molen.example").unwrap();
        assert_eq!((&record["company"], &record["phone"]), (&json!("Windworks"), &json!("+351 22 7719482")));
        assert_eq!(record["fields"], json!([{ "key": "hobby", "label": "Pastime", "value": "windmills <b>" }]));
        assert_eq!(rows(&copy, "notes")[0]["body"], "Quincy likes windmills");
        assert_eq!(rows(&copy, "consents")[0]["wording"], "Quincy said yes");
        let mut pages: Vec<&str> = rows(&copy, "events").iter().filter_map(|event| event["subject"].as_str()).filter(|s| s.starts_with("/mill-")).collect();
        assert_eq!(pages.len(), PAGE + 3);
        pages.sort_unstable();
        pages.dedup();
        assert_eq!(pages.len(), PAGE + 3, "every event once, over the pages");
        let marks: Vec<_> = rows(&copy, "identifiers").iter().map(|mark| mark["value"].clone()).collect();
        assert!(marks.contains(&json!("quincy@old.example")) && marks.contains(&Json::Null), "{marks:?}");
        for secret in ["fcm-very-secret", "fcm-deep", "\"visitor", "_key\":", "\"owner_id", "\"merged_into"] {
            assert!(!answer.body.contains(secret), "{secret} left: {}", answer.body);
        }
        let trail = "SELECT count(*) FROM audit_log WHERE action = 'contact.exported_person'";
        assert_eq!(site.app().db.read().await.unwrap().count(trail, params![]).await.unwrap(), 1);
    }

    async fn whom_a_field_names_is_told_without_the_names_of_others(db: Db) {
        let site = site(db);
        for (at, kind) in [(501, "contact"), (502, "company"), (503, "contact")] {
            let field = "INSERT INTO fields (id, subject, key, label, kind, options, revision, position, created_at) VALUES ($1, 'contact', $2, $2, $3, '[]', 0, 1, 0)";
            let mut tx = site.app().db.begin().await.unwrap();
            tx.exec(field, params![at, format!("named_{at}"), kind]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let make = async |path: &str, new: Json| site.json("Ada", "POST", path, &new).await.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned();
        let other = make("/api/v1/contacts", json!({ "name": "Zebulon Other" })).await;
        let gone = make("/api/v1/contacts", json!({ "name": "Gone Now" })).await;
        let firm = make("/api/v1/companies", json!({ "name": "Windworks" })).await;
        let id = make("/api/v1/contacts", json!({ "name": "Quincy" })).await;
        let fields = json!({ "named_501": other, "named_502": firm, "named_503": gone });
        site.json("Ada", "PATCH", &format!("/api/v1/contacts/{id}"), &json!({ "fields": fields })).await.is(StatusCode::OK);
        site.json("Ada", "DELETE", &format!("/api/v1/contacts/{gone}"), &Json::Null).await.is(StatusCode::NO_CONTENT);
        let copy = site.json("Ada", "GET", &format!("/api/v1/contacts/{id}/export"), &Json::Null).await.is(StatusCode::OK);
        let told = [("named_501", "another person"), ("named_502", "Windworks")].map(|(key, value)| json!({ "key": key, "label": key, "value": value }));
        assert_eq!(rows(&copy.json(), "contacts")[0]["fields"], json!(told));
        let file = site.post("Ada", &format!("/contacts/{id}/export"), "format=html&lang=zh-CN").await.is(StatusCode::OK);
        assert!(file.has("其他人") && file.has("Windworks"), "{}", file.body);
        // Nor do the lines that tell of the change.
        for body in [copy.body, file.body] {
            for hidden in ["Zebulon", "Gone Now", &other, &gone, &firm] {
                assert!(!body.contains(hidden), "{hidden}: {body}");
            }
        }
    }

    async fn a_page_of_which_nothing_leaves_ends_no_table(db: Db) {
        let site = site(db);
        let id = site.json("Ada", "POST", "/api/v1/contacts", &json!({ "name": "Quincy" })).await.json()["id"].as_str().unwrap().to_owned();
        let (app, contact) = (site.app(), attune_kernel::decode_id("con", &id).unwrap());
        let other = json!({ "other_id": attune_kernel::encode_id("con", contact + 1) });
        let mut tx = app.db.begin().await.unwrap();
        tx.exec("DELETE FROM events WHERE contact_id = $1", params![contact]).await.unwrap();
        let about = |at: i64| attune_events::Event::new("page.viewed", app.clock.now() + at).contact(contact);
        let mut events: Vec<_> = (0..PAGE as i64).map(|at| about(at).subject("/theirs").props(&other)).collect();
        events.push(about(PAGE as i64).subject("/ours"));
        attune_events::append(&mut tx, &mut events).await.unwrap();
        tx.commit().await.unwrap();
        let copy = site.json("Ada", "GET", &format!("/api/v1/contacts/{id}/export"), &Json::Null).await.is(StatusCode::OK).json();
        let told: Vec<&str> = rows(&copy, "events").iter().filter_map(|event| event["subject"].as_str()).collect();
        assert_eq!(told, ["/ours"]);
    }

    async fn who_was_split_off_again_is_in_no_copy_of_the_other(db: Db) {
        let site = site(db);
        let new = |name: &str| json!({ "name": name });
        let id = site.json("Ada", "POST", "/api/v1/contacts", &new("Quincy")).await.json()["id"].as_str().unwrap().to_owned();
        let twin = site.json("Ada", "POST", "/api/v1/contacts", &new("Zebulon Other")).await.json()["id"].as_str().unwrap().to_owned();
        let merged = site.json("Ada", "POST", &format!("/api/v1/contacts/{id}/merge"), &json!({ "with": twin })).await.is(StatusCode::OK).json();
        let path = format!("/api/v1/contacts/{id}/export");
        assert!(site.json("Ada", "GET", &path, &Json::Null).await.is(StatusCode::OK).has("Zebulon Other"), "as long as they are one");
        let split = format!("/api/v1/merges/{}/split", merged["merge_id"].as_str().unwrap());
        site.json("Ada", "POST", &split, &Json::Null).await.is(StatusCode::OK);
        let copy = site.json("Ada", "GET", &path, &Json::Null).await.is(StatusCode::OK);
        assert!(copy.has("Quincy") && !copy.has("Zebulon"), "{}", copy.body);
    }

    async fn a_person_reads_it_in_either_language(db: Db) {
        let site = site(db);
        let id = quincy(&site).await;
        let page = site.get("Ada", &format!("/contacts/{id}/export")).await.is(StatusCode::OK);
        assert!(page.has("Everything stored about Quincy Vandermolen") && page.has("One record that was merged") && page.has("Timeline"), "{}", page.body);
        let file = site.post("Ada", &format!("/contacts/{id}/export"), "format=html&lang=en").await.is(StatusCode::OK);
        assert!(file.has("<h1>Your data</h1>") && file.has("quincy@molen.example") && file.has("Pastime") && file.has("Windworks"), "{}", file.body);
        assert!(file.has("windmills &#60;b&#62;") || file.has("windmills &lt;b&gt;"), "texts are escaped");
        assert!(file.has("<dd>Given</dd>") && file.has("Noted by") && file.body.trim_end().ends_with("</html>"), "{}", file.body);
        assert!(!file.has("subject-access-") && !file.has("fcm-") && !file.has("<script") && !file.has("src="), "{}", file.body);
        let chinese = site.post("Ada", &format!("/contacts/{id}/export"), "format=html&lang=zh-CN").await.is(StatusCode::OK);
        assert!(chinese.has("lang=\"zh-CN\"") && chinese.has("您的数据") && chinese.has("已同意"), "{}", chinese.body);
    }

    async fn only_for_those_who_may(db: Db) {
        let site = site(db);
        let id = quincy(&site).await;
        let (page, path) = (format!("/contacts/{id}/export"), format!("/api/v1/contacts/{id}/export"));
        // Mei's team does not have the customer; Olaf has no such right; Lea would see in the file what is masked for her.
        for (who, status) in [("Mei", StatusCode::NOT_FOUND), ("Olaf", StatusCode::FORBIDDEN), ("Lea", StatusCode::FORBIDDEN)] {
            assert_eq!(site.get(who, &page).await.status, status, "{who}");
            assert_eq!(site.post(who, &page, "format=json").await.status, status, "{who}");
            assert_eq!(site.json(who, "GET", &path, &Json::Null).await.status, status, "{who}");
        }
        assert!(site.get("Ada", &format!("/contacts/{id}")).await.has(&format!("{page}\"")));
        assert!(!site.get("Lea", &format!("/contacts/{id}")).await.has(&format!("{page}\"")));
        let trail = "SELECT count(*) FROM audit_log WHERE action = 'contact.exported_person'";
        assert_eq!(site.app().db.read().await.unwrap().count(trail, params![]).await.unwrap(), 0);
        site.json("Ada", "DELETE", &format!("/api/v1/contacts/{id}"), &Json::Null).await.is(StatusCode::NO_CONTENT);
        assert_eq!(site.json("Ada", "GET", &path, &Json::Null).await.status, StatusCode::OK, "who is deleted is still stored");
    }
}

#[test]
fn every_word_has_a_text() {
    let texts = Texts::build(&[crate::LOCALES]).unwrap();
    for key in word_keys() {
        assert!(texts.has(&key), "{key}");
    }
}
