use std::collections::BTreeSet;

use attune_db::{Tx, params};
use attune_kernel::Ids;
use attune_web::{Actor, Scope};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::company::{self, CompanyDraft};
use crate::contact::{self, By, ContactDraft, ContactError, Listing, Selection};
use crate::field::Subject;
use crate::merge::{self, Pair};

fn address(street: &str, code: &str, at: &str) -> PostalAddress {
    let mut address = PostalAddress::default();
    for (key, text) in [("street", street), ("postal_code", code), ("coordinates", at)] {
        address.set(key, &read(key, text).unwrap());
    }
    address
}

async fn person(tx: &mut Tx, by: &By<'_>, (name, owner): (&str, Option<i64>), postal: PostalAddress, city: Option<&str>) -> i64 {
    let draft = ContactDraft { name: name.into(), owner_id: owner, city: city.map(str::to_owned), postal, ..ContactDraft::default() };
    contact::create(tx, by, draft).await.unwrap()
}

async fn members(tx: &mut Tx, scope: &Scope, listing: &Listing) -> store::Members {
    let mut ids = attune_db::Sql::new("SELECT c.id");
    assert!(contact::push_selected(tx, &mut ids, scope, &Selection::Listed(Box::new(listing.clone()))).await.unwrap());
    store::Members { ids, lead: store::Lead::Part }
}

/// How many are in each cell of the whole world seen from afar, the fullest first.
async fn counted(tx: &mut Tx, scope: &Scope, listing: &Listing) -> Vec<i64> {
    let ids = members(tx, scope, listing).await;
    let look = (Window::WORLD, Window::WORLD.shift(3));
    store::cells(tx, Subject::Contact, &ids, look, 100).await.unwrap().iter().map(|cell| cell.records).collect()
}

async fn rows(tx: &mut Tx) -> i64 {
    tx.count("SELECT count(*) FROM postal_addresses", params![]).await.unwrap()
}

