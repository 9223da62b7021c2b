//! What the room contributes to the house.

use std::sync::Arc;

use attune_events::{EventDef, Reactor};
use attune_house::{ContactTable, Dataset, Eraser, Naming, OnErase, OnMerge, Parts, Room};
use attune_identify::tracking::Collector;
use attune_jobs::{Cron, JobDef, TimerDef};
use attune_kernel::SECOND_US;
use attune_web::{Grant, NavItem, PermissionDef, permission};
use axum::{Extension, Router};

use crate::message::track::Tracker;
use crate::message::{Linker, SEND_JOB, Sender, WAKE_JOB, Waker};
use crate::opt_in::react::NoteTicked;
use crate::push_funnel::react::CountHandOvers;
use crate::push_funnel::{ROUND_TIMER, RoundDue};
use crate::suppression::erased::{Fingerprints, keep};
use crate::{campaign, mailbox, message, opt_in, preference, push_funnel, rules, sender_page, suppression, template};

permission! {
    ViewMail, "interact.mail.view";
    EditMail, "interact.mail.edit";
    SendMail, "interact.mail.send";
    EditSuppressions, "interact.suppression.edit";
    ViewMailbox, "interact.mailbox.view";
}

/// Events of this room.
const EVENTS: [EventDef; 11] = [
    event("mail.accepted", "The relay took a mail to this contact.", "the campaign or round", "", false),
    event("mail.failed", "A mail to this contact was refused for good.", "the campaign or round", "", false),
    event("mail.opened", "A mail was opened; marked when by a machine.", "the campaign or round", "", true),
    event("mail.clicked", "A link in a mail was followed; marked when by a machine.", "the link's address", "", true),
    event("mail.click_rejudged", "Clicks that seemed a person's turned out to be a scanner's and no longer count.", "", "", false),
    event("mail.unsubscribed", "The contact unsubscribed.", "the campaign or round", "", true),
    event("campaign.started", "A campaign was started.", "its name", "people planned", false),
    event("campaign.finished", "Every mail of a campaign has ended.", "its name", "", false),
    event("push_funnel.started", "A push funnel was started.", "its name", "people planned", false),
    event("push_funnel.round_closed", "A round of a push funnel was closed.", "the round", "people who responded", false),
    event("push_funnel.completed", "The last round of a push funnel was closed.", "its name", "people who are left", false),
];

const fn event(name: &'static str, meaning: &'static str, subject: &'static str, amount: &'static str, behaviour: bool) -> EventDef {
    EventDef { name, meaning, subject, amount, behaviour }
}

const fn may(key: &'static str, label_key: &'static str, manager: Grant, agent: Grant) -> PermissionDef {
    PermissionDef { key, label_key, admin: Grant::All, manager, agent }
}

/// The room. Needs a runtime. Clicks and opens are kept by the room's own writer, together with the sends' figures; the collector stitches
/// the visitor when the click lands on a tracked site, by the token the link carries.
pub fn room(parts: &Parts, _collector: &Collector) -> Room {
    Room::new("interact")
        .migrations(crate::migrations())
        .locales(include_str!("../locales/en.ftl"), include_str!("../locales/zh-CN.ftl"))
        .routes(routes(parts))
        .public_paths(["/m/c/", "/m/o/", "/m/p/", "/m/q/", "/m/u/", "/m/y/"])
        .nav(nav())
        .permissions(permissions())
        .events(EVENTS)
        .reactors([
            Reactor { key: "interact.count_hand_overs", hears: &["lead.handed_over"], react: Arc::new(CountHandOvers) },
            Reactor { key: "interact.note_ticked", hears: NoteTicked::HEARS, react: Arc::new(NoteTicked) },
        ])
        .jobs([
            JobDef { kind: SEND_JOB, max_attempts: i64::MAX, run: Arc::new(Sender::new(parts)) },
            JobDef { kind: WAKE_JOB, max_attempts: 3, run: Arc::new(Waker) },
            opt_in::jobs::def(parts),
        ])
        .crons([Cron { kind: WAKE_JOB, every_us: 15 * SECOND_US }])
        .timers([TimerDef { kind: ROUND_TIMER, on_due: Arc::new(RoundDue) }])
        .datasets([
            Dataset { view: "v_interact_send", meaning: "One mail to one person, with what became of it." },
            Dataset { view: "v_interact_push_round", meaning: "One round of a push funnel." },
        ])
        .contact_tables(CONTACT_TABLES)
        .namings([
            Naming { column: "mailing_id", sql: "SELECT id, title AS name FROM mailings" },
            Naming { column: "funnel_id", sql: "SELECT id, name FROM push_funnels" },
        ])
        .erasers([eraser(parts)])
        .storage(message::storage::STORAGE)
        .settings(rules::SETTINGS)
}

