//! Who a line is about: found by outside id, e-mail or phone, or new. A batch is matched with a handful of statements, then in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use attune_db::{DbError, Tx};
use attune_kernel::{encode_id, fold_key};

use super::named::Before;
use super::plan::Plan;
use super::rows::{Fresh, RowDraft, RowError};
use crate::address;
use crate::company::{self, CompanyDraft};
use crate::contact::{By, ByKeys, Contact, ContactId, Prepared, is_anybody_merged, list_by_given_up, list_by_ids, list_by_keys};
use crate::field::Subject;
use crate::staff::Member;
use crate::tag;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Created,
    Updated,
    Skipped,
}

/// A person a batch touches.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) contact: Contact,
    /// As stored; `None` for somebody new.
    pub(crate) before: Option<Contact>,
    pub(crate) changed: bool,
    /// The folded names of the tags the person has, where lines name tags.
    pub(crate) tags: HashSet<String>,
    /// Of somebody new, as long as it fits the contact.
    pub(crate) prepared: Option<Prepared>,
}

/// The people of a batch, matched and changed in memory.
#[derive(Default)]
pub(crate) struct Matched {
    pub(crate) people: Vec<Pending>,
    /// What became of each taken line, and in a dry run the key it made somebody under.
    pub(crate) fates: Vec<(Fate, Option<String>)>,
    pub(crate) errors: Vec<RowError>,
    /// The tags people get, by name.
    pub(crate) tags: Vec<(i64, Vec<String>)>,
    /// The lines that changed nobody.
    pub(crate) unchanged: HashSet<i64>,
    /// The person each taken line was about, by its line.
    pub(crate) of_line: HashMap<i64, i64>,
    /// Who was meant by the id this program gave, by line.
    by_own: HashMap<i64, usize>,
    by_external: HashMap<String, usize>,
    by_email: HashMap<String, usize>,
    by_phone: HashMap<String, usize>,
}

/// Companies by their folded names: id and name.
pub(crate) type Firms = HashMap<String, (i64, String)>;

/// What stays the same for all batches of an import.
pub(crate) struct Matching<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) by: By<'a>,
    pub(crate) import_id: i64,
    pub(crate) staff: &'a [Member],
    /// The kind of outside ids: the folded name of the key column.
    pub(crate) kind: String,
    /// How often a line without any key has been seen, by its fingerprint.
    pub(crate) keyless: HashMap<u64, u32>,
    /// The companies that lines of this transaction have named.
    pub(crate) firms: Firms,
    /// Only look: make no companies.
    pub(crate) dry: bool,
}

impl<'a> Matching<'a> {
    pub(crate) fn new(plan: &'a Plan, by: By<'a>, import_id: i64, staff: &'a [Member], dry: bool) -> Self {
        Self { plan, by, import_id, staff, kind: plan.external_kind(), keyless: HashMap::new(), firms: Firms::new(), dry }
    }

    fn external_key(&mut self, draft: &RowDraft) -> Option<String> {
        if let Some(value) = &draft.external_id {
            return Some(format!("{}:{}", self.kind, value.trim()));
        }
        if !draft.has_no_key() {
            return None;
        }
        // The same file again finds the same people, even if nothing in it names them.
        let nth = self.keyless.entry(draft.fingerprint).and_modify(|n| *n += 1).or_insert(1);
        Some(format!("line:{}:{nth}", encode_id("f", i64::from_ne_bytes(draft.fingerprint.to_ne_bytes()))))
    }

    /// Matches a batch. Nobody but companies is written yet.
    pub(crate) async fn matched(&mut self, tx: &mut Tx, drafts: Vec<RowDraft>) -> Result<Matched, DbError> {
        let mut matched = Matched::default();
        let mut keyed: Vec<(Option<String>, RowDraft)> = drafts.into_iter().map(|draft| (self.external_key(&draft), draft)).collect();
        matched.load(tx, &mut keyed).await?;
        self.companies(tx, &keyed).await?;
        let (drafts, records) = (keyed.iter().map(|(_, draft)| draft), matched.people.iter().map(|pending| &pending.contact.fields));
        let before = Before::read(tx, Before::ids(drafts, records)).await?;
        for (external_key, mut draft) in keyed {
            match matched.fit(&before, external_key.as_deref(), &mut draft) {
                Ok(()) => self.one(&mut matched, external_key, draft),
                Err(error) => matched.errors.push(error),
            }
        }
        Ok(matched)
    }

