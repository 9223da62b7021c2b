//! Rows of every kind that hangs on a contact.

use attune_db::{Tx, Value};
use attune_kernel::Ids;

macro_rules! values {
    ($($value:expr),+ $(,)?) => { vec![$(Value::from($value)),+] };
}

/// The tables that are filled.
pub(crate) const FILLED: [&str; 24] = [
    "events",
    "visitors",
    "visits",
    "identifiers",
    "stitches",
    "consents",
    "preferences",
    "notes",
    "sends",
    "suppressions",
    "push_handed",
    "tasks",
    "handovers",
    "funnel_visitors",
    "question_asks",
    "relationships",
    "promises",
    "shares",
    "note_versions",
    "record_tags",
    "files",
    "holds",
    "devices",
    "device_readings",
];

/// Gives the contact as many rows of each table as `counts` says. Among `people` some meet: the same mailing, the same funnel.
pub(crate) async fn fill(tx: &mut Tx, ids: &Ids, people: &[i64], contact: i64, (counts, dice): (&[usize], u64)) {
    for (table, count) in FILLED.iter().zip(counts) {
        for row in 0..*count {
            put(tx, ids, people[0], contact, table, (row, dice)).await;
        }
    }
}

async fn put(tx: &mut Tx, ids: &Ids, first: i64, contact: i64, table: &str, (row, dice): (usize, u64)) {
    let id = ids.next();
    let place = i64::try_from(row).unwrap();
    // Shared between people of one story, so that they meet.
    let common = first + place;
    let yes = (dice >> row) & 1 == 1;
    if table == "events" {
        let mut event = attune_events::Event::new("page.viewed", id).contact(contact).subject("/pricing");
        event.visitor_id = Some(id);
        attune_events::append(tx, &mut [event]).await.unwrap();
        return;
    }
    if table == "record_tags" {
        let tag = "INSERT INTO tags (id, name, name_key, tone, created_at) VALUES ($1, $2, $2, 'blue', 1) ON CONFLICT (id) DO NOTHING";
        tx.exec(tag, values![common, common.to_string()]).await.unwrap();
    }
    let found = tracked(table, (id, contact, common), (row, yes)).or_else(|| kept(table, (id, contact)));
    let (sql, values) = found.or_else(|| worked(table, (id, contact, common), (row, yes))).unwrap();
    tx.exec(sql, values).await.unwrap();
}

