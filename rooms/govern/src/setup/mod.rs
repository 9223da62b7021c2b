//! The first run, in three steps: you, your company, where to start.
//!
//! Guards that the first step works only while nobody is on the staff: whoever comes later signs in.

use askama::Template;
use attune_db::Tx;
use attune_house::App;
use attune_web::{Actor, Answer, Can, Form, FormErrors, Problem, Shell, SignedIn, kit::Choice, see_other, session_cookie};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::response::Response;
use serde::Deserialize;

use crate::EditSettings;
use crate::setting;
use crate::staff::{self, StaffForm};

/// Zones offered first; any other IANA name may be typed.
const ZONES: [&str; 10] = [
    "UTC",
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
];
/// Currencies offered.
const CURRENCIES: [&str; 8] = ["CNY", "EUR", "USD", "GBP", "JPY", "HKD", "SGD", "CHF"];

#[derive(Template)]
#[template(path = "setup/you.html")]
struct YouPage {
    shell: Shell,
    form: StaffForm,
    errors: FormErrors,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CompanyForm {
    workspace: String,
    currency: String,
    time_zone: String,
}

#[derive(Template)]
#[template(path = "setup/company.html")]
struct CompanyPage {
    shell: Shell,
    form: CompanyForm,
    errors: FormErrors,
    zones: Vec<Choice>,
    currencies: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "setup/start.html")]
struct StartPage {
    shell: Shell,
}

async fn only_first(app: &App) -> Result<(), Problem> {
    if staff::is_empty(&mut app.db.read().await?).await? { Ok(()) } else { Err(Problem::NotFound) }
}

/// GET /setup
pub(crate) async fn you_page(State(app): State<App>, shell: Shell) -> Answer {
    if only_first(&app).await.is_err() {
        return Ok(see_other("/sign-in"));
    }
    let page = YouPage { shell, form: StaffForm::default(), errors: FormErrors::new() };
    Ok(page.shell.page(&page))
}

/// POST /setup
pub(crate) async fn you(State(app): State<App>, shell: Shell, headers: HeaderMap, Form(mut form): Form<StaffForm>) -> Answer {
    only_first(&app).await?;
    form.role = "admin".to_owned();
    form.locale = shell.l.tag().to_owned();
    form.active = Some("on".to_owned());
    let draft = match form.hashed(true).await? {
        Ok(draft) => draft,
        Err(errors) => {
            let page = YouPage { shell, form, errors };
            return Ok(page.shell.again(&page, &page));
        }
    };
    let agent = headers.get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("");
    let mut tx = app.db.begin().await?;
    let token = first_admin(&mut tx, &app, &draft, agent).await?;
    tx.commit().await?;
    with_cookie(see_other("/setup/company"), &app, &token)
}

async fn first_admin(tx: &mut Tx, app: &App, draft: &staff::StaffDraft, agent: &str) -> Result<String, Problem> {
    let now = app.clock.now();
    if !staff::is_empty(tx).await? {
        return Err(Problem::NotFound);
    }
    let id = staff::create(tx, &app.ids, now, &Actor::system(), draft).await.map_err(staff::problem)?;
    Ok(crate::session::open(tx, &app.ids, now, id, agent).await?)
}

/// Adds the session cookie to an answer.
pub(crate) fn with_cookie(mut response: Response, app: &App, token: &str) -> Answer {
    let cookie = session_cookie(app, token, crate::session::SESSION_DAYS).to_string();
    let value = cookie.parse().map_err(|_| attune_kernel::Fault::new("the session cookie is not a header value"))?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(response)
}

/// GET /setup/company
pub(crate) async fn company_page(_: Can<EditSettings>, shell: Shell) -> Answer {
    let currency = if shell.l.tag() == "zh-CN" { "CNY" } else { "EUR" };
    let zone = if shell.l.tag() == "zh-CN" { "Asia/Shanghai" } else { "UTC" };
    let form = CompanyForm { workspace: String::new(), currency: currency.to_owned(), time_zone: zone.to_owned() };
    let page = company_view(shell, form, FormErrors::new());
    Ok(page.shell.page(&page))
}

/// POST /setup/company
pub(crate) async fn company(State(app): State<App>, can: Can<EditSettings>, shell: Shell, Form(form): Form<CompanyForm>) -> Answer {
    let mut errors = FormErrors::new();
    let name = errors.required("workspace", &form.workspace, 80);
    if !CURRENCIES.contains(&form.currency.as_str()) {
        errors.add("currency", "govern-currency-unknown");
    }
    if jiff::tz::TimeZone::get(&form.time_zone).is_err() {
        errors.add("time_zone", "govern-staff-zone-unknown").s("zone", &form.time_zone);
    }
    if !errors.is_empty() {
        let page = company_view(shell, form, errors);
        return Ok(page.shell.again(&page, &page));
    }
    keep_company(&app, &can.actor, &name, &form).await?;
    Ok(see_other("/setup/start"))
}

async fn keep_company(app: &App, actor: &Actor, name: &str, form: &CompanyForm) -> Result<(), Problem> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    for (key, value) in [("govern.workspace", name), ("govern.currency", form.currency.as_str())] {
        if let Some(def) = app.house().setting(key) {
            let _ = setting::change(&mut tx, &app.ids, now, actor, def, value).await?;
        }
    }
    staff::set_zone(&mut tx, actor.staff_id, &form.time_zone, now).await?;
    tx.commit().await?;
    app.workspace.rename(name);
    Ok(())
}

fn company_view(shell: Shell, form: CompanyForm, errors: FormErrors) -> CompanyPage {
    let zones = ZONES.iter().map(|zone| Choice::new(*zone, zone.replace('_', " "))).collect();
    let currencies = CURRENCIES.iter().map(|code| Choice::new(*code, *code)).collect();
    CompanyPage { shell, form, errors, zones, currencies }
}

/// GET /setup/start
pub(crate) async fn start_page(_: SignedIn, shell: Shell) -> Answer {
    let page = StartPage { shell };
    Ok(page.shell.page(&page))
}
