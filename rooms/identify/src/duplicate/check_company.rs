//! Which company may be meant while a new one is typed in: by its domain, and by its names.

use std::collections::{BTreeMap, BTreeSet};

use attune_db::Tx;
use attune_duplicate::Model;
use attune_kernel::Fault;
use attune_web::Scope;
use serde::Deserialize;

use super::Known;
use super::learned::{Models, Ruled, best};
use super::names::{bare_name, is_dense, names};
use super::namesakes::folded;
use crate::company::{self, ByKeys, Company, domain_key, name_key};

/// The most companies looked at by stretches of the name, and by keys.
const LOOKED_AT: i64 = 100;
const BY_KEYS: usize = 200;
/// A domain that more have is no company's own: a market place, a directory.
const OF_A_DOMAIN: i64 = 5;
/// A stretch of a name written without spaces, and in how many of its first places one begins: a brand stands in front, or behind a place.
const STRETCH: usize = 3;
const PLACES: usize = 4;
/// How long a brand in front of such a name is.
const BRAND: std::ops::RangeInclusive<usize> = 2..=4;
/// The shortest name that says anything as a part of another: letters, or characters written without spaces.
const SHORTEST: usize = 4;
const SHORTEST_DENSE: usize = 2;
/// How likely it is that a name which is a part of another means the same.
const AS_PART: f64 = 0.6;

/// What has been typed so far.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TypedFirm {
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) industry: String,
    pub(crate) city: String,
    pub(crate) country: String,
}

impl TypedFirm {
    fn company(&self) -> Company {
        let text = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        Company {
            name: self.name.trim().to_owned(),
            domain: text(&self.domain),
            industry: text(&self.industry),
            city: text(&self.city),
            country: text(&self.country),
            ..Company::default()
        }
    }
}

/// Which companies within `scope` are likely meant, the likeliest first.
pub(crate) async fn likely_firms(tx: &mut Tx, models: &Models, scope: &Scope, typed: &TypedFirm) -> Result<Vec<(Company, Known)>, Fault> {
    let mut meant = typed.company();
    let domain = meant.domain.as_deref().and_then(domain_key);
    if !company::list_crowded(tx, ByKeys::Domain, domain, OF_A_DOMAIN).await?.is_empty() {
        meant.domain = None;
    }
    let model = models.get::<Company>(tx).await?;
    let judged = candidates(tx, scope, &meant).await?.into_iter().map(|company| {
        let verdict = judge(model.as_deref(), &meant, &company);
        (company, verdict)
    });
    Ok(best(judged.collect()))
}

/// All that share the domain, are called the same, or share a stretch of the name.
async fn candidates(tx: &mut Tx, scope: &Scope, meant: &Company) -> Result<Vec<Company>, Fault> {
    let mut ids: Vec<i64> = Vec::new();
    if let Some(domain) = meant.domain.as_deref().and_then(domain_key) {
        ids.extend(company::list_by_keys(tx, ByKeys::Domain, [domain]).await?.into_iter().map(|company| company.id));
    }
    let keys = keys(meant);
    ids.extend(company::list_by_keys(tx, ByKeys::Name, keys).await?.into_iter().map(|company| company.id));
    ids.truncate(BY_KEYS);
    let mut found: BTreeMap<i64, Company> =
        company::list_within(tx, scope, ids).await?.into_iter().map(|company| (company.id, company)).collect();
    let stretches = stretches(&bare_name(&meant.name));
    if !stretches.is_empty() {
        let alike = company::list_holding(tx, scope, &stretches, LOOKED_AT).await?;
        found.extend(alike.into_iter().map(|company| (company.id, company)));
    }
    Ok(found.into_values().collect())
}

/// The folded names under which the company may be there: as it is typed, bare, and a brand in front of a name written without spaces.
fn keys(meant: &Company) -> BTreeSet<String> {
    let names = names(meant);
    let brands = names.iter().filter(|name| is_dense(name)).flat_map(|name| {
        let letters: Vec<char> = name.chars().collect();
        BRAND.filter_map(|length| letters.get(..length).map(|brand| brand.iter().collect())).collect::<Vec<String>>()
    });
    let keys: BTreeSet<String> = brands.chain([name_key(&meant.name)]).chain(names.iter().cloned()).collect();
    keys.into_iter().filter(|key| !key.is_empty()).collect()
}

