//! A person's own copy is whole: over every table that erasing knows, on both engines.

use std::collections::BTreeSet;

use attune_db::{Tx, Value, params};
use attune_identify::contact::{self, By, ContactDraft, ContactId};
use attune_identify::subject_access::{LEFT_OUT, column_key};
use attune_identify::tracking::Collector;
use attune_testkit::{Colleague, StatusCode, TestApp, on_both_dbs};
use attune_web::{Actor, Texts};

use crate::merge::rows;
use crate::meta::{columns, house};

/// Tables the stories of merging do not fill.
fn more(contact: i64) -> [(&'static str, Vec<Value>); 11] {
    let one = || params![contact].to_vec();
    [
        (
            "INSERT INTO import_changes (import_id, record_id, changes, updated_before_at, updated_after_at) VALUES (1, $1, '{}', 1, 2)",
            one(),
        ),
        ("INSERT INTO bulk_rows (edit_id, record_id, state, before_json) VALUES (1, $1, 'changed', '{\"city\": \"Bonn\"}')", one()),
        ("INSERT INTO merges (id, survivor_id, loser_id, taken, staff_id, staff_name, at) VALUES (1, $1, 2, '[]', 1, 'Jo', 1)", one()),
        ("INSERT INTO contact_facts (contact_id, key, source, detail, at) VALUES ($1, 'city', 'answer', '', 1)", one()),
        ("INSERT INTO score_lines (contact_id, rule_id, count, k, last_at, day, day_points) VALUES ($1, 1, 1, 1.5, 1, 1, 1)", one()),
        ("INSERT INTO contact_scores (contact_id, fit, shown, tier, grade, updated_at) VALUES ($1, 1, 1, 'hot', 'A', 1)", one()),
        ("INSERT INTO segment_members (segment_id, contact_id, since_at) VALUES (1, $1, 1)", one()),
        (
            "INSERT INTO funnel_steps (contact_id, stage, reached_at, known_at, source, took_us) VALUES ($1, 'engaged', 1, 1, 'direct', 0)",
            one(),
        ),
        (
            "INSERT INTO postal_addresses (record_id, subject, street, lat_e7, lon_e7, map_x, map_y, lot) VALUES ($1, 'contact', 'Hafenstr. 12', 5, 6, 7, 8, 9)",
            one(),
        ),
        ("INSERT INTO funnel_losses (contact_id, reason, at) VALUES ($1, 'no answer', 1)", one()),
        (
            "INSERT INTO segments (id, name, name_key, kind, rule, member_count, created_at, updated_at) VALUES (1, 'Regulars', 'regulars', 'static', '{}', 0, 1, 1)",
            Vec::new(),
        ),
    ]
}

async fn fill(tx: &mut Tx, by: &By<'_>) -> i64 {
    let draft = ContactDraft { name: "Ada Lovelace".to_owned(), email: Some("ada@analytic.example".to_owned()), ..ContactDraft::default() };
    let contact = contact::create(tx, by, draft).await.unwrap();
    rows::fill(tx, by.ids, &[contact], contact, (&[1; rows::FILLED.len()], 0)).await;
    for (sql, values) in more(contact) {
        // Some come with the record.
        if let Err(error) = tx.exec(sql, &values).await {
            panic!("{sql}: {error}");
        }
    }
    contact
}

on_both_dbs! {
    with attune::house::migrations();

    async fn every_table_erasing_knows_is_in_a_persons_copy(db: Db) {
        let parts = attune_testkit::parts(db.clone());
        let actor = Actor::system();
        let by = By { actor: &actor, now: parts.clock.now(), ids: &parts.ids };
        let mut tx = db.begin().await.unwrap();
        let contact = fill(&mut tx, &by).await;
        let typed = "INSERT INTO suppressions (id, email_key, reason, note, created_at) VALUES (9001, 'ada@analytic.example', 'manual', 'She rang', 1)";
        tx.exec(typed, params![]).await.unwrap();
        tx.commit().await.unwrap();
        let rooms = attune::house::rooms(&parts, &Collector::start(&parts));
        let site = TestApp::open(parts, rooms, &[Colleague::new("admin", 1).called("Ada")]);
        let answer = site.json("Ada", "GET", &format!("/api/v1/contacts/{}/export", ContactId(contact)), &serde_json::Value::Null).await;
        let copy = answer.is(StatusCode::OK).json();
        let left: BTreeSet<&str> = copy["data"].as_object().unwrap().keys().map(String::as_str).collect();
        let house = house(&db);
        let known = house.contact_tables.iter().map(|entry| entry.table).chain(house.erasers.iter().map(|eraser| eraser.table));
        let known: BTreeSet<&str> = known.chain(["audit_log"]).collect();
        let silent: BTreeSet<&str> = LEFT_OUT.iter().map(|(table, _)| *table).collect();
        let missing: Vec<_> = known.difference(&left).filter(|table| !silent.contains(**table)).collect();
        assert!(missing.is_empty(), "in no copy and without a reason: {missing:?}");
        assert!(left.is_disjoint(&silent), "said to be left out: {left:?}");
        let suppressed = copy["data"]["suppressions"].as_array().unwrap();
        assert!(suppressed.iter().any(|row| row["note"] == "She rang"), "an address typed by hand is theirs too: {suppressed:?}");
        assert_eq!(copy["data"]["segment_members"][0]["segment"], "Regulars", "ids leave as names");
    }

    async fn every_column_that_leaves_has_a_name(db: Db) {
        let house = house(&db);
        let texts = Texts::build(&house.locales).unwrap();
        let silent: BTreeSet<&str> = LEFT_OUT.iter().map(|(table, _)| *table).collect();
        let mut leaving = house.contact_tables.iter().map(|entry| entry.table).filter(|table| !silent.contains(table)).collect::<BTreeSet<_>>();
        leaving.insert("audit_log");
        let columns = columns(&db).await;
        let keys = columns.iter().filter(|(table, _)| leaving.contains(table.as_str())).filter_map(|(table, column)| {
            column_key(table, column, &house.namings).map(|key| (format!("{table}.{column}"), key))
        });
        let mut nameless = keys.filter(|(_, key)| !texts.has(key)).collect::<Vec<_>>();
        nameless.sort();
        assert!(nameless.is_empty(), "no words for {nameless:#?}");
        let mut tx = db.read().await.unwrap();
        for naming in &house.namings {
            tx.rows(&format!("SELECT n.id, n.name FROM ({}) AS n LIMIT 1", naming.sql), params![]).await.unwrap_or_else(|e| panic!("{}: {e}", naming.column));
        }
    }
}
