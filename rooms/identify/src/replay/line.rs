//! A line of an access log in the combined format of Apache and nginx (or the common one, which lacks the last two fields).

use jiff::fmt::strtime;

/// A request as the log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// The client's address or host name.
    pub client: &'a str,
    /// When, µs UTC.
    pub at: i64,
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Path and query as asked for.
    pub target: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// The referrer; absent when the log says `-` or has no such field.
    pub referrer: Option<&'a str>,
    /// The user agent; absent when the log has no such field, empty when it says `-`.
    pub agent: Option<&'a str>,
}

/// Why a line is not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// The line is longer than 64 KiB.
    #[error("longer than 64 KiB")]
    TooLong,
    /// The line does not begin with address, identity and user.
    #[error("address, identity and user are missing")]
    NoClient,
    /// There is no `[time]`.
    #[error("the time in square brackets is missing")]
    NoTime,
    /// The time cannot be read.
    #[error("the time is not like 17/May/2015:10:05:03 +0000")]
    BadTime,
    /// The quoted request is missing or not closed.
    #[error("the request in quotes is missing or not closed")]
    NoRequest,
    /// The request is not method, target and protocol.
    #[error("the request is not method, address and protocol")]
    BadRequest,
    /// The status is not a number from 100 to 599.
    #[error("the status is not a number from 100 to 599")]
    BadStatus,
    /// The size is neither a number nor `-`.
    #[error("the size is neither a number nor -")]
    BadSize,
    /// A quoted field behind the size is not closed.
    #[error("referrer or user agent is not closed by a quote")]
    OpenQuote,
}

impl Malformed {
    /// The code used in locale keys.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::NoClient => "no-client",
            Self::NoTime => "no-time",
            Self::BadTime => "bad-time",
            Self::NoRequest => "no-request",
            Self::BadRequest => "bad-request",
            Self::BadStatus => "bad-status",
            Self::BadSize => "bad-size",
            Self::OpenQuote => "open-quote",
        }
    }
}

/// Reads a line without its line break.
pub fn parse(line: &str) -> Result<LogLine<'_>, Malformed> {
    let (client, rest) = line.split_once(' ').ok_or(Malformed::NoClient)?;
    let (before, rest) = rest.split_once('[').ok_or(Malformed::NoTime)?;
    if client.is_empty() || before.split_whitespace().count() < 2 {
        return Err(Malformed::NoClient);
    }
    let (time, rest) = rest.split_once(']').ok_or(Malformed::NoTime)?;
    let at = read_time(time).ok_or(Malformed::BadTime)?;
    let (request, rest) = quoted(rest).ok_or(Malformed::NoRequest)?;
    let mut words = request.split(' ').filter(|word| !word.is_empty());
    let (method, target) = words.next().zip(words.next()).ok_or(Malformed::BadRequest)?;
    // An address may hold blanks that nobody escaped; the protocol is the last word then.
    if !method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') || !words.next_back().is_none_or(|last| last.starts_with("HTTP/")) {
        return Err(Malformed::BadRequest);
    }
    let mut fields = rest.trim_start().splitn(3, ' ');
    let status =
        fields.next().and_then(|text| text.parse::<u16>().ok()).filter(|status| (100..600).contains(status)).ok_or(Malformed::BadStatus)?;
    let size = fields.next().unwrap_or("");
    if size != "-" && (size.is_empty() || !size.bytes().all(|b| b.is_ascii_digit())) {
        return Err(Malformed::BadSize);
    }
    let rest = fields.next().unwrap_or("").trim_start();
    if rest.is_empty() {
        return Ok(LogLine { client, at, method, target, status, referrer: None, agent: None });
    }
    let (referrer, rest) = quoted(rest).ok_or(Malformed::OpenQuote)?;
    let (agent, _) = quoted(rest).ok_or(Malformed::OpenQuote)?;
    Ok(LogLine {
        client,
        at,
        method,
        target,
        status,
        referrer: Some(referrer).filter(|r| given(r)),
        agent: Some(if given(agent) { agent } else { "" }),
    })
}

fn given(field: &str) -> bool {
    !field.is_empty() && field != "-"
}

/// The text between the next two quotes, a backslash hiding the next character, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('"')?;
    let mut hidden = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if hidden => hidden = false,
            b'\\' => hidden = true,
            b'"' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

fn read_time(text: &str) -> Option<i64> {
    let read = strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?;
    Some(read.to_timestamp().ok()?.as_microsecond())
}
