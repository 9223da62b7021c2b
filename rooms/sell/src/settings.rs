//! What an administrator sets for this room: how many leads a rep holds, and until when an answer is owed.

use attune_db::{DbError, Tx};
use attune_house::{SettingDef, SettingKind, setting_int, setting_text};
use jiff::tz::TimeZone;

use crate::handover::rules::WorkingHours;

const HOLDING_CAP: &str = "sell.holding_cap";
const SLA_MINUTES: &str = "sell.sla_minutes";
const WORK_FROM: &str = "sell.work_from_hour";
const WORK_TO: &str = "sell.work_to_hour";
const WORK_DAYS: &str = "sell.work_days";
const WORK_ZONE: &str = "sell.work_zone";

/// Every setting of the room.
pub(crate) const SETTINGS: &[SettingDef] = &[
    SettingDef { key: HOLDING_CAP, label_key: "sell-setting-holding-cap", kind: SettingKind::Int { min: 1, max: 100_000 }, default: "50" },
    SettingDef { key: SLA_MINUTES, label_key: "sell-setting-sla-minutes", kind: SettingKind::Int { min: 5, max: 14_400 }, default: "240" },
    SettingDef { key: WORK_FROM, label_key: "sell-setting-work-from", kind: SettingKind::Int { min: 0, max: 23 }, default: "9" },
    SettingDef { key: WORK_TO, label_key: "sell-setting-work-to", kind: SettingKind::Int { min: 1, max: 24 }, default: "18" },
    SettingDef { key: WORK_DAYS, label_key: "sell-setting-work-days", kind: SettingKind::Choice(&["5", "6", "7"]), default: "5" },
    SettingDef { key: WORK_ZONE, label_key: "sell-setting-work-zone", kind: SettingKind::Text, default: "UTC" },
];

/// How many leads a rep may hold who has no cap of their own.
pub(crate) async fn holding_cap(tx: &mut Tx) -> Result<i64, DbError> {
    setting_int(tx, HOLDING_CAP, 50).await
}

/// Within how many working minutes an offer is to be answered.
pub(crate) async fn sla_minutes(tx: &mut Tx) -> Result<i64, DbError> {
    setting_int(tx, SLA_MINUTES, 240).await
}

/// When people are at work; hours that make no sense become the whole day.
pub(crate) async fn working_hours(tx: &mut Tx) -> Result<WorkingHours, DbError> {
    let from = setting_int(tx, WORK_FROM, 9).await?;
    let to = setting_int(tx, WORK_TO, 18).await?;
    let days = setting_int(tx, WORK_DAYS, 5).await?;
    let zone = setting_text(tx, WORK_ZONE, "UTC").await?;
    let (from, to) = if from < to { (from, to) } else { (0, 24) };
    Ok(WorkingHours {
        from_hour: i8::try_from(from).unwrap_or(0),
        to_hour: i8::try_from(to).unwrap_or(24),
        days: i8::try_from(days).unwrap_or(7),
        zone: TimeZone::get(&zone).unwrap_or(TimeZone::UTC),
    })
}
