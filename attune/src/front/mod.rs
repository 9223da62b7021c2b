//! What the binary itself answers: health, measures, the OpenAPI description and the demo shop.

mod shop;

use attune_house::{App, Room};
use attune_identify::tracking::Collector;
use attune_web::{Answer, Problem};
use axum::Router;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// The front room: no tables, no permissions.
pub fn room(collector: &Collector) -> Room {
    let routes = Router::new()
        .route("/healthz", get(healthz))
        .layer(Extension(collector.clone()))
        .route("/metrics", get(metrics))
        .route("/api/openapi.json", get(openapi))
        .merge(shop::routes());
    Room::new("front").locales(crate::LOCALES.en, crate::LOCALES.zh).routes(routes).public_paths(["/healthz", "/metrics", "/shop"])
}

/// GET /healthz: 200 when the store answers, with how much is on its way into the log and how far the reactors are behind it.
async fn healthz(State(app): State<App>, Extension(collector): Extension<Collector>) -> Answer {
    // In this order: what leaves the inbox in between is in the log.
    let waiting = collector.waiting();
    let lag = app.lag().await?;
    let body = serde_json::json!({ "status": "ok", "inbox_waiting_requests": waiting, "reactor_lag_events": lag });
    Ok(axum::Json(body).into_response())
}

/// GET /metrics: Prometheus text; only for this machine unless a proxy lets others through.
async fn metrics(peer: attune_web::Peer) -> Answer {
    if !peer.0.is_loopback() {
        return Err(Problem::NotFound);
    }
    let Some(handle) = crate::measures::handle() else { return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()) };
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response())
}

/// GET /api/openapi.json
async fn openapi() -> Answer {
    Ok(axum::Json(crate::openapi::document()).into_response())
}
