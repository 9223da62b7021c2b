//! The classes of data that can have a limit, and which rows each of them is. A class is listed only if a run really removes it.

/// What happens to a row past its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It goes.
    Delete,
    /// It stays without this: SQL behind SET.
    Set(&'static str),
}

/// The rows of one table, as `t`, that belong to a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) table: &'static str,
    /// A BIGINT column by which the rows are walked; it need not be unique.
    pub(super) key: &'static str,
    /// Their moment, µs.
    pub(super) at: &'static str,
    /// Which rows; may use `$1`, the moment before which they go.
    pub(super) only: &'static str,
    pub(super) act: Act,
}

/// A class of data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    /// Its word; `retention-class-<key>` names it.
    pub(super) key: &'static str,
    /// The shortest limit, days.
    pub(super) least: i64,
    /// Its rows; people are another matter and have none here.
    pub(super) parts: &'static [Part],
}

/// The longest limit, days.
pub(super) const MOST_DAYS: i64 = 36_500;

const fn gone(table: &'static str, key: &'static str, at: &'static str, only: &'static str) -> Part {
    Part { table, key, at, only, act: Act::Delete }
}

/// What browsers and apps told; purchases are business records whoever told them.
const UNKNOWN_EVENT: &str = "t.contact_id IS NULL AND t.visitor_id IS NOT NULL AND t.name NOT IN ('purchase.made', 'purchase.returned')";
const KNOWN_EVENT: &str = "t.contact_id IS NOT NULL AND t.visitor_id IS NOT NULL AND t.name NOT IN ('purchase.made', 'purchase.returned')
    AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = t.contact_id)";
const KNOWN_VISIT: &str = "t.contact_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = t.contact_id)";
const DEVICE_EVENT: &str = "t.name IN ('device.reading', 'device.fault', 'device.recovered')
    AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = t.contact_id)";
const DEVICE_READING: &str = "NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = t.contact_id)";
/// Lines about a record somebody is held by: rows of who became part of another stay under the old id.
const CHANGED: &str =
    "NOT EXISTS (SELECT 1 FROM contacts c JOIN holds h ON h.contact_id = COALESCE(c.merged_into, c.id) WHERE c.id = t.record_id)";
const LOGGED: &str = "NOT EXISTS (SELECT 1 FROM contacts c JOIN holds h ON h.contact_id = COALESCE(c.merged_into, c.id)
    WHERE t.kind = 'contact' AND c.id = t.record_id)";
/// Mails to nobody who is held; whose a mail is, erasing sees the same way.
const MAIL: &str = "NOT EXISTS (SELECT 1 FROM holds h JOIN contacts c ON c.id = h.contact_id OR c.merged_into = h.contact_id
    WHERE c.email_key IS NOT NULL
      AND replace(', ' || lower(t.rcpt_to) || ',', ', ' || c.email_key || ',', '') <> ', ' || lower(t.rcpt_to) || ',')";
const NETWORK: &str = "t.network_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.contact_id = t.contact_id)";
const OVER: &str = "t.undo_gone_at IS NULL AND t.state IN ('done', 'failed', 'cancelled')";
const ENDED: &str =
    "(SELECT i.finished_at FROM imports i WHERE i.id = t.import_id AND i.state IN ('done', 'failed', 'cancelled', 'undone'))";

/// The class of people; a run erases them, it does not delete rows.
pub(super) const CONTACTS: &str = "contacts";
/// The class after which collectors must forget which browser was which.
pub(super) const UNKNOWN: &str = "unknown";

/// Every class, in the order of the page and of a run.
pub(super) const CLASSES: [Class; 8] = [
    Class {
        key: UNKNOWN,
        least: 1,
        parts: &[
            gone("events", "seq", "t.at", UNKNOWN_EVENT),
            gone("visits", "id", "t.last_at", "t.contact_id IS NULL"),
            gone("identifiers", "id", "t.last_at", "t.contact_id IS NULL"),
            gone("stitches", "id", "t.at", "t.contact_id IS NULL"),
            gone("visitors", "id", "t.last_seen_at", "t.contact_id IS NULL"),
        ],
    },
    Class {
        key: "tracked",
        least: 30,
        parts: &[gone("events", "seq", "t.at", KNOWN_EVENT), gone("visits", "id", "t.last_at", KNOWN_VISIT)],
    },
    Class {
        key: "networks",
        least: 1,
        parts: &[Part { table: "visits", key: "id", at: "t.last_at", only: NETWORK, act: Act::Set("network_id = NULL") }],
    },
    Class {
        key: "devices",
        least: 1,
        parts: &[gone("events", "seq", "t.at", DEVICE_EVENT), gone("device_readings", "id", "t.at", DEVICE_READING)],
    },
    Class { key: "mailbox", least: 1, parts: &[gone("mailbox_mails", "id", "t.received_at", MAIL)] },
    Class {
        key: "imports",
        least: 1,
        parts: &[
            Part { table: "imports", key: "id", at: "t.finished_at", only: OVER, act: Act::Set("undo_gone_at = $1") },
            gone("import_changes", "record_id", ENDED, CHANGED),
            gone("import_errors", "line", ENDED, "t.import_id > 0"),
            gone(
                "import_chunks",
                "number",
                "(SELECT i.created_at FROM imports i WHERE i.id = t.import_id AND i.state = 'draft')",
                "t.import_id > 0",
            ),
            gone("imports", "id", "t.created_at", "t.state = 'draft'"),
        ],
    },
    Class { key: CONTACTS, least: 180, parts: &[] },
    Class { key: "audit", least: 365, parts: &[gone("audit_log", "id", "t.at", LOGGED)] },
];
