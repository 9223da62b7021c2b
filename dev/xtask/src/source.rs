//! Rust source as tokens: string literals with the calls they stand in, without test modules.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use crate::tree::File;

/// A string literal and where it stands.
#[derive(Clone, Debug)]
pub struct Text {
    /// The literal's value.
    pub value: String,
    /// The line, from 1.
    pub line: usize,
    /// The function, method or macro whose argument it is: `sql!`, `route`, `t`; empty when none.
    pub call: String,
    /// Its place among the arguments, from 0.
    pub argument: usize,
    /// Whether it is the whole argument, and not the beginning of a longer expression.
    pub whole: bool,
    /// The engine the surrounding match arm or branch is for, when it names one.
    pub engine: Option<Engine>,
}

/// The engine a branch of the code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite.
    Lite,
    /// PostgreSQL.
    Pg,
}

/// Every string literal of `file` outside `#[cfg(test)]` items, in order.
pub fn texts(file: &File) -> Result<Vec<Text>> {
    let tokens = tokens(file)?;
    let mut found = Vec::new();
    let own = match file.path.rsplit('/').next() {
        Some("lite.rs") => Some(Engine::Lite),
        Some("pg.rs") => Some(Engine::Pg),
        _ => None,
    };
    walk(tokens, &Place { call: "", argument: None, engine: own }, &mut found);
    Ok(found)
}

/// The tokens of `file`.
pub fn tokens(file: &File) -> Result<Vec<TokenTree>> {
    let stream: TokenStream = file.text.parse().map_err(|error| anyhow!("{}: {error}", file.path))?;
    Ok(stream.into_iter().collect())
}

/// The literal's value, when it is a string.
pub fn string_of(tree: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = tree else { return None };
    syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
}

struct Place<'a> {
    call: &'a str,
    /// `Some` directly between a call's parentheses.
    argument: Option<()>,
    engine: Option<Engine>,
}

/// Walks one level of tokens: `trees` are the inside of a group or of the file.
fn walk(trees: Vec<TokenTree>, place: &Place<'_>, found: &mut Vec<Text>) {
    let mut argument = 0;
    let mut engine = place.engine;
    let mut branch: Option<Engine> = None;
    let mut index = 0;
    while let Some(tree) = trees.get(index) {
        if let Some(next) = after_test_item(&trees, index).or_else(|| after_attribute(&trees, index)) {
            index = next;
            continue;
        }
        if let Some(named) = engine_named(&trees, index) {
            // `Engine::Pg =>` holds for its arm; `== Engine::Pg {` for the next block and, the other way round, for its `else`.
            if is_arrow(&trees, index + 4) { engine = Some(named) } else { branch = Some(named) }
        }
        match tree {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                argument += 1;
                engine = place.engine;
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                branch = None;
                engine = place.engine;
            }
            TokenTree::Group(group) => {
                let is_block = group.delimiter() == Delimiter::Brace;
                let inside = if is_block { branch.or(engine) } else { engine };
                let call = if group.delimiter() == Delimiter::Parenthesis { call_before(&trees, index) } else { String::new() };
                let within = (!call.is_empty()).then_some(());
                walk(group.stream().into_iter().collect(), &Place { call: &call, argument: within, engine: inside }, found);
                if is_block {
                    branch = branch.filter(|_| is_word(&trees, index + 1, "else")).map(other);
                    let arm_ends = engine != place.engine && !is_comma(&trees, index + 1);
                    engine = if arm_ends { place.engine } else { engine };
                }
            }
            TokenTree::Literal(_) => {
                if let Some(value) = string_of(tree) {
                    let call = if place.argument.is_some() { place.call.to_owned() } else { String::new() };
                    let whole = trees.get(index + 1).is_none() || is_punct(&trees, index + 1, ',');
                    found.push(Text { value, line: tree.span().start().line, call, argument, whole, engine });
                }
            }
            _ => {}
        }
        index += 1;
    }
}

fn other(engine: Engine) -> Engine {
    if engine == Engine::Lite { Engine::Pg } else { Engine::Lite }
}

