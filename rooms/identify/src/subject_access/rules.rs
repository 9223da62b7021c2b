//! What leaves with a person, and what each column becomes.

use attune_house::{ContactTable, Naming, OnMerge};
use serde_json::Value as Json;

/// Tables that erasing knows and that do not leave, each with its reason.
pub const LEFT_OUT: [(&str, &str); 14] = [
    ("contact_search", "the words of the record once more, for searching"),
    ("field_texts", "own fields once more, for filters; they leave with the record"),
    ("field_numbers", "own fields once more, for filters; they leave with the record"),
    ("field_choices", "own fields once more, for filters; they leave with the record"),
    ("field_references", "own fields once more, and what others' fields say of others"),
    ("merge_rows", "which row a merge moved: numbers of rows, nothing of the person"),
    ("duplicate_pairs", "a guess about two records; the other may be somebody else"),
    ("book_rows", "which colleague handed a record to which: nothing of the person"),
    ("contact_changes", "the timeline once more, for a page of the staff"),
    ("import_errors", "lines that were refused; they name no person and belong to a file"),
    ("mailbox_mails", "copies of mails that went out, with links that act for the person who has them"),
    ("device_states", "the newest of what devices told once more"),
    ("file_chunks", "what is in the files: it is handed over beside the copy, as the files it came as"),
    ("timers", "when this program looks at a record next"),
];

/// Ids of members of staff: they leave as names.
const STAFF: [&str; 8] = ["staff_id", "shared_by", "owner_id", "rep_id", "created_by", "decided_by", "done_by", "closed_by"];
/// Numbers that mean something inside the program only.
const INNER: [&str; 21] = [
    "id",
    "seq",
    "before_seq",
    "took_us",
    "kept_at",
    "shown",
    "cause",
    "depth",
    "k",
    "merged_into",
    "rank_at",
    "args",
    "place",
    "attempts",
    "day",
    "remind_at",
    "updated_before_at",
    "updated_after_at",
    "before_at",
    "after_at",
    "fact",
];
/// Columns of JSON.
const JSON: [&str; 5] = ["props", "taken", "changes", "before_json", "after_json"];
/// Parts of names of what nobody outside may hold.
const SECRET: [&str; 5] = ["token", "secret", "password", "hash", "fingerprint"];
/// Marks of a browser or phone that let whoever has them speak for it.
pub(super) const SECRET_MARKS: [&str; 2] = ["contact_token", "push_token"];

/// A table that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) table: &'static str,
    /// The columns that hold the person.
    pub(super) columns: Vec<&'static str>,
    /// A number that tells the rows apart, where they may be many; the others are as few as there are rules, segments, stages or imports.
    pub(super) key: Option<&'static str>,
    /// A further condition over the row as `t`.
    pub(super) only: &'static str,
    /// Another way in which the row `t` is about the people `p`; empty: none.
    pub(super) or: &'static str,
}

/// The tables that leave, the record first and what happened last.
pub(super) fn parts(tables: &[ContactTable]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for entry in tables.iter().filter(|entry| !LEFT_OUT.iter().any(|(table, _)| *table == entry.table)) {
        if let Some(part) = parts.iter_mut().find(|part| part.table == entry.table) {
            part.columns.push(entry.column);
            continue;
        }
        let key = match entry.on_merge {
            OnMerge::Follow { key, .. } => Some(key),
            OnMerge::Stay => None,
        };
        parts.push(Part { table: entry.table, columns: vec![entry.column], key, only: "", or: "" });
    }
    // Everybody who became part of the person is among the people already.
    if let Some(record) = parts.iter_mut().find(|part| part.table == "contacts") {
        (record.columns, record.key) = (vec!["id"], None);
    }
    parts.push(Part { table: "audit_log", columns: vec!["record_id"], key: Some("id"), only: "t.kind = 'contact'", or: "" });
    // An address that was typed by hand leads to nobody's record, and is theirs all the same.
    if let Some(suppressed) = parts.iter_mut().find(|part| part.table == "suppressions") {
        suppressed.or =
            "t.email_key IN (SELECT c.email_key FROM contacts c WHERE c.id IN (SELECT p.id FROM p) AND c.email_key IS NOT NULL)";
    }
    parts.sort_by_key(|part| match part.table {
        "contacts" => 0,
        "events" => 2,
        "audit_log" => 3,
        _ => 1,
    });
    parts
}

/// What a column becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treat {
    Drop,
    Plain,
    Moment,
    YesNo,
    /// A span of µs, told in seconds.
    Seconds,
    Staff,
    /// The name of what the id stands for, by the place of the naming.
    Named(usize),
    Json,
    /// Own fields of the record.
    Fields,
    /// Points as they are worth today.
    Points,
    /// Degrees times 10^7.
    Degrees,
}

