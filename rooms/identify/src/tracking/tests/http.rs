//! The addresses themselves, through the whole web: what a tracker, a program and a colleague get.

use std::collections::HashMap;
use std::sync::Arc;

use attune_courier::{Courier, SmtpConfig};
use attune_db::Db;
use attune_house::{App, House, Parts, Room, write_setting};
use attune_jobs::Bench;
use attune_kernel::{Fault, Locale};
use attune_web::{Actor, BoxFuture, Doorman, PermissionDef, Scope, Texts, Theme, Via, Web};
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use super::{CHROME, Stage};
use crate::consent::{State as Said, states};
use crate::contact::ContactId;
use crate::tracking::Collector;

/// A doorman to whom the bearer of any key is the actor made for it.
struct Known {
    permissions: Vec<PermissionDef>,
}

impl Known {
    fn actor(&self, token: &str) -> Option<Actor> {
        let roles = ["admin", "agent"];
        let role = roles.into_iter().find(|role| sha(role) == token)?;
        let grant = |def: &PermissionDef| if role == "admin" { def.admin } else { def.agent };
        let mut grants: HashMap<String, Scope> =
            self.permissions.iter().filter_map(|def| Some((def.key.to_owned(), grant(def).scope(5, None)?))).collect();
        if role == "admin" {
            grants.insert("identify.contact.view".to_owned(), Scope::All);
        }
        let base = Actor::system();
        Some(Actor { staff_id: 5, role: role.to_owned(), grants: Arc::new(grants), via: Via::Session { id: 1 }, ..base })
    }
}

fn sha(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Doorman for Known {
    fn by_session<'a>(&'a self, _: &'a Db, token: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.actor(token)) })
    }
    fn by_api_key<'a>(&'a self, _: &'a Db, token: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.actor(token)) })
    }
    fn needs_setup<'a>(&'a self, _: &'a Db) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async { Ok(false) })
    }
    fn set_preference<'a>(
        &'a self,
        _: &'a Db,
        _: &'a Actor,
        _: Option<Locale>,
        _: Option<Theme>,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

struct Site {
    stage: Stage,
    app: App,
}

impl Site {
    fn new(db: Db) -> Self {
        let stage = Stage::new(db.clone());
        let collector = stage.collector.clone();
        Self::with(stage, &collector)
    }

    fn with(stage: Stage, collector: &Collector) -> Self {
        let parts = Parts {
            db: stage.db.clone(),
            clock: stage.clock.clone(),
            ids: stage.ids.clone(),
            secret: stage.secret.clone(),
            public_url: "https://attune.example".to_owned(),
            courier: Courier::new(SmtpConfig::new("127.0.0.1", 2525)).unwrap(),
        };
        let room = Room::new("identify").locales(include_str!("../../../locales/en.ftl"), include_str!("../../../locales/zh-CN.ftl"));
        let house = House::build(vec![crate::sockets::plug(room, collector)]).unwrap();
        let texts = Arc::new(Texts::build(&house.locales).unwrap());
        let doorman = Arc::new(Known { permissions: house.permissions.clone() });
        let mut web = Web::bare(stage.db.clone(), texts, doorman, parts.secret.clone());
        (web.clock, web.ids) = (stage.clock.clone(), stage.ids.clone());
        web.public_url.clone_from(&parts.public_url);
        web.open_paths = Arc::new(house.public_paths.iter().map(|path| (*path).to_owned()).collect());
        let app = App::new(parts, web, house, "test", 1);
        Self { stage, app }
    }

    async fn ask(&self, request: Request<Body>) -> Response {
        self.app.router().oneshot(request).await.unwrap()
    }

    async fn post(&self, body: &Json) -> Response {
        self.ask(tracker().body(Body::from(body.to_string())).unwrap()).await
    }

    async fn get(&self, role: &str, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header("authorization", format!("Bearer {role}")).header("accept", "text/html");
        read(self.ask(request.body(Body::empty()).unwrap()).await).await
    }

