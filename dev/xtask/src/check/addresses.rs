//! What people read is written through masks: files that answer requests may not take an address out of its wrapping.

use super::Finding;
use crate::tree::Tree;

/// The ways to an address without asking who looks.
const RAW: [&str; 4] = [".raw_email()", ".raw_phone()", ".raw(", ".expose()"];
/// Files that answer people and programs.
const ANSWERS: [&str; 6] = ["pages.rs", "api.rs", "panel.rs", "record_page.rs", "timeline.rs", "people.rs"];

/// Looks at every file of the rooms that answers.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources = tree.files("rs").filter(|file| ANSWERS.iter().any(|name| file.path.rsplit('/').next() == Some(name)));
    let templates = tree.files("html");
    for file in sources.chain(templates).filter(|file| file.path.starts_with("rooms/") && !file.path.contains("/tests/")) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(raw) = RAW.iter().find(|raw| line.contains(**raw)) {
                let place = format!("{}:{}", file.path, number + 1);
                findings.push(Finding::at(place, format!("{raw} shows an address to whoever looks: ask a Sight (ADR 0019)")));
            }
        }
    }
    findings
}
