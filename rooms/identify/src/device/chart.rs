//! A reading over time as a line. Pure.

/// The drawing: its size is fixed, the page scales it.
pub(super) const SIZE: (f64, f64) = (556.0, 200.0);
/// Room for the numbers at the left and the days beneath.
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 168.0;
const TOP: f64 = 14.0;

/// A line and what its edges mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plot {
    pub(super) line: String,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) first: i64,
    pub(super) last: i64,
}

/// Draws points (moment, value) in the order of time; nothing of fewer than two.
pub(super) fn plot(points: &[(i64, f64)]) -> Option<Plot> {
    let (first, last) = (points.first()?.0, points.last()?.0);
    if points.len() < 2 || first == last {
        return None;
    }
    let low = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    // A reading that never moved is a line through the middle.
    let (floor, span) = if high > low { (low, high - low) } else { (low - 0.5, 1.0) };
    let x = |at: i64| LEFT + (at - first) as f64 / (last - first) as f64 * (SIZE.0 - LEFT - 12.0);
    let y = |value: f64| BOTTOM - (value - floor) / span * (BOTTOM - TOP);
    let mut line = String::new();
    for (place, (at, value)) in points.iter().enumerate() {
        line.push_str(&format!("{}{:.1} {:.1}", if place == 0 { "M" } else { "L" }, x(*at), y(*value)));
    }
    Some(Plot { line, low, high, first, last })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        let drawn = plot(&[(0, 1.0), (50, 2.0), (100, 3.0)]).unwrap();
        assert_eq!(drawn.line, "M56.0 168.0L300.0 91.0L544.0 14.0");
        assert_eq!((drawn.low, drawn.high, drawn.first, drawn.last), (1.0, 3.0, 0, 100));
        assert_eq!(plot(&[(0, 1.0)]), None);
        assert_eq!(plot(&[(7, 1.0), (7, 2.0)]), None);
        assert!(plot(&[(0, 4.0), (1, 4.0)]).unwrap().line.ends_with("91.0"));
    }

    proptest! {
        #[test]
        fn every_point_is_inside(values in prop::collection::vec((0_i64..1_000_000, -1e9..1e9_f64), 2..40)) {
            let mut values = values;
            values.sort_by_key(|point| point.0);
            if let Some(drawn) = plot(&values) {
                for pair in drawn.line.split(['M', 'L']).filter(|pair| !pair.is_empty()) {
                    let (x, y) = pair.split_once(' ').unwrap();
                    let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                    prop_assert!((LEFT..=SIZE.0).contains(&x) && (TOP..=BOTTOM).contains(&y), "{pair}");
                }
            }
        }
    }
}
