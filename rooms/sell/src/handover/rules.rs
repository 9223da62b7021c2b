//! Who gets whom, and until when an answer is owed. Pure.

use attune_kernel::MINUTE_US;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A rep who takes contacts, with the room left under the holding cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rep {
    /// The staff member.
    pub id: i64,
    /// How many more contacts the rep may take.
    pub room: i64,
}

/// A contact that goes to a rep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gift {
    /// What is given: a contact or the hand-over of one.
    pub lead: i64,
    /// The rep who gets it.
    pub rep: i64,
}

/// Deals `leads`, best first, to the reps: each next one goes to the rep with room who has been given the fewest, and among those to
/// the one with most room. Nobody gets more than the room allows, and a better lead is never left over for a worse one.
pub fn share(leads: &[i64], reps: &[Rep]) -> Vec<Gift> {
    let mut hands: Vec<(i64, Rep)> = reps.iter().map(|rep| (0, *rep)).collect();
    let mut gifts = Vec::with_capacity(leads.len());
    for lead in leads {
        let free = hands.iter_mut().filter(|(given, rep)| *given < rep.room);
        let Some((given, rep)) = free.min_by_key(|(given, rep)| (*given, *given - rep.room, rep.id)) else { break };
        *given += 1;
        gifts.push(Gift { lead: *lead, rep: rep.id });
    }
    gifts
}

/// When people are at work.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkingHours {
    /// The first hour of the day, 0 to 23.
    pub from_hour: i8,
    /// The hour at which work ends, greater than `from_hour`, at most 24.
    pub to_hour: i8,
    /// How many days of the week count from Monday on: 5, 6 or 7.
    pub days: i8,
    /// Where.
    pub zone: TimeZone,
}

impl WorkingHours {
    /// The moment at which `minutes` of working time have passed since `from` (µs).
    pub fn after(&self, from: i64, minutes: i64) -> i64 {
        let mut left = minutes.max(0) * MINUTE_US;
        let mut at = from;
        // Ten years of days end every sensible wait, and every senseless one.
        for _ in 0..3_660 {
            let Some((opens, closes)) = self.day_of(at) else { return from + minutes * MINUTE_US };
            let start = at.max(opens);
            if start < closes {
                if left <= closes - start {
                    return start + left;
                }
                left -= closes - start;
            }
            let Some(next) = self.next_day(at) else { return from + minutes * MINUTE_US };
            at = next;
        }
        at
    }

    /// The working hours of the day of `at`; equal moments on a day off.
    fn day_of(&self, at: i64) -> Option<(i64, i64)> {
        let day = self.local(at)?.date();
        let midnight = day.to_datetime(jiff::civil::Time::midnight());
        let opens = self.instant(midnight.checked_add(Span::new().hours(i64::from(self.from_hour))).ok()?)?;
        if !self.works_on(day.weekday()) {
            return Some((opens, opens));
        }
        let closes = self.instant(midnight.checked_add(Span::new().hours(i64::from(self.to_hour))).ok()?)?;
        Some((opens, closes))
    }

    fn next_day(&self, at: i64) -> Option<i64> {
        let day = self.local(at)?.date().tomorrow().ok()?;
        self.instant(day.to_datetime(jiff::civil::Time::midnight()))
    }

    fn works_on(&self, day: Weekday) -> bool {
        day.to_monday_one_offset() <= self.days
    }

    fn local(&self, at: i64) -> Option<DateTime> {
        Some(self.zone.to_datetime(Timestamp::from_microsecond(at).ok()?))
    }

    fn instant(&self, local: DateTime) -> Option<i64> {
        Some(self.zone.to_ambiguous_timestamp(local).compatible().ok()?.as_microsecond())
    }
}

/// Why a rep passes a contact back; `other` needs a word of explanation.
pub const REASONS: [&str; 7] = ["too_small", "wrong_person", "not_reached", "no_need", "competitor", "duplicate", "other"];

/// Whether `word` is one of [`REASONS`].
pub fn is_reason(word: &str) -> bool {
    REASONS.contains(&word)
}
