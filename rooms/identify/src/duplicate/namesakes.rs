//! Records of one name that nothing speaks against: likely the same even where there is too little else to learn from.

use std::collections::{BTreeMap, BTreeSet};

use attune_duplicate::{Pair, Table};

/// How likely two of the same name are one when nothing else is known.
const LIKELY: f64 = 0.9;
/// A name that more have says which business somebody is in rather than who it is.
const MOST: usize = 20;
/// So many digits make a number, of which the last ones count: the rest is written in many ways.
const DIGITS: usize = 7;

/// Adds to `found` the pairs of those who share one of their `names`, by the place of the record, unless one of the columns `apart` tells them apart.
pub(super) fn add_namesakes(table: &Table, names: &[Vec<String>], apart: &[&str], found: &mut Vec<Pair>) {
    let columns: Vec<usize> = apart.iter().filter_map(|name| table.columns().iter().position(|column| column.name == *name)).collect();
    let mut called: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (names, id) in names.iter().zip(0_u64..) {
        for name in names {
            called.entry(name).or_default().push(id);
        }
    }
    let mut same: BTreeSet<(u64, u64)> = BTreeSet::new();
    for ids in called.into_values().filter(|ids| (2..=MOST).contains(&ids.len())) {
        let pairs = ids.iter().enumerate().flat_map(|(at, left)| ids.iter().skip(at + 1).map(move |right| (*left, *right)));
        same.extend(pairs.filter(|pair| !columns.iter().any(|column| differ(table, *pair, *column))));
    }
    for pair in found.iter_mut() {
        if same.remove(&(pair.left.min(pair.right), pair.left.max(pair.right))) {
            pair.probability = pair.probability.max(LIKELY);
        }
    }
    found.extend(same.into_iter().map(|(left, right)| Pair { left, right, weight: 0.0, probability: LIKELY }));
}

/// Whether both have something in a column, and not the same.
fn differ(table: &Table, (left, right): (u64, u64), column: usize) -> bool {
    let value = |id: u64| table.row(id)?.get(column).map(|value| folded(value)).filter(|value| !value.is_empty());
    value(left).zip(value(right)).is_some_and(|(a, b)| a != b)
}

/// The end of a number; else the text in small letters, a city without its 市.
pub(super) fn folded(value: &str) -> String {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    if digits.len() >= DIGITS {
        return digits.chars().skip(digits.len() - DIGITS).collect();
    }
    value.trim().trim_end_matches('市').to_lowercase()
}

#[cfg(test)]
mod tests {
    use attune_duplicate::{Column, Columns, Kind};

    use super::*;

    #[test]
    fn who_is_called_the_same_is_likely_the_same_unless_something_differs() {
        let column = |name: &str, kind| Column { name: name.to_owned(), kind };
        let mut table = Table::new(Columns::new(vec![column("city", Kind::City), column("phone", Kind::Phone)]));
        for row in [["上海市", "+86 21 5550 1234"], ["上海", "021-55501234"], ["", ""], ["Kiel", ""], ["", "021-55509999"]] {
            table.push(&row);
        }
        let mut names = vec![vec!["fisk".to_owned()], vec!["fisk".to_owned()], vec!["heng".to_owned(), "fisk".to_owned()]];
        names.extend([vec!["fisk".to_owned()], vec!["fisk".to_owned()]]);
        let mut found =
            vec![Pair { left: 1, right: 0, weight: 1.0, probability: 0.6 }, Pair { left: 0, right: 3, weight: 1.0, probability: 0.6 }];
        add_namesakes(&table, &names, &["city", "phone"], &mut found);
        let told: Vec<_> = found.iter().map(|pair| (pair.left, pair.right, pair.probability)).collect();
        let likely = [(0, 2), (1, 2), (2, 3), (2, 4), (3, 4)].map(|(left, right)| (left, right, LIKELY));
        assert_eq!(told[..2], [(1, 0, LIKELY), (0, 3, 0.6)], "Shanghai is not Kiel");
        assert_eq!(told[2..], likely, "another number is another company");
        names.extend((0..MOST).map(|_| vec!["fisk".to_owned()]));
        (0..MOST).for_each(|_| _ = table.push(&["", ""]));
        let mut found = vec![Pair { left: 0, right: 1, weight: 1.0, probability: 0.6 }];
        add_namesakes(&table, &names, &["city", "phone"], &mut found);
        assert_eq!((found.len(), found[0].probability), (1, 0.6), "a name so many have is a trade");
    }
}
