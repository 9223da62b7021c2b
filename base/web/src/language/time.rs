//! Dates, times and spans as each language writes them.

use attune_kernel::{DAY_US, HOUR_US, MINUTE_US};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::{Lang, Text};

fn instant(at: i64) -> Timestamp {
    Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The wall clock in `zone` at `at` (µs).
pub(crate) fn civil(zone: &TimeZone, at: i64) -> DateTime {
    zone.to_datetime(instant(at))
}

pub(crate) fn iso(at: i64) -> String {
    let seconds = instant(at).as_second();
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The first moment of the day written as `2026-11-20`, in µs.
pub(crate) fn read_date(zone: &TimeZone, text: &str) -> Option<i64> {
    let date: Date = text.trim().parse().ok()?;
    let at = zone.to_ambiguous_timestamp(date.to_datetime(jiff::civil::Time::midnight())).compatible().ok()?;
    Some(at.as_microsecond())
}

pub(crate) fn clock(l: &Lang, at: i64) -> String {
    let at = civil(l.zone(), at);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

pub(crate) fn date(l: &Lang, at: i64) -> String {
    let day = civil(l.zone(), at).date();
    l.of("web-date").n("day", day.day()).n("month", day.month()).s("year", day.year()).to_string()
}

fn date_this_year(l: &Lang, day: Date) -> Text {
    l.of("web-date-short").n("day", day.day()).n("month", day.month()).text()
}

pub(crate) fn day(l: &Lang, at: i64) -> String {
    let day = civil(l.zone(), at).date();
    let weekday = i64::from(day.weekday().to_monday_one_offset());
    l.of("web-day").n("weekday", weekday).n("day", day.day()).n("month", day.month()).to_string()
}

pub(crate) fn near_day(l: &Lang, at: i64, now: i64) -> Text {
    let (then, today) = (civil(l.zone(), at).date(), civil(l.zone(), now).date());
    if then == today {
        return l.t("web-today");
    }
    if then.tomorrow().is_ok_and(|next| next == today) {
        return l.t("web-yesterday");
    }
    if today.tomorrow().is_ok_and(|next| next == then) {
        return l.t("web-tomorrow");
    }
    day(l, at).into()
}

pub(crate) fn when(l: &Lang, at: i64, now: i64) -> Text {
    let away = (now - at).abs();
    let past = at <= now;
    if away < MINUTE_US {
        return l.t("web-just-now");
    }
    if away < HOUR_US {
        return l.of(if past { "web-minutes-ago" } else { "web-in-minutes" }).n("count", away / MINUTE_US).text();
    }
    if away < DAY_US {
        return l.of(if past { "web-hours-ago" } else { "web-in-hours" }).n("count", away / HOUR_US).text();
    }
    let (then, today) = (civil(l.zone(), at).date(), civil(l.zone(), now).date());
    if then.year() == today.year() { date_this_year(l, then) } else { date(l, at).into() }
}

pub(crate) fn duration(l: &Lang, ms: i64) -> String {
    if (0..1000).contains(&ms) {
        return l.of("web-span-ms").n("n", ms).to_string();
    }
    let seconds = ms / 1000;
    let parts = [
        (seconds / 86_400, "web-span-d"),
        (seconds / 3_600 % 24, "web-span-h"),
        (seconds / 60 % 60, "web-span-min"),
        (seconds % 60, "web-span-s"),
    ];
    let shown: Vec<String> = parts
        .iter()
        .skip_while(|(n, _)| *n == 0)
        .take(2)
        .filter(|(n, _)| *n != 0)
        .map(|(n, key)| l.of(key).n("n", *n).to_string())
        .collect();
    let gap = if l.locale() == attune_kernel::Locale::ZhCn { "" } else { " " };
    shown.join(gap)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use attune_kernel::Locale;

    use super::*;
    use crate::language::Texts;

    /// 2026-11-20T11:42:07Z, a Friday.
    const AT: i64 = 1_795_174_927_000_000;

    fn lang(locale: Locale, zone: &str) -> Lang {
        Lang::new(Arc::new(Texts::build(&[]).unwrap()), locale, TimeZone::get(zone).unwrap())
    }

    #[test]
    fn dates_follow_the_language_and_the_zone() {
        let en = lang(Locale::En, "Europe/Berlin");
        assert_eq!(en.date(AT), "20 Nov 2026");
        assert_eq!(en.time(AT), "12:42");
        assert_eq!(en.day(AT), "Friday 20 November");
        assert_eq!(en.moment(AT), "20 Nov 2026, 12:42");
        let zh = lang(Locale::ZhCn, "Asia/Shanghai");
        assert_eq!(zh.date(AT), "2026年11月20日");
        assert_eq!(zh.time(AT), "19:42");
        assert_eq!(zh.day(AT), "11月20日 星期五");
        assert_eq!(zh.moment(AT), "2026年11月20日 19:42");
        assert_eq!(zh.iso(AT), "2026-11-20T11:42:07Z");
    }

    #[test]
    fn near_times_are_relative() {
        let en = lang(Locale::En, "UTC");
        assert_eq!(en.when(AT - 3 * HOUR_US, AT), "3 h ago");
        assert_eq!(en.when(AT - 90_000_000, AT), "1 min ago");
        assert_eq!(en.when(AT, AT), "just now");
        assert_eq!(en.when(AT + 2 * HOUR_US, AT), "in 2 h");
        assert_eq!(en.when(AT - 3 * DAY_US, AT), "17 Nov");
        assert_eq!(en.when(AT - 400 * DAY_US, AT), "16 Oct 2025");
        assert_eq!(en.near_day(AT - DAY_US, AT), "Yesterday");
        let zh = lang(Locale::ZhCn, "UTC");
        assert_eq!(zh.when(AT - 3 * HOUR_US, AT), "3小时前");
        assert_eq!(zh.when(AT - 3 * DAY_US, AT), "11月17日");
        assert_eq!(zh.near_day(AT + DAY_US, AT), "明天");
    }

    #[test]
    fn spans_keep_two_units() {
        let en = lang(Locale::En, "UTC");
        assert_eq!(en.duration_ms(252_000), "4 min 12 s");
        assert_eq!(en.duration_ms(7_200_000), "2 h");
        assert_eq!(en.duration_ms(250), "250 ms");
        assert_eq!(en.duration_ms(90_061_000), "1 d 1 h");
        assert_eq!(lang(Locale::ZhCn, "UTC").duration_ms(252_000), "4分12秒");
    }

    #[test]
    fn a_date_field_reads_what_it_shows() {
        let en = lang(Locale::En, "America/New_York");
        let at = en.read_date("2026-11-20").unwrap();
        assert_eq!(en.date_value(at), "2026-11-20");
        assert_eq!(en.time(at), "00:00");
        assert_eq!(en.read_date("20.11.2026"), None);
    }
}
