//! The hand-over of a contact, as a block of the contact page: where it stands, or a form to begin one.

use askama::Template;
use attune_house::App;
use attune_identify::contact::ContactId;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Shell};
use axum::extract::State as Held;
use serde::Deserialize;

use super::{Handover, Sharing, State, find_of_contact, share_out};
use crate::{HandOver, ViewHandovers, people};

#[derive(Template)]
#[template(path = "handover/panel.html", blocks = ["panel"])]
struct PanelPage {
    shell: Shell,
    name: String,
    contact: ContactId,
    handover: Option<Handover>,
    reps: Vec<Choice>,
    errors: FormErrors,
}

impl PanelPage {
    /// Whether a new one may be begun: nobody is asked or waiting, and the last one is over.
    fn is_free(&self) -> bool {
        self.handover.as_ref().is_none_or(|h| matches!(h.state, State::Accepted | State::Rejected))
    }
}

/// GET /hand-overs/of/{contact}
pub(crate) async fn panel(Held(app): Held<App>, can: Can<ViewHandovers>, shell: Shell, Path(contact): Path<ContactId>) -> Answer {
    let scope = people::contact_scope(&can.actor).ok_or(Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    let person = attune_identify::contact::find(&mut tx, &scope, contact.0).await?.ok_or(Problem::NotFound)?;
    let handover = find_of_contact(&mut tx, contact.0).await?;
    // To give away what is only shared stays with whose it is.
    let own = attune_identify::contact::find_owned(&mut tx, &scope, contact.0).await?.is_some();
    let reps = match Can::<HandOver>::of(&can.actor).filter(|_| own) {
        Some(may) => people::list_colleagues(&mut tx, &may.scope).await?.iter().map(|m| Choice::new(m.id, &m.name)).collect(),
        None => Vec::new(),
    };
    let page = PanelPage { name: person.label(), contact, handover, reps, errors: FormErrors::new(), shell };
    Ok(page.shell.show(&page, &page.as_panel()))
}

/// Whom a contact is handed to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HandOverForm {
    rep: String,
}

/// POST /hand-overs/of/{contact}
pub(crate) async fn hand_over(
    Held(app): Held<App>,
    can: Can<HandOver>,
    shell: Shell,
    Path(contact): Path<ContactId>,
    Form(form): Form<HandOverForm>,
) -> Answer {
    let scope = people::contact_scope(&can.actor).ok_or(Problem::NotFound)?;
    let mut tx = app.db.begin().await?;
    let person = attune_identify::contact::find_owned(&mut tx, &scope, contact.0).await?.ok_or(Problem::NotFound)?;
    let colleagues = people::list_colleagues(&mut tx, &can.scope).await?;
    let wanted: Option<i64> = form.rep.parse().ok();
    let reps: Vec<(i64, i64)> = colleagues.iter().filter(|m| wanted.is_none_or(|id| m.id == id)).map(|m| (m.id, 1)).collect();
    if reps.is_empty() {
        return Err(Problem::refused("handover-no-rep"));
    }
    let sharing = Sharing { leads: &[contact.0], reps: &reps, origin: "manual", origin_id: app.ids.next() };
    let shared = share_out(&mut tx, &app.ids, app.clock.now(), &can.actor, &sharing, None).await?;
    tx.commit().await?;
    let flash = match (shared.offered, shared.waiting) {
        (0, 0) => Flash::bad("handover-held-already"),
        (0, _) => Flash::good("handover-waits-said"),
        _ => Flash::good("handover-offered-said"),
    };
    Ok(shell.leave(&format!("/contacts/{contact}"), flash.s("name", person.label())))
}