/// What `column` of `table` becomes. An id leaves as the name of what it stands for, or not at all.
pub(super) fn treat(table: &str, column: &str, naming: &[Naming]) -> Treat {
    match (table, column) {
        ("contacts", "fields") => return Treat::Fields,
        ("contacts", "engagement_k") => return Treat::Points,
        ("postal_addresses", "lat_e7" | "lon_e7") => return Treat::Degrees,
        ("postal_addresses", "subject" | "map_x" | "map_y" | "lot") => return Treat::Drop,
        // The address that gets no mail, and the attribute of which a source is told.
        ("suppressions", "email_key") | ("contact_facts", "key") | (_, "external_id") => return Treat::Plain,
        ("audit_log" | "notes", "kind") | ("visitors", "key") => return Treat::Drop,
        _ => {}
    }
    let at = naming.iter().position(|naming| naming.column == column);
    match column {
        _ if INNER.contains(&column) || SECRET.iter().any(|part| column.contains(part)) => Treat::Drop,
        _ if STAFF.contains(&column) => Treat::Staff,
        _ if at.is_some() => at.map_or(Treat::Drop, Treat::Named),
        _ if JSON.contains(&column) => Treat::Json,
        "at" | "paused_until" => Treat::Moment,
        "machine" => Treat::YesNo,
        "dwell_us" => Treat::Seconds,
        _ if column.ends_with("_at") => Treat::Moment,
        _ if column.ends_with("_id") || column.ends_with("_key") => Treat::Drop,
        _ => Treat::Plain,
    }
}

/// What a column is called in the file; nothing when it does not leave.
pub(super) fn name(column: &str, how: Treat) -> Option<&str> {
    match how {
        Treat::Drop => None,
        Treat::Staff | Treat::Named(_) => Some(column.strip_suffix("_id").unwrap_or(column)),
        Treat::Points => Some("engagement"),
        Treat::Seconds => Some("dwell_seconds"),
        Treat::Degrees => Some(if column == "lat_e7" { "latitude" } else { "longitude" }),
        _ => Some(column),
    }
}

/// The locale key of a column's name; nothing when the column does not leave.
pub fn column_key(table: &str, column: &str, naming: &[Naming]) -> Option<String> {
    name(column, treat(table, column, naming)).map(label_key)
}

pub(super) fn label_key(name: &str) -> String {
    format!("subject-access-col-{}", name.replace('_', "-"))
}

/// JSON without secrets and without ids as numbers; ids in text are those the program shows anyway.
pub(super) fn cleaned(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            let leaves = |(key, value): (String, Json)| {
                let folded = key.to_lowercase();
                let secret = SECRET.iter().any(|part| folded.contains(part)) || folded == "key" || folded.ends_with("_key");
                let id = (folded == "id" || folded.ends_with("_id") || STAFF.contains(&folded.as_str())) && !value.is_string();
                (!secret && !id).then(|| (key, cleaned(value)))
            };
            Json::Object(map.into_iter().filter_map(leaves).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(cleaned).collect()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAMING: [Naming; 1] = [Naming { column: "segment_id", sql: "" }];

    #[test]
    fn an_id_leaves_as_a_name_or_not_at_all() {
        for (table, column, how) in [
            ("segment_members", "segment_id", Treat::Named(0)),
            ("visits", "visitor_id", Treat::Drop),
            ("contacts", "external_id", Treat::Plain),
            ("contacts", "external_key", Treat::Drop),
            ("tasks", "created_by", Treat::Staff),
            ("notes", "created_at", Treat::Moment),
            ("any", "reset_token", Treat::Drop),
            ("suppressions", "email_key", Treat::Plain),
        ] {
            assert_eq!(treat(table, column, &NAMING), how, "{table}.{column}");
        }
        assert_eq!(column_key("segment_members", "segment_id", &NAMING).as_deref(), Some("subject-access-col-segment"));
        assert_eq!(column_key("visits", "visitor_id", &NAMING), None);
    }

    #[test]
    fn nothing_secret_is_left_however_deep() {
        let dirty = json!({ "a": [{ "Push_Token": "x", "owner_id": 7, "company_id": null, "external_id": "E-1", "name": "Ada" }], "client_key": "y" });
        assert_eq!(cleaned(dirty), json!({ "a": [{ "external_id": "E-1", "name": "Ada" }] }));
    }

    #[test]
    fn a_table_listed_twice_is_read_once() {
        let end = |column| ContactTable { table: "pairs", column, on_erase: attune_house::OnErase::Delete, on_merge: OnMerge::BY_ID };
        let found = parts(&[end("left_id"), end("right_id"), ContactTable::EVENTS]);
        let tables: Vec<_> = found.iter().map(|part| (part.table, part.columns.len())).collect();
        assert_eq!(tables, [("pairs", 2), ("events", 1), ("audit_log", 1)]);
    }
}
