//! What people chose on the preference page, and that mails obey it.

use attune_db::{Sql, params};
use attune_identify::consent::{self, ConsentDraft, State};
use attune_identify::preference::{self, Frequency, PreferenceDraft, Wish};
use attune_identify::topic::{TopicId, purpose_of};
use attune_kernel::{DAY_US, HOUR_US, MINUTE_US};
use attune_testkit::{START_AT, StatusCode, TestApp};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::fixture::Stage;
use super::http::{app, ask, encode, stage};
use crate::message::arbiter::{Consent, Decision, Exceptions, Facts, Policy, QuietHours, Reason, decide};
use crate::message::token::Act;
use crate::message::{Kind, Linker, Plan, plan};

fn policy() -> Policy {
    Policy { imported_consent: true, cap: 0, period_us: DAY_US, quiet: QuietHours::parse("21:00-08:00"), zone: TimeZone::UTC }
}

fn fine() -> Facts {
    Facts { alive: true, has_address: true, consent: Consent::Given, ..Facts::default() }
}

fn alone(facts: Facts) -> Decision {
    decide(&policy(), Exceptions::default(), &facts, START_AT)
}

#[test]
fn a_wish_has_a_reason_of_its_own() {
    assert_eq!(alone(Facts { topic_refused: true, ..fine() }), Decision::Drop(Reason::TopicRefused));
    assert_eq!(alone(Facts { paused_until: Some(START_AT + 9 * DAY_US), ..fine() }), Decision::Drop(Reason::Paused));
    let soon = START_AT + HOUR_US;
    assert_eq!(alone(Facts { paused_until: Some(soon), ..fine() }), Decision::Defer { until: soon, reason: Reason::Paused });
    assert_eq!(alone(Facts { paused_until: Some(START_AT), ..fine() }), Decision::Send, "the pause is over");
    let weekly = |days: i64| Facts { gap_us: 7 * DAY_US, last_at: Some(START_AT - days * DAY_US), ..fine() };
    assert_eq!(alone(weekly(2)), Decision::Drop(Reason::Frequency));
    let tomorrow = START_AT + DAY_US;
    assert_eq!(alone(weekly(6)), Decision::Defer { until: tomorrow, reason: Reason::Frequency });
    assert_eq!(alone(weekly(7)), Decision::Send);
}

#[test]
fn own_quiet_hours_take_the_place_of_the_houses() {
    // It is 10:00 UTC: quiet for whoever sleeps from nine to twelve, and not at all quiet for the house.
    let late = Facts { own_quiet: QuietHours::between(9 * 60, 12 * 60), ..fine() };
    let at_noon = Decision::Defer { until: START_AT + 2 * HOUR_US, reason: Reason::OwnQuietHours };
    assert_eq!(alone(late.clone()), at_noon);
    assert_eq!(decide(&policy(), Exceptions { any_hour: true, answer: true }, &late, START_AT), at_noon, "no mailing is excepted");
    let night = START_AT + 12 * HOUR_US;
    assert_eq!(decide(&policy(), Exceptions::default(), &late, night), Decision::Send, "22:00 is theirs to choose");
    assert_eq!((QuietHours::between(5, 5), QuietHours::between(0, 24 * 60)), (None, None));
}

prop_compose! {
    fn any_wish()(
        topic_refused: bool, pause in prop::option::of(-3 * DAY_US..3 * DAY_US), gap in prop_oneof![Just(0), Just(7 * DAY_US), Just(30 * DAY_US)],
        age in prop::option::of(0..40 * DAY_US), quiet in prop::option::of((0..24_i64, 0..24_i64)),
    ) -> Facts {
        let own_quiet = quiet.and_then(|(from, to)| QuietHours::between(from * 60, to * 60));
        Facts { topic_refused, paused_until: pause.map(|us| START_AT + us), gap_us: gap, last_at: age.map(|us| START_AT - us), own_quiet, ..fine() }
    }
}

