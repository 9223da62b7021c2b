//! What tracking, visitors, stitching, consent and replay plug into the house.

use std::sync::Arc;

use attune_house::{ContactTable, Dataset, Facet, FacetKind, OnErase, OnMerge, Room};
use attune_jobs::TimerDef;

use crate::tracking::{self, Collector};
use crate::{
    address, bulk_edit, code, consent, device, dialogue, fact, file, merge, note, place, preference, promise, relationship, replay,
    sharing, subject_access, tag, topic, visitor,
};

/// Tables of these nouns that hold a person.
pub(crate) const CONTACT_TABLES: [ContactTable; 13] = [
    ContactTable { table: "visitors", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "visits", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "identifiers", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "stitches", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "consents", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "preferences", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "merges", column: "survivor_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "merges", column: "loser_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "merge_rows", column: "loser_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "contact_facts", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "question_asks", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "duplicate_pairs", column: "left_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "duplicate_pairs", column: "right_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
];

const FACETS: [Facet; 4] = [
    Facet {
        key: "contact.allows_email",
        label_key: "consent-facet-email",
        kind: FacetKind::Bool,
        sql: "SELECT contact_id, value FROM v_identify_allows_email",
        changed_by: &["consent.given", "consent.requested", "consent.withdrawn"],
    },
    network_facet(
        "contact.visit_organisation",
        "visitor-facet-organisation",
        "SELECT contact_id, organisation AS value FROM v_identify_network",
    ),
    network_facet("contact.visit_country", "visitor-facet-country", "SELECT contact_id, country AS value FROM v_identify_network"),
    network_facet("contact.visit_city", "visitor-facet-city", "SELECT contact_id, city AS value FROM v_identify_network"),
];

/// A fact about the network somebody came from last.
const fn network_facet(key: &'static str, label_key: &'static str, sql: &'static str) -> Facet {
    let changed_by = &["page.viewed", "visitor.identified", "contact.merged", "contact.split"];
    Facet { key, label_key, kind: FacetKind::Text, sql, changed_by }
}

const DATASETS: [Dataset; 2] = [
    Dataset { view: "v_identify_visit", meaning: "A visit: a stretch of activity of one browser with gaps of less than 30 minutes." },
    Dataset { view: "v_identify_network", meaning: "Organisation, country and city of the network a contact came from last." },
];

/// What segments may ask this room.
pub fn facets() -> impl Iterator<Item = Facet> {
    FACETS.into_iter().chain(relationship::FACETS).chain(tag::FACETS).chain(device::FACETS)
}

/// Adds these nouns to the room.
pub(crate) fn plug(room: Room, collector: &Collector) -> Room {
    let nouns = [address::plug, tag::plug, bulk_edit::plug, file::plug, device::plug, sharing::plug, plug_records];
    plug_senses(nouns.into_iter().fold(room, |room, plug| plug(room)), collector)
}

fn plug_senses(room: Room, collector: &Collector) -> Room {
    room.routes(tracking::collect::routes(collector))
        .routes(tracking::api::routes(collector))
        .routes(visitor::pages::routes())
        .routes(consent::pages::routes())
        .routes(topic::pages::routes())
        .routes(replay::pages::routes())
        .routes(code::pages::routes())
        .routes(place::pages::routes())
        .routes(code::public_routes(collector))
        .routes(fact::pages::routes())
        .routes(dialogue::pages::routes().merge(dialogue::panel::routes()).merge(dialogue::public::routes()).merge(dialogue::api_routes()))
        .public_paths(dialogue::public::PUBLIC_PATHS)
        .public_paths(tracking::collect::PUBLIC_PATHS)
        .public_paths(code::PUBLIC_PATHS)
        .nav([visitor::pages::nav(), code::pages::nav(), dialogue::pages::nav(), topic::pages::nav(), place::pages::nav()])
        .permissions(subject_access::pages::permissions())
        .namings(subject_access::NAMINGS)
        .permissions(tracking::api::permissions())
        .permissions(code::pages::permissions())
        .permissions(dialogue::pages::permissions())
        .permissions(place::pages::permissions())
        .permissions(visitor::pages::permissions())
        .permissions(consent::pages::permissions())
        .permissions(topic::pages::permissions())
        .permissions(replay::pages::permissions())
        .events(dialogue::EVENTS)
        .events(tracking::EVENTS.iter().chain(consent::EVENTS).chain(preference::EVENTS).copied())
        .jobs(tracking::jobs())
        .jobs(replay::pages::jobs())
        .crons(tracking::crons())
        .panels([
            dialogue::panel::panel(),
            visitor::pages::panel(),
            consent::pages::panel(),
            merge::pages::panel(),
            promise::pages::panel(),
            relationship::pages::panel(),
        ])
        .timers([TimerDef { kind: promise::DUE, on_due: Arc::new(promise::TellOverdue) }])
        .facets(facets())
        .datasets(DATASETS)
        .contact_tables(CONTACT_TABLES)
        .settings(dialogue::SETTINGS)
        .services([collector.atlas().service()])
        .settings(tracking::SETTINGS.iter().copied())
}

/// What people write beside a record, and with whom it stands.
fn plug_records(room: Room) -> Room {
    room.routes(note::pages::routes())
        .routes(promise::pages::routes().merge(promise::api::routes()))
        .routes(relationship::pages::routes().merge(relationship::api::routes()))
        .events(relationship::EVENTS)
        .events(promise::EVENTS)
        .events(note::EVENTS)
        .contact_tables(relationship::CONTACT_TABLES)
        .contact_tables(promise::CONTACT_TABLES)
}
