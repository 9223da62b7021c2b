use attune_db::{Tx, params};
use attune_events::Event;
use attune_kernel::DAY_US;
use attune_web::{Actor, Scope};

use super::*;
use crate::company::{self, CompanyDraft};
use crate::contact::{self, By, ContactDraft, Listing, Order, Sorting};

const MEI: Scope = Scope::Own { staff_id: 1 };
const JONAS: Scope = Scope::Own { staff_id: 2 };

fn with(with: With) -> ShareDraft {
    ShareDraft { with, until_at: None, reason: String::new() }
}

async fn firm(tx: &mut Tx, by: &By<'_>, name: &str, owner: Option<i64>) -> i64 {
    let draft = CompanyDraft { name: name.into(), owner_id: owner, ..CompanyDraft::default() };
    company::create(tx, by, draft).await.unwrap().id
}

async fn person(tx: &mut Tx, by: &By<'_>, name: &str, company: Option<&str>, owner: i64) -> i64 {
    let draft = ContactDraft { name: name.into(), company: company.map(str::to_owned), owner_id: Some(owner), ..ContactDraft::default() };
    contact::create(tx, by, draft).await.unwrap()
}

async fn seen(tx: &mut Tx, scope: &Scope) -> Vec<String> {
    let sorting = Sorting { order: Order::Name, up: true };
    let page = contact::list(tx, scope, &Listing::default(), sorting, "", 50).await.unwrap();
    assert_eq!(page.total, page.contacts.len() as i64);
    page.contacts.into_iter().map(|contact| contact.name).collect()
}

fn is_wrong<T: std::fmt::Debug>(result: Result<T, ContactError>, attribute: &str, key: &str) {
    match result {
        Err(ContactError::Invalid { attribute: a, key: k }) => assert_eq!((a.as_str(), k), (attribute, key)),
        other => panic!("{attribute}: {other:?}"),
    }
}