/// What companies of a similar name have in theirs: the whole of it, its first long words, and stretches of a word written without spaces.
fn stretches(bare: &str) -> Vec<String> {
    let mut all = vec![bare.to_owned()];
    for word in bare.split_whitespace().filter(|word| is_dense(word) || word.chars().count() >= SHORTEST).take(2) {
        let letters: Vec<char> = word.chars().collect();
        if is_dense(word) {
            all.extend(letters.windows(STRETCH).take(PLACES).map(|stretch| stretch.iter().collect()));
        } else {
            all.push(word.to_owned());
        }
    }
    all.retain(|search| search.chars().count() > 1);
    all.dedup();
    all
}

/// The model's verdict; the same domain or name outweighs it, and is all there is before the first search.
fn judge(model: Option<&Model>, meant: &Company, company: &Company) -> Known {
    let domain = |c: &Company| c.domain.as_deref().and_then(domain_key);
    let mut ruled = Ruled::default();
    let same_domain = ruled.same("domain", domain(meant), domain(company));
    let [a, b] = [meant, company].map(|c| Some(bare_name(&c.name)).filter(|name| !name.is_empty()));
    let same_name = ruled.same("name", a, b);
    let part = !same_name && !is_elsewhere(meant, company) && is_part(meant, company);
    if part {
        ruled.part("name");
    }
    let probability = match (same_domain || same_name, part) {
        (true, _) => 1.0,
        (false, true) => AS_PART,
        (false, false) => 0.0,
    };
    ruled.or_learned(probability, model, meant, company)
}

/// Whether the two are in different cities.
fn is_elsewhere(a: &Company, b: &Company) -> bool {
    let city = |c: &Company| c.city.as_deref().map(folded).filter(|city| !city.is_empty());
    city(a).zip(city(b)).is_some_and(|(a, b)| a != b)
}

/// Whether a name of one holds a name of the other whole: words from end to end, or characters where names are written without spaces.
fn is_part(a: &Company, b: &Company) -> bool {
    let (a, b) = (names(a), names(b));
    a.iter().any(|a| b.iter().any(|b| holds(a, b)))
}

fn holds(a: &str, b: &str) -> bool {
    let (short, long) = if a.chars().count() < b.chars().count() { (a, b) } else { (b, a) };
    let dense = is_dense(short);
    let long_enough = short.chars().count() >= if dense { SHORTEST_DENSE } else { SHORTEST };
    long_enough && if dense { long.contains(short) } else { format!(" {long} ").contains(&format!(" {short} ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(a: (&str, &str), b: (&str, &str)) -> f64 {
        let firm = |(name, city): (&str, &str)| Company { name: name.to_owned(), city: Some(city.to_owned()), ..Company::default() };
        judge(None, &firm(a), &firm(b)).probability
    }

    #[test]
    fn the_legal_form_and_the_place_in_front_do_not_hide_a_company() {
        for (a, b) in [("ACME Widgets Inc.", "Acme Widgets Ltd"), ("H&M", "H & M AB")] {
            assert!(judged((a, ""), (b, "")) > 0.9, "{a} {b}");
        }
        for (a, b) in [("上海同频科技有限公司", "同频科技"), ("Acme", "Acme Widgets GmbH"), ("华为技术有限公司", "华为")]
        {
            assert!((0.5..0.9).contains(&judged((a, ""), (b, ""))), "{a} {b}");
        }
        for (a, b) in [("Acme Widgets", "Pacme Widget"), ("AG", "Acme AG"), ("", "Acme"), ("上海同频科技有限公司", "上海百年贸易有限公司")]
        {
            assert!(judged((a, ""), (b, "")) < 0.5, "{a} {b}");
        }
        assert!(judged(("北京大学", "北京"), ("南京大学", "南京")) < 0.5, "a trade in two cities");
        assert!(judged(("同频科技", "北京"), ("上海同频科技有限公司", "上海")) < 0.5, "another city, and not the same name");
        assert!(judged(("Wiener Bäckerei", "Wien"), ("Berliner Bäckerei", "Berlin")) < 0.5);
    }

    #[test]
    fn names_lead_to_their_likes() {
        assert_eq!(stretches("acme widgets of ohio"), ["acme widgets of ohio", "acme", "widgets"]);
        assert_eq!(stretches("上海同频科技"), ["上海同频科技", "上海同", "海同频", "同频科", "频科技"]);
        assert_eq!(stretches("oracle 中国"), ["oracle 中国", "oracle"]);
        assert_eq!(stretches("x"), Vec::<String>::new());
        let firm = Company { name: "H&M".into(), ..Company::default() };
        assert_eq!(keys(&firm).into_iter().collect::<Vec<_>>(), ["h m", "h&m"]);
        let firm = Company { name: "腾讯科技有限公司".into(), ..Company::default() };
        assert!(keys(&firm).contains("腾讯"));
    }
}
