use std::collections::BTreeSet;

use attune_db::{Tx, params};
use attune_house::ContactTable;
use attune_jobs::Bench;
use attune_web::{Actor, Scope};

use super::*;
use crate::consent::{ConsentDraft, MARKETING, State};
use crate::contact::{ContactDraft, Stage as Step};
use crate::erasure::Traces;
use crate::import;
use crate::stitching::contact_token;
use crate::tracking::tests::Stage;

fn tables() -> Vec<ContactTable> {
    let own = crate::CONTACT_TABLES.into_iter().chain(crate::sockets::CONTACT_TABLES);
    std::iter::once(ContactTable::EVENTS).chain(own).collect()
}

async fn person(tx: &mut Tx, by: &By<'_>, name: &str, email: Option<&str>, owner_id: Option<i64>) -> i64 {
    let draft = ContactDraft { name: name.to_owned(), email: email.map(str::to_owned), owner_id, ..ContactDraft::default() };
    contact::create(tx, by, draft).await.unwrap()
}

fn said(contact_id: i64, channel: &str, state: State) -> ConsentDraft {
    ConsentDraft {
        contact_id,
        channel: channel.to_owned(),
        purpose: MARKETING.to_owned(),
        state,
        source: "form".to_owned(),
        wording: None,
        proof: None,
        staff_id: None,
    }
}

async fn joined(tx: &mut Tx, by: &By<'_>, survivor: i64, loser: i64, take: &[&str]) -> MergeId {
    let take: BTreeSet<String> = take.iter().map(|unit| (*unit).to_owned()).collect();
    merge(tx, by, &Scope::All, &tables(), Pair { survivor, loser }, &take).await.unwrap()
}

