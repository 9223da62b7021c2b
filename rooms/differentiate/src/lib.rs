//! Differentiate: who is worth what, and who belongs together. Scores that fade and explain themselves; segments kept to the moment.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

#[cfg(test)]
mod http_tests;
pub mod score;
pub mod segment;
#[cfg(test)]
mod trial;

use std::sync::Arc;

use attune_db::{Migration, migration};
use attune_events::{EventDef, Reactor};
use attune_house::{App, ContactTable, Dataset, Facet, Naming, OnErase, OnMerge, Panel, Parts, Place, Room, SettingDef, SettingKind};
use attune_jobs::{Cron, JobDef, TimerDef};
use attune_kernel::MINUTE_US;
use attune_web::{Grant, LocaleFiles, NavItem, PermissionDef, permission};
use axum::Router;
use axum::routing::{get, post};
use segment::FacetField;

permission!(
    ViewSegments, "differentiate.segment.view";
    EditSegments, "differentiate.segment.edit";
    ViewScores, "differentiate.score.view";
    EditScores, "differentiate.score.edit"
);

/// The words of this room.
pub const LOCALES: LocaleFiles =
    LocaleFiles { room: "differentiate", en: include_str!("../locales/en.ftl"), zh: include_str!("../locales/zh-CN.ftl") };

/// The settings of scores, in the order of [`score::Basis`].
pub(crate) const SETTING_KEYS: [&str; 5] =
    ["differentiate.half_life_days", "differentiate.hot", "differentiate.warm", "differentiate.fit_good", "differentiate.fit_fair"];

const SETTINGS: [SettingDef; 5] = [
    setting(SETTING_KEYS[0], "score-half-life", 3_650, "30"),
    setting(SETTING_KEYS[1], "score-hot", 10_000, "40"),
    setting(SETTING_KEYS[2], "score-warm", 10_000, "15"),
    setting(SETTING_KEYS[3], "score-fit-good", 100, "60"),
    setting(SETTING_KEYS[4], "score-fit-fair", 100, "30"),
];

const fn setting(key: &'static str, label_key: &'static str, max: i64, default: &'static str) -> SettingDef {
    SettingDef { key, label_key, kind: SettingKind::Int { min: 1, max }, default }
}

const EVENTS: [EventDef; 5] = [
    event(
        "score.changed",
        "A score crossed a limit that somebody watches: of a tier, or in the rule of a segment.",
        "engagement or fit",
        "points",
    ),
    event("grade.changed", "A grade changed.", "the new grade", ""),
    event("segment.entered", "A contact came into a segment.", "the segment's id", ""),
    event("segment.filled", "The members of a new segment were found; nobody entered it.", "the segment's id", "members"),
    event("segment.left", "A contact went out of a segment.", "the segment's id", ""),
];

const fn event(name: &'static str, meaning: &'static str, subject: &'static str, amount: &'static str) -> EventDef {
    EventDef { name, meaning, subject, amount, behaviour: false }
}

/// The tables of this room.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("20261122_2000_score"), migration!("20261122_2010_segment"), migration!("20261122_2100_members_by_contact")]
}

/// The room, when no room to the right offers facets.
pub fn room(parts: &Parts) -> Room {
    room_with_facets(parts, &[])
}

/// The room; segments and fit rules may ask for the facets of the room to the left, and for these of the rooms to the right. Those rooms register
/// them themselves too.
pub fn room_with_facets(_parts: &Parts, facets: &[Facet]) -> Room {
    let facets: Vec<Facet> = attune_identify::facets().chain(facets.iter().copied()).collect();
    let facets = segment::facet_fields(&facets);
    Room::new("differentiate")
        .migrations(migrations())
        .locales(LOCALES.en, LOCALES.zh)
        .routes(routes())
        .nav([
            NavItem::new("nav-customers", "segment-list", "/segments", "filter", 240, "differentiate.segment.view").go('S'),
            NavItem::new("nav-customers", "score-scoring", "/scoring", "gauge", 250, "differentiate.score.view"),
        ])
        .permissions(permissions())
        .events(EVENTS)
        .reactors(reactors(&facets))
        .timers(timers(&facets))
        .jobs(jobs(&facets))
        .crons([Cron { kind: score::jobs::APPLY, every_us: MINUTE_US }])
        .panels(panels())
        .settings(SETTINGS)
        .datasets([
            Dataset { view: "v_differentiate_score", meaning: "one row per contact: fit, engagement as last told, tier and grade" },
            Dataset { view: "v_differentiate_segment", meaning: "one row per segment with the number of its members" },
            Dataset { view: "v_differentiate_segment_member", meaning: "one row per segment and member, with the moment of entry" },
        ])
        .namings([
            Naming { column: "segment_id", sql: "SELECT id, name FROM segments" },
            Naming { column: "rule_id", sql: "SELECT id, event AS name FROM score_rules" },
        ])
        .contact_tables(["score_lines", "contact_scores", "segment_members"].map(|table| ContactTable {
            table,
            column: "contact_id",
            on_erase: OnErase::Delete,
            on_merge: OnMerge::Stay,
        }))
}

