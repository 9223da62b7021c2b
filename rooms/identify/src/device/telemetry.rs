//! What devices tell, in batches: checked one by one, written at once.

use std::collections::{HashMap, HashSet};

use attune_db::{DbError, Relation, Tx, Value};
use attune_events::{Event, append, hold_head, known_client_keys};
use attune_kernel::{Ids, MINUTE_US, fold_key};
use attune_web::Scope;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Device, store};
use crate::tracking::api::read_at;
use crate::tracking::key64;

/// The most news in a batch.
pub(super) const MOST: usize = 1_000;
/// How far ahead of the server's clock a device's may be, µs.
const AHEAD_US: i64 = MINUTE_US;
/// The words of a severity.
const SEVERITIES: [&str; 3] = ["info", "warning", "critical"];

/// One piece of news of a device.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Sent {
    /// Idempotency key; the same id of the same device is taken once.
    id: String,
    serial: String,
    /// `reading`, `stock`, `usage`, `fault` or `recovered`.
    kind: String,
    /// RFC 3339, or ms since 1970.
    at: Json,
    /// Of a reading: which.
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: Option<f64>,
    #[serde(default)]
    unit: String,
    /// Of a fault: which.
    #[serde(default)]
    code: String,
    #[serde(default)]
    severity: String,
}

/// What became of a piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Result_ {
    Taken,
    Repeated,
    /// It will never be taken: a code and what is wrong.
    Refused(&'static str, &'static str),
}

/// A piece of news that can be taken.
#[derive(Clone, Debug, PartialEq)]
struct News {
    event: &'static str,
    kind: &'static str,
    name: String,
    value: Option<f64>,
    unit: String,
    severity: String,
    at: i64,
}

