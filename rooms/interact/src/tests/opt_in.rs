//! Nobody gets marketing mail before they confirm it, and only their own button confirms.

use attune_db::params;
use attune_house::write_setting;
use attune_identify::consent;
use attune_identify::contact::ContactId;
use attune_identify::stitching::contact_token;
use attune_identify::tracking::{Client, Collector};
use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::{StatusCode, TestApp};
use serde_json::json;

use super::fixture::Stage;
use super::http::{app, ask, stage};
use super::preference::{mail_all, say};

const YES: &str = r#"{"channel": "email", "purpose": "marketing", "state": "given", "source": "shop", "wording": "Send me the letter"}"#;

async fn strict() -> (attune_testkit::TestDb, Stage, TestApp) {
    let (store, stage) = stage().await;
    let mut tx = stage.parts.db.begin().await.unwrap();
    write_setting(&mut tx, "interact.double_opt_in", "true", None, 1).await.unwrap();
    tx.commit().await.unwrap();
    let app = app(&stage);
    (store, stage, app)
}

fn path(contact: i64) -> String {
    format!("/api/v1/contacts/{}/consents", ContactId(contact))
}

/// The link in the newest mail.
fn link(stage: &Stage) -> String {
    let raw = String::from_utf8_lossy(&stage.sink.mails().last().unwrap().raw).replace("=\r\n", "").replace("=3D", "=");
    let at = raw.find("https://crm.example/m/y/").unwrap() + "https://crm.example".len();
    raw[at..].split(|c: char| c.is_whitespace() || c == '"' || c == '<').next().unwrap().to_owned()
}

