//! What htmx tells about a request, and what it is told back.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::Problem;

/// What htmx asked for.
#[derive(Clone, Debug, Default)]
pub struct Hx {
    /// htmx made the request.
    pub request: bool,
    /// It wants a part of the page, not the whole.
    pub partial: bool,
    /// The element that will be replaced, e.g. `div#rows`.
    pub target: Option<String>,
    /// A plain link or form that htmx carried out.
    pub boosted: bool,
    /// The address of the page the request came from.
    pub current_url: Option<String>,
}

impl Hx {
    /// Reads the headers.
    pub fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let request = text("hx-request") == Some("true");
        Self {
            request,
            partial: request && text("hx-request-type") != Some("full") && text("hx-boosted") != Some("true"),
            target: text("hx-target").map(str::to_owned),
            boosted: text("hx-boosted") == Some("true"),
            current_url: text("hx-current-url").map(str::to_owned),
        }
    }
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Hx {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::read(&parts.headers))
    }
}

/// Lets htmx load `url` as a whole page.
pub(crate) fn redirect(url: &str) -> Response {
    let Ok(value) = HeaderValue::try_from(url) else {
        return Problem::Fault(attune_kernel::Fault::new("an address to lead to is not a header value")).into_response();
    };
    (StatusCode::NO_CONTENT, [(HeaderName::from_static("hx-redirect"), value)]).into_response()
}

/// Wraps finished HTML so that htmx puts it into `target` (a selector) with `swap`; append it to a fragment to change a second region.
pub fn with_partial(target: &str, swap: &str, html: &str) -> Html<String> {
    Html(partial(target, swap, html))
}

pub(crate) fn partial(target: &str, swap: &str, html: &str) -> String {
    format!("<hx-partial hx-target=\"{target}\" hx-swap=\"{swap}\">{html}</hx-partial>")
}
