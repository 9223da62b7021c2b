//! Compares two records column by column, each to one of few levels.

use serde::{Deserialize, Serialize};

use super::column::{Column, Columns, Kind};
use super::record::{Cell, Record, Word, last};
use super::similarity::{is_rotation, jaro_winkler, one_slip, slips};

/// How far two values of a column agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The same in normal spelling.
    Same,
    /// One slip of the pen, the same sound, the same words joined otherwise, day and month exchanged.
    Close,
    /// One is a part of the other: an initial, a shortened name, the same mailbox elsewhere.
    Part,
    /// The value is found in another column of the other record.
    Elsewhere,
    /// Much alike.
    Similar,
    /// A little alike.
    Faint,
    /// Not alike.
    Different,
    /// One of them is missing: no evidence either way.
    Missing,
}

impl Level {
    /// Levels that are evidence, in the order of their numbers.
    pub(crate) const EVIDENCE: [Self; 7] =
        [Self::Same, Self::Close, Self::Part, Self::Elsewhere, Self::Similar, Self::Faint, Self::Different];

    /// Whether the two values are meant to be the same.
    pub(crate) fn agrees(self) -> bool {
        matches!(self, Self::Same | Self::Close | Self::Elsewhere)
    }
}

/// What the comparison of a column found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Agreement {
    pub(crate) level: Level,
    /// How rare that is which agrees, bits (see [`Cell::rarity`]).
    pub(crate) rarity: f32,
}

impl Agreement {
    const MISSING: Self = Self { level: Level::Missing, rarity: 0.0 };
    const DIFFERENT: Self = Self { level: Level::Different, rarity: 0.0 };

    fn of(level: Level, a: &Cell, b: &Cell) -> Self {
        Self { level, rarity: a.rarity.min(b.rarity) }
    }
}

/// Compares all columns; the same whichever record comes first.
pub(crate) fn compare(columns: &Columns, a: &Record, b: &Record, found: &mut Vec<Agreement>) {
    found.clear();
    found.extend(columns.iter().zip(0..).map(|(column, at)| match (a.cell(at), b.cell(at)) {
        (Some(a), Some(b)) => compare_cells(column.kind, a, b),
        _ => Agreement::MISSING,
    }));
    for (at, column) in columns.iter().enumerate() {
        let Some(agreement) = found.get(at) else { continue };
        if column.kind.group().is_some() && matches!(agreement.level, Level::Missing | Level::Similar | Level::Faint | Level::Different) {
            let moved = moved(columns, at, column, a, b);
            if let (Some(slot), Some(moved)) = (found.get_mut(at), moved) {
                *slot = moved;
            }
        }
    }
}

/// Whether the values of a column that do not agree are those of other columns of the same group: surname and given name exchanged, an
/// address moved by a line. A value that moved alone counts once: into an empty place for the
/// first of the two columns; otherwise for the second, since relatives may have a given name and a surname in common.
fn moved(columns: &Columns, at: usize, column: &Column, a: &Record, b: &Record) -> Option<Agreement> {
    let find = |value: &Cell, record: &Record| -> Option<(usize, f32)> {
        let same_group = columns.iter().enumerate().filter(|(place, other)| *place != at && other.kind.group() == column.kind.group());
        let mut found = same_group.filter_map(|(place, _)| Some((place, record.cell(place)?)));
        found.find(|(_, other)| is_same_elsewhere(value, other)).map(|(place, other)| (place, value.rarity.min(other.rarity)))
    };
    let into_empty = |from: &Record, value: &Cell, to: &Record| {
        let (place, rarity) = find(value, to)?;
        (from.cell(place).is_some() || at < place).then_some(rarity)
    };
    let rarity = match (a.cell(at), b.cell(at)) {
        (Some(left), Some(right)) => match (find(left, b), find(right, a)) {
            (Some((_, rarity)), Some((_, other))) => rarity.min(other),
            (Some((place, rarity)), None) | (None, Some((place, rarity))) if at > place => rarity,
            _ => return None,
        },
        (Some(left), None) => into_empty(a, left, b)?,
        (None, Some(right)) => into_empty(b, right, a)?,
        (None, None) => return None,
    };
    Some(Agreement { level: Level::Elsewhere, rarity })
}

fn is_same_elsewhere(a: &Cell, b: &Cell) -> bool {
    a.text == b.text || (a.text.len() >= 5 && one_slip(&a.text, &b.text))
}

