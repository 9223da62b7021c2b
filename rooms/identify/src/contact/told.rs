//! Events in words: icon, tone and sentence of each, repeats joined. Events of rooms and sites not known here are told by their names.

use attune_events::Event;
use attune_kernel::DAY_US;
use attune_web::Lang;

use super::timeline::Entry;
use crate::address;
use crate::field::Subject;

/// What an event is about, for the timeline's filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Web,
    Mail,
    Sales,
    Record,
}

/// (event, locale key, icon, tone, kind). A sentence may use `$subject` and `$count`.
const KNOWN: [(&str, &str, &str, &str, Kind); 81] = [
    ("page.viewed", "identify-told-page", "mouse-pointer-click", "accent", Kind::Web),
    ("page.left", "identify-told-page", "mouse-pointer-click", "accent", Kind::Web),
    ("file.downloaded", "identify-told-download", "download", "accent", Kind::Web),
    ("link.followed", "identify-told-link", "external-link", "accent", Kind::Web),
    ("video.progressed", "identify-told-video", "video", "accent", Kind::Web),
    ("form.submitted", "identify-told-form", "clipboard-list", "good", Kind::Web),
    ("form.viewed", "identify-told-form-viewed", "clipboard-list", "", Kind::Web),
    ("form.started", "identify-told-form-started", "clipboard-list", "", Kind::Web),
    ("site.searched", "identify-told-search", "search", "accent", Kind::Web),
    ("visitor.identified", "identify-told-identified", "user-check", "good", Kind::Web),
    ("purchase.made", "identify-told-purchase", "shopping-cart", "good", Kind::Sales),
    ("purchase.returned", "identify-told-returned", "undo-2", "warn", Kind::Sales),
    ("mail.accepted", "identify-told-mail-sent", "mail", "blue", Kind::Mail),
    ("mail.failed", "identify-told-mail-failed", "mail-x", "bad", Kind::Mail),
    ("mail.opened", "identify-told-mail-opened", "mail-open", "blue", Kind::Mail),
    ("mail.clicked", "identify-told-mail-clicked", "mouse-pointer-click", "blue", Kind::Mail),
    ("mail.unsubscribed", "identify-told-unsubscribed", "ban", "bad", Kind::Mail),
    ("contact.created", "identify-told-created", "user-plus", "", Kind::Record),
    ("contact.updated", "identify-told-updated", "pencil", "", Kind::Record),
    ("contact.deleted", "identify-told-deleted", "trash-2", "bad", Kind::Record),
    ("contact.restored", "identify-told-restored", "undo-2", "", Kind::Record),
    ("contact.held", "identify-told-held", "lock", "warn", Kind::Record),
    ("contact.released", "identify-told-released", "lock", "", Kind::Record),
    ("contact.merged", "identify-told-merged", "merge", "", Kind::Record),
    ("contact.split", "identify-told-split", "split", "", Kind::Record),
    ("contact.owner_changed", "identify-told-owner", "hand", "violet", Kind::Sales),
    ("contact.stage_changed", "identify-told-stage", "trending-up", "violet", Kind::Sales),
    ("contact.tagged", "identify-told-tagged", "tag", "", Kind::Record),
    ("contact.untagged", "identify-told-untagged", "tag", "", Kind::Record),
    ("company.created", "company-told-created", "building-2", "", Kind::Record),
    ("company.updated", "identify-told-updated", "pencil", "", Kind::Record),
    ("company.deleted", "identify-told-deleted", "trash-2", "bad", Kind::Record),
    ("company.restored", "identify-told-restored", "undo-2", "", Kind::Record),
    ("company.merged", "identify-told-merged", "merge", "", Kind::Record),
    ("company.split", "identify-told-split", "split", "", Kind::Record),
    ("company.tagged", "identify-told-tagged", "tag", "", Kind::Record),
    ("company.untagged", "identify-told-untagged", "tag", "", Kind::Record),
    ("relationship.made", "identify-told-related", "network", "", Kind::Record),
    ("relationship.changed", "identify-told-related-changed", "network", "", Kind::Record),
    ("relationship.ended", "identify-told-related-ended", "unlink", "", Kind::Record),
    ("file.added", "identify-told-file", "paperclip", "", Kind::Record),
    ("file.removed", "identify-told-file-removed", "paperclip", "", Kind::Record),
    ("file.restored", "identify-told-file-restored", "paperclip", "", Kind::Record),
    ("note.mentioned", "identify-told-mentioned", "at-sign", "", Kind::Sales),
    ("promise.made", "identify-told-promised", "handshake", "violet", Kind::Sales),
    ("promise.changed", "identify-told-promise-changed", "handshake", "", Kind::Sales),
    ("promise.overdue", "identify-told-promise-late", "calendar-x", "bad", Kind::Sales),
    ("promise.kept", "identify-told-promise-kept", "check", "good", Kind::Sales),
    ("promise.broken", "identify-told-promise-broken", "x", "bad", Kind::Sales),
    ("promise.withdrawn", "identify-told-promise-withdrawn", "undo-2", "", Kind::Sales),
    ("promise.reopened", "identify-told-promise-reopened", "undo-2", "", Kind::Sales),
    ("record.shared", "identify-told-shared", "share-2", "violet", Kind::Sales),
    ("record.unshared", "identify-told-unshared", "share-2", "", Kind::Sales),
    ("consent.given", "identify-told-consent", "check", "good", Kind::Record),
    ("consent.requested", "identify-told-consent-asked", "mail", "", Kind::Record),
    ("consent.ticked", "identify-told-consent-ticked", "clipboard-list", "", Kind::Web),
    ("consent.withdrawn", "identify-told-consent-off", "x", "bad", Kind::Record),
    ("preference.changed", "identify-told-preference", "sliders-horizontal", "", Kind::Record),
    ("score.changed", "identify-told-score", "gauge", "", Kind::Record),
    ("grade.changed", "identify-told-grade", "gauge", "good", Kind::Sales),
    ("segment.entered", "identify-told-segment", "filter", "", Kind::Record),
    ("segment.left", "identify-told-segment-left", "filter", "", Kind::Record),
    ("lead.handed_over", "identify-told-handed-over", "handshake", "violet", Kind::Sales),
    ("lead.accepted", "identify-told-accepted", "check", "good", Kind::Sales),
    ("lead.rejected", "identify-told-rejected", "undo-2", "warn", Kind::Sales),
    ("task.created", "identify-told-task", "list-checks", "warn", Kind::Sales),
    ("task.done", "identify-told-task-done", "circle-check", "good", Kind::Sales),
    ("question.asked", "identify-told-asked", "circle-help", "", Kind::Record),
    ("question.answered", "identify-told-answered", "circle-help", "good", Kind::Record),
    ("question.declined", "identify-told-declined", "circle-help", "", Kind::Record),
    ("device.added", "identify-told-device", "plug", "", Kind::Record),
    ("device.changed", "identify-told-device-changed", "plug", "", Kind::Record),
    ("device.removed", "identify-told-device-removed", "plug", "", Kind::Record),
    ("device.reading", "identify-told-device-reading", "gauge", "", Kind::Web),
    ("device.fault", "identify-told-device-fault", "triangle-alert", "bad", Kind::Web),
    ("device.recovered", "identify-told-device-recovered", "check", "good", Kind::Web),
    ("place.entered", "identify-told-place", "map-pin", "accent", Kind::Web),
    ("place.left", "identify-told-place-left", "map-pin", "", Kind::Web),
    ("product.viewed", "identify-told-product", "shopping-bag", "accent", Kind::Web),
    ("cart.added", "identify-told-cart", "shopping-cart", "accent", Kind::Web),
    ("checkout.started", "identify-told-checkout", "credit-card", "accent", Kind::Web),
];

