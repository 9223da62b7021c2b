//! Replies of a relay: codes, enhanced codes, lines (RFC 5321 section 4.2, RFC 3463).

use memchr::memchr;

/// Longest reply that is read; a relay that says more is not speaking SMTP.
pub(super) const MAX_REPLY_BYTES: usize = 64 * 1024;

/// One complete reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three-digit code, 200 to 599.
    pub code: u16,
    /// Text of each line, without code.
    pub lines: Vec<String>,
}

impl Reply {
    /// True for 2xx.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// True for 5xx.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// True for 4xx and 5xx.
    pub fn is_refusal(&self) -> bool {
        (400..600).contains(&self.code)
    }

    /// True when the relay announces that it closes the connection.
    pub fn is_closing(&self) -> bool {
        self.code == 421
    }

    /// Gives the lines as one text.
    pub fn text(&self) -> String {
        self.lines.join(" ")
    }

    /// Gives the enhanced status code in front of the text, such as `5.1.1`.
    pub fn enhanced(&self) -> Option<String> {
        let word = self.lines.first()?.split_ascii_whitespace().next()?;
        let mut parts = word.split('.');
        let class = parts.next()?;
        let number =
            |part: Option<&str>| part.is_some_and(|digits| (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
        let shaped = matches!(class, "2" | "4" | "5") && number(parts.next()) && number(parts.next()) && parts.next().is_none();
        shaped.then(|| word.to_owned())
    }
}

/// What stands at the start of the received bytes.
pub(super) enum Parsed {
    /// More bytes are needed.
    Incomplete,
    /// A reply and the number of bytes it took.
    Complete(Reply, usize),
    /// Not a reply.
    Malformed,
}

/// Reads one reply from the start of `input`.
pub(super) fn parse(input: &[u8]) -> Parsed {
    let mut taken = 0;
    let mut lines = Vec::with_capacity(1);
    let mut first_code = None;
    loop {
        let rest = input.get(taken..).unwrap_or_default();
        let Some(end) = memchr(b'\n', rest) else {
            if input.len() > MAX_REPLY_BYTES {
                return Parsed::Malformed;
            }
            return Parsed::Incomplete;
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        taken += end + 1;
        let Some((code, more, text)) = split_line(line) else {
            return Parsed::Malformed;
        };
        if *first_code.get_or_insert(code) != code || taken > MAX_REPLY_BYTES {
            return Parsed::Malformed;
        }
        lines.push(String::from_utf8_lossy(text).trim().to_owned());
        if !more {
            return Parsed::Complete(Reply { code, lines }, taken);
        }
    }
}

fn split_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if !(200..600).contains(&code) {
        return None;
    }
    match rest.split_first() {
        None => Some((code, false, rest)),
        Some((b' ', text)) => Some((code, false, text)),
        Some((b'-', text)) => Some((code, true, text)),
        Some(_) => None,
    }
}
