//! A visit and its events in words.

use attune_events::Event;
use attune_kernel::{encode_id, mask_text};
use attune_web::{Lang, Sight, Text};

use super::Visit;
use crate::company::CompanyId;
use crate::contact::ContactId;
use crate::contact::score::Scale;

/// A line of a list of visits.
pub(super) struct Line {
    pub(super) visit: Visit,
    pub(super) href: String,
    /// The contact's page; empty when there is none to open.
    pub(super) contact_href: String,
    pub(super) who: String,
    pub(super) medium: Text,
    pub(super) source: String,
    pub(super) dwell: Text,
    pub(super) device: String,
    /// Why it does not count as a customer's; empty for people.
    pub(super) reason: String,
    /// The organisation, or the company they probably work at; empty when nobody knows.
    pub(super) from: String,
    /// The company's page; empty when there is none to open.
    pub(super) from_href: String,
    /// City and country.
    pub(super) place: String,
    /// Points of the contact; nothing for who is unknown.
    pub(super) points: Option<i64>,
}

impl Line {
    /// A line; `scale` tells what scores are worth now.
    pub(super) fn new(l: &Lang, scale: &Scale, visit: Visit) -> Self {
        let network = visit.network.as_ref();
        let company = network.and_then(|network| network.company.as_ref());
        let who = match &visit.contact {
            Some((_, name)) => name.clone(),
            None if visit.hidden => l.t("visit-known").to_string(),
            None => l.of("visit-anonymous").s("code", short_code(visit.visitor_id)).to_string(),
        };
        let class = || visit.device.as_deref().map(|device| l.t(&format!("visit-device-{device}")).to_string());
        let device = visit.model.clone().or_else(class);
        let parts: Vec<String> = device.into_iter().chain(visit.browser.clone()).chain(visit.os.clone()).collect();
        Self {
            href: format!("/visitors/{}", visit.id),
            contact_href: visit.contact.as_ref().map(|(id, _)| format!("/contacts/{}", ContactId(*id))).unwrap_or_default(),
            who,
            medium: l.t(&format!("visit-medium-{}", visit.medium)),
            source: if visit.medium == "direct" { String::new() } else { mask_text(&visit.source) },
            dwell: if visit.dwell_us > 0 { l.duration_ms(visit.dwell_us / 1_000) } else { Text::from("–") },
            device: parts.join(" · "),
            reason: visit.reason.as_ref().map(|code| l.t(&format!("visit-machine-{code}")).to_string()).unwrap_or_default(),
            from: match company {
                Some((_, name)) => l.of("visit-works-at").s("company", name).to_string(),
                None => network.map(|network| network.organisation.clone()).unwrap_or_default(),
            },
            from_href: company.map(|(id, _)| format!("/companies/{}", CompanyId(*id))).unwrap_or_default(),
            place: network.into_iter().flat_map(|n| [n.city.clone(), n.country.clone()]).flatten().collect::<Vec<_>>().join(", "),
            points: visit.score_k.map(|k| scale.points_of(Some(k))),
            visit,
        }
    }

    /// How long they have been there, by what they did.
    pub(super) fn stayed(&self, l: &Lang) -> Text {
        let seconds = (self.visit.last_at - self.visit.started_at) / attune_kernel::SECOND_US;
        if seconds > 0 { l.duration_ms(seconds * 1_000) } else { Text::from("–") }
    }

    /// The page shown last, or the one it began with.
    pub(super) fn page(&self) -> String {
        mask_text(self.visit.last_path.as_deref().or(self.visit.landing.as_deref()).unwrap_or("/"))
    }

    /// The page they came to. Of an address in a path nobody needs more than its mask: whoever may see it finds it with the person.
    pub(super) fn landing(&self) -> String {
        mask_text(self.visit.landing.as_deref().unwrap_or("/"))
    }
}

/// Four digits that tell browsers apart at a glance.
fn short_code(visitor_id: i64) -> String {
    // The last two digits of an id name the node that made it, so they are left out.
    let text = encode_id("v", visitor_id >> 10);
    text.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect()
}

/// An event of a visit, in words.
pub(super) struct Step {
    pub(super) at: i64,
    pub(super) icon: &'static str,
    pub(super) what: Text,
    pub(super) subject: String,
    /// The page's title, or how long or how far; may be empty.
    pub(super) detail: String,
}

impl Step {
    pub(super) fn new(l: &Lang, sight: &Sight, event: &Event) -> Self {
        let known = NAMES.iter().find(|(name, ..)| *name == event.name);
        let (what, icon) = known.map_or_else(|| (Text::from(event.name.as_ref()), "zap"), |(_, key, icon)| (l.t(key), *icon));
        Self {
            at: event.at,
            icon,
            what,
            subject: sight.words(event.subject.clone().unwrap_or_default()),
            detail: sight.words(detail(l, event)),
        }
    }
}

const NAMES: [(&str, &str, &str); 17] = [
    ("page.viewed", "event-page-viewed", "eye"),
    ("page.left", "event-page-left", "clock"),
    ("file.downloaded", "event-file-downloaded", "download"),
    ("link.followed", "event-link-followed", "external-link"),
    ("video.progressed", "event-video-progressed", "play"),
    ("site.searched", "event-site-searched", "search"),
    ("form.viewed", "event-form-viewed", "clipboard-list"),
    ("form.started", "event-form-started", "pencil"),
    ("form.submitted", "event-form-submitted", "send"),
    ("product.viewed", "event-product-viewed", "package"),
    ("cart.added", "event-cart-added", "shopping-cart"),
    ("checkout.started", "event-checkout-started", "credit-card"),
    ("order.placed", "event-order-placed", "shopping-bag"),
    ("visitor.identified", "event-visitor-identified", "user-check"),
    ("place.entered", "event-place-entered", "map-pin"),
    ("place.left", "event-place-left", "map-pin"),
    ("push.registered", "event-push-registered", "phone"),
];

fn detail(l: &Lang, event: &Event) -> String {
    match (event.name.as_ref(), event.amount) {
        ("page.viewed", _) => event.props_json().get("title").and_then(|t| t.as_str()).unwrap_or_default().to_owned(),
        ("page.left", Some(us)) => l.of("visit-read-for").s("time", l.duration_ms(us / 1_000)).to_string(),
        ("place.left", Some(us)) if us > 0 => l.of("visit-stayed-for").s("time", l.duration_ms(us / 1_000)).to_string(),
        ("video.progressed", Some(percent)) => l.of("visit-watched").n("percent", percent).to_string(),
        _ => String::new(),
    }
}
