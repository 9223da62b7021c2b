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

    async fn an_owner_is_asked_for_by_name_and_shown_by_it(db: Db) {
        let site = TestApp::start(db.clone(), |parts| attune::house::rooms(parts, &Collector::start(parts)));
        let mut tx = db.begin().await.unwrap();
        for (id, name) in [(71, "Zhang Wei"), (72, "Jo"), (73, "Jo")] {
            let row = "INSERT INTO staff (id, name, email, email_key, role, password_hash, locale, theme, time_zone, active, created_at, updated_at)
                VALUES ($1, $2, $3, $3, 'agent', '-', 'en', 'auto', 'UTC', TRUE, 1, 1)";
            tx.exec(row, params![id, name, format!("{id}@attune.example")]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let made = site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": "Ada" })).await.is(StatusCode::CREATED).json();
        let mut tx = db.begin().await.unwrap();
        tx.exec("UPDATE contacts SET owner_id = 71", params![]).await.unwrap();
        tx.commit().await.unwrap();
        for rule in ["owner = \"zhang wei\"", "owner = \"71@attune.example\"", "owner in (\"Zhang Wei\") and name = Ada"] {
            let count = site.json("admin", "POST", "/api/v1/segments/count", &json!({ "rule": rule })).await.is(StatusCode::OK).json();
            assert_eq!(count["count"], 1, "{rule} for {made}");
        }
        let several = site.json("admin", "POST", "/api/v1/segments/count", &json!({ "rule": "owner = Jo" })).await;
        assert_eq!(several.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", several.body);
        let page = site.get("admin", "/segments/new?do=text&text=owner+%3D+%22zhang+wei%22").await.is(StatusCode::OK);
        assert!(page.has("is Zhang Wei") && page.has("Zhang Wei (stf_") && page.has("name or e-mail address of a colleague"), "{}", page.body);
    }

    async fn segments_follow_companies_through_tags_fields_and_merges(db: Db) {
        let site = TestApp::start(db, |parts| attune::house::rooms(parts, &Collector::start(parts)));
        let post = async |path: &str, body: Json| site.json("admin", "POST", path, &body).await;
        let tier = "label=Tier&subject=company&kind=choice&options=Gold%0D%0ASilver";
        site.post("admin", "/contacts/fields", tier).await.is(StatusCode::SEE_OTHER);
        let firm = json!({ "name": "Fisk", "tags": ["Partner"], "fields": { "tier": "Gold" } });
        let firm = post("/api/v1/companies", firm).await.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned();
        let other = post("/api/v1/companies", json!({ "name": "Falk" })).await.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned();
        let mut people = Vec::new();
        for (name, company) in [("Ada", "Fisk"), ("Bob", "Fisk"), ("Cy", "Falk"), ("Dee", "Fisk")] {
            let made = post("/api/v1/contacts", json!({ "name": name, "company": company })).await.is(StatusCode::CREATED).json();
            people.push(made["id"].as_str().unwrap().to_owned());
        }
        let rules = [("partners", "company.tag in (partner)"), ("gold", "company.custom.tier in (gold)"), ("none", "company.custom.tier is unknown")];
        for (name, rule) in rules {
            post("/api/v1/segments", json!({ "name": name, "rule": rule })).await.is(StatusCode::CREATED);
        }
        let same = async |step: &str, expected: [usize; 3]| {
            site.settle().await;
            for ((name, rule), expected) in rules.into_iter().zip(expected) {
                let counted = post("/api/v1/segments/count", json!({ "rule": rule })).await.is(StatusCode::OK).json()["count"].as_u64();
                let kept = members(&site, name).await;
                assert_eq!((kept.len(), counted), (expected, u64::try_from(expected).ok()), "{step}: {name} {kept:?}");
            }
        };
        same("at first", [3, 3, 1]).await;
        let tags = site.json("admin", "GET", "/api/v1/tags", &Json::Null).await.json();
        let tag = format!("/api/v1/tags/{}", tags["items"][0]["id"].as_str().unwrap());
        site.json("admin", "PATCH", &tag, &json!({ "name": "Friend" })).await.is(StatusCode::OK);
        same("the tag has another name, and is known by both", [3, 3, 1]).await;
        site.json("admin", "PATCH", &tag, &json!({ "name": "Partner" })).await.is(StatusCode::OK);
        same("and its first one again", [3, 3, 1]).await;
        site.json("admin", "DELETE", &tag, &Json::Null).await.is(StatusCode::NO_CONTENT);
        same("the tag is gone", [0, 3, 1]).await;
        let merge = post(&format!("/api/v1/contacts/{}/merge", people[2]), json!({ "with": people[0] })).await.is(StatusCode::OK).json();
        same("Ada is part of Cy", [0, 2, 1]).await;
        post(&format!("/api/v1/merges/{}/split", merge["merge_id"].as_str().unwrap()), Json::Null).await.is(StatusCode::OK);
        same("and herself again", [0, 3, 1]).await;
        site.json("admin", "PATCH", &format!("/api/v1/contacts/{}", people[3]), &json!({ "company": "Falk" })).await.is(StatusCode::OK);
        same("Dee changed sides", [0, 2, 2]).await;
        let page = site.get("admin", "/contacts/fields").await;
        let field = page.body.split("/contacts/fields/fld_").nth(1).map(|rest| format!("/contacts/fields/fld_{}", &rest[..rest.find(['"', '/']).unwrap()])).unwrap();
        site.post("admin", &format!("{field}/delete"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        site.post("admin", "/contacts/fields", tier).await.is(StatusCode::SEE_OTHER);
        site.json("admin", "PATCH", &format!("/api/v1/companies/{other}"), &json!({ "fields": { "tier": "Gold" } })).await.is(StatusCode::OK);
        same("a new field of the same key, filled for the other one", [0, 2, 2]).await;
        assert_eq!(members(&site, "gold").await, ["Cy", "Dee"]);
        site.json("admin", "PATCH", &format!("/api/v1/companies/{firm}"), &json!({ "fields": { "tier": "Silver" } })).await.is(StatusCode::OK);
        same("both have one", [0, 2, 0]).await;
    }
}