/// Tables that hold a person. A mailing or a push funnel knows everybody once: who had it under both names keeps the second row apart.
pub(crate) const CONTACT_TABLES: [ContactTable; 3] = [
    ContactTable {
        table: "sends",
        column: "contact_id",
        on_erase: OnErase::Null,
        on_merge: OnMerge::Follow {
            key: "id",
            unless: "EXISTS (SELECT 1 FROM sends o WHERE o.contact_id = $1 AND o.mailing_id = t.mailing_id)",
        },
    },
    ContactTable { table: "suppressions", column: "contact_id", on_erase: OnErase::Null, on_merge: OnMerge::BY_ID },
    ContactTable {
        table: "push_handed",
        column: "contact_id",
        on_erase: OnErase::Delete,
        on_merge: OnMerge::Follow {
            key: "funnel_id",
            unless: "EXISTS (SELECT 1 FROM push_handed o WHERE o.contact_id = $1 AND o.funnel_id = t.funnel_id)",
        },
    },
];

/// Of the address of somebody who is erased a fingerprint stays, and nothing else.
fn eraser(parts: &Parts) -> Eraser {
    let fingerprints = Fingerprints::new(&parts.secret);
    Eraser {
        table: "suppressions",
        remembers: true,
        run: Arc::new(move |tx, leavers, now| {
            let fingerprints = fingerprints.clone();
            Box::pin(async move { keep(tx, &fingerprints, leavers, now).await })
        }),
    }
}

fn routes(parts: &Parts) -> Router<attune_house::App> {
    Router::new()
        .merge(message::public::routes())
        .merge(preference::pages::routes())
        .merge(opt_in::pages::routes())
        .merge(opt_in::api::routes())
        .merge(template::pages::routes())
        .merge(campaign::pages::routes())
        .merge(campaign::api::routes())
        .merge(push_funnel::pages::routes())
        .merge(suppression::pages::routes())
        .merge(mailbox::pages::routes())
        .merge(sender_page::routes())
        .layer(Extension(Linker::new(&parts.secret, &parts.public_url)))
        .layer(Extension(Tracker::start(parts)))
        .layer(Extension(parts.courier.clone()))
}

fn nav() -> Vec<NavItem> {
    let item = |key, href, icon, order, permission| NavItem::new("interact-nav", key, href, icon, order, permission);
    vec![
        item("interact-nav-campaigns", "/campaigns", "mail", 400, "interact.mail.view"),
        item("interact-nav-push-funnels", "/push-funnels", "funnel", 410, "interact.mail.view"),
        item("interact-nav-templates", "/templates", "file-text", 420, "interact.mail.view"),
        item("interact-nav-suppressions", "/suppressions", "ban", 430, "interact.mail.view"),
        item("interact-nav-sender", "/mail/sender", "key", 435, "interact.mail.send"),
        item("interact-nav-mailbox", "/mailbox", "inbox", 440, "interact.mailbox.view"),
    ]
}

fn permissions() -> Vec<PermissionDef> {
    vec![
        may("interact.mail.view", "interact-may-mail-view", Grant::All, Grant::Own),
        may("interact.mail.edit", "interact-may-mail-edit", Grant::All, Grant::None),
        may("interact.mail.send", "interact-may-mail-send", Grant::All, Grant::None),
        may("interact.suppression.edit", "interact-may-suppression-edit", Grant::All, Grant::None),
        may("interact.mailbox.view", "interact-may-mailbox-view", Grant::All, Grant::None),
    ]
}