fn compare_cells(kind: Kind, a: &Cell, b: &Cell) -> Agreement {
    if a.hash == b.hash && kind != Kind::Phone {
        let level = match (&a.han, &b.han) {
            (Some(left), Some(right)) if left != right && a.text == b.text => Level::Close,
            _ => Level::Same,
        };
        return Agreement::of(level, a, b);
    }
    let level = match kind {
        Kind::Date => compare_dates(&a.text, &b.text),
        Kind::Phone => compare_phones(&a.text, &b.text),
        Kind::Email => compare_emails(&a.text, &b.text),
        Kind::Quantity => compare_quantities(&a.text, &b.text),
        _ if kind.is_phrase() => return compare_phrases(kind, a, b),
        _ => compare_codes(&a.text, &b.text),
    };
    Agreement::of(level, a, b)
}

fn compare_codes(a: &str, b: &str) -> Level {
    let shorter = a.len().min(b.len());
    match slips(a, b, 2) {
        Some(1) if shorter >= 3 => Level::Close,
        Some(2) if shorter >= 6 => Level::Similar,
        _ if shorter >= 4 && (a.starts_with(b) || b.starts_with(a) || a.ends_with(b) || b.ends_with(a)) => Level::Part,
        Some(1) => Level::Similar,
        Some(2) if shorter >= 4 => Level::Faint,
        _ => Level::Different,
    }
}

/// Days as `yyyymmdd`: day and month are often exchanged, and a year alone says something.
fn compare_dates(a: &str, b: &str) -> Level {
    let parts = |day: &'_ str| Some((day.get(..4)?.to_owned(), day.get(4..6)?.to_owned(), day.get(6..8)?.to_owned()));
    let (Some((year, month, day)), Some((other_year, other_month, other_day))) = (parts(a), parts(b)) else {
        return compare_codes(a, b);
    };
    if year == other_year && month == other_day && day == other_month {
        return Level::Close;
    }
    let agreeing = [year == other_year, month == other_month, day == other_day].into_iter().filter(|same| *same).count();
    match slips(a, b, 2) {
        Some(1) => Level::Close,
        Some(_) => Level::Similar,
        None if agreeing == 2 => Level::Part,
        None if agreeing == 1 => Level::Faint,
        None => Level::Different,
    }
}

fn compare_phones(a: &str, b: &str) -> Level {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() >= 6 && long.ends_with(short) && long.len() - short.len() <= 4 {
        return Level::Same;
    }
    let (short, long) = (last(short, 10), last(long, 10));
    match slips(short, long, 2) {
        Some(1) => Level::Close,
        Some(_) => Level::Similar,
        None if short.len() >= 7 && last(short, 7) == last(long, 7) => Level::Part,
        None if short.len() >= 9 && short.get(..short.len() - 4) == long.get(..long.len() - 4) => Level::Faint,
        None => Level::Different,
    }
}

fn compare_emails(a: &str, b: &str) -> Level {
    let (Some((local, domain)), Some((other_local, other_domain))) = (a.split_once('@'), b.split_once('@')) else {
        return compare_codes(a, b);
    };
    let plain = |local: &str| local.replace(['.', '_', '-'], "");
    // "li.wei7" and "li.wei9" are two: numbers tell namesakes apart.
    let numbers_agree = digits_of(local).eq(digits_of(other_local));
    let long = local.len().min(other_local.len()) >= 4;
    match (plain(local) == plain(other_local), domain == other_domain) {
        (true, true) => Level::Close,
        (true, false) if slips(domain, other_domain, 2).is_some() => Level::Close,
        (true, false) => Level::Part,
        (false, true) if numbers_agree && long && one_slip(local, other_local) => Level::Close,
        (false, true) if numbers_agree && jaro_winkler(local, other_local) >= 0.9 => Level::Similar,
        (false, _) if long && one_slip(local, other_local) => Level::Faint,
        (false, false) if numbers_agree && jaro_winkler(local, other_local) >= 0.93 => Level::Faint,
        _ => Level::Different,
    }
}

fn compare_quantities(a: &str, b: &str) -> Level {
    let (Ok(left), Ok(right)) = (a.parse::<f64>(), b.parse::<f64>()) else { return compare_codes(a, b) };
    let apart = (left - right).abs() / left.abs().max(right.abs()).max(f64::MIN_POSITIVE);
    match apart {
        _ if apart < 1e-9 => Level::Same,
        _ if apart <= 0.02 => Level::Close,
        _ if apart <= 0.1 => Level::Similar,
        _ if apart <= 0.3 => Level::Faint,
        _ => Level::Different,
    }
}

