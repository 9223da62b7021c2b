//! Who may be meant while somebody new is typed in: by address and number, and by what the last search learned about names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use attune_db::Tx;
use attune_duplicate::{Evidence, Level, Model};
use attune_kernel::{Address, Fault, fold_key};
use attune_web::{Scope, Sight};
use serde::Deserialize;

use super::{Known, columns, store};
use crate::contact::{self, ByKeys, Contact, Listing, Sorting};

/// The most people looked at per word of a name, address and number.
const LOOKED_AT: i64 = 40;
/// The most shown.
const SHOWN: usize = 5;
/// A likeness worth a word.
const LIKELY: f64 = 0.5;

/// The model of the last search, kept in memory until a newer one is learned: reading it anew with each letter typed would take longer than
/// everything else.
#[derive(Clone, Default)]
pub(crate) struct Models(Arc<Mutex<Option<Learned>>>);

/// When a model was learned, and the model.
type Learned = (i64, Arc<Model>);

impl Models {
    async fn get(&self, tx: &mut Tx) -> Result<Option<Arc<Model>>, Fault> {
        let Some((at, _)) = store::learned_at(tx).await? else { return Ok(None) };
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, model)) = kept.filter(|(learned_at, _)| *learned_at == at) {
            return Ok(Some(model));
        }
        let Some(model) = store::model(tx).await?.map(Arc::new) else { return Ok(None) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, model.clone()));
        Ok(Some(model))
    }
}

/// What has been typed so far.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) company: String,
}

impl Typed {
    fn contact(&self) -> Contact {
        let text = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        let (given_name, family_name) = contact::split_name(&self.name);
        let name = self.name.trim().to_owned();
        let (email, phone, company_name) = (text(&self.email), text(&self.phone), text(&self.company));
        let [email, phone] = [email, phone].map(|text| text.map(Address::new));
        Contact { name, given_name, family_name, email, phone, company_name, ..Contact::default() }
    }
}

/// Who within `scope` is likely meant, the likeliest first.
pub(crate) async fn likely(
    tx: &mut Tx,
    models: &Models,
    (scope, sight): (&Scope, &Sight),
    typed: &Typed,
) -> Result<Vec<(Contact, Known)>, Fault> {
    let meant = typed.contact();
    let model = models.get(tx).await?;
    let mut found: Vec<(Contact, Known)> = Vec::new();
    for person in candidates(tx, scope, &meant).await? {
        let verdict = judge(model.as_deref(), &meant, &in_sight(&meant, &person, sight));
        if verdict.probability >= LIKELY {
            found.push((person, verdict));
        }
    }
    found.sort_by(|a, b| b.1.probability.total_cmp(&a.1.probability).then(a.0.id.cmp(&b.0.id)));
    found.truncate(SHOWN);
    Ok(found)
}

/// The person as far as whoever types may see: an address or number that is hidden and not the same counts as none, else the evidence would tell
/// how near a guess is.
fn in_sight(meant: &Contact, person: &Contact, sight: &Sight) -> Contact {
    let mut seen = person.clone();
    if !sight.covers(person.owner_id, person.team_id) {
        let key = |address: Option<&str>, of: fn(&str) -> Option<String>| address.and_then(of);
        if key(meant.raw_email(), contact::email_key) != key(person.raw_email(), contact::email_key) {
            seen.email = None;
        }
        if key(meant.raw_phone(), contact::phone_key) != key(person.raw_phone(), contact::phone_key) {
            seen.phone = None;
        }
        seen.external_id = None;
        seen.fields.clear();
    }
    seen
}

/// Everybody who shares the address, the number or a word of the name.
async fn candidates(tx: &mut Tx, scope: &Scope, meant: &Contact) -> Result<Vec<Contact>, Fault> {
    let mut found: BTreeMap<i64, Contact> = BTreeMap::new();
    let keys =
        [(ByKeys::Email, meant.raw_email().and_then(contact::email_key)), (ByKeys::Phone, meant.raw_phone().and_then(contact::phone_key))];
    for (by, key) in keys {
        let Some(key) = key else { continue };
        let people = contact::list_by_key(tx, scope, by, &key, LOOKED_AT).await?;
        found.extend(people.into_iter().map(|person| (person.id, person)));
    }
    let words = meant.name.split_whitespace().filter(|word| word.chars().count() > 1).take(3);
    for search in std::iter::once(meant.name.as_str()).chain(words).filter(|search| search.chars().count() > 1) {
        let listing = Listing { search: search.to_owned(), ..Listing::default() };
        let page = contact::list(tx, scope, &listing, Sorting::default(), "", LOOKED_AT).await?;
        found.extend(page.contacts.into_iter().map(|person| (person.id, person)));
    }
    Ok(found.into_values().collect())
}

/// The model's verdict; an address or number of one's own outweighs it, and is all there is before the first search.
fn judge(model: Option<&Model>, meant: &Contact, person: &Contact) -> Known {
    let own = |key: &str, a: Option<String>, b: Option<String>| {
        (a.is_some() && a == b).then(|| Evidence { column: key.to_owned(), level: Level::Same, weight: 10.0 })
    };
    let email = |c: &Contact| c.raw_email().and_then(contact::email_key);
    let phone = |c: &Contact| c.raw_phone().and_then(contact::phone_key);
    let name = |c: &Contact| Some(fold_key(&c.name)).filter(|name| !name.is_empty());
    let company = |c: &Contact| c.company_name.as_deref().map(fold_key);
    let same_email = own("email", email(meant), email(person));
    let same_name = own("name", name(meant), name(person));
    let same_phone = own("phone", phone(meant), phone(person));
    let same_company = own("company", company(meant), company(person));
    let learned = model.map(|model| {
        let [a, b] = [meant, person].map(|contact| model.prepare(&columns::values(model.columns(), contact)));
        let verdict = model.compare(&a, &b);
        Known { probability: verdict.probability, evidence: verdict.evidence, is_apart: false }
    });
    let sure = same_email.is_some() || (same_name.is_some() && (same_phone.is_some() || same_company.is_some()));
    let ruled = Known {
        probability: if sure { 1.0 } else { 0.0 },
        evidence: [same_email, same_phone, same_name, same_company].into_iter().flatten().collect(),
        is_apart: false,
    };
    match learned {
        Some(learned) if learned.probability >= ruled.probability => learned,
        _ => ruled,
    }
}
