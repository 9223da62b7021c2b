//! Somebody who is erased is found nowhere: not in any file of the store, not in the log.

use std::path::Path;

use attune_system::Attune;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::ground::{api_key, dump, ended, file, lite, number, rows, settle, take_on_admin};

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// Pieces of what the person is called and reached by, and of what is said about the person. In small letters; the middle of words, because an
/// index keeps beginnings once for several words.
const TRACES: [&str; 5] = ["yloquav", "ephrandin", "7719482", "uokkavermil", "yloqua%"];

/// Others, who stay.
const PEOPLE: &str = "\
external_id,Full name,E-mail,City,Mobile
1,Lena Brandt,lena.brandt@nordwerk.example,Hamburg,+49 40 5550101
2,Xyloquav Zephrandine,xyloquav@zephrandine.example,Leeds,+44 113 7719482
3,Tom Ashby,tom.ashby@fernhill.example,Leeds,+44 113 4960102
";

struct Program {
    client: Client,
    key: String,
}

impl Program {
    async fn ask(&self, attune: &Attune, method: reqwest::Method, path: &str, body: Value) -> Value {
        let request = self.client.request(method, attune.url(path)).bearer_auth(&self.key).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {} {}", answer.status(), answer.text().await.unwrap());
        answer.json().await.unwrap_or(Value::Null)
    }

    async fn post(&self, attune: &Attune, path: &str, body: Value) -> Value {
        self.ask(attune, reqwest::Method::POST, path, body).await
    }
}

/// A visit of a browser that says who it is.
async fn visit(attune: &Attune) {
    let at = u64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let page = |id: &str, url: &str| json!({ "id": id, "name": "page.viewed", "at": at, "url": url, "title": "Quokkavermilion" });
    let told = json!({ "id": "i", "name": "form.submitted", "at": at, "url": "/", "props": { "email": "xyloquav@zephrandine.example", "name": "Xyloquav Zephrandine" } });
    let events = json!([page("a", "/quokkavermilion"), told, page("b", "/quokkavermilion/2")]);
    let body = json!({ "v": 1, "visitor": "visitor-x", "consent": "granted", "host": "shop.example", "sent_at": at, "events": events });
    let request = Client::new().post(attune.url("/t")).header("content-type", "application/json").header("user-agent", AGENT);
    let answer = request.header("accept-language", "en").body(body.to_string()).send().await.unwrap();
    let status = answer.status();
    assert_eq!(status, StatusCode::NO_CONTENT, "{}", answer.text().await.unwrap());
}