    async fn api(&self, role: &str, body: &Json) -> (StatusCode, Json) {
        let request =
            Request::post("/api/v1/events").header("authorization", format!("Bearer {role}")).header("content-type", "application/json");
        let (status, text) = read(self.ask(request.body(Body::from(body.to_string())).unwrap()).await).await;
        (status, serde_json::from_str(&text).unwrap_or(Json::Null))
    }

    async fn set(&self, key: &str, value: &str) {
        let mut tx = self.stage.db.begin().await.unwrap();
        write_setting(&mut tx, key, value, None, self.stage.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.stage.clock.advance(3_000_000);
    }
}

fn tracker() -> http::request::Builder {
    Request::post("/t")
        .header("content-type", "text/plain;charset=UTF-8")
        .header("user-agent", CHROME)
        .header("accept-language", "de")
        .header("origin", "https://www.example.com")
        .header("sec-fetch-site", "cross-site")
}

async fn read(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 10_000_000).await.unwrap();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

attune_testkit::on_both_dbs! {
    async fn an_event_is_answered_once_it_is_in_the_log(db: Db) {
        let site = Site::new(db);
        let answer = site.post(&site.stage.body("anna", &[site.stage.view("p1", "/price")])).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        assert_eq!(answer.headers()["access-control-expose-headers"], "Retry-After");
        assert_eq!(site.stage.events().await.len(), 1);
        let events = [site.stage.view("p1", "/price"), json!({ "id": "x" }), site.stage.view("p2", "/b")];
        let (status, text) = read(site.post(&site.stage.body("anna", &events)).await).await;
        assert_eq!(status, StatusCode::OK);
        let told: Json = serde_json::from_str(&text).unwrap();
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
        let (status, told) = site.api("admin", &batch).await;
        assert_eq!((status, &told["logged"], &told["repeated"]), (StatusCode::OK, &json!(4), &json!(0)));
        let reasons: Vec<&Json> = told["refused"].as_array().unwrap().iter().map(|r| &r["reason"]).collect();
        assert_eq!(reasons, ["reserved_name", "unknown_contact", "bad_time"]);
        assert_eq!(site.api("admin", &batch).await.1["repeated"], json!(4));
        assert_eq!(site.stage.count("stitches").await, 1, "a program that names both ties them together");

        let (_, text) = site.get("admin", &format!("/api/v1/events?contact={}&name=purchase.made", ContactId(lena))).await;
        let page: Json = serde_json::from_str(&text).unwrap();
        assert_eq!((page["events"].as_array().unwrap().len(), &page["events"][0]["amount"]), (1, &json!(2_933)));
        let (_, text) = site.get("admin", "/api/v1/events?limit=2").await;
        let page: Json = serde_json::from_str(&text).unwrap();
        let (_, text) = site.get("admin", &format!("/api/v1/events?after={}", page["after"])).await;
        assert_ne!(serde_json::from_str::<Json>(&text).unwrap()["events"][0]["seq"], page["events"][0]["seq"]);

        assert_eq!(site.api("agent", &batch).await.0, StatusCode::FORBIDDEN);
        assert_eq!(site.get("agent", &format!("/api/v1/events?contact={}", ContactId(lena))).await.0, StatusCode::NOT_FOUND, "somebody else's contact");
        assert_eq!(site.get("stranger", "/api/v1/events").await.0, StatusCode::UNAUTHORIZED);
    }

    async fn the_pages_show_who_was_there(db: Db) {
        let site = Site::new(db);
        let (status, text) = site.get("admin", "/visitors").await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains("https://attune.example/t.js"), "the empty page tells how to begin");
        let lena = site.stage.contact("Lena", "lena@example.com").await;
        let token = crate::stitching::contact_token(&site.stage.secret, lena, site.stage.clock.now());
        site.stage.send("anna", &[site.stage.view("p1", "/price"), site.stage.identified("i1", &token), site.stage.left("p1", 1, 61_000)]).await;
        let (_, text) = site.get("admin", "/visitors").await;
        assert!(text.contains("Lena") && text.contains("1 person now"));
        let (_, text) = site.get("agent", "/visitors").await;
        assert!(!text.contains("Lena") && text.contains("A known contact"), "somebody else's contact stays nameless");

        let log = r#"198.51.100.1 - - [17/May/2015:10:00:00 +0000] "GET /old HTTP/1.1" 200 5 "-" "Mozilla/5.0 (Windows NT 6.1) Chrome/41.0 Safari/537.36""#;
        let bench = Bench { db: site.stage.db.clone(), clock: site.stage.clock.clone(), ids: site.stage.ids.clone() };
        crate::replay::run(&bench, log.as_bytes(), |_| true).await.unwrap();
        let (_, text) = site.get("admin", "/visitors?show=people&from=2015-05-17&to=2015-05-17").await;
        assert!(text.contains("/old") && text.contains("17 May 2015") && !text.contains("Lena"));
        let (_, text) = site.get("admin", "/visitors?show=people&from=2015-05-18").await;
        assert!(!text.contains("/old") && text.contains("Lena"));
        let (_, text) = site.get("admin", "/visitors?show=machines").await;
        assert!(!text.contains("/old") && !text.contains("Lena"));

        let visit = site.stage.events().await.iter().find_map(|e| e.session_id).unwrap();
        let (status, text) = site.get("admin", &format!("/visitors/{}", crate::visitor::VisitId(visit))).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains("/price") && text.contains("1 min 1 s") && text.contains("Recognised as a contact"));
        let (_, text) = site.get("admin", &format!("/contacts/{}/visits", ContactId(lena))).await;
        assert!(text.contains("/price"));
        assert_eq!(site.get("agent", &format!("/contacts/{}/visits", ContactId(lena))).await.0, StatusCode::NOT_FOUND);
        assert_eq!(site.get("admin", "/visitors/vis_0000000000001").await.0, StatusCode::NOT_FOUND);
    }

    async fn consent_is_noted_down_with_its_words(db: Db) {
        let site = Site::new(db);
        let lena = site.stage.contact("Lena", "lena@example.com").await;
        let path = format!("/contacts/{}/consent", ContactId(lena));
        let post = |role: &'static str, body: &'static str| {
            let request = Request::post(&path).header("authorization", format!("Bearer {role}")).header("content-type", "application/x-www-form-urlencoded");
            site.ask(request.body(Body::from(body)).unwrap())
        };
        assert!(site.get("admin", &path).await.1.contains("Nothing recorded yet"));
        let (status, text) = read(post("admin", "channel=email&purpose=marketing&state=given&wording=").await).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text.contains("aria-invalid"));
        let answer = post("admin", "channel=email&purpose=marketing&state=given&wording=Yes+please&proof=call+17").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(post("agent", "channel=email&purpose=marketing&state=withdrawn").await.status(), StatusCode::NOT_FOUND);
        let (_, text) = site.get("admin", &path).await;
        assert!(text.contains("Yes please") && text.contains("call 17"));
        let mut tx = site.stage.db.read().await.unwrap();
        assert_eq!(states(&mut tx, "email", [lena]).await.unwrap().get(&lena), Some(&Said::Given));
    }

    async fn a_log_is_replayed_from_the_page(db: Db) {
        let site = Site::new(db);
        let log = "nonsense\n198.51.100.1 - - [17/May/2015:10:00:00 +0000] \"GET /old HTTP/1.1\" 200 5 \"-\" \"Mozilla/5.0 (X11) Firefox/30.0\"\n";
        let body = format!("--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"access.log\"\r\n\r\n{log}\r\n--XX--\r\n");
        let request = |role: &str, body: String| {
            let asked = Request::post("/visitors/replay").header("authorization", format!("Bearer {role}"));
            asked.header("content-type", "multipart/form-data; boundary=XX").body(Body::from(body)).unwrap()
        };
        assert_eq!(site.ask(request("agent", body.clone())).await.status(), StatusCode::FORBIDDEN);
        let none = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--XX--\r\n".to_owned();
        assert_eq!(site.ask(request("admin", none)).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let answer = site.ask(request("admin", body)).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let path = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(site.get("admin", &path).await.1.contains("Waiting"));
        site.app.settle().await.unwrap();
        let (_, text) = site.get("admin", &path).await;
        assert!(text.contains("Finished") && text.contains("Address, identity and user are missing"));
        assert!(text.contains("from=2015-05-17"));
        assert!(site.get("admin", "/visitors/replay").await.1.contains("access.log"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_objects_gets_no_answer_and_no_record() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    for header in ["dnt", "sec-gpc"] {
        let body = site.stage.body("anna", &[site.stage.view("p1", "/a")]).to_string();
        let answer = site.ask(tracker().header(header, "1").body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!((site.stage.events().await.len(), site.stage.count("visitors").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_configured_sites_may_read_the_answer() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    site.set("identify.sites", "example.org, shop.example.com").await;
    let answer = site.post(&site.stage.body("anna", &[site.stage.view("p1", "/a")])).await;
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let (status, text) = read(answer).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("unknown_site"));
    site.set("identify.sites", "example.com").await;
    let answer = site.post(&site.stage.body("anna", &[site.stage.view("p1", "/a")])).await;
    assert_eq!(
        (answer.status(), &answer.headers()["access-control-allow-origin"]),
        (StatusCode::NO_CONTENT, &"https://www.example.com".parse().unwrap())
    );
    let preflight = Request::options("/t").header("origin", "https://www.example.com").body(Body::empty()).unwrap();
    assert_eq!(site.ask(preflight).await.headers()["access-control-allow-headers"], "Content-Type");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_none_are_refused() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    assert_eq!(site.post(&json!({ "v": 2, "events": [] })).await.status(), StatusCode::BAD_REQUEST);
    let large = tracker().body(Body::from("x".repeat(70_000))).unwrap();
    assert_eq!(site.ask(large).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_sends_the_tracker_away_and_loses_nothing() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let stage = Stage::new(store.db());
    let spine = attune_events::Spine { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
    let narrow = Collector::open(&spine, stage.secret.clone(), 1);
    let site = Arc::new(Site::with(stage, &narrow));
    // The store is held, so the queue cannot drain: one request is being written, one waits, the others are sent away.
    let held = site.stage.db.begin().await.unwrap();
    let send = |n: usize| {
        let site = site.clone();
        tokio::spawn(async move { site.post(&site.stage.body("anna", &[site.stage.view(&format!("p{n}"), "/a")])).await })
    };
    let sent: Vec<_> = (0..6).map(send).collect();
    // Those turned away answer while the store is still held.
    let mut waiting = sent;
    for _ in 0..4 {
        let (done, _, rest) = futures::future::select_all(waiting).await;
        let answer = done.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()["retry-after"], "1");
        waiting = rest;
    }
    drop(held);
    let answers: Vec<Response> = futures::future::join_all(waiting).await.into_iter().map(Result::unwrap).collect();
    let taken: Vec<&Response> = answers.iter().filter(|answer| answer.status() == StatusCode::NO_CONTENT).collect();
    assert!(!taken.is_empty());
    assert_eq!(site.stage.events().await.len(), taken.len(), "what was acknowledged is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_counts_where_scripts_do_not_run() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let site = Site::new(store.db());
    let asked = Request::get("/t.gif?ref=https%3A%2F%2Fwww.baidu.com%2Fs").header("user-agent", CHROME).header("accept-language", "zh");
    let answer = site.ask(asked.header("referer", "https://www.example.com/plan?utm_campaign=x").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status(), &answer.headers()["content-type"]), (StatusCode::OK, &"image/gif".parse().unwrap()));
    let events = site.stage.events().await;
    assert_eq!((events.len(), events[0].subject.as_deref()), (1, Some("/plan")));
}
