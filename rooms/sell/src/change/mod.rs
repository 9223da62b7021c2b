//! What changed since yesterday, and how far a new installation has come: two small tables kept from the event log.
//!
//! Guards that Today never reads the log: one row a contact and kind of event, whose it is following the contact.

pub(crate) mod pages;
pub(crate) mod react;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use store::{Changed, Tally, first_steps, list, tallies, tick_step};

/// What Today tells of, in the order it tells it. Opens and clicks by machines do not count.
pub(crate) const TOLD: [&str; 9] = [
    "lead.handed_over",
    "purchase.made",
    "form.submitted",
    "mail.clicked",
    "mail.opened",
    "visitor.identified",
    "lead.rejected",
    "mail.unsubscribed",
    "contact.owner_changed",
];

/// The locale key that tells of `name` with the number of people.
pub(crate) fn tally_key(name: &str) -> &'static str {
    match name {
        "lead.handed_over" => "today-changed-handed-over",
        "purchase.made" => "today-changed-purchase",
        "form.submitted" => "today-changed-form",
        "mail.clicked" => "today-changed-clicked",
        "mail.opened" => "today-changed-opened",
        "visitor.identified" => "today-changed-identified",
        "lead.rejected" => "today-changed-rejected",
        "mail.unsubscribed" => "today-changed-unsubscribed",
        _ => "today-changed-owner",
    }
}

/// The icon that stands before it.
pub(crate) fn tally_icon(name: &str) -> &'static str {
    match name {
        "lead.handed_over" => "handshake",
        "purchase.made" => "shopping-bag",
        "form.submitted" => "clipboard-list",
        "mail.clicked" => "mouse-pointer-click",
        "mail.opened" => "mail-open",
        "visitor.identified" => "user-check",
        "lead.rejected" => "undo-2",
        "mail.unsubscribed" => "mail-x",
        _ => "user-cog",
    }
}

/// The first five steps, in order, with the event that ticks each off; the last one is read from the staff.
pub(crate) const STEPS: [(&str, &[&str]); 5] = [
    ("tracking", &["page.viewed"]),
    ("contacts", &["contact.created", "contact.imported"]),
    ("segment", &["segment.entered", "segment.filled"]),
    ("mail", &["mail.accepted"]),
    ("colleague", &[]),
];
