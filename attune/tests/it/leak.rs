//! Nobody sees what is not theirs: every address of the house is asked, as an agent and as somebody who leads another team, in a store where a
//! customer of strangers bears an unmistakable mark in every field. The addresses come from `docs/map.md`, which is held against the code, so a
//! new one is in this by itself. Then the same house without that customer must answer the same, to the last count.

use std::collections::BTreeMap;
use std::time::Duration;

use attune_db::{Db, Tx, Value, params};
use attune_events::Event;
use attune_identify::company::{self, CompanyDraft, CompanyId};
use attune_identify::contact::{self, By, ContactDraft, ContactId};
use attune_identify::tracking::Collector;
use attune_kernel::encode_id;
use attune_testkit::{Colleague, StatusCode, TestApp, on_both_dbs};
use attune_web::{Actor, Grant};

/// What no answer may hold: in small letters every text of the foreign customer bears it, and the last digits of their number.
const MARKS: [&str; 2] = ["zqx", "7777003"];
/// Who asks: an agent and a manager of team 70.
const ASKERS: [&str; 2] = ["Olaf", "Mei"];
/// What is asked of addresses that take questions. The words find the foreign customer and are not the mark.
const QUESTIONS: [&str; 10] = [
    "",
    "q=findme",
    "q=findme%40strangers.example&email=findme%40strangers.example&name=findme&phone=%2B49+231+7777003",
    "owner=99&owner_id=99&view=all&due=done&stage=lead&show=people",
    "name=contact.owner_changed&view=accepted&show=apart",
    "stage=known",
    "stage=visitor",
    "stage=identified",
    "view=waiting&show=machines&due=all",
    "format=json&filter=q%3Dfindme",
];

/// Addresses that tell figures of the whole house on purpose, to whoever holds the right to them.
const OF_THE_HOUSE: [(&str, &str); 7] = [
    ("/api/v1/events", "events are numbered through the whole log"),
    ("/campaigns", "a mailing says how many it went to; whom, only as far as one may see them"),
    ("/push-funnels/new", "a plan says how many it would reach"),
    ("/segments/new", "a rule says how many of all it would find"),
    ("/reports/funnel", "the report counts the whole house"),
    ("/visitors", "visits are seen by all; whose they are, is not"),
    ("/templates/new", "the preview has an address of its own, of a fresh number"),
];

/// The foreign customer: every id that an address may ask for, as addresses write them.
pub(crate) struct Foreign {
    pub(crate) ids: Vec<String>,
    pub(crate) contact: String,
    pub(crate) company: String,
}

/// GET addresses of the house.
fn addresses() -> Vec<String> {
    let map = include_str!("../../../docs/map.md");
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let path = cells.next()?.trim_matches('`').to_owned();
        let methods = cells.nth(1)?;
        (path.starts_with('/') && methods.split(' ').any(|method| method == "GET")).then_some(path)
    };
    let found: Vec<String> = map.lines().filter_map(row).collect();
    assert!(found.len() > 80 && found.iter().any(|path| path == "/api/v1/contacts/{id}"), "docs/map.md lists the addresses: {found:?}");
    found
}

