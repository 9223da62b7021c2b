//! Taking an import back: created people go with every trace, changed people get back what the import replaced and nobody has changed since.

use std::collections::HashMap;

use attune_db::{Column, DbError, Relation, Tx, Value, params, sql};
use attune_events::{Event, append};
use attune_house::{ContactTable, erase_from};
use attune_jobs::Bench;
use attune_record::audit;
use attune_web::Actor;
use serde_json::json;

use super::store::{self, Changed, ImportState};
use super::{Counts, ImportError, ImportId, Progress};
use crate::contact::{self, By, Contact};
use crate::{company, field, merge, tag};

/// People in one transaction.
const BATCH: i64 = 2_000;

/// Takes the import `id` back, batch by batch; goes on where an interrupted undo stopped. `tables` are the house's contact tables.
///
/// Answers what was undone: `created` people removed, `updated` people restored. [`ImportError::NotFound`] unless the import is over
/// and what it takes is still kept. Who is held stays.
pub async fn undo(
    bench: &Bench,
    actor: &Actor,
    id: i64,
    tables: &[ContactTable],
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Counts, ImportError> {
    let mut tx = bench.db.begin().await?;
    let import = store::find(&mut tx, id).await?.filter(|import| import.undo_gone_at.is_none()).ok_or(ImportError::NotFound)?;
    if !store::set_state(&mut tx, id, &ImportState::UNDOABLE, ImportState::Undoing, None).await? {
        return Err(ImportError::NotFound);
    }
    tx.commit().await?;
    let mut undone = Counts::default();
    let total = import.counts.created + import.counts.updated;
    loop {
        let mut tx = bench.db.begin().await?;
        let people = store::list_created(&mut tx, id, BATCH).await?;
        if people.is_empty() {
            break;
        }
        let by = By { actor, now: bench.clock.now(), ids: &bench.ids };
        merge::part_all(&mut tx, &by, tables, &people).await?;
        erase_from(&mut tx, tables, &people).await?;
        tx.commit().await?;
        undone.created += i64::try_from(people.len()).unwrap_or(0);
        tell(Progress { done: undone.created, total });
    }
    loop {
        let mut tx = bench.db.begin().await?;
        let changed = store::list_changed(&mut tx, id, BATCH).await?;
        if changed.is_empty() {
            break;
        }
        restore(&mut tx, id, &changed).await?;
        tx.commit().await?;
        undone.updated += i64::try_from(changed.len()).unwrap_or(0);
        tell(Progress { done: undone.created + undone.updated, total });
    }
    untag(bench, id).await?;
    let by = By { actor, now: bench.clock.now(), ids: &bench.ids };
    finish(bench, &by, id, &undone).await?;
    Ok(undone)
}

/// Takes the tags back that the import gave, from whoever has them.
async fn untag(bench: &Bench, id: i64) -> Result<(), DbError> {
    loop {
        let mut tx = bench.db.begin().await?;
        if tag::take_back(&mut tx, bench.clock.now(), id, BATCH).await? == 0 {
            return Ok(());
        }
        tx.commit().await?;
    }
}

async fn restore(tx: &mut Tx, id: i64, changed: &[Changed]) -> Result<(), DbError> {
    let people = contact::list_by_ids(tx, changed.iter().map(|c| c.contact_id)).await?;
    let by_id: HashMap<i64, &Changed> = changed.iter().map(|c| (c.contact_id, c)).collect();
    let defs = field::list(tx).await?;
    let mut restored: Vec<Contact> = Vec::with_capacity(people.len());
    let mut seen = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
    for mut person in people {
        let Some(changed) = by_id.get(&person.id) else { continue };
        for (key, (was, is)) in &changed.changes {
            if person.raw(key) == *is {
                person.set(key, was.clone());
                if key == "last_seen_at" {
                    seen.push(vec![Value::Int(person.id), person.last_seen_at.into()]);
                }
            }
        }
        if person.updated_at == changed.after_at {
            person.updated_at = changed.before_at;
        }
        restored.push(person);
    }
    contact::name_companies(tx, &mut restored).await?;
    contact::update(tx, &restored, &defs).await?;
    let sql = sql!("UPDATE contacts SET last_seen_at = r.at FROM {rows} AS r WHERE contacts.id = r.id");
    tx.exec_from(sql, &seen, params![]).await?;
    store::remove_changed(tx, id, changed.iter().map(|c| c.contact_id)).await
}

async fn finish(bench: &Bench, by: &By<'_>, id: i64, undone: &Counts) -> Result<(), ImportError> {
    let mut tx = bench.db.begin().await?;
    // Whoever was changed has to be scored anew; those events stay, the import's own go.
    let touched =
        tx.rows(sql!("SELECT DISTINCT contact_id FROM events WHERE origin_id = $1 AND contact_id IS NOT NULL"), params![id]).await?;
    let people = touched.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>()?;
    store::remove_events(&mut tx, id).await?;
    company::remove_of_import(&mut tx, id).await?;
    field::remove_unused(&mut tx, id).await?;
    tag::remove_unused(&mut tx, id).await?;
    store::remove_chunks(&mut tx, id).await?;
    store::remove_errors(&mut tx, id).await?;
    store::set_state(&mut tx, id, &[ImportState::Undoing], ImportState::Undone, Some(by.now)).await?;
    let after = json!({ "removed": undone.created, "restored": undone.updated });
    audit::note(&mut tx, by.ids, by.now, by.actor, "contact.import_undone", "import", id, None, Some(after)).await?;
    append(&mut tx, &mut receipts(by.now, id, &people, undone.created)).await?;
    tx.commit().await?;
    Ok(())
}

/// What the log keeps of an undone import: whom the other rooms have to reckon anew, and how many are gone; nobody who is gone is named.
fn receipts(now: i64, id: i64, restored: &[i64], removed: i64) -> Vec<Event> {
    let undone = json!({ "undone": ImportId(id) });
    let mut told: Vec<Event> = restored.iter().map(|person| Event::new("contact.updated", now).contact(*person).props(&undone)).collect();
    if removed > 0 {
        told.push(Event::new("contact.erased", now).amount(removed).props(&undone));
    }
    told
}
