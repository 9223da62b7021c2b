//! A batch of lines: matched and written in the caller's transaction, which may hold several; told to the event log at its end.

use std::collections::{BTreeMap, HashMap, HashSet};

use attune_db::{Column, DbError, Relation, Tx, Value};
use attune_events::{Event, append, known_client_keys};
use serde_json::Value as Json;

use super::Counts;
use super::companies;
use super::event_rows::{EventRow, Repeats};
use super::firms::Seen;
use super::matching::{Fate, Firms, Matched, Matching, Pending};
use super::named;
use super::plan::Plan;
use super::reading::Reading;
use super::rows::{Fresh, RowDraft, RowError};
use super::store::{self, Changed};
use crate::contact::search::WordLists;
use crate::contact::{self, By, Contact, Prepared};
use crate::field::{self, Field, Subject};
use crate::staff::Member;
use crate::tag;

/// How far ahead of us another system's clock may be, or its zone: µs.
const A_DAY: i64 = 86_400_000_000;

/// Lines after which the planner hears for the first time how large the tables have become.
const FIRST_TOLD: i64 = 1_000;

/// What is the same for, or carried from, batch to batch.
pub(crate) struct Batches<'a> {
    pub(super) plan: &'a Plan,
    pub(super) import_id: i64,
    pub(super) members: &'a [Member],
    pub(super) fields: Vec<Field>,
    keyless: HashMap<u64, u32>,
    firms: Firms,
    repeats: Repeats,
    /// Found by these words, once they are written.
    words: WordLists,
    /// To be told.
    pub(super) log: Vec<Event>,
    /// In a dry run: the keys of records that would have been made.
    pub(super) made: Option<HashSet<String>>,
    /// Lines taken, and those at which the planner hears how large the tables have become.
    taken: i64,
    told_at: i64,
    /// What lines about companies have said so far.
    pub(super) seen: Seen,
}

impl<'a> Batches<'a> {
    pub(crate) fn new(plan: &'a Plan, import_id: i64, members: &'a [Member], fields: Vec<Field>) -> Self {
        Self {
            plan,
            import_id,
            members,
            fields,
            keyless: HashMap::new(),
            firms: Firms::new(),
            repeats: Repeats::default(),
            words: WordLists::default(),
            log: Vec::new(),
            made: None,
            taken: 0,
            told_at: FIRST_TOLD,
            seen: Seen::default(),
        }
    }

    /// Writes what is best written once a transaction: search words and the log.
    pub(crate) async fn finish(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        // Behind the transaction a company may be renamed or gone.
        self.firms.clear();
        self.words.write(tx).await?;
        append(tx, &mut std::mem::take(&mut self.log)).await
    }

    pub(crate) fn dry(mut self) -> Self {
        self.made = Some(HashSet::new());
        self
    }

    /// Tells the planner how large the tables have become, whenever that is ten times what it was.
    async fn tell_planner(&mut self, tx: &mut Tx, lines: i64) -> Result<(), DbError> {
        self.taken += lines;
        if self.taken >= self.told_at {
            self.told_at = self.taken.saturating_mul(10);
            tx.count_rows_of(&["contacts", "companies"]).await?;
        }
        Ok(())
    }

    /// Remembers lines without any key and events that an earlier life of this import has taken.
    fn pass_over(&mut self, reading: &mut Reading) {
        for fingerprint in std::mem::take(&mut reading.passed) {
            *self.keyless.entry(fingerprint).or_default() += 1;
        }
        for (event, key) in std::mem::take(&mut reading.passed_events) {
            self.repeats.pass(&event, &key);
        }
    }
}

