//! Reading a file: a blocking thread parses, some thousand lines become one transaction, and the counts are written with them.

use std::path::Path;
use std::time::{Duration, Instant};

use attune_db::{Db, DbError, Tx};
use attune_events::{Event, append};
use attune_jobs::{Bench, JobContext};
use attune_record::audit;
use attune_web::Actor;
use serde_json::json;

use super::batch::{Batches, take};
use super::event_plan;
use super::lines::Lines;
use super::plan::{MapFile, Plan, PlanError, Target};
use super::profile::Profile;
use super::reading::Reading;
use super::rows::RowError;
use super::source::Source;
use super::store::{self, Import, ImportState};
use super::{Counts, EventOptions, ImportError, ImportId, Kind, Options, Outcome, Progress};
use crate::contact::By;
use crate::field::{self, Field, FieldDraft, FieldKind, Subject};
use crate::staff;

/// Rejected lines an [`Outcome`] carries.
const ERRORS_SHOWN: usize = 100;

/// Lines of the longest transaction.
const LONGEST: i64 = 60_000;
/// How long it lasts at most: another program on the same file gives up after some seconds, and who cancels waits for its end.
const LASTS: Duration = Duration::from_secs(2);
/// The pause behind it.
const CHANCE: Duration = Duration::from_millis(10);

/// Who is told how far an import is.
pub type Tell<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// Imports a file of people or of companies from disk; `tell` is called after every batch.
///
/// Errors: [`ImportError::File`] and [`ImportError::Plan`] before anything is written.
pub async fn run_file(bench: &Bench, actor: &Actor, path: &Path, options: &Options, tell: Tell<'_>) -> Result<Outcome, ImportError> {
    let source = Source::File(path.to_owned());
    let kind = if options.subject == Subject::Company { Kind::Companies } else { Kind::Contacts };
    let (profile, plan) = planned(&bench.db, &source, kind, (options.map.as_ref(), options.key.as_deref())).await?;
    start(bench, actor, path, (source, profile.rows, plan), options.dry_run, tell).await
}

/// Imports a file of events from disk: each line is something a person did.
pub async fn run_events(bench: &Bench, actor: &Actor, path: &Path, options: &EventOptions, tell: Tell<'_>) -> Result<Outcome, ImportError> {
    let source = Source::File(path.to_owned());
    let (profile, plan) = planned(&bench.db, &source, Kind::Events, (options.map.as_ref(), None)).await?;
    let plan = Plan { only_known: !options.create_missing, ..plan };
    start(bench, actor, path, (source, profile.rows, plan), options.dry_run, tell).await
}

/// What a file holds and its plan: the guess, a mapping file laid over it, and the column records are known by.
pub(super) async fn planned(
    db: &Db,
    source: &Source,
    kind: Kind,
    (map, key): (Option<&MapFile>, Option<&str>),
) -> Result<(Profile, Plan), ImportError> {
    if kind == Kind::Events {
        let keyed = MapFile { key: key.map(str::to_owned), ..MapFile::default() };
        let map = map.map(|map| MapFile { key: keyed.key.clone().or(map.key.clone()), ..map.clone() }).unwrap_or(keyed);
        let profile = Profile::read(source).await?;
        let plan = event_plan::plan(&profile, Some(&map))?;
        event_plan::check(&plan)?;
        return Ok((profile, with_home(db, plan).await?));
    }
    let (profile, mut plan) = guess(db, source, kind.subject()).await?;
    if let Some(map) = map {
        plan = plan.with_map(map)?;
    }
    if let Some(key) = key {
        plan = plan.with_key(key)?;
    }
    plan.check()?;
    Ok((profile, plan))
}

async fn with_home(db: &Db, plan: Plan) -> Result<Plan, ImportError> {
    let home_currency = Some(attune_house::setting_text(&mut db.read().await?, "govern.currency", "EUR").await?);
    Ok(Plan { home_currency, ..plan })
}

