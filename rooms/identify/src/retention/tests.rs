use attune_db::{Db, Tx, params};
use attune_house::{setting_int, write_setting};
use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::{Colleague, StatusCode, TestApp};
use attune_web::Grant;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use super::class::CLASSES;
use super::jobs::KIND;
use super::setting;
use crate::import;
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn count(db: &Db, sql: &str) -> i64 {
    db.read().await.unwrap().count(&format!("SELECT count(*) FROM {sql}"), params![]).await.unwrap()
}

async fn person(site: &TestApp, more: Json) -> (String, i64) {
    let mut new = json!({ "name": "Ada Lovelace" });
    new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let id = site.json("admin", "POST", "/api/v1/contacts", &new).await.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned();
    let number = id.parse::<crate::contact::ContactId>().unwrap().0;
    (id, number)
}

async fn run(site: &TestApp) {
    site.post("admin", "/settings/retention/run", "").await.is(StatusCode::SEE_OTHER);
    site.settle().await;
}

/// Writes a row of every kind as old as `at`, of `contact` or of nobody.
async fn put(tx: &mut Tx, id: i64, at: i64, contact: Option<i64>) {
    let both = params![id, at, contact].to_vec();
    let one = params![id, at].to_vec();
    for (sql, values) in [
        ("INSERT INTO visitors (id, key, contact_id, first_seen_at, last_seen_at, machine) VALUES ($1, $1, CAST($3 AS BIGINT), 1, $2, FALSE)", &both),
        (
            "INSERT INTO visits (id, visitor_id, contact_id, started_at, last_at, pages, events, dwell_us, source, medium, machine, network_id)
             VALUES ($1, $1, CAST($3 AS BIGINT), 1, $2, 1, 1, 0, 'direct', 'direct', FALSE, 5)",
            &both,
        ),
        (
            "INSERT INTO identifiers (id, contact_id, visitor_id, kind, value, strength, source, first_at, last_at)
             VALUES ($1, CAST($3 AS BIGINT), $1, 'email', 'x', 'claim', 'form', 1, $2)",
            &both,
        ),
        (
            "INSERT INTO stitches (id, at, visitor_id, contact_id, outcome, how, source, before_seq) VALUES ($1, $2, $1, CAST($3 AS BIGINT), 'joined', 'form', 'form', 1)",
            &both,
        ),
        (
            "INSERT INTO mailbox_mails (id, received_at, mail_from, rcpt_to, subject, size_bytes, raw_form, raw) VALUES ($1, $2, 'a', 'b', 'c', 1, 'text', 'd')",
            &one,
        ),
        (
            "INSERT INTO audit_log (id, at, staff_id, staff_name, via, action, kind, record_id) VALUES ($1, $2, 1, 'x', 'system', 'old', 'x', 1)",
            &one,
        ),
        (
            "INSERT INTO imports (id, kind, state, file_name, file_bytes, plan, rows_read, created, updated, skipped, rejected, staff_id, created_at, finished_at)
             VALUES ($1, 'contacts', 'done', 'f', 1, '{}', 0, 0, 0, 0, 0, 1, 1, $2)",
            &one,
        ),
        ("INSERT INTO device_readings (id, device_id, company_id, kind, name, value, at) VALUES ($1, 1, 1, 'reading', 'stock', 1.5, $2)", &one),
        ("INSERT INTO import_errors (import_id, line, cause, detail) SELECT i.id, 1, 'x', 'y' FROM imports i WHERE i.id = $1 AND i.finished_at = $2", &one),
        (
            "INSERT INTO import_changes (import_id, record_id, changes, updated_before_at, updated_after_at)
             SELECT i.id, 9, '{}', 1, 1 FROM imports i WHERE i.id = $1 AND i.finished_at = $2",
            &one,
        ),
    ] {
        tx.exec(sql, values).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    let mut events = Vec::new();
    for name in ["page.viewed", "purchase.made"] {
        let mut event = attune_events::Event::new(name, at);
        event.visitor_id = Some(id);
        event.contact_id = contact;
        events.push(event);
    }
    events.push(attune_events::Event::new("device.reading", at).company(1));
    attune_events::append(tx, &mut events).await.unwrap();
}

/// What each class is made of, as the world sees it: table, moment, which rows.
const WATCHED: [(&str, &str, &str, &str); 13] = [
    ("unknown", "visits", "last_at", "contact_id IS NULL"),
    ("unknown", "visitors", "last_seen_at", "contact_id IS NULL"),
    ("unknown", "identifiers", "last_at", "contact_id IS NULL"),
    ("unknown", "stitches", "at", "contact_id IS NULL"),
    ("unknown", "events", "at", "contact_id IS NULL AND name = 'page.viewed'"),
    ("tracked", "visits", "last_at", "contact_id IS NOT NULL"),
    ("tracked", "events", "at", "contact_id IS NOT NULL AND name = 'page.viewed'"),
    ("networks", "visits", "last_at", "network_id IS NOT NULL"),
    ("devices", "device_readings", "at", "id > 0"),
    ("devices", "events", "at", "name = 'device.reading'"),
    ("mailbox", "mailbox_mails", "received_at", "id > 0"),
    ("imports", "imports", "finished_at", "undo_gone_at IS NULL"),
    ("audit", "audit_log", "at", "action = 'old'"),
];

/// Ages of rows in hours, and the limits in days; 0: none.
fn story() -> impl Strategy<Value = (Vec<i64>, Vec<i64>)> {
    let limits = CLASSES.iter().map(|class| prop_oneof![1 => Just(0), 3 => class.least..class.least + 60]).collect::<Vec<_>>();
    (prop::collection::vec(0_i64..24 * 450, 24), limits)
}

attune_testkit::on_both_dbs! {
    async fn after_a_run_nothing_is_older_than_its_limit_and_nothing_younger_went(db: Db) {
        let site = site(db.clone());
        let (_, ada) = person(&site, json!({ "stage": "customer" })).await;
        let mut runner = TestRunner::deterministic();
        for round in 1..=6_i64 {
            let (ages, limits) = story().new_tree(&mut runner).unwrap().current();
            site.app().clock.advance(HOUR_US + 7);
            let now = site.app().clock.now();
            let mut tx = db.begin().await.unwrap();
            for (place, hours) in (0..).zip(&ages) {
                put(&mut tx, round * 1_000 + place, now - hours * HOUR_US, (place % 2 == 0).then_some(ada)).await;
            }
            for (class, days) in CLASSES.iter().zip(&limits) {
                write_setting(&mut tx, &setting(class), &days.to_string(), None, now).await.unwrap();
            }
            tx.commit().await.unwrap();
            let limit_of = |class: &str| CLASSES.iter().zip(&limits).find(|(c, _)| c.key == class).map_or(0, |(_, days)| *days);
            let mut younger = Vec::new();
            for (class, table, at, which) in WATCHED {
                let until = now - limit_of(class) * DAY_US;
                // Of a visit past its time nothing stays to forget the network of.
                let also = if class == "networks" { "" } else { which };
                let also = if also.is_empty() { "id > 0" } else { also };
                younger.push(count(&db, &format!("{table} WHERE {also} AND {at} >= {until}")).await);
            }
            let purchases = count(&db, "events WHERE name = 'purchase.made'").await;
            if limits.iter().any(|days| *days > 0) {
                run(&site).await;
            }
            for ((class, table, at, which), before) in WATCHED.into_iter().zip(younger) {
                if limit_of(class) == 0 {
                    continue;
                }
                let until = now - limit_of(class) * DAY_US;
                let past = count(&db, &format!("{table} WHERE {which} AND {at} < {until}")).await;
                assert_eq!(past, 0, "{class}: {table} older than {} days", limit_of(class));
                if class != "networks" {
                    let after = count(&db, &format!("{table} WHERE {which} AND {at} >= {until}")).await;
                    assert_eq!(after, before, "{class}: {table} younger than {} days", limit_of(class));
                }
            }
            assert_eq!(count(&db, "events WHERE name = 'purchase.made'").await, purchases, "what was bought stays");
            assert_eq!(count(&db, "import_errors e WHERE NOT EXISTS (SELECT 1 FROM imports i WHERE i.id = e.import_id AND i.undo_gone_at IS NULL)").await, 0);
            assert_eq!(count(&db, "import_changes e WHERE NOT EXISTS (SELECT 1 FROM imports i WHERE i.id = e.import_id AND i.undo_gone_at IS NULL)").await, 0);
            assert_eq!(count(&db, "import_errors").await, count(&db, "imports WHERE undo_gone_at IS NULL").await, "younger ones keep theirs");
        }
        assert!(count(&db, "retention_runs WHERE state = 'done'").await >= 4);
        assert_eq!(count(&db, "retention_runs").await, count(&db, "audit_log WHERE action = 'retention.ran'").await);
    }

    async fn only_people_nothing_speaks_for_are_erased(db: Db) {
        let site = site(db.clone());
        let (_, gone) = person(&site, json!({})).await;
        let (_, twin) = person(&site, json!({})).await;
        let (customer, _) = person(&site, json!({ "stage": "customer" })).await;
        let mut kept = vec![customer];
        let (held_id, held) = person(&site, json!({})).await;
        let (promised, _) = person(&site, json!({})).await;
        let (allows, allowing) = person(&site, json!({})).await;
        let (bought, buyer) = person(&site, json!({})).await;
        let (acted, actor) = person(&site, json!({})).await;
        let (refused, refusing) = person(&site, json!({})).await;
        let (answered, answering) = person(&site, json!({})).await;
        let (customised, custom) = person(&site, json!({})).await;
        site.post("admin", &format!("/contacts/{held_id}/hold"), "reason=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.post("admin", &format!("/contacts/{held_id}/hold"), "reason=Law+suit").await.is(StatusCode::SEE_OTHER);
        let promise = json!({ "of": promised, "side": "ours", "what": "Call", "staff_id": 1, "due_at": site.app().clock.now() + 900 * DAY_US });
        site.json("admin", "POST", "/api/v1/promises", &promise).await.is(StatusCode::CREATED);
        let mut tx = db.begin().await.unwrap();
        tx.exec("UPDATE contacts SET merged_into = $2, deleted_at = 1 WHERE id = $1", params![twin, gone]).await.unwrap();
        for (id, contact, state, at) in [(1_i64, allowing, "given", 5_i64), (2, refusing, "given", 5), (3, refusing, "withdrawn", 6)] {
            let sql = "INSERT INTO consents (id, contact_id, channel, purpose, state, source, at) VALUES ($1, $2, 'email', 'marketing', $3, 'form', $4)";
            tx.exec(sql, params![id, contact, state, at]).await.unwrap();
        }
        let later = site.app().clock.now() + 150 * DAY_US;
        let mut events = [
            ("purchase.made", buyer, 5),
            ("mail.clicked", actor, later),
            ("question.declined", answering, later),
            ("seat.chosen", custom, later),
            ("promise.overdue", gone, later),
            ("note.mentioned", refusing, later),
            ("contact.tagged", refusing, later),
        ]
            .map(|(name, contact, at)| attune_events::Event::new(name, at).contact(contact));
        attune_events::append(&mut tx, &mut events).await.unwrap();
        write_setting(&mut tx, "retention.contacts", "200", None, 1).await.unwrap();
        tx.commit().await.unwrap();
        site.app().clock.advance(199 * DAY_US);
        run(&site).await;
        assert_eq!(count(&db, "contacts").await, 11, "nobody is past his time yet");
        site.app().clock.advance(2 * DAY_US);
        let page = site.get("admin", "/settings/retention/preview?contacts=200").await;
        assert!(page.has("Inactive contacts") && !page.has("retention-"), "{}", page.body);
        run(&site).await;
        kept.extend([held_id.clone(), promised, allows, bought, acted, answered, customised]);
        for id in &kept {
            site.json("admin", "GET", &format!("/api/v1/contacts/{id}"), &Json::Null).await.is(StatusCode::OK);
        }
        site.json("admin", "GET", &format!("/api/v1/contacts/{refused}"), &Json::Null).await.is(StatusCode::NOT_FOUND);
        assert_eq!(count(&db, "contacts").await, 8, "whoever is part of another goes with him");
        assert_eq!(count(&db, &format!("events WHERE contact_id = {gone}")).await, 0);
        assert_eq!(count(&db, "jobs WHERE kind = 'identify.forget_deleted'").await, 1, "the store is written anew once");
        // A hold stands against everything else too.
        let refuses = site.json("admin", "POST", &format!("/api/v1/contacts/{held_id}/erase"), &Json::Null).await;
        assert_eq!(refuses.status, StatusCode::CONFLICT, "{}", refuses.body);
        assert!(site.get("admin", &format!("/contacts/{held_id}/erase")).await.has("Law suit"));
        site.post("admin", &format!("/contacts/{held_id}/hold/end"), "").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("/contacts/{held_id}/hold/end"), "").await.is(StatusCode::NOT_FOUND);
        assert!(site.get("admin", &format!("/contacts/{held_id}")).await.has("Held: Law suit"));
        site.json("admin", "POST", &format!("/api/v1/contacts/{held_id}/erase"), &Json::Null).await.is(StatusCode::OK);
        assert_eq!(count(&db, "holds").await, 0);
        assert_eq!(count(&db, &format!("events WHERE contact_id = {held}")).await, 0);
    }

    async fn the_limits_are_an_administrators_and_a_run_can_be_stopped(db: Db) {
        let site = site(db.clone());
        for who in ["agent", "manager"] {
            for path in ["/settings/retention", "/settings/retention/preview", "/settings/retention/runs/ret_1"] {
                site.get(who, path).await.is(StatusCode::FORBIDDEN);
            }
            site.post(who, "/settings/retention/run", "").await.is(StatusCode::FORBIDDEN);
        }
        let empty = site.get("admin", "/settings/retention").await.is(StatusCode::OK);
        assert!(empty.has("No run has removed anything yet") && !empty.has("retention-class"), "{}", empty.body);
        let none = site.post("admin", "/settings/retention/run", "").await;
        assert_eq!(none.status, StatusCode::CONFLICT, "{}", none.body);
        let wrong = site.post("admin", "/settings/retention", "audit=30&unknown=soon").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("aria-invalid") && wrong.has("value=\"soon\""), "{}", wrong.body);
        let mut tx = db.begin().await.unwrap();
        put(&mut tx, 77, 1_000_000, None).await;
        tx.commit().await.unwrap();
        let typed = site.part("admin", "/settings/retention/preview?mailbox=3").await;
        assert!(typed.has("Mails in the built-in mailbox") && typed.has(">1</td>") && !typed.has("<html"), "{}", typed.body);
        site.post("admin", "/settings/retention", "mailbox=3&unknown=").await.is(StatusCode::SEE_OTHER);
        assert_eq!(setting_int(&mut db.read().await.unwrap(), "retention.mailbox", 0).await.unwrap(), 3);
        assert_eq!(count(&db, "audit_log WHERE action = 'retention.changed'").await, 1);
        site.post("admin", "/settings/retention/run", "").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", "/settings/retention").await.has("/settings/retention/stop"));
        site.post("admin", "/settings/retention/stop", "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(count(&db, "mailbox_mails").await, 1, "it was stopped before it began");
        run(&site).await;
        assert_eq!(count(&db, "mailbox_mails").await, 0);
        assert_eq!(count(&db, "visits").await, 1, "what has no limit stays");
        let page = site.get("admin", "/settings/retention").await;
        let receipt = page.body.split("href=\"/settings/retention/runs/").nth(1).unwrap().split('"').next().unwrap();
        let receipt = site.get("admin", &format!("/settings/retention/runs/{receipt}")).await.is(StatusCode::OK);
        assert!(receipt.has("Mails in the built-in mailbox") && receipt.has("admin</td>") && receipt.has("Done"), "{}", receipt.body);
    }

    async fn a_hold_stands_before_every_class(db: Db) {
        let site = site(db.clone());
        let (ada, id) = person(&site, json!({ "stage": "customer", "email": "ada@lovelace.example" })).await;
        let (_, part) = person(&site, json!({ "email": "lovelace@ada.example" })).await;
        let mut tx = db.begin().await.unwrap();
        let now = site.app().clock.now();
        tx.exec("UPDATE contacts SET merged_into = $2, deleted_at = $3 WHERE id = $1", params![part, id, now]).await.unwrap();
        for (row, of) in [(77, id), (78, part)] {
            put(&mut tx, row, now - 400 * DAY_US, Some(id)).await;
            tx.exec("UPDATE import_changes SET record_id = $2 WHERE import_id = $1", params![row, of]).await.unwrap();
            tx.exec("UPDATE audit_log SET kind = 'contact', record_id = $2 WHERE id = $1", params![row, of]).await.unwrap();
        }
        let to = "UPDATE mailbox_mails SET rcpt_to = $2 WHERE id = $1";
        tx.exec(to, params![77, "x@b.example, Ada@lovelace.example"]).await.unwrap();
        tx.exec(to, params![78, "lovelace@ada.example"]).await.unwrap();
        for class in &CLASSES[..] {
            write_setting(&mut tx, &setting(class), &class.least.to_string(), None, now).await.unwrap();
        }
        tx.commit().await.unwrap();
        let traces = ["import_changes", "mailbox_mails", "audit_log WHERE action = 'old'", "visits", "events WHERE name = 'page.viewed'"];
        site.post("admin", &format!("/contacts/{ada}/hold"), "reason=Law+suit").await.is(StatusCode::SEE_OTHER);
        run(&site).await;
        for trace in traces {
            assert_eq!(count(&db, trace).await, 2, "{trace}");
        }
        site.post("admin", &format!("/contacts/{ada}/hold/end"), "").await.is(StatusCode::SEE_OTHER);
        run(&site).await;
        for trace in traces {
            assert_eq!(count(&db, trace).await, 0, "{trace}");
        }
    }

    async fn who_is_held_stays_when_purged_and_when_the_import_is_taken_back(db: Db) {
        let site = site(db.clone());
        let (ada, _) = person(&site, json!({})).await;
        let (bob, _) = person(&site, json!({})).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leads.csv");
        std::fs::write(&path, "Name,Email\nElsa Fisk,elsa@fisk.example\nRuben Bakker,ruben@polder.example\n").unwrap();
        let (bench, actor) = (site.app().bench(), attune_web::Actor::system());
        let options = import::Options::default();
        let outcome = import::run_file(&bench, &actor, &path, &options, &mut |_| {}).await.unwrap();
        assert_eq!(outcome.counts.created, 2);
        let row = db.read().await.unwrap().find("SELECT id FROM contacts WHERE email_key = 'elsa@fisk.example'", params![]).await.unwrap();
        let elsa = crate::contact::ContactId(row.unwrap().get("id").unwrap()).to_string();
        for held in [&ada, &elsa] {
            site.post("admin", &format!("/contacts/{held}/hold"), "reason=Law+suit").await.is(StatusCode::SEE_OTHER);
        }
        for gone in [&ada, &bob] {
            site.json("admin", "DELETE", &format!("/api/v1/contacts/{gone}"), &Json::Null).await.is(StatusCode::NO_CONTENT);
        }
        site.app().clock.advance(31 * DAY_US);
        // What learns the house's tables when a server starts.
        site.post("admin", "/settings/retention", "mailbox=3").await.is(StatusCode::SEE_OTHER);
        run(&site).await;
        let mut tx = db.begin().await.unwrap();
        attune_jobs::put(&mut tx, &bench, attune_jobs::JobSpec::new("identify.erase_deleted", json!({}))).await.unwrap();
        tx.commit().await.unwrap();
        site.settle().await;
        assert_eq!(count(&db, "contacts WHERE deleted_at IS NOT NULL").await, 1, "Bob went, Ada is held");
        let tables = import::jobs::Tables::default();
        tables.learn(site.app().house());
        let undone = import::undo(&bench, &actor, outcome.id.0, &tables.traces().unwrap(), &mut |_| {}).await.unwrap();
        assert_eq!(undone.created, 1);
        site.json("admin", "GET", &format!("/api/v1/contacts/{elsa}"), &Json::Null).await.is(StatusCode::OK);
        assert_eq!(count(&db, "contacts").await, 2);
        let again = import::run_file(&bench, &actor, &path, &options, &mut |_| {}).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        tx.exec("UPDATE imports SET undo_gone_at = 1 WHERE id = $1", params![again.id.0]).await.unwrap();
        tx.commit().await.unwrap();
        let refused = import::undo(&bench, &actor, again.id.0, &tables.traces().unwrap(), &mut |_| {}).await;
        assert!(matches!(refused, Err(import::ImportError::NotFound)), "its traces went");
    }

    async fn who_only_has_a_share_neither_holds_nor_lets_go(db: Db) {
        let parts = attune_testkit::parts(db.clone());
        let rooms = vec![crate::room(&parts, &Collector::start(&parts))];
        let lea = Colleague::new("admin", 5).called("lea").granted(&[("identify.retention", Grant::Own)]);
        let site = TestApp::open(parts, rooms, &[Colleague::new("admin", 1).called("admin"), lea]);
        let (ada, id) = person(&site, json!({ "owner_id": 1 })).await;
        let mut tx = db.begin().await.unwrap();
        let share = "INSERT INTO shares (id, contact_id, staff_id, reason, shared_by, created_at) VALUES (1, $1, 5, '', 1, 1)";
        tx.exec(share, params![id]).await.unwrap();
        tx.commit().await.unwrap();
        let hold = format!("/contacts/{ada}/hold");
        site.get("lea", &hold).await.is(StatusCode::NOT_FOUND);
        site.post("lea", &hold, "reason=x").await.is(StatusCode::NOT_FOUND);
        site.post("admin", &hold, "reason=Law+suit").await.is(StatusCode::SEE_OTHER);
        site.post("lea", &format!("{hold}/end"), "").await.is(StatusCode::NOT_FOUND);
        assert_eq!(count(&db, "holds").await, 1);
    }

    async fn no_run_goes_on_without_its_job(db: Db) {
        let site = site(db.clone());
        let mut tx = db.begin().await.unwrap();
        write_setting(&mut tx, "retention.mailbox", "3", None, 1).await.unwrap();
        let begun = "INSERT INTO retention_runs (id, job_id, state, staff_name, lines, started_at) VALUES ($1, $2, 'running', '', '[]', 1)";
        tx.exec(begun, params![1, 77]).await.unwrap();
        tx.commit().await.unwrap();
        run(&site).await;
        let over = "retention_runs WHERE id = 1 AND state = 'cancelled' AND finished_at IS NOT NULL";
        assert_eq!(count(&db, over).await, 1, "its job is not there any more");
        site.post("admin", "/settings/retention/run", "").await.is(StatusCode::SEE_OTHER);
        let mut tx = db.begin().await.unwrap();
        let job = attune_jobs::list_recent(&mut tx, KIND, 1).await.unwrap()[0].id;
        tx.exec(begun, params![2, job]).await.unwrap();
        tx.commit().await.unwrap();
        site.post("admin", "/settings/retention/stop", "").await.is(StatusCode::SEE_OTHER);
        assert_eq!(count(&db, &over.replace("id = 1", "id = 2")).await, 1, "it was interrupted, and stopped before it went on");
        assert_eq!(count(&db, "audit_log WHERE action = 'retention.ran'").await, 3);
    }

    async fn an_import_whose_traces_went_is_not_taken_back(db: Db) {
        let site = site(db.clone());
        let mut tx = db.begin().await.unwrap();
        let now = site.app().clock.now();
        put(&mut tx, 77, now - 3 * DAY_US, None).await;
        put(&mut tx, 78, now, None).await;
        write_setting(&mut tx, "retention.imports", "2", None, now).await.unwrap();
        tx.commit().await.unwrap();
        run(&site).await;
        let path = |id| format!("/imports/{}", crate::import::ImportId(id));
        assert!(!site.get("admin", &path(77)).await.has("/undo"));
        assert!(site.get("admin", &path(78)).await.has("/undo"));
        assert_eq!(site.post("admin", &format!("{}/undo", path(77)), "").await.status, StatusCode::CONFLICT);
        site.post("admin", &format!("{}/undo", path(78)), "").await.is(StatusCode::SEE_OTHER);
    }
}

#[test]
fn what_was_reckoned_or_sent_is_no_deed_and_what_nobody_defined_is_one() {
    let def = |name, behaviour| attune_events::EventDef { name, meaning: "", subject: "", amount: "", behaviour };
    let told = [("lead.escalated", false), ("score.changed", false), ("mail.clicked", true), ("question.answered", false)];
    let catalogue = attune_events::Catalogue::build(told.map(|(name, behaviour)| def(name, behaviour)), []).unwrap();
    assert_eq!(super::quiet(&catalogue), ["lead.escalated", "score.changed"]);
}
