//! `attune evaluate`: how well the program reads what others have labelled. No store is opened.

mod agents;
mod duplicates;

use super::{Outcome, Say};
use crate::cli::Evaluate;

pub(super) fn run(what: &Evaluate, say: &Say) -> Outcome {
    match what {
        Evaluate::Agents { file } => agents::run(file, say),
        Evaluate::Duplicates(args) => duplicates::run(args, say),
    }
}
