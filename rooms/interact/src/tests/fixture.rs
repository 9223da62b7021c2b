//! What the room's tests stand on: a store with people, a relay on this machine, and the workers run by hand.

use std::sync::Arc;

use attune_courier::mailbox::{MailboxLimits, MailboxServer, MemorySink};
use attune_courier::{Courier, SmtpConfig};
use attune_db::{Column, Conflict, Db, Migration, Relation, Value, params};
use attune_house::Parts;
use attune_jobs::{JobDef, Runner, TimerDef, Timers};
use attune_kernel::{Clock, Ids};
use attune_testkit::START_AT;
use attune_web::Secret;
use tokio_util::sync::CancellationToken;

use crate::message::{Kind, Plan, SEND_JOB, Sender};
use crate::push_funnel::{ROUND_TIMER, RoundDue};
use crate::template::{self, TemplateDraft, TemplateId};

/// Every migration a test of this room needs; the staff come as a plain table behind the view other rooms see.
pub(crate) fn test_migrations() -> Vec<Migration> {
    const STAFF: &str = "CREATE TABLE test_staff (id BIGINT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, role TEXT NOT NULL, team_id BIGINT, active BOOLEAN NOT NULL);
        CREATE VIEW v_govern_staff AS SELECT id, name, email, role, team_id, active FROM test_staff;
        INSERT INTO test_staff (id, name, email, role, active) VALUES (7, 'Mei Tan', 'mei@attune.example', 'agent', TRUE), (8, 'Bruno Orsi', 'bruno@attune.example', 'agent', TRUE);";
    let mut all = attune_house::base_migrations();
    all.extend(attune_identify::migrations());
    all.extend(attune_differentiate::migrations());
    all.extend(crate::migrations());
    all.push(Migration { name: "20261122_9999_test_staff", lite: STAFF, pg: STAFF });
    all
}

/// A store, a clock, a relay.
pub(crate) struct Stage {
    pub(crate) parts: Parts,
    pub(crate) sink: MemorySink,
    pub(crate) stop: CancellationToken,
}

impl Stage {
    /// A stage whose relay is the built-in mailbox.
    pub(crate) async fn open(db: Db) -> Self {
        let sink = MemorySink::default();
        let clock = Clock::manual(START_AT);
        let stop = CancellationToken::new();
        let server = MailboxServer::bind("127.0.0.1:0".parse().unwrap(), Arc::new(sink.clone()), clock.clone(), MailboxLimits::default())
            .await
            .unwrap();
        let port = server.address().port();
        tokio::spawn(server.serve(stop.clone()));
        Self { parts: parts(db, clock, port), sink, stop }
    }

    /// A stage whose relay does not answer.
    pub(crate) fn without_relay(db: Db) -> Self {
        Self { parts: parts(db, Clock::manual(START_AT), 1), sink: MemorySink::default(), stop: CancellationToken::new() }
    }

    pub(crate) fn now(&self) -> i64 {
        self.parts.clock.now()
    }

    /// Runs due timers and jobs until nothing is left.
    pub(crate) async fn settle(&self) {
        let bench = self.parts.bench();
        let send = JobDef { kind: SEND_JOB, max_attempts: 100, run: Arc::new(Sender::new(&self.parts)) };
        let runner = Runner::new(bench.clone(), "test", vec![send], Vec::new(), 2);
        let timers = Timers::new(bench, vec![TimerDef { kind: ROUND_TIMER, on_due: Arc::new(RoundDue) }]);
        while runner.settle().await.unwrap() + timers.settle().await.unwrap() > 0 {}
    }

    /// Adds `count` contacts that staff imported: ids 1001…, addresses p1001@example.com….
    pub(crate) async fn people(&self, count: i64) {
        let names = [
            ("id", Column::Int),
            ("name", Column::Text),
            ("name_key", Column::Text),
            ("given_name", Column::Text),
            ("email", Column::Text),
            ("email_key", Column::Text),
            ("stage", Column::Text),
            ("import_id", Column::Int),
            ("fields", Column::Text),
            ("created_at", Column::Int),
            ("updated_at", Column::Int),
        ];
        let mut rows = Relation::new(&names);
        for id in 1001..1001 + count {
            let email = format!("p{id}@example.com");
            let fields = if id % 2 == 0 { r#"{"round_1":"yes"}"# } else { "{}" };
            let given = if id == 1003 { Value::Null } else { Value::from(format!("Ada{id}")) };
            rows.push(params![
                id,
                format!("Ada{id} Lin"),
                format!("ada{id} lin"),
                given,
                &email,
                &email,
                "lead",
                5_i64,
                fields,
                START_AT,
                START_AT
            ]);
        }
        let mut tx = self.parts.db.begin().await.unwrap();
        tx.insert("contacts", &rows, Conflict::Fail).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A mailing of a fresh template, owned by a number nothing else has.
    pub(crate) async fn mailing(&self, kind: Kind) -> Plan {
        let template_id = self.template().await;
        let version_id = template::store::get(&mut self.parts.db.read().await.unwrap(), template_id).await.unwrap().version_id;
        let owner_id = self.parts.ids.next();
        Plan {
            kind,
            owner_id,
            series_id: owner_id,
            title: "Spring".to_owned(),
            version_id,
            from_name: "Attune".to_owned(),
            from_address: "hello@attune.example".to_owned(),
            any_hour: false,
            answer: false,
            priority: 0,
            topic_id: None,
        }
    }

    pub(crate) async fn template(&self) -> TemplateId {
        let mut tx = self.parts.db.begin().await.unwrap();
        let id = template::create(&mut tx, &self.parts.ids, self.now(), &draft(), None).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// The state and reason of every send, in order.
    pub(crate) async fn sends(&self) -> Vec<(String, Option<String>)> {
        let mut tx = self.parts.db.read().await.unwrap();
        let rows = tx.rows("SELECT state, reason FROM sends ORDER BY id", params![]).await.unwrap();
        rows.iter().map(|row| (row.get("state").unwrap(), row.get("reason").unwrap())).collect()
    }

    pub(crate) async fn count_events(&self, name: &str) -> i64 {
        let mut tx = self.parts.db.read().await.unwrap();
        tx.count("SELECT count(*) FROM events WHERE name = $1", params![name]).await.unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn parts(db: Db, clock: Clock, port: u16) -> Parts {
    let mut config = SmtpConfig::new("127.0.0.1", port);
    config.connections = 4;
    Parts {
        db,
        ids: Ids::new(clock.clone(), 1),
        clock,
        secret: Secret::new([7; 32]),
        public_url: "https://crm.example".to_owned(),
        courier: Courier::new(config).unwrap(),
    }
}

/// A mail with a greeting, two links and its own way out.
pub(crate) fn draft() -> TemplateDraft {
    TemplateDraft {
        name: "Spring".to_owned(),
        language: "en".to_owned(),
        subject: "News for {{ contact.given_name | default(\"you\") }}".to_owned(),
        preheader: "Short".to_owned(),
        mjml: r#"<mjml><mj-body><mj-section><mj-column>
          <mj-text>Hello {{ contact.given_name | default("there") }} & co</mj-text>
          <mj-button href="https://shop.example/a?x=1&amp;y=2">Look</mj-button>
          <mj-text><a href="https://shop.example/b?who={{ contact.email }}">More</a> <a href="{{ unsubscribe_url }}">Stop</a></mj-text>
        </mj-column></mj-section></mj-body></mjml>"#
            .to_owned(),
    }
}
