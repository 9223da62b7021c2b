//! `/imports/{id}/events`: what each column of a file of events says.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_kernel::Money;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Form, FormErrors, Path, Problem, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::ImportId;
use super::event_plan::{Role, role_of, with_roles};
use super::pages::{draft_of, empty_hint, head, read_words, samples};
use super::plan::{Plan, PlanError};
use super::store::{self, Import};
use crate::ImportContacts;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/imports/{id}/events", get(map).post(save))
}

/// One column of the file.
struct Line {
    name: String,
    column: String,
    samples: String,
    role: String,
}

#[derive(Template)]
#[template(path = "import/event_map.html", blocks = ["form"])]
struct MapPage {
    shell: Shell,
    import: Import,
    lines: Vec<Line>,
    roles: Vec<Choice>,
    event: String,
    currency: String,
    empty: String,
    create_missing: bool,
    errors: FormErrors,
}

async fn page(app: &App, shell: Shell, import: Import, roles: &[Role]) -> Result<MapPage, Problem> {
    let head = head(app, &import).await?;
    let plan = &import.plan;
    let line = |(index, (c, role)): (usize, (&super::ColumnPlan, &Role))| Line {
        name: format!("to_{index}"),
        column: c.column.clone(),
        samples: samples(&shell.sight(), plan, &head, index),
        role: role.word().to_owned(),
    };
    let lines = plan.columns.iter().zip(roles).enumerate().map(line).collect();
    let event = plan.events.first().cloned().unwrap_or_default();
    let choice = |role: Role| Choice::new(role.word(), shell.l.t(role_key(role)));
    let name = if event.name_column().is_some() { String::new() } else { event.name };
    Ok(MapPage {
        lines,
        roles: Role::ALL.into_iter().map(choice).collect(),
        event: name,
        currency: event.currency.unwrap_or_default(),
        empty: plan.empty_words.join("\n"),
        create_missing: !plan.only_known,
        errors: FormErrors::new(),
        import,
        shell,
    })
}

async fn map(State(app): State<App>, can: Can<ImportContacts>, shell: Shell, Path(id): Path<ImportId>) -> Answer {
    let import = draft_of(&app, &can, id, true).await?;
    let roles: Vec<Role> = import.plan.columns.iter().map(|column| role_of(&import.plan, column)).collect();
    let page = page(&app, shell, import, &roles).await?;
    Ok(page.shell.page(&page))
}

async fn save(
    State(app): State<App>,
    can: Can<ImportContacts>,
    shell: Shell,
    Path(id): Path<ImportId>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let import = draft_of(&app, &can, id, true).await?;
    let mut errors = FormErrors::new();
    let Some(plan) = read(&import.plan, &form, &mut errors) else { return again(&app, shell, import, &form, errors).await };
    let mut tx = app.db.begin().await?;
    store::set_plan(&mut tx, id.0, &plan, import.total_rows.unwrap_or(0)).await?;
    tx.commit().await?;
    Ok(attune_web::see_other(&format!("/imports/{id}/check")))
}

/// The form as it was sent, with what is wrong beside its fields.
async fn again(app: &App, shell: Shell, import: Import, form: &HashMap<String, String>, errors: FormErrors) -> Answer {
    let said = |name: &str| form.get(name).cloned().unwrap_or_default();
    let roles = roles(&import.plan, form);
    let page = page(app, shell, import, &roles).await?;
    let create_missing = form.contains_key("create_missing");
    let page = MapPage { event: said("event"), currency: said("currency"), empty: said("empty"), create_missing, errors, ..page };
    Ok(page.shell.again(&page, &page.as_form()))
}

/// What the form says each column is.
fn roles(plan: &Plan, form: &HashMap<String, String>) -> Vec<Role> {
    let said = |index: usize| form.get(&format!("to_{index}")).and_then(|word| Role::of(word));
    plan.columns.iter().enumerate().map(|(index, column)| said(index).unwrap_or_else(|| role_of(plan, column))).collect()
}

fn read(plan: &Plan, form: &HashMap<String, String>, errors: &mut FormErrors) -> Option<Plan> {
    let said = |name: &str| form.get(name).map_or("", |text| text.trim());
    let currency = match said("currency") {
        "" => None,
        code => match Money::new(0, code) {
            Ok(money) => Some(money.currency().to_owned()),
            Err(_) => {
                errors.add("currency", "field-not-a-currency");
                None
            }
        },
    };
    let base = Plan { empty_words: read_words(said("empty")), only_known: !form.contains_key("create_missing"), ..plan.clone() };
    let roles = roles(plan, form);
    let planned = with_roles(base, &roles, said("event"), currency);
    let place =
        |wanted: &dyn Fn(Role) -> bool| roles.iter().rposition(|role| wanted(*role)).map_or("to_0".to_owned(), |at| format!("to_{at}"));
    match planned {
        Ok(plan) => errors.is_empty().then_some(plan),
        Err(PlanError::Missing("at")) => wrong(errors, "to_0", "identify-import-no-time"),
        Err(PlanError::Missing("person")) => wrong(errors, "to_0", "identify-import-no-person"),
        Err(PlanError::Missing(_)) => wrong(errors, "event", "identify-import-no-event"),
        Err(PlanError::EventName(_)) => wrong(errors, "event", "identify-import-event-wrong"),
        Err(PlanError::Twice(word)) => {
            let same = |role: Role| role.word() == word || (word == "person" && role.is_person());
            wrong(errors, &place(&same), "identify-import-twice")
        }
        Err(_) => wrong(errors, "to_0", "identify-import-map-wrong"),
    }
}

fn wrong(errors: &mut FormErrors, field: &str, key: &'static str) -> Option<Plan> {
    errors.add(field, key);
    None
}

fn role_key(role: Role) -> &'static str {
    match role {
        Role::Skip => "identify-map-skip",
        Role::At => "identify-import-role-at",
        Role::Name => "identify-import-role-event",
        Role::ExternalId => "identify-import-role-id",
        Role::Email => "identify-import-role-email",
        Role::Phone => "identify-import-role-phone",
        Role::Subject => "identify-import-role-subject",
        Role::Amount => "identify-import-role-amount",
        Role::Currency => "identify-import-role-currency",
        Role::Prop => "identify-import-role-prop",
    }
}

impl MapPage {
    fn id(&self) -> ImportId {
        ImportId(self.import.id)
    }

    fn empty_hint(&self) -> String {
        empty_hint(&self.shell)
    }

    fn currency_hint(&self) -> String {
        let home = self.import.plan.home_currency.as_deref().unwrap_or("EUR");
        self.shell.l.of("identify-import-currency-hint").s("currency", home).to_string()
    }
}
