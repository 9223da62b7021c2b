//! The lists of pairs, the searches that fill them, and what is decided about a pair.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_jobs::{Job, JobSpec, JobState, cancel, list_recent, put};
use attune_web::kit::Tab;
use attune_web::{Answer, Can, Flash, Lang, NavItem, Problem, Query, Scope, Shell, see_other};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::Reason;
use super::jobs::Outcome;
use super::store::{self, Line, Mark};
use super::twin::{Asker, Party, Speech, Twin, pair_address};
use crate::EditContacts;
use crate::company::Company;
use crate::contact::{By, Contact, ContactError, ContactId};
use crate::merge::pages::MergeContacts;
use crate::relationship::{self, Record, RelationshipId, Terms};

/// Pairs on a page.
const PAGE: i64 = 50;
/// Pairs counted before a count says "more".
const COUNTED: i64 = 10_000;

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/duplicates", get(page::<Contact>).post(start::<Contact>))
        .route("/contacts/duplicates/stop", post(stop::<Contact>))
        .route("/contacts/duplicates/apart", post(apart::<Contact>))
        .route("/contacts/duplicates/together", post(together::<Contact>))
        .route("/contacts/duplicates/family", post(family))
        .route("/companies/duplicates", get(page::<Company>).post(start::<Company>))
        .route("/companies/duplicates/stop", post(stop::<Company>))
        .route("/companies/duplicates/apart", post(apart::<Company>))
        .route("/companies/duplicates/together", post(together::<Company>))
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "duplicate-title", "/contacts/duplicates", "copy", 14, "identify.contact.merge")
}

/// The list as the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    show: String,
    after: String,
}

impl ListQuery {
    fn state(&self) -> &'static str {
        if self.show == "apart" { "apart" } else { "found" }
    }

    fn mark(&self) -> Option<Mark> {
        let mut parts = self.after.split('~');
        let mark = Mark { probability: parts.next()?.parse().ok()?, left: parts.next()?.parse().ok()?, right: parts.next()?.parse().ok()? };
        Some(mark)
    }
}

/// A pair on the page.
struct Row {
    both: [Party; 2],
    share: String,
    reasons: Vec<Reason>,
    /// Where the two are laid side by side.
    href: String,
    /// Where they are told apart, and where that is taken back.
    apart: String,
    together: String,
}

/// The pairs with both records; one of which a record went meanwhile is left out.
async fn rows<T: Twin>(tx: &mut Tx, shell: &Shell, lines: Vec<Line>) -> Result<Vec<Row>, DbError> {
    let wanted: BTreeSet<i64> = lines.iter().flat_map(|(left, right, _)| [*left, *right]).collect();
    let records: HashMap<i64, T> =
        T::list_by_ids(tx, wanted.into_iter().collect()).await?.into_iter().map(|record| (record.id(), record)).collect();
    let row = |(left, right, known): Line| {
        Some(Row {
            both: [records.get(&left)?.party(shell), records.get(&right)?.party(shell)],
            share: known.share(&shell.l),
            reasons: known.reasons::<T>(&shell.l),
            href: T::compare(left, right),
            apart: pair_address::<T>("apart", (left, right)),
            together: pair_address::<T>("together", (left, right)),
        })
    };
    Ok(lines.into_iter().filter_map(row).collect())
}

/// The search that runs or ran last.
struct Search {
    running: bool,
    done: i64,
    total: i64,
    failed: String,
    cancelled: bool,
    outcome: Outcome,
    at: i64,
}

impl Search {
    fn new(job: &Job) -> Self {
        Self {
            running: !job.state.is_over(),
            done: job.done_count,
            total: job.total_count.unwrap_or(0),
            failed: if job.state == JobState::Failed { job.last_error.clone().unwrap_or_default() } else { String::new() },
            cancelled: job.state == JobState::Cancelled,
            outcome: job.result.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
            at: job.created_at,
        }
    }
}

