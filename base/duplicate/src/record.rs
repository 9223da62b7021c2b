//! A table as it is given, and its records made ready to be compared.

use super::column::{Column, Columns, Kind};
use super::spelling;

/// Most words of a value that are compared.
const MOST_WORDS: usize = 60;

/// Records with named columns. A record's id is its place.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Columns,
    rows: Vec<Box<[Box<str>]>>,
}

impl Table {
    /// An empty table.
    pub fn new(columns: Columns) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a record, its values in the order of the columns, and returns its id. An empty value is a missing one.
    pub fn push<V: AsRef<str>>(&mut self, values: &[V]) -> u64 {
        self.rows.push(values.iter().map(|value| Box::from(value.as_ref())).collect());
        self.rows.len() as u64 - 1
    }

    /// Its columns.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The values of one record, by its id.
    pub fn row(&self, id: u64) -> Option<&[Box<str>]> {
        self.rows.get(usize::try_from(id).ok()?).map(AsRef::as_ref)
    }

    /// The values of its records, by id.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[Box<str>]> {
        self.rows.iter().map(AsRef::as_ref)
    }
}

/// A record made ready to be compared, by [`super::Model::prepare`].
#[derive(Clone, Debug)]
pub struct Record {
    pub(crate) cells: Box<[Option<Cell>]>,
}

impl Record {
    pub(crate) fn read<V: AsRef<str>>(columns: &Columns, values: &[V]) -> Self {
        let cell = |(column, at): (&Column, usize)| values.get(at).and_then(|value| Cell::read(column, value.as_ref()));
        Self { cells: columns.iter().zip(0..).map(cell).collect() }
    }

    pub(crate) fn cell(&self, column: usize) -> Option<&Cell> {
        self.cells.get(column).and_then(Option::as_ref)
    }
}

/// One value: its normal spelling without spaces, and its words.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) text: Box<str>,
    /// The Chinese characters, if the value has any; `text` has their sounds.
    pub(crate) han: Option<Box<str>>,
    pub(crate) words: Box<[Word]>,
    /// Equal for values of the same column with the same words in any order.
    pub(crate) hash: u64,
    /// How much it says that two records have this value: the binary logarithm of one over its share of the records, bits.
    pub(crate) rarity: f32,
}

/// A word as a part of its cell's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    start: u16,
    end: u16,
    pub(crate) rarity: f32,
    pub(crate) hash: u64,
}

impl Cell {
    /// `None` if the value is missing: nothing is left of it in normal spelling.
    pub(crate) fn read(column: &Column, value: &str) -> Option<Self> {
        let salt = hash(0, column.name.as_bytes());
        if column.kind.is_phrase() { Self::read_phrase(column.kind, salt, value) } else { Self::read_code(column.kind, salt, value) }
    }

    fn read_code(kind: Kind, salt: u64, value: &str) -> Option<Self> {
        let joined = |value: &str| spelling::fold(value).replace(' ', "");
        let text = match kind {
            Kind::Date => spelling::date(value).unwrap_or_else(|| joined(value)),
            Kind::Phone => spelling::phone(value),
            Kind::Email => spelling::email(value),
            Kind::Quantity => value.chars().filter(|letter| letter.is_ascii_digit() || *letter == '.').collect(),
            _ => joined(value),
        };
        // Numbers with and without a country's prefix are one value, so only their ends count.
        let counted = if kind == Kind::Phone { last(&text, 8) } else { &text };
        let hash = hash(salt, counted.as_bytes());
        (!text.is_empty()).then(|| Self { text: text.into(), han: None, words: Box::default(), hash, rarity: 0.0 })
    }

    fn read_phrase(kind: Kind, salt: u64, value: &str) -> Option<Self> {
        let folded = spelling::fold(value);
        let han = folded.chars().any(spelling::is_han).then(|| folded.replace(' ', "").into_boxed_str());
        let parts = spelling::romanise(&folded, matches!(kind, Kind::FullName | Kind::Title));
        // One Chinese character says little: text is read in pairs of them, a name as one word.
        let pairs = han.is_some() && !kind.is_person() && parts.len() > 2;
        let whole = han.is_some() && matches!(kind, Kind::GivenName | Kind::Surname);
        let mut text = String::new();
        let mut ends = vec![0u16];
        for part in parts.iter().take(MOST_WORDS) {
            text.push_str(match kind {
                Kind::Address => spelling::lengthen(part, false),
                Kind::City => spelling::lengthen(part, true),
                _ => part,
            });
            ends.push(u16::try_from(text.len()).unwrap_or(u16::MAX));
        }
        if whole {
            ends = vec![0, u16::try_from(text.len()).unwrap_or(u16::MAX)];
        }
        let step = if pairs { 2 } else { 1 };
        let word = |(start, end): (&u16, &u16)| {
            let bytes = text.as_bytes().get(usize::from(*start)..usize::from(*end)).unwrap_or_default();
            Word { start: *start, end: *end, rarity: 0.0, hash: hash(salt, bytes) }
        };
        let words: Box<[Word]> = ends.iter().zip(ends.iter().skip(step)).map(word).collect();
        let hash = words.iter().fold(salt, |sum, word| sum.wrapping_add(mix(word.hash)));
        (!text.is_empty()).then(|| Self { text: text.into(), han, words, hash, rarity: 0.0 })
    }

    /// The letters of one of its words.
    pub(crate) fn word(&self, word: &Word) -> &str {
        self.text.get(usize::from(word.start)..usize::from(word.end)).unwrap_or_default()
    }
}

/// The last `count` bytes of a text of ASCII letters, or all of it.
pub(crate) fn last(text: &str, count: usize) -> &str {
    text.get(text.len().saturating_sub(count)..).unwrap_or(text)
}

/// The hash FNV-1a (Fowler, Noll & Vo 1991) of a salt and bytes, mixed. It is stored by the product and must never change.
pub(crate) fn hash(salt: u64, bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ salt;
    mix(bytes.iter().fold(start, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)))
}

/// Spreads the bits of a number (Steele, Lea & Flood 2014, "SplitMix64").
pub(crate) fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
