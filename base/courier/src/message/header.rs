//! Header lines: folding (RFC 5322 section 2.2.3), encoded words (RFC 2047) and address lists.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{MAX_LINE_BYTES, Mailbox, MessageError, wire_address};

/// Column a header line should not pass.
const FOLD_AT: usize = 76;
/// `=?UTF-8?B?` and `?=` around the payload of an encoded word.
const WORD_FRAME: usize = 12;
/// Longest name written as a quoted string; longer ones become encoded words, which can be folded.
const QUOTED_NAME_MAX: usize = 60;

/// Writes headers into one growing buffer and keeps track of the column.
pub(super) struct HeaderWriter {
    out: Vec<u8>,
    column: usize,
}

impl HeaderWriter {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), column: 0 }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Writes a value that is known to be short printable ASCII.
    pub(super) fn raw(&mut self, name: &str, value: &str) {
        self.start(name);
        self.push(value);
        self.end();
    }

    /// Writes free text such as a subject.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.start(name);
        let clean: String = value.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if needs_encoding(&clean) {
            self.encoded(&clean);
        } else {
            self.folded(&clean);
        }
        self.end();
    }

    /// Writes a header given by the caller: ASCII values are folded at spaces, others encoded.
    pub(super) fn custom(&mut self, name: &str, value: &str) -> Result<(), MessageError> {
        let field_name = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        let named = (1..=70).contains(&name.len()) && name.bytes().all(field_name);
        if !named || value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(MessageError::Header(name.to_owned()));
        }
        self.start(name);
        let value = value.trim();
        if value.is_ascii() {
            if longest_word(value) + name.len() + 2 > MAX_LINE_BYTES {
                return Err(MessageError::Header(name.to_owned()));
            }
            self.folded(value);
        } else {
            self.encoded(value);
        }
        self.end();
        Ok(())
    }

    /// Writes an address list.
    pub(super) fn mailboxes(&mut self, name: &str, list: &[Mailbox]) -> Result<(), MessageError> {
        self.start(name);
        for (position, mailbox) in list.iter().enumerate() {
            let address = wire_address(&mailbox.address)?;
            if position > 0 {
                self.push(",");
                self.space_or_fold(address.len() + 2);
            }
            let shown = mailbox.name.as_deref().map(str::trim).unwrap_or_default();
            if shown.is_empty() {
                self.push(&address);
                continue;
            }
            if shown.chars().any(char::is_control) {
                return Err(MessageError::Header(name.to_owned()));
            }
            self.phrase(shown);
            self.space_or_fold(address.len() + 2);
            self.push("<");
            self.push(&address);
            self.push(">");
        }
        self.end();
        Ok(())
    }

    fn phrase(&mut self, name: &str) {
        if needs_encoding(name) || name.len() > QUOTED_NAME_MAX {
            self.encoded(name);
        } else if name.bytes().all(|byte| is_atom_byte(byte) || byte == b' ') {
            self.push(name);
        } else {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
            self.push("\"");
            self.push(&escaped);
            self.push("\"");
        }
    }

    fn start(&mut self, name: &str) {
        self.column = 0;
        self.push(name);
        self.push(": ");
    }

    fn end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    fn push(&mut self, piece: &str) {
        self.out.extend_from_slice(piece.as_bytes());
        self.column += piece.len();
    }

    fn fold(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    fn space_or_fold(&mut self, next_bytes: usize) {
        if self.column + 1 + next_bytes > FOLD_AT {
            self.fold();
        }
        self.push(" ");
    }

    /// Writes ASCII text; a line is broken before a run of spaces, so unfolding restores the text.
    fn folded(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let gap = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let word_end = rest.get(gap..).and_then(|word| word.find([' ', '\t'])).map_or(rest.len(), |at| gap + at);
            let (piece, tail) = rest.split_at(word_end);
            if gap > 0 && self.column + piece.len() > FOLD_AT {
                self.fold();
            }
            self.push(piece);
            rest = tail;
        }
    }

    /// Writes any text as encoded words of at most 75 bytes, never splitting a character.
    fn encoded(&mut self, text: &str) {
        let quoted_bytes: usize = text.bytes().map(q_cost).sum();
        let as_q = quoted_bytes <= text.len().div_ceil(3) * 4;
        let mut rest = text;
        while !rest.is_empty() {
            if self.column + WORD_FRAME + 12 > FOLD_AT {
                self.fold();
                self.push(" ");
            }
            let room = FOLD_AT - self.column - WORD_FRAME;
            let (piece, tail) = rest.split_at(piece_end(rest, room, as_q));
            if as_q {
                self.push_q_word(piece);
            } else {
                self.push(&format!("=?UTF-8?B?{}?=", STANDARD.encode(piece)));
            }
            if !tail.is_empty() {
                self.fold();
                self.push(" ");
            }
            rest = tail;
        }
    }

    fn push_q_word(&mut self, piece: &str) {
        self.push("=?UTF-8?Q?");
        for byte in piece.bytes() {
            match byte {
                b' ' => self.push("_"),
                safe if q_cost(safe) == 1 => {
                    self.out.push(safe);
                    self.column += 1;
                }
                other => self.push(&format!("={other:02X}")),
            }
        }
        self.push("?=");
    }
}

/// Byte length of the longest prefix whose encoded form fits `room`; at least one character.
fn piece_end(text: &str, room: usize, as_q: bool) -> usize {
    let mut cost = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        cost = if as_q {
            let mut units = [0; 4];
            cost + c.encode_utf8(&mut units).bytes().map(q_cost).sum::<usize>()
        } else {
            next.div_ceil(3) * 4
        };
        if cost > room && end > 0 {
            break;
        }
        end = next;
    }
    end
}

fn needs_encoding(text: &str) -> bool {
    !text.is_ascii() || text.contains("=?") || longest_word(text) > MAX_LINE_BYTES - 80
}

fn longest_word(text: &str) -> usize {
    text.split([' ', '\t']).map(str::len).max().unwrap_or(0)
}

fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// Bytes that one byte takes in a Q-encoded word; the safe set also fits a phrase (RFC 2047 section 5).
fn q_cost(byte: u8) -> usize {
    if byte.is_ascii_alphanumeric() || b" !*+-/".contains(&byte) { 1 } else { 3 }
}
