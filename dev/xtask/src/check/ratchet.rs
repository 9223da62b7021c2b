//! Limits with known exceptions: a number in ratchet.toml may only fall, and no new one may appear.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::Finding;
use crate::tree::Tree;

/// Where the exceptions are written down.
const FILE: &str = "dev/xtask/ratchet.toml";
const HEAD: &str = "\
# Places over a limit of DESIGN §6, with their size. A number here may only fall; `cargo xtask check --lower` writes fallen ones.
# New entries are refused: split the file or the function instead.
";

/// A limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Lines of a file.
    FileLines,
    /// Lines of a function.
    FunctionLines,
    /// Lines of an HTTP handler.
    HandlerLines,
    /// Form fields in a room's template that do not come from the kit.
    RawFields,
    /// Statements and migrations that have a text per engine.
    TwoTexts,
}

impl Rule {
    const ALL: [Self; 5] = [Self::FileLines, Self::FunctionLines, Self::HandlerLines, Self::RawFields, Self::TwoTexts];

    /// The largest value without an entry.
    pub fn limit(self) -> usize {
        match self {
            Self::FileLines => 500,
            Self::FunctionLines => 60,
            Self::HandlerLines => 20,
            Self::RawFields | Self::TwoTexts => 0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::FileLines => "file_lines",
            Self::FunctionLines => "function_lines",
            Self::HandlerLines => "handler_lines",
            Self::RawFields => "raw_fields",
            Self::TwoTexts => "two_texts",
        }
    }

    fn words(self, value: usize) -> String {
        let limit = self.limit();
        match self {
            Self::FileLines => format!("{value} lines, at most {limit} are allowed"),
            Self::FunctionLines => format!("a function of {value} lines, at most {limit} are allowed"),
            Self::HandlerLines => format!("a handler of {value} lines, at most {limit} are allowed: move the deed into the noun"),
            Self::RawFields => format!("{value} raw form fields: use the kit's macros"),
            Self::TwoTexts => format!("{value} statements with a text per engine: write one text for both (DESIGN §4)"),
        }
    }
}

/// A value over its limit.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The limit it is held to.
    pub rule: Rule,
    /// What was measured.
    pub place: String,
    /// How much it is.
    pub value: usize,
}

impl Measured {
    /// A value.
    pub fn new(rule: Rule, place: &str, value: usize) -> Self {
        Self { rule, place: place.to_owned(), value }
    }
}

type Entries = BTreeMap<String, BTreeMap<String, usize>>;

/// Compares what is over its limit with the file, and the file with the last commit's.
pub fn check(tree: &Tree, over: &[Measured], lower: bool) -> Result<Vec<Finding>> {
    let text = fs::read_to_string(tree.root().join(FILE)).unwrap_or_default();
    let mut entries: Entries = toml::from_str(&text).with_context(|| format!("reading {FILE}"))?;
    let over = merged(over);
    let mut findings = compare(&entries, &over);
    if lower {
        let fell = fallen(&mut entries, &over);
        fs::write(tree.root().join(FILE), written(&entries)).with_context(|| format!("writing {FILE}"))?;
        println!("ratchet: {fell} entries fell");
        findings.retain(|finding| finding.place != FILE);
    }
    if let Some(committed) = committed(tree) {
        findings.extend(risen(&committed, &entries));
    }
    Ok(findings)
}

/// The largest value per rule and place: two functions of a file may share a name.
fn merged(over: &[Measured]) -> BTreeMap<(Rule, String), usize> {
    let mut merged = BTreeMap::new();
    for measured in over {
        let value = merged.entry((measured.rule, measured.place.clone())).or_insert(0);
        *value = measured.value.max(*value);
    }
    merged
}

fn compare(entries: &Entries, over: &BTreeMap<(Rule, String), usize>) -> Vec<Finding> {
    let allowed = |rule: Rule, place: &str| entries.get(rule.name()).and_then(|places| places.get(place)).copied();
    let mut findings = Vec::new();
    for ((rule, place), value) in over {
        match allowed(*rule, place) {
            Some(allowed) if *value <= allowed => {}
            Some(allowed) => findings.push(Finding::at(place, format!("{} (and it was {allowed} before)", rule.words(*value)))),
            None => findings.push(Finding::at(place, rule.words(*value))),
        }
    }
    for rule in Rule::ALL {
        for (place, allowed) in entries.get(rule.name()).into_iter().flatten() {
            let now = over.get(&(rule, place.clone())).copied().unwrap_or(0);
            if now < *allowed {
                findings.push(Finding::at(FILE, format!("{place} fell from {allowed}: run `cargo xtask check --lower`")));
            }
        }
    }
    findings
}

/// Lowers every entry to today's value and drops those under the limit; answers how many changed.
fn fallen(entries: &mut Entries, over: &BTreeMap<(Rule, String), usize>) -> usize {
    let mut changed = 0;
    for rule in Rule::ALL {
        let Some(places) = entries.get_mut(rule.name()) else { continue };
        places.retain(|place, allowed| {
            let now = over.get(&(rule, place.clone())).copied();
            if now.is_none_or(|now| now < *allowed) {
                changed += 1;
                *allowed = now.unwrap_or(0);
            }
            now.is_some()
        });
    }
    changed
}

/// Entries that are new or larger than in the last commit.
fn risen(committed: &Entries, entries: &Entries) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (rule, places) in entries {
        for (place, value) in places {
            let before = committed.get(rule).and_then(|places| places.get(place)).copied();
            if before.is_none_or(|before| before < *value) {
                findings.push(Finding::at(FILE, format!("{rule} of {place} rose to {value}: numbers may only fall")));
            }
        }
    }
    findings
}

/// The file as of the last commit; `None` before it was ever committed, or without git.
fn committed(tree: &Tree) -> Option<Entries> {
    let mut git = Command::new("git");
    git.args(["show", &format!("HEAD:{FILE}")]).current_dir(tree.root()).stdin(Stdio::null());
    let output = git.output().ok()?;
    let text = output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())?;
    toml::from_str(&text).ok()
}

fn written(entries: &Entries) -> String {
    let mut text = HEAD.to_owned();
    for (rule, places) in entries.iter().filter(|(_, places)| !places.is_empty()) {
        writeln!(text, "\n[{rule}]").ok();
        for (place, value) in places {
            writeln!(text, "{place:?} = {value}").ok();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Entries {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn numbers_fall_and_never_rise() {
        let file = entries("[file_lines]\n\"a.rs\" = 600\n\"gone.rs\" = 700");
        let over = merged(&[Measured::new(Rule::FileLines, "a.rs", 550), Measured::new(Rule::FileLines, "new.rs", 501)]);
        let found = compare(&file, &over);
        assert_eq!(found.iter().filter(|f| f.place == "new.rs").count(), 1);
        assert_eq!(found.iter().filter(|f| f.place == FILE).count(), 2);
        let mut lowered = file.clone();
        assert_eq!(fallen(&mut lowered, &over), 2);
        assert_eq!(lowered, entries("[file_lines]\n\"a.rs\" = 550"));
        assert_eq!(entries(&written(&lowered)), lowered);
        assert_eq!(risen(&lowered, &file).len(), 2);
        assert!(risen(&file, &lowered).is_empty());
    }
}
