//! Keeps members: which rules an event may change, and the change itself, for many contacts at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use attune_db::{DbError, Tx};
use attune_events::{Event, append};
use attune_identify::field::Subject;
use attune_jobs::{clear_timers, set_timers_at_latest};
use attune_kernel::{Decay, Fault};

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
    Happening(String),
    /// Something about the company, as its events name it.
    Company(String),
}

/// All live segments and, per fact, which of them it may change.
pub struct Index {
    segments: Vec<Live>,
    by_fact: HashMap<Fact, BTreeSet<usize>>,
    by_event: HashMap<String, Vec<(usize, EventCondition)>>,
    with_events: BTreeSet<usize>,
    with_companies: BTreeSet<usize>,
    /// Rules that ask whom a field of the contact, or of its company, names.
    with_names: BTreeSet<usize>,
    ageing: BTreeSet<usize>,
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
        entry.0.extend(segments);
        entry.1 = entry.1.or(*cause);
    }

    /// Adds one of a company's people.
    pub(super) fn add_of_company(&mut self, company: i64, contact: i64) {
        let Some((segments, cause)) = self.companies.get(&company) else { return };
        let entry = self.contacts.entry(contact).or_default();
        entry.0.extend(segments);
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
type Looks<'e> = BTreeMap<i64, (BTreeSet<usize>, Option<&'e Event>)>;

/// Adds segments to look at for a record; a later cause replaces an earlier one.
fn add<'e>(looks: &mut Looks<'e>, record: i64, segments: &BTreeSet<usize>, cause: Option<&'e Event>) {
    if segments.is_empty() {
        return;
    }
    let entry = looks.entry(record).or_default();
    entry.0.extend(segments);
    entry.1 = cause.or(entry.1);
}

