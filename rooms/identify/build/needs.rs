//! Which pieces of text a pattern cannot match without: they tell which patterns are worth a try.

use std::collections::BTreeSet;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Pieces of which one at least must be there.
pub type Clause = BTreeSet<String>;

/// Clauses shorter than this say too little.
const SHORTEST: usize = 2;
/// Clauses with more pieces than this say too little, too.
const WIDEST: usize = 400;
/// More clauses than this for a pattern are not worth their place.
const MOST: usize = 4;

/// The clauses of a pattern, in lower case: all of them hold in every text it matches.
pub fn of(pattern: &str, fold: bool) -> Result<Vec<Clause>, String> {
    let parsed = ParserBuilder::new().unicode(false).utf8(false).case_insensitive(fold).build().parse(pattern);
    let parsed = parsed.map_err(|error| format!("{pattern}: {error}"))?;
    let mut clauses = clauses(&parsed);
    clauses.sort_by_key(|clause| std::cmp::Reverse(worth(clause)));
    clauses.dedup();
    clauses.truncate(MOST);
    Ok(clauses)
}

/// How much a clause tells: long pieces before short ones, few before many.
fn worth(clause: &Clause) -> (usize, std::cmp::Reverse<usize>) {
    (clause.iter().map(String::len).min().unwrap_or(0).min(6), std::cmp::Reverse(clause.len()))
}

fn clauses(hir: &Hir) -> Vec<Clause> {
    match hir.kind() {
        HirKind::Capture(capture) => clauses(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => clauses(&repetition.sub),
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(ways) => either(ways).into_iter().collect(),
        HirKind::Literal(_) | HirKind::Class(_) => concat(std::slice::from_ref(hir)),
        _ => Vec::new(),
    }
}

/// Parts that follow each other: single letters run together, everything else brings its own clauses.
fn concat(parts: &[Hir]) -> Vec<Clause> {
    let mut found = Vec::new();
    let mut run = String::new();
    for part in parts {
        if let Some(text) = text(part) {
            run.push_str(&text);
            continue;
        }
        end(&mut run, &mut found);
        found.extend(clauses_of_part(part));
    }
    end(&mut run, &mut found);
    found
}

fn clauses_of_part(part: &Hir) -> Vec<Clause> {
    match part.kind() {
        HirKind::Literal(_) | HirKind::Class(_) => Vec::new(),
        _ => clauses(part),
    }
}

fn end(run: &mut String, found: &mut Vec<Clause>) {
    let run = std::mem::take(run);
    if run.len() >= SHORTEST {
        found.push(Clause::from([run]));
    }
}

/// The one text, in lower case, that a part matches, whatever the case.
fn text(part: &Hir) -> Option<String> {
    match part.kind() {
        HirKind::Literal(literal) => Some(std::str::from_utf8(&literal.0).ok()?.to_ascii_lowercase()),
        HirKind::Class(Class::Bytes(class)) => {
            let mut letters = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            let first = letters.next()?.to_ascii_lowercase();
            (first.is_ascii() && letters.all(|letter| letter.to_ascii_lowercase() == first)).then(|| char::from(first).to_string())
        }
        HirKind::Capture(capture) => text(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(text).collect(),
        _ => None,
    }
}

/// Ways of which one is taken: the best clause of each, together; none when a way has none.
fn either(ways: &[Hir]) -> Option<Clause> {
    let mut together = Clause::new();
    for way in ways {
        together.extend(clauses(way).into_iter().max_by_key(worth)?);
    }
    (together.len() <= WIDEST).then_some(together)
}
