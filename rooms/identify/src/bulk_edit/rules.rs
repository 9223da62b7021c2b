//! What can be set for many at once, how what was typed is read, and what it makes of a record.

use attune_db::{DbError, Tx};
use attune_kernel::fold_key;
use attune_web::Actor;
use serde_json::{Value as Json, json};

use super::edited::Edited;
use crate::company;
use crate::contact::{self, By, ContactError};
use crate::field::{Field, Subject, reference};
use crate::staff::Member;

/// The attributes all have that can be set for many. What tells one from another, such as names and addresses, is not among them.
pub(super) fn attributes(of: Subject) -> &'static [&'static str] {
    match of {
        Subject::Contact => &["stage", "owner_id", "company", "title", "city", "country", "locale", "time_zone", "source"],
        Subject::Company => &["owner_id", "industry", "city", "country"],
    }
}

/// The longest name of a company, in characters.
const LONGEST: usize = 200;

/// What an attribute is to become.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    /// The attribute's key as it is kept: the company by its id.
    pub(crate) key: String,
    /// Null empties it.
    pub(crate) value: Json,
    /// The name of a company, which may not exist yet.
    pub(crate) company: Option<String>,
}

/// Whether an attribute can be left empty.
pub(super) fn may_be_empty(key: &str) -> bool {
    key != "stage"
}

/// The field `key` stands for, if it names a record.
pub(super) fn naming<'f>(key: &str, fields: &'f [Field]) -> Option<&'f Field> {
    key.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key && field.kind.target().is_some()))
}

/// Whether `key` can be set for many.
pub(super) fn is_editable(of: Subject, key: &str, fields: &[Field]) -> bool {
    attributes(of).contains(&key) || key.strip_prefix("f:").is_some_and(|key| fields.iter().any(|field| field.key == key))
}

impl Target {
    /// Reads what was typed for `key`, or that it is to be emptied; the locale key of what is wrong.
    pub(super) fn read(
        (of, key): (Subject, &str),
        typed: &str,
        empty: bool,
        (fields, members): (&[Field], &[Member]),
    ) -> Result<Self, &'static str> {
        if !is_editable(of, key, fields) {
            return Err("bulk-edit-field-gone");
        }
        let typed = typed.trim();
        let kept = if key == "company" { "company_id" } else { key };
        let target = |value: Json| Self { key: kept.to_owned(), value, company: None };
        if empty {
            return if may_be_empty(key) { Ok(target(Json::Null)) } else { Err("bulk-edit-never-empty") };
        }
        if typed.is_empty() {
            return Err("bulk-edit-needs-value");
        }
        let value = match key {
            "owner_id" => {
                let id: i64 = typed.parse().map_err(|_| "web-not-a-choice")?;
                json!(members.iter().find(|member| member.id == id && member.active).ok_or("web-not-a-choice")?.id)
            }
            "company" if typed.chars().count() > LONGEST => return Err("identify-too-long"),
            "company" => return Ok(Self { company: Some(typed.to_owned()), ..target(Json::Null) }),
            key => match read_value(of, key, typed, fields) {
                Ok(value) => value,
                Err(ContactError::Invalid { key: why, .. }) => return Err(why),
                Err(_) => return Err("bulk-edit-field-gone"),
            },
        };
        Ok(target(value))
    }

    /// The same with the id of whom the words mean, where the field names a record; the locale key of what is wrong.
    pub(super) async fn named(mut self, tx: &mut Tx, actor: &Actor, fields: &[Field]) -> Result<Result<Self, &'static str>, DbError> {
        let (Some(target), Some(text)) = (naming(&self.key, fields).and_then(|field| field.kind.target()), self.value.as_str()) else {
            return Ok(Ok(self));
        };
        let Some(scope) = reference::scope_of(actor) else { return Ok(Err("field-reference-unknown")) };
        let meant = reference::meant(tx, &scope, (target, None), [text.to_owned()]).await?.remove(text);
        Ok(meant.unwrap_or(Err("field-reference-unknown")).map(|id| {
            self.value = Json::from(reference::shown_id(target, id));
            self
        }))
    }

    /// Whether a record has the value already.
    pub(super) fn is_met(&self, record: &Edited) -> bool {
        match &self.company {
            Some(name) => record.company_name().is_some_and(|has| fold_key(has) == fold_key(name)),
            None => record.raw(&self.key) == self.value,
        }
    }

    /// The same with the company made, if it is not there yet.
    pub(super) async fn settled(mut self, tx: &mut Tx, by: &By<'_>) -> Result<Self, DbError> {
        if let Some(name) = &self.company {
            self.value = json!(company::find_or_create(tx, by, name, None).await?.id);
        }
        Ok(self)
    }
}

fn read_value(of: Subject, key: &str, typed: &str, fields: &[Field]) -> Result<Json, ContactError> {
    match of {
        Subject::Contact => contact::read_value(key, typed, fields),
        Subject::Company => company::read_value(key, typed, fields),
    }
}

/// Gives a record the value; whoever looks after it brings their team.
pub(super) fn give(record: &mut Edited, key: &str, value: &Json, members: &[Member]) {
    record.set(key, value.clone());
    if key == "owner_id" {
        let team_id = value.as_i64().and_then(|id| members.iter().find(|member| member.id == id)).and_then(|member| member.team_id);
        record.set("team_id", json!(team_id));
    }
}

/// Whether a value that was there before can be there again: its options and its field still are.
pub(super) fn still_fits(key: &str, value: &Json, fields: &[Field]) -> bool {
    let Some(key) = key.strip_prefix("f:") else { return true };
    let Some(field) = fields.iter().find(|field| field.key == key) else { return false };
    value.is_null()
        || !field.kind.has_options()
        || field.kept(value).iter().all(|kept| field.options.iter().any(|o| o.key == *kept && !o.gone))
}
