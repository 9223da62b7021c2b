use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::rules::{Item, Kind, Place, Rule, deal, places, tally};

fn item(kind: Kind, key: i64, contact_id: Option<i64>, company_id: Option<i64>) -> Item {
    Item { kind, key, contact_id, company_id, country: String::new(), city: String::new(), grade: None }
}

fn in_country(mut item: Item, country: &str) -> Item {
    item.country = country.to_owned();
    item
}

fn graded(mut item: Item, grade: &str) -> Item {
    item.grade = Some(grade.to_owned());
    item
}

#[test]
fn a_territory_is_found_however_it_is_written_and_the_rest_goes_elsewhere() {
    let items = [
        in_country(item(Kind::Contact, 1, Some(1), None), "Germany"),
        in_country(item(Kind::Contact, 2, Some(2), None), " GERMANY "),
        in_country(item(Kind::Contact, 3, Some(3), None), "中国"),
        item(Kind::Contact, 4, Some(4), None),
        in_country(item(Kind::Task, 5, Some(3), None), "中国"),
    ];
    let places_of = BTreeMap::from([("germany".to_owned(), 7), ("中国".to_owned(), 8)]);
    let rule = Rule::Territory { by: Place::Country, places: places_of, rest: 9 };
    assert_eq!(deal(&rule, &items, &HashMap::new()), [7, 7, 8, 9, 8]);
    assert_eq!(places(&items, Place::Country, 9), [("Germany".to_owned(), 2), ("中国".to_owned(), 2)]);
    assert_eq!(rule.receivers(), [7, 8, 9]);
}

#[test]
fn a_company_follows_most_of_its_people_where_it_has_no_mark_of_its_own() {
    let items = [
        graded(item(Kind::Contact, 1, Some(1), Some(50)), "A"),
        graded(item(Kind::Contact, 2, Some(2), Some(50)), "B"),
        graded(item(Kind::Contact, 3, Some(3), Some(50)), "B"),
        item(Kind::Company, 50, None, Some(50)),
        item(Kind::Company, 51, None, Some(51)),
    ];
    let rule = Rule::Grade { grades: BTreeMap::from([("A".to_owned(), 7), ("B".to_owned(), 8)]), rest: 9 };
    assert_eq!(deal(&rule, &items, &HashMap::new()), [7, 8, 8, 8, 9]);
}

#[test]
fn whoever_has_least_gets_most() {
    let items: Vec<Item> = (1..=10).map(|id| item(Kind::Contact, id, Some(id), None)).collect();
    let rule = Rule::Load { to: vec![7, 8] };
    let figures = tally(&items, &deal(&rule, &items, &HashMap::from([(7, 6), (8, 0)])));
    assert_eq!((figures[&7].contacts, figures[&8].contacts), (2, 8));
}

fn books() -> impl Strategy<Value = Vec<Item>> {
    let one = (0..Kind::ALL.len(), prop::option::of(1..20_i64), prop::option::of(1..6_i64));
    prop::collection::vec(one, 0..60).prop_map(|rows| {
        let make = |(index, (kind, contact, company)): (usize, (usize, Option<i64>, Option<i64>))| {
            // A contact is in one company; so is what is about it.
            let company = contact.map_or(company, |contact| (contact % 3 == 0).then_some(contact % 5 + 1));
            item(Kind::ALL[kind], i64::try_from(index).unwrap(), contact, company)
        };
        rows.into_iter().enumerate().map(make).collect()
    })
}

proptest! {
    #[test]
    fn nothing_is_lost_and_what_is_about_one_contact_stays_together(items in books(), loads in prop::collection::vec(0..40_i64, 3)) {
        let loads: HashMap<i64, i64> = (1..).zip(loads).collect();
        let rule = Rule::Load { to: vec![1, 2, 3] };
        let dealt = deal(&rule, &items, &loads);
        prop_assert_eq!(dealt.len(), items.len());
        prop_assert!(dealt.iter().all(|to| (1..=3).contains(to)));
        let mut of_contact: HashMap<i64, i64> = HashMap::new();
        let mut of_company: HashMap<i64, i64> = HashMap::new();
        for (item, to) in items.iter().zip(&dealt) {
            if let Some(contact) = item.contact_id {
                prop_assert_eq!(*of_contact.entry(contact).or_insert(*to), *to);
            }
            if let Some(company) = item.company_id {
                prop_assert_eq!(*of_company.entry(company).or_insert(*to), *to);
            }
        }
        let total: i64 = tally(&items, &dealt).values().map(|figures| figures.total()).sum();
        prop_assert_eq!(total, i64::try_from(items.len()).unwrap());
    }

    #[test]
    fn single_things_are_shared_out_until_the_books_are_level(count in 1..80_i64, loads in prop::collection::vec(0..40_i64, 3)) {
        let items: Vec<Item> = (1..=count).map(|id| item(Kind::Contact, id, Some(id), None)).collect();
        let loads: HashMap<i64, i64> = (1..).zip(loads).collect();
        let figures = tally(&items, &deal(&Rule::Load { to: vec![1, 2, 3] }, &items, &loads));
        let then = |id: &i64| loads[id] + figures.get(id).map_or(0, |gets| gets.total());
        // Whoever got something is no fuller than anybody else by more than one thing.
        for (id, gets) in &figures {
            if gets.total() > 0 {
                let least = loads.keys().map(then).min().unwrap();
                prop_assert!(then(id) <= least + 1, "{figures:?} upon {loads:?}");
            }
        }
    }
}
