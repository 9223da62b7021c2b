//! Pairs of records drawn to learn from.

use std::collections::HashMap;

use super::blocking::Blocks;
use super::column::Columns;
use super::comparison::{Agreement, compare};
use super::model::Model;
use super::record::{Record, mix};

/// Pairs drawn at random.
const RANDOM_PAIRS: u64 = 300_000;
/// Pairs that share a key to learn from, about.
const KEYED_PAIRS: u64 = 300_000;
/// Pairs drawn for each column from those that agree on it.
const AGREEING_PAIRS: u64 = 12_000;
/// Chance from which a pair teaches what records of the same one have in common, if it is also the best of its records' pairs. Doubtful
/// pairs would slowly teach that neighbours and namesakes are the same (classification EM, Celeux & Govaert 1992).
const CERTAIN: f64 = 0.9;

/// Findings of pairs of records, one after the other, and how likely each pair is of the same one.
#[derive(Default)]
pub(super) struct Sample {
    columns: usize,
    found: Vec<Agreement>,
    chances: Vec<f64>,
    /// How likely each pair is of two who are related.
    related: Vec<f64>,
    /// The places of the two records.
    pub(super) ends: Vec<(u32, u32)>,
    /// Whether they are known to be of two, whatever they have in common.
    pub(super) apart: Vec<bool>,
}

impl Sample {
    pub(super) fn new(columns: &Columns) -> Self {
        Self { columns: columns.len().max(1), ..Self::default() }
    }

    pub(super) fn push(&mut self, found: &[Agreement], ends: (usize, usize)) {
        self.found.extend_from_slice(found);
        self.chances.push(0.0);
        self.related.push(0.0);
        self.ends.push((ends.0 as u32, ends.1 as u32));
        self.apart.push(false);
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&[Agreement], f64)> {
        self.found.chunks_exact(self.columns).zip(self.chances.iter().copied())
    }

    /// Pairs and how likely they are of strangers.
    pub(super) fn strangers(&self) -> impl Iterator<Item = (&[Agreement], f64)> {
        self.pairs().zip(&self.related).map(|((found, chance), related)| (found, (1.0 - chance - related).max(0.0)))
    }

    /// Whether each pair is surely not of strangers.
    fn sure(&self) -> impl Iterator<Item = bool> {
        self.chances.iter().zip(&self.related).map(|(chance, related)| chance + related >= CERTAIN)
    }

    /// Pairs that are surely not of strangers and how likely they are of two who are related.
    pub(super) fn relatives(&self) -> impl Iterator<Item = (&[Agreement], f64)> {
        let pairs = self.found.chunks_exact(self.columns).zip(self.related.iter().copied());
        pairs.zip(self.sure()).filter(|(_, sure)| *sure).map(|(pair, _)| pair)
    }

    /// Weighs each pair by a model and returns the sums of their chances to be of the same one and to be related.
    pub(super) fn weigh(&mut self, model: &Model) -> (f64, f64) {
        let chances = self.chances.iter_mut().zip(&mut self.related).zip(&self.apart);
        for (found, ((chance, related), apart)) in self.found.chunks_exact(self.columns).zip(chances) {
            (*chance, *related) = model.classify(found);
            if *apart {
                *related /= (1.0 - *chance).max(f64::MIN_POSITIVE);
                *chance = 0.0;
            }
        }
        (self.chances.iter().sum(), self.related.iter().sum())
    }

    /// The weights of its pairs, bits.
    pub(super) fn weights(&self, model: &Model) -> Vec<f64> {
        self.found.chunks_exact(self.columns).map(|found| model.weigh_found(found)).collect()
    }

    /// Pairs that are surely not of strangers and, of the pairs of their records, the best: for both, or for one of them.
    pub(super) fn best(&self, for_both: bool) -> impl Iterator<Item = (&[Agreement], f64)> {
        let mut best: HashMap<u32, f64> = HashMap::new();
        for (((left, right), chance), _) in self.ends.iter().zip(&self.chances).zip(self.sure()).filter(|(_, sure)| *sure) {
            for end in [left, right] {
                let most = best.entry(*end).or_default();
                *most = most.max(*chance);
            }
        }
        let is_best = move |end: &u32, chance: f64| best.get(end).is_some_and(|most| chance >= *most);
        let pairs = self.pairs().zip(&self.ends).zip(self.sure()).filter(|(_, sure)| *sure).map(|(pair, _)| pair);
        let kept = pairs.filter(move |((_, chance), (left, right))| {
            let (left, right) = (is_best(left, *chance), is_best(right, *chance));
            if for_both { left && right } else { left || right }
        });
        kept.map(|(pair, _)| pair)
    }
}

/// Records in an order that does not depend on the order they came in; `left` of them are of the first table.
pub(super) struct Records {
    pub(super) all: Vec<Record>,
    /// Records of the first table; all are, if there is no other.
    pub(super) left: usize,
}

impl Records {
    pub(super) fn new(mut left: Vec<Record>, mut right: Vec<Record>) -> Self {
        let content = |record: &Record| record.cells.iter().flatten().fold(0u64, |sum, cell| mix(sum ^ cell.hash));
        left.sort_by_cached_key(content);
        right.sort_by_cached_key(content);
        let count = left.len();
        left.append(&mut right);
        Self { all: left, left: count }
    }

    pub(super) fn is_across(&self) -> bool {
        self.left < self.all.len()
    }

