//! Delivery when the relay behaves.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::relay::{At, Fate, Manners};
use super::*;

const AUTHORITY: &str = include_str!("certificates/authority.pem");

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(include_bytes!("certificates/relay.pem")).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/relay.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn secured(relay: &Relay, tls: TlsMode) -> SmtpConfig {
    let mut config = config(relay);
    config.host = "localhost".to_owned();
    config.tls = tls;
    config.extra_roots_pem = Some(AUTHORITY.to_owned());
    config.timeouts = Timeouts::default();
    config
}

#[tokio::test]
async fn every_mail_arrives_unchanged_over_one_connection() {
    let relay = Relay::with_fates(&[Fate::Live]).await;
    let outcomes = deliver(config(&relay), batch(50)).await;
    assert!(outcomes.values().all(is_accepted));
    assert_eq!(relay.connections(), 1);
    assert_eq!(relay.bodies()[0], "From: a@b.c\r\nSubject: mail-1\r\n\r\nHello\r\n.dot\r\n");
    let mail = "MAIL FROM:<bounce@shop.example> SIZE=45";
    assert_eq!(relay.commands().iter().filter(|command| *command == mail).count(), 9);
}

#[tokio::test]
async fn refusals_are_told_apart_and_do_not_hold_up_the_rest() {
    for pipelining in [true, false] {
        let relay = Relay::start(Manners { pipelining, ..Manners::default() }).await;
        let recipients = ["ok@a.b", "refused@a.b", "refused@a.b", "ok@a.b", "later@a.b", "spam@a.b", "ok@a.b"];
        let mails = recipients.iter().zip(1..).map(|(recipient, id)| envelope(id, recipient)).collect();
        let outcomes = deliver(config(&relay), mails).await;
        let seen: Vec<_> = outcomes
            .values()
            .map(|outcome| match outcome {
                Outcome::Rejected { code, enhanced, permanent, .. } => (*code, enhanced.clone().unwrap(), *permanent),
                Outcome::Accepted { code, .. } => (*code, String::new(), false),
                other => panic!("{other:?}"),
            })
            .collect();
        let refused = (550, "5.1.1".to_owned(), true);
        let accepted = (250, String::new(), false);
        let later = (451, "4.2.1".to_owned(), false);
        let spam = (554, "5.7.1".to_owned(), true);
        assert_eq!(seen, [accepted.clone(), refused.clone(), refused, accepted.clone(), later, spam, accepted]);
        assert_eq!(relay.connections(), 1);
        assert!(outcomes[&5].may_retry() && !outcomes[&6].may_retry() && !outcomes[&1].may_retry());
    }
}

#[tokio::test]
async fn what_the_relay_cannot_carry_is_refused_before_sending() {
    let relay = Relay::start(Manners { extensions: vec!["SIZE 100"], ..Manners::default() }).await;
    let wide = Envelope::new(1, "", "王@a.b", b"x\r\n".to_vec()).unwrap();
    let eight_bit = Envelope::new(2, "", "a@a.b", "ü\r\n".as_bytes().to_vec()).unwrap();
    let large = Envelope::new(3, "", "a@a.b", vec![b'x'; 200]).unwrap();
    let outcomes = deliver(config(&relay), vec![wide, eight_bit, large, envelope(4, "a@a.b")]).await;
    for (id, status) in [(1, "5.6.7"), (2, "5.6.3"), (3, "5.3.4")] {
        let Outcome::Rejected { enhanced, permanent: true, .. } = &outcomes[&id] else { panic!("{outcomes:?}") };
        assert_eq!(enhanced.as_deref(), Some(status));
    }
    assert!(is_accepted(&outcomes[&4]));
    assert_eq!(relay.bodies().len(), 1);

    let able = Relay::start(Manners { extensions: vec!["SMTPUTF8", "8BITMIME"], ..Manners::default() }).await;
    let wide = Envelope::new(1, "", "王@a.b", "ü\r\n".as_bytes().to_vec()).unwrap();
    assert!(is_accepted(&deliver(config(&able), vec![wide]).await[&1]));
    assert!(able.commands().contains(&"MAIL FROM:<> BODY=8BITMIME SMTPUTF8".to_owned()));
}

