//! Learns a model from a table without being told which of its records are of the same one.
//!
//! The chances of findings are estimated by expectation and maximisation (Dempster, Laird & Rubin 1977; for linkage Winkler 1988) over
//! all pairs of records: those that share a blocking key are weighed, all others count as records of two. What records of two have in
//! common is seen in pairs drawn at random, and, for columns that follow one another, in pairs drawn from those that agree on one.

use super::blocking::{Blocks, keys};
use super::column::{Column, Columns, Kind};
use super::comparison::{Agreement, Level};
use super::frequency::Frequencies;
use super::model::{Chances, Context, Field, Model, PerLevel};
use super::record::{Record, Table};
use super::sample::{Records, Sample, draw_agreeing, draw_keyed, draw_random};

/// Share of records found twice within a table up to which it counts as free of duplicates.
const FREE: f64 = 0.02;
/// Most rounds before and after the columns that follow others are found, and the change of the shares that ends them earlier.
const ROUNDS: usize = 50;
const SETTLED: f64 = 0.003;
/// What is supposed of records of the same one before any are seen, and of how many pairs that is worth.
const SUPPOSED: PerLevel = PerLevel::supposed();
const SUPPOSED_PAIRS: f64 = 8.0;
/// Least chance of any finding between records of the same one: no single column decides against a pair.
const LEAST: f64 = 0.004;
/// Least number of related pairs for each of the same one.
const LEAST_RELATED: f64 = 0.001;
/// Having the same value is never rarer than once in this many times the records.
const MOST_PROOF: f64 = 64.0;
/// Pairs a column must agree on by chance before others are said to follow it, and how much oftener those then agree.
const LEAST_PAIRS: f64 = 30.0;
const LEAST_LIFT: f64 = 4.0;

impl PerLevel {
    const fn supposed() -> Self {
        Self::new([0.66, 0.10, 0.04, 0.02, 0.04, 0.02, 0.12])
    }
}

impl Model {
    /// Learns from the records of one table.
    pub fn learn(table: &Table) -> Self {
        learn(table.columns(), read(table), Vec::new())
    }

    /// Learns how records of one table match those of another with the same columns.
    pub fn learn_across(left: &Table, right: &Table) -> Self {
        learn(left.columns(), read(left), read(right))
    }
}

fn read(table: &Table) -> Vec<Record> {
    table.rows().map(|row| Record::read(table.columns(), row)).collect()
}

/// Everything the chances are estimated from.
struct Lesson {
    /// All pairs there are.
    all: f64,
    /// Whether pairs are of records of two tables.
    is_across: bool,
    random: Sample,
    keyed: Sample,
    /// Of two tables, pairs of records of the same table that share a key.
    within: Sample,
    /// The share of the pairs with a common key that is in `keyed`.
    share: f64,
    /// For each column, pairs that agree on it.
    agreeing: Vec<Sample>,
    /// For each column, how many pairs have the same value and how many bits rare those are together.
    same: Vec<(f64, f64)>,
    /// The same of values that more than two records have.
    frequent: Vec<(f64, f64)>,
    /// For each column, how many pairs have two values.
    present: Vec<f64>,
}

fn learn(columns: &Columns, left: Vec<Record>, right: Vec<Record>) -> Model {
    let mut records = Records::new(left, right);
    let frequencies = Frequencies::learn(columns, &mut records.all);
    let mut model = Model {
        columns: columns.clone(),
        frequencies,
        fields: vec![Field::default(); columns.len()],
        prior: 0.5,
        related: 0.0,
        one_to_one: false,
    };
    let mut lesson = Lesson::prepare(&model, &records);
    let count = records.all.len() as f64;
    model.prior = (0.1 * count / lesson.all.max(1.0)).clamp(1e-12, 0.2);
    model.related = model.prior * LEAST_RELATED;
    for (field, personal) in model.fields.iter_mut().zip(personal(columns)) {
        field.same = Chances::all(SUPPOSED);
        field.related = Chances::all(SUPPOSED);
        field.personal = personal;
    }
    // A value only two records have may be that of one: at first such pairs do not count as chance.
    let same = std::mem::take(&mut lesson.frequent);
    let same = std::mem::replace(&mut lesson.same, same);
    estimate_other(&mut model, &lesson);
    lesson.same = same;
    lesson.weigh(&model);
    follow(&mut model, &lesson);
    lesson.settle(&mut model);
    model.one_to_one = lesson.is_across && lesson.is_free(&model, &records);
    if model.one_to_one {
        lesson.part(&records);
        lesson.round(&mut model);
    }
    follow(&mut model, &lesson);
    lesson.settle(&mut model);
    model
}

