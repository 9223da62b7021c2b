use attune_db::{Db, params};
use attune_events::{Event, React, Spine};
use attune_house::ContactTable;
use attune_identify::contact::{self, By, ContactDraft};
use attune_identify::merge::{self, MergeId, Pair};
use attune_jobs::{Bench, OnDue};
use attune_kernel::{Clock, HOUR_US, Ids};
use attune_testkit::on_both_dbs;
use attune_web::{Actor, Scope};
use proptest::prelude::*;

use super::react::{FollowLeavers, KeepFunnel, Recount};
use super::*;

pub(crate) struct Scene {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    seq: std::sync::atomic::AtomicI64,
}

impl Scene {
    pub(crate) fn new(db: Db) -> Self {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        Self { db, clock, ids, seq: std::sync::atomic::AtomicI64::new(0) }
    }

    fn spine(&self) -> Spine {
        Spine { db: self.db.clone(), clock: self.clock.clone(), ids: self.ids.clone() }
    }

    pub(crate) async fn person(&self, name: &str, source: &str) -> i64 {
        let actor = Actor::system();
        let mut tx = self.db.begin().await.unwrap();
        let by = By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let draft = ContactDraft { name: name.to_owned(), ..ContactDraft::default() };
        let id = contact::create(&mut tx, &by, draft).await.unwrap();
        tx.exec("UPDATE contacts SET source = $2 WHERE id = $1", params![id, source]).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Appends events and lets the reactors hear everything they have not heard.
    pub(crate) async fn tell(&self, mut events: Vec<Event>) {
        let mut tx = self.db.begin().await.unwrap();
        attune_events::append(&mut tx, &mut events).await.unwrap();
        let from = self.seq.load(std::sync::atomic::Ordering::SeqCst);
        let heard = attune_events::list_after(&mut tx, from, i64::MAX, react::HEARS, 10_000).await.unwrap();
        KeepFunnel.react(&self.spine(), &mut tx, &heard).await.unwrap();
        let leavers = attune_events::list_after(&mut tx, from, i64::MAX, FollowLeavers::HEARS, 10_000).await.unwrap();
        FollowLeavers.react(&self.spine(), &mut tx, &leavers).await.unwrap();
        let head = tx.count("SELECT last_seq FROM event_head", params![]).await.unwrap();
        tx.commit().await.unwrap();
        self.seq.store(head, std::sync::atomic::Ordering::SeqCst);
    }

    fn event(&self, name: &'static str, contact_id: i64) -> Event {
        Event::new(name, self.clock.now()).contact(contact_id)
    }

    async fn figures(&self) -> Figures {
        figures(&mut self.db.read().await.unwrap(), self.all(), None).await.unwrap()
    }

    fn by<'a>(&'a self, actor: &'a Actor) -> By<'a> {
        By { actor, now: self.clock.now(), ids: &self.ids }
    }

    async fn merge(&self, survivor: i64, loser: i64) -> MergeId {
        let actor = Actor::system();
        let mut tx = self.db.begin().await.unwrap();
        let pair = Pair { survivor, loser };
        let id = merge::merge(&mut tx, &self.by(&actor), &Scope::All, &tables(), pair, &std::collections::BTreeSet::new()).await.unwrap();
        tx.commit().await.unwrap();
        self.tell(vec![]).await;
        self.recount().await;
        id
    }

    async fn recount(&self) {
        let mut tx = self.db.begin().await.unwrap();
        store::recount(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn all(&self) -> Period {
        Period { from_day: 0, to_day: self.clock.now() / DAY_US + 1 }
    }
}

fn tables() -> Vec<ContactTable> {
    std::iter::once(ContactTable::EVENTS).chain(attune_identify::CONTACT_TABLES).collect()
}

fn counts(figures: &Figures) -> Vec<i64> {
    figures.rows.iter().map(|row| row.people).collect()
}

/// A whole way: five become known, three engage, two are handed over, one is accepted and buys; another buys alone.
async fn history(stage: &Scene) -> Vec<i64> {
    let mut people = Vec::new();
    for (name, source) in [("A", "web"), ("B", "web"), ("C", "fair"), ("D", "fair"), ("E", "")] {
        people.push(stage.person(name, source).await);
    }
    stage.tell(vec![]).await;
    stage.clock.advance(HOUR_US);
    stage.tell(vec![stage.event("mail.clicked", people[0]), stage.event("form.submitted", people[1])]).await;
    stage.clock.advance(HOUR_US);
    stage.tell(vec![stage.event("lead.handed_over", people[0]), stage.event("lead.handed_over", people[2])]).await;
    stage.clock.advance(2 * HOUR_US);
    stage.tell(vec![stage.event("lead.accepted", people[0]), stage.event("lead.rejected", people[2]).subject("too_small")]).await;
    stage.clock.advance(HOUR_US);
    stage.tell(vec![stage.event("purchase.made", people[0]), stage.event("purchase.made", people[3])]).await;
    people
}

on_both_dbs! {
    async fn whoever_read_much_keeps_the_steps_through_a_merge(db: Db) {
        let scene = Scene::new(db);
        let (ada, twin) = (scene.person("Ada", "fair").await, scene.person("Ada L.", "fair").await);
        scene.tell((0..6_000).map(|_| scene.event("page.viewed", ada)).collect()).await;
        scene.clock.advance(HOUR_US);
        scene.tell(vec![scene.event("form.submitted", ada), scene.event("lead.handed_over", ada)]).await;
        let before = counts(&scene.figures().await);
        scene.merge(ada, twin).await;
        let after = counts(&scene.figures().await);
        assert_eq!((after[0], after[1], after[2]), (before[0] - 1, before[1], before[2]));
        assert!(before[2] == 1, "{before:?}");
    }

    async fn two_who_are_one_are_counted_once_until_they_are_split(db: Db) {
        let scene = Scene::new(db);
        let (ada, twin) = (scene.person("Ada", "fair").await, scene.person("Ada L.", "fair").await);
        let made = vec![scene.event("form.submitted", twin).subject("demo")];
        scene.tell(made).await;
        let before = counts(&scene.figures().await);
        let merged = scene.merge(ada, twin).await;
        let after = counts(&scene.figures().await);
        assert_eq!((after[0], after[1]), (before[0] - 1, before[1]), "one person less, and as many engaged");
        let mut tx = scene.db.begin().await.unwrap();
        merge::split(&mut tx, &scene.by(&Actor::system()), &Scope::All, &tables(), merged).await.unwrap();
        tx.commit().await.unwrap();
        scene.tell(vec![]).await;
        scene.recount().await;
        assert_eq!(counts(&scene.figures().await), before);
    }

    async fn the_figures_are_what_sql_over_the_store_says(db: Db) {
        let stage = Scene::new(db);
        history(&stage).await;
        let figures = stage.figures().await;
        assert_eq!(counts(&figures), [5, 3, 2, 1, 1]);
        let mut tx = stage.db.read().await.unwrap();
        let plain = [
            "SELECT count(*) FROM contacts WHERE deleted_at IS NULL",
            "SELECT count(DISTINCT contact_id) FROM events WHERE name IN ('mail.clicked', 'form.submitted', 'lead.handed_over')",
            "SELECT count(DISTINCT contact_id) FROM events WHERE name = 'lead.handed_over'",
            "SELECT count(DISTINCT contact_id) FROM events WHERE name = 'lead.accepted'",
            "SELECT count(DISTINCT p.contact_id) FROM events p JOIN events a ON a.contact_id = p.contact_id AND a.name = 'lead.accepted' AND a.at <= p.at WHERE p.name = 'purchase.made'",
        ];
        for (sql, row) in plain.iter().zip(&figures.rows) {
            assert_eq!(tx.count(sql, params![]).await.unwrap(), row.people, "{sql}");
        }
        assert_eq!(figures.direct, 1);
        let accepted = figures.row(Stage::Accepted).unwrap();
        assert_eq!((accepted.rate, accepted.median_us, accepted.left), (Some(0.5), Some(2 * HOUR_US), 1));
        assert_eq!(accepted.losses, [("too_small".to_owned(), 1)]);
        assert_eq!(figures.median_won_us, Some(5 * HOUR_US));
        assert_eq!(figures.sources.iter().map(|s| (s.source.as_deref().unwrap(), s.people[0])).collect::<Vec<_>>(), [("fair", 2), ("web", 2), ("", 1)]);
        assert_eq!(figures.days.iter().map(|d| (d.1, d.2)).collect::<Vec<_>>(), [(5, 3)]);
    }

    async fn one_source_and_the_period_before(db: Db) {
        let stage = Scene::new(db);
        let old = stage.person("Old", "web").await;
        stage.tell(vec![stage.event("mail.clicked", old)]).await;
        stage.clock.advance(2 * DAY_US);
        history(&stage).await;
        let today = stage.clock.now() / DAY_US;
        let period = Period { from_day: today, to_day: today + 2 };
        let mut tx = stage.db.read().await.unwrap();
        let figures = figures(&mut tx, period, Some("web")).await.unwrap();
        assert_eq!(counts(&figures), [2, 2, 1, 1, 1]);
        let engaged = figures.row(Stage::Engaged).unwrap();
        assert_eq!((engaged.people_before, engaged.rate_before), (Some(1), Some(1.0)));
    }

    async fn visitors_are_counted_once_and_known_when_they_say_who_they_are(db: Db) {
        let stage = Scene::new(db);
        let lena = stage.person("Lena", "web").await;
        let view = |visitor: i64, machine: bool| {
            let mut event = Event::new("page.viewed", stage.clock.now());
            (event.visitor_id, event.machine) = (Some(visitor), machine);
            event
        };
        let mut known = stage.event("visitor.identified", lena);
        known.visitor_id = Some(11);
        stage.tell(vec![view(11, false), view(11, false), view(12, false), view(13, true), known.clone()]).await;
        stage.tell(vec![known]).await;
        let figures = stage.figures().await;
        assert_eq!((figures.visitors, figures.identified, counts(&figures)[0]), (2, 1, 1));
    }

    async fn leavers_leave_the_figures_and_come_back(db: Db) {
        let stage = Scene::new(db);
        let people = history(&stage).await;
        let actor = Actor::system();
        let mut tx = stage.db.begin().await.unwrap();
        let by = By { actor: &actor, now: stage.clock.now(), ids: &stage.ids };
        contact::delete(&mut tx, &by, &attune_web::Scope::All, &people[..1]).await.unwrap();
        tx.commit().await.unwrap();
        stage.tell(vec![]).await;
        let bench = Bench { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
        let mut tx = stage.db.begin().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM timers WHERE kind = 'measure.recount_funnel'", params![]).await.unwrap(), 1);
        Recount.due(&bench, &mut tx, &[0], stage.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(counts(&stage.figures().await), [4, 2, 1, 0, 0]);
        let mut tx = stage.db.begin().await.unwrap();
        contact::restore(&mut tx, &by, &attune_web::Scope::All, &people[..1]).await.unwrap();
        tx.commit().await.unwrap();
        stage.tell(vec![]).await;
        assert_eq!(counts(&stage.figures().await), [5, 3, 2, 1, 1]);
    }

    async fn a_scanners_click_is_no_engagement(db: Db) {
        let stage = Scene::new(db);
        let (lena, max, ida) = (stage.person("Lena", "web").await, stage.person("Max", "web").await, stage.person("Ida", "web").await);
        let click = |contact: i64| {
            let mut event = stage.event("mail.clicked", contact);
            event.client_key = Some(contact);
            event
        };
        stage.tell(vec![click(lena), click(max), stage.event("form.submitted", max), click(ida), stage.event("lead.handed_over", ida)]).await;
        assert_eq!(counts(&stage.figures().await), [3, 3, 1, 0, 0]);
        let mut tx = stage.db.begin().await.unwrap();
        attune_events::disown(&mut tx, [lena, max, ida]).await.unwrap();
        tx.commit().await.unwrap();
        stage.tell([lena, max, ida].map(|contact| stage.event("mail.click_rejudged", contact)).into()).await;
        let mut tx = stage.db.begin().await.unwrap();
        store::recount(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(counts(&stage.figures().await), [3, 2, 1, 0, 0], "who engaged otherwise, or went further, stays");
    }

    async fn hearing_twice_and_counting_anew_change_nothing(db: Db) {
        let stage = Scene::new(db);
        history(&stage).await;
        let before = stage.figures().await;
        let mut tx = stage.db.begin().await.unwrap();
        let all = attune_events::list_after(&mut tx, 0, i64::MAX, react::HEARS, 1000).await.unwrap();
        KeepFunnel.react(&stage.spine(), &mut tx, &all).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stage.figures().await, before);
        let mut tx = stage.db.begin().await.unwrap();
        store::recount(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stage.figures().await, before);
    }

    async fn figures_that_went_wrong_are_healed(db: Db) {
        let stage = Scene::new(db);
        let people = history(&stage).await;
        let mut tx = stage.db.begin().await.unwrap();
        tx.exec("DELETE FROM funnel_steps WHERE contact_id = $1", params![people[0]]).await.unwrap();
        tx.exec("DELETE FROM contacts WHERE id = $1", params![people[0]]).await.unwrap();
        tx.commit().await.unwrap();
        let bench = Bench { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
        react::heal(&bench).await.unwrap();
        assert_eq!(counts(&stage.figures().await), [4, 2, 1, 0, 0]);
        react::heal(&bench).await.unwrap();
    }

    async fn an_import_is_counted_in_one_go(db: Db) {
        let stage = Scene::new(db);
        for number in 0..5 {
            let id = stage.person(&format!("P{number}"), "list").await;
            let mut tx = stage.db.begin().await.unwrap();
            tx.exec("UPDATE contacts SET import_id = 77 WHERE id = $1", params![id]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut tx = stage.db.begin().await.unwrap();
        let imported = Event::new("contact.imported", stage.clock.now()).origin(77);
        KeepFunnel.react(&stage.spine(), &mut tx, &[imported.clone(), imported]).await.unwrap();
        tx.commit().await.unwrap();
        stage.tell(vec![]).await;
        assert_eq!(counts(&stage.figures().await), [5, 0, 0, 0, 0]);
    }
}

proptest! {
    #[test]
    fn whoever_is_in_a_stage_is_in_all_before_it(kinds in prop::collection::vec((0_usize..6, 1_i64..6, 0_i64..100), 0..60)) {
        const NAMES: [&str; 6] = ["mail.clicked", "lead.handed_over", "lead.accepted", "purchase.made", "lead.rejected", "contact.created"];
        let events: Vec<Event> = kinds.iter().map(|(kind, contact, at)| Event::new(NAMES[*kind], *at).contact(*contact)).collect();
        let steps = steps::read(&events);
        for stage in Stage::ALL {
            let Some(reached) = steps.reached.get(&stage) else { continue };
            let Some(before) = stage.before().filter(|before| *before > Stage::Known) else { continue };
            for (contact, at) in reached {
                let earlier = steps.reached.get(&before).and_then(|earlier| earlier.get(contact));
                prop_assert!(earlier.is_some_and(|earlier| earlier <= at));
            }
        }
        let named: std::collections::BTreeSet<i64> = events.iter().filter_map(|e| e.contact_id).collect();
        prop_assert_eq!(steps.known.into_iter().collect::<std::collections::BTreeSet<i64>>(), named);
    }
}
