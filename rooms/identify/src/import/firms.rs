//! The companies a batch may be about, by what they are known by: outside id, own id, domain, or name and city.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use attune_db::{DbError, Tx};
use attune_kernel::fold_key;

use super::rows::RowDraft;
use crate::company::{self, ByKeys, Company, CompanyId, domain_key, list_by_ids, list_by_keys, name_key};
use crate::contact::By;
use crate::tag;

/// A domain that more companies have is a host of many, and says of none who it is.
const OF_A_DOMAIN: i64 = 5;
/// Of a name that more companies have only those in the cities the lines name are looked at.
const NAMESAKES: i64 = 20;

/// A company a batch touches.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) company: Company,
    /// As stored; `None` for a new one.
    pub(super) before: Option<Company>,
    /// What it is known by, of the store or of the lines that say so.
    pub(super) externals: Vec<String>,
    domain: Option<String>,
    city: Option<String>,
    /// The folded names of the tags it has, where lines name tags.
    pub(super) tags: HashSet<String>,
    pub(super) changed: bool,
}

/// What a line is known by.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    pub(super) external: Option<String>,
    /// The id this program gave, where the line's id is one.
    own: Option<i64>,
    pub(super) domain: Option<String>,
    name: Option<String>,
    city: Option<String>,
    pub(super) parent: Option<ParentKeys>,
}

/// What a parent may be meant by.
#[derive(Clone, Debug)]
pub(super) struct ParentKeys {
    pub(super) external: String,
    own: Option<i64>,
    pub(super) name: String,
}

fn own_id(text: &str) -> Option<i64> {
    text.trim().parse::<CompanyId>().ok().map(|id| id.0)
}

impl Keys {
    pub(super) fn of(kind: &str, draft: &RowDraft) -> Self {
        let value = |key: &str| draft.values.iter().find(|(k, _)| k == key).and_then(|(_, value)| value.as_str());
        let external = |id: &str| format!("{kind}:{}", id.trim());
        let parent = |text: &str| ParentKeys { external: external(text), own: own_id(text), name: name_key(text) };
        Self {
            external: draft.external_id.as_deref().map(external),
            own: draft.external_id.as_deref().and_then(own_id),
            domain: value("domain").and_then(domain_key),
            name: value("name").map(name_key),
            city: value("city").map(fold_key),
            parent: draft.parent.as_deref().map(parent),
        }
    }

    /// What a company that the line makes is remembered by in a dry run.
    pub(super) fn made_as(&self) -> String {
        let named = || format!("name {} {}", self.name.as_deref().unwrap_or(""), self.city.as_deref().unwrap_or(""));
        let domain = || self.domain.as_ref().map(|domain| format!("domain {domain} {}", self.name.as_deref().unwrap_or("")));
        self.external.as_ref().map(|key| format!("id {key}")).or_else(domain).unwrap_or_else(named)
    }
}

/// What the batches of an import have seen that the store does not tell.
#[derive(Default)]
pub(super) struct Seen {
    /// The name that lines give a domain, both as hashes; `None` when they give it several.
    names: HashMap<u64, Option<u64>>,
    /// The id under which a company was meant that is stored under another kind of id.
    meant: HashMap<i64, String>,
    /// In a dry run, which keeps nothing else of what lines did: the lines of earlier batches. The same again changes nothing.
    said: HashSet<u64>,
}

fn hash(text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(text)
}

impl Seen {
    pub(super) fn note(&mut self, lines: &[(RowDraft, Keys)]) {
        for (domain, name) in lines.iter().filter_map(|(_, keys)| keys.domain.as_ref().zip(keys.name.as_ref())) {
            let named = self.names.entry(hash(domain)).or_insert(Some(hash(name)));
            if *named != Some(hash(name)) {
                *named = None;
            }
        }
    }

    /// Remembers under which ids companies were meant that keep another one.
    pub(super) fn keep(&mut self, firms: &Firms) {
        for slot in firms.slots.iter().filter(|slot| slot.before.is_some()) {
            let further = slot.externals.iter().find(|key| slot.company.external_key.as_ref() != Some(*key));
            further.into_iter().for_each(|key| _ = self.meant.insert(slot.company.id, key.clone()));
        }
    }

