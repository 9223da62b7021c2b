//! A small house for tests of this room: the reactors, timers and jobs of scores and segments over a store of their own.

use std::collections::BTreeSet;

use attune_db::Db;
use attune_events::{Event, Reactors, Spine, append};
use attune_house::ContactTable;
use attune_identify::company::{self, CompanyDraft};
use attune_identify::contact::{self, ContactDraft};
use attune_identify::field::{self, FieldDraft, FieldKind, FieldOption, Subject};
use attune_identify::merge::{self, MergeId, Pair};
use attune_jobs::{Bench, Runner, Timers};
use attune_kernel::{Clock, Ids};
use attune_web::{Actor, Scope};

use crate::segment::{self, Rule, SegmentId};

fn tables() -> Vec<ContactTable> {
    std::iter::once(ContactTable::EVENTS).chain(attune_identify::CONTACT_TABLES).collect()
}

/// What the room to the left lets rules ask.
fn facets() -> Vec<segment::FacetField> {
    segment::facet_fields(&attune_identify::facets().collect::<Vec<_>>())
}

/// The store with everything that keeps scores and segments.
pub(crate) struct Trial {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) bench: Bench,
    reactors: Reactors,
    timers: Timers,
    runner: Runner,
}

impl Trial {
    pub(crate) fn new(db: Db) -> Self {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let spine = Spine { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let facets = facets();
        let reactors = Reactors::new(spine, crate::reactors(&facets));
        let timers = Timers::new(bench.clone(), crate::timers(&facets));
        let runner = Runner::new(bench.clone(), "test", crate::jobs(&facets), Vec::new(), 1);
        Self { db, clock, ids, bench, reactors, timers, runner }
    }

    /// Runs everything until nothing is left to do.
    pub(crate) async fn settle(&self) {
        loop {
            let heard = self.reactors.settle().await.unwrap();
            let due = self.timers.settle().await.unwrap();
            let ran = self.runner.settle().await.unwrap();
            if heard + due + ran == 0 {
                return;
            }
        }
    }

    pub(crate) async fn contact(&self, name: &str, city: Option<&str>) -> i64 {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let draft = ContactDraft { name: name.to_owned(), city: city.map(str::to_owned), ..ContactDraft::default() };
        let mut tx = self.db.begin().await.unwrap();
        let id = contact::create(&mut tx, &by, draft).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn company(&self, name: &str) -> i64 {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        let made = company::create(&mut tx, &by, CompanyDraft { name: name.to_owned(), ..CompanyDraft::default() }).await.unwrap();
        tx.commit().await.unwrap();
        made.id
    }

    pub(crate) async fn change_company(&self, id: i64, key: &str, value: &str) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        company::update_field(&mut tx, &by, &Scope::All, id, key, value).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Deletes a company.
    pub(crate) async fn hide(&self, id: i64) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        company::delete(&mut tx, &self.bench, &by, &Scope::All, &[id]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Brings a company back; answers whether it was deleted.
    pub(crate) async fn bring_back(&self, id: i64) -> bool {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        let back = company::restore(&mut tx, &self.bench, &by, &Scope::All, &[id]).await.unwrap();
        tx.commit().await.unwrap();
        !back.is_empty()
    }

    /// A field of contacts of one's own; money is in euros.
    pub(crate) async fn field(&self, key: &str, kind: FieldKind, options: &[&str]) {
        self.field_of(Subject::Contact, key, kind, options).await;
    }

    /// The same of contacts or companies.
    pub(crate) async fn field_of(&self, subject: Subject, key: &str, kind: FieldKind, options: &[&str]) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let option = |label: &&str| FieldOption { key: label.to_lowercase(), label: (*label).to_owned(), gone: false };
        let currency = (kind == FieldKind::Money).then(|| "EUR".to_owned());
        let draft = FieldDraft { subject, currency, options: options.iter().map(option).collect(), ..FieldDraft::plain(key, key, kind) };
        let mut tx = self.db.begin().await.unwrap();
        field::create(&mut tx, &by, &draft, None).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn change(&self, id: i64, field: &str, value: &str) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        contact::update_field(&mut tx, &by, &Scope::All, id, field, value).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Gives somebody exactly these tags.
    pub(crate) async fn tag(&self, id: i64, names: &[&str]) {
        self.tag_of((Subject::Contact, id), names).await;
    }

    /// The same of a contact or a company.
    pub(crate) async fn tag_of(&self, whose: (Subject, i64), names: &[&str]) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut tx = self.db.begin().await.unwrap();
        attune_identify::tag::replace(&mut tx, &by, whose, &names).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn delete(&self, id: i64) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        contact::delete(&mut tx, &by, &Scope::All, &[id]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Makes `loser` part of `survivor`, with the tables of the log and of the room to the left.
    pub(crate) async fn merge(&self, survivor: i64, loser: i64) -> MergeId {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let pair = Pair { survivor, loser };
        let mut tx = self.db.begin().await.unwrap();
        let id = merge::merge(&mut tx, &by, &Scope::All, &tables(), pair, &BTreeSet::new()).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn split(&self, id: MergeId) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        merge::split(&mut tx, &by, &Scope::All, &tables(), id).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Makes one company part of another.
    pub(crate) async fn join(&self, survivor: i64, loser: i64) -> MergeId {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        let pair = Pair { survivor, loser };
        let id = company::merge::merge(&mut tx, &self.bench, &by, &Scope::All, pair, &BTreeSet::new()).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Parts them again.
    pub(crate) async fn part(&self, id: MergeId) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        company::merge::split(&mut tx, &self.bench, &by, &Scope::All, id).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Brings a deleted contact back.
    pub(crate) async fn restore(&self, id: i64) {
        let actor = Actor::system();
        let by = contact::By { actor: &actor, now: self.clock.now(), ids: &self.ids };
        let mut tx = self.db.begin().await.unwrap();
        contact::restore(&mut tx, &by, &Scope::All, &[id]).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn happen(&self, events: Vec<Event>) {
        let mut events = events;
        let mut tx = self.db.begin().await.unwrap();
        append(&mut tx, &mut events).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn view(&self, contact: i64, path: &str) {
        self.happen(vec![Event::new("page.viewed", self.clock.now()).contact(contact).subject(path)]).await;
    }

    /// Makes a dynamic segment of a rule in text.
    pub(crate) async fn segment(&self, name: &str, rule: &str) -> SegmentId {
        let actor = Actor::system();
        let by = segment::By { actor: &actor, now: self.clock.now(), ids: &self.ids, bench: &self.bench };
        let mut tx = self.db.begin().await.unwrap();
        let id = segment::create(&mut tx, &by, name, segment::parse(rule).unwrap(), &facets()).await.expect(rule);
        tx.commit().await.unwrap();
        SegmentId(id)
    }

    pub(crate) async fn members(&self, segment: SegmentId) -> Vec<i64> {
        segment::members(&mut self.db.read().await.unwrap(), segment.0).await.unwrap()
    }

    /// How many jobs of this kind there were.
    pub(crate) async fn jobs(&self, kind: &str) -> i64 {
        let mut tx = self.db.read().await.unwrap();
        tx.count("SELECT count(*) FROM jobs WHERE kind = $1", attune_db::params![kind]).await.unwrap()
    }

    /// Who a full look finds now.
    pub(crate) async fn found(&self, rule: &Rule) -> Vec<i64> {
        let mut tx = self.db.read().await.unwrap();
        let sql = segment::select(&mut tx, rule, &facets(), self.clock.now()).await.unwrap();
        segment::first(&mut tx, &sql, 10_000).await.unwrap()
    }

    /// The names of the log behind `seq`, with subject and amount.
    pub(crate) async fn log(&self, contact: i64) -> Vec<Event> {
        let mut tx = self.db.read().await.unwrap();
        let all = attune_events::list_after(&mut tx, 0, i64::MAX, &[], 100_000).await.unwrap();
        all.into_iter().filter(|event| event.contact_id == Some(contact)).collect()
    }
}
