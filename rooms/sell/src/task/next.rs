//! What is to be done next about a contact, or about any of a company's people, as a line of the head of its page.

use askama::Template;
use attune_house::App;
use attune_identify::company::{self, CompanyId};
use attune_identify::contact::ContactId;
use attune_identify::promise::{self, Promise};
use attune_identify::relationship::Record;
use attune_web::{Answer, Can, Path, Problem, Scope, Shell};
use axum::extract::State;

use super::{Task, TaskFilter};
use crate::{ViewTasks, people};

#[derive(Template)]
#[template(path = "task/next.html", blocks = ["part"])]
struct NextPage {
    shell: Shell,
    name: String,
    contact: ContactId,
    task: Option<Task>,
}

/// GET /tasks/next/{contact}
pub(crate) async fn next(State(app): State<App>, can: Can<ViewTasks>, shell: Shell, Path(contact): Path<ContactId>) -> Answer {
    let scope = people::contact_scope(&can.actor).ok_or(Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    let person = attune_identify::contact::find(&mut tx, &scope, contact.0).await?.ok_or(Problem::NotFound)?;
    let filter = TaskFilter { contact_id: Some(contact.0), ..TaskFilter::default() };
    let task = super::list(&mut tx, &Scope::All, &filter, 1).await?.pop();
    let page = NextPage { name: person.label().to_owned(), contact, task, shell };
    Ok(page.shell.show(&page, &page.as_part()))
}

/// What comes first.
enum Coming {
    Task(Task),
    Promise(Promise),
}

#[derive(Template)]
#[template(path = "task/next_of_company.html", blocks = ["part"])]
struct CompanyPage {
    shell: Shell,
    name: String,
    company: CompanyId,
    coming: Option<Coming>,
}

/// GET /tasks/next-of-company/{company}: of the tasks about its people and the promises between us and them or it, as far as they may be seen, the
/// one whose day comes first.
pub(crate) async fn next_of_company(State(app): State<App>, can: Can<ViewTasks>, shell: Shell, Path(company): Path<CompanyId>) -> Answer {
    let scope = people::contact_scope(&can.actor).ok_or(Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    let firm = company::find(&mut tx, &scope, company.0).await?.ok_or(Problem::NotFound)?;
    let task = super::store::next_of_company(&mut tx, &scope, company.0).await?;
    let owed = promise::owed_of(&mut tx, &scope, Record::Company(company.0)).await?;
    let promise = owed.into_iter().filter_map(|owed| owed.first).min_by_key(|promise| promise.due_at);
    let page = CompanyPage { name: firm.name, company, coming: first(task, promise), shell };
    Ok(page.shell.show(&page, &page.as_part()))
}

/// A task without a day waits for whatever has one.
fn first(task: Option<Task>, promise: Option<Promise>) -> Option<Coming> {
    match (task, promise) {
        (Some(task), Some(promise)) if task.due_at.is_some_and(|at| at <= promise.due_at) => Some(Coming::Task(task)),
        (_, Some(promise)) => Some(Coming::Promise(promise)),
        (task, None) => task.map(Coming::Task),
    }
}

impl CompanyPage {
    fn promised(&self, promise: &Promise) -> String {
        let key = if promise.side == "ours" { "task-next-ours" } else { "task-next-theirs" };
        self.shell.l.of(key).s("what", promise.what_for(self.shell.sight())).to_string()
    }

    /// With whom, when it is one of its people.
    fn person(promise: &Promise) -> Option<(ContactId, &str)> {
        match promise.record {
            Record::Contact(id) => Some((ContactId(id), promise.name.as_str())),
            Record::Company(_) => None,
        }
    }
}
