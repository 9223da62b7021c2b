//! The tasks of a contact, as a block of the contact page with a form to add one.

use askama::Template;
use attune_house::App;
use attune_identify::contact::ContactId;
use attune_kernel::DAY_US;
use attune_web::{Answer, Can, FormErrors, Path, Problem, Shell};
use axum::extract::State;

use super::Task;
use crate::{ViewTasks, people};

#[derive(Template)]
#[template(path = "task/panel.html", blocks = ["panel"])]
struct PanelPage {
    shell: Shell,
    tasks: Vec<Task>,
    name: String,
    contact: ContactId,
    open: i64,
    due: String,
    next: String,
    tidy: bool,
    errors: FormErrors,
}

/// GET /tasks/of/{contact}: whoever sees the contact sees what is to be done for them, whoever is to do it.
pub(crate) async fn panel(State(app): State<App>, can: Can<ViewTasks>, shell: Shell, Path(contact): Path<ContactId>) -> Answer {
    let scope = people::contact_scope(&can.actor).ok_or(Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    let person = attune_identify::contact::find(&mut tx, &scope, contact.0).await?.ok_or(Problem::NotFound)?;
    let tasks = super::list_of_contact(&mut tx, contact.0).await?;
    let open = i64::try_from(tasks.iter().filter(|task| task.done_at.is_none()).count()).unwrap_or(0);
    let due = shell.l.date_value(shell.now + DAY_US);
    let next = format!("/contacts/{contact}");
    let page = PanelPage { tasks, name: person.label(), contact, open, due, next, tidy: true, errors: FormErrors::new(), shell };
    Ok(page.shell.show(&page, &page.as_panel()))
}
