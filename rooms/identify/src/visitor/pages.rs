//! The pages of visitors: now, people, machines, one visit, and the visits of a contact.

use askama::Template;
use attune_house::{App, Panel, Place};
use attune_web::kit::Tab;
use attune_web::{Answer, Can, FormErrors, Lang, NavItem, Path, PermissionDef, Problem, Query, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::view::{Line, Step};
use super::{Kind, PAGE, VisitId, Wanted, count_internal, find, find_span, list, list_events, list_of_contact, live};
use crate::contact::score::Scale;
use crate::contact::{self, ContactId};
use crate::tracking::snippet;

permission!(ViewVisitors, "identify.visitor.view");

/// The permissions of this noun.
pub fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, Own, Team};
    vec![PermissionDef { key: "identify.visitor.view", label_key: "visitor-permission-view", admin: All, manager: Team, agent: Own }]
}

/// The routes of this noun.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/visitors", get(index))
        .route("/visitors/stream", get(follow))
        .route("/visitors/{id}", get(show))
        .route("/contacts/{id}/visits", get(of_contact))
}

/// The entry of the navigation.
pub fn nav() -> NavItem {
    NavItem::new("nav-customers", "visitor-nav", "/visitors", "globe", 35, "identify.visitor.view").go('V')
}

/// The block on the contact page.
pub fn panel() -> Panel {
    Panel {
        key: "identify.visits",
        title_key: "visitor-panel",
        href: |id| format!("/contacts/{}/visits", ContactId(id)),
        order: 40,
        permission: "identify.visitor.view",
        place: Place::Tab,
    }
}

/// How far back visits of our own are counted.
const COUNTED_US: i64 = 30 * attune_kernel::DAY_US;

/// The query of the list.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    show: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    company: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    fn wanted(&self, l: &Lang) -> Wanted {
        let after = self.after.split_once('~').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
        // The last day counts to its end; a day is 23 to 25 hours long, so the next one is asked for.
        let to = l.read_date(&self.to).and_then(|at| l.read_date(&l.date_value(at + 36 * attune_kernel::HOUR_US)));
        let organisation = Some(self.company.trim().chars().take(100).collect::<String>()).filter(|part| !part.is_empty());
        Wanted { kind: self.kind().unwrap_or_default(), organisation, from: l.read_date(&self.from), to, after }
    }

    /// Whose visits are listed; nothing for the live page.
    fn kind(&self) -> Option<Kind> {
        match self.show.as_str() {
            "people" => Some(Kind::People),
            "machines" => Some(Kind::Machines),
            "internal" => Some(Kind::Internal),
            _ => None,
        }
    }
}

#[derive(Template)]
#[template(path = "visitor/list.html", blocks = ["rows"])]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    asked: Asked,
    errors: FormErrors,
    lines: Vec<Line>,
    next: Option<String>,
    span: Option<(i64, i64)>,
    /// Visits of our own in the last 30 days, on their page.
    internal: Option<i64>,
}

#[derive(Template)]
#[template(path = "visitor/now.html")]
struct NowPage {
    shell: Shell,
    tabs: Vec<Tab>,
    part: String,
    snippet: String,
}

/// The part of the live page that changes.
#[derive(Template)]
#[template(path = "visitor/live.html")]
pub(super) struct LivePart {
    pub(super) l: Lang,
    pub(super) now: i64,
    pub(super) lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "visitor/show.html")]
struct ShowPage {
    shell: Shell,
    line: Line,
    steps: Vec<Step>,
}

impl ShowPage {
    fn is_internal(&self) -> bool {
        matches!(self.line.visit.reason.as_deref(), Some("own-network" | "staff"))
    }
}

#[derive(Template)]
#[template(path = "visitor/panel.html", blocks = ["part"])]
struct PanelPage {
    shell: Shell,
    name: String,
    contact_href: String,
    lines: Vec<Line>,
}

