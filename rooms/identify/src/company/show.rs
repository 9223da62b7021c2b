//! `/companies/{id}`: one company, its tree, its people and what happened to it and to them.

use askama::Template;
use attune_db::{DbError, Sql, Tx, Value};
use attune_house::{App, Place};
use attune_kernel::Fault;
use attune_web::kit::Tab;
use attune_web::{Actor, Answer, Can, Path, Problem, Query, Scope, Shell, see_other};
use axum::extract::State;
use serde::Deserialize;

use super::merge::is_in_charge;
use super::pages::{Prop, about, own};
use super::{Branch, Company, CompanyId, tree_page};
use crate::ViewContacts;
use crate::address::{self, Map};
use crate::contact::record_page::{Slot, slots};
use crate::contact::timeline::{self, Filter, TimelinePart, Whose};
use crate::contact::{self, Contact, Listing, Order, Sorting};
use crate::field::{self, Field, Subject};
use crate::merge::{self, Merge};
use crate::promise;
use crate::relationship::{self, Record};
use crate::sharing::Reach;
use crate::{staff, tag};

/// People on the page.
const PAGE: i64 = 50;
/// People whose past is on the timeline.
const TOLD: i64 = 200;

/// What the page shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ShowQuery {
    /// `1`: with the people of every branch below.
    branches: String,
    /// Which part of the timeline.
    show: String,
    /// Where the older ones begin.
    before: String,
}

impl ShowQuery {
    /// What stays in the addresses of the timeline.
    fn keep(&self) -> &'static str {
        if self.branches == "1" { "branches=1&" } else { "" }
    }
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
    /// The map around the address, where it has coordinates.
    map: Option<Map>,
    /// The timeline, ready to be shown, and its filters.
    timeline: String,
    filters: Vec<Tab>,
    /// What happened last, what is owed and to whom it stands, ready to be shown, and what other rooms know of what comes next.
    head: String,
    nexts: Vec<Slot>,
    /// The whole tree this company stands in; empty when it stands alone.
    tree: String,
    /// Whether there are branches below, and whether they are shown too.
    has_branches: bool,
    with_branches: bool,
    /// What became part of it.
    merges: Vec<Merge>,
}

