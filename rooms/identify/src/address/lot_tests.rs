//! A map of more records than one look reads.

use attune_db::{Tx, params};
use attune_testkit::{StatusCode, TestApp};
use serde_json::Value as Json;

use super::{Coordinates, PostalAddress, store};
use crate::field::Subject;
use crate::tracking::Collector;

/// More than a list that is read as a whole.
const PEOPLE: i64 = 60_000;
/// Of so many one is the agent's.
const OWN: i64 = 7;
/// (degrees north and east, how many of a hundred people are around there).
const CITIES: [(i64, i64, i64); 3] = [(525_200_000, 134_050_000, 60), (312_304_000, 1_214_737_000, 39), (-338_688_000, 1_512_093_000, 1)];

/// Whose city is which: the last is a small one.
fn city_of(id: i64) -> usize {
    let mut left = id * 37 % 100;
    let is_here = |(.., share): &(i64, i64, i64)| {
        left -= share;
        left < 0
    };
    CITIES.iter().position(is_here).unwrap()
}

/// How many are in each city, of those whom `is_meant` means.
fn counted(is_meant: impl Fn(i64) -> bool) -> [i64; 3] {
    let mut people = [0; 3];
    (1..=PEOPLE).filter(|id| is_meant(*id)).for_each(|id| people[city_of(id)] += 1);
    people
}

/// Everybody at once, each some metres from the next.
async fn people(tx: &mut Tx) {
    let made = "INSERT INTO contacts (id, name, name_key, stage, owner_id, fields, created_at, updated_at)
        WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT n.id + 1 FROM n WHERE n.id < $1)
        SELECT n.id, 'P', 'p', 'lead', CASE WHEN n.id % $2 = 0 THEN 1 ELSE 2 END, '{}', 1, 1 FROM n";
    tx.exec(made, params![PEOPLE, OWN]).await.unwrap();
    let place = |id: i64| {
        let (lat_e7, lon_e7, _) = CITIES[city_of(id)];
        let at = Coordinates { lat_e7: lat_e7 + id % 211 * 1_000, lon_e7: lon_e7 + id % 199 * 1_000 };
        PostalAddress { coordinates: Some(at), ..PostalAddress::default() }
    };
    let places: Vec<(i64, PostalAddress)> = (1..=PEOPLE).map(|id| (id, place(id))).collect();
    store::put(tx, Subject::Contact, places.iter().map(|(id, place)| (*id, place)), true).await.unwrap();
}

/// The numbers of the cells, the greatest first.
fn numbers(seen: &Json) -> Vec<i64> {
    let mut numbers: Vec<i64> = seen["cells"].as_array().unwrap().iter().map(|cell| cell["n"].as_i64().unwrap()).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers
}

fn is_about(number: i64, truth: i64) -> bool {
    (number - truth).abs() * 10 < truth
}

#[tokio::test(flavor = "multi_thread")]
async fn a_map_of_many_is_a_fair_sample_and_a_look_at_few_is_exact() {
    let kept = attune_testkit::lite(&crate::test_migrations()).await;
    let site = TestApp::start(kept.db(), |parts| vec![crate::room(parts, &Collector::start(parts))]);
    let mut tx = site.app().db.begin().await.unwrap();
    people(&mut tx).await;
    tx.commit().await.unwrap();
    let truth = counted(|_| true);
    let world = "/contacts/map/cells?zoom=2&part=0,0,1073741823,1073741823";

    let seen = site.get("admin", world).await.is(StatusCode::OK).json();
    assert!(seen["said"].as_str().unwrap().starts_with("About "), "{seen}");
    let found = numbers(&seen);
    assert_eq!(found.len(), CITIES.len(), "{seen}");
    assert!(
        is_about(found[0], truth[0]) && is_about(found[1], truth[1]) && is_about(found.iter().sum(), PEOPLE),
        "{found:?}, not {truth:?}"
    );
    assert!(found[2] > 0 && found[2] < 2 * truth[2], "{found:?}, not {truth:?}");
    for cell in seen["cells"].as_array().unwrap() {
        assert!(cell["href"].is_null() && cell["label"].as_str().unwrap().starts_with("About "), "nobody is named out of a sample: {cell}");
    }
    let page = site.get("admin", "/contacts?layout=map").await.is(StatusCode::OK);
    assert!(page.has("About ") && !page.has("60,000 contacts of this list"), "{}", page.body);

    // Where few are, all of them are read, and the list of a cell leads to each of them.
    let small = seen["cells"].as_array().unwrap().iter().min_by_key(|cell| cell["n"].as_i64()).unwrap()["part"].as_str().unwrap();
    let near = site.get("admin", &format!("/contacts/map/cells?zoom=12&part={small}")).await.json();
    assert_eq!(numbers(&near).iter().sum::<i64>(), truth[2], "{near}");
    assert!(!near["said"].as_str().unwrap().starts_with("About "), "{near}");
    let list = site.get("admin", &format!("/contacts?within={}", small.replace(',', "%2C"))).await.is(StatusCode::OK);
    assert!(list.has(&truth[2].to_string()), "{}", list.body);

    // A list of no more than are read as a whole is exact, and knows nobody of the others.
    let own = site.get("agent", world).await.json();
    assert_eq!(numbers(&own), counted(|id| id % OWN == 0), "{own}");
    assert!(!own["said"].as_str().unwrap().starts_with("About "), "{own}");
}
