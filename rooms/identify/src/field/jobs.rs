//! Removing the values of a field or of an option that was deleted: batch by batch, because everybody may have one.

use std::collections::HashSet;
use std::sync::Arc;

use attune_db::{DbError, Tx};
use attune_events::append;
use attune_house::BoxFuture;
use attune_jobs::{JobContext, JobDef, Run, Verdict};
use attune_kernel::Fault;
use attune_web::Actor;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Field, FieldKind, store};
use crate::contact::{self, By};

/// The kind of job.
pub(crate) const DELETE: &str = "identify.delete_field";
/// The kind of job that removes an option's values.
pub(crate) const DELETE_OPTION: &str = "identify.delete_option";
/// People in one transaction.
const BATCH: i64 = 2_000;

/// The kinds of jobs of this noun.
pub(crate) fn defs() -> Vec<JobDef> {
    vec![
        JobDef { kind: DELETE, max_attempts: 20, run: Arc::new(Delete) },
        JobDef { kind: DELETE_OPTION, max_attempts: 20, run: Arc::new(DeleteOption) },
    ]
}

/// What the job is given.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Payload {
    pub(super) field_id: i64,
}

struct Delete;

impl Run for Delete {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let Payload { field_id } = serde_json::from_str(payload)?;
            let (db, mut done, mut behind) = (&context.bench.db, 0, 0);
            loop {
                if context.stop.is_cancelled() {
                    return Ok(Verdict::Retry(0, "the server is stopping; what was removed is gone".to_owned()));
                }
                let mut tx = db.begin_turn(db.turn().await).await?;
                let Some(key) = store::hidden_key(&mut tx, field_id).await? else { return Ok(Verdict::Done(None)) };
                let holders = store::holders(&mut tx, field_id, behind, BATCH).await?;
                let Some(last) = holders.last().copied() else {
                    store::remove(&mut tx, field_id).await?;
                    tx.commit().await?;
                    return Ok(Verdict::Done(Some(serde_json::json!({ "contacts": done }))));
                };
                clear(&mut tx, &key, &holders).await?;
                tx.commit().await?;
                behind = last;
                done += i64::try_from(holders.len()).unwrap_or(0);
                context.progress(done, None).await?;
            }
        })
    }
}

/// Takes the value of `key` from these contacts, deleted ones too. A field of the same key may have been made meanwhile: who has a value in
/// that one keeps it.
async fn clear(tx: &mut Tx, key: &str, holders: &[i64]) -> Result<(), DbError> {
    let fields = store::list(tx).await?;
    let kept = match fields.iter().find(|field| field.key == key) {
        Some(newer) => store::having(tx, newer.id, holders).await?,
        None => HashSet::new(),
    };
    // Nobody's edit of meanwhile is written over.
    contact::hold(tx, holders).await?;
    let mut people = contact::list_any(tx, holders.iter().copied()).await?;
    for person in people.iter_mut().filter(|person| !kept.contains(&person.id)) {
        person.fields.remove(key);
    }
    contact::update(tx, &people, &fields).await
}

/// What the job that removes an option is given.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct OptionPayload {
    pub(super) field_id: i64,
    pub(super) option: String,
}

struct DeleteOption;

impl Run for DeleteOption {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let OptionPayload { field_id, option } = serde_json::from_str(payload)?;
            let (db, mut done, mut behind) = (&context.bench.db, 0, 0);
            let actor = Actor::system();
            loop {
                if context.stop.is_cancelled() {
                    return Ok(Verdict::Retry(0, "the server is stopping; what was removed is gone".to_owned()));
                }
                let mut tx = db.begin_turn(db.turn().await).await?;
                let Some(field) = store::find_held(&mut tx, field_id).await? else { return Ok(Verdict::Done(None)) };
                let people = store::choosers(&mut tx, field_id, &option, behind, BATCH).await?;
                let Some(last) = people.last().copied() else {
                    store::drop_option(&mut tx, &field, &option).await?;
                    tx.commit().await?;
                    return Ok(Verdict::Done(Some(serde_json::json!({ "contacts": done }))));
                };
                let by = By { actor: &actor, now: context.bench.clock.now(), ids: &context.bench.ids };
                unchoose(&mut tx, &by, &field, &option, &people).await?;
                tx.commit().await?;
                behind = last;
                done += i64::try_from(people.len()).unwrap_or(0);
                context.progress(done, None).await?;
            }
        })
    }
}

/// Takes an option from these contacts, deleted ones too; segments hear of it.
async fn unchoose(tx: &mut Tx, by: &By<'_>, field: &Field, option: &str, people: &[i64]) -> Result<(), DbError> {
    contact::hold(tx, people).await?;
    let mut people = contact::list_any(tx, people.iter().copied()).await?;
    for person in &mut people {
        let Some(value) = person.fields.get(&field.key) else { continue };
        let left: Vec<&str> = field.kept(value).into_iter().filter(|key| *key != option).collect();
        let left = if field.kind == FieldKind::Choices && !left.is_empty() { Json::from(left) } else { Json::Null };
        person.set(&format!("f:{}", field.key), left);
    }
    let fields = store::list(tx).await?;
    contact::update(tx, &people, &fields).await?;
    let told = |person: &contact::Contact| contact::event(by, "contact.updated", person).subject(format!("f:{}", field.key));
    append(tx, &mut people.iter().map(told).collect::<Vec<_>>()).await
}
