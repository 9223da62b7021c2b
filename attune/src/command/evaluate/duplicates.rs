//! `attune evaluate duplicates`: finds the duplicates of a table, or the pairs between two, and judges them by the truth.
//!
//! The truth is never shown to what searches: the column of entities is taken out of the table, and pairs are read afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use attune_duplicate::{self as engine, Columns, Model, Progress, Table};
use serde_json::json;

use super::super::{Ended, Outcome, Say};
use crate::cli::EvaluateDuplicates;

/// Pairs of places of records; within one table the lower place comes first.
type Pairs = BTreeSet<(u64, u64)>;

pub(super) fn run(args: &EvaluateDuplicates, say: &Say) -> Outcome {
    match judged(args, say) {
        Ok(judgement) => {
            let (precision, recall, f1) = (judgement.precision(), judgement.recall(), judgement.f1());
            let share = |value: f64| format!("{value:.4}");
            let text = say.l().of("cli-evaluated-duplicates").n("pairs", i64::try_from(judgement.found).unwrap_or(i64::MAX));
            let text = text.s("precision", share(precision)).s("recall", share(recall)).s("f1", share(f1));
            say.result(&json!({ "precision": precision, "recall": recall, "f1": f1, "pairs": judgement.found }), text);
            Ok(Ended::Well)
        }
        Err(Refused::NoFile(path)) => Ok(Ended::WrongUse(say.l().of("cli-no-file").s("file", path.display()).to_string())),
        Err(Refused::NotUnderstood(path, why)) => {
            Ok(Ended::WrongUse(say.l().of("cli-evaluate-not-understood").s("file", path.display()).s("why", why).to_string()))
        }
        Err(Refused::NoColumn(name)) => Ok(Ended::WrongUse(say.l().of("cli-evaluate-no-column").s("column", name).to_string())),
    }
}

/// Why there is nothing to judge.
enum Refused {
    NoFile(PathBuf),
    NotUnderstood(PathBuf, String),
    NoColumn(String),
}

/// How the pairs found compare with the true ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Judgement {
    right: usize,
    found: usize,
    true_pairs: usize,
}

impl Judgement {
    fn of(found: &Pairs, truth: &Pairs) -> Self {
        Self { right: found.intersection(truth).count(), found: found.len(), true_pairs: truth.len() }
    }

    fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    fn recall(self) -> f64 {
        self.right as f64 / self.true_pairs.max(1) as f64
    }

    /// The harmonic mean of both (van Rijsbergen 1979).
    fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.true_pairs).max(1) as f64
    }
}

fn judged(args: &EvaluateDuplicates, say: &Say) -> Result<Judgement, Refused> {
    let first = Labelled::read(&args.file, args, None)?;
    let second = args.second.as_ref().map(|path| Labelled::read(path, args, Some(&first.names))).transpose()?;
    let sample: Vec<Vec<String>> =
        [Some(&first), second.as_ref()].into_iter().flatten().flat_map(|file| file.rows.iter().take(1_000)).cloned().collect();
    let (mut first, mut second) = (first, second);
    let columns = Columns::infer(&first.names, &sample);
    let columns = leave_out_numbering(&mut first, second.as_mut(), columns);
    let total = first.rows.len() + second.as_ref().map_or(0, |file| file.rows.len());
    let bar = say.progress(u64::try_from(total).ok());
    let watch = |progress: Progress| {
        bar.set_position(u64::try_from(progress.done).unwrap_or(0));
        true
    };
    let left = first.table(&columns);
    let found: Pairs = match &second {
        None => {
            let model = Model::learn(&left);
            let groups = engine::group(&left, &model, engine::THRESHOLD, &watch).unwrap_or_default();
            groups.iter().flat_map(|group| pairs_of(group)).collect()
        }
        Some(second) => {
            let right = second.table(&columns);
            let model = Model::learn_across(&left, &right);
            let pairs = engine::link(&left, &right, &model, engine::THRESHOLD, &watch).unwrap_or_default();
            pairs.iter().map(|pair| (pair.left, pair.right)).collect()
        }
    };
    bar.finish_and_clear();
    let truth = match &args.truth {
        Some(path) => told(path, &first, second.as_ref())?,
        None => same_entity(&first, second.as_ref()),
    };
    Ok(Judgement::of(&found, &truth))
}

/// Takes the columns out that only number the rows; answers the others.
fn leave_out_numbering(first: &mut Labelled, mut second: Option<&mut Labelled>, columns: Columns) -> Columns {
    let files = [Some(&*first), second.as_deref()];
    let rows: Vec<&[String]> = files.into_iter().flatten().flat_map(|file| &file.rows).map(Vec::as_slice).collect();
    let numbering = columns.numbering(&rows);
    for row in first.rows.iter_mut().chain(second.iter_mut().flat_map(|file| &mut file.rows)) {
        let mut at = 0..;
        row.retain(|_| at.next().is_none_or(|at| !numbering.contains(&at)));
    }
    Columns::new(columns.iter().enumerate().filter(|(at, _)| !numbering.contains(at)).map(|(_, column)| column.clone()).collect())
}

/// A table with the labels kept apart.
struct Labelled {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The first column, by which pairs are told.
    ids: Vec<String>,
    /// The label of each record; empty without such a column.
    entities: Vec<String>,
}

