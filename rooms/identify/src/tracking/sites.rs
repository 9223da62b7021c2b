//! The administrator's rules about who may be tracked: own sites, own networks, networks of machines, consent.

use std::net::IpAddr;

use attune_db::{DbError, Tx};
use attune_house::{SettingDef, SettingKind, setting_bool, setting_text};

/// The settings of the collector.
pub const SETTINGS: &[SettingDef] = &[
    SettingDef { key: "identify.sites", label_key: "identify-setting-sites", kind: SettingKind::Text, default: "" },
    SettingDef { key: "identify.own_networks", label_key: "identify-setting-own-networks", kind: SettingKind::Text, default: "" },
    SettingDef { key: "identify.machine_networks", label_key: "identify-setting-machine-networks", kind: SettingKind::Text, default: "" },
    SettingDef {
        key: "identify.consent_required",
        label_key: "identify-setting-consent-required",
        kind: SettingKind::Bool,
        default: "false",
    },
];

/// The rules in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteRules {
    /// Hosts that may send; their subdomains too. Empty: every host.
    pub hosts: Vec<String>,
    /// Networks whose visits are not recorded.
    pub own: Vec<Network>,
    /// Networks where only machines live.
    pub machines: Vec<Network>,
    /// Whether only visitors who agreed are recorded.
    pub consent_required: bool,
}

impl SiteRules {
    /// Reads the settings; entries that are no network are left out.
    pub async fn read(tx: &mut Tx) -> Result<Self, DbError> {
        let networks = |text: String| words(&text).filter_map(|word| Network::parse(&word)).collect();
        Ok(Self {
            hosts: words(&setting_text(tx, "identify.sites", "").await?).collect(),
            own: networks(setting_text(tx, "identify.own_networks", "").await?),
            machines: networks(setting_text(tx, "identify.machine_networks", "").await?),
            consent_required: setting_bool(tx, "identify.consent_required", false).await?,
        })
    }

    /// Whether `host` (with or without a port) may send.
    pub fn takes_host(&self, host: Option<&str>) -> bool {
        if self.hosts.is_empty() {
            return true;
        }
        let Some(host) = host.map(|h| h.split(':').next().unwrap_or(h).to_lowercase()) else { return false };
        self.hosts.iter().any(|own| host == *own || host.strip_suffix(own.as_str()).is_some_and(|sub| sub.ends_with('.')))
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let parts: Vec<String> = text.split([',', ';', ' ', '\n', '\r', '\t', '，']).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    parts.into_iter()
}

/// A network in CIDR form, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: u128,
    bits: u32,
    v4: bool,
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or an address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (base, v4) = number(address.parse().ok()?);
        let width = if v4 { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { base, bits, v4 })
    }

    /// Whether `address` lies within.
    pub fn holds(&self, address: IpAddr) -> bool {
        let (number, v4) = number(address);
        let width = if self.v4 { 32 } else { 128 };
        let shift = width - self.bits;
        v4 == self.v4 && (shift >= 128 || number >> shift == self.base >> shift)
    }
}

fn number(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), true),
        IpAddr::V6(v6) => (u128::from(v6), false),
    }
}
