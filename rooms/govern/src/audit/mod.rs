//! Who changed what: the page over the audit log that `base/record` keeps, and the short way for this room to write to it.

pub(crate) mod pages;

use attune_db::{DbError, Tx};
use attune_kernel::Ids;
use attune_web::Actor;
use serde_json::Value;

/// A change of a record of this room.
pub(crate) struct Change {
    pub(crate) action: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) id: i64,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

pub(crate) async fn note(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, change: Change) -> Result<(), DbError> {
    attune_record::audit::note(tx, ids, now, actor, change.action, change.kind, change.id, change.before, change.after).await
}
