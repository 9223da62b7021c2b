//! How alike two strings are. Strings of plain Latin letters are compared without allocating; others letter by letter by `strsim`.

/// Longest string compared in place, bytes; longer ones are cut for the Jaro measure.
const LONGEST: usize = 64;

/// The similarity of Jaro (1989) with the bonus of Winkler (1990) for a common beginning, from 0 to 1.
pub(crate) fn jaro_winkler(a: &str, b: &str) -> f64 {
    if !a.is_ascii() || !b.is_ascii() {
        return strsim::jaro_winkler(a, b);
    }
    let (a, b) = (cut(a.as_bytes()), cut(b.as_bytes()));
    let jaro = jaro(a, b);
    let prefix = a.iter().zip(b).take(4).take_while(|(left, right)| left == right).count() as f64;
    if jaro > 0.7 { jaro + prefix * 0.1 * (1.0 - jaro) } else { jaro }
}

fn cut(bytes: &[u8]) -> &[u8] {
    bytes.get(..LONGEST).unwrap_or(bytes)
}

/// Jaro's measure: letters in common within half the longer length, less half of those out of order.
fn jaro(a: &[u8], b: &[u8]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut from_a, mut from_b) = (0u64, 0u64);
    for (at, letter) in a.iter().enumerate() {
        let start = at.saturating_sub(window);
        let near = b.iter().enumerate().skip(start).take(at + window + 1 - start);
        let free = near.filter(|(place, _)| from_b >> place & 1 == 0).find(|(_, other)| *other == letter);
        if let Some((place, _)) = free {
            from_a |= 1 << at;
            from_b |= 1 << place;
        }
    }
    let common = f64::from(from_a.count_ones());
    if common == 0.0 {
        return 0.0;
    }
    let chosen = |bytes: &'_ [u8], mask: u64| {
        bytes.iter().enumerate().filter(move |(at, _)| mask >> at & 1 == 1).map(|(_, byte)| *byte).collect::<Letters>()
    };
    let out_of_order = chosen(a, from_a).iter().zip(chosen(b, from_b).iter()).filter(|(left, right)| left != right).count() as f64 / 2.0;
    (common / a.len() as f64 + common / b.len() as f64 + (common - out_of_order) / common) / 3.0
}

/// At most `LONGEST` letters on the stack.
struct Letters {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Letters {
    fn iter(&self) -> impl Iterator<Item = &u8> {
        self.bytes.iter().take(self.length)
    }
}

impl FromIterator<u8> for Letters {
    fn from_iter<I: IntoIterator<Item = u8>>(letters: I) -> Self {
        let mut out = Self { bytes: [0; LONGEST], length: 0 };
        for (slot, letter) in out.bytes.iter_mut().zip(letters) {
            *slot = letter;
            out.length += 1;
        }
        out
    }
}

/// Whether one string becomes the other by at most one letter put in, left out, changed or exchanged with its neighbour (Damerau
/// 1964).
pub(crate) fn one_slip(a: &str, b: &str) -> bool {
    if !a.is_ascii() || !b.is_ascii() {
        return a.chars().count().abs_diff(b.chars().count()) <= 1 && strsim::osa_distance(a, b) <= 1;
    }
    let (short, long) = if a.len() <= b.len() { (a.as_bytes(), b.as_bytes()) } else { (b.as_bytes(), a.as_bytes()) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let start = short.iter().zip(long).take_while(|(left, right)| left == right).count();
    let (short, long) = (short.get(start..).unwrap_or(&[]), long.get(start..).unwrap_or(&[]));
    let end = short.iter().rev().zip(long.iter().rev()).take_while(|(left, right)| left == right).count();
    let (short, long) = (short.get(..short.len() - end).unwrap_or(&[]), long.get(..long.len() - end).unwrap_or(&[]));
    match (short, long) {
        (rest, [_]) => rest.len() <= 1,
        ([first, second], [other_first, other_second]) => first == other_second && second == other_first,
        (_, rest) => rest.is_empty(),
    }
}

/// The number of slips (Damerau 1964, no substring edited twice) up to `most`; `None` if there are more.
pub(crate) fn slips(a: &str, b: &str, most: usize) -> Option<usize> {
    if a == b {
        return Some(0);
    }
    if one_slip(a, b) {
        return (most >= 1).then_some(1);
    }
    if most < 2 || a.len().abs_diff(b.len()) > most * 4 || letters_apart(a, b) > 2 * most as u32 {
        return None;
    }
    let distance = strsim::osa_distance(a, b);
    (distance <= most).then_some(distance)
}

/// Kinds of ASCII letters and digits one string has and the other has not: a lower bound of twice the slips.
fn letters_apart(a: &str, b: &str) -> u32 {
    let kinds = |text: &str| text.bytes().fold(0u64, |set, byte| set | 1 << (byte & 63));
    (kinds(a) ^ kinds(b)).count_ones()
}

/// Whether one string is the other turned: "thepalm" and "palmthe".
pub(crate) fn is_rotation(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.len() > 3
        && a.char_indices()
            .skip(1)
            .any(|(at, _)| a.get(at..).is_some_and(|tail| b.starts_with(tail)) && b.ends_with(a.get(..at).unwrap_or(a)))
}

/// A code of the sound of an English word (Russell 1918, "Soundex", one digit longer); other letters stand for themselves.
pub(crate) fn soundex(word: &str) -> String {
    let class = |letter: char| match letter {
        'b' | 'f' | 'p' | 'v' => Some('1'),
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => Some('2'),
        'd' | 't' => Some('3'),
        'l' => Some('4'),
        'm' | 'n' => Some('5'),
        'r' => Some('6'),
        'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h' | 'w' => None,
        other => Some(other),
    };
    let mut code = String::new();
    let mut last = None;
    for (at, letter) in word.chars().enumerate() {
        let found = class(letter);
        if at == 0 {
            code.push(letter);
        } else if let Some(digit) = found
            && found != last
        {
            code.push(digit);
        }
        if !matches!(letter, 'h' | 'w') {
            last = found;
        }
        if code.chars().count() == 5 {
            break;
        }
    }
    code
}