/// Events that only say that something was reckoned anew or called otherwise, with their causes on the timeline, or that a device can be reached.
pub(super) const HIDDEN: [&str; 7] = [
    "company.tag_renamed",
    "contact.tag_renamed",
    "mail.click_rejudged",
    "push.registered",
    "score.changed",
    "segment.entered",
    "segment.left",
];

pub(super) fn names(kinds: &'static [Kind]) -> impl Iterator<Item = &'static str> {
    KNOWN.iter().filter(move |k| kinds.contains(&k.4)).map(|k| k.0)
}

/// Neighbours that say the same within a day.
struct Group {
    first: Event,
    count: i64,
    dwell_us: i64,
}

/// A page view and the end of it are one thing.
fn sort_of(event: &Event) -> &str {
    if event.name == "page.left" { "page.viewed" } else { event.name.as_ref() }
}

/// Whether two events are of the same person.
fn of_one(a: &Event, b: &Event) -> bool {
    a.contact_id == b.contact_id
}

/// The lines of `events` (newest first).
pub(crate) fn entries(l: &Lang, events: Vec<Event>) -> Vec<Entry> {
    let mut groups: Vec<Group> = Vec::new();
    for event in events {
        let left = event.name == "page.left";
        let (count, dwell_us) = if left { (0, event.amount.unwrap_or(0)) } else { (1, 0) };
        // The end of one page often lies between two views of others, so a little further back is looked at too.
        let same = groups.iter_mut().rev().take(4).find(|g| {
            let near = g.first.at - event.at < DAY_US && l.date_value(g.first.at) == l.date_value(event.at);
            near && sort_of(&g.first) == sort_of(&event)
                && g.first.subject == event.subject
                && g.first.machine == event.machine
                && of_one(&g.first, &event)
        });
        match same {
            Some(group) => {
                group.count += count;
                group.dwell_us += dwell_us;
            }
            None => groups.push(Group { first: event, count, dwell_us }),
        }
    }
    let mut entries = Vec::new();
    let mut rest = groups.as_slice();
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|group| is_walk(l, first, group)).count();
        let (told, left) = rest.split_at(if run >= WALK { run } else { 1 });
        entries.push(if told.len() > 1 { walk(l, told) } else { entry(l, first) });
        rest = left;
    }
    entries
}

