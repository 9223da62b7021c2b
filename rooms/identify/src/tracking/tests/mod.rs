//! Tests of the collector: the pure steps, the write path on both engines, the address itself.

mod app;
pub(crate) mod atlas;
mod http;
mod steps;
mod ticked;
mod writing;

use attune_db::{Db, Tx, params, sql};
use attune_events::{Event, Spine, list_after};
use attune_kernel::{Clock, Ids};
use attune_web::Secret;
use serde_json::{Value as Json, json};

use super::{Client, Collector, Passed};

pub(crate) const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
pub(crate) const BOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/// A store with a collector in front, on a clock that stands still.
pub(crate) struct Stage {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) secret: Secret,
    pub(crate) collector: Collector,
}

impl Stage {
    pub(crate) fn new(db: Db) -> Self {
        Self::with_atlas(db, super::Atlas::default())
    }

    pub(crate) fn with_atlas(db: Db, atlas: super::Atlas) -> Self {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let secret = Secret::new([7; 32]);
        let spine = Spine { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let collector = Collector::open(&spine, secret.clone(), 64, atlas);
        Self { db, clock, ids, secret, collector }
    }

    pub(crate) fn client(&self, agent: &str) -> Client {
        Client {
            received_at: self.clock.now(),
            ip: "203.0.113.7".parse().ok(),
            agent: agent.to_owned(),
            has_language: true,
            objects: false,
            staff: false,
            app: false,
        }
    }

    /// Sends events of `visitor`, as the tracker would at this very moment.
    pub(crate) async fn send(&self, visitor: &str, events: &[Json]) -> super::Written {
        self.send_as(CHROME, visitor, events).await
    }

    pub(crate) async fn send_as(&self, agent: &str, visitor: &str, events: &[Json]) -> super::Written {
        let passed = self.read_as(agent, visitor, events).await;
        assert_eq!(passed.dropped, vec![], "nothing is dropped");
        self.collector.offer(passed.hits).await.unwrap()
    }

    pub(crate) async fn read_as(&self, agent: &str, visitor: &str, events: &[Json]) -> Passed {
        let body = self.body(visitor, events).to_string();
        self.collector.read(&self.client(agent), body.as_bytes()).await.unwrap().unwrap()
    }

    pub(crate) fn body(&self, visitor: &str, events: &[Json]) -> Json {
        json!({ "v": 1, "visitor": visitor, "consent": "implied", "host": "www.example.com", "sent_at": self.now_ms(), "events": events })
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now() / 1_000
    }

    pub(crate) fn view(&self, id: &str, url: &str) -> Json {
        json!({ "id": id, "name": "page.viewed", "at": self.now_ms(), "page": id, "url": url, "props": {} })
    }

    pub(crate) fn left(&self, id: &str, seq: i64, dwell_ms: i64) -> Json {
        json!({ "id": id, "name": "page.left", "at": self.now_ms(), "page": id, "seq": seq, "url": "/a", "props": { "dwell_ms": dwell_ms, "scroll_pct": 40 } })
    }

    pub(crate) fn identified(&self, id: &str, token: &str) -> Json {
        json!({ "id": id, "name": "visitor.identified", "at": self.now_ms(), "url": "/", "props": { "traits": {}, "token": token } })
    }

    /// The log, once what was acknowledged is in it.
    pub(crate) async fn events(&self) -> Vec<Event> {
        self.collector.settled().await;
        let mut tx = self.db.read().await.unwrap();
        list_after(&mut tx, 0, i64::MAX, &[], 10_000).await.unwrap()
    }

    pub(crate) async fn contact(&self, name: &str, email: &str) -> i64 {
        use crate::contact::{By, ContactDraft, create};
        let mut tx = self.db.begin().await.unwrap();
        let actor = attune_web::Actor::system();
        let by = By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let draft = ContactDraft { name: name.to_owned(), email: Some(email.to_owned()), ..ContactDraft::default() };
        let draft = ContactDraft { external: Some(("customer".to_owned(), name.to_owned())), ..draft };
        let id = create(&mut tx, &by, draft).await.unwrap();
        // A contact that comes with an address is found by it; the draft's key follows the address.
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn count(&self, what: &'static str) -> i64 {
        let mut tx = self.db.read().await.unwrap();
        counted(&mut tx, what).await
    }
}

async fn counted(tx: &mut Tx, what: &'static str) -> i64 {
    let text = match what {
        "visitors" => sql!("SELECT count(*) FROM visitors"),
        "visits" => sql!("SELECT count(*) FROM visits"),
        "pages" => sql!("SELECT CAST(sum(pages) AS BIGINT) FROM visits"),
        "dwell" => sql!("SELECT CAST(sum(dwell_us) AS BIGINT) FROM visits"),
        "logged dwell" => sql!("SELECT CAST(sum(amount) AS BIGINT) FROM events WHERE name = 'page.left'"),
        "stitches" => sql!("SELECT count(*) FROM stitches"),
        "push" => sql!("SELECT count(*) FROM identifiers WHERE kind = 'push_token' AND contact_id IS NOT NULL"),
        "claims" => sql!("SELECT count(*) FROM identifiers WHERE strength = 'claim'"),
        "proofs" => sql!("SELECT count(*) FROM identifiers WHERE strength = 'proof'"),
        other => panic!("{other} is not counted"),
    };
    tx.count(text, params![]).await.unwrap()
}
