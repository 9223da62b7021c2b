//! `attune export contacts | companies | person`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use attune_house::App;
use attune_identify::contact::ContactId;
use attune_identify::export::{self, Taken, Wanted};
use attune_identify::field::Subject;
use attune_kernel::Fault;
use attune_web::{Actor, Problem};
use axum::response::Response;
use futures::TryStreamExt;
use indicatif::ProgressBar;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use super::{Ended, Outcome, Say};
use crate::cli::{Export, ExportList};
use crate::config::Config;

pub(super) async fn run(config: &Config, store: &str, what: Export, say: &Say) -> Outcome {
    match what {
        Export::Contacts(list) => records(config, store, Subject::Contact, list, say).await,
        Export::Companies(list) => records(config, store, Subject::Company, list, say).await,
        Export::Person { id, file } => person(config, store, &id, &file, say).await,
    }
}

/// The format a file's name asks for, or what is wrong with the file.
fn format_of(file: &Path, formats: &[&str], say: &Say) -> Result<String, String> {
    if file.exists() {
        return Err(say.l().of("cli-backup-exists").s("file", file.display()).to_string());
    }
    let end = file.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
    if formats.contains(&end.as_str()) {
        Ok(end)
    } else {
        Err(say.l().of("cli-export-ending").s("endings", formats.join(", ")).to_string())
    }
}

async fn records(config: &Config, store: &str, subject: Subject, list: ExportList, say: &Say) -> Outcome {
    let format = match format_of(&list.file, &["csv", "xlsx", "json"], say) {
        Ok(format) => format,
        Err(what) => return Ok(Ended::WrongUse(what)),
    };
    let app = crate::boot::boot_beside(config, store).await?.app;
    let wanted = Wanted { format, filter: list.filter.unwrap_or_default(), view: list.view.unwrap_or_default(), columns: list.columns };
    let taken = match export::list(&app, &Actor::system(), subject, &wanted).await {
        Ok(taken) => taken,
        Err(problem) => return refused(&app, problem, say),
    };
    let bar = say.progress(Some(taken.rows.unsigned_abs()));
    let Taken { rows, read, response } = taken;
    let bytes = write(response, &list.file, &bar, Some(read)).await?;
    done(&list.file, Some(rows), bytes, say)
}

async fn person(config: &Config, store: &str, id: &str, file: &Path, say: &Say) -> Outcome {
    let id: ContactId = match id.parse() {
        Ok(id) => id,
        Err(error) => return Ok(Ended::WrongUse(format!("{error}"))),
    };
    let format = match format_of(file, &["json", "html"], say) {
        Ok(format) => format,
        Err(what) => return Ok(Ended::WrongUse(what)),
    };
    let app = crate::boot::boot_beside(config, store).await?.app;
    let l = app.lang(say.l().locale());
    let response = match export::person(&app, &Actor::system(), &l, id, &format).await {
        Ok(response) => response,
        Err(problem) => return refused(&app, problem, say),
    };
    let bar = say.progress(None);
    let bytes = write(response, file, &bar, None).await?;
    done(file, None, bytes, say)
}

/// What cannot be exported is wrong use; what failed is a fault.
fn refused(app: &App, problem: Problem, say: &Say) -> Outcome {
    match problem {
        Problem::Fault(fault) => Err(fault),
        Problem::Busy | Problem::DiskFull => Err(Fault::new(problem.words(&app.lang(say.l().locale())).1)),
        told => Ok(Ended::WrongUse(told.words(&app.lang(say.l().locale())).1)),
    }
}

/// Writes the file piece by piece beside its place and puts it there once it is whole: nobody takes half of it for all. Only its owner may
/// read it.
async fn write(response: Response, file: &Path, bar: &ProgressBar, read: Option<Arc<AtomicI64>>) -> Result<u64, Fault> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let kept = NamedTempFile::new_in(folder)?;
    let mut to = tokio::fs::File::from_std(kept.reopen()?);
    let (mut pieces, mut bytes) = (response.into_body().into_data_stream(), 0_u64);
    while let Some(piece) = pieces.try_next().await? {
        to.write_all(&piece).await?;
        bytes += piece.len() as u64;
        bar.set_position(read.as_ref().map_or(bytes, |read| read.load(Ordering::Relaxed).unsigned_abs()));
    }
    to.sync_all().await?;
    bar.finish_and_clear();
    kept.persist_noclobber(file)?;
    Ok(bytes)
}

fn done(file: &Path, rows: Option<i64>, bytes: u64, say: &Say) -> Outcome {
    let size = say.l().size(i64::try_from(bytes).unwrap_or(i64::MAX));
    let text = match rows {
        Some(rows) => say.l().of("cli-exported").n("rows", rows).s("file", file.display()).s("size", size).to_string(),
        None => format!("{} ({size})", file.display()),
    };
    let value = match rows {
        Some(rows) => json!({ "file": file, "bytes": bytes, "rows": rows }),
        None => json!({ "file": file, "bytes": bytes }),
    };
    say.result(&value, text);
    Ok(Ended::Well)
}
