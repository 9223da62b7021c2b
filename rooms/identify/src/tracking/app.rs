//! `POST /api/v1/app/events`: events of a mobile app, also those it kept while it was offline.
//!
//! The same steps as for the tracker, and the same promise: what is answered as taken is on the disk. Every event happened when the device
//! measured it, on the server's clock: the device tells by its own clock when it sends, and what it is wrong by falls out (ADR 0022).

use std::io::Read;
use std::sync::Arc;

use attune_events::Full;
use attune_web::{Peer, Web};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::agent::{Agent, clipped};
use super::collect::{come_again, unavailable, unreadable};
use super::pipeline::{Client, Passed};
use super::{Collector, Reason};

/// Largest body in bytes, as sent.
pub(super) const MAX_BODY: usize = 1024 * 1024;
/// Largest body in bytes, unpacked.
const MAX_UNPACKED: u64 = 4 * 1024 * 1024;

/// What an app says about itself and the device it runs on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireApp {
    /// `com.example.shop`
    id: String,
    name: String,
    version: String,
    os: String,
    os_version: String,
    model: String,
    /// `phone`, `tablet` or `other`.
    device: String,
}

impl WireApp {
    /// The id of the app: what stands where a site's host stands.
    pub(super) fn host(&self) -> Option<&str> {
        Some(clipped(self.id.trim(), 255)).filter(|id| !id.is_empty())
    }

    /// App and device in the place of a browser's agent.
    pub(super) fn agent(&self) -> Arc<Agent> {
        let pair = |name: &str, version: &str| clipped(format!("{} {}", name.trim(), version.trim()).trim(), 80).to_owned();
        let name = if self.name.trim().is_empty() { &self.id } else { &self.name };
        Arc::new(Agent {
            browser: pair(name, &self.version),
            os: pair(&self.os, &self.os_version),
            device: ["phone", "tablet"].into_iter().find(|kind| *kind == self.device).unwrap_or(if self.device.is_empty() {
                "phone"
            } else {
                "other"
            }),
            model: clipped(self.model.trim(), 80).to_owned(),
            machine: None,
        })
    }
}

/// Takes a batch and says of each event what became of it.
pub(super) async fn collect(
    State(web): State<Web>,
    Peer(ip): Peer,
    Extension(collector): Extension<Collector>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if collector.turns_away() {
        return come_again();
    }
    let body = match unpacked(&headers, &body) {
        Ok(body) => body,
        Err(message) => return unreadable(&message),
    };
    let client = Client { received_at: web.clock.now(), ip: Some(ip), has_language: true, app: true, ..Client::default() };
    match collector.read(&client, &body).await {
        Ok(Ok(passed)) => take(&collector, passed, client.received_at).await,
        Ok(Err(message)) => unreadable(&message),
        Err(fault) => unavailable(&fault.to_string()),
    }
}

/// The body, out of gzip if it is in gzip; more than 4 MB are not unpacked.
fn unpacked(headers: &HeaderMap, body: &Bytes) -> Result<Bytes, String> {
    match headers.get(CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None | Some(b"identity") => Ok(body.clone()),
        Some(b"gzip") => {
            let mut plain = Vec::new();
            let read = GzDecoder::new(body.as_ref()).take(MAX_UNPACKED + 1).read_to_end(&mut plain);
            read.map_err(|error| format!("the body is not gzip: {error}"))?;
            if plain.len() as u64 > MAX_UNPACKED {
                return Err("the body unpacks to more than 4 MB".to_owned());
            }
            Ok(plain.into())
        }
        Some(other) => Err(format!("Content-Encoding {:?} is unknown: use gzip or none", String::from_utf8_lossy(other))),
    }
}

/// Keeps what passed. What is refused will never be taken: the app drops it; what is turned away it sends again.
async fn take(collector: &Collector, passed: Passed, received_at: i64) -> Response {
    match collector.post(passed.hits).await {
        Ok(()) => {}
        Err(Full::Queue) => return come_again(),
        Err(Full::Store(reason)) => return unavailable(&reason),
    }
    let mut results: Vec<Value> = (0..passed.sent).map(|index| json!({ "index": index, "result": "taken" })).collect();
    for dropped in &passed.dropped {
        if let Some(slot) = results.get_mut(dropped.index) {
            *slot = told(dropped.index, &dropped.reason);
        }
    }
    for part in &passed.left_out {
        if let Some(slot) = results.get_mut(part.index) {
            *slot = json!({ "index": part.index, "result": "taken", "reason": part.reason.code(), "message": part.reason.to_string() });
        }
    }
    (StatusCode::OK, Json(json!({ "received_at": received_at / 1_000, "results": results }))).into_response()
}

fn told(index: usize, reason: &Reason) -> Value {
    let result = if reason.is_mistake() { "refused" } else { "ignored" };
    json!({ "index": index, "result": result, "reason": reason.code(), "message": reason.to_string() })
}

#[cfg(test)]
mod tests {
    use super::WireApp;

    #[test]
    fn an_app_stands_where_a_browser_stands() {
        let said = r#"{"id":"com.example.shop","name":"Shop","version":"4.2.0","os":"iOS","os_version":"18.1","model":"iPhone16,2"}"#;
        let app: WireApp = serde_json::from_str(said).unwrap();
        let agent = app.agent();
        assert_eq!((agent.browser.as_str(), agent.os.as_str(), agent.model.as_str()), ("Shop 4.2.0", "iOS 18.1", "iPhone16,2"));
        assert_eq!((agent.device, app.host()), ("phone", Some("com.example.shop")));
        let bare = WireApp { id: "x".to_owned(), device: "kiosk".to_owned(), ..WireApp::default() };
        assert_eq!((bare.agent().browser.as_str(), bare.agent().device), ("x", "other"));
    }
}
