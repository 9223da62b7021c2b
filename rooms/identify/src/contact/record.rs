//! A contact as a value: typed for pages, and by key for inline edits, imports and their undoing.

use attune_kernel::{Address, fold_key, mask, mask_text};
use attune_web::Sight;
use serde_json::{Map, Value as Json};

use super::{ContactId, compose_name, rules, search, split_name};
use crate::address::PostalAddress;

/// How far a person is on the way to being a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Seen, not known.
    Visitor,
    /// Known.
    #[default]
    Lead,
    /// Qualified by marketing.
    Mql,
    /// Qualified by sales.
    Sql,
    /// Has bought.
    Customer,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Visitor, Self::Lead, Self::Mql, Self::Sql, Self::Customer];

    /// The word in the table and in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Lead => "lead",
            Self::Mql => "mql",
            Self::Sql => "sql",
            Self::Customer => "customer",
        }
    }

    /// The stage of a word, if it is one.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// The locale key of its name.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Visitor => "identify-stage-visitor",
            Self::Lead => "identify-stage-lead",
            Self::Mql => "identify-stage-mql",
            Self::Sql => "identify-stage-sql",
            Self::Customer => "identify-stage-customer",
        }
    }

    /// The tone of its badge.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Visitor | Self::Lead => "",
            Self::Mql => "blue",
            Self::Sql => "accent",
            Self::Customer => "good",
        }
    }
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contact {
    /// Its id; 0 before it is stored.
    pub id: i64,
    /// The full name as written; may be empty.
    pub name: String,
    /// What mails say behind "Hello".
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The e-mail address as written; shown through [`Contact::email_for`].
    pub email: Option<Address>,
    /// The phone number as written; shown through [`Contact::phone_for`].
    pub phone: Option<Address>,
    /// The company.
    pub company_id: Option<i64>,
    /// The company's name; read only.
    pub company_name: Option<String>,
    /// The job title.
    pub title: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// The rest of the postal address.
    pub postal: PostalAddress,
    /// The id another system uses.
    pub external_id: Option<String>,
    /// `kind:value`: unique among the alive.
    pub external_key: Option<String>,
    /// How far they are.
    pub stage: Stage,
    /// The member of staff who looks after them.
    pub owner_id: Option<i64>,
    /// The owner's team.
    pub team_id: Option<i64>,
    /// BCP 47 tag of the language they read.
    pub locale: Option<String>,
    /// IANA name of their time zone.
    pub time_zone: Option<String>,
    /// Where they came from, in words.
    pub source: Option<String>,
    /// The import that created them.
    pub import_id: Option<i64>,
    /// log2 form of the engagement score.
    pub engagement_k: Option<f64>,
    /// Fit, points.
    pub fit: Option<i64>,
    /// A, B or C.
    pub grade: Option<String>,
    /// Custom values by field key.
    pub fields: Map<String, Json>,
    /// µs UTC.
    pub created_at: i64,
    /// µs UTC.
    pub updated_at: i64,
    /// The last touch, µs UTC.
    pub last_seen_at: Option<i64>,
}

/// `1234567 JPY`, as amounts are kept: no number of anybody's.
pub(crate) fn is_amount(text: &str) -> bool {
    text.split_once(' ')
        .is_some_and(|(amount, code)| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) && amount.parse::<f64>().is_ok())
}

impl Contact {
    /// The attributes that can be read and written by key; custom fields are `f:` and their key.
    pub const KEYS: [&'static str; 22] = [
        "name",
        "given_name",
        "family_name",
        "email",
        "phone",
        "company_id",
        "title",
        "street",
        "postal_code",
        "city",
        "region",
        "country",
        "coordinates",
        "stage",
        "owner_id",
        "team_id",
        "locale",
        "time_zone",
        "source",
        "external_id",
        "external_key",
        "last_seen_at",
    ];

    /// The id as shown.
    pub fn shown_id(&self) -> ContactId {
        ContactId(self.id)
    }

