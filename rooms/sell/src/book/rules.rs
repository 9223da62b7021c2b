//! Who gets what of a book: pure decisions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use attune_kernel::fold_key;
use serde::{Deserialize, Serialize};

/// What a book holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A contact the colleague owns.
    Contact,
    /// A company the colleague owns.
    Company,
    /// An open task of the colleague's.
    Task,
    /// A hand-over the colleague is asked about or holds.
    Handover,
    /// An open promise the colleague made or was made.
    Promise,
}

impl Kind {
    /// All kinds, in the order in which they are told.
    pub const ALL: [Kind; 5] = [Kind::Contact, Kind::Company, Kind::Task, Kind::Handover, Kind::Promise];

    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Company => "company",
            Self::Task => "task",
            Self::Handover => "handover",
            Self::Promise => "promise",
        }
    }

    /// Reads [`Kind::word`].
    pub fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(Self::Contact)
    }

    /// The locale key of its name, many of it.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Contact => "book-contacts",
            Self::Company => "book-companies",
            Self::Task => "book-tasks",
            Self::Handover => "book-handovers",
            Self::Promise => "book-promises",
        }
    }
}

/// Something in a book, and what a rule may ask about it.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub key: i64,
    /// The contact it is, or is about.
    pub contact_id: Option<i64>,
    /// The company it is, or the contact belongs to.
    pub company_id: Option<i64>,
    /// The country of the contact, else of the company.
    pub country: String,
    /// The city, likewise.
    pub city: String,
    /// The contact's grade.
    pub grade: Option<String>,
}

impl Item {
    /// Its place in the sense of `field`, as written.
    pub fn place(&self, field: Place) -> &str {
        match field {
            Place::Country => self.country.trim(),
            Place::City => self.city.trim(),
        }
    }
}

/// What a territory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A country.
    Country,
    /// A city.
    City,
}

/// By which rule a book is given away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// All to one colleague.
    One {
        /// The colleague.
        to: i64,
    },
    /// Shared out so that everybody's book ends up about as full; what belongs to one company stays together.
    Load {
        /// The colleagues.
        to: Vec<i64>,
    },
    /// By where the customer is.
    Territory {
        /// Country or city.
        by: Place,
        /// Who gets which place.
        places: BTreeMap<String, i64>,
        /// Who gets everything else.
        rest: i64,
    },
    /// By grade.
    Grade {
        /// Who gets A, B and C; a grade left out goes with the rest.
        grades: BTreeMap<String, i64>,
        /// Who gets everything else.
        rest: i64,
    },
}

