//! Govern: who works here, what they may do, what an administrator decides, and who changed what.
//!
//! This room sees the base only; the others see its published views `v_govern_staff` and `v_govern_team`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod api_key;
mod audit;
#[cfg(test)]
mod http_tests;
pub mod role;
pub mod session;
pub mod setting;
mod setup;
pub mod staff;

use attune_db::{Migration, migration};
use attune_house::{App, Dataset, Parts, Room};
use attune_web::{Grant, LocaleFiles, NavItem, PermissionDef, permission};
use axum::Router;
use axum::routing::{get, post};

permission!(
    ViewStaff, "govern.staff.view";
    EditStaff, "govern.staff.edit";
    EditRoles, "govern.role.edit";
    EditSettings, "govern.setting.edit";
    ViewAudit, "govern.audit.view";
    EditApiKeys, "govern.api_key.edit"
);

/// The words of this room.
pub const LOCALES: LocaleFiles =
    LocaleFiles { room: "govern", en: include_str!("../locales/en.ftl"), zh: include_str!("../locales/zh-CN.ftl") };

/// The tables of this room.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("20261122_0200_staff")]
}

/// The room.
pub fn room(_parts: &Parts) -> Room {
    Room::new("govern")
        .migrations(migrations())
        .locales(LOCALES.en, LOCALES.zh)
        .routes(routes())
        .public_paths(["/setup", "/sign-in"])
        .nav([NavItem::new("govern-nav", "govern-settings", "/settings", "settings", 900, "")])
        .permissions(permissions())
        .settings(setting::DEFS)
        .datasets([
            Dataset { view: "v_govern_staff", meaning: "one row per member of staff: name, role, team, whether active" },
            Dataset { view: "v_govern_team", meaning: "one row per team" },
        ])
}

fn permissions() -> Vec<PermissionDef> {
    let admins = |key, label_key| PermissionDef { key, label_key, admin: Grant::All, manager: Grant::None, agent: Grant::None };
    vec![
        PermissionDef {
            key: "govern.staff.view",
            label_key: "govern-may-view-staff",
            admin: Grant::All,
            manager: Grant::All,
            agent: Grant::None,
        },
        admins("govern.staff.edit", "govern-may-edit-staff"),
        admins("govern.role.edit", "govern-may-edit-roles"),
        admins("govern.setting.edit", "govern-may-edit-settings"),
        admins("govern.audit.view", "govern-may-view-audit"),
        admins("govern.api_key.edit", "govern-may-edit-api-keys"),
    ]
}

fn routes() -> Router<App> {
    Router::new()
        .route("/setup", get(setup::you_page).post(setup::you))
        .route("/setup/company", get(setup::company_page).post(setup::company))
        .route("/setup/start", get(setup::start_page))
        .route("/sign-in", get(session::pages::sign_in_page).post(session::pages::sign_in))
        .route("/sign-out", post(session::pages::sign_out))
        .route("/settings", get(setting::pages::index).post(setting::pages::save))
        .route("/settings/me", get(session::pages::me_page).post(session::pages::save_me))
        .route("/settings/me/sessions/{id}/end", post(session::pages::end_session))
        .route("/settings/staff", get(staff::pages::list).post(staff::pages::create))
        .route("/settings/staff/new", get(staff::pages::new_page))
        .route("/settings/staff/{id}", get(staff::pages::edit_page).post(staff::pages::update))
        .route("/settings/teams", post(staff::pages::create_team))
        .route("/settings/roles", get(role::pages::page).post(role::pages::save))
        .route("/settings/audit", get(audit::pages::list))
        .route("/settings/api-keys", get(api_key::pages::list).post(api_key::pages::create))
        .route("/settings/api-keys/{id}/revoke", post(api_key::pages::revoke))
}

#[cfg(test)]
fn test_migrations() -> Vec<Migration> {
    let mut all = attune_house::base_migrations();
    all.extend(migrations());
    all
}
