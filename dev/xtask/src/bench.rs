//! `cargo xtask bench`: the benchmark of dev/bench on the binary, both always from a release build.

use std::process::Command;

use anyhow::{Context, Result};

use crate::tree::Tree;

/// Builds the binary and the benchmark and runs it with `arguments`.
pub fn run(tree: &Tree, arguments: &[String]) -> Result<bool> {
    let cargo = || {
        let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
        cargo.current_dir(tree.root());
        cargo
    };
    let built =
        cargo().args(["build", "--release", "--package", "attune", "--package", "attune-bench"]).status().context("running cargo")?;
    if !built.success() {
        return Ok(false);
    }
    let status = cargo().args(["run", "--release", "--package", "attune-bench", "--"]).args(arguments).status();
    Ok(status.context("running cargo")?.success())
}
