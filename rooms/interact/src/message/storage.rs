//! How long it is known who got which mail: past the limit the send stays and counts, and whose it was is forgotten.
//!
//! Guards that a mailing's figures never change, that nothing goes of a mailing or a push funnel that is not over, and that the limit cannot be shorter
//! than what a cap, a frequency or a link in a mail looks back (ADR 0034).

use attune_house::{PastAct, StorageClass, StoragePart};

/// Days a link in a mail still says who follows it, which is twice the longest period of a cap.
pub(crate) const LEAST_DAYS: i64 = 180;

/// Sends that have ended, of mailings and push funnels that are over.
const ENDED: &str = "t.contact_id IS NOT NULL AND t.state IN ('accepted', 'failed', 'unknown', 'skipped')
    AND t.mailing_id IN (SELECT m.id FROM mailings m WHERE m.state IN ('finished', 'cancelled'))
    AND t.mailing_id NOT IN (
      SELECT p.mailing_id FROM push_rounds p JOIN push_funnels f ON f.id = p.funnel_id
      WHERE p.mailing_id IS NOT NULL AND f.state IN ('running', 'paused'))";
/// What the relay answered names the address; why a mail was held back is a figure.
const FORGET: PastAct = PastAct::Set("contact_id = NULL, reason = CASE WHEN state = 'skipped' THEN reason END");
/// The same on timelines. A no stands in the ledger and on the suppression list, a push funnel's answers stand in its sends.
const TOLD: &str = "t.name IN ('mail.accepted', 'mail.failed', 'mail.opened', 'mail.clicked', 'mail.click_rejudged', 'mail.unsubscribed')";

/// The class of this noun.
pub(crate) const STORAGE: [StorageClass; 1] = [StorageClass {
    key: "sends",
    label_key: "interact-storage-sends",
    hint_key: "interact-storage-sends-hint",
    least: LEAST_DAYS,
    parts: &[
        StoragePart { table: "sends", key: "id", at: "t.ended_at", only: ENDED, person: "t.contact_id", act: FORGET },
        StoragePart { table: "events", key: "seq", at: "t.at", only: TOLD, person: "t.contact_id", act: PastAct::Delete },
    ],
}];
