//! Keeps members: which rules an event may change, and the change itself, for many contacts at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_identify::field::Subject;
use attune_jobs::{clear_timers, set_timers_at_latest};
use attune_kernel::{Decay, Fault};
use fixedbitset::FixedBitSet;

use super::bind::{Bound, CONTACT_FIELDS, FacetField, Source, Vocabulary, bind, hears};
use super::evaluate::evaluate;
use super::rule::{EventCondition, ScoreName};
use super::store::{self, Move, SegmentKind};
use super::{SegmentId, company, facts, vocabulary};
use crate::score::{self, react::changes_history};

/// The reactor's name and its cursor's.
pub const REACTOR: &str = "differentiate.keep_segments";
/// The timers of windows that close: one per contact, at its next moment.
pub const TIMER: &str = "differentiate.segment_windows";

/// A dynamic segment with its rule bound.
struct Live {
    id: i64,
    rule: Bound,
}

/// The fact a condition reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Fact {
    Column(&'static str),
    Custom(String),
    Score(&'static str),
    Segment(i64),
    /// Something about the company, as its events name it.
    Company(String),
}

/// Segments by their places in an [`Index`]. Every event of a contact asks for some, and a hundred of them are two words.
type Places = FixedBitSet;

/// All live segments and, per fact, which of them it may change.
pub struct Index {
    segments: Vec<Live>,
    /// Where in `segments` each stands.
    place_of: HashMap<i64, usize>,
    by_fact: HashMap<Fact, Places>,
    /// What an event of this name may change, whatever it says.
    by_name: HashMap<String, Places>,
    by_event: HashMap<String, Vec<(usize, EventCondition)>>,
    with_events: Places,
    with_companies: Places,
    /// Rules that ask whom a field of the contact, or of its company, names.
    with_names: Places,
    ageing: Places,
    /// Segments whose members are being found for the first time: of them it is not told who comes, whoever looks first.
    fresh: HashSet<i64>,
    /// Segments bound to other own fields than before: what they are bound to now, and whether their members have to be found anew.
    rebound: Vec<(i64, i64, bool)>,
    facets: Vec<FacetField>,
    decay: Decay,
}

/// Contacts to look at, with the segments that may have changed for each and the event behind it.
#[derive(Default)]
pub struct Work<'e> {
    contacts: Looks<'e>,
    /// Companies whose people are to be looked at in the same way.
    companies: Looks<'e>,
    /// Records, and whoever names one is to be looked at in the same way.
    named: Looks<'e>,
    /// Segments of which it is not told who comes and goes.
    silent: HashSet<i64>,
}

impl<'e> Work<'e> {
    /// Whether nobody has to be looked at.
    pub fn is_empty(&self) -> bool {
        self.contacts.is_empty() && self.companies.is_empty() && self.named.is_empty()
    }

    /// The companies whose people are to be looked at.
    pub(super) fn companies(&self) -> impl Iterator<Item = i64> {
        self.companies.keys().copied()
    }

    /// The records that are named, whose namers are to be looked at.
    pub(super) fn named(&self) -> impl Iterator<Item = i64> {
        self.named.keys().copied()
    }

    /// Adds a contact, or a company's people, that name a record.
    pub(super) fn add_naming(&mut self, named: i64, (subject, record): (Subject, i64)) {
        let Some((segments, cause)) = self.named.get(&named) else { return };
        let of = if subject == Subject::Contact { &mut self.contacts } else { &mut self.companies };
        let entry = of.entry(record).or_default();
        entry.0.union_with(segments);
        entry.1 = entry.1.or(*cause);
    }

    /// Adds one of a company's people.
    pub(super) fn add_of_company(&mut self, company: i64, contact: i64) {
        let Some((segments, cause)) = self.companies.get(&company) else { return };
        let entry = self.contacts.entry(contact).or_default();
        entry.0.union_with(segments);
        entry.1 = entry.1.or(*cause);
    }

    /// The same, but of these segments it is not told who comes: their members are found for the first time, and nobody enters anything.
    #[must_use]
    pub fn silently(mut self, segments: impl IntoIterator<Item = i64>) -> Self {
        self.silent.extend(segments);
        self
    }
}

/// Whom to look at, for which segments, and why.
type Looks<'e> = BTreeMap<i64, (Places, Option<&'e Event>)>;

/// Adds segments to look at for a record; a later cause replaces an earlier one.
fn add<'e>(looks: &mut Looks<'e>, record: i64, segments: &Places, cause: Option<&'e Event>) {
    if segments.is_clear() {
        return;
    }
    let entry = looks.entry(record).or_default();
    entry.0.union_with(segments);
    entry.1 = cause.or(entry.1);
}

