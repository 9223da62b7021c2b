use attune_db::Db;
use attune_house::Parts;
use attune_kernel::{MINUTE_US, SECOND_US};
use attune_testkit::{COLLEAGUES, Got, StatusCode, TestApp};
use http::Request;
use serde_json::{Value as Json, json};

use super::mark;
use crate::tracking::tests::Stage;

#[test]
fn a_mark_has_one_form_however_it_is_written() {
    let uuid = "F7826DA6-4FA2-4E98-8024-BC5B71E0893E";
    let beacon = Some("ibeacon:f7826da64fa24e988024bc5b71e0893e/1/7".to_owned());
    assert_eq!(mark("ibeacon", &format!("{uuid}/1/7")), beacon);
    assert_eq!(mark("ibeacon", "f7826da64fa24e988024bc5b71e0893e, 1, 7"), beacon);
    for wrong in [uuid, "abc/1/7", &format!("{uuid}/1/70000"), &format!("{uuid}/1/7/9"), &format!("{uuid}/1")] {
        assert_eq!(mark("ibeacon", wrong), None, "{wrong}");
    }
    assert_eq!(mark("nfc", "04:a2:2B:91"), mark("nfc", "04A22B91"));
    assert_eq!((mark("nfc", "04:xy"), mark("nfc", "04")), (None, None));
    assert_eq!(mark("geofence", " Hamburg  Shop "), Some("geofence:hamburg shop".to_owned()));
    assert_eq!((mark("geofence", " "), mark("radar", "x")), (None, None));
}

struct Site {
    stage: Stage,
    web: TestApp,
}

impl Site {
    fn new(db: Db) -> Self {
        let stage = Stage::new(db);
        let (clock, ids, secret) = (stage.clock.clone(), stage.ids.clone(), stage.secret.clone());
        let parts = Parts { clock, ids, secret, ..attune_testkit::parts(stage.db.clone()) };
        let rooms = vec![crate::room(&parts, &stage.collector)];
        Self { web: TestApp::open(parts, rooms, &COLLEAGUES), stage }
    }

    async fn sense(&self, id: &str, name: &str, props: Json) -> Got {
        let now = self.stage.now_ms();
        let event = json!({ "id": id, "name": name, "at": now, "props": props });
        let body = json!({ "v": 1, "visitor": "phone", "app": { "id": "com.example" }, "sent_at": now, "events": [event] });
        self.web.send("", Request::post("/api/v1/app/events"), body.to_string()).await.is(StatusCode::OK)
    }
}

attune_testkit::on_both_dbs! {
    async fn a_place_is_made_and_counts_who_comes_and_goes(db: Db) {
        let site = Site::new(db);
        assert!(site.web.get("agent", "/places").await.has("No places yet"));
        site.web.get("agent", "/places/new").await.is(StatusCode::FORBIDDEN);
        site.web.post("agent", "/places", "name=A&kind=nfc&mark=04A22B91").await.is(StatusCode::FORBIDDEN);
        let wrong = site.web.post("admin", "/places", "name=Stand+7&kind=nfc&mark=stand").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("hexadecimal") && wrong.has("value=\"stand\""), "{}", wrong.body);
        site.web.post("admin", "/places", "name=&kind=&mark=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let made = site.web.post("admin", "/places", "name=Stand+7&kind=nfc&mark=04:A2:2B:91").await.is(StatusCode::SEE_OTHER);
        let taken = site.web.post("admin", "/places", "name=Other&kind=nfc&mark=04A22B91").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(taken.has("Stand 7 has this one already"), "{}", taken.body);
        site.stage.clock.advance(3 * SECOND_US);
        assert!(site.sense("x", "place.entered", json!({ "nfc": "FF00FF00" })).await.has("unknown_place"));
        site.sense("a", "place.entered", json!({ "nfc": "04a22b91" })).await;
        site.sense("a", "place.entered", json!({ "nfc": "04a22b91" })).await;
        site.stage.clock.advance(5 * MINUTE_US);
        site.sense("b", "place.left", json!({ "nfc": "04a22b91", "dwell_ms": 300_000 })).await;
        let events = site.stage.events().await;
        let told: Vec<_> = events.iter().map(|event| (event.name.as_ref(), event.subject.as_deref(), event.amount)).collect();
        assert_eq!(told, [("place.entered", Some("Stand 7"), None), ("place.left", Some("Stand 7"), Some(5 * MINUTE_US))]);
        let mut tx = site.stage.db.read().await.unwrap();
        let row = tx.get("place", "SELECT entered, left_count, dwell_us FROM places", attune_db::params![]).await.unwrap();
        let figures = ["entered", "left_count", "dwell_us"].map(|name| row.get::<i64>(name).unwrap());
        assert_eq!(figures, [1, 1, 5 * MINUTE_US], "what is sent twice counts once");
        drop(tx);
        let page = site.web.get("agent", made.leads()).await;
        assert!(page.has("Stand 7") && page.has("place.entered") && page.has("04a22b91") && !page.has("place-"), "{}", page.body);
        let saved = site.web.post("admin", made.leads(), "name=Stand+8&kind=geofence&mark=Hall+2").await.is(StatusCode::SEE_OTHER);
        assert!(site.web.get("admin", saved.leads()).await.has("hall 2"));
        site.web.post("admin", &format!("{}/delete", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.web.get("admin", made.leads()).await.is(StatusCode::NOT_FOUND);
        site.stage.clock.advance(3 * SECOND_US);
        assert!(site.sense("c", "place.entered", json!({ "geofence": "hall 2" })).await.has("unknown_place"));
        site.web.post("admin", &format!("{}/restore", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.web.get("admin", "/places").await.has("Stand 8"));
    }
}
