//! Which company may be meant while a new one is typed in: by its domain, and by its name without the legal form.

use std::collections::BTreeMap;

use attune_db::Tx;
use attune_duplicate::Model;
use attune_kernel::Fault;
use attune_web::Scope;
use serde::Deserialize;

use super::Known;
use super::companies::bare_name;
use super::learned::{Models, Ruled, best};
use super::twin::Twin;
use crate::company::{self, ByKeys, Company, Listing, domain_key};

/// The most companies looked at per stretch of the name.
const LOOKED_AT: i64 = 40;
/// A stretch of a name written without spaces, and in how many of its first places one begins: a brand stands in front, or behind a place.
const STRETCH: usize = 3;
const PLACES: usize = 4;
/// The shortest name that says anything as a part of another: letters, or characters written without spaces.
const SHORTEST: usize = 4;
const SHORTEST_DENSE: usize = 2;

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
    let meant = typed.company();
    let model = models.get::<Company>(tx).await?;
    let judged = candidates(tx, scope, &meant).await?.into_iter().map(|company| {
        let verdict = judge(model.as_deref(), &meant, &company);
        (company, verdict)
    });
    Ok(best(judged.collect()))
}

/// All that share the domain, or a stretch of the name.
async fn candidates(tx: &mut Tx, scope: &Scope, meant: &Company) -> Result<Vec<Company>, Fault> {
    let mut found: BTreeMap<i64, Company> = BTreeMap::new();
    if let Some(domain) = meant.domain.as_deref().and_then(domain_key) {
        let ids = company::list_by_keys(tx, ByKeys::Domain, [domain]).await?.into_iter().map(|company| company.id);
        found.extend(company::list_within(tx, scope, ids).await?.into_iter().map(|company| (company.id, company)));
    }
    for search in stretches(&bare_name(&meant.name)) {
        let listing = Listing { search, limit: LOOKED_AT, ..Listing::default() };
        found.extend(company::list_rows(tx, scope, &listing).await?.into_iter().map(|company| (company.id, company)));
    }
    Ok(found.into_values().collect())
}

/// What companies of a similar name have in theirs: the whole of it, its first long words, or stretches of one written without spaces.
fn stretches(bare: &str) -> Vec<String> {
    let mut all = vec![bare.to_owned()];
    let letters: Vec<char> = bare.chars().collect();
    if is_dense(bare) {
        all.extend(letters.windows(STRETCH).take(PLACES).map(|stretch| stretch.iter().collect()));
    } else {
        all.extend(bare.split_whitespace().filter(|word| word.chars().count() >= SHORTEST).take(2).map(str::to_owned));
    }
    all.retain(|search| search.chars().count() > 1);
    all.dedup();
    all
}

/// Whether a name is written without spaces, each character saying as much as a syllable.
fn is_dense(name: &str) -> bool {
    name.chars().any(|c| ('\u{3040}'..='\u{9fff}').contains(&c) || ('\u{ac00}'..='\u{d7af}').contains(&c))
}

/// The model's verdict; the same domain or name outweighs it, and is all there is before the first search.
fn judge(model: Option<&Model>, meant: &Company, company: &Company) -> Known {
    let domain = |c: &Company| c.domain.as_deref().and_then(domain_key);
    let names = [meant, company].map(|c| c.attribute("name"));
    let mut ruled = Ruled::default();
    let same_domain = ruled.same("domain", domain(meant), domain(company));
    let [a, b] = names.clone().map(|name| Some(name).filter(|name| !name.is_empty()));
    let same_name = ruled.same("name", a, b);
    let part = !same_name && is_part(&names);
    if part {
        ruled.part("name");
    }
    let probability = match (same_domain || same_name, part) {
        (true, _) => 1.0,
        (false, true) => 0.6,
        (false, false) => 0.0,
    };
    ruled.or_learned(probability, model, meant, company)
}

/// Whether one name holds the other whole: words from end to end, or characters where names are written without spaces.
fn is_part([a, b]: &[String; 2]) -> bool {
    let (short, long) = if a.chars().count() < b.chars().count() { (a, b) } else { (b, a) };
    let dense = is_dense(short);
    let long_enough = short.chars().count() >= if dense { SHORTEST_DENSE } else { SHORTEST };
    long_enough && if dense { long.contains(short.as_str()) } else { format!(" {long} ").contains(&format!(" {short} ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(a: &str, b: &str) -> f64 {
        let firm = |name: &str| Company { name: name.to_owned(), ..Company::default() };
        judge(None, &firm(a), &firm(b)).probability
    }

    #[test]
    fn the_legal_form_and_the_place_in_front_do_not_hide_a_company() {
        assert!(judged("ACME Widgets Inc.", "Acme Widgets Ltd") > 0.9);
        assert!(judged("上海同频科技有限公司", "同频科技") > 0.5);
        assert!(judged("Acme", "Acme Widgets GmbH") > 0.5);
        for (a, b) in [("Acme Widgets", "Pacme Widget"), ("AG", "Acme AG"), ("", "Acme"), ("上海同频科技有限公司", "上海百年贸易有限公司")]
        {
            assert!(judged(a, b) < 0.5, "{a} {b}");
        }
    }

    #[test]
    fn stretches_of_a_name_lead_to_its_likes() {
        assert_eq!(stretches("acme widgets of ohio"), ["acme widgets of ohio", "acme", "widgets"]);
        assert_eq!(stretches("上海同频科技"), ["上海同频科技", "上海同", "海同频", "同频科", "频科技"]);
        assert_eq!(stretches("x"), Vec::<String>::new());
    }
}
