use attune_courier::smtp::Outcome;
use attune_db::{Sql, params};
use attune_kernel::{DAY_US, HOUR_US, SECOND_US};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::arbiter::{Consent, Decision, Exceptions, Facts, Policy, QuietHours, Reason, decide};
use super::token::{Act, TRAP};
use super::track::{Touch, Tracker, What};
use super::verdict::{Clicks, Machine, Request, judge};
use super::*;
use crate::suppression;
use crate::tests::fixture::Stage;

fn policy() -> Policy {
    Policy { imported_consent: true, cap: 2, period_us: 7 * DAY_US, quiet: QuietHours::parse("21:00-08:00"), zone: TimeZone::UTC }
}

fn fine() -> Facts {
    Facts { alive: true, has_address: true, consent: Consent::Given, ..Facts::default() }
}

/// 2026-11-20 10:00 UTC.
const NOW: i64 = attune_testkit::START_AT;

#[test]
fn quiet_hours_are_the_persons_own() {
    let in_zone = |zone: &str| decide(&policy(), Exceptions::default(), &Facts { time_zone: Some(zone.to_owned()), ..fine() }, NOW);
    assert_eq!(in_zone("Europe/Berlin"), Decision::Send);
    // In New York it is 05:00: wait three hours. In Shanghai it is 18:00.
    assert_eq!(in_zone("America/New_York"), Decision::Defer { until: NOW + 3 * HOUR_US, reason: Reason::QuietHours });
    assert_eq!(in_zone("Asia/Shanghai"), Decision::Send);
    assert_eq!(in_zone("Asia/Tokyo"), Decision::Send);
    assert_eq!(in_zone("Pacific/Auckland"), Decision::Defer { until: NOW + 9 * HOUR_US, reason: Reason::QuietHours });
    assert_eq!(QuietHours::parse("08:00-08:00"), None);
    assert_eq!(QuietHours::parse("25:00-08:00"), None);
}

#[test]
fn the_cap_delays_drops_or_gives_way() {
    let send = |facts: Facts| decide(&policy(), Exceptions::default(), &facts, NOW);
    let old = |days: i64| Some(NOW - days * DAY_US + HOUR_US);
    assert_eq!(send(Facts { recent: 1, ..fine() }), Decision::Send);
    assert_eq!(send(Facts { recent: 2, oldest_at: old(7), ..fine() }), Decision::Defer { until: NOW + HOUR_US, reason: Reason::Cap });
    assert_eq!(send(Facts { recent: 2, oldest_at: old(3), ..fine() }), Decision::Drop(Reason::Cap));
    assert_eq!(send(Facts { recent: 1, better_waiting: 1, ..fine() }), Decision::Replace);
    let answer = Exceptions { answer: true, ..Exceptions::default() };
    assert_eq!(decide(&policy(), answer, &Facts { recent: 9, ..fine() }, NOW), Decision::Send);
}

prop_compose! {
    fn any_facts()(
        alive in any::<bool>(), has_address in any::<bool>(), suppressed in any::<bool>(), erased in any::<bool>(), imported in any::<bool>(), same_person in any::<bool>(),
        consent in prop_oneof![Just(Consent::Given), Just(Consent::Withdrawn), Just(Consent::Pending), Just(Consent::Unknown)],
        recent in 0..5_i64, age in proptest::option::of(0..8 * DAY_US), better_waiting in 0..3_i64,
        zone in proptest::option::of(prop_oneof![Just("Asia/Shanghai"), Just("America/New_York"), Just("Mars/Base")]),
    ) -> Facts {
        Facts { alive, has_address, suppressed, erased, consent, imported, same_person, recent, oldest_at: age.map(|age| NOW - age), better_waiting, time_zone: zone.map(str::to_owned), ..Facts::default() }
    }
}

