//! From events to steps: pure, a batch at a time.

use std::collections::BTreeMap;

use attune_events::Event;

use super::Stage;

/// What a batch of events says about contacts and visitors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    /// Who has to be known: everybody named, because contacts without a step of their own count too.
    pub(crate) known: Vec<i64>,
    /// Imports that brought people.
    pub(crate) imports: Vec<i64>,
    /// The first moment at which contacts reached a stage, by stage.
    pub(crate) reached: BTreeMap<Stage, BTreeMap<i64, i64>>,
    /// Every purchase: contact and moment. The store knows whether a rep had accepted before.
    pub(crate) bought: Vec<(i64, i64)>,
    /// The newest reason against going further.
    pub(crate) losses: BTreeMap<i64, (i64, String)>,
    /// Visitors and their first page view.
    pub(crate) visitors: BTreeMap<i64, i64>,
    /// Visitors who became somebody: (contact, moment).
    pub(crate) identified: BTreeMap<i64, (i64, i64)>,
}

/// The events steps are made of.
pub(crate) const HEARS: &[&str] = &[
    "contact.created",
    "contact.imported",
    "contact.stage_changed",
    "mail.clicked",
    "mail.failed",
    "mail.unsubscribed",
    "form.submitted",
    "file.downloaded",
    "lead.handed_over",
    "lead.accepted",
    "lead.rejected",
    "purchase.made",
    "page.viewed",
    "visitor.identified",
];

/// Reads a batch. What machines did does not count.
pub(crate) fn read(events: &[Event]) -> Steps {
    let mut steps = Steps::default();
    for event in events.iter().filter(|event| !event.machine) {
        steps.add(event);
    }
    steps.known.sort_unstable();
    steps.known.dedup();
    steps
}

impl Steps {
    fn add(&mut self, event: &Event) {
        let subject = event.subject.as_deref().unwrap_or("");
        match event.name.as_ref() {
            "contact.imported" => return self.imports.extend(event.origin_id),
            "page.viewed" => return self.see(event),
            "visitor.identified" => self.identify(event),
            _ => {}
        }
        let Some(contact_id) = event.contact_id else { return };
        self.known.push(contact_id);
        match event.name.as_ref() {
            "mail.clicked" | "form.submitted" | "file.downloaded" => self.reach(Stage::Engaged, contact_id, event.at),
            "contact.stage_changed" if matches!(subject, "mql" | "sql") => self.reach(Stage::Engaged, contact_id, event.at),
            "lead.handed_over" => self.reach(Stage::HandedOver, contact_id, event.at),
            "lead.accepted" => self.reach(Stage::Accepted, contact_id, event.at),
            "purchase.made" => self.bought.push((contact_id, event.at)),
            "lead.rejected" => self.lose(contact_id, event.at, subject),
            "mail.unsubscribed" => self.lose(contact_id, event.at, "unsubscribed"),
            "mail.failed" => self.lose(contact_id, event.at, "undelivered"),
            _ => {}
        }
    }

    /// Whoever reaches a stage has reached those before it at the latest then.
    fn reach(&mut self, stage: Stage, contact_id: i64, at: i64) {
        let mut next = Some(stage).filter(|stage| *stage > Stage::Known);
        while let Some(stage) = next {
            let first = self.reached.entry(stage).or_default().entry(contact_id).or_insert(at);
            *first = at.min(*first);
            next = stage.before().filter(|stage| *stage > Stage::Known);
        }
    }

    fn lose(&mut self, contact_id: i64, at: i64, reason: &str) {
        let newest = self.losses.entry(contact_id).or_insert_with(|| (at, reason.to_owned()));
        if at >= newest.0 {
            *newest = (at, reason.to_owned());
        }
    }

    fn see(&mut self, event: &Event) {
        if let Some(visitor_id) = event.visitor_id {
            let first = self.visitors.entry(visitor_id).or_insert(event.at);
            *first = event.at.min(*first);
        }
    }

    fn identify(&mut self, event: &Event) {
        if let (Some(visitor_id), Some(contact_id)) = (event.visitor_id, event.contact_id) {
            self.identified.entry(visitor_id).or_insert((contact_id, event.at));
        }
    }
}
