//! Hears what people tick in forms of the company's sites, and who they turn out to be.

use attune_db::Tx;
use attune_events::{BoxFuture, Event, React, Spine};
use attune_identify::consent;
use attune_jobs::Bench;
use attune_kernel::Fault;

/// Notes ticked boxes down in the ledger.
pub(crate) struct NoteTicked;

impl NoteTicked {
    pub(crate) const HEARS: &'static [&'static str] = &[consent::TICKED, consent::IDENTIFIED];
}

impl React for NoteTicked {
    fn heeds<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(consent::is_heard_in(tx, events))
    }

    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let bench = Bench { db: spine.db.clone(), clock: spine.clock.clone(), ids: spine.ids.clone() };
            super::note_ticked(tx, &bench, events).await
        })
    }
}
