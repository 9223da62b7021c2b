//! The order of "Do next". Pure.

use attune_kernel::HOUR_US;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// An answer to a hand-over.
    Answer,
    /// A task to be done.
    Work,
    /// A word to a hot contact who has gone quiet.
    Word,
}

/// A line before it is put in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// What it asks for.
    pub(crate) wants: Wants,
    /// Its place in the list it comes from.
    pub(crate) index: usize,
    /// Until when, µs; quiet contacts have no date.
    pub(crate) due_at: Option<i64>,
    /// Engagement of the contact, points.
    pub(crate) points: f64,
}

/// How urgent a candidate is at `now`, most urgent first. `day_end` is the end of the reader's day, µs.
fn urgency(candidate: &Candidate, now: i64, day_end: i64) -> u8 {
    let due_at = candidate.due_at.unwrap_or(i64::MAX);
    match candidate.wants {
        Wants::Answer if due_at < now + HOUR_US => 0,
        Wants::Work if due_at < now => 1,
        Wants::Answer => 2,
        Wants::Work if due_at < day_end => 3,
        Wants::Word => 4,
        Wants::Work => 5,
    }
}

/// Puts candidates in order: answers owed within the hour, late tasks, other answers, today's tasks, quiet contacts, later tasks; within
/// each, the earlier date first, then the hotter contact.
pub(crate) fn rank(candidates: &mut [Candidate], now: i64, day_end: i64) {
    candidates.sort_by(|a, b| {
        let key = |c: &Candidate| (urgency(c, now, day_end), c.due_at.unwrap_or(i64::MAX));
        key(a).cmp(&key(b)).then(b.points.total_cmp(&a.points)).then(a.index.cmp(&b.index))
    });
}

/// Which greeting fits the hour (0 to 23).
pub(crate) fn greeting_key(hour: i8) -> &'static str {
    match hour {
        5..=11 => "today-good-morning",
        12..=17 => "today-good-afternoon",
        _ => "today-good-evening",
    }
}