proptest! {
    #[test]
    fn no_exception_beats_what_the_person_wished(facts in any_wish(), any_hour: bool, answer: bool, hours in 0..72_i64) {
        let now = START_AT + hours * HOUR_US;
        let decision = decide(&policy(), Exceptions { any_hour, answer }, &facts, now);
        let waits = facts.paused_until.is_some_and(|at| at > now) || (facts.gap_us > 0 && facts.last_at.is_some_and(|at| at + facts.gap_us > now));
        if facts.topic_refused || waits {
            prop_assert_ne!(decision, Decision::Send);
        }
        if let Decision::Defer { until, .. } = decision {
            prop_assert!(until > now && until <= now + DAY_US + MINUTE_US);
            // The wait ends: whatever holds the mail back then is something else than a pause or a gap.
            let later = decide(&policy(), Exceptions { any_hour, answer }, &facts, until);
            let again = matches!(later, Decision::Defer { reason: Reason::Paused | Reason::Frequency, .. } | Decision::Drop(Reason::Paused | Reason::Frequency));
            let was_quiet = matches!(decision, Decision::Defer { reason: Reason::OwnQuietHours | Reason::QuietHours, .. });
            prop_assert!(!again || was_quiet);
        }
    }
}

/// Plans a mail to everybody, about a topic.
pub(super) async fn mail_all(stage: &Stage, topic_id: Option<TopicId>) -> i64 {
    let mailing = Plan { any_hour: true, topic_id, ..stage.mailing(Kind::Campaign).await };
    let owner_id = mailing.owner_id;
    let mut tx = stage.parts.db.begin().await.unwrap();
    tx.exec("INSERT INTO campaigns (id, name, audience, template_id, from_name, from_address, state, created_at) VALUES ($1, 'c', '', 1, '', '', 'running', 0)", params![owner_id]).await.unwrap();
    let everybody = Sql::new("SELECT id FROM v_identify_contact");
    let (mailing_id, _) = plan(&mut tx, &stage.parts.bench(), stage.now(), &mailing, &everybody).await.unwrap();
    tx.commit().await.unwrap();
    mailing_id
}