fn compare_phrases(kind: Kind, a: &Cell, b: &Cell) -> Agreement {
    if a.text == b.text || is_rotation(&a.text, &b.text) {
        return Agreement::of(Level::Close, a, b);
    }
    let numbers_agree = !has_digit(&a.text) && !has_digit(&b.text) || digits_of(&a.text).eq(digits_of(&b.text));
    let shorter = a.text.len().min(b.text.len());
    if numbers_agree && shorter >= 4 && slips(&a.text, &b.text, 1 + shorter / 12).is_some() {
        return Agreement::of(Level::Close, a, b);
    }
    if a.words.len() <= 1 && b.words.len() <= 1 {
        return Agreement::of(compare_words(&a.text, &b.text), a, b);
    }
    // The pairing of words takes the first that fits: a fixed order makes it the same both ways.
    let swap = (a.words.len(), &a.text) > (b.words.len(), &b.text);
    let shared = if swap { Shared::between(kind, b, a) } else { Shared::between(kind, a, b) };
    let level = if numbers_agree && shared.of_both() >= 0.85 {
        Level::Close
    } else if shared.of_smaller() >= 0.9 {
        Level::Part
    } else if shared.of_both() >= 0.6 || shared.of_smaller() >= 0.75 || numbers_agree && jaro_winkler(&a.text, &b.text) >= 0.88 {
        Level::Similar
    } else if shared.of_smaller() >= 0.4 {
        Level::Faint
    } else {
        return Agreement::DIFFERENT;
    };
    Agreement { level, rarity: shared.weight.min(a.rarity.max(b.rarity)) }
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

fn digits_of(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(u8::is_ascii_digit)
}

fn compare_words(a: &str, b: &str) -> Level {
    let shorter = a.len().min(b.len());
    let is_part = a.starts_with(b) || b.starts_with(a);
    if is_part && (shorter >= 3 || shorter == 1) {
        return Level::Part;
    }
    match jaro_winkler(a, b) {
        alike if alike >= 0.93 => Level::Close,
        alike if alike >= 0.82 => Level::Similar,
        alike if alike >= 0.7 => Level::Faint,
        _ => Level::Different,
    }
}

/// Weight of the words two phrases have in common: rare words weigh more, misspelt ones match (after Cohen, Ravikumar & Fienberg 2003,
/// "soft TF-IDF").
struct Shared {
    /// Of the common words, bits.
    weight: f32,
    left: f32,
    right: f32,
}

impl Shared {
    fn between(kind: Kind, a: &Cell, b: &Cell) -> Self {
        let mut taken = 0u64;
        let (mut weight, mut left) = (0.0, 0.0);
        let mut right: f32 = b.words.iter().map(|word| word.rarity).sum();
        for word in &a.words {
            let free = b.words.iter().enumerate().filter(|(at, _)| taken >> at & 1 == 0);
            let matched = best(free, |other| word_likeness(kind, a, word, b, other));
            let Some((at, other, likeness)) = matched else {
                left += word.rarity;
                continue;
            };
            taken |= 1 << at;
            let common = word.rarity.min(other.rarity);
            weight += common * likeness;
            left += common;
            right += common - other.rarity;
        }
        Self { weight, left, right }
    }

    /// Share of the weight of both phrases, after Dice (1945).
    fn of_both(&self) -> f32 {
        2.0 * self.weight / (self.left + self.right).max(f32::MIN_POSITIVE)
    }

    fn of_smaller(&self) -> f32 {
        self.weight / self.left.min(self.right).max(f32::MIN_POSITIVE)
    }
}

fn best<'a>(words: impl Iterator<Item = (usize, &'a Word)>, likeness: impl Fn(&Word) -> f32) -> Option<(usize, &'a Word, f32)> {
    let mut best: Option<(usize, &Word, f32)> = None;
    for (at, word) in words {
        let found = likeness(word);
        if found > best.map_or(0.0, |(_, _, likeness)| likeness) {
            best = Some((at, word, found));
        }
    }
    best
}

fn word_likeness(kind: Kind, a: &Cell, word: &Word, b: &Cell, other: &Word) -> f32 {
    if word.hash == other.hash {
        return 1.0;
    }
    let (word, other) = (a.word(word), b.word(other));
    if has_digit(word) || has_digit(other) {
        return 0.0;
    }
    let shorter = word.len().min(other.len());
    if shorter == 1 && kind.is_person() && word.bytes().next() == other.bytes().next() {
        return 0.5;
    }
    if shorter < 4 {
        return 0.0;
    }
    if one_slip(word, other) {
        return 0.95;
    }
    let alike = jaro_winkler(word, other);
    if alike >= 0.9 { alike as f32 } else { 0.0 }
}
