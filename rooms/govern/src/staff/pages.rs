//! `/settings/staff`: who works here, and teams.

use askama::Template;
use attune_house::App;
use attune_kernel::Locale;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Shell, kit::Choice};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::{Role, Staff, StaffDraft, StaffError, StaffForm, Team};
use crate::{EditStaff, ViewStaff};

#[derive(Template)]
#[template(path = "staff/list.html")]
struct ListPage {
    shell: Shell,
    staff: Vec<Staff>,
    teams: Vec<Team>,
    errors: FormErrors,
    team_name: String,
}

#[derive(Template)]
#[template(path = "staff/edit.html")]
struct EditPage {
    shell: Shell,
    id: Option<i64>,
    form: StaffForm,
    errors: FormErrors,
    roles: Vec<Choice>,
    teams: Vec<Choice>,
    /// What other rooms offer to do about this member: address and words.
    links: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TeamForm {
    team_name: String,
}

/// The languages as choices.
pub(crate) fn locales() -> Vec<Choice> {
    Locale::ALL.iter().map(|locale| Choice::new(locale.tag(), locale.own_name())).collect()
}

impl EditPage {
    fn heading(&self) -> &'static str {
        if self.id.is_some() { "govern-staff-edit" } else { "govern-staff-new" }
    }
}

impl ListPage {
    fn team_of(&self, staff: &Staff) -> &str {
        let team = self.teams.iter().find(|team| Some(team.id) == staff.team_id);
        team.map_or("", |team| team.name.as_str())
    }

    fn role_of(&self, staff: &Staff) -> String {
        self.shell.l.t(&format!("govern-role-{}", staff.role.word())).to_string()
    }
}

/// GET /settings/staff
pub(crate) async fn list(State(app): State<App>, _: Can<ViewStaff>, shell: Shell) -> Answer {
    let page = list_view(&app, shell, FormErrors::new(), String::new()).await?;
    Ok(page.shell.page(&page))
}

async fn list_view(app: &App, shell: Shell, errors: FormErrors, team_name: String) -> Result<ListPage, Problem> {
    let mut tx = app.db.read().await?;
    let (staff, teams) = (super::list_staff(&mut tx).await?, super::list_teams(&mut tx).await?);
    Ok(ListPage { shell, staff, teams, errors, team_name })
}

/// GET /settings/staff/new
pub(crate) async fn new_page(State(app): State<App>, _: Can<EditStaff>, shell: Shell) -> Answer {
    let form = StaffForm {
        role: "agent".to_owned(),
        locale: shell.l.tag().to_owned(),
        active: Some("on".to_owned()),
        time_zone: shell.l.zone_name().to_owned(),
        ..StaffForm::default()
    };
    let page = edit_view(&app, shell, None, form, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn edit_view(app: &App, shell: Shell, id: Option<i64>, form: StaffForm, errors: FormErrors) -> Result<EditPage, Problem> {
    let roles = Role::ALL.iter().map(|role| Choice::new(role.word(), shell.l.t(&format!("govern-role-{}", role.word())))).collect();
    let mut teams = vec![Choice::new("", shell.l.t("govern-no-team"))];
    teams.extend(super::list_teams(&mut app.db.read().await?).await?.into_iter().map(|team| Choice::new(team.id.to_string(), team.name)));
    let links = id.map_or_else(Vec::new, |id| links(app, &shell, id));
    Ok(EditPage { shell, id, form, errors, roles, teams, links })
}

fn links(app: &App, shell: &Shell, id: i64) -> Vec<(String, String)> {
    let offered = app.house().staff_links.iter().filter(|link| shell.may(link.permission));
    offered.map(|link| ((link.href)(id), shell.l.t(link.label_key).to_string())).collect()
}

/// Where a saved form leads: whoever may no longer sign in leaves work behind, and their page says what to do with it.
fn saved(app: &App, shell: &Shell, id: i64, draft: &StaffDraft) -> Response {
    if !draft.active && !links(app, shell, id).is_empty() {
        return shell.leave(&format!("/settings/staff/{id}"), Flash::good("govern-saved"));
    }
    shell.leave("/settings/staff", Flash::good("govern-saved"))
}

/// POST /settings/staff
pub(crate) async fn create(State(app): State<App>, can: Can<EditStaff>, shell: Shell, Form(form): Form<StaffForm>) -> Answer {
    let draft = match form.hashed(true).await? {
        Ok(draft) => draft,
        Err(errors) => return edit_again(&app, shell, None, form, errors).await,
    };
    let mut tx = app.db.begin().await?;
    match super::create(&mut tx, &app.ids, app.clock.now(), &can.actor, &draft).await {
        Ok(_) => tx.commit().await?,
        Err(StaffError::Form(errors)) => return edit_again(&app, shell, None, form, errors).await,
        Err(other) => return Err(problem(other)),
    }
    Ok(shell.leave("/settings/staff", Flash::good("govern-staff-created").s("name", &draft.name)))
}

async fn edit_again(app: &App, shell: Shell, id: Option<i64>, form: StaffForm, errors: FormErrors) -> Answer {
    let page = edit_view(app, shell, id, form, errors).await?;
    Ok(page.shell.again(&page, &page))
}

/// GET /settings/staff/{id}
pub(crate) async fn edit_page(State(app): State<App>, _: Can<EditStaff>, shell: Shell, Path(id): Path<i64>) -> Answer {
    let member = super::find_staff(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    let page = edit_view(&app, shell, Some(id), StaffForm::of(&member), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// POST /settings/staff/{id}
pub(crate) async fn update(
    State(app): State<App>,
    can: Can<EditStaff>,
    shell: Shell,
    Path(id): Path<i64>,
    Form(form): Form<StaffForm>,
) -> Answer {
    let draft = match form.hashed(false).await? {
        Ok(draft) => draft,
        Err(errors) => return edit_again(&app, shell, Some(id), form, errors).await,
    };
    let mut tx = app.db.begin().await?;
    match super::update(&mut tx, &app.ids, app.clock.now(), &can.actor, id, &draft).await {
        Ok(()) => tx.commit().await?,
        Err(StaffError::Form(errors)) => return edit_again(&app, shell, Some(id), form, errors).await,
        Err(other) => return Err(problem(other)),
    }
    Ok(saved(&app, &shell, id, &draft))
}

/// POST /settings/teams
pub(crate) async fn create_team(State(app): State<App>, can: Can<EditStaff>, shell: Shell, Form(form): Form<TeamForm>) -> Answer {
    let mut errors = FormErrors::new();
    let name = errors.required("team_name", &form.team_name, 80);
    if !errors.is_empty() {
        let page = list_view(&app, shell, errors, form.team_name).await?;
        return Ok(page.shell.again(&page, &page));
    }
    let mut tx = app.db.begin().await?;
    super::ensure_team(&mut tx, &app.ids, app.clock.now(), &can.actor, &name).await?;
    tx.commit().await?;
    Ok(shell.leave("/settings/staff", Flash::good("govern-team-created").s("name", &name)))
}

/// What a page says when staff cannot be changed.
pub(crate) fn problem(error: StaffError) -> Problem {
    match error {
        StaffError::Form(errors) => Problem::Form(errors),
        StaffError::LastAdmin => Problem::refused("govern-last-admin"),
        StaffError::Db(error) => error.into(),
    }
}
