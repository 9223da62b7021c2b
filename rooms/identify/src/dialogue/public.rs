//! The page a mail leads to: one or two questions to the person himself, with a way not to answer.
//!
//! Opening it changes nothing and shows nothing that is known: a mail is forwarded, and machines look at its links.

use askama::Template;
use attune_db::Tx;
use attune_house::App;
use attune_kernel::DAY_US;
use attune_web::{Actor, Answer, Form, FormErrors, Path, Problem, Scope, Secret, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::panel::{Asking, Said, asking, declines, said};
use super::{MOST, QuestionId, Touch, answer, decline, due};
use crate::contact::{self, By, Contact, ContactError};

const PURPOSE: &str = "dialogue";
/// How long a link can be followed.
const MAX_AGE_US: i64 = 180 * DAY_US;

/// Addresses that need no sign-in.
pub(crate) const PUBLIC_PATHS: [&str; 1] = ["/ask/"];

/// The routes for everybody.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/ask/{token}", get(show).post(take))
}

/// Where a mail to `contact_id` leads for its questions.
pub fn address(secret: &Secret, public_url: &str, contact_id: i64, now: i64) -> String {
    format!("{}/ask/{}", public_url.trim_end_matches('/'), secret.sign(PURPOSE, &format!("{now}:{contact_id}")))
}

/// The contact a token was signed for, alive, or who he became part of.
async fn find(tx: &mut Tx, app: &App, token: &str) -> Result<Contact, Problem> {
    let payload = app.secret.verify(PURPOSE, token).ok_or(Problem::NotFound)?;
    let (at, id) = payload.split_once(':').ok_or(Problem::NotFound)?;
    let (at, id): (i64, i64) = at.parse().ok().zip(id.parse().ok()).ok_or(Problem::NotFound)?;
    if app.clock.now().saturating_sub(at) > MAX_AGE_US {
        return Err(Problem::NotFound);
    }
    let id = contact::survivor_of(tx, id).await?.unwrap_or(id);
    contact::find(tx, &Scope::All, id).await?.ok_or(Problem::NotFound)
}

#[derive(Template)]
#[template(path = "dialogue/public.html")]
struct PublicPage {
    shell: Shell,
    action: String,
    asking: Vec<Asking>,
    errors: FormErrors,
    done: bool,
}

async fn page_of(tx: &mut Tx, app: &App, shell: Shell, token: &str, contact: &Contact) -> Result<PublicPage, Problem> {
    let due = due(tx, std::slice::from_ref(contact), Touch::Mail, MOST, app.clock.now()).await?.remove(&contact.id).unwrap_or_default();
    let mut asking = asking(tx, &shell, contact, due).await?;
    asking.iter_mut().for_each(|asking| asking.value.clear());
    Ok(PublicPage { action: format!("/ask/{token}"), asking, errors: FormErrors::new(), done: false, shell })
}

async fn show(State(app): State<App>, shell: Shell, Path(token): Path<String>) -> Answer {
    let mut tx = app.db.read().await?;
    let contact = find(&mut tx, &app, &token).await?;
    let page = page_of(&mut tx, &app, shell, &token, &contact).await?;
    Ok(page.shell.page(&page))
}

/// POST /ask/{token}: answers by the question's id; `act` is `decline` for whoever would rather not say.
async fn take(State(app): State<App>, shell: Shell, Path(token): Path<String>, Form(form): Form<Said>) -> Answer {
    let contact = find(&mut app.db.read().await?, &app, &token).await?;
    match keep(&app, &contact, &form).await {
        Ok(()) => {
            let page = PublicPage { action: String::new(), asking: Vec::new(), errors: FormErrors::new(), done: true, shell };
            Ok(page.shell.page(&page))
        }
        Err((question, ContactError::Invalid { key, .. })) => {
            let mut page = page_of(&mut app.db.read().await?, &app, shell, &token, &contact).await?;
            page.errors.add(question.to_string(), key);
            page.asking.iter_mut().for_each(|asking| asking.value = said(&form, asking.id));
            Ok(page.shell.again(&page, &page))
        }
        Err((_, error)) => Err(error.into()),
    }
}

/// Keeps what was said, all or nothing; the error names the question. Only what is being asked can be answered.
async fn keep(app: &App, contact: &Contact, form: &Said) -> Result<(), (QuestionId, ContactError)> {
    let (actor, now) = (Actor::system(), app.clock.now());
    let by = By { actor: &actor, now, ids: &app.ids };
    let at = |id: i64| move |error: ContactError| (QuestionId(id), error);
    let mut tx = app.db.begin().await.map_err(|error| at(0)(error.into()))?;
    let asked = due(&mut tx, std::slice::from_ref(contact), Touch::Mail, MOST, now).await.map_err(|error| at(0)(error.into()))?;
    for question in asked.into_values().flatten().map(|due| due.question.id) {
        let pair = (contact.id, question);
        let typed = said(form, QuestionId(question));
        if declines(form) {
            decline(&mut tx, &by, &Scope::All, pair, Touch::Mail).await.map_err(at(question))?;
        } else if !typed.is_empty() {
            answer(&mut tx, &by, &Scope::All, pair, Touch::Mail, &typed).await.map_err(at(question))?;
        }
    }
    tx.commit().await.map_err(|error| at(0)(error.into()))
}
