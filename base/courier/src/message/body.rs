//! Body parts: the lightest transfer encoding that every relay carries unchanged.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::{memchr_iter, memchr2_iter, memmem};

use super::MAX_LINE_BYTES;

/// Payload of a base64 line: 57 bytes become 76 characters.
const BASE64_LINE_BYTES: usize = 57;
/// Longest encoded quoted-printable line, soft break included (RFC 2045 section 6.7).
const QUOTED_LINE: usize = 76;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    SevenBit,
    QuotedPrintable,
    Base64,
}

/// Writes text and HTML as alternatives; the boundary follows from the message id.
pub(super) fn write_alternative(out: &mut Vec<u8>, message_id: &str, text: &str, html: &str) {
    let boundary = boundary_of(message_id);
    out.extend_from_slice(b"Content-Type: multipart/alternative;\r\n\tboundary=\"");
    out.extend_from_slice(boundary.as_bytes());
    out.extend_from_slice(b"\"\r\n\r\n");
    for (kind, content) in [("text/plain", text), ("text/html", html)] {
        out.extend_from_slice(b"--");
        out.extend_from_slice(boundary.as_bytes());
        out.extend_from_slice(b"\r\n");
        write_part(out, kind, content, Some(&boundary));
    }
    out.extend_from_slice(b"--");
    out.extend_from_slice(boundary.as_bytes());
    out.extend_from_slice(b"--\r\n");
}

/// Writes the headers and content of one part; a content that holds `boundary` is encoded so that it no longer does.
pub(super) fn write_part(out: &mut Vec<u8>, kind: &str, content: &str, boundary: Option<&str>) {
    let encoding = choose_encoding(content.as_bytes(), boundary);
    out.extend_from_slice(b"Content-Type: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"; charset=utf-8\r\nContent-Transfer-Encoding: ");
    out.extend_from_slice(match encoding {
        Encoding::SevenBit => b"7bit\r\n\r\n",
        Encoding::QuotedPrintable => b"quoted-printable\r\n\r\n",
        Encoding::Base64 => b"base64\r\n\r\n",
    });
    match encoding {
        Encoding::SevenBit => write_lines(out, content.as_bytes(), <Vec<u8>>::extend_from_slice),
        Encoding::QuotedPrintable => write_lines(out, content.as_bytes(), write_quoted_line),
        Encoding::Base64 => write_base64(out, content.as_bytes()),
    }
}

/// A marker no quoted-printable or base64 text can hold, since `=_` is not valid in either.
fn boundary_of(message_id: &str) -> String {
    let hash = digest::digest(&digest::SHA256, message_id.as_bytes());
    let short: String = hash.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("=_{short}")
}

fn choose_encoding(content: &[u8], boundary: Option<&str>) -> Encoding {
    let plain_ascii = content.is_ascii();
    if !plain_ascii {
        let wide = content.iter().filter(|byte| !byte.is_ascii()).count();
        // Quoted-printable triples every wide byte, base64 adds a third to all of them.
        if wide * 6 > content.len() {
            return Encoding::Base64;
        }
        return Encoding::QuotedPrintable;
    }
    let holds_boundary = boundary.is_some_and(|marker| memmem::find(content, marker.as_bytes()).is_some());
    if holds_boundary || has_odd_controls(content) || longest_line(content) > MAX_LINE_BYTES {
        return Encoding::QuotedPrintable;
    }
    Encoding::SevenBit
}

fn has_odd_controls(content: &[u8]) -> bool {
    // Without early exit the compiler looks at many bytes at once.
    content.iter().fold(false, |odd, &byte| odd | ((byte < b' ') & (byte != b'\n') & (byte != b'\r') & (byte != b'\t')) | (byte == 0x7f))
}

fn longest_line(content: &[u8]) -> usize {
    let mut start = 0;
    let mut longest = 0;
    for at in memchr2_iter(b'\n', b'\r', content) {
        longest = longest.max(at - start);
        start = at + 1;
    }
    longest.max(content.len() - start)
}

/// Writes every line through `write_line` and ends it with CRLF, whatever ended it before.
fn write_lines(out: &mut Vec<u8>, content: &[u8], write_line: fn(&mut Vec<u8>, &[u8])) {
    let mut rest = content;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        write_line(out, line);
        out.extend_from_slice(b"\r\n");
        rest = tail.strip_prefix(b"\r\n").or_else(|| tail.strip_prefix(b"\n")).or_else(|| tail.strip_prefix(b"\r")).unwrap_or_default();
    }
}

/// Writes one line in quoted-printable; a blank at its end is encoded, since relays strip it.
fn write_quoted_line(out: &mut Vec<u8>, line: &[u8]) {
    let is_literal = |byte: &u8| matches!(byte, b' '..=b'<' | b'>'..=b'~' | b'\t');
    let (text, last_blank) = match line.split_last() {
        Some((last, rest)) if matches!(last, b' ' | b'\t') => (rest, Some(*last)),
        _ => (line, None),
    };
    let mut column = 0;
    let mut rest = text;
    while let Some((&first, after_first)) = rest.split_first() {
        let run = rest.iter().take(QUOTED_LINE - 1 - column).take_while(|byte| is_literal(byte)).count();
        if run > 0 {
            let (literal, tail) = rest.split_at(run);
            out.extend_from_slice(literal);
            column += run;
            rest = tail;
        } else if is_literal(&first) {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        } else {
            column = write_quoted_byte(out, first, column);
            rest = after_first;
        }
    }
    if let Some(blank) = last_blank {
        write_quoted_byte(out, blank, column);
    }
}

/// Writes one byte as `=XX`, after a soft break when the line is full, and gives the new column.
fn write_quoted_byte(out: &mut Vec<u8>, byte: u8, column: usize) -> usize {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let hex = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let full = column + 3 > QUOTED_LINE - 1;
    if full {
        out.extend_from_slice(b"=\r\n");
    }
    out.extend_from_slice(&[b'=', hex(byte >> 4), hex(byte & 15)]);
    if full { 3 } else { column + 3 }
}

fn write_base64(out: &mut Vec<u8>, content: &[u8]) {
    let mut normal = Vec::with_capacity(content.len() + memchr_iter(b'\n', content).count());
    write_lines(&mut normal, content, <Vec<u8>>::extend_from_slice);
    let mut line = [0_u8; 76];
    for chunk in normal.chunks(BASE64_LINE_BYTES) {
        let encoded = STANDARD.encode_slice(chunk, &mut line).unwrap_or(0);
        out.extend_from_slice(line.get(..encoded).unwrap_or_default());
        out.extend_from_slice(b"\r\n");
    }
}
