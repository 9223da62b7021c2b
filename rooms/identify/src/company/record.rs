//! A company as a value: typed for pages, and by key for inline edits, imports and their undoing.

use attune_kernel::{fold_key, mask_text};
use attune_web::Sight;
use serde_json::{Map, Value as Json};

use crate::address::PostalAddress;
use crate::contact::is_amount;
use crate::field::Field;

/// A company.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: i64,
    /// The name as written.
    pub name: String,
    /// The web domain.
    pub domain: Option<String>,
    /// The line of business.
    pub industry: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
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
    /// Who looks after it.
    pub owner_id: Option<i64>,
    /// The owner's team.
    pub team_id: Option<i64>,
    /// The company this one is a branch of.
    pub parent_id: Option<i64>,
    /// The import that made it.
    pub import_id: Option<i64>,
    /// Values of own fields by their key.
    pub fields: Map<String, Json>,
    /// µs UTC.
    pub created_at: i64,
    /// µs UTC.
    pub updated_at: i64,
}

impl Company {
    /// The attributes that can be read and written by key; own fields are `f:` and their key.
    pub const ATTRIBUTES: [&'static str; 15] = [
        "name",
        "domain",
        "industry",
        "phone",
        "street",
        "postal_code",
        "city",
        "region",
        "country",
        "coordinates",
        "external_id",
        "external_key",
        "owner_id",
        "team_id",
        "parent_id",
    ];

    /// The attribute `key`; null when empty or unknown.
    pub fn get(&self, key: &str) -> Json {
        let text = |value: &Option<String>| value.clone().map_or(Json::Null, Json::String);
        let number = |value: Option<i64>| value.map_or(Json::Null, Json::from);
        match key {
            "name" => Json::from(self.name.as_str()),
            "domain" => text(&self.domain),
            "industry" => text(&self.industry),
            "phone" => text(&self.phone),
            "city" => text(&self.city),
            "country" => text(&self.country),
            "street" | "postal_code" | "region" | "coordinates" | "latitude" | "longitude" => self.postal.get(key),
            "external_id" => text(&self.external_id),
            "external_key" => text(&self.external_key),
            "owner_id" => number(self.owner_id),
            "team_id" => number(self.team_id),
            "parent_id" => number(self.parent_id),
            own => own.strip_prefix("f:").and_then(|key| self.fields.get(key)).cloned().unwrap_or(Json::Null),
        }
    }

    /// Sets the attribute `key` exactly, without touching others; an unknown key is ignored.
    pub fn set(&mut self, key: &str, value: Json) {
        let text = || value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match key {
            "name" => self.name = value.as_str().unwrap_or("").to_owned(),
            "domain" => self.domain = text(),
            "industry" => self.industry = text(),
            "phone" => self.phone = text(),
            "city" => self.city = text(),
            "country" => self.country = text(),
            "street" | "postal_code" | "region" | "coordinates" => self.postal.set(key, &value),
            "external_id" => self.external_id = text(),
            "external_key" => self.external_key = text(),
            "owner_id" => self.owner_id = value.as_i64(),
            "team_id" => self.team_id = value.as_i64(),
            "parent_id" => self.parent_id = value.as_i64(),
            own => {
                let Some(key) = own.strip_prefix("f:") else { return };
                if value.is_null() {
                    self.fields.remove(key);
                } else {
                    self.fields.insert(key.to_owned(), value);
                }
            }
        }
    }

    /// The attribute `key` as `sight` may see it: words in own fields may hold somebody's address.
    pub fn shown(&self, key: &str, sight: &Sight) -> Json {
        match self.get(key) {
            Json::String(text) if key.starts_with("f:") && !is_amount(&text) && !sight.covers(self.owner_id, self.team_id) => {
                Json::String(mask_text(&text))
            }
            value => value,
        }
    }

    /// The value of an own field in the reader's words.
    pub(crate) fn own(&self, l: &attune_web::Lang, sight: &Sight, field: &Field) -> String {
        field.shown(l, &self.shown(&format!("f:{}", field.key), sight))
    }

    /// Which attributes differ from `before`: (key, before, now).
    pub(crate) fn differences(&self, before: &Self) -> Vec<(String, Json, Json)> {
        let own = before.fields.keys().chain(self.fields.keys().filter(|k| !before.fields.contains_key(*k))).map(|k| format!("f:{k}"));
        let keys = Self::ATTRIBUTES.iter().map(|k| (*k).to_owned()).chain(own);
        let pairs = keys.map(|key| (before.get(&key), self.get(&key), key));
        pairs.filter(|(old, new, _)| old != new).map(|(old, new, key)| (key, old, new)).collect()
    }

    /// The id as shown.
    pub fn shown_id(&self) -> super::CompanyId {
        super::CompanyId(self.id)
    }
}

/// The folded name companies are matched by.
pub(crate) fn name_key(name: &str) -> String {
    fold_key(name).chars().take(200).collect()
}

/// The form of a web domain for matching: `https://www.Fisk.example/about` is `fisk.example`. `None` for what is no domain.
pub fn domain_key(domain: &str) -> Option<String> {
    let folded = domain.trim().to_lowercase();
    let bare = folded.split_once("://").map_or(folded.as_str(), |(_, rest)| rest);
    let host = bare.split(['/', '?', '#', ':']).next().unwrap_or("");
    let host = host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.');
    let fits =
        host.contains('.') && !host.starts_with('.') && host.len() <= 253 && !host.contains(char::is_whitespace) && !host.contains('@');
    fits.then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_known_however_it_is_written() {
        for text in ["fisk.example", " https://www.Fisk.example/about?x=1", "WWW.fisk.example.", "http://fisk.example:8080"] {
            assert_eq!(domain_key(text).as_deref(), Some("fisk.example"), "{text}");
        }
        for text in ["", "fisk", "elsa@fisk.example", "a b.example", "https://"] {
            assert_eq!(domain_key(text), None, "{text}");
        }
    }

    #[test]
    fn differences_put_back_are_none() {
        let before = Company { name: "Fisk".into(), city: Some("Bonn".into()), ..Company::default() };
        let mut after = Company { name: "Fisk AG".into(), ..Company::default() };
        after.set("f:tier", Json::from("gold"));
        after.set("parent_id", Json::from(7));
        let mut back = after.clone();
        for (key, was, _) in after.differences(&before) {
            back.set(&key, was);
        }
        assert_eq!((back, after.differences(&before).len()), (before, 4));
    }
}