    /// Makes sure that every company these lines name is among [`Matching::firms`].
    async fn companies(&mut self, tx: &mut Tx, keyed: &[(Option<String>, RowDraft)]) -> Result<(), DbError> {
        let named = keyed.iter().filter_map(|(_, draft)| draft.company.as_ref()).filter(|firm| !self.firms.contains_key(&firm.key));
        let mut wanted: BTreeMap<&str, &str> = BTreeMap::new();
        for firm in named {
            wanted.entry(&firm.key).or_insert(&firm.name);
        }
        for company in company::list_by_name_keys(tx, wanted.keys().map(|key| (*key).to_owned())).await? {
            self.firms.entry(company::name_key(&company.name)).or_insert((company.id, company.name));
        }
        // A name given up in a merge means the one that remained.
        wanted.retain(|key, _| !self.firms.contains_key(*key));
        let given_up = company::list_by_given_up(tx, company::ByKeys::Name, wanted.keys().map(|key| (*key).to_owned())).await?;
        let survivors = company::list_by_ids(tx, given_up.iter().map(|(_, id)| *id)).await?;
        let names: HashMap<i64, String> = survivors.into_iter().map(|company| (company.id, company.name)).collect();
        for (key, id) in given_up {
            self.firms.entry(key).or_insert((id, names.get(&id).cloned().unwrap_or_default()));
        }
        wanted.retain(|key, _| !self.firms.contains_key(*key));
        if self.dry {
            self.firms.extend(wanted.into_iter().map(|(key, name)| (key.to_owned(), (0, name.to_owned()))));
            return Ok(());
        }
        let drafts = wanted.into_values().map(|name| CompanyDraft { name: name.to_owned(), ..CompanyDraft::default() }).collect();
        for company in company::create_many(tx, &self.by, drafts, Some(self.import_id)).await? {
            self.firms.insert(company::name_key(&company.name), (company.id, company.name));
        }
        Ok(())
    }

    /// Somebody new, here and now.
    fn made(&self, fresh: Fresh) -> Pending {
        let contact = Contact { id: self.by.ids.next(), import_id: Some(self.import_id), created_at: self.by.now, ..fresh.contact };
        Pending { contact, before: None, changed: true, tags: HashSet::new(), prepared: Some(fresh.prepared) }
    }

    fn one(&self, matched: &mut Matched, external_key: Option<String>, mut draft: RowDraft) {
        let Ok(owner) = owner_of(self.staff, draft.owner.as_deref()) else {
            matched.errors.push(RowError { line: draft.line, cause: "owner", detail: draft.owner.unwrap_or_default() });
            return;
        };
        let found = matched.find(external_key.as_deref(), &draft);
        if found.is_none() && self.plan.only_known {
            let detail = draft.external_id.or(draft.email_key).or(draft.phone_key).unwrap_or_default();
            matched.errors.push(RowError { line: draft.line, cause: "nobody", detail });
            return;
        }
        let key = self.dry.then(|| external_key.clone().or_else(|| draft.email_key.clone()).or_else(|| draft.phone_key.clone())).flatten();
        let index = found.unwrap_or(matched.people.len());
        matched.remember(index, external_key.as_deref(), &draft);
        if found.is_none() {
            let fresh = draft.fresh.take().map_or_else(|| Fresh::of(&draft), |fresh| *fresh);
            matched.people.push(self.made(fresh));
        }
        let Some(pending) = matched.people.get_mut(index) else { return };
        // Whom this line makes has no past to compare with, and has the line's values already.
        let was = found.map(|_| pending.contact.clone());
        let contact = &mut pending.contact;
        let former = was.as_ref().is_some_and(|known| !is_own(&matched.by_own, known, external_key.as_deref(), &draft));
        if contact.external_key.is_none() && external_key.is_some() {
            contact.external_key = external_key;
            contact.external_id = draft.external_id.or_else(|| contact.external_id.take());
        }
        if was.is_some() {
            give(contact, draft.values, former);
        }
        let company = draft.company.filter(|_| !former || contact.company_id.is_none());
        if let Some((id, name)) = company.and_then(|firm| self.firms.get(&firm.key)) {
            contact.company_id = Some(*id);
            if contact.company_name.as_ref() != Some(name) {
                contact.company_name = Some(name.clone());
                pending.prepared = None;
            }
        }
        if let Some(owner) = owner.filter(|_| !former || contact.owner_id.is_none()) {
            contact.owner_id = Some(owner.id);
            contact.team_id = owner.team_id;
        }
        let fate = match was {
            None => Fate::Created,
            Some(was) if *contact == was => Fate::Skipped,
            Some(_) => Fate::Updated,
        };
        if fate == Fate::Updated {
            pending.prepared = None;
        }
        if fate != Fate::Skipped {
            contact.updated_at = self.by.now;
            pending.changed = true;
        }
        matched.of_line.insert(draft.line, pending.contact.id);
        let fate = tagged(&mut matched.tags, (pending.contact.id, &mut pending.tags), draft.tags, fate);
        matched.unchanged.extend((fate == Fate::Skipped).then_some(draft.line));
        matched.fates.push((fate, key));
    }
}