    /// What lists call this person: the name, else the mask of the address or number, else the outside id; empty when nothing is known.
    /// It stands in every list, event and trail, and so is never an address, whoever looks.
    pub fn label(&self) -> String {
        let outside = self.external_id.as_deref().map(|id| if id.contains('@') { mask(id) } else { id.to_owned() });
        let known = [Some(self.name.clone()), self.email.as_ref().map(Address::masked), self.phone.as_ref().map(Address::masked), outside];
        known.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// What this person is called for whoever has `sight`: as [`Contact::label`], an address in full where it may be seen.
    pub fn label_for(&self, sight: &Sight) -> String {
        if self.name.is_empty() {
            self.email_for(sight).or_else(|| self.phone_for(sight)).unwrap_or_else(|| self.label())
        } else {
            self.name.clone()
        }
    }

    /// What the list sorts by; of an address the mask, else the place in the order would tell the rest.
    pub(crate) fn name_key(&self) -> String {
        rules::name_key([Some(self.label().as_str())])
    }

    /// Whose record it is.
    pub fn place(&self) -> (Option<i64>, Option<i64>) {
        (self.owner_id, self.team_id)
    }

    /// The e-mail address as `sight` may see it.
    pub fn email_for(&self, sight: &Sight) -> Option<String> {
        sight.show(self.place(), self.email.as_ref())
    }

    /// The phone number as `sight` may see it.
    pub fn phone_for(&self, sight: &Sight) -> Option<String> {
        sight.show(self.place(), self.phone.as_ref())
    }

    /// The attribute `key` as `sight` may see it, masked where it is or holds an address.
    pub fn shown(&self, key: &str, sight: &Sight) -> Json {
        let covered = sight.covers(self.owner_id, self.team_id);
        match self.raw(key) {
            value if covered => value,
            Json::String(text) if matches!(key, "email" | "phone") => Json::String(mask(&text)),
            Json::String(text) if key == "external_id" && text.contains('@') => Json::String(mask(&text)),
            Json::String(text) if key.starts_with("f:") && !is_amount(&text) => Json::String(mask_text(&text)),
            value => value,
        }
    }

    /// The address itself, for the house's own work: never for what somebody reads.
    pub fn raw_email(&self) -> Option<&str> {
        self.email.as_ref().map(Address::expose)
    }

    /// The number itself, for the house's own work: never for what somebody reads.
    pub fn raw_phone(&self) -> Option<&str> {
        self.phone.as_ref().map(Address::expose)
    }

    /// The words this contact is found by.
    pub(super) fn words(&self) -> search::Words {
        self.search_words(self.raw_phone().and_then(rules::phone_key).as_deref())
    }

    /// The same; `phone_key` is its number folded.
    pub(crate) fn search_words(&self, phone_key: Option<&str>) -> search::Words {
        let (outside, address): (Vec<&str>, Vec<&str>) = self.external_id.as_deref().into_iter().partition(|id| !id.contains('@'));
        let open = [Some(self.name.as_str()), self.company_name.as_deref()].into_iter().flatten().chain(outside);
        search::words(open, self.raw_email().into_iter().chain(address), phone_key)
    }

    /// The attribute `key` as JSON, addresses too; null when it is empty. What somebody reads comes from [`Contact::shown`].
    pub fn raw(&self, key: &str) -> Json {
        let address = |value: &Option<Address>| value.as_ref().map_or(Json::Null, |address| Json::from(address.expose()));
        let text = |value: &Option<String>| value.clone().map_or(Json::Null, Json::String);
        let number = |value: Option<i64>| value.map_or(Json::Null, Json::from);
        match key {
            "name" => Json::String(self.name.clone()),
            "given_name" => text(&self.given_name),
            "family_name" => text(&self.family_name),
            "email" => address(&self.email),
            "phone" => address(&self.phone),
            "company_id" => number(self.company_id),
            "title" => text(&self.title),
            "city" => text(&self.city),
            "country" => text(&self.country),
            "street" | "postal_code" | "region" | "coordinates" | "latitude" | "longitude" => self.postal.get(key),
            "stage" => Json::from(self.stage.word()),
            "owner_id" => number(self.owner_id),
            "team_id" => number(self.team_id),
            "locale" => text(&self.locale),
            "time_zone" => text(&self.time_zone),
            "source" => text(&self.source),
            "external_id" => text(&self.external_id),
            "external_key" => text(&self.external_key),
            "last_seen_at" => number(self.last_seen_at),
            custom => custom.strip_prefix("f:").and_then(|key| self.fields.get(key)).cloned().unwrap_or(Json::Null),
        }
    }

    /// Sets the attribute `key` exactly, without touching others; an unknown key is ignored.
    pub fn set(&mut self, key: &str, value: Json) {
        let text = || value.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
        match key {
            "name" => self.name = value.as_str().unwrap_or("").to_owned(),
            "given_name" => self.given_name = text(),
            "family_name" => self.family_name = text(),
            "email" => self.email = text().map(Address::new),
            "phone" => self.phone = text().map(Address::new),
            "company_id" => self.company_id = value.as_i64(),
            "title" => self.title = text(),
            "city" => self.city = text(),
            "country" => self.country = text(),
            "street" | "postal_code" | "region" | "coordinates" => self.postal.set(key, &value),
            "stage" => self.stage = value.as_str().and_then(Stage::of).unwrap_or_default(),
            "owner_id" => self.owner_id = value.as_i64(),
            "team_id" => self.team_id = value.as_i64(),
            "locale" => self.locale = text(),
            "time_zone" => self.time_zone = text(),
            "source" => self.source = text(),
            "external_id" => self.external_id = text(),
            "external_key" => self.external_key = text(),
            "last_seen_at" => self.last_seen_at = value.as_i64(),
            custom => {
                let Some(key) = custom.strip_prefix("f:") else { return };
                if value.is_null() {
                    self.fields.remove(key);
                } else {
                    self.fields.insert(key.to_owned(), value);
                }
            }
        }
    }

    /// Sets the attribute `key` as a person or a file gives it: name parts follow the name and the other way round.
    pub fn give(&mut self, key: &str, value: Json) {
        self.set(key, value);
        match key {
            "name" => (self.given_name, self.family_name) = split_name(&self.name),
            "given_name" | "family_name" => self.name = compose_name(self.given_name.as_deref(), self.family_name.as_deref()),
            _ => {}
        }
    }

    /// Which attributes differ from `before`: (key, before, now).
    pub(crate) fn differences(&self, before: &Self) -> Vec<(String, Json, Json)> {
        let customs = before.fields.keys().chain(self.fields.keys().filter(|k| !before.fields.contains_key(*k))).map(|k| format!("f:{k}"));
        let keys = Self::KEYS.iter().map(|k| (*k).to_owned()).chain(customs);
        let pairs = keys.map(|key| (before.raw(&key), self.raw(&key), key));
        pairs.filter(|(old, new, _)| old != new).map(|(old, new, key)| (key, old, new)).collect()
    }
}

/// A contact to be made, checked.
#[derive(Clone, Debug, Default)]
pub struct ContactDraft {
    /// The full name; empty when unknown.
    pub name: String,
    /// A checked address.
    pub email: Option<String>,
    /// A phone number.
    pub phone: Option<String>,
    /// The company's name: found by its folded form or made.
    pub company: Option<String>,
    /// The job title.
    pub title: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// The rest of the postal address.
    pub postal: PostalAddress,
    /// How far they are.
    pub stage: Stage,
    /// Who looks after them.
    pub owner_id: Option<i64>,
    /// Where they came from, in words.
    pub source: Option<String>,
    /// The id another system uses, as (kind, value).
    pub external: Option<(String, String)>,
    /// BCP 47 tag.
    pub locale: Option<String>,
    /// Custom values by field key.
    pub fields: Map<String, Json>,
}

impl ContactDraft {
    /// The contact it becomes; company and owner's team are filled in by the caller.
    pub(crate) fn into_contact(self, id: i64, now: i64) -> Contact {
        let (given_name, family_name) = split_name(&self.name);
        Contact {
            id,
            given_name,
            family_name,
            name: self.name.trim().to_owned(),
            email: self.email.map(Address::new),
            phone: self.phone.map(Address::new),
            title: self.title,
            city: self.city,
            country: self.country,
            postal: self.postal,
            external_key: self.external.as_ref().map(|(kind, value)| external_key(kind, value)),
            external_id: self.external.map(|(_, value)| value),
            stage: self.stage,
            owner_id: self.owner_id,
            source: self.source,
            locale: self.locale,
            fields: self.fields,
            created_at: now,
            updated_at: now,
            ..Contact::default()
        }
    }
}

/// The unique form of an outside id of a kind.
pub(crate) fn external_key(kind: &str, value: &str) -> String {
    format!("{}:{}", fold_key(kind), value.trim())
}