#[derive(Template)]
#[template(path = "duplicate/list.html", blocks = ["search"])]
struct ListPage {
    shell: Shell,
    speech: &'static Speech,
    tabs: Vec<Tab>,
    search: Option<Search>,
    rows: Vec<Row>,
    next: Option<String>,
    is_apart: bool,
    /// Whether the asker sees all of them, whom a search compares.
    sees_all: bool,
}

fn asker<'a>(can: &'a Can<MergeContacts>) -> Asker<'a> {
    Asker { actor: &can.actor, scope: &can.scope }
}

async fn page<T: Twin>(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    // How many there are in all is for whoever may see all.
    let sees_all = can.scope == Scope::All;
    let recent = if sees_all { list_recent(&mut tx, T::FIND, 1).await? } else { Vec::new() };
    let mut lines = store::list::<T>(&mut tx, asker(&can), query.state(), query.mark(), PAGE + 1).await?;
    let next = next_of(&mut lines, &query);
    let tabs = tabs::<T>(&mut tx, asker(&can), &shell.l, query.state()).await?;
    let (search, rows) = (recent.first().map(Search::new), rows::<T>(&mut tx, &shell, lines).await?);
    let page = ListPage { speech: T::SPEECH, tabs, search, rows, next, is_apart: query.state() == "apart", sees_all, shell };
    Ok(page.shell.show(&page, &page.as_search()))
}

/// Where the next page begins; the line behind the page is taken off.
fn next_of(lines: &mut Vec<Line>, query: &ListQuery) -> Option<String> {
    let size = usize::try_from(PAGE).unwrap_or(0);
    let more = lines.len() > size;
    lines.truncate(size);
    let (left, right, known) = lines.last().filter(|_| more)?;
    let show = if query.show.is_empty() { String::new() } else { format!("show={}&", query.show) };
    Some(format!("?{show}after={}~{left}~{right}", known.probability))
}

async fn tabs<T: Twin>(tx: &mut Tx, asker: Asker<'_>, l: &Lang, current: &str) -> Result<Vec<Tab>, DbError> {
    let (home, mut tabs) = (T::SPEECH.home, Vec::new());
    for (state, href, key) in [("found", home.to_owned(), T::SPEECH.found), ("apart", format!("{home}?show=apart"), "duplicate-told-apart")]
    {
        let count = store::count::<T>(tx, asker, state, COUNTED + 1).await?;
        let count = if count > COUNTED { format!("{}+", l.count(COUNTED)) } else { l.count(count).to_string() };
        tabs.push(Tab { count, ..Tab::new(href, l.t(key), state == current) });
    }
    Ok(tabs)
}

async fn start<T: Twin>(State(app): State<App>, can: Can<MergeContacts>, shell: Shell) -> Answer {
    if can.scope != Scope::All {
        return Ok(shell.leave(T::SPEECH.home, Flash::bad(T::SPEECH.only_all)));
    }
    let mut tx = app.db.begin().await?;
    put(&mut tx, &app.bench(), JobSpec::new(T::FIND, serde_json::json!({})).unique(T::FIND).by(can.actor.staff_id)).await?;
    tx.commit().await?;
    Ok(see_other(T::SPEECH.home))
}

async fn stop<T: Twin>(State(app): State<App>, can: Can<MergeContacts>, shell: Shell) -> Answer {
    if can.scope != Scope::All {
        return Ok(shell.leave(T::SPEECH.home, Flash::bad(T::SPEECH.only_all)));
    }
    let mut tx = app.db.begin().await?;
    for job in list_recent(&mut tx, T::FIND, 1).await?.iter().filter(|job| !job.state.is_over()) {
        cancel(&mut tx, job.id, app.clock.now()).await?;
    }
    tx.commit().await?;
    Ok(shell.leave(T::SPEECH.home, Flash::good("duplicate-stopping")))
}

