//! Limits of the store: the plainest loop that keeps as much, in batches of 2,000, each on the disk before the next begins.
//!
//! On SQLite it is prepared statements through the C interface; on PostgreSQL arrays unpacked by the server, as fast as its protocol goes.

use anyhow::{Context, Result};
use attune_db::{Column, Conflict, Relation, Value};
use rusqlite::Connection;
use std::path::Path;
use std::time::Instant;

use crate::fill::{Dice, PERSON_COLUMNS, person};
use crate::ground::{Engine, Ground};

const BATCH: i64 = 2_000;

/// Events per second, each with a change of its contact, spread over `contacts` people.
pub async fn events(ground: &Ground, contacts: i64, events: i64) -> Result<f64> {
    match ground.engine {
        Engine::Lite => in_folder(ground, |connection| events_lite(connection, contacts, events)),
        Engine::Pg => events_pg(ground, contacts, events).await,
    }
}

/// Rows per second of ten columns with a unique address.
pub async fn people(ground: &Ground, rows: i64) -> Result<f64> {
    match ground.engine {
        Engine::Lite => in_folder(ground, |connection| people_lite(connection, rows)),
        Engine::Pg => people_pg(ground, rows).await,
    }
}

/// Rows per second of the plain loop into the product's own tables with all their indexes, search words and one event each; nothing is read,
/// matched or checked. What an import of this store could reach at best. Only on the embedded store.
pub async fn people_whole(ground: &Ground, rows: i64) -> Result<Option<f64>> {
    if ground.engine == Engine::Pg {
        return Ok(None);
    }
    let store = ground.fresh().await?;
    let Some(folder) = store.folder() else { return Ok(None) };
    let mut connection = open_file(&folder.join("attune.db"))?;
    tokio::task::block_in_place(|| people_whole_lite(&mut connection, rows)).map(Some)
}

fn in_folder(ground: &Ground, work: impl FnOnce(&mut Connection) -> Result<f64>) -> Result<f64> {
    let folder = tempfile::Builder::new().prefix("limit-").tempdir_in(&ground.folder).context("making a folder for the limit")?;
    let mut connection = open(folder.path())?;
    tokio::task::block_in_place(|| work(&mut connection))
}

/// As Attune opens its store.
fn open(folder: &Path) -> Result<Connection> {
    open_file(&folder.join("limit.db"))
}

fn open_file(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 8_192)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    Ok(connection)
}

const EVENT_TABLES: &str = "
CREATE TABLE limit_contacts (id BIGINT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, last_seen_at BIGINT, k DOUBLE PRECISION);
CREATE TABLE limit_events (seq BIGINT PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL, contact_id BIGINT, subject TEXT, amount BIGINT, props TEXT);
CREATE INDEX limit_events_contact ON limit_events (contact_id, at)";
const PEOPLE_TABLE: &str = "
CREATE TABLE limit_people (id BIGINT PRIMARY KEY, email TEXT NOT NULL, given_name TEXT, family_name TEXT, phone TEXT, company TEXT, title TEXT,
  city TEXT, country TEXT, external_id TEXT, source TEXT);
CREATE UNIQUE INDEX limit_people_email ON limit_people (email)";
const SUBJECT: &str = "/section-12/page-345";
const PROPS: &str = r#"{"title":"Section 12","ref":"https://search.example/"}"#;

/// SQLite's own numbers for rows.
fn lite(schema: &str) -> String {
    schema.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
}

fn events_lite(connection: &mut Connection, contacts: i64, events: i64) -> Result<f64> {
    connection.execute_batch(&lite(EVENT_TABLES))?;
    let filling = connection.transaction()?;
    {
        let mut insert = filling.prepare("INSERT INTO limit_contacts (id, name, email) VALUES (?1, ?2, ?3)")?;
        for id in 0..contacts {
            insert.execute(rusqlite::params![id, "Anna Lindqvist", format!("anna.{id}@firm.example")])?;
        }
    }
    filling.commit()?;
    let mut dice = Dice::new(2);
    let begun = Instant::now();
    let mut seq = 0;
    while seq < events {
        let batch = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let insert = "INSERT INTO limit_events (seq, name, at, contact_id, subject, amount, props) VALUES (?1, 'page.viewed', ?2, ?3, ?4, NULL, ?5)";
            let mut insert = batch.prepare_cached(insert)?;
            let mut update = batch.prepare_cached("UPDATE limit_contacts SET last_seen_at = ?2, k = ?3 WHERE id = ?1")?;
            for _ in 0..BATCH {
                let who = dice.below(contacts);
                insert.execute(rusqlite::params![seq, seq * 1_000, who, SUBJECT, PROPS])?;
                update.execute(rusqlite::params![who, seq * 1_000, seq as f64])?;
                seq += 1;
            }
        }
        batch.commit()?;
    }
    Ok(seq as f64 / begun.elapsed().as_secs_f64())
}

fn people_lite(connection: &mut Connection, rows: i64) -> Result<f64> {
    connection.execute_batch(&lite(PEOPLE_TABLE))?;
    let places: Vec<String> = (1..=11).map(|place| format!("?{place}")).collect();
    let insert = format!("INSERT INTO limit_people (id, {}) VALUES ({})", PERSON_COLUMNS.join(", "), places.join(", "));
    let begun = Instant::now();
    let mut id = 0;
    while id < rows {
        let batch = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let mut insert = batch.prepare_cached(&insert)?;
            for _ in 0..BATCH.min(rows - id) {
                insert.raw_bind_parameter(1, id)?;
                for (column, value) in person(id).iter().enumerate() {
                    insert.raw_bind_parameter(column + 2, value)?;
                }
                insert.raw_execute()?;
                id += 1;
            }
        }
        batch.commit()?;
    }
    Ok(id as f64 / begun.elapsed().as_secs_f64())
}

