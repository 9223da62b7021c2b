//! The days a report is about, and the same number of days before them. Days are UTC days since 1970.

use attune_web::kit::with_query;
use jiff::civil::Date;
use serde::Deserialize;

use super::DAY_US;

/// The first day anything can be counted for: all times.
const EPOCH: i64 = 0;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) period: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) source: String,
    pub(crate) stage: String,
    pub(crate) left: String,
    pub(crate) after: String,
}

impl Asked {
    /// What stands behind the `?`, without stage and place in a list.
    pub(crate) fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in [("period", &self.period), ("from", &self.from), ("to", &self.to), ("source", &self.source)] {
            query = with_query(&query, name, value).trim_start_matches('?').to_owned();
        }
        query
    }
}

/// Whole days, the last one not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from_day: i64,
    /// The day behind the last one.
    pub to_day: i64,
}

impl Period {
    /// The choices of the page: days back from today, or everything.
    pub const CHOICES: [&'static str; 4] = ["30", "90", "365", "all"];

    /// The period an address asks for; 90 days up to `now` (µs) when it does not say. Dates that make no sense are ignored.
    pub(crate) fn of(asked: &Asked, now: i64) -> Self {
        let tomorrow = now.div_euclid(DAY_US) + 1;
        if let (Some(from), Some(to)) = (day_of(&asked.from), day_of(&asked.to))
            && from <= to
        {
            return Self { from_day: from, to_day: to + 1 };
        }
        match asked.period.as_str() {
            "all" => Self { from_day: EPOCH, to_day: tomorrow },
            "30" => Self { from_day: tomorrow - 30, to_day: tomorrow },
            "365" => Self { from_day: tomorrow - 365, to_day: tomorrow },
            _ => Self { from_day: tomorrow - 90, to_day: tomorrow },
        }
    }

    /// How many days it has.
    pub fn days(self) -> i64 {
        self.to_day - self.from_day
    }

    /// As many days right before it; nothing before all times.
    pub fn previous(self) -> Option<Self> {
        (self.from_day > EPOCH).then(|| Self { from_day: self.from_day - self.days(), to_day: self.from_day })
    }

    /// Its first moment, µs.
    pub fn from_at(self) -> i64 {
        self.from_day * DAY_US
    }

    /// The moment it ends, µs.
    pub fn to_at(self) -> i64 {
        self.to_day * DAY_US
    }
}

fn day_of(text: &str) -> Option<i64> {
    let date: Date = text.trim().parse().ok()?;
    let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond();
    Some(at.div_euclid(DAY_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20 10:00 UTC.
    const NOW: i64 = attune_testkit::START_AT;

    fn asked(period: &str, from: &str, to: &str) -> Asked {
        Asked { period: period.to_owned(), from: from.to_owned(), to: to.to_owned(), ..Asked::default() }
    }

    #[test]
    fn a_period_has_whole_days_and_one_of_the_same_length_before() {
        let month = Period::of(&asked("30", "", ""), NOW);
        assert_eq!(month.days(), 30);
        assert!(month.from_at() < NOW && NOW < month.to_at());
        assert_eq!(month.previous(), Some(Period { from_day: month.from_day - 30, to_day: month.from_day }));
        let own = Period::of(&asked("30", "2026-11-01", "2026-11-07"), NOW);
        assert_eq!((own.days(), own.to_at() - own.from_at()), (7, 7 * DAY_US));
        assert_eq!(Period::of(&asked("", "2026-11-07", "2026-11-01"), NOW).days(), 90);
        assert_eq!(Period::of(&asked("all", "", ""), NOW).previous(), None);
    }
}
