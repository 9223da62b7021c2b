//! Past its limit nobody knows who got a mail any more; what was counted stays counted.

use attune_db::params;
use attune_events::EventDef;
use attune_house::{Room, SettingKind};
use attune_identify::consent::State;
use attune_identify::preference::Frequency;
use attune_identify::tracking::Collector;
use attune_kernel::DAY_US;
use attune_testkit::{Colleague, StatusCode, TestApp};

use super::fixture::Stage;
use super::http::ask;
use super::preference::{mail_all, say};
use crate::message::storage::LEAST_DAYS;
use crate::message::token::Act;
use crate::message::{Figures, Linker, figures_of};

const FOREIGN: [EventDef; 1] = [EventDef { name: "lead.handed_over", meaning: "", subject: "", amount: "", behaviour: false }];

fn house(stage: &Stage) -> TestApp {
    let parts = stage.parts.clone();
    let collector = Collector::start(&parts);
    let rooms = vec![attune_identify::room(&parts, &collector), crate::room(&parts, &collector), Room::new("sell").events(FOREIGN)];
    TestApp::open(parts, rooms, &[Colleague::new("admin", 7)])
}

async fn count(stage: &Stage, what: &str) -> i64 {
    stage.parts.db.read().await.unwrap().count(&format!("SELECT count(*) FROM {what}"), params![]).await.unwrap()
}