    /// Whether two records are a pair to compare.
    pub(super) fn is_pair(&self, a: usize, b: usize) -> bool {
        a != b && (!self.is_across() || (a < self.left) != (b < self.left))
    }

    pub(super) fn pairs(&self) -> f64 {
        let (left, right) = (self.left as f64, (self.all.len() - self.left) as f64);
        if self.is_across() { left * right } else { left * (left - 1.0) / 2.0 }
    }

    /// Pairs of records whose values of a column are equal, `runs` being places in `all`.
    pub(super) fn pairs_of(&self, run: &[(u64, u32)]) -> f64 {
        let left = run.iter().filter(|(_, at)| (*at as usize) < self.left).count() as f64;
        let right = run.len() as f64 - left;
        if self.is_across() { left * right } else { left * (left - 1.0) / 2.0 }
    }
}

/// Pairs that share a key, of two tables and of one, and their share of all such; of large tables, the pairs of some records.
pub(super) fn draw_keyed(columns: &Columns, records: &Records, blocks: &Blocks) -> (Sample, Sample, f64) {
    let every = (blocks.most_pairs() / KEYED_PAIRS).max(1);
    let is_drawn = |at: u32| mix(u64::from(at)).is_multiple_of(every);
    let (mut sample, mut within) = (Sample::new(columns), Sample::new(columns));
    let (mut found, mut partners) = (Vec::new(), Vec::new());
    for (at, record) in (0u32..).zip(&records.all).filter(|(at, _)| is_drawn(*at)) {
        blocks.partners(at, &mut partners);
        for partner in partners.iter().filter(|partner| **partner > at || !is_drawn(**partner)) {
            let Some(other) = records.all.get(*partner as usize) else { continue };
            compare(columns, record, other, &mut found);
            let ends = (at as usize, *partner as usize);
            if records.is_pair(ends.0, ends.1) { sample.push(&found, ends) } else { within.push(&found, ends) }
        }
    }
    let drawn = 1.0 / every as f64;
    (sample, within, 2.0 * drawn - drawn * drawn)
}

/// Pairs of any two records; of small tables, all of them.
pub(super) fn draw_random(columns: &Columns, records: &Records) -> Sample {
    let (mut sample, mut found) = (Sample::new(columns), Vec::new());
    let mut push = |a: usize, b: usize| {
        if let (Some(left), Some(right)) = (records.all.get(a), records.all.get(b))
            && records.is_pair(a, b)
        {
            compare(columns, left, right, &mut found);
            sample.push(&found, (a, b));
        }
    };
    let count = records.all.len();
    if records.pairs() <= RANDOM_PAIRS as f64 {
        for a in 0..count {
            for b in a + 1..count {
                push(a, b);
            }
        }
    } else {
        for draw in 0..RANDOM_PAIRS {
            let (a, b) = (mix(2 * draw), mix(2 * draw + 1));
            let (left, right) = if records.is_across() { (records.left, count - records.left) } else { (count, count) };
            let offset = if records.is_across() { records.left } else { 0 };
            push((a % left.max(1) as u64) as usize, offset + (b % right.max(1) as u64) as usize);
        }
    }
    sample
}

/// Pairs drawn from those with the same value of a column; how many there are, and how many bits rare they are together.
pub(super) fn draw_agreeing(columns: &Columns, records: &Records, column: usize) -> (Sample, (f64, f64), (f64, f64)) {
    let with_value = |(at, record): (u32, &Record)| record.cell(column).map(|cell| (cell.hash, at));
    let mut values: Vec<(u64, u32)> = (0u32..).zip(&records.all).filter_map(with_value).collect();
    values.sort_unstable();
    let rarity = |at: u32| records.all.get(at as usize).and_then(|record| record.cell(column)).map_or(0.0, |cell| f64::from(cell.rarity));
    let (mut pairs, mut bits, mut any_pairs, mut frequent) = (0.0, 0.0, 0.0, (0.0, 0.0));
    let any = |run: &[(u64, u32)]| run.len() as f64 * (run.len() as f64 - 1.0) / 2.0;
    for run in values.chunk_by(|a, b| a.0 == b.0) {
        let of_run = records.pairs_of(run);
        any_pairs += any(run);
        pairs += of_run;
        let of_bits = of_run * run.first().map_or(0.0, |(_, at)| rarity(*at));
        bits += of_bits;
        if run.len() > 2 {
            frequent = (frequent.0 + of_run, frequent.1 + of_bits);
        }
    }
    let every = (any_pairs / AGREEING_PAIRS as f64).max(1.0);
    let (mut sample, mut found, mut due) = (Sample::new(columns), Vec::new(), 0.0);
    for run in values.chunk_by(|a, b| a.0 == b.0) {
        let of_run = any(run);
        due += of_run / every;
        let mut tries = 0u64;
        while due >= 1.0 && of_run > 0.0 && tries < 10 * AGREEING_PAIRS {
            tries += 1;
            let seed = run.first().map_or(0, |(hash, _)| *hash).wrapping_add(tries);
            let pick = |seed: u64| run.get((mix(seed) % run.len() as u64) as usize).map_or(0, |(_, at)| *at as usize);
            let (a, b) = (pick(seed), pick(mix(seed)));
            if let (Some(left), Some(right), true) = (records.all.get(a), records.all.get(b), a != b) {
                compare(columns, left, right, &mut found);
                sample.push(&found, (a, b));
                due -= 1.0;
            }
        }
    }
    (sample, (pairs, bits), frequent)
}
