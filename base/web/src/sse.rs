//! Server-sent events: a page that stays open hears what changed.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use tokio::sync::watch;

/// The shortest time between two frames of a live part.
const BREATH: Duration = Duration::from_millis(500);
/// The event that tells the page's `hx-sse:close="over"` not to connect again.
const OVER: &str = "over";

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

/// What a live part of a page has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Live {
    /// What it was: nothing is sent.
    Same,
    /// This HTML.
    New(String),
    /// This HTML for good: the page is told to close the line (`hx-sse:close="over"`).
    Last(String),
    /// Not there any more, or not for this asker: the line ends.
    Gone,
}

/// Keeps a part of a page up to date: `part` is asked at once and again after `changes`, twice a second at most. It must check on every
/// call what the asker may see.
pub fn live<P, F>(mut changes: watch::Receiver<u64>, part: P) -> Response
where
    P: FnMut() -> F + Send + 'static,
    F: Future<Output = Live> + Send,
{
    // What happened between the page and this line is told at once.
    changes.mark_changed();
    let frames = stream::unfold((Some((changes, part)), false), async |(open, tell_over)| {
        if tell_over {
            return Some((Frame { name: OVER, data: OVER.to_owned() }, (None, false)));
        }
        let (mut changes, mut part) = open?;
        loop {
            changes.changed().await.ok()?;
            tokio::time::sleep(BREATH).await;
            changes.mark_unchanged();
            match part().await {
                Live::Same => {}
                Live::New(data) => return Some((Frame { name: "", data }, (Some((changes, part)), false))),
                Live::Last(data) => return Some((Frame { name: "", data }, (None, true))),
                Live::Gone => return None,
            }
        }
    });
    sse(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_live_part_is_sent_when_it_has_changed_and_the_page_is_told_when_it_is_over() {
        let (tell, changes) = watch::channel(0_u64);
        let mut parts = [Live::New("a".to_owned()), Live::Same, Live::Last("b".to_owned())].into_iter();
        let response = live(changes, move || {
            tell.send_modify(|n| *n += 1);
            let part = parts.next().unwrap_or(Live::Gone);
            async move { part }
        });
        let bytes = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), "data: a\n\ndata: b\n\ndata: over\nevent: over\n\n");
    }
}
