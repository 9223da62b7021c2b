//! Keeps scores: hears what contacts do, a batch at a time; one read and one write for all contacts touched.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use attune_db::{Column, DbError, Relation, Sql, Tx, Value, params, sql};
use attune_events::{BoxFuture, Event, React, Spine, append};
use attune_identify::contact::{put_engagement, put_scores};
use attune_identify::field::Subject;
use attune_jobs::{Bench, OnDue, clear_timers, set_timers_at_latest};
use attune_kernel::Fault;

use super::rules::{Basis, Line, ScoreRule, fit_of, shown, total};
use super::store::{self, Told};
use crate::segment::bind::{Vocabulary, bind};
use crate::segment::compile::least_k;
use crate::segment::facts;
use crate::segment::rule::Rule;

/// The reactor's name and its cursor's.
pub const KEY: &str = "differentiate.keep_scores";
/// The timers that tell of falling scores.
pub const TIMER: &str = "differentiate.score_falls";
/// Events after which somebody may fit differently.
const FIT_EVENTS: [&str; 7] = [
    "contact.created",
    "contact.updated",
    "contact.restored",
    "contact.merged",
    "contact.split",
    "contact.stage_changed",
    "contact.owner_changed",
];

/// Whether the event says that older events of the contact changed: some were found to be his, or not to be his own doing.
pub(crate) fn changes_history(event: &Event) -> bool {
    let split = event.name == "contact.restored" && event.subject.as_deref() == Some("split");
    split || matches!(event.name.as_ref(), "visitor.identified" | "mail.click_rejudged" | "contact.merged" | "contact.split")
}

/// Tells that many contacts came in at once.
const IMPORTED: &str = "contact.imported";

/// The company whose people may fit differently since this event: which company a rule means, and of which they are, has changed.
fn refitted(event: &Event) -> Option<i64> {
    let is = matches!(event.name.as_ref(), "company.merged" | "company.split" | "company.deleted" | "company.restored");
    event.company_id.filter(|_| is)
}

/// Whether the event may change the score of its contact.
fn concerns(rules: &[ScoreRule], event: &Event) -> bool {
    let earns = || !event.machine && rules.iter().any(|rule| rule.matches(&event.name, event.subject.as_deref(), event.amount));
    event.contact_id.is_some() && (changes_history(event) || FIT_EVENTS.contains(&event.name.as_ref()) || earns())
}

/// Contacts whose scores are computed, and the event that made it so.
type Causes<'e> = BTreeMap<i64, Option<&'e Event>>;
/// Lines by (contact, rule).
type Lines = HashMap<(i64, i64), Line>;

/// Follows the log for scores.
pub struct KeepScores {
    /// What fit rules may speak of beside fields.
    pub facets: Vec<crate::segment::bind::FacetField>,
}

impl React for KeepScores {
    fn heeds<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let rules = store::list_rules(tx).await?;
            Ok(events.iter().any(|event| event.name == IMPORTED || refitted(event).is_some() || concerns(&rules, event)))
        })
    }

    fn react<'a>(&'a self, spine: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let keeper = Keeper::load(tx, &self.facets, spine.clock.now()).await?;
            keeper.hear(tx, spine, events).await
        })
    }
}

impl OnDue for KeepScores {
    fn due<'a>(&'a self, _: &'a Bench, tx: &'a mut Tx, keys: &'a [i64], now: i64) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            lock(tx).await?;
            let keeper = Keeper::load(tx, &self.facets, now).await?;
            let causes: Causes<'_> = keys.iter().map(|contact| (*contact, None)).collect();
            let lines = store::lines(tx, &Relation::of_ids("id", keys.iter().copied())).await?;
            keeper.tell(tx, &causes, &HashMap::new(), lines).await
        })
    }
}

/// Holds the reactor's cursor, so that reactor, timers and jobs never work on scores at the same time; answers how far it has read.
pub(crate) async fn lock(tx: &mut Tx) -> Result<i64, DbError> {
    let row = tx.find(sql!("UPDATE event_cursors SET seq = seq WHERE name = $1 RETURNING seq"), params![KEY]).await?;
    row.map_or(Ok(0), |row| row.at(0))
}

