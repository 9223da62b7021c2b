//! Signing in and out, and one's own profile with the list of one's sessions.

use std::sync::LazyLock;

use askama::Template;
use attune_house::App;
use attune_kernel::SECOND_US;
use attune_web::{Actor, Answer, Flash, Form, FormErrors, Limiter, Path, Peer, Problem, Query, Shell, SignedIn, Via, local, see_other};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::SessionRow;
use crate::setup::with_cookie;
use crate::staff::{self, Staff, StaffForm};

/// Ten tries at once for an address or a name, then one every ten seconds.
static TRIES: LazyLock<Limiter> = LazyLock::new(|| Limiter::new(10, 10 * SECOND_US));

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignInForm {
    email: String,
    password: String,
    next: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    next: String,
}

#[derive(Template)]
#[template(path = "session/sign_in.html")]
struct SignInPage {
    shell: Shell,
    form: SignInForm,
    errors: FormErrors,
}

/// GET /sign-in
pub(crate) async fn sign_in_page(State(app): State<App>, shell: Shell, Query(asked): Query<Asked>) -> Answer {
    if staff::is_empty(&mut app.db.read().await?).await? {
        return Ok(see_other("/setup"));
    }
    let form = SignInForm { next: asked.next, ..SignInForm::default() };
    let page = SignInPage { shell, form, errors: FormErrors::new() };
    Ok(page.shell.page(&page))
}

/// POST /sign-in
pub(crate) async fn sign_in(State(app): State<App>, peer: Peer, shell: Shell, headers: HeaderMap, Form(form): Form<SignInForm>) -> Answer {
    let now = app.clock.now();
    let names = [format!("ip:{}", peer.0), format!("name:{}", form.email.trim().to_lowercase())];
    for name in &names {
        TRIES.take(name, now).map_err(|seconds| Problem::TooMany { seconds })?;
    }
    let checked = super::check_password(&mut app.db.read().await?, &form.email, &form.password).await?;
    let Some(member) = checked else {
        let mut errors = FormErrors::new();
        errors.add("password", "govern-sign-in-wrong");
        let page = SignInPage { shell, form, errors };
        return Ok(page.shell.again(&page, &page));
    };
    let agent = headers.get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("");
    let mut tx = app.db.begin().await?;
    let token = super::open(&mut tx, &app.ids, now, member.id, agent).await?;
    tx.commit().await?;
    names.iter().for_each(|name| TRIES.forgive(name));
    with_cookie(see_other(local(&form.next)), &app, &token)
}

/// POST /sign-out
pub(crate) async fn sign_out(State(app): State<App>, jar: CookieJar) -> Answer {
    if let Some(cookie) = jar.get("attune_session") {
        let mut tx = app.db.begin().await?;
        super::close(&mut tx, cookie.value()).await?;
        tx.commit().await?;
    }
    with_cookie(see_other("/sign-in"), &app, "")
}

#[derive(Template)]
#[template(path = "session/me.html")]
struct MePage {
    shell: Shell,
    form: StaffForm,
    errors: FormErrors,
    sessions: Vec<SessionRow>,
    current: i64,
}

/// GET /settings/me
pub(crate) async fn me_page(State(app): State<App>, SignedIn(actor): SignedIn, shell: Shell) -> Answer {
    let member = staff::find_staff(&mut app.db.read().await?, actor.staff_id).await?.ok_or(Problem::NotFound)?;
    let page = me(&app, shell, &actor, StaffForm::of(&member), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// POST /settings/me
pub(crate) async fn save_me(State(app): State<App>, SignedIn(actor): SignedIn, shell: Shell, Form(typed): Form<StaffForm>) -> Answer {
    let member = staff::find_staff(&mut app.db.read().await?, actor.staff_id).await?.ok_or(Problem::NotFound)?;
    let form = own_part(&member, typed);
    match form.hashed(false).await? {
        Ok(draft) => {
            let mut tx = app.db.begin().await?;
            staff::update(&mut tx, &app.ids, app.clock.now(), &actor, member.id, &draft).await.map_err(staff::problem)?;
            tx.commit().await?;
            Ok(shell.leave("/settings/me", Flash::good("govern-saved")))
        }
        Err(errors) => {
            let page = me(&app, shell, &actor, form, errors).await?;
            Ok(page.shell.again(&page, &page))
        }
    }
}

/// The profile as it would be: of what was typed only what everybody may change about themselves.
fn own_part(member: &Staff, typed: StaffForm) -> StaffForm {
    StaffForm { name: typed.name, time_zone: typed.time_zone, password: typed.password, locale: typed.locale, ..StaffForm::of(member) }
}

async fn me(app: &App, shell: Shell, actor: &Actor, form: StaffForm, errors: FormErrors) -> Result<MePage, Problem> {
    let sessions = super::list_sessions(&mut app.db.read().await?, actor.staff_id, app.clock.now()).await?;
    Ok(MePage { shell, form, errors, sessions, current: session_of(actor) })
}

/// POST /settings/me/sessions/{id}/end
pub(crate) async fn end_session(State(app): State<App>, SignedIn(actor): SignedIn, shell: Shell, Path(id): Path<i64>) -> Answer {
    let mut tx = app.db.begin().await?;
    if !super::end(&mut tx, actor.staff_id, id).await? {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(shell.leave("/settings/me", Flash::good("govern-session-ended")))
}

fn session_of(actor: &Actor) -> i64 {
    match actor.via {
        Via::Session { id } => id,
        _ => 0,
    }
}
