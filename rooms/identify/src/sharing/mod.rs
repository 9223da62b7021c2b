//! Sharing: a colleague or a team sees a record that is not theirs, and works on it as far as their role lets them. A company carries its
//! branches, its people and what belongs to them.
//!
//! Guards that nobody gives more than they have: whoever shares a company must see all of it, and whoever moves a company below a shared one must be
//! in charge of it. To give away, merge, delete or erase a record stays with whose it is; so do their addresses, which the others see on request (ADR 0030).

pub mod api;
pub(crate) mod pages;
mod reach;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use attune_db::{DbError, Tx};
use attune_events::{Event, EventDef, append};
use attune_house::{ContactTable, OnErase, OnMerge, Room};
use attune_jobs::{Bench, BoxFuture, OnDue, TimerDef};
use attune_kernel::{Fault, id_type};
use attune_record::audit;
use attune_web::{Actor, Scope};
use serde_json::{Value as Json, json};

use crate::contact::{self, By, Contact, ContactError};
use crate::relationship::Record;
use crate::{company, staff};
pub use reach::Reach;

id_type!(
    /// The id of a share.
    ShareId,
    "shr"
);

/// The timer that ends a share.
pub(crate) const ENDS: &str = "identify.share_ends";
/// The most characters of a reason.
pub const REASON_CHARS: usize = 200;

/// Whom a record is shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// A colleague.
    Staff(i64),
    /// Everybody who is in the team, today or later.
    Team(i64),
}

/// What is asked for when a record is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareDraft {
    /// With whom.
    pub with: With,
    /// Until when, µs UTC; for good without.
    pub until_at: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

/// A record that is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The id.
    pub id: ShareId,
    /// What is shared.
    pub record: Record,
    /// With whom.
    pub with: With,
    /// What they are called.
    pub name: String,
    /// Whether they still sign in; a team does.
    pub active: bool,
    /// Why; may be empty.
    pub reason: String,
    /// Until when, µs UTC.
    pub until_at: Option<i64>,
    /// Who shared it.
    pub by_name: String,
    /// Since when, µs UTC.
    pub created_at: i64,
}

/// Whose the record is, if it is alive and within `scope` by itself: what is only shared, and a company without an owner, is in nobody's charge.
pub(crate) async fn find_owned(tx: &mut Tx, scope: &Scope, record: Record) -> Result<Option<(String, Option<i64>)>, DbError> {
    let found = match record {
        Record::Contact(id) => contact::find_owned(tx, scope, id).await?.map(|c| (c.label().to_owned(), c.owner_id, c.team_id)),
        Record::Company(id) => company::find(tx, scope, id).await?.map(|c| (c.name, c.owner_id, c.team_id)),
    };
    Ok(found.filter(|(_, owner, team)| scope.covers(*owner, *team)).map(|(name, owner, _)| (name, owner)))
}

/// Shares a record; who has it already gets the new end and reason. Answers the id.
///
/// Errors: [`ContactError::NotFound`] when the record is gone or not in the charge of whoever asks; [`ContactError::Invalid`] when something is
/// wrong with the draft, or (`with`) when a company holds what the asker does not see.
pub async fn share(tx: &mut Tx, by: &By<'_>, scope: &Scope, record: Record, draft: &ShareDraft) -> Result<ShareId, ContactError> {
    // Who shares it at the same time waits, and so does whoever moves something below it: they look once this is there.
    let there = match record {
        Record::Contact(id) => contact::hold(tx, &[id]).await?,
        Record::Company(id) => company::hold(tx, &[id]).await.map(|_| true)?,
    };
    let (_, owner) = find_owned(tx, scope, record).await?.filter(|_| there).ok_or(ContactError::NotFound)?;
    let name = check(tx, by, owner, draft).await?;
    if let Record::Company(id) = record
        && store::count_others(tx, scope, id).await? > 0
    {
        return Err(wrong("with", "share-not-all-yours"));
    }
    let had = store::list_of(tx, record).await?.into_iter().find(|had| had.with == draft.with);
    let id = match &had {
        Some(had) => had.id,
        None => ShareId(by.ids.next()),
    };
    let (was, is) = (had.as_ref().map(|had| told(&had.name, had.until_at, &had.reason)), told(&name, draft.until_at, &draft.reason));
    if was.as_ref() == Some(&is) {
        return Ok(id);
    }
    match had {
        Some(_) => store::update(tx, id, draft).await?,
        None => store::insert(tx, by, id, record, draft).await?,
    }
    attune_jobs::clear_timers(tx, ENDS, [id.0]).await?;
    attune_jobs::set_timers(tx, ENDS, draft.until_at.map(|at| (id.0, at))).await?;
    note(tx, by, "shared", record, (was, Some(is))).await?;
    append(tx, &mut [about(Event::new("record.shared", by.now), record).subject(name)]).await?;
    Ok(id)
}

