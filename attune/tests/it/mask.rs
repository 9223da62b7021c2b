//! Who sees addresses masked sees no address anywhere: every address of the house is asked by somebody who may see everybody, but nobody's
//! address, in a store where a customer's address stands in every place somebody or something may have written it to.

use attune_db::{Value, params};
use attune_identify::contact::{self, By, ContactDraft, ContactId};
use attune_kernel::decode_id;
use attune_testkit::{TestApp, on_both_dbs};
use attune_web::{Actor, Scope};

use crate::leak::{filled, marked, open};

/// What no answer may hold: the part of the addresses before the sign, and the digits of the number that the mask hides.
const MARKS: [&str; 3] = ["zqxmail", "7777003", "777 7003"];
const WORDS: &str = "write to zqxmail@strangers.example or call +49 231 7777003";

/// Writes the customer's address to where people and programs write such things.
async fn spread(site: &TestApp, contact: i64, twin: i64) -> i64 {
    let app = site.app();
    let actor = Actor::system();
    let by = By { actor: &actor, now: app.clock.now(), ids: &app.ids };
    let mut tx = app.db.begin().await.unwrap();
    let nameless = ContactDraft { email: Some("zqxmail.two@strangers.example".to_owned()), owner_id: Some(99), ..ContactDraft::default() };
    let nameless = contact::create(&mut tx, &by, nameless).await.unwrap();
    for (key, value) in
        [("f:hobby", WORDS), ("email", "zqxmail.new@strangers.example"), ("phone", "+49 231 777 7003"), ("phone", "+49 231 7777003")]
    {
        contact::update_field(&mut tx, &by, &Scope::All, contact, key, value).await.unwrap();
    }
    let props = serde_json::json!({ "email": "zqxmail@strangers.example", "more": ["+49 231 7777003"] });
    let event = attune_events::Event::new("form.submitted", by.now).contact(contact).subject("zqxmail@strangers.example").props(&props);
    attune_events::append(&mut tx, &mut [event]).await.unwrap();
    let mail = "From: us@example.com\r\nTo: zqxmail@strangers.example\r\nSubject: For zqxmail@strangers.example\r\n\r\nYou are zqxmail@strangers.example.\r\n";
    let now = by.now;
    for (sql, values) in [
        ("UPDATE notes SET body = $1 WHERE record_id = $2", params![WORDS, contact].to_vec()),
        ("UPDATE handovers SET note = $1 WHERE contact_id = $2", params![WORDS, contact].to_vec()),
        ("UPDATE tasks SET title = $1, reason = $1 WHERE contact_id = $2", params![WORDS, contact].to_vec()),
        (
            "INSERT INTO suppressions (id, email_key, reason, note, contact_id, created_at) VALUES (801, 'zqxmail@strangers.example', 'manual', $1, $2, $3)",
            params![WORDS, contact, now].to_vec(),
        ),
        (
            "INSERT INTO mailbox_mails (id, received_at, mail_from, rcpt_to, subject, size_bytes, raw_form, raw)
             VALUES (705, $1, 'us@example.com', 'zqxmail@strangers.example', 'For zqxmail@strangers.example', 9, 'text', $2)",
            params![now, mail].to_vec(),
        ),
        (
            "INSERT INTO imports (id, kind, state, file_name, file_bytes, plan, total_rows, rows_read, created, updated, skipped, rejected, staff_id, created_at)
             VALUES (704, 'contacts', 'done', 'people.csv', 9, '{}', 1, 1, 0, 0, 0, 1, 5, $1)",
            params![now].to_vec(),
        ),
        ("INSERT INTO import_errors (import_id, line, cause, detail) VALUES (704, 1, 'email', 'zqxmail@strangers.example')", Vec::new()),
        (
            "INSERT INTO duplicate_pairs (left_id, right_id, subject, probability, evidence, state, found_at) VALUES ($1, $2, 'contact', 0.9, '[]', 'found', $3)",
            params![contact.min(twin), contact.max(twin), now].to_vec(),
        ),
        (
            "INSERT INTO tasks (id, contact_id, title, reason, owner_id, rank_at, created_by, created_at) VALUES (802, $1, 'Call', '', 5, $2, 5, $2)",
            params![nameless, now].to_vec(),
        ),
    ].into_iter().chain(words_about((contact, twin, nameless), now)) {
        tx.exec(sql, &values).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    tx.commit().await.unwrap();
    site.settle().await;
    nameless
}

/// Notes, promises and relationships with an address in their words.
fn words_about((contact, twin, nameless): (i64, i64, i64), now: i64) -> [(&'static str, Vec<Value>); 7] {
    [
        (
            "INSERT INTO notes (id, kind, record_id, body, staff_id, staff_name, created_at, updated_at, pinned_at) VALUES (803, 'contact', $2, $1, 5, 'Jo', 1, 1, $3)",
            params![WORDS, contact, now].to_vec(),
        ),
        (
            "INSERT INTO note_versions (id, note_id, record_id, body, staff_id, staff_name, until_at) VALUES (804, 803, $2, $1, 5, 'Jo', $3)",
            params![WORDS, contact, now].to_vec(),
        ),
        (
            "INSERT INTO promises (id, contact_id, side, what, staff_id, due_at, remind_at, state, created_by, created_at)
             VALUES (805, $2, 'ours', $1, 5, $3, $3, 'open', 5, $3)",
            params![WORDS, contact, now].to_vec(),
        ),
        (
            "INSERT INTO relationships (id, kind, from_contact_id, to_contact_id, note, created_by, created_at, updated_at)
             VALUES (806, 'colleague', $2, $3, $1, 5, $4, $4)",
            params![WORDS, contact, twin, now].to_vec(),
        ),
        // Of whom nothing but an address is known, pages say what they know.
        (
            "INSERT INTO promises (id, contact_id, side, what, staff_id, due_at, remind_at, state, created_by, created_at)
             VALUES (807, $1, 'ours', 'Call', 5, $2, $2, 'open', 5, $2)",
            params![nameless, now].to_vec(),
        ),
        (
            "INSERT INTO relationships (id, kind, from_contact_id, to_contact_id, note, created_by, created_at, updated_at)
             VALUES (808, 'colleague', $1, $2, '', 5, $3, $3)",
            params![nameless, contact, now].to_vec(),
        ),
        (
            "INSERT INTO consents (id, contact_id, channel, purpose, state, source, wording, proof, at) VALUES (809, $2, 'email', 'marketing', 'given', 'form', $1, $1, $3)",
            params![WORDS, contact, now].to_vec(),
        ),
    ]
}

async fn finds(site: &TestApp, who: &str, query: &str, contact: &str) -> bool {
    let page = site.get(who, &format!("/contacts?q={query}")).await;
    let items = site.get(who, &format!("/api/v1/contacts?q={query}")).await;
    let found = site.get(who, &format!("/palette?q={query}")).await.has(contact);
    assert!(page.has(contact) == items.has(contact) && found == items.has(contact), "list, palette and programs agree on {query}");
    page.has(contact)
}

on_both_dbs! {
    with attune::house::migrations();

    async fn no_address_shows_what_is_masked(db: Db) {
        let (site, foreign) = open(&db, true).await;
        let foreign = foreign.unwrap();
        let (contact, twin) = (decode_id("con", &foreign.ids[0]).unwrap(), decode_id("con", &foreign.ids[1]).unwrap());
        let nameless = ContactId(spread(&site, contact, twin).await).to_string();
        let mut ids = foreign.ids.clone();
        ids.push(nameless.clone());
        let mut paths = filled(&ids, (&foreign.contact, &foreign.company));
        for id in &ids {
            paths.extend(["email", "phone", "f:hobby"].map(|key| format!("/contacts/{id}/field/{key}")));
        }
        let shown = |prefix, id| attune_kernel::encode_id(prefix, id);
        paths.extend(["", "/history"].map(|rest| format!("/contacts/{}/notes/803{rest}", foreign.ids[0])));
        paths.extend([format!("/promises/{}", shown("prm", 805)), format!("/relationships/{}", shown("rel", 806))]);
        paths.extend([format!("/api/v1/promises/{}", shown("prm", 805)), format!("/api/v1/relationships/{}", shown("rel", 806))]);
        paths.push(format!("/contacts/merge?survivor={}&loser={}", foreign.ids[0], foreign.ids[1]));
        paths.push("/contacts/duplicates/check?name=Findme+Zqxname&company=Zqxworks&phone=%2B49+231+7777003".to_owned());
        paths.extend(["/contacts?q=findme&sort=name", "/tasks?view=all"].map(str::to_owned));
        // The addresses are there to be found: who sees them in full meets them all over the house.
        let (seen, _) = marked(&site, "Ada", &paths, &MARKS).await;
        for place in [
            "/contacts/con_", "/contacts/merge", "/contacts/duplicates", "/timeline", "/field/email", "/field/phone", "/api/v1/contacts", "/api/v1/events",
            "/settings/audit", "/suppressions", "/mailbox", "/imports/", "errors.csv", "/tasks", "/hand-overs/", "/companies/", "/notes/803/history", "/api/v1/promises/", "/api/v1/relationships/", "/promises/",
        ] {
            assert!(seen.iter().any(|line| line.contains(place)), "nothing is seen in full at {place}: {seen:#?}");
        }
        let (leaks, answered) = marked(&site, "Lea", &paths, &MARKS).await;
        assert!(answered > 150, "Lea is let in almost nowhere: {answered}");
        assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
        let page = site.get("Lea", &format!("/contacts/{}", foreign.contact)).await;
        assert!(page.has("z•••@strangers.example") && page.has("+492****7003") && !page.has("mailto:") && !page.has("tel:"), "{}", page.body);
        let labels = site.get("Lea", "/tasks").await;
        assert!(labels.has("z•••@strangers.example"), "lists call the nameless by their masks: {}", labels.body);
    }

    async fn a_masked_address_is_found_whole_and_not_by_its_parts(db: Db) {
        let (site, foreign) = open(&db, true).await;
        let contact = foreign.unwrap().contact;
        for (query, full) in [("zqxmai", true), ("zqxmail@strangers.exampl", true), ("strangers", true), ("7777003", true), ("49231777", true)] {
            assert_eq!(finds(&site, "Ada", query, &contact).await, full, "Ada {query}");
            assert!(!finds(&site, "Lea", query, &contact).await, "Lea finds a masked address by its part {query}");
        }
        for query in ["zqxmail%40strangers.example", "ZQXMAIL%40Strangers.Example", "%2B49+231+7777003", "492317777003", "zqxname", "zqxworks"] {
            assert!(finds(&site, "Ada", query, &contact).await && finds(&site, "Lea", query, &contact).await, "{query}");
        }
    }
}