attune_testkit::on_both_dbs! {
    async fn what_is_shared_is_seen_and_worked_on_but_stays_whose_it_is(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let lena = person(&mut tx, &by, "Lena", None, 1).await;
        let otto = person(&mut tx, &by, "Otto", None, 1).await;
        assert!(matches!(share(&mut tx, &by, &JONAS, Record::Contact(lena), &with(With::Staff(1))).await, Err(ContactError::NotFound)));
        is_wrong(share(&mut tx, &by, &MEI, Record::Contact(lena), &with(With::Staff(1))).await, "with", "share-is-owner");
        is_wrong(share(&mut tx, &by, &MEI, Record::Contact(lena), &with(With::Staff(77))).await, "with", "web-not-a-choice");
        is_wrong(share(&mut tx, &by, &MEI, Record::Contact(lena), &with(With::Team(77))).await, "with", "web-not-a-choice");
        let past = ShareDraft { until_at: Some(1_000), ..with(With::Staff(2)) };
        is_wrong(share(&mut tx, &by, &MEI, Record::Contact(lena), &past).await, "until", "share-until-past");
        assert_eq!(seen(&mut tx, &JONAS).await, Vec::<String>::new());

        let id = share(&mut tx, &by, &MEI, Record::Contact(lena), &with(With::Staff(2))).await.unwrap();
        assert_eq!(seen(&mut tx, &JONAS).await, ["Lena"]);
        assert_eq!(seen(&mut tx, &MEI).await, ["Lena", "Otto"]);
        assert!(contact::find(&mut tx, &JONAS, lena).await.unwrap().is_some());
        assert!(contact::find(&mut tx, &JONAS, otto).await.unwrap().is_none());
        contact::update_field(&mut tx, &by, &JONAS, lena, "city", "Bonn").await.unwrap();
        // To give away, to share on, to delete stays with whose it is.
        is_wrong(contact::update_field(&mut tx, &by, &JONAS, lena, "owner_id", "2").await, "owner_id", "share-owner-only");
        assert!(matches!(share(&mut tx, &by, &JONAS, Record::Contact(lena), &with(With::Team(10))).await, Err(ContactError::NotFound)));
        assert!(matches!(end(&mut tx, &by, &JONAS, id).await, Err(ContactError::NotFound)));
        assert!(contact::delete(&mut tx, &by, &JONAS, &[lena]).await.unwrap().is_empty());

        // Once more is the same share with another end.
        let until = ShareDraft { until_at: Some(2_000), ..with(With::Staff(2)) };
        assert_eq!(share(&mut tx, &by, &MEI, Record::Contact(lena), &until).await.unwrap(), id);
        assert_eq!(list_of(&mut tx, Record::Contact(lena)).await.unwrap()[0].until_at, Some(2_000));
        end(&mut tx, &by, &MEI, id).await.unwrap();
        assert_eq!(seen(&mut tx, &JONAS).await, Vec::<String>::new());
        let told = tx.rows("SELECT name FROM events WHERE name LIKE 'record.%' ORDER BY seq", params![]).await.unwrap();
        let told: Vec<String> = told.iter().map(|row| row.at(0).unwrap()).collect();
        assert_eq!(told, ["record.shared", "record.shared", "record.unshared"]);
    }

    async fn a_company_carries_its_branches_and_people_with_it(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let holding = firm(&mut tx, &by, "Holding", Some(1)).await;
        let branch = firm(&mut tx, &by, "Branch", Some(1)).await;
        let other = firm(&mut tx, &by, "Other", None).await;
        company::set_parent(&mut tx, &by, &MEI, branch, Some(holding)).await.unwrap();
        let lena = person(&mut tx, &by, "Lena", Some("Branch"), 1).await;
        person(&mut tx, &by, "Otto", Some("Other"), 2).await;
        person(&mut tx, &by, "Mine", None, 1).await;
        let id = share(&mut tx, &by, &MEI, Record::Company(holding), &with(With::Team(20))).await.unwrap();
        assert_eq!(seen(&mut tx, &JONAS).await, ["Lena", "Otto"]);
        assert!(company::find(&mut tx, &JONAS, branch).await.unwrap().is_some());
        let carried = list_carried(&mut tx, &MEI, Record::Contact(lena)).await.unwrap();
        assert_eq!((carried.len(), carried[0].1.as_str(), carried[0].0.name.as_str()), (1, "Holding", "Hansa"));
        assert!(list_of(&mut tx, Record::Contact(lena)).await.unwrap().is_empty());
        is_wrong(company::update_field(&mut tx, &by, &JONAS, holding, "owner_id", "2").await.map(|_| ()), "owner_id", "share-owner-only");

        let nobody = Scope::Own { staff_id: 9 };
        assert_eq!(list_carried(&mut tx, &nobody, Record::Contact(lena)).await.unwrap()[0].1, "", "who does not see the company is not told its name");

        // What is only shared does not go on to those whom another company is shared with.
        let club = firm(&mut tx, &by, "Club", Some(2)).await;
        share(&mut tx, &by, &JONAS, Record::Company(club), &with(With::Team(10))).await.unwrap();
        is_wrong(contact::update_field(&mut tx, &by, &JONAS, lena, "company", "Club").await, "company", "share-owner-only");

        // Who comes later is seen, who goes is not.
        person(&mut tx, &by, "Pia", Some("Holding"), 1).await;
        contact::update_field(&mut tx, &by, &MEI, lena, "company", "").await.unwrap();
        assert_eq!(seen(&mut tx, &JONAS).await, ["Otto", "Pia"]);
        contact::update_field(&mut tx, &by, &MEI, lena, "company", "Branch").await.unwrap();

        // Nobody moves below a shared company what is not theirs: its people would be seen by others.
        is_wrong(company::set_parent(&mut tx, &by, &MEI, other, Some(holding)).await, "parent", "share-move-not-yours");
        company::update_field(&mut tx, &by, &MEI, other, "owner_id", "1").await.unwrap();
        is_wrong(company::set_parent(&mut tx, &by, &MEI, other, Some(holding)).await, "parent", "share-move-not-yours");
        is_wrong(share(&mut tx, &by, &MEI, Record::Company(other), &with(With::Staff(2))).await, "with", "share-not-all-yours");
        company::set_parent(&mut tx, &by, &Scope::All, other, Some(holding)).await.unwrap();

        end(&mut tx, &by, &MEI, id).await.unwrap();
        assert_eq!(seen(&mut tx, &JONAS).await, ["Otto"]);
        assert!(company::find(&mut tx, &JONAS, branch).await.unwrap().is_none());
    }

    async fn nobody_is_found_by_an_address_that_is_masked(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let draft = ContactDraft { name: "Lena".into(), email: Some("secretword@example.org".into()), owner_id: Some(1), ..ContactDraft::default() };
        let lena = contact::create(&mut tx, &by, draft).await.unwrap();
        share(&mut tx, &by, &MEI, Record::Contact(lena), &with(With::Staff(2))).await.unwrap();
        let own = |staff_id| {
            let scope = Scope::Own { staff_id };
            let actor = Actor { via: attune_web::access::Via::Session { id: 1 }, grants: std::sync::Arc::new([(attune_web::access::ADDRESSES.to_owned(), scope)].into()), ..Actor::system() };
            (scope, attune_web::Sight::of(&actor))
        };
        for (staff_id, words, expected) in [(1, "secretword", 1), (2, "secretword", 0), (2, "lena", 1), (2, "secretword@example.org", 1)] {
            let (scope, sight) = own(staff_id);
            let listing = Listing { search: words.into(), sight, ..Listing::default() };
            assert_eq!(contact::count(&mut tx, &scope, &listing).await.unwrap(), expected, "{staff_id} asks for {words}");
        }
    }

    async fn what_was_shared_until_a_day_ends_with_it(db: Db) {
        let clock = attune_testkit::clock();
        let (ids, actor) = (attune_testkit::ids(&clock), Actor::system());
        let now = clock.now();
        let by = By { actor: &actor, now, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let lena = person(&mut tx, &by, "Lena", None, 1).await;
        let draft = ShareDraft { until_at: Some(now + DAY_US), ..with(With::Staff(2)) };
        let id = share(&mut tx, &by, &MEI, Record::Contact(lena), &draft).await.unwrap();
        let due = tx.count("SELECT due_at FROM timers WHERE kind = 'identify.share_ends'", params![]).await.unwrap();
        assert_eq!(due, now + DAY_US);
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        // Asked too early, as after a change of the day, it stays.
        EndShares.due(&bench, &mut tx, &[id.0], now).await.unwrap();
        assert_eq!(seen(&mut tx, &JONAS).await, ["Lena"]);
        EndShares.due(&bench, &mut tx, &[id.0], now + DAY_US).await.unwrap();
        assert_eq!(seen(&mut tx, &JONAS).await, Vec::<String>::new());
        let kept = tx.rows("SELECT action FROM audit_log WHERE action LIKE 'contact.%shared' ORDER BY id", params![]).await.unwrap();
        let kept: Vec<String> = kept.iter().map(|row| row.at(0).unwrap()).collect();
        assert_eq!(kept, ["contact.shared", "contact.unshared"]);
    }

    async fn other_rooms_and_lists_see_the_same(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let lena = person(&mut tx, &by, "Lena", Some("Holding"), 1).await;
        let holding = contact::find(&mut tx, &MEI, lena).await.unwrap().unwrap().company_id.unwrap();
        append(&mut tx, &mut [Event::new("form.submitted", 1_000).contact(lena)]).await.unwrap();
        company::update_field(&mut tx, &by, &MEI, holding, "owner_id", "1").await.unwrap();
        share(&mut tx, &by, &MEI, Record::Company(holding), &with(With::Staff(2))).await.unwrap();
        let reach = Reach::of(&mut tx, &JONAS).await.unwrap();
        let mut sql = attune_db::Sql::new("SELECT c.id AS contact_id, c.owner_id, c.team_id, c.company_id FROM v_identify_contact c WHERE TRUE");
        reach.push_people(&mut sql, "c");
        let rows = tx.rows_of(&sql).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert!(reach.covers_row(&rows[0]).unwrap());
        assert!(!Reach::of(&mut tx, &Scope::Own { staff_id: 9 }).await.unwrap().covers_row(&rows[0]).unwrap());
        assert_eq!(Reach::of(&mut tx, &Scope::All).await.unwrap(), Reach::of(&mut tx, &Scope::All).await.unwrap());
        for (staff_id, names) in [(2, vec!["Lena".to_owned()]), (1, Vec::new())] {
            let listing = Listing { shared_with: Some(staff_id), ..Listing::default() };
            let found = contact::list(&mut tx, &Scope::All, &listing, Sorting::default(), "", 9).await.unwrap().contacts;
            assert_eq!(found.into_iter().map(|contact| contact.name).collect::<Vec<_>>(), names);
        }
        let page = company::list(&mut tx, &JONAS, &company::Listing { search: "hold".into(), limit: 9, ..company::Listing::default() }).await.unwrap();
        assert_eq!(page.len(), 1);
    }
}
