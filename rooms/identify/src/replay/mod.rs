//! Replay turns an access log of the past into visits and page views at their true times.
//!
//! Guards that the same file adds nothing the second time, that machines stay apart, and that every line that cannot be read is named
//! with its number and the cause. The client's address is hashed, never kept.

mod line;
pub mod pages;
mod request;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use attune_events::Event;
use attune_jobs::Bench;
use attune_kernel::Fault;
use flate2::bufread::MultiGzDecoder;
use url::Url;

pub use line::{LogLine, Malformed, parse};
pub use request::{Meaning, meaning};

use crate::tracking::{Agent, Agents, Arrival, Hit, Machine, Memory, Sender, Utm, Writer, attribute, key64};

/// Lines per transaction.
const BATCH: usize = 2_000;
/// Longest line in bytes.
const MAX_LINE: usize = 64 * 1024;
/// How many malformed lines are listed; all are counted.
const LISTED: usize = 1_000;

/// What a replay found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// Lines read.
    pub lines: i64,
    /// Events added to the log, machines' included.
    pub events: i64,
    /// Visits begun, machines' included.
    pub sessions: i64,
    /// Of the events, those done by machines.
    pub machine: i64,
    /// Lines that could not be read.
    pub malformed: i64,
    /// Events the log had already from an earlier replay of the same file.
    pub repeated: i64,
    /// The first and the last moment among the events found, µs UTC.
    pub span: Option<(i64, i64)>,
    /// The first thousand malformed lines: number (from 1) and cause.
    pub listed: Vec<(i64, String)>,
}

/// Replays the log in `reader` (plain or gzip). `progress` is told the report so far after every batch and may stop the replay by
/// answering `false`; what was written stays, and a new replay goes on from there.
pub async fn run(bench: &Bench, reader: impl Read + Send, mut progress: impl FnMut(&Report) -> bool + Send) -> Result<Report, Fault> {
    let mut reader = unzipped(reader)?;
    let mut replay = Replay::new(bench);
    loop {
        let lines = read_lines(reader.as_mut(), replay.report.lines)?;
        if lines.is_empty() {
            return Ok(replay.report);
        }
        replay.batch(&lines).await?;
        if !progress(&replay.report) {
            return Ok(replay.report);
        }
    }
}

fn unzipped<'a>(reader: impl Read + Send + 'a) -> std::io::Result<Box<dyn BufRead + Send + 'a>> {
    let mut plain = BufReader::with_capacity(128 * 1024, reader);
    if plain.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::with_capacity(128 * 1024, MultiGzDecoder::new(plain))));
    }
    Ok(Box::new(plain))
}

/// A line and its number in the file, from 1.
struct Numbered {
    number: i64,
    text: Result<String, Malformed>,
}

fn read_lines(reader: &mut (dyn BufRead + Send), before: i64) -> std::io::Result<Vec<Numbered>> {
    let mut lines = Vec::with_capacity(BATCH);
    let mut bytes = Vec::with_capacity(512);
    for number in before + 1.. {
        bytes.clear();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        if (&mut *reader).take(limit).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let cut = bytes.len() >= MAX_LINE && bytes.last() != Some(&b'\n');
        if cut {
            skip_line(reader)?;
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        lines.push(Numbered { number, text: if cut { Err(Malformed::TooLong) } else { Ok(text.to_owned()) } });
        if lines.len() == BATCH {
            break;
        }
    }
    Ok(lines)
}

fn skip_line(reader: &mut (dyn BufRead + Send)) -> std::io::Result<()> {
    loop {
        let held = reader.fill_buf()?;
        if held.is_empty() {
            return Ok(());
        }
        match held.iter().position(|byte| *byte == b'\n') {
            Some(at) => {
                reader.consume(at + 1);
                return Ok(());
            }
            None => {
                let all = held.len();
                reader.consume(all);
            }
        }
    }
}

struct Replay<'a> {
    bench: &'a Bench,
    writer: Writer,
    agents: Agents,
    report: Report,
    run_id: i64,
    /// Visitors that read `robots.txt`.
    robots: HashSet<i64>,
    /// How often each host referred to the parts of a page: the site itself leads by far.
    part_hosts: HashMap<String, i64>,
    own_host: Option<Arc<str>>,
}

impl<'a> Replay<'a> {
    fn new(bench: &'a Bench) -> Self {
        let memory = Mutex::new(Memory::new(50_000));
        Self {
            bench,
            writer: Writer { ids: bench.ids.clone(), clock: bench.clock.clone(), memory },
            agents: Agents::default(),
            report: Report::default(),
            run_id: bench.ids.next(),
            robots: HashSet::new(),
            part_hosts: HashMap::new(),
            own_host: None,
        }
    }