/// The rules in force at one moment.
pub(super) struct Keeper {
    basis: Basis,
    rules: Vec<ScoreRule>,
    fit: Vec<(crate::segment::Bound, i64)>,
    facets: Vec<crate::segment::bind::FacetField>,
    limits: Limits,
    now: i64,
}

impl Keeper {
    pub(super) async fn load(tx: &mut Tx, facets: &[crate::segment::bind::FacetField], now: i64) -> Result<Self, DbError> {
        let custom = facts::custom_fields(tx, Subject::Contact).await?;
        // A fit is reckoned when something about the contact changes; nothing says so for each when it is the company, or whom a field names.
        let vocabulary = Vocabulary { custom, facets: facets.to_vec(), ..Vocabulary::default() }.of_person_alone();
        let fit = store::list_fit_rules(tx).await?.into_iter().filter(|rule| rule.active);
        let fit = fit.filter_map(|rule| Some((bind(&Rule::Field(rule.condition), &vocabulary).ok()?, rule.points))).collect();
        let basis = store::basis(tx).await?;
        let limits = Limits::new(crate::segment::score_limits(tx).await?, &basis, now);
        Ok(Self { basis, rules: store::list_rules(tx).await?, fit, facets: facets.to_vec(), limits, now })
    }

    async fn hear(&self, tx: &mut Tx, spine: &Spine, events: &[Event]) -> Result<(), Fault> {
        let through = events.iter().map(|event| event.seq).max().unwrap_or(0);
        let companies: BTreeSet<i64> = events.iter().filter_map(refitted).collect();
        if !companies.is_empty() && !self.fit.is_empty() {
            super::jobs::after_companies(tx, spine, companies.into_iter().collect()).await?;
        }
        let mut causes: Causes<'_> = BTreeMap::new();
        let mut rebuilt: BTreeSet<i64> = BTreeSet::new();
        let mut fitted: BTreeSet<i64> = BTreeSet::new();
        for event in events {
            if event.name == IMPORTED
                && let Some(import) = event.origin_id
            {
                super::jobs::after_import(tx, spine, import, event.at).await?;
            }
            let Some(contact) = event.contact_id.filter(|_| concerns(&self.rules, event)) else { continue };
            if changes_history(event) {
                rebuilt.insert(contact);
            }
            if FIT_EVENTS.contains(&event.name.as_ref()) {
                fitted.insert(contact);
            }
            causes.insert(contact, Some(event));
        }
        if causes.is_empty() {
            return Ok(());
        }
        let mut lines = self.earn(tx, events, &rebuilt, &causes).await?;
        lines.extend(self.rebuild(tx, &rebuilt, through).await?);
        let fits = self.fits(tx, fitted.iter().copied()).await?;
        self.tell(tx, &causes, &fits, lines).await
    }

    /// Adds the batch to the lines of the contacts it touches, except those that are rebuilt anyway; answers them.
    async fn earn(&self, tx: &mut Tx, events: &[Event], rebuilt: &BTreeSet<i64>, causes: &Causes<'_>) -> Result<Lines, DbError> {
        let touched = Relation::of_ids("id", causes.keys().copied().filter(|id| !rebuilt.contains(id)));
        let mut lines = store::lines(tx, &touched).await?;
        let mut changed: BTreeMap<(i64, i64), Line> = BTreeMap::new();
        for event in events.iter().filter(|event| !event.machine) {
            let Some(contact) = event.contact_id.filter(|id| !rebuilt.contains(id)) else { continue };
            for rule in self.rules.iter().filter(|rule| rule.matches(&event.name, event.subject.as_deref(), event.amount)) {
                let line = lines.entry((contact, rule.id)).or_insert_with(Line::empty);
                line.earn(rule, event.at, self.basis.decay());
                changed.insert((contact, rule.id), *line);
            }
        }
        store::put_lines(tx, changed.into_iter()).await?;
        Ok(lines)
    }