/// Rows of kinds that take a browser or a long time to come by, written beside the stopped server: their texts all speak of the person.
async fn write_by_hand(attune: &Attune, contact: &str, twin: &str) {
    let connection = rusqlite::Connection::open(Path::new(&attune.store().argument()).join("attune.db")).unwrap();
    let text = "Quokkavermilion Xyloquav Zephrandine xyloquav@zephrandine.example";
    let statements = [
        "INSERT INTO notes (id, kind, record_id, body, staff_id, staff_name, created_at, updated_at) VALUES (901, 'contact', :c, :t, 1, 'Jo', 1, 1)",
        "INSERT INTO tasks (id, contact_id, title, reason, owner_id, rank_at, created_by, created_at) VALUES (902, :c, :t, :t, 1, 1, 1, 1)",
        "INSERT INTO handovers (id, contact_id, state, origin, origin_id, place, created_by, created_at, note) VALUES (903, :c, 'rejected', 'manual', 1, 1, 1, 1, :t)",
        "INSERT INTO audit_log (id, at, staff_id, staff_name, via, action, kind, record_id, before_json, after_json) VALUES (904, 1, 1, 'Jo', 'system', 'task.created', 'task', 902, NULL, :t)",
        "INSERT INTO identifiers (id, contact_id, visitor_id, kind, value, strength, source, first_at, last_at) VALUES (905, :c, 905, 'email', :t, 'proof', :t, 1, 2)",
        "INSERT INTO identifiers (id, contact_id, visitor_id, kind, value, strength, source, first_at, last_at) VALUES (906, NULL, 906, 'email', 'xyloquav@zephrandine.example', 'claim', 'form', 1, 2)",
        "INSERT INTO stitches (id, at, visitor_id, contact_id, outcome, how, source, before_seq) VALUES (907, 1, 907, :c, 'joined', 'form', :t, 1)",
        "INSERT INTO consents (id, contact_id, channel, purpose, state, source, wording, proof, at) VALUES (908, :c, 'sms', 'marketing', 'given', 'form', :t, :t, 1)",
        "INSERT INTO preferences (id, contact_id, frequency, source, wording, proof, at) VALUES (919, :c, 'weekly', :t, :t, :t, 1)",
        "INSERT INTO suppressions (id, email_key, reason, note, contact_id, created_at) VALUES (909, 'xyloquav@zephrandine.example', 'complained', :t, :c, 1)",
        "INSERT INTO mailbox_mails (id, received_at, mail_from, rcpt_to, subject, size_bytes, raw_form, raw) VALUES (910, 1, 'a@b', 'Xyloquav@Zephrandine.example', :t, 1, 'text', :t)",
        "INSERT INTO import_errors (import_id, line, cause, detail) VALUES (1, 9, 'email', 'xyloquav@zephrandine.example')",
        "INSERT INTO import_changes (import_id, record_id, changes, updated_before_at, updated_after_at) VALUES (9, :c, :t, 1, 2)",
        "INSERT INTO sends (id, mailing_id, contact_id, state, due_at, attempts) VALUES (911, 1, :c, 'accepted', 1, 1)",
        "INSERT INTO duplicate_pairs (left_id, right_id, subject, probability, evidence, state, found_at) VALUES (:c, 1, 'contact', 0.9, :t, 'found', 1)",
        "INSERT INTO visits (id, visitor_id, contact_id, started_at, last_at, pages, events, dwell_us, source, medium, campaign, landing, machine) VALUES (912, 905, :c, 1, 2, 1, 1, 0, :t, 'direct', :t, :t, FALSE)",
        "INSERT INTO events (seq, name, at, contact_id, subject, machine, depth, props) VALUES (1000000, 'mail.clicked', 1, :c, :t, FALSE, 0, :t)",
        "INSERT INTO funnel_losses (contact_id, reason, at) VALUES (:c, :t, 1)",
        "INSERT OR REPLACE INTO funnel_steps (contact_id, stage, reached_at, known_at, source, took_us) VALUES (:c, 'customer', 1, 1, :t, 0)",
        "INSERT INTO timers (kind, key, due_at) VALUES ('nothing.at_all', 902, 99999999999999999)",
    ];
    let key =
        |shown: &str| -> i64 { connection.query_row("SELECT id FROM contacts WHERE name LIKE ?1", [shown], |row| row.get(0)).unwrap() };
    let (contact, _) = (key(contact), key(twin));
    for statement in statements {
        let mut prepared = connection.prepare(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        for (name, value) in [(":c", rusqlite::types::Value::from(contact)), (":t", rusqlite::types::Value::from(text.to_owned()))] {
            if let Some(at) = prepared.parameter_index(name).unwrap() {
                prepared.raw_bind_parameter(at, value).unwrap();
            }
        }
        prepared.raw_execute().unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// Which traces the files of a folder hold, but for those that are the test's own.
fn found_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "csv") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        for trace in TRACES {
            if bytes.windows(trace.len()).any(|window| window == trace.as_bytes()) {
                found.push(format!("{trace} in {}", path.display()));
            }
        }
    }
    found
}

