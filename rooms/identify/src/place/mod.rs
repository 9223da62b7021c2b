//! Places: where a beacon, a tag or a fence tells an app that somebody came and went, such as a shop, a stand or a machine.
//!
//! Guards that a mark names one place only, and that a coming or going is counted once, however often an app sends it. The events arrive with
//! those of apps; this noun says which places there are and what they brought.

pub(crate) mod pages;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use attune_db::{Column, DbError, Relation, Tx, Value};
use attune_kernel::id_type;
use serde::Deserialize;
use serde_json::value::RawValue;

id_type!(
    /// The id of a place.
    PlaceId,
    "pla"
);

/// How a place is recognised.
pub(crate) const KINDS: [&str; 3] = ["ibeacon", "nfc", "geofence"];

/// A place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) id: PlaceId,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// What tells it apart, in one form: see [`mark`].
    pub(crate) mark: String,
    pub(crate) entered: i64,
    pub(crate) left: i64,
    /// Time spent there altogether, µs.
    pub(crate) dwell_us: i64,
    pub(crate) last_at: Option<i64>,
}

/// A place somebody came to or left, for the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) place_id: i64,
    pub(crate) at: i64,
    /// The time spent there, when it was left.
    pub(crate) left_us: Option<i64>,
}

/// Places by their marks: id and name.
pub(crate) type Marks = HashMap<String, (i64, String)>;

/// Every place that is not deleted.
pub(crate) async fn marks(tx: &mut Tx) -> Result<Marks, DbError> {
    store::marks(tx).await
}

/// Counts who came and went.
pub(crate) async fn count(tx: &mut Tx, counts: &[Count]) -> Result<(), DbError> {
    if counts.is_empty() {
        return Ok(());
    }
    let mut sums: HashMap<i64, [i64; 4]> = HashMap::new();
    for one in counts {
        let [entered, left, dwell_us, last_at] = sums.entry(one.place_id).or_insert([0, 0, 0, one.at]);
        *entered += i64::from(one.left_us.is_none());
        *left += i64::from(one.left_us.is_some());
        *dwell_us += one.left_us.unwrap_or(0);
        *last_at = one.at.max(*last_at);
    }
    let columns = ["id", "entered", "left_count", "dwell_us", "last_at"].map(|name| (name, Column::Int));
    let mut rows = Relation::new(&columns);
    for (id, sums) in sums {
        rows.push(std::iter::once(id).chain(sums).map(Value::Int).collect::<Vec<_>>());
    }
    store::count(tx, &rows).await
}

/// The mark of a place in the form in which it is kept and compared; nothing when what was typed is none of its kind.
///
/// An iBeacon is UUID/major/minor, a tag the hexadecimal digits of its id, a fence the name the app gives it.
pub(crate) fn mark(kind: &str, typed: &str) -> Option<String> {
    match kind {
        "ibeacon" => {
            let mut parts = typed.split(['/', ',', ' ']).filter(|part| !part.is_empty());
            let uuid: String = parts.next()?.chars().filter(|c| *c != '-').collect();
            let (major, minor) = (parts.next()?.parse::<u16>().ok()?, parts.next()?.parse::<u16>().ok()?);
            let whole = parts.next().is_none() && uuid.len() == 32 && uuid.bytes().all(|b| b.is_ascii_hexdigit());
            whole.then(|| format!("ibeacon:{}/{major}/{minor}", uuid.to_lowercase()))
        }
        "nfc" => {
            let digits: String = typed.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect();
            let whole = (4..=40).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
            whole.then(|| format!("nfc:{}", digits.to_lowercase()))
        }
        "geofence" => Some(attune_kernel::fold_key(typed))
            .filter(|name| (1..=100).contains(&name.chars().count()))
            .map(|name| format!("geofence:{name}")),
        _ => None,
    }
}

/// What an app says about where it is: one of the three.
#[derive(Debug, Deserialize)]
struct Sensed {
    #[serde(default)]
    beacon: Option<Beacon>,
    #[serde(default)]
    nfc: Option<String>,
    #[serde(default)]
    geofence: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Beacon {
    uuid: String,
    major: u16,
    minor: u16,
}

/// The mark in the props of an event.
pub(crate) fn sensed(props: Option<&RawValue>) -> Option<String> {
    let sensed: Sensed = serde_json::from_str(props?.get()).ok()?;
    match sensed {
        Sensed { beacon: Some(Beacon { uuid, major, minor }), .. } => mark("ibeacon", &format!("{uuid}/{major}/{minor}")),
        Sensed { nfc: Some(tag), .. } => mark("nfc", &tag),
        Sensed { geofence: Some(name), .. } => mark("geofence", &name),
        _ => None,
    }
}
