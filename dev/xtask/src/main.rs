//! The house's own chores: `cargo xtask check`, `sql`, `map`, `i18n`, `test`, `bench`, `pg`.
//!
//! Everything here reads the tree as text, so that a broken crate does not stop the chores from saying what is wrong.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod bench;
mod check;
mod i18n;
mod install;
mod map;
mod pg;
mod source;
mod sql;
mod test;
mod tree;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::tree::Tree;

/// Chores of the Attune source tree.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Crate edges, table owners, sizes, templates, names.
    Check {
        /// Writes fallen numbers into ratchet.toml (they never rise).
        #[arg(long)]
        lower: bool,
    },
    /// Prepares every SQL statement on SQLite and on PostgreSQL.
    Sql,
    /// Writes docs/map.md: noun, table, route, event, job → folder.
    Map {
        /// Only says whether the file is fresh.
        #[arg(long)]
        check: bool,
    },
    /// Compares the catalogues: keys, placeholders, use, style, glossary.
    I18n,
    /// Installs what is missing (as root), starts PostgreSQL, builds the binary, runs every test.
    Test {
        /// Arguments for the test runner, such as `-p attune-sell`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        runner: Vec<String>,
    },
    /// Runs dev/bench on a release build.
    Bench {
        /// Arguments for the benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        bench: Vec<String>,
    },
    /// Starts (or reuses) the shared test PostgreSQL and prints its URL.
    Pg,
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one chore; `false` means it found something to mend and has said what.
fn run(chore: Chore) -> Result<bool> {
    let tree = Tree::open()?;
    match chore {
        Chore::Check { lower } => check::run(&tree, lower),
        Chore::Sql => sql::run(&tree),
        Chore::Map { check } => map::run(&tree, check),
        Chore::I18n => i18n::run(&tree),
        Chore::Test { runner } => test::run(&tree, &runner),
        Chore::Bench { bench } => bench::run(&tree, &bench),
        Chore::Pg => pg::run(),
    }
}
