//! Stitching ties browsers to people: by a signed link in a mail, a form, or the id another system uses.
//!
//! Guards that a browser known as one person never becomes another's: then a new visitor begins and both keep their past. Every decision
//! is in the merge log. A machine is never tied to anybody, and an address nothing vouches for is remembered as a claim only.

mod plan;
mod store;
#[cfg(test)]
mod tests;
mod token;

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_kernel::{Fault, Ids};

pub use plan::Decision;
pub(crate) use plan::{Plan, Seen, decide};
pub(crate) use store::{epoch, next_epoch, resolve};
pub use token::{Evidence, IDENTIFY_FORM, Proof, Traits, contact_token, external_token, form_token, weigh};

/// Says that the browser `visitor_id` is the contact's. `how` names the evidence for the merge log, such as `mail-click` or `staff`.
///
/// Earlier events of an unknown browser join the contact; a browser that is somebody else's stays theirs and a new visitor begins.
pub async fn identify_visitor(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    visitor_id: i64,
    contact_id: i64,
    how: &'static str,
) -> Result<Decision, Fault> {
    let current = store::contact_of(tx, visitor_id).await?.ok_or(DbError::NotFound("visitor"))?;
    let decision = decide(current.contact_id, contact_id);
    let mut plan = Plan::default();
    let known_as = match decision {
        Decision::Known => return Ok(decision),
        Decision::Join => {
            plan.join(visitor_id, contact_id, how, "staff");
            visitor_id
        }
        Decision::Part => {
            let fresh = ids.next();
            plan.part(visitor_id, fresh, current.key, contact_id, how, "staff");
            fresh
        }
    };
    plan.apply_visitors(tx, now).await?;
    let mut event = Event::new("visitor.identified", now).contact(contact_id);
    event.visitor_id = Some(known_as);
    let mut events = [event];
    append(tx, &mut events).await?;
    plan.apply_history(tx, ids, now, events.first().map_or(0, |e| e.seq)).await?;
    Ok(decision)
}
