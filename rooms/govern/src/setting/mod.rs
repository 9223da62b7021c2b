//! What an administrator decides at run time: every setting a room offers, typed, audited, on one page.

pub(crate) mod pages;

use attune_db::{DbError, Tx};
use attune_house::{House, SettingDef, SettingError, SettingKind, check_setting, setting_text, write_setting};
use attune_kernel::Ids;
use attune_web::Actor;

use crate::audit::{self, Change};

/// The settings of this room.
pub(crate) const DEFS: [SettingDef; 2] = [
    SettingDef { key: "govern.workspace", label_key: "govern-setting-workspace", kind: SettingKind::Text, default: "Attune" },
    SettingDef { key: "govern.currency", label_key: "govern-setting-currency", kind: SettingKind::Text, default: "EUR" },
];

/// The name at the top of the navigation.
pub async fn workspace(tx: &mut Tx) -> Result<String, DbError> {
    setting_text(tx, "govern.workspace", "Attune").await
}

/// A setting with its present value; a hidden one shows only whether it is set.
pub(crate) struct Shown {
    pub(crate) def: SettingDef,
    pub(crate) value: String,
}

/// Every setting of the house, by room.
pub(crate) async fn list(tx: &mut Tx, house: &House) -> Result<Vec<Shown>, DbError> {
    let mut shown = Vec::with_capacity(house.settings.len());
    for def in &house.settings {
        let value = setting_text(tx, def.key, def.default).await?;
        let value = if def.kind == SettingKind::Hidden { String::new() } else { value };
        shown.push(Shown { def: *def, value });
    }
    Ok(shown)
}

/// Checks and stores what was typed for a setting; an empty hidden field keeps the old value.
pub async fn change(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    actor: &Actor,
    def: &SettingDef,
    typed: &str,
) -> Result<Result<bool, SettingError>, DbError> {
    if def.kind == SettingKind::Hidden && typed.trim().is_empty() {
        return Ok(Ok(false));
    }
    let value = match check_setting(def, typed) {
        Ok(value) => value,
        Err(error) => return Ok(Err(error)),
    };
    let before = setting_text(tx, def.key, def.default).await?;
    if before == value {
        return Ok(Ok(false));
    }
    write_setting(tx, def.key, &value, (actor.staff_id != 0).then_some(actor.staff_id), now).await?;
    let what = |value: &str| {
        let shown = if def.kind == SettingKind::Hidden { "•" } else { value };
        serde_json::json!({ "key": def.key, "value": shown })
    };
    let change = Change { action: "setting.updated", kind: "setting", id: 0, before: Some(what(&before)), after: Some(what(&value)) };
    audit::note(tx, ids, now, actor, change).await?;
    Ok(Ok(true))
}
