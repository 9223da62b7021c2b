//! Where the people of a buying group stand on their map: under whom they report to, side by side otherwise. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::WANTED;

/// How many people a buying group should have at least before one may call it known.
pub(crate) const ENOUGH: usize = 3;
/// The size of a card and the gaps between cards, in px.
pub(crate) const CARD: (i64, i64) = (184, 72);
const GAP: (i64, i64) = (16, 34);
/// People without a reporting line that stand in one row.
const IN_ROW: i64 = 4;

/// Where the cards stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The upper left corner of each person's card.
    pub(crate) places: BTreeMap<i64, (i64, i64)>,
    /// Who reports to whom, as drawn: (who, to whom).
    pub(crate) lines: Vec<(i64, i64)>,
    /// The size of the whole.
    pub(crate) size: (i64, i64),
}

/// Places `people`, in their order, by who reports to whom. A second superior, and whoever would close a circle, is left out of the drawing.
pub(crate) fn plan(people: &[i64], reports: &[(i64, i64)]) -> Plan {
    let above = superiors(people, reports);
    let mut below: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for person in people {
        if let Some(superior) = above.get(person) {
            below.entry(*superior).or_default().push(*person);
        }
    }
    let mut plan = Plan::default();
    let tops = || people.iter().filter(|person| !above.contains_key(person));
    let mut column = 0;
    for top in tops().filter(|top| below.contains_key(top)) {
        place(*top, 0, &below, &mut column, &mut plan);
    }
    let start = plan.places.values().map(|(_, y)| y + CARD.1 + GAP.1).max().unwrap_or(0);
    for (n, alone) in (0..).zip(tops().filter(|top| !below.contains_key(top))) {
        plan.places.insert(*alone, (n % IN_ROW * (CARD.0 + GAP.0), start + n / IN_ROW * (CARD.1 + GAP.0)));
    }
    plan.lines = above.into_iter().collect();
    plan.size = plan.places.values().fold((0, 0), |(w, h), (x, y)| (w.max(x + CARD.0), h.max(y + CARD.1)));
    plan
}

fn superiors(people: &[i64], reports: &[(i64, i64)]) -> BTreeMap<i64, i64> {
    let known: BTreeSet<i64> = people.iter().copied().collect();
    let mut above: BTreeMap<i64, i64> = BTreeMap::new();
    for (who, whom) in reports {
        let mut up = Some(*whom);
        while let Some(next) = up.filter(|next| next != who) {
            up = above.get(&next).copied();
        }
        if up.is_none() && who != whom && known.contains(who) && known.contains(whom) {
            above.entry(*who).or_insert(*whom);
        }
    }
    above
}

/// Places a person over the middle of those below; `column` is the next free one.
fn place(person: i64, depth: i64, below: &BTreeMap<i64, Vec<i64>>, column: &mut i64, plan: &mut Plan) -> i64 {
    let step = CARD.0 + GAP.0;
    let xs: Vec<i64> = below.get(&person).into_iter().flatten().map(|one| place(*one, depth + 1, below, column, plan)).collect();
    let x = match (xs.first(), xs.last()) {
        (Some(first), Some(last)) => (first + last) / 2,
        _ => {
            *column += 1;
            (*column - 1) * step
        }
    };
    plan.places.insert(person, (x, depth * (CARD.1 + GAP.1)));
    x
}

/// The way from a superior's card down to one of those below.
pub(crate) fn path(from: (i64, i64), to: (i64, i64)) -> String {
    let (x1, y1, x2, y2) = (from.0 + CARD.0 / 2, from.1 + CARD.1, to.0 + CARD.0 / 2, to.1);
    format!("M{x1} {y1}V{}H{x2}V{y2}", (y1 + y2) / 2)
}

/// The roles nobody has yet.
pub(crate) fn missing<'a>(roles: impl IntoIterator<Item = &'a str>) -> Vec<&'static str> {
    let there: BTreeSet<&str> = roles.into_iter().collect();
    WANTED.into_iter().filter(|role| !there.contains(role)).collect()
}

/// `text` as far as `units` go; characters written without spaces take two.
pub(crate) fn cut(text: &str, units: usize) -> String {
    let mut left = units;
    let mut out = String::new();
    for c in text.chars() {
        let width = if u32::from(c) < 0x1100 { 1 } else { 2 };
        if width > left {
            out.push('…');
            return out;
        }
        left -= width;
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whom_they_report_to_stands_above_the_middle() {
        let plan = plan(&[1, 2, 3, 4], &[(2, 1), (3, 1)]);
        let at = |id: i64| plan.places[&id];
        assert_eq!(at(2).1, at(3).1);
        assert!(at(1).1 < at(2).1 && at(1).0 == (at(2).0 + at(3).0) / 2);
        assert!(at(4).1 > at(2).1, "who stands alone comes below");
        assert_eq!(path((0, 0), (200, 106)), "M92 72V89H292V106");
    }

    #[test]
    fn the_wanted_roles_are_told() {
        assert_eq!(missing(["champion", "blocker"]), ["economic_buyer", "technical", "user"]);
        assert_eq!(cut("王小明经理", 7), "王小明…");
        assert_eq!(cut("Ada", 3), "Ada");
    }

    proptest! {
        #[test]
        fn everybody_has_a_place_of_their_own(reports in proptest::collection::vec((0..9_i64, 0..9_i64), 0..20)) {
            let people: Vec<i64> = (0..9).collect();
            let plan = plan(&people, &reports);
            let places: BTreeSet<(i64, i64)> = plan.places.values().copied().collect();
            prop_assert_eq!(places.len(), people.len());
            for (who, whom) in &plan.lines {
                prop_assert!(reports.contains(&(*who, *whom)));
                prop_assert!(plan.places[who].1 > plan.places[whom].1);
            }
        }
    }
}
