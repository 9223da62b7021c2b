//! The classes of this room's data that can have a limit, and which rows each of them is. Other rooms list their own at the same socket.

use attune_house::{PastAct, StorageClass, StoragePart};

/// The longest limit, days.
pub(super) const MOST_DAYS: i64 = 36_500;

const fn gone(table: &'static str, key: &'static str, at: &'static str, only: &'static str, person: &'static str) -> StoragePart {
    StoragePart { table, key, at, only, person, act: PastAct::Delete }
}

/// Rows that are about nobody.
const NOBODY: &str = "";
/// Rows of the contact they name.
const CONTACT: &str = "t.contact_id";

/// What browsers and apps told; purchases are business records whoever told them.
const UNKNOWN_EVENT: &str = "t.contact_id IS NULL AND t.visitor_id IS NOT NULL AND t.name NOT IN ('purchase.made', 'purchase.returned')";
const KNOWN_EVENT: &str = "t.contact_id IS NOT NULL AND t.visitor_id IS NOT NULL AND t.name NOT IN ('purchase.made', 'purchase.returned')";
const DEVICE_EVENT: &str = "t.name IN ('device.reading', 'device.fault', 'device.recovered')";
/// Mails to nobody who is held; whose a mail is, erasing sees the same way.
const MAIL: &str = "NOT EXISTS (SELECT 1 FROM holds h JOIN contacts c ON c.id = h.contact_id OR c.merged_into = h.contact_id
    WHERE c.email_key IS NOT NULL
      AND replace(', ' || lower(t.rcpt_to) || ',', ', ' || c.email_key || ',', '') <> ', ' || lower(t.rcpt_to) || ',')";
const OVER: &str = "t.undo_gone_at IS NULL AND t.state IN ('done', 'failed', 'cancelled')";
const ENDED: &str =
    "(SELECT i.finished_at FROM imports i WHERE i.id = t.import_id AND i.state IN ('done', 'failed', 'cancelled', 'undone'))";

/// The class of people; a run erases them, it does not delete rows.
pub(super) const CONTACTS: &str = "contacts";
/// The class after which collectors must forget which browser was which.
pub(super) const UNKNOWN: &str = "unknown";

/// Every class of this room, in the order of the page and of a run.
pub(super) const CLASSES: [StorageClass; 8] = [
    StorageClass {
        key: UNKNOWN,
        label_key: "retention-class-unknown",
        hint_key: "retention-class-unknown-hint",
        least: 1,
        parts: &[
            gone("events", "seq", "t.at", UNKNOWN_EVENT, NOBODY),
            gone("visits", "id", "t.last_at", "t.contact_id IS NULL", NOBODY),
            gone("identifiers", "id", "t.last_at", "t.contact_id IS NULL", NOBODY),
            gone("stitches", "id", "t.at", "t.contact_id IS NULL", NOBODY),
            gone("visitors", "id", "t.last_seen_at", "t.contact_id IS NULL", NOBODY),
        ],
    },
    StorageClass {
        key: "tracked",
        label_key: "retention-class-tracked",
        hint_key: "retention-class-tracked-hint",
        least: 30,
        parts: &[
            gone("events", "seq", "t.at", KNOWN_EVENT, CONTACT),
            gone("visits", "id", "t.last_at", "t.contact_id IS NOT NULL", CONTACT),
        ],
    },
    StorageClass {
        key: "networks",
        label_key: "retention-class-networks",
        hint_key: "retention-class-networks-hint",
        least: 1,
        parts: &[StoragePart {
            table: "visits",
            key: "id",
            at: "t.last_at",
            only: "t.network_id IS NOT NULL",
            person: CONTACT,
            act: PastAct::Set("network_id = NULL"),
        }],
    },
    StorageClass {
        key: "devices",
        label_key: "retention-class-devices",
        hint_key: "retention-class-devices-hint",
        least: 1,
        parts: &[gone("events", "seq", "t.at", DEVICE_EVENT, CONTACT), gone("device_readings", "id", "t.at", "t.id IS NOT NULL", CONTACT)],
    },
    StorageClass {
        key: "mailbox",
        label_key: "retention-class-mailbox",
        hint_key: "retention-class-mailbox-hint",
        least: 1,
        parts: &[gone("mailbox_mails", "id", "t.received_at", MAIL, NOBODY)],
    },
    StorageClass {
        key: "imports",
        label_key: "retention-class-imports",
        hint_key: "retention-class-imports-hint",
        least: 1,
        parts: &[
            StoragePart {
                table: "imports",
                key: "id",
                at: "t.finished_at",
                only: OVER,
                person: NOBODY,
                act: PastAct::Set("undo_gone_at = $1"),
            },
            gone("import_changes", "record_id", ENDED, "t.import_id > 0", "t.record_id"),
            gone("import_errors", "line", ENDED, "t.import_id > 0", NOBODY),
            gone(
                "import_chunks",
                "number",
                "(SELECT i.created_at FROM imports i WHERE i.id = t.import_id AND i.state = 'draft')",
                "t.import_id > 0",
                NOBODY,
            ),
            gone("imports", "id", "t.created_at", "t.state = 'draft'", NOBODY),
        ],
    },
    StorageClass {
        key: CONTACTS,
        label_key: "retention-class-contacts",
        hint_key: "retention-class-contacts-hint",
        least: 180,
        parts: &[],
    },
    StorageClass {
        key: "audit",
        label_key: "retention-class-audit",
        hint_key: "retention-class-audit-hint",
        least: 365,
        parts: &[gone("audit_log", "id", "t.at", "t.at IS NOT NULL", "CASE WHEN t.kind = 'contact' THEN t.record_id END")],
    },
];
