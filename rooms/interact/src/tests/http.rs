//! Every page and address of the room over HTTP, asked by each role.

use std::collections::HashMap;
use std::sync::Arc;

use attune_db::Db;
use attune_events::EventDef;
use attune_house::{App, House, Room};
use attune_identify::tracking::Collector;
use attune_kernel::{Fault, Locale};
use attune_web::{Actor, BoxFuture, Doorman, PermissionDef, Texts, Theme, Via, Web};
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode, header};
use tower::ServiceExt;

use crate::message::token::Act;
use crate::message::{Linker, SEND_JOB};
use crate::tests::fixture::Stage;

/// Tokens are the roles' names.
struct Door(Vec<PermissionDef>);

fn hash(token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Door {
    fn actor(&self, role: &str, via: Via) -> Actor {
        let grant = |def: &PermissionDef| match role {
            "admin" => def.admin.scope(7, Some(3)),
            "manager" => def.manager.scope(8, Some(3)),
            _ => def.agent.scope(9, Some(3)),
        };
        let grants: HashMap<_, _> = self.0.iter().filter_map(|def| Some((def.key.to_owned(), grant(def)?))).collect();
        let staff_id = match role {
            "admin" => 7,
            "manager" => 8,
            _ => 9,
        };
        let (locale, theme) = (if role == "manager" { Locale::ZhCn } else { Locale::En }, Theme::Auto);
        Actor {
            staff_id,
            name: role.to_owned(),
            role: role.to_owned(),
            team_id: Some(3),
            locale,
            theme,
            time_zone: jiff::tz::TimeZone::UTC,
            grants: Arc::new(grants),
            via,
        }
    }
}

impl Doorman for Door {
    fn by_session<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        let role = ["admin", "manager", "agent"].into_iter().find(|role| hash(role) == token_hash);
        Box::pin(async move { Ok(role.map(|role| self.actor(role, Via::Session { id: 1 }))) })
    }
    fn by_api_key<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        let known = hash("key") == token_hash;
        Box::pin(async move { Ok(known.then(|| self.actor("admin", Via::ApiKey { id: 2 }))) })
    }
    fn needs_setup<'a>(&'a self, _: &'a Db) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async { Ok(false) })
    }
    fn set_preference<'a>(
        &'a self,
        _: &'a Db,
        _: &'a Actor,
        _: Option<Locale>,
        _: Option<Theme>,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

const FOREIGN: [EventDef; 1] = [EventDef { name: "lead.handed_over", meaning: "", subject: "", amount: "", behaviour: false }];

fn app(stage: &Stage) -> App {
    let parts = stage.parts.clone();
    let collector = Collector::start(&parts);
    let house = House::build(vec![Room::new("sell").events(FOREIGN), crate::room(&parts, &collector)]).unwrap();
    let texts = Arc::new(Texts::build(&house.locales).unwrap());
    let mut web = Web::bare(parts.db.clone(), texts, Arc::new(Door(house.permissions.clone())), parts.secret.clone());
    web.clock = parts.clock.clone();
    web.ids = parts.ids.clone();
    web.public_url = parts.public_url.clone();
    web.nav = Arc::new(house.nav.clone());
    web.permissions = Arc::new(house.permissions.clone());
    web.open_paths = Arc::new(house.public_paths.iter().map(|path| (*path).to_owned()).collect());
    App::new(parts, web, house, "test", 1)
}

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36";

struct Said {
    status: StatusCode,
    location: String,
    policy: String,
    body: String,
}

