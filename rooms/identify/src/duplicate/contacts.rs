//! People as they are compared and shown in pairs.

use attune_db::{DbError, Sql, Tx};
use attune_duplicate::Kind;
use attune_house::BoxFuture;
use attune_web::{Scope, Shell};
use serde_json::{Map, Value as Json};

use super::columns::text;
use super::twin::{Asker, Party, Speech, Twin};
use crate::contact::{self, By, Contact, ContactId, Listing};
use crate::field::Subject;
use crate::merge::pages::address;

const SPEECH: Speech = Speech {
    list: ("/contacts", "identify-contacts"),
    home: "/contacts/duplicates",
    other: ("/companies/duplicates", "duplicate-companies"),
    found: "duplicate-found",
    searching: "duplicate-searching",
    result: "duplicate-result",
    only_all: "duplicate-only-all",
    never_text: "duplicate-never-text",
    none_text: "duplicate-none-text",
    none_apart: "duplicate-none-apart",
    none_apart_text: "duplicate-none-apart-text",
    apart: "duplicate-apart",
    warning: "duplicate-warning",
};

impl Twin for Contact {
    type Id = ContactId;

    const OF: Subject = Subject::Contact;
    const FIND: &'static str = "identify.find_duplicates";
    const TABLE: &'static str = "contacts";
    const DIFFERENT: &'static str = "FALSE";
    const SPEECH: &'static Speech = &SPEECH;
    /// A job title says nothing: people have several, and colleagues share them.
    const FIXED: &'static [(&'static str, Kind)] = &[
        ("given_name", Kind::GivenName),
        ("family_name", Kind::Surname),
        ("email", Kind::Email),
        ("phone", Kind::Phone),
        ("company", Kind::Category),
        ("city", Kind::City),
        ("country", Kind::Region),
    ];

    const APART: &'static [&'static str] = &[];

    fn id(&self) -> i64 {
        self.id
    }

    fn own(&self) -> &Map<String, Json> {
        &self.fields
    }

    /// Many people are called the same: a name alone is nobody's.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn parent(&self) -> Option<i64> {
        None
    }

    fn attribute(&self, name: &str) -> String {
        match name {
            // Who has but one name has it as the given one.
            "given_name" if self.given_name.is_none() && self.family_name.is_none() => self.name.clone(),
            "company" => self.company_name.clone().unwrap_or_default(),
            name => text(Some(&self.raw(name))),
        }
    }

    fn party(&self, shell: &Shell) -> Party {
        let head = (self.id, contact::name_of(&shell.l, self), format!("/contacts/{}", self.shown_id()));
        Party::new(head, [self.email_for(&shell.sight()), self.company_name.clone(), self.city.clone()])
    }

    fn shown(id: i64) -> Self::Id {
        ContactId(id)
    }

    fn compare(a: i64, b: i64) -> String {
        address(a, b)
    }

    fn push_in_charge(sql: &mut Sql, asker: Asker<'_>, table: &str) {
        asker.scope.push_filter(sql, &format!("{table}.owner_id"), &format!("{table}.team_id"));
    }

    fn is_in_charge<'a>(tx: &'a mut Tx, _: &'a By<'_>, scope: &'a Scope, id: i64) -> BoxFuture<'a, Result<bool, DbError>> {
        Box::pin(async move { Ok(contact::find_owned(tx, scope, id).await?.is_some()) })
    }

    fn list_behind(tx: &mut Tx, behind: i64, limit: i64) -> BoxFuture<'_, Result<Vec<Self>, DbError>> {
        Box::pin(async move { contact::list_behind(tx, &Scope::All, &Listing::default(), behind, limit).await })
    }

    fn list_by_ids(tx: &mut Tx, ids: Vec<i64>) -> BoxFuture<'_, Result<Vec<Self>, DbError>> {
        Box::pin(async move { contact::list_by_ids(tx, ids).await })
    }
}
