//! The addresses themselves, through the whole web: what a tracker, a program and a colleague get.

use attune_db::Db;
use attune_house::{Parts, write_setting};
use attune_jobs::Bench;
use attune_testkit::{COLLEAGUES, Got, StatusCode, TestApp};
use http::Request;
use http::request::Builder;
use serde_json::{Value as Json, json};

use super::{CHROME, Stage};
use crate::consent::{State as Said, states};
use crate::contact::ContactId;
use crate::tracking::Collector;

struct Site {
    stage: Stage,
    web: TestApp,
}

impl Site {
    fn new(db: Db) -> Self {
        let stage = Stage::new(db);
        let collector = stage.collector.clone();
        Self::with(stage, &collector)
    }

    fn with(stage: Stage, collector: &Collector) -> Self {
        let (clock, ids, secret) = (stage.clock.clone(), stage.ids.clone(), stage.secret.clone());
        let parts = Parts { clock, ids, secret, ..attune_testkit::parts(stage.db.clone()) };
        let rooms = vec![crate::room(&parts, collector)];
        Self { stage, web: TestApp::open(parts, rooms, &COLLEAGUES) }
    }

    async fn ask(&self, request: Builder, body: String) -> Got {
        self.web.send("", request, body).await
    }

    async fn post(&self, body: &Json) -> Got {
        self.ask(tracker(), body.to_string()).await
    }

    async fn get(&self, who: &str, path: &str) -> Got {
        self.web.get(who, path).await
    }

    async fn api(&self, who: &str, body: &Json) -> Got {
        self.web.json(who, "POST", "/api/v1/events", body).await
    }

    async fn set(&self, key: &str, value: &str) {
        let mut tx = self.stage.db.begin().await.unwrap();
        write_setting(&mut tx, key, value, None, self.stage.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.stage.clock.advance(3_000_000);
    }
}

fn tracker() -> Builder {
    Request::post("/t")
        .header("content-type", "text/plain;charset=UTF-8")
        .header("user-agent", CHROME)
        .header("accept-language", "de")
        .header("origin", "https://www.example.com")
        .header("sec-fetch-site", "cross-site")
}

attune_testkit::on_both_dbs! {
    async fn an_event_that_is_answered_is_in_the_log(db: Db) {
        let site = Site::new(db);
        let answer = site.post(&site.stage.body("anna", &[site.stage.view("p1", "/price")])).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("access-control-allow-origin"), "https://www.example.com");
        assert_eq!(answer.header("access-control-expose-headers"), "Retry-After");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin", "a page that isolates itself may load it");
        assert_eq!(site.stage.events().await.len(), 1);
        let events = [site.stage.view("p1", "/price"), json!({ "id": "x" }), site.stage.view("p2", "/b")];
        let told = site.post(&site.stage.body("anna", &events)).await.is(StatusCode::OK).json();
        assert_eq!((&told["refused"][0]["index"], &told["refused"][0]["reason"]), (&json!(1), &json!("malformed")));
        assert_eq!(site.stage.events().await.len(), 2, "the repeat is taken silently, the rest is kept");
    }

