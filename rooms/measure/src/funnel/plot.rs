//! The drawing of people becoming known and engaged over time: geometry only, colours come from classes.

const LEFT: f64 = 44.0;
const RIGHT: f64 = 544.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 252.0;
/// The most points of a line: longer times are summed up.
const POINTS: i64 = 60;

/// A span of days with its people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The first day.
    pub(crate) day: i64,
    /// Became known.
    pub(crate) known: i64,
    /// Of them engaged.
    pub(crate) engaged: i64,
}

/// Two lines over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plot {
    /// The spans, oldest first.
    pub(crate) buckets: Vec<Bucket>,
    /// Days of a span.
    pub(crate) step: i64,
    /// The path of those known.
    pub(crate) known: String,
    /// The path of those engaged.
    pub(crate) engaged: String,
    /// The area beneath those known.
    pub(crate) area: String,
    /// The number at the top of the scale.
    pub(crate) top: i64,
}

/// Draws `days` (day, known, engaged; days without people left out) from the first to the last of them.
pub(crate) fn draw(days: &[(i64, i64, i64)]) -> Plot {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Plot::default() };
    let span = last.0 - first.0 + 1;
    let step = (span + POINTS - 1) / POINTS;
    let count = (span + step - 1) / step;
    let mut buckets: Vec<Bucket> = (0..count).map(|index| Bucket { day: first.0 + index * step, known: 0, engaged: 0 }).collect();
    for (day, known, engaged) in days {
        let index = usize::try_from((day - first.0) / step).unwrap_or(0);
        if let Some(bucket) = buckets.get_mut(index) {
            bucket.known += known;
            bucket.engaged += engaged;
        }
    }
    let top = round_up(buckets.iter().map(|b| b.known.max(b.engaged)).max().unwrap_or(0));
    let known = path(&buckets, top, |b| b.known);
    let area = format!("{known} L{RIGHT} {BOTTOM} L{LEFT} {BOTTOM}Z");
    let engaged = path(&buckets, top, |b| b.engaged);
    Plot { area, known, engaged, top, step, buckets }
}

fn path(buckets: &[Bucket], top: i64, of: impl Fn(&Bucket) -> i64) -> String {
    let last = buckets.len().saturating_sub(1).max(1) as f64;
    let mut path = String::from("M");
    for (index, bucket) in buckets.iter().enumerate() {
        let x = LEFT + (RIGHT - LEFT) * index as f64 / last;
        let y = BOTTOM - (BOTTOM - TOP) * of(bucket) as f64 / top.max(1) as f64;
        path.push_str(&format!("{x:.1} {y:.1} "));
    }
    if buckets.len() == 1 {
        // One day alone is a level line.
        let y = buckets.first().map_or(BOTTOM, |b| BOTTOM - (BOTTOM - TOP) * of(b) as f64 / top.max(1) as f64);
        path.push_str(&format!("{RIGHT} {y:.1}"));
    }
    path.trim_end().to_owned()
}

/// The next of 1, 2, 5, 10, 20, 50 …
fn round_up(most: i64) -> i64 {
    let mut unit = 1;
    loop {
        for factor in [1, 2, 5] {
            if unit * factor >= most {
                return unit * factor;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_summed_up_and_nobody_is_lost() {
        let days: Vec<(i64, i64, i64)> = (0..400).filter(|d| d % 3 == 0).map(|d| (20_000 + d, d, 1)).collect();
        let plot = draw(&days);
        assert!(plot.buckets.len() <= 60);
        assert_eq!(plot.buckets.iter().map(|b| b.known).sum::<i64>(), days.iter().map(|d| d.1).sum::<i64>());
        assert_eq!(plot.buckets.iter().map(|b| b.engaged).sum::<i64>(), 134);
        assert!(plot.known.starts_with("M44.0 "));
    }

    #[test]
    fn the_scale_ends_on_a_round_number() {
        assert_eq!([0, 1, 3, 7, 11, 480, 501].map(round_up), [1, 1, 5, 10, 20, 500, 1000]);
        assert_eq!(draw(&[]), Plot::default());
        assert_eq!(draw(&[(5, 4, 2)]).known, "M44.0 68.0 544 68.0");
    }
}