async fn exec(stage: &Stage, sql: &str, id: i64) {
    let mut tx = stage.parts.db.begin().await.unwrap();
    tx.exec(sql, params![id]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn mail(stage: &Stage) -> i64 {
    let mailing = mail_all(stage, None).await;
    stage.settle().await;
    stage.parts.clock.advance(DAY_US);
    mailing
}

async fn figures(stage: &Stage, mailings: &[i64]) -> Vec<Figures> {
    let mut tx = stage.parts.db.read().await.unwrap();
    let found = figures_of(&mut tx, mailings.iter().copied()).await.unwrap();
    mailings.iter().map(|id| found[id]).collect()
}

async fn run(app: &TestApp) {
    ask(app, "admin", "POST", "/settings/retention/run", "").await.is(StatusCode::SEE_OTHER);
    app.settle().await;
}

#[test]
fn nothing_looks_farther_back_than_the_shortest_limit() {
    let cap = crate::rules::SETTINGS.into_iter().find(|setting| setting.key == "interact.cap_days").unwrap();
    let SettingKind::Int { max, .. } = cap.kind else { panic!("days are a number") };
    assert!(2 * max <= LEAST_DAYS, "{max}");
    let gaps = [Frequency::Every, Frequency::Weekly, Frequency::Monthly].map(|frequency| frequency.gap_us() / DAY_US);
    assert!(gaps.into_iter().all(|days| days < LEAST_DAYS), "{gaps:?}");
}

attune_testkit::on_both_dbs! {
    async fn who_got_a_mail_is_forgotten_past_the_limit_and_the_figures_stay(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(6).await;
        let app = house(&stage);
        say(&stage, 1001, "marketing".to_owned(), State::Withdrawn).await;
        let (old, paused, round) = (mail(&stage).await, mail(&stage).await, mail(&stage).await);
        let linker = Linker::new(&stage.parts.secret, &stage.parts.public_url);
        let sent = async |mailing: i64, contact: i64| {
            let select = "SELECT id FROM sends WHERE mailing_id = $1 AND contact_id = $2";
            stage.parts.db.read().await.unwrap().find(select, params![mailing, contact]).await.unwrap().unwrap().get::<i64>("id").unwrap()
        };
        let (first, open) = (sent(old, 1002).await, sent(paused, 1002).await);
        exec(&stage, "UPDATE sends SET clicked_at = ended_at, opened_at = ended_at WHERE id = $1", first).await;
        exec(&stage, "UPDATE sends SET state = 'failed', reason = 'no such user p1003@example.com' WHERE mailing_id = $1 AND contact_id = 1003", old).await;
        exec(&stage, "UPDATE mailings SET state = 'paused' WHERE id = $1", paused).await;
        // The last is a round of a push funnel that goes on.
        let funnel = "INSERT INTO push_funnels (id, name, audience, from_name, from_address, any_hour, state, survivors, handed_over, created_at) VALUES ($1, 'f', '', '', '', TRUE, 'running', 0, 0, 1)";
        exec(&stage, funnel, 5).await;
        let part = "INSERT INTO push_rounds (id, funnel_id, position, name, offer, template_id, respond, respond_event, wait_us, state, mailing_id)
             VALUES (6, 5, 1, 'r', '', 1, 'clicked', '', 1, 'open', $1)";
        exec(&stage, part, round).await;
        exec(&stage, "INSERT INTO holds (id, contact_id, reason, staff_id, created_at) VALUES ($1, 1004, 'Law suit', 7, 1)", 7).await;
        stage.parts.clock.advance(LEAST_DAYS * DAY_US);
        let young = mail(&stage).await;
        let (all, before) = ([old, paused, round, young], figures(&stage, &[old, paused, round, young]).await);
        let told = async |where_: &str| count(&stage, &format!("events WHERE name = 'mail.accepted' AND {where_}")).await;
        let of_old = format!("origin_id = (SELECT series_id FROM mailings WHERE id = {old})");
        let going_on = format!("origin_id IN (SELECT series_id FROM mailings WHERE id IN ({paused}, {round}))");
        // One record that became another, and an address that went onto the list by the mail that is forgotten.
        exec(&stage, "INSERT INTO merge_rows (merge_id, entry, key, loser_id) VALUES (1, 'sends.contact_id', $1, 1099)", first).await;
        exec(&stage, "INSERT INTO merge_rows (merge_id, entry, key, loser_id) VALUES (1, 'sends.contact_id', $1, 1099)", open).await;
        let listed = "INSERT INTO suppressions (id, email_key, reason, contact_id, send_id, created_at) VALUES ($1, 'gone@example.com', 'complained', 1005, $1, 1)";
        exec(&stage, listed, sent(old, 1005).await).await;
        let half = stage.now() - 90 * DAY_US;
        assert!(told(&format!("at < {half}")).await > 3 && before[0].clicked == 1 && before[0].failed == 1, "{before:?}");
        let going_on_told = told(&going_on).await;
        assert!(going_on_told > 5, "{going_on_told}");
        let young_told = told(&format!("at >= {half}")).await;

        let low = ask(&app, "admin", "POST", "/settings/retention", "sends=90").await;
        assert_eq!(low.status, StatusCode::UNPROCESSABLE_ENTITY, "a cap may look back that far");
        assert!(low.has("Who got which mail"), "{}", low.body);
        ask(&app, "admin", "POST", "/settings/retention", "sends=180").await.is(StatusCode::SEE_OTHER);
        let going = ask(&app, "admin", "GET", "/settings/retention/preview?sends=180", "").await;
        let expected = count(&stage, &format!("sends WHERE mailing_id = {old} AND contact_id <> 1004")).await
            + told(&format!("at < {half} AND contact_id <> 1004 AND {of_old}")).await
            + 1;
        assert!(expected > 8 && going.has("Who got which mail") && going.has(&format!(">{expected}</td>")), "{expected}: {}", going.body);
        run(&app).await;

        assert_eq!(figures(&stage, &all).await, before, "what was counted stays counted");
        let named = async |mailing: i64| count(&stage, &format!("sends WHERE mailing_id = {mailing} AND contact_id IS NOT NULL")).await;
        assert_eq!((named(old).await, named(paused).await, named(round).await, named(young).await), (1, 6, 6, 6), "only who is held, and what is not over");
        assert_eq!(count(&stage, "sends WHERE contact_id IS NULL AND reason LIKE '%@%'").await, 0, "the relay's words name the address");
        assert_eq!(count(&stage, &format!("sends WHERE mailing_id = {old} AND reason = 'withdrawn'")).await, 1, "why a mail was held back is a figure");
        assert_eq!((told(&format!("{of_old} AND contact_id <> 1004")).await, told(&format!("at >= {half}")).await), (0, young_told));
        assert_eq!(told(&going_on).await, going_on_told, "what goes on keeps its lines on timelines");
        assert_eq!(count(&stage, "suppressions WHERE email_key = 'gone@example.com' AND send_id IS NULL AND contact_id = 1005").await, 1);
        let moved = stage.parts.db.read().await.unwrap().find("SELECT key FROM merge_rows", params![]).await.unwrap().unwrap();
        assert_eq!((count(&stage, "merge_rows").await, moved.get::<i64>("key").unwrap()), (1, open), "no way back but to what is kept");
        assert!(told(&format!("at < {half} AND contact_id = 1004")).await > 0, "whoever is held keeps the timeline too");
        let row = stage.parts.db.read().await.unwrap().find("SELECT lines FROM retention_runs", params![]).await.unwrap().unwrap();
        let lines: serde_json::Value = serde_json::from_str(&row.get::<String>("lines").unwrap()).unwrap();
        assert_eq!((lines[0]["class"].as_str(), lines[0]["rows"].as_i64()), (Some("sends"), Some(expected)));
        run(&app).await;
        assert_eq!(count(&stage, "sends WHERE contact_id IS NULL").await, 5, "a second run finds nothing");

        // A link that leads to nobody promises nothing; one of a mail that is kept does.
        let way_out = |send: i64| format!("/m/u/{}", linker.token(Act::Unsubscribe, send, 0));
        for method in ["GET", "POST"] {
            let over = ask(&app, "", method, &way_out(first), "").await;
            assert!(over.status == StatusCode::GONE && over.has("too old") && !over.has("You are unsubscribed"), "{}", over.body);
        }
        assert_eq!(ask(&app, "", "POST", &way_out(first), "List-Unsubscribe=One-Click").await.status, StatusCode::GONE);
        for act in [Act::Preferences, Act::Question] {
            let over = ask(&app, "", "GET", &format!("{}{}", act.path(), linker.token(act, first, 0)), "").await;
            assert!(over.status == StatusCode::GONE && over.has("too old"), "{}", over.body);
        }
        assert_eq!(figures(&stage, &all).await, before, "nobody left");
        assert_eq!(count(&stage, "events WHERE name = 'mail.unsubscribed'").await, 0);
        assert_eq!(count(&stage, "consents WHERE contact_id = 1002").await, 0);
        assert!(ask(&app, "", "POST", &way_out(open), "").await.has("You are unsubscribed"));
        assert_eq!(count(&stage, "consents WHERE contact_id = 1002 AND state = 'withdrawn'").await, 1);
    }
}
