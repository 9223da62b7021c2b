//! What the tracker sends: read without copying where nothing has to change.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::app::WireApp;

/// The body of `POST /t` and of an app's batch.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) v: i64,
    #[serde(default)]
    pub(super) visitor: Option<String>,
    #[serde(default)]
    pub(super) consent: Option<String>,
    #[serde(default)]
    pub(super) host: Option<String>,
    #[serde(default)]
    pub(super) sent_at: Option<i64>,
    #[serde(default)]
    pub(super) app: Option<WireApp>,
    #[serde(borrow)]
    pub(super) events: Vec<&'a RawValue>,
}

/// One event of the body. Times are in ms by the sender's clock.
#[derive(Debug, Deserialize)]
pub(super) struct WireEvent<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) at: i64,
    #[serde(default)]
    pub(super) seq: Option<i64>,
    #[serde(default)]
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default, rename = "ref")]
    pub(super) referrer: Option<String>,
    #[serde(borrow, default)]
    pub(super) props: Option<&'a RawValue>,
}

/// The props the server understands. Each is kept as it came, because a custom event may use any of the names for anything.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Facts<'a> {
    #[serde(borrow, default)]
    pub(super) utm_source: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) utm_medium: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) utm_campaign: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) auto: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) dwell_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) scroll_pct: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) term: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) file: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) href: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) video: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) percent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) form: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) consents: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) subject: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) sku: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) product: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) amount: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) amount_minor: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) traits: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) token: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) email: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) name: Option<&'a RawValue>,
}

/// What `attune.identify` may say.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireTraits<'a> {
    #[serde(borrow, default)]
    pub(super) email: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) name: Option<&'a RawValue>,
}

/// The text of a JSON string or number.
pub(super) fn text(raw: Option<&RawValue>) -> Option<String> {
    let raw = raw?.get();
    if raw.starts_with('"') {
        return serde_json::from_str::<String>(raw).ok().filter(|t| !t.trim().is_empty());
    }
    raw.starts_with(|c: char| c.is_ascii_digit() || c == '-').then(|| raw.to_owned())
}

/// The whole part of a JSON number.
pub(super) fn number(raw: Option<&RawValue>) -> Option<i64> {
    let value: f64 = raw?.get().parse().ok()?;
    (value.is_finite() && value.abs() < 9.0e15).then_some(value as i64)
}

/// Whether a JSON value is `true`.
pub(super) fn flag(raw: Option<&RawValue>) -> bool {
    raw.is_some_and(|raw| raw.get() == "true")
}

/// `props` with text fields in front: written side by side, not parsed and written again. `None` when both are empty.
pub(super) fn joined(fields: &[(&str, Option<&str>)], props: Option<&RawValue>) -> Option<String> {
    let inside = |raw: &'_ RawValue| raw.get().trim().strip_prefix('{').and_then(|t| t.strip_suffix('}')).map(|t| t.trim().to_owned());
    let rest = props.and_then(inside).unwrap_or_default();
    let mut json = String::with_capacity(rest.len() + 64);
    json.push('{');
    for (key, value) in fields {
        let Some(value) = value else { continue };
        if json.len() > 1 {
            json.push(',');
        }
        json.push('"');
        json.push_str(key);
        json.push_str("\":");
        json.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
    }
    if !rest.is_empty() {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&rest);
    }
    json.push('}');
    (json.len() > 2).then_some(json)
}
