//! `cargo xtask test`: one PostgreSQL for the whole run, the binary built first, then every test of the workspace.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use attune_cluster::{Cluster, VARIABLE};

use crate::install;
use crate::tree::Tree;

/// Runs the tests; `runner` goes to the test runner instead of `--workspace`.
pub fn run(tree: &Tree, runner: &[String]) -> Result<bool> {
    let skips_pg = std::env::var(VARIABLE).is_ok_and(|word| word == "skip");
    if !skips_pg {
        install::ensure()?;
    }
    let binary = if runner.is_empty() { Some(build(tree.root())?) } else { None };
    let given = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    let folder = std::env::temp_dir().join(format!("attune-test-run-{}", std::process::id()));
    let cluster = if given.is_some() { None } else { Some(Cluster::start(&folder)?) };
    let url = match (&cluster, given) {
        (Some(cluster), _) => cluster.url(),
        (None, given) => given.unwrap_or_default(),
    };
    let mut command = runner_command(tree.root(), runner);
    command.env(VARIABLE, &url).envs(binary.map(|path| ("ATTUNE_BIN", path))).stdin(Stdio::null());
    let passed = command.status().context("running the tests")?.success();
    let docs_passed = if passed && runner.is_empty() { doc_tests(tree.root())? } else { true };
    drop(cluster);
    println!("test: {}", if passed && docs_passed { "every test passed" } else { "FAILED, see above" });
    Ok(passed && docs_passed)
}

/// Builds the whole workspace, so that every part is built once, and gives back where the binary is. A run of some crates does
/// without: those that start the binary build it themselves.
fn build(root: &Path) -> Result<PathBuf> {
    let status =
        cargo(root).args(["build", "--workspace", "--all-targets"]).stdin(Stdio::null()).status().context("running cargo build")?;
    if !status.success() {
        bail!("the workspace does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("debug/attune").canonicalize().context("finding target/debug/attune")
}

/// cargo-nextest when it is here (every test in its own process, retries none), else the runner that comes with cargo.
fn runner_command(root: &Path, runner: &[String]) -> Command {
    let has_nextest =
        Command::new("cargo-nextest").arg("--version").stdin(Stdio::null()).output().is_ok_and(|output| output.status.success());
    let mut command = cargo(root);
    if has_nextest {
        command.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        eprintln!("cargo-nextest is not installed: using `cargo test` (slower; the same tests)");
        command.args(["test", "--no-fail-fast"]);
    }
    if runner.is_empty() {
        command.args(["--workspace", "--all-targets"]);
        if has_nextest {
            command.args(["--profile", "ci"]);
        }
    }
    command.args(runner);
    command
}

/// The examples in the documentation, which nextest does not run.
fn doc_tests(root: &Path) -> Result<bool> {
    Ok(cargo(root)
        .args(["test", "--quiet", "--workspace", "--doc"])
        .stdin(Stdio::null())
        .status()
        .context("running cargo test --doc")?
        .success())
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.current_dir(root);
    cargo
}