/// Takes a batch: answers what became of its lines and those refused. [`Batches::finish`] ends the transaction's batches. In a dry run
/// nothing is written.
pub(crate) async fn take(
    tx: &mut Tx,
    batches: &mut Batches<'_>,
    by: &By<'_>,
    mut reading: Reading,
) -> Result<(Counts, Vec<RowError>), DbError> {
    batches.pass_over(&mut reading);
    if batches.plan.is_of_events() {
        reading.refuse_behind(by.now.saturating_add(A_DAY));
    }
    // Who an event belongs to is asked only where there are events.
    let keys = if reading.events.is_empty() { HashMap::new() } else { reading.keys() };
    let mut counts = reading.counts();
    let Reading { drafts, events, mut refused, .. } = reading;
    let dry = batches.made.is_some();
    let drafts = if dry { drafts } else { with_options(tx, batches, by, drafts, &mut refused).await? };
    let drafts = named::settle(tx, (batches.plan, &batches.fields), drafts, &mut refused).await?;
    if batches.plan.subject == Subject::Company {
        let fates = companies::take(tx, batches, by, drafts, &mut refused).await?;
        count_fates(&mut counts, batches, &fates);
        counts.rejected = i64::try_from(refused.len()).unwrap_or(0);
        if !dry {
            batches.tell_planner(tx, counts.rows).await?;
        }
        return Ok((counts, refused));
    }
    let mut matching = Matching::new(batches.plan, *by, batches.import_id, batches.members, dry);
    matching.keyless = std::mem::take(&mut batches.keyless);
    matching.firms = std::mem::take(&mut batches.firms);
    let matched = matching.matched(tx, drafts).await;
    batches.keyless = std::mem::take(&mut matching.keyless);
    if !dry {
        batches.firms = std::mem::take(&mut matching.firms);
    }
    let mut matched = matched?;
    refused.append(&mut matched.errors);
    count_fates(&mut counts, batches, &matched.fates);
    let told = fresh_events(tx, batches, &matched, events, &keys).await?;
    count_told(&mut counts, batches.plan, &mut matched, &told);
    if !dry {
        write(tx, batches, by, &mut matched, told.into_iter().map(|(_, event)| event).collect()).await?;
        batches.tell_planner(tx, counts.rows).await?;
    }
    counts.rejected = i64::try_from(refused.len()).unwrap_or(0);
    Ok((counts, refused))
}

/// Makes the options these lines name, and gives the lines their keys; lines for whose options there is no room are refused.
async fn with_options(
    tx: &mut Tx,
    batches: &mut Batches<'_>,
    by: &By<'_>,
    drafts: Vec<RowDraft>,
    refused: &mut Vec<RowError>,
) -> Result<Vec<RowDraft>, DbError> {
    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (key, label) in drafts.iter().flat_map(|draft| &draft.new_options) {
        let labels = wanted.entry(key).or_default();
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    for (key, labels) in wanted {
        if let Some(field) = batches.fields.iter_mut().find(|field| field.key == key) {
            field::add_options(tx, by, field, &labels).await?;
        }
    }
    let mut kept = Vec::with_capacity(drafts.len());
    for mut draft in drafts {
        match settle(&mut draft, &batches.fields) {
            Ok(()) => kept.push(draft),
            Err(detail) => refused.push(RowError { line: draft.line, cause: "option", detail }),
        }
    }
    Ok(kept)
}

/// Turns the labels a line names into what is kept of them; the value for which there is no option is answered.
fn settle(draft: &mut RowDraft, fields: &[Field]) -> Result<(), String> {
    if draft.new_options.is_empty() {
        return Ok(());
    }
    for (key, value) in &mut draft.values {
        let field = key.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key));
        let Some((field, text)) = field.filter(|field| field.kind.has_options()).zip(value.as_str().map(str::to_owned)) else { continue };
        *value = field.read(&text).map_err(|_| format!("{}: {text}", field.label).chars().take(200).collect::<String>())?;
    }
    if draft.fresh.is_some() {
        draft.fresh = Some(Box::new(Fresh::of(draft)));
    }
    Ok(())
}

fn count_fates(counts: &mut Counts, batches: &mut Batches<'_>, fates: &[(Fate, Option<String>)]) {
    for (fate, key) in fates {
        // A dry run cannot find whom an earlier batch would have made.
        let again = match (&mut batches.made, key) {
            (Some(made), Some(key)) if *fate == Fate::Created => !made.insert(key.clone()),
            _ => false,
        };
        match fate {
            Fate::Created if !again => counts.created += 1,
            Fate::Created | Fate::Updated => counts.updated += 1,
            Fate::Skipped => counts.skipped += 1,
        }
    }
}

/// Counts the events that are new. A row that only logged something has changed something; where rows are events, they are all that counts.
fn count_told(counts: &mut Counts, plan: &Plan, matched: &mut Matched, told: &[(i64, Event)]) {
    let whole = |n: usize| i64::try_from(n).unwrap_or(0);
    if plan.is_of_events() {
        // Every line that was taken, and every empty one, has been counted once.
        counts.skipped += counts.created + counts.updated - whole(told.len());
        counts.updated = whole(told.len());
        return;
    }
    let moved = whole(told.iter().filter(|(line, _)| matched.unchanged.remove(line)).count());
    counts.skipped -= moved;
    counts.updated += moved;
}

