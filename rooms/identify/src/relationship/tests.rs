use attune_db::{Db, Tx, params};
use attune_house::ContactTable;
use attune_testkit::{StatusCode, TestApp};
use attune_web::{Actor, Scope};
use serde_json::{Value as Json, json};

use super::*;
use crate::contact::{ContactDraft, ContactError};
use crate::merge::{self, Pair};
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

fn tables() -> Vec<ContactTable> {
    let own = crate::CONTACT_TABLES.into_iter().chain(crate::sockets::CONTACT_TABLES).chain(super::CONTACT_TABLES);
    std::iter::once(ContactTable::EVENTS).chain(own).collect()
}

async fn person(tx: &mut Tx, by: &By<'_>, name: &str, owner_id: Option<i64>) -> Record {
    let draft = ContactDraft { name: name.to_owned(), owner_id, ..ContactDraft::default() };
    Record::Contact(contact::create(tx, by, draft).await.unwrap())
}

async fn made(tx: &mut Tx, by: &By<'_>, kind: &str, from: Record, to: Record) -> Result<RelationshipId, ContactError> {
    create(tx, by, &Scope::All, kind::find(kind).unwrap(), (from, to), &Terms::default()).await
}

async fn told(tx: &mut Tx, of: Record) -> Vec<(String, String)> {
    let lines = lines_of(tx, &Scope::All, of).await.unwrap();
    lines.into_iter().map(|line| (line.reading.word(), line.name)).collect()
}

fn pairs<const N: usize>(said: [(&str, &str); N]) -> Vec<(String, String)> {
    said.map(|(reading, name)| (reading.to_owned(), name.to_owned())).to_vec()
}

fn why(refused: Result<RelationshipId, ContactError>) -> &'static str {
    match refused {
        Err(ContactError::Invalid { key, .. }) => key,
        other => panic!("{other:?}"),
    }
}

attune_testkit::on_both_dbs! {
    async fn both_records_tell_it_each_from_its_own_side(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let [ada, bob] = [person(&mut tx, &by, "Ada", None).await, person(&mut tx, &by, "Bob", None).await];
        let firm = company::find_or_create(&mut tx, &by, "Engines", None).await.unwrap().id;
        let id = made(&mut tx, &by, "reports_to", ada, bob).await.unwrap();
        made(&mut tx, &by, "champion", ada, Record::Company(firm)).await.unwrap();
        made(&mut tx, &by, "family", bob, ada).await.unwrap();
        assert_eq!(told(&mut tx, ada).await, pairs([("champion", "Engines"), ("family", "Bob"), ("reports_to", "Bob")]));
        assert_eq!(told(&mut tx, bob).await, pairs([("family", "Ada"), ("reports_to-back", "Ada")]));
        assert_eq!(told(&mut tx, Record::Company(firm)).await, pairs([("champion-back", "Ada")]));
        assert_eq!(why(made(&mut tx, &by, "family", ada, bob).await), "relationship-known", "what is mutual is said once");
        assert_eq!(why(made(&mut tx, &by, "reports_to", ada, bob).await), "relationship-known");
        assert_eq!(why(made(&mut tx, &by, "family", ada, ada).await), "relationship-with-itself");
        assert_eq!(why(made(&mut tx, &by, "champion", Record::Company(firm), ada).await), "relationship-not-between");
        let late = Terms { until_at: Some(by.now + 1), ..Terms::default() };
        assert!(matches!(update(&mut tx, &by, &Scope::All, id, &late).await, Err(ContactError::Invalid { key: "relationship-until-future", .. })));
        let over = Terms { since_at: Some(1), until_at: Some(by.now), ..Terms::default() };
        update(&mut tx, &by, &Scope::All, id, &over).await.unwrap();
        made(&mut tx, &by, "reports_to", ada, bob).await.unwrap();
        let again = update(&mut tx, &by, &Scope::All, id, &Terms::default()).await;
        assert!(matches!(again, Err(ContactError::Invalid { key: "relationship-known", .. })), "it cannot last twice: {again:?}");
        let facet = "SELECT count(*) FROM v_identify_relationship WHERE kind = 'reports_to' AND side = 2 AND contact_id = $1";
        assert_eq!(tx.count(facet, params![bob.contact()]).await.unwrap(), 1);
        set_deleted(&mut tx, &by, &Scope::All, id, true).await.unwrap();
        assert!(set_deleted(&mut tx, &by, &Scope::All, id, true).await.is_err());
    }

    async fn nobody_sees_a_relationship_with_somebody_elses(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let [mine, theirs] = [person(&mut tx, &by, "Mine", Some(1)).await, person(&mut tx, &by, "Theirs", Some(2)).await];
        let id = made(&mut tx, &by, "referred", theirs, mine).await.unwrap();
        let scope = Scope::Own { staff_id: 1 };
        assert!(lines_of(&mut tx, &scope, mine).await.unwrap().is_empty());
        assert!(find(&mut tx, &scope, id).await.unwrap().is_none());
        let kind = kind::find("family").unwrap();
        let refused = create(&mut tx, &by, &scope, kind, (mine, theirs), &Terms::default()).await;
        assert!(matches!(refused, Err(ContactError::NotFound)), "{refused:?}");
        assert!(matches!(update(&mut tx, &by, &scope, id, &Terms::default()).await, Err(ContactError::NotFound)));
    }

    async fn a_merge_takes_them_over_and_a_split_gives_them_back(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mut people = Vec::new();
        for name in ["Ada", "Twin", "Bob", "Cy"] {
            people.push(person(&mut tx, &by, name, None).await);
        }
        let [ada, twin, bob, cy] = people[..] else { panic!("four were made") };
        for (kind, from, to) in [("referred", ada, bob), ("referred", twin, bob), ("colleague", ada, twin), ("family", cy, twin), ("reports_to", twin, ada)] {
            made(&mut tx, &by, kind, from, to).await.unwrap();
        }
        let before = [told(&mut tx, ada).await, told(&mut tx, twin).await, told(&mut tx, bob).await];
        let pair = Pair { survivor: ada.contact().unwrap(), loser: twin.contact().unwrap() };
        let id = merge::merge(&mut tx, &by, &Scope::All, &tables(), pair, &Default::default()).await.unwrap();
        assert_eq!(told(&mut tx, ada).await, pairs([("family", "Cy"), ("referred", "Bob")]), "once, and never with himself");
        assert_eq!(told(&mut tx, bob).await, pairs([("referred-back", "Ada")]));
        merge::split(&mut tx, &by, &Scope::All, &tables(), id).await.unwrap();
        assert_eq!([told(&mut tx, ada).await, told(&mut tx, twin).await, told(&mut tx, bob).await], before);
    }
}