type Statement = Option<(&'static str, Vec<Value>)>;

/// Rows of what the person did and allowed.
fn tracked(table: &str, (id, contact, common): (i64, i64, i64), (row, yes): (usize, bool)) -> Statement {
    let place = i64::try_from(row).unwrap();
    Some(match table {
        "visitors" => (
            "INSERT INTO visitors (id, key, contact_id, first_seen_at, last_seen_at, machine) VALUES ($1, $1, $2, 1, 2, FALSE)",
            values![id, contact],
        ),
        "visits" => (
            "INSERT INTO visits (id, visitor_id, contact_id, started_at, last_at, pages, events, dwell_us, source, medium, machine)
             VALUES ($1, $3, $2, 1, 2, 1, 1, 0, 'direct', 'direct', FALSE)",
            values![id, contact, common],
        ),
        "identifiers" => (
            "INSERT INTO identifiers (id, contact_id, visitor_id, kind, value, strength, source, first_at, last_at)
             VALUES ($1, $2, $1, 'email', 'ada@analytic.example', $3, 'form', 1, 2)",
            values![id, contact, if yes { "proof" } else { "claim" }],
        ),
        "stitches" => (
            "INSERT INTO stitches (id, at, visitor_id, contact_id, outcome, how, source, before_seq) VALUES ($1, 1, $1, $2, 'joined', 'form', 'form', 1)",
            values![id, contact],
        ),
        "preferences" => (
            "INSERT INTO preferences (id, contact_id, frequency, source, at) VALUES ($1, $2, $3, 'preference-page', $4)",
            values![id, contact, if yes { "weekly" } else { "every" }, place],
        ),
        "consents" => (
            "INSERT INTO consents (id, contact_id, channel, purpose, state, source, at) VALUES ($1, $2, $3, 'marketing', $4, 'form', $5)",
            values![id, contact, if row == 0 { "email" } else { "sms" }, if yes { "given" } else { "withdrawn" }, place],
        ),
        "question_asks" => (
            "INSERT INTO question_asks (id, question_id, contact_id, touch, at, outcome) VALUES ($1, $3, $2, 'call', 1, $4)",
            values![id, contact, common, if yes { "answered" } else { "open" }],
        ),
        "record_tags" => {
            ("INSERT INTO record_tags (record_id, subject, tag_id, at) VALUES ($1, 'contact', $2, 1)", values![contact, common])
        }
        _ => return None,
    })
}

/// Rows that stand on the record.
fn kept(table: &str, (id, contact): (i64, i64)) -> Statement {
    Some(match table {
        "note_versions" => (
            "INSERT INTO note_versions (id, note_id, record_id, body, staff_id, staff_name, until_at) VALUES ($1, $1, $2, 'wrote', 1, 'Jo', 1)",
            values![id, contact],
        ),
        "holds" => {
            ("INSERT INTO holds (id, contact_id, reason, staff_id, created_at) VALUES ($1, $2, 'law suit', 1, 1)", values![id, contact])
        }
        "devices" => (
            "INSERT INTO devices (id, serial, serial_key, model, contact_id, installed_at, state, created_at) VALUES ($1, $3, $3, 'Coffee 3', $2, 1, 'active', 1)",
            values![id, contact, id.to_string()],
        ),
        "device_readings" => (
            "INSERT INTO device_readings (id, device_id, contact_id, kind, name, value, unit, severity, at) VALUES ($1, $1, $2, 'reading', 'stock', 8.5, '%', '', 1)",
            values![id, contact],
        ),
        "files" => (
            "INSERT INTO files (id, contact_id, file_name, bytes, staff_id, created_at, kept_at) VALUES ($1, $2, 'offer.pdf', 1, 1, 1, 1)",
            values![id, contact],
        ),
        "notes" => (
            "INSERT INTO notes (id, kind, record_id, body, staff_id, staff_name, created_at, updated_at) VALUES ($1, 'contact', $2, 'called', 1, 'Jo', 1, 1)",
            values![id, contact],
        ),
        _ => return None,
    })
}

/// Rows of what was done with the person.
fn worked(table: &str, (id, contact, common): (i64, i64, i64), (row, yes): (usize, bool)) -> Statement {
    Some(match table {
        "sends" => (
            "INSERT INTO sends (id, mailing_id, contact_id, state, due_at, attempts) VALUES ($1, $3, $2, $4, 1, 0)",
            values![id, contact, common, if yes { "planned" } else { "accepted" }],
        ),
        "suppressions" => (
            "INSERT INTO suppressions (id, email_key, reason, contact_id, created_at) VALUES ($1, $3, 'bounced', $2, 1)",
            values![id, contact, format!("{id}@gone.example")],
        ),
        "promises" => (
            "INSERT INTO promises (id, contact_id, side, what, staff_id, due_at, remind_at, state, created_by, created_at)
             VALUES ($1, $2, 'ours', 'drawings', 1, 1, 1, 'open', 1, 1)",
            values![id, contact],
        ),
        "shares" => (
            "INSERT INTO shares (id, contact_id, staff_id, reason, shared_by, created_at) VALUES ($1, $2, $3, 'holidays', 1, 1)",
            values![id, contact, if yes { common } else { id }],
        ),
        "relationships" => (
            "INSERT INTO relationships (id, kind, from_contact_id, to_contact_id, to_company_id, note, created_by, created_at, updated_at)
             VALUES ($1, 'agent', $2, $3, $4, '', 1, 1, 1)",
            // With the first of them, or with a company all of them know.
            if yes && common != contact { values![id, contact, common, Value::Null] } else { values![id, contact, Value::Null, common] },
        ),
        "push_handed" => ("INSERT INTO push_handed (funnel_id, contact_id, at) VALUES ($1, $2, 1)", values![common, contact]),
        "tasks" => (
            "INSERT INTO tasks (id, contact_id, title, reason, owner_id, rank_at, created_by, created_at) VALUES ($1, $2, 'Call', 'asked', 1, 1, 1, 1)",
            values![id, contact],
        ),
        "handovers" => (
            "INSERT INTO handovers (id, contact_id, state, origin, origin_id, place, created_by, created_at, note) VALUES ($1, $2, $3, 'manual', 1, 1, 1, 1, '')",
            // One at most may be open.
            values![id, contact, if row == 0 { "offered" } else { "rejected" }],
        ),
        "funnel_visitors" => {
            ("INSERT INTO funnel_visitors (visitor_id, first_at, contact_id, known_at) VALUES ($1, 1, $2, 2)", values![id, contact])
        }
        _ => return None,
    })
}
