//! The people behind a figure.

use askama::Template;
use attune_db::{DbError, Row, Sql, Tx};
use attune_house::App;
use attune_identify::contact::ContactId;
use attune_identify::sharing::Reach;
use attune_web::kit::{cut_page, with_query};
use attune_web::{Answer, Can, Problem, Query, Scope, Shell};
use axum::extract::State;

use super::pages::source_of;
use super::period::Asked;
use super::{Period, Stage};
use crate::ViewReports;

const PAGE: usize = 50;

/// Somebody behind a figure.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) contact_id: i64,
    pub(crate) name: String,
    pub(crate) company: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) source: String,
    pub(crate) known_at: i64,
    pub(crate) reached_at: i64,
}

/// A browser behind a figure.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) visitor_id: i64,
    pub(crate) first_at: i64,
    pub(crate) contact_id: Option<i64>,
    pub(crate) name: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) landing: Option<String>,
}

#[derive(Template)]
#[template(path = "funnel/people.html")]
struct PeoplePage {
    shell: Shell,
    title: String,
    people: Vec<Person>,
    guests: Vec<Guest>,
    is_guests: bool,
    back: String,
    next: Option<String>,
}

/// GET /reports/funnel/people
pub(crate) async fn page(State(app): State<App>, can: Can<ViewReports>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    let (period, after) = (Period::of(&asked, shell.now), place(&asked.after));
    let title = title(&shell, &asked).ok_or(Problem::NotFound)?;
    let is_guests = matches!(asked.stage.as_str(), "visitor" | "identified");
    let back = format!("/reports/funnel{}", with_query(&asked.query(), "stage", ""));
    let mut page = PeoplePage { title, people: Vec::new(), guests: Vec::new(), is_guests, back, next: None, shell };
    let seen = can.actor.may("identify.contact.view").ok_or(Problem::Forbidden { permission: "identify.contact.view" })?;
    let mut tx = app.db.read().await?;
    let last = if page.is_guests {
        page.guests = list_guests(&mut tx, seen, period, asked.stage == "identified", after).await?;
        cut_page(&mut page.guests, PAGE).map(|g| (g.first_at, g.visitor_id))
    } else {
        page.people = list_people(&mut tx, &[can.scope, *seen], period, &asked, after).await?;
        cut_page(&mut page.people, PAGE).map(|p| (p.known_at, p.contact_id))
    };
    page.next = last.map(|(at, id)| address(&asked, &format!("{at}.{}", attune_kernel::encode_id("row", id))));
    Ok(page.shell.page(&page))
}

/// Where a list goes on: order value and id.
fn place(text: &str) -> Option<(i64, i64)> {
    let (at, id) = text.split_once('.')?;
    Some((at.parse().ok()?, attune_kernel::decode_id("row", id).ok()?))
}

fn address(asked: &Asked, after: &str) -> String {
    let mut query = asked.query();
    for (name, value) in [("stage", asked.stage.as_str()), ("left", asked.left.as_str()), ("after", after)] {
        query = with_query(&query, name, value).trim_start_matches('?').to_owned();
    }
    format!("/reports/funnel/people?{query}")
}

/// What the list is called; nothing for a stage that does not exist.
fn title(shell: &Shell, asked: &Asked) -> Option<String> {
    let key = match asked.stage.as_str() {
        "visitor" => "funnel-visitors",
        "identified" => "funnel-identified",
        "direct" => "funnel-stage-direct",
        word => Stage::of(word)?.label_key(),
    };
    let name = shell.l.t(key).to_string();
    if asked.left.is_empty() { Some(name) } else { Some(shell.l.of("funnel-left-at").s("stage", name).to_string()) }
}