/// Different pages in a row that are told as one walk.
const WALK: usize = 5;

fn is_walk(l: &Lang, first: &Group, group: &Group) -> bool {
    let (a, b) = (&first.first, &group.first);
    sort_of(a) == "page.viewed"
        && sort_of(b) == "page.viewed"
        && of_one(a, b)
        && a.machine == b.machine
        && l.date_value(a.at) == l.date_value(b.at)
}

/// Many pages of a day in one line: how many, which first, how long in all.
fn walk(l: &Lang, groups: &[Group]) -> Entry {
    let pages: Vec<String> = groups.iter().take(4).filter_map(|group| group.first.subject.clone()).collect();
    let mut parts = vec![format!("{}{}", pages.join(", "), if groups.len() > pages.len() { " …" } else { "" })];
    let dwell_us: i64 = groups.iter().map(|group| group.dwell_us).sum();
    if dwell_us > 0 {
        parts.push(l.of("identify-told-dwell").s("span", l.duration_ms(dwell_us / 1_000)).to_string());
    }
    if groups.first().is_some_and(|group| group.first.machine) {
        parts.push(l.t("identify-by-machine").to_string());
    }
    let count: i64 = groups.iter().map(|group| group.count.max(1)).sum();
    let (text, detail) = (l.of("identify-told-pages").n("count", count).to_string(), parts.join(" · "));
    let first = groups.first();
    let (at, machine) = first.map_or((0, false), |group| (group.first.at, group.first.machine));
    let contact_id = first.and_then(|group| group.first.contact_id);
    Entry { at, icon: "mouse-pointer-click", tone: "accent", text, detail, machine, note: None, contact_id, who: String::new() }
}

