//! Who owns a table: the crate whose migrations create it. SQL of one room never names a table of another.

use std::collections::BTreeMap;

use anyhow::Result;
use regex::Regex;

use super::Finding;
use crate::source;
use crate::tree::{File, Tree};

/// Rooms from left to right; foreign keys point leftward only.
const ROOMS: &[&str] = &["identify", "differentiate", "tailor", "interact", "sell", "serve", "measure"];

/// Every table and view with the crate folder that creates it.
pub fn owners(tree: &Tree) -> Result<BTreeMap<String, String>> {
    let creates = Regex::new(r"(?i)\bCREATE\s+(?:VIRTUAL\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?([a-z_][a-z0-9_]*)")?;
    let mut owners = BTreeMap::new();
    for file in tree.migrations() {
        for found in creates.captures_iter(&file.text) {
            if let Some(name) = found.get(1) {
                owners.insert(name.as_str().to_owned(), file.krate().to_owned());
            }
        }
    }
    Ok(owners)
}

/// Looks through the statements of the code and of the migrations.
pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let owners = owners(tree)?;
    let named = Regex::new(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|REFERENCES|ON)\s+([a-z_][a-z0-9_]*)")?;
    let mut findings = views_of_strangers(&owners);
    for file in tree.product_rust() {
        for text in source::texts(file)? {
            let place = format!("{}:{}", file.path, text.line);
            if text.call == "insert" && text.argument == 0 && text.whole {
                findings.extend(wrong(&owners, file, &place, &text.value));
            }
            for found in named.captures_iter(&text.value).filter_map(|found| found.get(1)) {
                findings.extend(wrong(&owners, file, &place, found.as_str()));
            }
        }
    }
    for file in tree.migrations() {
        findings.extend(in_migration(&owners, file, &named));
    }
    Ok(findings)
}

/// A view is published under its room's name, so that a reader knows whose it is.
fn views_of_strangers(owners: &BTreeMap<String, String>) -> Vec<Finding> {
    let views = owners.iter().filter_map(|(name, krate)| Some((name, name.strip_prefix("v_")?, krate)));
    let wrong = views.filter(|(_, rest, krate)| {
        let owner = krate.rsplit('/').next().unwrap_or(krate);
        !rest.starts_with(&format!("{owner}_"))
    });
    wrong.map(|(name, _, krate)| Finding::at(krate.as_str(), format!("the view {name} should be called v_<room>_<noun>"))).collect()
}

fn wrong(owners: &BTreeMap<String, String>, file: &File, place: &str, table: &str) -> Option<Finding> {
    let owner = owners.get(table)?;
    let stranger = owner.starts_with("rooms/") && owner != file.krate();
    if !stranger || table.starts_with("v_") {
        return None;
    }
    Some(Finding::at(place, format!("names the table {table} of {owner}: call that room, or read one of its v_ views")))
}

/// A migration may point at a table to its left (a foreign key) and nothing else of another room.
fn in_migration(owners: &BTreeMap<String, String>, file: &File, named: &Regex) -> Vec<Finding> {
    let mut findings = Vec::new();
    for found in named.captures_iter(&file.text) {
        let (Some(whole), Some(table)) = (found.get(0), found.get(1)) else { continue };
        let points = whole.as_str().starts_with("REFERENCES");
        let place = format!("{}:{}", file.path, file.line_of(whole.start()));
        let leftward = owners.get(table.as_str()).is_some_and(|owner| is_left_of(owner, file.krate()));
        if !(points && leftward) {
            findings.extend(wrong(owners, file, &place, table.as_str()));
        }
    }
    findings
}

fn is_left_of(left: &str, right: &str) -> bool {
    let place = |krate: &str| krate.strip_prefix("rooms/").and_then(|room| ROOMS.iter().position(|known| *known == room));
    matches!((place(left), place(right)), (Some(left), Some(right)) if left < right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_table_is_found_in_code_and_migrations() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "rooms/identify/migrations/1.sql",
            "CREATE TABLE contacts (id BIGINT PRIMARY KEY);\nCREATE VIEW v_identify_contacts AS SELECT id FROM contacts;",
        );
        write(
            "rooms/sell/migrations/2.sql",
            "CREATE TABLE quotes (contact_id BIGINT REFERENCES contacts);\nCREATE VIEW v_quotes AS SELECT 1 AS one;",
        );
        write("rooms/identify/migrations/3.sql", "CREATE TABLE x (q BIGINT REFERENCES quotes);");
        write(
            "rooms/sell/src/quote/store.rs",
            "fn a() { sql!(\"SELECT 1 FROM contacts\"); sql!(\"SELECT 1 FROM v_identify_contacts\"); tx.insert(\"contacts\", &r); }",
        );
        let tree = Tree::at(folder.path().to_owned()).unwrap();
        let places: Vec<String> = check(&tree).unwrap().into_iter().map(|finding| finding.place).collect();
        assert_eq!(
            places,
            ["rooms/sell", "rooms/sell/src/quote/store.rs:1", "rooms/sell/src/quote/store.rs:1", "rooms/identify/migrations/3.sql:1"]
        );
    }
}
