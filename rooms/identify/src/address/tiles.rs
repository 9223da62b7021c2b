//! Where the pictures of a map come from: a server an administrator names, or none.

use attune_db::{DbError, Tx};
use attune_house::{SettingDef, SettingKind, origin_of, setting_int, setting_text};

const SOURCE: &str = "identify.map_tiles";
const CREDIT: &str = "identify.map_credit";
const CLOSEST: &str = "identify.map_zoom";
/// The closest most servers have pictures of.
const USUAL_CLOSEST: i64 = 19;

/// What an administrator may change about maps.
pub(super) const SETTINGS: [SettingDef; 3] = [
    SettingDef { key: SOURCE, label_key: "address-setting-tiles", kind: SettingKind::Template(&["z", "x", "y"]), default: "" },
    SettingDef { key: CREDIT, label_key: "address-setting-credit", kind: SettingKind::Text, default: "" },
    SettingDef { key: CLOSEST, label_key: "address-setting-zoom", kind: SettingKind::Int { min: 1, max: 22 }, default: "19" },
];

/// A server of pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// The address of a picture, with `{z}`, `{x}` and `{y}`.
    pub(super) source: String,
    /// Whom the pictures are owed to.
    pub(super) credit: String,
    /// The closest there are pictures of.
    pub(super) closest: i64,
}

impl Tiles {
    /// What is set; nothing when no source is.
    pub(super) async fn read(tx: &mut Tx) -> Result<Option<Self>, DbError> {
        let source = setting_text(tx, SOURCE, "").await?;
        if origin_of(&source).is_none() {
            return Ok(None);
        }
        let (credit, closest) = (setting_text(tx, CREDIT, "").await?, setting_int(tx, CLOSEST, USUAL_CLOSEST).await?);
        Ok(Some(Self { source, credit, closest }))
    }

    /// Where the pictures come from, as a browser's policy names it.
    pub(super) fn origin(&self) -> Option<&str> {
        origin_of(&self.source)
    }
}
