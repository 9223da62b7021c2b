//! How names of tags are read, and which colour a new one gets.

use attune_kernel::fold_key;

/// The longest name, in characters.
pub(super) const LONGEST: usize = 60;
/// The most names typed at once.
const MOST: usize = 10;
/// The most names a program or a line of a file may give.
const MOST_LISTED: usize = 100;
/// What stands between two names; so no name holds one of them, and a list of names can be read again.
const BETWEEN: [char; 6] = [',', ';', '，', '；', '、', '\n'];
/// The colours; the alarming one is left out.
const TONES: [&str; 5] = ["accent", "violet", "blue", "good", "warn"];

/// The names in what was typed, each once whatever its case, or the locale key that says what is wrong.
pub(super) fn names(typed: &str) -> Result<Vec<String>, &'static str> {
    at_most(MOST, typed)
}

/// The same for what a program or a line of a file gives.
pub(crate) fn listed(text: &str) -> Result<Vec<String>, &'static str> {
    at_most(MOST_LISTED, text)
}

/// One name as typed.
pub(super) fn one(typed: &str) -> Result<String, &'static str> {
    match at_most(MOST, typed)?.as_slice() {
        [] => Err("web-required"),
        [name] => Ok(name.clone()),
        _ => Err("tag-one-name"),
    }
}

fn at_most(most: usize, typed: &str) -> Result<Vec<String>, &'static str> {
    let mut names: Vec<String> = Vec::new();
    for name in typed.split(BETWEEN) {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.chars().count() > LONGEST {
            return Err("tag-too-long");
        }
        if !name.is_empty() && !names.iter().any(|known| fold_key(known) == fold_key(&name)) {
            names.push(name);
        }
    }
    if names.len() > most { Err("tag-too-many") } else { Ok(names) }
}

/// The colour of a name: the same wherever it is made.
pub(super) fn tone(name: &str) -> &'static str {
    let mixed = fold_key(name).bytes().fold(5_381_usize, |sum, byte| sum.wrapping_mul(33) ^ usize::from(byte));
    TONES.get(mixed % TONES.len()).copied().unwrap_or("accent")
}
