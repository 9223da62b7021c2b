//! Statements over a batch: `{rows} AS r` stands for rows the program brings along.
//!
//! The columns are those the statement asks `r` for; their types are guessed, because only the program knows them. A statement
//! counts as right when one of the guesses makes it so: tables, columns and syntax are checked all the same.

use std::collections::BTreeSet;

use regex::Regex;

/// Where the rows go.
pub const MARK: &str = "{rows}";
/// How many guesses are tried for one statement.
const LIMIT: usize = 256;

/// The types a column of a batch can have, the likeliest first.
const TYPES: [&str; 4] = ["bigint", "text", "double precision", "boolean"];

/// The statement with the mark replaced, once per guess; the statement itself when it has no mark.
pub fn guesses(statement: &str) -> Vec<String> {
    if !statement.contains(MARK) {
        return vec![statement.to_owned()];
    }
    let columns = columns(statement);
    let mut kinds: Vec<Vec<&str>> = vec![Vec::new()];
    for column in &columns {
        let mut next = Vec::new();
        for kind in likely(column) {
            next.extend(kinds.iter().map(|before| [before.as_slice(), &[kind]].concat()));
        }
        kinds = next;
        kinds.truncate(LIMIT);
    }
    kinds.iter().map(|kinds| statement.replace(MARK, &select(&columns, kinds))).collect()
}

fn select(columns: &[String], kinds: &[&str]) -> String {
    let typed: Vec<String> = columns.iter().zip(kinds).map(|(column, kind)| format!("CAST(NULL AS {kind}) AS {column}")).collect();
    format!("(SELECT {})", if typed.is_empty() { "1 AS one".to_owned() } else { typed.join(", ") })
}

/// Times, ids and counts are numbers; of other names nothing is known.
fn likely(column: &str) -> Vec<&'static str> {
    let number = ["id", "_id", "_at", "_us", "_ms", "_minor", "_bytes", "count", "seq"].iter().any(|end| column.ends_with(end));
    if number { vec!["bigint", "text"] } else { ["text", "bigint"].into_iter().chain(TYPES.into_iter().skip(2)).collect() }
}

/// The statement with a parameter in place of each column asked of the batch: PostgreSQL then finds the types by itself, where the
/// context tells them. `None` for a statement without a batch.
pub fn untyped(statement: &str) -> Option<String> {
    let alias = alias(statement)?;
    let first = numbers(statement).max().unwrap_or(0) + 1;
    let mut text = statement.replace(MARK, "(SELECT 1 AS one)");
    for (index, column) in columns(statement).iter().enumerate() {
        let used = Regex::new(&format!(r"\b{}\.{column}\b", regex::escape(&alias))).ok()?;
        text = used.replace_all(&text, format!("$${}", first + index)).into_owned();
    }
    Some(text)
}

/// The numbers of the parameters a statement has already.
fn numbers(statement: &str) -> impl Iterator<Item = usize> {
    statement.split('$').skip(1).filter_map(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest.get(..digits)?.parse().ok()
    })
}

/// The name behind the mark: `{rows} AS r`.
fn alias(statement: &str) -> Option<String> {
    let find = Regex::new(r"\{rows\}\s+(?:AS\s+)?([a-z_][a-z0-9_]*)").ok()?;
    Some(find.captures(statement)?.get(1)?.as_str().to_owned())
}

/// The columns asked of the alias behind the mark: `{rows} AS r … r.contact_id`.
fn columns(statement: &str) -> Vec<String> {
    let Some(alias) = alias(statement) else { return Vec::new() };
    let Ok(use_of) = Regex::new(&format!(r"\b{}\.([a-z_][a-z0-9_]*)", regex::escape(&alias))) else { return Vec::new() };
    let names: BTreeSet<String> = use_of.captures_iter(statement).filter_map(|found| Some(found.get(1)?.as_str().to_owned())).collect();
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_becomes_a_select_of_the_columns_asked_for() {
        let all = guesses("UPDATE t SET x = r.x FROM {rows} AS r WHERE t.id = r.id");
        assert_eq!(all.len(), 8);
        assert_eq!(all[0], "UPDATE t SET x = r.x FROM (SELECT CAST(NULL AS bigint) AS id, CAST(NULL AS text) AS x) AS r WHERE t.id = r.id");
        assert_eq!(guesses("SELECT 1"), ["SELECT 1"]);
        assert_eq!(
            untyped("UPDATE t SET x = r.x, y = $1 FROM {rows} AS r WHERE t.id = r.id AND r.x > 0").unwrap(),
            "UPDATE t SET x = $3, y = $1 FROM (SELECT 1 AS one) AS r WHERE t.id = $2 AND $3 > 0"
        );
    }
}