proptest! {
    #[test]
    fn nobody_who_said_no_is_ever_mailed(facts in any_facts(), any_hour: bool, answer: bool, imported_consent: bool, hours in 0..72_i64) {
        let policy = Policy { imported_consent, ..policy() };
        let now = NOW + hours * HOUR_US;
        let decision = decide(&policy, Exceptions { any_hour, answer }, &facts, now);
        let allowed = facts.consent == Consent::Given || (facts.consent == Consent::Unknown && facts.imported && imported_consent);
        if !facts.alive || !facts.has_address || facts.suppressed || !allowed || facts.same_person {
            prop_assert!(matches!(decision, Decision::Drop(_)));
        }
        if decision == Decision::Send && !answer {
            prop_assert!(facts.recent < policy.cap);
        }
        if let Decision::Defer { until, .. } = decision {
            prop_assert!(until > now && until <= now + DAY_US + HOUR_US);
            // Deferring ends: at that moment the quiet hours are over.
            let later = decide(&policy, Exceptions { any_hour, answer: true }, &facts, until);
            let still_quiet = matches!(later, Decision::Defer { reason: Reason::QuietHours, .. });
            let was_capped = matches!(decision, Decision::Defer { reason: Reason::Cap, .. });
            prop_assert!(!still_quiet || was_capped);
        }
        // The same facts always decide the same.
        prop_assert_eq!(decision, decide(&policy, Exceptions { any_hour, answer }, &facts, now));
    }

    #[test]
    fn a_token_is_good_for_its_act_only(send_id in 1..i64::MAX, position: u16, flip in 0..26_usize) {
        let linker = Linker::new(&attune_web::Secret::new([7; 32]), "https://crm.example");
        let token = linker.token(Act::Click, send_id, position);
        prop_assert_eq!(linker.read(Act::Click, &token), Some((send_id, position)));
        prop_assert_eq!(linker.read(Act::Unsubscribe, &token), None);
        let mut forged = token.clone().into_bytes();
        if let Some(byte) = forged.get_mut(flip) {
            *byte = if *byte == b'A' { b'B' } else { b'A' };
        }
        prop_assert_eq!(linker.read(Act::Click, std::str::from_utf8(&forged).unwrap()), None);
    }
}

#[test]
fn machines_are_told_from_people() {
    let request = |agent: &str| Request { agent: agent.to_owned(), ..Request::default() };
    let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36";
    assert_eq!(judge(&request(chrome)), None);
    assert_eq!(judge(&request("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)")), None);
    assert_eq!(judge(&request("")), Some(Machine::NoAgent));
    assert_eq!(judge(&request("Mozilla/5.0")), Some(Machine::NoAgent));
    assert_eq!(judge(&request("python-requests/2.32")), Some(Machine::Agent));
    assert_eq!(judge(&Request { head: true, ..request(chrome) }), Some(Machine::Head));
    assert_eq!(judge(&Request { trap: true, ..request(chrome) }), Some(Machine::Trap));
    let mut clicks = Clicks::default();
    let at = NOW + 5 * SECOND_US;
    assert!(!clicks.add(0, at, Some(NOW)) && !clicks.add(1, at + 1, Some(NOW)) && clicks.add(2, at + 2, Some(NOW)));
    let mut person = Clicks::default();
    assert!((0..5).all(|n| !person.add(n, NOW + DAY_US + i64::from(n), Some(NOW))));
    let mut again = Clicks::default();
    assert!((0..5).all(|n| !again.add(0, NOW + i64::from(n), Some(NOW))));
}

#[test]
fn the_content_link_is_found_in_a_mail() {
    let linker = Linker::new(&attune_web::Secret::new([7; 32]), "https://crm.example");
    let links = [linker.address(Act::Click, 4, TRAP), linker.address(Act::Unsubscribe, 4, 0), linker.address(Act::Click, 4, 0)];
    assert_eq!(first_link(&links), Some(links[2].as_str()));
    assert_eq!(first_link(&["https://x.example/m/c/zz".to_owned()]), None);
}

async fn plan_all(stage: &Stage) -> (i64, i64) {
    let mailing = stage.mailing(Kind::Round).await;
    let owner_id = mailing.owner_id;
    let mut tx = stage.parts.db.begin().await.unwrap();
    let bench = stage.parts.bench();
    let planned = plan(&mut tx, &bench, stage.now(), &mailing, &Sql::new("SELECT id FROM v_identify_contact")).await.unwrap();
    tx.exec("INSERT INTO push_funnels (id, name, audience, from_name, from_address, any_hour, state, survivors, handed_over, created_at) VALUES ($1, 'f', '', '', '', TRUE, 'running', 0, 0, 0)", params![owner_id]).await.unwrap();
    tx.exec("INSERT INTO push_rounds (id, funnel_id, position, name, offer, template_id, respond, respond_event, wait_us, state, mailing_id) VALUES ($1, $1, 1, 'r', '', 1, 'clicked', '', 86400000000, 'sending', $2)", params![owner_id, planned.0]).await.unwrap();
    tx.commit().await.unwrap();
    planned
}

