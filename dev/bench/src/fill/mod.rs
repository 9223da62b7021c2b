//! Invented people and what they did, in bulk: the same in every run.

mod dice;
mod people;
mod visits;

use std::ops::Range;

use anyhow::{Context, Result};
use attune_db::{Db, DbOptions, Value};
use attune_kernel::{Clock, DAY_US};

use crate::ground::{Ground, Store};
use crate::program::Server;

pub use dice::Dice;
pub use people::{PERSON_COLUMNS, contacts, person, visitors};

use visits::{Course, EVENTS_A_VISIT};

/// Visits in one transaction, each with [`EVENTS_A_VISIT`] events.
const VISITS_A_TIME: i64 = 10_000;
/// The id of the first contact; the others follow.
const FIRST_CONTACT: i64 = 1_000_001;
const FIRST_VISITOR: i64 = 2_000_000_001;
/// How far back the events reach.
const PAST_US: i64 = 180 * DAY_US;

/// The id of the contact with this index, from 0.
pub fn contact_id(index: i64) -> i64 {
    FIRST_CONTACT + index
}

/// What the browser of a contact calls itself.
pub fn visitor_name(index: i64) -> String {
    format!("bench-visitor-{index:08}")
}

/// The numbers from 0 to `count` − 1, `size` at a time.
fn stretches(count: i64, size: i64) -> impl Iterator<Item = Range<i64>> {
    (0..count).step_by(usize::try_from(size).unwrap_or(1).max(1)).map(move |from| from..(from + size).min(count))
}

/// A store opened for filling: nothing waits for the disk.
pub async fn open(store: &Store) -> Result<Db> {
    store.open_with(&DbOptions { connections: 1, durable: false, cache_bytes: 2 << 30 }).await
}

/// Fills the large store: contacts, their browsers, and events over half a year, ten a visit.
pub async fn large(ground: &Ground, store: &Store) -> Result<()> {
    let scale = &ground.scale;
    eprintln!("filling the large store ({}) …", ground.sizes());
    let seq = know_the_reactors(ground, store).await?;
    let db = open(store).await?;
    contacts(&db, scale.contacts).await?;
    visitors(&db, scale.contacts).await?;
    let visits = scale.events / EVENTS_A_VISIT;
    let start = Clock::system().now() - PAST_US;
    let course = Course { people: scale.contacts, start, step: PAST_US / visits.max(1), seq };
    for numbers in stretches(visits, VISITS_A_TIME) {
        let mut tx = db.begin().await?;
        visits::insert(&mut tx, numbers, &course).await?;
        tx.commit().await?;
    }
    let last = seq + visits * EVENTS_A_VISIT;
    let mut tx = db.begin().await?;
    tx.exec("UPDATE event_head SET last_seq = $1", [Value::Int(last)]).await?;
    tx.exec("UPDATE event_cursors SET seq = $1", [Value::Int(last)]).await?;
    tx.commit().await?;
    db.analyze().await?;
    db.checkpoint().await?;
    Ok(())
}

/// Lets every reactor hear one event, so that each has a cursor; answers where the log ends.
async fn know_the_reactors(ground: &Ground, store: &Store) -> Result<i64> {
    let db = store.open().await?;
    let mut tx = db.begin().await?;
    let first = attune_events::Event::new("page.viewed", Clock::system().now());
    attune_events::append(&mut tx, &mut [first]).await?;
    tx.commit().await?;
    let server = Server::start(ground, &store.argument, &[])?;
    server.quiet().await?;
    server.stop()?;
    let mut tx = db.read().await?;
    tx.count("SELECT last_seq FROM event_head", []).await.context("reading the log's head")
}
