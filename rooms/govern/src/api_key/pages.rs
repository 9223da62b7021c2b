//! `/settings/api-keys`: keys for programs; a new key is shown once.

use askama::Template;
use attune_house::App;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Shell, kit::Choice};
use axum::extract::State;
use serde::Deserialize;

use super::ApiKey;
use crate::EditApiKeys;
use crate::staff::Role;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct KeyForm {
    name: String,
    role: String,
}

#[derive(Template)]
#[template(path = "api_key/list.html")]
struct ListPage {
    shell: Shell,
    keys: Vec<ApiKey>,
    fresh: Option<String>,
    form: KeyForm,
    errors: FormErrors,
    roles: Vec<Choice>,
}

async fn view(app: &App, shell: Shell, fresh: Option<String>, form: KeyForm, errors: FormErrors) -> Result<ListPage, Problem> {
    let keys = super::list_keys(&mut app.db.read().await?).await?;
    let roles = Role::ALL.iter().map(|role| Choice::new(role.word(), shell.l.t(&format!("govern-role-{}", role.word())))).collect();
    Ok(ListPage { shell, keys, fresh, form, errors, roles })
}

/// GET /settings/api-keys
pub(crate) async fn list(State(app): State<App>, _: Can<EditApiKeys>, shell: Shell) -> Answer {
    let form = KeyForm { name: String::new(), role: "agent".to_owned() };
    let page = view(&app, shell, None, form, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// POST /settings/api-keys
pub(crate) async fn create(State(app): State<App>, can: Can<EditApiKeys>, shell: Shell, Form(form): Form<KeyForm>) -> Answer {
    let mut errors = FormErrors::new();
    let name = errors.required("name", &form.name, 80);
    let role = Role::of(&form.role);
    if role.is_none() {
        errors.add("role", "govern-staff-role-unknown");
    }
    if !errors.is_empty() {
        let page = view(&app, shell, None, form, errors).await?;
        return Ok(page.shell.again(&page, &page));
    }
    let mut tx = app.db.begin().await?;
    let token = super::create(&mut tx, &app.ids, app.clock.now(), &can.actor, &name, role.unwrap_or(Role::Agent)).await?;
    tx.commit().await?;
    let page = view(&app, shell, Some(token), KeyForm::default(), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// POST /settings/api-keys/{id}/revoke
pub(crate) async fn revoke(State(app): State<App>, can: Can<EditApiKeys>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    super::revoke(&mut tx, &app.ids, app.clock.now(), &can.actor, id).await?;
    tx.commit().await?;
    Ok(shell.leave("/settings/api-keys", Flash::good("govern-key-revoked")))
}