    /// Computes the lines of these contacts from their events up to `through`: the same whatever was kept before.
    pub(super) async fn rebuild(&self, tx: &mut Tx, contacts: &BTreeSet<i64>, through: i64) -> Result<Lines, DbError> {
        if contacts.is_empty() {
            return Ok(Lines::new());
        }
        let ids = Relation::of_ids("id", contacts.iter().copied());
        store::delete_lines(tx, &ids).await?;
        let names: BTreeSet<&str> = self.rules.iter().filter(|rule| rule.active).map(|rule| rule.event.as_str()).collect();
        let mut sql = Sql::new(
            "SELECT e.contact_id, e.name, e.subject, e.amount, e.at FROM {rows} AS r JOIN events e ON e.contact_id = r.id WHERE e.machine IS NOT TRUE AND e.seq <= ",
        );
        sql.bind(through).push(" AND e.name || '' IN ").bind_list(names.iter().map(|name| Value::from(*name))).push(" ORDER BY e.seq");
        let rows = tx.rows_from(sql.text(), &ids, sql.values()).await?;
        let mut lines = Lines::new();
        for row in &rows {
            let (contact, name, at): (i64, String, i64) = (row.get("contact_id")?, row.get("name")?, row.get("at")?);
            let (subject, amount): (Option<String>, Option<i64>) = (row.get("subject")?, row.get("amount")?);
            for rule in self.rules.iter().filter(|rule| rule.matches(&name, subject.as_deref(), amount)) {
                lines.entry((contact, rule.id)).or_insert_with(Line::empty).earn(rule, at, self.basis.decay());
            }
        }
        store::put_lines(tx, lines.iter().map(|(key, line)| (*key, *line))).await?;
        Ok(lines)
    }

    /// The fit of these contacts.
    pub(super) async fn fits(&self, tx: &mut Tx, contacts: impl Iterator<Item = i64>) -> Result<HashMap<i64, i64>, DbError> {
        let contacts: Vec<i64> = contacts.collect();
        let rules: Vec<&crate::segment::Bound> = self.fit.iter().map(|(rule, _)| rule).collect();
        let known = facts::load(tx, &contacts, &rules, &self.facets, self.now).await?;
        let fit = |facts: &crate::segment::evaluate::Facts| {
            let holds = |rule| crate::segment::evaluate::evaluate(rule, facts, self.basis.decay(), self.now).holds;
            fit_of(self.fit.iter().filter(|(rule, _)| holds(rule)).map(|(_, points)| *points))
        };
        Ok(known.iter().map(|(contact, facts)| (*contact, fit(facts))).collect())
    }

    /// Writes the sums of these contacts from their lines, tells what changed and sets the moments at which silence changes more.
    pub(super) async fn tell(&self, tx: &mut Tx, causes: &Causes<'_>, fits: &HashMap<i64, i64>, lines: Lines) -> Result<(), Fault> {
        let kept = store::kept(tx, &Relation::of_ids("id", causes.keys().copied())).await?;
        let relation = Relation::of_ids("id", kept.iter().map(|(id, _)| *id));
        let before = store::told(tx, &relation).await?;
        let mut by_contact: HashMap<i64, Vec<(&ScoreRule, &Line)>> = HashMap::new();
        for ((contact, rule_id), line) in &lines {
            if let Some(rule) = self.rules.iter().find(|rule| rule.id == *rule_id && rule.active) {
                by_contact.entry(*contact).or_default().push((rule, line));
            }
        }
        let mut news = News::new();
        for (contact, kept_k) in kept {
            let own = by_contact.remove(&contact).unwrap_or_default();
            let k = total(own.into_iter(), self.basis.decay(), self.now);
            let old = before.get(&contact).copied();
            let fit = fits.get(&contact).copied().or(old.map(|old| old.fit)).unwrap_or(0);
            let shown = shown(self.basis.decay(), k, self.now);
            let tier = self.basis.tier(shown);
            let told = Told { fit, shown, tier, grade: self.basis.grade(tier, fit).chars().next().unwrap_or('C') };
            let crosses = self.limits.lie_between(kept_k, k);
            news.add(contact, (k, told, crosses), old, causes.get(&contact).copied().flatten(), self.now);
            news.fall(contact, self.basis.next_fall(k, self.now));
        }
        news.write(tx, self.now).await
    }
}