/// What an uploaded file holds and the plan that follows; one of events may still lack something.
pub(crate) async fn guess_kind(db: &Db, source: &Source, kind: Kind) -> Result<(Profile, Plan), ImportError> {
    if kind != Kind::Events {
        return guess(db, source, kind.subject()).await;
    }
    let profile = Profile::read(source).await?;
    let plan = event_plan::plan(&profile, None)?;
    Ok((profile, with_home(db, plan).await?))
}

/// What a file holds and the plan that follows.
async fn guess(db: &Db, source: &Source, subject: Subject) -> Result<(Profile, Plan), ImportError> {
    let profile = Profile::read(source).await?;
    let mut tx = db.read().await?;
    let known = field::list_of(&mut tx, subject).await?;
    let home_currency = Some(attune_house::setting_text(&mut tx, "govern.currency", "EUR").await?);
    let plan = Plan { home_currency, ..profile.guess_of(subject, &known) };
    let plan = Plan { fields: known, ..plan };
    Ok((profile, plan))
}

async fn start(
    bench: &Bench,
    actor: &Actor,
    path: &Path,
    (source, rows, plan): (Source, i64, Plan),
    dry_run: bool,
    tell: Tell<'_>,
) -> Result<Outcome, ImportError> {
    plan.check()?;
    let home_currency = Some(attune_house::setting_text(&mut bench.db.read().await?, "govern.currency", "EUR").await?);
    let plan = Plan { home_currency, ..plan };
    if dry_run {
        return dry(bench, actor, &source, &plan, rows, tell).await;
    }
    let import = Import {
        id: bench.ids.next(),
        is_events: plan.is_of_events(),
        state: ImportState::Running,
        file_name: path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        file_bytes: std::fs::metadata(path).map_or(0, |m| i64::try_from(m.len()).unwrap_or(i64::MAX)),
        plan,
        total_rows: Some(rows),
        counts: Counts::default(),
        job_id: None,
        staff_id: actor.staff_id,
        error: None,
        created_at: bench.clock.now(),
        finished_at: None,
        undo_gone_at: None,
    };
    let mut tx = bench.db.begin().await?;
    store::insert(&mut tx, &import).await?;
    tx.commit().await?;
    let outcome = read_all(bench, actor, &source, &import, None, tell).await;
    if let Err(error) = &outcome {
        let mut tx = bench.db.begin().await?;
        store::set_failed(&mut tx, import.id, &error.to_string(), bench.clock.now()).await?;
        tx.commit().await?;
    }
    outcome
}

/// Reads an uploaded file whose import waits or was interrupted: goes on behind the rows already taken. Between two batches it looks
/// whether its job was cancelled, and ends there; [`ImportError::Stopped`] when the program ends, so that it can go on later.
pub(super) async fn run_stored(job: &JobContext, actor: &Actor, id: i64) -> Result<Outcome, ImportError> {
    let bench = &job.bench;
    let mut tx = bench.db.begin().await?;
    let import = store::find(&mut tx, id).await?.ok_or(ImportError::NotFound)?;
    if !store::set_state(&mut tx, id, &[ImportState::Waiting, ImportState::Running], ImportState::Running, None).await? {
        return Err(ImportError::NotFound);
    }
    tx.commit().await?;
    read_all(bench, actor, &Source::Stored(bench.db.clone(), id), &import, Some(job), &mut |_| {}).await
}

