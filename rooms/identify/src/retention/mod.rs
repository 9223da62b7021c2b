//! Retention: how long each class of data is kept, and that what is past its time really goes.
//!
//! Guards that nothing goes unless an administrator set a limit, that a run takes every row past it and no younger one, that people go by the same road
//! as somebody who asked to be erased, that whoever is held stays whole, and that each run leaves a receipt (ADR 0028).

mod class;
pub(crate) mod hold;
mod hold_pages;
mod jobs;
pub(crate) mod pages;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use attune_db::{DbError, Tx};
use attune_events::Catalogue;
use attune_house::{Room, StorageClass, setting_int, write_setting};
use attune_kernel::{DAY_US, id_type};
use attune_record::audit;
use attune_web::FormErrors;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contact::By;
use crate::import::jobs::Tables;
use class::{CLASSES, CONTACTS, MOST_DAYS};
use hold::{CONTACT_TABLES, EVENTS};

/// Adds this noun to the room.
pub(crate) fn plug(room: Room, tables: &Tables) -> Room {
    room.routes(pages::routes(tables))
        .nav([pages::nav()])
        .permissions(pages::permissions())
        .events(EVENTS)
        .storage(CLASSES)
        .contact_tables(CONTACT_TABLES)
        .jobs(jobs::defs(tables))
        .crons([jobs::cron()])
}

id_type!(
    /// The id of a run.
    RunId,
    "ret"
);

/// A class and how long it is kept.
#[derive(Clone, Copy, Debug)]
struct Rule {
    class: StorageClass,
    /// Days; 0: for ever.
    days: i64,
}

impl Rule {
    /// The moment before which rows go.
    fn until(&self, now: i64) -> i64 {
        now - self.days * DAY_US
    }
}

/// What a run did to a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    class: String,
    days: i64,
    /// The moment before which rows went, µs UTC.
    until: i64,
    rows: i64,
}

/// A run and its receipt.
#[derive(Clone, Debug)]
struct Run {
    id: RunId,
    job_id: i64,
    /// `running`, `done` or `cancelled`.
    state: String,
    /// Who asked for it; empty when it was its time.
    staff_name: String,
    lines: Vec<Line>,
    started_at: i64,
    finished_at: Option<i64>,
}

impl Run {
    fn rows(&self) -> i64 {
        self.lines.iter().map(|line| line.rows).sum()
    }
}

/// The setting that keeps a class's limit. They have a page of their own.
fn setting(class: &StorageClass) -> String {
    format!("retention.{}", class.key)
}

/// How long every one of these classes is kept.
async fn rules(tx: &mut Tx, classes: &[StorageClass]) -> Result<Vec<Rule>, DbError> {
    let mut rules = Vec::with_capacity(classes.len());
    for class in classes {
        rules.push(Rule { class: *class, days: setting_int(tx, &setting(class), 0).await? });
    }
    Ok(rules)
}

/// Limits as typed; a class left empty is kept for ever.
fn check(classes: &[StorageClass], typed: &HashMap<String, String>) -> Result<Vec<Rule>, FormErrors> {
    let mut errors = FormErrors::new();
    let mut rules = Vec::with_capacity(classes.len());
    for class in classes {
        let text = typed.get(class.key).map_or("", |text| text.trim());
        let days = if text.is_empty() { 0 } else { errors.number(class.key, text, class.least, MOST_DAYS) };
        rules.push(Rule { class: *class, days });
    }
    errors.or(rules)
}

/// Sets every limit; what changed is on record.
async fn set(tx: &mut Tx, by: &By<'_>, wanted: &[Rule]) -> Result<(), DbError> {
    let classes: Vec<StorageClass> = wanted.iter().map(|rule| rule.class).collect();
    let before = rules(tx, &classes).await?;
    for (was, is) in before.iter().zip(wanted).filter(|(was, is)| was.days != is.days) {
        write_setting(tx, &setting(&is.class), &is.days.to_string(), Some(by.actor.staff_id), by.now).await?;
        let told = |rule: &Rule| Some(json!({ "class": rule.class.key, "days": rule.days }));
        audit::note(tx, by.ids, by.now, by.actor, "retention.changed", "retention", 0, told(was), told(is)).await?;
    }
    Ok(())
}

/// What people did themselves although no rule is built on it.
const DEEDS: [&str; 2] = ["question.answered", "question.declined"];

/// The events that are no deeds of people: what Attune reckoned, sent or was told by staff. A name nobody defined is a deed.
pub(crate) fn quiet(catalogue: &Catalogue) -> Vec<&'static str> {
    catalogue.list().filter(|def| !def.behaviour && !DEEDS.contains(&def.name)).map(|def| def.name).collect()
}

/// How many rows of a class are past its limit, and the oldest of them.
async fn preview(tx: &mut Tx, rule: &Rule, now: i64, quiet: &[&'static str]) -> Result<(i64, Option<i64>), DbError> {
    if rule.class.key == CONTACTS {
        return store::count_people(tx, rule.until(now), quiet).await;
    }
    let (mut rows, mut oldest) = (0, None);
    for part in rule.class.parts {
        let (count, first) = store::count(tx, part, rule.until(now)).await?;
        rows += count;
        oldest = [oldest, first].into_iter().flatten().min();
    }
    Ok((rows, oldest))
}