impl Index {
    /// Reads all live segments. One whose rule names something that is gone keeps its members as they are.
    pub async fn load(tx: &mut Tx, facets: &[FacetField]) -> Result<Self, DbError> {
        let vocabulary = vocabulary(tx, facets).await?;
        let decay = score::basis(tx).await?.decay();
        let mut index = Self {
            segments: Vec::new(),
            place_of: HashMap::new(),
            by_fact: HashMap::new(),
            by_name: HashMap::new(),
            by_event: HashMap::new(),
            with_events: Places::new(),
            with_companies: Places::new(),
            with_names: Places::new(),
            ageing: Places::new(),
            fresh: store::list_unfilled(tx).await?.iter().filter(|segment| segment.is_new).map(|segment| segment.id).collect(),
            rebound: Vec::new(),
            facets: facets.to_vec(),
            decay,
        };
        for segment in store::list(tx).await?.into_iter().filter(|segment| segment.kind == SegmentKind::Dynamic) {
            let bound = bind(&segment.rule, &vocabulary);
            let to = bound.as_ref().map_or(-1, Bound::own_fields);
            if segment.bound_to != Some(to) {
                index.rebound.push((segment.id, to, to != -1 && segment.bound_to.is_some()));
            }
            match bound {
                Ok(rule) => index.add(segment.id, rule, &vocabulary),
                Err(error) => tracing::warn!(segment = segment.id, %error, "a segment's rule cannot be used; its members stay as they are"),
            }
        }
        Ok(index)
    }

    /// Whether members have to be found anew because a field was made again that their rule asks for.
    pub(super) fn is_overtaken(&self) -> bool {
        self.rebound.iter().any(|(.., anew)| *anew)
    }

    /// Notes what rules are bound to now; answers the segments whose members have to be found anew.
    pub(super) async fn note_bound(&self, tx: &mut Tx) -> Result<Vec<i64>, DbError> {
        if self.rebound.is_empty() {
            return Ok(Vec::new());
        }
        store::set_bound(tx, self.rebound.iter().map(|(id, to, _)| (*id, *to))).await?;
        let anew: Vec<i64> = self.rebound.iter().filter(|(.., anew)| *anew).map(|(id, ..)| *id).collect();
        store::set_unfilled(tx, &anew).await?;
        Ok(anew)
    }

    fn add(&mut self, id: i64, rule: Bound, vocabulary: &Vocabulary) {
        let place = self.segments.len();
        for condition in rule.conditions() {
            match condition {
                Bound::Field(Source::Column { column, .. } | Source::Reference { column }, _) => self.note(Fact::Column(column), place),
                Bound::Field(
                    Source::CustomText(field) | Source::CustomNumber(field) | Source::CustomChoice(field) | Source::CustomReference(field),
                    _,
                ) => {
                    if let Some(custom) = vocabulary.custom.iter().find(|custom| custom.id == *field) {
                        self.note(Fact::Custom(custom.key.clone()), place);
                    }
                }
                Bound::Field(Source::Company(of), _) => {
                    self.note(Fact::Column("company_id"), place);
                    self.note(Fact::Company(of.told_as(vocabulary.company.as_deref().unwrap_or_default())), place);
                    self.with_companies.grow_and_insert(place);
                }
                Bound::Field(Source::Facet { index, .. }, _) => {
                    for name in self.facets.get(*index).map_or(&[][..], |facet| facet.changed_by) {
                        self.by_name.entry((*name).to_owned()).or_default().grow_and_insert(place);
                    }
                }
                Bound::Score(ScoreName::Engagement, ..) => self.note(Fact::Score("engagement"), place),
                Bound::Score(ScoreName::Fit, ..) => self.note(Fact::Score("fit"), place),
                Bound::Segment(other) => self.note(Fact::Segment(*other), place),
                Bound::Event(event) => {
                    self.by_event.entry(event.name.clone()).or_default().push((place, event.clone()));
                    self.with_events.grow_and_insert(place);
                }
                Bound::All(_) | Bound::Any(_) | Bound::None(_) => {}
            }
        }
        if rule.asks_for_names() {
            self.with_names.grow_and_insert(place);
        }
        if rule.ages() {
            self.ageing.grow_and_insert(place);
        }
        self.place_of.insert(id, place);
        self.segments.push(Live { id, rule });
    }

    fn note(&mut self, fact: Fact, place: usize) {
        self.by_fact.entry(fact).or_default().grow_and_insert(place);
    }

    /// Adds those that read a fact.
    fn add_reading(&self, fact: &Fact, touched: &mut Places) {
        if let Some(places) = self.by_fact.get(fact) {
            touched.union_with(places);
        }
    }

