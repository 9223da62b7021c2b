//! Events made from lines: what happened, when, about what and how much. The same line twice is logged once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use attune_events::Event;
use attune_kernel::Money;
use serde_json::{Map, Value as Json};

use super::moments::read_time;
use super::plan::{EventPlan, Plan};
use super::rows::{Line, RowError};
use crate::field::{FieldKind, key_of};
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
    /// Whether the line itself says the currency.
    pub(crate) says_currency: bool,
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

/// Reads the events of a line; a line without a time for an event has none of it, but for a file of events, where that is a mistake.
pub(crate) fn read(plan: &Plan, line: &Line) -> Result<Vec<EventRow>, RowError> {
    let Ok(record) = &line.values else { return Ok(Vec::new()) };
    let mut events = Vec::new();
    for event in &plan.events {
        let value = |column: &str| {
            let at = plan.columns.iter().position(|c| c.column == column)?;
            record.get(at).map(str::trim).filter(|v| !plan.is_empty_word(v))
        };
        let wrong = |cause: &'static str, detail: &str| RowError { line: line.number, cause, detail: detail.chars().take(200).collect() };
        let time = match value(&event.at) {
            Some(time) => time,
            None if plan.is_of_events() => return Err(wrong("date", &event.at)),
            None => continue,
        };
        let at = read_time(time).ok_or_else(|| wrong("date", time))?;
        let name = match event.name_column() {
            Some(column) => value(column).ok_or_else(|| wrong("event-name", column))?,
            None => &event.name,
        };
        if !is_name(name) {
            return Err(wrong("event-name", name));
        }
        let said = event.currency_column.as_deref().and_then(value);
        let currency = currency(plan, event, name, said).ok_or_else(|| wrong("currency", said.unwrap_or_default()))?;
        let amount = match event.amount.as_deref().and_then(value) {
            Some(text) => Some(read_amount(currency.as_deref(), text).ok_or_else(|| wrong("number", text))?),
            None => None,
        };
        let subject = event.subject.as_deref().and_then(value).map(|s| s.chars().take(500).collect());
        let fact = |column: &String| {
            let text: String = value(column)?.chars().take(500).collect();
            Some((key_of(column), Json::from(text)))
        };
        let mut props: Map<String, Json> = event.props.iter().filter_map(fact).collect();
        let amount = match amount {
            Some(Amount::Whole(amount)) => Some(amount),
            Some(Amount::Broken(number)) => {
                props.insert("amount".to_owned(), number);
                None
            }
            None => None,
        };
        let (name, says_currency) = (name.to_owned(), said.is_some());
        events.push(EventRow { line: line.number, name, at, subject, amount, currency, says_currency, props });
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

/// Whether the amount of such an event is a price.
fn is_money(name: &str) -> bool {
    name.starts_with("purchase.")
}

/// How much, as a file says it.
#[derive(Clone, Debug, PartialEq)]
enum Amount {
    /// A price in minor units, or a whole number.
    Whole(i64),
    /// A number with decimals that has no currency: the log counts whole numbers, so it stays with the event as a fact.
    Broken(Json),
}

/// Numbers beyond this are not whole to the unit any more.
const LARGEST: f64 = 9e15;

fn read_amount(currency: Option<&str>, text: &str) -> Option<Amount> {
    let text = text.trim_start_matches(['$', '€', '£', '¥']);
    if let Some(currency) = currency {
        return Money::parse_minor(text, currency).ok().map(Amount::Whole);
    }
    let read = FieldKind::Number.read(text)?;
    let number = read.as_f64().filter(|number| number.abs() < LARGEST)?;
    Some(if number.fract() == 0.0 { Amount::Whole(number as i64) } else { Amount::Broken(read) })
}

/// Whether a value can say how much.
pub(super) fn is_amount(text: &str) -> bool {
    read_amount(None, text).or_else(|| read_amount(Some("EUR"), text)).is_some()
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

    /// What makes it the same event: whose it is, what, when, about what, how much, and what else the line says about it. A currency that
    /// only the settings say is no part of it: they may change before the file comes in again.
    fn hasher(&self, key: &str) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        ("attune-import", key, &self.name, self.at, &self.subject, self.amount).hash(&mut hasher);
        if self.says_currency {
            ("currency", &self.currency).hash(&mut hasher);
        }
        let mut facts: Vec<(&String, String)> = self.props.iter().map(|(key, value)| (key, value.to_string())).collect();
        facts.sort_unstable();
        if !facts.is_empty() {
            ("facts", facts).hash(&mut hasher);
        }
        hasher
    }
}

#[cfg(test)]
mod tests {
    use super::super::event_plan;
    use super::super::profile::Profile;
    use super::*;

    #[test]
    fn names_and_amounts_are_read() {
        assert_eq!(read_amount(Some("USD"), "29.33"), Some(Amount::Whole(2933)));
        assert_eq!(read_amount(Some("EUR"), "€29"), Some(Amount::Whole(2900)));
        assert_eq!((read_amount(None, "3"), read_amount(None, "3.0")), (Some(Amount::Whole(3)), Some(Amount::Whole(3))));
        assert_eq!(read_amount(None, "12.50"), Some(Amount::Broken(Json::from(12.5))), "nothing is rounded");
        assert_eq!((read_amount(None, "1e300"), read_amount(None, "much"), read_amount(Some("USD"), "1.234567")), (None, None, None));
        assert!(is_name("purchase.made") && !is_name("Purchase") && !is_name("a.b.c d"));
        assert!(!is_name("consent.given") && !is_name("mail.opened"), "no file gives somebody's consent");
    }

    /// What the lines of a file of events say, or why not.
    fn told(text: &str) -> Vec<Result<EventRow, &'static str>> {
        let plan = event_plan::plan(&Profile::of_text(text), None).unwrap();
        let plan = Plan { home_currency: Some("EUR".to_owned()), ..plan };
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let lines = reader.records().zip(2..).map(|(record, number)| Line { number, values: Ok(record.unwrap()) });
        lines.map(|line| read(&plan, &line).map(|mut events| events.remove(0)).map_err(|error| error.cause)).collect()
    }

    #[test]
    fn what_a_line_says_beside_makes_it_another_event() {
        let key = |text: &str| {
            let event = told(text).remove(0).unwrap();
            (event.event(1, "7", 1, &mut Repeats::default()).client_key, event)
        };
        let (plain, _) = key("user id,event,time,amount\n7,purchase.made,2026-11-01,5\n");
        let (shop, event) = key("user id,event,time,amount,channel\n7,purchase.made,2026-11-01,5,shop\n");
        let (web, _) = key("user id,event,time,amount,channel\n7,purchase.made,2026-11-01,5,web\n");
        let (euros, _) = key("user id,event,time,amount,currency\n7,purchase.made,2026-11-01,5.00,EUR\n");
        let (dollars, _) = key("user id,event,time,amount,currency\n7,purchase.made,2026-11-01,5.00,USD\n");
        let all: std::collections::HashSet<_> = [plain, shop, web, euros, dollars].into_iter().collect();
        assert_eq!(all.len(), 5);
        // As the keys were before facts were told: what has come in already is known again, whatever the settings say.
        let mut hasher = DefaultHasher::new();
        ("attune-import", "7", "purchase.made", event.at, None::<String>, Some(500_i64)).hash(&mut hasher);
        1_u32.hash(&mut hasher);
        assert_eq!(plain, Some(i64::from_ne_bytes(hasher.finish().to_ne_bytes())));
        let (empty, _) = key("user id,event,time,amount,channel\n7,purchase.made,2026-11-01,5,\n");
        assert_eq!(empty, plain, "an empty fact says nothing");
    }

    #[test]
    fn a_row_that_cannot_be_read_whole_is_refused_and_no_number_is_rounded() {
        let text = "user id,event,time,amount\n7,a.b,2026/11/1 9:05,12.50\n7,a.b,,3\n7,a.b,2026-11-01 soon,3\n7,a.b,2026-11-01,much\n7,a.b,2026-11-01,3\n";
        let rows = told(text);
        let first = rows[0].as_ref().unwrap();
        assert_eq!((first.amount, first.props["amount"].as_f64(), first.at % 86_400_000_000), (None, Some(12.5), 545 * 60_000_000));
        assert_eq!(rows[1..4].iter().map(|row| row.as_ref().unwrap_err()).collect::<Vec<_>>(), [&"date", &"date", &"number"]);
        assert_eq!(rows[4].as_ref().unwrap().amount, Some(3));
        let rows = told("external_id,name,at,amount\n7,Order,2026-11-01,5\n7,purchase.returned,2026-11-01,$5\n7,Refund,2026-11-01,5\n");
        let names: Vec<Result<&str, &str>> = rows.iter().map(|row| row.as_ref().map(|e| e.name.as_str()).map_err(|cause| *cause)).collect();
        assert_eq!(names, [Err("event-name"), Ok("purchase.returned"), Err("event-name")]);
    }
}