async fn ask(app: &App, role: &str, method: &str, path: &str, form: &str) -> Said {
    let mut request = Request::builder().method(method).uri(path).header(header::USER_AGENT, CHROME);
    if role == "key" {
        request = request.header(header::AUTHORIZATION, "Bearer key").header(header::CONTENT_TYPE, "application/json");
    } else {
        request = request
            .header(header::COOKIE, format!("attune_session={role}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let response = app.router().oneshot(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap();
    let text = |name: header::HeaderName| response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (status, location, policy) = (response.status(), text(header::LOCATION), text(header::CONTENT_SECURITY_POLICY));
    let body = to_bytes(response.into_body(), 4 << 20).await.unwrap();
    Said { status, location, policy, body: String::from_utf8_lossy(&body).into_owned() }
}

fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn stage() -> (attune_testkit::TestDb, Stage) {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let stage = Stage::open(store.db()).await;
    stage.people(6).await;
    (store, stage)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_opens_for_those_who_may() {
    let (_store, stage) = stage().await;
    let app = app(&stage);
    let template = stage.template().await;
    let pages = [
        "/templates",
        "/templates/new",
        "/campaigns",
        "/campaigns/new",
        "/push-funnels",
        "/push-funnels/new",
        "/suppressions",
        "/mailbox",
        "/mail/sender",
    ];
    for role in ["admin", "manager"] {
        for page in pages {
            let said = ask(&app, role, "GET", page, "").await;
            assert_eq!(said.status, StatusCode::OK, "{role} {page}: {}", said.body);
            assert!(!said.body.contains(" style=\"") && said.body.contains("<h1"), "{page}");
        }
        assert_eq!(ask(&app, role, "GET", &format!("/templates/{template}"), "").await.status, StatusCode::OK);
    }
    for page in ["/templates/new", "/campaigns/new", "/push-funnels/new", "/mailbox", "/mail/sender"] {
        assert_eq!(ask(&app, "agent", "GET", page, "").await.status, StatusCode::FORBIDDEN, "{page}");
    }
    assert_ne!(ask(&app, "", "GET", "/campaigns", "").await.status, StatusCode::OK);
    assert_eq!(ask(&app, "admin", "GET", "/campaigns/cmp_0000000000001", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&app, "admin", "GET", "/mailbox/mbx_0000000000001", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_written_previewed_and_tested() {
    let (_store, stage) = stage().await;
    let app = app(&stage);
    let draft = crate::tests::fixture::draft();
    let fields =
        [("name", "Spring"), ("language", "en"), ("subject", draft.subject.as_str()), ("preheader", ""), ("mjml", draft.mjml.as_str())];
    let made = ask(&app, "admin", "POST", "/templates", &encode(&fields)).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let page = ask(&app, "admin", "GET", &made.location, "").await;
    let frame = page.body.split("src=\"/templates/preview/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let shown = ask(&app, "admin", "GET", &format!("/templates/preview/{frame}"), "").await;
    assert!(
        shown.body.contains("Hello Lena") && shown.policy.contains("sandbox") && shown.policy.contains("default-src 'none'"),
        "{}",
        shown.policy
    );
    let mut wrong = fields;
    wrong[4].1 = "<mjml><mj-body><mj-nothing></mj-body></mjml>";
    let refused = ask(&app, "admin", "POST", &made.location, &encode(&wrong)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sent = ask(&app, "admin", "POST", &format!("{}/test", made.location), "to=me%40example.com").await;
    assert_eq!((sent.status, stage.sink.mails().len()), (StatusCode::SEE_OTHER, 1));
    assert_eq!(ask(&app, "agent", "POST", &made.location, &encode(&fields)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/archive", made.location), "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_runs_from_the_page_to_the_people() {
    let (_store, stage) = stage().await;
    let app = app(&stage);
    let template = stage.template().await.to_string();
    let fields =
        [("name", "Spring"), ("rule", ""), ("template", template.as_str()), ("from_name", "Anna"), ("from_address", "anna@attune.example")];
    let made = ask(&app, "admin", "POST", "/campaigns", &encode(&fields)).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let draft = ask(&app, "admin", "GET", &made.location, "").await;
    assert!(draft.body.contains("Send to 6 people"), "{}", draft.body);
    assert_eq!(ask(&app, "admin", "GET", &format!("{}/edit", made.location), "").await.status, StatusCode::OK);
    let wrong = ask(&app, "admin", "POST", "/campaigns", "name=&rule=nonsense+%3D%3D%3D").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ask(&app, "agent", "POST", &format!("{}/start", made.location), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/start", made.location), "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/start", made.location), "").await.status, StatusCode::CONFLICT);
    app.settle().await.unwrap();
    assert_eq!(stage.sink.mails().len(), 6);
    let page = ask(&app, "manager", "GET", &made.location, "").await;
    assert!(page.body.contains("已发完"), "{}", page.body);
    for what in ["planned", "delivered", "opened", "clicked", "failed", "unknown", "skipped"] {
        let people = ask(&app, "admin", "GET", &format!("{}/people?what={what}", made.location), "").await;
        assert_eq!(people.status, StatusCode::OK, "{}", people.body);
        assert_eq!(people.body.contains("Ada1001 Lin"), matches!(what, "planned" | "delivered"), "{what}");
    }
    let json = ask(&app, "key", "GET", &made.location.replace("/campaigns", "/api/v1/campaigns"), "").await;
    assert!(json.body.contains("\"delivered\":6") && json.body.contains("\"state\":\"finished\""), "{}", json.body);
    let new = format!("{{\"name\":\"By key\",\"template\":\"{template}\"}}");
    assert_eq!(ask(&app, "key", "POST", "/api/v1/campaigns", &new).await.status, StatusCode::CREATED);
    assert_eq!(
        ask(&app, "key", "POST", "/api/v1/campaigns", "{\"name\":\"\",\"template\":\"x\"}").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert!(ask(&app, "key", "GET", "/api/v1/campaigns", "").await.body.contains("By key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_where_they_were_written_and_get_never_unsubscribes() {
    let (_store, stage) = stage().await;
    let app = app(&stage);
    let template = stage.template().await.to_string();
    let fields = [("name", "Spring"), ("template", template.as_str()), ("from_name", "Anna"), ("from_address", "anna@attune.example")];
    let made = ask(&app, "admin", "POST", "/campaigns", &encode(&fields)).await;
    ask(&app, "admin", "POST", &format!("{}/start", made.location), "").await;
    app.settle().await.unwrap();
    let linker = Linker::new(&stage.parts.secret, &stage.parts.public_url);
    let path = |act: Act, send: i64, link: u16| linker.address(act, send, link).replace("https://crm.example", "");
    let click = ask(&app, "", "GET", &path(Act::Click, 1, 1), "").await;
    assert_eq!((click.status, click.location.as_str()), (StatusCode::FOUND, "https://shop.example/b?who=p1001%40example.com"));
    assert_eq!(ask(&app, "", "GET", "/m/c/AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&app, "", "GET", &format!("{}.gif", path(Act::Open, 2, 0)), "").await.status, StatusCode::OK);
    let way_out = path(Act::Unsubscribe, 3, 0);
    let page = ask(&app, "", "GET", &way_out, "").await;
    assert!(page.status == StatusCode::OK && page.body.contains("p•••@example.com"), "{}", page.body);
    assert_eq!(stage.count_events("mail.unsubscribed").await, 0);
    let posted = ask(&app, "", "POST", &way_out, "List-Unsubscribe=One-Click").await;
    assert_eq!((posted.status, posted.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(ask(&app, "", "POST", &way_out, "").await.status, StatusCode::OK);
    assert_eq!(stage.count_events("mail.unsubscribed").await, 1);
    assert!(ask(&app, "admin", "GET", "/suppressions?q=p1003", "").await.body.contains("p1003@example.com"));
    assert!(ask(&app, "admin", "GET", &format!("{}/people?what=unsubscribed", made.location), "").await.body.contains("Ada1003"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_funnel_is_drawn_run_and_watched() {
    let (_store, stage) = stage().await;
    let app = app(&stage);
    let template = stage.template().await.to_string();
    let mut fields = vec![
        ("name", "Minutes"),
        ("rule", ""),
        ("from_name", "Anna"),
        ("from_address", "anna@attune.example"),
        ("any_hour", "1"),
        ("cap", "40"),
        ("rep", "7"),
    ];
    fields.extend([
        ("round_name-1", "One"),
        ("round_template-1", template.as_str()),
        ("round_respond-1", "clicked"),
        ("round_wait-1", "2d"),
    ]);
    let grown = ask(&app, "admin", "POST", "/push-funnels", &(encode(&fields) + "&act=add")).await;
    assert!(grown.status == StatusCode::OK && grown.body.contains("id=\"round-2\""), "{}", grown.body);
    fields.extend([
        ("round_name-2", "Two"),
        ("round_template-2", template.as_str()),
        ("round_respond-2", "opened"),
        ("round_wait-2", "1d"),
    ]);
    let moved = ask(&app, "admin", "POST", "/push-funnels", &(encode(&fields) + "&act=up-2")).await;
    assert!(moved.body.find("value=\"Two\"") < moved.body.find("value=\"One\""));
    let fewer = ask(&app, "admin", "POST", "/push-funnels", &(encode(&fields) + "&act=remove-1")).await;
    assert!(!fewer.body.contains("id=\"round-2\"") && fewer.body.contains("value=\"Two\""));
    let wrong = ask(&app, "admin", "POST", "/push-funnels", "name=x&round_name-1=a&round_wait-1=soon&cap=40&act=save").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let made = ask(&app, "admin", "POST", "/push-funnels", &(encode(&fields) + "&act=save")).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    assert!(ask(&app, "admin", "GET", &made.location, "").await.body.contains("Run with 6 people"));
    assert_eq!(ask(&app, "agent", "POST", &format!("{}/start", made.location), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/start", made.location), "").await.status, StatusCode::SEE_OTHER);
    app.settle().await.unwrap();
    let live = ask(&app, "admin", "GET", &made.location, "").await;
    assert!(
        live.body.contains("class=\"pf\" data-n=\"3\"") && live.body.contains("Awaiting responses") && live.body.contains("Mei Tan"),
        "{}",
        live.body
    );
    for act in ["pause", "resume", "close-round"] {
        assert_eq!(ask(&app, "admin", "POST", &format!("{}/{act}", made.location), "").await.status, StatusCode::SEE_OTHER, "{act}");
        app.settle().await.unwrap();
    }
    let over = ask(&app, "manager", "GET", &made.location, "").await;
    assert!(over.body.contains("已完成"), "{}", over.body);
    assert_eq!(ask(&app, "admin", "GET", &format!("{}/people?what=delivered", made.location), "").await.status, StatusCode::OK);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/cancel", made.location), "").await.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_suppressed_and_keys_are_made() {
    let (_store, stage) = stage().await;
    let app = app(&stage);
    assert_eq!(ask(&app, "admin", "POST", "/suppressions", "email=X%40Example.com&note=").await.status, StatusCode::SEE_OTHER);
    assert_eq!(ask(&app, "admin", "POST", "/suppressions", "email=nothing").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ask(&app, "agent", "POST", "/suppressions", "email=a%40b.example").await.status, StatusCode::FORBIDDEN);
    let list = ask(&app, "admin", "GET", "/suppressions", "").await;
    let action = list.body.split("action=\"/suppressions/sup_").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    assert_eq!(ask(&app, "admin", "POST", &format!("/suppressions/sup_{action}"), "").await.status, StatusCode::SEE_OTHER);
    assert!(!ask(&app, "admin", "GET", "/suppressions", "").await.body.contains("x@example.com"));
    assert_eq!(ask(&app, "admin", "POST", "/mail/sender/ed25519", "").await.status, StatusCode::SEE_OTHER);
    assert!(ask(&app, "admin", "GET", "/mail/sender", "").await.body.contains("v=DKIM1; k=ed25519"));
    assert!(app.house().jobs.iter().any(|job| job.kind == SEND_JOB));
}
