//! Invented contacts with scores, search words and browsers.

use anyhow::Result;
use attune_db::Column::{Bool, Int, Real, Text};
use attune_db::{Column, Conflict, Db, Relation, Tx, Value};
use attune_identify::contact::{email_key, search};
use attune_identify::tracking::key64;
use attune_kernel::{Clock, DAY_US, Decay};

use super::dice::Dice;
use super::{FIRST_VISITOR, PAST_US, contact_id, stretches, visitor_name};

/// Contacts in one transaction.
const CONTACTS_A_TIME: i64 = 20_000;
/// Browsers in one transaction.
const VISITORS_A_TIME: i64 = 50_000;
/// The import every invented contact came with: imported people count as having agreed to mail.
const IMPORT: i64 = 17;

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

const CONTACT_COLUMNS: [(&str, Column); 22] = [
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
];
const SCORE_COLUMNS: [(&str, Column); 6] =
    [("contact_id", Int), ("fit", Int), ("shown", Int), ("tier", Text), ("grade", Text), ("updated_at", Int)];

/// Adds `count` contacts with scores and search words.
pub async fn contacts(db: &Db, count: i64) -> Result<()> {
    let now = Clock::system().now();
    for indexes in stretches(count, CONTACTS_A_TIME) {
        let mut tx = db.begin().await?;
        insert_contacts(&mut tx, indexes, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn insert_contacts(tx: &mut Tx, indexes: std::ops::Range<i64>, now: i64) -> Result<()> {
    let mut people = Relation::new(&CONTACT_COLUMNS);
    let mut words = Relation::new(&[("rowid", Int), ("open", Text), ("hidden", Text)]);
    let mut scores = Relation::new(&SCORE_COLUMNS);
    for index in indexes {
        let standing = Standing::of(index);
        let [email, given, family, _, company, _, _, _, external_id, _] = person(index);
        let name = format!("{given} {family}");
        let found_by = search::words([name.as_str(), &company, &external_id], [email.as_str()], None);
        words.push(vec![Value::Int(contact_id(index)), found_by.open.into(), found_by.hidden.into()]);
        scores.push(standing.row(index, now));
        people.push(contact_row(index, &standing, now));
    }
    tx.insert("contacts", &people, Conflict::Fail).await?;
    tx.insert("contact_search", &words, Conflict::Fail).await?;
    tx.insert("contact_scores", &scores, Conflict::Fail).await?;
    Ok(())
}

/// How well somebody fits and how warm they are.
struct Standing {
    fit: i64,
    points: i64,
    points_age_us: i64,
    stage: &'static str,
    seen_ago_us: i64,
}

impl Standing {
    fn of(index: i64) -> Self {
        let mut dice = Dice::new(index.unsigned_abs());
        let (fit, points) = (dice.below(101), dice.below(60));
        let points_age_us = dice.below(30 * DAY_US);
        let stage = dice.pick(&STAGES).unwrap_or("lead");
        Self { fit, points, points_age_us, stage, seen_ago_us: dice.below(PAST_US) }
    }

    fn grade(&self) -> &'static str {
        match self.fit {
            ..34 => "C",
            34..68 => "B",
            _ => "A",
        }
    }

    fn tier(&self) -> &'static str {
        match self.points {
            ..15 => "cold",
            15..40 => "warm",
            _ => "hot",
        }
    }

    fn row(&self, index: i64, now: i64) -> Vec<Value> {
        vec![contact_id(index).into(), self.fit.into(), self.points.into(), self.tier().into(), self.grade().into(), now.into()]
    }
}

fn contact_row(index: i64, standing: &Standing, now: i64) -> Vec<Value> {
    let [email, given, family, phone, _, title, city, country, external_id, source] = person(index);
    let name = format!("{given} {family}");
    let k = Decay::new(30 * DAY_US).k_of(standing.points as f64, now - standing.points_age_us);
    vec![
        contact_id(index).into(),
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
        standing.stage.into(),
        source.into(),
        IMPORT.into(),
        k.into(),
        standing.fit.into(),
        standing.grade().into(),
        "{}".into(),
        (now - PAST_US).into(),
        now.into(),
        (now - standing.seen_ago_us).into(),
    ]
}

const VISITOR_COLUMNS: [(&str, Column); 6] =
    [("id", Int), ("key", Int), ("contact_id", Int), ("first_seen_at", Int), ("last_seen_at", Int), ("machine", Bool)];

/// Gives each of the first `count` contacts a known browser.
pub async fn visitors(db: &Db, count: i64) -> Result<()> {
    let now = Clock::system().now();
    for indexes in stretches(count, VISITORS_A_TIME) {
        let mut rows = Relation::new(&VISITOR_COLUMNS);
        for index in indexes {
            let key = key64("visitor", &[&visitor_name(index)]);
            let ids = [FIRST_VISITOR + index, key, contact_id(index), now - PAST_US, now - DAY_US].map(Value::Int);
            rows.push(ids.into_iter().chain([Value::Bool(false)]).collect::<Vec<_>>());
        }
        let mut tx = db.begin().await?;
        tx.insert("visitors", &rows, Conflict::Fail).await?;
        tx.commit().await?;
    }
    Ok(())
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
