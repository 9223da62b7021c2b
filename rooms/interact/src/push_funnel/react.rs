//! Hears hand-overs, to show the last step of a funnel.

use attune_db::Tx;
use attune_events::{BoxFuture, Event, React, Spine};
use attune_kernel::Fault;

use super::store;
use crate::message;

/// Counts the survivors that have reached a rep.
pub struct CountHandOvers;

impl React for CountHandOvers {
    fn react<'a>(&'a self, _: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let staff_of = |event: &Event| event.subject.as_deref().and_then(|subject| subject.parse::<i64>().ok());
            let handed: Vec<_> =
                events.iter().filter_map(|event| Some((event.origin_id?, event.contact_id?, staff_of(event), event.at))).collect();
            store::add_handed(tx, &handed).await?;
            tx.wake(message::SIGNAL);
            Ok(())
        })
    }
}
