//! Sell: helping people sell. The rep's day, tasks with reasons, and the hand-over of contacts from marketing to reps.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod book;
mod change;
pub mod handover;
mod people;
mod settings;
pub mod task;
#[cfg(test)]
mod tests;
mod today;

use std::sync::Arc;

use attune_db::{Migration, migration};
use attune_events::{EventDef, Reactor};
use attune_house::{App, ContactTable, Dataset, Facet, FacetKind, OnErase, OnMerge, Panel, Parts, Place, Room, StaffLink};
use attune_identify::company::CompanyId;
use attune_identify::contact::ContactId;
use attune_jobs::TimerDef;
use attune_web::{Grant, NavCount, NavItem, PermissionDef, permission};
use axum::Router;
use axum::routing::{get, post};

permission!(
    ViewToday, "sell.today.view";
    HideSteps, "sell.steps.hide";
    ViewTasks, "sell.task.view";
    EditTasks, "sell.task.edit";
    ViewHandovers, "sell.handover.view";
    DecideHandovers, "sell.handover.decide";
    HandOver, "sell.handover.offer";
    EditCaps, "sell.cap.edit";
    HandOverBooks, "sell.book.hand_over";
);

/// The tables of this room.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("20261122_4000_task"),
        migration!("20261122_4010_handover"),
        migration!("20261122_4020_change"),
        migration!("20261127_4030_book"),
    ]
}

/// The room.
pub fn room(_: &Parts) -> Room {
    Room::new("sell")
        .migrations(migrations())
        .locales(include_str!("../locales/en.ftl"), include_str!("../locales/zh-CN.ftl"))
        .routes(routes())
        .routes(book_routes())
        .nav(nav())
        .permissions(permissions())
        .events(EVENTS.iter().copied())
        .reactors(reactors())
        .timers([TimerDef { kind: handover::OVERDUE, on_due: Arc::new(handover::EscalateHandovers) }])
        .jobs(book::jobs::jobs())
        .staff_links([StaffLink {
            key: "sell.book",
            label_key: "book-hand-over-theirs",
            href: book::pages::address,
            permission: "sell.book.hand_over",
        }])
        .panels(panels())
        .facets(facets())
        .datasets([Dataset { view: "v_sell_handover", meaning: "one row per hand-over of a contact to a rep, with its times and outcome" }])
        .contact_tables(contact_tables())
        .settings(settings::SETTINGS.iter().copied())
}

fn routes() -> Router<App> {
    Router::new()
        .route("/", get(today::pages::today))
        .route("/today/changes", get(change::pages::list))
        .route("/today/steps/hide", post(today::pages::hide_steps))
        .route("/tasks", get(task::pages::list).post(task::pages::create))
        .route("/tasks/new", get(task::pages::new))
        .route("/tasks/of/{contact}", get(task::panel::panel))
        .route("/tasks/next/{contact}", get(task::next::next))
        .route("/tasks/next-of-company/{company}", get(task::next::next_of_company))
        .route("/tasks/{id}", get(task::pages::edit).post(task::pages::update))
        .route("/tasks/{id}/done", post(task::pages::done))
        .route("/tasks/{id}/reopen", post(task::pages::reopen))
        .route("/tasks/{id}/postpone", post(task::pages::postpone))
        .route("/hand-overs", get(handover::pages::list))
        .route("/hand-overs/reps", get(handover::reps::list).post(handover::reps::save))
        .route("/hand-overs/of/{contact}", get(handover::panel::panel).post(handover::panel::hand_over))
        .route("/hand-overs/{id}", get(handover::pages::show))
        .route("/hand-overs/{id}/accept", post(handover::pages::accept))
        .route("/hand-overs/{id}/reject", post(handover::pages::reject))
}

fn book_routes() -> Router<App> {
    Router::new()
        .route("/settings/staff/{id}/book", get(book::pages::page).post(book::pages::start))
        .route("/settings/books/{id}", get(book::show::show))
        .route("/settings/books/{id}/stop", post(book::show::stop))
        .route("/settings/books/{id}/undo", post(book::show::undo))
        .route("/api/v1/staff/{id}/book", get(book::api::get).post(book::api::start))
        .route("/api/v1/staff/{id}/book/preview", post(book::api::preview))
        .route("/api/v1/books/{id}", get(book::api::show))
        .route("/api/v1/books/{id}/stop", post(book::api::stop))
        .route("/api/v1/books/{id}/undo", post(book::api::undo))
}

fn nav() -> Vec<NavItem> {
    let due = NavCount::new(|web, actor| {
        Box::pin(async move {
            let now = web.clock.now();
            let mut tx = web.db.read().await?;
            let own = attune_web::Scope::Own { staff_id: actor.staff_id };
            let filter = task::TaskFilter { before: Some(now + attune_kernel::DAY_US), ..task::TaskFilter::default() };
            Ok(task::count_open(&mut tx, &own, &filter).await?)
        })
    });
    let offers = NavCount::new(|web, actor| {
        Box::pin(async move {
            let mut tx = web.db.read().await?;
            Ok(handover::count_offered(&mut tx, actor.staff_id).await?)
        })
    });
    vec![
        NavItem::new("", "today-today", "/", "house", 0, "sell.today.view").go('H').phone(),
        NavItem::new("sell-sales", "handover-handovers", "/hand-overs", "handshake", 300, "sell.handover.view").go('L').count(offers),
        NavItem::new("sell-sales", "task-tasks", "/tasks", "circle-check", 310, "sell.task.view").go('K').count(due).phone(),
    ]
}