/// Writes people, their changes and events.
async fn write(tx: &mut Tx, batches: &mut Batches<'_>, by: &By<'_>, matched: &mut Matched, mut log: Vec<Event>) -> Result<(), DbError> {
    let id = batches.import_id;
    let touches = last_touches(&log);
    for pending in &mut matched.people {
        let seen = touches.get(&pending.contact.id).copied();
        if seen > pending.contact.last_seen_at {
            pending.contact.last_seen_at = seen;
        }
    }
    let (mut new, known): (Vec<Pending>, Vec<Pending>) = std::mem::take(&mut matched.people).into_iter().partition(|p| p.before.is_none());
    let old: Vec<&Pending> = known.iter().filter(|p| p.changed || touches.contains_key(&p.contact.id)).collect();
    let prepared = new.iter_mut().map(|p| (&p.contact, p.prepared.take().unwrap_or_else(|| Prepared::of(&p.contact))));
    contact::insert_prepared(tx, prepared, &batches.fields, &mut batches.words).await?;
    let changed: Vec<Contact> = old.iter().filter(|p| p.changed).map(|p| p.contact.clone()).collect();
    contact::update_rows(tx, &changed, &batches.fields, &mut batches.words).await?;
    put_touches(tx, touches.iter()).await?;
    note_changes(tx, id, &old).await?;
    let mut tagged = tag::bring(tx, by, (Subject::Contact, id), &matched.tags).await?;
    let told = |c: &Contact, name: &'static str| contact::event(by, name, c).origin(id);
    batches.log.extend(new.iter().map(|p| told(&p.contact, "contact.created")));
    batches.log.extend(changed.iter().map(|c| told(c, "contact.updated")));
    batches.log.append(&mut tagged);
    batches.log.append(&mut log);
    Ok(())
}

/// The lines with their events and people, without those the log has already.
async fn fresh_events(
    tx: &mut Tx,
    batches: &mut Batches<'_>,
    matched: &Matched,
    events: Vec<EventRow>,
    keys: &HashMap<i64, String>,
) -> Result<Vec<(i64, Event)>, DbError> {
    let mut log = Vec::with_capacity(events.len());
    for event in events {
        if let (Some(person), Some(key)) = (matched.of_line.get(&event.line), keys.get(&event.line)) {
            log.push((event.line, event.event(*person, key, batches.import_id, &mut batches.repeats)));
        }
    }
    let known = known_client_keys(tx, log.iter().filter_map(|(_, e)| e.client_key)).await?;
    log.retain(|(_, e)| e.client_key.is_none_or(|key| !known.contains(&key)));
    Ok(log)
}

fn last_touches(log: &[Event]) -> HashMap<i64, i64> {
    let mut touches: HashMap<i64, i64> = HashMap::new();
    for event in log {
        if let Some(person) = event.contact_id {
            let at = touches.entry(person).or_insert(event.at);
            *at = event.at.max(*at);
        }
    }
    touches
}

async fn put_touches(tx: &mut Tx, touches: impl Iterator<Item = (&i64, &i64)>) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
    for (id, at) in touches {
        rows.push(vec![Value::Int(*id), Value::Int(*at)]);
    }
    contact::touch(tx, &rows).await?;
    Ok(())
}

/// Notes what people who were there before have lost and gained.
async fn note_changes(tx: &mut Tx, id: i64, old: &[&Pending]) -> Result<(), DbError> {
    let strangers = old.iter().filter(|p| p.contact.import_id != Some(id));
    let moved = strangers.filter_map(|pending| {
        let before = pending.before.as_ref()?;
        let at = (before.updated_at, pending.contact.updated_at);
        Some(Moved { id: before.id, at, differences: pending.contact.differences(before) })
    });
    note_moved(tx, id, moved.collect()).await
}

/// What became of a record that was there before: when it was last changed before and now, and what differs.
pub(super) struct Moved {
    pub(super) id: i64,
    pub(super) at: (i64, i64),
    pub(super) differences: Vec<(String, Json, Json)>,
}

/// Notes what records have lost and gained, joined with what an earlier batch did to them.
pub(super) async fn note_moved(tx: &mut Tx, id: i64, moved: Vec<Moved>) -> Result<(), DbError> {
    let earlier = store::list_changed_of(tx, id, moved.iter().map(|one| one.id)).await?;
    let mut earlier: HashMap<i64, Changed> = earlier.into_iter().map(|c| (c.record_id, c)).collect();
    let mut all = Vec::with_capacity(moved.len());
    for one in moved {
        let fresh = Changed { record_id: one.id, changes: HashMap::new(), before_at: one.at.0, after_at: 0 };
        let mut noted = earlier.remove(&one.id).unwrap_or(fresh);
        noted.after_at = one.at.1;
        for (key, was, is) in one.differences {
            let slot = noted.changes.entry(key).or_insert((was, Json::Null));
            slot.1 = is;
        }
        all.push(noted);
    }
    store::put_changed(tx, id, &all).await
}
