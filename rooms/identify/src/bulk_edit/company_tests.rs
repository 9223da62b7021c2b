//! Bulk edits of companies: what is taken back is as it was, and who may change which.

use std::collections::BTreeMap;

use attune_db::{Tx, Value, params};
use attune_jobs::Bench;
use attune_testkit::{Colleague, StatusCode, TestApp, parts};
use attune_web::{Actor, Grant};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::company::{self, CompanyDraft};
use crate::field::{self, Field, FieldDraft, FieldKind, FieldOption};
use crate::staff::{self, Member};
use crate::tracking::Collector;

/// What is set: attribute and value as typed; nothing empties it.
const EDITS: [(&str, &str); 15] = [
    ("owner_id", "1"),
    ("owner_id", "2"),
    ("owner_id", ""),
    ("industry", "Retail"),
    ("industry", ""),
    ("city", "Bonn"),
    ("city", ""),
    ("country", "DE"),
    ("f:note", "hello"),
    ("f:note", ""),
    ("f:size", "5"),
    ("f:budget", "100 EUR"),
    ("f:likes", "ink;paper"),
    ("f:likes", "ink"),
    ("f:likes", ""),
];

/// What companies are given by hand, the edit, and what somebody changes between it and its undoing: which company and what.
type Story = (Vec<Vec<usize>>, usize, Vec<(usize, usize)>);

fn story() -> impl Strategy<Value = Story> {
    let edit = || 0..EDITS.len();
    let given = prop::collection::vec(prop::collection::vec(edit(), 0..6), 1..6);
    (given, edit(), prop::collection::vec((0_usize..5, edit()), 0..3))
}

async fn make_fields(tx: &mut Tx, by: &By<'_>) {
    let plain = |key: &str, kind| FieldDraft { subject: Subject::Company, ..FieldDraft::plain(key, key, kind) };
    let options = ["ink", "paper"].map(|key| FieldOption { key: key.into(), label: key.into(), gone: false }).to_vec();
    for draft in [
        plain("note", FieldKind::Text),
        plain("size", FieldKind::Number),
        FieldDraft { currency: Some("EUR".into()), ..plain("budget", FieldKind::Money) },
        FieldDraft { options, ..plain("likes", FieldKind::Choices) },
    ] {
        field::create(tx, by, &draft, None).await.unwrap();
    }
}

async fn set(tx: &mut Tx, by: &By<'_>, id: i64, (key, typed): (&str, &str)) {
    company::update_field(tx, by, &Scope::All, id, key, typed).await.unwrap();
}

