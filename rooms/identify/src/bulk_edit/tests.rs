use std::collections::{BTreeMap, BTreeSet};

use attune_db::{Tx, Value, params};
use attune_jobs::{Bench, Job, JobContext, Verdict};
use attune_web::Actor;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::company;
use crate::contact::{self, ContactDraft, Stage};
use crate::field::{self, Field, FieldDraft, FieldKind, FieldOption};
use crate::merge::Pair;
use crate::staff::{self, Member};

/// How many random stories are told.
const CASES: usize = 25;
/// What is set: attribute and value as typed; nothing empties it.
const EDITS: [(&str, &str); 21] = [
    ("stage", "mql"),
    ("stage", "lead"),
    ("owner_id", "1"),
    ("owner_id", "2"),
    ("owner_id", ""),
    ("city", "Bonn"),
    ("city", ""),
    ("company", "Brandt"),
    ("company", ""),
    ("locale", "zh-CN"),
    ("source", "fair"),
    ("f:note", "hello"),
    ("f:note", ""),
    ("f:size", "5"),
    ("f:since", "2026-01-02"),
    ("f:vip", "yes"),
    ("f:budget", "100 EUR"),
    ("f:tier", "gold"),
    ("f:likes", "ink;paper"),
    ("f:likes", "ink"),
    ("f:likes", ""),
];

/// What a contact is given by hand, one edit after the other, and what somebody changes between the bulk edit and its undoing.
#[derive(Clone, Debug)]
struct Story {
    people: Vec<Vec<usize>>,
    edit: usize,
    /// By whom it is about and what.
    meanwhile: Vec<(usize, usize)>,
}

fn story() -> impl Strategy<Value = Story> {
    let edit = || 0..EDITS.len();
    let people = prop::collection::vec(prop::collection::vec(edit(), 0..6), 1..6);
    let meanwhile = prop::collection::vec((0_usize..5, edit()), 0..3);
    (people, edit(), meanwhile).prop_map(|(people, edit, meanwhile)| Story { people, edit, meanwhile })
}

async fn make_fields(tx: &mut Tx, by: &By<'_>) {
    let plain = |key: &str, kind| FieldDraft::plain(key, key, kind);
    let options = |keys: &[&str]| keys.iter().map(|key| FieldOption { key: (*key).into(), label: (*key).into(), gone: false }).collect();
    for draft in [
        plain("note", FieldKind::Text),
        plain("size", FieldKind::Number),
        plain("since", FieldKind::Date),
        plain("vip", FieldKind::Bool),
        FieldDraft { currency: Some("EUR".into()), ..plain("budget", FieldKind::Money) },
        FieldDraft { options: options(&["gold", "blue"]), ..plain("tier", FieldKind::Choice) },
        FieldDraft { options: options(&["ink", "paper"]), ..plain("likes", FieldKind::Choices) },
    ] {
        field::create(tx, by, &draft, None).await.unwrap();
    }
}

async fn set(tx: &mut Tx, by: &By<'_>, person: i64, (key, typed): (&str, &str)) {
    contact::update_field(tx, by, &Scope::All, person, key, typed).await.unwrap();
}

/// Everything that is kept of a contact, as text; the order of own values in their JSON copy does not count.
async fn kept(tx: &mut Tx, person: i64) -> BTreeMap<&'static str, String> {
    let mut kept = BTreeMap::new();
    let found = contact::find(tx, &Scope::All, person).await.unwrap().unwrap();
    let fields: BTreeMap<String, serde_json::Value> = found.fields.clone().into_iter().collect();
    let fixed = contact::Contact { fields: serde_json::Map::new(), ..found };
    kept.insert("contact", format!("{:?} {fields:?} {:?}", fixed, fixed.raw_email()));
    for (table, select) in [
        ("texts", "SELECT field_id, value, value_key FROM field_texts WHERE record_id = $1 ORDER BY field_id"),
        ("numbers", "SELECT field_id, value FROM field_numbers WHERE record_id = $1 ORDER BY field_id"),
        ("choices", "SELECT field_id, choice FROM field_choices WHERE record_id = $1 ORDER BY field_id, choice"),
        ("facts", "SELECT key, source, detail, at FROM contact_facts WHERE contact_id = $1 ORDER BY key"),
        ("words", "SELECT open, hidden FROM contact_search WHERE rowid = $1"),
    ] {
        let rows = tx.rows(select, params![person]).await.unwrap();
        let rows: Vec<Vec<Value>> = rows.into_iter().map(attune_db::Row::into_values).collect();
        kept.insert(table, format!("{rows:?}"));
    }
    kept
}