    async fn programs_send_and_read_events(db: Db) {
        let site = Site::new(db);
        let lena = site.stage.contact("Lena", "lena@example.com").await;
        let at = site.stage.now_ms() - 86_400_000;
        let event = |id: &str, name: &str, contact: Json| json!({ "id": id, "name": name, "at": at, "contact": contact, "subject": "cds", "amount": 2_933 });
        let batch = json!({ "events": [
            event("o1", "purchase.made", json!(ContactId(lena))),
            event("o2", "order.shipped", json!({ "email": "LENA@example.com" })),
            event("o3", "order.shipped", json!({ "kind": "Customer", "external_id": "Lena" })),
            event("o4", "score.changed", json!(ContactId(lena))),
            event("o5", "order.shipped", json!({ "email": "nobody@example.com" })),
            { "id": "o6", "name": "order.shipped", "at": "2026-11-19T10:00:00Z", "visitor": "app7", "contact": ContactId(lena) },
            { "id": "o7", "name": "order.shipped", "at": "tomorrow", "visitor": "app7" },
        ] });
        let told = site.api("admin", &batch).await.is(StatusCode::OK).json();
        assert_eq!((&told["logged"], &told["repeated"]), (&json!(4), &json!(0)));
        let reasons: Vec<&Json> = told["refused"].as_array().unwrap().iter().map(|r| &r["reason"]).collect();
        assert_eq!(reasons, ["reserved_name", "unknown_contact", "bad_time"]);
        assert_eq!(site.api("admin", &batch).await.json()["repeated"], json!(4));
        assert_eq!(site.stage.count("stitches").await, 1, "a program that names both ties them together");

        let page = site.get("admin", &format!("/api/v1/events?contact={}&name=purchase.made", ContactId(lena))).await.json();
        assert_eq!((page["events"].as_array().unwrap().len(), &page["events"][0]["amount"]), (1, &json!(2_933)));
        let page = site.get("admin", "/api/v1/events?limit=2").await.json();
        let next = site.get("admin", &format!("/api/v1/events?after={}", page["after"])).await.json();
        assert_ne!(next["events"][0]["seq"], page["events"][0]["seq"]);

        site.api("agent", &batch).await.is(StatusCode::FORBIDDEN);
        assert_eq!(site.get("agent", &format!("/api/v1/events?contact={}", ContactId(lena))).await.status, StatusCode::NOT_FOUND, "somebody else's contact");
        site.get("stranger", "/api/v1/events").await.is(StatusCode::UNAUTHORIZED);
    }

    async fn the_pages_show_who_was_there(db: Db) {
        let site = Site::new(db);
        let page = site.get("admin", "/visitors").await.is(StatusCode::OK);
        assert!(page.has("https://attune.example/t.js"), "the empty page tells how to begin");
        let lena = site.stage.contact("Lena", "lena@example.com").await;
        let token = crate::stitching::contact_token(&site.stage.secret, lena, site.stage.clock.now());
        site.stage.send("anna", &[site.stage.view("p1", "/price"), site.stage.identified("i1", &token), site.stage.left("p1", 1, 61_000)]).await;
        let page = site.get("admin", "/visitors").await;
        assert!(page.has("Lena") && page.has("1 person now"));
        let page = site.get("agent", "/visitors").await;
        assert!(!page.has("Lena") && page.has("A known contact"), "somebody else's contact stays nameless");

        let log = r#"198.51.100.1 - - [17/May/2015:10:00:00 +0000] "GET /old HTTP/1.1" 200 5 "-" "Mozilla/5.0 (Windows NT 6.1) Chrome/41.0 Safari/537.36""#;
        let bench = Bench { db: site.stage.db.clone(), clock: site.stage.clock.clone(), ids: site.stage.ids.clone() };
        crate::replay::run(&bench, log.as_bytes(), |_| true).await.unwrap();
        let page = site.get("admin", "/visitors?show=people&from=2015-05-17&to=2015-05-17").await;
        assert!(page.has("/old") && page.has("17 May 2015") && !page.has("Lena"));
        let page = site.get("admin", "/visitors?show=people&from=2015-05-18").await;
        assert!(!page.has("/old") && page.has("Lena"));
        let page = site.get("admin", "/visitors?show=machines").await;
        assert!(!page.has("/old") && !page.has("Lena"));

        let visit = site.stage.events().await.iter().find_map(|e| e.session_id).unwrap();
        let page = site.get("admin", &format!("/visitors/{}", crate::visitor::VisitId(visit))).await.is(StatusCode::OK);
        assert!(page.has("/price") && page.has("1 min 1 s") && page.has("Recognised as a contact"));
        let page = site.get("admin", &format!("/contacts/{}/visits", ContactId(lena))).await;
        assert!(page.has("/price"));
        assert_eq!(site.get("agent", &format!("/contacts/{}/visits", ContactId(lena))).await.status, StatusCode::NOT_FOUND);
        site.get("admin", "/visitors/vis_0000000000001").await.is(StatusCode::NOT_FOUND);
    }

