//! A house of one route per kind, and a doorman who knows three tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use askama::Template;
use attune_db::{Db, DbOptions};
use attune_kernel::{Clock, Fault, Locale};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{get, post};
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::tz::TimeZone;
use serde::Deserialize;
use tower::ServiceExt;

use crate::{
    Actor, Answer, BoxFuture, Can, Doorman, Flash, Form, FormErrors, Grant, Json, NavCount, NavItem, Path, PermissionDef, Problem, Scope,
    Secret, Shell, SignedIn, Texts, Theme, Via, Web, layers, token_hash,
};

crate::permission!(ViewDeals, "sell.deal.view"; EditDeals, "sell.deal.edit");

/// 2026-11-20T11:42:07Z
pub(super) const NOW: i64 = 1_795_174_927_000_000;

#[derive(Default)]
pub(super) struct Staff {
    pub(super) empty: bool,
    pub(super) kept: Mutex<Vec<(Option<Locale>, Option<Theme>)>>,
}

fn actor(role: &str, via: Via) -> Actor {
    let mut grants = HashMap::new();
    grants.insert(ViewDeals::key().to_owned(), if role == "admin" { Scope::All } else { Scope::Own { staff_id: 7 } });
    if role == "admin" {
        grants.insert(EditDeals::key().to_owned(), Scope::All);
    }
    Actor {
        staff_id: 7,
        name: "Mei <Tan>".to_owned(),
        role: role.to_owned(),
        team_id: None,
        locale: Locale::En,
        theme: Theme::Dark,
        time_zone: TimeZone::UTC,
        grants: Arc::new(grants),
        via,
    }
}

impl ViewDeals {
    fn key() -> &'static str {
        <Self as crate::Permission>::KEY
    }
}
impl EditDeals {
    fn key() -> &'static str {
        <Self as crate::Permission>::KEY
    }
}

impl Doorman for Staff {
    fn by_session<'a>(&'a self, _: &'a Db, hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        let found = ["agent", "admin"].into_iter().find(|role| token_hash(role) == hash);
        Box::pin(async move { Ok(found.map(|role| actor(role, Via::Session { id: 1 }))) })
    }
    fn by_api_key<'a>(&'a self, _: &'a Db, hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        let known = token_hash("key") == hash;
        Box::pin(async move { Ok(known.then(|| actor("admin", Via::ApiKey { id: 2 }))) })
    }
    fn needs_setup<'a>(&'a self, _: &'a Db) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move { Ok(self.empty) })
    }
    fn set_preference<'a>(
        &'a self,
        _: &'a Db,
        _: &'a Actor,
        locale: Option<Locale>,
        theme: Option<Theme>,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        self.kept.lock().unwrap().push((locale, theme));
        Box::pin(async { Ok(()) })
    }
    fn grantors<'a>(&'a self, _: &'a Db, _: &'a str) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        Box::pin(async { Ok(vec!["Ada".to_owned(), "Lin".to_owned()]) })
    }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "shell.html" %}{% block title %}Deals{% endblock %}{% block crumb %}<h1>Deals</h1>{% endblock %}{% block main %}<div>{% block rows %}<p id="rows">{{ words }}</p>{% endblock %}</div>{% endblock %}"#,
    blocks = ["rows"]
)]
struct DealsPage {
    shell: Shell,
    words: String,
}

#[derive(Deserialize)]
struct DealForm {
    #[serde(default)]
    name: String,
}

async fn list(can: Can<ViewDeals>, shell: Shell) -> Answer {
    let page = DealsPage { shell, words: format!("{:?}", can.scope) };
    Ok(page.shell.show(&page, &page.as_rows()))
}

async fn create(_: Can<EditDeals>, shell: Shell, Form(form): Form<DealForm>) -> Answer {
    let mut errors = FormErrors::new();
    let name = errors.required("name", &form.name, 20);
    if !errors.is_empty() {
        let page = DealsPage { words: errors.of("name", &shell.l), shell };
        return Ok(page.shell.again(&page, &page.as_rows()));
    }
    Ok(shell.leave("/deals", Flash::good("web-gallery-saved").s("name", name).undo("/deals/undo")))
}