struct Ground {
    bench: Bench,
    actor: Actor,
    fields: Vec<Field>,
    members: Vec<Member>,
}

impl Ground {
    fn by(&self, now: i64) -> By<'_> {
        By { actor: &self.actor, now, ids: &self.bench.ids }
    }

    async fn ask(&self, tx: &mut Tx, now: i64, people: &[i64], (key, typed): (&str, &str)) -> BulkEdit {
        let target = Target::read((Subject::Contact, key), typed, typed.is_empty(), (&self.fields, &self.members)).unwrap();
        let target = target.settled(tx, &self.by(now)).await.unwrap();
        let all = (&Scope::All, &Scope::All);
        let id = ask(tx, &self.by(now), &self.bench, all, &Chosen::these(Subject::Contact, people.to_vec()), &target).await.unwrap();
        again(tx, id.0).await
    }

    async fn begin(&self, tx: &mut Tx, now: i64, people: &[i64], edit: (&str, &str)) -> BulkEdit {
        let asked = self.ask(tx, now, people, edit).await;
        while work::edit_some(tx, &self.by(now), &asked).await.unwrap() > 0 {}
        store::set_state(tx, asked.id, &[EditState::Waiting], EditState::Done).await.unwrap();
        again(tx, asked.id).await
    }

    /// Runs the job of an edit like a server that knows of it what it knew when it took it.
    async fn run(&self, edit: &BulkEdit, cancel_asked: bool, stop: CancellationToken) -> Verdict {
        let job = attune_jobs::find(&mut self.bench.db.read().await.unwrap(), edit.job_id.unwrap()).await.unwrap().unwrap();
        let def = jobs::defs().into_iter().find(|def| def.kind == job.kind).unwrap();
        let payload = job.payload.clone();
        let context = JobContext { bench: self.bench.clone(), job: Job { cancel_asked, ..job }, stop };
        def.run.run(&context, &payload).await.unwrap()
    }

    async fn take_back(&self, tx: &mut Tx, now: i64, edit: &BulkEdit) -> BulkEdit {
        assert_eq!(undo(tx, &self.by(now), &self.bench, &Scope::All, edit).await.unwrap(), Ok(()));
        while work::undo_some(tx, &self.by(now), edit).await.unwrap() > 0 {}
        again(tx, edit.id).await
    }
}

/// The edit as it stands now.
async fn again(tx: &mut Tx, id: i64) -> BulkEdit {
    store::find(tx, id, None).await.unwrap().unwrap()
}

async fn five(tx: &mut Tx, ground: &Ground) -> Vec<i64> {
    let mut people = Vec::new();
    for _ in 0..5 {
        people.push(person(tx, &ground.by(1_000), &[5]).await);
    }
    people
}

async fn ground(db: &attune_db::Db) -> Ground {
    let clock = attune_testkit::clock();
    let ids = attune_testkit::ids(&clock);
    let actor = Actor::system();
    let bench = Bench { db: db.clone(), clock, ids };
    let mut tx = db.begin().await.unwrap();
    make_fields(&mut tx, &By { actor: &actor, now: 1, ids: &bench.ids }).await;
    let (fields, members) = (field::list(&mut tx).await.unwrap(), staff::list(&mut tx).await.unwrap());
    tx.commit().await.unwrap();
    Ground { bench, actor, fields, members }
}

async fn person(tx: &mut Tx, by: &By<'_>, given: &[usize]) -> i64 {
    let draft =
        ContactDraft { name: "Ada".into(), email: Some("ada@analytic.example".into()), stage: Stage::Lead, ..ContactDraft::default() };
    let id = contact::create(tx, by, draft).await.unwrap();
    for edit in given {
        set(tx, by, id, EDITS[*edit]).await;
    }
    id
}