async fn wish(stage: &Stage, contact_id: i64, wish: Wish) {
    let said = PreferenceDraft { contact_id, wish, source: "preference-page".to_owned(), wording: None, proof: None, staff_id: None };
    let mut tx = stage.parts.db.begin().await.unwrap();
    preference::record(&mut tx, &stage.parts.ids, stage.now(), &said).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn say(stage: &Stage, contact_id: i64, purpose: String, state: State) {
    let said = ConsentDraft {
        contact_id,
        channel: "email".to_owned(),
        purpose,
        state,
        source: "preference-page".to_owned(),
        wording: None,
        proof: None,
        staff_id: None,
    };
    let mut tx = stage.parts.db.begin().await.unwrap();
    consent::record(&mut tx, &stage.parts.ids, stage.now(), &[said]).await.unwrap();
    tx.commit().await.unwrap();
}

attune_testkit::on_both_dbs! {
    async fn mails_obey_topic_pause_frequency_and_own_hours(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(7).await;
        let mut tx = stage.parts.db.begin().await.unwrap();
        attune_house::write_setting(&mut tx, "interact.cap_mails", "0", None, 1).await.unwrap();
        tx.commit().await.unwrap();
        let (news, offers) = (TopicId(50), TopicId(51));
        say(&stage, 1001, purpose_of(news), State::Withdrawn).await;
        say(&stage, 1002, purpose_of(offers), State::Withdrawn).await;
        wish(&stage, 1003, Wish { paused_until: Some(stage.now() + 30 * DAY_US), ..Wish::default() }).await;
        wish(&stage, 1004, Wish { frequency: Frequency::Weekly, ..Wish::default() }).await;
        wish(&stage, 1005, Wish { quiet: Some((9 * 60, 12 * 60)), time_zone: Some("UTC".to_owned()), ..Wish::default() }).await;
        wish(&stage, 1006, Wish { frequency: Frequency::Monthly, ..Wish::default() }).await;
        // A later word of the same person lifts the first.
        wish(&stage, 1006, Wish::default()).await;
        mail_all(&stage, Some(news)).await;
        stage.settle().await;
        let sent = |reasons: &[Option<&str>]| reasons.iter().map(|reason| reason.map(str::to_owned)).collect::<Vec<_>>();
        let reasons = |sends: Vec<(String, Option<String>)>| sends.into_iter().map(|(_, reason)| reason).collect::<Vec<_>>();
        let first = stage.sends().await;
        assert_eq!(first[4].0, "planned", "their own quiet hours only delay");
        assert_eq!(reasons(first), sent(&[Some("topic_refused"), None, Some("paused"), None, Some("own_quiet_hours"), None, None]));
        stage.parts.clock.advance(2 * HOUR_US);
        stage.settle().await;
        assert_eq!(stage.sends().await[4].0, "accepted");
        // Two days later a mail about nothing in particular: who wants one a week has had it.
        stage.parts.clock.advance(2 * DAY_US - 2 * HOUR_US - HOUR_US);
        mail_all(&stage, None).await;
        stage.settle().await;
        let second = reasons(stage.sends().await.split_off(7));
        assert_eq!(second, sent(&[None, None, Some("paused"), Some("frequency"), Some("own_quiet_hours"), None, None]));
        stage.parts.clock.advance(6 * DAY_US);
        mail_all(&stage, None).await;
        stage.settle().await;
        assert_eq!(reasons(stage.sends().await.split_off(14))[3], None, "a week is over");
    }
}

/// A mail to everybody about nothing in particular, two topics, and the path of the preference page behind the first send.
async fn mailed() -> (attune_testkit::TestDb, Stage, TestApp, String) {
    let (store, stage) = stage().await;
    let app = app(&stage);
    let mut tx = stage.parts.db.begin().await.unwrap();
    for (id, name) in [(50, "News"), (51, "Offers")] {
        let insert = "INSERT INTO topics (id, name_en, name_zh, purpose_en, purpose_zh, position, created_at) VALUES ($1, $2, '新品', 'What is new', '新品消息', $1, 1)";
        tx.exec(insert, params![id, name]).await.unwrap();
    }
    tx.commit().await.unwrap();
    mail_all(&stage, None).await;
    stage.settle().await;
    let path = format!("/m/p/{}", linker(&stage).token(Act::Preferences, 1, 0));
    (store, stage, app, path)
}

fn linker(stage: &Stage) -> Linker {
    Linker::new(&stage.parts.secret, "https://crm.example")
}

/// What is chosen on the page; the topics by their numbers.
fn chosen(topics: &[i64], frequency: &str, rest: &[(&str, &str)]) -> String {
    let topics: Vec<String> = topics.iter().map(|id| TopicId(*id).to_string()).collect();
    let mut pairs = vec![("mail", "yes"), ("frequency", frequency)];
    pairs.extend(topics.iter().map(|id| ("topic", id.as_str())));
    let shown = [50, 51].map(|id| TopicId(id).to_string());
    pairs.extend(shown.iter().map(|id| ("shown", id.as_str())));
    pairs.extend(rest);
    encode(&pairs)
}

const AS_IT_IS: [(&str, &str); 5] = [("pause", "none"), ("quiet_from", ""), ("quiet_to", ""), ("time_zone", "UTC"), ("language", "en")];
const IN_CHINA: [(&str, &str); 4] = [("quiet_from", "22"), ("quiet_to", "7"), ("time_zone", "Asia/Shanghai"), ("language", "zh-CN")];

async fn count(stage: &Stage, table: &str) -> i64 {
    stage.parts.db.read().await.unwrap().count(&format!("SELECT count(*) FROM {table}"), params![]).await.unwrap()
}

/// How many lines the ledger has, and the table of preferences.
async fn lines(stage: &Stage) -> (i64, i64) {
    (count(stage, "consents").await, count(stage, "preferences").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_and_leaving_all_as_it_is_change_nothing() {
    let (_store, stage, app, path) = mailed().await;
    let page = ask(&app, "", "GET", &path, "").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.has("p•••@example.com") && page.has("News") && page.has("What is new") && !page.has("p1001@"), "{}", page.body);
    assert!(!page.has("prefer-"), "a text is missing: {}", page.body);
    let other = format!("/m/p/{}", linker(&stage).token(Act::Unsubscribe, 1, 0));
    assert_eq!(ask(&app, "", "GET", &other, "").await.status, StatusCode::NOT_FOUND);
    let same = chosen(&[50, 51], "every", &AS_IT_IS);
    assert_eq!(ask(&app, "", "POST", &path, &same).await.status, StatusCode::SEE_OTHER);
    assert_eq!(lines(&stage).await, (0, 0), "what was ticked already is nobody's yes");
    let wrong = ask(&app, "", "POST", &path, "mail=yes&frequency=hourly&quiet_from=5&time_zone=Mars&language=en").await;
    assert_eq!((wrong.status, lines(&stage).await), (StatusCode::UNPROCESSABLE_ENTITY, (0, 0)));
    let unsubscribe = format!("/m/u/{}", linker(&stage).token(Act::Unsubscribe, 1, 0));
    assert!(ask(&app, "", "GET", &unsubscribe, "").await.has(&path));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_chooses_leaves_and_comes_back_by_the_link_in_a_mail() {
    let (_store, stage, app, path) = mailed().await;
    let fewer = chosen(&[50], "weekly", &[IN_CHINA.as_slice(), &[("pause", "30")]].concat());
    let saved = ask(&app, "", "POST", &path, &fewer).await;
    assert_eq!((saved.status, lines(&stage).await), (StatusCode::SEE_OTHER, (1, 1)));
    let page = ask(&app, "", "GET", saved.leads(), "").await;
    assert!(page.has("已保存") && page.has("lang=\"zh-CN\"") && page.has("暂停至"), "{}", page.body);
    let mut tx = stage.parts.db.read().await.unwrap();
    let said = consent::current(&mut tx, 1001).await.unwrap().remove(0).said;
    assert_eq!((said.purpose.as_str(), said.state), (purpose_of(TopicId(51)).as_str(), State::Withdrawn));
    assert_eq!(said.wording.as_deref(), Some("Offers: What is new"), "the words as they stood on the page");
    assert!(said.proof.unwrap().starts_with("snd_"));
    let held = preference::current(&mut tx, 1001).await.unwrap().unwrap().said.wish;
    assert_eq!((held.frequency, held.quiet, held.paused_until), (Frequency::Weekly, Some((1_320, 420)), Some(stage.now() + 30 * DAY_US)));
    drop(tx);
    let none = "mail=no&frequency=every&pause=keep&time_zone=UTC&language=zh-CN";
    assert_eq!(ask(&app, "", "POST", &path, none).await.status, StatusCode::SEE_OTHER);
    assert_eq!((count(&stage, "suppressions").await, stage.count_events("mail.unsubscribed").await), (1, 1));
    assert_eq!(count(&stage, "sends WHERE unsubscribed_at IS NOT NULL").await, 1);
    let back = chosen(&[50], "weekly", &[IN_CHINA.as_slice(), &[("pause", "keep")]].concat());
    assert_eq!(ask(&app, "", "POST", &path, &back).await.status, StatusCode::SEE_OTHER);
    assert_eq!((lines(&stage).await, count(&stage, "suppressions").await), ((3, 1), 0), "who says yes again gets mail again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_leads_to_the_page_that_asks_and_to_nobody_elses() {
    let (_store, stage, app, _) = mailed().await;
    let token = linker(&stage).token(Act::Question, 1, 0);
    let sent = ask(&app, "", "GET", &format!("/m/q/{token}"), "").await.is(StatusCode::SEE_OTHER);
    assert!(sent.header("location").contains("/ask/"), "{}", sent.header("location"));
    for wrong in [linker(&stage).token(Act::Preferences, 1, 0), "x".to_owned()] {
        ask(&app, "", "GET", &format!("/m/q/{wrong}"), "").await.is(StatusCode::NOT_FOUND);
    }
    let nobodys = linker(&stage).token(Act::Question, 999_999, 0);
    ask(&app, "", "GET", &format!("/m/q/{nobodys}"), "").await.is(StatusCode::GONE);
}