async fn read_all(
    bench: &Bench,
    actor: &Actor,
    source: &Source,
    import: &Import,
    job: Option<&JobContext>,
    tell: Tell<'_>,
) -> Result<Outcome, ImportError> {
    let (ids, clock) = (bench.ids.clone(), bench.clock.clone());
    let by = |now| By { actor, now, ids: &ids };
    let mut tx = bench.db.begin().await?;
    let fields = make_fields(&mut tx, &by(clock.now()), import).await?;
    let members = staff::list(&mut tx).await?;
    tx.commit().await?;
    // A field this import makes has no options of its own: they come from the lines.
    let there = fields.iter().filter(|field| field.import_id != Some(import.id)).cloned().collect();
    let plan = Plan { fields: there, ..import.plan.clone() };
    let mut lines = read_ahead(source, &plan, import.counts.rows)?;
    let mut batches = Batches::new(&plan, import.id, &members, fields);
    let (mut counts, mut errors) = (import.counts, Vec::new());
    let end = loop {
        let Some(reading) = lines.next().await? else { break ImportState::Done };
        if is_cancelled(job, import, &counts).await? {
            break ImportState::Cancelled;
        }
        let (added, refused) = take_many(bench, &by, import.id, &mut batches, reading, &mut lines).await?;
        counts.add(&added);
        keep(&mut errors, refused);
        tell(Progress { done: counts.rows, total: import.total_rows.unwrap_or(counts.rows) });
    };
    let mut tx = bench.db.begin().await?;
    close(&mut tx, &by(clock.now()), import, &counts, end).await?;
    tx.commit().await?;
    Ok(Outcome { id: ImportId(import.id), counts, errors, is_cancelled: end == ImportState::Cancelled })
}

/// Takes `reading` and what is ready behind it in one transaction, as long as nobody else has to wait for it.
///
/// Each line changes pages all over the store, and a page is written once a transaction: the more lines, the less of it.
async fn take_many<'a>(
    bench: &'a Bench,
    by: &(dyn Fn(i64) -> By<'a> + Sync),
    id: i64,
    batches: &mut Batches<'_>,
    mut reading: Reading,
    lines: &mut Lines<Reading>,
) -> Result<(Counts, Vec<RowError>), ImportError> {
    let (mut counts, mut errors) = (Counts::default(), Vec::new());
    let mut tx = bench.db.begin().await?;
    let begun = Instant::now();
    let is_long = |counts: &Counts| counts.rows >= LONGEST || begun.elapsed() >= LASTS;
    let broken = loop {
        let (added, refused) = take(&mut tx, batches, &by(bench.clock.now()), reading).await?;
        counts.add(&added);
        errors.extend(refused);
        if tx.is_awaited() || is_long(&counts) {
            break None;
        }
        match lines.ready() {
            Ok(Some(next)) => reading = next,
            Ok(None) => break None,
            // What was taken before it stays.
            Err(error) => break Some(error),
        }
    };
    batches.finish(&mut tx).await?;
    store::add_counts(&mut tx, id, &counts).await?;
    store::put_errors(&mut tx, id, &errors).await?;
    tx.commit().await?;
    if let Some(error) = broken {
        return Err(error);
    }
    if is_long(&counts) {
        // Another program on the same file must have its chance, too.
        tokio::time::sleep(CHANCE).await;
    }
    Ok((counts, errors))
}

/// The lines behind the first `behind`, read under the plan. What was taken before an interruption still counts for telling equal lines apart.
fn read_ahead(source: &Source, plan: &Plan, mut behind: i64) -> Result<Lines<Reading>, ImportError> {
    let own = plan.clone();
    Lines::open(source, plan, move |lines| Reading::of(&own, lines, &mut behind))
}

/// Tells the job how far its import is; answers whether somebody wants it to end here.
async fn is_cancelled(job: Option<&JobContext>, import: &Import, counts: &Counts) -> Result<bool, ImportError> {
    let Some(job) = job else { return Ok(false) };
    if job.stop.is_cancelled() {
        return Err(ImportError::Stopped);
    }
    Ok(job.progress(counts.rows, import.total_rows).await?)
}

fn keep(errors: &mut Vec<RowError>, refused: Vec<RowError>) {
    let room = ERRORS_SHOWN.saturating_sub(errors.len());
    errors.extend(refused.into_iter().take(room));
}

/// Asks an import to end: one that nobody reads yet ends at once, another behind the batch it is at; answers whether it has ended. What
/// was taken stays and can be undone. [`ImportError::NotFound`] when it is over already, or has no job that could be asked.
pub async fn cancel(tx: &mut Tx, by: &By<'_>, id: i64) -> Result<bool, ImportError> {
    let import = store::find(tx, id).await?.ok_or(ImportError::NotFound)?;
    let is_going = matches!(import.state, ImportState::Waiting | ImportState::Running);
    let job_id = import.job_id.filter(|_| is_going).ok_or(ImportError::NotFound)?;
    attune_jobs::cancel(tx, job_id, by.now).await?;
    let has_ended = attune_jobs::find(tx, job_id).await?.is_none_or(|job| job.state.is_over());
    if has_ended {
        close(tx, by, &import, &import.counts, ImportState::Cancelled).await?;
    }
    tx.wake("progress");
    Ok(has_ended)
}

