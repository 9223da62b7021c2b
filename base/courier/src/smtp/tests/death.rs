//! The heart: what is safe to send again and what is in doubt when a relay dies.

use super::relay::{At, Fate, Manners};
use super::*;

async fn relay_without_pipelining(fates: &[Fate]) -> Relay {
    Relay::start(Manners { fates: fates.to_vec(), pipelining: false, ..Manners::default() }).await
}

#[tokio::test]
async fn before_the_body_nothing_is_in_doubt() {
    for at in [At::Greeting, At::Hello, At::Mail] {
        for fate in [Fate::Die(at, 0), Fate::Hush(at, 0), Fate::Close(at, 0)] {
            for relay in [Relay::with_fates(&[fate]).await, relay_without_pipelining(&[fate]).await] {
                let outcomes = deliver(config(&relay), batch(2)).await;
                assert!(outcomes.values().all(is_not_sent), "{fate:?}: {outcomes:?}");
                assert!(relay.bodies().is_empty());
            }
        }
    }
}

#[tokio::test]
async fn after_the_body_without_answer_all_is_in_doubt() {
    for fate in
        [Fate::Die(At::FirstLine, 0), Fate::Die(At::Body, 0), Fate::Die(At::HalfReply, 0), Fate::Hush(At::Go, 0), Fate::Hush(At::Body, 0)]
    {
        for relay in [Relay::with_fates(&[fate, Fate::Live]).await, relay_without_pipelining(&[fate, Fate::Live]).await] {
            let outcomes = deliver(config(&relay), batch(3)).await;
            assert!(is_unknown(&outcomes[&1]), "{fate:?}: {outcomes:?}");
            assert!(is_accepted(&outcomes[&2]) && is_accepted(&outcomes[&3]), "{fate:?}: {outcomes:?}");
            assert!((1..=3).all(|id| relay.received(id) <= 1), "{fate:?}: no doubles");
        }
    }
}

#[tokio::test]
async fn an_announced_mail_goes_again_after_the_one_before_was_lost() {
    for nth in 0..4 {
        let relay = Relay::with_fates(&[Fate::Die(At::Body, nth), Fate::Live]).await;
        let outcomes = deliver(config(&relay), batch(5)).await;
        let lost = i64::try_from(nth).unwrap() + 1;
        for (id, outcome) in &outcomes {
            assert_eq!(is_unknown(outcome), *id == lost, "{outcomes:?}");
            assert_eq!(relay.received(*id), 1);
        }
        assert_eq!(relay.connections(), 2);
    }
}

#[tokio::test]
async fn dying_after_the_answer_loses_nothing() {
    let relay = Relay::with_fates(&[Fate::Die(At::Reply, 0), Fate::Die(At::Reply, 1), Fate::Live]).await;
    let outcomes = deliver(config(&relay), batch(6)).await;
    assert!(outcomes.values().all(is_accepted), "{outcomes:?}");
    assert!((1..=6).all(|id| relay.received(id) == 1));
}

#[tokio::test]
async fn a_goodbye_as_answer_is_a_refusal_not_a_doubt() {
    let relay = Relay::with_fates(&[Fate::Close(At::Body, 0), Fate::Live]).await;
    let outcomes = deliver(config(&relay), batch(2)).await;
    let Outcome::Rejected { code, permanent, enhanced, .. } = &outcomes[&1] else { panic!("{outcomes:?}") };
    assert_eq!((*code, *permanent, enhanced.as_deref()), (421, false, Some("4.3.2")));
    assert!(is_accepted(&outcomes[&2]));
}

#[tokio::test]
async fn a_kept_connection_that_died_meanwhile_is_replaced() {
    let relay = Relay::with_fates(&[Fate::Die(At::Mail, 1), Fate::Live]).await;
    let courier = Courier::new(config(&relay)).unwrap();
    assert!(is_accepted(&deliver_with(&courier, vec![envelope(1, "a@b.c")]).await[&1]));
    assert!(is_accepted(&deliver_with(&courier, vec![envelope(2, "a@b.c")]).await[&2]));
    assert_eq!((relay.connections(), relay.received(1), relay.received(2)), (2, 1, 1));
}

#[tokio::test]
async fn a_body_whose_end_never_left_is_not_in_doubt() {
    let fate = Fate::Die(At::FirstLine, 0);
    let relay = Relay::with_fates(&[fate]).await;
    let line = "x".repeat(70) + "\r\n";
    let message = format!("From: a@b.c\r\nSubject: mail-1\r\n\r\n{}", line.repeat(400_000));
    let large = Envelope::new(1, "", "a@b.c", message.into_bytes()).unwrap();
    let mut config = config(&relay);
    config.timeouts.body = Duration::from_secs(20);
    let outcomes = deliver(config, vec![large]).await;
    assert!(is_not_sent(&outcomes[&1]), "{outcomes:?}");
    assert_eq!(relay.received(1), 0);
}

#[tokio::test]
async fn an_absent_relay_is_reported_for_every_envelope() {
    let relay = Relay::with_fates(&[Fate::Live]).await;
    let mut config = config(&relay);
    config.connections = 8;
    config.port = 1;
    let outcomes = deliver(config, batch(100)).await;
    assert!(outcomes.values().all(is_not_sent));
}

#[tokio::test]
async fn a_relay_that_takes_few_connections_still_gets_all() {
    let mut fates = vec![Fate::Live, Fate::Live];
    fates.extend([Fate::Close(At::Greeting, 0); 30]);
    let relay = Relay::with_fates(&fates).await;
    let mut config = config(&relay);
    config.connections = 10;
    let outcomes = deliver(config, batch(200)).await;
    let late = outcomes.values().filter(|outcome| is_not_sent(outcome)).count();
    assert!(outcomes.values().all(|outcome| is_accepted(outcome) || is_not_sent(outcome)), "{outcomes:?}");
    assert_eq!(late, 0, "the connections that stand carry the whole batch");
}

/// Dies at every step of every mail of a batch, over and over: nothing is lost, nothing doubled.
#[tokio::test]
async fn no_mail_is_lost_or_doubled_wherever_the_relay_dies() {
    for pipelining in [true, false] {
        for at in [At::Mail, At::Go, At::FirstLine, At::Body, At::HalfReply, At::Reply] {
            for nth in 0..3 {
                let fates = vec![Fate::Die(at, nth), Fate::Die(at, 1), Fate::Live];
                let relay = Relay::start(Manners { fates, pipelining, ..Manners::default() }).await;
                let outcomes = deliver(config(&relay), batch(6)).await;
                for (id, outcome) in outcomes {
                    let received = relay.received(id);
                    let fair = match &outcome {
                        Outcome::Accepted { .. } => received == 1,
                        Outcome::Unknown { .. } => received <= 1,
                        Outcome::NotSent { .. } => received == 0,
                        Outcome::Rejected { .. } => false,
                    };
                    assert!(fair, "{at:?} {nth} mail {id}: received {received}, {outcome:?}");
                }
            }
        }
    }
}
