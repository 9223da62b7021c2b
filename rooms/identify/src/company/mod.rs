//! A company: the organisation people belong to. Found by its folded name, so that ten people of one firm meet in one place.
//!
//! Guards that renaming a company keeps its people findable under the new name, and that branches make a tree: a company that moves stays the
//! customer it was, under another parent.

pub mod api;
mod bulk;
#[cfg(test)]
mod delete_tests;
#[cfg(test)]
mod http_tests;
pub(crate) mod jobs;
mod list_page;
mod many;
pub mod merge;
pub mod pages;
mod record;
mod show;
mod store;
mod tree;
mod tree_page;
#[cfg(test)]
mod tree_tests;

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_jobs::Bench;
use attune_kernel::{Fault, id_type, is_masked};
use attune_record::audit;
use attune_web::{Scope, Sight};
use serde_json::{Map, Value as Json, json};

use crate::address::{self, PostalAddress};
use crate::contact::{By, ContactError};
use crate::field::{self, Field, Subject};
use crate::staff;
pub(crate) use list_page::{listing, open_export};
pub(crate) use many::{Selection, list_behind, push_selected, read_listing, read_value, write_many};
pub(crate) use pages::control;
pub(crate) use record::name_key;
pub use record::{Company, domain_key};
pub(crate) use store::{
    ByKeys, Today, count, escaped, insert, leave_parents, list_any, list_by_given_up, list_by_keys, list_by_name_keys, list_crowded,
    list_holding, list_namesakes, list_rows, list_survivors, list_within, remove_of_import, update,
};
pub use store::{CompanyLine, Listing, find, hold, list, list_by_ids};
pub use tree::{Branch, list_branches, set_parent};
pub(crate) use tree::{Tree, hold_under};

id_type!(
    /// The id of a company.
    CompanyId,
    "com"
);

/// The attributes of a company that can be edited.
pub const KEYS: [&str; 11] =
    ["name", "domain", "industry", "phone", "street", "postal_code", "city", "region", "country", "coordinates", "owner_id"];

/// A company to be made, checked.
#[derive(Clone, Debug, Default)]
pub struct CompanyDraft {
    /// The name; not empty.
    pub name: String,
    /// The web domain.
    pub domain: Option<String>,
    /// The line of business.
    pub industry: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// The rest of the postal address.
    pub postal: PostalAddress,
    /// Who looks after it.
    pub owner_id: Option<i64>,
    /// Values of own fields by their key.
    pub fields: Map<String, Json>,
}

/// The company called `name`, made when there is none.
pub async fn find_or_create(tx: &mut Tx, by: &By<'_>, name: &str, import_id: Option<i64>) -> Result<Company, DbError> {
    let key = name_key(name);
    if let Some(company) = list_by_name_keys(tx, [key.clone()]).await?.into_iter().next() {
        return Ok(company);
    }
    // A name given up in a merge means the one that remained.
    if let Some((_, survivor)) = list_by_given_up(tx, ByKeys::Name, [key]).await?.into_iter().next() {
        return list_by_ids(tx, [survivor]).await?.pop().ok_or(DbError::NotFound("the company that remained"));
    }
    let draft = CompanyDraft { name: name.to_owned(), ..CompanyDraft::default() };
    let mut made = create_many(tx, by, vec![draft], import_id).await?;
    made.pop().ok_or(DbError::NotFound("the company just made"))
}

/// Makes a company. [`ContactError::Invalid`] when the name is empty, or a field names nobody the actor sees.
pub async fn create(tx: &mut Tx, by: &By<'_>, draft: CompanyDraft) -> Result<Company, ContactError> {
    if draft.name.trim().is_empty() {
        return Err(ContactError::Invalid { attribute: "name".to_owned(), key: "web-required" });
    }
    let (defs, mut draft) = (field::list_of(tx, Subject::Company).await?, draft);
    field::reference::settle(tx, by.actor, &defs, (0, &mut draft.fields, &Map::new()), "fields.").await?;
    let mut made = create_many(tx, by, vec![draft], None).await?;
    made.pop().ok_or(ContactError::NotFound)
}