async fn hire(tx: &mut Tx) {
    for (id, name) in [(70_i64, "Rhine"), (71, "Hansa")] {
        tx.exec("INSERT INTO teams (id, name, name_key, created_at) VALUES ($1, $2, $2, 0)", params![id, name]).await.unwrap();
    }
    for (id, name, role, team) in [
        (1_i64, "Ada", "admin", None),
        (11, "Olaf", "agent", Some(70_i64)),
        (12, "Mei", "manager", Some(70)),
        (99, "Farid", "agent", Some(71)),
    ] {
        let sql = "INSERT INTO staff (id, name, email, email_key, role, team_id, password_hash, locale, theme, time_zone, active, created_at, updated_at)
                   VALUES ($1, $2, $3, $3, $4, $5, '', 'en', 'auto', 'UTC', TRUE, 0, 0)";
        tx.exec(sql, params![id, name, format!("{name}@example.com"), role, team]).await.unwrap();
    }
    let field = "INSERT INTO fields (id, subject, key, label, kind, options, revision, position, created_at) VALUES (500, 'contact', 'hobby', 'Hobby', 'text', '[]', 0, 1, 0)";
    tx.exec(field, params![]).await.unwrap();
    let names = "INSERT INTO fields (id, subject, key, label, kind, options, revision, position, created_at) VALUES (501, 'contact', 'buddy', 'Buddy', 'contact', '[]', 0, 2, 0)";
    tx.exec(names, params![]).await.unwrap();
    // What both worlds have: a segment, a campaign and a push funnel of the house, and a customer of Olaf's.
    let segment = "INSERT INTO segments (id, name, name_key, kind, rule, member_count, created_at, updated_at) VALUES (600, 'All', 'all', 'static', '{}', 0, 1, 1)";
    tx.exec(segment, params![]).await.unwrap();
    let campaign = "INSERT INTO campaigns (id, name, audience, segment_id, template_id, from_name, from_address, state, mailing_id, owner_id, team_id, created_at, started_at)
                    VALUES (610, 'Autumn', 'segment', 600, 1, 'Us', 'us@example.com', 'running', 611, 12, 70, 1, 1)";
    tx.exec(campaign, params![]).await.unwrap();
    let mailing = "INSERT INTO mailings (id, kind, owner_id, series_id, title, version_id, from_name, from_address, state, priority, any_hour, answer, first_send_id, last_send_id, created_at)
                   VALUES (611, 'campaign', 610, 610, 'Autumn', 1, 'Us', 'us@example.com', 'running', 1, TRUE, TRUE, 1, 900000, 1)";
    tx.exec(mailing, params![]).await.unwrap();
    let funnel = "INSERT INTO push_funnels (id, name, audience, from_name, from_address, any_hour, state, owner_id, team_id, survivors, handed_over, created_at)
                  VALUES (620, 'Spring', 'all', 'Us', 'us@example.com', TRUE, 'completed', 12, 70, 0, 0, 1)";
    tx.exec(funnel, params![]).await.unwrap();
}

fn foreign_draft() -> ContactDraft {
    let text = |text: &str| Some(text.to_owned());
    let mut fields = serde_json::Map::new();
    fields.insert("hobby".to_owned(), "zqxhobby".into());
    ContactDraft {
        name: "Findme Zqxname".to_owned(),
        email: text("zqxmail@strangers.example"),
        phone: text("+49 231 7777003"),
        company: text("Zqxworks"),
        title: text("Zqxtitle"),
        city: text("Zqxcity"),
        country: text("Zqxland"),
        owner_id: Some(99),
        // Where people come from is a choice of the funnel report, which counts the whole house: it is nobody's secret.
        source: text("fair"),
        external: Some(("zqxsystem".to_owned(), "zqxid".to_owned())),
        fields,
        ..ContactDraft::default()
    }
}