impl Index {
    /// Reads all live segments. One whose rule names something that is gone keeps its members as they are.
    pub async fn load(tx: &mut Tx, facets: &[FacetField]) -> Result<Self, DbError> {
        let vocabulary = vocabulary(tx, facets).await?;
        let decay = score::basis(tx).await?.decay();
        let mut index = Self {
            segments: Vec::new(),
            by_fact: HashMap::new(),
            by_event: HashMap::new(),
            with_events: BTreeSet::new(),
            with_companies: BTreeSet::new(),
            with_names: BTreeSet::new(),
            ageing: BTreeSet::new(),
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
                    self.with_companies.insert(place);
                }
                Bound::Field(Source::Facet { index, .. }, _) => {
                    for name in self.facets.get(*index).map_or(&[][..], |facet| facet.changed_by) {
                        self.note(Fact::Happening((*name).to_owned()), place);
                    }
                }
                Bound::Score(ScoreName::Engagement, ..) => self.note(Fact::Score("engagement"), place),
                Bound::Score(ScoreName::Fit, ..) => self.note(Fact::Score("fit"), place),
                Bound::Segment(other) => self.note(Fact::Segment(*other), place),
                Bound::Event(event) => {
                    self.by_event.entry(event.name.clone()).or_default().push((place, event.clone()));
                    self.with_events.insert(place);
                }
                Bound::All(_) | Bound::Any(_) | Bound::None(_) => {}
            }
        }
        if rule.asks_for_names() {
            self.with_names.insert(place);
        }
        if rule.ages() {
            self.ageing.insert(place);
        }
        self.segments.push(Live { id, rule });
    }

    fn note(&mut self, fact: Fact, place: usize) {
        self.by_fact.entry(fact).or_default().insert(place);
    }

    fn reading(&self, fact: &Fact) -> BTreeSet<usize> {
        self.by_fact.get(fact).cloned().unwrap_or_default()
    }

    /// Which segments an event may change for its contact.
    fn touched_by(&self, event: &Event) -> BTreeSet<usize> {
        let name = event.name.as_ref();
        let subject = event.subject.as_deref().unwrap_or("");
        let mut touched = match name {
            "contact.created" | "contact.restored" | "contact.deleted" | "contact.merged" | "contact.split" => {
                (0..self.segments.len()).collect()
            }
            _ if changes_history(event) => self.with_events.clone(),
            // An import tells of all it brought at its end.
            "contact.updated" if subject.is_empty() && event.origin_id.is_none() => (0..self.segments.len()).collect(),
            "contact.updated" => self.reading(&field_fact(subject)),
            "contact.owner_changed" => &self.reading(&Fact::Column("owner_id")) | &self.reading(&Fact::Column("team_id")),
            "contact.stage_changed" => self.reading(&Fact::Column("stage")),
            "grade.changed" => self.reading(&Fact::Column("grade")),
            "score.changed" => self.reading(&Fact::Score(if subject == "fit" { "fit" } else { "engagement" })),
            "segment.entered" | "segment.left" => {
                subject.parse::<SegmentId>().map_or_else(|_| BTreeSet::new(), |id| self.reading(&Fact::Segment(id.0)))
            }
            _ => self.reading(&Fact::Column("last_seen_at")),
        };
        touched.extend(self.reading(&Fact::Happening(name.to_owned())));
        if let Some(conditions) = self.by_event.get(name).filter(|_| !event.machine) {
            let heard = conditions.iter().filter(|(_, condition)| hears(condition, event.subject.as_deref(), event.amount));
            touched.extend(heard.map(|(place, _)| *place));
        }
        touched
    }

    /// Which segments an event about a company may change for its people.
    fn touched_by_company(&self, event: &Event) -> BTreeSet<usize> {
        match (event.name.as_ref(), event.subject.as_deref().unwrap_or("")) {
            ("company.updated", "") => self.with_companies.clone(),
            // Who was of it is of no company now, or of one again.
            ("company.deleted" | "company.restored" | "company.merged" | "company.split", _) => self.reading(&Fact::Column("company_id")),
            ("company.updated", attribute) => self.reading(&Fact::Company(attribute.to_owned())),
            ("company.tagged" | "company.untagged" | "company.tag_renamed", _) => self.reading(&Fact::Company(company::TAG.to_owned())),
            _ => BTreeSet::new(),
        }
    }

    /// The work a batch of events makes.
    pub fn work_of<'e>(&self, events: &'e [Event]) -> Work<'e> {
        let mut work = Work::default();
        for event in events {
            if let Some(record) = event.contact_id.or(event.company_id).filter(|_| changes_who_is_meant(event)) {
                add(&mut work.named, record, &self.with_names, Some(event));
            }
            if let Some(contact) = event.contact_id {
                add(&mut work.contacts, contact, &self.touched_by(event), Some(event));
            } else if let Some(id) = event.company_id {
                add(&mut work.companies, id, &self.touched_by_company(event), Some(event));
            }
        }
        work
    }

    /// The segments for which the people of companies, and those who name a record, are looked at in `work`.
    pub(super) fn segments_of_crowds(&self, work: &Work<'_>) -> Vec<i64> {
        let crowds = work.companies.values().chain(work.named.values());
        let places: BTreeSet<usize> = crowds.flat_map(|(places, _)| places.iter().copied()).collect();
        places.iter().filter_map(|place| self.segments.get(*place)).map(|live| live.id).collect()
    }

    /// Looking at `contacts` for every segment that time alone can change.
    pub fn work_of_time(&self, contacts: &[i64]) -> Work<'static> {
        let mut work = Work::default();
        contacts.iter().for_each(|contact| add(&mut work.contacts, *contact, &self.ageing, None));
        work
    }

    /// Looking at `contacts` for these segments (all when `ids` is nothing).
    pub fn work_of_all(&self, contacts: &[i64], ids: Option<&[i64]>) -> Work<'static> {
        let wanted = |id: &i64| ids.is_none_or(|ids| ids.contains(id));
        let places = self.segments.iter().enumerate().filter(|(_, live)| wanted(&live.id)).map(|(place, _)| place).collect();
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
        let places: BTreeSet<usize> = work.contacts.values().flat_map(|(places, _)| places.iter().copied()).collect();
        let lives: Vec<&Live> = places.iter().filter_map(|place| self.segments.get(*place)).collect();
        let rules: Vec<&Bound> = lives.iter().map(|live| &live.rule).collect();
        let known = facts::load(tx, &contacts, &rules, &self.facets, now).await?;
        let ids: BTreeSet<i64> = lives.iter().map(|live| live.id).collect();
        let inside: HashSet<(i64, i64)> = facts::memberships(tx, &contacts, &ids).await?.into_iter().collect();
        let mut moves = Vec::new();
        let mut told = Vec::new();
        let mut due: HashMap<i64, i64> = HashMap::new();
        for (contact, (places, cause)) in &work.contacts {
            let Some(facts) = known.get(contact) else { continue };
            for live in places.iter().filter_map(|place| self.segments.get(*place)) {
                let truth = evaluate(&live.rule, facts, self.decay, now);
                if let Some(at) = truth.valid_until {
                    due.entry(*contact).and_modify(|known| *known = at.min(*known)).or_insert(at);
                }
                if truth.holds != inside.contains(&(live.id, *contact)) {
                    moves.push(Move { segment_id: live.id, contact_id: *contact, entered: truth.holds });
                    // Rules that ask for this segment hear of it only by its events.
                    let silent = work.silent.contains(&live.id) || self.fresh.contains(&live.id);
                    if !silent || self.by_fact.contains_key(&Fact::Segment(live.id)) {
                        told.push(news(live.id, *contact, truth.holds, *cause, now));
                    }
                }
            }
        }
        self.set_dues(tx, &contacts, due).await?;
        if !moves.is_empty() {
            store::write_moves(tx, &moves, now).await?;
            append(tx, &mut told).await?;
        }
        Ok(moves.len())
    }

    /// A contact has one timer for all its segments: the earlier of what it had (also when it is due already) and what was found.
    async fn set_dues(&self, tx: &mut Tx, contacts: &[i64], due: HashMap<i64, i64>) -> Result<(), DbError> {
        if self.ageing.is_empty() {
            return clear_timers(tx, TIMER, contacts.iter().copied()).await;
        }
        set_timers_at_latest(tx, TIMER, due).await
    }
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
