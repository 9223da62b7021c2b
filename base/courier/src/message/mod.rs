//! One mail as the business means it, and the bytes it becomes: multipart/alternative, encoded
//! headers, seven-bit safe bodies. Guards two invariants: the same mail composed twice gives the
//! same bytes (a retry is recognisable), and no field can smuggle in another header line.

mod body;
mod header;
#[cfg(test)]
mod tests;

use header::HeaderWriter;

/// Longest line a message may carry, in bytes without its line end (RFC 5322 section 2.1.1).
pub(crate) const MAX_LINE_BYTES: usize = 998;

/// Headers that [`Mail::compose`] writes itself and a caller may not add.
const OWN_HEADERS: [&str; 14] = [
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "return-path",
    "dkim-signature",
];

/// A name and an address as they stand in a From, To or Reply-To header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Shown name; `None` or empty writes the bare address.
    pub name: Option<String>,
    /// `local@domain`; a domain outside ASCII is written in its ASCII form.
    pub address: String,
}

impl Mailbox {
    /// Names an address without a shown name.
    pub fn new(address: impl Into<String>) -> Self {
        Self { name: None, address: address.into() }
    }

    /// Names an address together with the name shown to the reader.
    pub fn named(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self { name: Some(name.into()), address: address.into() }
    }
}

/// One rendered mail, before it is turned into bytes.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Author shown to the reader.
    pub from: Mailbox,
    /// Shown recipients; at least one.
    pub to: Vec<Mailbox>,
    /// Where answers go when not to `from`.
    pub reply_to: Option<Mailbox>,
    /// Subject as typed; line breaks become spaces.
    pub subject: String,
    /// HTML body; empty for a text-only mail.
    pub html: String,
    /// Text body; empty for an HTML-only mail.
    pub text: String,
    /// Further headers in the order they are written, for example `List-Unsubscribe`.
    pub headers: Vec<(String, String)>,
    /// `unique@domain`, without angle brackets; also seeds the part boundary.
    pub message_id: String,
    /// Envelope sender that receives bounces; not written into the message.
    pub return_path: String,
}

/// Why a mail cannot become bytes. Every cause is a mistake in the mail itself: a retry repeats it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The mail names no recipient.
    #[error("mail has no recipient")]
    NoRecipient,
    /// Neither HTML nor text is given.
    #[error("mail has no body")]
    NoBody,
    /// An address is not of the form `local@domain` or holds forbidden characters.
    #[error("mail address {0:?} is malformed")]
    Address(String),
    /// A message id is empty or holds spaces or brackets.
    #[error("message id {0:?} is malformed")]
    MessageId(String),
    /// A header name or value is malformed, too long or reserved.
    #[error("header {0:?} is malformed, reserved or too long")]
    Header(String),
    /// The date lies outside the years a mail header can show.
    #[error("date {0} µs is out of range")]
    Date(i64),
}

impl Mail {
    /// Turns the mail into the bytes of a message, lines ended by CRLF, dated `sent_at` (unix µs UTC).
    ///
    /// # Errors
    /// Returns what is malformed; nothing about the outside world can make it fail.
    pub fn compose(&self, sent_at: i64) -> Result<Vec<u8>, MessageError> {
        let estimate = self.html.len() + self.html.len() / 8 + self.text.len() + 2048;
        let mut writer = HeaderWriter::with_capacity(estimate);
        self.write_addresses(&mut writer)?;
        writer.text("Subject", &self.subject);
        writer.raw("Date", &format_date(sent_at)?);
        check_message_id(&self.message_id)?;
        writer.raw("Message-ID", &format!("<{}>", self.message_id));
        for (name, value) in &self.headers {
            if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                return Err(MessageError::Header(name.clone()));
            }
            writer.custom(name, value)?;
        }
        writer.raw("MIME-Version", "1.0");
        let mut out = writer.into_bytes();
        self.write_body(&mut out)?;
        Ok(out)
    }

    fn write_addresses(&self, writer: &mut HeaderWriter) -> Result<(), MessageError> {
        if self.to.is_empty() {
            return Err(MessageError::NoRecipient);
        }
        writer.mailboxes("From", std::slice::from_ref(&self.from))?;
        writer.mailboxes("To", &self.to)?;
        if let Some(reply_to) = &self.reply_to {
            writer.mailboxes("Reply-To", std::slice::from_ref(reply_to))?;
        }
        Ok(())
    }

    fn write_body(&self, out: &mut Vec<u8>) -> Result<(), MessageError> {
        match (self.text.is_empty(), self.html.is_empty()) {
            (true, true) => Err(MessageError::NoBody),
            (false, true) => {
                body::write_part(out, "text/plain", &self.text, None);
                Ok(())
            }
            (true, false) => {
                body::write_part(out, "text/html", &self.html, None);
                Ok(())
            }
            (false, false) => {
                body::write_alternative(out, &self.message_id, &self.text, &self.html);
                Ok(())
            }
        }
    }
}

/// Writes a moment (unix µs UTC) the way a Date header shows it (RFC 5322 section 3.3).
fn format_date(at: i64) -> Result<String, MessageError> {
    let moment = jiff::Timestamp::from_microsecond(at).map_err(|_| MessageError::Date(at))?;
    let shown = moment.to_zoned(jiff::tz::TimeZone::UTC);
    if !(1970..=9999).contains(&shown.year()) {
        return Err(MessageError::Date(at));
    }
    Ok(shown.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
}

fn check_message_id(id: &str) -> Result<(), MessageError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'<' && byte != b'>';
    let two_sided = id.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    if two_sided && id.len() < 250 && id.bytes().all(plain) {
        return Ok(());
    }
    Err(MessageError::MessageId(id.to_owned()))
}

/// Checks `local@domain` and gives it with the domain in its ASCII form.
///
/// The local part is left alone; outside ASCII it needs a relay that speaks SMTPUTF8 (RFC 6531).
pub(crate) fn wire_address(address: &str) -> Result<String, MessageError> {
    let malformed = || MessageError::Address(address.to_owned());
    let (local, domain) = address.rsplit_once('@').ok_or_else(malformed)?;
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || "<>,;:()[]\"\\@".contains(c);
    let lengths_fit = (1..=64).contains(&local.len()) && (1..=255).contains(&domain.len());
    if !lengths_fit || local.contains(forbidden) {
        return Err(malformed());
    }
    if is_ascii_domain(domain) || is_address_literal(domain) {
        return Ok(address.to_owned());
    }
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(ascii)) if is_ascii_domain(&ascii) => Ok(format!("{local}@{ascii}")),
        _ => Err(malformed()),
    }
}

fn is_ascii_domain(domain: &str) -> bool {
    let fits = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    domain.split('.').all(fits)
}

fn is_address_literal(domain: &str) -> bool {
    let inner = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|literal| {
        let bare = literal.strip_prefix("IPv6:").unwrap_or(literal);
        bare.parse::<std::net::IpAddr>().is_ok()
    })
}