    fn add_all(&self, touched: &mut Places) {
        touched.grow(self.segments.len());
        touched.insert_range(..self.segments.len());
    }

    /// Which segments an event may change for its contact.
    fn touched_by(&self, event: &Event, touched: &mut Places) {
        let name = event.name.as_ref();
        let subject = event.subject.as_deref().unwrap_or("");
        touched.clear();
        match name {
            "contact.created" | "contact.restored" | "contact.deleted" | "contact.merged" | "contact.split" => self.add_all(touched),
            _ if changes_history(event) => touched.union_with(&self.with_events),
            // An import tells of all it brought at its end.
            "contact.updated" if subject.is_empty() && event.origin_id.is_none() => self.add_all(touched),
            "contact.updated" => self.add_reading(&field_fact(subject), touched),
            "contact.owner_changed" => ["owner_id", "team_id"].iter().for_each(|column| self.add_reading(&Fact::Column(column), touched)),
            "contact.stage_changed" => self.add_reading(&Fact::Column("stage"), touched),
            "grade.changed" => self.add_reading(&Fact::Column("grade"), touched),
            "score.changed" => self.add_reading(&Fact::Score(if subject == "fit" { "fit" } else { "engagement" }), touched),
            "segment.entered" | "segment.left" => {
                if let Ok(id) = subject.parse::<SegmentId>() {
                    self.add_reading(&Fact::Segment(id.0), touched);
                }
            }
            _ => self.add_reading(&Fact::Column("last_seen_at"), touched),
        }
        if let Some(places) = self.by_name.get(name) {
            touched.union_with(places);
        }
        if let Some(conditions) = self.by_event.get(name).filter(|_| !event.machine) {
            let heard = conditions.iter().filter(|(_, condition)| hears(condition, event.subject.as_deref(), event.amount));
            heard.for_each(|(place, _)| touched.grow_and_insert(*place));
        }
    }

    /// Which segments an event about a company may change for its people.
    fn touched_by_company(&self, event: &Event, touched: &mut Places) {
        touched.clear();
        match (event.name.as_ref(), event.subject.as_deref().unwrap_or("")) {
            ("company.updated", "") => touched.union_with(&self.with_companies),
            // Who was of it is of no company now, or of one again.
            ("company.deleted" | "company.restored" | "company.merged" | "company.split", _) => {
                self.add_reading(&Fact::Column("company_id"), touched);
            }
            ("company.updated", attribute) => self.add_reading(&Fact::Company(attribute.to_owned()), touched),
            ("company.tagged" | "company.untagged" | "company.tag_renamed", _) => {
                self.add_reading(&Fact::Company(company::TAG.to_owned()), touched);
            }
            _ => {}
        }
    }

