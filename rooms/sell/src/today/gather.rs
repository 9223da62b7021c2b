//! Reads what Today shows, each part with one indexed statement.

use attune_db::{DbError, Row, Sql, Tx};
use attune_differentiate::score;
use attune_identify::promise::{self, Promise};
use attune_kernel::{DAY_US, Decay};
use attune_web::{Actor, Scope};

use super::rules::{Candidate, Wants, rank};
use crate::change::{self, Tally};
use crate::handover::{self, Handover, HandoverFilter, State};
use crate::settings;
use crate::task::{self, Task, TaskFilter};

/// How many lines "Do next" has.
const NEXT: usize = 8;
/// How many tasks stand beneath it.
const TASKS: i64 = 8;
/// How many promises stand beneath that.
const PROMISES: i64 = 8;
/// How many hot contacts are shown.
const HOT: i64 = 6;
/// A hot contact in a rep's hands who has done nothing for so long has gone quiet, µs.
const QUIET_US: i64 = 7 * DAY_US;

/// A contact of the hot list.
#[derive(Clone, Debug)]
pub(crate) struct Hot {
    pub(crate) contact_id: i64,
    pub(crate) name: String,
    pub(crate) company: Option<String>,
    pub(crate) points: i64,
    pub(crate) last_seen_at: Option<i64>,
}

impl Hot {
    /// The contact's id as shown.
    pub(crate) fn contact(&self) -> attune_identify::contact::ContactId {
        attune_identify::contact::ContactId(self.contact_id)
    }
}

/// A line of "Do next".
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// A hand-over to answer.
    Answer(Handover),
    /// A task to do.
    Work(Task),
    /// A quiet contact to write to.
    Word(Hot),
}

/// The four numbers at the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// Leads in hand and on offer.
    pub(crate) held: i64,
    /// How many may be.
    pub(crate) cap: i64,
    /// Answers in time within 30 days.
    pub(crate) in_time: i64,
    /// Answers within 30 days.
    pub(crate) answered: i64,
    /// Open tasks due today or earlier.
    pub(crate) due: i64,
    /// Tasks done within seven days.
    pub(crate) done: i64,
}

/// Everything Today shows.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) next: Vec<Next>,
    pub(crate) waiting_more: i64,
    pub(crate) offers: i64,
    pub(crate) tasks: Vec<Task>,
    /// What the reader promised, or was promised, and is to be told of today.
    pub(crate) promises: Vec<Promise>,
    pub(crate) hot: Vec<Hot>,
    pub(crate) hot_from: i64,
    pub(crate) numbers: Numbers,
    pub(crate) changes: Vec<Tally>,
    pub(crate) since_at: i64,
    pub(crate) steps: Vec<(&'static str, bool)>,
}

/// What a reader's rights let them see.
pub(crate) struct Sight<'a> {
    pub(crate) actor: &'a Actor,
    /// Whose changes and hot contacts.
    pub(crate) contacts: Option<Scope>,
    pub(crate) now: i64,
    /// The end of the reader's day, µs.
    pub(crate) day_end: i64,
}

/// Reads the day of `sight.actor`.
pub(crate) async fn gather(tx: &mut Tx, sight: &Sight<'_>) -> Result<Day, DbError> {
    let me = sight.actor.staff_id;
    let own = Scope::Own { staff_id: me };
    let basis = score::basis(tx).await?;
    let decay = basis.decay();
    let filter = HandoverFilter { state: Some(State::Offered), rep_id: Some(me), ..HandoverFilter::default() };
    let offers = handover::list(tx, &own, &filter, 20).await?;
    let tasks = task::list(tx, &own, &TaskFilter::default(), 30).await?;
    let quiet = list_quiet(tx, me, decay, sight.now, basis.warm).await?;
    let since_at = sight.day_end - 2 * DAY_US;
    let (hot, changes) = match &sight.contacts {
        Some(scope) => (list_hot(tx, scope, decay, sight.now, basis.warm).await?, change::tallies(tx, scope, since_at).await?),
        None => (Vec::new(), Vec::new()),
    };
    let promises = match &sight.contacts {
        Some(scope) => promise::list_due(tx, scope, me, sight.day_end, PROMISES).await?,
        None => Vec::new(),
    };
    let numbers = numbers(tx, me, sight).await?;
    let offered = handover::count_offered(tx, me).await?;
    let (next, waiting_more) = do_next(offers, &tasks, quiet, decay, sight);
    let done = change::first_steps(tx).await?;
    let hidden = done.contains("hidden") || change::STEPS.iter().all(|(step, _)| done.contains(*step));
    let steps = if hidden { Vec::new() } else { change::STEPS.iter().map(|(step, _)| (*step, done.contains(*step))).collect() };
    let shown = usize::try_from(TASKS).unwrap_or(8);
    Ok(Day {
        next,
        waiting_more,
        offers: offered,
        tasks: tasks.into_iter().take(shown).collect(),
        promises,
        hot,
        hot_from: basis.hot,
        numbers,
        changes: in_order(changes),
        since_at,
        steps,
    })
}

