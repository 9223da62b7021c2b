//! The room's settings and what they mean: the sender, the arbiter's policy, the DKIM key.

use std::sync::Arc;

use attune_courier::{DkimKey, DkimSigner};
use attune_db::Tx;
use attune_house::{SettingDef, SettingKind, setting_bool, setting_int, setting_text};
use attune_kernel::{DAY_US, Fault};
use attune_web::FormErrors;
use jiff::tz::TimeZone;

use crate::message::arbiter::{Policy, QuietHours};

/// Whether marketing mail needs a confirmation by the person.
pub(crate) const DOUBLE_OPT_IN: &str = "interact.double_opt_in";

/// Every setting of the room.
pub const SETTINGS: [SettingDef; 16] = [
    SettingDef { key: "interact.sender_name", label_key: "interact-setting-sender-name", kind: SettingKind::Text, default: "Attune" },
    SettingDef {
        key: "interact.sender_address",
        label_key: "interact-setting-sender-address",
        kind: SettingKind::Text,
        default: "hello@attune.example",
    },
    SettingDef {
        key: "interact.imported_consent",
        label_key: "interact-setting-imported-consent",
        kind: SettingKind::Bool,
        default: "true",
    },
    SettingDef {
        key: "interact.cap_mails",
        label_key: "interact-setting-cap-mails",
        kind: SettingKind::Int { min: 0, max: 100 },
        default: "3",
    },
    SettingDef {
        key: "interact.cap_days",
        label_key: "interact-setting-cap-days",
        kind: SettingKind::Int { min: 1, max: 90 },
        default: "7",
    },
    SettingDef { key: "interact.quiet_hours", label_key: "interact-setting-quiet-hours", kind: SettingKind::Text, default: "21:00-08:00" },
    SettingDef { key: "interact.time_zone", label_key: "interact-setting-time-zone", kind: SettingKind::Text, default: "UTC" },
    SettingDef { key: "interact.tracked_sites", label_key: "interact-setting-tracked-sites", kind: SettingKind::Text, default: "" },
    SettingDef { key: "interact.bounce_domain", label_key: "interact-setting-bounce-domain", kind: SettingKind::Text, default: "" },
    SettingDef { key: DOUBLE_OPT_IN, label_key: "interact-setting-double-opt-in", kind: SettingKind::Bool, default: "false" },
    SettingDef {
        key: "interact.double_opt_in_days",
        label_key: "interact-setting-double-opt-in-days",
        kind: SettingKind::Int { min: 1, max: 90 },
        default: "7",
    },
    SettingDef {
        key: "interact.double_opt_in_subject",
        label_key: "interact-setting-double-opt-in-subject",
        kind: SettingKind::Text,
        default: "",
    },
    SettingDef {
        key: "interact.double_opt_in_text",
        label_key: "interact-setting-double-opt-in-text",
        kind: SettingKind::Text,
        default: "",
    },
    SettingDef { key: "interact.dkim_selector", label_key: "interact-setting-dkim-selector", kind: SettingKind::Text, default: "attune" },
    SettingDef { key: "interact.dkim_ed25519", label_key: "interact-setting-dkim-ed25519", kind: SettingKind::Hidden, default: "" },
    SettingDef { key: "interact.dkim_rsa", label_key: "interact-setting-dkim-rsa", kind: SettingKind::Hidden, default: "" },
];

/// The sender new campaigns start with: name and address.
pub async fn default_sender(tx: &mut Tx) -> Result<(String, String), Fault> {
    Ok((
        setting_text(tx, "interact.sender_name", "Attune").await?,
        setting_text(tx, "interact.sender_address", "hello@attune.example").await?,
    ))
}

/// The arbiter's policy as set. Unusable texts (a zone that does not exist) fall back to the default.
pub async fn policy(tx: &mut Tx) -> Result<Policy, Fault> {
    let zone = setting_text(tx, "interact.time_zone", "UTC").await?;
    Ok(Policy {
        imported_consent: setting_bool(tx, "interact.imported_consent", true).await?,
        cap: setting_int(tx, "interact.cap_mails", 3).await?,
        period_us: setting_int(tx, "interact.cap_days", 7).await? * DAY_US,
        quiet: QuietHours::parse(&setting_text(tx, "interact.quiet_hours", "21:00-08:00").await?),
        zone: TimeZone::get(&zone).unwrap_or(TimeZone::UTC),
    })
}

/// The keys that sign mail from `address`: Ed25519, RSA, both or none, as generated in the settings.
pub async fn signers(tx: &mut Tx, address: &str) -> Result<Arc<[DkimSigner]>, Fault> {
    let selector = setting_text(tx, "interact.dkim_selector", "attune").await?;
    let Some((_, domain)) = address.rsplit_once('@') else { return Ok(Arc::from([])) };
    let mut signers = Vec::new();
    for (key, suffix) in [("interact.dkim_ed25519", "-ed"), ("interact.dkim_rsa", "-rsa")] {
        let pem = setting_text(tx, key, "").await?;
        if pem.is_empty() {
            continue;
        }
        let key = DkimKey::from_pem(&pem)?;
        signers.push(DkimSigner::new(Arc::new(key), domain, &format!("{selector}{suffix}"))?);
    }
    Ok(signers.into())
}

/// Makes and keeps a fresh DKIM key; answers the DNS name and the TXT record that publish it.
pub async fn generate_dkim(tx: &mut Tx, rsa: bool, staff_id: Option<i64>, now: i64) -> Result<(String, String), Fault> {
    let key = if rsa { DkimKey::generate_rsa2048()? } else { DkimKey::generate_ed25519()? };
    let setting = if rsa { "interact.dkim_rsa" } else { "interact.dkim_ed25519" };
    attune_house::write_setting(tx, setting, &key.to_pem()?, staff_id, now).await?;
    let (_, address) = default_sender(tx).await?;
    let selector = setting_text(tx, "interact.dkim_selector", "attune").await?;
    let record = key.public_dns_record()?;
    let domain = address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let suffix = if rsa { "-rsa" } else { "-ed" };
    let signer = DkimSigner::new(Arc::new(key), domain, &format!("{selector}{suffix}"))?;
    Ok((signer.dns_name(), record))
}

/// Checks a sender as typed: name and address.
pub(crate) fn check_sender(errors: &mut FormErrors, name: &str, address: &str) -> (String, String) {
    let name = errors.required("from_name", name, 120);
    let address = errors.required("from_address", address, 254);
    if !address.is_empty() && !is_address(&address) {
        errors.add("from_address", "web-not-an-email");
    }
    (name, address)
}

/// Whether `address` has the form `local@domain` with nothing that breaks a header or an envelope.
pub fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let bad = |c: char| c.is_control() || c.is_whitespace() || "<>,;:()[]\"\\@".contains(c);
    (1..=64).contains(&local.len())
        && (1..=253).contains(&domain.len())
        && !local.contains(bad)
        && !domain.contains(bad)
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}
