//! Keeps the two tables from the log.

use std::collections::BTreeMap;

use attune_db::{Column, Relation, Tx, Value};
use attune_events::{BoxFuture, Event, React, Spine};
use attune_kernel::Fault;

use super::{STEPS, store};

/// Keeps the last moment of each kind of event per contact.
pub(crate) struct KeepChanges;

impl KeepChanges {
    pub(crate) const HEARS: &'static [&'static str] = &[
        "lead.handed_over",
        "purchase.made",
        "form.submitted",
        "mail.clicked",
        "mail.click_rejudged",
        "mail.opened",
        "visitor.identified",
        "lead.rejected",
        "mail.unsubscribed",
        "contact.owner_changed",
    ];
}

impl React for KeepChanges {
    fn react<'a>(&'a self, _: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let mut latest: BTreeMap<(i64, &str), i64> = BTreeMap::new();
            for event in events.iter().filter(|e| !e.machine) {
                let Some(contact_id) = event.contact_id else { continue };
                let at = latest.entry((contact_id, event.name.as_ref())).or_insert(event.at);
                *at = event.at.max(*at);
            }
            let mut rows = Relation::new(&[("contact_id", Column::Int), ("name", Column::Text), ("at", Column::Int)]);
            for ((contact_id, name), at) in latest {
                rows.push(vec![Value::Int(contact_id), Value::from(name), Value::Int(at)]);
            }
            store::put(tx, &rows).await?;
            let moved = events.iter().filter(|e| e.name == "contact.owner_changed").filter_map(|e| e.contact_id);
            store::renew_owners(tx, &Relation::of_ids("id", moved)).await?;
            let misjudged = events.iter().filter(|e| e.name == "mail.click_rejudged").filter_map(|e| e.contact_id);
            Ok(store::recall_clicks(tx, &Relation::of_ids("id", misjudged)).await?)
        })
    }
}

/// Ticks off the first steps as they happen.
pub(crate) struct TickSteps;

impl TickSteps {
    pub(crate) const HEARS: &'static [&'static str] =
        &["page.viewed", "contact.created", "contact.imported", "segment.entered", "segment.filled", "mail.accepted"];
}

impl React for TickSteps {
    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            for (step, names) in STEPS {
                if events.iter().any(|e| !e.machine && names.contains(&e.name.as_ref())) {
                    store::tick_step(tx, step, spine.clock.now()).await?;
                }
            }
            Ok(())
        })
    }
}
