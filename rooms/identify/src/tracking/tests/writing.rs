//! The write path on both engines.

use attune_kernel::{MINUTE_US, SECOND_US};
use serde_json::json;

use super::{BOT, CHROME, Stage};
use crate::stitching::{contact_token, external_token, form_token};
use crate::tracking::Hit;

attune_testkit::on_both_dbs! {
    async fn an_event_sent_twice_is_logged_once(db: Db) {
        let stage = Stage::new(db);
        let events = [stage.view("p1", "/a"), stage.view("p1", "/a"), stage.view("p2", "/b")];
        let first = stage.send("anna", &events).await;
        assert_eq!((first.logged, first.repeated), (2, 1));
        let again = stage.send("anna", &events).await;
        assert_eq!((again.logged, again.repeated), (0, 3));
        assert_eq!(stage.events().await.len(), 2);
        assert_eq!((stage.count("visitors").await, stage.count("visits").await, stage.count("pages").await), (1, 1, 2));
    }

    async fn dwell_grows_and_never_doubles(db: Db) {
        let stage = Stage::new(db);
        stage.send("anna", &[stage.view("p1", "/a"), stage.left("p1", 1, 2_000)]).await;
        stage.send("anna", &[stage.left("p1", 2, 5_000)]).await;
        // A late repeat, the same state again, and a state that adds nothing.
        stage.send("anna", &[stage.left("p1", 1, 2_000), stage.left("p1", 2, 5_000), stage.left("p1", 3, 5_000)]).await;
        stage.send("anna", &[stage.left("p1", 5, 9_000), stage.left("p1", 4, 7_000)]).await;
        assert_eq!(stage.count("dwell").await, 9 * SECOND_US);
        assert_eq!(stage.count("logged dwell").await, 9 * SECOND_US);
        assert_eq!(stage.events().await.iter().filter(|e| e.name == "page.left").count(), 3);
    }

    async fn half_an_hour_of_silence_ends_a_visit(db: Db) {
        let stage = Stage::new(db);
        stage.send("anna", &[stage.view("p1", "/a")]).await;
        stage.clock.advance(29 * MINUTE_US);
        stage.send("anna", &[stage.view("p2", "/b")]).await;
        assert_eq!(stage.count("visits").await, 1);
        stage.clock.advance(30 * MINUTE_US);
        stage.send("anna", &[stage.view("p3", "/c")]).await;
        assert_eq!(stage.count("visits").await, 2);
        // What a phone kept while it was offline goes into the visit it belongs to.
        let mut late = stage.view("p4", "/d");
        late["at"] = json!(stage.now_ms() - 45 * 60_000);
        stage.send("anna", &[late]).await;
        assert_eq!((stage.count("visits").await, stage.count("visitors").await, stage.count("pages").await), (2, 1, 4));
        let events = stage.events().await;
        assert_eq!(events[0].session_id, events[3].session_id);
        assert_ne!(events[0].session_id, events[2].session_id);
    }

    async fn machines_are_kept_apart(db: Db) {
        let stage = Stage::new(db);
        let lena = stage.contact("Lena", "lena@example.com").await;
        let token = contact_token(&stage.secret, lena, stage.clock.now());
        let written = stage.send_as(BOT, "spider", &[stage.view("p1", "/a"), stage.identified("i1", &token)]).await;
        assert_eq!((written.logged, written.machine), (1, 1), "a machine that follows a mail link is not the reader");
        let view = stage.events().await.into_iter().find(|e| e.name == "page.viewed").unwrap();
        assert!(view.machine && view.contact_id.is_none());
        assert_eq!(stage.count("stitches").await, 0);
    }

    async fn a_mail_click_joins_the_past_of_an_unknown_browser(db: Db) {
        let stage = Stage::new(db);
        let lena = stage.contact("Lena", "lena@example.com").await;
        stage.send("phone", &[stage.view("p1", "/a")]).await;
        let token = contact_token(&stage.secret, lena, stage.clock.now());
        stage.clock.advance(MINUTE_US);
        stage.send("phone", &[stage.view("p2", "/b"), stage.identified("i1", &token)]).await;
        stage.send("phone", &[stage.view("p3", "/c"), stage.identified("i2", &token)]).await;
        let events = stage.events().await;
        let views: Vec<_> = events.iter().filter(|e| e.name == "page.viewed").map(|e| e.contact_id).collect();
        assert_eq!(views, [Some(lena); 3]);
        assert_eq!(events.iter().filter(|e| e.name == "visitor.identified").count(), 1, "it is told once");
        assert_eq!((stage.count("stitches").await, stage.count("proofs").await), (1, 1));
        let mut tx = stage.db.read().await.unwrap();
        let contact = crate::contact::find(&mut tx, &attune_web::Scope::All, lena).await.unwrap().unwrap();
        assert_eq!(contact.last_seen_at, Some(stage.clock.now()));
    }

    async fn a_visit_touches_its_person_once_a_minute(db: Db) {
        let stage = Stage::new(db);
        let lena = stage.contact("Lena", "lena@example.com").await;
        let token = contact_token(&stage.secret, lena, stage.clock.now());
        stage.send("phone", &[stage.identified("i1", &token)]).await;
        let first = stage.clock.now();
        let seen = async || {
            let mut tx = stage.db.read().await.unwrap();
            crate::contact::find(&mut tx, &attune_web::Scope::All, lena).await.unwrap().unwrap().last_seen_at
        };
        stage.clock.advance(MINUTE_US);
        stage.send("phone", &[stage.view("p1", "/a")]).await;
        assert_eq!(seen().await, Some(first), "a minute is not more than a minute");
        stage.clock.advance(SECOND_US);
        stage.send("phone", &[stage.view("p2", "/b")]).await;
        assert_eq!(seen().await, Some(first + MINUTE_US + SECOND_US));
        assert_eq!(stage.events().await.iter().filter(|e| e.name == "page.viewed" && e.contact_id == Some(lena)).count(), 2, "the log keeps every moment");
    }

    async fn a_forwarded_link_takes_nobody_over(db: Db) {
        let stage = Stage::new(db);
        let (lena, omar) = (stage.contact("Lena", "lena@example.com").await, stage.contact("Omar", "omar@example.com").await);
        let now = stage.clock.now();
        stage.send("laptop", &[stage.view("p1", "/a"), stage.identified("i1", &contact_token(&stage.secret, omar, now))]).await;
        // Lena's mail is opened on Omar's laptop.
        stage.send("laptop", &[stage.identified("i2", &contact_token(&stage.secret, lena, now)), stage.view("p2", "/b")]).await;
        stage.send("laptop", &[stage.view("p3", "/c")]).await;
        let owner = |events: &[attune_events::Event], path: &str| events.iter().find(|e| e.subject.as_deref() == Some(path)).and_then(|e| e.contact_id);
        let events = stage.events().await;
        assert_eq!((owner(&events, "/a"), owner(&events, "/b"), owner(&events, "/c")), (Some(omar), Some(lena), Some(lena)));
        assert_eq!((stage.count("visitors").await, stage.count("visits").await, stage.count("stitches").await), (2, 2, 2));
    }

    async fn a_form_makes_a_contact_and_a_claim_does_not(db: Db) {
        let stage = Stage::new(db);
        let omar = stage.contact("Omar", "omar@example.com").await;
        let said = |id: &str, name: &str, props: serde_json::Value| json!({ "id": id, "name": name, "at": stage.now_ms(), "url": "/", "props": props });
        stage.send("a", &[said("c1", "visitor.identified", json!({ "traits": { "email": "Omar@Example.com" } }))]).await;
        assert_eq!((stage.count("claims").await, stage.count("stitches").await), (1, 0), "anybody can type an address");
        let token = form_token(&stage.secret, stage.clock.now());
        let form = json!({ "form": "newsletter", "email": "neu@example.com", "name": "Neu Mann", "token": token });
        stage.send("b", &[said("f1", "form.submitted", form)]).await;
        let made = stage.events().await.into_iter().find(|e| e.name == "form.submitted").unwrap().contact_id.unwrap();
        let mut tx = stage.db.read().await.unwrap();
        let contact = crate::contact::find(&mut tx, &attune_web::Scope::All, made).await.unwrap().unwrap();
        assert_eq!((contact.name.as_str(), contact.raw_email()), ("Neu Mann", Some("neu@example.com")));
        drop(tx);
        let traits = json!({ "traits": { "email": "omar@example.com" }, "token": token });
        stage.send("c", &[said("c2", "visitor.identified", traits)]).await;
        let external = external_token(&stage.secret, "customer:Omar", stage.clock.now());
        stage.send("d", &[stage.identified("x1", &external)]).await;
        let found: Vec<_> = stage.events().await.into_iter().filter(|e| e.name == "visitor.identified").map(|e| e.contact_id).collect();
        assert_eq!(found, [Some(omar), Some(omar)]);
    }

    async fn many_requests_share_a_commit_and_each_is_answered(db: Db) {
        let stage = Stage::new(db);
        let mut sent = Vec::new();
        for n in 0..40 {
            let passed = stage.read_as(CHROME, &format!("v{}", n % 7), &[stage.view(&format!("p{n}"), "/a")]).await;
            sent.push(stage.collector.offer(passed.hits));
        }
        let written = futures::future::join_all(sent).await;
        assert!(written.iter().all(|w| w.as_ref().is_ok_and(|w| w.logged == 1)));
        assert_eq!((stage.events().await.len(), stage.count("visitors").await, stage.count("visits").await), (40, 7, 7));
        // Remembered visitors are not looked up again, and their visits still grow.
        for n in 0..7 {
            stage.send(&format!("v{n}"), &[stage.view(&format!("q{n}"), "/b")]).await;
        }
        assert_eq!((stage.count("visits").await, stage.count("pages").await), (7, 47));
    }

    async fn other_rooms_send_events_without_a_browser(db: Db) {
        let stage = Stage::new(db);
        let lena = stage.contact("Lena", "lena@example.com").await;
        let mut opened = attune_events::Event::new("mail.opened", stage.clock.now()).contact(lena);
        opened.client_key = Some(17);
        let written = stage.collector.offer(vec![Hit::of(opened.clone()), Hit::of(opened)]).await.unwrap();
        assert_eq!((written.logged, written.repeated), (1, 1));
        assert_eq!(stage.count("visitors").await, 0);
    }
}
