//! Every page and address of the room over HTTP, asked by each role.

use attune_events::EventDef;
use attune_house::Room;
use attune_identify::tracking::Collector;
use attune_testkit::{Colleague, Got, StatusCode, TestApp};
use attune_web::{Grant, PermissionDef};
use http::{Request, header};

use crate::message::token::Act;
use crate::message::{Linker, SEND_JOB};
use crate::tests::fixture::Stage;

/// Of one team; the manager reads Chinese, and the seller sees only the team's contacts.
const COLLEAGUES: [Colleague; 4] = [
    Colleague::new("admin", 7).of_team(3),
    Colleague::new("manager", 8).of_team(3).reading_chinese(),
    Colleague::new("agent", 9).of_team(3),
    Colleague::new("manager", 10).of_team(3).called("seller").granted(&[("identify.contact.view", Grant::Team)]),
];

const FOREIGN: [EventDef; 3] = [foreign("lead.handed_over"), foreign("consent.ticked"), foreign("visitor.identified")];

const fn foreign(name: &'static str) -> EventDef {
    EventDef { name, meaning: "", subject: "", amount: "", behaviour: false }
}

/// Whose names may be seen, as the room to the left would announce it.
const SEE_CONTACTS: PermissionDef =
    PermissionDef { key: "identify.contact.view", label_key: "", admin: Grant::All, manager: Grant::All, agent: Grant::Own };
/// Whose addresses are shown in full, likewise.
const SEE_ADDRESSES: PermissionDef =
    PermissionDef { key: attune_web::access::ADDRESSES, label_key: "", admin: Grant::All, manager: Grant::All, agent: Grant::Own };

/// Who may note down a consent.
const RECORD_CONSENT: PermissionDef =
    PermissionDef { key: "identify.consent.record", label_key: "", admin: Grant::All, manager: Grant::All, agent: Grant::Own };

pub(super) fn app(stage: &Stage) -> TestApp {
    let parts = stage.parts.clone();
    let collector = Collector::start(&parts);
    let rooms =
        vec![Room::new("sell").events(FOREIGN).permissions([SEE_CONTACTS, RECORD_CONSENT, SEE_ADDRESSES]), crate::room(&parts, &collector)];
    TestApp::open(parts, rooms, &COLLEAGUES)
}

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36";

/// What a browser is told; below `/api/` what a program is told that sends JSON.
pub(super) async fn ask(app: &TestApp, who: &str, method: &str, path: &str, form: &str) -> Got {
    let kind = if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
    let request = Request::builder().method(method).uri(path).header(header::USER_AGENT, CHROME).header(header::CONTENT_TYPE, kind);
    app.send(who, request, form.to_owned()).await
}

