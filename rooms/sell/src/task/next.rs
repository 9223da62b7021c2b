//! What is to be done next about a contact, as a line of the head of the contact page.

use askama::Template;
use attune_house::App;
use attune_identify::contact::ContactId;
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
