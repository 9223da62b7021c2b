//! How often values and words occur, in compact form: those that hardly occur are not kept.

use serde::{Deserialize, Serialize};

use super::blocking;
use super::column::Columns;
use super::record::Record;

/// Occurrences from which a value is kept.
const KEPT: u32 = 3;
/// Occurrences supposed of a value that is not kept.
const UNKNOWN: f64 = 1.5;
/// Most kept values of each sort; the rarest are dropped first.
const MOST: usize = 300_000;

/// Numbers of occurrences by hash, in the order of the hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts(Vec<(u64, u32)>);

impl Counts {
    /// Counts equal hashes and keeps those that occur at least `least` times.
    pub(crate) fn of(mut hashes: Vec<u64>, least: u32) -> Self {
        hashes.sort_unstable();
        let counted = hashes.chunk_by(|a, b| a == b).filter_map(|run| Some((*run.first()?, u32::try_from(run.len()).unwrap_or(u32::MAX))));
        let mut counts: Vec<(u64, u32)> = counted.filter(|(_, count)| *count >= least).collect();
        if counts.len() > MOST {
            counts.sort_unstable_by_key(|(hash, count)| (std::cmp::Reverse(*count), *hash));
            counts.truncate(MOST);
            counts.sort_unstable();
        }
        counts.shrink_to_fit();
        Self(counts)
    }

    /// Occurrences of a hash, if it was kept.
    pub(crate) fn get(&self, hash: u64) -> Option<u32> {
        let at = self.0.binary_search_by_key(&hash, |(kept, _)| *kept).ok()?;
        self.0.get(at).map(|(_, count)| *count)
    }
}

/// What is known of the values of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Frequencies {
    records: u32,
    present: Vec<u32>,
    values: Counts,
    words: Counts,
    /// Codes of blocking that more records share than a block may hold.
    codes: Counts,
}

impl Frequencies {
    /// Counts the values of records and tells each of their cells how rare it is.
    pub(crate) fn learn(columns: &Columns, records: &mut [Record]) -> Self {
        let cells = || records.iter().flat_map(|record| record.cells.iter().flatten());
        let values = Counts::of(cells().map(|cell| cell.hash).collect(), KEPT);
        let words = Counts::of(cells().flat_map(|cell| cell.words.iter().map(|word| word.hash)).collect(), KEPT);
        let present = |at: usize| u32::try_from(records.iter().filter(|record| record.cell(at).is_some()).count()).unwrap_or(u32::MAX);
        let present = (0..columns.len()).map(present).collect();
        let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
        let mut frequencies = Self { records: count, present, values, words, codes: Counts::default() };
        for record in &mut *records {
            frequencies.rate(record);
        }
        let codes = records.iter().flat_map(|record| blocking::codes(columns, record)).map(|code| code.hash).collect();
        frequencies.codes = Counts::of(codes, blocking::COMMON);
        frequencies
    }

    /// Tells each cell of a record how rare it is.
    pub(crate) fn rate(&self, record: &mut Record) {
        for (cell, present) in record.cells.iter_mut().zip(&self.present) {
            let rarity = |count: Option<u32>| (f64::from(*present).max(2.0) / count.map_or(UNKNOWN, f64::from)).log2().max(0.0) as f32;
            let Some(cell) = cell else { continue };
            cell.rarity = rarity(self.values.get(cell.hash));
            for word in &mut cell.words {
                word.rarity = rarity(self.words.get(word.hash));
            }
        }
    }

    /// Records counted.
    pub(crate) fn records(&self) -> u32 {
        self.records
    }

    /// How many records share a code, if too many for a block.
    pub(crate) fn common_code(&self, code: u64) -> Option<u32> {
        self.codes.get(code)
    }
}
