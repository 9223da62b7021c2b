//! The list of pairs, the search that fills it, and the warning beside the form of a new contact.

use askama::Template;
use attune_house::App;
use attune_jobs::{Job, JobSpec, JobState, cancel, list_recent, put};
use attune_kernel::Fault;
use attune_web::kit::Tab;
use attune_web::{Answer, Can, Flash, NavItem, Problem, Query, Scope, Shell, see_other};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::jobs::{FIND, Outcome};
use super::store::{self, Line, Mark};
use super::{Known, Models, Reason, Typed, likely};
use crate::contact::{self, By, Contact, ContactError, ContactId};
use crate::merge::pages::{MergeContacts, address};
use crate::relationship::{self, Record, RelationshipId, Terms};
use crate::{CreateContacts, EditContacts};

/// Pairs on a page.
const PAGE: i64 = 50;
/// Pairs counted before a count says "more".
const COUNTED: i64 = 10_000;
const HOME: &str = "/contacts/duplicates";

/// The routes of this noun.
pub(crate) fn routes(models: &Models) -> Router<App> {
    let models = models.clone();
    Router::new()
        .route(HOME, get(page).post(start))
        .route("/contacts/duplicates/stop", post(stop))
        .route("/contacts/duplicates/apart", post(apart))
        .route("/contacts/duplicates/family", post(family))
        .route("/contacts/duplicates/together", post(together))
        .route("/contacts/duplicates/check", get(move |app, can, shell, typed| check(models.clone(), app, can, shell, typed)))
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "duplicate-title", HOME, "copy", 14, "identify.contact.merge")
}

/// The address that tells two records apart.
pub(crate) fn apart_address(a: i64, b: i64) -> String {
    format!("{HOME}/apart?left={}&right={}", ContactId(a), ContactId(b))
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
    left: Contact,
    right: Contact,
    names: [String; 2],
    emails: [Option<String>; 2],
    share: String,
    reasons: Vec<Reason>,
    href: String,
}

impl Row {
    fn new(shell: &Shell, line: Line) -> Self {
        Self {
            names: [contact::name_of(&shell.l, &line.left), contact::name_of(&shell.l, &line.right)],
            emails: [&line.left, &line.right].map(|person| person.email_for(&shell.sight())),
            share: line.known.share(&shell.l),
            reasons: line.known.reasons(&shell.l),
            href: address(line.left.id, line.right.id),
            left: line.left,
            right: line.right,
        }
    }

    fn sides(&self) -> [(&Contact, &String, &Option<String>); 2] {
        let ([left, right], [one, other]) = (&self.names, &self.emails);
        [(&self.left, left, one), (&self.right, right, other)]
    }

    fn apart_href(&self) -> String {
        apart_address(self.left.id, self.right.id)
    }

    fn together_href(&self) -> String {
        self.apart_href().replace("/apart?", "/together?")
    }
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
    tabs: Vec<Tab>,
    search: Option<Search>,
    rows: Vec<Row>,
    next: Option<String>,
    is_apart: bool,
    /// Whether the asker sees everybody, whom a search compares.
    sees_all: bool,
}

async fn page(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    // How many there are in all is for whoever may see all.
    let recent = if can.scope == attune_web::Scope::All { list_recent(&mut tx, FIND, 1).await? } else { Vec::new() };
    let search = recent.first().map(Search::new);
    let mut lines = store::list(&mut tx, &can.scope, query.state(), query.mark(), PAGE + 1).await?;
    let next = next_of(&mut lines, &query);
    let tabs = tabs(&mut tx, &can, &shell, query.state()).await?;
    let rows = lines.into_iter().map(|line| Row::new(&shell, line)).collect();
    let sees_all = can.scope == attune_web::Scope::All;
    let page = ListPage { tabs, search, rows, next, is_apart: query.state() == "apart", sees_all, shell };
    Ok(page.shell.show(&page, &page.as_search()))
}

/// Where the next page begins; the line behind the page is taken off.
fn next_of(lines: &mut Vec<Line>, query: &ListQuery) -> Option<String> {
    let size = usize::try_from(PAGE).unwrap_or(0);
    let more = lines.len() > size;
    lines.truncate(size);
    let last = lines.last().filter(|_| more)?;
    let show = if query.show.is_empty() { String::new() } else { format!("show={}&", query.show) };
    Some(format!("?{show}after={}~{}~{}", last.known.probability, last.left.id, last.right.id))
}

async fn tabs(tx: &mut attune_db::Tx, can: &Can<MergeContacts>, shell: &Shell, current: &str) -> Result<Vec<Tab>, Problem> {
    let mut tabs = Vec::new();
    for (state, href, key) in [("found", HOME, "duplicate-found"), ("apart", "/contacts/duplicates?show=apart", "duplicate-told-apart")] {
        let count = store::count(tx, &can.scope, state, COUNTED + 1).await?;
        let count = if count > COUNTED { format!("{}+", shell.l.count(COUNTED)) } else { shell.l.count(count).to_string() };
        tabs.push(Tab { count, ..Tab::new(href, shell.l.t(key), state == current) });
    }
    Ok(tabs)
}