attune_testkit::on_both_dbs! {
    async fn undoing_gives_back_what_was_there_and_what_others_changed_stays(db: Db) {
        let ground = ground(&db).await;
        let mut runner = TestRunner::deterministic();
        for case in 0..CASES {
            let story = story().new_tree(&mut runner).unwrap().current();
            let edit = EDITS[story.edit];
            let mut tx = db.begin().await.unwrap();
            let mut people = Vec::new();
            for given in &story.people {
                people.push(person(&mut tx, &ground.by(1_000), given).await);
            }
            let mut before = Vec::new();
            for id in &people {
                before.push(kept(&mut tx, *id).await);
            }
            let done = ground.begin(&mut tx, 2_000, &people, edit).await;
            let total = i64::try_from(people.len()).unwrap();
            assert_eq!((done.counts.total, done.counts.changed + done.counts.same), (total, total), "{case}: {story:?}");
            for id in &people {
                let now = contact::find(&mut tx, &Scope::All, *id).await.unwrap().unwrap();
                assert_eq!(now.raw(&done.attribute), done.value, "{case}: {story:?}");
            }
            let mut touched = BTreeMap::new();
            for (whom, what) in story.meanwhile.iter().filter(|(whom, _)| *whom < people.len()) {
                set(&mut tx, &ground.by(3_000), people[*whom], EDITS[*what]).await;
                touched.insert(*whom, kept(&mut tx, people[*whom]).await);
            }
            let back = ground.take_back(&mut tx, 4_000, &done).await;
            assert_eq!(back.counts.restored + back.counts.kept, done.counts.changed, "{case}: {story:?}");
            for (index, id) in people.iter().enumerate() {
                let now = kept(&mut tx, *id).await;
                match touched.get(&index) {
                    None => assert_eq!(now, before[index], "{case}: {story:?}"),
                    Some(left) => {
                        let found = contact::find(&mut tx, &Scope::All, *id).await.unwrap().unwrap();
                        // Either what others made of it stays as a whole, or only this attribute is as it was.
                        if now != *left {
                            let was = was_so(&before[index], &found, &done.attribute);
                            assert!(was, "{case}: {story:?}");
                        }
                    }
                }
            }
            tx.commit().await.unwrap();
        }
    }

    async fn who_was_changed_since_or_is_gone_is_left_alone_and_listed(db: Db) {
        let ground = ground(&db).await;
        let mut tx = db.begin().await.unwrap();
        let mut people = Vec::new();
        for _ in 0..4 {
            people.push(person(&mut tx, &ground.by(1_000), &[5]).await);
        }
        let [changed, gone, other, plain] = people[..] else { panic!("four people") };
        let done = ground.begin(&mut tx, 2_000, &people, ("city", "Kassel")).await;
        set(&mut tx, &ground.by(3_000), changed, ("city", "Hagen")).await;
        set(&mut tx, &ground.by(3_000), other, ("stage", "sql")).await;
        contact::delete(&mut tx, &ground.by(3_000), &Scope::All, &[gone]).await.unwrap();
        let back = ground.take_back(&mut tx, 4_000, &done).await;
        assert_eq!((back.counts.changed, back.counts.restored, back.counts.kept), (4, 2, 2));
        let causes = store::list_causes(&mut tx, done.id, 0, 10).await.unwrap();
        let causes: BTreeMap<i64, String> = causes.into_iter().map(|(id, _, cause)| (id, cause)).collect();
        assert_eq!(causes, BTreeMap::from([(changed, "changed".to_owned()), (gone, "gone".to_owned())]));
        for (id, city) in [(changed, "Hagen"), (other, "Bonn"), (plain, "Bonn")] {
            let found = contact::find(&mut tx, &Scope::All, id).await.unwrap().unwrap();
            assert_eq!(found.city.as_deref(), Some(city));
            assert!(id != other || (found.stage, found.updated_at) == (Stage::Sql, 3_000));
        }
        let refused = undo(&mut tx, &ground.by(5_000), &ground.bench, &Scope::All, &back).await.unwrap();
        assert_eq!(refused, Err("bulk-edit-not-over"), "not while it is being undone");
        // What is needed for it goes after 30 days.
        store::set_state(&mut tx, done.id, &[EditState::Undoing], EditState::Undone).await.unwrap();
        while purge(&mut tx, 2_000, 1).await.unwrap() {}
        assert_eq!(tx.count("SELECT count(*) FROM bulk_rows", params![]).await.unwrap(), 4, "asked for at that moment");
        while purge(&mut tx, 2_001, 3).await.unwrap() {}
        assert_eq!(tx.count("SELECT count(*) FROM bulk_rows", params![]).await.unwrap(), 0);
        tx.commit().await.unwrap();
    }

    async fn a_job_ends_where_it_is_asked_to_and_goes_on_where_it_was(db: Db) {
        let ground = ground(&db).await;
        let mut tx = db.begin().await.unwrap();
        let people = five(&mut tx, &ground).await;
        let edit = ground.ask(&mut tx, 2_000, &people, ("city", "Kassel")).await;
        work::edit_some(&mut tx, &ground.by(2_000), &edit).await.unwrap();
        tx.commit().await.unwrap();
        // The server stopped behind the first batch, and stops again.
        let stopped = CancellationToken::new();
        stopped.cancel();
        assert!(matches!(ground.run(&edit, false, stopped).await, Verdict::Retry(..)));
        let counts = again(&mut db.read().await.unwrap(), edit.id).await.counts;
        assert_eq!((counts.changed, counts.total), (3, 5));
        assert!(matches!(ground.run(&edit, false, CancellationToken::new()).await, Verdict::Done(_)));
        let done = again(&mut db.read().await.unwrap(), edit.id).await;
        assert_eq!((done.state, done.counts.changed, done.counts.same), (EditState::Done, 5, 0));
        // Asked to end while it is at the first batch.
        let mut tx = db.begin().await.unwrap();
        let edit = ground.ask(&mut tx, 3_000, &people, ("city", "Essen")).await;
        tx.exec("UPDATE jobs SET cancel_asked = TRUE WHERE id = $1", params![edit.job_id]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(ground.run(&edit, false, CancellationToken::new()).await, Verdict::Cancelled(_)));
        let ended = again(&mut db.read().await.unwrap(), edit.id).await;
        assert_eq!((ended.state, ended.counts.changed), (EditState::Cancelled, 3));
        // The server stopped before it had heard: nobody more is changed by the next.
        let mut tx = db.begin().await.unwrap();
        let edit = ground.ask(&mut tx, 4_000, &people, ("city", "Hamm")).await;
        tx.commit().await.unwrap();
        assert!(matches!(ground.run(&edit, true, CancellationToken::new()).await, Verdict::Cancelled(_)));
        let ended = again(&mut db.read().await.unwrap(), edit.id).await;
        assert_eq!((ended.state, ended.counts.changed), (EditState::Cancelled, 0));
    }

    async fn two_runs_of_one_job_change_and_count_everybody_once(db: Db) {
        let ground = ground(&db).await;
        let mut tx = db.begin().await.unwrap();
        let people = five(&mut tx, &ground).await;
        let edit = ground.ask(&mut tx, 2_000, &people, ("city", "Kassel")).await;
        tx.commit().await.unwrap();
        let run = || ground.run(&edit, false, CancellationToken::new());
        tokio::join!(run(), run());
        let mut tx = db.begin().await.unwrap();
        let done = again(&mut tx, edit.id).await;
        assert_eq!((done.state, done.counts.changed, done.counts.same), (EditState::Done, 5, 0));
        let back = ground.take_back(&mut tx, 3_000, &done).await;
        assert_eq!(back.counts.restored, 5);
        for id in people {
            let found = contact::find(&mut tx, &Scope::All, id).await.unwrap().unwrap();
            assert_eq!(found.city.as_deref(), Some("Bonn"));
        }
    }

    async fn an_edit_whose_job_is_lost_ends_and_is_taken_back_to_the_end(db: Db) {
        let ground = ground(&db).await;
        let mut tx = db.begin().await.unwrap();
        let people = five(&mut tx, &ground).await;
        let done = ground.begin(&mut tx, 2_000, &people, ("city", "Kassel")).await;
        assert_eq!(undo(&mut tx, &ground.by(3_000), &ground.bench, &Scope::All, &done).await.unwrap(), Ok(()));
        work::undo_some(&mut tx, &ground.by(3_000), &done).await.unwrap();
        assert!(!end_lost(&mut tx, done.id).await.unwrap(), "its job waits");
        tx.exec("UPDATE jobs SET state = 'failed'", params![]).await.unwrap();
        assert!(end_lost(&mut tx, done.id).await.unwrap());
        let lost = again(&mut tx, done.id).await;
        assert_eq!((lost.state, lost.counts.restored, lost.undoable(3_000)), (EditState::Failed, 3, 2));
        // Not once what was there is kept no longer.
        let late = 2_000 + contact::jobs::KEPT_US;
        assert_eq!(lost.undoable(late), 0);
        let refused = undo(&mut tx, &ground.by(late), &ground.bench, &Scope::All, &lost).await.unwrap();
        assert_eq!(refused, Err("bulk-edit-too-late"));
        let back = ground.take_back(&mut tx, 4_000, &lost).await;
        assert_eq!((back.counts.restored, back.counts.kept), (5, 0));
        // What was lost for as long is no longer kept either.
        tx.exec("UPDATE jobs SET state = 'failed'", params![]).await.unwrap();
        while purge(&mut tx, 2_001, 10).await.unwrap() {}
        assert_eq!(again(&mut tx, done.id).await.state, EditState::Failed);
        assert_eq!(tx.count("SELECT count(*) FROM bulk_rows", params![]).await.unwrap(), 0);
        tx.commit().await.unwrap();
    }

    async fn owner_and_team_come_back_together(db: Db) {
        let ground = ground(&db).await;
        let mut tx = db.begin().await.unwrap();
        let id = person(&mut tx, &ground.by(1_000), &[2]).await;
        let team = async |tx: &mut Tx, team: i64| tx.exec("UPDATE contacts SET team_id = $1", params![team]).await.unwrap();
        // Both owners are of one team, until the second moves to another.
        team(&mut tx, 20).await;
        let done = ground.begin(&mut tx, 2_000, &[id], ("owner_id", "2")).await;
        team(&mut tx, 77).await;
        ground.take_back(&mut tx, 3_000, &done).await;
        let found = contact::find(&mut tx, &Scope::All, id).await.unwrap().unwrap();
        assert_eq!(found.place(), (Some(1), Some(20)));
        tx.commit().await.unwrap();
    }

    async fn edits_of_one_contact_at_the_same_moment_all_stay(db: Db) {
        let ground = ground(&db).await;
        let mut tx = db.begin().await.unwrap();
        let id = person(&mut tx, &ground.by(1_000), &[]).await;
        tx.commit().await.unwrap();
        for round in 0..20 {
            let edit = async |key: &str| {
                let mut tx = db.begin().await.unwrap();
                set(&mut tx, &ground.by(2_000), id, (key, &format!("{key} {round}"))).await;
                tx.commit().await.unwrap();
            };
            tokio::join!(edit("city"), edit("title"));
            let found = contact::find(&mut db.read().await.unwrap(), &Scope::All, id).await.unwrap().unwrap();
            assert_eq!((found.city, found.title), (Some(format!("city {round}")), Some(format!("title {round}"))));
        }
    }

    async fn companies_that_were_merged_since_mean_the_one_that_remained(db: Db) {
        let ground = ground(&db).await;
        let mut tx = db.begin().await.unwrap();
        let by = ground.by(1);
        let [one, other] = [person(&mut tx, &by, &[]).await, person(&mut tx, &by, &[]).await];
        let mut firms = Vec::new();
        for name in ["Fisk", "Heng", "Nord", "Sud"] {
            firms.push(company::find_or_create(&mut tx, &by, name, None).await.unwrap().id);
        }
        set(&mut tx, &by, one, ("company", "Fisk")).await;
        let asked = ground.ask(&mut tx, 2, &[one, other], ("company", "Nord")).await;
        let merge = async |tx: &mut Tx, survivor: i64, loser: i64| {
            let pair = Pair { survivor, loser };
            company::merge::merge(tx, &ground.bench, &ground.by(3), &Scope::All, pair, &BTreeSet::new()).await.unwrap();
        };
        let of = async |tx: &mut Tx, id: i64| contact::find(tx, &Scope::All, id).await.unwrap().unwrap().company_id;
        // Between the asking and the work Nord has become part of Sud; before it is taken back, Fisk of Heng, and Sud of Heng, too.
        merge(&mut tx, firms[3], firms[2]).await;
        while work::edit_some(&mut tx, &ground.by(4), &asked).await.unwrap() > 0 {}
        store::set_state(&mut tx, asked.id, &[EditState::Waiting], EditState::Done).await.unwrap();
        assert_eq!([of(&mut tx, one).await, of(&mut tx, other).await], [Some(firms[3]); 2]);
        merge(&mut tx, firms[1], firms[0]).await;
        let asked = again(&mut tx, asked.id).await;
        let undone = ground.take_back(&mut tx, 5, &asked).await;
        assert_eq!(undone.counts.restored, 2, "{:?}", undone.counts);
        assert_eq!([of(&mut tx, one).await, of(&mut tx, other).await], [Some(firms[1]), None]);
    }

    async fn each_is_told_like_an_edit_by_hand(db: Db) {
        let ground = ground(&db).await;
        let mut tx = db.begin().await.unwrap();
        let people = [person(&mut tx, &ground.by(1_000), &[]).await, person(&mut tx, &ground.by(1_000), &[0]).await];
        let done = ground.begin(&mut tx, 2_000, &people, ("stage", "mql")).await;
        assert_eq!((done.counts.changed, done.counts.same), (1, 1));
        ground.begin(&mut tx, 2_000, &people, ("owner_id", "1")).await;
        let told = async |tx: &mut Tx, name: &str| {
            tx.count("SELECT count(*) FROM events WHERE name = $1 AND at = 2000", params![name]).await.unwrap()
        };
        assert_eq!(told(&mut tx, "contact.stage_changed").await, 1);
        assert_eq!(told(&mut tx, "contact.updated").await, 1);
        assert_eq!(told(&mut tx, "contact.owner_changed").await, 2);
        let lines = "SELECT count(*) FROM audit_log WHERE at = 2000 AND kind = 'contact' AND action = $1";
        assert_eq!(tx.count(lines, params!["contact.updated"]).await.unwrap(), 1);
        assert_eq!(tx.count(lines, params!["contact.owner_changed"]).await.unwrap(), 2);
        let owned = contact::find(&mut tx, &Scope::Team { team_id: Some(10), staff_id: 9 }, people[0]).await.unwrap();
        assert_eq!(owned.unwrap().team_id, Some(10), "the owner's team follows");
        tx.commit().await.unwrap();
    }
}

