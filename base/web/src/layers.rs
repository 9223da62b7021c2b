//! What stands around every route: request ids, CSRF, panics, error pages, security headers, measures.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use attune_kernel::{Fault, encode_id};
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRef, FromRequestParts, MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use futures::{FutureExt, StreamExt};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, ORIGIN, RETRY_AFTER, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Map, Value, json};
use tower_http::compression::CompressionLayer;
use tracing::Instrument;

use crate::access::Seat;
use crate::problem::Raised;
use crate::shell::{Shell, with_partial};
use crate::{Problem, Web, kit};

/// The largest body a route takes unless it says otherwise with `DefaultBodyLimit`, bytes.
const BODY_BYTES: usize = 2 * 1024 * 1024;

/// Everything from here: no inline script or style, no frames, no other site.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Wraps all routes. Add every route and the fallback before; nothing may stand around it but the server.
pub fn layers<S>(router: Router<S>, web: Web) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Web: FromRef<S>,
{
    let web = Arc::new(web);
    router
        .fallback(async || Problem::NotFound)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn(move |request: Request, next: Next| around(web.clone(), request, next)))
        .layer(CompressionLayer::new().gzip(true))
}

/// What the layers remember of a request while its handler runs.
struct Asked {
    id: String,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    route: String,
    seat: Seat,
    started: Instant,
}

async fn around(web: Arc<Web>, mut request: Request, next: Next) -> Response {
    let seat = Seat::default();
    request.extensions_mut().insert(seat.clone());
    let asked = Asked {
        id: encode_id("req", web.ids.next()),
        method: request.method().clone(),
        uri: request.uri().clone(),
        headers: request.headers().clone(),
        route: request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned()),
        seat,
        started: Instant::now(),
    };
    let span = tracing::info_span!("request", id = %asked.id, method = %asked.method, path = asked.uri.path());
    async move {
        let response = if same_site(&web, &asked) { run(request, next).await } else { Problem::CrossSite.into_response() };
        let mut response = told(&web, &asked, response).await;
        seal(&asked, &mut response);
        measure(&asked, response.status());
        until_closing(&web, response)
    }
    .instrument(span)
    .await
}

/// Runs the handler; a panic becomes a fault like any other.
async fn run(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            Problem::Fault(Fault::new(format!("a handler panicked: {}", said.unwrap_or("without words")))).into_response()
        }
    }
}

/// Whether a request may act with the cookies it carries: it only reads, or a browser vouches that our own page sent it, or no browser
/// did (then no cookie came along against its owner's will), or the path is open to other sites.
fn same_site(web: &Web, asked: &Asked) -> bool {
    if matches!(asked.method, Method::GET | Method::HEAD | Method::OPTIONS) || asked.headers.contains_key(AUTHORIZATION) {
        return true;
    }
    let path = asked.uri.path();
    if web
        .open_paths
        .iter()
        .any(|open| path == open || path.strip_prefix(open.as_str()).is_some_and(|rest| open.ends_with('/') || rest.starts_with('/')))
    {
        return true;
    }
    let text = |name: &HeaderName| asked.headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    match text(&ORIGIN) {
        None => true,
        Some(origin) => origin == web.public_url || origin.split_once("://").is_some_and(|(_, host)| text(&HOST) == Some(host)),
    }
}

/// Whether a program asks: errors are JSON then.
fn by_program(asked: &Asked) -> bool {
    asked.uri.path().starts_with("/api/")
}

/// Turns a raised problem, or a bare error status of the router, into words.
async fn told(web: &Web, asked: &Asked, response: Response) -> Response {
    let problem = match response.extensions().get::<Raised>() {
        Some(raised) => raised.0.clone(),
        None => match bare_error(&response) {
            Some(problem) => Arc::new(problem),
            None => return response,
        },
    };
    if let Problem::Fault(fault) = problem.as_ref() {
        tracing::error!(request = %asked.id, method = %asked.method, path = asked.uri.path(), %fault, "a request failed");
    }
    let shell = Shell::bare(web, &asked.headers, asked.seat.seen().cloned(), &asked.uri);
    let mut answer = match problem.as_ref() {
        _ if by_program(asked) => as_json(&problem, &shell, &asked.id),
        Problem::SignIn => sign_in(asked, &shell),
        Problem::Setup => lead(&shell, "/setup"),
        _ if shell.hx.partial => as_toast(&problem, &shell, &asked.id),
        _ => as_page(web, &problem, &shell, &asked.id).await,
    };
    if let Problem::TooMany { seconds } = problem.as_ref() {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
    } else if matches!(problem.as_ref(), Problem::Busy) {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    answer
}

/// The problem behind an answer that axum itself gave (405, 413, …): an error status with plain text.
fn bare_error(response: &Response) -> Option<Problem> {
    let plain = response.headers().get(CONTENT_TYPE).is_none_or(|v| v.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        _ if !plain => None,
        StatusCode::NOT_FOUND => Some(Problem::NotFound),
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(Problem::Unreadable(String::new())),
        StatusCode::METHOD_NOT_ALLOWED => Some(Problem::Method),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Problem::TooLarge),
        _ => None,
    }
}

