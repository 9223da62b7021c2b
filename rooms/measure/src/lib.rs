//! Measure: what came of it. The funnel from the first page view to the purchase, kept from the event log.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod funnel;

use std::sync::Arc;

use attune_db::{Migration, migration};
use attune_events::Reactor;
use attune_house::{App, ContactTable, Dataset, OnErase, OnMerge, Parts, Room};
use attune_jobs::{Cron, JobDef, TimerDef};
use attune_web::{Grant, NavItem, PermissionDef, permission};
use axum::Router;
use axum::routing::get;

permission!(ViewReports, "measure.report.view");

/// The tables of this room.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("20261122_5000_funnel")]
}

/// The room.
pub fn room(_: &Parts) -> Room {
    let table = |table, on_erase, on_merge| ContactTable { table, column: "contact_id", on_erase, on_merge };
    Room::new("measure")
        .migrations(migrations())
        .locales(include_str!("../locales/en.ftl"), include_str!("../locales/zh-CN.ftl"))
        .routes(routes())
        .nav([NavItem::new("report-insight", "report-reports", "/reports", "chart-line", 700, "measure.report.view").go('R')])
        .permissions([PermissionDef {
            key: "measure.report.view",
            label_key: "report-permission-view",
            admin: Grant::All,
            manager: Grant::All,
            agent: Grant::None,
        }])
        .reactors(reactors())
        .timers([TimerDef { kind: funnel::react::RECOUNT, on_due: Arc::new(funnel::react::Recount) }])
        .jobs([JobDef { kind: funnel::react::CHECK, max_attempts: 1, run: Arc::new(funnel::react::CheckFunnel) }])
        .crons([Cron { kind: funnel::react::CHECK, every_us: attune_kernel::MINUTE_US }])
        .datasets([
            Dataset {
                view: "v_measure_funnel_step",
                meaning: "one row per contact and stage reached, with the moment and the time it took",
            },
            Dataset { view: "v_measure_funnel_day", meaning: "people by day they became known, source and stage" },
        ])
        .contact_tables([
            table("funnel_steps", OnErase::Delete, OnMerge::Stay),
            table("funnel_losses", OnErase::Delete, OnMerge::Stay),
            table("funnel_visitors", OnErase::Null, OnMerge::Follow { key: "visitor_id", unless: "" }),
        ])
}

fn routes() -> Router<App> {
    Router::new()
        .route("/reports", get(funnel::pages::index))
        .route("/reports/funnel", get(funnel::pages::page))
        .route("/reports/funnel/people", get(funnel::people::page))
}

fn reactors() -> Vec<Reactor> {
    vec![
        Reactor { key: "measure.keep_funnel", hears: funnel::react::HEARS, react: Arc::new(funnel::react::KeepFunnel) },
        Reactor {
            key: "measure.follow_leavers",
            hears: funnel::react::FollowLeavers::HEARS,
            react: Arc::new(funnel::react::FollowLeavers),
        },
    ]
}

#[cfg(test)]
fn test_migrations() -> Vec<Migration> {
    let mut all = attune_house::base_migrations();
    all.extend(attune_govern::migrations());
    all.extend(attune_identify::migrations());
    all.extend(attune_differentiate::migrations());
    all.extend(attune_interact::migrations());
    all.extend(attune_sell::migrations());
    all.extend(migrations());
    all
}
