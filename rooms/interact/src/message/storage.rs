//! How long it is known who got which mail: past the limit the send stays and counts, and whose it was is forgotten.
//!
//! Guards that a mailing's figures never change, that nothing goes of a mailing or a push funnel that is not over, and that the limit cannot be shorter
//! than what a cap, a frequency or a link in a mail looks back (ADR 0034).

use attune_house::{PastAct, StorageClass, StoragePart};

/// Days a link in a mail still says who follows it, which is twice the longest period of a cap.
pub(crate) const LEAST_DAYS: i64 = 180;

/// SQL of sends, called as given, that have ended, of mailings and push funnels that are over.
macro_rules! ended {
    ($send:literal) => {
        concat!(
            $send,
            ".state IN ('accepted', 'failed', 'unknown', 'skipped') AND ",
            $send,
            ".mailing_id IN (SELECT m.id FROM mailings m WHERE m.state IN ('finished', 'cancelled')) AND ",
            $send,
            ".mailing_id NOT IN (SELECT p.mailing_id FROM push_rounds p JOIN push_funnels f ON f.id = p.funnel_id
               WHERE p.mailing_id IS NOT NULL AND f.state IN ('running', 'paused'))"
        )
    };
}

/// Sends that have ended and say whose they were.
const ENDED: &str = concat!("t.contact_id IS NOT NULL AND ", ended!("t"));
/// Suppressed addresses that name such a send: the address would lead back to whose it was.
const LED: &str = concat!("t.send_id IN (SELECT s.id FROM sends s WHERE ", ended!("s"), ")");
const LED_AT: &str = "(SELECT s.ended_at FROM sends s WHERE s.id = t.send_id)";
const LED_OF: &str = "COALESCE((SELECT s.contact_id FROM sends s WHERE s.id = t.send_id), t.contact_id)";
/// What the relay answered names the address; why a mail was held back is a figure.
const FORGET: PastAct = PastAct::Set("contact_id = NULL, reason = CASE WHEN state = 'skipped' THEN reason END");
/// The same on timelines. A no stands in the ledger and on the suppression list, a push funnel's answers stand in its sends.
const TOLD: &str = "t.name IN ('mail.accepted', 'mail.failed', 'mail.opened', 'mail.clicked', 'mail.click_rejudged', 'mail.unsubscribed')
    AND COALESCE(t.origin_id, 0) NOT IN (SELECT m.series_id FROM mailings m WHERE m.state NOT IN ('finished', 'cancelled'))
    AND COALESCE(t.origin_id, 0) NOT IN (
      SELECT m.series_id FROM push_rounds p JOIN push_funnels f ON f.id = p.funnel_id JOIN mailings m ON m.id = p.mailing_id
      WHERE f.state IN ('running', 'paused'))";

/// The class of this noun.
pub(crate) const STORAGE: [StorageClass; 1] = [StorageClass {
    key: "sends",
    label_key: "interact-storage-sends",
    hint_key: "interact-storage-sends-hint",
    least: LEAST_DAYS,
    parts: &[
        StoragePart { table: "suppressions", key: "id", at: LED_AT, only: LED, person: LED_OF, act: PastAct::Set("send_id = NULL") },
        StoragePart { table: "sends", key: "id", at: "t.ended_at", only: ENDED, person: "t.contact_id", act: FORGET },
        StoragePart { table: "events", key: "seq", at: "t.at", only: TOLD, person: "t.contact_id", act: PastAct::Delete },
    ],
}];
