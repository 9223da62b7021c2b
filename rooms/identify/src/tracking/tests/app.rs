//! Batches of an app, through the address itself.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use serde_json::{Value as Json, json};

use attune_db::Db;
use attune_house::Parts;
use attune_kernel::{DAY_US, HOUR_US, MINUTE_US};
use attune_testkit::{COLLEAGUES, Got, StatusCode, TestApp};

use super::Stage;

struct Phone {
    stage: Stage,
    web: TestApp,
    /// What its clock is ahead of ours, ms.
    ahead: i64,
}

impl Phone {
    fn new(db: Db, ahead: i64) -> Self {
        let stage = Stage::new(db);
        let (clock, ids, secret) = (stage.clock.clone(), stage.ids.clone(), stage.secret.clone());
        let parts = Parts { clock, ids, secret, ..attune_testkit::parts(stage.db.clone()) };
        let rooms = vec![crate::room(&parts, &stage.collector)];
        Self { web: TestApp::open(parts, rooms, &COLLEAGUES), stage, ahead }
    }

    fn event(&self, id: &str, name: &str, ago_us: i64, props: Json) -> Json {
        json!({ "id": id, "name": name, "at": self.stage.now_ms() - ago_us / 1_000 + self.ahead, "url": "/cart", "props": props })
    }

    fn batch(&self, events: &[Json]) -> Json {
        let app =
            json!({ "id": "com.example.shop", "name": "Shop", "version": "4.2", "os": "Android", "os_version": "16", "model": "Pixel 9" });
        json!({ "v": 1, "visitor": "install-1", "app": app, "sent_at": self.stage.now_ms() + self.ahead, "events": events })
    }

    async fn send(&self, batch: &Json) -> Got {
        self.web.send("", Request::post("/api/v1/app/events").header("content-type", "application/json"), batch.to_string()).await
    }
}

fn results(got: &Got) -> Vec<String> {
    let body: Json = serde_json::from_str(&got.body).unwrap();
    let told = |one: &Json| one["reason"].as_str().or(one["result"].as_str()).unwrap().to_owned();
    body["results"].as_array().unwrap().iter().map(told).collect()
}

attune_testkit::on_both_dbs! {
    async fn what_was_kept_offline_happened_when_the_device_measured_it(db: Db) {
        // Its clock is three years ahead.
        let phone = Phone::new(db, 3 * 365 * DAY_US / 1_000);
        let now = phone.stage.clock.now();
        let batch = phone.batch(&[
            phone.event("a", "page.viewed", 20 * DAY_US, json!({})),
            phone.event("b", "page.viewed", 20 * DAY_US - MINUTE_US, json!({})),
            phone.event("c", "cart.added", HOUR_US, json!({ "sku": "A-1" })),
            phone.event("d", "page.viewed", 31 * DAY_US, json!({})),
            phone.event("e", "page.viewed", -HOUR_US, json!({})),
            phone.event("f", "Bad Name", 0, json!({})),
        ]);
        let first = phone.send(&batch).await.is(StatusCode::OK);
        assert_eq!(results(&first), ["taken", "taken", "taken", "too_old", "in_future", "bad_name"]);
        // The answer was lost on the way: the same batch comes again and adds nothing.
        assert_eq!(results(&phone.send(&batch).await)[..3], ["taken", "taken", "taken"]);
        let events = phone.stage.events().await;
        let told: Vec<(&str, i64)> = events.iter().map(|event| (event.name.as_ref(), now - event.at)).collect();
        assert_eq!(told, [("page.viewed", 20 * DAY_US), ("page.viewed", 20 * DAY_US - MINUTE_US), ("cart.added", HOUR_US)]);
        assert_eq!(phone.stage.count("visits").await, 2, "events of one sitting are one visit, whenever they arrive");
        let mut tx = phone.stage.db.read().await.unwrap();
        let visit = tx.rows("SELECT browser, os, model, host FROM visits", attune_db::params![]).await.unwrap();
        let text = |name: &str| visit[0].get::<String>(name).unwrap();
        assert_eq!([text("browser"), text("os"), text("model"), text("host")], ["Shop 4.2", "Android 16", "Pixel 9", "com.example.shop"]);
    }

    async fn a_push_address_belongs_to_whoever_the_app_proves_to_serve(db: Db) {
        let phone = Phone::new(db, 0);
        let lena = phone.stage.contact("Lena", "lena@example.com").await;
        phone.send(&phone.batch(&[phone.event("p", "push.registered", 0, json!({ "token": "fcm-abc" }))])).await.is(StatusCode::OK);
        let events = phone.stage.events().await;
        assert_eq!(events.last().unwrap().props, None, "the address is no part of the log");
        assert_eq!(phone.stage.count("push").await, 0);
        let asked = json!({ "contact": { "kind": "customer", "external_id": "Lena" } });
        phone.web.json("agent", "POST", "/api/v1/visitor-tokens", &asked).await.is(StatusCode::FORBIDDEN);
        let nobody = json!({ "contact": { "email": "nobody@example.com" } });
        phone.web.json("admin", "POST", "/api/v1/visitor-tokens", &nobody).await.is(StatusCode::NOT_FOUND);
        let issued = phone.web.json("admin", "POST", "/api/v1/visitor-tokens", &asked).await.is(StatusCode::OK);
        let token = serde_json::from_str::<Json>(&issued.body).unwrap()["token"].as_str().unwrap().to_owned();
        phone.send(&phone.batch(&[phone.event("i", "visitor.identified", 0, json!({ "token": token }))])).await.is(StatusCode::OK);
        let events = phone.stage.events().await;
        assert!(events.iter().any(|event| event.name == "visitor.identified" && event.contact_id == Some(lena)), "{events:?}");
        assert_eq!(phone.stage.count("push").await, 1, "it became the contact's with the app");
        phone.send(&phone.batch(&[phone.event("q", "push.registered", 0, json!({ "token": "fcm-new" }))])).await.is(StatusCode::OK);
        phone.stage.events().await;
        assert_eq!(phone.stage.count("push").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_may_come_in_gzip_and_needs_a_clock_and_a_name() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let phone = Phone::new(store.db(), 0);
    let batch = phone.batch(&[phone.event("a", "page.viewed", 0, json!({}))]);
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(batch.to_string().as_bytes()).unwrap();
    let request = || Request::post("/api/v1/app/events").header("content-encoding", "gzip");
    let sent = phone.web.send("", request(), packed.finish().unwrap()).await.is(StatusCode::OK);
    assert_eq!(results(&sent), ["taken"]);
    phone.web.send("", request(), batch.to_string()).await.is(StatusCode::BAD_REQUEST);
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b' '; 6 * 1024 * 1024]).unwrap();
    let bomb = phone.web.send("", request(), bomb.finish().unwrap()).await.is(StatusCode::BAD_REQUEST);
    assert!(bomb.has("4 MB"), "{}", bomb.body);
    for missing in ["sent_at", "app"] {
        let mut lacking = batch.clone();
        lacking.as_object_mut().unwrap().remove(missing);
        assert!(phone.send(&lacking).await.is(StatusCode::BAD_REQUEST).has(missing));
    }
    let mut nameless = batch.clone();
    nameless["visitor"] = Json::Null;
    assert_eq!(results(&phone.send(&nameless).await), ["bad_visitor"]);
}