fn permissions() -> Vec<PermissionDef> {
    let def = |key, label_key, manager, agent| PermissionDef { key, label_key, admin: Grant::All, manager, agent };
    vec![
        def("sell.today.view", "sell-permission-today", Grant::All, Grant::All),
        def("sell.steps.hide", "sell-permission-steps", Grant::None, Grant::None),
        def("sell.task.view", "sell-permission-task-view", Grant::Team, Grant::Own),
        def("sell.task.edit", "sell-permission-task-edit", Grant::Team, Grant::Own),
        def("sell.handover.view", "sell-permission-handover-view", Grant::Team, Grant::Own),
        def("sell.handover.decide", "sell-permission-handover-decide", Grant::Team, Grant::Own),
        def("sell.handover.offer", "sell-permission-handover-offer", Grant::Team, Grant::None),
        def("sell.cap.edit", "sell-permission-cap", Grant::Team, Grant::None),
        def("sell.book.hand_over", "sell-permission-book", Grant::Team, Grant::None),
    ]
}

/// What this room tells of.
pub const EVENTS: &[EventDef] = &[
    event("lead.handed_over", "a contact was offered to a rep", "the rep's staff id", "the place in the order of worth", false),
    event("lead.accepted", "a rep took a contact", "the rep's staff id", "time from offer to answer in µs", false),
    event("lead.rejected", "a rep passed a contact back", "the reason", "time from offer to answer in µs", false),
    event("lead.escalated", "an offer was not answered in time and went to a manager", "the manager's staff id", "", false),
    event("task.created", "a task was given", "automatic or manual", "", false),
    event("task.done", "a task was done", "", "", false),
    event("task.reopened", "a task was opened again", "", "", false),
];

const fn event(name: &'static str, meaning: &'static str, subject: &'static str, amount: &'static str, behaviour: bool) -> EventDef {
    EventDef { name, meaning, subject, amount, behaviour }
}

fn reactors() -> Vec<Reactor> {
    vec![
        Reactor {
            key: "sell.share_survivors",
            hears: handover::react::ShareSurvivors::HEARS,
            react: Arc::new(handover::react::ShareSurvivors),
        },
        Reactor { key: "sell.free_hands", hears: handover::react::FreeHands::HEARS, react: Arc::new(handover::react::FreeHands) },
        Reactor { key: "sell.keep_changes", hears: change::react::KeepChanges::HEARS, react: Arc::new(change::react::KeepChanges) },
        Reactor { key: "sell.tell_mentioned", hears: task::mention::TellMentioned::HEARS, react: Arc::new(task::mention::TellMentioned) },
        Reactor { key: "sell.tick_steps", hears: change::react::TickSteps::HEARS, react: Arc::new(change::react::TickSteps) },
    ]
}

fn panels() -> Vec<Panel> {
    vec![
        Panel {
            key: "sell.handover",
            title_key: "handover-handover",
            href: |id| format!("/hand-overs/of/{}", ContactId(id)),
            order: 20,
            permission: "sell.handover.view",
            place: Place::Aside,
        },
        Panel {
            key: "sell.next",
            title_key: "task-next",
            href: |id| format!("/tasks/next/{}", ContactId(id)),
            order: 10,
            permission: "sell.task.view",
            place: Place::Head,
        },
        Panel {
            key: "sell.next_of_company",
            title_key: "task-next",
            href: |id| format!("/tasks/next-of-company/{}", CompanyId(id)),
            order: 10,
            permission: "sell.task.view",
            place: Place::CompanyHead,
        },
        Panel {
            key: "sell.task",
            title_key: "task-tasks",
            href: |id| format!("/tasks/of/{}", ContactId(id)),
            order: 30,
            permission: "sell.task.view",
            place: Place::Aside,
        },
    ]
}

/// What segments may ask this room about a contact.
pub fn facets() -> Vec<Facet> {
    vec![
        Facet {
            key: "contact.open_tasks",
            label_key: "sell-facet-open-tasks",
            kind: FacetKind::Number,
            sql: "SELECT contact_id, value FROM v_sell_open_task",
            changed_by: &["task.created", "task.done", "task.reopened"],
        },
        Facet {
            key: "contact.handover_state",
            label_key: "sell-facet-handover-state",
            kind: FacetKind::Text,
            sql: "SELECT contact_id, value FROM v_sell_handover_state",
            changed_by: &["lead.handed_over", "lead.accepted", "lead.rejected"],
        },
    ]
}

fn contact_tables() -> Vec<ContactTable> {
    let table = |table, on_merge| ContactTable { table, column: "contact_id", on_erase: OnErase::Delete, on_merge };
    // Somebody can be on offer once only; the hand-over that stays behind is let go, as its lead is gone.
    let one_open = "t.state IN ('waiting', 'offered')
        AND EXISTS (SELECT 1 FROM handovers o WHERE o.contact_id = $1 AND o.state IN ('waiting', 'offered'))";
    vec![
        table("tasks", OnMerge::BY_ID),
        table("handovers", OnMerge::Follow { key: "id", unless: one_open }),
        table("contact_changes", OnMerge::Stay),
        // What was given to whom is told of the record it was told of then.
        table("book_rows", OnMerge::Stay),
    ]
}

#[cfg(test)]
fn test_migrations() -> Vec<Migration> {
    let mut all = attune_house::base_migrations();
    all.extend(attune_govern::migrations());
    all.extend(attune_identify::migrations());
    all.extend(attune_differentiate::migrations());
    all.extend(attune_interact::migrations());
    all.extend(migrations());
    all
}
