//! The addresses inside mails: links, the open pixel and the way out. Strangers and machines come here.
//!
//! A link leads only where its version's stored link leads; GET never unsubscribes anybody (RFC 8058).

use std::convert::Infallible;

use askama::Template;
use attune_house::App;
use attune_identify::{dialogue, stitching};
use attune_web::{Answer, Form, Path, Problem, Shell, see_other};
use axum::Router;
use axum::extract::{Extension, FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use serde::Deserialize;

use super::token::{Act, Linker, TRAP};
use super::track::{Landing, Touch, Tracker, What};
use super::verdict::{Request, judge};
use crate::template::{Person, render, store as templates};

/// A transparent pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/m/c/{token}", get(click))
        .route("/m/o/{token}", get(open))
        .route("/m/q/{token}", get(question))
        .route("/m/u/{token}", get(ask).merge(post(unsubscribe)))
}

/// GET /m/c/{token}
async fn click(
    State(app): State<App>,
    Extension(linker): Extension<Linker>,
    Extension(tracker): Extension<Tracker>,
    request: Request,
    Path(token): Path<String>,
) -> Answer {
    let (send_id, position) = linker.read(Act::Click, &token).ok_or(Problem::NotFound)?;
    let request = Request { trap: position == TRAP, ..request };
    let touch = Touch { send_id, what: What::Click(position), at: app.clock.now(), machine: judge(&request) };
    let landing = keep(&tracker, touch).await?.ok_or(Problem::NotFound)?;
    if position == TRAP {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let target = HeaderValue::try_from(target(&app, &landing).await?).map_err(|_| Problem::NotFound)?;
    Ok((StatusCode::FOUND, [(LOCATION, target), (CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response())
}

/// GET /m/o/{token}.gif
async fn open(
    State(app): State<App>,
    Extension(linker): Extension<Linker>,
    Extension(tracker): Extension<Tracker>,
    request: Request,
    Path(name): Path<String>,
) -> Answer {
    let token = name.strip_suffix(".gif").unwrap_or(&name);
    if let Some((send_id, _)) = linker.read(Act::Open, token) {
        keep(&tracker, Touch { send_id, what: What::Open, at: app.clock.now(), machine: judge(&request) }).await?;
    }
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("image/gif")), (CACHE_CONTROL, HeaderValue::from_static("no-store, private"))];
    Ok((kind, PIXEL).into_response())
}

#[derive(Template)]
#[template(path = "message/unsubscribe.html")]
struct UnsubscribePage {
    shell: Shell,
    action: String,
    email: String,
    done: bool,
    /// The mail is so old, or the person so gone, that the link leads to nobody.
    over: bool,
    /// Where the person may choose something in between.
    preferences: String,
}

/// GET /m/u/{token}: shows a button and changes nothing.
async fn ask(State(app): State<App>, Extension(linker): Extension<Linker>, shell: Shell, Path(token): Path<String>) -> Answer {
    let (send_id, _) = linker.read(Act::Unsubscribe, &token).ok_or(Problem::NotFound)?;
    let mut tx = app.db.read().await?;
    if super::store::contact_of(&mut tx, send_id).await?.is_none() {
        return Ok(over(shell));
    }
    let email = super::store::address_of(&mut tx, send_id).await?.unwrap_or_default();
    let preferences = preferences_path(&linker, send_id);
    let email = if email.is_empty() { email } else { attune_kernel::mask(&email) };
    let page = UnsubscribePage { action: format!("/m/u/{token}"), email, done: false, over: false, preferences, shell };
    Ok(page.shell.page(&page))
}

/// What stands where a link leads to nobody: who says "done" there would not keep it.
pub(crate) fn over(shell: Shell) -> Response {
    let page = UnsubscribePage { action: String::new(), email: String::new(), done: false, over: true, preferences: String::new(), shell };
    (StatusCode::GONE, page.shell.page(&page)).into_response()
}

/// What is posted: by our own button, or by a mail program (RFC 8058: `List-Unsubscribe=One-Click`).
#[derive(Deserialize)]
struct UnsubscribeForm {
    #[serde(default, rename = "List-Unsubscribe")]
    one_click: String,
}

/// POST /m/u/{token}
async fn unsubscribe(
    State(app): State<App>,
    Extension(linker): Extension<Linker>,
    Extension(tracker): Extension<Tracker>,
    shell: Shell,
    Path(token): Path<String>,
    Form(form): Form<UnsubscribeForm>,
) -> Answer {
    let (send_id, _) = linker.read(Act::Unsubscribe, &token).ok_or(Problem::NotFound)?;
    let landing = keep(&tracker, Touch { send_id, what: What::Unsubscribe, at: app.clock.now(), machine: None }).await?;
    if landing.is_none_or(|landing| landing.contact_id.is_none()) {
        return Ok(over(shell));
    }
    if form.one_click == "One-Click" {
        return Ok(StatusCode::OK.into_response());
    }
    let preferences = preferences_path(&linker, send_id);
    let page = UnsubscribePage { action: String::new(), email: String::new(), done: true, over: false, preferences, shell };
    Ok(page.shell.page(&page))
}

/// GET /m/q/{token}: leads to the page that asks this recipient; writes nothing.
async fn question(State(app): State<App>, Extension(linker): Extension<Linker>, shell: Shell, Path(token): Path<String>) -> Answer {
    let (send_id, _) = linker.read(Act::Question, &token).ok_or(Problem::NotFound)?;
    let found = super::store::contact_of(&mut app.db.read().await?, send_id).await?;
    let Some((contact, sent_at)) = found else { return Ok(over(shell)) };
    // The link is as old as its mail.
    Ok(see_other(&dialogue::public_address(&app.secret, &app.public_url, contact, sent_at)))
}

fn preferences_path(linker: &Linker, send_id: i64) -> String {
    format!("{}{}", Act::Preferences.path(), linker.token(Act::Preferences, send_id, 0))
}

async fn keep(tracker: &Tracker, touch: Touch) -> Result<Option<Landing>, Problem> {
    tracker.offer(touch).await.map_err(|_| Problem::Busy)
}

impl<S: Sync> FromRequestParts<S> for Request {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        let prefetch = ["purpose", "sec-purpose", "x-purpose", "x-moz"].iter().any(|name| {
            let value = text(name);
            value.contains("prefetch") || value.contains("preview")
        });
        Ok(Self { head: parts.method == Method::HEAD, prefetch, agent: text(USER_AGENT.as_str()), trap: false })
    }
}

/// The link's target for this recipient. People who land on a site of ours carry a signed token, so that the tracker knows them.
async fn target(app: &App, landing: &Landing) -> Result<String, Problem> {
    let mut target = landing.url.clone();
    if target.is_empty() {
        return Err(Problem::NotFound);
    }
    if target.contains("{{") {
        let person = person_of(app, landing.contact_id).await?;
        target = render::render_address(&landing.url, &person).unwrap_or_else(|_| without_tags(&landing.url));
    }
    let Some(contact_id) = landing.contact_id.filter(|_| landing.machine.is_none()) else { return Ok(target) };
    if is_tracked_site(app, &target).await? {
        let token = stitching::contact_token(&app.secret, contact_id, app.clock.now());
        if let Ok(mut url) = url::Url::parse(&target) {
            url.query_pairs_mut().append_pair("attune_token", &token);
            return Ok(url.into());
        }
    }
    Ok(target)
}

async fn person_of(app: &App, contact_id: Option<i64>) -> Result<Person, Problem> {
    let Some(id) = contact_id else { return Ok(Person::new()) };
    let mut tx = app.db.read().await?;
    Ok(templates::find_person(&mut tx, id).await?.unwrap_or_default())
}

/// The part of an address before its first merge tag.
fn without_tags(url: &str) -> String {
    url.split("{{").next().unwrap_or_default().to_owned()
}

async fn is_tracked_site(app: &App, target: &str) -> Result<bool, Problem> {
    let Ok(target) = url::Url::parse(target) else { return Ok(false) };
    let own = url::Url::parse(&app.public_url).ok();
    if own.is_some_and(|own| own.host_str() == target.host_str() && own.port_or_known_default() == target.port_or_known_default()) {
        return Ok(true);
    }
    let mut tx = app.db.read().await?;
    let sites = attune_house::setting_text(&mut tx, "interact.tracked_sites", "").await?;
    Ok(sites.split([',', ' ']).any(|site| !site.is_empty() && target.host_str() == Some(site.trim())))
}
