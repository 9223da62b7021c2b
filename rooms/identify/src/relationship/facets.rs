//! What segments may ask: whether somebody has a relationship of a kind today, one facet a reading.

use attune_house::{Facet, FacetKind};

macro_rules! facet {
    ($name:literal, $kind:literal, both) => {
        facet!(@ $name, concat!("relationship-facet-", $name), concat!("SELECT DISTINCT contact_id, TRUE AS value FROM v_identify_relationship WHERE kind = '", $kind, "'"))
    };
    ($name:literal, $kind:literal, $side:literal) => {
        facet!(@ $name, concat!("relationship-facet-", $name), concat!("SELECT DISTINCT contact_id, TRUE AS value FROM v_identify_relationship WHERE kind = '", $kind, "' AND side = ", $side))
    };
    (@ $name:literal, $label:expr, $sql:expr) => {
        Facet {
            key: concat!("contact.", $name),
            label_key: $label,
            kind: FacetKind::Bool,
            sql: $sql,
            changed_by: &["relationship.made", "relationship.changed", "relationship.ended", "contact.merged", "contact.split"],
        }
    };
}

pub(crate) const FACETS: [Facet; 16] = [
    facet!("referred_others", "referred", 1),
    facet!("was_referred", "referred", 2),
    facet!("has_colleague", "colleague", both),
    facet!("has_family", "family", both),
    facet!("reports_to_somebody", "reports_to", 1),
    facet!("manages_somebody", "reports_to", 2),
    facet!("is_agent", "agent", 1),
    facet!("is_represented", "agent", 2),
    facet!("is_distributor", "distributor", 1),
    facet!("has_left", "former", 1),
    facet!("in_buying_group", "economic_buyer' OR kind = 'technical' OR kind = 'user' OR kind = 'champion' OR kind = 'blocker", both),
    facet!("is_economic_buyer", "economic_buyer", 1),
    facet!("is_technical_buyer", "technical", 1),
    facet!("is_user", "user", 1),
    facet!("is_champion", "champion", 1),
    facet!("is_blocker", "blocker", 1),
];