fn wrong(attribute: &str, key: &'static str) -> ContactError {
    ContactError::Invalid { attribute: attribute.to_owned(), key }
}

fn told(name: &str, until_at: Option<i64>, reason: &str) -> Json {
    json!({ "with": name, "until_at": until_at, "reason": reason })
}

/// Answers what those are called with whom it is to be shared.
async fn check(tx: &mut Tx, by: &By<'_>, owner: Option<i64>, draft: &ShareDraft) -> Result<String, ContactError> {
    if draft.reason.chars().count() > REASON_CHARS {
        return Err(wrong("reason", "identify-too-long"));
    }
    if draft.until_at.is_some_and(|at| at <= by.now) {
        return Err(wrong("until", "share-until-past"));
    }
    let name = match draft.with {
        With::Staff(id) if Some(id) == owner => return Err(wrong("with", "share-is-owner")),
        With::Staff(id) => staff::find(tx, id).await?.filter(|member| member.active).map(|member| member.name),
        With::Team(id) => store::list_teams(tx).await?.into_iter().find(|team| team.0 == id).map(|team| team.1),
    };
    name.ok_or_else(|| wrong("with", "web-not-a-choice"))
}

async fn note(tx: &mut Tx, by: &By<'_>, deed: &str, record: Record, (was, is): (Option<Json>, Option<Json>)) -> Result<(), DbError> {
    let (kind, id) = match record {
        Record::Contact(id) => ("contact", id),
        Record::Company(id) => ("company", id),
    };
    audit::note(tx, by.ids, by.now, by.actor, &format!("{kind}.{deed}"), kind, id, was, is).await
}

fn about(event: Event, record: Record) -> Event {
    match record {
        Record::Contact(id) => event.contact(id),
        Record::Company(id) => event.company(id),
    }
}

/// Ends a share; answers what it was.
///
/// Errors: [`ContactError::NotFound`] when it is not there, or its record not in the charge of whoever asks.
pub async fn end(tx: &mut Tx, by: &By<'_>, scope: &Scope, id: ShareId) -> Result<Share, ContactError> {
    let found = store::find(tx, id).await?.ok_or(ContactError::NotFound)?;
    find_owned(tx, scope, found.record).await?.ok_or(ContactError::NotFound)?;
    finish(tx, by, std::slice::from_ref(&found)).await?;
    Ok(found)
}

async fn finish(tx: &mut Tx, by: &By<'_>, over: &[Share]) -> Result<(), DbError> {
    store::remove(tx, &over.iter().map(|share| share.id).collect::<Vec<_>>()).await?;
    attune_jobs::clear_timers(tx, ENDS, over.iter().map(|share| share.id.0)).await?;
    for share in over {
        note(tx, by, "unshared", share.record, (Some(told(&share.name, share.until_at, &share.reason)), None)).await?;
    }
    let told = |share: &Share| about(Event::new("record.unshared", by.now), share.record).subject(share.name.as_str());
    append(tx, &mut over.iter().map(told).collect::<Vec<_>>()).await
}

/// Whom a record is shared with, by name.
pub async fn list_of(tx: &mut Tx, record: Record) -> Result<Vec<Share>, DbError> {
    store::list_of(tx, record).await
}

