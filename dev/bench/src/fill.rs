//! Invented people and what they did, in bulk: the same in every run.

use anyhow::{Context, Result};
use attune_db::{Column, Conflict, Db, DbOptions, Relation, Tx, Value};
use attune_identify::contact::{email_key, search};
use attune_identify::tracking::key64;
use attune_kernel::{Clock, DAY_US, Decay};

use crate::ground::{Ground, Store};
use crate::program::Server;

/// Contacts in one transaction.
const CONTACTS_A_TIME: i64 = 20_000;
/// Visits in one transaction, each with [`EVENTS_A_VISIT`] events.
const VISITS_A_TIME: i64 = 10_000;
const EVENTS_A_VISIT: i64 = 10;
/// The id of the first contact; the others follow.
const FIRST_CONTACT: i64 = 1_000_001;
const FIRST_VISITOR: i64 = 2_000_000_001;
const FIRST_VISIT: i64 = 4_000_000_001;
/// The import every invented contact came with: imported people count as having agreed to mail.
const IMPORT: i64 = 17;
/// How far back the events reach.
const PAST_US: i64 = 180 * DAY_US;

const GIVEN: [&str; 16] =
    ["Anna", "Jonas", "Mei", "Carla", "Omar", "Lena", "Yuki", "Pavel", "Sofia", "Liam", "Ines", "Noah", "Aisha", "Marek", "Chloe", "Wei"];
const FAMILY: [&str; 20] = [
    "Tan",
    "Vogel",
    "Rossi",
    "Novak",
    "Jensen",
    "Kowalski",
    "Moreau",
    "Silva",
    "Nakamura",
    "Haddad",
    "Brandt",
    "Lindqvist",
    "Okafor",
    "Murphy",
    "Costa",
    "Fischer",
    "Petrov",
    "Garcia",
    "Andersen",
    "Dubois",
];
const CITIES: [(&str, &str); 10] = [
    ("Berlin", "DE"),
    ("Shanghai", "CN"),
    ("Lyon", "FR"),
    ("Porto", "PT"),
    ("Osaka", "JP"),
    ("Gdansk", "PL"),
    ("Leeds", "GB"),
    ("Austin", "US"),
    ("Turin", "IT"),
    ("Aarhus", "DK"),
];
const TITLES: [&str; 6] = ["Buyer", "Head of Sales", "Engineer", "Owner", "Accountant", "Marketing Manager"];
const STAGES: [&str; 5] = ["visitor", "lead", "lead", "mql", "customer"];

/// Numbers that look random and are the same in every run (splitmix64).
pub struct Dice(u64);

impl Dice {
    /// A sequence of its own per `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number from 0 to `below` − 1.
    pub fn below(&mut self, below: i64) -> i64 {
        (self.next() >> 2).cast_signed() % below.max(1)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let index = self.below(i64::try_from(from.len()).unwrap_or(1));
        from.get(usize::try_from(index).unwrap_or(0)).copied()
    }
}