pub(super) fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub(super) async fn stage() -> (attune_testkit::TestDb, Stage) {
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
            assert!(!said.has(" style=\"") && said.has("<h1"), "{page}");
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
    let page = ask(&app, "admin", "GET", made.leads(), "").await;
    let frame = page.body.split("src=\"/templates/preview/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let shown = ask(&app, "admin", "GET", &format!("/templates/preview/{frame}"), "").await;
    assert!(
        shown.has("Hello Lena")
            && shown.header("content-security-policy").contains("sandbox")
            && shown.header("content-security-policy").contains("default-src 'none'"),
        "{}",
        shown.header("content-security-policy")
    );
    let mut wrong = fields;
    wrong[4].1 = "<mjml><mj-body><mj-nothing></mj-body></mjml>";
    let refused = ask(&app, "admin", "POST", made.leads(), &encode(&wrong)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sent = ask(&app, "admin", "POST", &format!("{}/test", made.leads()), "to=me%40example.com").await;
    assert_eq!((sent.status, stage.sink.mails().len()), (StatusCode::SEE_OTHER, 1));
    assert_eq!(ask(&app, "agent", "POST", made.leads(), &encode(&fields)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/archive", made.leads()), "").await.status, StatusCode::SEE_OTHER);
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
    let draft = ask(&app, "admin", "GET", made.leads(), "").await;
    assert!(draft.has("Send to 6 people"), "{}", draft.body);
    assert_eq!(ask(&app, "admin", "GET", &format!("{}/edit", made.leads()), "").await.status, StatusCode::OK);
    let wrong = ask(&app, "admin", "POST", "/campaigns", "name=&rule=nonsense+%3D%3D%3D").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ask(&app, "agent", "POST", &format!("{}/start", made.leads()), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/start", made.leads()), "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/start", made.leads()), "").await.status, StatusCode::CONFLICT);
    app.settle().await;
    assert_eq!(stage.sink.mails().len(), 6);
    let page = ask(&app, "manager", "GET", made.leads(), "").await;
    assert!(page.has("已发完"), "{}", page.body);
    for what in ["planned", "delivered", "opened", "clicked", "failed", "unknown", "skipped"] {
        let people = ask(&app, "admin", "GET", &format!("{}/people?what={what}", made.leads()), "").await;
        assert_eq!(people.status, StatusCode::OK, "{}", people.body);
        assert_eq!(people.has("Ada1001 Lin"), matches!(what, "planned" | "delivered"), "{what}");
    }
    let json = ask(&app, "admin", "GET", &made.leads().replace("/campaigns", "/api/v1/campaigns"), "").await;
    assert!(json.has("\"delivered\":6") && json.has("\"state\":\"finished\""), "{}", json.body);
    let new = format!("{{\"name\":\"By key\",\"template\":\"{template}\"}}");
    assert_eq!(ask(&app, "admin", "POST", "/api/v1/campaigns", &new).await.status, StatusCode::CREATED);
    assert_eq!(
        ask(&app, "admin", "POST", "/api/v1/campaigns", "{\"name\":\"\",\"template\":\"x\"}").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert!(ask(&app, "admin", "GET", "/api/v1/campaigns", "").await.has("By key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_is_asked_no_more_than_a_segment() {
    let (_store, stage) = stage().await;
    let app = app(&stage);
    let template = stage.template().await;
    let with = |rule: &str| format!("{{\"name\":\"Some\",\"template\":\"{template}\",\"rule\":\"{rule}\"}}");
    let (closed, open) = ("company.industry is unknown", "company is unknown");
    for (who, rule, status) in [
        ("seller", closed, StatusCode::UNPROCESSABLE_ENTITY),
        ("seller", open, StatusCode::CREATED),
        ("admin", closed, StatusCode::CREATED),
        // A text that is kept must not come to mean somebody else of that name.
        ("admin", "company = Nordwerk", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let made = ask(&app, who, "POST", "/api/v1/campaigns", &with(rule)).await;
        assert_eq!(made.status, status, "{who}: {rule}: {}", made.body);
    }
    let form = |rule: &str| encode(&[("name", "Some"), ("rule", rule), ("act", "add")]);
    for (who, rule, is_told) in [("seller", closed, false), ("seller", open, true), ("admin", closed, true)] {
        let page = ask(&app, who, "POST", "/push-funnels", &form(rule)).await;
        assert_eq!(page.has("6 people"), is_told, "{who}: {rule}: {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_where_they_were_written_and_get_never_unsubscribes() {
    let (_store, stage) = stage().await;
    let app = app(&stage);
    let template = stage.template().await.to_string();
    let fields = [("name", "Spring"), ("template", template.as_str()), ("from_name", "Anna"), ("from_address", "anna@attune.example")];
    let made = ask(&app, "admin", "POST", "/campaigns", &encode(&fields)).await;
    ask(&app, "admin", "POST", &format!("{}/start", made.leads()), "").await;
    app.settle().await;
    let linker = Linker::new(&stage.parts.secret, &stage.parts.public_url);
    let path = |act: Act, send: i64, link: u16| linker.address(act, send, link).replace("https://crm.example", "");
    let click = ask(&app, "", "GET", &path(Act::Click, 1, 1), "").await;
    assert_eq!((click.status, click.leads()), (StatusCode::FOUND, "https://shop.example/b?who=p1001%40example.com"));
    assert_eq!(ask(&app, "", "GET", "/m/c/AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&app, "", "GET", &format!("{}.gif", path(Act::Open, 2, 0)), "").await.status, StatusCode::OK);
    let way_out = path(Act::Unsubscribe, 3, 0);
    let page = ask(&app, "", "GET", &way_out, "").await;
    assert!(page.status == StatusCode::OK && page.has("p•••@example.com"), "{}", page.body);
    assert_eq!(stage.count_events("mail.unsubscribed").await, 0);
    let posted = ask(&app, "", "POST", &way_out, "List-Unsubscribe=One-Click").await;
    assert_eq!((posted.status, posted.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(ask(&app, "", "POST", &way_out, "").await.status, StatusCode::OK);
    assert_eq!(stage.count_events("mail.unsubscribed").await, 1);
    assert!(ask(&app, "admin", "GET", "/suppressions?q=p1003", "").await.has("p1003@example.com"));
    assert!(ask(&app, "admin", "GET", &format!("{}/people?what=unsubscribed", made.leads()), "").await.has("Ada1003"));
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
        ("rep", "7"),
        ("cap-7", "12"),
        ("rep", "8"),
        ("cap-8", "30"),
    ];
    fields.extend([
        ("round_name-1", "One"),
        ("round_template-1", template.as_str()),
        ("round_respond-1", "clicked"),
        ("round_wait-1", "2d"),
    ]);
    let grown = ask(&app, "admin", "POST", "/push-funnels", &(encode(&fields) + "&act=add")).await;
    assert!(grown.status == StatusCode::OK && grown.has("id=\"round-2\""), "{}", grown.body);
    fields.extend([
        ("round_name-2", "Two"),
        ("round_template-2", template.as_str()),
        ("round_respond-2", "opened"),
        ("round_wait-2", "1d"),
    ]);
    let moved = ask(&app, "admin", "POST", "/push-funnels", &(encode(&fields) + "&act=up-2")).await;
    assert!(moved.body.find("value=\"Two\"") < moved.body.find("value=\"One\""));
    let fewer = ask(&app, "admin", "POST", "/push-funnels", &(encode(&fields) + "&act=remove-1")).await;
    assert!(!fewer.has("id=\"round-2\"") && fewer.has("value=\"Two\""));
    let wrong = ask(&app, "admin", "POST", "/push-funnels", "name=x&round_name-1=a&round_wait-1=soon&rep=7&cap-7=many&act=save").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("id=\"f-cap-7-note\""), "{}", wrong.body);
    let made = ask(&app, "admin", "POST", "/push-funnels", &(encode(&fields) + "&act=save")).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let drawn = ask(&app, "admin", "GET", made.leads(), "").await;
    assert!(drawn.has("Run with 6 people"), "{}", drawn.body);
    let cap = |rep: &str, most: &str| drawn.has(&format!("name=\"cap-{rep}\" value=\"{most}\""));
    assert!(cap("7", "12") && cap("8", "30"), "each rep has a cap of his own: {}", drawn.body);
    assert_eq!(ask(&app, "agent", "POST", &format!("{}/start", made.leads()), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/start", made.leads()), "").await.status, StatusCode::SEE_OTHER);
    app.settle().await;
    let live = ask(&app, "admin", "GET", made.leads(), "").await;
    assert!(live.has("class=\"pf\" data-n=\"3\"") && live.has("Awaiting responses") && live.has("Mei Tan"), "{}", live.body);
    for act in ["pause", "resume", "close-round"] {
        assert_eq!(ask(&app, "admin", "POST", &format!("{}/{act}", made.leads()), "").await.status, StatusCode::SEE_OTHER, "{act}");
        app.settle().await;
    }
    let over = ask(&app, "manager", "GET", made.leads(), "").await;
    assert!(over.has("已完成"), "{}", over.body);
    assert_eq!(ask(&app, "admin", "GET", &format!("{}/people?what=delivered", made.leads()), "").await.status, StatusCode::OK);
    assert_eq!(ask(&app, "admin", "POST", &format!("{}/cancel", made.leads()), "").await.status, StatusCode::CONFLICT);
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
    assert!(!ask(&app, "admin", "GET", "/suppressions", "").await.has("x@example.com"));
    assert_eq!(ask(&app, "admin", "POST", "/mail/sender/ed25519", "").await.status, StatusCode::SEE_OTHER);
    assert!(ask(&app, "admin", "GET", "/mail/sender", "").await.has("v=DKIM1; k=ed25519"));
    assert!(app.app().house().jobs.iter().any(|job| job.kind == SEND_JOB));
}
