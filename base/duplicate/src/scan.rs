//! Finds all pairs of a table, or between two, that are of the same one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::blocking::Blocks;
use super::cluster::cluster;
use super::model::Model;
use super::record::{Record, Table};

/// Records one worker compares at a time.
const STRIDE: usize = 256;

/// Two records likely of the same one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The id of the first; the lower one within a table.
    pub left: u64,
    /// The id of the second, in the other table if there are two.
    pub right: u64,
    /// The sum of the evidence, bits.
    pub weight: f64,
    /// That both are of the same one, from 0 to 1.
    pub probability: f64,
}

/// How far a scan has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Records compared with all others.
    pub done: usize,
    /// Records to compare.
    pub total: usize,
}

/// A scan was stopped by whoever watched it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("scan stopped")
    }
}

impl std::error::Error for Stopped {}

/// Is told of a scan's progress, possibly from several threads, and answers whether to go on.
pub type Watch<'a> = &'a (dyn Fn(Progress) -> bool + Sync);

/// Finds the pairs of a table whose probability is at least `threshold`, in the order of their ids.
///
/// # Errors
///
/// `Stopped` as soon as `watch` says so.
pub fn find(table: &Table, model: &Model, threshold: f64, watch: Watch<'_>) -> Result<Vec<Pair>, Stopped> {
    scan(&prepare(model, table), 0, model, threshold, watch)
}

/// Finds the pairs of a table and groups them: each group is of one and the same, in ascending order; who is alone is left out.
///
/// # Errors
///
/// `Stopped` as soon as `watch` says so.
pub fn group(table: &Table, model: &Model, threshold: f64, watch: Watch<'_>) -> Result<Vec<Vec<u64>>, Stopped> {
    let records = prepare(model, table);
    let pairs = scan(&records, 0, model, threshold, watch)?;
    let mut found = Vec::new();
    let weigh = |a: u64, b: u64| match (records.get(a as usize), records.get(b as usize)) {
        (Some(a), Some(b)) => model.weigh(a, b, &mut found),
        _ => 0.0,
    };
    Ok(cluster(&pairs, model.weight_at(threshold), weigh))
}

/// Finds the pairs between two tables by a model learned across them. If it found both free of duplicates, a record is of one pair at
/// most, the likeliest.
///
/// # Errors
///
/// `Stopped` as soon as `watch` says so.
pub fn link(left: &Table, right: &Table, model: &Model, threshold: f64, watch: Watch<'_>) -> Result<Vec<Pair>, Stopped> {
    let mut records = prepare(model, left);
    let split = records.len();
    records.extend(prepare(model, right));
    let mut pairs = scan(&records, split, model, threshold, watch)?;
    for pair in &mut pairs {
        pair.right -= split as u64;
    }
    Ok(if model.one_to_one { one_to_one(pairs) } else { pairs })
}

/// Of each record's pairs the likeliest whose other record has no likelier one.
fn one_to_one(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| (a.left, a.right).cmp(&(b.left, b.right))));
    let (mut left, mut right) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    pairs.retain(|pair| {
        let is_free = !left.contains(&pair.left) && !right.contains(&pair.right);
        if is_free {
            left.insert(pair.left);
            right.insert(pair.right);
        }
        is_free
    });
    pairs.sort_by_key(|pair| (pair.left, pair.right));
    pairs
}

fn prepare(model: &Model, table: &Table) -> Vec<Record> {
    table.rows().map(|row| model.prepare(row)).collect()
}

/// Compares all records that share a key. If `split` is not 0, only those before it with those from it on.
fn scan(records: &[Record], split: usize, model: &Model, threshold: f64, watch: Watch<'_>) -> Result<Vec<Pair>, Stopped> {
    let keyed = (0u32..).zip(records).flat_map(|(at, record)| model.blocking_keys(record).into_iter().map(move |key| (key, at)));
    let blocks = Blocks::build(records.len(), keyed.collect());
    let least = model.weight_at(threshold);
    let (next, done, stopped) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let all = Mutex::new(Vec::new());
    let work = || {
        let (mut pairs, mut partners, mut found) = (Vec::new(), Vec::new(), Vec::new());
        while !stopped.load(Ordering::Relaxed) {
            let start = next.fetch_add(STRIDE, Ordering::Relaxed);
            let end = records.len().min(start.saturating_add(STRIDE));
            let Some(some) = records.get(start..end).filter(|some| !some.is_empty()) else { break };
            for (at, record) in (start..end).zip(some).filter(|(at, _)| split == 0 || *at < split) {
                blocks.partners(at as u32, &mut partners);
                for partner in partners.iter().filter(|partner| **partner as usize >= split.max(at + 1)) {
                    let Some(other) = records.get(*partner as usize) else { continue };
                    let weight = model.weigh(record, other, &mut found);
                    if weight >= least {
                        let probability = model.probability(weight);
                        pairs.push(Pair { left: at as u64, right: u64::from(*partner), weight, probability });
                    }
                }
            }
            let compared = done.fetch_add(some.len(), Ordering::Relaxed) + some.len();
            if !watch(Progress { done: compared, total: records.len() }) {
                stopped.store(true, Ordering::Relaxed);
            }
        }
        if let Ok(mut all) = all.lock() {
            all.append(&mut pairs);
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(records.len() / STRIDE + 1);
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    if stopped.into_inner() {
        return Err(Stopped);
    }
    let mut pairs = all.into_inner().unwrap_or_default();
    pairs.sort_by_key(|pair: &Pair| (pair.left, pair.right));
    Ok(pairs)
}