/// Everything that is kept of a company, as text; the order of own values in their JSON copy does not count.
async fn kept(tx: &mut Tx, id: i64) -> BTreeMap<&'static str, String> {
    let found = company::find(tx, &Scope::All, id).await.unwrap().unwrap();
    let own: BTreeMap<String, Json> = found.fields.clone().into_iter().collect();
    let fixed = company::Company { fields: serde_json::Map::new(), ..found };
    let mut kept = BTreeMap::from([("company", format!("{fixed:?} {own:?}"))]);
    for (table, select) in [
        ("texts", "SELECT field_id, value, value_key FROM field_texts WHERE record_id = $1 ORDER BY field_id"),
        ("numbers", "SELECT field_id, value FROM field_numbers WHERE record_id = $1 ORDER BY field_id"),
        ("choices", "SELECT field_id, choice FROM field_choices WHERE record_id = $1 ORDER BY field_id, choice"),
    ] {
        let rows = tx.rows(select, params![id]).await.unwrap();
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
    async fn of(db: &attune_db::Db) -> Self {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let (actor, bench) = (Actor::system(), Bench { db: db.clone(), clock, ids });
        let mut tx = db.begin().await.unwrap();
        make_fields(&mut tx, &By { actor: &actor, now: 1, ids: &bench.ids }).await;
        let fields = field::list_of(&mut tx, Subject::Company).await.unwrap();
        let members = staff::list(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        Self { bench, actor, fields, members }
    }

    fn by(&self, now: i64) -> By<'_> {
        By { actor: &self.actor, now, ids: &self.bench.ids }
    }

    async fn firm(&self, tx: &mut Tx, given: &[usize]) -> i64 {
        let made = company::create(tx, &self.by(1_000), CompanyDraft { name: "Fisk".into(), ..CompanyDraft::default() }).await.unwrap();
        for edit in given {
            set(tx, &self.by(1_000), made.id, EDITS[*edit]).await;
        }
        made.id
    }

    async fn edit(&self, tx: &mut Tx, firms: &[i64], (key, typed): (&str, &str)) -> BulkEdit {
        let target = Target::read((Subject::Company, key), typed, typed.is_empty(), (&self.fields, &self.members)).unwrap();
        let chosen = Chosen::these(Subject::Company, firms.to_vec());
        let all = (&Scope::All, &Scope::All);
        let id = ask(tx, &self.by(2_000), &self.bench, all, &chosen, &target).await.unwrap();
        let asked = store::find(tx, id.0, None).await.unwrap().unwrap();
        while work::edit_some(tx, &self.by(2_000), &asked).await.unwrap() > 0 {}
        store::set_state(tx, asked.id, &[EditState::Waiting], EditState::Done).await.unwrap();
        store::find(tx, id.0, None).await.unwrap().unwrap()
    }

    async fn take_back(&self, tx: &mut Tx, edit: &BulkEdit) -> BulkEdit {
        assert_eq!(undo(tx, &self.by(4_000), &self.bench, &Scope::All, edit).await.unwrap(), Ok(()));
        while work::undo_some(tx, &self.by(4_000), edit).await.unwrap() > 0 {}
        store::find(tx, edit.id, None).await.unwrap().unwrap()
    }
}

/// Who sees every company and changes one's own.
const LOOKER: Colleague = Colleague::new("agent", 1).called("looker").granted(&[("identify.contact.view", Grant::All)]);
const COLLEAGUES: [Colleague; 4] = [
    Colleague::new("admin", 9),
    Colleague::new("agent", 2).of_team(20).called("other"),
    LOOKER,
    Colleague::new("agent", 3).called("reader").granted(&[("identify.contact.edit", Grant::None)]),
];

