//! Identify: who the people behind visits, mails and purchases are.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod company;
pub mod contact;
pub mod field;
pub mod import;
pub mod consent;
pub mod replay;
pub mod staff;
pub mod stitching;
pub mod tracking;
pub mod visitor;

use attune_house::{ContactTable, OnErase};
use attune_web::permission;
use attune_db::{Migration, migration, migration_pair};

permission!(
    ViewContacts, "identify.contact.view";
    CreateContacts, "identify.contact.create";
    EditContacts, "identify.contact.edit";
    DeleteContacts, "identify.contact.delete";
    ExportContacts, "identify.contact.export";
    ImportContacts, "identify.contact.import"
);

/// Every table of contacts, companies, fields and imports that holds a person. The people themselves come first: they are erased last.
pub const CONTACT_TABLES: [ContactTable; 6] = [
    ContactTable { table: "contacts", column: "id", on_erase: OnErase::Delete },
    ContactTable { table: "contact_search", column: "rowid", on_erase: OnErase::Delete },
    ContactTable { table: "contact_texts", column: "contact_id", on_erase: OnErase::Delete },
    ContactTable { table: "contact_numbers", column: "contact_id", on_erase: OnErase::Delete },
    ContactTable { table: "import_changes", column: "contact_id", on_erase: OnErase::Delete },
    ContactTable { table: "notes", column: "record_id", on_erase: OnErase::Delete },
];

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
        CREATE VIEW v_govern_staff AS SELECT id, name, role, team_id, active FROM staff";
    Migration { name: "20261122_0200_test_staff", lite: SQL, pg: SQL }
};