pub(super) async fn page(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Query(query): Query<ShowQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let mut company = super::find_today(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    if company.id != id.0 {
        return Ok(see_other(&format!("/companies/{}", company.shown_id())));
    }
    let fields = field::list_of(&mut tx, Subject::Company).await?;
    field::reference::show(&mut tx, (&can.scope, &shell.sight()), &fields, [(id.0, &mut company.fields)]).await?;
    let tree = super::list_branches(&mut tx, &can.scope, id.0).await?;
    let below = super::tree::below(&tree, id.0);
    let has_branches = below.len() > 1;
    let with_branches = has_branches && query.branches == "1";
    let companies = if with_branches { below } else { vec![id.0] };
    let page = read(&mut tx, &can.scope, shell, (company, &fields), (tree, companies), &query).await?;
    let nexts = slots(&app, &page.shell, Place::CompanyHead, id.0);
    let merges = page.merges_of(&mut tx).await?;
    let page = ShowPage { has_branches, with_branches, nexts, merges, ..page };
    Ok(Map::admit(page.map.as_ref(), page.shell.page(&page)))
}

async fn read(
    tx: &mut Tx,
    scope: &Scope,
    shell: Shell,
    (company, fields): (Company, &[Field]),
    (tree, companies): (Vec<Branch>, Vec<i64>),
    query: &ShowQuery,
) -> Result<ShowPage, Problem> {
    let listing = Listing { companies: companies.clone(), ..Listing::default() };
    let sorting = Sorting { order: Order::Name, up: true };
    let people = contact::list(tx, scope, &listing, sorting, "", PAGE).await?;
    let owner = match company.owner_id {
        Some(owner) => staff::find(tx, owner).await?.map(|m| m.name).unwrap_or_default(),
        None => String::new(),
    };
    let those = people_of(tx, scope, &companies).await?;
    let whose = Whose::Companies(&companies, &those);
    let (sight, home) = (shell.sight(), format!("/companies/{}", company.shown_id()));
    let found = timeline::read(tx, &shell.l, &whose, &sight, (Filter::of(&query.show), &query.before)).await?;
    let part = TimelinePart::new(&shell, (&home, query.keep()), &found, (&query.show, &query.before));
    let timeline = part.render().map_err(Fault::from)?;
    let filters = timeline::filters(&shell, (&home, query.keep()), &query.show);
    let last = timeline::last(tx, &shell.l, &whose, &sight).await?;
    let total = contact::pages::shown_count(&shell.l, people.total);
    let tree = if tree.len() > 1 { tree_page::drawn(&tree, company.id)? } else { String::new() };
    let record = Record::Company(company.id);
    let head = promise::head(tx, scope, &shell, record, last.as_ref()).await? + &relationship::head(tx, scope, &shell, record).await?;
    let own = own(&shell, &company, fields);
    let tags = tag::pages::head(tx, &shell, company.shown_id().into()).await?;
    let about = about(&shell, &company, owner);
    let map = address::of_record(tx, &shell, &company.postal, &company.name).await?;
    let (has_branches, with_branches, people, nexts, merges) = (false, false, people.contacts, Vec::new(), Vec::new());
    Ok(ShowPage {
        about,
        own,
        tags,
        people,
        total,
        map,
        timeline,
        filters,
        head,
        nexts,
        tree,
        company,
        has_branches,
        with_branches,
        merges,
        shell,
    })
}

/// The people of these companies whose past is told: the newest.
async fn people_of(tx: &mut Tx, scope: &Scope, companies: &[i64]) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT c.id FROM contacts c WHERE c.deleted_at IS NULL AND c.company_id IN ");
    sql.bind_list(companies.iter().map(|id| Value::Int(*id)));
    Reach::of(tx, scope).await?.push_people(&mut sql, "c");
    sql.push(" ORDER BY c.id DESC LIMIT ").bind(TOLD);
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// The next days, for the button "Older"; without htmx the whole page shows them.
pub(super) async fn more(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Query(query): Query<ShowQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    super::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let companies =
        if query.branches == "1" { super::tree::below(&super::list_branches(&mut tx, &can.scope, id.0).await?, id.0) } else { vec![id.0] };
    let those = people_of(&mut tx, &can.scope, &companies).await?;
    let whose = Whose::Companies(&companies, &those);
    let found = timeline::read(&mut tx, &shell.l, &whose, &shell.sight(), (Filter::of(&query.show), &query.before)).await?;
    let home = format!("/companies/{id}");
    Ok(shell.fragment(&TimelinePart::new(&shell, (&home, query.keep()), &found, (&query.show, &query.before))))
}

impl ShowPage {
    /// The merges the reader may split: what was another's before is named to whoever has both in charge.
    async fn merges_of(&self, tx: &mut Tx) -> Result<Vec<Merge>, DbError> {
        let Some((actor, scope)) = self.merging() else { return Ok(Vec::new()) };
        let in_charge = |merge: &Merge| is_in_charge(actor, scope, (merge.owner_id, merge.team_id));
        Ok(merge::list_of(tx, Subject::Company, self.company.id).await?.into_iter().filter(in_charge).collect())
    }

    /// Who reads and how far the right to merge reaches, if this company is in charge.
    fn merging(&self) -> Option<(&Actor, &Scope)> {
        let actor = self.shell.actor.as_ref()?;
        let scope = actor.may("identify.contact.merge")?;
        is_in_charge(actor, scope, (self.company.owner_id, self.company.team_id)).then_some((actor, scope))
    }

    fn may_merge(&self) -> bool {
        self.merging().is_some()
    }

    /// Whether the reader has this company in charge, as far as deleting goes.
    fn may_delete(&self) -> bool {
        let scope = self.shell.actor.as_ref().and_then(|actor| actor.may("identify.contact.delete"));
        scope.is_some_and(|scope| scope.covers(self.company.owner_id, self.company.team_id))
    }

    /// The job title, else the address.
    fn beside(&self, contact: &Contact) -> String {
        contact.title.clone().or_else(|| contact.email_for(&self.shell.sight())).unwrap_or_default()
    }

    fn name(&self, contact: &Contact) -> String {
        contact::pages::name_for(&self.shell, contact)
    }
}