/// The people of a stage, or those who went no further, newest first: those whom every one of `scopes` covers.
async fn list_people(
    tx: &mut Tx,
    scopes: &[Scope],
    period: Period,
    asked: &Asked,
    after: Option<(i64, i64)>,
) -> Result<Vec<Person>, DbError> {
    let mut sql = Sql::new(
        "SELECT s.contact_id, COALESCE(c.label, '') AS name, o.name AS company, w.name AS owner, s.source, s.known_at, s.reached_at
         FROM funnel_steps s JOIN v_identify_contact c ON c.id = s.contact_id LEFT JOIN v_identify_company o ON o.id = c.company_id
         LEFT JOIN v_govern_staff w ON w.id = c.owner_id WHERE s.stage = ",
    );
    sql.bind(asked.stage.as_str()).push(" AND s.known_at >= ").bind(period.from_at()).push(" AND s.known_at < ").bind(period.to_at());
    if let Some(source) = source_of(asked) {
        sql.push(" AND s.source = ").bind(source);
    }
    for scope in scopes {
        Reach::of(tx, scope).await?.push_people(&mut sql, "c");
    }
    if let Some(next) = Stage::of(&asked.stage).and_then(Stage::after).filter(|_| !asked.left.is_empty()) {
        sql.push(" AND NOT EXISTS (SELECT 1 FROM funnel_steps n WHERE n.contact_id = s.contact_id AND n.stage = ")
            .bind(next.word())
            .push(")");
    }
    if let Some((at, id)) = after {
        sql.push(" AND (s.known_at, s.contact_id) < (").bind(at).push(", ").bind(id).push(")");
    }
    sql.push(" ORDER BY s.known_at DESC, s.contact_id DESC LIMIT ").bind(PAGE + 1);
    let person = |row: &Row| {
        Ok(Person {
            contact_id: row.get("contact_id")?,
            name: row.get("name")?,
            company: row.get("company")?,
            owner: row.get("owner")?,
            source: row.get("source")?,
            known_at: row.get("known_at")?,
            reached_at: row.get("reached_at")?,
        })
    };
    tx.rows_of(&sql).await?.iter().map(person).collect()
}

/// The browsers first seen in the period, newest first; only whom `seen` covers is named.
async fn list_guests(
    tx: &mut Tx,
    seen: &Scope,
    period: Period,
    identified: bool,
    after: Option<(i64, i64)>,
) -> Result<Vec<Guest>, DbError> {
    let mut sql = Sql::new(
        "SELECT f.visitor_id, f.first_at, f.contact_id, NULLIF(c.label, '') AS name, c.owner_id, c.team_id, c.company_id,
           (SELECT v.source FROM v_identify_visit v WHERE v.visitor_id = f.visitor_id ORDER BY v.last_at LIMIT 1) AS source,
           (SELECT v.landing FROM v_identify_visit v WHERE v.visitor_id = f.visitor_id ORDER BY v.last_at LIMIT 1) AS landing
         FROM funnel_visitors f LEFT JOIN v_identify_contact c ON c.id = f.contact_id WHERE f.first_at >= ",
    );
    sql.bind(period.from_at()).push(" AND f.first_at < ").bind(period.to_at());
    if identified {
        sql.push(" AND f.known_at IS NOT NULL");
    }
    if let Some((at, id)) = after {
        sql.push(" AND (f.first_at, f.visitor_id) < (").bind(at).push(", ").bind(id).push(")");
    }
    sql.push(" ORDER BY f.first_at DESC, f.visitor_id DESC LIMIT ").bind(PAGE + 1);
    let reach = Reach::of(tx, seen).await?;
    let guest = |row: &Row| {
        let covered = reach.covers_row(row)?;
        Ok(Guest {
            visitor_id: row.get("visitor_id")?,
            first_at: row.get("first_at")?,
            contact_id: row.get::<Option<i64>>("contact_id")?.filter(|_| covered),
            name: row.get::<Option<String>>("name")?.filter(|_| covered),
            source: row.get("source")?,
            landing: row.get("landing")?,
        })
    };
    tx.rows_of(&sql).await?.iter().map(guest).collect()
}

/// A contact's id as shown.
pub(crate) fn contact(id: &i64) -> ContactId {
    ContactId(*id)
}
