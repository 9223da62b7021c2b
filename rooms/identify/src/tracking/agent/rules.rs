//! The rules of uap-core: patterns tried in order, of which the first that matches names the family.
//!
//! There are 1,200 of them and real traffic meets a few dozen, so a pattern is built when a text has all the pieces it needs. One pass
//! over the text finds the pieces of all rules. A built pattern is a small automaton that is walked, without the tables a faster engine
//! would keep for each.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_automata::nfa::thompson::NFA;
use regex_automata::nfa::thompson::backtrack::{BoundedBacktracker, Cache};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// A pattern and the names it gives; `$1` in a name stands for what the first group matched.
struct Rule {
    pattern: &'static str,
    /// Whether upper and lower case are the same to it.
    fold: bool,
    family: Option<&'static str>,
    /// Of each list, one of the literals has to be in the text.
    needs: &'static [&'static [u16]],
}

/// The families the three tables found in a text; nothing where no rule matched.
pub(super) struct Found {
    pub(super) browser: Option<String>,
    pub(super) os: Option<String>,
    pub(super) device: Option<String>,
}

/// A rule's pattern as far as it was needed: never, built, or built in vain.
type Slot = OnceLock<Option<Box<BoundedBacktracker>>>;

/// The rules of one table and their patterns.
struct Table {
    rules: &'static [Rule],
    built: Box<[Slot]>,
}

/// What is built once for all texts.
struct Engine {
    literals: Option<AhoCorasick>,
    browsers: Table,
    systems: Table,
    devices: Table,
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine {
    literals: AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::ContiguousNFA)).build(LITERALS).ok(),
    browsers: Table::new(&BROWSERS),
    systems: Table::new(&SYSTEMS),
    devices: Table::new(&DEVICES),
});

/// What the rules say about a `User-Agent`.
pub(super) fn find(text: &str) -> Found {
    let engine = &*ENGINE;
    let seen = Seen::of(text, engine.literals.as_ref());
    let mut walk = None;
    Found {
        browser: engine.browsers.find(text, &seen, &mut walk),
        os: engine.systems.find(text, &seen, &mut walk),
        device: engine.devices.find(text, &seen, &mut walk),
    }
}

/// The literals that are in a text.
struct Seen {
    bits: [u64; LITERALS.len().div_ceil(64)],
    /// Without the search for literals every rule is worth a try.
    all: bool,
}

impl Seen {
    fn of(text: &str, literals: Option<&AhoCorasick>) -> Self {
        let mut seen = Self { bits: [0; LITERALS.len().div_ceil(64)], all: literals.is_none() };
        for found in literals.into_iter().flat_map(|literals| literals.find_overlapping_iter(text)) {
            let number = found.pattern().as_usize();
            if let Some(word) = seen.bits.get_mut(number / 64) {
                *word |= 1 << (number % 64);
            }
        }
        seen
    }

    fn has(&self, number: u16) -> bool {
        self.all || self.bits.get(usize::from(number) / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether a rule with these needs can match.
    fn meet(&self, needs: &[&[u16]]) -> bool {
        needs.iter().all(|clause| clause.iter().any(|number| self.has(*number)))
    }
}

impl Table {
    fn new(rules: &'static [Rule]) -> Self {
        Self { rules, built: rules.iter().map(|_| OnceLock::new()).collect() }
    }

    /// The names the first matching rule gives. `walk` is the space one search leaves to the next.
    fn find(&self, text: &str, seen: &Seen, walk: &mut Option<Cache>) -> Option<String> {
        let likely = self.rules.iter().zip(&self.built).filter(|(rule, _)| seen.meet(rule.needs));
        likely.into_iter().find_map(|(rule, slot)| {
            let pattern = slot.get_or_init(|| rule.build().map(Box::new)).as_ref()?;
            let cache = walk.get_or_insert_with(|| pattern.create_cache());
            cache.reset(pattern);
            let mut groups = pattern.create_captures();
            pattern.try_captures(cache, text, &mut groups).ok()?;
            groups.is_match().then(|| rule.named(text, &groups))
        })
    }
}

impl Rule {
    fn build(&self) -> Option<BoundedBacktracker> {
        let letters = syntax::Config::new().unicode(false).utf8(false).case_insensitive(self.fold);
        let states = NFA::config().utf8(false).nfa_size_limit(Some(4 << 20));
        BoundedBacktracker::builder()
            .syntax(letters)
            .thompson(states)
            .configure(BoundedBacktracker::config().visited_capacity(1 << 20))
            .build(self.pattern)
            .ok()
    }

    fn named(&self, text: &str, groups: &Captures) -> String {
        let group = |number: usize| groups.get_group(number).and_then(|span| text.as_bytes().get(span.range())).unwrap_or_default();
        match self.family {
            Some(name) => filled(name, group),
            None => String::from_utf8_lossy(group(1)).trim().to_owned(),
        }
    }
}

/// A name with what its groups matched in place of `$1` to `$9`.
fn filled<'t>(name: &str, group: impl Fn(usize) -> &'t [u8]) -> String {
    let mut pieces = name.split('$');
    let mut text = Cow::Borrowed(pieces.next().unwrap_or_default());
    for piece in pieces {
        let number = piece.chars().next().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
        text += match number {
            0 => Cow::Owned(format!("${piece}")),
            _ => String::from_utf8_lossy(group(number as usize)) + piece.get(1..).unwrap_or_default(),
        };
    }
    text.trim().to_owned()
}
