//! `attune replay-log`.

use std::io::Read;
use std::path::Path;

use attune_identify::replay::{self, Report};
use attune_kernel::Fault;
use serde_json::json;

use super::{Ended, Outcome, Say};
use crate::config::Config;

pub(super) async fn run(config: &Config, store: &str, file: &Path, say: &Say) -> Outcome {
    if !file.is_file() {
        return Ok(Ended::WrongUse(say.l().of("cli-no-file").s("file", file.display()).to_string()));
    }
    let bench = super::import::bench(config, store).await?;
    let bar = say.progress(None);
    let progress = |report: &Report| {
        bar.set_position(report.lines.unsigned_abs());
        true
    };
    let report = replay::run(&bench, open(file)?, progress).await?;
    bar.finish_and_clear();
    for (line, cause) in &report.listed {
        eprintln!("{line}: {cause}");
    }
    let text = say.l().of("cli-replayed").n("lines", report.lines).n("events", report.events).n("sessions", report.sessions);
    let counts = json!({
        "lines": report.lines, "events": report.events, "sessions": report.sessions, "machine": report.machine, "malformed": report.malformed,
    });
    say.result(&counts, text.n("machine", report.machine).n("malformed", report.malformed));
    Ok(if report.malformed > 0 { Ended::InPart } else { Ended::Well })
}

/// The file, unpacked when it is gzip.
fn open(file: &Path) -> Result<Box<dyn Read + Send>, Fault> {
    let plain = std::io::BufReader::new(std::fs::File::open(file)?);
    let packed = file.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("gz"));
    Ok(if packed { Box::new(std::io::BufReader::new(flate2::bufread::MultiGzDecoder::new(plain))) } else { Box::new(plain) })
}