/// The member of staff called so, if somebody is named; an error when nobody is called so.
pub(super) fn owner_of<'a>(staff: &'a [Member], name: Option<&str>) -> Result<Option<&'a Member>, ()> {
    let Some(name) = name else { return Ok(None) };
    staff.iter().find(|member| fold_key(&member.name) == fold_key(name)).map(Some).ok_or(())
}

/// Notes which of these tags somebody does not have yet, and answers what became of the line: a tag is no attribute, so whoever gets one is not
/// written anew, and the line has changed something all the same.
pub(super) fn tagged(
    given: &mut Vec<(i64, Vec<String>)>,
    (record, tags): (i64, &mut HashSet<String>),
    names: Vec<String>,
    fate: Fate,
) -> Fate {
    let fresh: Vec<String> = names.into_iter().filter(|name| tags.insert(fold_key(name))).collect();
    if fresh.is_empty() {
        return fate;
    }
    given.push((record, fresh));
    if fate == Fate::Skipped { Fate::Updated } else { fate }
}

/// Whether a line names somebody by what is his own today. Otherwise it was found by what was given up in a merge: such a line fills what is
/// empty and overrules nothing that was chosen then.
fn is_own(by_own: &HashMap<i64, usize>, known: &Contact, external_key: Option<&str>, draft: &RowDraft) -> bool {
    let same = |own: Option<String>, said: Option<&str>| said.is_some() && own.as_deref() == said;
    by_own.contains_key(&draft.line)
        || same(known.external_key.clone(), external_key)
        || same(known.raw_email().and_then(crate::contact::email_key), draft.email_key.as_deref())
        || same(known.raw_phone().and_then(crate::contact::phone_key), draft.phone_key.as_deref())
}

fn give(contact: &mut Contact, values: Vec<(String, serde_json::Value)>, only_blank: bool) {
    let before = contact.clone();
    // One address is not mended with parts of another.
    let has = |keys: &[&str]| keys.iter().any(|key| !is_blank(&before.raw(key)));
    let (settled, known) = (has(&address::ATTRIBUTES), has(&address::WHOLE));
    let mixes = |key: &str| (settled && address::WHOLE.contains(&key)) || (known && address::is_attribute(key));
    let is_free = |key: &str| is_blank(&before.raw(key)) && !mixes(key);
    let places = values.iter().any(|(key, _)| key == "coordinates");
    for (key, value) in values.into_iter().filter(|(key, _)| !only_blank || is_free(key)) {
        contact.give(&key, value);
    }
    // Who moved is no longer where the former address was.
    if !places
        && ["street", "postal_code", "city", "country"].iter().any(|key| !is_blank(&before.raw(key)) && contact.raw(key) != before.raw(key))
    {
        contact.give("coordinates", serde_json::Value::Null);
    }
}

