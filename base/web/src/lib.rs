//! Everything between HTTP and a room: who asks, in which language, what they may do, and how pages, forms and mistakes look.
//!
//! A room's handler takes [`Can`] (permission and row scope), [`Form`] and [`Shell`], calls one use-case function and answers with
//! [`Shell::page`] or [`Shell::leave`]. [`layers`] wraps the router once: request ids, CSRF, error pages, security headers, compression.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod access;
mod assets;
pub mod form;
mod gallery;
pub mod kit;
pub mod language;
mod layers;
mod limit;
mod menu;
mod preference;
mod problem;
mod secret;
pub mod shell;
mod sse;
#[cfg(test)]
mod tests;

// The kit's macros name this crate from the templates of every room, and from its own.
extern crate self as attune_web;

use std::sync::Arc;

use attune_db::Db;
use attune_kernel::{Clock, Ids};
use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
pub use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

pub use access::{Actor, Can, Doorman, Grant, Permission, PermissionDef, Scope, Sight, SignedIn, Via, session_cookie, token_hash};
pub use form::{Form, FormErrors, Json, Path, Query};
pub use language::{Lang, LocaleFiles, Said, Text, Texts, Theme};
pub use layers::{Peer, framed, layers, with_pictures_of};
pub use limit::Limiter;
pub use preference::local;
pub use problem::{Answer, Problem};
pub use secret::{FormToken, Secret};
pub use shell::{Finder, Flash, Found, Hx, NavCount, NavItem, NavView, Shell, again, see_other, with_partial};
pub use sse::{Frame, Live, live, sse};

/// The name at the top of the navigation: read by every page, changed by an administrator.
#[derive(Clone, Debug)]
pub struct Workspace(Arc<std::sync::RwLock<String>>);

impl Default for Workspace {
    fn default() -> Self {
        Self(Arc::new(std::sync::RwLock::new("Attune".to_owned())))
    }
}

impl Workspace {
    /// The name.
    pub fn name(&self) -> String {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Changes the name in this process.
    pub fn rename(&self, name: &str) {
        name.clone_into(&mut self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

/// What every handler can reach: the store, time, ids, texts, the door and the navigation. Clones are cheap.
#[derive(Clone)]
pub struct Web {
    /// The store.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// All texts of all rooms in both languages.
    pub texts: Arc<Texts>,
    /// Knows sessions, API keys and roles.
    pub doorman: Arc<dyn Doorman>,
    /// The navigation, all rooms together.
    pub nav: Arc<Vec<NavItem>>,
    /// Every permission of every room.
    pub permissions: Arc<Vec<PermissionDef>>,
    /// Signs links, form tokens and flash cookies.
    pub secret: Secret,
    /// The address users and mails reach this installation under, without a slash at the end.
    pub public_url: String,
    /// Whether cookies are sent over HTTPS only.
    pub secure_cookies: bool,
    /// Path prefixes that take unsafe requests from other sites: the collector, one-click unsubscribe, embedded forms.
    pub open_paths: Arc<Vec<String>>,
    /// Whether `X-Forwarded-For` names the peer (behind a reverse proxy only).
    pub trust_proxy: bool,
    /// What the command palette searches beside the navigation.
    pub finders: Arc<Vec<Finder>>,
    /// The name shown at the top of the navigation.
    pub workspace: Workspace,
    /// Ends every line that stays open (server-sent events), so that the program can stop.
    pub closing: CancellationToken,
}

impl Web {
    /// A web on `db` without rooms: the machine's clock, no navigation, no open paths, plain HTTP. Fill the public fields you need.
    pub fn bare(db: Db, texts: Arc<Texts>, doorman: Arc<dyn Doorman>, secret: Secret) -> Self {
        let clock = Clock::system();
        Self {
            db,
            ids: Ids::new(clock.clone(), 0),
            clock,
            texts,
            doorman,
            nav: Arc::default(),
            permissions: Arc::default(),
            secret,
            public_url: "http://127.0.0.1:7411".to_owned(),
            secure_cookies: false,
            open_paths: Arc::default(),
            trust_proxy: false,
            finders: Arc::default(),
            workspace: Workspace::default(),
            closing: CancellationToken::new(),
        }
    }

    /// The words of `locale` in UTC; for mails, jobs and the command line.
    pub fn lang(&self, locale: attune_kernel::Locale) -> Lang {
        Lang::new(self.texts.clone(), locale, jiff::tz::TimeZone::UTC)
    }
}

/// The routes the web itself answers: assets, tracker script, language and theme switch, palette, menu, component gallery.
pub fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Web: FromRef<S>,
{
    Router::new()
        .route("/assets/{name}", get(assets::file))
        .route("/favicon.svg", get(assets::favicon))
        .route("/favicon.ico", get(assets::favicon))
        .route("/t.js", get(assets::tracker))
        .route("/me/locale", post(preference::locale))
        .route("/me/theme", post(preference::theme))
        .route("/palette", get(menu::palette))
        .route("/menu", get(menu::menu))
        .route("/ui", get(gallery::page).post(gallery::submit))
}