fn permissions() -> Vec<PermissionDef> {
    let def = |key, label_key, agent| PermissionDef { key, label_key, admin: Grant::All, manager: Grant::All, agent };
    vec![
        def("differentiate.segment.view", "segment-may-view", Grant::All),
        def("differentiate.segment.edit", "segment-may-edit", Grant::None),
        def("differentiate.score.view", "score-may-view", Grant::All),
        PermissionDef {
            key: "differentiate.score.edit",
            label_key: "score-may-edit",
            admin: Grant::All,
            manager: Grant::None,
            agent: Grant::None,
        },
    ]
}

fn panels() -> Vec<Panel> {
    vec![
        Panel {
            key: "differentiate.score",
            title_key: "score-title",
            href: |id| format!("/contacts/{}/score", attune_identify::contact::ContactId(id)),
            order: 10,
            permission: "differentiate.score.view",
            place: Place::Aside,
        },
        Panel {
            key: "differentiate.segments",
            title_key: "segment-list",
            href: |id| format!("/contacts/{}/segments", attune_identify::contact::ContactId(id)),
            order: 90,
            permission: "differentiate.segment.view",
            place: Place::Aside,
        },
    ]
}

fn routes() -> Router<App> {
    use score::pages as scores;
    use segment::{api, pages};
    Router::new()
        .route("/segments", get(pages::list).post(pages::create))
        .route("/segments/new", get(pages::new))
        .route("/segments/{id}", get(pages::show).post(pages::update))
        .route("/segments/{id}/members", get(pages::members))
        .route("/segments/{id}/delete", post(pages::delete))
        .route("/segments/{id}/restore", post(pages::restore))
        .route("/contacts/{id}/segments", get(pages::panel))
        .route("/contacts/{id}/score", get(scores::panel))
        .route("/scoring", get(scores::scoring))
        .route("/scoring/rules", post(scores::save_rule))
        .route("/scoring/rules/{id}/delete", post(scores::delete_rule))
        .route("/scoring/fit", post(scores::save_fit))
        .route("/scoring/fit/{id}/delete", post(scores::delete_fit))
        .route("/scoring/settings", post(scores::save_settings))
        .route("/api/v1/segments", get(api::list).post(api::create))
        .route("/api/v1/segments/count", post(api::count))
        .route("/api/v1/segments/{id}", get(api::show))
        .route("/api/v1/segments/{id}/members", get(api::members))
}

fn reactors(facets: &[FacetField]) -> Vec<Reactor> {
    vec![
        Reactor { key: score::REACTOR, hears: &["*"], react: Arc::new(score::react::KeepScores { facets: facets.to_vec() }) },
        Reactor { key: segment::keep::REACTOR, hears: &["*"], react: Arc::new(segment::jobs::KeepSegments::new(facets)) },
    ]
}

fn timers(facets: &[FacetField]) -> Vec<TimerDef> {
    vec![
        TimerDef { kind: score::react::TIMER, on_due: Arc::new(score::react::KeepScores { facets: facets.to_vec() }) },
        TimerDef { kind: segment::keep::TIMER, on_due: Arc::new(segment::jobs::KeepSegments::new(facets)) },
    ]
}

fn jobs(facets: &[FacetField]) -> Vec<JobDef> {
    vec![
        JobDef { kind: score::jobs::RECOMPUTE, max_attempts: 5, run: Arc::new(score::jobs::Recompute { facets: facets.to_vec() }) },
        JobDef { kind: score::jobs::APPLY, max_attempts: 3, run: Arc::new(score::jobs::ApplySettings) },
        JobDef { kind: segment::jobs::REFRESH, max_attempts: 5, run: Arc::new(segment::jobs::KeepSegments::new(facets)) },
        JobDef {
            kind: segment::follow::FOLLOW,
            max_attempts: 20,
            run: Arc::new(segment::follow::FollowCompanies(segment::jobs::KeepSegments::new(facets))),
        },
    ]
}

#[cfg(test)]
fn test_migrations() -> Vec<Migration> {
    let mut all = attune_house::base_migrations();
    all.extend(attune_identify::migrations());
    all.extend(migrations());
    all.push(TEST_STAFF);
    all
}

/// Stands in for the room that keeps the staff.
#[cfg(test)]
const TEST_STAFF: Migration = {
    const SQL: &str = "CREATE TABLE test_staff (id BIGINT PRIMARY KEY, name TEXT NOT NULL, team_id BIGINT);
        CREATE VIEW v_govern_staff AS SELECT id, name, team_id FROM test_staff";
    Migration { name: "20261122_0200_test_staff", lite: SQL, pg: SQL }
};
