//! `cargo xtask check`: the rules of the house a machine can see.

mod addresses;
mod edges;
mod names;
mod ratchet;
mod sizes;
mod tables;
mod templates;

use anyhow::Result;

use crate::tree::Tree;

pub use tables::owners;

/// One thing to mend.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// File and line, or a crate.
    pub place: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Finding {
    /// A finding at `place`.
    pub fn at(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// Runs every rule and prints what it finds; `lower` writes fallen numbers into the ratchet file.
pub fn run(tree: &Tree, lower: bool) -> Result<bool> {
    let mut findings = edges::check(tree)?;
    findings.extend(tables::check(tree)?);
    findings.extend(templates::check(tree)?);
    findings.extend(names::check(tree));
    findings.extend(addresses::check(tree));
    findings.extend(ratchet::check(tree, &sizes::measure(tree)?, lower)?);
    for finding in &findings {
        println!("{}: {}", finding.place, finding.what);
    }
    println!("check: {} files read, {} findings", tree.files("rs").count() + tree.files("html").count(), findings.len());
    Ok(findings.is_empty())
}