impl Lesson {
    fn prepare(model: &Model, records: &Records) -> Self {
        let columns = &model.columns;
        let keyed: Vec<(u64, u32)> = (0u32..)
            .zip(&records.all)
            .flat_map(|(at, record)| keys(columns, &model.frequencies, record).into_iter().map(move |key| (key, at)))
            .collect();
        let blocks = Blocks::build(records.all.len(), keyed);
        let (keyed, within, share) = draw_keyed(columns, records, &blocks);
        let mut lesson = Self {
            all: records.pairs(),
            random: draw_random(columns, records),
            keyed,
            within,
            share,
            is_across: records.is_across(),
            agreeing: Vec::new(),
            same: Vec::new(),
            frequent: Vec::new(),
            present: Vec::new(),
        };
        for column in 0..columns.len() {
            let (sample, same, frequent) = draw_agreeing(columns, records, column);
            lesson.agreeing.push(sample);
            lesson.same.push(same);
            lesson.frequent.push(frequent);
            let seen = records.all.iter().zip(0u32..).filter(|(record, _)| record.cell(column).is_some());
            lesson.present.push(records.pairs_of(&seen.map(|(_, at)| (0, at)).collect::<Vec<_>>()));
        }
        lesson
    }

    /// Whether each of two tables is free of duplicates.
    ///
    /// Duplicates within a table would agree as well as those between the two do: half of them at least as well as half of those. A few
    /// neighbours agree well, but not that well.
    fn is_free(&self, model: &Model, records: &Records) -> bool {
        let mut across: Vec<f64> = self.keyed.best(true).map(|(found, _)| model.weigh_found(found)).collect();
        across.sort_by(f64::total_cmp);
        let Some(median) = across.get(across.len() / 2) else { return false };
        let likely = self.within.weights(model).iter().filter(|weight| *weight >= median).count() as f64;
        2.0 * likely / self.share <= FREE * records.all.len() as f64
    }

    /// Takes note that no two records of the same table are of the same one.
    fn part(&mut self, records: &Records) {
        for sample in &mut self.agreeing {
            for ((left, right), apart) in sample.ends.iter().zip(&mut sample.apart) {
                *apart = !records.is_pair(*left as usize, *right as usize);
            }
        }
    }

    /// Rounds until the shares of pairs hardly change.
    fn settle(&mut self, model: &mut Model) {
        for round in 0..ROUNDS {
            let before = (model.prior, model.related);
            self.round(model);
            let change = |before: f64, now: f64| (now / before - 1.0).abs();
            if round >= 5 && change(before.0, model.prior).max(change(before.1, model.related)) < SETTLED {
                break;
            }
        }
    }

    /// Weighs all samples; the pairs of the keyed one that are of the same one and that are of relatives.
    fn weigh(&mut self, model: &Model) -> (f64, f64) {
        self.random.weigh(model);
        for sample in &mut self.agreeing {
            sample.weigh(model);
        }
        self.keyed.weigh(model)
    }

    /// One round of expectation and maximisation.
    fn round(&mut self, model: &mut Model) {
        let (matched, related) = self.weigh(model);
        let share_of = |pairs: f64| ((pairs / self.share).max(0.5) / self.all.max(1.0)).clamp(1e-12, 0.4);
        model.prior = share_of(matched);
        model.related = share_of(related).max(model.prior * LEAST_RELATED);
        estimate_same(model, self);
        estimate_other(model, self);
    }
}