    async fn batch(&mut self, lines: &[Numbered]) -> Result<(), Fault> {
        let mut read: Vec<(i64, &str, LogLine<'_>)> = Vec::with_capacity(lines.len());
        for Numbered { number, text } in lines {
            self.report.lines += 1;
            match text.as_deref().map_err(|cause| *cause).and_then(|text| Ok((*number, text, parse(text)?))) {
                Ok(line) => read.push(line),
                Err(cause) => self.refuse(*number, cause),
            }
        }
        self.learn_own_host(&read);
        let hits: Vec<Hit> = read.iter().filter_map(|(number, text, line)| self.hit(*number, text, line)).collect();
        self.write(&hits).await
    }

    fn refuse(&mut self, number: i64, cause: Malformed) {
        self.report.malformed += 1;
        if self.report.listed.len() < LISTED {
            self.report.listed.push((number, cause.code().to_owned()));
        }
    }

    /// The log does not name its site, but the parts of a page are asked for by the page.
    fn learn_own_host(&mut self, read: &[(i64, &str, LogLine<'_>)]) {
        for (_, _, line) in read.iter().filter(|(_, _, line)| meaning(line) == Meaning::Asset) {
            let host = line
                .referrer
                .and_then(|from| Url::parse(from).ok())
                .and_then(|url| url.host_str().map(|h| h.trim_start_matches("www.").to_owned()));
            if let Some(host) = host {
                *self.part_hosts.entry(host).or_default() += 1;
            }
        }
        let leading = self.part_hosts.iter().max_by_key(|(host, count)| (**count, std::cmp::Reverse(host.as_str())));
        self.own_host = leading.map(|(host, _)| Arc::from(host.as_str()));
    }

    fn hit(&mut self, number: i64, text: &str, line: &LogLine<'_>) -> Option<Hit> {
        let key = key64("log-visitor", &[line.client, line.agent.unwrap_or("")]);
        let (name, path, query) = match meaning(line) {
            Meaning::Page => ("page.viewed", path_of(line), query_of(line)),
            Meaning::Download => ("file.downloaded", path_of(line), None),
            Meaning::Robots => {
                self.robots.insert(key);
                return None;
            }
            Meaning::Asset | Meaning::Other => return None,
        };
        let agent = line.agent.map_or_else(Agent::unknown, |header| self.agents.read(header));
        let machine = agent.machine.or_else(|| self.robots.contains(&key).then_some(Machine::ReadRobots));
        let mut event = Event::new(name, line.at);
        event.machine = machine.is_some();
        event.client_key = Some(key64("log-line", &[&number.to_string(), text]));
        event.origin_id = Some(self.run_id);
        let file = path.rsplit('/').next().unwrap_or("");
        event.subject = Some(if name == "file.downloaded" { file.to_owned() } else { path.clone() });
        let arrival = self.arrival(line, query);
        let kept: serde_json::Map<String, serde_json::Value> =
            [("query", query), ("ref", line.referrer)].into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?.into()))).collect();
        let event = event.props(&kept);
        let sender = Sender { key, agent, machine, host: self.own_host.clone(), path: Some(path), arrival, network: None };
        Some(Hit { event, sender: Some(sender), left: None, proof: None, place: None })
    }

    fn arrival(&self, line: &LogLine<'_>, query: Option<&str>) -> Arrival {
        let query = query.unwrap_or("");
        let pairs: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key.starts_with("utm_")).collect();
        let value = |key: &str| pairs.get(key).map(|value| value.chars().take(200).collect::<String>());
        let utm = Utm { source: value("utm_source"), medium: value("utm_medium"), campaign: value("utm_campaign") };
        attribute(&utm, query, line.referrer, self.own_host.as_deref())
    }

    async fn write(&mut self, hits: &[Hit]) -> Result<(), Fault> {
        for at in hits.iter().map(|hit| hit.event.at) {
            let (first, last) = self.report.span.unwrap_or((at, at));
            self.report.span = Some((first.min(at), last.max(at)));
        }
        let hits: Vec<&Hit> = hits.iter().collect();
        let mut tx = self.bench.db.begin().await?;
        let outcome = self.writer.write_hits(&mut tx, &hits).await?;
        tx.commit().await?;
        self.writer.memory.lock().unwrap_or_else(PoisonError::into_inner).learn(&outcome.learned);
        let added = outcome.added.iter().map(|added| i64::from(*added)).sum::<i64>();
        self.report.events += added;
        self.report.repeated += i64::try_from(hits.len()).unwrap_or(0) - added;
        self.report.machine += outcome.machine;
        self.report.sessions += outcome.visits_begun;
        Ok(())
    }
}

fn path_of(line: &LogLine<'_>) -> String {
    line.target.split(['?', '#']).next().unwrap_or("").chars().take(2_000).collect()
}

fn query_of<'a>(line: &LogLine<'a>) -> Option<&'a str> {
    let query = line.target.split_once('?')?.1;
    (!query.is_empty() && query.len() <= 2_000).then_some(query)
}
