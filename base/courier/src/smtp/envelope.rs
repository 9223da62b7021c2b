//! One mail framed for the wire: checked addresses, dots stuffed, terminator appended.

use memchr::memchr2;

use crate::message::wire_address;

/// End of the mail data (RFC 5321 section 4.1.1.4), after the CRLF of the last line.
const TERMINATOR: &[u8] = b".\r\n";

/// Why something cannot be an envelope. A retry repeats it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// An envelope address is malformed.
    #[error("envelope address {0:?} is malformed")]
    Address(String),
    /// A lone CR or LF could be read as the end of the mail by one relay and not by the next.
    #[error("message has a line end other than CRLF at byte {0}")]
    LineEnd(usize),
}

/// One mail to one recipient, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub(super) id: i64,
    pub(super) mail_from: String,
    pub(super) recipient: String,
    pub(super) data: Vec<u8>,
    pub(super) message_bytes: usize,
    pub(super) eight_bit: bool,
}

impl Envelope {
    /// Frames `message` (lines ended by CRLF) from `mail_from` (empty for the null sender) to `recipient`.
    ///
    /// # Errors
    /// Returns which address is malformed or where a line ends wrongly.
    pub fn new(id: i64, mail_from: &str, recipient: &str, message: Vec<u8>) -> Result<Self, EnvelopeError> {
        let checked = |address: &str| wire_address(address).map_err(|_| EnvelopeError::Address(address.to_owned()));
        let mail_from = if mail_from.is_empty() { String::new() } else { checked(mail_from)? };
        Ok(Self {
            id,
            mail_from,
            recipient: checked(recipient)?,
            message_bytes: message.len(),
            eight_bit: !message.is_ascii(),
            data: frame(message)?,
        })
    }

    /// Gives the id under which the outcome is reported.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Gives the recipient's address as it goes to the relay.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// Gives the size of the message in bytes, without framing.
    pub fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    pub(super) fn needs_utf8_addresses(&self) -> bool {
        !self.mail_from.is_ascii() || !self.recipient.is_ascii()
    }
}

/// Doubles the dot at the start of a line, ends the last line and appends the terminator, in one pass.
pub(super) fn frame(message: Vec<u8>) -> Result<Vec<u8>, EnvelopeError> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 512);
    let mut rest = message.as_slice();
    while !rest.is_empty() {
        if rest.first() == Some(&b'.') {
            out.push(b'.');
        }
        let Some(at) = memchr2(b'\r', b'\n', rest) else {
            out.extend_from_slice(rest);
            out.extend_from_slice(b"\r\n");
            break;
        };
        let (line, tail) = rest.split_at(at);
        let Some(next) = tail.strip_prefix(b"\r\n") else {
            return Err(EnvelopeError::LineEnd(message.len() - tail.len()));
        };
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = next;
    }
    out.extend_from_slice(TERMINATOR);
    Ok(out)
}
