//! Identify: who the people behind visits, mails and purchases are.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod address;
mod bulk_edit;
mod code;
pub mod company;
pub mod consent;
pub mod contact;
pub mod device;
pub mod dialogue;
mod duplicate;
pub mod erasure;
pub mod export;
pub(crate) mod fact;
pub mod field;
pub mod file;
#[cfg(test)]
mod http_tests;
pub mod import;
pub mod merge;
pub mod note;
mod place;
pub mod preference;
pub mod promise;
pub mod relationship;
pub mod replay;
mod retention;
pub mod sharing;
mod sockets;
pub mod staff;
pub mod stitching;
pub mod subject_access;
pub mod tag;
pub mod topic;
pub mod tracking;
pub mod visitor;
mod word;

pub use sockets::facets;

use attune_db::{Migration, migration, migration_pair};
use attune_events::EventDef;
use attune_house::{ContactTable, Dataset, OnErase, OnMerge, Parts, Room};
use attune_web::{Finder, Grant, LocaleFiles, NavItem, PermissionDef, permission};

permission!(
    ViewContacts, "identify.contact.view";
    CreateContacts, "identify.contact.create";
    EditContacts, "identify.contact.edit";
    DeleteContacts, "identify.contact.delete";
    ExportContacts, "identify.contact.export";
    ImportContacts, "identify.contact.import"
);

