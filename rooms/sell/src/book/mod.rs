//! A colleague's book: the contacts, companies, open tasks, hand-overs and open promises somebody looks after, given to others in one act when they leave.
//!
//! Guards that what is about one contact goes to one colleague, that nothing is taken from whoever has it by then, and that an undo gives back
//! exactly what nobody has moved since.

pub(crate) mod api;
mod asked;
pub(crate) mod jobs;
pub(crate) mod pages;
pub mod rules;
#[cfg(test)]
mod rules_tests;
pub(crate) mod show;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use attune_db::{Column, DbError, Relation, Tx, Value, params, sql};
use attune_identify::contact::{self, By, ContactError};
use attune_identify::staff::{self, Member};
use attune_identify::{company, promise};
use attune_jobs::{Bench, JobSpec, JobState};
use attune_kernel::{Fault, Ids};
use attune_record::audit;
use attune_web::{Actor, FormErrors, Problem, Scope};
use serde_json::json;

use crate::{handover, people, task};
pub use rules::{Figures, Item, Kind, Rule};

attune_kernel::id_type!(
    /// The hand-over of a book.
    BookId,
    "bok"
);

/// About how many things change hands in one transaction.
const BATCH: usize = 500;
/// Why a contact changed hands, as its event says.
const REASON: &str = "book";
/// As [`REASON`], of an undo.
const REASON_BACK: &str = "book_undone";

/// A hand-over of a book.
#[derive(Clone, Debug)]
pub struct Book {
    /// Its id.
    pub id: i64,
    /// Whose book it was.
    pub from_id: i64,
    /// By which rule.
    pub rule: Rule,
    /// Who did it.
    pub created_by: i64,
    /// When, µs.
    pub created_at: i64,
    /// The job that does it.
    pub job_id: i64,
    /// Whether it is written down who gets what.
    pub is_planned: bool,
    /// The job that takes it back.
    pub undo_job_id: Option<i64>,
}

/// Why a book cannot be handed over, or not be taken back.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The rule is not complete, or names somebody who cannot get anything.
    #[error("the rule has mistakes")]
    Rule(FormErrors),
    /// It is under way, or was taken back already.
    #[error("the book is on its way already")]
    Busy,
    /// Our bug or the world's.
    #[error("{0}")]
    Fault(Fault),
}

