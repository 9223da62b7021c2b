//! Which known company somebody works for who comes from an organisation's network: only when it is certain.
//!
//! Certain is the organisation's domain, or its name but for the form of the company, and that exactly one company has it.

use std::collections::{BTreeSet, HashMap};

use attune_db::{DbError, Tx};
use attune_kernel::fold_key;
use attune_web::Scope;

use super::{Network, Visit, store};
use crate::sharing::Reach;

/// A company that may be meant.
pub(super) struct Employer {
    /// The folded name or the domain it was found by.
    pub(super) key: String,
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) owner_id: Option<i64>,
    pub(super) team_id: Option<i64>,
}

/// Forms of companies as they stand behind a name, folded.
const FORMS: [&str; 30] = [
    "ag",
    "gmbh",
    "gmbh & co. kg",
    "kg",
    "se",
    "inc",
    "inc.",
    "llc",
    "ltd",
    "ltd.",
    "limited",
    "corp",
    "corp.",
    "corporation",
    "co.",
    "co., ltd.",
    "co. ltd.",
    "company",
    "plc",
    "s.a.",
    "sa",
    "sas",
    "s.p.a.",
    "s.r.l.",
    "b.v.",
    "bv",
    "n.v.",
    "ab",
    "oy",
    "pty ltd",
];
/// The same where no blank stands before it.
const JOINED: [&str; 4] = ["股份有限公司", "有限责任公司", "有限公司", "集团"];

/// Every way in which a company of this name may be written in the list.
pub(super) fn spellings(name: &str) -> BTreeSet<String> {
    let full = fold_key(name);
    let bare = FORMS.iter().filter_map(|form| full.strip_suffix(form)?.strip_suffix([' ', ',']));
    let joined = JOINED.iter().filter_map(|form| full.strip_suffix(form));
    let shortest =
        bare.chain(joined).map(|stem| stem.trim_end_matches([' ', ','])).min_by_key(|stem| stem.len()).unwrap_or(&full).to_owned();
    // One letter or nothing is no name.
    let stem = if shortest.chars().count() < 2 { full.clone() } else { shortest };
    let with = |form: &&str| [format!("{stem} {form}"), format!("{stem}, {form}")];
    let mut all: BTreeSet<String> = FORMS.iter().flat_map(with).collect();
    all.extend(JOINED.iter().map(|form| format!("{stem}{form}")));
    all.extend([stem, full]);
    all
}

/// Names the companies behind the visits' networks, those the asker may see.
pub(super) async fn tell(tx: &mut Tx, scope: &Scope, visits: &mut [Visit]) -> Result<(), DbError> {
    let networks: Vec<&Network> = visits.iter().filter_map(|visit| visit.network.as_ref()).filter(|network| network.business).collect();
    if networks.is_empty() {
        return Ok(());
    }
    let names: BTreeSet<String> = networks.iter().flat_map(|network| spellings(&network.organisation)).collect();
    let domains: BTreeSet<String> = networks.iter().flat_map(|network| hosts(network)).collect();
    let reach = Reach::of(tx, scope).await?;
    let mut by_key: HashMap<String, Vec<Employer>> = HashMap::new();
    for employer in store::companies(tx, names.into_iter().collect(), domains.into_iter().collect()).await? {
        by_key.entry(employer.key.clone()).or_default().push(employer);
    }
    for network in visits.iter_mut().filter_map(|visit| visit.network.as_mut()).filter(|network| network.business) {
        let found = |keys: &mut dyn Iterator<Item = String>| {
            let all: HashMap<i64, &Employer> =
                keys.flat_map(|key| by_key.get(&key).into_iter().flatten()).map(|one| (one.id, one)).collect();
            (all.len() == 1).then(|| all.into_values().next()).flatten()
        };
        let employer = found(&mut hosts(network).into_iter()).or_else(|| found(&mut spellings(&network.organisation).into_iter()));
        network.company =
            employer.filter(|one| reach.covers_company((one.owner_id, one.team_id), one.id)).map(|one| (one.id, one.name.clone()));
    }
    Ok(())
}

fn hosts(network: &Network) -> Vec<String> {
    network
        .domain
        .iter()
        .flat_map(|domain| [domain.clone(), format!("www.{domain}"), format!("https://{domain}"), format!("https://www.{domain}")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spellings;

    #[test]
    fn the_form_of_a_company_may_differ_and_the_name_may_not() {
        for (told, listed) in [
            ("Acme Pumps GmbH", "acme pumps"),
            ("Acme", "acme inc."),
            ("ACME, Inc.", "acme ltd"),
            ("海川制造有限公司", "海川制造"),
            ("海川制造", "海川制造股份有限公司"),
        ] {
            assert!(spellings(told).contains(listed), "{told} is {listed}");
        }
        assert!(!spellings("Acme Pumps GmbH").contains("acme"));
        assert!(spellings("AG").contains("ag"), "a form alone is a name");
        assert!(!spellings("X Inc.").contains("x"));
    }
}