/// Whether the attribute is now what the dump of before says it was.
fn was_so(before: &BTreeMap<&'static str, String>, now: &contact::Contact, key: &str) -> bool {
    let value = now.raw(key);
    let told = match (key, &value) {
        (key, serde_json::Value::Null) => match key.strip_prefix("f:") {
            Some(own) => return !before["contact"].contains(&format!("{own:?}: ")),
            None => format!("{key}: None"),
        },
        ("stage", _) => format!("stage: {:?}", now.stage),
        ("owner_id" | "company_id", value) => format!("{key}: Some({value})"),
        (key, value) => match key.strip_prefix("f:") {
            Some(own) => format!("{own:?}: {value:?}"),
            None => format!("{key}: Some({:?})", value.as_str().unwrap_or("")),
        },
    };
    before["contact"].contains(&told)
}

#[test]
fn nobody_as_an_owner_is_an_empty_field() {
    let to = |value: &str| address((Subject::Contact, &[]), true, "stage=lead", ("owner_id", value));
    assert_eq!(to("none"), "/contacts/edits/new?all=1&query=stage%3Dlead&key=owner_id&empty=1&look=1");
    assert_eq!(to("2"), "/contacts/edits/new?all=1&query=stage%3Dlead&key=owner_id&value=2&look=1");
}