    async fn consent_is_noted_down_with_its_words(db: Db) {
        let site = Site::new(db);
        let lena = site.stage.contact("Lena", "lena@example.com").await;
        let path = format!("/contacts/{}/consent", ContactId(lena));
        assert!(site.get("admin", &path).await.has("Nothing recorded yet"));
        let wrong = site.web.post("admin", &path, "channel=email&purpose=marketing&state=given&source=phone&wording=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("aria-invalid"));
        site.web.post("admin", &path, "channel=email&purpose=marketing&state=given&wording=Yes").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.web.post("admin", &path, "channel=email&purpose=marketing&state=given&source=phone&wording=Yes+please&proof=call+17").await.is(StatusCode::SEE_OTHER);
        site.web.post("agent", &path, "channel=email&purpose=marketing&state=withdrawn").await.is(StatusCode::NOT_FOUND);
        let page = site.get("admin", &path).await;
        assert!(page.has("Yes please") && page.has("call 17") && page.has("By phone"));
        let mut tx = site.stage.db.read().await.unwrap();
        assert_eq!(states(&mut tx, "email", [lena]).await.unwrap().get(&lena), Some(&Said::Given));
    }

    async fn a_log_is_replayed_from_the_page(db: Db) {
        let site = Site::new(db);
        let log = "nonsense\n198.51.100.1 - - [17/May/2015:10:00:00 +0000] \"GET /old HTTP/1.1\" 200 5 \"-\" \"Mozilla/5.0 (X11) Firefox/30.0\"\n";
        let upload = async |who: &str, name: &str| site.web.upload(who, "/visitors/replay", name, log.as_bytes()).await;
        upload("agent", "access.log").await.is(StatusCode::FORBIDDEN);
        upload("admin", "").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let answer = upload("admin", "access.log").await.is(StatusCode::SEE_OTHER);
        let path = answer.leads();
        assert!(site.get("admin", path).await.has("Waiting"));
        site.web.settle().await;
        let page = site.get("admin", path).await;
        assert!(page.has("Finished") && page.has("Address, identity and user are missing"));
        assert!(page.has("from=2015-05-17"));
        assert!(site.get("admin", "/visitors/replay").await.has("access.log"));
    }

    /// 7,000 real lines of May 2015, put in by the page.
    async fn a_real_log_is_seen_at_its_true_dates(db: Db) {
        let path = std::path::Path::new("/work/shared/data/weblogs/apache_access_first7000.log.gz");
        if !path.exists() {
            eprintln!("SKIPPED: {} is not here", path.display());
            return;
        }
        let site = Site::new(db);
        let sent = site.web.upload("admin", "/visitors/replay", "access.log.gz", &std::fs::read(path).unwrap()).await.is(StatusCode::SEE_OTHER);
        site.web.settle().await;
        let page = site.get("admin", sent.leads()).await;
        assert!(page.has("Finished") && page.has(">7,000<") && page.has("show=machines"), "{}", page.body);
        let mut tx = site.stage.db.read().await.unwrap();
        let of_day = async |tx: &mut attune_db::Tx, day: i64, machine: bool| {
            let select = attune_db::sql!("SELECT count(*) FROM visits WHERE started_at >= $1 AND started_at < $2 AND machine = $3");
            tx.count(select, attune_db::params![day, day + attune_kernel::DAY_US, machine]).await.unwrap()
        };
        // 17 May 2015, 00:00 UTC.
        let first_day = 1_431_820_800_000_000;
        let mut seen = 0;
        for (number, words) in [(17, "17 May 2015"), (18, "18 May 2015"), (19, "19 May 2015")] {
            let from = first_day + (number - 17) * attune_kernel::DAY_US;
            for (show, machine) in [("people", false), ("machines", true)] {
                let stored = of_day(&mut tx, from, machine).await;
                let page = site.get("admin", &format!("/visitors?show={show}&from=2015-05-{number}&to=2015-05-{number}")).await;
                let shown = page.body.matches("href=\"/visitors/vis_").count();
                assert_eq!(shown, usize::try_from(stored.min(50)).unwrap(), "{show} on {words}");
                assert_eq!(page.has(words), stored > 0, "{show} on {words}: {}", page.body);
                seen += stored;
            }
        }
        let all = tx.count("SELECT count(*) FROM visits", attune_db::params![]).await.unwrap();
        assert!(seen > 500 && seen <= all, "{seen} of {all}");
        for empty in ["from=2015-05-01&to=2015-05-16", "from=2015-05-21"] {
            let page = site.get("admin", &format!("/visitors?show=people&{empty}")).await;
            assert!(!page.has("href=\"/visitors/vis_"), "{empty}: {}", page.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_objects_gets_no_answer_and_no_record() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    for header in ["dnt", "sec-gpc"] {
        let body = site.stage.body("anna", &[site.stage.view("p1", "/a")]).to_string();
        let answer = site.ask(tracker().header(header, "1"), body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    assert_eq!((site.stage.events().await.len(), site.stage.count("visitors").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_the_ledger_does_not_know_is_told_to_the_site_and_a_topic_is_known_by_its_name() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    site.web
        .post("admin", "/contacts/topics", "name_en=Letter&name_zh=信&purpose_en=Once+a+month&purpose_zh=每月一次")
        .await
        .is(StatusCode::SEE_OTHER);
    let mut tx = site.stage.db.read().await.unwrap();
    let topic = crate::topic::purpose_of(crate::topic::list(&mut tx).await.unwrap()[0].id);
    drop(tx);
    site.stage.clock.advance(3_000_000);
    let lena = site.stage.contact("Lena", "lena@example.com").await;
    let token = crate::stitching::contact_token(&site.stage.secret, lena, site.stage.clock.now());
    let boxes = json!([{ "for": format!("email:{topic}"), "wording": "The letter" }, { "for": "fax:marketing", "wording": "Fax me" }]);
    let form = json!({ "id": "f1", "name": "form.submitted", "at": site.stage.now_ms(), "url": "/contact", "props": { "form": "ask", "consents": boxes } });
    let told = site.post(&site.stage.body("anna", &[site.stage.identified("i1", &token), form])).await.is(StatusCode::OK).json();
    assert_eq!((&told["refused"][0]["index"], &told["refused"][0]["reason"]), (&json!(1), &json!("bad_consent")));
    assert!(told["refused"][0]["message"].as_str().unwrap().contains("the rest of the event is kept"));
    let names: Vec<(String, Option<String>)> = site.stage.events().await.into_iter().map(|e| (e.name.into_owned(), e.subject)).collect();
    assert!(names.contains(&("form.submitted".to_owned(), Some("ask".to_owned()))), "{names:?}");
    assert!(names.contains(&("consent.ticked".to_owned(), Some("email/Letter".to_owned()))), "{names:?}");
    let timeline = site.get("admin", &format!("/contacts/{}", ContactId(lena))).await;
    assert!(timeline.has("Ticked a consent box: email/Letter"), "{}", timeline.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_configured_sites_may_read_the_answer() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    site.set("identify.sites", "example.org, shop.example.com").await;
    let answer = site.post(&site.stage.body("anna", &[site.stage.view("p1", "/a")])).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    assert!(answer.is(StatusCode::OK).has("unknown_site"));
    site.set("identify.sites", "example.com").await;
    let answer = site.post(&site.stage.body("anna", &[site.stage.view("p1", "/a")])).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (StatusCode::NO_CONTENT, "https://www.example.com"));
    let preflight = Request::options("/t").header("origin", "https://www.example.com");
    assert_eq!(site.ask(preflight, String::new()).await.header("access-control-allow-headers"), "Content-Type");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_none_are_refused() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    site.post(&json!({ "v": 2, "events": [] })).await.is(StatusCode::BAD_REQUEST);
    site.ask(tracker(), "x".repeat(70_000)).await.is(StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_sends_the_tracker_away_and_loses_nothing() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let stage = Stage::new(store.db());
    let spine = attune_events::Spine { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
    let narrow = Collector::open(&spine, stage.secret.clone(), 1, crate::tracking::Atlas::default());
    stage.collector.settled().await;
    let site = Site::with(stage, &narrow);
    // The store is held, so what is acknowledged stays in the inbox, which has room for one.
    let held = site.stage.db.begin().await.unwrap();
    let send = async |n: usize| site.post(&site.stage.body("anna", &[site.stage.view(&format!("p{n}"), "/a")])).await;
    assert_eq!(send(0).await.status, StatusCode::NO_CONTENT, "who is acknowledged does not wait for the store");
    for n in 1..4 {
        let answer = send(n).await;
        assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    }
    assert_eq!((narrow.waiting(), site.stage.events().await.len()), (1, 0));
    drop(held);
    narrow.settled().await;
    assert_eq!(send(4).await.status, StatusCode::NO_CONTENT);
    narrow.settled().await;
    assert_eq!(site.stage.events().await.len(), 2, "what was acknowledged is there, what was sent away is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_counts_where_scripts_do_not_run() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    let asked = Request::get("/t.gif?ref=https%3A%2F%2Fwww.baidu.com%2Fs").header("user-agent", CHROME).header("accept-language", "zh");
    let answer = site.ask(asked.header("referer", "https://www.example.com/plan?utm_campaign=x"), String::new()).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "image/gif"));
    assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
    let events = site.stage.events().await;
    assert_eq!((events.len(), events[0].subject.as_deref()), (1, Some("/plan")));
}

attune_testkit::on_both_dbs! {
    async fn our_own_are_kept_apart_and_known_companies_are_named(db: Db) {
        let stage = Stage::with_atlas(db.clone(), crate::tracking::tests::atlas::atlas_of_acme("pages"));
        let mut tx = db.begin().await.unwrap();
        let actor = attune_web::Actor::system();
        let by = crate::contact::By { actor: &actor, now: stage.clock.now(), ids: &stage.ids };
        let acme = crate::company::create(&mut tx, &by, crate::company::CompanyDraft { name: "Acme Pumps".to_owned(), ..Default::default() });
        let acme = acme.await.unwrap().shown_id();
        tx.commit().await.unwrap();
        stage.send("anna", &[stage.view("p1", "/plan")]).await;
        let collector = stage.collector.clone();
        let site = Site::with(stage, &collector);
        let body = |visitor: &str| site.stage.body(visitor, &[site.stage.view(visitor, "/ours")]).to_string();
        // A colleague on the site, and the same on a page of Attune itself.
        site.web.send("agent", tracker(), body("mei")).await.is(StatusCode::NO_CONTENT);
        let shop = Request::post("/t").header("user-agent", CHROME).header("accept-language", "en");
        let shop = shop.header("origin", "http://here.example").header("host", "here.example");
        site.web.send("agent", shop, body("trying")).await.is(StatusCode::NO_CONTENT);
        site.stage.events().await;
        let internal = site.get("admin", "/visitors?show=internal").await;
        assert!(internal.has("One visit of your own") && internal.has("Browser of a colleague"), "{}", internal.body);
        assert!(!internal.has("Acme"), "{}", internal.body);
        assert!(!site.get("admin", "/visitors?show=machines").await.has("Browser of a colleague"));
        let people = site.get("admin", "/visitors?show=people&company=ACME").await;
        assert!(people.has(&format!("<a href=\"/companies/{acme}\">Probably works at Acme Pumps")), "{}", people.body);
        assert!(site.get("admin", "/visitors?show=people&company=nobody").await.has("No visits in these days"));
        assert_eq!(site.get("admin", "/visitors?show=people").await.body.matches("/visitors/vis_").count(), 2);
        let live = site.get("admin", "/visitors").await;
        assert!(live.has("Hamburg, DE") && live.has("/plan") && live.body.matches("id=\"live-").count() == 2, "{}", live.body);
        // Whoever may not see the company is told the organisation and no more.
        let agent = site.get("agent", "/visitors?show=people").await;
        assert!(agent.has("Acme Pumps GmbH") && !agent.has(&acme.to_string()), "{}", agent.body);
        site.set("identify.own_networks", "127.0.0.0/8, ::1").await;
        site.post(&site.stage.body("zoe", &[site.stage.view("z1", "/z")])).await.is(StatusCode::NO_CONTENT);
        site.stage.events().await;
        assert!(site.get("admin", "/visitors?show=internal").await.has("Your own network"));
        assert_eq!(site.get("admin", "/visitors").await.body.matches("id=\"live-").count(), 2);
    }
}
