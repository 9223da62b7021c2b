//! Removing the values of a field or of an option that was deleted: batch by batch, because everybody may have one.

use std::collections::HashSet;
use std::sync::Arc;

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_house::BoxFuture;
use attune_jobs::{JobContext, JobDef, Run, Verdict};
use attune_kernel::Fault;
use attune_web::Actor;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Field, FieldKind, Subject, store};
use crate::company::{self, Company};
use crate::contact::{self, By, Contact};

/// The kind of job.
pub(crate) const DELETE: &str = "identify.delete_field";
/// The kind of job that removes an option's values.
pub(crate) const DELETE_OPTION: &str = "identify.delete_option";
/// Records in one transaction.
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
                let Some(gone) = store::find_hidden(&mut tx, field_id).await? else { return Ok(Verdict::Done(None)) };
                let holders = store::holders(&mut tx, field_id, behind, BATCH).await?;
                let Some(last) = holders.last().copied() else {
                    store::remove(&mut tx, field_id).await?;
                    tx.commit().await?;
                    return Ok(Verdict::Done(Some(serde_json::json!({ "records": done }))));
                };
                clear(&mut tx, &gone, &holders).await?;
                tx.commit().await?;
                behind = last;
                done += i64::try_from(holders.len()).unwrap_or(0);
                context.progress(done, None).await?;
            }
        })
    }
}

/// Takes a hidden field's value from these records, deleted ones too. A field of the same key may have been made meanwhile: what has a value
/// in that one keeps it.
async fn clear(tx: &mut Tx, gone: &Field, holders: &[i64]) -> Result<(), DbError> {
    let fields = store::list_of(tx, gone.subject).await?;
    let kept = match fields.iter().find(|field| field.key == gone.key) {
        Some(newer) => store::having(tx, newer.id, holders).await?,
        None => HashSet::new(),
    };
    let change = |id: i64, values: &mut Map<String, Json>| {
        if !kept.contains(&id) {
            values.remove(&gone.key);
        }
    };
    rewrite(tx, gone.subject, holders, &fields, change).await.map(drop)
}

/// The records a change went through.
enum Rewritten {
    People(Vec<Contact>),
    Companies(Vec<Company>),
}

/// Changes the values of these records, deleted ones too.
async fn rewrite(
    tx: &mut Tx,
    subject: Subject,
    ids: &[i64],
    fields: &[Field],
    change: impl Fn(i64, &mut Map<String, Json>),
) -> Result<Rewritten, DbError> {
    match subject {
        Subject::Contact => {
            // Nobody's edit of meanwhile is written over.
            contact::hold(tx, ids).await?;
            let mut people = contact::list_any(tx, ids.iter().copied()).await?;
            people.iter_mut().for_each(|person| change(person.id, &mut person.fields));
            contact::update(tx, &people, fields).await?;
            Ok(Rewritten::People(people))
        }
        Subject::Company => {
            company::hold(tx, ids).await?;
            let mut companies = company::list_any(tx, ids.iter().copied()).await?;
            companies.iter_mut().for_each(|company| change(company.id, &mut company.fields));
            company::update(tx, &companies, fields).await?;
            Ok(Rewritten::Companies(companies))
        }
    }
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
                    return Ok(Verdict::Done(Some(serde_json::json!({ "records": done }))));
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

/// Takes an option from these records, deleted ones too; segments hear of it.
async fn unchoose(tx: &mut Tx, by: &By<'_>, field: &Field, option: &str, holders: &[i64]) -> Result<(), DbError> {
    let change = |_: i64, values: &mut Map<String, Json>| {
        let Some(value) = values.get(&field.key) else { return };
        let left: Vec<&str> = field.kept(value).into_iter().filter(|key| *key != option).collect();
        if field.kind == FieldKind::Choices && !left.is_empty() {
            let left = Json::from(left);
            values.insert(field.key.clone(), left);
        } else {
            values.remove(&field.key);
        }
    };
    let fields = store::list_of(tx, field.subject).await?;
    let key = format!("f:{}", field.key);
    let mut told: Vec<Event> = match rewrite(tx, field.subject, holders, &fields, change).await? {
        Rewritten::People(people) => people.iter().map(|one| contact::event(by, "contact.updated", one).subject(key.as_str())).collect(),
        Rewritten::Companies(companies) => {
            companies.iter().map(|one| company::event(by, "company.updated", one.id).subject(key.as_str())).collect()
        }
    };
    append(tx, &mut told).await
}
