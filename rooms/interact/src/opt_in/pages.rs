//! The page behind the link of a confirmation mail. Scanners come here too, and only look.

use askama::Template;
use attune_house::App;
use attune_identify::contact::Contact;
use attune_kernel::Locale;
use attune_web::{Answer, Path, Problem, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::{Standing, confirm, find, standing};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/m/y/{token}", get(ask).post(answer))
}

#[derive(Template)]
#[template(path = "opt_in/page.html")]
struct ConfirmPage {
    shell: Shell,
    action: String,
    email: String,
    standing: Standing,
}

/// The page in the person's language.
fn page_of(app: &App, mut shell: Shell, token: &str, person: &Contact, standing: Standing) -> ConfirmPage {
    if let Some(locale) = person.locale.as_deref().and_then(|tag| tag.parse::<Locale>().ok()) {
        shell.l = app.lang(locale);
    }
    let email = person.email.as_ref().map(attune_kernel::Address::masked).unwrap_or_default();
    ConfirmPage { action: format!("/m/y/{token}"), email, standing, shell }
}

/// GET /m/y/{token}: shows the button and confirms nothing.
async fn ask(State(app): State<App>, shell: Shell, Path(token): Path<String>) -> Answer {
    let mut tx = app.db.read().await?;
    let asked = find(&mut tx, &app.secret, &token).await?.ok_or(Problem::NotFound)?;
    let standing = standing(&mut tx, &asked, app.clock.now()).await?;
    let page = page_of(&app, shell, &token, &asked.person, standing);
    Ok(page.shell.page(&page))
}

/// POST /m/y/{token}
async fn answer(State(app): State<App>, shell: Shell, Path(token): Path<String>) -> Answer {
    let mut tx = app.db.begin().await?;
    let asked = find(&mut tx, &app.secret, &token).await?.ok_or(Problem::NotFound)?;
    let page = page_of(&app, shell, &token, &asked.person, Standing::Over);
    let words = format!("{} {}", page.shell.l.of("opt-in-ask").s("email", &page.email), page.shell.l.t("opt-in-button"));
    let standing = confirm(&mut tx, &app.bench(), &asked, words).await?;
    tx.commit().await?;
    let page = ConfirmPage { standing, ..page };
    Ok(page.shell.page(&page))
}