    pub(super) fn say(&mut self, lines: Vec<u64>) {
        self.said.extend(lines);
    }

    pub(super) fn has_said(&self, line: u64) -> bool {
        self.said.contains(&line)
    }

    fn has_several_names(&self, domain: &str) -> bool {
        self.names.get(&hash(domain)) == Some(&None)
    }
}

/// The companies of a batch by what they are known by.
#[derive(Clone, Default)]
pub(super) struct Firms {
    pub(super) slots: Vec<Slot>,
    /// How keys of the lines' kind begin.
    kind: String,
    /// Domains that say of nobody who it is.
    shared: HashSet<String>,
    by_external: HashMap<String, usize>,
    by_domain: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    place: HashMap<i64, usize>,
}

impl Firms {
    /// Reads whom these lines may be about; with `hold` nobody changes or moves them until the transaction ends: whole rows are written.
    pub(super) async fn load(
        tx: &mut Tx,
        (kind, seen): (&str, &Seen),
        lines: &mut [(RowDraft, Keys)],
        hold: bool,
    ) -> Result<Self, DbError> {
        let domains: HashSet<String> = lines.iter().filter_map(|(_, keys)| keys.domain.clone()).collect();
        let mut shared = company::list_crowded(tx, ByKeys::Domain, domains.iter().cloned(), OF_A_DOMAIN).await?;
        let mut found = candidates(tx, lines, domains.iter().filter(|domain| !shared.contains(*domain)).cloned()).await?;
        let given_up = GivenUp::read(tx, lines, &domains).await?;
        found.extend(list_by_ids(tx, given_up.survivors()).await?);
        shared.extend(domains.into_iter().filter(|domain| seen.has_several_names(domain)));
        let empty = Self { kind: format!("{kind}:"), shared, ..Self::default() };
        let mut firms = empty.clone().with(found, seen);
        if hold {
            let ids: Vec<i64> = firms.place.keys().copied().collect();
            let parents = lines.iter().filter_map(|(_, keys)| firms.parent(keys.parent.as_ref()?)).map(|at| firms.id(at));
            company::hold_under(tx, &ids, &parents.collect::<Vec<_>>()).await?;
            firms = empty.with(list_by_ids(tx, ids).await?, seen);
        }
        if lines.iter().any(|(draft, _)| !draft.tags.is_empty()) {
            for (id, tag) in tag::list_of(tx, &firms.place.keys().copied().collect::<Vec<_>>()).await? {
                let slot = firms.place.get(&id).and_then(|at| firms.slots.get_mut(*at));
                slot.into_iter().for_each(|slot| _ = slot.tags.insert(fold_key(&tag.name)));
            }
        }
        firms.lead(given_up);
        // An id of this program's own making is nobody else's id; one it does not know is.
        for (_, keys) in lines.iter_mut().filter(|(_, keys)| keys.own.is_some_and(|id| firms.place.contains_key(&id))) {
            keys.external = None;
        }
        Ok(firms)
    }

    fn with(mut self, mut found: Vec<Company>, seen: &Seen) -> Self {
        found.sort_unstable_by_key(|company| company.id);
        found.dedup_by_key(|company| company.id);
        for company in found {
            self.add(Slot {
                externals: company.external_key.iter().chain(seen.meant.get(&company.id)).cloned().collect(),
                domain: company.domain.as_deref().and_then(domain_key),
                city: company.city.as_deref().map(fold_key),
                before: Some(company.clone()),
                company,
                tags: HashSet::new(),
                changed: false,
            });
        }
        self
    }

    fn add(&mut self, slot: Slot) -> usize {
        let at = self.slots.len();
        self.place.insert(slot.company.id, at);
        for key in &slot.externals {
            self.by_external.entry(key.clone()).or_insert(at);
        }
        if let Some(key) = &slot.domain {
            self.by_domain.entry(key.clone()).or_default().push(at);
        }
        self.by_name.entry(name_key(&slot.company.name)).or_default().push(at);
        self.slots.push(slot);
        at
    }

