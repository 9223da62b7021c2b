//! Nobody gets marketing mail before they confirm it, and only their own button confirms.

use attune_db::params;
use attune_house::write_setting;
use attune_identify::consent;
use attune_identify::contact::ContactId;
use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::{StatusCode, TestApp};

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

attune_testkit::on_both_dbs! {
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
