//! What tests stand on: a store with a team of staff and some contacts, and the room's pages behind a doorman who knows them.

use std::collections::BTreeSet;

use attune_db::{Db, params};
use attune_events::EventDef;
use attune_house::{Parts, Room};
use attune_identify::contact::{self, By, ContactDraft};
use attune_kernel::{Clock, Ids};
use attune_testkit::{Colleague, TestApp};
use attune_web::{Actor, Grant, PermissionDef};

use crate::change::react::{KeepChanges, TickSteps};
use crate::handover::react::{FreeHands, ShareSurvivors};

/// Staff of the stage: (id, name, role, team).
pub(crate) const STAFF: [(i64, &str, &str, Option<i64>); 5] = [
    (1, "Ada", "admin", None),
    (2, "Mei", "manager", Some(70)),
    (3, "Tom", "agent", Some(70)),
    (4, "Lin", "agent", Some(70)),
    (5, "Zoe", "agent", Some(71)),
];

/// A store, its time and its ids.
pub(crate) struct Stage {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl Stage {
    /// Two teams with their people.
    pub(crate) async fn new(db: Db) -> Self {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let mut tx = db.begin().await.unwrap();
        for (id, name) in [(70_i64, "Rhine"), (71, "Hansa")] {
            let sql = "INSERT INTO teams (id, name, name_key, created_at) VALUES ($1, $2, $2, 0)";
            tx.exec(sql, params![id, name]).await.unwrap();
        }
        for (id, name, role, team) in STAFF {
            let sql = "INSERT INTO staff (id, name, email, email_key, role, team_id, password_hash, locale, theme, time_zone, active, created_at, updated_at)
                       VALUES ($1, $2, $3, $3, $4, $5, '', 'en', 'auto', 'UTC', TRUE, 0, 0)";
            tx.exec(sql, params![id, name, format!("{name}@example.com"), role, team]).await.unwrap();
        }
        tx.commit().await.unwrap();
        Self { db, clock, ids }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Makes `count` contacts called P1, P2, …
    pub(crate) async fn people(&self, count: usize) -> Vec<i64> {
        let mut tx = self.db.begin().await.unwrap();
        let actor = Actor::system();
        let by = By { actor: &actor, now: self.now(), ids: &self.ids };
        let mut made = Vec::new();
        for number in 1..=count {
            let draft = ContactDraft { name: format!("P{number}"), ..ContactDraft::default() };
            made.push(contact::create(&mut tx, &by, draft).await.unwrap());
        }
        tx.commit().await.unwrap();
        made
    }

    /// The number a query answers with.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.db.read().await.unwrap().count(sql, params![]).await.unwrap()
    }

    /// The room's pages; every member of the staff is known by name.
    pub(crate) fn site(&self) -> TestApp {
        let parts = Parts { clock: self.clock.clone(), ids: self.ids.clone(), ..attune_testkit::parts(self.db.clone()) };
        let rooms = vec![neighbours(), crate::room(&parts)];
        let colleague = |(staff_id, name, role, team_id): (i64, &'static str, &'static str, Option<i64>)| Colleague {
            team_id,
            ..Colleague::new(role, staff_id).called(name)
        };
        TestApp::open(parts, rooms, &STAFF.map(colleague))
    }
}

/// What the rooms to the left and the right would announce.
fn neighbours() -> Room {
    let own: Vec<&str> = crate::EVENTS.iter().map(|def| def.name).collect();
    let heard: BTreeSet<&str> =
        [ShareSurvivors::HEARS, FreeHands::HEARS, KeepChanges::HEARS, TickSteps::HEARS, crate::task::mention::TellMentioned::HEARS]
            .concat()
            .into_iter()
            .collect();
    let def = |name| EventDef { name, meaning: "", subject: "", amount: "", behaviour: false };
    let view = PermissionDef { key: "identify.contact.view", label_key: "", admin: Grant::All, manager: Grant::Team, agent: Grant::Own };
    Room::new("neighbours").events(heard.into_iter().filter(|name| !own.contains(name)).map(def)).permissions([view]).locales(WORDS, WORDS)
}

const WORDS: &str = "neighbours-word = x\n";
