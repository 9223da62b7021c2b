//! What became of mails that were handed over: rows turned, events appended, dead addresses suppressed, in one transaction.

use attune_courier::smtp::Outcome;
use attune_db::{Relation, Tx, params, sql};
use attune_events::{Event, append};
use attune_kernel::{Fault, Ids, MINUTE_US, SECOND_US};

use super::store::{self, Mailing, Turn};
use crate::suppression::{self, Cause};

/// A temporary refusal is tried again this often.
const MAX_ATTEMPTS: i64 = 6;
/// The first wait after a temporary refusal; it doubles.
const FIRST_WAIT_US: i64 = 5 * MINUTE_US;
/// Reasons are cut to this many characters.
const REASON_CHARS: usize = 120;

/// What a batch of outcomes says about the relay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Mails the relay took responsibility for.
    pub(super) accepted: u64,
    /// Why the relay took nothing, when a mail came back untouched.
    pub(super) relay_error: Option<String>,
}

/// Writes outcomes. A mail that came back untouched is planned again after a short wait, and the relay is remembered as down.
pub(super) async fn write(tx: &mut Tx, ids: &Ids, mailing: &Mailing, outcomes: &[(i64, Outcome)], now: i64) -> Result<Tally, Fault> {
    let mut tally = Tally::default();
    if outcomes.is_empty() {
        return Ok(tally);
    }
    let attempts = read_attempts(tx, outcomes).await?;
    let mut turns = Vec::with_capacity(outcomes.len());
    let (mut accepted, mut failed, mut dead) = (Vec::new(), Vec::new(), Vec::new());
    for (id, outcome) in outcomes {
        let (contact_id, attempt) = attempts.get(id).copied().unwrap_or((None, 0));
        let turn = turn_of(*id, outcome, attempt, now);
        match (turn.state, outcome) {
            ("accepted", _) => accepted.push(contact_id),
            ("failed", Outcome::Rejected { enhanced, .. }) => {
                failed.push((contact_id, turn.reason.clone().unwrap_or_default()));
                if enhanced.as_deref().is_some_and(is_dead_address) {
                    dead.push(*id);
                }
            }
            (_, Outcome::NotSent { reason }) => tally.relay_error = Some(cut(reason)),
            _ => {}
        }
        turns.push(turn);
    }
    tally.accepted = u64::try_from(accepted.len()).unwrap_or(0);
    store::turn(tx, true, &turns).await?;
    suppression::add_of_sends(tx, ids, &dead, Cause::Bounced, now).await?;
    if tally.relay_error.is_some() || tally.accepted > 0 {
        store::note_relay(tx, mailing.id, tally.relay_error.as_deref(), now).await?;
    }
    append(tx, &mut events(mailing, &accepted, &failed, now)).await?;
    tx.wake(super::SIGNAL);
    Ok(tally)
}

fn events(mailing: &Mailing, accepted: &[Option<i64>], failed: &[(Option<i64>, String)], now: i64) -> Vec<Event> {
    let event = |name: &'static str, contact_id: Option<i64>| {
        Event::new(name, now).contact(contact_id).subject(mailing.title.clone()).origin(mailing.series_id)
    };
    let taken = accepted.iter().map(|contact_id| event("mail.accepted", *contact_id));
    let refused =
        failed.iter().map(|(contact_id, reason)| event("mail.failed", *contact_id).props(&serde_json::json!({ "reason": reason })));
    taken.chain(refused).collect()
}

async fn read_attempts(tx: &mut Tx, outcomes: &[(i64, Outcome)]) -> Result<std::collections::HashMap<i64, (Option<i64>, i64)>, Fault> {
    let rows = Relation::of_ids("id", outcomes.iter().map(|(id, _)| *id));
    let text = sql!("SELECT s.id, s.contact_id, s.attempts FROM {rows} AS r JOIN sends s ON s.id = r.id");
    let found = tx.rows_from(text, &rows, params![]).await?;
    let read = |row: &attune_db::Row| Ok((row.get("id")?, (row.get("contact_id")?, row.get("attempts")?)));
    found.iter().map(read).collect::<Result<_, attune_db::DbError>>().map_err(Fault::from)
}

/// The row's turn after an outcome.
pub(super) fn turn_of(id: i64, outcome: &Outcome, attempts: i64, now: i64) -> Turn {
    let ended = |state: &'static str, reason: Option<String>| Turn { id, state, reason, due_at: None, ended_at: Some(now), attempt: true };
    match outcome {
        Outcome::Accepted { .. } => ended("accepted", None),
        Outcome::Unknown { reason } => ended("unknown", Some(cut(reason))),
        Outcome::Rejected { permanent: false, code, text, .. } if attempts + 1 < MAX_ATTEMPTS => {
            let wait = FIRST_WAIT_US << attempts.clamp(0, 8);
            Turn {
                id,
                state: "planned",
                reason: Some(cut(&format!("{code} {text}"))),
                due_at: Some(now + wait),
                ended_at: None,
                attempt: true,
            }
        }
        Outcome::Rejected { code, text, .. } => ended("failed", Some(cut(&format!("{code} {text}")))),
        Outcome::NotSent { reason } => {
            Turn { id, state: "planned", reason: Some(cut(reason)), due_at: Some(now + 2 * SECOND_US), ended_at: None, attempt: false }
        }
    }
}

/// RFC 3463: 5.1.x says that the address does not exist or cannot receive.
fn is_dead_address(enhanced: &str) -> bool {
    matches!(enhanced, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10")
}

fn cut(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REASON_CHARS).collect()
}