fn states(sends: &[(String, Option<String>)], state: &str) -> usize {
    sends.iter().filter(|(s, _)| s == state).count()
}

attune_testkit::on_both_dbs! {
    async fn everybody_gets_one_mail_and_those_held_back_have_a_reason(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(30).await;
        let mut tx = stage.parts.db.begin().await.unwrap();
        tx.exec("UPDATE contacts SET import_id = NULL WHERE id = 1005", params![]).await.unwrap();
        tx.exec("UPDATE contacts SET email = NULL, email_key = NULL WHERE id = 1006", params![]).await.unwrap();
        tx.exec("UPDATE contacts SET email = 'p1001@example.com', email_key = 'p1001@example.com' WHERE id = 1007", params![]).await.unwrap();
        tx.exec("UPDATE contacts SET time_zone = 'America/New_York' WHERE id = 1008", params![]).await.unwrap();
        suppression::add(&mut tx, &stage.parts.ids, "P1009@example.com", None, None, 1).await.unwrap();
        tx.commit().await.unwrap();
        let (mailing_id, count) = plan_all(&stage).await;
        assert_eq!(count, 30);
        stage.settle().await;
        let sends = stage.sends().await;
        assert_eq!(states(&sends, "accepted"), 25, "{sends:?}");
        assert_eq!(sends[4].1.as_deref(), Some("no_consent"));
        assert_eq!(sends[5].1.as_deref(), Some("no_address"));
        assert_eq!(sends[6].1.as_deref(), Some("same_person"));
        assert_eq!(sends[7], ("planned".to_owned(), Some("quiet_hours".to_owned())));
        assert_eq!(sends[8].1.as_deref(), Some("suppressed"));
        let mut to: Vec<String> = stage.sink.mails().iter().flat_map(|mail| mail.rcpt_to.clone()).collect();
        to.sort();
        to.dedup();
        assert_eq!((to.len(), stage.sink.mails().len()), (25, 25));
        assert_eq!(stage.count_events("mail.accepted").await, 25);
        let raw = String::from_utf8_lossy(&stage.sink.mails()[0].raw).into_owned();
        assert!(raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click") && raw.contains("List-Unsubscribe: <https://crm.example/m/u/"));
        stage.parts.clock.advance(4 * HOUR_US);
        stage.settle().await;
        let mut tx = stage.parts.db.read().await.unwrap();
        let mailing = store::get(&mut tx, mailing_id).await.unwrap();
        assert_eq!(mailing.state, MailingState::Finished);
        let figures = figures(&mut tx, &mailing).await.unwrap();
        assert_eq!((figures.planned, figures.delivered, figures.skipped, figures.waiting), (30, 26, 4, 0));
        assert_eq!(skipped_by_reason(&mut tx, &mailing).await.unwrap().len(), 4);
        let page = list_people(&mut tx, &mailing, (super::figures::Outcome::Delivered, None), (&[attune_web::Scope::All], &attune_web::Sight::FULL), 0, 10).await.unwrap();
        assert_eq!((page.people.len(), page.after.is_some()), (10, true));
    }

    async fn more_people_than_the_wire_holds_get_one_mail_each(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(450).await;
        plan_all(&stage).await;
        stage.settle().await;
        let sends = stage.sends().await;
        assert_eq!(states(&sends, "accepted"), 450);
        let mut to: Vec<String> = stage.sink.mails().iter().flat_map(|mail| mail.rcpt_to.clone()).collect();
        assert_eq!(to.len(), 450);
        to.sort();
        to.dedup();
        assert_eq!((to.len(), stage.count_events("mail.accepted").await), (450, 450));
    }

    async fn a_dead_workers_rows_are_planned_again_or_in_doubt(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(10).await;
        let (mailing_id, _) = plan_all(&stage).await;
        let mut tx = stage.parts.db.begin().await.unwrap();
        // A worker died with eight rows leased, of which three were handed over.
        let leased = store::lease(&mut tx, mailing_id, 99, stage.now(), 8).await.unwrap();
        let handed = store::mark_handed(&mut tx, mailing_id, 99, &leased[..3]).await.unwrap();
        assert_eq!((leased.len(), handed.len()), (8, 3));
        // Nobody else may hand over what he holds.
        assert!(store::mark_handed(&mut tx, mailing_id, 98, &leased).await.unwrap().is_empty());
        tx.commit().await.unwrap();
        stage.settle().await;
        let sends = stage.sends().await;
        assert_eq!((states(&sends, "unknown"), states(&sends, "accepted")), (3, 7), "{sends:?}");
        assert_eq!(stage.sink.mails().len(), 7);
        // An outcome that comes late resolves the doubt, and nothing is sent again.
        let mut tx = stage.parts.db.begin().await.unwrap();
        let mailing = store::get(&mut tx, mailing_id).await.unwrap();
        let accepted = Outcome::Accepted { code: 250, text: "queued".to_owned() };
        outcome::write(&mut tx, &stage.parts.ids, &mailing, &[(handed[0], accepted)], stage.now()).await.unwrap();
        tx.commit().await.unwrap();
        stage.settle().await;
        assert_eq!((states(&stage.sends().await, "unknown"), stage.sink.mails().len()), (2, 7));
    }

    async fn a_relay_that_is_down_is_waited_for(db: Db) {
        let stage = Stage::without_relay(db);
        stage.people(5).await;
        let (mailing_id, _) = plan_all(&stage).await;
        stage.settle().await;
        let sends = stage.sends().await;
        assert_eq!(states(&sends, "planned"), 5, "{sends:?}");
        let mut tx = stage.parts.db.read().await.unwrap();
        let mailing = store::get(&mut tx, mailing_id).await.unwrap();
        assert!(mailing.relay_error.is_some() && mailing.relay_error_at == Some(stage.now()));
    }

    async fn a_paused_mailing_hands_nothing_over(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(5).await;
        let (mailing_id, _) = plan_all(&stage).await;
        let mut tx = stage.parts.db.begin().await.unwrap();
        assert!(pause(&mut tx, mailing_id).await.unwrap());
        tx.commit().await.unwrap();
        stage.settle().await;
        assert_eq!(stage.sink.mails().len(), 0);
        let mut tx = stage.parts.db.begin().await.unwrap();
        assert!(resume(&mut tx, &stage.parts.bench(), mailing_id).await.unwrap());
        tx.commit().await.unwrap();
        stage.settle().await;
        assert_eq!(stage.sink.mails().len(), 5);
    }

    async fn touches_count_once_and_machines_apart(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(4).await;
        plan_all(&stage).await;
        stage.settle().await;
        let tracker = Tracker::start(&stage.parts);
        let at = stage.now() + HOUR_US;
        let touch = |send_id: i64, what: What, machine: Option<Machine>| tracker.offer(Touch { send_id, what, at, machine });
        let landing = touch(1, What::Click(0), None).await.unwrap().unwrap();
        assert_eq!((landing.url.as_str(), landing.contact_id), ("https://shop.example/a?x=1&y=2", Some(1001)));
        touch(1, What::Click(0), None).await.unwrap();
        touch(1, What::Open, None).await.unwrap();
        touch(2, What::Open, Some(Machine::NoAgent)).await.unwrap();
        touch(2, What::Click(1), Some(Machine::Agent)).await.unwrap();
        touch(3, What::Unsubscribe, None).await.unwrap();
        touch(3, What::Unsubscribe, None).await.unwrap();
        assert_eq!(touch(77, What::Click(0), None).await.unwrap(), None);
        let mut tx = stage.parts.db.read().await.unwrap();
        let mailing = store::get(&mut tx, tx_mailing(&stage).await).await.unwrap();
        let figures = figures(&mut tx, &mailing).await.unwrap();
        assert_eq!((figures.clicked, figures.machine_clicked, figures.opened, figures.machine_opened, figures.unsubscribed), (1, 1, 1, 1, 1));
        drop(tx);
        assert_eq!(stage.count_events("mail.clicked").await, 2);
        assert_eq!(stage.count_events("mail.unsubscribed").await, 1);
        let mut tx = stage.parts.db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM events WHERE name LIKE 'mail.%' AND machine = TRUE", params![]).await.unwrap(), 2);
        assert_eq!(suppression::list(&mut tx, "p1003", true, i64::MAX, 10).await.unwrap().len(), 1);
        assert_eq!(tx.count("SELECT count(*) FROM contacts WHERE last_seen_at = $1 AND id IN (1001, 1003)", params![at]).await.unwrap(), 2);
        assert_eq!(tx.count("SELECT count(*) FROM contacts WHERE last_seen_at IS NOT NULL", params![]).await.unwrap(), 2, "machines touch nobody");
        let said = attune_identify::consent::states(&mut tx, crate::CHANNEL, [1003]).await.unwrap();
        assert_eq!(said.get(&1003), Some(&attune_identify::consent::State::Withdrawn));
    }

    async fn a_refusal_by_a_link_of_either_is_that_of_the_one_who_remains(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(3).await;
        plan_all(&stage).await;
        stage.settle().await;
        // Both had the mailing, so the second send stays with the record that is given up.
        let (actor, pair) = (attune_web::Actor::system(), attune_identify::merge::Pair { survivor: 1001, loser: 1003 });
        let by = attune_identify::contact::By { actor: &actor, now: stage.now(), ids: &stage.parts.ids };
        let tables: Vec<_> = std::iter::once(attune_house::ContactTable::EVENTS).chain(crate::room::CONTACT_TABLES).collect();
        let mut tx = stage.parts.db.begin().await.unwrap();
        attune_identify::merge::merge(&mut tx, &by, &attune_web::Scope::All, &tables, pair, &std::collections::BTreeSet::new()).await.unwrap();
        tx.commit().await.unwrap();
        let tracker = Tracker::start(&stage.parts);
        let touch = |what: What, at: i64| tracker.offer(Touch { send_id: 3, what, at, machine: None });
        assert_eq!(touch(What::Click(0), stage.now() + HOUR_US).await.unwrap().unwrap().contact_id, Some(1001));
        touch(What::Unsubscribe, stage.now() + 2 * HOUR_US).await.unwrap();
        let mut tx = stage.parts.db.read().await.unwrap();
        let said = attune_identify::consent::states(&mut tx, crate::CHANNEL, [1001]).await.unwrap();
        assert_eq!(said.get(&1001), Some(&attune_identify::consent::State::Withdrawn));
        // The address the mail went to and the one that remained.
        for address in ["p1001", "p1003"] {
            assert_eq!(suppression::list(&mut tx, address, true, i64::MAX, 10).await.unwrap().len(), 1, "{address}");
        }
    }

    async fn a_scanners_burst_takes_its_first_clicks_with_it(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(1).await;
        plan_all(&stage).await;
        stage.settle().await;
        let tracker = Tracker::start(&stage.parts);
        let click = |position: u16, at: i64| tracker.offer(Touch { send_id: 1, what: What::Click(position), at, machine: None });
        for position in [0, 1, TRAP - 1] {
            click(position, stage.now() + SECOND_US).await.unwrap();
        }
        let mut tx = stage.parts.db.read().await.unwrap();
        let row = tx.get("send", "SELECT clicked_at, machine_clicked_at FROM sends WHERE id = 1", params![]).await.unwrap();
        assert_eq!(row.get::<Option<i64>>("clicked_at").unwrap(), None);
        assert!(row.get::<Option<i64>>("machine_clicked_at").unwrap().is_some());
        drop(tx);
        assert_eq!((clicks(&stage, true).await, clicks(&stage, false).await), (3, 0), "the log takes them back");
        assert_eq!(stage.count_events("mail.click_rejudged").await, 1);
        // The person himself comes later, by a link the scanner has been on.
        let later = stage.now() + HOUR_US;
        assert_eq!(click(0, later).await.unwrap().unwrap().machine, None);
        assert_eq!((clicks(&stage, true).await, clicks(&stage, false).await), (3, 1));
    }
}

/// How many clicks the log holds by machines, or by people.
async fn clicks(stage: &Stage, machine: bool) -> i64 {
    let mut tx = stage.parts.db.read().await.unwrap();
    tx.count("SELECT count(*) FROM events WHERE name = 'mail.clicked' AND machine = $1", params![machine]).await.unwrap()
}

async fn tx_mailing(stage: &Stage) -> i64 {
    let mut tx = stage.parts.db.read().await.unwrap();
    tx.count("SELECT max(id) FROM mailings", params![]).await.unwrap()
}