attune_testkit::on_both_dbs! {
    async fn it_is_made_found_changed_and_taken_away_on_the_pages(db: Db) {
        let site = site(db);
        let ada = site.post("agent", "/contacts", "name=Ada+Byron&stage=lead&owner_id=1").await.leads().to_owned();
        let bob = site.post("agent", "/contacts", "name=Bob+Stone&stage=lead&owner_id=1").await.leads().to_owned();
        site.post("other", "/contacts", "name=Bob+Hidden&stage=lead&owner_id=2").await;
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let form = site.get("agent", &format!("/relationships/new?of={}&reading=reports_to&q=bob", id(&ada))).await;
        assert!(form.has("Bob Stone") && !form.has("Bob Hidden") && !form.has("relationship-"), "{}", form.body);
        let part = site.part("agent", &format!("/relationships/new?of={}&reading=champion&q=bob", id(&ada))).await;
        assert!(part.has("Nobody of this name"), "a champion is one of a company's: {}", part.body);
        let empty = site.post("agent", "/relationships", &format!("of={}&reading=&q=", id(&ada))).await;
        assert!(empty.is(StatusCode::UNPROCESSABLE_ENTITY).has("aria-invalid"));
        site.post("agent", "/relationships", &format!("of={}&reading=reports_to&q=bob&note=since+spring", id(&ada))).await.is(StatusCode::SEE_OTHER);
        let twice = site.post("agent", "/relationships", &format!("of={}&reading=reports_to-back&other={}", id(&bob), id(&ada))).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(twice.has("already stand"), "{}", twice.body);
        let panel = site.part("agent", &format!("{bob}/relationships")).await;
        assert!(panel.has("Manages") && panel.has("Ada Byron") && panel.has("since spring") && !panel.has("<html"), "{}", panel.body);
        assert!(site.get("agent", &ada).await.has("New relationship: Reports to"));
        let edit = panel.body.split("href=\"/relationships/rel_").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let path = format!("/relationships/rel_{}", edit.split('?').next().unwrap());
        assert!(site.get("agent", &format!("/relationships/rel_{edit}")).await.has("Bob Stone · Manages · Ada Byron"));
        site.get("other", &path).await.is(StatusCode::NOT_FOUND);
        let wrong = site.post("agent", &path, "since=2024-05-01&until=2024-04-01").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("before the beginning") && wrong.has("2024-04-01"));
        site.post("agent", &path, "since=2024-05-01&until=2025-04-01&note=left").await.is(StatusCode::SEE_OTHER);
        assert!(site.part("agent", &format!("{ada}/relationships")).await.has("until "));
        site.post("agent", &format!("{path}/delete"), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.part("agent", &format!("{ada}/relationships")).await.has("No relationships yet"));
        site.post("agent", &format!("{path}/restore"), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.part("agent", &format!("{ada}/relationships")).await.has("Bob Stone"));
    }

    async fn programs_say_it_and_a_buying_group_is_drawn(db: Db) {
        let site = site(db);
        let mut people = Vec::new();
        for name in ["Ada", "Bob"] {
            let one = site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": name, "company": "Engines" })).await.json();
            people.push(one["id"].clone());
            people.push(one["company_id"].clone());
        }
        let [ada, firm, bob, _] = &people[..] else { panic!("two were made") };
        let new = json!({ "kind": "champion", "from": ada, "to": firm, "attitude": "for" });
        let made = site.json("admin", "POST", "/api/v1/relationships", &new).await.is(StatusCode::CREATED).json();
        site.json("admin", "POST", "/api/v1/relationships", &new).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.json("admin", "POST", "/api/v1/relationships", &json!({ "kind": "enemy", "from": ada, "to": bob })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.json("admin", "POST", "/api/v1/relationships", &json!({ "kind": "user", "from": bob, "to": firm })).await.is(StatusCode::CREATED);
        site.json("admin", "POST", "/api/v1/relationships", &json!({ "kind": "reports_to", "from": bob, "to": ada })).await.is(StatusCode::CREATED);
        let path = format!("/api/v1/relationships/{}", made["id"].as_str().unwrap());
        let changed = site.json("admin", "PATCH", &path, &json!({ "note": "knows us" })).await.json();
        assert_eq!((&changed["note"], &changed["attitude"]), (&json!("knows us"), &json!("for")), "what is not named stays");
        let changed = site.json("admin", "PATCH", &path, &json!({ "attitude": null })).await.json();
        assert_eq!(changed["attitude"], Json::Null);
        let list = site.json("admin", "GET", &format!("/api/v1/companies/{}/relationships", firm.as_str().unwrap()), &Json::Null).await.json();
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
        let group = site.part("admin", &format!("/companies/{}/group", firm.as_str().unwrap())).await;
        assert!(group.has("2 of at least 3") && group.has("still missing: Economic buyer, Technical buyer"), "{}", group.body);
        assert!(group.has("<path d=\"M") && group.has("2 people of the buying group of Engines") && !group.has("relationship-"), "{}", group.body);
        site.json("other", "GET", &path, &Json::Null).await.is(StatusCode::NOT_FOUND);
        site.json("admin", "DELETE", &path, &Json::Null).await.is(StatusCode::NO_CONTENT);
        site.json("admin", "GET", &path, &Json::Null).await.is(StatusCode::NOT_FOUND);
    }

    async fn who_is_erased_takes_theirs_along_and_the_others_hear_of_it(db: Db) {
        let site = site(db.clone());
        let mut ids = Vec::new();
        for name in ["Ada", "Bob"] {
            ids.push(site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": name })).await.json()["id"].clone());
        }
        site.json("admin", "POST", "/api/v1/relationships", &json!({ "kind": "referred", "from": ids[0], "to": ids[1], "note": "Ada told Bob" })).await.is(StatusCode::CREATED);
        let ada = ids[0].as_str().unwrap();
        site.json("admin", "POST", &format!("/api/v1/contacts/{ada}/erase"), &json!({ "name": "Ada" })).await.is(StatusCode::OK);
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM relationships", params![]).await.unwrap(), 0);
        let bob = attune_kernel::decode_id("con", ids[1].as_str().unwrap()).unwrap();
        let ended = "SELECT count(*) FROM events WHERE name = 'relationship.ended' AND subject = 'referred-back' AND contact_id = $1";
        assert_eq!(tx.count(ended, params![bob]).await.unwrap(), 1);
        let left = "SELECT count(*) FROM audit_log WHERE after_json LIKE '%' || $1 || '%' AND action LIKE 'relationship%'";
        assert_eq!(tx.count(left, params![ada]).await.unwrap(), 0);
    }
}
