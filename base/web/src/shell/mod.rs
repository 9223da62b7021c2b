//! The frame of every page: navigation, language, theme, the message left by the last act, and what htmx asked for.
//!
//! Guards that a message is shown exactly once and that every page renders in one language.

mod flash;
mod frame;
mod hx;
mod nav;

use askama::Template;
use attune_kernel::{Fault, Locale};
use axum::extract::{FromRef, FromRequestParts};
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use futures::future::BoxFuture;
use http::header::{ACCEPT_LANGUAGE, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::tz::TimeZone;

use crate::access::{self, Actor, Sight};
use crate::language::{Lang, Theme};
use crate::{Problem, Web};
pub use flash::{Flash, Toast};
pub use hx::{Hx, with_partial};
pub use nav::{Finder, Found, NavCount, NavItem, NavView};

/// The cookie that keeps the language of somebody signed out.
pub(crate) const LOCALE: &str = "attune_locale";
/// The cookie that keeps the theme of somebody signed out.
pub(crate) const THEME: &str = "attune_theme";

/// What `shell.html` and `plain.html` need, and the ways to answer with a page. A template holds it in the field `shell`.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Who is signed in.
    pub actor: Option<Actor>,
    /// The language.
    pub l: Lang,
    /// The colours.
    pub theme: Theme,
    /// The path of the address, without the query.
    pub path: String,
    /// Path and query; where to come back to after a switch of language.
    pub here: String,
    /// The navigation this actor may see; empty when only a part of the page was asked for.
    pub nav: Vec<NavView>,
    /// What stands beside the settings.
    pub settings: Vec<NavView>,
    /// The message the last act left.
    pub flash: Option<Toast>,
    /// What htmx asked for.
    pub hx: Hx,
    /// The name at the top of the navigation.
    pub workspace: String,
    /// The present moment, µs.
    pub now: i64,
    web: WebParts,
}

/// The little of [`Web`] that answering needs.
#[derive(Clone, Debug)]
struct WebParts {
    secret: crate::Secret,
    secure: bool,
}

impl<S> FromRequestParts<S> for Shell
where
    S: Send + Sync,
    Web: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Self::open(parts, Web::from_ref(state)).await
    }
}