async fn one(_: Can<ViewDeals>, Path(id): Path<i64>) -> Answer {
    match id {
        1 => Err(Problem::refused("web-too-many-text").n("seconds", 3)),
        2 => Err(attune_db::DbError::DiskFull.into()),
        3 => Err(Fault::new("the secret cause").into()),
        4 => panic!("a bug"),
        5 => Err(Problem::TooMany { seconds: 9 }),
        _ => Err(Problem::NotFound),
    }
}

#[derive(Deserialize)]
struct Body2 {
    name: String,
}

async fn api(can: Can<EditDeals>, Json(body): Json<Body2>) -> Answer {
    let mut errors = FormErrors::new();
    errors.required("name", &body.name, 20);
    if errors.is_empty() { Ok(axum::response::IntoResponse::into_response(can.actor.name)) } else { Err(Problem::Form(errors)) }
}

async fn preview(_: SignedIn) -> Answer {
    Ok(crate::framed("<style>p{color:red}</style><p>mail</p>".to_owned()))
}

async fn collect(State(_): State<Web>) -> StatusCode {
    StatusCode::ACCEPTED
}

/// The house under test.
pub(super) struct House {
    router: Router,
    pub(super) staff: Arc<Staff>,
    _folder: tempfile::TempDir,
}

pub(super) async fn house() -> House {
    house_of(Staff::default()).await
}

pub(super) async fn house_of(staff: Staff) -> House {
    let folder = tempfile::tempdir().unwrap();
    let options = DbOptions { durable: false, ..DbOptions::default() };
    let db = Db::open(folder.path().to_str().unwrap(), &options).await.unwrap();
    let staff = Arc::new(staff);
    let mut web = Web::bare(db, Arc::new(Texts::build(&[]).unwrap()), staff.clone(), Secret::new([9; 32]));
    web.clock = Clock::manual(NOW);
    web.open_paths = Arc::new(vec!["/t".to_owned()]);
    web.permissions = Arc::new(vec![PermissionDef {
        key: "sell.deal.edit",
        label_key: "web-gallery-plan",
        admin: Grant::All,
        manager: Grant::Team,
        agent: Grant::None,
    }]);
    let six = NavCount::new(|_, _| Box::pin(async { Ok(1206) }));
    web.nav = Arc::new(vec![
        NavItem::new("web-gallery-plan", "web-gallery-all", "/deals", "kanban", 20, "sell.deal.view").go('d').phone().count(six),
        NavItem::new("", "web-today", "/", "house", 10, "").phone(),
        NavItem::new("web-gallery-plan", "web-gallery-mine", "/secret", "lock", 30, "sell.secret.view"),
    ]);
    let router = Router::new()
        .route("/deals", get(list).post(create))
        .route("/deals/{id}", get(one))
        .route("/api/v1/deals", post(api))
        .route("/preview", get(preview))
        .route("/t", post(collect))
        .merge(crate::routes());
    House { router: layers(router, web.clone()).with_state(web), staff, _folder: folder }
}

/// An answer, read to its end.
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Got {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
    pub(super) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap()).collect()
    }
}

impl House {
    pub(super) async fn ask(&self, method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000_000).await.unwrap().to_vec();
        Got { status: parts.status, headers: parts.headers, bytes }
    }

    pub(super) async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Got {
        self.ask(Method::GET, url, headers, "").await
    }

    pub(super) async fn post(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.ask(Method::POST, url, &all, body).await
    }
}

pub(super) const AGENT: (&str, &str) = ("cookie", "attune_session=agent");
pub(super) const ADMIN: (&str, &str) = ("cookie", "attune_session=admin");
pub(super) const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
pub(super) const CHINESE: (&str, &str) = ("accept-language", "zh-CN");
pub(super) const PART: [(&str, &str); 2] = [("hx-request", "true"), ("hx-request-type", "partial")];
