//! Reading a file: a blocking thread parses, each 2,000 lines become one transaction, the counts are written with them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use attune_db::{Db, DbError, Relation, Tx, Value};
use attune_events::{Event, append, known_client_keys};
use attune_jobs::Bench;
use attune_kernel::Fault;
use attune_record::audit;
use attune_web::Actor;
use serde_json::json;
use tokio::sync::mpsc;

use super::event_rows::{self, EventRow, Repeats};
use super::matching::{Fate, Matched, Matching};
use super::plan::{ColumnPlan, Plan, PlanError, Target};
use super::profile::{Profile, ProfileError};
use super::rows::{self, Line, RowDraft, RowError};
use super::source::Source;
use super::store::{self, Changed, Import, ImportState};
use super::{Counts, EventOptions, ImportError, ImportId, Options, Outcome, Progress};
use crate::contact::{self, By, Contact};
use crate::field::{self, Field};
use crate::staff::{self, Member};

/// Lines in one transaction.
const BATCH: usize = 2_000;
/// Rejected lines an [`Outcome`] carries.
const ERRORS_SHOWN: usize = 100;

/// Imports a file of people from disk; `progress` is told after every batch.
///
/// Errors: [`ImportError::File`] and [`ImportError::Plan`] before anything is written.
pub async fn run_file(bench: &Bench, actor: &Actor, path: &Path, options: &Options, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Outcome, ImportError> {
    let source = Source::File(path.to_owned());
    let (profile, mut plan) = guessed(&bench.db, &source).await?;
    if let Some(map) = &options.map {
        plan = plan.with_map(map)?;
    }
    if let Some(key) = &options.key {
        plan = plan.with_key(key)?;
    }
    start(bench, actor, path, (source, profile.rows, plan), options.dry_run, progress).await
}

/// Imports a file of events from disk: each line is something a person did.
pub async fn run_events(bench: &Bench, actor: &Actor, path: &Path, options: &EventOptions, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Outcome, ImportError> {
    let source = Source::File(path.to_owned());
    let (profile, guess) = guessed(&bench.db, &source).await?;
    let by_email = guess.columns.iter().any(|c| c.column == options.key && c.to.text() == "email");
    let columns = guess.columns.into_iter().map(|c| ColumnPlan { to: if c.column == options.key && by_email { c.to } else { Target::Skip }, ..c });
    let plan = Plan { columns: columns.collect(), events: vec![options.event.clone()], key: None, only_known: !options.create_missing, ..guess.clone_without_columns };
    let plan = plan.with_key(&options.key)?;
    start(bench, actor, path, (source, profile.rows, plan), options.dry_run, progress).await
}