/// A customer of Farid's, who is in another team, with something of everything.
async fn add_foreign(tx: &mut Tx, by: &By<'_>) -> Foreign {
    let draft = CompanyDraft {
        name: "Zqxworks".to_owned(),
        domain: Some("zqx.example".to_owned()),
        industry: Some("zqxtrade".to_owned()),
        owner_id: Some(99),
        ..CompanyDraft::default()
    };
    let company = company::create(tx, by, draft).await.unwrap().id;
    let contact = contact::create(tx, by, foreign_draft()).await.unwrap();
    let twin = contact::create(tx, by, ContactDraft { external: None, ..foreign_draft() }).await.unwrap();
    let mut event =
        Event::new("form.submitted", by.now).contact(contact).subject("zqxform").props(&serde_json::json!({ "said": "zqxprops" }));
    event.visitor_id = Some(700);
    attune_events::append(tx, &mut [event, Event::new("contact.owner_changed", by.now).contact(contact).subject("zqxreason")])
        .await
        .unwrap();
    for (sql, values) in rows(contact, by.now).into_iter().chain(records(contact, by.now)) {
        tx.exec(sql, values).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    let known = [
        ("con", contact),
        ("con", twin),
        ("com", company),
        ("tsk", 701),
        ("hov", 702),
        ("vis", 703),
        ("imp", 704),
        ("mbx", 705),
        ("rel", 712),
        ("prm", 713),
        ("shr", 717),
        ("fil", 715),
        ("dev", 717),
    ];
    let shared = [("seg", 600), ("cmp", 610), ("psh", 620)];
    let mut ids: Vec<String> = known.into_iter().chain(shared).map(|(prefix, id)| encode_id(prefix, id)).collect();
    ids.push("99".to_owned());
    Foreign { ids, contact: ContactId(contact).to_string(), company: CompanyId(company).to_string() }
}

/// What stands on the record beside its own attributes: files, devices, a hold.
fn records(contact: i64, now: i64) -> Vec<(&'static str, Vec<Value>)> {
    let both = || params![contact, now].to_vec();
    let one = || params![contact].to_vec();
    vec![
        (
            "INSERT INTO devices (id, serial, serial_key, model, contact_id, state, created_at) VALUES (717, 'zqxserial', 'zqxserial', 'zqxmodel', $1, 'active', $2)",
            both(),
        ),
        (
            "INSERT INTO device_states (device_id, kind, name, value, open, at) SELECT 717, 'reading', 'zqxreading', 1.5, TRUE, $2 FROM contacts WHERE id = $1",
            both(),
        ),
        ("INSERT INTO holds (id, contact_id, reason, staff_id, created_at) VALUES (716, $1, 'zqxhold', 99, $2)", both()),
        ("INSERT INTO file_chunks (file_id, number, body) SELECT 715, 0, 'enF4aW5zaWRl' FROM contacts WHERE id = $1", one()),
    ]
}

fn rows(contact: i64, now: i64) -> Vec<(&'static str, Vec<Value>)> {
    let both = || params![contact, now].to_vec();
    let one = || params![contact].to_vec();
    vec![
        ("INSERT INTO visitors (id, key, contact_id, first_seen_at, last_seen_at, machine) VALUES (700, 700, $1, $2, $2, FALSE)", both()),
        (
            "INSERT INTO visits (id, visitor_id, contact_id, started_at, last_at, pages, events, dwell_us, source, medium, machine)
             VALUES (703, 700, $1, $2, $2, 1, 1, 0, 'direct', 'direct', FALSE)",
            both(),
        ),
        (
            "INSERT INTO notes (id, kind, record_id, body, staff_id, staff_name, created_at, updated_at) VALUES (706, 'contact', $1, 'zqxnote', 99, 'Farid', $2, $2)",
            both(),
        ),
        (
            "INSERT INTO preferences (id, contact_id, frequency, source, wording, at) VALUES (708, $1, 'weekly', 'zqxpreference', 'zqxwish', $2)",
            both(),
        ),
        (
            "INSERT INTO consents (id, contact_id, channel, purpose, state, source, wording, at) VALUES (707, $1, 'email', 'marketing', 'given', 'zqxconsent', 'zqxwording', $2)",
            both(),
        ),
        (
            "INSERT INTO tasks (id, contact_id, title, reason, owner_id, team_id, rank_at, created_by, created_at) VALUES (701, $1, 'zqxtask', 'zqxwhy', 99, 71, $2, 99, $2)",
            both(),
        ),
        (
            "INSERT INTO handovers (id, contact_id, state, rep_id, team_id, origin, origin_id, place, created_by, created_at, offered_at, due_at, note)
             VALUES (702, $1, 'offered', 99, 71, 'push_funnel', 620, 1, 99, $2, $2, $2, 'zqxnote')",
            both(),
        ),
        ("INSERT INTO note_versions (id, note_id, record_id, body, staff_id, staff_name, until_at) VALUES (714, 706, $1, 'zqxbefore', 99, 'Farid', $2)", both()),
        // Given by the asker's colleague, and left over from when the contact was Olaf's.
        (
            "INSERT INTO promises (id, contact_id, side, what, staff_id, due_at, remind_at, state, created_by, created_at)
             VALUES (713, $1, 'ours', 'zqxpromise', 11, $2, $2, 'open', 99, $2)",
            both(),
        ),
        // To a customer of the asker's own, whose page must not tell of it.
        (
            "INSERT INTO relationships (id, kind, from_contact_id, to_contact_id, note, created_by, created_at, updated_at)
             SELECT 712, 'referred', $1, c.id, 'zqxrelated', 99, $2, $2 FROM contacts c WHERE c.name = 'Own Customer'",
            both(),
        ),
        ("INSERT INTO field_references (record_id, field_id, target_id) SELECT $1, 501, c.id FROM contacts c WHERE c.name = 'Own Customer'", one()),
        // With the chief, who sees everything anyway.
        ("INSERT INTO shares (id, contact_id, staff_id, reason, shared_by, created_at) VALUES (717, $1, 1, 'zqxholidays', 99, $2)", both()),
        (
            "INSERT INTO files (id, contact_id, file_name, bytes, staff_id, created_at, kept_at) VALUES (715, $1, 'zqxfile', 9, 99, $2, $2)",
            both(),
        ),
        ("INSERT INTO contact_changes (contact_id, name, at, owner_id, team_id) VALUES ($1, 'form.submitted', $2, 99, 71)", both()),
        ("INSERT INTO segment_members (segment_id, contact_id, since_at) VALUES (600, $1, $2)", both()),
        ("INSERT INTO sends (id, mailing_id, contact_id, state, due_at, attempts) VALUES (708, 611, $1, 'accepted', 1, 0)", one()),
        ("INSERT INTO push_handed (funnel_id, contact_id, at) VALUES (620, $1, $2)", both()),
        ("INSERT INTO funnel_visitors (visitor_id, first_at, contact_id, known_at) VALUES (700, $2, $1, $2)", both()),
    ]
}

/// A house; with the foreign customer in it, or without.
pub(crate) async fn open(db: &Db, with_foreign: bool) -> (TestApp, Option<Foreign>) {
    let parts = attune_testkit::parts(db.clone());
    let mut tx = db.begin().await.unwrap();
    hire(&mut tx).await;
    let actor = Actor::system();
    let by = By { actor: &actor, now: parts.clock.now(), ids: &parts.ids };
    let own = ContactDraft { name: "Own Customer".to_owned(), owner_id: Some(11), ..ContactDraft::default() };
    contact::create(&mut tx, &by, own).await.unwrap();
    let foreign = if with_foreign { Some(add_foreign(&mut tx, &by).await) } else { None };
    tx.commit().await.unwrap();
    let colleagues = [
        Colleague::new("admin", 1).called("Ada"),
        // Who sees everybody, and their addresses masked.
        Colleague::new("admin", 5)
            .called("Lea")
            .granted(&[("identify.address.view", Grant::None), ("identify.address.export", Grant::None)]),
        Colleague::new("agent", 11).of_team(70).called("Olaf"),
        Colleague::new("manager", 12).of_team(70).called("Mei"),
    ];
    let collector = Collector::start(&parts);
    let rooms = attune::house::rooms(&parts, &collector);
    let site = TestApp::open(parts, rooms, &colleagues);
    site.settle().await;
    (site, foreign)
}

/// What an address answers; of a stream what it tells at first.
async fn answer(site: &TestApp, who: &str, path: &str) -> (StatusCode, String) {
    let whole = tokio::time::timeout(Duration::from_secs(if path.contains("/stream") { 1 } else { 60 }), site.get(who, path)).await;
    if let Ok(got) = whole {
        return (got.status, got.body);
    }
    let (mut frames, mut told) = (site.stream(who, path).await, String::new());
    while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_secs(2), frames.next()).await {
        told.push_str(&frame);
    }
    (StatusCode::OK, told)
}