#[test]
fn what_does_not_fit_is_said() {
    let none: (&[Field], &[Member]) = (&[], &[]);
    let read = |key: &str, typed: &str, empty: bool| Target::read((Subject::Contact, key), typed, empty, none).map(|target| target.value);
    assert_eq!(read("city", " Bonn ", false), Ok(json!("Bonn")));
    assert_eq!(read("city", "Bonn", true), Ok(Json::Null));
    assert_eq!(read("city", " ", false), Err("bulk-edit-needs-value"));
    assert_eq!(read("city", &"x".repeat(201), false), Err("identify-too-long"));
    assert_eq!(read("stage", "", true), Err("bulk-edit-never-empty"));
    assert_eq!(read("stage", "gone", false), Err("web-not-a-choice"));
    assert_eq!(read("owner_id", "1", false), Err("web-not-a-choice"));
    assert_eq!(read("f:gone", "1", false), Err("bulk-edit-field-gone"));
    for key in ["name", "domain", "phone", "parent_id", "stage", "team_id"] {
        assert!(!rules::is_editable(Subject::Company, key, &[]), "{key}");
    }
    for key in ["email", "name", "consent", "external_id", "team_id"] {
        assert!(!rules::is_editable(Subject::Contact, key, &[]), "{key}");
        assert!(Target::read((Subject::Contact, key), "x", false, none).is_err(), "{key}");
    }
}
