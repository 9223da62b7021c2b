//! An import taken back leaves no trace: every table is as it was, but for the record that all this happened.

use std::collections::{BTreeMap, BTreeSet};

use attune_system::Attune;

use crate::ground::{counted, counts, dump, ended, file, number, rows, settle, shared, take_on_admin};
use crate::import::customers;

/// Tables that may differ afterwards, with the reason.
const BOOKKEEPING: [(&str, &str); 9] = [
    ("imports", "the list of imports shows the one that was taken back"),
    ("audit_log", "who brought it in and who took it back"),
    ("events", "people whose values were put back were changed twice; see the checks on events below"),
    ("event_head", "numbers of events are never used again"),
    ("event_cursors", "reactors have heard further events"),
    ("jobs", "work that was done"),
    ("timers", "work that comes back at its time"),
    ("first_steps", "the administrator has tried an import"),
    ("settings", "the secret that signs links is made at the first start"),
];

fn same(before: &BTreeMap<String, Vec<String>>, after: &BTreeMap<String, Vec<String>>) {
    let excepted: BTreeSet<&str> = BOOKKEEPING.iter().map(|(table, _)| *table).collect();
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let mut differing = Vec::new();
    for (table, was) in before.iter().filter(|(table, _)| !excepted.contains(table.as_str())) {
        // When somebody was last scored is no trace of the import.
        let shown = |rows: &[String]| -> Vec<String> {
            let cut =
                |row: &String| if table == "contact_scores" { row.rsplit_once([',', '|']).unwrap().0.to_owned() } else { row.clone() };
            rows.iter().map(cut).collect()
        };
        let (was, is) = (shown(was), shown(&after[table]));
        if was != is {
            let gone: Vec<&String> = was.iter().filter(|row| !is.contains(row)).take(3).collect();
            let new: Vec<&String> = is.iter().filter(|row| !was.contains(row)).take(3).collect();
            differing.push(format!("{table}: {} rows before, {} after\n  gone: {gone:#?}\n  new: {new:#?}", was.len(), is.len()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// Lets the server hear everything, as it would in the background.
async fn live(attune: &mut Attune) {
    attune.serve().await.unwrap();
    settle(attune).await;
    attune.stop().await.unwrap();
}

async fn events_are_clean(attune: &Attune, import: &str) {
    let strays =
        "SELECT count(*) FROM events e WHERE e.contact_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.id = e.contact_id)";
    assert_eq!(number(attune, strays).await, 0, "an event speaks of somebody who is gone");
    let state = rows(attune, "SELECT state FROM imports ORDER BY id DESC LIMIT 1").await;
    assert_eq!(state, [["undone"]], "{import}");
    let told =
        "SELECT count(*) FROM events WHERE name IN ('contact.created', 'contact.imported') AND origin_id = (SELECT max(id) FROM imports)";
    assert_eq!(number(attune, told).await, 0, "the import's own events went with it");
}

on_both_engines! {
    /// On an empty store, and twice.
    async fn on_an_empty_store(attune: Attune) {
        take_on_admin(&attune).await;
        live(&mut attune).await;
        let before = dump(&attune).await;
        for _ in 0..2 {
            let path = file(&attune, "customers.csv", &customers(false));
            let (made, _) = ended(&attune, 1, &["import", "contacts", &path]).await;
            live(&mut attune).await;
            let id = made["id"].as_str().unwrap();
            let (undone, _) = ended(&attune, 0, &["import", "undo", id]).await;
            assert_eq!((undone["id"].as_str(), counts(&undone)[1]), (Some(id), 2_998));
            live(&mut attune).await;
            assert_eq!(counted(&attune, &["contacts"]).await, 0);
            same(&before, &dump(&attune).await);
            events_are_clean(&attune, id).await;
        }
    }

    /// Among people who were there before: those it changed get back what they had.
    async fn among_others(attune: Attune) {
        take_on_admin(&attune).await;
        let some: String = customers(false).lines().take(41).map(|line| format!("{line}\n")).collect();
        let known = file(&attune, "known.csv", &some);
        ended(&attune, 0, &["import", "contacts", &known]).await;
        live(&mut attune).await;
        let before = dump(&attune).await;
        let path = file(&attune, "moved.csv", &customers(true));
        let (made, _) = ended(&attune, 1, &["import", "contacts", &path]).await;
        assert_eq!(counts(&made), [3_000, 2_958, 10, 30, 2]);
        live(&mut attune).await;
        assert_eq!(counted(&attune, &["contacts", "--segment", "city = \"Oslo\""]).await, 10);
        let id = made["id"].as_str().unwrap();
        let (undone, _) = ended(&attune, 0, &["import", "undo", id]).await;
        assert_eq!(counts(&undone)[1..3], [2_958, 10]);
        live(&mut attune).await;
        assert_eq!(counted(&attune, &["contacts"]).await, 40);
        same(&before, &dump(&attune).await);
        events_are_clean(&attune, id).await;
        let again = crate::ground::refused(&attune, 2, &["import", "undo", id]).await;
        assert!(again.contains("import"), "{again}");
    }

    /// 6,441 real leads with fields of their own.
    async fn real_leads(attune: Attune) {
        let Some(path) = shared("x_education_leads/leads_dev.csv") else { return };
        take_on_admin(&attune).await;
        live(&mut attune).await;
        let before = dump(&attune).await;
        let (made, _) = ended(&attune, 0, &["import", "contacts", &path.display().to_string()]).await;
        ended(&attune, 0, &["import", "undo", made["id"].as_str().unwrap()]).await;
        live(&mut attune).await;
        same(&before, &dump(&attune).await);
        events_are_clean(&attune, made["id"].as_str().unwrap()).await;
    }
}
