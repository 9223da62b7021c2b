use std::collections::{HashMap, HashSet};

use attune_kernel::{DAY_US, HOUR_US, MINUTE_US};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::rules::{Gift, Rep, WorkingHours, share};

/// 2026-11-20 10:00 UTC, a Friday.
const FRIDAY_10: i64 = attune_testkit::START_AT;

fn office(zone: &str) -> WorkingHours {
    WorkingHours { from_hour: 9, to_hour: 18, days: 5, zone: TimeZone::get(zone).unwrap() }
}

#[test]
fn the_best_are_dealt_one_each_in_turn() {
    let reps = [Rep { id: 1, room: 1 }, Rep { id: 2, room: 3 }];
    let gifts = share(&[10, 11, 12, 13, 14], &reps);
    let dealt: Vec<(i64, i64)> = gifts.iter().map(|g| (g.lead, g.rep)).collect();
    assert_eq!(dealt, [(10, 2), (11, 1), (12, 2), (13, 2)]);
    assert!(share(&[1], &[]).is_empty());
}

#[test]
fn an_answer_is_owed_in_working_time() {
    let office = office("UTC");
    assert_eq!(office.after(FRIDAY_10, 60), FRIDAY_10 + HOUR_US);
    // Friday 17:30: half an hour today, half an hour on Monday.
    let late = FRIDAY_10 + 7 * HOUR_US + 30 * MINUTE_US;
    assert_eq!(office.after(late, 60), FRIDAY_10 + 3 * DAY_US - 30 * MINUTE_US);
    let saturday = FRIDAY_10 + DAY_US;
    assert_eq!(office.after(saturday, 15), FRIDAY_10 + 3 * DAY_US - 45 * MINUTE_US);
    let whole_week = WorkingHours { days: 7, from_hour: 0, to_hour: 24, ..office };
    assert_eq!(whole_week.after(late, 3 * 24 * 60), late + 3 * DAY_US);
}

/// Counts working minutes one by one.
fn counted(hours: &WorkingHours, from: i64, to: i64) -> i64 {
    let minutes = (from..to).step_by(usize::try_from(MINUTE_US).unwrap());
    let working = |at: &i64| {
        let local = hours.zone.to_datetime(jiff::Timestamp::from_microsecond(*at).unwrap());
        local.date().weekday().to_monday_one_offset() <= hours.days && (hours.from_hour..hours.to_hour).contains(&local.hour())
    };
    minutes.filter(working).count().try_into().unwrap()
}

proptest! {
    #[test]
    fn sharing_is_fair_and_keeps_to_the_caps(lead_count in 0_i64..200, rooms in prop::collection::vec(-2_i64..40, 0..12)) {
        let leads: Vec<i64> = (1000..1000 + lead_count).collect();
        let reps: Vec<Rep> = rooms.iter().zip(1..).map(|(room, id)| Rep { id, room: *room }).collect();
        let gifts = share(&leads, &reps);
        let room: i64 = rooms.iter().map(|r| (*r).max(0)).sum();
        prop_assert_eq!(i64::try_from(gifts.len()).unwrap(), lead_count.min(room), "as many as there are and as fit");
        let best: Vec<i64> = leads.iter().copied().take(gifts.len()).collect();
        prop_assert_eq!(gifts.iter().map(|g| g.lead).collect::<Vec<_>>(), best, "the best, in order");
        prop_assert_eq!(gifts.iter().map(|g| g.lead).collect::<HashSet<_>>().len(), gifts.len(), "nobody twice");
        let mut given: HashMap<i64, i64> = HashMap::new();
        for Gift { rep, .. } in &gifts {
            *given.entry(*rep).or_default() += 1;
        }
        let got = |rep: &Rep| given.get(&rep.id).copied().unwrap_or(0);
        prop_assert!(reps.iter().all(|rep| got(rep) <= rep.room.max(0)), "never above a cap");
        let open = reps.iter().filter(|rep| got(rep) < rep.room);
        let most = reps.iter().map(got).max().unwrap_or(0);
        for rep in open {
            prop_assert!(got(rep) + 1 >= most, "whoever has room is at most one behind");
        }
    }

    #[test]
    fn as_much_working_time_passes_as_was_asked(start in 0_i64..14 * 24 * 60, minutes in 1_i64..1500, days in 5_i8..=7, from_hour in 0_i8..12, length in 1_i8..12) {
        let hours = WorkingHours { from_hour, to_hour: from_hour + length, days, zone: TimeZone::UTC };
        let from = FRIDAY_10 + start * MINUTE_US;
        let due = hours.after(from, minutes);
        prop_assert_eq!(counted(&hours, from, due), minutes);
    }
}