impl From<DbError> for BookError {
    fn from(error: DbError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<BookError> for Problem {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Rule(errors) => Self::Form(errors),
            BookError::Busy => Self::conflict("book-busy"),
            BookError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Who would get what.
pub(crate) struct Preview {
    /// Everything in the book.
    pub(crate) items: Vec<Item>,
    /// Who gets each, in the items' order.
    pub(crate) dealt: Vec<i64>,
}

/// The colleague whose book it is, if within `scope`.
pub(crate) async fn find_member(tx: &mut Tx, scope: &Scope, staff_id: i64) -> Result<Option<Member>, DbError> {
    let member = staff::find(tx, staff_id).await?;
    Ok(member.filter(|member| scope.covers(Some(member.id), member.team_id)))
}

/// Who may get something of `from_id`'s book: active colleagues within `scope`.
pub(crate) async fn list_receivers(tx: &mut Tx, scope: &Scope, from_id: i64) -> Result<Vec<Member>, DbError> {
    let mut receivers = people::list_colleagues(tx, scope).await?;
    receivers.retain(|member| member.id != from_id);
    Ok(receivers)
}

/// Everything a colleague looks after.
pub(crate) async fn list_items(tx: &mut Tx, staff_id: i64) -> Result<Vec<Item>, DbError> {
    store::list_items(tx, staff_id).await
}

/// How much each of these colleagues looks after.
pub(crate) async fn list_figures(tx: &mut Tx, staff: &[i64]) -> Result<HashMap<i64, Figures>, DbError> {
    store::list_figures(tx, staff).await
}

/// The last hand-overs of a colleague's book, newest first.
pub(crate) async fn list_of(tx: &mut Tx, from_id: i64) -> Result<Vec<Book>, DbError> {
    store::list_of(tx, from_id).await
}

/// The hand-over `id`, if the book was that of somebody within `scope`.
pub(crate) async fn get_in(tx: &mut Tx, id: i64, scope: &Scope) -> Result<Option<Book>, DbError> {
    let Some(book) = store::find(tx, id).await? else { return Ok(None) };
    Ok(find_member(tx, scope, book.from_id).await?.map(|_| book))
}

/// What became of a book so far: (state of the rows, receiver) → figures.
pub(crate) async fn list_outcome(tx: &mut Tx, book: &Book) -> Result<BTreeMap<(String, i64), Figures>, DbError> {
    store::list_outcome(tx, book.id).await
}

/// Refuses a rule that names nobody, or somebody who is not among `receivers`.
pub(crate) fn check(rule: &Rule, receivers: &[Member]) -> Result<(), BookError> {
    let (named, mut errors) = (rule.receivers(), FormErrors::new());
    let field = if matches!(rule, Rule::One { .. } | Rule::Load { .. }) { "to" } else { "rest" };
    if named.is_empty() || named.contains(&0) {
        errors.add(field, "book-choose-somebody");
    } else if !named.iter().all(|id| receivers.iter().any(|member| member.id == *id)) {
        errors.add(field, "web-not-a-choice");
    }
    errors.or(()).map_err(BookError::Rule)
}

/// Who would get what by this rule; nothing is written.
pub(crate) async fn preview(tx: &mut Tx, from_id: i64, rule: &Rule) -> Result<Preview, DbError> {
    let items = store::list_items(tx, from_id).await?;
    let loads = store::list_figures(tx, &rule.receivers()).await?;
    let loads = loads.into_iter().map(|(id, figures)| (id, figures.total())).collect();
    let dealt = rules::deal(rule, &items, &loads);
    Ok(Preview { items, dealt })
}

/// Whether the job is still at work.
async fn is_running(tx: &mut Tx, job_id: i64) -> Result<bool, DbError> {
    Ok(attune_jobs::find(tx, job_id).await?.is_some_and(|job| !job.state.is_over()))
}

/// Puts the job that hands the book of `from_id` over; answers the hand-over.
pub(crate) async fn start(tx: &mut Tx, bench: &Bench, actor: &Actor, from_id: i64, rule: Rule) -> Result<BookId, BookError> {
    let (id, now) = (bench.ids.next(), bench.clock.now());
    for book in store::list_of(tx, from_id).await? {
        let undoing = match book.undo_job_id {
            Some(job_id) => is_running(tx, job_id).await?,
            None => false,
        };
        if undoing || is_running(tx, book.job_id).await? {
            return Err(BookError::Busy);
        }
    }
    let spec = JobSpec::new(jobs::HAND_OVER, json!({ "book_id": id })).by(actor.staff_id).unique(format!("book:{from_id}"));
    let job_id = attune_jobs::put(tx, bench, spec).await?;
    let after = json!({ "from_id": from_id, "rule": rule });
    let book = Book { id, from_id, rule, created_by: actor.staff_id, created_at: now, job_id, is_planned: false, undo_job_id: None };
    store::insert(tx, &book).await?;
    audit::note(tx, &bench.ids, now, actor, "book.handed_over", "staff", from_id, None, Some(after)).await?;
    Ok(BookId(id))
}

/// Puts the job that gives back what nobody has moved since.
pub(crate) async fn undo(tx: &mut Tx, bench: &Bench, actor: &Actor, book: &Book) -> Result<(), BookError> {
    let undoing = match book.undo_job_id {
        Some(job_id) => is_running(tx, job_id).await?,
        None => false,
    };
    if undoing || is_running(tx, book.job_id).await? || count_rows(tx, book.id, "given").await? == 0 {
        return Err(BookError::Busy);
    }
    let spec = JobSpec::new(jobs::GIVE_BACK, json!({ "book_id": book.id })).by(actor.staff_id).unique(format!("book:{}", book.from_id));
    let job_id = attune_jobs::put(tx, bench, spec).await?;
    store::set_undo_job(tx, book.id, job_id).await?;
    let after = json!({ "from_id": book.from_id });
    audit::note(tx, &bench.ids, bench.clock.now(), actor, "book.given_back", "staff", book.from_id, None, Some(after)).await?;
    Ok(())
}

/// Asks the job at work on this book to stop after the batch it is at.
pub(crate) async fn stop(tx: &mut Tx, book: &Book, now: i64) -> Result<(), DbError> {
    attune_jobs::cancel(tx, book.undo_job_id.unwrap_or(book.job_id), now).await?;
    Ok(())
}

/// Writes down who gets what, once; what goes to one colleague lies together, and what is about one contact in one batch.
async fn plan(tx: &mut Tx, book: &Book, now: i64) -> Result<(), DbError> {
    let Preview { items, dealt } = preview(tx, book.from_id, &book.rule).await?;
    let mut order: Vec<(i64, i64, &Item)> =
        items.iter().zip(&dealt).map(|(item, to)| (*to, item.contact_id.unwrap_or(item.key), item)).collect();
    order.sort_by_key(|(to, about, item)| (*to, *about, item.kind, item.key));
    let (mut batch, mut filled, mut last) = (1_i64, 0_usize, None);
    let mut plan = Vec::with_capacity(order.len());
    for (to, about, item) in order {
        if filled >= BATCH && last != Some((to, about)) {
            (batch, filled) = (batch + 1, 0);
        }
        (filled, last) = (filled + 1, Some((to, about)));
        plan.push((item, to, batch));
    }
    store::write_plan(tx, book.id, &plan, now).await
}

/// Something that changes hands: what, which, from whom, to whom.
type Move = (Kind, i64, i64, i64);

/// The moves of the kind as a relation `(id, holder_id, receiver_id)`.
fn relation(moves: &[Move], kind: Kind) -> Relation {
    let mut rows = Relation::new(&[("id", Column::Int), ("holder_id", Column::Int), ("receiver_id", Column::Int)]);
    for (_, key, holder, receiver) in moves.iter().filter(|(of, ..)| *of == kind) {
        rows.push(vec![Value::Int(*key), Value::Int(*holder), Value::Int(*receiver)]);
    }
    rows
}

/// Carries moves out, as far as the thing still is its holder's; answers what changed hands.
async fn carry_out(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, moves: &[Move], reason: &str) -> Result<Vec<(Kind, i64)>, Fault> {
    let by = By { actor, now, ids };
    let receivers: HashMap<(Kind, i64), i64> = moves.iter().map(|(kind, key, _, receiver)| ((*kind, *key), *receiver)).collect();
    let by_receiver = |kind: Kind, owned: &[i64]| {
        let mut groups: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for id in owned {
            if let Some(receiver) = receivers.get(&(kind, *id)) {
                groups.entry(*receiver).or_default().push(*id);
            }
        }
        groups
    };
    // Held before anything is logged, as everybody does who changes them, and before anybody looks whose they are.
    let keys = |kind: Kind| moves.iter().filter(|(of, ..)| *of == kind).map(|(_, key, ..)| *key).collect::<Vec<i64>>();
    contact::hold(tx, &keys(Kind::Contact)).await?;
    company::hold(tx, &keys(Kind::Company)).await?;
    let contacts = store::list_owned_contacts(tx, &relation(moves, Kind::Contact)).await?;
    let companies = store::list_owned_companies(tx, &relation(moves, Kind::Company)).await?;
    let handovers = handover::pass_on(tx, ids, now, actor, &relation(moves, Kind::Handover)).await?;
    let tasks = task::pass_on(tx, ids, now, actor, &relation(moves, Kind::Task)).await?;
    let promises = promise::pass_on(tx, &by, &relation(moves, Kind::Promise)).await?;
    for (receiver, group) in by_receiver(Kind::Contact, &contacts) {
        contact::assign_owner(tx, &by, &group, Some(receiver), reason).await.map_err(fault)?;
    }
    for (receiver, group) in by_receiver(Kind::Company, &companies) {
        company::assign_owner(tx, &by, &group, Some(receiver)).await.map_err(fault)?;
    }
    let of = |kind: Kind, keys: Vec<i64>| keys.into_iter().map(move |key| (kind, key));
    let contacts_and_companies = of(Kind::Contact, contacts).chain(of(Kind::Company, companies));
    let work = of(Kind::Task, tasks).chain(of(Kind::Handover, handovers)).chain(of(Kind::Promise, promises));
    Ok(contacts_and_companies.chain(work).collect())
}

fn fault(error: ContactError) -> Fault {
    match error {
        ContactError::Fault(fault) => fault,
        other => Fault::from(other),
    }
}

/// Moves the next batch to its receivers, or with `back` from them; answers how many rows it settled.
async fn move_batch(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, book: &Book, back: bool) -> Result<usize, Fault> {
    let (before, moved, left, reason) = if back { ("given", "back", "stays", REASON_BACK) } else { ("planned", "given", "missed", REASON) };
    let rows = store::next_batch(tx, book.id, before).await?;
    let moves: Vec<Move> =
        rows.iter().map(|(kind, key, to)| if back { (*kind, *key, *to, book.from_id) } else { (*kind, *key, book.from_id, *to) }).collect();
    let done: std::collections::HashSet<(Kind, i64)> = carry_out(tx, ids, now, actor, &moves, reason).await?.into_iter().collect();
    let marks: Vec<(Kind, i64, &str)> =
        rows.iter().map(|(kind, key, _)| (*kind, *key, if done.contains(&(*kind, *key)) { moved } else { left })).collect();
    store::mark(tx, book.id, &marks).await?;
    Ok(rows.len())
}

/// How many rows of a book are in this state.
async fn count_rows(tx: &mut Tx, book_id: i64, state: &str) -> Result<i64, DbError> {
    tx.count(sql!("SELECT count(*) FROM book_rows WHERE book_id = $1 AND state = $2"), params![book_id, state]).await
}

/// Where a hand-over stands, as told: the state of the job that was last put.
pub(crate) async fn find_job(tx: &mut Tx, book: &Book) -> Result<(JobState, i64, i64, String), DbError> {
    let job = attune_jobs::find(tx, book.undo_job_id.unwrap_or(book.job_id)).await?;
    Ok(job.map_or((JobState::Done, 0, 0, String::new()), |job| {
        let why = if job.state == JobState::Failed { job.last_error.unwrap_or_default() } else { String::new() };
        (job.state, job.done_count, job.total_count.unwrap_or(0), why)
    }))
}