impl Rule {
    /// Everybody who may get something, each once.
    pub fn receivers(&self) -> Vec<i64> {
        let mut all = match self {
            Self::One { to } => vec![*to],
            Self::Load { to } => to.clone(),
            Self::Territory { places, rest, .. } => places.values().copied().chain([*rest]).collect(),
            Self::Grade { grades, rest } => grades.values().copied().chain([*rest]).collect(),
        };
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Who gets each item, in the items' order. `loads`: how much each colleague has already. What is about one contact goes to one colleague.
pub fn deal(rule: &Rule, items: &[Item], loads: &HashMap<i64, i64>) -> Vec<i64> {
    match rule {
        Rule::One { to } => vec![*to; items.len()],
        Rule::Load { to } => by_load(to, items, loads),
        Rule::Territory { by, places, rest } => {
            let places: HashMap<String, i64> = places.iter().map(|(place, to)| (fold_key(place), *to)).collect();
            by_mark(items, *rest, |item| places.get(&fold_key(item.place(*by))).copied())
        }
        Rule::Grade { grades, rest } => by_mark(items, *rest, |item| item.grade.as_ref().and_then(|grade| grades.get(grade)).copied()),
    }
}

/// Each by a mark of its own; a company without the mark, and what was promised to it, follows most of its people.
fn by_mark(items: &[Item], rest: i64, of: impl Fn(&Item) -> Option<i64>) -> Vec<i64> {
    let mut people: HashMap<i64, BTreeMap<i64, i64>> = HashMap::new();
    for item in items.iter().filter(|item| item.kind == Kind::Contact) {
        if let Some(company_id) = item.company_id {
            *people.entry(company_id).or_default().entry(of(item).unwrap_or(rest)).or_default() += 1;
        }
    }
    let most = |company_id: i64| {
        let found = people.get(&company_id)?.iter().max_by_key(|(to, count)| (**count, Reverse(**to)));
        found.map(|(to, _)| *to)
    };
    let receiver = |item: &Item| {
        let own = of(item);
        let followed = if item.contact_id.is_none() { item.company_id.and_then(most) } else { None };
        own.or(followed).unwrap_or(rest)
    };
    items.iter().map(receiver).collect()
}

/// What stays together: a company with its people and their work, a person, or a task about nobody.
fn unit(item: &Item) -> (u8, i64) {
    match (item.company_id, item.contact_id) {
        (Some(company_id), _) => (0, company_id),
        (None, Some(contact_id)) => (1, contact_id),
        (None, None) => (2, item.key),
    }
}

/// The largest units first, each to whoever has least.
fn by_load(to: &[i64], items: &[Item], loads: &HashMap<i64, i64>) -> Vec<i64> {
    let mut sizes: HashMap<(u8, i64), i64> = HashMap::new();
    for item in items {
        *sizes.entry(unit(item)).or_default() += 1;
    }
    let mut units: Vec<((u8, i64), i64)> = sizes.into_iter().collect();
    units.sort_unstable_by_key(|(unit, size)| (Reverse(*size), *unit));
    let mut hands: BinaryHeap<Reverse<(i64, i64)>> = to.iter().map(|id| Reverse((loads.get(id).copied().unwrap_or(0), *id))).collect();
    let mut given: HashMap<(u8, i64), i64> = HashMap::new();
    for (unit, size) in units {
        let Some(Reverse((load, id))) = hands.pop() else { break };
        given.insert(unit, id);
        hands.push(Reverse((load + size, id)));
    }
    items.iter().map(|item| given.get(&unit(item)).copied().unwrap_or(0)).collect()
}

/// How much of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Contacts.
    pub contacts: i64,
    /// Companies.
    pub companies: i64,
    /// Open tasks.
    pub tasks: i64,
    /// Hand-overs, offered or in hand.
    pub handovers: i64,
    /// Open promises, given or received.
    pub promises: i64,
}

impl Figures {
    /// The figure of a kind.
    pub fn get(&self, kind: Kind) -> i64 {
        match kind {
            Kind::Contact => self.contacts,
            Kind::Company => self.companies,
            Kind::Task => self.tasks,
            Kind::Handover => self.handovers,
            Kind::Promise => self.promises,
        }
    }

    /// Adds to the figure of a kind.
    pub fn add(&mut self, kind: Kind, count: i64) {
        match kind {
            Kind::Contact => self.contacts += count,
            Kind::Company => self.companies += count,
            Kind::Task => self.tasks += count,
            Kind::Handover => self.handovers += count,
            Kind::Promise => self.promises += count,
        }
    }

    /// Everything together.
    pub fn total(&self) -> i64 {
        self.contacts + self.companies + self.tasks + self.handovers + self.promises
    }
}

/// The figures of each receiver, by id.
pub fn tally(items: &[Item], dealt: &[i64]) -> BTreeMap<i64, Figures> {
    let mut figures: BTreeMap<i64, Figures> = BTreeMap::new();
    for (item, to) in items.iter().zip(dealt) {
        figures.entry(*to).or_default().add(item.kind, 1);
    }
    figures
}

/// The places of a book with how often each occurs, the most frequent first, at most `limit`.
pub fn places(items: &[Item], field: Place, limit: usize) -> Vec<(String, i64)> {
    let mut found: HashMap<String, (String, i64)> = HashMap::new();
    for item in items.iter().filter(|item| !item.place(field).is_empty()) {
        found.entry(fold_key(item.place(field))).or_insert_with(|| (item.place(field).to_owned(), 0)).1 += 1;
    }
    let mut list: Vec<(String, i64)> = found.into_values().collect();
    list.sort_unstable_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
    list.truncate(limit);
    list
}
