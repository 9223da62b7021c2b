//! The tree on a company's page, and the form that moves a company under another.

use std::collections::BTreeMap;

use askama::Template;
use attune_house::App;
use attune_kernel::Fault;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Branch, CompanyId, Listing, tree};
use crate::EditContacts;
use crate::contact::{By, ContactError};

/// The most companies a search offers.
const FOUND: i64 = 8;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/companies/{id}/parent", get(form).post(save)).route("/companies/{id}/parent/undo", post(undo))
}

#[derive(Template)]
#[template(path = "company/branch.html")]
struct BranchPart<'a> {
    branch: &'a Branch,
    current: bool,
    below: String,
}

impl BranchPart<'_> {
    fn href(&self) -> String {
        format!("/companies/{}", CompanyId(self.branch.id))
    }
}

/// A tree as nested lists; `current` is the company whose page it stands on.
pub(super) fn drawn(branches: &[Branch], current: i64) -> Result<String, Fault> {
    level(&tree::by_parent(branches), 0, current, tree::DEEPEST)
}

fn level(tree: &BTreeMap<i64, Vec<&Branch>>, parent: i64, current: i64, deep: i64) -> Result<String, Fault> {
    let Some(branches) = tree.get(&parent).filter(|_| deep > 0) else { return Ok(String::new()) };
    let mut html = String::from("<ul>");
    for branch in branches {
        let below = level(tree, branch.id, current, deep - 1)?;
        html.push_str(&BranchPart { branch, current: branch.id == current, below }.render()?);
    }
    html.push_str("</ul>");
    Ok(html)
}

/// Under which company, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ParentForm {
    q: String,
    parent: String,
}

#[derive(Template)]
#[template(path = "company/parent.html", blocks = ["form", "found"])]
struct ParentPage {
    shell: Shell,
    id: CompanyId,
    name: String,
    found: Vec<Choice>,
    form: ParentForm,
    errors: FormErrors,
}

impl ParentPage {
    async fn read(app: &App, scope: &Scope, shell: Shell, id: CompanyId, mut form: ParentForm) -> Result<Self, Problem> {
        let mut tx = app.db.read().await?;
        let company = super::find(&mut tx, scope, id.0).await?.ok_or(Problem::NotFound)?;
        let choice = |id: i64, name: &str| Choice::new(CompanyId(id), name);
        let mut found = vec![Choice::new("none", shell.l.t("company-no-parent"))];
        let parent = match company.parent_id {
            Some(parent) => super::find(&mut tx, scope, parent).await?,
            None => None,
        };
        if form.parent.is_empty() {
            let standing = if company.parent_id.is_none() { "none".to_owned() } else { String::new() };
            form.parent = parent.as_ref().map_or(standing, |parent| parent.shown_id().to_string());
        }
        found.extend(parent.iter().map(|parent| choice(parent.id, &parent.name)));
        if !form.q.trim().is_empty() {
            let listing = Listing { search: form.q.clone(), limit: FOUND, ..Listing::default() };
            let rows = super::list_rows(&mut tx, scope, &listing).await?;
            let others = rows.iter().filter(|c| c.id != id.0 && Some(c.id) != company.parent_id);
            found.extend(others.map(|c| choice(c.id, &c.name)));
        }
        Ok(Self { shell, id, name: company.name, found, form, errors: FormErrors::new() })
    }
}

async fn form(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Query(form): Query<ParentForm>,
) -> Answer {
    let page = ParentPage::read(&app, &can.scope, shell, id, form).await?;
    Ok(page.shell.show(&page, &page.as_found()))
}

fn read_parent(typed: &str) -> Result<Option<i64>, ContactError> {
    let wrong = |key| ContactError::Invalid { attribute: "parent".to_owned(), key };
    match typed {
        // Nothing chosen is no wish to stand alone: a search shows others, and a parent may be one that the reader does not see.
        "" => return Err(wrong("web-required")),
        "none" => return Ok(None),
        _ => {}
    }
    let unknown = |_| wrong("web-not-a-choice");
    typed.parse::<CompanyId>().map(|id| Some(id.0)).map_err(unknown)
}

/// Moves the company; answers where it leads back to.
async fn put(app: &App, can: &Can<EditContacts>, id: CompanyId, typed: &str) -> Result<Option<i64>, ContactError> {
    let parent = read_parent(typed)?;
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let before = super::set_parent(&mut tx, &by, &can.scope, id.0, parent).await?;
    tx.commit().await?;
    Ok(before)
}

async fn save(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Form(form): Form<ParentForm>,
) -> Answer {
    match put(&app, &can, id, &form.parent).await {
        Ok(before) => Ok(shell.leave(&format!("/companies/{id}"), moved(id, before))),
        Err(ContactError::Invalid { key, .. }) => {
            let mut page = ParentPage::read(&app, &can.scope, shell, id, form).await?;
            page.errors.add("parent", key);
            Ok(page.shell.again(&page, &page.as_form()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Says that the company was moved and offers to put it back.
fn moved(id: CompanyId, before: Option<i64>) -> Flash {
    let before = before.map_or_else(|| "none".to_owned(), |id| CompanyId(id).to_string());
    Flash::good("company-moved").undo(format!("/companies/{id}/parent/undo?parent={before}"))
}

async fn undo(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<CompanyId>,
    Query(form): Query<ParentForm>,
) -> Answer {
    put(&app, &can, id, &form.parent).await?;
    Ok(shell.leave(&format!("/companies/{id}"), Flash::good("identify-undone")))
}