#[tokio::test]
async fn connections_are_shared_kept_and_replaced_when_worn() {
    let relay = Relay::with_fates(&[Fate::Live]).await;
    let mut config = config(&relay);
    config.connections = 4;
    config.mails_per_connection = 10;
    let courier = Courier::new(config).unwrap();
    let (left, right) = tokio::join!(deliver_with(&courier, batch(60)), deliver_with(&courier, batch(60)));
    assert!(left.values().chain(right.values()).all(is_accepted));
    assert!((12..=16).contains(&relay.connections()), "{}", relay.connections());
    courier.close_idle().await;
}

#[tokio::test]
async fn a_dropped_receiver_stops_the_batch() {
    let relay = Relay::with_fates(&[Fate::Live]).await;
    let courier = Courier::new(config(&relay)).unwrap();
    let mut receiver = courier.deliver(batch(2_000));
    receiver.recv().await.unwrap();
    drop(receiver);
    // The single connection is free again only after the first batch has let go of it.
    assert!(is_accepted(&deliver_with(&courier, vec![envelope(9_999, "a@b.c")]).await[&9_999]));
    assert!(relay.bodies().len() < 1_000, "{}", relay.bodies().len());
}

#[tokio::test]
async fn tls_in_both_forms_with_sign_in() {
    for tls in [TlsMode::StartTls, TlsMode::Implicit] {
        let implicit_tls = tls == TlsMode::Implicit;
        let extensions = vec!["SIZE", "AUTH LOGIN PLAIN"];
        let relay = Relay::start(Manners { tls: Some(acceptor()), implicit_tls, extensions, ..Manners::default() }).await;
        let mut config = secured(&relay, tls);
        config.credentials = Some(Credentials { username: "ann".to_owned(), password: "secret".to_owned() });
        let courier = Courier::new(config).unwrap();
        let probe = courier.probe().await.unwrap();
        assert_eq!((probe.tls.as_deref(), probe.authenticated), (Some("TLSv1_3"), true));
        assert!(deliver_with(&courier, batch(20)).await.values().all(is_accepted));
        assert!(relay.commands().contains(&"AUTH PLAIN AGFubgBzZWNyZXQ=".to_owned()));
    }
}

#[tokio::test]
async fn login_is_used_where_plain_is_missing() {
    let relay = Relay::start(Manners { extensions: vec!["AUTH=LOGIN"], ..Manners::default() }).await;
    let mut config = config(&relay);
    config.credentials = Some(Credentials { username: "ann".to_owned(), password: "secret".to_owned() });
    let probe = Courier::new(config).unwrap().probe().await.unwrap();
    assert!(probe.authenticated && probe.banner == "test relay");
    assert!(relay.commands().contains(&"c2VjcmV0".to_owned()));
}

#[tokio::test]
async fn an_untrusted_or_missing_certificate_stops_everything() {
    let relay = Relay::start(Manners { tls: Some(acceptor()), ..Manners::default() }).await;
    let mut other_name = secured(&relay, TlsMode::StartTls);
    other_name.host = "127.0.0.2".to_owned();
    assert!(matches!(Courier::new(other_name).unwrap().probe().await, Err(SmtpError::Io { .. })));
    let plain = Relay::with_fates(&[Fate::Live]).await;
    let outcomes = deliver(secured(&plain, TlsMode::StartTls), batch(1)).await;
    let Outcome::NotSent { reason } = &outcomes[&1] else { panic!("{outcomes:?}") };
    assert!(reason.contains("STARTTLS"), "{reason}");
}

#[tokio::test]
async fn the_probe_names_the_step_that_failed() {
    let relay = Relay::with_fates(&[Fate::Hush(At::Greeting, 0)]).await;
    let failed = Courier::new(config(&relay)).unwrap().probe().await.unwrap_err();
    assert_eq!(failed.to_string(), "relay stayed silent for 0.4 s while waiting for the greeting");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let credentials = Some(Credentials { username: "a".to_owned(), password: "b".to_owned() });
    let mut open = SmtpConfig::new("relay.example", 25);
    open.credentials = credentials;
    assert!(Courier::new(open.clone()).is_err());
    open.allow_plaintext_auth = true;
    assert!(Courier::new(open.clone()).is_ok());
    assert!(!format!("{open:?}").contains("\"b\""));
    let mut none = SmtpConfig::new("relay.example", 25);
    none.connections = 0;
    assert!(Courier::new(none).is_err());
    assert!(Courier::new(SmtpConfig::new("", 25)).is_err());
}