impl Shell {
    fn open(parts: &mut Parts, web: Web) -> BoxFuture<'_, Result<Self, Problem>> {
        Box::pin(async move {
            let actor = access::actor(parts, &web).await?;
            let mut shell = Self::bare(&web, &parts.headers, actor, &parts.uri);
            if !shell.hx.partial {
                (shell.nav, shell.settings) = nav::views(&web, &shell).await?;
                shell.flash = Flash::take(&web.secret, &parts.headers).map(|flash| flash.toast(&shell.l));
            }
            Ok(shell)
        })
    }

    /// A shell without navigation and message, for pages that must not fail.
    pub(crate) fn bare(web: &Web, headers: &HeaderMap, actor: Option<Actor>, uri: &http::Uri) -> Self {
        let jar = CookieJar::from_headers(headers);
        let locale = actor.as_ref().map_or_else(|| wished_locale(&jar, headers), |actor| actor.locale);
        let theme = actor.as_ref().map(|actor| actor.theme).or_else(|| jar.get(THEME)?.value().parse().ok()).unwrap_or_default();
        let zone = actor.as_ref().map_or(TimeZone::UTC, |actor| actor.time_zone.clone());
        Self {
            l: Lang::new(web.texts.clone(), locale, zone),
            theme,
            path: uri.path().to_owned(),
            here: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            nav: Vec::new(),
            settings: Vec::new(),
            flash: None,
            hx: Hx::read(headers),
            workspace: web.workspace.name(),
            now: web.clock.now(),
            actor,
            web: WebParts { secret: web.secret.clone(), secure: web.secure_cookies },
        }
    }

    /// The page, 200.
    pub fn page(&self, page: &impl Template) -> Response {
        self.with_status(StatusCode::OK, page)
    }

    /// A part of a page, 200.
    pub fn fragment(&self, part: &impl Template) -> Response {
        html(StatusCode::OK, part)
    }

    /// The part when htmx asked for a part, else the page.
    pub fn show(&self, page: &impl Template, part: &impl Template) -> Response {
        if self.hx.partial { self.fragment(part) } else { self.page(page) }
    }

    /// The form again, with its errors, 422: the part for htmx, else the page.
    pub fn again(&self, page: &impl Template, part: &impl Template) -> Response {
        match self.hx.partial {
            true => html(StatusCode::UNPROCESSABLE_ENTITY, part),
            false => self.with_status(StatusCode::UNPROCESSABLE_ENTITY, page),
        }
    }

    /// Leads to `url` with a message: 303, or `HX-Redirect` for htmx.
    pub fn leave(&self, url: &str, flash: Flash) -> Response {
        let mut response = if self.hx.request { hx::redirect(url) } else { see_other(url) };
        set_cookie(&mut response, &flash.cookie(&self.web.secret, self.web.secure));
        response
    }

    /// A part of a page plus a message shown at once; for acts that htmx carries out in place.
    pub fn fragment_saying(&self, part: &impl Template, flash: Flash) -> Response {
        match part.render() {
            Ok(body) => Html(body + &flash.toast(&self.l).partial(&self.l)).into_response(),
            Err(error) => Problem::Fault(Fault::from(error).context("a page could not be rendered")).into_response(),
        }
    }

    /// Whether the signed-in actor holds `permission`; for templates.
    pub fn may(&self, permission: &str) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.may(permission).is_some())
    }

    /// Whose addresses are shown in full.
    pub fn sight(&self) -> Sight {
        self.actor.as_ref().map_or_else(Sight::default, Sight::of)
    }

    /// The other language, for the switch.
    pub fn other_locale(&self) -> Locale {
        match self.l.locale() {
            Locale::En => Locale::ZhCn,
            Locale::ZhCn => Locale::En,
        }
    }

    fn with_status(&self, status: StatusCode, page: &impl Template) -> Response {
        let mut response = html(status, page);
        if self.flash.is_some() {
            set_cookie(&mut response, &Flash::gone(self.web.secure));
        }
        response
    }
}

/// The language of somebody signed out: the cookie, else what the browser wishes.
fn wished_locale(jar: &CookieJar, headers: &HeaderMap) -> Locale {
    let chosen = jar.get(LOCALE).and_then(|cookie| cookie.value().parse().ok());
    let wished = || headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).map_or(Locale::En, Locale::from_accept_language);
    chosen.unwrap_or_else(wished)
}

/// A page with `status`.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => (status, Html(body)).into_response(),
        Err(error) => Problem::Fault(Fault::from(error).context("a page could not be rendered")).into_response(),
    }
}

/// The page again with its errors, 422; for pages outside the shell.
pub fn again(page: &impl Template) -> Response {
    html(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// Leads to `url`, 303. For a message along the way use [`Shell::leave`].
pub fn see_other(url: &str) -> Response {
    match HeaderValue::try_from(url) {
        Ok(url) => (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response(),
        Err(_) => Problem::Fault(Fault::new("an address to lead to is not a header value")).into_response(),
    }
}

/// A cookie of ours: for the whole site, not for scripts, not from other sites. `max_age_s` 0 deletes it.
pub(crate) fn cookie(web: &Web, name: &'static str, value: String, max_age_s: i64) -> Cookie<'static> {
    sealed(name, value, max_age_s, web.secure_cookies)
}

fn sealed(name: &'static str, value: String, max_age_s: i64, secure: bool) -> Cookie<'static> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    Cookie::parse(text).unwrap_or_else(|_| Cookie::new(name, ""))
}

/// Adds a cookie to a response.
pub(crate) fn set_cookie(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