/// Every address filled in: those that name a record with each of `ids`, the others with each question.
pub(crate) fn filled(ids: &[String], pair: (&str, &str)) -> Vec<String> {
    let mut paths = Vec::new();
    for address in addresses() {
        if address.contains('{') {
            for id in ids {
                let path = address.split('/').map(|part| match part {
                    "{key}" => "name",
                    part if part.starts_with('{') => id.as_str(),
                    part => part,
                });
                paths.push(path.collect::<Vec<_>>().join("/"));
            }
            continue;
        }
        if address.ends_with("/stream") {
            // A line that stays open is listened to for seconds, and takes no questions.
            paths.push(address);
            continue;
        }
        paths.extend(QUESTIONS.iter().map(|question| if question.is_empty() { address.clone() } else { format!("{address}?{question}") }));
        let (contact, company) = pair;
        paths.push(format!(
            "{address}?contact={contact}&contact_id={contact}&company={company}&survivor={contact}&loser={contact}&segment=seg"
        ));
    }
    paths
}

/// Addresses whose answer bears a mark, and how often anything was answered at all.
pub(crate) async fn marked(site: &TestApp, who: &str, paths: &[String], marks: &[&str]) -> (Vec<String>, usize) {
    let (mut leaks, mut answered) = (Vec::new(), 0);
    for path in paths {
        let (status, body) = answer(site, who, path).await;
        answered += usize::from(status == StatusCode::OK);
        let body = body.to_lowercase();
        if let Some((mark, at)) =
            marks.iter().filter(|mark| !path.to_lowercase().contains(*mark)).find_map(|mark| Some((mark, body.find(mark)?)))
        {
            let near: String = body.get(at.saturating_sub(80)..).unwrap_or(&body[at..]).chars().take(160).collect();
            leaks.push(format!("{who} {path} says {mark}: {near}"));
        }
    }
    (leaks, answered)
}