    /// The work a batch of events makes.
    pub fn work_of<'e>(&self, events: &'e [Event]) -> Work<'e> {
        let (mut work, mut touched) = (Work::default(), Places::with_capacity(self.segments.len()));
        for event in events {
            if let Some(record) = event.contact_id.or(event.company_id).filter(|_| changes_who_is_meant(event)) {
                add(&mut work.named, record, &self.with_names, Some(event));
            }
            if let Some(contact) = event.contact_id {
                self.touched_by(event, &mut touched);
                add(&mut work.contacts, contact, &touched, Some(event));
            } else if let Some(id) = event.company_id {
                self.touched_by_company(event, &mut touched);
                add(&mut work.companies, id, &touched, Some(event));
            }
        }
        work
    }

    /// Whether a batch of events makes any work: the first that does is enough.
    pub fn heeds(&self, events: &[Event]) -> bool {
        events.chunks(16).any(|some| !self.work_of(some).is_empty())
    }

    /// The segments for which the people of companies, and those who name a record, are looked at in `work`.
    pub(super) fn segments_of_crowds(&self, work: &Work<'_>) -> Vec<i64> {
        let crowds = work.companies.values().chain(work.named.values());
        self.lives(&union(crowds)).iter().map(|live| live.id).collect()
    }

    /// Looking at `contacts` for every segment that time alone can change.
    pub fn work_of_time(&self, contacts: &[i64]) -> Work<'static> {
        let mut work = Work::default();
        contacts.iter().for_each(|contact| add(&mut work.contacts, *contact, &self.ageing, None));
        work
    }

    /// Looking at `contacts` for these segments (all when `ids` is nothing).
    pub fn work_of_all(&self, contacts: &[i64], ids: Option<&[i64]>) -> Work<'static> {
        let mut places = Places::with_capacity(self.segments.len());
        match ids {
            None => self.add_all(&mut places),
            Some(ids) => ids.iter().filter_map(|id| self.place_of.get(id)).for_each(|place| places.insert(*place)),
        }
        let mut work = Work::default();
        contacts.iter().for_each(|contact| add(&mut work.contacts, *contact, &places, None));
        work
    }

    /// Does the work: finds who belongs now, writes what changed, tells it, and sets the moments at which to look again.
    pub async fn settle(&self, tx: &mut Tx, work: &Work<'_>, now: i64) -> Result<usize, Fault> {
        let contacts: Vec<i64> = work.contacts.keys().copied().collect();
        if contacts.is_empty() {
            return Ok(0);
        }
        let lives = self.lives(&union(work.contacts.values()));
        let rules: Vec<&Bound> = lives.iter().map(|live| &live.rule).collect();
        let known = facts::load(tx, &contacts, &rules, &self.facets, now).await?;
        let inside = self.inside(tx, &contacts, &lives).await?;
        let (mut moves, mut told) = (Vec::new(), Vec::new());
        let mut due: HashMap<i64, i64> = HashMap::new();
        for (contact, (places, cause)) in &work.contacts {
            let Some(facts) = known.get(contact) else { continue };
            let (inside, mut earliest) = (inside.get(contact), None);
            for (place, live) in places.ones().filter_map(|place| Some((place, self.segments.get(place)?))) {
                let truth = evaluate(&live.rule, facts, self.decay, now);
                earliest = earliest.into_iter().chain(truth.valid_until).min();
                if truth.holds != inside.is_some_and(|inside| inside.contains(place)) {
                    moves.push(Move { segment_id: live.id, contact_id: *contact, entered: truth.holds });
                    // Rules that ask for this segment hear of it only by its events.
                    let silent = work.silent.contains(&live.id) || self.fresh.contains(&live.id);
                    if !silent || self.by_fact.contains_key(&Fact::Segment(live.id)) {
                        told.push(news(live.id, *contact, truth.holds, *cause, now));
                    }
                }
            }
            due.extend(earliest.map(|at| (*contact, at)));
        }
        self.set_dues(tx, &contacts, due).await?;
        if !moves.is_empty() {
            store::write_moves(tx, &moves, now).await?;
            append(tx, &mut told).await?;
        }
        Ok(moves.len())
    }

    /// The segments in these places.
    fn lives(&self, places: &Places) -> Vec<&Live> {
        places.ones().filter_map(|place| self.segments.get(place)).collect()
    }

    /// In which of these segments each of these contacts is.
    async fn inside(&self, tx: &mut Tx, contacts: &[i64], lives: &[&Live]) -> Result<HashMap<i64, Places>, DbError> {
        let ids: BTreeSet<i64> = lives.iter().map(|live| live.id).collect();
        let mut inside: HashMap<i64, Places> = HashMap::new();
        for (segment, contact) in facts::memberships(tx, contacts, &ids).await? {
            if let Some(place) = self.place_of.get(&segment) {
                inside.entry(contact).or_default().grow_and_insert(*place);
            }
        }
        Ok(inside)
    }

    /// A contact has one timer for all its segments: the earlier of what it had (also when it is due already) and what was found.
    async fn set_dues(&self, tx: &mut Tx, contacts: &[i64], due: HashMap<i64, i64>) -> Result<(), DbError> {
        if self.ageing.is_clear() {
            return clear_timers(tx, TIMER, contacts.iter().copied()).await;
        }
        set_timers_at_latest(tx, TIMER, due).await
    }
}

/// All places that are looked at for anybody.
fn union<'l>(looks: impl Iterator<Item = &'l (Places, Option<&'l Event>)>) -> Places {
    let mut all = Places::new();
    looks.for_each(|(places, _)| all.union_with(places));
    all
}

/// Whether whoever names the record an event is about may mean somebody else, nobody or somebody again.
fn changes_who_is_meant(event: &Event) -> bool {
    let (whose, what) = event.name.split_once('.').unwrap_or_default();
    matches!(whose, "contact" | "company") && matches!(what, "deleted" | "restored" | "merged" | "split")
}

fn news(segment: i64, contact: i64, entered: bool, cause: Option<&Event>, now: i64) -> Event {
    let name = if entered { "segment.entered" } else { "segment.left" };
    let event = Event::new(name, now).contact(contact).subject(SegmentId(segment).to_string());
    if let Some(cause) = cause { event.because_of(cause) } else { event }
}

/// The fact behind an attribute as `contact.updated` names it.
fn field_fact(attribute: &str) -> Fact {
    if let Some(key) = attribute.strip_prefix("f:") {
        return Fact::Custom(key.to_owned());
    }
    let known = CONTACT_FIELDS.iter().find(|field| field.key == attribute || field.column == attribute);
    known.map_or_else(|| Fact::Custom(attribute.to_owned()), |field| Fact::Column(field.column))
}
