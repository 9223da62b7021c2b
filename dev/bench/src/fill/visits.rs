//! Invented visits, ten events each.

use std::ops::Range;

use anyhow::Result;
use attune_db::Column::{Bool, Int, Text};
use attune_db::{Column, Conflict, Relation, Tx, Value};

use super::dice::{Dice, mixed};
use super::{FIRST_VISITOR, contact_id};

/// Events of every visit.
pub const EVENTS_A_VISIT: i64 = 10;
const FIRST_VISIT: i64 = 4_000_000_001;
/// Between two events of a visit, µs.
const PAUSE_US: i64 = 20_000_000;

const VISIT_COLUMNS: [(&str, Column); 16] = [
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
];
const EVENT_COLUMNS: [(&str, Column); 12] = [
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
];

/// Where visits lie in time and in the log.
pub struct Course {
    /// People to whom they belong.
    pub people: i64,
    /// When the first begins, µs.
    pub start: i64,
    /// From one visit's beginning to the next one's, µs.
    pub step: i64,
    /// Events are numbered behind this.
    pub seq: i64,
}

/// Adds visits with these numbers, and their events.
pub async fn insert(tx: &mut Tx, numbers: Range<i64>, course: &Course) -> Result<()> {
    let mut visits = Relation::new(&VISIT_COLUMNS);
    let mut events = Relation::new(&EVENT_COLUMNS);
    for number in numbers {
        let mut dice = Dice::new(number.unsigned_abs() ^ 0xe7e7);
        let who = dice.below(course.people);
        let at = course.start + number * course.step;
        for place in 0..EVENTS_A_VISIT {
            let seq = course.seq + 1 + number * EVENTS_A_VISIT + place;
            let ids = [contact_id(who), FIRST_VISITOR + who, FIRST_VISIT + number];
            events.push(event_row(seq, at + place * PAUSE_US, ids, &mut dice));
        }
        visits.push(visit_row(number, who, at));
    }
    tx.insert("visits", &visits, Conflict::Fail).await?;
    tx.insert("events", &events, Conflict::Fail).await?;
    Ok(())
}

/// `ids`: contact, browser, visit.
fn event_row(seq: i64, at: i64, ids: [i64; 3], dice: &mut Dice) -> Vec<Value> {
    let (name, subject, amount, props) = deed(dice);
    let mut row = vec![Value::Int(seq), name.into(), at.into()];
    row.extend(ids.map(Value::Int));
    let key = mixed(seq.unsigned_abs()).cast_signed();
    row.extend([subject.into(), amount.into(), Value::Bool(false), Value::Int(0), Value::Int(key), props.into()]);
    row
}

fn visit_row(number: i64, who: i64, at: i64) -> Vec<Value> {
    vec![
        (FIRST_VISIT + number).into(),
        (FIRST_VISITOR + who).into(),
        contact_id(who).into(),
        at.into(),
        (at + (EVENTS_A_VISIT - 1) * PAUSE_US).into(),
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
    ]
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