attune_testkit::on_both_dbs! {
    async fn the_chosen_values_stay_and_the_other_record_leads_to_the_one_who_remains(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let old = person(&mut tx, &by, "Ada Lovelace", Some("ada@work.example"), None).await;
        let new = person(&mut tx, &by, "A. Lovelace", Some("ada@home.example"), None).await;
        contact::update_field(&mut tx, &by, &Scope::All, new, "phone", "+44 20 7946 0018").await.unwrap();
        contact::update_field(&mut tx, &by, &Scope::All, new, "company", "Analytical Engines").await.unwrap();
        contact::set_stage(&mut tx, &by, &[new], Step::Sql).await.unwrap();
        let (survivor, loser) = find_both(&mut tx, &Scope::All, Pair { survivor: old, loser: new }).await.unwrap();
        assert_eq!(units::differing(&survivor, &loser), ["name", "email", "phone", "company", "stage"]);
        let suggested = units::suggested(&survivor, &loser);
        assert_eq!(suggested.iter().map(String::as_str).collect::<Vec<_>>(), ["company", "phone", "stage"]);
        let id = merge(&mut tx, &by, &Scope::All, &tables(), Pair { survivor: old, loser: new }, &suggested).await.unwrap();
        let ada = contact::find(&mut tx, &Scope::All, old).await.unwrap().unwrap();
        let known = (ada.name.as_str(), ada.raw_email(), ada.raw_phone(), ada.company_name.as_deref(), ada.stage);
        assert_eq!(known, ("Ada Lovelace", Some("ada@work.example"), Some("+44 20 7946 0018"), Some("Analytical Engines"), Step::Sql));
        assert!(contact::find(&mut tx, &Scope::All, new).await.unwrap().is_none());
        assert_eq!(contact::survivor_of(&mut tx, new).await.unwrap(), Some(old));
        let found = contact::list_by_given_up(&mut tx, contact::ByKeys::Email, ["ada@home.example".to_owned()]).await.unwrap();
        assert_eq!(found, [("ada@home.example".to_owned(), old)]);
        // Neither bringing back what was deleted nor merging again reaches who is part of another.
        assert!(contact::restore(&mut tx, &by, &Scope::All, &[new]).await.unwrap().is_empty());
        let again = merge(&mut tx, &by, &Scope::All, &tables(), Pair { survivor: old, loser: new }, &BTreeSet::new()).await;
        assert!(matches!(again, Err(ContactError::NotFound)));
        let itself = merge(&mut tx, &by, &Scope::All, &tables(), Pair { survivor: old, loser: old }, &BTreeSet::new()).await;
        assert!(matches!(itself, Err(ContactError::NotFound)));
        assert_eq!(list_of(&mut tx, Subject::Contact, old).await.unwrap().iter().map(|merge| (merge.id, merge.name.as_str())).collect::<Vec<_>>(), [(id, "A. Lovelace")]);
        // What somebody changed since is not undone by the split.
        contact::update_field(&mut tx, &by, &Scope::All, old, "phone", "+44 20 7946 0999").await.unwrap();
        split(&mut tx, &by, &Scope::All, &tables(), id).await.unwrap();
        let ada = contact::find(&mut tx, &Scope::All, old).await.unwrap().unwrap();
        assert_eq!((ada.raw_phone(), ada.company_id, ada.stage), (Some("+44 20 7946 0999"), None, Step::Lead));
        let back = contact::find(&mut tx, &Scope::All, new).await.unwrap().unwrap();
        assert_eq!((back.raw_email(), back.stage), (Some("ada@home.example"), Step::Sql));
        assert!(matches!(split(&mut tx, &by, &Scope::All, &tables(), id).await, Err(ContactError::NotFound)));
    }

    async fn nobody_merges_beyond_his_reach(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mine = person(&mut tx, &by, "Ada", None, Some(1)).await;
        let other = person(&mut tx, &by, "Ada", None, Some(2)).await;
        let own = Scope::Own { staff_id: 1 };
        for pair in [Pair { survivor: mine, loser: other }, Pair { survivor: other, loser: mine }] {
            let refused = merge(&mut tx, &by, &own, &tables(), pair, &BTreeSet::new()).await;
            assert!(matches!(refused, Err(ContactError::NotFound)));
        }
        let id = joined(&mut tx, &by, other, mine, &[]).await;
        assert!(matches!(split(&mut tx, &by, &own, &tables(), id).await, Err(ContactError::NotFound)));
    }

    async fn where_one_said_no_no_holds(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let mut tx = db.begin().await.unwrap();
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let old = person(&mut tx, &by, "Ada", None, None).await;
        let new = person(&mut tx, &by, "Ada", None, None).await;
        let early = [said(old, "email", State::Withdrawn), said(new, "phone", State::Given), said(old, "sms", State::Withdrawn)];
        consent::record(&mut tx, &ids, clock.now(), &early).await.unwrap();
        clock.advance(1_000_000);
        let late = [said(new, "email", State::Given), said(old, "phone", State::Given), said(new, "sms", State::Withdrawn)];
        consent::record(&mut tx, &ids, clock.now(), &late).await.unwrap();
        clock.advance(1_000_000);
        let by = By { now: clock.now(), ..by };
        let before = [consent::list(&mut tx, old, 99).await.unwrap(), consent::list(&mut tx, new, 99).await.unwrap()];
        let id = joined(&mut tx, &by, old, new, &[]).await;
        let held = consent::current(&mut tx, old).await.unwrap();
        let held: Vec<_> = held.iter().map(|line| (line.said.channel.as_str(), line.said.state, line.said.source.as_str())).collect();
        assert_eq!(held, [("email", State::Withdrawn, "merge"), ("phone", State::Given, "form"), ("sms", State::Withdrawn, "form")]);
        split(&mut tx, &by, &Scope::All, &tables(), id).await.unwrap();
        assert_eq!([consent::list(&mut tx, old, 99).await.unwrap(), consent::list(&mut tx, new, 99).await.unwrap()], before);
    }

    async fn a_browser_and_an_old_link_of_either_are_those_of_the_one_who_remains(db: Db) {
        let stage = Stage::new(db);
        let ada = stage.contact("Ada", "ada@work.example").await;
        let twin = stage.contact("Ada L.", "ada@home.example").await;
        let token = contact_token(&stage.secret, twin, stage.clock.now());
        stage.send("phone", &[stage.view("p1", "/a"), stage.identified("i1", &token)]).await;
        let actor = Actor::system();
        let by = By { actor: &actor, now: stage.clock.now(), ids: &stage.ids };
        let mut tx = stage.db.begin().await.unwrap();
        let id = joined(&mut tx, &by, ada, twin, &[]).await;
        tx.commit().await.unwrap();
        // The browser the collector remembers as the twin's, and another that opens the twin's mail.
        stage.send("phone", &[stage.view("p2", "/b")]).await;
        stage.send("tablet", &[stage.view("p3", "/c"), stage.identified("i2", &token)]).await;
        let of = |events: &[attune_events::Event], contact: i64| {
            events.iter().filter(|e| e.name == "page.viewed" && e.contact_id == Some(contact)).map(|e| e.subject.clone().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(of(&stage.events().await, ada), ["/a", "/b", "/c"]);
        let mut tx = stage.db.begin().await.unwrap();
        split(&mut tx, &by, &Scope::All, &tables(), id).await.unwrap();
        tx.commit().await.unwrap();
        let events = stage.events().await;
        assert_eq!((of(&events, twin), of(&events, ada)), (vec!["/a".to_owned()], vec!["/b".to_owned(), "/c".to_owned()]), "what came since stays");
        // The browser went back with its person; what it does from now on is the twin's.
        stage.send("phone", &[stage.view("p4", "/d")]).await;
        assert_eq!(of(&stage.events().await, twin), ["/a", "/d"]);
    }

    async fn an_import_finds_who_was_merged_and_its_undo_splits_first(db: Db) {
        let clock = attune_testkit::clock();
        let bench = Bench { db: db.clone(), ids: attune_testkit::ids(&clock), clock };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv");
        std::fs::write(&path, "id,name,email\n7,Ada Lovelace,ada@home.example\n").unwrap();
        let actor = Actor::system();
        let run = async |options: &import::Options| import::run_file(&bench, &actor, &path, options, &mut |_| {}).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let ada = person(&mut tx, &by, "Ada", Some("ada@work.example"), None).await;
        tx.commit().await.unwrap();
        let first = run(&import::Options::default()).await;
        assert_eq!(first.counts.created, 1);
        let mut tx = db.begin().await.unwrap();
        let twin = tx.count("SELECT id FROM contacts WHERE import_id IS NOT NULL", params![]).await.unwrap();
        joined(&mut tx, &by, ada, twin, &[]).await;
        tx.commit().await.unwrap();
        // By the outside id and by the address the survivor never had.
        let again = run(&import::Options::default()).await;
        assert_eq!((again.counts.created, again.counts.updated), (0, 1), "{again:?}");
        let kept = contact::find(&mut db.read().await.unwrap(), &Scope::All, ada).await.unwrap().unwrap();
        // What was chosen in the merge stays; what was empty is filled.
        assert_eq!((kept.name.as_str(), kept.raw_email(), kept.external_id.as_deref()), ("Ada", Some("ada@work.example"), Some("7")));
        import::undo(&bench, &actor, again.id.0, &Traces { tables: &tables(), erasers: &[] }, &mut |_| {}).await.unwrap();
        let undone = import::undo(&bench, &actor, first.id.0, &Traces { tables: &tables(), erasers: &[] }, &mut |_| {}).await.unwrap();
        assert_eq!(undone.created, 1);
        let mut tx = db.read().await.unwrap();
        let left = contact::find(&mut tx, &Scope::All, ada).await.unwrap().unwrap();
        assert_eq!((left.name.as_str(), left.raw_email(), left.external_id.clone()), ("Ada", Some("ada@work.example"), None));
        for table in ["merges", "merge_rows"] {
            assert_eq!(tx.count(&format!("SELECT count(*) FROM {table}"), params![]).await.unwrap(), 0, "{table}");
        }
        assert_eq!(tx.count("SELECT count(*) FROM contacts", params![]).await.unwrap(), 1);
    }

    async fn a_split_needs_both_within_reach(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mine = person(&mut tx, &by, "Ada", None, Some(1)).await;
        let other = person(&mut tx, &by, "Ada", None, Some(2)).await;
        let id = joined(&mut tx, &by, mine, other, &[]).await;
        // What was another's is not brought back, and not named, by the one who has the survivor.
        assert!(matches!(split(&mut tx, &by, &Scope::Own { staff_id: 1 }, &tables(), id).await, Err(ContactError::NotFound)));
        split(&mut tx, &by, &Scope::Team { team_id: Some(10), staff_id: 9 }, &tables(), id).await.unwrap_err();
        split(&mut tx, &by, &Scope::All, &tables(), id).await.unwrap();
    }

    async fn an_undo_goes_through_whatever_became_of_those_it_made(db: Db) {
        let clock = attune_testkit::clock();
        let bench = Bench { db: db.clone(), ids: attune_testkit::ids(&clock), clock };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv");
        std::fs::write(&path, "id,name,email\n7,Ada,ada@home.example\n8,Bob,bob@home.example\n").unwrap();
        let actor = Actor::system();
        let made = import::run_file(&bench, &actor, &path, &import::Options::default(), &mut |_| {}).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let rows = tx.rows("SELECT id FROM contacts ORDER BY name", params![]).await.unwrap();
        let (ada, bob): (i64, i64) = (rows[0].at(0).unwrap(), rows[1].at(0).unwrap());
        // Ada became part of somebody who was deleted since; somebody with Bob's later outside id became part of Bob.
        let gone = person(&mut tx, &by, "Ada Lovelace", None, None).await;
        joined(&mut tx, &by, gone, ada, &[]).await;
        contact::delete(&mut tx, &by, &Scope::All, &[gone]).await.unwrap();
        let mut keyed = ContactDraft { name: "Robert".to_owned(), external: Some(("crm".to_owned(), "9".to_owned())), ..ContactDraft::default() };
        let robert = contact::create(&mut tx, &by, keyed.clone()).await.unwrap();
        joined(&mut tx, &by, bob, robert, &[]).await;
        keyed.name = "Roberta".to_owned();
        contact::create(&mut tx, &by, keyed).await.unwrap();
        tx.commit().await.unwrap();
        let undone = import::undo(&bench, &actor, made.id.0, &Traces { tables: &tables(), erasers: &[] }, &mut |_| {}).await.unwrap();
        assert_eq!(undone.created, 2);
        let mut tx = db.read().await.unwrap();
        let rows = tx.rows("SELECT name, external_id, deleted_at, merged_into FROM contacts ORDER BY name", params![]).await.unwrap();
        let left: Vec<_> = rows.iter().map(|r| (r.at::<String>(0).unwrap(), r.at::<Option<String>>(1).unwrap(), r.at::<Option<i64>>(2).unwrap().is_some())).collect();
        let expected = [("Ada Lovelace", None, true), ("Robert", None, false), ("Roberta", Some("9"), false)];
        assert_eq!(left, expected.map(|(name, id, gone)| (name.to_owned(), id.map(str::to_owned), gone)));
        assert!(rows.iter().all(|row| row.at::<Option<i64>>(3).unwrap().is_none()));
    }
}
