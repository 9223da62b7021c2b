//! Moments as files write them: a day, perhaps a time of it, perhaps a zone. What cannot be read whole is not read at all. Pure.

use jiff::civil::{Date, Time};

use crate::field::read_date;

/// A moment in µs UTC: a day by itself is its midnight, and a time without a zone is UTC. Nothing behind the day is passed over.
pub(super) fn read_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_microsecond());
    }
    let (day, rest) = split_day(text);
    let date = read_date(day)?;
    let (time, offset) = if rest.is_empty() { (Time::midnight(), 0) } else { read_clock(rest)? };
    at(date, time, offset)
}

fn at(date: Date, time: Time, offset_minutes: i64) -> Option<i64> {
    let civil = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    civil.timestamp().as_microsecond().checked_sub(offset_minutes.checked_mul(60_000_000)?)
}

/// The day, and what stands behind it.
fn split_day(text: &str) -> (&str, &str) {
    let (day, rest) = match text.char_indices().find(|(_, c)| *c == '日' || *c == 'T' || c.is_whitespace()) {
        Some((at, '日')) => text.split_at(at + '日'.len_utf8()),
        // A `T` without a time behind it is no day by itself.
        Some((at, 'T')) if at + 1 == text.len() => ("", ""),
        Some((at, 'T')) => (text.get(..at).unwrap_or(""), text.get(at + 1..).unwrap_or("")),
        Some((at, _)) => text.split_at(at),
        None => (text, ""),
    };
    (day, rest.trim_start())
}

/// A time of day, and how many minutes it is ahead of UTC.
fn read_clock(text: &str) -> Option<(Time, i64)> {
    let (early, text) = half_of_day(text, &[("上午", false), ("下午", true)]);
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let halves = [("am", false), ("AM", false), ("a.m.", false), ("pm", true), ("PM", true), ("p.m.", true)];
    let (late, rest) = half_of_day(rest.trim_start(), &halves);
    let is_afternoon = match (early, late) {
        (Some(_), Some(_)) => return None,
        (half, other) => half.or(other),
    };
    Some((time_of(digits, is_afternoon)?, read_offset(rest.trim_start())?))
}

/// Which half of the day a text begins with, and what stands behind that.
fn half_of_day<'t>(text: &'t str, words: &[(&str, bool)]) -> (Option<bool>, &'t str) {
    let found = words.iter().find_map(|(word, is_afternoon)| Some((Some(*is_afternoon), text.strip_prefix(word)?)));
    found.unwrap_or((None, text))
}

/// `9:05`, `09:05:30`, `09:05:30.123`, `0905` or `090530`.
fn time_of(digits: &str, is_afternoon: Option<bool>) -> Option<Time> {
    let parts: Vec<&str> = match (digits.contains(':'), digits.len()) {
        (true, _) => digits.split(':').collect(),
        (false, 4) => vec![digits.get(..2)?, digits.get(2..)?],
        (false, 6) => vec![digits.get(..2)?, digits.get(2..4)?, digits.get(4..)?],
        _ => return None,
    };
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (*hour, *minute, "00"),
        [hour, minute, second] => (*hour, *minute, *second),
        _ => return None,
    };
    let (second, fraction) = second.split_once(['.', ',']).map_or((second, "0"), |(second, fraction)| (second, fraction));
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 || second.len() != 2 || !(1..=9).contains(&fraction.len()) {
        return None;
    }
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i8>().ok()).flatten();
    let hour = match (number(hour)?, is_afternoon) {
        (hour, None) => hour,
        (12, Some(is_afternoon)) => 12 * i8::from(is_afternoon),
        (hour @ 1..=11, Some(is_afternoon)) => hour + 12 * i8::from(is_afternoon),
        // A clock of 24 hours that says the half as well.
        (hour @ 13..=23, Some(true)) | (hour @ 0, Some(false)) => hour,
        _ => return None,
    };
    let nanos = format!("{fraction:0<9}").parse::<i32>().ok()?;
    Time::new(hour, number(minute)?, number(second)?, nanos).ok()
}

