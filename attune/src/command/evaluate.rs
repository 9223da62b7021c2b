//! `attune evaluate`: how well the program reads what others have labelled. No store is opened.

mod agents;
mod duplicates;

use std::io::Read;
use std::path::Path;

use super::{Outcome, Say};
use crate::cli::Evaluate;

pub(super) fn run(what: &Evaluate, say: &Say) -> Outcome {
    match what {
        Evaluate::Agents { file } => agents::run(file, say),
        Evaluate::Duplicates(args) => duplicates::run(args, say),
    }
}

/// The text of the file, plain or gzip; bytes that are no UTF-8 become the mark for such.
fn text_of(file: &Path) -> std::io::Result<String> {
    let bytes = std::fs::read(file)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?;
    Ok(String::from_utf8_lossy(&plain).into_owned())
}
