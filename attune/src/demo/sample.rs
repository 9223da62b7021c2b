//! The bundled purchases, read once: what goes into the store and what decides who responds.

use std::collections::{BTreeMap, HashMap};

use attune_kernel::Fault;

use super::names::People;

const FILE: &str = include_str!("../../../samples/cdnow_sample_2357_customers.csv");
/// Purchases up to this day enter the store.
const KNOWN_UNTIL: &str = "1997-09-30";
/// Round by round: who bought between these days, both included, responds.
const WINDOWS: [(&str, &str); 3] = [("1997-10-01", "1997-12-30"), ("1997-12-31", "1998-03-31"), ("1998-04-01", "1998-06-30")];

/// The sample as two CSV files and the truth about later weeks.
pub struct Sample {
    /// One row per customer: external_id, name, given_name, family_name, email, city, country, orders, cds, spent_usd, first_order, last_order.
    pub contacts_csv: String,
    /// One row per known purchase: external_id, name, at, subject, amount, currency.
    pub purchases_csv: String,
    /// How many customers there are.
    pub customers: i64,
    /// Per address, in lower case: which rounds the customer responds to.
    pub responds: HashMap<String, [bool; 3]>,
}

#[derive(Default)]
struct Customer {
    known: Vec<(String, i64, i64)>,
    responds: [bool; 3],
}

/// Reads the bundled file; `seed` draws the names.
pub fn read(seed: u64) -> Result<Sample, Fault> {
    let customers = customers()?;
    let mut people = People::new(seed);
    let mut contacts = csv::Writer::from_writer(Vec::new());
    let mut purchases = csv::Writer::from_writer(Vec::new());
    contacts.write_record([
        "external_id",
        "name",
        "given_name",
        "family_name",
        "email",
        "city",
        "country",
        "orders",
        "cds",
        "spent_usd",
        "first_order",
        "last_order",
    ])?;
    purchases.write_record(["external_id", "name", "at", "subject", "amount", "currency"])?;
    let mut responds = HashMap::new();
    for (id, customer) in &customers {
        let person = people.draw();
        let key = format!("cdnow-{id}");
        let email = format!("{key}@listeners.example");
        let cds: i64 = customer.known.iter().map(|(_, cds, _)| cds).sum();
        let cents: i64 = customer.known.iter().map(|(_, _, cents)| cents).sum();
        let first = customer.known.first().map_or("", |(date, ..)| date.as_str());
        let last = customer.known.last().map_or("", |(date, ..)| date.as_str());
        let (orders, spent) = (customer.known.len().to_string(), format!("{}.{:02}", cents / 100, cents % 100));
        let (cds, city, country) = (cds.to_string(), person.city, person.country);
        contacts.write_record([
            &key,
            &person.name,
            person.given,
            person.family,
            &email,
            city,
            country,
            &orders,
            &cds,
            &spent,
            first,
            last,
        ])?;
        for (date, cds, cents) in &customer.known {
            let (at, what) = (format!("{date}T12:00:00Z"), format!("{cds} CD"));
            purchases.write_record([&key, "purchase.made", &at, &what, &format!("{}.{:02}", cents / 100, cents % 100), "USD"])?;
        }
        responds.insert(email, customer.responds);
    }
    Ok(Sample {
        contacts_csv: finished(contacts)?,
        purchases_csv: finished(purchases)?,
        customers: i64::try_from(customers.len()).unwrap_or(i64::MAX),
        responds,
    })
}

fn customers() -> Result<BTreeMap<String, Customer>, Fault> {
    let mut customers: BTreeMap<String, Customer> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(FILE.as_bytes());
    for row in reader.deserialize() {
        let (id, _, date, cds, amount): (String, String, String, i64, String) = row?;
        let cents = attune_kernel::Money::parse_minor(&amount, "USD")?;
        let customer = customers.entry(id).or_default();
        if date.as_str() <= KNOWN_UNTIL {
            customer.known.push((date, cds, cents));
            continue;
        }
        for (mark, (from, until)) in customer.responds.iter_mut().zip(WINDOWS) {
            *mark |= from <= date.as_str() && date.as_str() <= until;
        }
    }
    Ok(customers)
}

fn finished(writer: csv::Writer<Vec<u8>>) -> Result<String, Fault> {
    let bytes = writer.into_inner().map_err(|e| Fault::new(e.to_string()))?;
    Ok(String::from_utf8(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_what_its_source_says() {
        let sample = read(1).unwrap();
        assert_eq!(sample.customers, 2_357);
        assert_eq!(sample.contacts_csv.lines().count(), 2_358);
        assert_eq!(sample.purchases_csv.lines().count(), 4_961);
        let through = |n: usize| sample.responds.values().filter(|r| r[..n].iter().all(|yes| *yes)).count();
        assert_eq!([through(1), through(2), through(3)], [402, 195, 106]);
    }

    #[test]
    fn the_same_seed_draws_the_same_names() {
        assert_eq!(read(7).unwrap().contacts_csv, read(7).unwrap().contacts_csv);
        assert_ne!(read(7).unwrap().contacts_csv, read(8).unwrap().contacts_csv);
    }
}