    /// What a merged company was known by leads to the one that remained, unless another has it.
    fn lead(&mut self, given_up: GivenUp) {
        let (mut domains, mut names): (HashMap<String, Vec<usize>>, HashMap<String, Vec<usize>>) = Default::default();
        for (by, key, id) in given_up.keys {
            let Some(at) = self.place.get(&id).copied() else { continue };
            let (held, led) = match by {
                ByKeys::External => {
                    self.by_external.entry(key).or_insert(at);
                    continue;
                }
                ByKeys::Domain => (&self.by_domain, &mut domains),
                ByKeys::Name => (&self.by_name, &mut names),
            };
            // Two that had the same leave it open which of both who remained is meant, as two alive do.
            if !held.contains_key(&key) && !led.get(&key).is_some_and(|places| places.contains(&at)) {
                led.entry(key).or_default().push(at);
            }
        }
        self.by_domain.extend(domains);
        self.by_name.extend(names);
        for (loser, survivor) in given_up.ids {
            let at = self.place.get(&survivor).copied();
            at.into_iter().for_each(|at| _ = self.place.entry(loser).or_insert(at));
        }
    }

    /// By id; else by domain with a name or as the only one there; else by name. City and domain must not say otherwise, and what has another
    /// id of the same kind is another company.
    pub(super) fn find(&self, keys: &Keys) -> Option<usize> {
        let own = keys.own.and_then(|id| self.place.get(&id));
        if let Some(at) = own.or_else(|| keys.external.as_ref().and_then(|key| self.by_external.get(key))) {
            return Some(*at);
        }
        let fits = |one: &Option<String>, other: &Option<String>| one.is_none() || other.is_none() || one == other;
        let fitting = |found: Option<&Vec<usize>>| -> Vec<(usize, &Slot)> {
            let slots = found.into_iter().flatten().filter_map(|at| Some((*at, self.slots.get(*at)?)));
            slots.filter(|(_, slot)| !self.is_another(slot, keys) && fits(&slot.city, &keys.city)).collect()
        };
        let best = |found: &[(usize, &Slot)]| found.iter().find(|(_, slot)| slot.city == keys.city).or(found.first()).map(|(at, _)| *at);
        let of_name = keys.name.as_ref().and_then(|key| self.by_name.get(key));
        let named = fitting(of_name);
        if let Some(domain) = &keys.domain {
            let both: Vec<_> = named.iter().copied().filter(|(_, slot)| slot.domain.as_ref() == Some(domain)).collect();
            let of_domain = self.by_domain.get(domain).filter(|found| found.len() == 1 && !self.shared.contains(domain));
            // The only one of its domain may have moved to another city, but has then kept its name.
            let moved = || {
                let at = *of_domain?.first()?;
                let is_it = of_name?.contains(&at) && !self.is_another(self.slots.get(at)?, keys);
                is_it.then_some(at)
            };
            if let Some(at) = best(&both).or_else(|| best(&fitting(of_domain))).or_else(moved) {
                return Some(at);
            }
        }
        best(&named.into_iter().filter(|(_, slot)| fits(&slot.domain, &keys.domain)).collect::<Vec<_>>())
    }

    fn is_another(&self, slot: &Slot, keys: &Keys) -> bool {
        let other = |key: &String| slot.externals.iter().any(|one| one.starts_with(&self.kind) && one != key);
        keys.external.as_ref().is_some_and(other)
    }

    /// The company of a line, a place for a new one if need be; an error when that would have no name.
    pub(super) fn settle(&mut self, by: &By<'_>, import_id: i64, draft: &RowDraft, keys: &Keys) -> Result<usize, ()> {
        if let Some(at) = self.find(keys) {
            self.remember(at, keys);
            return Ok(at);
        }
        let name = draft.values.iter().find(|(key, _)| key == "name").and_then(|(_, value)| value.as_str()).ok_or(())?;
        let company = Company {
            id: by.ids.next(),
            name: name.to_owned(),
            import_id: Some(import_id),
            created_at: by.now,
            updated_at: by.now,
            ..Company::default()
        };
        let Keys { external, domain, city, .. } = keys.clone();
        let externals = external.into_iter().collect();
        Ok(self.add(Slot { company, before: None, externals, domain, city, tags: HashSet::new(), changed: false }))
    }

