//! The events this noun brings into the log, and the names nobody may send from outside.

use attune_events::EventDef;

/// Everything trackers, programs and replays can report.
pub const EVENTS: &[EventDef] = &[
    behaviour("page.viewed", "A page was opened.", "the path", ""),
    behaviour("page.left", "A page was hidden or left; each time with the visible time since the last.", "the path", "visible time, µs"),
    behaviour("file.downloaded", "A file was downloaded.", "the file's name", ""),
    behaviour("link.followed", "A link to another site, an address or a phone number was followed.", "the target", ""),
    behaviour("video.progressed", "A video was played up to a point.", "the video", "per cent"),
    behaviour("site.searched", "The site's own search was used.", "the words searched for", ""),
    behaviour("form.viewed", "A form came into view.", "the form", ""),
    behaviour("form.started", "The first field of a form was filled.", "the form", ""),
    behaviour("form.submitted", "A form was sent.", "the form", ""),
    EventDef {
        name: "push.registered",
        meaning: "An app told under which address its device can be reached by push.",
        subject: "",
        amount: "",
        behaviour: false,
    },
    behaviour("place.entered", "Somebody came to a place, as their app says.", "the place", ""),
    behaviour("place.left", "Somebody left a place, as their app says.", "the place", "time spent there, µs"),
    behaviour("product.viewed", "A product was looked at.", "the product", ""),
    behaviour("cart.added", "A product was put into the cart.", "the product", "minor units"),
    behaviour("checkout.started", "The checkout was opened.", "the product or path", "minor units"),
    behaviour("order.placed", "A site says an order was placed.", "the product or order", "minor units"),
    behaviour(
        "purchase.made",
        "Something was bought, as an import or a program with an API key says.",
        "what",
        "minor units; props.currency",
    ),
    behaviour(
        "purchase.returned",
        "More of an order was given back than bought, as an import says.",
        "the order",
        "minor units; props.currency",
    ),
    behaviour("visitor.identified", "A browser turned out to belong to a contact; its earlier events joined.", "", ""),
];

const fn behaviour(name: &'static str, meaning: &'static str, subject: &'static str, amount: &'static str) -> EventDef {
    EventDef { name, meaning, subject, amount, behaviour: true }
}

/// First words of names that only Attune writes, because rules and money hang on them.
const RESERVED: [&str; 15] = [
    "device",
    "contact",
    "company",
    "mail",
    "score",
    "grade",
    "segment",
    "campaign",
    "push_funnel",
    "lead",
    "task",
    "consent",
    "purchase",
    "import",
    "visitor",
];

/// Whether an unsigned sender may not use `name`.
pub(crate) fn is_reserved(name: &str) -> bool {
    name != "visitor.identified" && RESERVED.contains(&name.split('.').next().unwrap_or(name))
}