const CONTACT: &str =
    "INSERT INTO contacts (id, email, given_name, family_name, phone, title, city, country, external_id, source, name, name_key,
  email_key, phone_key, external_key, company_id, stage, import_id, fields, created_at, updated_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?7, ?8, ?9, ?10, ?11, ?3 || ' ' || ?4, ?12, ?2, ?5, 'id:' || ?10, 7, 'lead', 17, '{}', ?13, ?13)";
const WORDS: &str = "INSERT INTO contact_search (rowid, open, hidden) VALUES (?1, ?2, ?3)";
const EVENT: &str =
    "INSERT INTO events (seq, name, at, contact_id, machine, depth, origin_id) VALUES (?1, 'contact.created', ?2, ?1, FALSE, 0, 17)";

fn people_whole_lite(connection: &mut Connection, rows: i64) -> Result<f64> {
    let begun = Instant::now();
    let mut id = 0;
    while id < rows {
        let batch = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let (mut contact, mut words, mut event) =
                (batch.prepare_cached(CONTACT)?, batch.prepare_cached(WORDS)?, batch.prepare_cached(EVENT)?);
            for _ in 0..BATCH.min(rows - id) {
                id += 1;
                let values = person(id);
                let text = |place: usize| values.get(place).map_or("", String::as_str);
                contact.raw_bind_parameter(1, id)?;
                for (column, value) in values.iter().enumerate() {
                    contact.raw_bind_parameter(column + 2, value)?;
                }
                contact.raw_bind_parameter(12, format!("{} {}", text(1), text(2)).to_lowercase())?;
                contact.raw_bind_parameter(13, id)?;
                contact.raw_execute()?;
                let list = |places: &[usize]| {
                    let known = places.iter().map(|place| text(*place)).collect::<Vec<_>>().join(" ");
                    known.to_lowercase().replace(['@', '.', '-', '+'], " ")
                };
                words.execute(rusqlite::params![id, list(&[1, 2, 4, 8]), list(&[0, 3])])?;
                event.execute(rusqlite::params![id, id])?;
            }
        }
        batch.commit()?;
    }
    Ok(id as f64 / begun.elapsed().as_secs_f64())
}

async fn events_pg(ground: &Ground, contacts: i64, events: i64) -> Result<f64> {
    let store = ground.fresh().await?;
    let db = store.open().await?;
    let mut tx = db.begin().await?;
    tx.script(EVENT_TABLES).await?;
    tx.exec("INSERT INTO limit_contacts (id, name, email) SELECT g, 'Anna Lindqvist', 'anna.' || g || '@firm.example' FROM generate_series(0, $1) g", [Value::Int(contacts)]).await?;
    tx.commit().await?;
    let mut dice = Dice::new(2);
    let columns = [
        ("seq", Column::Int),
        ("name", Column::Text),
        ("at", Column::Int),
        ("contact_id", Column::Int),
        ("subject", Column::Text),
        ("props", Column::Text),
    ];
    let begun = Instant::now();
    let mut seq = 0;
    while seq < events {
        let mut rows = Relation::new(&columns);
        let mut touched = std::collections::BTreeMap::new();
        for _ in 0..BATCH {
            let who = dice.below(contacts);
            rows.push(vec![Value::Int(seq), "page.viewed".into(), Value::Int(seq * 1_000), Value::Int(who), SUBJECT.into(), PROPS.into()]);
            touched.insert(who, seq);
            seq += 1;
        }
        let mut changes = Relation::new(&[("id", Column::Int), ("at", Column::Int), ("k", Column::Real)]);
        for (who, seq) in touched {
            changes.push(vec![Value::Int(who), Value::Int(seq * 1_000), Value::Real(seq as f64)]);
        }
        let mut tx = db.begin().await?;
        tx.insert("limit_events", &rows, Conflict::Fail).await?;
        tx.exec_from(
            "UPDATE limit_contacts SET last_seen_at = r.at, k = r.k FROM {rows} AS r WHERE limit_contacts.id = r.id",
            &changes,
            [],
        )
        .await?;
        tx.commit().await?;
    }
    Ok(seq as f64 / begun.elapsed().as_secs_f64())
}

async fn people_pg(ground: &Ground, rows: i64) -> Result<f64> {
    let store = ground.fresh().await?;
    let db = store.open().await?;
    let mut tx = db.begin().await?;
    tx.script(PEOPLE_TABLE).await?;
    tx.commit().await?;
    let columns: Vec<(&str, Column)> =
        std::iter::once(("id", Column::Int)).chain(PERSON_COLUMNS.map(|name| (name, Column::Text))).collect();
    let begun = Instant::now();
    let mut id = 0;
    while id < rows {
        let mut batch = Relation::new(&columns);
        for _ in 0..BATCH.min(rows - id) {
            let mut row = vec![Value::Int(id)];
            row.extend(person(id).map(Value::Text));
            batch.push(row);
            id += 1;
        }
        let mut tx = db.begin().await?;
        tx.insert("limit_people", &batch, Conflict::Fail).await?;
        tx.commit().await?;
    }
    Ok(id as f64 / begun.elapsed().as_secs_f64())
}