attune_testkit::on_both_dbs! {
    async fn an_address_is_kept_changed_and_gone_with_its_last_part(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let bare = crate::address::tests::person(&mut tx, &by, ("Bo", None), crate::address::PostalAddress::default(), None).await;
        assert_eq!(crate::address::tests::rows(&mut tx).await, 0, "who has none costs nothing");
        let edit = async |tx: &mut attune_db::Tx, key: &str, typed: &str| contact::update_field(tx, &by, &Scope::All, bare, key, typed).await;
        edit(&mut tx, "street", "Hafenstr. 12\r\nAufgang B").await.unwrap();
        edit(&mut tx, "postal_code", "44137").await.unwrap();
        let change = edit(&mut tx, "coordinates", "51.5136 N, 7.4653 E").await.unwrap();
        assert_eq!((change.before.is_null(), change.after.as_str()), (true, Some("51.5136, 7.4653")));
        let why = |result: Result<contact::Change, ContactError>| match result {
            Err(ContactError::Invalid { attribute, key }) => (attribute, key),
            other => panic!("{other:?}"),
        };
        assert_eq!(why(edit(&mut tx, "coordinates", "51.5").await), ("coordinates".to_owned(), "address-needs-both"));
        assert_eq!(why(edit(&mut tx, "coordinates", "7, 200").await), ("coordinates".to_owned(), "address-longitude-range"));
        let now = contact::find(&mut tx, &Scope::All, bare).await.unwrap().unwrap();
        assert_eq!(now.postal, crate::address::tests::address("Hafenstr. 12\nAufgang B", "44137", "51.5136, 7.4653"));
        // What else is written of the record leaves its address as it is.
        edit(&mut tx, "title", "Captain").await.unwrap();
        assert_eq!(contact::find(&mut tx, &Scope::All, bare).await.unwrap().unwrap().postal, now.postal);
        for key in crate::address::ATTRIBUTES {
            edit(&mut tx, key, "").await.unwrap();
        }
        assert_eq!(crate::address::tests::rows(&mut tx).await, 0);
        let half = "INSERT INTO postal_addresses (record_id, subject, lat_e7, map_x, map_y, lot) VALUES (1, 'contact', 5, 1, 1, 1)";
        assert!(tx.exec(half, params![]).await.is_err(), "the store itself keeps no half of a place");
    }

    async fn a_company_has_one_too_and_another_of_the_same_name_does_not(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let postal = crate::address::tests::address("东风路 8 号", "510000", "23.1291，113.2644");
        let made = company::create(&mut tx, &by, CompanyDraft { name: "华衡".into(), postal: postal.clone(), ..CompanyDraft::default() }).await.unwrap();
        company::update_field(&mut tx, &by, &Scope::All, made.id, "region", "广东").await.unwrap();
        let firm = company::find(&mut tx, &Scope::All, made.id).await.unwrap().unwrap();
        assert_eq!(firm.postal, crate::address::PostalAddress { region: Some("广东".into()), ..postal });
        let listing = company::Listing { limit: 10, ..company::Listing::default() };
        assert_eq!(company::list(&mut tx, &Scope::All, &listing).await.unwrap()[0].company.postal, firm.postal);
        assert!(matches!(company::update_field(&mut tx, &by, &Scope::All, made.id, "coordinates", "here").await, Err(ContactError::Invalid { .. })));
    }

    async fn cells_count_each_record_once_and_nobody_beyond_the_scope_or_the_filter(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let at = |code: &str, text: &str| crate::address::tests::address("", code, text);
        use crate::address::tests::{counted, person};
        let mine = person(&mut tx, &by, ("Mine", Some(1)), at("44137", "51.5136, 7.4653"), Some("Dortmund")).await;
        person(&mut tx, &by, ("Near", Some(1)), at("D-44 139", "51.5140, 7.4660"), Some("Dortmund")).await;
        person(&mut tx, &by, ("Far", Some(1)), at("200000", "31.2304, 121.4737"), Some("上海")).await;
        person(&mut tx, &by, ("Theirs", Some(2)), at("44141", "51.5137, 7.4654"), Some("Dortmund")).await;
        person(&mut tx, &by, ("Nowhere", Some(1)), crate::address::PostalAddress::default(), None).await;
        let gone = person(&mut tx, &by, ("Gone", Some(1)), at("", "31.2304, 121.4737"), None).await;
        contact::delete(&mut tx, &by, &Scope::All, &[gone]).await.unwrap();
        let firm = CompanyDraft { name: "Firm".into(), postal: at("44137", "51.5136, 7.4653"), ..CompanyDraft::default() };
        company::create(&mut tx, &by, firm).await.unwrap();
        let (all, own) = (Listing::default(), Scope::Own { staff_id: 1 });
        assert_eq!(counted(&mut tx, &Scope::All, &all).await, [3, 1], "a company is on a map of its own");
        assert_eq!(counted(&mut tx, &own, &all).await, [2, 1]);
        let ids = crate::address::tests::members(&mut tx, &own, &all).await;
        let cells = store::cells(&mut tx, Subject::Contact, &ids, (Window::WORLD, 20), 10).await.unwrap();
        let first = cells.first().unwrap();
        assert!(first.around.holds(first.middle) && first.one == mine && first.around.west < first.around.east);
        assert_eq!(store::list_within(&mut tx, Subject::Contact, &ids, first.around, 10).await.unwrap().len(), 2);
        assert_eq!(store::extent(&mut tx, Subject::Contact, &ids).await.unwrap().unwrap().1, 3);
        assert_eq!(store::cells(&mut tx, Subject::Contact, &ids, (Window::WORLD, 20), 1).await.unwrap().len(), 1, "the cap holds");
        let narrowed = |place: PlaceFilter| Listing { place, ..Listing::default() };
        let located = PlaceFilter { located: true, ..PlaceFilter::default() };
        assert_eq!(contact::count(&mut tx, &Scope::All, &narrowed(located)).await.unwrap(), 4);
        for (code, people, own_people) in [("44", 2, 1), ("44137", 1, 1), ("d-44 1", 1, 1), ("20", 1, 1), ("%", 0, 0), ("9", 0, 0)] {
            let place = narrowed(PlaceFilter::read(["", "", code, "", ""]));
            assert_eq!(contact::count(&mut tx, &Scope::All, &place).await.unwrap(), people, "{code}");
            assert_eq!(contact::count(&mut tx, &own, &place).await.unwrap(), own_people, "{code}");
        }
        let within = PlaceFilter { within: Some(first.around), ..PlaceFilter::default() };
        assert_eq!(counted(&mut tx, &own, &narrowed(within.clone())).await, [2]);
        assert_eq!(contact::count(&mut tx, &own, &narrowed(within)).await.unwrap(), 2);
        let nowhere = PlaceFilter::read(["", "", "", "", "somewhere"]);
        assert_eq!(contact::count(&mut tx, &Scope::All, &narrowed(nowhere)).await.unwrap(), 0);
        assert_eq!(contact::count(&mut tx, &Scope::All, &narrowed(PlaceFilter::read(["Dortmund", "-", "", "", ""]))).await.unwrap(), 3);
    }

    async fn the_beginning_of_a_postal_code_leads_by_its_index(db: Db) {
        let place = PlaceFilter::read(["", "", "D-44", "", ""]);
        let mut tx = db.begin().await.unwrap();
        let (explain, led) = if tx.engine() == attune_db::Engine::Lite {
            ("EXPLAIN QUERY PLAN SELECT p.record_id", "(subject=? AND postal_key>? AND postal_key<?)")
        } else {
            tx.exec("SET LOCAL enable_seqscan = off", params![]).await.unwrap();
            ("EXPLAIN SELECT p.record_id", "(postal_key >= '231414'::text) AND (postal_key < '23141492'::text)")
        };
        let mut sql = attune_db::Sql::new(explain);
        place.push_addresses(&mut sql, Subject::Contact);
        let rows = tx.rows_of(&sql).await.unwrap();
        let column = if tx.engine() == attune_db::Engine::Lite { "detail" } else { "QUERY PLAN" };
        let plan = rows.iter().map(|row| row.get::<String>(column).unwrap()).collect::<Vec<_>>().join("\n");
        assert!(plan.contains(led) && plan.contains("postal_addresses_code"), "{plan}");
    }

    async fn every_located_record_is_in_exactly_one_cell_of_any_look(db: Db) {
        let ids: Ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mut runner = TestRunner::deterministic();
        let places = prop::collection::vec((-85.0..85.0_f64, -180.0..180.0_f64), 60).new_tree(&mut runner).unwrap().current();
        let mut spots = Vec::new();
        for (index, (lat, lon)) in places.iter().enumerate() {
            let postal = crate::address::tests::address("", "", &format!("{lat:.7}, {lon:.7}"));
            spots.push(postal.coordinates.unwrap().spot());
            crate::address::tests::person(&mut tx, &by, (&format!("P{index}"), None), postal, None).await;
        }
        let ids = crate::address::tests::members(&mut tx, &Scope::All, &Listing::default()).await;
        for (window, zoom) in [("0,0,1073741823,1073741823", 0), ("100000000,100000000,900000000,800000000", 4), ("400000000,300000000,700000000,500000000", 9)] {
            let window: Window = window.parse().unwrap();
            let shift = window.shift(zoom);
            let cells = store::cells(&mut tx, Subject::Contact, &ids, (window, shift), 5_000).await.unwrap();
            let inside: Vec<_> = spots.iter().filter(|spot| window.holds(**spot)).collect();
            assert_eq!(cells.iter().map(|cell| cell.records).sum::<i64>(), inside.len() as i64);
            // Whatever is read first, the same is found; of all lots all of it, of some of them no more than there is.
            for (lead, whole) in [(store::Lead::Records, true), (store::Lead::Lots(store::LOTS), true), (store::Lead::Lots(store::LOTS / 2), false)] {
                let other = store::Members { lead, ..ids.clone() };
                let found = store::cells(&mut tx, Subject::Contact, &other, (window, shift), 5_000).await.unwrap();
                let few = found.iter().map(|cell| cell.records).sum::<i64>();
                assert!(if whole { found == cells } else { few < inside.len() as i64 && few > 0 }, "{lead:?}");
            }
            let expected: BTreeSet<(i64, i64)> = inside.iter().map(|spot| (spot.x >> shift, spot.y >> shift)).collect();
            let found: BTreeSet<(i64, i64)> = cells.iter().map(|cell| (cell.around.west >> shift, cell.around.north >> shift)).collect();
            assert_eq!((&found, cells.len()), (&expected, expected.len()));
        }
    }

    async fn a_merge_keeps_one_address_whole_and_a_split_gives_it_back(db: Db) {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let actor = Actor::system();
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let tables = crate::CONTACT_TABLES;
        let mut tx = db.begin().await.unwrap();
        use crate::address::tests::{address, person};
        let home = address("Hafenstr. 12", "44137", "51.5136, 7.4653");
        let work = address("Werkstr. 1", "80331", "");
        let old = person(&mut tx, &by, ("Ada", None), home.clone(), Some("Dortmund")).await;
        let new = person(&mut tx, &by, ("Ada", None), work.clone(), Some("München")).await;
        let both = merge::find_both(&mut tx, &Scope::All, Pair { survivor: old, loser: new }).await.unwrap();
        assert_eq!(merge::units::differing(&both.0, &both.1), ["address"]);
        assert!(merge::units::suggested(&both.0, &both.1).is_empty(), "an address is not mended with parts of another");
        let parts: BTreeSet<String> = ["city", "street", "postal_code"].map(str::to_owned).into();
        let id = merge::merge(&mut tx, &by, &Scope::All, &tables, Pair { survivor: old, loser: new }, &parts).await.unwrap();
        let ada = contact::find(&mut tx, &Scope::All, old).await.unwrap().unwrap();
        assert_eq!((ada.postal, ada.city.as_deref()), (home.clone(), Some("Dortmund")), "nobody takes a part of it");
        merge::split(&mut tx, &by, &Scope::All, &tables, id).await.unwrap();
        let whole: BTreeSet<String> = ["address".to_owned()].into();
        let id = merge::merge(&mut tx, &by, &Scope::All, &tables, Pair { survivor: old, loser: new }, &whole).await.unwrap();
        let ada = contact::find(&mut tx, &Scope::All, old).await.unwrap().unwrap();
        assert_eq!((&ada.postal, ada.city.as_deref()), (&work, Some("München")), "its coordinates went with the rest of it");
        merge::split(&mut tx, &by, &Scope::All, &tables, id).await.unwrap();
        for (id, postal, city) in [(old, &home, "Dortmund"), (new, &work, "München")] {
            let one = contact::find(&mut tx, &Scope::All, id).await.unwrap().unwrap();
            assert_eq!((&one.postal, one.city.as_deref()), (postal, Some(city)));
        }
        // A part of it that was put right since keeps the rest where it belongs.
        let id = merge::merge(&mut tx, &by, &Scope::All, &tables, Pair { survivor: old, loser: new }, &whole).await.unwrap();
        contact::update_field(&mut tx, &by, &Scope::All, old, "street", "Werkstr. 1a").await.unwrap();
        merge::split(&mut tx, &by, &Scope::All, &tables, id).await.unwrap();
        let ada = contact::find(&mut tx, &Scope::All, old).await.unwrap().unwrap();
        assert_eq!((ada.postal.postal_code.as_deref(), ada.city.as_deref(), ada.postal.coordinates), (Some("80331"), Some("München"), None));
        for (key, typed) in [("street", "Hafenstr. 12"), ("postal_code", "44137"), ("city", "Dortmund"), ("coordinates", "51.5136, 7.4653")] {
            contact::update_field(&mut tx, &by, &Scope::All, old, key, typed).await.unwrap();
        }
        // Who knows only the city, which the other says too, gets the whole.
        let vague = person(&mut tx, &by, ("Ada", None), crate::address::PostalAddress::default(), Some("Dortmund")).await;
        let both = merge::find_both(&mut tx, &Scope::All, Pair { survivor: vague, loser: old }).await.unwrap();
        assert_eq!(merge::units::suggested(&both.0, &both.1), ["address".to_owned()].into());
    }
}
