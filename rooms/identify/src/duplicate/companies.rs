//! Companies as they are compared and shown in pairs: by their names without the legal form, their domains and where they are.

use attune_db::{DbError, Sql, Tx};
use attune_duplicate::Kind;
use attune_house::BoxFuture;
use attune_web::{Scope, Shell};
use serde_json::{Map, Value as Json};

use super::columns::text;
use super::namesakes::Namesakes;
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

/// Legal forms as the last word of a name, folded and without full stops.
const FORMS: [&str; 54] = [
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "llc",
    "llp",
    "lp",
    "plc",
    "pty",
    "pte",
    "pvt",
    "private",
    "sdn",
    "bhd",
    "gmbh",
    "mbh",
    "ag",
    "kg",
    "kgaa",
    "aktiengesellschaft",
    "ohg",
    "ug",
    "ev",
    "se",
    "sa",
    "sas",
    "sarl",
    "sl",
    "sau",
    "spa",
    "srl",
    "snc",
    "bv",
    "nv",
    "oy",
    "oyj",
    "ab",
    "as",
    "asa",
    "aps",
    "sp",
    "z",
    "oo",
    "kft",
    "kk",
    "doo",
    "sro",
    "ltda",
    "eirl",
    "and",
];

/// Legal forms as the end of a Chinese or Japanese name, the longer first.
const ENDINGS: [&str; 9] = ["股份有限公司", "有限责任公司", "有限公司", "股份公司", "集团公司", "公司", "株式会社", "合同会社", "有限会社"];

/// A name without its legal form, folded: `ACME Widgets, Inc.` is `acme widgets`, `上海同频科技有限公司` is `上海同频科技`. A name that is
/// nothing else stays whole.
pub(crate) fn bare_name(name: &str) -> String {
    let whole = company::name_key(name);
    let spaced: String = whole.chars().filter(|c| *c != '.').map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    while words.len() > 1 && words.last().is_some_and(|word| FORMS.contains(word)) {
        words.pop();
    }
    let joined = words.join(" ");
    let ended = ENDINGS.iter().find_map(|ending| joined.strip_suffix(ending)).map(str::trim_end).filter(|bare| !bare.is_empty());
    let began = ended.unwrap_or(&joined);
    let bare = ENDINGS.iter().find_map(|ending| began.strip_prefix(ending)).map(str::trim_start).filter(|bare| !bare.is_empty());
    let bare = bare.unwrap_or(began);
    if bare.is_empty() { whole } else { bare.to_owned() }
}

/// A bare name without the company's own city in front, as Chinese names have it: `上海同频科技` in 上海 is `同频科技`.
fn placeless(bare: &str, city: Option<&str>) -> String {
    let city = city.map(|city| company::name_key(city.trim_end_matches('市'))).filter(|city| city.chars().count() > 1);
    let behind = city.and_then(|city| bare.strip_prefix(city.as_str())).map(|rest| rest.strip_prefix('市').unwrap_or(rest));
    // Where something is written with spaces, a city in front is a word of the name.
    behind.filter(|rest| rest.chars().count() > 1 && !rest.starts_with(' ') && !rest.is_ascii()).unwrap_or(bare).to_owned()
}

impl Twin for Company {
    type Id = CompanyId;

    const OF: Subject = Subject::Company;
    const FIND: &'static str = "identify.find_company_duplicates";
    const TABLE: &'static str = "companies";
    /// A branch is called like the company it belongs to.
    const DIFFERENT: &'static str = "COALESCE(a.parent_id, 0) = b.id OR COALESCE(b.parent_id, 0) = a.id";
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

    const NAMESAKES: Option<Namesakes> = Some(Namesakes { name: "name", apart: &["domain", "city", "country"] });

    fn id(&self) -> i64 {
        self.id
    }

    fn own(&self) -> &Map<String, Json> {
        &self.fields
    }

    fn attribute(&self, name: &str) -> String {
        match name {
            "name" => placeless(&bare_name(&self.name), self.city.as_deref()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legal_form_says_nothing_about_which_company_it_is() {
        for (name, bare) in [
            ("ACME Widgets, Inc.", "acme widgets"),
            ("Acme Widgets Incorporated", "acme widgets"),
            ("Müller & Söhne GmbH & Co. KG", "müller söhne"),
            ("Fisk A.S.", "fisk"),
            ("Kowalski Sp. z o.o.", "kowalski"),
            ("上海同频科技有限公司", "上海同频科技"),
            ("上海同频科技股份有限公司", "上海同频科技"),
            ("株式会社アトラス", "アトラス"),
            ("有限公司", "有限公司"),
            ("Co", "co"),
            ("Company of Heroes", "company of heroes"),
        ] {
            assert_eq!(bare_name(name), bare, "{name}");
        }
        for (bare, city, rest) in [
            ("上海同频科技", Some("上海市"), "同频科技"),
            ("深圳市同频科技", Some("深圳"), "同频科技"),
            ("上海同频科技", Some("北京"), "上海同频科技"),
            ("上海同频科技", None, "上海同频科技"),
            ("上海港", Some("上海"), "上海港"),
            ("leeds foods", Some("Leeds"), "leeds foods"),
        ] {
            assert_eq!(placeless(bare, city), rest, "{bare} {city:?}");
        }
    }
}
