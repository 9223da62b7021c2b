//! Embedded files: hashed names live for ever in caches, the tracker's stable name for an hour.

use attune_assets::Asset;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::Problem;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_AN_HOUR: &str = "public, max-age=3600";

/// GET /assets/{name}
pub(crate) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    attune_assets::find(&name).map_or_else(|| Problem::NotFound.into_response(), |asset| serve(asset, &headers, FOR_EVER))
}

/// GET /t.js: the tracker under the address that sites embed.
pub(crate) async fn tracker(headers: HeaderMap) -> Response {
    let Some(asset) = attune_assets::tracker() else { return Problem::NotFound.into_response() };
    let mut response = serve(asset, &headers, FOR_AN_HOUR);
    response.headers_mut().insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    response
}

/// GET /favicon.svg and /favicon.ico: the mark on a browser's tab.
pub(crate) async fn favicon() -> Response {
    let mark = include_str!("../ui/favicon.svg");
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, FOR_AN_HOUR)], mark).into_response()
}

fn serve(asset: &'static Asset, headers: &HeaderMap, cache: &'static str) -> Response {
    let takes_gzip = headers.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("gzip"));
    let packed = asset.gzip.filter(|_| takes_gzip);
    let mut response = (StatusCode::OK, packed.unwrap_or(asset.bytes)).into_response();
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(asset.mime));
    out.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if packed.is_some() {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