on_both_dbs! {
    with attune::house::migrations();

    async fn no_address_shows_a_customer_of_others(db: Db) {
        let (site, foreign) = open(&db, true).await;
        let foreign = foreign.unwrap();
        let paths = filled(&foreign.ids, (&foreign.contact, &foreign.company));
        // The mark is there to be found: an administrator meets it all over the house.
        let (seen, _) = marked(&site, "Ada", &paths, &MARKS).await;
        assert!(seen.len() > 40, "the foreign customer is hardly anywhere: {seen:#?}");
        let mut leaks = Vec::new();
        for who in ASKERS {
            let (found, answered) = marked(&site, who, &paths, &MARKS).await;
            assert!(answered > 60, "{who} is let in almost nowhere");
            leaks.extend(found);
        }
        assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    }
}

fn is_everybodys_own(path: &str) -> bool {
    !path.contains('{') && !path.contains("/stream") && !OF_THE_HOUSE.iter().any(|(of_the_house, _)| *of_the_house == path)
}

/// As [`on_both_dbs!`] for two stores at a time: every address that names no record answers as if the foreign customer were not there.
#[tokio::test(flavor = "multi_thread")]
async fn no_figure_counts_a_customer_of_others() {
    let (with, without) =
        (attune_testkit::lite(&attune::house::migrations()).await, attune_testkit::lite(&attune::house::migrations()).await);
    let ((with, _), (without, _)) = (open(&with.db(), true).await, open(&without.db(), false).await);
    let mut differing: BTreeMap<String, (String, String)> = BTreeMap::new();
    for path in addresses().into_iter().filter(|path| is_everybodys_own(path)) {
        for who in ASKERS {
            // A refusal bears the number of its request.
            let told = |(_, body): (StatusCode, String)| body.split(",\"request\":").next().unwrap_or_default().to_owned();
            let (one, other) = (told(answer(&with, who, &path).await), told(answer(&without, who, &path).await));
            if one != other {
                let at = one.bytes().zip(other.bytes()).position(|(a, b)| a != b).unwrap_or(0);
                let near = |body: &str| {
                    String::from_utf8_lossy(body.as_bytes().get(at.saturating_sub(120)..(at + 60).min(body.len())).unwrap_or_default())
                        .into_owned()
                };
                differing.insert(format!("{who} {path}"), (near(&one), near(&other)));
            }
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
}
