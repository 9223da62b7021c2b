//! The direction of the crates: who may see whom.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Finding;
use crate::tree::Tree;

/// From the ground up; a crate sees only crates on lines above its own. `govern` stands on `base` and is seen by `attune` alone.
const LEVELS: &[&[&str]] = &[
    &["attune-kernel", "attune-assets", "attune-duplicate"],
    &["attune-db"],
    &["attune-jobs", "attune-events"],
    &["attune-courier", "attune-web"],
    &["attune-record"],
    &["attune-house"],
    &["attune-identify", "attune-govern"],
    &["attune-differentiate"],
    &["attune-tailor"],
    &["attune-interact"],
    &["attune-sell"],
    &["attune-serve"],
    &["attune-measure"],
    &["attune-lake"],
    &["attune"],
];

/// Parts of other people that belong to one crate: the drivers to the façade, the mail wire to the courier.
const KEPT_BY: &[(&str, &str)] = &[("rusqlite", "attune-db"), ("tokio-postgres", "attune-db"), ("deadpool-postgres", "attune-db")];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Asks cargo for the edges and compares them with the direction.
pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--no-deps"]).current_dir(tree.root()).stdin(Stdio::null());
    let output = command.output().context("running cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    Ok(metadata.packages.iter().flat_map(wrong_edges).collect())
}

fn wrong_edges(package: &Package) -> Vec<Finding> {
    let Some(level) = level_of(&package.name) else {
        let known = ["attune-bench", "attune-browser", "attune-cluster", "attune-system", "attune-testkit", "xtask"]
            .contains(&package.name.as_str());
        let unknown = Finding::at(
            &package.name,
            "has no place in the direction: add it to LEVELS in dev/xtask/src/check/edges.rs (and say why in an ADR)",
        );
        return if known { Vec::new() } else { vec![unknown] };
    };
    let built = package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"));
    built.filter_map(|dependency| wrong_edge(&package.name, level, &dependency.name)).collect()
}

fn wrong_edge(from: &str, level: usize, to: &str) -> Option<Finding> {
    if let Some((part, keeper)) = KEPT_BY.iter().find(|(part, keeper)| *part == to && *keeper != from) {
        return Some(Finding::at(from, format!("names {part}, which only {keeper} may name")));
    }
    if !to.starts_with("attune") {
        return None;
    }
    if to == "attune-govern" && from != "attune" {
        return Some(Finding::at(from, "sees attune-govern, which stands aside: use a socket of base/house"));
    }
    match level_of(to) {
        Some(other) if other < level => None,
        Some(_) => Some(Finding::at(
            from,
            format!("sees {to}, which is not to its left: use a socket of base/house (event, facet, panel, hook, action, dataset)"),
        )),
        None => Some(Finding::at(from, format!("is built with {to}, which is for tests and chores"))),
    }
}

fn level_of(name: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency { name: (*name).to_owned(), kind: kind.map(str::to_owned) };
        Package { name: name.to_owned(), dependencies: dependencies.iter().map(dependency).collect() }
    }

    #[test]
    fn only_the_left_may_be_seen() {
        assert!(
            wrong_edges(&package("attune-sell", &[("attune-identify", None), ("serde", None), ("attune-testkit", Some("dev"))])).is_empty()
        );
        assert_eq!(wrong_edges(&package("attune-identify", &[("attune-sell", None)])).len(), 1);
        assert_eq!(wrong_edges(&package("attune-sell", &[("attune-sell-helper", None), ("attune-testkit", None)])).len(), 2);
        assert_eq!(wrong_edges(&package("attune-sell", &[("rusqlite", None), ("attune-govern", None)])).len(), 2);
        assert_eq!(wrong_edges(&package("attune-common", &[])).len(), 1);
    }
}