/// Whom a record is shared with because a company above it is: the share and the company's name. Of a company that is not within `scope` neither
/// the name nor the reason is told.
pub async fn list_carried(tx: &mut Tx, scope: &Scope, record: Record) -> Result<Vec<(Share, String)>, DbError> {
    let company_id = match record {
        Record::Contact(id) => contact::list_by_ids(tx, [id]).await?.pop().and_then(|contact| contact.company_id),
        Record::Company(id) => Some(id),
    };
    let Some(company_id) = company_id else { return Ok(Vec::new()) };
    let mut carried = store::list_carried(tx, company_id).await?;
    carried.retain(|(share, _)| share.record != record);
    let above = company::list_within(tx, scope, carried.iter().filter_map(|(share, _)| share.record.company())).await?;
    for (share, name) in &mut carried {
        if !above.iter().any(|firm| share.record.company() == Some(firm.id)) {
            name.clear();
            share.reason.clear();
        }
    }
    Ok(carried)
}

/// Whether whoever has `scope` may put a company under `parent`: below a shared one it is seen by those it is shared with, so it has to be theirs.
pub(crate) async fn may_move(tx: &mut Tx, scope: &Scope, moved: &company::Company, parent: i64) -> Result<bool, DbError> {
    if !store::is_carried(tx, parent).await? {
        return Ok(true);
    }
    Ok(scope.covers(moved.owner_id, moved.team_id) && store::count_others(tx, scope, moved.id).await? == 0)
}

/// Whether whoever has `scope` may make one of two companies, which is to stand under `parent`: where one is shared, or stands under a shared one, those it
/// is shared with would see all that hangs on both, so that has to be theirs.
pub(crate) async fn may_merge(tx: &mut Tx, scope: &Scope, both: [&company::Company; 2], parent: Option<i64>) -> Result<bool, DbError> {
    let mut carried = false;
    for id in both.map(|company| company.id).into_iter().chain(parent) {
        carried = carried || store::is_carried(tx, id).await?;
    }
    if !carried || matches!(scope, Scope::All) {
        return Ok(true);
    }
    for company in both {
        if !scope.covers(company.owner_id, company.team_id) || store::count_others(tx, scope, company.id).await? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether whoever has `scope` may put a contact into a company: what is only shared with them does not go to those that company is shared with.
pub(crate) async fn may_join(tx: &mut Tx, scope: &Scope, contact: &Contact, company: Option<i64>) -> Result<bool, DbError> {
    match company {
        Some(company) if !scope.covers(contact.owner_id, contact.team_id) => Ok(!store::is_carried(tx, company).await?),
        _ => Ok(true),
    }
}

/// Ends what was shared until a moment that has come.
pub(crate) struct EndShares;

impl OnDue for EndShares {
    fn due<'a>(&'a self, bench: &'a Bench, tx: &'a mut Tx, keys: &'a [i64], now: i64) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let over = store::list_over(tx, keys, now).await?;
            let actor = Actor::system();
            finish(tx, &By { actor: &actor, now, ids: &bench.ids }, &over).await?;
            Ok(())
        })
    }
}

/// Adds this noun to the room.
pub(crate) fn plug(room: Room) -> Room {
    room.routes(pages::routes().merge(api::routes()))
        .permissions(pages::permissions())
        .panels([pages::panel()])
        .timers([TimerDef { kind: ENDS, on_due: Arc::new(EndShares) }])
        .events(EVENTS)
        .contact_tables(CONTACT_TABLES)
}

/// The events of this noun.
pub(crate) const EVENTS: [EventDef; 2] = [
    event("record.shared", "A contact or company was shared with a colleague or a team, or until another day or for another reason."),
    event("record.unshared", "A contact or company is no longer shared with a colleague or a team."),
];

const fn event(name: &'static str, meaning: &'static str) -> EventDef {
    EventDef { name, meaning, subject: "with whom", amount: "", behaviour: false }
}

/// The column that holds a person. Whom both are shared with sees the one who remains already.
pub(crate) const CONTACT_TABLES: [ContactTable; 1] = [ContactTable {
    table: "shares",
    column: "contact_id",
    on_erase: OnErase::Delete,
    on_merge: OnMerge::Follow {
        key: "id",
        unless: "EXISTS (SELECT 1 FROM shares o WHERE o.contact_id = $1 AND (o.staff_id = t.staff_id OR o.team_id = t.team_id))",
    },
}];
