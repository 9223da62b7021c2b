//! The collect address: `POST /t` for the tracker, `GET /t.gif` for pages without scripts.

use attune_events::Full;
use attune_house::App;
use attune_kernel::Fault;
use attune_web::{Peer, Web};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{
    ACCEPT_LANGUAGE, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, REFERER,
    RETRY_AFTER, USER_AGENT, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Client, Collector, Passed, SiteRules, app};

/// Largest body in bytes: the tracker sends 60,000 at most.
const MAX_BODY: usize = 64 * 1024;
/// Seconds after which a sender may come again when the queue was full.
const QUEUE_WAIT: &str = "1";
/// Seconds after which a sender may come again when the store was not there.
const STORE_WAIT: &str = "5";

/// Who may load an answer into a page.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The public addresses. They are listed as [`PUBLIC_PATHS`].
pub fn routes(collector: &Collector) -> Router<App> {
    Router::new()
        .route("/t", post(collect).options(preflight))
        .route("/t.gif", get(pixel))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .merge(Router::new().route("/api/v1/app/events", post(app::collect)).layer(DefaultBodyLimit::max(app::MAX_BODY)))
        .layer(Extension(collector.clone()))
}

/// Paths that other sites and apps post to.
pub const PUBLIC_PATHS: [&str; 3] = ["/t", "/t.gif", "/api/v1/app/events"];

async fn collect(
    State(web): State<Web>,
    Peer(ip): Peer,
    Extension(collector): Extension<Collector>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let rules = match collector.rules().await {
        Ok(rules) => rules,
        Err(fault) => return unavailable(&fault.to_string()),
    };
    // Reading what is turned away would take the time that the queue needs to become shorter.
    let response = if collector.turns_away() { come_again() } else { read(&web, &collector, ip, &headers, &body).await };
    with_cors(response, &rules, &headers)
}

async fn read(web: &Web, collector: &Collector, ip: std::net::IpAddr, headers: &HeaderMap, body: &[u8]) -> Response {
    let client = match client(web, collector, ip, headers).await {
        Ok(client) => client,
        Err(fault) => return unavailable(&fault.to_string()),
    };
    match collector.read(&client, body).await {
        Ok(Ok(passed)) => take(collector, passed).await,
        Ok(Err(message)) => unreadable(&message),
        Err(fault) => unavailable(&fault.to_string()),
    }
}

pub(super) fn come_again() -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, QUEUE_WAIT)]).into_response()
}

/// Keeps what passed and tells what was refused.
async fn take(collector: &Collector, passed: Passed) -> Response {
    match collector.post(passed.hits).await {
        Ok(()) => {}
        Err(Full::Queue) => return come_again(),
        Err(Full::Store(reason)) => return unavailable(&reason),
    }
    let refused: Vec<_> = passed
        .dropped
        .iter()
        .chain(&passed.left_out)
        .filter(|dropped| dropped.reason.is_mistake())
        .map(|dropped| json!({ "index": dropped.index, "reason": dropped.reason.code(), "message": dropped.reason.to_string() }))
        .collect();
    if refused.is_empty() { StatusCode::NO_CONTENT.into_response() } else { Json(json!({ "refused": refused })).into_response() }
}

pub(super) fn unreadable(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": { "code": "unreadable", "message": message } }))).into_response()
}

pub(super) fn unavailable(reason: &str) -> Response {
    tracing::warn!(reason, "events were turned away");
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, STORE_WAIT)]).into_response()
}

async fn client(web: &Web, collector: &Collector, ip: std::net::IpAddr, headers: &HeaderMap) -> Result<Client, Fault> {
    let is_one = |name: &'static str| headers.get(HeaderName::from_static(name)).is_some_and(|value| value.as_bytes() == b"1");
    Ok(Client {
        received_at: web.clock.now(),
        ip: Some(ip),
        agent: headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default(),
        has_language: headers.get(ACCEPT_LANGUAGE).is_some_and(|value| !value.is_empty()),
        objects: is_one("dnt") || is_one("sec-gpc"),
        staff: collector.is_staff(web, headers).await?,
        app: false,
    })
}

/// Lets the configured sites read the answer; with none configured, every site. Any page may load it: one that isolates itself
/// (`Cross-Origin-Embedder-Policy`) would otherwise complain of every beacon.
fn with_cors(mut response: Response, rules: &SiteRules, asked: &HeaderMap) -> Response {
    response.headers_mut().insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    let Some(origin) = asked.get(ORIGIN) else { return response };
    let host = origin.to_str().ok().and_then(|text| Url::parse(text).ok()).and_then(|url| url.host_str().map(str::to_owned));
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if rules.takes_host(host.as_deref()) {
        // With its name and not "*": browsers of the staff send their session along, by which they are told from visitors.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    response
}

/// Answers the question browsers ask before they send `application/json` from another site.
async fn preflight(Extension(collector): Extension<Collector>, headers: HeaderMap) -> Response {
    let Ok(rules) = collector.rules().await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let mut response = with_cors(StatusCode::NO_CONTENT.into_response(), &rules, &headers);
    let allowed =
        [(ACCESS_CONTROL_ALLOW_METHODS, "POST"), (ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type"), (ACCESS_CONTROL_MAX_AGE, "86400")];
    for (name, value) in allowed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A transparent picture of one pixel.
const PIXEL: &[u8] = &[
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0x21, 0xf9, 0x04,
    0x01, 0x00, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3b,
];

/// The page a pixel reports; without `url` it is the page that shows it.
#[derive(Deserialize)]
struct PixelAsked {
    #[serde(default)]
    url: Option<String>,
    #[serde(default, rename = "ref")]
    referrer: Option<String>,
}

async fn pixel(
    State(web): State<Web>,
    Peer(ip): Peer,
    Extension(collector): Extension<Collector>,
    Query(asked): Query<PixelAsked>,
    headers: HeaderMap,
) -> Response {
    let client = client(&web, &collector, ip, &headers).await.ok();
    let page = headers.get(REFERER).and_then(|value| value.to_str().ok());
    // The picture is shown whether or not the view was recorded: the page must not look broken.
    if let Some(client) = client
        && let Some(body) = pixel_body(&asked, page, web.ids.next(), client.received_at)
        && let Ok(Ok(passed)) = collector.read(&client, body.as_bytes()).await
        && let Err(full) = collector.post(passed.hits).await
    {
        tracing::warn!(reason = %full, "a page view without script was turned away");
    }
    ([(CONTENT_TYPE, "image/gif"), (CACHE_CONTROL, "no-store"), (RESOURCE_POLICY, "cross-origin")], PIXEL).into_response()
}

/// The view as the tracker would have sent it.
fn pixel_body(asked: &PixelAsked, page: Option<&str>, id: i64, now: i64) -> Option<String> {
    let page = asked.url.as_deref().or(page)?;
    let url = Url::parse(page).or_else(|_| Url::parse("http://unknown.invalid").and_then(|base| base.join(page))).ok()?;
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let props: serde_json::Map<String, serde_json::Value> = url
        .query_pairs()
        .filter(|(key, _)| key.starts_with("utm_"))
        .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
        .collect();
    let host = url.host_str().filter(|host| *host != "unknown.invalid");
    let at = now / 1_000;
    let event = json!({ "id": format!("pixel-{id}"), "name": "page.viewed", "at": at, "url": path, "ref": asked.referrer, "props": props });
    Some(json!({ "v": 1, "consent": "implied", "host": host, "sent_at": at, "events": [event] }).to_string())
}