impl Labelled {
    /// Reads a file; with `names` its columns are brought into their order.
    fn read(path: &Path, args: &EvaluateDuplicates, names: Option<&[String]>) -> Result<Self, Refused> {
        let text = attune_identify::import::read_text(path).map_err(|_| Refused::NoFile(path.to_owned()))?;
        let wrong = |error: csv::Error| Refused::NotUnderstood(path.to_owned(), error.to_string());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
        let place = |name: &str| headers.iter().position(|header| header == name);
        let known = |name: &String| place(name).map(|_| ()).ok_or_else(|| Refused::NoColumn(name.clone()));
        args.ignore.iter().chain(&args.entity_column).try_for_each(known)?;
        let is_kept = |(at, name): (usize, &String)| {
            let is_id = at == 0 && args.truth.is_some();
            !is_id && args.entity_column.as_ref() != Some(name) && !args.ignore.contains(name)
        };
        let own: Vec<String> = headers.iter().enumerate().filter(|(at, name)| is_kept((*at, name))).map(|(_, name)| name.clone()).collect();
        let names = names.map_or(own, <[String]>::to_vec);
        let places: Vec<Option<usize>> = names.iter().map(|name| place(name)).collect();
        let entity = args.entity_column.as_deref().and_then(place);
        let mut labelled = Self { names, rows: Vec::new(), ids: Vec::new(), entities: Vec::new() };
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            let value = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default().to_owned();
            labelled.ids.push(value(Some(0)));
            labelled.entities.push(value(entity));
            labelled.rows.push(places.iter().map(|at| value(*at)).collect());
        }
        Ok(labelled)
    }

    fn table(&self, columns: &Columns) -> Table {
        let mut table = Table::new(columns.clone());
        for row in &self.rows {
            table.push(row);
        }
        table
    }
}

fn pairs_of(group: &[u64]) -> Vec<(u64, u64)> {
    group.iter().enumerate().flat_map(|(at, a)| group.iter().skip(at + 1).map(move |b| (*a.min(b), *a.max(b)))).collect()
}

/// Where each label that is not empty stands.
fn places(labels: &[String]) -> BTreeMap<&str, Vec<u64>> {
    let mut places: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (at, label) in (0..).zip(labels).filter(|(_, label)| !label.is_empty()) {
        places.entry(label).or_default().push(at);
    }
    places
}

fn across(left: &[u64], right: &[u64]) -> Vec<(u64, u64)> {
    left.iter().flat_map(|a| right.iter().map(move |b| (*a, *b))).collect()
}

/// The pairs of records with the same label: within the table, or between the two.
fn same_entity(first: &Labelled, second: Option<&Labelled>) -> Pairs {
    let left = places(&first.entities);
    let Some(second) = second else { return left.values().flat_map(|group| pairs_of(group)).collect() };
    let right = places(&second.entities);
    left.iter().filter_map(|(label, group)| Some(across(group, right.get(label)?))).flatten().collect()
}

/// The pairs a file tells by the ids of their records, one pair in a line.
fn told(path: &Path, first: &Labelled, second: Option<&Labelled>) -> Result<Pairs, Refused> {
    let text = attune_identify::import::read_text(path).map_err(|_| Refused::NoFile(path.to_owned()))?;
    let (left, right) = (places(&first.ids), places(&second.unwrap_or(first).ids));
    let mut truth = Pairs::new();
    for line in csv::Reader::from_reader(text.as_bytes()).records() {
        let line = line.map_err(|error| Refused::NotUnderstood(path.to_owned(), error.to_string()))?;
        let (Some(a), Some(b)) = (line.get(0), line.get(1)) else {
            return Err(Refused::NotUnderstood(path.to_owned(), "two ids are expected in a line".to_owned()));
        };
        let pairs = left.get(a).zip(right.get(b)).map(|(a, b)| across(a, b)).unwrap_or_default();
        truth.extend(pairs.into_iter().map(|(a, b)| if second.is_none() { (a.min(b), a.max(b)) } else { (a, b) }));
    }
    Ok(truth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judgement_counts_pairs() {
        let pairs = |list: &[(u64, u64)]| list.iter().copied().collect::<Pairs>();
        let judgement = Judgement::of(&pairs(&[(0, 1), (2, 3), (4, 5)]), &pairs(&[(0, 1), (2, 3), (6, 7), (8, 9)]));
        assert_eq!(judgement, Judgement { right: 2, found: 3, true_pairs: 4 });
        assert!((judgement.precision() - 2.0 / 3.0).abs() < 1e-12 && (judgement.recall() - 0.5).abs() < 1e-12);
        assert!((judgement.f1() - 4.0 / 7.0).abs() < 1e-12);
        assert_eq!(Judgement::of(&Pairs::new(), &Pairs::new()).f1(), 0.0, "nothing found of nothing");
    }

    #[test]
    fn groups_of_labels_are_all_their_pairs() {
        let labels = ["a", "b", "a", "", "a", ""].map(str::to_owned).to_vec();
        let pairs: Vec<_> = places(&labels).values().flat_map(|group| pairs_of(group)).collect();
        assert_eq!(pairs, [(0, 2), (0, 4), (2, 4)]);
    }
}