fn tabs(l: &Lang, kind: Option<Kind>) -> Vec<Tab> {
    vec![
        Tab::new("/visitors", l.t("visitor-now"), kind.is_none()),
        Tab::new("/visitors?show=people", l.t("visitor-people"), kind == Some(Kind::People)),
        Tab::new("/visitors?show=machines", l.t("visitor-machines"), kind == Some(Kind::Machines)),
        Tab::new("/visitors?show=internal", l.t("visitor-internal"), kind == Some(Kind::Internal)),
    ]
}

async fn index(State(app): State<App>, can: Can<ViewVisitors>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let Some(kind) = asked.kind() else {
        return now(&app, &can, shell).await;
    };
    let wanted = asked.wanted(&shell.l);
    let mut tx = app.db.read().await?;
    let mut visits = list(&mut tx, &can.scope, &wanted).await?;
    let span = find_span(&mut tx, kind).await?;
    let internal = if kind == Kind::Internal { Some(count_internal(&mut tx, shell.now - COUNTED_US).await?) } else { None };
    let scale = Scale::read(&mut tx, shell.now).await?;
    let more = i64::try_from(visits.len()).unwrap_or(0) > PAGE;
    visits.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let next = visits.last().filter(|_| more).map(|last| next_href(&asked, last.started_at, last.id.0));
    let lines = visits.into_iter().map(|visit| Line::new(&shell.l, &scale, visit)).collect();
    let page = ListPage { tabs: tabs(&shell.l, Some(kind)), shell, asked, errors: FormErrors::new(), lines, next, span, internal };
    Ok(page.shell.show(&page, &page.as_rows()))
}

fn next_href(asked: &Asked, at: i64, id: i64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in
        [("show", asked.show.as_str()), ("from", asked.from.as_str()), ("to", asked.to.as_str()), ("company", asked.company.as_str())]
    {
        if !value.is_empty() {
            query.append_pair(key, value);
        }
    }
    format!("/visitors?{}", query.append_pair("after", &format!("{at}~{id}")).finish())
}

async fn now(app: &App, can: &Can<ViewVisitors>, shell: Shell) -> Answer {
    let lines = live::lines(app, &shell.l, &can.scope).await?;
    let part = LivePart { l: shell.l.clone(), now: shell.now, lines };
    if shell.hx.partial {
        return Ok(shell.fragment(&part));
    }
    let part = part.render().map_err(attune_kernel::Fault::from)?;
    let page = NowPage { tabs: tabs(&shell.l, None), part, snippet: snippet(&app.public_url), shell };
    Ok(page.shell.page(&page))
}

async fn follow(State(app): State<App>, can: Can<ViewVisitors>, shell: Shell) -> Answer {
    Ok(live::stream_of(app, shell.l, can.scope))
}

async fn show(State(app): State<App>, can: Can<ViewVisitors>, shell: Shell, Path(id): Path<VisitId>) -> Answer {
    let mut tx = app.db.read().await?;
    let visit = find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let events = list_events(&mut tx, &visit).await?;
    let steps = events.iter().map(|event| Step::new(&shell.l, &shell.sight(), event)).collect();
    let scale = Scale::read(&mut tx, shell.now).await?;
    let page = ShowPage { line: Line::new(&shell.l, &scale, visit), steps, shell };
    Ok(page.shell.page(&page))
}

async fn of_contact(State(app): State<App>, can: Can<ViewVisitors>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.read().await?;
    let person = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let visits = list_of_contact(&mut tx, &can.scope, id.0, 20).await?;
    let scale = Scale::read(&mut tx, shell.now).await?;
    let lines = visits.into_iter().map(|visit| Line::new(&shell.l, &scale, visit)).collect();
    let page = PanelPage { name: contact::name_for(&shell, &person), contact_href: format!("/contacts/{id}"), lines, shell };
    Ok(page.shell.show(&page, &page.as_part()))
}
