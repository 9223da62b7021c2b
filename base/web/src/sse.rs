//! Server-sent events: a page that stays open hears what changed.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};

/// One message to the browser: an event name and a fragment of HTML (or any text).
#[derive(Clone, Debug)]
pub struct Frame {
    /// The name `hx-sse` listens for; empty for a plain message.
    pub name: &'static str,
    /// The data; line breaks are fine.
    pub data: String,
}

/// Answers with `frames` as they come; a comment every 20 s keeps proxies from closing the line.
pub fn sse<S>(frames: S) -> Response
where
    S: Stream<Item = Frame> + Send + 'static,
{
    let events = frames.map(|frame| {
        let event = Event::default().data(frame.data);
        Ok::<_, Infallible>(if frame.name.is_empty() { event } else { event.event(frame.name) })
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))).into_response();
    response.headers_mut().insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    response
}