/// `{"error":{"code","message","fields","request"}}`
fn as_json(problem: &Problem, shell: &Shell, id: &str) -> Response {
    let (title, text) = problem.words(&shell.l);
    let message = match problem {
        Problem::Unreadable(why) if !why.is_empty() => why.clone(),
        _ if text.is_empty() => title,
        _ => text,
    };
    let mut fields = Map::new();
    if let Problem::Form(errors) = problem {
        for (field, words) in errors.all(&shell.l) {
            fields.entry(field.to_owned()).or_insert(Value::String(words));
        }
    }
    let body = json!({ "error": { "code": problem.code(), "message": message, "fields": fields, "request": id } });
    (problem.status(), Json(body)).into_response()
}

fn lead(shell: &Shell, url: &str) -> Response {
    let Ok(value) = HeaderValue::try_from(url) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if shell.hx.request {
        return (StatusCode::UNAUTHORIZED, [(HeaderName::from_static("hx-redirect"), value)]).into_response();
    }
    (StatusCode::SEE_OTHER, [(LOCATION, value)]).into_response()
}

/// To the sign-in page, and back afterwards to where one was.
fn sign_in(asked: &Asked, shell: &Shell) -> Response {
    let current = shell.hx.current_url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let back = match current {
        Some(url) => url[url::Position::BeforePath..].to_owned(),
        None if asked.method == Method::GET => shell.here.clone(),
        None => "/".to_owned(),
    };
    let next: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
    lead(shell, &format!("/sign-in?next={next}"))
}

/// For htmx: a toast; the region it asked for stays as it is.
fn as_toast(problem: &Problem, shell: &Shell, id: &str) -> Response {
    let toast = kit::ProblemToast::new(problem, shell, id);
    (problem.status(), with_partial("#toasts", "beforeend", &toast.html())).into_response()
}

async fn as_page(web: &Web, problem: &Problem, shell: &Shell, id: &str) -> Response {
    let grantors = match problem {
        Problem::Forbidden { permission } => web.doorman.grantors(&web.db, permission).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    kit::ErrorPage::new(web, problem, shell, id, &grantors).response(problem.status())
}

/// Lets an answer that never ends by itself end with the program.
fn until_closing(web: &Web, response: Response) -> Response {
    if response.headers().get(CONTENT_TYPE).is_none_or(|kind| !kind.as_bytes().starts_with(b"text/event-stream")) {
        return response;
    }
    let closing = web.closing.clone().cancelled_owned();
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(closing)))
}

/// The headers that every answer carries.
fn seal(asked: &Asked, response: &mut Response) {
    let path = asked.uri.path();
    let html = response.headers().get(CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(asked.id.as_str()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    let fixed = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let mut wanted = vec![
        fixed("x-content-type-options", "nosniff"),
        fixed("referrer-policy", "strict-origin-when-cross-origin"),
        fixed("cross-origin-opener-policy", "same-origin"),
        fixed("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
        (CACHE_CONTROL, HeaderValue::from_static(if path.starts_with("/api/") { "no-store" } else { "private, no-cache" })),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        wanted.push(fixed("x-frame-options", "DENY"));
    }
    for (name, value) in wanted {
        headers.entry(name).or_insert(value);
    }
    if html {
        headers.append(VARY, HeaderValue::from_static("HX-Request, HX-Request-Type, Cookie, Accept-Language"));
    }
}

fn measure(asked: &Asked, status: StatusCode) {
    let class = format!("{}xx", status.as_u16() / 100);
    let method = asked.method.to_string();
    metrics::counter!("attune_http_requests_total", "method" => method.clone(), "route" => asked.route.clone(), "status" => class)
        .increment(1);
    metrics::histogram!("attune_http_request_seconds", "method" => method, "route" => asked.route.clone())
        .record(asked.started.elapsed().as_secs_f64());
}

/// The address a request comes from: the connection's, or the first in `X-Forwarded-For` behind a trusted proxy.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl<S> FromRequestParts<S> for Peer
where
    S: Send + Sync,
    Web: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let web = Web::from_ref(state);
        let forwarded =
            parts.headers.get("x-forwarded-for").and_then(|v| v.to_str().ok()).and_then(|v| v.split(',').next()?.trim().parse().ok());
        if let Some(ip) = forwarded.filter(|_| web.trust_proxy) {
            return Ok(Self(ip));
        }
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self(connection.unwrap_or(IpAddr::from([127, 0, 0, 1]))))
    }
}

/// The same page, which may show pictures of another origin, too; an origin that is no header value changes nothing.
pub fn with_pictures_of(mut response: Response, origin: &str) -> Response {
    const OWN: &str = "img-src 'self' data:";
    if let Ok(policy) = HeaderValue::try_from(POLICY.replacen(OWN, &format!("{OWN} {origin}"), 1)) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        response.headers_mut().insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
    }
    response
}

/// A page for a sandboxed frame on our own pages, such as the preview of a mail: no scripts, its own styles and remote pictures allowed.
pub fn framed(html: String) -> Response {
    const FRAMED: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https: http:; font-src 'self' data:; \
        sandbox allow-same-origin; frame-ancestors 'self'";
    let mut response = Response::new(Body::from(html));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAMED));
    response
}