fn is_blank(value: &serde_json::Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn own_id(draft: &RowDraft) -> Option<i64> {
    draft.external_id.as_deref()?.trim().parse::<ContactId>().ok().map(|id| id.0)
}

impl Matched {
    async fn load(&mut self, tx: &mut Tx, keyed: &mut [(Option<String>, RowDraft)]) -> Result<(), DbError> {
        let mut there: HashMap<i64, usize> = HashMap::new();
        let external = keyed.iter().filter_map(|(key, _)| key.clone());
        let emails = keyed.iter().filter_map(|(_, d)| d.email_key.clone());
        let phones = keyed.iter().filter(|(key, d)| key.is_none() && d.email_key.is_none()).filter_map(|(_, d)| d.phone_key.clone());
        let (external, emails, phones): (Vec<String>, Vec<String>, Vec<String>) = (external.collect(), emails.collect(), phones.collect());
        let mut given_up = Vec::new();
        let merged = is_anybody_merged(tx).await?;
        for (by, keys) in [(ByKeys::External, &external), (ByKeys::Email, &emails), (ByKeys::Phone, &phones)].into_iter().filter(|_| merged)
        {
            given_up.extend(list_by_given_up(tx, by, keys.iter().cloned()).await?.into_iter().map(|(key, id)| (by, key, id)));
        }
        let mut found = list_by_keys(tx, ByKeys::External, external).await?;
        found.extend(list_by_keys(tx, ByKeys::Email, emails).await?);
        found.extend(list_by_keys(tx, ByKeys::Phone, phones).await?);
        let own: HashSet<i64> = keyed.iter().filter_map(|(_, draft)| own_id(draft)).collect();
        found.extend(list_by_ids(tx, given_up.iter().map(|(_, _, id)| *id).chain(own)).await?);
        for contact in found {
            if there.contains_key(&contact.id) {
                continue;
            }
            let index = self.people.len();
            there.insert(contact.id, index);
            if let Some(key) = &contact.external_key {
                self.by_external.insert(key.clone(), index);
            }
            if let Some(key) = contact.raw_email().and_then(crate::contact::email_key) {
                self.by_email.entry(key).or_insert(index);
            }
            if let Some(key) = contact.raw_phone().and_then(crate::contact::phone_key) {
                self.by_phone.entry(key).or_insert(index);
            }
            self.people.push(Pending { before: Some(contact.clone()), contact, changed: false, tags: HashSet::new(), prepared: None });
        }
        if keyed.iter().any(|(_, draft)| !draft.tags.is_empty()) {
            for (person, tag) in tag::list_of(tx, &there.keys().copied().collect::<Vec<_>>()).await? {
                let pending = there.get(&person).and_then(|index| self.people.get_mut(*index));
                pending.into_iter().for_each(|pending| _ = pending.tags.insert(fold_key(&tag.name)));
            }
        }
        // An id of this program's own making is nobody else's id; one it does not know is.
        for (external_key, draft) in keyed.iter_mut() {
            let Some(index) = own_id(draft).and_then(|id| there.get(&id)) else { continue };
            self.by_own.insert(draft.line, *index);
            (*external_key, draft.external_id) = (None, None);
        }
        // What a merged record was known by leads to the one who remained, unless somebody alive holds it.
        for (by, key, id) in given_up {
            let Some(index) = there.get(&id) else { continue };
            let places = match by {
                ByKeys::External => &mut self.by_external,
                ByKeys::Email => &mut self.by_email,
                ByKeys::Phone => &mut self.by_phone,
            };
            places.entry(key).or_insert(*index);
        }
        Ok(())
    }

    /// Whether a line may say whom the person it is about names.
    fn fit(&self, before: &Before, external_key: Option<&str>, draft: &mut RowDraft) -> Result<(), RowError> {
        if draft.named.is_empty() {
            return Ok(());
        }
        match self.find(external_key, draft).and_then(|at| self.people.get(at)) {
            Some(known) => before.fit(draft, (Subject::Contact, known.contact.id), &known.contact.fields),
            None => Ok(()),
        }
    }

    /// By id; else by e-mail; else, for lines without both, by phone. Somebody with another outside id is somebody else.
    fn find(&self, external_key: Option<&str>, draft: &RowDraft) -> Option<usize> {
        if let Some(index) = self.by_own.get(&draft.line) {
            return Some(*index);
        }
        if let Some(index) = external_key.and_then(|key| self.by_external.get(key)) {
            return Some(*index);
        }
        let by_email = draft.email_key.as_ref().and_then(|key| self.by_email.get(key));
        let by_phone = if draft.email_key.is_none() { draft.phone_key.as_ref().and_then(|key| self.by_phone.get(key)) } else { None };
        let index = *by_email.or(by_phone)?;
        let other = self.people.get(index).is_some_and(|p| p.contact.external_key.is_some());
        (external_key.is_none() || !other).then_some(index)
    }

    fn remember(&mut self, index: usize, external_key: Option<&str>, draft: &RowDraft) {
        if let Some(key) = external_key {
            self.by_external.entry(key.to_owned()).or_insert(index);
        }
        if let Some(key) = &draft.email_key {
            self.by_email.entry(key.clone()).or_insert(index);
        }
        if let Some(key) = &draft.phone_key {
            self.by_phone.entry(key.clone()).or_insert(index);
        }
    }
}