async fn start(State(app): State<App>, can: Can<MergeContacts>, shell: Shell) -> Answer {
    if can.scope != attune_web::Scope::All {
        return Ok(shell.leave(HOME, Flash::bad("duplicate-only-all")));
    }
    let mut tx = app.db.begin().await?;
    put(&mut tx, &app.bench(), JobSpec::new(FIND, serde_json::json!({})).unique(FIND).by(can.actor.staff_id)).await?;
    tx.commit().await?;
    Ok(see_other(HOME))
}

async fn stop(State(app): State<App>, can: Can<MergeContacts>, shell: Shell) -> Answer {
    if can.scope != attune_web::Scope::All {
        return Ok(shell.leave(HOME, Flash::bad("duplicate-only-all")));
    }
    let mut tx = app.db.begin().await?;
    for job in list_recent(&mut tx, FIND, 1).await?.iter().filter(|job| !job.state.is_over()) {
        cancel(&mut tx, job.id, app.clock.now()).await?;
    }
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("duplicate-stopping")))
}

/// Which pair, and the relationship that was made of it, to be taken back with it.
#[derive(Clone, Copy, Debug, Deserialize)]
struct PairQuery {
    left: ContactId,
    right: ContactId,
    #[serde(default)]
    family: Option<RelationshipId>,
}

async fn apart(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(pair): Query<PairQuery>) -> Answer {
    let mut tx = app.db.begin().await?;
    decide(&mut tx, &by(&app, &can), &can, pair, true).await?;
    tx.commit().await?;
    let undo = apart_address(pair.left.0, pair.right.0).replace("/apart?", "/together?");
    Ok(shell.leave(HOME, Flash::good("duplicate-apart-done").undo(undo)))
}

/// Two people of one household: told apart, and each on the other's record.
async fn family(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(pair): Query<PairQuery>) -> Answer {
    let edit = Can::<EditContacts>::of(&can.actor).ok_or(Problem::Forbidden { permission: "identify.contact.edit" })?;
    let (by, mut tx) = (by(&app, &can), app.db.begin().await?);
    decide(&mut tx, &by, &can, pair, true).await?;
    let made = join(&mut tx, &by, &edit.scope, pair).await?;
    tx.commit().await?;
    let mut undo = apart_address(pair.left.0, pair.right.0).replace("/apart?", "/together?");
    if let Some(made) = made {
        undo.push_str(&format!("&family={made}"));
    }
    Ok(shell.leave(HOME, Flash::good("duplicate-family-done").undo(undo)))
}

/// Says that the two are family; nothing is made where that is said already.
async fn join(tx: &mut attune_db::Tx, by: &By<'_>, scope: &Scope, pair: PairQuery) -> Result<Option<RelationshipId>, Problem> {
    let kind = relationship::kind::find("family").ok_or(Problem::NotFound)?;
    let ends = (Record::Contact(pair.left.0), Record::Contact(pair.right.0));
    match relationship::create(tx, by, scope, kind, ends, &Terms::default()).await {
        Ok(id) => Ok(Some(id)),
        Err(ContactError::Invalid { key: "relationship-known", .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn by<'a>(app: &'a App, can: &'a Can<MergeContacts>) -> By<'a> {
    By { actor: &can.actor, now: app.clock.now(), ids: &app.ids }
}

async fn together(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(pair): Query<PairQuery>) -> Answer {
    let (by, mut tx) = (by(&app, &can), app.db.begin().await?);
    decide(&mut tx, &by, &can, pair, false).await?;
    if let (Some(family), Some(edit)) = (pair.family, Can::<EditContacts>::of(&can.actor)) {
        relationship::set_deleted(&mut tx, &by, &edit.scope, family, true).await?;
    }
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("duplicate-together-done")))
}

async fn decide(tx: &mut attune_db::Tx, by: &By<'_>, can: &Can<MergeContacts>, pair: PairQuery, apart: bool) -> Result<(), Problem> {
    for id in [pair.left, pair.right] {
        contact::find_owned(tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    }
    if !store::set_apart(tx, (pair.left.0, pair.right.0), apart, &by.actor.name, by.now).await? {
        return Err(Problem::NotFound);
    }
    Ok(())
}

/// The warning beside the form of a new contact.
#[derive(Template)]
#[template(path = "duplicate/warning.html")]
struct Warning<'a> {
    shell: &'a Shell,
    people: Vec<(ContactId, String, String, Vec<Reason>)>,
}

/// The warning about people who may be meant; empty when there are none.
pub(crate) fn warning(shell: &Shell, people: &[(Contact, Known)]) -> Result<String, Problem> {
    let line = |(person, known): &(Contact, Known)| {
        let detail = [person.email_for(&shell.sight()), person.company_name.clone()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        (person.shown_id(), contact::name_of(&shell.l, person), detail, known.reasons(&shell.l))
    };
    let part = Warning { shell, people: people.iter().map(line).collect() };
    part.render().map_err(|e| Problem::Fault(Fault::from(e).context("the warning could not be rendered")))
}

async fn check(models: Models, State(app): State<App>, can: Can<CreateContacts>, shell: Shell, Query(typed): Query<Typed>) -> Answer {
    let people = likely(&mut app.db.read().await?, &models, (&can.scope, &shell.sight()), &typed).await?;
    let part = warning(&shell, &people)?;
    Ok(axum::response::IntoResponse::into_response(axum::response::Html(part)))
}

impl ListPage {
    fn is_running(&self) -> bool {
        self.search.as_ref().is_some_and(|search| search.running)
    }
}
