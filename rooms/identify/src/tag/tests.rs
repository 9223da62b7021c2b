use attune_db::{Tx, params};
use attune_house::ContactTable;
use attune_web::{Actor, Scope};
use proptest::prelude::*;

use super::store::list_of;
use super::*;
use crate::contact::{ContactDraft, FieldFilter, Listing, Order, Sorting};
use crate::merge::{self, Pair as Both};

#[test]
fn names_are_read_once_whatever_their_case() {
    assert_eq!(names(" VIP ,  trade   fair；vip、老客户").unwrap(), ["VIP", "trade fair", "老客户"]);
    assert_eq!(names(" ;, ").unwrap(), Vec::<String>::new());
    assert_eq!(names(&"x".repeat(61)), Err("tag-too-long"));
    assert_eq!(names("1,2,3,4,5,6,7,8,9,10,11"), Err("tag-too-many"));
    assert_eq!(rules::tone("VIP"), rules::tone(" vip"));
}

proptest! {
    #[test]
    fn names_put_together_again_are_the_same_names(typed in "[a-cA-C ,;，]{0,30}") {
        if let Ok(read) = names(&typed) {
            prop_assert_eq!(names(&read.join("; ")), Ok(read));
        }
    }
}

fn tables() -> Vec<ContactTable> {
    let own = crate::CONTACT_TABLES.into_iter().chain(crate::sockets::CONTACT_TABLES).chain(super::CONTACT_TABLES);
    std::iter::once(ContactTable::EVENTS).chain(own).collect()
}

async fn person(tx: &mut Tx, by: &By<'_>, name: &str, owner_id: Option<i64>) -> i64 {
    let draft = ContactDraft { name: name.to_owned(), owner_id, ..ContactDraft::default() };
    contact::create(tx, by, draft).await.unwrap()
}

async fn told(tx: &mut Tx, people: &[i64]) -> Vec<(i64, String)> {
    let mut told: Vec<_> = list_of(tx, people).await.unwrap().into_iter().map(|(person, tag)| (person, tag.name)).collect();
    told.sort();
    told
}

async fn events(tx: &mut Tx, name: &str) -> i64 {
    tx.count("SELECT count(*) FROM events WHERE name = $1", params![name]).await.unwrap()
}

