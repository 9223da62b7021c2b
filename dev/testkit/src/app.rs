//! Rooms behind the whole web, asked over HTTP as different people ask: sessions, CSRF, error pages and all, without a socket.

use std::sync::Arc;
use std::time::Duration;

use attune_courier::{Courier, SmtpConfig};
use attune_db::Db;
use attune_house::{App, House, Parts, Room};
use attune_web::{Doorman, PermissionDef, Secret, Texts, Web};
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use futures::StreamExt;
use serde_json::Value as Json;
use tower::ServiceExt;

use crate::colleagues::{COLLEAGUES, Colleague, Known};

/// The longest a test waits for the next frame of a stream.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a room is built on in a test: `db`, a clock that stands still, ids that repeat, a fixed secret.
pub fn parts(db: Db) -> Parts {
    let clock = crate::clock();
    Parts {
        db,
        ids: crate::ids(&clock),
        clock,
        secret: Secret::new([7; 32]),
        public_url: "https://attune.example".to_owned(),
        courier: Courier::new(SmtpConfig::new("127.0.0.1", 2525)).expect("an SMTP client that connects when it has to"),
    }
}

/// A running house of some rooms.
///
/// Whoever asks is named: one of the [`COLLEAGUES`], `""` for a stranger. Addresses below `/api/` are asked with a key, others with a
/// session's cookie, and what is posted comes from our own page.
#[derive(Clone)]
pub struct TestApp {
    app: App,
}

impl TestApp {
    /// A house of `rooms` on a migrated `db`, visited by the [`COLLEAGUES`].
    pub fn start(db: Db, rooms: impl FnOnce(&Parts) -> Vec<Room>) -> Self {
        let parts = parts(db);
        let rooms = rooms(&parts);
        Self::open(parts, rooms, &COLLEAGUES)
    }

    /// A house on parts the test has made itself, visited by these colleagues.
    pub fn open(parts: Parts, rooms: Vec<Room>, colleagues: &[Colleague]) -> Self {
        let colleagues = colleagues.to_vec();
        Self::behind(parts, rooms, |permissions| Arc::new(Known::new(colleagues, permissions)))
    }

    /// A house with a door of its own; whoever asks is then named by the session's token.
    pub fn behind(parts: Parts, rooms: Vec<Room>, doorman: impl FnOnce(Vec<PermissionDef>) -> Arc<dyn Doorman>) -> Self {
        let house = House::build(rooms).expect("the rooms make a house");
        let texts = Arc::new(Texts::build(&house.locales).expect("the words of the rooms"));
        let mut web = Web::bare(parts.db.clone(), texts, doorman(house.permissions.clone()), parts.secret.clone());
        (web.clock, web.ids) = (parts.clock.clone(), parts.ids.clone());
        web.public_url.clone_from(&parts.public_url);
        Self { app: App::new(parts, web, house, "test", 1) }
    }

    /// The running program.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Runs reactors, due timers and due jobs until nothing is left to do.
    pub async fn settle(&self) {
        self.app.settle().await.expect("the house comes to rest");
    }

    /// Opens a page.
    pub async fn get(&self, who: &str, path: &str) -> Got {
        self.send(who, Request::get(path), Body::empty()).await
    }

    /// Asks for a part of a page, as htmx does.
    pub async fn part(&self, who: &str, path: &str) -> Got {
        self.send(who, Request::get(path).header("hx-request", "true").header("hx-request-type", "partial"), Body::empty()).await
    }

    /// Posts a form: `name=value&name=value`.
    pub async fn post(&self, who: &str, path: &str, form: &str) -> Got {
        self.send(who, Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded"), form.to_owned()).await
    }

    /// Posts a form as another site's page would make a browser do.
    pub async fn post_from_elsewhere(&self, who: &str, path: &str, form: &str) -> Got {
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded").header("sec-fetch-site", "cross-site");
        self.send(who, request, form.to_owned()).await
    }

    /// Sends JSON; a null sends nothing.
    pub async fn json(&self, who: &str, method: &str, path: &str, json: &Json) -> Got {
        let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
        let body = if json.is_null() { String::new() } else { json.to_string() };
        self.send(who, request, body).await
    }

    /// Posts a file as the field `file` of a form.
    pub async fn upload(&self, who: &str, path: &str, name: &str, bytes: &[u8]) -> Got {
        let head = format!("--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        let body = [head.as_bytes(), bytes, b"\r\n--cut--\r\n"].concat();
        self.send(who, Request::post(path).header(CONTENT_TYPE, "multipart/form-data; boundary=cut"), body).await
    }

    /// Sends any request and reads the answer to its end.
    pub async fn send(&self, who: &str, request: Builder, body: impl Into<Body>) -> Got {
        let response = self.ask(who, request, body).await;
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("the whole answer");
        Got { status: head.status, headers: head.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// Opens a stream of server-sent events.
    pub async fn stream(&self, who: &str, path: &str) -> Frames {
        let response = self.ask(who, Request::get(path), Body::empty()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path} for {who}");
        Frames { bytes: response.into_body().into_data_stream(), read: String::new() }
    }

    async fn ask(&self, who: &str, request: Builder, body: impl Into<Body>) -> axum::response::Response {
        let mut request = request.body(body.into()).expect("a request");
        let by_program = request.uri().path().starts_with("/api/");
        let headers = request.headers_mut();
        if by_program && !who.is_empty() {
            headers.insert(AUTHORIZATION, format!("Bearer {who}").parse().expect("a header"));
        } else if !who.is_empty() {
            headers.insert(COOKIE, format!("attune_session={who}").parse().expect("a header"));
        }
        headers.entry("sec-fetch-site").or_insert_with(|| "same-origin".parse().expect("a header"));
        self.app.router().oneshot(request).await.expect("an answer")
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Got {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Got {
    /// Itself, when the status is `status`; else the test fails and shows the body.
    #[track_caller]
    pub fn is(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Where it leads; empty when nowhere.
    pub fn leads(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header of text"))
    }

    /// The value of a cookie it sets; empty when it sets none of that name.
    pub fn cookie(&self, name: &str) -> &str {
        let all = self.headers.get_all(SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut values = all.filter_map(|cookie| cookie.split(';').next()?.strip_prefix(name)?.strip_prefix('='));
        values.next().unwrap_or("")
    }

    /// Whether the body has this in it.
    pub fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or(Json::Null)
    }
}

/// The frames of an open stream, as they come.
pub struct Frames {
    bytes: BodyDataStream,
    read: String,
}

impl Frames {
    /// The next frame as it stands on the wire, without the comments that keep the line alive; `None` when the line has ended. The test
    /// fails when nothing comes for 20 s.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            while let Some((frame, rest)) = self.read.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.read = rest;
                if !frame.starts_with(':') {
                    return Some(frame);
                }
            }
            let bytes = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("a frame in time")?.expect("the stream holds");
            self.read.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}
