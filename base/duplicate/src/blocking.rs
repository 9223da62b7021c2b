//! Finds the pairs of records worth comparing: those that share a key.
//!
//! A record has codes, which misspellings mostly leave alone: the sounds of names, the letters of phrases in any order, the ends of
//! numbers. A code few records share is a key. Codes many share are keys two by two, from different columns.

use super::column::{Column, Columns, Group, Kind};
use super::frequency::Frequencies;
use super::record::{Cell, Record, hash, last, mix};
use super::similarity::soundex;

/// Records sharing a code from which it is no key by itself.
pub(crate) const COMMON: u32 = 40;
/// Most records of a block: a key that more records share finds nobody.
pub const LARGEST_BLOCK: usize = 80;
/// Most keys of a record.
const MOST_KEYS: usize = 64;
/// Words of a phrase that give codes, the rarest ones.
const WORDS: usize = 2;

/// A code of a column's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) column: usize,
    pub(crate) hash: u64,
}

/// The codes of a record.
pub(crate) fn codes(columns: &Columns, record: &Record) -> Vec<Code> {
    let mut codes = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let Some(cell) = record.cell(at) else { continue };
        let salt = salt(column);
        for code in column_codes(column.kind, salt, cell) {
            let code = Code { column: at, hash: code };
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
    }
    codes
}

/// Columns whose values get exchanged have the same codes for the same values.
fn salt(column: &Column) -> u64 {
    match column.kind.group() {
        Some(Group::Person) => 1,
        Some(Group::Place) => 2,
        None => hash(3, column.name.as_bytes()),
    }
}

fn column_codes(kind: Kind, salt: u64, cell: &Cell) -> Vec<u64> {
    let code = |text: &str| hash(salt, text.as_bytes());
    match kind {
        Kind::Date => vec![code(&day_code(&cell.text))],
        Kind::Phone => vec![code(last(&cell.text, 7))],
        Kind::Email => match cell.text.split_once('@') {
            Some((local, _)) if local.len() >= 5 => vec![code(&cell.text), code(local)],
            _ => vec![code(&cell.text)],
        },
        _ if kind.is_phrase() => phrase_codes(salt, cell),
        _ => vec![code(&cell.text)],
    }
}

/// A day whose day and month may be exchanged.
fn day_code(day: &str) -> String {
    match (day.get(..4), day.get(4..6), day.get(6..8)) {
        (Some(year), Some(month), Some(day)) => format!("{year}{}{}", month.min(day), month.max(day)),
        _ => day.to_owned(),
    }
}

fn phrase_codes(salt: u64, cell: &Cell) -> Vec<u64> {
    let word_code = |word: &str| match word.bytes().any(|byte| byte.is_ascii_digit()) {
        true => hash(salt, word.as_bytes()),
        false => hash(salt, soundex(word).as_bytes()),
    };
    if cell.words.len() <= 1 {
        return vec![word_code(&cell.text)];
    }
    let letters = cell.text.bytes().fold(salt, |sum, byte| sum.wrapping_add(mix(u64::from(byte))));
    let mut words: Vec<_> = cell.words.iter().map(|word| (word.rarity, cell.word(word))).collect();
    words.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let mut codes = vec![mix(letters)];
    codes.extend(words.iter().filter(|(rarity, _)| *rarity > 3.0).take(WORDS).map(|(_, word)| word_code(word)));
    codes
}

/// The keys of a record: stable numbers as long as the model is the same, each at most once.
pub(crate) fn keys(columns: &Columns, frequencies: &Frequencies, record: &Record) -> Vec<u64> {
    let codes = codes(columns, record);
    let mut keys = Vec::new();
    let mut common = Vec::new();
    for code in &codes {
        match frequencies.common_code(code.hash) {
            None => keys.push(code.hash),
            Some(count) => common.push((code, f64::from(count))),
        }
    }
    let expected = |a: f64, b: f64| a * b / f64::from(frequencies.records()).max(1.0);
    let mut pairs = Vec::new();
    for (at, (code, count)) in common.iter().enumerate() {
        for (other, other_count) in common.iter().skip(at + 1) {
            let expected = expected(*count, *other_count);
            if code.column != other.column && expected <= LARGEST_BLOCK as f64 {
                // The sum is the same in any order: exchanged names have the same key.
                pairs.push((expected, mix(mix(code.hash).wrapping_add(mix(other.hash)))));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    keys.extend(pairs.into_iter().map(|(_, key)| key));
    keys.truncate(MOST_KEYS);
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Which records share keys.
pub(crate) struct Blocks {
    /// Members of all blocks, one block after the other, each in ascending order.
    members: Vec<u32>,
    /// Where each block starts in `members`; one more at the end.
    starts: Vec<u32>,
    /// The blocks of record after record.
    blocks: Vec<u32>,
    /// Where the blocks of each record start in `blocks`; one more at the end.
    firsts: Vec<u32>,
}

impl Blocks {
    /// Builds the blocks of records from pairs of a key and a record's place.
    pub(crate) fn build(records: usize, mut keyed: Vec<(u64, u32)>) -> Self {
        keyed.sort_unstable();
        let (mut members, mut starts) = (Vec::new(), vec![0u32]);
        for run in keyed.chunk_by(|a, b| a.0 == b.0).filter(|run| (2..=LARGEST_BLOCK).contains(&run.len())) {
            members.extend(run.iter().map(|(_, record)| *record));
            starts.push(members.len() as u32);
        }
        drop(keyed);
        let mut of_record: Vec<(u32, u32)> = Vec::with_capacity(members.len());
        for (block, (start, end)) in (0u32..).zip(starts.iter().zip(starts.iter().skip(1))) {
            of_record.extend(members.get(*start as usize..*end as usize).unwrap_or_default().iter().map(|record| (*record, block)));
        }
        of_record.sort_unstable();
        let mut firsts = vec![0u32; records + 1];
        for (record, _) in &of_record {
            if let Some(slot) = firsts.get_mut(*record as usize + 1) {
                *slot += 1;
            }
        }
        let mut sum = 0;
        for slot in &mut firsts {
            sum += *slot;
            *slot = sum;
        }
        Self { members, starts, blocks: of_record.into_iter().map(|(_, block)| block).collect(), firsts }
    }

    /// Other records that share a key with a record, each once, in ascending order.
    pub(crate) fn partners(&self, record: u32, partners: &mut Vec<u32>) {
        partners.clear();
        for block in span(&self.firsts, record).and_then(|span| self.blocks.get(span)).unwrap_or_default() {
            let members = span(&self.starts, *block).and_then(|span| self.members.get(span)).unwrap_or_default();
            partners.extend(members.iter().filter(|member| **member != record));
        }
        partners.sort_unstable();
        partners.dedup();
    }

    /// How many pairs are to be compared at most.
    pub(crate) fn most_pairs(&self) -> u64 {
        let sizes = self.starts.iter().zip(self.starts.iter().skip(1)).map(|(start, end)| u64::from(end - start));
        sizes.map(|size| size * (size - 1) / 2).sum()
    }
}

fn span(starts: &[u32], at: u32) -> Option<std::ops::Range<usize>> {
    Some(*starts.get(at as usize)? as usize..*starts.get(at as usize + 1)? as usize)
}
