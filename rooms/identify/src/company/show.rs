//! `/companies/{id}`: one company, its tree, its people and what happened to them.

use askama::Template;
use attune_db::{Sql, Tx, Value};
use attune_events::{Event, read_event};
use attune_house::App;
use attune_web::{Answer, Can, Path, Problem, Query, Scope, Shell};
use axum::extract::State;
use serde::Deserialize;

use super::pages::{Prop, about, own};
use super::{Branch, Company, CompanyId, tree_page};
use crate::ViewContacts;
use crate::contact::timeline::Entry;
use crate::contact::{self, Contact, Listing, Order, Sorting};
use crate::field::{self, Subject};
use crate::promise;
use crate::relationship::Record;
use crate::sharing::Reach;
use crate::{staff, tag};

/// People on the page.
const PAGE: i64 = 50;

/// What the page shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ShowQuery {
    /// `1`: with the people of every branch below.
    branches: String,
}

#[derive(Template)]
#[template(path = "company/show.html")]
struct ShowPage {
    shell: Shell,
    company: Company,
    about: Vec<Prop>,
    /// Fields of one's own.
    own: Vec<Prop>,
    /// The tags, ready to be shown.
    tags: String,
    people: Vec<Contact>,
    total: String,
    entries: Vec<Entry>,
    /// What happened last and what is owed, ready to be shown.
    head: String,
    /// The whole tree this company stands in; empty when it stands alone.
    tree: String,
    /// Whether there are branches below, and whether they are shown too.
    has_branches: bool,
    with_branches: bool,
}

pub(super) async fn page(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Query(query): Query<ShowQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let company = super::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let tree = super::list_branches(&mut tx, &can.scope, id.0).await?;
    let below = super::tree::below(&tree, id.0);
    let has_branches = below.len() > 1;
    let with_branches = has_branches && query.branches == "1";
    let companies = if with_branches { below } else { vec![id.0] };
    let page = read(&mut tx, &can.scope, shell, company, (tree, companies)).await?;
    let page = ShowPage { has_branches, with_branches, ..page };
    Ok(page.shell.page(&page))
}

async fn read(
    tx: &mut Tx,
    scope: &Scope,
    shell: Shell,
    company: Company,
    (tree, companies): (Vec<Branch>, Vec<i64>),
) -> Result<ShowPage, Problem> {
    let listing = Listing { companies: companies.clone(), ..Listing::default() };
    let sorting = Sorting { order: Order::Name, up: true };
    let people = contact::list(tx, scope, &listing, sorting, "", PAGE).await?;
    let owner = match company.owner_id {
        Some(owner) => staff::find(tx, owner).await?.map(|m| m.name).unwrap_or_default(),
        None => String::new(),
    };
    let entries = contact::timeline::told_entries(&shell.l, &shell.sight(), events(tx, scope, &companies).await?);
    let total = contact::pages::shown_count(&shell.l, people.total);
    let tree = if tree.len() > 1 { tree_page::drawn(&tree, company.id)? } else { String::new() };
    let head = promise::head(tx, scope, &shell, Record::Company(company.id), entries.first()).await?;
    let own = own(&shell, &company, &field::list_of(tx, Subject::Company).await?);
    let tags = tag::pages::head(tx, &shell, company.shown_id().into()).await?;
    let about = about(&shell, &company, owner);
    let (has_branches, with_branches) = (false, false);
    Ok(ShowPage { about, own, tags, people: people.contacts, total, entries, head, tree, company, has_branches, with_branches, shell })
}

/// What happened to the people of these companies, newest first.
async fn events(tx: &mut Tx, scope: &Scope, companies: &[i64]) -> Result<Vec<Event>, Problem> {
    let mut sql = Sql::new(
        "SELECT e.seq, e.name, e.at, e.contact_id, e.visitor_id, e.session_id, e.company_id, e.subject, e.amount, e.machine, e.cause, e.depth,
         e.client_key, e.origin_id, e.props FROM (SELECT c.id FROM contacts c WHERE c.deleted_at IS NULL AND c.company_id IN ",
    );
    sql.bind_list(companies.iter().map(|id| Value::Int(*id)));
    Reach::of(tx, scope).await?.push_people(&mut sql, "c");
    sql.push(" ORDER BY c.id DESC LIMIT 200) AS p JOIN events e ON e.contact_id = p.id");
    sql.push(" WHERE e.name NOT IN ('score.changed', 'segment.entered', 'segment.left') ORDER BY e.at DESC, e.seq DESC LIMIT 30");
    let rows = tx.rows_of(&sql).await?;
    Ok(rows.iter().map(read_event).collect::<Result<_, _>>()?)
}

impl ShowPage {
    /// The job title, else the address.
    fn beside(&self, contact: &Contact) -> String {
        contact.title.clone().or_else(|| contact.email_for(&self.shell.sight())).unwrap_or_default()
    }

    fn name(&self, contact: &Contact) -> String {
        contact::pages::name_for(&self.shell, contact)
    }
}