/// Minutes ahead of UTC: nothing, `Z`, `UTC`, `GMT`, `+8`, `+08`, `+0800`, `+08:00`, and these behind `UTC` or `GMT`.
fn read_offset(text: &str) -> Option<i64> {
    let named = ["UTC", "GMT"].iter().find_map(|name| text.strip_prefix(name));
    let text = named.unwrap_or(text);
    let ahead = match text.bytes().next() {
        None => return Some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(b'Z' | b'z') if text.len() == 1 && named.is_none() => return Some(0),
        Some(_) => return None,
    };
    let digits = text.get(1..)?;
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 1 | 2) => (digits, "00"),
        (None, 4) => digits.split_at_checked(2)?,
        _ => return None,
    };
    let number = |text: &str, most: i64| {
        let is_plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|n| is_plain && *n <= most)
    };
    Some(ahead * (number(hours, 15)? * 60 + number(minutes, 59).filter(|_| minutes.len() == 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NINE_O_FIVE: i64 = (9 * 60 + 5) * 60_000_000;

    #[test]
    fn a_day_by_itself_is_its_midnight() {
        for text in ["1970-01-01", "1970/1/1", "1.1.1970", "01.01.1970", "1970年1月1日", "19700101", " 1970-01-01 "] {
            assert_eq!(read_time(text), Some(0), "{text}");
        }
    }

    #[test]
    fn a_time_behind_any_day_counts() {
        for text in [
            "1970-01-01T09:05:00Z",
            "1970-01-01 09:05",
            "1970-01-01 9:05:00",
            "1970/1/1 9:05",
            "1970/01/01T09:05:00.000",
            "1.1.1970 9:05",
            "1970年1月1日 9:05",
            "1970年1月1日9:05:00",
            "1970年1月1日 上午9:05",
            "19700101T090500",
            "19700101 09:05:00",
            "1970-01-01 9:05 AM",
            "1970-01-01 9:05:00am",
            "1970-01-01 09:05 UTC",
        ] {
            assert_eq!(read_time(text), Some(NINE_O_FIVE), "{text}");
        }
        assert_eq!(read_time("1970-01-01 09:05:00.25"), Some(NINE_O_FIVE + 250_000));
        assert_eq!(read_time("1970-01-01 9:05 PM"), Some(NINE_O_FIVE + 12 * 3_600_000_000));
        assert_eq!(read_time("1970年1月1日 下午9:05"), Some(NINE_O_FIVE + 12 * 3_600_000_000));
        assert_eq!((read_time("1970-01-01 12:00 am"), read_time("1970-01-01 12:00 pm")), (Some(0), Some(12 * 3_600_000_000)));
    }

    #[test]
    fn a_zone_counts_wherever_it_stands() {
        for text in [
            "1970-01-01T17:05:00+08:00",
            "1970-01-01 17:05:00 +0800",
            "1970/1/1 17:05 +08:00",
            "1970/01/01 17:05:00+08:00",
            "1970年1月1日 17:05 GMT+8",
            "1970-01-01 5:05 PM +08",
        ] {
            assert_eq!(read_time(text), Some(NINE_O_FIVE), "{text}");
        }
        assert_eq!(read_time("1.1.1970 05:35 -03:30"), Some(NINE_O_FIVE));
    }

    #[test]
    fn what_cannot_be_read_whole_is_not_read() {
        for text in [
            "",
            "soon",
            "1970-01-01T",
            "1970-01-01 soon",
            "1970-01-01 25:00",
            "1970-01-01 9:5",
            "1970-01-01 9:05 o'clock",
            "1970-01-01 13:00 AM",
            "1970-01-01 0:30 PM",
            "1970-01-01 上午9:05 AM",
            "1970-01-01 9:05 CET",
            "1970-01-01 9:05 +8:0",
            "1970-01-01 9:05 +99:00",
            "1970-01-01 9:05 [Asia/Shanghai]",
            "1970-01-01 - 1970-01-02",
            "1970-02-30 9:05",
            "01/02/1970 9:05",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }
}