async fn words(stage: &Stage, contact: i64) -> Vec<&'static str> {
    let mut tx = stage.parts.db.read().await.unwrap();
    consent::list(&mut tx, contact, 10).await.unwrap().iter().map(|line| line.said.state.word()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_waits_for_the_button_and_the_ledger_keeps_both_lines() {
    let (_store, stage, app) = strict().await;
    let made = ask(&app, "admin", "POST", &path(1002), YES).await;
    assert_eq!((made.status, made.json()["state"].as_str()), (StatusCode::CREATED, Some("pending")), "{}", made.body);
    let mut tx = stage.parts.db.begin().await.unwrap();
    let left = "INSERT INTO suppressions (id, email_key, reason, created_at) VALUES (1, 'p1002@example.com', 'unsubscribed', 1)";
    tx.exec(left, params![]).await.unwrap();
    tx.commit().await.unwrap();
    app.settle().await;
    assert_eq!(stage.sink.mails().len(), 1);
    assert_eq!(stage.sink.mails()[0].rcpt_to, ["p1002@example.com"]);
    let link = link(&stage);
    let mut tx = stage.parts.db.begin().await.unwrap();
    tx.exec("UPDATE contacts SET locale = 'zh-CN' WHERE id = 1002", params![]).await.unwrap();
    tx.commit().await.unwrap();
    let page = ask(&app, "", "GET", &link, "").await;
    assert!(page.has("确认接收") && page.has("p•••@example.com") && !page.has("opt-in-"), "{}", page.body);
    assert_eq!(words(&stage, 1002).await, ["pending"], "looking confirms nothing");
    let done = ask(&app, "", "POST", &link, "").await;
    assert!(done.status == StatusCode::OK && done.has("已确认"), "{}", done.body);
    assert!(ask(&app, "", "POST", &link, "").await.has("已确认"));
    let on_the_list = stage.parts.db.read().await.unwrap().count("SELECT count(*) FROM suppressions", params![]).await.unwrap();
    assert_eq!(on_the_list, 0, "who had unsubscribed and says yes gets mail again");
    assert_eq!(words(&stage, 1002).await, ["given", "pending"], "pressed twice, confirmed once");
    let again = ask(&app, "admin", "POST", &path(1002), YES).await;
    assert_eq!(again.json()["state"], "given", "who has confirmed is not asked again");
    let no = YES.replace("given", "withdrawn");
    assert_eq!(ask(&app, "admin", "POST", &path(1002), &no).await.json()["state"], "withdrawn");
    assert!(ask(&app, "", "POST", &link, "").await.has("此链接已失效"), "a later no holds");
    assert_eq!(ask(&app, "", "GET", "/m/y/forged.token", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_pestered_and_links_grow_old() {
    let (_store, stage, app) = strict().await;
    for _ in 0..3 {
        assert_eq!(ask(&app, "admin", "POST", &path(1001), YES).await.status, StatusCode::CREATED);
    }
    assert_eq!(ask(&app, "admin", "POST", &path(1001), YES).await.status, StatusCode::CONFLICT);
    app.settle().await;
    let link = link(&stage);
    stage.parts.clock.advance(DAY_US + HOUR_US);
    assert_eq!(ask(&app, "admin", "POST", &path(1001), YES).await.status, StatusCode::CREATED, "a day later");
    stage.parts.clock.advance(7 * DAY_US);
    let old = ask(&app, "", "POST", &link, "").await;
    assert!(old.has("no longer holds"), "{}", old.body);
    let wrong = ask(&app, "admin", "POST", &path(1001), r#"{"channel": "email", "purpose": "marketing", "state": "pending"}"#).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ask(&app, "agent", "POST", &path(1001), YES).await.status, StatusCode::NOT_FOUND, "somebody else's contact");
}

/// Somebody known on a site ticks a box there.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_is_not_found_and_who_has_no_address_is_told_so() {
    let (_store, stage, _app) = strict().await;
    let said = |contact_id: i64| consent::ConsentDraft {
        contact_id,
        channel: "email".to_owned(),
        purpose: "marketing".to_owned(),
        state: consent::State::Given,
        source: "shop".to_owned(),
        wording: Some("Send me the letter".to_owned()),
        proof: None,
        staff_id: None,
    };
    let mut tx = stage.parts.db.begin().await.unwrap();
    tx.exec("UPDATE contacts SET email = NULL, email_key = NULL WHERE id = 1002", params![]).await.unwrap();
    let gone = crate::opt_in::sign_up(&mut tx, &stage.parts.bench(), said(999_999)).await;
    assert!(matches!(gone, Err(attune_web::Problem::NotFound)), "{gone:?}");
    let mute = crate::opt_in::sign_up(&mut tx, &stage.parts.bench(), said(1002)).await;
    assert!(mute.is_err() && !matches!(mute, Err(attune_web::Problem::NotFound)), "{mute:?}");
}

async fn tick(stage: &Stage, app: &TestApp, contact: i64, of: &str) {
    stage.parts.clock.advance(1_000_000);
    let (now, collector) = (stage.now(), Collector::start(&stage.parts));
    let token = contact_token(&stage.parts.secret, contact, now);
    let event = |id: &str, name: &str, props: serde_json::Value| json!({ "id": format!("{id}-{now}"), "name": name, "at": now / 1_000, "url": "/contact", "props": props });
    let events = [
        event("form", "form.submitted", json!({ "form": "ask", "consents": [{ "for": of, "wording": "Send me the letter" }] })),
        event("who", "visitor.identified", json!({ "traits": {}, "token": token })),
    ];
    let body = json!({ "v": 1, "visitor": format!("v{contact}"), "host": "www.example.com", "sent_at": now / 1_000, "events": events });
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
    let client = Client { received_at: now, agent: agent.to_owned(), has_language: true, ..Client::default() };
    let passed = collector.read(&client, body.to_string().as_bytes()).await.unwrap().unwrap();
    assert_eq!((passed.hits.len(), passed.left_out.len()), (3, 0));
    collector.offer(passed.hits).await.unwrap();
    app.settle().await;
}

attune_testkit::on_both_dbs! {
    async fn a_box_ticked_on_a_site_counts_as_a_programs_word_does(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(3).await;
        let app = app(&stage);
        tick(&stage, &app, 1001, "email:marketing").await;
        tick(&stage, &app, 1001, "email:marketing").await;
        assert_eq!(words(&stage, 1001).await, ["given"], "ticked twice, agreed once");
        let mut tx = stage.parts.db.read().await.unwrap();
        let line = consent::list(&mut tx, 1001, 1).await.unwrap().remove(0);
        drop(tx);
        assert_eq!((line.said.source.as_str(), line.said.wording.as_deref()), ("site-form www.example.com/contact ask", Some("Send me the letter")));
        assert_eq!(stage.count_events("consent.given").await, 1);
        say(&stage, 1002, consent::MARKETING.to_owned(), consent::State::Withdrawn).await;
        tick(&stage, &app, 1002, "email:marketing").await;
        assert_eq!(words(&stage, 1002).await, ["withdrawn"], "a box takes no no back");

        let mut tx = stage.parts.db.begin().await.unwrap();
        write_setting(&mut tx, "interact.double_opt_in", "true", None, 1).await.unwrap();
        tx.commit().await.unwrap();
        tick(&stage, &app, 1002, "email:marketing").await;
        tick(&stage, &app, 1003, "email:marketing").await;
        tick(&stage, &app, 1003, "phone:marketing").await;
        assert_eq!(words(&stage, 1002).await, ["pending", "withdrawn"], "whoever said no is asked for a yes of their own");
        assert_eq!(words(&stage, 1003).await, ["given", "pending"], "only mail waits for a confirmation");
        assert_eq!(stage.sink.mails().iter().map(|mail| mail.rcpt_to.join(",")).collect::<Vec<_>>(), ["p1002@example.com", "p1003@example.com"]);
        ask(&app, "", "POST", &link(&stage), "").await.is(StatusCode::OK);
        assert_eq!(words(&stage, 1003).await, ["given", "given", "pending"]);
        for _ in 0..4 {
            tick(&stage, &app, 1002, "email:marketing").await;
        }
        assert_eq!(words(&stage, 1002).await, ["pending", "pending", "pending", "withdrawn"], "nobody is pestered");
        tick(&stage, &app, 1002, "phone:marketing").await;
        let mut tx = stage.parts.db.begin().await.unwrap();
        write_setting(&mut tx, "interact.double_opt_in", "false", None, 1).await.unwrap();
        tx.commit().await.unwrap();
        tick(&stage, &app, 1002, "email:marketing").await;
        assert_eq!(words(&stage, 1002).await[0], "given", "the word about the phone");
        let mut tx = stage.parts.db.read().await.unwrap();
        let held = consent::states(&mut tx, "email", [1002]).await.unwrap();
        assert_eq!(held.get(&1002), Some(&consent::State::Pending), "the no stands behind the request, whatever the setting");
    }

    async fn who_has_not_confirmed_gets_no_campaign_even_when_imported(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(2).await;
        say(&stage, 1001, consent::MARKETING.to_owned(), consent::State::Pending).await;
        mail_all(&stage, None).await;
        stage.settle().await;
        let sends = stage.sends().await;
        assert_eq!(sends[0], ("skipped".to_owned(), Some("not_confirmed".to_owned())));
        assert_eq!(sends[1].0, "accepted");
    }
}