attune_testkit::on_both_dbs! {
    async fn only_what_changes_is_told_and_can_be_taken_back(db: Db) {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let actor = Actor::system();
        let by = |now| By { actor: &actor, now, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let [ada, bob] = [person(&mut tx, &by(1), "Ada", Some(1)).await, person(&mut tx, &by(1), "Bob", None).await];
        let gone = person(&mut tx, &by(1), "Gone", None).await;
        contact::delete(&mut tx, &by(1), &Scope::All, &[gone]).await.unwrap();
        let tags = find_or_create(&mut tx, &by(1), &["VIP".into(), "Fair".into()], None).await.unwrap();
        let again = find_or_create(&mut tx, &by(1), &["vip".into()], None).await.unwrap();
        assert!(tags.contains(&again[0]), "the first spelling stays");
        let vip = [again[0].clone()];
        assert_eq!(change(&mut tx, &by(10), (Subject::Contact, Deed::Add), &pairs(&[ada], &vip)).await.unwrap(), 1);
        assert_eq!(change(&mut tx, &by(20), (Subject::Contact, Deed::Add), &pairs(&[ada, bob, gone], &tags)).await.unwrap(), 2);
        assert_eq!(change(&mut tx, &by(20), (Subject::Contact, Deed::Add), &pairs(&[ada], &tags)).await.unwrap(), 0);
        assert_eq!(events(&mut tx, "contact.tagged").await, 4, "what was so already is not told, nor whoever is deleted");
        let all = [(ada, "Fair"), (ada, "VIP"), (bob, "Fair"), (bob, "VIP")].map(|(person, tag)| (person, tag.to_owned()));
        assert_eq!(told(&mut tx, &[ada, bob, gone]).await, all);
        // The second deed goes back as a whole, and what was there before stays.
        assert_eq!(undo(&mut tx, &by(30), (Subject::Contact, &Scope::All), 20).await.unwrap(), 2);
        assert_eq!(told(&mut tx, &[ada, bob]).await, [(ada, "VIP".to_owned())]);
        assert_eq!(undo(&mut tx, &by(40), (Subject::Contact, &Scope::All), 30).await.unwrap(), 2, "and forth");
        assert_eq!(told(&mut tx, &[ada, bob]).await, all);
        change(&mut tx, &by(50), (Subject::Contact, Deed::Remove), &pairs(&[ada, bob], &vip)).await.unwrap();
        assert_eq!(undo(&mut tx, &by(60), (Subject::Contact, &Scope::Own { staff_id: 1 }), 50).await.unwrap(), 1, "only within the scope");
        assert_eq!(told(&mut tx, &[ada, bob]).await, [(ada, "Fair".to_owned()), (ada, "VIP".to_owned()), (bob, "Fair".to_owned())]);
        let other = Actor { staff_id: 2, ..actor.clone() };
        assert_eq!(undo(&mut tx, &By { actor: &other, now: 70, ids: &ids }, (Subject::Contact, &Scope::All), 60).await.unwrap(), 0, "nobody undoes another's");
        tx.commit().await.unwrap();
    }

    async fn a_list_narrowed_by_a_tag_shows_who_has_it(db: Db) {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mut people = Vec::new();
        for name in ["Ada", "Bob", "Cleo"] {
            people.push(person(&mut tx, &by, name, None).await);
        }
        let tags = find_or_create(&mut tx, &by, &["VIP".into(), "Fair".into()], None).await.unwrap();
        let [vip, fair] = ["VIP", "Fair"].map(|name| tags.iter().find(|tag| tag.name == name).unwrap().clone());
        change(&mut tx, &by, (Subject::Contact, Deed::Add), &pairs(&people[..2], std::slice::from_ref(&vip))).await.unwrap();
        change(&mut tx, &by, (Subject::Contact, Deed::Add), &pairs(&people[1..], std::slice::from_ref(&fair))).await.unwrap();
        let sorting = Sorting { order: Order::Name, up: true };
        for (wanted, expected) in [(vec![vip.id.0], vec!["Ada", "Bob"]), (vec![vip.id.0, fair.id.0], vec!["Bob"]), (vec![0], vec![])] {
            let listing = Listing { fields: wanted.into_iter().map(FieldFilter::tag).collect(), ..Listing::default() };
            let page = contact::list(&mut tx, &Scope::All, &listing, sorting, "", 10).await.unwrap();
            assert_eq!(page.contacts.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), expected);
            assert_eq!(contact::list_behind(&mut tx, &Scope::All, &listing, 0, 10).await.unwrap().len(), expected.len());
        }
        tx.commit().await.unwrap();
    }

    async fn whoever_remains_unites_the_tags_until_they_are_split(db: Db) {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let actor = Actor::system();
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let [ada, bob] = [person(&mut tx, &by, "Ada", None).await, person(&mut tx, &by, "Bob", None).await];
        let tags = find_or_create(&mut tx, &by, &["Both".into(), "Hers".into(), "His".into()], None).await.unwrap();
        let of = |name: &str| tags.iter().find(|tag| tag.name == name).unwrap().id;
        let had = [(ada, of("Both")), (ada, of("Hers")), (bob, of("Both")), (bob, of("His"))];
        change(&mut tx, &by, (Subject::Contact, Deed::Add), &had).await.unwrap();
        let before = told(&mut tx, &[ada, bob]).await;
        let pair = Both { survivor: ada, loser: bob };
        let id = merge::merge(&mut tx, &by, &Scope::All, &tables(), pair, &std::collections::BTreeSet::new()).await.unwrap();
        assert_eq!(told(&mut tx, &[ada]).await, ["Both", "Hers", "His"].map(|name| (ada, name.to_owned())));
        merge::split(&mut tx, &by, &Scope::All, &tables(), id).await.unwrap();
        assert_eq!(told(&mut tx, &[ada, bob]).await, before);
        tx.commit().await.unwrap();
    }
}
