//! How full the reps' hands are, and the cap of each.

use askama::Template;
use attune_house::App;
use attune_record::audit;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Problem, Shell};
use axum::extract::State as Held;
use serde::Deserialize;
use serde_json::json;

use super::{Load, list_loads, offer_waiting, write_cap};
use crate::{EditCaps, settings};

#[derive(Template)]
#[template(path = "handover/reps.html")]
struct RepsPage {
    shell: Shell,
    loads: Vec<Load>,
    reps: Vec<Choice>,
    default_cap: i64,
    form: CapForm,
    errors: FormErrors,
}

/// A cap as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CapForm {
    staff: String,
    cap: String,
}

impl RepsPage {
    fn cap_of(&self, load: &Load) -> i64 {
        load.own_cap.unwrap_or(self.default_cap)
    }
}

/// GET /hand-overs/reps
pub(crate) async fn list(Held(app): Held<App>, can: Can<EditCaps>, shell: Shell) -> Answer {
    let page = reps_page(&app, &can, shell, CapForm::default(), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn reps_page(app: &App, can: &Can<EditCaps>, shell: Shell, form: CapForm, errors: FormErrors) -> Result<RepsPage, Problem> {
    let mut tx = app.db.read().await?;
    let loads = list_loads(&mut tx, &can.scope).await?;
    let default_cap = settings::holding_cap(&mut tx).await?;
    let reps = loads.iter().map(|load| Choice::new(load.staff_id, &load.name)).collect();
    Ok(RepsPage { shell, loads, reps, default_cap, form, errors })
}

/// POST /hand-overs/reps: an empty cap goes back to the setting's. Room that opens is filled at once.
pub(crate) async fn save(Held(app): Held<App>, can: Can<EditCaps>, shell: Shell, Form(form): Form<CapForm>) -> Answer {
    let mut errors = FormErrors::new();
    let cap = if form.cap.trim().is_empty() { None } else { Some(errors.number("cap", &form.cap, 0, 100_000)) };
    if !errors.is_empty() {
        let page = reps_page(&app, &can, shell, form, errors).await?;
        return Ok(page.shell.again(&page, &page));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let loads = list_loads(&mut tx, &can.scope).await?;
    let load = loads.into_iter().find(|load| load.staff_id.to_string() == form.staff).ok_or(Problem::NotFound)?;
    write_cap(&mut tx, load.staff_id, cap, now).await?;
    let (was, is) = (Some(json!({ "cap": load.own_cap })), Some(json!({ "cap": cap })));
    audit::note(&mut tx, &app.ids, now, &can.actor, "rep_cap.updated", "staff", load.staff_id, was, is).await?;
    offer_waiting(&mut tx, &app.ids, now, &can.actor, None).await?;
    tx.commit().await?;
    Ok(shell.leave("/hand-overs/reps", Flash::good("handover-cap-saved").s("name", load.name)))
}