/// Which pair, and the relationship that was made of it, to be taken back with it.
#[derive(Clone, Copy, Debug, Deserialize)]
struct PairQuery<I> {
    left: I,
    right: I,
    #[serde(default)]
    family: Option<RelationshipId>,
}

impl<I: Into<i64> + Copy> PairQuery<I> {
    fn ids(&self) -> (i64, i64) {
        (self.left.into(), self.right.into())
    }
}

fn by<'a>(app: &'a App, can: &'a Can<MergeContacts>) -> By<'a> {
    By { actor: &can.actor, now: app.clock.now(), ids: &app.ids }
}

async fn apart<T: Twin>(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(pair): Query<PairQuery<T::Id>>) -> Answer {
    let mut tx = app.db.begin().await?;
    decide::<T>(&mut tx, &by(&app, &can), &can.scope, pair.ids(), true).await?;
    tx.commit().await?;
    let undo = pair_address::<T>("together", pair.ids());
    Ok(shell.leave(T::SPEECH.home, Flash::good("duplicate-apart-done").undo(undo)))
}

/// Two people of one household: told apart, and each on the other's record.
async fn family(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(pair): Query<PairQuery<ContactId>>) -> Answer {
    let edit = Can::<EditContacts>::of(&can.actor).ok_or(Problem::Forbidden { permission: "identify.contact.edit" })?;
    let (by, mut tx) = (by(&app, &can), app.db.begin().await?);
    decide::<Contact>(&mut tx, &by, &can.scope, pair.ids(), true).await?;
    let made = join(&mut tx, &by, &edit.scope, pair).await?;
    tx.commit().await?;
    let mut undo = pair_address::<Contact>("together", pair.ids());
    if let Some(made) = made {
        undo.push_str(&format!("&family={made}"));
    }
    Ok(shell.leave(Contact::SPEECH.home, Flash::good("duplicate-family-done").undo(undo)))
}

/// Says that the two are family; nothing is made where that is said already.
async fn join(tx: &mut Tx, by: &By<'_>, scope: &Scope, pair: PairQuery<ContactId>) -> Result<Option<RelationshipId>, Problem> {
    let kind = relationship::kind::find("family").ok_or(Problem::NotFound)?;
    let ends = (Record::Contact(pair.left.0), Record::Contact(pair.right.0));
    match relationship::create(tx, by, scope, kind, ends, &Terms::default()).await {
        Ok(id) => Ok(Some(id)),
        Err(ContactError::Invalid { key: "relationship-known", .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn together<T: Twin>(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(pair): Query<PairQuery<T::Id>>) -> Answer {
    let (by, mut tx) = (by(&app, &can), app.db.begin().await?);
    decide::<T>(&mut tx, &by, &can.scope, pair.ids(), false).await?;
    if let (Some(family), Some(edit)) = (pair.family, Can::<EditContacts>::of(&can.actor)) {
        relationship::set_deleted(&mut tx, &by, &edit.scope, family, true).await?;
    }
    tx.commit().await?;
    Ok(shell.leave(T::SPEECH.home, Flash::good("duplicate-together-done")))
}

/// Tells a pair apart, or takes that back, for whoever has both in charge.
async fn decide<T: Twin>(tx: &mut Tx, by: &By<'_>, scope: &Scope, (left, right): (i64, i64), apart: bool) -> Result<(), Problem> {
    for id in [left, right] {
        if !T::is_in_charge(tx, by, scope, id).await? {
            return Err(Problem::NotFound);
        }
    }
    let decided = match apart {
        true => store::set_apart(tx, (left, right), &by.actor.name, by.now).await?,
        false => store::set_together::<T>(tx, (left, right), &by.actor.name, by.now).await?,
    };
    if decided { Ok(()) } else { Err(Problem::NotFound) }
}

impl ListPage {
    fn is_running(&self) -> bool {
        self.search.as_ref().is_some_and(|search| search.running)
    }
}