/// Makes companies in one go.
pub(crate) async fn create_many(
    tx: &mut Tx,
    by: &By<'_>,
    drafts: Vec<CompanyDraft>,
    import_id: Option<i64>,
) -> Result<Vec<Company>, DbError> {
    let mut made = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let team_id = match draft.owner_id {
            Some(owner) => staff::team_of(tx, owner).await?,
            None => None,
        };
        made.push(Company {
            id: by.ids.next(),
            name: draft.name.trim().chars().take(200).collect(),
            domain: draft.domain,
            industry: draft.industry,
            city: draft.city,
            country: draft.country,
            postal: draft.postal,
            owner_id: draft.owner_id,
            team_id,
            import_id,
            fields: draft.fields,
            created_at: by.now,
            updated_at: by.now,
            ..Company::default()
        });
    }
    let defs = field::list_of(tx, Subject::Company).await?;
    store::insert(tx, &made, &defs).await?;
    if import_id.is_none() {
        let trail = made.iter().map(|c| (c.id, None, Some(json!({ "name": c.name })))).collect();
        audit::note_many(tx, by.ids, by.now, by.actor, ("company.created", "company"), trail).await?;
    }
    let told = |c: &Company| {
        let event = event(by, "company.created", c.id).subject(c.name.clone());
        import_id.map_or(event.clone(), |import| event.origin(import))
    };
    append(tx, &mut made.iter().map(told).collect::<Vec<_>>()).await?;
    Ok(made)
}

/// Sets one attribute from what somebody typed; answers the company as it is now.
pub async fn update_field(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: i64, key: &str, typed: &str) -> Result<Company, ContactError> {
    // The whole row is written: nobody's change of meanwhile is written over.
    hold(tx, &[id]).await?;
    let before = find(tx, scope, id).await?.ok_or(ContactError::NotFound)?;
    let typed = typed.trim();
    let sight = Sight::of(by.actor);
    if key.starts_with("f:") && is_masked(typed) && before.shown(key, &sight) == typed && before.get(key) != typed {
        return Err(ContactError::Invalid { attribute: key.to_owned(), key: "identify-masked-type-whole" });
    }
    let defs = field::list_of(tx, Subject::Company).await?;
    let mut after = before.clone();
    // What is only shared is given away by whose it is; what is nobody's may be taken by anybody.
    if key == "owner_id" && before.owner_id.is_some() && !scope.covers(before.owner_id, before.team_id) {
        return Err(ContactError::Invalid { attribute: key.to_owned(), key: "share-owner-only" });
    }
    give_typed(tx, &mut after, &defs, key, typed).await?;
    field::reference::settle(tx, by.actor, &defs, (id, &mut after.fields, &before.fields), "f:").await?;
    if after == before {
        return Ok(after);
    }
    after.updated_at = by.now;
    store::update(tx, std::slice::from_ref(&after), &defs).await?;
    if after.name != before.name {
        crate::contact::reindex_companies(tx, &[id]).await?;
    }
    let (was, is) = (json!({ key: before.get(key) }), json!({ key: after.get(key) }));
    audit::note(tx, by.ids, by.now, by.actor, "company.updated", "company", id, Some(was), Some(is)).await?;
    append(tx, &mut [event(by, "company.updated", id).subject(key)]).await?;
    Ok(after)
}

async fn give_typed(tx: &mut Tx, company: &mut Company, defs: &[Field], key: &str, typed: &str) -> Result<(), ContactError> {
    let wrong = |why: &'static str| ContactError::Invalid { attribute: key.to_owned(), key: why };
    if let Some(own) = key.strip_prefix("f:") {
        let def = defs.iter().find(|def| def.key == own).ok_or(ContactError::NotFound)?;
        // Many ticked options are longer than any text.
        if typed.chars().count() > field::MOST_OPTIONS * field::TEXT_CHARS {
            return Err(wrong("identify-too-long"));
        }
        company.set(key, if typed.is_empty() { Json::Null } else { def.read(typed).map_err(wrong)? });
        return Ok(());
    }
    if typed.chars().count() > 200 {
        return Err(wrong("identify-too-long"));
    }
    match key {
        "name" if typed.is_empty() => return Err(wrong("web-required")),
        "owner_id" => {
            company.owner_id = typed.parse::<i64>().ok().filter(|id| *id != 0);
            company.team_id = match company.owner_id {
                Some(owner) => staff::find(tx, owner).await?.ok_or_else(|| wrong("web-not-a-choice"))?.team_id,
                None => None,
            };
        }
        key if address::is_attribute(key) => company.set(key, address::read(key, typed).map_err(wrong)?),
        key if KEYS.contains(&key) => company.set(key, Json::from(typed)),
        _ => return Err(ContactError::NotFound),
    }
    Ok(())
}