fn word(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

impl Sent {
    /// The news, or why they are none.
    fn check(&self, now: i64) -> Result<News, Result_> {
        let no = |code, why| Err(Result_::Refused(code, why));
        if !(1..=64).contains(&self.id.len()) {
            return no("bad_id", "id must have 1 to 64 bytes");
        }
        let Some(at) = read_at(&self.at) else { return no("bad_time", "at must be RFC 3339 or ms since 1970") };
        if at > now + AHEAD_US {
            return no("in_future", "at is in the future");
        }
        let is_fault = matches!(self.kind.as_str(), "fault" | "recovered");
        let value = self.value.filter(|value| value.is_finite());
        let (event, kind, name, unit) = match self.kind.as_str() {
            "reading" if matches!(self.name.trim(), "stock" | "usage") => return no("bad_name", "stock and usage are kinds of their own"),
            "reading" => ("device.reading", "reading", self.name.trim(), self.unit.trim()),
            "stock" => ("device.reading", "reading", "stock", "%"),
            "usage" => ("device.reading", "reading", "usage", self.unit.trim()),
            "fault" => ("device.fault", "fault", self.code.trim(), ""),
            "recovered" => ("device.recovered", "recovered", self.code.trim(), ""),
            _ => return no("bad_kind", "kind must be reading, stock, usage, fault or recovered"),
        };
        if !word(name, 60) || unit.chars().count() > 20 {
            return no("bad_name", "a name or code of 1 to 60 characters is needed, and a unit of at most 20");
        }
        match value {
            None if !is_fault => return no("bad_value", "value must be a number"),
            Some(value) if self.kind == "stock" && !(0.0..=100.0).contains(&value) => {
                return no("bad_value", "a stock level is a percentage from 0 to 100");
            }
            _ => {}
        }
        if self.kind == "fault" && !SEVERITIES.contains(&self.severity.as_str()) {
            return no("bad_severity", "severity must be info, warning or critical");
        }
        let severity = if self.kind == "fault" { self.severity.clone() } else { String::new() };
        let value = if is_fault { None } else { value };
        Ok(News { event, kind, name: name.to_owned(), value, unit: unit.to_owned(), severity, at })
    }
}

/// Takes a batch: of each piece of news what became of it. A device outside `scope` is one that is not there.
pub(super) async fn take(tx: &mut Tx, ids: &Ids, now: i64, scope: &Scope, batch: &[Sent]) -> Result<Vec<Result_>, DbError> {
    let checked: Vec<_> = batch.iter().map(|sent| sent.check(now)).collect();
    // Nobody else adds events meanwhile, so that the same id sent twice at a time is taken once.
    hold_head(tx).await?;
    let key = |sent: &Sent| key64("device", &[&fold_key(&sent.serial), &sent.id]);
    let mut known: HashSet<i64> = known_client_keys(tx, batch.iter().map(key)).await?;
    let serials: HashSet<String> = batch.iter().map(|sent| fold_key(&sent.serial)).collect();
    let devices = store::list_by_serial(tx, scope, &serials.into_iter().collect::<Vec<_>>()).await?;
    let (mut results, mut taken) = (Vec::with_capacity(batch.len()), Vec::new());
    for (sent, checked) in batch.iter().zip(checked) {
        results.push(match (checked, devices.get(&fold_key(&sent.serial))) {
            (Err(refused), _) => refused,
            (Ok(_), None) => Result_::Refused("unknown_device", "no device has this serial number"),
            (Ok(_), Some(_)) if known.contains(&key(sent)) => Result_::Repeated,
            (Ok(news), Some(device)) if news.at < device.owned_at => {
                Result_::Refused("before_owner", "the device had another owner at that time, or was not known yet")
            }
            (Ok(news), Some(device)) => {
                known.insert(key(sent));
                taken.push((key(sent), news, device));
                Result_::Taken
            }
        });
    }
    write(tx, ids, &taken).await?;
    Ok(results)
}

async fn write(tx: &mut Tx, ids: &Ids, taken: &[(i64, News, &Device)]) -> Result<(), DbError> {
    let mut readings = Relation::new(&store::READING);
    let mut newest: HashMap<(i64, &str, &str), &News> = HashMap::new();
    for (_, news, device) in taken {
        readings.push(reading(ids.next(), news, device));
        let kind = if news.kind == "reading" { "reading" } else { "fault" };
        let slot = newest.entry((device.id.0, kind, &news.name)).or_insert(news);
        // Of two at the same moment the later in the batch holds.
        if slot.at <= news.at {
            *slot = news;
        }
    }
    let mut states = Relation::new(&store::STATE);
    for ((device, kind, name), news) in newest {
        states.push(vec![
            Value::Int(device),
            Value::from(kind),
            Value::from(name),
            news.value.map_or(Value::Null, Value::Real),
            Value::from(news.unit.as_str()),
            Value::from(news.severity.as_str()),
            Value::Bool(news.kind == "fault"),
            Value::Int(news.at),
        ]);
    }
    store::tell(tx, &readings, &states).await?;
    append(tx, &mut taken.iter().map(event).collect::<Vec<_>>()).await
}

fn reading(id: i64, news: &News, device: &Device) -> Vec<Value> {
    vec![
        Value::Int(id),
        Value::Int(device.id.0),
        device.owner.contact().into(),
        device.owner.company().into(),
        Value::from(news.kind),
        Value::from(news.name.as_str()),
        news.value.map_or(Value::Null, Value::Real),
        Value::from(news.unit.as_str()),
        Value::from(news.severity.as_str()),
        Value::Int(news.at),
    ]
}

fn event((key, news, device): &(i64, News, &Device)) -> Event {
    let mut props = json!({ "device": device.id, "serial": device.serial, "model": device.model });
    if let Some(map) = props.as_object_mut() {
        if let Some(value) = news.value {
            map.insert("value".to_owned(), json!(value));
            map.insert("unit".to_owned(), json!(news.unit));
        }
        if !news.severity.is_empty() {
            map.insert("severity".to_owned(), json!(news.severity));
        }
    }
    let event = Event::new(news.event, news.at);
    let mut event = device.owner.about(event, device.firm_id).subject(news.name.as_str()).props(&props);
    // The whole number next to it; what is beyond any whole number is at its end.
    event.amount = news.value.map(|value| value.round() as i64);
    event.client_key = Some(*key);
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(more: Json) -> Sent {
        let mut whole =
            json!({ "id": "1", "serial": "A-1", "kind": "reading", "at": 5, "name": "temperature", "value": 21.5, "unit": "°C" });
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn news_are_taken_or_refused_for_a_reason() {
        for (more, code) in [
            (json!({}), ""),
            (json!({ "kind": "stock", "value": 0 }), ""),
            (json!({ "kind": "stock", "value": 100.5 }), "bad_value"),
            (json!({ "kind": "usage", "value": null }), "bad_value"),
            (json!({ "kind": "fault", "code": "E12", "severity": "critical", "value": null }), ""),
            (json!({ "kind": "fault", "code": "E12", "severity": "awful" }), "bad_severity"),
            (json!({ "kind": "recovered", "code": "" }), "bad_name"),
            (json!({ "kind": "song" }), "bad_kind"),
            (json!({ "name": "stock" }), "bad_name"),
            (json!({ "at": "yesterday" }), "bad_time"),
            (json!({ "at": 9_000_000_000_000_i64 }), "in_future"),
            (json!({ "id": "" }), "bad_id"),
        ] {
            let found = match sent(more.clone()).check(10_000) {
                Err(Result_::Refused(code, _)) => code,
                _ => "",
            };
            assert_eq!(found, code, "{more}");
        }
    }
}
