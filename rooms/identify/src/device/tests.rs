use attune_db::{Db, params};
use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::{StatusCode, TestApp};
use serde_json::{Value as Json, json};

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn count(db: &Db, sql: &str) -> i64 {
    db.read().await.unwrap().count(&format!("SELECT count(*) FROM {sql}"), params![]).await.unwrap()
}

async fn person(site: &TestApp, owner: i64) -> String {
    let made = site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": "Ada Lovelace", "owner_id": owner })).await;
    made.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned()
}

async fn register(site: &TestApp, who: &str, devices: Json) -> Vec<Json> {
    let answer = site.json(who, "POST", "/api/v1/devices", &json!({ "devices": devices })).await.is(StatusCode::OK).json();
    answer["results"].as_array().unwrap().clone()
}

async fn tell(site: &TestApp, who: &str, events: Json) -> Vec<String> {
    let answer = site.json(who, "POST", "/api/v1/device-events", &json!({ "events": events })).await.is(StatusCode::OK).json();
    let word = |one: &Json| one["reason"].as_str().or(one["result"].as_str()).unwrap().to_owned();
    answer["results"].as_array().unwrap().iter().map(word).collect()
}

fn stock(id: &str, at: i64, value: f64) -> Json {
    json!({ "id": id, "serial": "cm-1", "kind": "stock", "at": at / 1_000, "value": value })
}

