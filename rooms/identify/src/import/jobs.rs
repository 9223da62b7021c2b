//! The durable work behind the import pages: reading an uploaded file, taking an import back.

use std::sync::{Arc, OnceLock};

use attune_db::{DbError, Tx};
use attune_house::{BoxFuture, ContactTable, Eraser, House, Service, StorageClass};
use attune_jobs::{Bench, JobContext, JobDef, JobSpec, Run, Verdict, put};
use attune_kernel::Fault;
use attune_web::Actor;
use serde::Deserialize;
use serde_json::json;

use super::run::run_stored;
use super::store::{Import, ImportState};
use super::{ImportError, ImportId, store, undo};
use crate::erasure::Traces;
use crate::{retention, staff};

/// Reads an uploaded file.
pub(crate) const READ: &str = "identify.import_file";
/// Takes an import back.
pub(crate) const UNDO: &str = "identify.undo_import";

/// What an import's jobs know of the house once the rooms are joined.
#[derive(Clone, Default)]
pub(crate) struct Tables(Arc<OnceLock<Known>>);

struct Known {
    tables: Vec<ContactTable>,
    erasers: Vec<Eraser>,
    /// The events that are no deeds of people.
    quiet: Vec<&'static str>,
    /// The classes of data that may be kept for a time only.
    storage: Vec<StorageClass>,
}

impl Tables {
    /// Everything that leads to traces of a person, once it is known.
    pub(crate) fn traces(&self) -> Option<Traces<'_>> {
        self.0.get().map(|known| Traces { tables: &known.tables, erasers: &known.erasers })
    }

    /// The names of events that are no deeds of people; none until they are known.
    pub(crate) fn quiet(&self) -> &[&'static str] {
        self.0.get().map_or(&[], |known| &known.quiet)
    }

    /// The classes of data that may be kept for a time only; none until they are known.
    pub(crate) fn storage(&self) -> &[StorageClass] {
        self.0.get().map_or(&[], |known| &known.storage)
    }

    /// Tells all of it; the first word counts.
    pub(crate) fn learn(&self, house: &House) {
        let known = || Known {
            tables: house.contact_tables.clone(),
            erasers: house.erasers.clone(),
            quiet: retention::quiet(&house.catalogue),
            storage: house.storage.clone(),
        };
        self.0.get_or_init(known);
    }
}

/// The kinds of jobs of this noun.
pub(crate) fn defs(tables: &Tables) -> Vec<JobDef> {
    vec![
        JobDef { kind: READ, max_attempts: 5, run: Arc::new(Read) },
        JobDef { kind: UNDO, max_attempts: 20, run: Arc::new(Undo(tables.clone())) },
    ]
}

/// Learns the house's tables when the server starts, so that an interrupted undo goes on.
pub(crate) fn service(tables: &Tables) -> Service {
    let tables = tables.clone();
    Service {
        key: "identify.import_tables",
        run: Arc::new(move |app, _| {
            tables.learn(app.house());
            Box::pin(async { Ok(()) })
        }),
    }
}

/// Has a draft read by its job; answers whether it was one.
pub(crate) async fn begin(tx: &mut Tx, bench: &Bench, actor: &Actor, id: i64) -> Result<bool, Fault> {
    if !store::set_state(tx, id, &[ImportState::Draft], ImportState::Waiting, None).await? {
        return Ok(false);
    }
    let spec = JobSpec::new(READ, json!({ "import_id": id })).unique(format!("import:{}", ImportId(id))).by(actor.staff_id);
    let job = put(tx, bench, spec).await?;
    store::set_job(tx, id, job).await?;
    Ok(true)
}

/// Has an import taken back by its job; answers whether it is over and can still be undone.
pub(crate) async fn take_back(tx: &mut Tx, bench: &Bench, actor: &Actor, import: &Import) -> Result<bool, Fault> {
    let gone = import.undo_gone_at.is_some();
    if gone || !store::set_state(tx, import.id, &ImportState::UNDOABLE, ImportState::Undoing, None).await? {
        return Ok(false);
    }
    let spec = JobSpec::new(UNDO, json!({ "import_id": import.id })).unique(format!("undo-import:{}", import.id)).by(actor.staff_id);
    let job = put(tx, bench, spec).await?;
    store::set_job(tx, import.id, job).await?;
    Ok(true)
}

#[derive(Deserialize)]
struct Payload {
    import_id: i64,
}

fn read_payload(text: &str) -> Result<Payload, Fault> {
    serde_json::from_str(text).map_err(|e| Fault::from(e).context("the payload of an import job"))
}

/// Whoever asked for the work, for the audit log.
pub(crate) async fn asker(tx: &mut Tx, staff_id: i64) -> Result<Actor, DbError> {
    let found = if staff_id == 0 { None } else { staff::find(tx, staff_id).await? };
    Ok(found.map_or_else(Actor::system, |member| Actor { staff_id, name: member.name, team_id: member.team_id, ..Actor::system() }))
}

async fn actor_of(bench: &Bench, import_id: i64) -> Result<Actor, Fault> {
    let mut tx = bench.db.read().await?;
    let staff_id = store::find(&mut tx, import_id).await?.map_or(0, |i| i.staff_id);
    Ok(asker(&mut tx, staff_id).await?)
}

struct Read;

impl Run for Read {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let id = read_payload(payload)?.import_id;
            let actor = actor_of(&context.bench, id).await?;
            match run_stored(context, &actor, id).await {
                Ok(outcome) if outcome.is_cancelled => Ok(Verdict::Cancelled(serde_json::to_value(&outcome).ok())),
                Ok(outcome) => Ok(Verdict::Done(serde_json::to_value(&outcome).ok())),
                Err(ImportError::NotFound) => Ok(Verdict::Done(None)),
                Err(ImportError::Stopped) => Ok(Verdict::Retry(0, "the server is stopping; what was taken is kept".to_owned())),
                Err(ImportError::Fault(fault)) if context.job.attempts < 5 => Err(fault),
                Err(error) => {
                    let mut tx = context.bench.db.begin().await?;
                    store::set_failed(&mut tx, id, &error.to_string(), context.bench.clock.now()).await?;
                    tx.commit().await?;
                    Ok(Verdict::GiveUp(error.to_string()))
                }
            }
        })
    }
}

struct Undo(Tables);

impl Run for Undo {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let id = read_payload(payload)?.import_id;
            let Some(traces) = self.0.traces() else {
                return Ok(Verdict::Retry(attune_kernel::SECOND_US, "the server is still starting".to_owned()));
            };
            let actor = actor_of(&context.bench, id).await?;
            match undo(&context.bench, &actor, id, &traces, &mut |_| {}).await {
                Ok(undone) => Ok(Verdict::Done(serde_json::to_value(undone).ok())),
                Err(ImportError::NotFound) => Ok(Verdict::Done(None)),
                Err(ImportError::Fault(fault)) => Err(fault),
                Err(error) => Ok(Verdict::GiveUp(error.to_string())),
            }
        })
    }
}
