//! The `attune` binary: reads the command line and runs one command.

use std::process::ExitCode;
use std::sync::Arc;

use attune::cli::Cli;
use attune_web::{Lang, Texts};

/// For Rust and, by taking the place of `malloc`, for SQLite (ADR 0010).
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let texts = match Texts::build(&[attune::LOCALES]) {
        Ok(texts) => Arc::new(texts),
        Err(error) => {
            eprintln!("attune: {error}");
            return ExitCode::from(1);
        }
    };
    let l = Lang::new(texts, Cli::locale(), jiff::tz::TimeZone::system());
    let cli = match Cli::read(&l) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistake; everything else is wrong use.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    attune::command::run(cli, &l)
}
