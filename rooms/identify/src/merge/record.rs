//! What a kind of record has to say so that two of it can be laid side by side and merged.

use attune_web::Sight;
use serde_json::{Map, Value as Json};

use crate::address::{self, PostalAddress};
use crate::company::Company;
use crate::contact::Contact;
use crate::field::Subject;

/// What is chosen as one: its key, and the attributes it consists of. It is known by the first of them, an address by all.
pub(crate) type Unit = (&'static str, &'static [&'static str]);

/// The key of an address as one.
pub(crate) const ADDRESS: &str = "address";

/// A record that can be merged with another of its kind.
pub(crate) trait Mergeable: Clone {
    /// Its kind.
    const SUBJECT: Subject;
    /// What is chosen as one, in the order of the page.
    const UNITS: &'static [Unit];
    /// Says which units there are to somebody who names another.
    const NO_UNIT: &'static str;

    fn id(&self) -> i64;
    /// The attribute `key`, exactly.
    fn exact(&self, key: &str) -> Json;
    /// Sets the attribute `key` exactly.
    fn put(&mut self, key: &str, value: Json);
    /// The attribute `key` as `sight` may see it.
    fn seen(&self, key: &str, sight: &Sight) -> Json;
    /// Which attributes differ from `before`: (key, before, now).
    fn changes(&self, before: &Self) -> Vec<(String, Json, Json)>;
    fn postal(&self) -> &PostalAddress;
    /// Values of own fields by their key.
    fn own(&self) -> &Map<String, Json>;
    fn updated_at(&mut self) -> &mut i64;
    /// Whether a unit of `other` is better than this one's for what it says; nothing where only knowing more counts.
    fn is_behind(&self, _other: &Self, _unit: &str) -> Option<bool> {
        None
    }
}

impl Mergeable for Contact {
    const SUBJECT: Subject = Subject::Contact;
    const UNITS: &'static [Unit] = &[
        ("name", &["name", "given_name", "family_name"]),
        ("email", &["email"]),
        ("phone", &["phone"]),
        ("company", &["company_id"]),
        ("title", &["title"]),
        (ADDRESS, &address::WHOLE),
        ("city", &["city"]),
        ("country", &["country"]),
        ("stage", &["stage"]),
        ("owner_id", &["owner_id", "team_id"]),
        ("locale", &["locale"]),
        ("time_zone", &["time_zone"]),
        ("source", &["source"]),
        ("external_id", &["external_id", "external_key"]),
    ];
    const NO_UNIT: &'static str = "merge-take-unknown";

    fn id(&self) -> i64 {
        self.id
    }

    fn exact(&self, key: &str) -> Json {
        self.raw(key)
    }

    fn put(&mut self, key: &str, value: Json) {
        self.set(key, value);
    }

    fn seen(&self, key: &str, sight: &Sight) -> Json {
        self.shown(key, sight)
    }

    fn changes(&self, before: &Self) -> Vec<(String, Json, Json)> {
        self.differences(before)
    }

    fn postal(&self) -> &PostalAddress {
        &self.postal
    }

    fn own(&self) -> &Map<String, Json> {
        &self.fields
    }

    fn updated_at(&mut self) -> &mut i64 {
        &mut self.updated_at
    }

    fn is_behind(&self, other: &Self, unit: &str) -> Option<bool> {
        (unit == "stage").then(|| other.stage > self.stage)
    }
}

impl Mergeable for Company {
    const SUBJECT: Subject = Subject::Company;
    const UNITS: &'static [Unit] = &[
        ("name", &["name"]),
        ("domain", &["domain"]),
        ("industry", &["industry"]),
        ("phone", &["phone"]),
        (ADDRESS, &address::WHOLE),
        ("city", &["city"]),
        ("country", &["country"]),
        ("parent", &["parent_id"]),
        ("owner_id", &["owner_id", "team_id"]),
        ("external_id", &["external_id", "external_key"]),
    ];
    const NO_UNIT: &'static str = "merge-take-unknown-of-companies";

    fn id(&self) -> i64 {
        self.id
    }

    fn exact(&self, key: &str) -> Json {
        self.get(key)
    }

    fn put(&mut self, key: &str, value: Json) {
        self.set(key, value);
    }

    fn seen(&self, key: &str, sight: &Sight) -> Json {
        self.shown(key, sight)
    }

    fn changes(&self, before: &Self) -> Vec<(String, Json, Json)> {
        self.differences(before)
    }

    fn postal(&self) -> &PostalAddress {
        &self.postal
    }

    fn own(&self) -> &Map<String, Json> {
        &self.fields
    }

    fn updated_at(&mut self) -> &mut i64 {
        &mut self.updated_at
    }
}