/// Ranks what asks for something; answers the first lines and how many more there are.
fn do_next(offers: Vec<Handover>, tasks: &[Task], quiet: Vec<Hot>, decay: Decay, sight: &Sight<'_>) -> (Vec<Next>, i64) {
    let mut candidates: Vec<Candidate> = Vec::new();
    for (index, offer) in offers.iter().enumerate() {
        let points = decay.points_at(offer.engagement_k, sight.now);
        candidates.push(Candidate { wants: Wants::Answer, index, due_at: offer.due_at, points });
    }
    for (index, task) in tasks.iter().enumerate().filter(|(_, task)| task.due_at.is_some_and(|at| at < sight.day_end)) {
        candidates.push(Candidate { wants: Wants::Work, index, due_at: task.due_at, points: 0.0 });
    }
    for (index, hot) in quiet.iter().enumerate() {
        candidates.push(Candidate { wants: Wants::Word, index, due_at: None, points: hot.points as f64 });
    }
    rank(&mut candidates, sight.now, sight.day_end);
    let more = candidates.len().saturating_sub(NEXT);
    let line = |c: &Candidate| match c.wants {
        Wants::Answer => offers.get(c.index).cloned().map(Next::Answer),
        Wants::Work => tasks.get(c.index).cloned().map(Next::Work),
        Wants::Word => quiet.get(c.index).cloned().map(Next::Word),
    };
    (candidates.iter().take(NEXT).filter_map(line).collect(), i64::try_from(more).unwrap_or(0))
}

/// The changes in the order in which Today tells them.
fn in_order(mut changes: Vec<Tally>) -> Vec<Tally> {
    changes.sort_by_key(|tally| change::TOLD.iter().position(|name| *name == tally.name));
    changes
}

async fn numbers(tx: &mut Tx, me: i64, sight: &Sight<'_>) -> Result<Numbers, DbError> {
    let own = Scope::Own { staff_id: me };
    let loads = handover::list_loads(tx, &own).await?;
    let load = loads.iter().find(|load| load.staff_id == me);
    let default_cap = settings::holding_cap(tx).await?;
    let (in_time, answered) = handover::in_time_share(tx, me, sight.now - 30 * DAY_US).await?;
    Ok(Numbers {
        held: load.map_or(0, handover::Load::held),
        cap: load.and_then(|load| load.own_cap).unwrap_or(default_cap),
        in_time,
        answered,
        due: task::count_open(tx, &own, &TaskFilter { before: Some(sight.day_end), ..TaskFilter::default() }).await?,
        done: task::count_done(tx, me, sight.now - 7 * DAY_US).await?,
    })
}

const HOT_COLUMNS: &str = "SELECT c.id, c.label AS name, o.name AS company, c.engagement_k, c.last_seen_at
 FROM v_identify_contact c LEFT JOIN v_identify_company o ON o.id = c.company_id WHERE COALESCE(c.engagement_k, -1e300) >= ";

/// The hottest contacts within `scope`, none below `least` points.
async fn list_hot(tx: &mut Tx, scope: &Scope, decay: Decay, now: i64, least: i64) -> Result<Vec<Hot>, DbError> {
    let mut sql = Sql::new(HOT_COLUMNS);
    sql.bind(decay.k_of(least.max(1) as f64, now).unwrap_or(f64::MAX));
    scope.push_filter(&mut sql, "c.owner_id", "c.team_id");
    sql.push(" ORDER BY COALESCE(c.engagement_k, -1e300) DESC, c.id DESC LIMIT ").bind(HOT);
    tx.rows_of(&sql).await?.iter().map(|row| read_hot(row, decay, now)).collect()
}

/// The hottest of this rep's contacts in hand who have not been seen for a week.
async fn list_quiet(tx: &mut Tx, rep_id: i64, decay: Decay, now: i64, least: i64) -> Result<Vec<Hot>, DbError> {
    let mut sql = Sql::new(HOT_COLUMNS);
    sql.bind(decay.k_of(least.max(1) as f64, now).unwrap_or(f64::MAX));
    sql.push(" AND c.owner_id = ").bind(rep_id).push(" AND c.stage IN ('mql', 'sql') AND c.last_seen_at < ").bind(now - QUIET_US);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.contact_id = c.id AND t.done_at IS NULL)");
    sql.push(" ORDER BY COALESCE(c.engagement_k, -1e300) DESC, c.id DESC LIMIT 5");
    tx.rows_of(&sql).await?.iter().map(|row| read_hot(row, decay, now)).collect()
}

fn read_hot(row: &Row, decay: Decay, now: i64) -> Result<Hot, DbError> {
    Ok(Hot {
        contact_id: row.get("id")?,
        name: row.get("name")?,
        company: row.get("company")?,
        points: decay.points_at(row.get("engagement_k")?, now).round() as i64,
        last_seen_at: row.get("last_seen_at")?,
    })
}
