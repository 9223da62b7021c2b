//! `cargo xtask bench`: the benchmark of dev/bench, always from a release build.

use std::process::Command;

use anyhow::{Context, Result};

use crate::tree::Tree;

/// Runs it with `arguments`.
pub fn run(tree: &Tree, arguments: &[String]) -> Result<bool> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.args(["run", "--release", "--package", "attune-bench", "--"]).args(arguments).current_dir(tree.root());
    Ok(cargo.status().context("running cargo")?.success())
}