/// A permutation of 64-bit numbers: different in, different out.
fn mixed(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The id of the contact with this index, from 0.
pub fn contact_id(index: i64) -> i64 {
    FIRST_CONTACT + index
}

/// What the browser of a contact calls itself.
pub fn visitor_name(index: i64) -> String {
    format!("bench-visitor-{index:08}")
}

/// Somebody invented, with the columns an import file has: see [`PERSON_COLUMNS`].
pub fn person(index: i64) -> [String; 10] {
    let mut dice = Dice::new(index.unsigned_abs() ^ 0x5eed);
    let (given, family) = (dice.pick(&GIVEN).unwrap_or("Anna"), dice.pick(&FAMILY).unwrap_or("Tan"));
    let (city, country) = dice.pick(&CITIES).unwrap_or(("Berlin", "DE"));
    let company = dice.below(20_000);
    [
        format!("{}.{}.{index}@firm{company}.example", given.to_lowercase(), family.to_lowercase()),
        given.to_owned(),
        family.to_owned(),
        format!("+49 30 {:07}", dice.below(10_000_000)),
        format!("Firm {company}"),
        dice.pick(&TITLES).unwrap_or("Buyer").to_owned(),
        city.to_owned(),
        country.to_owned(),
        format!("X-{index:08}"),
        "fair".to_owned(),
    ]
}

/// The columns of [`person`].
pub const PERSON_COLUMNS: [&str; 10] =
    ["email", "given_name", "family_name", "phone", "company", "title", "city", "country", "external_id", "source"];

/// A store opened for filling: nothing waits for the disk.
pub async fn open(store: &Store) -> Result<Db> {
    store.open_with(&DbOptions { connections: 1, durable: false, cache_bytes: 2 << 30 }).await
}

/// Adds `count` contacts with scores and search words.
pub async fn contacts(db: &Db, count: i64) -> Result<()> {
    let now = Clock::system().now();
    let mut from = 0;
    while from < count {
        let to = (from + CONTACTS_A_TIME).min(count);
        let mut tx = db.begin().await?;
        insert_contacts(&mut tx, from..to, now).await?;
        tx.commit().await?;
        from = to;
    }
    Ok(())
}

async fn insert_contacts(tx: &mut Tx, indexes: std::ops::Range<i64>, now: i64) -> Result<()> {
    use Column::{Int, Real, Text};
    let mut people = Relation::new(&[
        ("id", Int),
        ("name", Text),
        ("name_key", Text),
        ("given_name", Text),
        ("family_name", Text),
        ("email", Text),
        ("email_key", Text),
        ("phone", Text),
        ("title", Text),
        ("city", Text),
        ("country", Text),
        ("external_id", Text),
        ("stage", Text),
        ("source", Text),
        ("import_id", Int),
        ("engagement_k", Real),
        ("fit", Int),
        ("grade", Text),
        ("fields", Text),
        ("created_at", Int),
        ("updated_at", Int),
        ("last_seen_at", Int),
    ]);
    let mut words = Relation::new(&[("rowid", Int), ("body", Text)]);
    let mut scores =
        Relation::new(&[("contact_id", Int), ("fit", Int), ("shown", Int), ("tier", Text), ("grade", Text), ("updated_at", Int)]);
    let decay = Decay::new(30 * DAY_US);
    for index in indexes {
        let mut dice = Dice::new(index.unsigned_abs());
        let [email, given, family, phone, company, title, city, country, external_id, source] = person(index);
        let name = format!("{given} {family}");
        let (fit, points) = (dice.below(101), dice.below(60));
        let k = decay.k_of(points as f64, now - dice.below(30 * DAY_US));
        let grade = ["C", "B", "A"].get(usize::try_from(fit / 34).unwrap_or(0)).copied().unwrap_or("C");
        let stage = dice.pick(&STAGES).unwrap_or("lead");
        let tier = if points >= 40 {
            "hot"
        } else if points >= 15 {
            "warm"
        } else {
            "cold"
        };
        words.push(vec![Value::Int(contact_id(index)), search::words([name.as_str(), &email, &company, &external_id], None).into()]);
        scores.push(vec![Value::Int(contact_id(index)), fit.into(), points.into(), tier.into(), grade.into(), now.into()]);
        people.push(vec![
            Value::Int(contact_id(index)),
            name.as_str().into(),
            name.to_lowercase().into(),
            given.into(),
            family.into(),
            email.as_str().into(),
            email_key(&email).into(),
            phone.into(),
            title.into(),
            city.into(),
            country.into(),
            external_id.into(),
            stage.into(),
            source.into(),
            IMPORT.into(),
            k.into(),
            fit.into(),
            grade.into(),
            "{}".into(),
            (now - PAST_US).into(),
            now.into(),
            (now - dice.below(PAST_US)).into(),
        ]);
    }
    tx.insert("contacts", &people, Conflict::Fail).await?;
    tx.insert("contact_search", &words, Conflict::Fail).await?;
    tx.insert("contact_scores", &scores, Conflict::Fail).await?;
    Ok(())
}

/// Gives each of the first `count` contacts a known browser.
pub async fn visitors(db: &Db, count: i64) -> Result<()> {
    let now = Clock::system().now();
    for from in (0..count).step_by(50_000) {
        let mut rows = Relation::new(&[
            ("id", Column::Int),
            ("key", Column::Int),
            ("contact_id", Column::Int),
            ("first_seen_at", Column::Int),
            ("last_seen_at", Column::Int),
            ("machine", Column::Bool),
        ]);
        for index in from..(from + 50_000).min(count) {
            let key = key64("visitor", &[&visitor_name(index)]);
            let times = [Value::Int(now - PAST_US), Value::Int(now - DAY_US)];
            rows.push(
                [&[Value::Int(FIRST_VISITOR + index), Value::Int(key), Value::Int(contact_id(index))][..], &times, &[Value::Bool(false)]]
                    .concat(),
            );
        }
        let mut tx = db.begin().await?;
        tx.insert("visitors", &rows, Conflict::Fail).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Fills the large store: contacts, their browsers, and events over half a year, ten a visit.
pub async fn large(ground: &Ground, store: &Store) -> Result<()> {
    let scale = &ground.scale;
    eprintln!("filling the large store ({}) …", ground.sizes());
    let cursors = know_the_reactors(ground, store).await?;
    let db = open(store).await?;
    contacts(&db, scale.contacts).await?;
    visitors(&db, scale.contacts).await?;
    let (visits, now) = (scale.events / EVENTS_A_VISIT, Clock::system().now());
    let mut from = 0;
    while from < visits {
        let to = (from + VISITS_A_TIME).min(visits);
        let mut tx = db.begin().await?;
        insert_visits(&mut tx, from..to, scale.contacts, (now - PAST_US, PAST_US / visits.max(1)), cursors).await?;
        tx.commit().await?;
        from = to;
    }
    let last = cursors + visits * EVENTS_A_VISIT;
    let mut tx = db.begin().await?;
    tx.exec("UPDATE event_head SET last_seq = $1", [Value::Int(last)]).await?;
    tx.exec("UPDATE event_cursors SET seq = $1", [Value::Int(last)]).await?;
    tx.commit().await?;
    db.analyze().await?;
    db.checkpoint().await?;
    Ok(())
}

/// Lets every reactor hear one event, so that each has a cursor; answers where the log ends.
async fn know_the_reactors(ground: &Ground, store: &Store) -> Result<i64> {
    let db = store.open().await?;
    let mut tx = db.begin().await?;
    let first = attune_events::Event::new("page.viewed", Clock::system().now());
    attune_events::append(&mut tx, &mut [first]).await?;
    tx.commit().await?;
    let server = Server::start(ground, &store.argument, &[])?;
    server.quiet().await?;
    server.stop()?;
    let mut tx = db.read().await?;
    tx.count("SELECT last_seq FROM event_head", []).await.context("reading the log's head")
}

/// Visits `from..to` with their events; the first begins at `start`, the next `step` µs later. Events are numbered behind `seq`.
async fn insert_visits(tx: &mut Tx, numbers: std::ops::Range<i64>, people: i64, (start, step): (i64, i64), seq: i64) -> Result<()> {
    use Column::{Bool, Int, Text};
    let mut visits = Relation::new(&[
        ("id", Int),
        ("visitor_id", Int),
        ("contact_id", Int),
        ("started_at", Int),
        ("last_at", Int),
        ("pages", Int),
        ("events", Int),
        ("dwell_us", Int),
        ("source", Text),
        ("medium", Text),
        ("host", Text),
        ("landing", Text),
        ("browser", Text),
        ("os", Text),
        ("device", Text),
        ("machine", Bool),
    ]);
    let mut events = Relation::new(&[
        ("seq", Int),
        ("name", Text),
        ("at", Int),
        ("contact_id", Int),
        ("visitor_id", Int),
        ("session_id", Int),
        ("subject", Text),
        ("amount", Int),
        ("machine", Bool),
        ("depth", Int),
        ("client_key", Int),
        ("props", Text),
    ]);
    for number in numbers {
        let mut dice = Dice::new(number.unsigned_abs() ^ 0xe7e7);
        let (who, at) = (dice.below(people), start + number * step);
        let (contact, visitor, visit) = (contact_id(who), FIRST_VISITOR + who, FIRST_VISIT + number);
        for place in 0..EVENTS_A_VISIT {
            let seq = seq + 1 + number * EVENTS_A_VISIT + place;
            let (name, subject, amount, props) = deed(&mut dice);
            let ids = [Value::Int(contact), Value::Int(visitor), Value::Int(visit)];
            let key = mixed(seq.unsigned_abs()).cast_signed();
            let mut row = vec![Value::Int(seq), name.into(), (at + place * 20_000_000).into()];
            row.extend(ids);
            row.extend([subject.into(), amount.into(), Value::Bool(false), Value::Int(0), Value::Int(key), props.into()]);
            events.push(row);
        }
        let last_at = at + (EVENTS_A_VISIT - 1) * 20_000_000;
        visits.push(vec![
            visit.into(),
            visitor.into(),
            contact.into(),
            at.into(),
            last_at.into(),
            8.into(),
            EVENTS_A_VISIT.into(),
            120_000_000.into(),
            "search.example".into(),
            "search".into(),
            "shop.example".into(),
            "/".into(),
            "Chrome".into(),
            "Linux".into(),
            "desktop".into(),
            Value::Bool(false),
        ]);
    }
    tx.insert("visits", &visits, Conflict::Fail).await?;
    tx.insert("events", &events, Conflict::Fail).await?;
    Ok(())
}

/// Something somebody did: name, subject, amount, props.
fn deed(dice: &mut Dice) -> (&'static str, String, Option<i64>, Option<String>) {
    let section = dice.below(50);
    let page = format!("/section-{section}/page-{}", dice.below(1_000));
    match dice.below(100) {
        0..2 => (
            "purchase.made",
            format!("sku-{}", dice.below(5_000)),
            Some(100 + dice.below(20_000)),
            Some(r#"{"currency":"EUR"}"#.to_owned()),
        ),
        2..5 => ("form.submitted", "contact".to_owned(), None, None),
        5..10 => ("site.searched", format!("word {}", dice.below(500)), None, None),
        10..20 => ("page.left", page, Some(1_000_000 * dice.below(180)), Some(format!(r#"{{"scroll_pct":{}}}"#, dice.below(101)))),
        20..24 => ("page.viewed", "/pricing".to_owned(), None, Some(r#"{"title":"Pricing"}"#.to_owned())),
        _ => ("page.viewed", page, None, Some(format!(r#"{{"title":"Section {section}"}}"#))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_the_same_every_time_and_differ_from_each_other() {
        assert_eq!(person(7), person(7));
        let addresses: std::collections::HashSet<String> = (0..1_000).map(|index| person(index)[0].clone()).collect();
        assert_eq!(addresses.len(), 1_000);
    }
}
