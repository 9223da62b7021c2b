//! The extractors that stand before a handler: signed in at all ([`SignedIn`]), and allowed to ([`Can`]).

use std::marker::PhantomData;
use std::sync::Arc;

use attune_kernel::Fault;
use axum::extract::{FromRef, FromRequestParts};
use axum_extra::extract::CookieJar;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::request::Parts;
use tokio::sync::OnceCell;

use super::{Actor, Permission, Scope, Via};
use crate::{Problem, Web};

/// The cookie that carries the session token.
const SESSION: &str = "attune_session";

/// Holds who asks, looked up at most once per request and only if somebody wants to know.
#[derive(Clone, Default)]
pub struct Seat(Arc<OnceCell<Option<Actor>>>);

impl Seat {
    /// The actor, if the lookup has happened and found one.
    pub(crate) fn seen(&self) -> Option<&Actor> {
        self.0.get().and_then(Option::as_ref)
    }
}

/// The session cookie for `token`, valid `days` days; an empty token deletes it.
pub fn session_cookie(web: &Web, token: &str, days: i64) -> axum_extra::extract::cookie::Cookie<'static> {
    crate::shell::cookie(web, SESSION, token.to_owned(), if token.is_empty() { 0 } else { days * 86_400 })
}

/// The SHA-256 of a token in hex: what the store keeps instead of the token.
pub fn token_hash(token: &str) -> String {
    use std::fmt::Write;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The actor of this request; looked up once.
///
/// What stands before every handler of every room is a future on the heap, so that it is compiled here and not again with each handler.
pub(crate) fn actor<'a>(parts: &'a mut Parts, web: &'a Web) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
    Box::pin(async move {
        let seat = parts.extensions.get_or_insert_default::<Seat>().clone();
        let found = seat.0.get_or_try_init(|| look_up(parts, web)).await?;
        Ok(found.clone())
    })
}

fn signed_in(parts: &mut Parts, web: Web) -> BoxFuture<'_, Result<Actor, Problem>> {
    Box::pin(async move {
        match actor(parts, &web).await? {
            Some(actor) => Ok(actor),
            None if web.doorman.needs_setup(&web.db).await? => Err(Problem::Setup),
            None => Err(Problem::SignIn),
        }
    })
}

async fn look_up(parts: &Parts, web: &Web) -> Result<Option<Actor>, Fault> {
    let now = web.clock.now();
    if let Some(token) = bearer(parts) {
        return web.doorman.by_api_key(&web.db, &token_hash(token), now).await;
    }
    match CookieJar::from_headers(&parts.headers).get(SESSION) {
        Some(cookie) if !cookie.value().is_empty() => web.doorman.by_session(&web.db, &token_hash(cookie.value()), now).await,
        _ => Ok(None),
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Somebody is signed in; no particular permission is needed.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Actor);

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    Web: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        signed_in(parts, Web::from_ref(state)).await.map(Self)
    }
}

/// The actor holds the permission `P`; `scope` says for which rows.
pub struct Can<P> {
    /// Who asks.
    pub actor: Actor,
    /// The rows the permission covers.
    pub scope: Scope,
    permission: PhantomData<P>,
}

impl<P: Permission> Can<P> {
    /// The same proof for code that runs without a request: jobs, reactors, the command line.
    pub fn of(actor: &Actor) -> Option<Self> {
        actor.may(P::KEY).map(|scope| Self { actor: actor.clone(), scope: *scope, permission: PhantomData })
    }

    /// Proof for Attune itself: every row.
    pub fn system() -> Self {
        Self { actor: Actor::system(), scope: Scope::All, permission: PhantomData }
    }

    /// Refuses a record outside the scope as if it did not exist.
    pub fn check(&self, owner: Option<i64>, team: Option<i64>) -> Result<(), Problem> {
        if self.scope.covers(owner, team) { Ok(()) } else { Err(Problem::NotFound) }
    }

    /// The key of the permission.
    pub fn key(&self) -> &'static str {
        P::KEY
    }

    /// Whether a program asks with an API key.
    pub fn by_program(&self) -> bool {
        matches!(self.actor.via, Via::ApiKey { .. })
    }
}

impl<P> Clone for Can<P> {
    fn clone(&self) -> Self {
        Self { actor: self.actor.clone(), scope: self.scope, permission: PhantomData }
    }
}

impl<P: Permission, S> FromRequestParts<S> for Can<P>
where
    S: Send + Sync,
    Web: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let actor = signed_in(parts, Web::from_ref(state)).await?;
        Self::of(&actor).ok_or(Problem::Forbidden { permission: P::KEY })
    }
}
