//! Groups pairs so that each group is of one and the same.
//!
//! Groups grow by average linkage (Sokal & Michener 1958): two become one as long as the pairs between them speak for it on average. A
//! single weak pair therefore does not chain two groups together whose other members disagree.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::scan::Pair;

/// Most bits by which a single pair speaks for or against a union.
const MOST: f64 = 15.0;
/// Members of a union of which at most this many of each side are compared where no pair was found.
const COMPARED: usize = 12;

/// Groups records whose pairs weigh `least` bits or more; `weigh` tells the weight of two records that are no pair.
///
/// Groups and their members are in ascending order.
pub fn cluster(pairs: &[Pair], least: f64, weigh: impl FnMut(u64, u64) -> f64) -> Vec<Vec<u64>> {
    let mut order: Vec<&Pair> = pairs.iter().filter(|pair| pair.weight >= least).collect();
    order.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| (a.left, a.right).cmp(&(b.left, b.right))));
    let known = order.iter().map(|pair| (ends(pair.left, pair.right), pair.weight - least)).collect();
    let mut groups = Groups { known, weigh, least, members: BTreeMap::new() };
    for pair in &order {
        for record in [pair.left, pair.right] {
            groups.members.insert(record, vec![record]);
        }
    }
    groups.grow(&order);
    let mut found: Vec<Vec<u64>> = groups.members.into_values().filter(|group| group.len() > 1).collect();
    for group in &mut found {
        group.sort_unstable();
    }
    found.sort_unstable();
    found
}

fn ends(a: u64, b: u64) -> (u64, u64) {
    (a.min(b), a.max(b))
}

struct Groups<W> {
    /// Weights above the least one, by ids.
    known: HashMap<(u64, u64), f64>,
    weigh: W,
    least: f64,
    /// The members of each group by its name, which is one of them.
    members: BTreeMap<u64, Vec<u64>>,
}

impl<W: FnMut(u64, u64) -> f64> Groups<W> {
    /// Unites the two groups with the greatest mean until none is left that speaks for it.
    fn grow(&mut self, order: &[&Pair]) {
        // Sorted by mean: pairs first stand for the two records alone.
        let mut waiting: BTreeSet<Waiting> = BTreeSet::new();
        let mut neighbours: HashMap<u64, BTreeSet<u64>> = HashMap::new();
        for pair in order {
            waiting.insert(Waiting::new((pair.weight - self.least).min(MOST), pair.weight, ends(pair.left, pair.right), (1, 1)));
            neighbours.entry(pair.left).or_default().insert(pair.right);
            neighbours.entry(pair.right).or_default().insert(pair.left);
        }
        while let Some(best) = waiting.pop_last() {
            let (a, b) = best.names.0;
            let is_current = self.size(a) == best.sizes.0 && self.size(b) == best.sizes.1;
            if !is_current || a == b {
                continue;
            }
            let joined = self.members.remove(&b).unwrap_or_default();
            self.members.entry(a).or_default().extend(joined);
            let mut around = neighbours.remove(&b).unwrap_or_default();
            around.extend(neighbours.remove(&a).unwrap_or_default());
            around.remove(&a);
            around.remove(&b);
            for other in &around {
                if let Some(next) = neighbours.get_mut(other) {
                    next.remove(&b);
                    next.insert(a);
                }
                let mean = self.mean(a, *other);
                if mean >= 0.0 {
                    let names = ends(a, *other);
                    waiting.insert(Waiting::new(mean, mean, names, (self.size(names.0), self.size(names.1))));
                }
            }
            neighbours.insert(a, around);
        }
    }

    fn size(&self, group: u64) -> usize {
        self.members.get(&group).map_or(0, Vec::len)
    }

    /// The mean weight between two groups, above the least one.
    fn mean(&mut self, a: u64, b: u64) -> f64 {
        let some = |group: u64, members: &BTreeMap<u64, Vec<u64>>| -> Vec<u64> {
            members.get(&group).map_or_else(Vec::new, |members| members.iter().copied().take(COMPARED).collect())
        };
        let (left, right) = (some(a, &self.members), some(b, &self.members));
        let mut sum = 0.0;
        for one in &left {
            for other in &right {
                let (weigh, least) = (&mut self.weigh, self.least);
                let weight = *self.known.entry(ends(*one, *other)).or_insert_with(|| weigh(*one, *other) - least);
                sum += weight.clamp(-MOST, MOST);
            }
        }
        sum / (left.len() * right.len()).max(1) as f64
    }
}

/// Two groups that may become one, the most convincing last.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    /// Thousandths of bits.
    mean: i64,
    /// The same without a bound, for groups of one.
    weight: i64,
    names: std::cmp::Reverse<(u64, u64)>,
    /// Sizes when the mean was taken: other sizes since then make it stale.
    sizes: (usize, usize),
}

impl Waiting {
    fn new(mean: f64, weight: f64, names: (u64, u64), sizes: (usize, usize)) -> Self {
        Self { mean: (mean * 1000.0) as i64, weight: (weight * 1000.0) as i64, names: std::cmp::Reverse(names), sizes }
    }
}
