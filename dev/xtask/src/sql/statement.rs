//! Which literals are SQL.

use anyhow::Result;

use crate::source::{self, Engine, Text};
use crate::tree::Tree;

/// The words a statement starts with.
const VERBS: &[&str] = &["SELECT ", "SELECT\n", "INSERT ", "UPDATE ", "DELETE ", "WITH "];
/// The methods of `Tx` that take a statement, with its place among the arguments.
const METHODS: &[(&str, usize)] = &[("rows", 0), ("find", 0), ("count", 0), ("exec", 0), ("rows_from", 0), ("exec_from", 0), ("get", 1)];

/// A statement in the source.
#[derive(Clone, Debug)]
pub struct Statement {
    /// File and line.
    pub place: String,
    /// The text, as written.
    pub text: String,
    /// The only engine it is for; both when `None`.
    pub engine: Option<Engine>,
}

/// Every statement of the product, in the order of the files.
pub fn statements(tree: &Tree) -> Result<Vec<Statement>> {
    let mut found = Vec::new();
    for file in tree.product_rust() {
        for text in source::texts(file)? {
            if is_statement(&text) {
                found.push(Statement { place: format!("{}:{}", file.path, text.line), text: text.value, engine: text.engine });
            }
        }
    }
    Ok(found)
}

/// Where `sql!` marks something that does not begin like a statement.
pub fn fragments(tree: &Tree) -> Result<Vec<String>> {
    let mut places = Vec::new();
    for file in tree.product_rust() {
        let marked = source::texts(file)?.into_iter().filter(|text| text.call == "sql!" && !begins_a_statement(text));
        places.extend(marked.map(|text| format!("{}:{}", file.path, text.line)));
    }
    Ok(places)
}

fn begins_a_statement(text: &Text) -> bool {
    VERBS.iter().any(|verb| text.value.trim_start().starts_with(verb))
}

fn is_statement(text: &Text) -> bool {
    begins_a_statement(text)
        && (text.call == "sql!" || METHODS.iter().any(|(method, place)| text.call == *method && text.argument == *place))
}

/// Where the product says the same twice, once per engine, and how often: files above `base/db` that ask for the engine, and
/// migrations in pairs.
pub fn engine_forks(tree: &Tree) -> Vec<(&str, usize)> {
    let above = tree.product_rust().filter(|file| !["base/db", "attune"].contains(&file.krate()));
    let asked = above.map(|file| {
        let named = ["Engine::Lite", "Engine::Pg"].map(|name| file.text.matches(name).count());
        (file.path.as_str(), named.into_iter().max().unwrap_or(0))
    });
    let pairs = tree.migrations().into_iter().filter(|file| file.path.ends_with(".lite.sql"));
    let pairs = pairs.map(|file| (file.path.as_str(), 1));
    asked.filter(|(_, count)| *count > 0).chain(pairs).collect()
}

/// The tables the façade makes for itself, before any migration.
pub fn ledger(tree: &Tree) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in tree.product_rust().filter(|file| file.krate() == "base/db") {
        found.extend(source::texts(file)?.into_iter().map(|text| text.value).filter(|text| text.starts_with("CREATE TABLE")));
    }
    Ok(found)
}