attune_testkit::on_both_dbs! {
    async fn a_list_is_registered_and_changed_by_serial_number(db: Db) {
        let site = site(db.clone());
        let (mine, theirs) = (person(&site, 1).await, person(&site, 2).await);
        let one = |serial: &str, owner: &str| json!({ "serial": serial, "model": "Coffee 3", "owner": owner });
        let results = register(&site, "agent", json!([one("CM-1", &mine), one("cm-1 ", &mine), one("", &mine), one("CM-2", &theirs), one("CM-3", &mine)])).await;
        let words: Vec<_> = results.iter().map(|r| r["reason"].as_str().or(r["result"].as_str()).unwrap()).collect();
        assert_eq!(words, ["created", "device-taken", "web-required", "device-no-owner", "created"]);
        assert_eq!(register(&site, "admin", json!([one("CM-2", &theirs)])).await[0]["result"], "created");
        assert_eq!(register(&site, "agent", json!([one("CM-2", &mine)])).await[0]["reason"], "device-taken", "who may not see it does not take it");
        assert_eq!(register(&site, "agent", json!([{ "serial": "cm-3", "model": "Coffee 4", "owner": mine, "state": "retired" }])).await[0]["result"], "updated");
        let list = site.json("agent", "GET", "/api/v1/devices", &Json::Null).await.json();
        let seen: Vec<_> = list["items"].as_array().unwrap().iter().map(|d| (d["serial"].as_str().unwrap(), d["model"].as_str().unwrap())).collect();
        assert_eq!(seen, [("CM-1", "Coffee 3"), ("cm-3", "Coffee 4")]);
        assert_eq!(site.json("admin", "GET", "/api/v1/devices?q=coffee%203", &Json::Null).await.json()["items"].as_array().unwrap().len(), 2);
        let path = format!("/api/v1/devices/{}", results[0]["id"].as_str().unwrap());
        site.json("other", "GET", &path, &Json::Null).await.is(StatusCode::NOT_FOUND);
        site.json("other", "PATCH", &path, &json!({ "model": "x" })).await.is(StatusCode::NOT_FOUND);
        site.json("agent", "PATCH", &path, &json!({ "serial": "CM-3" })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.json("agent", "PATCH", &path, &json!({ "owner": theirs })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(site.json("agent", "PATCH", &path, &json!({ "state": "retired" })).await.json()["state"], "retired");
        site.json("agent", "DELETE", &path, &Json::Null).await.is(StatusCode::NO_CONTENT);
        site.json("agent", "GET", &path, &Json::Null).await.is(StatusCode::NOT_FOUND);
        assert_eq!(register(&site, "agent", json!([one("CM-1", &mine)])).await[0]["result"], "created", "a deleted one holds no number");
        assert_eq!(count(&db, "events WHERE name = 'device.added'").await, 4);
        assert_eq!(count(&db, "audit_log WHERE kind = 'device'").await, 7);
    }

    async fn the_signs_of_patterns_are_letters_like_others_in_a_search(db: Db) {
        let site = site(db);
        let ada = person(&site, 1).await;
        let one = |serial: &str, model: &str| json!({ "serial": serial, "model": model, "owner": ada });
        register(&site, "admin", json!([one("CM_1", "KÜHL 50%"), one("CMx1", "Kühl 50!"), one("CM!1", "Ofen_9"), one("Z", "Kühl 500")])).await;
        for (typed, found) in [("CM_1", vec!["CM_1"]), ("cm!", vec!["CM!1"]), ("kühl%2050%25", vec!["CM_1"]), ("n_9", vec!["CM!1"]), ("kühl", vec!["CM_1", "CMx1", "Z"])] {
            let list = site.json("admin", "GET", &format!("/api/v1/devices?q={typed}").replace('ü', "%C3%BC"), &Json::Null).await.json();
            let mut serials: Vec<&str> = list["items"].as_array().unwrap().iter().map(|d| d["serial"].as_str().unwrap()).collect();
            serials.sort_unstable();
            assert_eq!(serials, found, "{typed}");
        }
        let changed = site.json("admin", "POST", "/api/v1/devices", &json!({ "devices": [one("Z", "Herd")] })).await.json();
        assert_eq!(changed["results"][0]["result"], "updated");
        assert_eq!(site.json("admin", "GET", "/api/v1/devices?q=herd", &Json::Null).await.json()["items"].as_array().unwrap().len(), 1);
    }

    async fn news_are_taken_once_and_late_ones_change_no_state(db: Db) {
        let site = site(db.clone());
        let ada = person(&site, 1).await;
        let id = register(&site, "admin", json!([{ "serial": "CM-1", "model": "Coffee 3", "owner": ada }])).await[0]["id"].as_str().unwrap().to_owned();
        site.app().clock.advance(2 * DAY_US);
        let now = site.app().clock.now();
        let fault = json!({ "id": "f", "serial": "CM-1", "kind": "fault", "at": now / 1_000, "code": "E12", "severity": "critical" });
        let batch = json!([
            stock("1", now - HOUR_US, 40.0), stock("2", now, 8.0), stock("1", now, 99.0), stock("3", now - DAY_US, 77.0), fault,
            { "id": "x", "serial": "nobody's", "kind": "stock", "at": 1, "value": 1 }, { "id": "y", "serial": "CM-1", "kind": "stock", "at": 1, "value": 101 },
        ]);
        let words = tell(&site, "admin", batch.clone()).await;
        assert_eq!(words, ["taken", "taken", "repeated", "taken", "taken", "unknown_device", "bad_value"]);
        assert_eq!(tell(&site, "admin", batch).await[..5], ["repeated"; 5]);
        register(&site, "admin", json!([{ "serial": "CM-2", "model": "Coffee 3", "owner": ada, "state": "retired" }])).await;
        let other = json!({ "id": "1", "serial": "CM-2", "kind": "stock", "at": now / 1_000 + 1, "value": 1 });
        assert_eq!(tell(&site, "admin", json!([other, other])).await, ["taken", "repeated"], "ids count per device");
        site.json("agent", "POST", "/api/v1/device-events", &json!({ "events": [] })).await.is(StatusCode::FORBIDDEN);
        let path = format!("/api/v1/devices/{id}");
        let device = site.json("admin", "GET", &path, &Json::Null).await.json();
        assert_eq!((device["stock"].as_f64(), device["faults"].as_i64(), device["last_at"].as_i64()), (Some(8.0), Some(1), Some(now)));
        assert_eq!(tell(&site, "admin", json!([stock("4", now - 2, 90.0)])).await, ["taken"]);
        assert_eq!(site.json("admin", "GET", &path, &Json::Null).await.json()["stock"], 8.0, "late news");
        let facet = |view: &'static str| { let db = db.clone(); async move {
            let row = db.read().await.unwrap().find(&format!("SELECT CAST(value AS DOUBLE PRECISION) AS value FROM {view}"), params![]).await.unwrap();
            row.map(|row| row.get::<f64>("value").unwrap())
        }};
        assert_eq!((facet("v_identify_device_stock").await, facet("v_identify_device_fault").await), (Some(8.0), Some(1.0)));
        let over = json!({ "id": "r", "serial": "CM-1", "kind": "recovered", "at": now / 1_000 + 1, "code": "E12" });
        assert_eq!(tell(&site, "admin", json!([over])).await, ["taken"]);
        assert_eq!(facet("v_identify_device_fault").await, None);
        let page = site.get("agent", &format!("/devices/{id}")).await.is(StatusCode::OK);
        for told in ["CM-1", "Coffee 3", "Ada Lovelace", "E12", "Recovered", "<svg class=\"plot\"", "8 %", "4 values"] {
            assert!(page.has(told), "{told}: {}", page.body);
        }
        assert!(!page.has(">device-"), "{}", page.body);
        let told = site.get("agent", &format!("/contacts/{ada}")).await;
        assert!(told.has("Fault of a device: E12") && told.has("Fault is over: E12"), "{}", told.body);
        assert_eq!(count(&db, "events WHERE name = 'device.reading' AND amount = 8 AND subject = 'stock'").await, 1);
    }

    async fn what_it_told_stays_with_the_former_owner(db: Db) {
        let site = site(db.clone());
        let (ada, bob) = (person(&site, 1).await, person(&site, 2).await);
        let id = register(&site, "admin", json!([{ "serial": "CM-1", "model": "Coffee 3", "owner": ada }])).await[0]["id"].as_str().unwrap().to_owned();
        let before = site.app().clock.now() - HOUR_US;
        assert_eq!(tell(&site, "admin", json!([stock("0", before, 50.5)])).await, ["before_owner"]);
        site.app().clock.advance(DAY_US);
        let now = site.app().clock.now();
        assert_eq!(tell(&site, "admin", json!([stock("1", now - HOUR_US, 40.5), stock("2", now, 30.5)])).await, ["taken", "taken"]);
        site.app().clock.advance(2_000_000);
        register(&site, "admin", json!([{ "serial": "CM-1", "model": "Coffee 3", "owner": bob }])).await;
        let page = format!("/devices/{id}");
        site.get("agent", &page).await.is(StatusCode::NOT_FOUND);
        let fresh = site.get("other", &page).await.is(StatusCode::OK);
        assert!(fresh.has("No readings yet") && !fresh.has("40.5"), "{}", fresh.body);
        let late = tell(&site, "admin", json!([stock("2", now, 30.5), stock("5", now - 1_000, 60.5)])).await;
        assert_eq!(late, ["repeated", "before_owner"], "late news are not the new owner's");
        register(&site, "admin", json!([{ "serial": "CM-1", "model": "Coffee 4", "owner": bob }])).await;
        let now = site.app().clock.now();
        assert_eq!(tell(&site, "admin", json!([stock("3", now, 12.5), stock("4", now + 2_000, 11.5)])).await, ["taken", "taken"]);
        let fresh = site.get("other", &page).await;
        assert!(fresh.has("11.5") && !fresh.has("30.5"), "{}", fresh.body);
        let contact = |id: &str| id.parse::<crate::contact::ContactId>().unwrap().0;
        assert_eq!(count(&db, &format!("device_readings WHERE contact_id = {}", contact(&ada))).await, 2);
        assert_eq!(count(&db, &format!("events WHERE name = 'device.reading' AND contact_id = {}", contact(&ada))).await, 2);
        site.json("admin", "POST", &format!("/api/v1/contacts/{ada}/erase"), &Json::Null).await.is(StatusCode::OK);
        assert_eq!((count(&db, "device_readings").await, count(&db, "devices").await), (2, 1), "the device is Bob's");
        site.json("admin", "POST", &format!("/api/v1/contacts/{bob}/erase"), &Json::Null).await.is(StatusCode::OK);
        for table in ["device_readings", "devices", "device_states", "audit_log WHERE after_json LIKE '%CM-1%'"] {
            assert_eq!(count(&db, table).await, 0, "{table}");
        }
    }

    async fn a_split_takes_back_what_a_device_told_since_the_merge(db: Db) {
        let site = site(db.clone());
        let (ada, bob) = (person(&site, 1).await, person(&site, 1).await);
        register(&site, "admin", json!([{ "serial": "CM-1", "model": "Coffee 3", "owner": bob }, { "serial": "CM-2", "model": "Coffee 3", "owner": ada }])).await;
        let at = |seconds: i64| site.app().clock.now() + seconds * 1_000_000;
        let hers = |id: &str, at: i64| json!({ "id": id, "serial": "CM-2", "kind": "stock", "at": at / 1_000, "value": 5 });
        tell(&site, "admin", json!([stock("1", at(1), 40.0), hers("1", at(1))])).await;
        site.app().clock.advance(DAY_US);
        let merged = site.json("admin", "POST", &format!("/api/v1/contacts/{ada}/merge"), &json!({ "with": bob })).await.is(StatusCode::OK).json();
        tell(&site, "admin", json!([stock("2", at(1), 30.0), hers("2", at(1))])).await;
        let of = |who: &str| {
            let id = who.parse::<crate::contact::ContactId>().unwrap().0;
            let db = db.clone();
            async move { (count(&db, &format!("device_readings WHERE contact_id = {id}")).await, count(&db, &format!("events WHERE name = 'device.reading' AND contact_id = {id}")).await) }
        };
        assert_eq!((of(&ada).await, of(&bob).await), ((4, 4), (0, 0)));
        site.json("admin", "POST", &format!("/api/v1/merges/{}/split", merged["merge_id"].as_str().unwrap()), &Json::Null).await.is(StatusCode::OK);
        assert_eq!((of(&ada).await, of(&bob).await), ((2, 2), (2, 2)));
    }

    async fn the_log_names_no_former_owner_who_was_erased(db: Db) {
        let site = site(db.clone());
        let (ada, bob) = (person(&site, 1).await, person(&site, 1).await);
        let id = register(&site, "admin", json!([{ "serial": "CM-1", "model": "Coffee 3", "owner": ada }])).await[0]["id"].as_str().unwrap().to_owned();
        site.json("admin", "DELETE", &format!("/api/v1/devices/{id}"), &Json::Null).await.is(StatusCode::NO_CONTENT);
        site.post("admin", &format!("/devices/{id}/restore"), "").await.is(StatusCode::SEE_OTHER);
        site.json("admin", "PATCH", &format!("/api/v1/devices/{id}"), &json!({ "owner": bob })).await.is(StatusCode::OK);
        site.json("admin", "POST", &format!("/api/v1/contacts/{ada}/erase"), &Json::Null).await.is(StatusCode::OK);
        let named = |who: &str| format!("audit_log WHERE kind = 'device' AND (before_json LIKE '%{who}%' OR after_json LIKE '%{who}%')");
        assert_eq!((count(&db, &named(&ada)).await, count(&db, "devices").await), (0, 1));
    }

    async fn many_devices_of_a_record_are_on_a_page_of_their_own(db: Db) {
        let site = site(db.clone());
        let ada = person(&site, 1).await;
        let devices: Vec<Json> = (10..62).map(|n| json!({ "serial": format!("CM-{n}"), "model": "Coffee 3", "owner": ada })).collect();
        register(&site, "admin", json!(devices)).await;
        let path = format!("/contacts/{ada}/devices");
        let block = site.part("agent", &path).await;
        assert!(block.has(">CM-29<") && !block.has(">CM-30<") && block.has("All devices"), "{}", block.body);
        let page = site.get("agent", &path).await;
        assert!(page.has(">CM-59<") && !page.has(">CM-60<"), "{}", page.body);
        let next = page.body.split(&format!("href=\"{path}?after=")).nth(1).unwrap().split('"').next().unwrap();
        let rest = site.get("agent", &format!("{path}?after={next}")).await;
        assert!(rest.has(">CM-60<") && rest.has(">CM-61<") && !rest.has(">CM-59<"), "{}", rest.body);
    }

    async fn a_device_is_made_found_and_changed_on_the_pages(db: Db) {
        let site = site(db.clone());
        let ada = person(&site, 1).await;
        let firm = site.json("admin", "POST", "/api/v1/companies", &json!({ "name": "Engines", "owner_id": 1 })).await.json()["id"].as_str().unwrap().to_owned();
        assert!(site.get("agent", "/devices").await.has("No devices yet"));
        let form = site.get("agent", &format!("/devices/new?of={ada}")).await;
        assert!(form.has("Ada Lovelace") && form.has("checked") && !form.has(">device-"), "{}", form.body);
        let wrong = site.post("agent", "/devices", "serial=&model=x&q=Ada&installed=soon").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("aria-invalid") && wrong.has("Choose whose it is") && wrong.has("Ada Lovelace"), "{}", wrong.body);
        let good = format!("serial=CM-1&model=Coffee&owner={ada}&installed=2026-01-05&state=active");
        let made = site.post("agent", "/devices", &good).await;
        let page = made.is(StatusCode::SEE_OTHER).leads().to_owned();
        let again = site.post("agent", "/devices", &good).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.has("has this serial number already"), "{}", again.body);
        assert!(site.part("agent", &format!("/contacts/{ada}/devices")).await.has("CM-1"));
        assert!(site.get("agent", "/devices?q=coff").await.has("CM-1"));
        assert!(!site.get("agent", "/devices?state=retired").await.has("CM-1"));
        assert!(!site.get("other", "/devices").await.has("CM-1"));
        site.get("other", &page).await.is(StatusCode::NOT_FOUND);
        assert!(site.get("agent", &format!("{page}/edit")).await.has("value=\"2026-01-05\""));
        // Without scripts another owner is looked for by the form's own page, and what is typed stays.
        let typed = site.get("agent", &format!("{page}/edit?serial=CM-1&model=Typed&q=Engines&owner={ada}&installed=&state=retired")).await;
        assert!(typed.has("value=\"Typed\"") && typed.has("value=\"Engines\"") && typed.has(&firm) && !typed.has("2026-01-05"), "{}", typed.body);
        assert!(typed.has(&format!("formaction=\"{page}/edit\"")), "{}", typed.body);
        site.post("other", &page, &good).await.is(StatusCode::NOT_FOUND);
        site.post("agent", &page, &good.replace(&ada, &firm).replace("CM-1", "CM-9")).await.is(StatusCode::SEE_OTHER);
        assert!(site.part("agent", &format!("/companies/{firm}/devices")).await.has("CM-9"));
        assert!(site.part("agent", &format!("/contacts/{ada}/devices")).await.has("No devices yet"));
        site.post("agent", &format!("{page}/delete"), "").await.is(StatusCode::SEE_OTHER);
        site.get("agent", &page).await.is(StatusCode::NOT_FOUND);
        site.post("agent", &format!("{page}/restore"), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("agent", &page).await.has("CM-9"));
    }
}