/// Chances of findings between records of the same one, and between relatives.
fn estimate_same(model: &mut Model, lesson: &Lesson) {
    for (at, column) in model.columns.iter().enumerate() {
        let Some(field) = model.fields.get_mut(at) else { continue };
        // Names differ by mistake as often as pairs alike in all else have different ones, up to a bound. Only what is beyond it proves
        // that there are relatives at all.
        let differs = |found: &[Agreement]| found.get(at).is_some_and(|found| matches!(found.level, Level::Faint | Level::Different));
        let is_name = field.personal && column.kind.is_name();
        let mistaken = lesson.keyed.relatives().filter(|(found, _)| is_name && differs(found));
        let mut same = count(field, at, lesson.keyed.best(lesson.is_across).chain(mistaken));
        let most = most_different(column.kind, field.personal);
        same.alone = same.alone.differing_at_most(most);
        same.agreeing = same.agreeing.differing_at_most(most);
        // Who moves has another street and another city: what follows a column that differs may differ too.
        if field.personal {
            same.differing = same.differing.differing_at_most(most);
        }
        field.same = same;
        field.related = count(field, at, lesson.keyed.relatives());
    }
}

/// Most chance that records of the same one differ in a column. Without such bounds a table almost free of duplicates would teach that
/// people of the same city are one.
fn most_different(kind: Kind, is_personal: bool) -> f64 {
    match kind {
        kind if is_personal && kind.is_name() => 0.12,
        Kind::Surname => 0.2,
        Kind::Category | Kind::Quantity | Kind::Text => 0.9,
        _ => 0.5,
    }
}

/// Shares of the findings of a column in pairs that count by their chances.
fn count<'a>(field: &Field, column: usize, pairs: impl Iterator<Item = (&'a [Agreement], f64)>) -> Chances {
    let mut counts = Chances::default();
    for (found, chance) in pairs {
        let Some(agreement) = found.get(column) else { continue };
        counts.alone.add(agreement.level, chance);
        let context = field.context(found);
        if context != Context::Alone {
            counts.given_mut(context).add(agreement.level, chance);
        }
    }
    let alone = at_least(counts.alone.share(&SUPPOSED, SUPPOSED_PAIRS));
    let given = |counts: PerLevel| at_least(counts.share(&alone, SUPPOSED_PAIRS));
    Chances { alone, agreeing: given(counts.agreeing), differing: given(counts.differing) }
}

/// Which columns are personal: what names one alone. A company's name is, unless the records are persons.
fn personal(columns: &Columns) -> Vec<bool> {
    let is_person = |kind: Kind| matches!(kind, Kind::GivenName | Kind::FullName);
    let persons = columns.iter().any(|column| is_person(column.kind));
    let titled = columns
        .iter()
        .position(|column| column.kind == Kind::Title)
        .or_else(|| columns.iter().position(|column| column.kind == Kind::Text));
    let is_personal = |(at, column): (usize, &Column)| match column.kind {
        Kind::Date | Kind::Code | Kind::Email => true,
        kind if persons => is_person(kind),
        _ => Some(at) == titled,
    };
    columns.iter().enumerate().map(is_personal).collect()
}

fn at_least(chances: PerLevel) -> PerLevel {
    let mut least = chances;
    for level in Level::EVIDENCE {
        least.set(level, chances.get(level).max(LEAST));
    }
    least.share(&PerLevel::default(), 0.0)
}

