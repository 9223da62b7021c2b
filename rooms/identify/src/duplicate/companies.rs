//! Companies as they are compared and shown in pairs: by their names, their domains and where they are.

use attune_db::{DbError, Sql, Tx};
use attune_duplicate::Kind;
use attune_house::BoxFuture;
use attune_web::{Scope, Shell};
use serde_json::{Map, Value as Json};

use super::columns::text;
use super::names::{bare_name, names};
use super::twin::{Asker, Party, Speech, Twin};
use crate::company::{self, Company, CompanyId, Listing, domain_key, merge};
use crate::contact::By;
use crate::field::Subject;

const SPEECH: Speech = Speech {
    list: ("/companies", "identify-companies"),
    home: "/companies/duplicates",
    other: ("/contacts/duplicates", "duplicate-contacts"),
    found: "duplicate-company-found",
    searching: "duplicate-company-searching",
    result: "duplicate-company-result",
    only_all: "duplicate-company-only-all",
    never_text: "duplicate-company-never-text",
    none_text: "duplicate-company-none-text",
    none_apart: "duplicate-company-none-apart",
    none_apart_text: "duplicate-company-none-apart-text",
    apart: "duplicate-company-apart",
    warning: "duplicate-company-warning",
};

impl Twin for Company {
    type Id = CompanyId;

    const OF: Subject = Subject::Company;
    const FIND: &'static str = "identify.find_company_duplicates";
    const TABLE: &'static str = "companies";
    /// A branch is called like the company it belongs to, and like the other branches.
    const DIFFERENT: &'static str =
        "COALESCE(a.parent_id, 0) = b.id OR COALESCE(b.parent_id, 0) = a.id OR COALESCE(a.parent_id, 0) = COALESCE(b.parent_id, 1)";
    const SPEECH: &'static Speech = &SPEECH;
    const FIXED: &'static [(&'static str, Kind)] = &[
        ("name", Kind::Title),
        ("domain", Kind::Code),
        ("phone", Kind::Phone),
        ("street", Kind::Address),
        ("postal_code", Kind::Postcode),
        ("city", Kind::City),
        ("country", Kind::Region),
        ("industry", Kind::Category),
    ];

    const APART: &'static [&'static str] = &["domain", "phone", "postal_code", "city", "country"];

    fn id(&self) -> i64 {
        self.id
    }

    fn own(&self) -> &Map<String, Json> {
        &self.fields
    }

    fn names(&self) -> Vec<String> {
        names(self)
    }

    fn parent(&self) -> Option<i64> {
        self.parent_id
    }

    fn attribute(&self, name: &str) -> String {
        match name {
            "name" => bare_name(&self.name),
            "domain" => self.domain.as_deref().and_then(domain_key).unwrap_or_default(),
            name => text(Some(&self.get(name))),
        }
    }

    fn party(&self, _: &Shell) -> Party {
        let head = (self.id, self.name.clone(), format!("/companies/{}", self.shown_id()));
        Party::new(head, [self.domain.clone(), self.city.clone(), self.industry.clone()])
    }

    fn shown(id: i64) -> Self::Id {
        CompanyId(id)
    }

    fn compare(a: i64, b: i64) -> String {
        merge::pages::address(a, b)
    }

    fn push_in_charge(sql: &mut Sql, asker: Asker<'_>, table: &str) {
        // What is nobody's is everybody's.
        let Some(edit) = asker.actor.may("identify.contact.edit") else {
            sql.push(" AND FALSE");
            return;
        };
        for scope in [asker.scope, edit] {
            sql.push(&format!(" AND ({table}.owner_id IS NULL OR (TRUE"));
            scope.push_filter(sql, &format!("{table}.owner_id"), &format!("{table}.team_id"));
            sql.push("))");
        }
    }

    fn is_in_charge<'a>(tx: &'a mut Tx, by: &'a By<'_>, scope: &'a Scope, id: i64) -> BoxFuture<'a, Result<bool, DbError>> {
        Box::pin(async move { Ok(merge::find_in_charge(tx, by, scope, id).await?.is_some()) })
    }

    fn list_behind(tx: &mut Tx, behind: i64, limit: i64) -> BoxFuture<'_, Result<Vec<Self>, DbError>> {
        Box::pin(async move { company::list_behind(tx, &Scope::All, &Listing::default(), behind, limit).await })
    }

    fn list_by_ids(tx: &mut Tx, ids: Vec<i64>) -> BoxFuture<'_, Result<Vec<Self>, DbError>> {
        Box::pin(async move { company::list_by_ids(tx, ids).await })
    }
}
