//! Delivery against relays that refuse, fall silent or die at every step.

mod death;
mod ordinary;
mod relay;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use relay::Relay;

/// Settings for a test relay: few connections, short waits.
fn config(relay: &Relay) -> SmtpConfig {
    let mut config = SmtpConfig::new("127.0.0.1", relay.port());
    config.connections = 1;
    let brief = Duration::from_millis(400);
    config.timeouts = Timeouts { connect: brief, greeting: brief, command: brief, body: brief, reply: brief };
    config
}

fn envelope(id: i64, recipient: &str) -> Envelope {
    let message = format!("From: a@b.c\r\nSubject: mail-{id}\r\n\r\nHello\r\n.dot\r\n");
    Envelope::new(id, "bounce@shop.example", recipient, message.into_bytes()).unwrap()
}

fn batch(count: i64) -> Vec<Envelope> {
    (1..=count).map(|id| envelope(id, &format!("r{id}@example.org"))).collect()
}

/// Delivers and checks that every envelope is reported exactly once.
async fn deliver(config: SmtpConfig, batch: Vec<Envelope>) -> BTreeMap<i64, Outcome> {
    let courier = Courier::new(config).unwrap();
    deliver_with(&courier, batch).await
}

async fn deliver_with(courier: &Courier, batch: Vec<Envelope>) -> BTreeMap<i64, Outcome> {
    let expected: Vec<i64> = batch.iter().map(Envelope::id).collect();
    let mut receiver = courier.deliver(batch);
    let mut outcomes = BTreeMap::new();
    while let Some((id, outcome)) = receiver.recv().await {
        assert!(outcomes.insert(id, outcome).is_none(), "envelope {id} reported twice");
    }
    assert_eq!(outcomes.keys().copied().collect::<Vec<_>>(), expected, "every envelope is reported");
    outcomes
}

fn is_accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accepted { .. })
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unknown { .. })
}

fn is_not_sent(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::NotSent { .. })
}
