use attune_kernel::{DAY_US, HOUR_US, MINUTE_US};
use proptest::prelude::*;

use super::rules::{Candidate, Wants, greeting_key, rank};

const NOW: i64 = attune_testkit::START_AT;

fn candidate(wants: Wants, index: usize, due_in: Option<i64>, points: f64) -> Candidate {
    Candidate { wants, index, due_at: due_in.map(|us| NOW + us), points }
}

#[test]
fn what_is_owed_soonest_comes_first() {
    let mut all = [
        candidate(Wants::Word, 0, None, 90.0),
        candidate(Wants::Work, 1, Some(2 * DAY_US), 0.0),
        candidate(Wants::Answer, 2, Some(3 * HOUR_US), 10.0),
        candidate(Wants::Work, 3, Some(-DAY_US), 0.0),
        candidate(Wants::Answer, 4, Some(30 * MINUTE_US), 1.0),
        candidate(Wants::Work, 5, Some(HOUR_US), 0.0),
        candidate(Wants::Word, 6, None, 95.0),
    ];
    rank(&mut all, NOW, NOW + 6 * HOUR_US);
    assert_eq!(all.map(|c| c.index), [4, 3, 2, 5, 6, 0, 1]);
}

#[test]
fn the_greeting_follows_the_hour() {
    assert_eq!(
        [greeting_key(8), greeting_key(13), greeting_key(22), greeting_key(3)].map(|k| &k[11..]),
        ["morning", "afternoon", "evening", "evening"]
    );
}

proptest! {
    #[test]
    fn the_order_does_not_depend_on_where_lines_come_from(lines in prop::collection::vec((0_u8..3, prop::option::of(-50_i64..50), 0_u8..9), 0..40), seed in any::<usize>()) {
        let wants = |w: u8| match w { 0 => Wants::Answer, 1 => Wants::Work, _ => Wants::Word };
        let mut one: Vec<Candidate> = lines.iter().enumerate().map(|(i, (w, due, p))| candidate(wants(*w), i, due.map(|h| h * HOUR_US), f64::from(*p))).collect();
        let mut other = one.clone();
        if !other.is_empty() {
            let by = seed % other.len();
            other.rotate_left(by);
        }
        rank(&mut one, NOW, NOW + 8 * HOUR_US);
        rank(&mut other, NOW, NOW + 8 * HOUR_US);
        prop_assert_eq!(one, other);
    }
}
