//! Many companies at once: which of them a selection means, and writing them as if each had been edited by hand.

use attune_db::{DbError, Sql, Tx, Value};
use attune_events::Event;
use attune_house::App;
use attune_record::audit;
use attune_web::{Actor, Scope};
use serde_json::{Map, Value as Json};

use super::store::{self, Listing};
use super::{Company, event, list_page};
use crate::contact::bulk::read_query;
use crate::contact::{By, ContactError};
use crate::field::{self, Field, Subject};

/// Which companies a bulk action is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selection {
    /// These.
    Ids(Vec<i64>),
    /// All the list shows, all pages.
    Listed(Box<Listing>),
}

/// Which companies a list with this address shows.
pub(crate) async fn read_listing(app: &App, actor: &Actor, query: &str) -> Result<Listing, DbError> {
    let mut tx = app.db.read().await?;
    let fields = field::list_of(&mut tx, Subject::Company).await?;
    Ok(Listing { after: None, ..list_page::listing(&mut tx, &read_query(query), actor.staff_id, &fields, i64::MAX).await? })
}

/// Appends from where, `c` being the companies, and which a selection stands for within `scope`; false when it cannot be any.
pub(crate) async fn push_selected(tx: &mut Tx, sql: &mut Sql, scope: &Scope, selection: &Selection) -> Result<bool, DbError> {
    let reach = crate::sharing::Reach::of(tx, scope).await?;
    match selection {
        Selection::Listed(listing) => {
            store::push_conditions(sql, &reach, listing);
            Ok(true)
        }
        Selection::Ids(ids) => {
            store::push_conditions(sql, &reach, &Listing::default());
            sql.push(" AND c.id IN ").bind_list(ids.iter().map(|id| Value::Int(*id)));
            Ok(!ids.is_empty())
        }
    }
}

/// The ids a selection stands for within `scope`, at most `limit`.
pub(super) async fn ids_of(tx: &mut Tx, scope: &Scope, selection: &Selection, limit: i64) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT c.id");
    if !push_selected(tx, &mut sql, scope, selection).await? {
        return Ok(Vec::new());
    }
    sql.push(" ORDER BY c.id LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// The next companies of a list behind the id `behind`, in the order of their ids.
pub(crate) async fn list_behind(tx: &mut Tx, scope: &Scope, listing: &Listing, behind: i64, limit: i64) -> Result<Vec<Company>, DbError> {
    let mut sql = Sql::new("SELECT c.id");
    store::push_conditions(&mut sql, &crate::sharing::Reach::of(tx, scope).await?, listing);
    sql.push(" AND c.id > ").bind(behind).push(" ORDER BY c.id LIMIT ").bind(limit);
    let ids = tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>()?;
    let mut companies = store::list_by_ids(tx, ids).await?;
    companies.sort_by_key(|company| company.id);
    Ok(companies)
}

/// Reads what was typed for an attribute that is neither name nor owner.
pub(crate) fn read_value(key: &str, typed: &str, defs: &[Field]) -> Result<Json, ContactError> {
    let wrong = |why: &'static str| ContactError::Invalid { attribute: key.to_owned(), key: why };
    if let Some(own) = key.strip_prefix("f:") {
        return defs.iter().find(|def| def.key == own).ok_or(ContactError::NotFound)?.read(typed).map_err(wrong);
    }
    if typed.chars().count() > 200 { Err(wrong("identify-too-long")) } else { Ok(Json::from(typed)) }
}

/// Writes companies from what they were to what they are now, with a line in the audit log for each. The caller holds them, and appends the
/// events this answers when everything else of its transaction is written.
#[must_use = "the events are to be appended"]
pub(crate) async fn write_many(tx: &mut Tx, by: &By<'_>, pairs: &[(Company, Company)], defs: &[Field]) -> Result<Vec<Event>, DbError> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let after: Vec<Company> = pairs.iter().map(|(_, after)| after.clone()).collect();
    store::update(tx, &after, defs).await?;
    let (mut trail, mut told) = (Vec::with_capacity(pairs.len()), Vec::with_capacity(pairs.len()));
    for (before, after) in pairs {
        // The team follows the owner, whose line tells of it.
        let mut differences = after.differences(before);
        differences.retain(|(key, ..)| key != "team_id");
        if differences.is_empty() {
            continue;
        }
        told.extend(differences.iter().map(|(key, ..)| event(by, "company.updated", after.id).subject(key.clone())));
        let (mut was, mut is) = (Map::new(), Map::new());
        for (key, before, now) in differences {
            was.insert(key.clone(), before);
            is.insert(key, now);
        }
        trail.push((after.id, Some(Json::Object(was)), Some(Json::Object(is))));
    }
    audit::note_many(tx, by.ids, by.now, by.actor, ("company.updated", "company"), trail).await?;
    Ok(told)
}
