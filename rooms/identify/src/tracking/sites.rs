//! The administrator's rules about who may be tracked: own sites, own networks, networks of machines, consent.

use attune_db::{DbError, Tx};
use attune_house::{SettingDef, SettingKind, setting_bool, setting_text};
use attune_kernel::Network;

use super::ticked::Topics;
use crate::place::{self, Marks};
use crate::topic;

/// The settings of the collector.
pub const SETTINGS: &[SettingDef] = &[
    SettingDef { key: "identify.sites", label_key: "identify-setting-sites", kind: SettingKind::Text, default: "" },
    SettingDef { key: "identify.own_networks", label_key: "identify-setting-own-networks", kind: SettingKind::Networks, default: "" },
    SettingDef {
        key: "identify.machine_networks",
        label_key: "identify-setting-machine-networks",
        kind: SettingKind::Networks,
        default: "",
    },
    SettingDef {
        key: "identify.hosting_is_machine",
        label_key: "identify-setting-hosting-is-machine",
        kind: SettingKind::Bool,
        default: "true",
    },
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
    /// Networks whose visits are the company's own: kept apart from those of customers.
    pub own: Vec<Network>,
    /// Networks where only machines live.
    pub machines: Vec<Network>,
    /// Whether networks that the files of [`Atlas`](super::Atlas) call hosting are machines'.
    pub hosting_is_machine: bool,
    /// Whether only visitors who agreed are recorded.
    pub consent_required: bool,
    /// Places, by what apps sense of them.
    pub places: Marks,
    /// Topics that a box in a form can name: purpose and name.
    pub topics: Topics,
}

impl SiteRules {
    /// Reads the settings; entries that are no network are left out.
    pub async fn read(tx: &mut Tx) -> Result<Self, DbError> {
        let networks = |text: String| Network::read_list(&text).collect();
        Ok(Self {
            hosts: words(&setting_text(tx, "identify.sites", "").await?).collect(),
            own: networks(setting_text(tx, "identify.own_networks", "").await?),
            machines: networks(setting_text(tx, "identify.machine_networks", "").await?),
            hosting_is_machine: setting_bool(tx, "identify.hosting_is_machine", true).await?,
            consent_required: setting_bool(tx, "identify.consent_required", false).await?,
            places: place::marks(tx).await?,
            topics: topic::list(tx).await?.into_iter().map(|topic| (topic::purpose_of(topic.id), topic.name_en)).collect(),
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
