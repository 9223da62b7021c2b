//! `attune import contacts | companies | events | undo`.

use std::path::Path;

use attune_identify::erasure::Traces;
use attune_identify::field::Subject;
use attune_identify::import::{self, EventOptions, ImportError, ImportId, MapFile, Options, Outcome as Imported, Progress};
use attune_jobs::Bench;
use attune_kernel::{Clock, Fault, Ids};
use attune_web::Actor;

use super::{Ended, Outcome, Say};
use crate::boot::open_store;
use crate::cli::{Import, ImportEvents, ImportTable};
use crate::config::Config;

/// What jobs and imports stand on, without the rest of the program.
pub(crate) async fn bench(config: &Config, store: &str) -> Result<Bench, Fault> {
    let clock = Clock::system();
    Ok(Bench { db: open_store(config, store).await?, ids: Ids::new(clock.clone(), config.work.node_number), clock })
}

pub(super) async fn run(config: &Config, store: &str, what: Import, say: &Say) -> Outcome {
    match what {
        Import::Contacts(args) => table(config, store, Subject::Contact, &args, say).await,
        Import::Companies(args) => table(config, store, Subject::Company, &args, say).await,
        Import::Events(args) => events(config, store, &args, say).await,
        Import::Undo { id } => undo(config, store, &id, say).await,
    }
}

fn map_file(file: Option<&Path>) -> Result<Option<MapFile>, String> {
    let Some(file) = file else { return Ok(None) };
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    MapFile::parse(&text).map(Some).map_err(|e| format!("{}: {e}", file.display()))
}

async fn table(config: &Config, store: &str, subject: Subject, args: &ImportTable, say: &Say) -> Outcome {
    if !args.file.is_file() {
        return Ok(Ended::WrongUse(say.l().of("cli-no-file").s("file", args.file.display()).to_string()));
    }
    let map = match map_file(args.map.as_deref()) {
        Ok(map) => map,
        Err(what) => return Ok(Ended::WrongUse(what)),
    };
    let bench = bench(config, store).await?;
    let options = Options { subject, key: args.key.clone(), map, dry_run: args.dry_run };
    let bar = say.progress(None);
    let mut tell = |progress: Progress| show(&bar, progress);
    let imported = import::run_file(&bench, &Actor::system(), &args.file, &options, &mut tell).await;
    bar.finish_and_clear();
    report(imported, say)
}

async fn events(config: &Config, store: &str, args: &ImportEvents, say: &Say) -> Outcome {
    if !args.file.is_file() {
        return Ok(Ended::WrongUse(say.l().of("cli-no-file").s("file", args.file.display()).to_string()));
    }
    let map = match map_file(args.map.as_deref()) {
        Ok(map) => map,
        Err(what) => return Ok(Ended::WrongUse(what)),
    };
    let bench = bench(config, store).await?;
    let options = EventOptions { map, create_missing: args.create_missing, dry_run: args.dry_run };
    let bar = say.progress(None);
    let mut tell = |progress: Progress| show(&bar, progress);
    let imported = import::run_events(&bench, &Actor::system(), &args.file, &options, &mut tell).await;
    bar.finish_and_clear();
    report(imported, say)
}

async fn undo(config: &Config, store: &str, id: &str, say: &Say) -> Outcome {
    let id: ImportId = match id.parse() {
        Ok(id) => id,
        Err(error) => return Ok(Ended::WrongUse(format!("{error}"))),
    };
    let app = crate::boot::boot_beside(config, store).await?.app;
    let bar = say.progress(None);
    let mut tell = |progress: Progress| show(&bar, progress);
    let traces = Traces { tables: &app.house().contact_tables, erasers: &app.house().erasers };
    let undone = import::undo(&app.bench(), &Actor::system(), id.0, &traces, &mut tell).await;
    bar.finish_and_clear();
    report(undone.map(|counts| Imported { id, counts, errors: Vec::new(), is_cancelled: false }), say)
}

fn show(bar: &indicatif::ProgressBar, progress: Progress) {
    bar.set_length(progress.total.unsigned_abs());
    bar.set_position(progress.done.unsigned_abs());
}

fn report(imported: Result<Imported, ImportError>, say: &Say) -> Outcome {
    let outcome = match imported {
        Ok(outcome) => outcome,
        Err(ImportError::Fault(fault)) => return Err(fault),
        Err(error @ (ImportError::Plan(_) | ImportError::NotFound)) => return Ok(Ended::WrongUse(error.to_string())),
        Err(error) => return Err(Fault::new(error.to_string())),
    };
    let counts = outcome.counts;
    for error in &outcome.errors {
        eprintln!("{}: {} {}", error.line, error.cause, error.detail);
    }
    let text =
        say.l().of("cli-imported").s("id", outcome.id).n("rows", counts.rows).n("created", counts.created).n("updated", counts.updated);
    say.result(&outcome, text.n("skipped", counts.skipped).n("rejected", counts.rejected));
    Ok(if counts.rejected > 0 { Ended::InPart } else { Ended::Well })
}
