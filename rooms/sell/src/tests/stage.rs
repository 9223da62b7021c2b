//! What tests stand on: a store with a team of staff and some contacts, and the room's pages behind a doorman who knows them.

use std::collections::HashMap;
use std::sync::Arc;

use attune_courier::{Courier, SmtpConfig};
use attune_db::{Db, params};
use attune_events::EventDef;
use attune_house::{App, House, Parts, Room};
use attune_identify::contact::{self, By, ContactDraft};
use attune_kernel::{Clock, Fault, Ids};
use attune_web::{Actor, BoxFuture, Doorman, Grant, PermissionDef, Secret, Texts, Theme, Via, Web, token_hash};

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

    /// The room behind a doorman; every member of the staff signs in with the name as token.
    pub(crate) async fn app(&self) -> App {
        let parts = Parts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            secret: Secret::new([7; 32]),
            public_url: "http://localhost".to_owned(),
            courier: Courier::new(SmtpConfig::new("127.0.0.1", 2525)).unwrap(),
        };
        let house = House::build(vec![neighbours(), crate::room(&parts)]).unwrap();
        let texts = Arc::new(Texts::build(&house.locales).unwrap());
        let doorman = Arc::new(Known { permissions: house.permissions.clone() });
        let mut web = Web::bare(self.db.clone(), texts, doorman, parts.secret.clone());
        web.clock = self.clock.clone();
        web.ids = self.ids.clone();
        web.nav = Arc::new(house.nav.clone());
        web.permissions = Arc::new(house.permissions.clone());
        App::new(parts, web, house, "test", 1)
    }
}

/// What the rooms to the left and the right would announce.
fn neighbours() -> Room {
    let own: Vec<&str> = crate::EVENTS.iter().map(|def| def.name).collect();
    let heard = [
        "push_funnel.completed",
        "contact.owner_changed",
        "contact.stage_changed",
        "contact.deleted",
        "contact.erased",
        "purchase.made",
        "form.submitted",
        "mail.clicked",
        "mail.opened",
        "visitor.identified",
        "mail.unsubscribed",
        "page.viewed",
        "contact.created",
        "contact.imported",
        "segment.entered",
        "mail.accepted",
    ];
    let def = |name| EventDef { name, meaning: "", subject: "", amount: "", behaviour: false };
    let view = PermissionDef { key: "identify.contact.view", label_key: "", admin: Grant::All, manager: Grant::Team, agent: Grant::Own };
    Room::new("neighbours").events(heard.into_iter().filter(|name| !own.contains(name)).map(def)).permissions([view]).locales(WORDS, WORDS)
}

const WORDS: &str = "neighbours-word = x\n";

/// A doorman who knows the staff of the stage by name.
struct Known {
    permissions: Vec<PermissionDef>,
}

impl Known {
    fn find(&self, hash: &str) -> Option<Actor> {
        let (id, name, role, team_id) = STAFF.into_iter().find(|(_, name, ..)| token_hash(name) == hash)?;
        let grant = |def: &PermissionDef| match role {
            "admin" => def.admin,
            "manager" => def.manager,
            _ => def.agent,
        };
        let grants: HashMap<String, attune_web::Scope> =
            self.permissions.iter().filter_map(|def| Some((def.key.to_owned(), grant(def).scope(id, team_id)?))).collect();
        Some(Actor {
            staff_id: id,
            name: name.to_owned(),
            role: role.to_owned(),
            team_id,
            locale: attune_kernel::Locale::En,
            theme: Theme::Auto,
            time_zone: jiff::tz::TimeZone::UTC,
            grants: Arc::new(grants),
            via: Via::Session { id },
        })
    }
}

impl Doorman for Known {
    fn by_session<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.find(token_hash)) })
    }

    fn by_api_key<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.find(token_hash)) })
    }

    fn needs_setup<'a>(&'a self, _: &'a Db) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async { Ok(false) })
    }

    fn set_preference<'a>(
        &'a self,
        _: &'a Db,
        _: &'a Actor,
        _: Option<attune_kernel::Locale>,
        _: Option<Theme>,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}
