//! The page where the other company is chosen, and the one where both are laid side by side and merged.

use std::collections::HashMap;

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Lang, Path, Problem, Query, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::{differing, find_both, find_in_charge, merge, suggested};
use crate::company::{ByKeys, Company, CompanyId, Listing, domain_key, list_by_keys, list_rows, list_within};
use crate::contact::{self, By, ContactError};
use crate::duplicate::{self, Asker, Reason, Twin};
use crate::field::{self, Subject};
use crate::merge::pages::MergeContacts;
use crate::merge::versus::{Evidence, MergeForm, MergePage, PairQuery, Side, Speech, Words};
use crate::merge::{Pair, closed, units};
use crate::staff;

/// The most companies a search offers.
const FOUND: usize = 8;

/// The routes of this noun.
pub(in crate::company) fn routes() -> Router<App> {
    Router::new().route("/companies/merge", get(page).post(act)).route("/companies/{id}/merge", get(choose))
}

const SPEECH: Speech = Speech {
    title: "company-merge",
    text: "company-merge-text",
    follows: "company-merge-follows",
    home: ("/companies", "identify-companies"),
    action: "/companies/merge",
};

/// The address of the page that lays two companies side by side.
pub(crate) fn address(survivor: i64, loser: i64) -> String {
    format!("/companies/merge?survivor={}&loser={}", CompanyId(survivor), CompanyId(loser))
}

/// Which company is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ChooseQuery {
    q: String,
}

#[derive(Template)]
#[template(path = "company/merge/choose.html", blocks = ["found"])]
struct ChoosePage {
    shell: Shell,
    firm: Company,
    q: String,
    found: Vec<Company>,
    /// Those that the last search took for the same one, with how likely and why.
    likely: Vec<(Company, String, Vec<Reason>)>,
    errors: FormErrors,
}

impl ChoosePage {
    fn href(&self, other: &Company) -> String {
        address(self.firm.id, other.id)
    }

    /// What tells one from another of the same name.
    fn detail(&self, other: &Company) -> String {
        other.party(&self.shell).detail
    }

    /// Whether something was looked for and not found.
    fn is_in_vain(&self) -> bool {
        !self.q.trim().is_empty() && self.found.is_empty()
    }
}

/// Companies in charge by a part of the name, or by the domain.
async fn search(tx: &mut Tx, by: &By<'_>, scope: &Scope, q: &str) -> Result<Vec<Company>, DbError> {
    if q.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    if let Some(domain) = domain_key(q) {
        let ids = list_by_keys(tx, ByKeys::Domain, [domain]).await?.into_iter().map(|company| company.id);
        found = list_within(tx, scope, ids).await?;
    }
    let listing = Listing { search: q.to_owned(), limit: 50, ..Listing::default() };
    for company in list_rows(tx, scope, &listing).await? {
        if found.iter().all(|known| known.id != company.id) {
            found.push(company);
        }
    }
    found.retain(|company| super::is_in_charge(by.actor, scope, (company.owner_id, company.team_id)));
    Ok(found)
}

