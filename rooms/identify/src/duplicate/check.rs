//! Who may be meant while somebody new is typed in: by address and number, and by what the last search learned about names.

use std::collections::BTreeMap;

use attune_db::Tx;
use attune_duplicate::Model;
use attune_kernel::{Address, Fault, fold_key};
use attune_web::{Scope, Sight};
use serde::Deserialize;

use super::Known;
use super::learned::{Models, Ruled, best};
use crate::contact::{self, ByKeys, Contact, Listing, Sorting};

/// The most people looked at per word of a name, address and number.
const LOOKED_AT: i64 = 40;

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
    let model = models.get::<Contact>(tx).await?;
    let judged = candidates(tx, scope, &meant).await?.into_iter().map(|person| {
        let verdict = judge(model.as_deref(), &meant, &in_sight(&meant, &person, sight));
        (person, verdict)
    });
    Ok(best(judged.collect()))
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
    let email = |c: &Contact| c.raw_email().and_then(contact::email_key);
    let phone = |c: &Contact| c.raw_phone().and_then(contact::phone_key);
    let name = |c: &Contact| Some(fold_key(&c.name)).filter(|name| !name.is_empty());
    let company = |c: &Contact| c.company_name.as_deref().map(fold_key);
    let mut ruled = Ruled::default();
    let same_email = ruled.same("email", email(meant), email(person));
    let same_phone = ruled.same("phone", phone(meant), phone(person));
    let same_name = ruled.same("name", name(meant), name(person));
    let same_company = ruled.same("company", company(meant), company(person));
    let sure = same_email || (same_name && (same_phone || same_company));
    ruled.or_learned(if sure { 1.0 } else { 0.0 }, model, meant, person)
}
