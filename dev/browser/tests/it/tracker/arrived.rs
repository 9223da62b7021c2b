//! What is in the log and in the visits.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use attune_browser::Attune;
use serde_json::Value;

use super::PATIENCE;
use crate::ground;

/// An event of the log.
#[derive(Debug)]
pub struct Arrived {
    pub name: String,
    pub subject: String,
    pub amount: Option<i64>,
    pub visitor: Option<i64>,
    pub visit: Option<i64>,
    pub machine: bool,
    pub props: Value,
}

/// Everything in the log, in the order in which it happened.
pub async fn log(attune: &Attune) -> Vec<Arrived> {
    ground::settle(attune).await;
    let connection = connection(attune);
    let sql =
        "SELECT name, COALESCE(subject, ''), amount, visitor_id, session_id, machine, COALESCE(props, 'null') FROM events ORDER BY at, seq";
    let mut statement = connection.prepare(sql).unwrap();
    let arrived = statement.query_map([], |row| {
        let props: String = row.get(6)?;
        Ok(Arrived {
            name: row.get(0)?,
            subject: row.get(1)?,
            amount: row.get(2)?,
            visitor: row.get(3)?,
            visit: row.get(4)?,
            machine: row.get(5)?,
            props: serde_json::from_str(&props).unwrap(),
        })
    });
    arrived.unwrap().map(Result::unwrap).collect()
}

/// The log, as soon as it has an event of this name and subject.
pub async fn log_with(attune: &Attune, name: &str, subject: &str) -> Vec<Arrived> {
    log_when(attune, |log| log.iter().any(|event| event.name == name && event.subject == subject)).await
}

/// The log, as soon as there is enough in it.
pub async fn log_when(attune: &Attune, is_enough: impl Fn(&[Arrived]) -> bool) -> Vec<Arrived> {
    let started = Instant::now();
    loop {
        let found = log(attune).await;
        if is_enough(&found) {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "not everything arrived; there is {:?}", counted(&found));
    }
}

/// How often each name and subject is there, without `page.left`.
pub fn counted(log: &[Arrived]) -> BTreeMap<(&str, &str), usize> {
    let mut counted = BTreeMap::new();
    for event in log.iter().filter(|event| event.name != "page.left") {
        *counted.entry((event.name.as_str(), event.subject.as_str())).or_default() += 1;
    }
    counted
}

/// The visible time of each path in µs, and how many `page.left` told of it.
pub fn dwell(log: &[Arrived]) -> (BTreeMap<String, i64>, BTreeMap<&str, usize>) {
    let (mut dwell, mut times) = (BTreeMap::<String, i64>::new(), BTreeMap::new());
    for event in log.iter().filter(|event| event.name == "page.left") {
        *dwell.entry(event.subject.clone()).or_default() += event.amount.unwrap();
        *times.entry(event.subject.as_str()).or_default() += 1;
    }
    (dwell, times)
}

/// Of every visit: pages, events, visible time in µs.
pub async fn visits(attune: &Attune) -> Vec<[i64; 3]> {
    ground::settle(attune).await;
    let connection = connection(attune);
    let mut statement = connection.prepare("SELECT pages, events, dwell_us FROM visits").unwrap();
    let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Every line of the ledger: channel, purpose, state, source, wording.
pub async fn ledger(attune: &Attune) -> Vec<[String; 5]> {
    ground::settle(attune).await;
    let connection = connection(attune);
    let sql = "SELECT channel, purpose, state, source, COALESCE(wording, '') FROM consents ORDER BY channel, id";
    let mut statement = connection.prepare(sql).unwrap();
    let lines = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]));
    lines.unwrap().map(Result::unwrap).collect()
}

fn connection(attune: &Attune) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(Path::new(&attune.store().argument()).join("attune.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection
}