async fn choose(
    State(app): State<App>,
    can: Can<MergeContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Query(query): Query<ChooseQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let company = find_in_charge(&mut tx, &by, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let mut found = search(&mut tx, &by, &can.scope, &query.q).await?;
    found.retain(|other| other.id != id.0);
    found.truncate(FOUND);
    let likely = if shell.hx.partial { Vec::new() } else { likely(&mut tx, &can, &shell.l, id).await? };
    let page = ChoosePage { firm: company, q: query.q, found, likely, errors: FormErrors::new(), shell };
    Ok(page.shell.show(&page, &page.as_found()))
}

/// Who was found to be likely the same company.
async fn likely(tx: &mut Tx, can: &Can<MergeContacts>, l: &Lang, id: CompanyId) -> Result<Vec<(Company, String, Vec<Reason>)>, DbError> {
    let asker = Asker { actor: &can.actor, scope: &can.scope };
    let found = duplicate::list_of::<Company>(tx, asker, id.0).await?;
    Ok(found.into_iter().map(|(company, known)| (company, known.share(l), known.reasons::<Company>(l))).collect())
}

async fn page(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Query(query): Query<PairQuery<CompanyId>>) -> Answer {
    let mut tx = app.db.read().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let pair = Pair { survivor: query.survivor.0, loser: query.loser.0 };
    let both = find_both(&mut tx, &by, &can.scope, pair).await?;
    let page = side_by_side(&mut tx, (&by, &can.scope), shell, both).await?;
    Ok(page.shell.page(&page))
}

async fn side_by_side(
    tx: &mut Tx,
    (by, scope): (&By<'_>, &Scope),
    shell: Shell,
    (mut survivor, mut loser): (Company, Company),
) -> Result<MergePage, DbError> {
    let known = duplicate::find_known::<Company>(tx, survivor.id, loser.id).await?;
    let (fields, owners) = (field::list_of(tx, Subject::Company).await?, staff::names(&staff::list(tx).await?));
    // By what is kept: two that are hidden look the same, and whoever is gone looks like nobody.
    let closed = closed(tx, by.actor, &survivor, &loser).await?;
    let (differing, shared) = (differing(tx, &survivor, &loser).await?, units::shared(&survivor, &loser));
    let suggested = suggested(tx, by, &survivor, &loser).await?;
    let seen = field::reference::scope_of(by.actor).unwrap_or(*scope);
    let both = [&mut survivor, &mut loser].map(|one| (one.id, &mut one.fields));
    field::reference::show(tx, (&seen, &shell.sight()), &fields, both).await?;
    let parents = list_within(tx, &seen, [&survivor, &loser].into_iter().filter_map(|one| one.parent_id)).await?;
    let parents: HashMap<i64, String> = parents.into_iter().map(|parent| (parent.id, parent.name)).collect();
    let (lines, shared) = {
        let unseen = shell.l.t("company-merge-parent-hidden").to_string();
        let names = |company: &Company, unit: &str| match unit {
            "owner_id" => Some(company.owner_id.and_then(|id| owners.get(&id).cloned()).unwrap_or_default()),
            "parent" => Some(company.parent_id.map(|id| parents.get(&id).unwrap_or(&unseen).clone()).unwrap_or_default()),
            _ => None,
        };
        let words = Words { l: &shell.l, sight: shell.sight(), fields, names: &names };
        (words.lines((&survivor, &loser), differing, &suggested, &closed), words.shared(&survivor, &shared))
    };
    let evidence = known.map(|known| Evidence::new::<Company>(&shell.l, &known, (survivor.id, loser.id)));
    let swap = address(loser.id, survivor.id);
    let (survivor, loser) = (side(tx, &shell.l, scope, survivor).await?, side(tx, &shell.l, scope, loser).await?);
    Ok(MergePage { speech: &SPEECH, survivor, loser, lines, shared, evidence, swap, shell })
}

async fn side(tx: &mut Tx, l: &Lang, scope: &Scope, company: Company) -> Result<Side, DbError> {
    let listing = contact::Listing { company_id: Some(company.id), ..contact::Listing::default() };
    let people = contact::count(tx, scope, &listing).await?;
    Ok(Side {
        id: company.id,
        shown_id: company.shown_id().to_string(),
        href: format!("/companies/{}", company.shown_id()),
        created_at: company.created_at,
        amount: l.of("company-merge-people").n("count", people).to_string(),
        name: company.name,
    })
}

async fn act(State(app): State<App>, can: Can<MergeContacts>, shell: Shell, Form(form): Form<MergeForm<CompanyId>>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let pair = Pair { survivor: form.survivor.0, loser: form.loser.0 };
    let id = match merge(&mut tx, &app.bench(), &by, &can.scope, pair, &form.chosen()).await {
        Ok(id) => id,
        Err(ContactError::Invalid { key, .. }) => return Ok(shell.leave(&address(pair.survivor, pair.loser), Flash::bad(key))),
        Err(error) => return Err(error.into()),
    };
    tx.commit().await?;
    Ok(shell.leave(&format!("/companies/{}", form.survivor), Flash::good("company-merged").undo(format!("/merges/{id}/split"))))
}