/// Every table of contacts, companies, fields and imports that holds a person. The people themselves come first: they are erased last.
pub const CONTACT_TABLES: [ContactTable; 11] = [
    ContactTable { table: "contacts", column: "id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "contacts", column: "merged_into", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "contact_search", column: "rowid", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "field_texts", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "field_numbers", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "field_choices", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "field_references", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    // Whom a merge made of somebody named is asked when it is read.
    ContactTable { table: "field_references", column: "target_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "import_changes", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::Stay },
    ContactTable { table: "note_versions", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
    ContactTable { table: "notes", column: "record_id", on_erase: OnErase::Delete, on_merge: OnMerge::BY_ID },
];

/// The events of contacts and companies.
const EVENTS: [EventDef; 17] = [
    event("contact.created", "Somebody became known.", "", ""),
    event("contact.updated", "An attribute of a contact changed.", "the attribute; empty when an import changed several", ""),
    event(
        "contact.deleted",
        "A contact was hidden and can come back for 30 days, or became part of another.",
        "merged, if it became part of another",
        "",
    ),
    event("contact.restored", "A hidden contact came back.", "split, if it had been part of another", ""),
    event(
        "contact.erased",
        "Contacts were removed for good: somebody asked, 30 days had passed since they were deleted, or their import was undone; tells nobody's name.",
        "",
        "how many",
    ),
    event("contact.merged", "Another contact turned out to be this one and became part of it.", "what lists called the other", ""),
    event("contact.split", "Two contacts that had been merged were split again.", "what lists call the other", ""),
    event("contact.owner_changed", "A contact was given to somebody else.", "the reason", ""),
    event("contact.stage_changed", "A contact moved to another stage.", "the new stage", ""),
    event("contact.imported", "A file was imported; one event per import.", "the file", "people created and updated"),
    event("company.created", "A company became known.", "the name", ""),
    event("company.updated", "An attribute of a company changed.", "the attribute; empty when an import changed several", ""),
    event(
        "company.deleted",
        "A company was hidden, its people stay; or it became part of another, and they are that one's.",
        "merged, if it became part of another",
        "",
    ),
    event("company.restored", "A hidden company came back.", "split, if it had been part of another", ""),
    event("company.merged", "Another company turned out to be this one and became part of it.", "the name of the other", ""),
    event("company.split", "Two companies that had been merged were split again.", "the name of the other", ""),
    event("company.imported", "A file of companies was imported; one event per import.", "the file", "companies created and updated"),
];

const fn event(name: &'static str, meaning: &'static str, subject: &'static str, amount: &'static str) -> EventDef {
    EventDef { name, meaning, subject, amount, behaviour: false }
}

/// The permissions of contacts and companies.
fn permissions() -> Vec<PermissionDef> {
    use Grant::{All, None, Own, Team};
    let def = |key, label_key, manager, agent| PermissionDef { key, label_key, admin: All, manager, agent };
    vec![
        def("identify.contact.view", "identify-permission-view", Team, Own),
        def("identify.contact.create", "identify-permission-create", Team, Own),
        def("identify.contact.edit", "identify-permission-edit", Team, Own),
        def("identify.contact.delete", "identify-permission-delete", Team, None),
        def("identify.contact.export", "identify-permission-export", Team, None),
        def("identify.contact.import", "identify-permission-import", All, None),
        // Whom one looks after one can write to and call; of others one at a time, on record. A list of addresses leaves with nobody below.
        def(attune_web::access::ADDRESSES, "identify-permission-addresses", All, Own),
        def("identify.address.reveal", "identify-permission-reveal", All, All),
        def("identify.address.export", "identify-permission-export-addresses", Team, None),
    ]
}

/// The words of this room.
pub const LOCALES: LocaleFiles =
    LocaleFiles { room: "identify", en: include_str!("../locales/en.ftl"), zh: include_str!("../locales/zh-CN.ftl") };

/// The room. `collector` takes the events of the tracker.
pub fn room(_parts: &Parts, collector: &tracking::Collector) -> Room {
    let tables = import::jobs::Tables::default();
    let models = duplicate::Models::default();
    let nav = |key, href, icon, order, go: char| NavItem::new("nav-customers", key, href, icon, order, "identify.contact.view").go(go);
    let room = Room::new("identify")
        .migrations(migrations())
        .locales(LOCALES.en, LOCALES.zh)
        .routes(contact::pages::routes(&models).merge(contact::api::routes()))
        .routes(merge::pages::routes().merge(merge::api::routes()))
        .routes(erasure::pages::routes().merge(erasure::api::routes()))
        .routes(subject_access::pages::routes().merge(subject_access::api::routes()))
        .routes(export::api::routes())
        .routes(duplicate::pages::routes().merge(duplicate::warning::routes(&models)))
        .routes(field::pages::routes().merge(field::reference::panel::routes()))
        .panels([field::reference::panel::panel()])
        .routes(company::pages::routes(&models).merge(company::api::routes()))
        .routes(import::pages::routes(tables.clone()))
        .nav([
            nav("identify-contacts", "/contacts", "users", 10, 'C').phone(),
            duplicate::pages::nav(),
            field::pages::nav(),
            nav("identify-companies", "/companies", "building-2", 12, 'O'),
        ])
        .permissions(permissions())
        .settings(contact::settings())
        .permissions(contact::view_permissions())
        .permissions(merge::pages::permissions())
        .permissions(field::pages::permissions())
        .permissions(erasure::pages::permissions())
        .finders([
            Finder::new("identify-contacts", "identify.contact.view", |web, actor, words| Box::pin(contact::api::found(web, actor, words))),
            Finder::new("identify-companies", "identify.contact.view", |web, actor, words| {
                Box::pin(contact::api::found_companies(web, actor, words))
            }),
        ])
        .events(EVENTS)
        .jobs(import::jobs::defs(&tables))
        .jobs([contact::jobs::def(&tables), erasure::def()])
        .jobs(duplicate::jobs::defs())
        .jobs(field::jobs::defs())
        .jobs([company::jobs::def()])
        .crons([contact::jobs::cron()])
        .services([import::jobs::service(&tables)])
        .datasets([
            Dataset { view: "v_identify_contact", meaning: "Everybody who is known and not deleted, one row each." },
            Dataset { view: "v_identify_company", meaning: "Every company that is not deleted." },
        ])
        .contact_tables(CONTACT_TABLES);
    sockets::plug(retention::plug(room, &tables), collector)
}

/// The tables of this room.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("20261122_1000_company"),
        migration!("20261122_1005_contact"),
        migration_pair!("20261122_1010_contact_search"),
        migration!("20261122_1020_field"),
        migration!("20261122_1030_import"),
        migration!("20261122_1100_tracking"),
        migration!("20261122_1110_stitching"),
        migration!("20261122_1120_consent"),
        migration!("20261122_1130_merge"),
        migration!("20261122_1140_duplicate"),
        migration!("20261122_1600_import_cancelled"),
        migration!("20261127_1000_code"),
        migration!("20261127_1010_erasure"),
        migration!("20261128_1000_preference"),
        migration!("20261128_1600_relationship"),
        migration!("20261128_1610_promise"),
        migration!("20261128_1800_network"),
        migration!("20261128_1810_place"),
        migration!("20261128_2000_dialogue"),
        migration!("20261128_2400_tag"),
        migration!("20261129_1010_bulk_edit"),
        migration!("20261129_1200_file"),
        migration!("20261129_1210_retention"),
        migration!("20261129_1220_device"),
        migration!("20261129_1300_share"),
        migration!("20261130_1000_reference"),
        migration!("20261130_2000_company_facts"),
        migration!("20261201_1000_address"),
    ]
}

#[cfg(test)]
pub(crate) fn test_migrations() -> Vec<Migration> {
    let mut all = attune_house::base_migrations();
    all.extend(migrations());
    all.push(TEST_STAFF);
    all
}

/// Stands in for the room that keeps the staff.
#[cfg(test)]
const TEST_STAFF: Migration = {
    const SQL: &str = "CREATE TABLE staff (id BIGINT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, team_id BIGINT, active BOOLEAN NOT NULL);
        INSERT INTO staff (id, name, role, team_id, active) VALUES (1, 'Mei Tan', 'agent', 10, TRUE), (2, 'Jonas Brandt', 'agent', 20, TRUE);
        CREATE VIEW v_govern_staff AS SELECT id, name, role, team_id, active FROM staff;
        CREATE TABLE teams (id BIGINT PRIMARY KEY, name TEXT NOT NULL);
        INSERT INTO teams (id, name) VALUES (10, 'Rhine'), (20, 'Hansa');
        CREATE VIEW v_govern_team AS SELECT id, name FROM teams";
    Migration { name: "20261122_0200_test_staff", lite: SQL, pg: SQL }
};
