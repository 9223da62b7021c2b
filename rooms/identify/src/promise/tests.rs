use attune_db::{Db, params};
use attune_kernel::DAY_US;
use attune_testkit::{StatusCode, TestApp};
use attune_web::{Actor, Scope};
use serde_json::{Value as Json, json};

use super::*;
use crate::contact::{self, ContactDraft, ContactError};
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

fn drawings(due_at: i64, remind_days: i64) -> Draft {
    Draft { side: "ours".to_owned(), what: "Send the drawings".to_owned(), staff_id: 1, due_at, remind_days, note_id: None }
}

async fn count(db: &Db, sql: &str) -> i64 {
    db.read().await.unwrap().count(sql, params![]).await.unwrap()
}

attune_testkit::on_both_dbs! {
    async fn a_promise_is_told_of_in_time_and_owed_until_it_is_settled(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let now = clock.now();
        let by = By { actor: &actor, now, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let ada = contact::create(&mut tx, &by, ContactDraft { name: "Ada".to_owned(), owner_id: Some(1), ..ContactDraft::default() }).await.unwrap();
        let record = Record::Contact(ada);
        let own = Scope::Own { staff_id: 1 };
        let soon = create(&mut tx, &by, &own, record, &drawings(now + 3 * DAY_US, 1)).await.unwrap();
        let theirs = Draft { side: "theirs".to_owned(), what: "Sign".to_owned(), ..drawings(now + DAY_US, 0) };
        create(&mut tx, &by, &own, record, &theirs).await.unwrap();
        let due = async |tx: &mut Tx, scope: &Scope, until: i64| list_due(tx, scope, 1, until, 9).await.unwrap().len();
        assert_eq!(due(&mut tx, &own, now + DAY_US).await, 0);
        assert_eq!(due(&mut tx, &own, now + DAY_US + 1).await, 1);
        assert_eq!(due(&mut tx, &own, now + 2 * DAY_US + 1).await, 2, "a day before its day");
        assert_eq!(due(&mut tx, &Scope::Own { staff_id: 2 }, now + 9 * DAY_US).await, 0, "of whom one may not see, nothing is told");
        let owed = owed_of(&mut tx, &own, record).await.unwrap();
        assert_eq!(owed.each_ref().map(|side| (side.count, side.first.as_ref().unwrap().what.as_str())), [(1, "Send the drawings"), (1, "Sign")]);
        assert!(!list_of(&mut tx, &own, record).await.unwrap()[0].is_late(now));
        settle(&mut tx, &by, &own, soon, "kept").await.unwrap();
        assert!(matches!(settle(&mut tx, &by, &own, soon, "kept").await, Err(ContactError::NotFound)), "once is enough");
        assert!(matches!(update(&mut tx, &by, &own, soon, &drawings(now, 0)).await, Err(ContactError::NotFound)), "what is settled stays");
        assert_eq!(owed_of(&mut tx, &own, record).await.unwrap()[0].count, 0);
        assert_eq!(list_of(&mut tx, &own, record).await.unwrap().iter().map(|p| p.state.as_str()).collect::<Vec<_>>(), ["open", "kept"]);
        for (wrong, attribute) in [
            (Draft { what: " ".to_owned(), ..drawings(now, 0) }, "what"),
            (Draft { side: "nobody".to_owned(), ..drawings(now, 0) }, "side"),
            (Draft { staff_id: 77, ..drawings(now, 0) }, "staff_id"),
            (drawings(now, 99), "remind"),
        ] {
            let refused = create(&mut tx, &by, &own, record, &wrong).await;
            assert!(matches!(&refused, Err(ContactError::Invalid { attribute: found, .. }) if found == attribute), "{refused:?}");
        }
    }

    async fn when_its_day_passes_it_is_overdue_and_not_broken(db: Db) {
        let site = site(db.clone());
        let ada = site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": "Ada" })).await.json()["id"].clone();
        let due_at = site.app().clock.now() - 1;
        for what in ["Call back", "Send it"] {
            let new = json!({ "of": ada, "side": "ours", "what": what, "staff_id": 1, "due_at": due_at });
            site.json("admin", "POST", "/api/v1/promises", &new).await.is(StatusCode::CREATED);
        }
        let list = site.json("admin", "GET", &format!("/api/v1/contacts/{}/promises", ada.as_str().unwrap()), &Json::Null).await.json();
        let first = format!("/api/v1/promises/{}", list["items"][0]["id"].as_str().unwrap());
        site.json("admin", "PATCH", &first, &json!({ "state": "withdrawn" })).await.is(StatusCode::OK);
        site.settle().await;
        assert_eq!(count(&db, "SELECT count(*) FROM events WHERE name = 'promise.overdue'").await, 1, "of the open one, once");
        assert_eq!(count(&db, "SELECT count(*) FROM promises WHERE state = 'broken'").await, 0);
        site.json("admin", "PATCH", &first, &json!({ "state": "gone" })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let again = site.json("admin", "PATCH", &first, &json!({ "state": "open", "what": "x" })).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND, "a settled promise is opened first, then changed: {}", again.body);
        assert_eq!(site.json("admin", "PATCH", &first, &json!({ "state": "open" })).await.json()["state"], "open");
        site.json("other", "GET", &first, &Json::Null).await.is(StatusCode::NOT_FOUND);
        site.json("admin", "POST", &format!("/api/v1/contacts/{}/erase", ada.as_str().unwrap()), &Json::Null).await.is(StatusCode::OK);
        assert_eq!(count(&db, "SELECT count(*) FROM promises").await, 0);
        assert_eq!(count(&db, "SELECT count(*) FROM audit_log WHERE after_json LIKE '%Send it%'").await, 0);
    }

    async fn it_is_made_from_a_note_and_settled_on_the_pages(db: Db) {
        let site = site(db.clone());
        let ada = site.post("agent", "/contacts", "name=Ada+Byron&stage=lead&owner_id=1&company=Engines").await.leads().to_owned();
        let id = ada.rsplit('/').next().unwrap().to_owned();
        let head = site.get("agent", &ada).await;
        assert!(head.has("What happened last") && head.has("What is owed") && !head.has("identify-head"), "{}", head.body);
        site.post("agent", &format!("{ada}/notes"), "body=Send+the+drawings%0ASoon").await;
        let page = site.get("agent", &ada).await;
        let from = page.body.split("href=\"/promises/new?of=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let form = site.get("agent", &format!("/promises/new?of={from}")).await;
        assert!(form.has("value=\"Send the drawings\"") && form.has("Ada Byron promises us") && !form.has("promise-"), "{}", form.body);
        site.get("other", &format!("/promises/new?of={from}")).await.is(StatusCode::NOT_FOUND);
        let wrong = site.post("agent", "/promises", &format!("of={id}&side=ours&what=&staff_id=1&due=soon")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("aria-invalid") && wrong.has("Enter a day"), "{}", wrong.body);
        site.post("agent", "/promises", &format!("of={id}&side=ours&what=Send+the+drawings&staff_id=1&due=2031-05-01&remind=3")).await.is(StatusCode::SEE_OTHER);
        let panel = site.part("agent", &format!("{ada}/promises")).await;
        assert!(panel.has("Send the drawings") && panel.has("Mei Tan promises"), "{}", panel.body);
        assert!(site.get("agent", &ada).await.has("We: Send the drawings (until "));
        let firm = page.body.split("href=\"/companies/").nth(2).or_else(|| page.body.split("href=\"/companies/").nth(1)).unwrap().split('"').next().unwrap();
        let of_firm = site.part("agent", &format!("/companies/{firm}/promises")).await;
        assert!(of_firm.has("Send the drawings") && of_firm.has("Ada Byron"), "what its people are promised is the company's too: {}", of_firm.body);
        let path = panel.body.split("href=\"/promises/prm_").nth(1).unwrap().split('"').next().unwrap();
        let path = format!("/promises/prm_{path}");
        assert!(site.get("agent", &path).await.has("value=\"2031-05-01\""));
        site.post("agent", &path, "side=theirs&what=Send+the+plans&staff_id=1&due=2031-05-02&remind=0").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("agent", "/promises").await.has("Send the plans"));
        site.post("other", &format!("{path}/kept"), "").await.is(StatusCode::NOT_FOUND);
        site.post("agent", &format!("{path}/broken"), "").await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("agent", "/promises").await.has("Send the plans"));
        assert!(site.get("agent", "/promises?state=settled").await.has("Send the plans"));
        site.post("agent", &format!("{path}/open?next="), "").await.is(StatusCode::SEE_OTHER);
        let told = site.get("agent", &format!("{ada}?show=sales")).await;
        assert!(told.has("Promise broken: they: Send the plans") && told.has("Promise open again"), "{}", told.body);
        assert!(!site.get("agent", &format!("{ada}?show=mail")).await.has("Promise broken"));
    }
}
