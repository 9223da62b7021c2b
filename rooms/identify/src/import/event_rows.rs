//! Events made from lines: what happened, when, about what and how much. The same line twice is logged once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use attune_events::Event;
use attune_kernel::Money;
use serde_json::{Map, Value as Json};

use super::plan::{EventPlan, Plan};
use super::rows::{Line, RowError};
use crate::field::{FieldKind, key_of, read_date};
use crate::tracking::is_reserved;

/// An event of a line whose person is not known yet.
#[derive(Clone, Debug)]
pub(crate) struct EventRow {
    pub(crate) line: i64,
    pub(crate) name: String,
    pub(crate) at: i64,
    pub(crate) subject: Option<String>,
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<String>,
    /// Further facts.
    pub(crate) props: Map<String, Json>,
}

/// Which events of an import have been seen; tells two equal purchases of one day apart from one read twice.
#[derive(Default)]
pub(crate) struct Repeats(HashMap<u64, u32>);

impl Repeats {
    /// How often an event of this fingerprint has been seen, this time included.
    fn nth(&mut self, fingerprint: u64) -> u32 {
        *self.0.entry(fingerprint).and_modify(|n| *n += 1).or_insert(1)
    }

    /// Remembers an event that an earlier life of the import has taken.
    pub(crate) fn pass(&mut self, event: &EventRow, key: &str) {
        self.nth(event.hasher(key).finish());
    }
}

/// Reads the events of a line; a line without a time for an event has none of it.
pub(crate) fn read(plan: &Plan, line: &Line) -> Result<Vec<EventRow>, RowError> {
    let Ok(record) = &line.values else { return Ok(Vec::new()) };
    let mut events = Vec::new();
    for event in &plan.events {
        let value = |column: &str| {
            let at = plan.columns.iter().position(|c| c.column == column)?;
            record.get(at).map(str::trim).filter(|v| !plan.is_empty_word(v))
        };
        let wrong = |cause: &'static str, detail: &str| RowError { line: line.number, cause, detail: detail.chars().take(200).collect() };
        let Some(time) = value(&event.at) else { continue };
        let at = read_time(time).ok_or_else(|| wrong("date", time))?;
        let name = match event.name_column() {
            Some(column) => value(column).ok_or_else(|| wrong("event-name", column))?,
            None => &event.name,
        };
        if !is_name(name) {
            return Err(wrong("event-name", name));
        }
        let currency = currency(plan, event, name, event.currency_column.as_deref().and_then(value))
            .ok_or_else(|| wrong("currency", event.currency_column.as_deref().and_then(value).unwrap_or_default()))?;
        let amount = match event.amount.as_deref().and_then(value) {
            Some(text) => Some(read_amount(currency.as_deref(), text).ok_or_else(|| wrong("number", text))?),
            None => None,
        };
        let subject = event.subject.as_deref().and_then(value).map(|s| s.chars().take(500).collect());
        let fact = |column: &String| {
            let text: String = value(column)?.chars().take(500).collect();
            Some((key_of(column), Json::from(text)))
        };
        let props = event.props.iter().filter_map(fact).collect();
        events.push(EventRow { line: line.number, name: name.to_owned(), at, subject, amount, currency, props });
    }
    Ok(events)
}

/// `noun.past_tense`, lower case, and none of those on which Attune's own rules hang; what was bought is known elsewhere.
pub(super) fn is_name(name: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let formed = name.len() <= 64 && name.split_once('.').is_some_and(|(noun, verb)| part(noun) && part(verb));
    formed && (is_money(name) || !is_reserved(name))
}

/// The currency of an event's amount, of which its column says `said`; `Some(None)` where an amount is a number. `None` for what is no code.
fn currency(plan: &Plan, event: &EventPlan, name: &str, said: Option<&str>) -> Option<Option<String>> {
    match said {
        Some(code) => {
            let code = code.to_ascii_uppercase();
            Money::new(0, &code).is_ok().then_some(Some(code))
        }
        None => Some(event.currency.clone().or_else(|| plan.home_currency.clone().filter(|_| is_money(name)))),
    }
}

/// A moment in µs UTC: a date, a date and time without zone (UTC), or with one.
pub(crate) fn read_time(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_microsecond());
    }
    if let Ok(civil) = text.replace('/', "-").parse::<jiff::civil::DateTime>() {
        return civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp().as_microsecond());
    }
    let midnight = read_date(text)?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_microsecond())
}

/// Whether the amount of such an event is a price.
fn is_money(name: &str) -> bool {
    name.starts_with("purchase.")
}

/// A price in minor units, or a whole number when there is no currency.
fn read_amount(currency: Option<&str>, text: &str) -> Option<i64> {
    let text = text.trim_start_matches(['$', '€', '£', '¥']);
    match currency {
        Some(currency) => Money::parse_minor(text, currency).ok(),
        None => FieldKind::Number.read(text)?.as_f64().map(|n| n.round() as i64),
    }
}

impl EventRow {
    /// The event of `contact_id`; `key` is what the person is called in the file.
    pub(crate) fn event(&self, contact_id: i64, key: &str, import_id: i64, repeats: &mut Repeats) -> Event {
        let mut hasher = self.hasher(key);
        repeats.nth(hasher.finish()).hash(&mut hasher);
        let mut event = Event::new(self.name.clone(), self.at).contact(contact_id).origin(import_id);
        event.client_key = Some(i64::from_ne_bytes(hasher.finish().to_ne_bytes()));
        event.subject.clone_from(&self.subject);
        event.amount = self.amount;
        let mut props = self.props.clone();
        if let Some(currency) = &self.currency {
            props.insert("currency".to_owned(), Json::from(currency.as_str()));
        }
        event.props(&props)
    }

    /// What makes it the same event: whose it is, what, when, about what and how much.
    fn hasher(&self, key: &str) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        ("attune-import", key, &self.name, self.at, &self.subject, self.amount).hash(&mut hasher);
        hasher
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_amounts_are_read() {
        assert_eq!(read_time("1970-01-02"), Some(86_400_000_000));
        assert_eq!(read_time("1970-01-01 00:01:00"), Some(60_000_000));
        assert_eq!(read_time("1970-01-01T00:00:00+00:00"), Some(0));
        assert_eq!(read_time("19700102"), Some(86_400_000_000));
        assert_eq!(read_time("soon"), None);
        assert_eq!(read_amount(Some("USD"), "29.33"), Some(2933));
        assert_eq!(read_amount(None, "3"), Some(3));
        assert!(is_name("purchase.made") && !is_name("Purchase") && !is_name("a.b.c d"));
        assert!(!is_name("consent.given") && !is_name("mail.opened"), "no file gives somebody's consent");
    }
}