attune_testkit::on_both_dbs! {
    async fn undoing_gives_companies_back_what_was_there_and_what_others_changed_stays(db: Db) {
        let ground = Ground::of(&db).await;
        let mut runner = TestRunner::deterministic();
        for case in 0..25 {
            let (given, edit, meanwhile) = story().new_tree(&mut runner).unwrap().current();
            let mut tx = db.begin().await.unwrap();
            let (mut firms, mut before, mut former) = (Vec::new(), Vec::new(), Vec::new());
            for given in &given {
                firms.push(ground.firm(&mut tx, given).await);
            }
            for id in &firms {
                before.push(kept(&mut tx, *id).await);
                former.push(company::find(&mut tx, &Scope::All, *id).await.unwrap().unwrap());
            }
            let done = ground.edit(&mut tx, &firms, EDITS[edit]).await;
            let total = i64::try_from(firms.len()).unwrap();
            assert_eq!((done.counts.total, done.counts.changed + done.counts.same), (total, total), "{case}");
            for id in &firms {
                let now = company::find(&mut tx, &Scope::All, *id).await.unwrap().unwrap();
                assert_eq!(now.get(&done.attribute), done.value, "{case}");
            }
            let mut touched = BTreeMap::new();
            for (whom, what) in meanwhile.iter().filter(|(whom, _)| *whom < firms.len()) {
                set(&mut tx, &ground.by(3_000), firms[*whom], EDITS[*what]).await;
                touched.insert(*whom, company::find(&mut tx, &Scope::All, firms[*whom]).await.unwrap().unwrap());
            }
            let back = ground.take_back(&mut tx, &done).await;
            assert_eq!(back.counts.restored + back.counts.kept, done.counts.changed, "{case}");
            for (index, id) in firms.iter().enumerate() {
                let Some(left) = touched.get(&index) else {
                    assert_eq!(kept(&mut tx, *id).await, before[index], "{case}");
                    continue;
                };
                // What others made of it stays, also of the very attribute if it was no longer the edit's.
                let now = company::find(&mut tx, &Scope::All, *id).await.unwrap().unwrap();
                let whose = if left.get(&done.attribute) == done.value { &former[index] } else { left };
                assert_eq!(now.get(&done.attribute), whose.get(&done.attribute), "{case}");
                let mut others = now.differences(left);
                others.retain(|(key, ..)| *key != done.attribute && !(done.attribute == "owner_id" && key == "team_id"));
                assert_eq!(others, [], "{case}");
            }
            tx.commit().await.unwrap();
        }
    }

    async fn companies_are_chosen_looked_at_set_and_taken_back(db: Db) {
        let parts = parts(db.clone());
        let rooms = vec![crate::room(&parts, &Collector::start(&parts))];
        let site = TestApp::open(parts, rooms, &COLLEAGUES);
        let city = async |name: &str| -> Option<String> {
            let mut tx = db.read().await.unwrap();
            tx.find("SELECT city FROM companies WHERE name = $1", params![name]).await.unwrap().unwrap().at(0).unwrap()
        };
        let fisk = site.post("looker", "/companies", "name=Fisk&city=Bonn").await.is(StatusCode::SEE_OTHER).leads().to_owned();
        let heng = site.post("other", "/companies", "name=Heng").await.is(StatusCode::SEE_OTHER).leads().to_owned();
        let list = site.get("admin", "/companies?").await;
        assert!(list.has("action=\"/companies/bulk\"") && list.has("Edit field"), "{}", list.body);
        assert!(!site.get("reader", "/companies?").await.has("/companies/edits"));
        assert_ne!(site.get("admin", "/companies/edits/new").await.is(StatusCode::SEE_OTHER).cookie("attune_flash"), "");
        let ids = format!("ids={}&ids={}", fisk.rsplit('/').next().unwrap(), heng.rsplit('/').next().unwrap());
        let page = site.get("admin", &format!("/companies/edits/new?{ids}&query=")).await.is(StatusCode::OK);
        assert!(page.has("Companies selected: 2") && page.has(">Industry</option>") && !page.has("Stage"), "{}", page.body);
        let asked = format!("/companies/edits/new?{ids}&query=&key=city&look=1");
        site.get("admin", &format!("{asked}&value=")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let look = site.get("admin", &format!("{asked}&value=Kassel")).await.is(StatusCode::OK);
        assert!(look.has(">Bonn</th>") && look.has("Change 2 companies") && !look.has("bulk-edit-"), "{}", look.body);
        site.post("reader", "/companies/edits", "all=1&query=&key=city&value=Kassel").await.is(StatusCode::FORBIDDEN);
        site.post("admin", "/companies/edits", "all=1&query=&key=name&value=x").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        // Whoever sees more than they may change is told whom it left out.
        let look = site.get("looker", &format!("{asked}&value=Essen")).await;
        assert!(look.has("You may not change this company") && look.has("Change one company"), "{}", look.body);
        let made = site.post("looker", "/companies/edits", "all=1&query=&key=city&value=Essen").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("looker", made.leads()).await.has("/cancel"));
        site.settle().await;
        assert_eq!((city("Fisk").await.as_deref(), city("Heng").await), (Some("Essen"), None));
        let over = site.get("looker", made.leads()).await;
        assert!(over.has("You may not change this company") && over.has(">Heng</a>") && !over.has("bulk-edit-"), "{}", over.body);
        site.get("other", made.leads()).await.is(StatusCode::NOT_FOUND);
        site.get("looker", &made.leads().replace("/companies/", "/contacts/")).await.is(StatusCode::NOT_FOUND);
        assert!(site.get("looker", "/companies/edits").await.has("City: Essen"));
        assert!(!site.get("looker", "/contacts/edits").await.has("City: Essen"));
        site.post("looker", &format!("{}/undo", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(city("Fisk").await.as_deref(), Some("Bonn"));
        assert!(site.get("looker", made.leads()).await.has("Undone"));
    }
}
