//! A list of contacts or companies narrowed by where they are: read from its address, said in words, and as SQL.

use attune_db::{DbError, Sql, Tx};
use attune_web::Lang;

use super::Window;
use super::postal::{postal_key, sorted_ends};
use crate::field::Subject;

/// What stands in the address of a list for a place that has no name.
pub(crate) const NOTHING: &str = "-";

/// So many addresses at most are collected for a list to be looked up by them.
const WORTH: i64 = 50_000;

/// Whether a part of a list's address says where records are.
pub(crate) fn is_filter(name: &str) -> bool {
    ["city", "country", "postcode", "located", "within"].contains(&name)
}

/// Only records that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceFilter {
    /// In this city as it is written; empty: in none that is known.
    pub city: Option<String>,
    /// In this country as it is written; empty: in none that is known.
    pub country: Option<String>,
    /// With a postal code that begins like this, whatever its case and blanks.
    pub code: Option<String>,
    /// With coordinates.
    pub located: bool,
    /// In this part of the map.
    pub within: Option<Window>,
}

impl PlaceFilter {
    /// The filter the parts of an address mean; what cannot be read narrows to nobody rather than to everybody.
    pub(crate) fn read([city, country, code, located, within]: [&str; 5]) -> Self {
        let name = |text: &str| (!text.is_empty()).then(|| if text == NOTHING { String::new() } else { text.to_owned() });
        let nowhere = Window { west: 0, north: 0, east: -1, south: -1 };
        Self {
            city: name(city),
            country: name(country),
            code: Some(postal_key(code)).filter(|code| !code.is_empty()),
            located: !located.is_empty(),
            within: (!within.is_empty()).then(|| within.parse().unwrap_or(nowhere)),
        }
    }

    /// Whether more addresses pass than are worth collecting.
    pub(crate) async fn is_wide(&self, tx: &mut Tx, subject: Subject) -> Result<bool, DbError> {
        if !self.asks_address() {
            return Ok(false);
        }
        let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1 AS one");
        self.push_addresses(&mut sql, subject);
        sql.push(" LIMIT ").bind(WORTH + 1).push(") AS found");
        Ok(tx.count(sql.text(), sql.values()).await? > WORTH)
    }

    fn asks_address(&self) -> bool {
        self.code.is_some() || self.located || self.within.is_some()
    }

    /// Appends the conditions on `c`. In a `dense` list, which is walked until a page is full, each row is asked; else those that fit are collected.
    pub(crate) fn push(&self, sql: &mut Sql, subject: Subject, dense: bool) {
        for (column, name) in [("city", &self.city), ("country", &self.country)] {
            match name.as_deref() {
                None => {}
                Some("") => _ = sql.push(&format!(" AND c.{column} IS NULL")),
                // Fewer are in a city than in its country: where both are asked for, the index of countries is not to lead.
                Some(name) if column == "country" && self.city.as_deref().is_some_and(|city| !city.is_empty()) => {
                    _ = sql.push(" AND c.country || '' = ").bind(name)
                }
                Some(name) => _ = sql.push(&format!(" AND c.{column} = ")).bind(name),
            }
        }
        if !self.asks_address() {
            return;
        }
        sql.push(if dense { " AND EXISTS (SELECT 1 AS one" } else { " AND c.id IN (SELECT p.record_id" });
        self.push_addresses(sql, subject);
        sql.push(if dense { " AND p.record_id = c.id LIMIT 1 OFFSET 0)" } else { ")" });
    }

    /// Appends from where the addresses that pass are read.
    pub(super) fn push_addresses(&self, sql: &mut Sql, subject: Subject) {
        sql.push(&format!(" FROM postal_addresses p WHERE p.subject = '{}'", subject.word()));
        if let Some(code) = &self.code {
            // A range, which an index leads to: LIKE is walked along the whole of it.
            let [from, to] = sorted_ends(code);
            sql.push(" AND p.postal_key >= ").bind(from).push(" AND p.postal_key < ").bind(to);
        }
        if self.located || self.within.is_some() {
            sql.push(" AND p.map_x IS NOT NULL");
        }
        if let Some(window) = self.within {
            push_window(sql, "p", window);
        }
    }

    /// The filters in force: the name each has in the address, and what it says.
    pub(crate) fn told(&self, l: &Lang) -> Vec<(&'static str, String)> {
        let of = |key: &str, name: &str| {
            let name = if name.is_empty() { l.t("address-unknown").to_string() } else { name.to_owned() };
            l.of(key).s("value", name).to_string()
        };
        let mut told = Vec::new();
        told.extend(self.city.as_deref().map(|city| ("city", of("address-filter-city", city))));
        told.extend(self.country.as_deref().map(|country| ("country", of("address-filter-country", country))));
        told.extend(self.code.as_deref().map(|code| ("postcode", of("address-filter-code", &code.to_uppercase()))));
        told.extend(self.located.then(|| ("located", l.t("address-filter-located").to_string())));
        told.extend(self.within.map(|_| ("within", l.t("address-filter-within").to_string())));
        told
    }
}

/// Appends that an address lies in a part of the map.
pub(super) fn push_window(sql: &mut Sql, alias: &str, window: Window) {
    sql.push(&format!(" AND {alias}.map_x BETWEEN ")).bind(window.west).push(" AND ").bind(window.east);
    sql.push(&format!(" AND {alias}.map_y BETWEEN ")).bind(window.north).push(" AND ").bind(window.south);
}