/// Chances of findings between records of two, and how rare what they share is.
fn estimate_other(model: &mut Model, lesson: &Lesson) {
    for ((column, field), kind) in model.fields.iter_mut().enumerate().zip(model.columns.iter().map(|column| column.kind)) {
        let (mut counts, mut bits) = (PerLevel::default(), PerLevel::default());
        for (found, chance) in lesson.random.strangers() {
            let Some(agreement) = found.get(column) else { continue };
            counts.add(agreement.level, chance);
            bits.add(agreement.level, chance * f64::from(agreement.rarity));
        }
        let (same, usual) = chance_of_same(lesson, column, kind);
        let total = counts.sum();
        counts.set(Level::Same, 0.0);
        let seen = counts;
        // Half a pair more of each level than was seen (Jeffreys 1946), and the same values counted exactly.
        let mut chances = counts.share(&PerLevel::new([0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]), 0.5);
        for level in Level::EVIDENCE {
            let chance = if level == Level::Same { same } else { chances.get(level) * (1.0 - same) };
            chances.set(level, chance);
            let mean = if seen.get(level) >= 20.0 { bits.get(level) / seen.get(level) } else { usual };
            field.usual.set(level, if level == Level::Same { usual } else { mean });
        }
        field.other.alone = if total > 0.0 { chances } else { SUPPOSED };
        field.other.differing = field.other.alone;
        let of_followed = field.follows.and_then(|followed| lesson.agreeing.get(followed));
        field.other.agreeing = of_followed.map_or(field.other.alone, |sample| given(sample, column).share(&field.other.alone, 20.0));
    }
}

/// Pairs of two that are supposed to have been seen with different values beside one with the same: what is one's own hardly ever agrees by
/// chance, also where only a handful of records have it.
fn supposed_apart(kind: Kind) -> f64 {
    match kind {
        Kind::Email | Kind::Phone | Kind::Code => 1_000.0,
        kind if kind.is_name() || kind.is_person() || kind == Kind::Address => 100.0,
        _ => 10.0,
    }
}

/// The chance that records of two have the same value, and how many bits rare that is on average.
fn chance_of_same(lesson: &Lesson, column: usize, kind: Kind) -> (f64, f64) {
    let (mut pairs, mut bits) = lesson.same.get(column).copied().unwrap_or_default();
    let present = lesson.present.get(column).copied().unwrap_or_default().max(1.0);
    let most = (present.sqrt()).log2().max(1.0);
    let mut matched = 0.0;
    for (found, chance) in lesson.keyed.strangers().map(|(found, chance)| (found, 1.0 - chance)) {
        if let Some(Agreement { level: Level::Same, rarity }) = found.get(column) {
            pairs -= chance / lesson.share;
            bits -= chance / lesson.share * f64::from(*rarity);
        }
        matched += chance / lesson.share;
    }
    let usual = if pairs >= 10.0 { (bits / pairs).clamp(0.0, most) } else { most };
    let least = 1.0 / (MOST_PROOF * 1.5 * present.sqrt());
    let apart = (present - matched).max(1.0) + supposed_apart(kind);
    (((pairs.max(0.0) + 1.0) / apart).max(least), usual)
}

/// How often records of two have each finding of a column in a sample.
fn given(sample: &Sample, column: usize) -> PerLevel {
    let mut counts = PerLevel::default();
    for (found, chance) in sample.strangers() {
        if let Some(agreement) = found.get(column) {
            counts.add(agreement.level, chance);
        }
    }
    counts
}

/// Finds for each column the finer one it follows most: who agrees on that one mostly agrees on both, though they are two.
fn follow(model: &mut Model, lesson: &Lesson) {
    let fineness: Vec<f64> = model.fields.iter().map(|field| field.other.alone.get(Level::Same)).collect();
    // What is personal does not follow: strangers and relatives agree on it by chance alone.
    for (column, field) in model.fields.iter_mut().enumerate().filter(|(_, field)| !field.personal) {
        let own = fineness.get(column).copied().unwrap_or(1.0);
        let mut best = None;
        for (followed, sample) in lesson.agreeing.iter().enumerate() {
            let finer = fineness.get(followed).is_some_and(|other| (*other, followed) < (own, column));
            let counts = given(sample, column);
            let (total, same) = (counts.sum(), counts.get(Level::Same));
            let lift = same / total.max(f64::MIN_POSITIVE) / own;
            if finer && followed != column && total >= LEAST_PAIRS && same >= 0.1 * total && lift >= LEAST_LIFT {
                let gain = same / total * lift.log2();
                if best.is_none_or(|(most, _)| gain > most) {
                    best = Some((gain, followed));
                }
            }
        }
        field.follows = best.map(|(_, followed)| followed);
    }
}
