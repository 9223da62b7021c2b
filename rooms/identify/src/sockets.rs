//! What tracking, visitors, stitching, consent and replay plug into the house.

use std::sync::Arc;

use attune_house::{ContactTable, Dataset, Facet, FacetKind, OnErase, OnMerge, Room};
use attune_jobs::TimerDef;

use crate::tracking::{self, Collector};
use crate::{code, consent, merge, note, promise, relationship, replay, visitor};

/// Tables of these nouns that hold a person.
pub(crate) const CONTACT_TABLES: [ContactTable; 10] = [
    ContactTable { table: "visitors", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "visits", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "identifiers", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "stitches", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "consents", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "merges", column: "survivor_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "merges", column: "loser_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "merge_rows", column: "loser_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "duplicate_pairs", column: "left_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "duplicate_pairs", column: "right_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
];

const FACETS: [Facet; 1] = [Facet {
    key: "contact.allows_email",
    label_key: "consent-facet-email",
    kind: FacetKind::Bool,
    sql: "SELECT contact_id, value FROM v_identify_allows_email",
    changed_by: &["consent.given", "consent.withdrawn"],
}];

const DATASETS: [Dataset; 1] =
    [Dataset { view: "v_identify_visit", meaning: "A visit: a stretch of activity of one browser with gaps of less than 30 minutes." }];

/// Adds these nouns to the room.
pub(crate) fn plug(room: Room, collector: &Collector) -> Room {
    room.routes(tracking::collect::routes(collector))
        .routes(tracking::api::routes(collector))
        .routes(visitor::pages::routes())
        .routes(consent::pages::routes())
        .routes(replay::pages::routes())
        .routes(note::pages::routes())
        .routes(promise::pages::routes().merge(promise::api::routes()))
        .routes(relationship::pages::routes().merge(relationship::api::routes()))
        .routes(code::pages::routes())
        .routes(code::public_routes(collector))
        .public_paths(tracking::collect::PUBLIC_PATHS)
        .public_paths(code::PUBLIC_PATHS)
        .nav([visitor::pages::nav(), code::pages::nav()])
        .permissions(tracking::api::permissions())
        .permissions(code::pages::permissions())
        .permissions(visitor::pages::permissions())
        .permissions(consent::pages::permissions())
        .permissions(replay::pages::permissions())
        .events(tracking::EVENTS.iter().chain(consent::EVENTS).copied())
        .jobs(tracking::jobs())
        .jobs(replay::pages::jobs())
        .crons(tracking::crons())
        .panels([
            visitor::pages::panel(),
            consent::pages::panel(),
            promise::pages::panel(),
            relationship::pages::panel(),
            merge::pages::panel(),
        ])
        .events(relationship::EVENTS)
        .events(promise::EVENTS)
        .events(note::EVENTS)
        .timers([TimerDef { kind: promise::DUE, on_due: Arc::new(promise::TellOverdue) }])
        .facets(FACETS)
        .facets(relationship::FACETS)
        .datasets(DATASETS)
        .contact_tables(CONTACT_TABLES)
        .contact_tables(relationship::CONTACT_TABLES)
        .contact_tables(promise::CONTACT_TABLES)
        .settings(tracking::SETTINGS.iter().copied())
}
