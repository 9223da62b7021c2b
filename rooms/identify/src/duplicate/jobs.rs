//! The search over all people, or all companies: learns from the records themselves, compares them, and keeps the pairs that are likely the same.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use attune_duplicate::{Model, Pair, Progress, Stopped, THRESHOLD, Table, find};
use attune_house::BoxFuture;
use attune_jobs::{JobContext, JobDef, Run, Verdict};
use attune_kernel::Fault;
use serde::{Deserialize, Serialize};

use super::columns;
use super::namesakes::add_namesakes;
use super::store::{self, Found};
use super::twin::Twin;
use crate::company::Company;
use crate::contact::Contact;
use crate::field;

/// Records read at a time.
const READ: i64 = 5_000;
/// Pairs written at a time.
const WRITE: usize = 1_000;
/// The most pairs kept, the likeliest: more than that nobody looks through.
const MOST: usize = 50_000;
/// How often the search tells how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// The kinds of jobs.
pub(crate) fn defs() -> Vec<JobDef> {
    vec![def::<Contact>(), def::<Company>()]
}

fn def<T: Twin>() -> JobDef {
    JobDef { kind: T::FIND, max_attempts: 3, run: Arc::new(Find::<T>(PhantomData)) }
}

/// What a search came to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Outcome {
    /// Records compared.
    pub(crate) records: i64,
    /// Pairs likely the same.
    pub(crate) pairs: i64,
    /// Pairs found beyond the number that is kept.
    pub(crate) left_out: i64,
}

struct Find<T>(PhantomData<T>);

impl<T: Twin> Run for Find<T> {
    fn run<'a>(&'a self, context: &'a JobContext, _payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let started = context.bench.clock.now();
            let Some(all) = read::<T>(context).await? else { return Ok(stopped(context)) };
            let all = Arc::new(all);
            let Some(scan) = scan::<T>(context, all.clone()).await? else { return Ok(stopped(context)) };
            let outcome = keep::<T>(context, &all.ids, &scan, started).await?;
            Ok(Verdict::Done(Some(serde_json::to_value(outcome)?)))
        })
    }
}

/// A search that ends early leaves what the last one found.
fn stopped(context: &JobContext) -> Verdict {
    if context.stop.is_cancelled() {
        Verdict::Retry(0, "the server is stopping; the search begins anew".to_owned())
    } else {
        Verdict::Cancelled(None)
    }
}

/// All records, in the order of their places in the table.
struct All {
    table: Table,
    ids: Vec<i64>,
    names: Vec<Vec<String>>,
    parents: Vec<Option<i64>>,
}

impl All {
    fn push<T: Twin>(&mut self, record: &T) {
        columns::push(&mut self.table, record);
        self.ids.push(record.id());
        self.names.push(record.names());
        self.parents.push(record.parent());
    }

    /// Whether one is a branch of the other, or both are of a third.
    fn are_of_one_tree(&self, pair: &Pair) -> bool {
        let of = |record: u64| {
            let at = usize::try_from(record).ok()?;
            Some((*self.ids.get(at)?, *self.parents.get(at)?))
        };
        let Some(((left, above_left), (right, above_right))) = of(pair.left).zip(of(pair.right)) else { return false };
        above_left == Some(right) || above_right == Some(left) || (above_left.is_some() && above_left == above_right)
    }
}

/// All of them; `None` when the job is to stop.
async fn read<T: Twin>(context: &JobContext) -> Result<Option<All>, Fault> {
    let mut look = context.bench.db.read().await?;
    let fields = field::list_of(&mut look, T::OF).await?;
    let mut records = T::list_behind(&mut look, 0, READ).await?;
    drop(look);
    let table = Table::new(columns::columns(&fields, &records));
    let mut all = All { table, ids: Vec::new(), names: Vec::new(), parents: Vec::new() };
    while let Some(last) = records.last().map(T::id) {
        records.iter().for_each(|record| all.push(record));
        if context.stop.is_cancelled() || context.progress(0, i64::try_from(all.ids.len()).ok()).await? {
            return Ok(None);
        }
        records = T::list_behind(&mut context.bench.db.read().await?, last, READ).await?;
    }
    Ok(Some(all))
}

/// What was learned and found, with the evidence of each pair kept.
struct Scan {
    model: Model,
    pairs: Vec<(Pair, String)>,
    left_out: usize,
}

/// Compares all of them on threads of their own, beside a watch that tells how far it is; `None` when the job is to stop.
async fn scan<T: Twin>(context: &JobContext, all: Arc<All>) -> Result<Option<Scan>, Fault> {
    let (done, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (told, asked) = (done.clone(), stop.clone());
    let total = i64::try_from(all.table.len()).ok();
    let mut work = tokio::task::spawn_blocking(move || {
        compare::<T>(&all, &|progress: Progress| {
            told.fetch_max(progress.done, Ordering::Relaxed);
            !asked.load(Ordering::Relaxed)
        })
    });
    loop {
        tokio::select! {
            result = &mut work => break Ok(result?.ok()),
            () = tokio::time::sleep(TELL_EVERY) => {
                let count = i64::try_from(done.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
                let asked = context.progress(count, total).await;
                if !matches!(asked, Ok(false)) || context.stop.is_cancelled() {
                    stop.store(true, Ordering::Relaxed);
                }
                if let Err(error) = asked {
                    // The threads are let go before somebody else begins anew.
                    let _ = work.await;
                    return Err(error.into());
                }
            }
        }
    }
}

fn compare<T: Twin>(all: &All, watch: &(dyn Fn(Progress) -> bool + Sync)) -> Result<Scan, Stopped> {
    let table = &all.table;
    let model = Model::learn(table);
    let mut pairs = find(table, &model, THRESHOLD, watch)?;
    add_namesakes(table, &all.names, T::APART, &mut pairs);
    pairs.retain(|pair| !all.are_of_one_tree(pair));
    let left_out = pairs.len().saturating_sub(MOST);
    if left_out > 0 {
        pairs.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        pairs.truncate(MOST);
    }
    let evidence = |pair: &Pair| {
        let (Some(left), Some(right)) = (table.row(pair.left), table.row(pair.right)) else { return String::from("[]") };
        let verdict = model.compare(&model.prepare(left), &model.prepare(right));
        serde_json::to_string(&verdict.evidence).unwrap_or_else(|_| "[]".to_owned())
    };
    let pairs = pairs.into_iter().map(|pair| (pair, evidence(&pair))).collect();
    Ok(Scan { model, pairs, left_out })
}

/// Writes what was found over what the last search found.
async fn keep<T: Twin>(context: &JobContext, ids: &[i64], scan: &Scan, started: i64) -> Result<Outcome, Fault> {
    let bench = &context.bench;
    let id_of = |record: u64| usize::try_from(record).ok().and_then(|at| ids.get(at)).copied();
    let found = |(pair, evidence): &(Pair, String)| -> Option<Found> {
        Some((id_of(pair.left)?, id_of(pair.right)?, pair.probability, evidence.clone()))
    };
    let found: Vec<Found> = scan.pairs.iter().filter_map(found).collect();
    for part in found.chunks(WRITE) {
        let mut tx = bench.db.begin().await?;
        store::put(&mut tx, T::OF, part, started).await?;
        tx.commit().await?;
    }
    let records = i64::try_from(ids.len()).unwrap_or(0);
    let mut tx = bench.db.begin().await?;
    store::forget_older(&mut tx, T::OF, started).await?;
    store::put_model(&mut tx, T::OF, &scan.model, (records, started)).await?;
    tx.commit().await?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(Outcome { records, pairs: count(found.len()), left_out: count(scan.left_out) })
}