fn entry(l: &Lang, group: &Group) -> Entry {
    let event = &group.first;
    let known = KNOWN.iter().find(|k| k.0 == event.name);
    let (key, icon, tone) = known.map_or(("identify-told-custom", "activity", ""), |k| (k.1, k.2, k.3));
    let subject = shown_subject(l, event);
    let key = if subject.is_empty() && known.is_some() { format!("{key}-bare") } else { key.to_owned() };
    let text = l.of(&key).s("subject", &subject).s("name", &event.name).n("count", group.count.max(1)).to_string();
    let (detail, contact_id) = (detail(l, group), event.contact_id);
    Entry { at: event.at, icon, tone, text, detail, machine: event.machine, note: None, contact_id, who: String::new() }
}

/// The subject in words: attributes and stages are named, everything else stands as it came.
fn shown_subject(l: &Lang, event: &Event) -> String {
    let subject = event.subject.clone().unwrap_or_default();
    match event.name.as_ref() {
        "contact.stage_changed" => super::Stage::of(&subject).map_or(subject, |s| l.t(s.label_key()).to_string()),
        // Said of the record that was part of another: that it was gone meanwhile is told by the word itself.
        "contact.deleted" | "company.deleted" if subject == "merged" => l.t("identify-told-into-another").to_string(),
        "contact.restored" | "company.restored" if subject == "split" => l.t("identify-told-from-another").to_string(),
        "contact.updated" | "company.updated" | "question.asked" | "question.answered" | "question.declined" if !subject.is_empty() => {
            attribute_name(l, &subject)
        }
        "relationship.made" | "relationship.changed" | "relationship.ended" => l.t(&format!("relationship-{subject}")).to_string(),
        name if name.starts_with("promise.") && event.props_json().get("side").and_then(|side| side.as_str()) == Some("theirs") => {
            l.of("promise-told-theirs").s("what", subject).to_string()
        }
        _ => subject.chars().take(120).collect(),
    }
}

/// What pages call an attribute.
pub(crate) fn attribute_name(l: &Lang, key: &str) -> String {
    match key {
        "name" | "email" | "phone" | "title" | "city" | "country" | "stage" | "locale" | "source" | "domain" | "industry" => {
            l.t(&format!("identify-{key}")).to_string()
        }
        "given_name" => l.t("identify-given-name").to_string(),
        "family_name" => l.t("identify-family-name").to_string(),
        "company_id" | "company" => l.t("identify-company").to_string(),
        "owner_id" => l.t("identify-owner").to_string(),
        "parent_id" | "parent" => l.t("company-parent").to_string(),
        "time_zone" => l.t("identify-time-zone").to_string(),
        "address" => l.t("address-title").to_string(),
        key if address::is_attribute(key) => l.t(&format!("address-{}", key.replace('_', "-"))).to_string(),
        "external_id" => l.t("identify-external-id").to_string(),
        custom => custom.strip_prefix("f:").unwrap_or(custom).to_owned(),
    }
}

/// The attribute `key` of a `subject` in the reader's words: a company is not called as a person is.
pub(crate) fn attribute_name_of(subject: Subject, l: &Lang, key: &str) -> String {
    match (subject, key) {
        (Subject::Company, "name") => l.t("identify-search-companies").to_string(),
        (_, key) => attribute_name(l, key),
    }
}

fn detail(l: &Lang, group: &Group) -> String {
    let event = &group.first;
    let mut parts: Vec<String> = Vec::new();
    let props = event.props_json();
    if let Some(name) = props.get("staff").and_then(|v| v.as_str()) {
        parts.push(name.to_owned());
    }
    match (event.name.as_ref(), event.amount) {
        ("purchase.made" | "purchase.returned", Some(minor)) => {
            let currency = props.get("currency").and_then(|v| v.as_str()).unwrap_or("EUR");
            parts.push(l.money(minor, currency).to_string());
        }
        ("video.progressed", Some(percent)) => parts.push(l.percent(percent as f64 / 100.0).to_string()),
        _ => {}
    }
    if group.dwell_us > 0 {
        parts.push(l.of("identify-told-dwell").s("span", l.duration_ms(group.dwell_us / 1_000)).to_string());
    }
    if event.machine {
        parts.push(l.t("identify-by-machine").to_string());
    }
    parts.join(" · ")
}