/// The limits that somebody watches, as the least `k` that reaches each now: only a score that crosses one is told. A point more or less
/// in between concerns nobody, and would be most of the log.
pub(super) struct Limits(Vec<f64>);

impl Limits {
    fn new(points: BTreeSet<i64>, basis: &Basis, now: i64) -> Self {
        let watched = points.into_iter().chain([basis.hot, basis.warm]);
        let mut least: Vec<f64> = watched.filter_map(|points| least_k(basis.decay(), points, now)).collect();
        least.sort_unstable_by(f64::total_cmp);
        Self(least)
    }

    /// Whether one lies between what is kept of a score, faded until now, and what it becomes.
    fn lie_between(&self, before: Option<f64>, after: Option<f64>) -> bool {
        let reached = |k: Option<f64>| k.map_or(0, |k| self.0.partition_point(|least| *least <= k));
        reached(before) != reached(after)
    }
}

/// What a batch changes, gathered for one write each.
struct News {
    scores: Relation,
    engagement: Relation,
    told: Vec<(i64, Told)>,
    events: Vec<Event>,
    falls: Vec<(i64, i64)>,
    calm: Vec<i64>,
}

impl News {
    fn new() -> Self {
        let scores = Relation::new(&[("id", Column::Int), ("k", Column::Real), ("fit", Column::Int), ("grade", Column::Text)]);
        let engagement = Relation::new(&[("id", Column::Int), ("k", Column::Real)]);
        Self { scores, engagement, told: Vec::new(), events: Vec::new(), falls: Vec::new(), calm: Vec::new() }
    }

    fn add(&mut self, contact: i64, (k, told, crosses): (Option<f64>, Told, bool), old: Option<Told>, cause: Option<&Event>, now: i64) {
        // Fit and grade seldom change, and the grade has an index of its own.
        if old.is_some_and(|old| (old.fit, old.grade) == (told.fit, told.grade)) {
            self.engagement.push(vec![contact.into(), k.into()]);
        } else {
            self.scores.push(vec![contact.into(), k.into(), told.fit.into(), told.grade.to_string().into()]);
        }
        if old != Some(told) {
            self.told.push((contact, told));
        }
        let event = |name: &'static str, subject: String| {
            let event = Event::new(name, now).contact(contact).subject(subject);
            if let Some(cause) = cause { event.because_of(cause) } else { event }
        };
        let start = Told { fit: 0, shown: 0, tier: super::Tier::Cold, grade: 'C' };
        let was = old.unwrap_or(start);
        if crosses || was.tier != told.tier {
            let props = serde_json::json!({ "before": was.shown, "tier": told.tier.word(), "tier_before": was.tier.word() });
            self.events.push(event("score.changed", "engagement".to_owned()).amount(told.shown).props(&props));
        }
        if was.fit != told.fit {
            self.events.push(event("score.changed", "fit".to_owned()).amount(told.fit).props(&serde_json::json!({ "before": was.fit })));
        }
        if was.grade != told.grade || old.is_none() {
            let before = old.map(|old| old.grade.to_string());
            self.events.push(event("grade.changed", told.grade.to_string()).props(&serde_json::json!({ "before": before })));
        }
    }

    fn fall(&mut self, contact: i64, at: Option<i64>) {
        match at {
            Some(at) => self.falls.push((contact, at)),
            None => self.calm.push(contact),
        }
    }

    async fn write(mut self, tx: &mut Tx, now: i64) -> Result<(), Fault> {
        put_scores(tx, &self.scores).await?;
        put_engagement(tx, &self.engagement).await?;
        store::put_told(tx, self.told.into_iter(), now).await?;
        set_timers_at_latest(tx, TIMER, self.falls).await?;
        clear_timers(tx, TIMER, self.calm).await?;
        append(tx, &mut self.events).await?;
        Ok(())
    }
}
