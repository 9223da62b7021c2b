//! Whom a list shows when words are looked for: by whole addresses, by words, and, where addresses are masked, by no part of one.

use attune_db::{DbError, Sql, Tx};

use super::footing::Footing;
use super::list::Listing;
use super::search::{Query, Reach};
use super::{email_key, phone_key};

/// Whether those who have the words lead to the people, one after the other until the page is full, and are not collected before. Where the
/// engine does not keep to that it would rather read all people than look up the many it expects.
pub(super) async fn leads(tx: &mut Tx, footing: &mut Footing, listing: &Listing, dense: bool) -> Result<bool, DbError> {
    Ok(listing.is_searched() && !dense && tx.joins_as_said() && !footing.is_few(tx).await?)
}

/// Who has the words that are looked for.
pub(super) struct Searched {
    /// The ids.
    who: Sql,
    /// Whether some may come twice.
    doubles: bool,
}

impl Searched {
    /// Appends the ids, each once, as `w`.
    pub(super) fn push_leading(&self, sql: &mut Sql) {
        match self.doubles {
            true => sql.push("(SELECT DISTINCT d.id FROM (").append(&self.who).push(") AS d) AS w"),
            false => sql.push("(").append(&self.who).push(") AS w"),
        };
    }

    /// Appends the ids as what another is to be among.
    pub(super) fn push(&self, sql: &mut Sql) {
        sql.push("(").append(&self.who).push(")");
    }
}

/// Who has the words that are looked for; `None` when nothing is looked for, or what was typed holds nothing to look for.
pub(super) async fn searched(tx: &mut Tx, footing: &mut Footing, listing: &Listing) -> Result<Option<Searched>, DbError> {
    if !listing.is_searched() {
        return Ok(None);
    }
    let Some(query) = Query::parse(&listing.search) else { return Ok(None) };
    let (mut who, mut doubles) = (Sql::new(""), false);
    match email_key(&listing.search) {
        // Who has the whole address; its words are looked for only when nobody has it yet: the last one is in half of all word lists.
        Some(address) if footing.is_known(tx, &address).await? => {
            who.push("SELECT e.id FROM contacts e WHERE e.deleted_at IS NULL AND e.email_key = ").bind(address);
        }
        // The addresses of what is shared are masked.
        _ if !footing.reach.holds_shared() && listing.sight.covers_all(&footing.scope) => {
            who.append(&query.match_sql(tx.engine(), Reach::Everything));
            doubles = query.may_be_of_number();
        }
        _ => {
            push_guarded(tx, &mut who, listing, &query);
            doubles = true;
        }
    };
    Ok(Some(Searched { who, doubles }))
}

/// Whom somebody finds to whom addresses are masked: by open words, by a whole number, and by any word those whose addresses are not.
fn push_guarded(tx: &Tx, sql: &mut Sql, listing: &Listing, query: &Query) {
    let engine = tx.engine();
    sql.push("SELECT f.id FROM (SELECT o.id FROM (").append(&query.match_sql(engine, Reach::Open)).push(") AS o");
    if let Some(number) = phone_key(&listing.search) {
        sql.push(" UNION ALL SELECT n.id FROM contacts n WHERE n.deleted_at IS NULL AND n.phone_key = ").bind(number);
    }
    sql.push(" UNION ALL SELECT s.id FROM contacts s WHERE s.deleted_at IS NULL");
    listing.sight.push_filter(sql, "s.owner_id", "s.team_id");
    sql.push(" AND s.id IN (").append(&query.match_sql(engine, Reach::Everything)).push(")) AS f");
}