/// Hides companies: their people, branches and everything else of theirs stay, as of no company, until they are brought back. Answers which
/// were hidden: those within `scope` that are not only shared.
pub async fn delete(tx: &mut Tx, bench: &Bench, by: &By<'_>, scope: &Scope, ids: &[i64]) -> Result<Vec<i64>, Fault> {
    store::hold(tx, ids).await?;
    let gone = store::set_deleted(tx, scope, ids, Some(by.now)).await?;
    tell_of(tx, bench, by, &gone, "company.deleted").await?;
    Ok(gone)
}

/// Brings hidden companies back. [`ContactError::Taken`] when another has the same outside id by now.
pub async fn restore(tx: &mut Tx, bench: &Bench, by: &By<'_>, scope: &Scope, ids: &[i64]) -> Result<Vec<i64>, ContactError> {
    store::hold(tx, ids).await?;
    if store::is_taken(tx, ids).await? {
        return Err(ContactError::Taken);
    }
    let back = store::set_deleted(tx, scope, ids, None).await?;
    tell_of(tx, bench, by, &back, "company.restored").await?;
    Ok(back)
}

/// Puts on record that companies went or came back, and lets their people be found by them accordingly.
async fn tell_of(tx: &mut Tx, bench: &Bench, by: &By<'_>, ids: &[i64], what: &'static str) -> Result<(), Fault> {
    jobs::renew(tx, bench, ids).await?;
    let trail = ids.iter().map(|id| (*id, None, None)).collect();
    audit::note_many(tx, by.ids, by.now, by.actor, (what, "company"), trail).await?;
    append(tx, &mut ids.iter().map(|id| event(by, what, *id)).collect::<Vec<_>>()).await?;
    Ok(())
}

/// The company `id` if it is alive and within `scope`; one that was merged is the one that remained.
pub(crate) async fn find_today(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Option<Company>, DbError> {
    if let Some(company) = find(tx, scope, id).await? {
        return Ok(Some(company));
    }
    match id_today(tx, id).await? {
        same if same == id => Ok(None),
        survivor => find(tx, scope, survivor).await,
    }
}

/// The id of the company that remained when `id` was merged; else `id` itself.
pub(crate) async fn id_today(tx: &mut Tx, id: i64) -> Result<i64, DbError> {
    Ok(list_survivors(tx, [id]).await?.pop().map_or(id, |(_, survivor)| survivor))
}

/// The event `name` of a company, caused by `by`.
pub(crate) fn event(by: &By<'_>, name: &'static str, id: i64) -> Event {
    let event = Event::new(name, by.now).company(id);
    if by.actor.staff_id == 0 { event } else { event.props(&json!({ "staff_id": by.actor.staff_id, "staff": by.actor.name })) }
}

/// Those of these companies that whoever has `scope` may give away: nobody's, and what is not only shared with them. They are held.
pub(crate) async fn in_charge_of(tx: &mut Tx, scope: &Scope, ids: Vec<i64>) -> Result<Vec<i64>, DbError> {
    store::hold(tx, &ids).await?;
    let mut found = list_by_ids(tx, ids).await?;
    found.retain(|company| company.owner_id.is_none() || scope.covers(company.owner_id, company.team_id));
    Ok(found.iter().map(|company| company.id).collect())
}

/// Gives companies to `owner_id` (nobody, when `None`); the team follows. Answers how many changed hands.
pub async fn assign_owner(tx: &mut Tx, by: &By<'_>, ids: &[i64], owner_id: Option<i64>) -> Result<u64, ContactError> {
    let team_id = match owner_id {
        Some(id) => {
            let unknown = || ContactError::Invalid { attribute: "owner_id".to_owned(), key: "web-not-a-choice" };
            staff::find(tx, id).await?.ok_or_else(unknown)?.team_id
        }
        None => None,
    };
    store::hold(tx, ids).await?;
    let mut moved = list_by_ids(tx, ids.iter().copied()).await?;
    moved.retain(|company| company.owner_id != owner_id);
    let moved_ids: Vec<i64> = moved.iter().map(|company| company.id).collect();
    store::set_owner(tx, &moved_ids, owner_id, team_id, by.now).await?;
    let trail = moved.iter().map(|c| (c.id, Some(json!({ "owner_id": c.owner_id })), Some(json!({ "owner_id": owner_id }))));
    audit::note_many(tx, by.ids, by.now, by.actor, ("company.updated", "company"), trail.collect()).await?;
    let told = |id: &i64| event(by, "company.updated", *id).subject("owner_id");
    append(tx, &mut moved_ids.iter().map(told).collect::<Vec<_>>()).await?;
    Ok(u64::try_from(moved.len()).unwrap_or(0))
}