/// `sql ! ( … )` → `sql!`; `route ( … )` → `route`; `get :: < T > ( … )` → empty, which is good enough.
fn call_before(trees: &[TokenTree], group: usize) -> String {
    match group.checked_sub(1).and_then(|at| trees.get(at)) {
        Some(TokenTree::Ident(name)) => name.to_string(),
        Some(TokenTree::Punct(bang)) if bang.as_char() == '!' => match group.checked_sub(2).and_then(|at| trees.get(at)) {
            Some(TokenTree::Ident(name)) => format!("{name}!"),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// When a `#[cfg(test)]` or `#[test]` attribute starts at `index`: the place after the item it marks.
fn after_test_item(trees: &[TokenTree], index: usize) -> Option<usize> {
    if !is_punct(trees, index, '#') {
        return None;
    }
    let TokenTree::Group(attribute) = trees.get(index + 1)? else { return None };
    let words: String = attribute.stream().to_string().split_whitespace().collect();
    if !matches!(words.as_str(), "cfg(test)" | "test") && !words.starts_with("tokio::test") {
        return None;
    }
    let mut at = index + 2;
    loop {
        match trees.get(at)? {
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => return Some(at + 1),
            TokenTree::Punct(end) if end.as_char() == ';' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Attributes hold no statements; documentation, which is one too, holds examples.
fn after_attribute(trees: &[TokenTree], index: usize) -> Option<usize> {
    if !is_punct(trees, index, '#') {
        return None;
    }
    let group = if is_punct(trees, index + 1, '!') { index + 2 } else { index + 1 };
    matches!(trees.get(group), Some(TokenTree::Group(attribute)) if attribute.delimiter() == Delimiter::Bracket).then_some(group + 1)
}

/// `Engine :: Lite` or `Engine :: Pg` at `index`.
fn engine_named(trees: &[TokenTree], index: usize) -> Option<Engine> {
    if !is_word(trees, index, "Engine") || !is_punct(trees, index + 1, ':') || !is_punct(trees, index + 2, ':') {
        return None;
    }
    if is_word(trees, index + 3, "Lite") {
        return Some(Engine::Lite);
    }
    is_word(trees, index + 3, "Pg").then_some(Engine::Pg)
}

fn is_arrow(trees: &[TokenTree], index: usize) -> bool {
    matches!(trees.get(index), Some(TokenTree::Punct(p)) if p.as_char() == '=' && p.spacing() == Spacing::Joint)
        && is_punct(trees, index + 1, '>')
}

fn is_comma(trees: &[TokenTree], index: usize) -> bool {
    is_punct(trees, index, ',')
}

fn is_punct(trees: &[TokenTree], index: usize, wanted: char) -> bool {
    matches!(trees.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_word(trees: &[TokenTree], index: usize, wanted: &str) -> bool {
    matches!(trees.get(index), Some(TokenTree::Ident(word)) if word == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Text> {
        texts(&File { path: "rooms/sell/src/quote/store.rs".to_owned(), text: text.to_owned() }).unwrap()
    }

    #[test]
    fn literals_know_their_call_and_tests_are_left_out() {
        let found = of(r##"
fn find() { tx.rows(sql!("SELECT 1"), params![2]); router.route("/quotes/{id}", get(show)); tx.get("quote", r#"SELECT 2"#) }
#[cfg(test)]
mod tests { const X: &str = "hidden"; }
/// Such as `SELECT 3`.
const Y: &str = "seen";
"##);
        let short: Vec<(&str, &str, usize, usize)> =
            found.iter().map(|t| (t.value.as_str(), t.call.as_str(), t.argument, t.line)).collect();
        assert_eq!(
            short,
            [
                ("SELECT 1", "sql!", 0, 2),
                ("/quotes/{id}", "route", 0, 2),
                ("quote", "get", 0, 2),
                ("SELECT 2", "get", 1, 2),
                ("seen", "", 0, 6)
            ]
        );
    }

    #[test]
    fn branches_name_their_engine() {
        let found = of(r#"
fn claim() {
    let a = match tx.engine() { Engine::Lite => sql!("lite 1"), Engine::Pg => { sql!("pg 1") } };
    if tx.engine() == Engine::Pg { x("pg 2"); } else { x("lite 2"); }
    x("both");
}"#);
        let engines: Vec<(&str, Option<Engine>)> = found.iter().map(|t| (t.value.as_str(), t.engine)).collect();
        use Engine::{Lite, Pg};
        assert_eq!(engines, [("lite 1", Some(Lite)), ("pg 1", Some(Pg)), ("pg 2", Some(Pg)), ("lite 2", Some(Lite)), ("both", None)]);
    }
}