/// Ends an import in the state `end`: drops the file, and tells the audit log and the event log what came in.
async fn close(tx: &mut Tx, by: &By<'_>, import: &Import, counts: &Counts, end: ImportState) -> Result<(), DbError> {
    if !store::set_state(tx, import.id, &[ImportState::Waiting, ImportState::Running], end, Some(by.now)).await? {
        return Ok(());
    }
    store::remove_chunks(tx, import.id).await?;
    let after = json!({ "file": import.file_name, "created": counts.created, "updated": counts.updated, "rejected": counts.rejected });
    let (imported, cancelled) = match import.plan.subject {
        Subject::Contact => ("contact.imported", "contact.import_cancelled"),
        Subject::Company => ("company.imported", "company.import_cancelled"),
    };
    let action = if end == ImportState::Cancelled { cancelled } else { imported };
    audit::note(tx, by.ids, by.now, by.actor, action, "import", import.id, None, Some(after)).await?;
    let records = import.taken(counts);
    if end == ImportState::Cancelled && records == 0 {
        return Ok(());
    }
    let told = Event::new(imported, by.now).origin(import.id).subject(import.file_name.clone()).amount(records);
    append(tx, &mut [told]).await
}

/// The workspace's fields and those the plan adds, made.
async fn make_fields(tx: &mut Tx, by: &By<'_>, import: &Import) -> Result<Vec<Field>, DbError> {
    for draft in planned_fields(&import.plan) {
        field::find_or_create(tx, by, &draft, Some(import.id)).await?;
    }
    field::list_of(tx, import.plan.subject).await
}

fn planned_fields(plan: &Plan) -> Vec<FieldDraft> {
    let columns = plan.columns.iter().filter_map(|c| match &c.to {
        Target::Field { key, label, kind } => Some(plan.draft(key, label, *kind)),
        Target::Skip | Target::Attribute { .. } => None,
    });
    let constants = plan.constants.keys().filter_map(|key| key.strip_prefix("f:")).map(|key| plan.draft(key, key, FieldKind::Text));
    columns.chain(constants).collect()
}

/// Counts what an import would do, writing nothing.
async fn dry(bench: &Bench, actor: &Actor, source: &Source, plan: &Plan, rows: i64, tell: Tell<'_>) -> Result<Outcome, ImportError> {
    let members = staff::list(&mut bench.db.read().await?).await?;
    let plan = &Plan { fields: field::list_of(&mut bench.db.read().await?, plan.subject).await?, ..plan.clone() };
    let by = By { actor, now: bench.clock.now(), ids: &bench.ids };
    let mut lines = read_ahead(source, plan, 0)?;
    let mut batches = Batches::new(plan, 0, &members, Vec::new()).dry();
    let (mut counts, mut errors) = (Counts::default(), Vec::new());
    while let Some(reading) = lines.next().await? {
        let mut tx = bench.db.read().await?;
        let (added, refused) = take(&mut tx, &mut batches, &by, reading).await?;
        counts.add(&added);
        keep(&mut errors, refused);
        tell(Progress { done: counts.rows, total: rows });
    }
    Ok(Outcome { id: ImportId(0), counts, errors, is_cancelled: false })
}

/// The counts a stored draft would come to, writing nothing.
pub async fn preview(bench: &Bench, actor: &Actor, import: &Import) -> Result<Outcome, ImportError> {
    if import.state != ImportState::Draft {
        return Err(ImportError::NotFound);
    }
    import.plan.check().map_err(|error: PlanError| ImportError::Plan(error))?;
    let source = Source::Stored(bench.db.clone(), import.id);
    dry(bench, actor, &source, &import.plan, import.total_rows.unwrap_or(0), &mut |_| {}).await
}
