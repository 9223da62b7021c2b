//! The benchmark: measures a limit of this machine, then Attune, in the same run, and prints the ratio (PERFORMANCE.md names the bars).
//!
//! It works on the built binary as users run it, over real sockets and real files, and puts everything it makes under `target/`.

/// As the product: limits are not to be slower by their allocator.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod collect;
mod figures;
mod fill;
mod footprint;
mod ground;
mod import;
mod limit;
mod load;
mod mail;
mod moment;
mod nothing;
mod pages;
mod program;
mod report;
mod scale;
mod segment;
mod smtp;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use crate::ground::{Engine, Ground};
use crate::report::{Finding, Report};
use crate::scale::Scale;

/// Every bar in the order of PERFORMANCE.md. B6 belongs to later work; B14, the cold build, is measured by hand.
const BARS: [&str; 12] = ["B1", "B2", "B3", "B4", "B5", "B7", "B8", "B9", "B10", "B11", "B12", "B13"];

/// Measures Attune against the limits of this machine.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// A tenth of the data, three rounds.
    #[arg(long)]
    quick: bool,
    /// Tiny sizes, to see that everything runs; writes no document.
    #[arg(long, conflicts_with = "quick")]
    trial: bool,
    /// Only these bars, such as B1,B4.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The store to measure on.
    #[arg(long, value_enum, default_value = "lite")]
    engine: Engine,
    /// A PostgreSQL server that may make databases; without it one is started for the run.
    #[arg(long, value_name = "URL")]
    pg: Option<String>,
    /// Contacts in the large store.
    #[arg(long)]
    contacts: Option<i64>,
    /// Events in the large store.
    #[arg(long)]
    events: Option<i64>,
    /// Rounds of which the median counts.
    #[arg(long)]
    rounds: Option<usize>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What the benchmark runs beside itself, each a process of its own.
#[derive(Subcommand)]
enum Part {
    /// Answers every request with 204 (the limit of B1).
    #[command(hide = true)]
    AnswerNothing,
    /// Takes every mail and forgets it (where postfix is missing).
    #[command(hide = true)]
    SwallowMail,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    match arguments.part {
        Some(Part::AnswerNothing) => runtime.block_on(nothing::serve()),
        Some(Part::SwallowMail) => runtime.block_on(smtp::swallow()),
        None => runtime.block_on(measure(arguments)),
    }
}

async fn measure(arguments: Arguments) -> Result<()> {
    let wanted: Vec<String> = arguments.only.iter().map(|bar| bar.trim().to_uppercase()).collect();
    if let Some(strange) = wanted.iter().find(|bar| !BARS.contains(&bar.as_str())) {
        bail!("{strange} is not a bar that is measured here; there are {}", BARS.join(", "));
    }
    let scale = if arguments.trial { Scale::trial() } else { Scale::of(arguments.quick) };
    let scale = scale.with(arguments.contacts, arguments.events, arguments.rounds);
    let ground = Ground::prepare(arguments.engine, arguments.pg, scale)?;
    let mut report = Report::open(&ground)?;
    for bar in BARS.iter().filter(|bar| wanted.is_empty() || wanted.iter().any(|one| one == *bar)) {
        eprintln!("{bar} …");
        for finding in measure_bar(&ground, bar).await.with_context(|| format!("measuring {bar}"))? {
            println!("{}", finding.line());
            report.keep(finding, !arguments.trial)?;
        }
    }
    println!("\n{}", report.table());
    if arguments.trial { Ok(()) } else { report.write() }
}

async fn measure_bar(ground: &Ground, bar: &str) -> Result<Vec<Finding>> {
    match bar {
        "B1" => collect::one_by_one(ground).await,
        "B2" => collect::in_batches(ground).await,
        "B3" => moment::until_member(ground).await,
        "B4" => mail::ed25519(ground).await,
        "B5" => mail::rsa(ground).await,
        "B7" => segment::preview(ground).await,
        "B8" => pages::times(ground).await,
        "B9" => import::speed(ground).await,
        "B10" => footprint::memory(ground).await,
        "B11" => footprint::disk(ground).await,
        "B12" => footprint::start(ground).await,
        _ => pages::weight(ground).await,
    }
}