    /// A company is found by what a line adds, too.
    fn remember(&mut self, at: usize, keys: &Keys) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        if let Some(key) = keys.external.as_ref().filter(|key| !slot.externals.contains(key)) {
            slot.externals.push(key.clone());
            self.by_external.entry(key.clone()).or_insert(at);
        }
        if let (None, Some(key)) = (&slot.domain, &keys.domain) {
            slot.domain = Some(key.clone());
            self.by_domain.entry(key.clone()).or_default().push(at);
        }
        if let Some(key) = &keys.name {
            let named = self.by_name.entry(key.clone()).or_default();
            if !named.contains(&at) {
                named.push(at);
            }
        }
        if slot.city.is_none() {
            slot.city.clone_from(&keys.city);
        }
    }

    /// The company meant as a parent.
    pub(super) fn parent(&self, keys: &ParentKeys) -> Option<usize> {
        let own = keys.own.and_then(|id| self.place.get(&id)).or_else(|| self.by_external.get(&keys.external));
        own.or_else(|| self.by_name.get(&keys.name).and_then(|found| found.first())).copied()
    }

    pub(super) fn id(&self, at: usize) -> i64 {
        self.slots.get(at).map_or(0, |slot| slot.company.id)
    }
}

/// What companies were known by that became part of others.
struct GivenUp {
    keys: Vec<(ByKeys, String, i64)>,
    ids: Vec<(i64, i64)>,
}

impl GivenUp {
    async fn read(tx: &mut Tx, lines: &[(RowDraft, Keys)], domains: &HashSet<String>) -> Result<Self, DbError> {
        let (mut external, mut names, mut own) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (_, keys) in lines {
            external.extend(keys.external.clone());
            names.extend(keys.name.clone());
            own.extend(keys.own);
            if let Some(parent) = &keys.parent {
                external.insert(parent.external.clone());
                names.insert(parent.name.clone());
                own.extend(parent.own);
            }
        }
        let mut keys = Vec::new();
        for (by, wanted) in [(ByKeys::External, external), (ByKeys::Domain, domains.clone()), (ByKeys::Name, names)] {
            keys.extend(company::list_by_given_up(tx, by, wanted).await?.into_iter().map(|(key, id)| (by, key, id)));
        }
        Ok(Self { keys, ids: company::list_survivors(tx, own).await? })
    }

    fn survivors(&self) -> Vec<i64> {
        self.keys.iter().map(|(.., id)| *id).chain(self.ids.iter().map(|(_, survivor)| *survivor)).collect()
    }
}

/// The stored companies that lines or their parents may mean.
async fn candidates(tx: &mut Tx, lines: &[(RowDraft, Keys)], domains: impl IntoIterator<Item = String>) -> Result<Vec<Company>, DbError> {
    let parents = || lines.iter().filter_map(|(_, keys)| keys.parent.as_ref());
    let external = lines.iter().filter_map(|(_, keys)| keys.external.clone()).chain(parents().map(|keys| keys.external.clone()));
    let mut found = list_by_keys(tx, ByKeys::External, external.collect::<HashSet<_>>()).await?;
    found.extend(list_by_keys(tx, ByKeys::Domain, domains).await?);
    let names = lines.iter().filter_map(|(_, keys)| keys.name.clone()).chain(parents().map(|keys| keys.name.clone()));
    let names: HashSet<String> = names.collect();
    let crowded = company::list_crowded(tx, ByKeys::Name, names.iter().cloned(), NAMESAKES).await?;
    found.extend(list_by_keys(tx, ByKeys::Name, names.into_iter().filter(|name| !crowded.contains(name))).await?);
    let mut ids: HashSet<i64> = lines.iter().filter_map(|(_, keys)| keys.own).chain(parents().filter_map(|keys| keys.own)).collect();
    if !crowded.is_empty() {
        let wanted: HashSet<(&str, &str)> =
            lines.iter().filter_map(|(_, keys)| Some((keys.name.as_deref()?, keys.city.as_deref()?))).collect();
        // Who is meant by the name alone is the oldest.
        let mut oldest: HashMap<String, i64> = HashMap::new();
        for (name, city, id) in company::list_namesakes(tx, crowded).await? {
            if city.is_none_or(|city| wanted.contains(&(name.as_str(), fold_key(&city).as_str()))) {
                ids.insert(id);
            }
            let first = oldest.entry(name).or_insert(id);
            *first = id.min(*first);
        }
        ids.extend(oldest.into_values());
    }
    found.extend(list_by_ids(tx, ids).await?);
    Ok(found)
}