/// Rows that still speak of the person, for whoever has to find out why the test fails.
async fn telling(attune: &Attune) -> Vec<String> {
    let tells = |row: &&String| TRACES.iter().any(|trace| row.to_ascii_lowercase().contains(trace));
    let all = dump(attune).await;
    all.iter().flat_map(|(table, rows)| rows.iter().filter(tells).map(move |row| format!("{table}: {row}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_is_in_no_file_of_the_store_and_in_no_log() {
    let mut attune = lite();
    take_on_admin(&attune).await;
    ended(&attune, 0, &["import", "contacts", &file(&attune, "people.csv", PEOPLE), "--key", "external_id"]).await;
    let program = Program { client: Client::new(), key: api_key(&attune, "admin").await };
    attune.serve().await.unwrap();
    let found = program.ask(&attune, reqwest::Method::GET, "/api/v1/contacts?q=xyloquav", Value::Null).await;
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    // A former name and address, another record that is merged, somebody else who was merged and split again.
    let twin = json!({ "name": "Zephrandine, X.", "email": "x@zephrandine.example", "source": "Quokkavermilion" });
    let twin = program.post(&attune, "/api/v1/contacts", twin).await["id"].clone();
    program.ask(&attune, reqwest::Method::PATCH, &format!("/api/v1/contacts/{id}"), json!({ "city": "Quokkavermilion City" })).await;
    program.post(&attune, &format!("/api/v1/contacts/{id}/merge"), json!({ "with": twin })).await;
    let other = program.ask(&attune, reqwest::Method::GET, "/api/v1/contacts?q=ashby", Value::Null).await["items"][0]["id"].clone();
    let merged = program.post(&attune, &format!("/api/v1/contacts/{}/merge", other.as_str().unwrap()), json!({ "with": id })).await;
    program.post(&attune, &format!("/api/v1/merges/{}/split", merged["merge_id"].as_str().unwrap()), json!({})).await;
    visit(&attune).await;
    let mut tied = json!({ "id": "t", "name": "webinar.attended", "at": "2026-11-20T10:00:00Z", "visitor": "visitor-x" });
    (tied["contact"], tied["subject"], tied["props"]) = (json!(id), json!("Quokkavermilion"), json!({ "said": "Quokkavermilion" }));
    program.post(&attune, "/api/v1/events", json!({ "events": [tied] })).await;
    settle(&attune).await;
    attune.stop().await.unwrap();
    write_by_hand(&attune, "Xyloquav%", "Zephrandine, X.").await;
    attune.serve().await.unwrap();
    settle(&attune).await;
    assert!(!found_in(Path::new(&attune.store().argument())).is_empty(), "the test can see what it looks for");
    let receipt = program.post(&attune, &format!("/api/v1/contacts/{id}/erase"), json!({})).await;
    let receipt_address = format!("/api/v1/erasures/{}", receipt["id"].as_str().unwrap());
    let mut waited = 0;
    while program.ask(&attune, reqwest::Method::GET, &receipt_address, Value::Null).await["forgotten_at"].is_null() {
        waited += 1;
        assert!(waited < 600, "the store does not forget: {}", attune.process().unwrap().log());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // While the server runs, and after it has stopped.
    let left = found_in(Path::new(&attune.store().argument()));
    assert!(left.is_empty(), "{left:#?}\n{:#?}\n{receipt:#}", telling(&attune).await);
    let log = attune.process().unwrap().log().to_ascii_lowercase();
    assert!(TRACES.iter().all(|trace| !log.contains(trace)), "{log}");
    settle(&attune).await;
    attune.stop().await.unwrap();
    let left = found_in(Path::new(&attune.store().argument()));
    assert!(left.is_empty(), "{left:#?}");
    // Others are as they were.
    assert_eq!(number(&attune, "SELECT count(*) FROM contacts").await, 2);
    assert_eq!(rows(&attune, "SELECT count(*) FROM sends WHERE id = 911 AND contact_id IS NULL").await, [["1"]]);
    assert_eq!(rows(&attune, "SELECT reason FROM erased_addresses ORDER BY 1").await, [["complained"], ["erased"]]);
}
