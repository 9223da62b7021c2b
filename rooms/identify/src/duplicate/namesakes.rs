//! Records of one name that nothing speaks against: likely the same even where there is too little else to learn from.

use std::collections::{BTreeMap, HashSet};

use attune_duplicate::{Pair, Table};

/// Which column is a name, and which others tell two of the same name apart when both have something and not the same.
pub(crate) struct Namesakes {
    pub(crate) name: &'static str,
    pub(crate) apart: &'static [&'static str],
}

/// How likely two of the same name are one when nothing else is known.
const LIKELY: f64 = 0.9;
/// A name that more have says which business somebody is in rather than who it is.
const MOST: usize = 20;

/// The pairs of namesakes that are not in `found`, or less likely there.
pub(super) fn namesakes(table: &Table, rule: &Namesakes, found: &mut Vec<Pair>) {
    let place = |name: &str| table.columns().iter().position(|column| column.name == name);
    let Some(name) = place(rule.name) else { return };
    let apart: Vec<usize> = rule.apart.iter().filter_map(|column| place(column)).collect();
    for pair in found.iter_mut().filter(|pair| pair.probability < LIKELY && agree(table, (pair.left, pair.right), name, &apart)) {
        pair.probability = LIKELY;
    }
    let known: HashSet<(u64, u64)> = found.iter().map(|pair| (pair.left.min(pair.right), pair.left.max(pair.right))).collect();
    let mut called: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for id in 0..table.len() as u64 {
        if let Some(value) = value(table, id, name) {
            called.entry(value).or_default().push(id);
        }
    }
    for same in called.into_values().filter(|same| (2..=MOST).contains(&same.len())) {
        let pairs = same.iter().enumerate().flat_map(|(at, left)| same.iter().skip(at + 1).map(move |right| (*left, *right)));
        let fresh = pairs.filter(|pair| !known.contains(pair) && agree(table, *pair, name, &apart));
        found.extend(fresh.map(|(left, right)| Pair { left, right, weight: 0.0, probability: LIKELY }));
    }
}

fn value(table: &Table, id: u64, column: usize) -> Option<&str> {
    table.row(id)?.get(column).map(AsRef::as_ref).filter(|value: &&str| !value.is_empty())
}

/// Whether both are called the same, and nothing tells them apart.
fn agree(table: &Table, (left, right): (u64, u64), name: usize, apart: &[usize]) -> bool {
    let both = |column: usize| Some((value(table, left, column)?, value(table, right, column)?));
    let differ = |column: &usize| both(*column).is_some_and(|(a, b)| a.to_lowercase() != b.to_lowercase());
    both(name).is_some_and(|(a, b)| a == b) && !apart.iter().any(differ)
}

#[cfg(test)]
mod tests {
    use attune_duplicate::{Column, Columns, Kind};

    use super::*;

    const RULE: Namesakes = Namesakes { name: "name", apart: &["city"] };

    #[test]
    fn who_is_called_the_same_is_likely_the_same_unless_something_differs() {
        let column = |name: &str, kind| Column { name: name.to_owned(), kind };
        let mut table = Table::new(Columns::new(vec![column("name", Kind::Title), column("city", Kind::City)]));
        for row in [["fisk", "Bonn"], ["fisk", ""], ["fisk", "Kiel"], ["heng", "Bonn"], ["", ""], ["", ""]] {
            table.push(&row);
        }
        let mut found = vec![Pair { left: 0, right: 1, weight: 1.0, probability: 0.6 }];
        namesakes(&table, &RULE, &mut found);
        let told: Vec<_> = found.iter().map(|pair| (pair.left, pair.right, pair.probability)).collect();
        assert_eq!(told, [(0, 1, LIKELY), (1, 2, LIKELY)], "Bonn is not Kiel, and who has no name is nobody's namesake");
        for _ in 0..MOST {
            table.push(&["fisk", ""]);
        }
        let mut found = Vec::new();
        namesakes(&table, &RULE, &mut found);
        assert!(found.is_empty(), "a name so many have is a trade");
    }
}
