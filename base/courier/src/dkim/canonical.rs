//! The relaxed forms of headers and body (RFC 6376 sections 3.4.2 and 3.4.4).

use memchr::{memchr, memmem};

/// One header field with its folded lines and final line end.
pub(super) struct Field<'a> {
    pub(super) raw: &'a [u8],
}

impl Field<'_> {
    pub(super) fn is_named(&self, name: &str) -> bool {
        let end = memchr(b':', self.raw).unwrap_or(0);
        self.raw.get(..end).is_some_and(|found| found.trim_ascii_end().eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// Splits a message into headers (with the line end of the last one) and body.
pub(super) fn split_message(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memmem::find(message, b"\r\n\r\n")?;
    let (head, rest) = message.split_at_checked(at + 2)?;
    Some((head, rest.strip_prefix(b"\r\n")?))
}

/// Lists the header fields in their order, folded lines joined to their field.
pub(super) fn fields(head: &[u8]) -> Vec<Field<'_>> {
    let mut found = Vec::with_capacity(16);
    let mut rest = head;
    while !rest.is_empty() {
        let mut end = 0;
        loop {
            let tail = rest.get(end..).unwrap_or_default();
            end += memchr(b'\n', tail).map_or(tail.len(), |at| at + 1);
            let folded = matches!(rest.get(end), Some(b' ' | b'\t'));
            if !folded {
                break;
            }
        }
        let (raw, tail) = rest.split_at(end.min(rest.len()));
        found.push(Field { raw });
        rest = tail;
    }
    found
}

/// Appends the relaxed form of one header field, ended by CRLF.
pub(super) fn relax_header(out: &mut Vec<u8>, raw: &[u8]) {
    let colon = memchr(b':', raw).unwrap_or(raw.len());
    let (name, value) = raw.split_at(colon);
    out.extend(name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let mut gap = false;
    let mut started = false;
    for &byte in value.get(1..).unwrap_or_default() {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            gap = true;
            continue;
        }
        if gap && started {
            out.push(b' ');
        }
        gap = false;
        started = true;
        out.push(byte);
    }
    out.extend_from_slice(b"\r\n");
}

/// Gives the relaxed form of a body: runs of blanks become one space, blanks before a line end and
/// empty lines at the end vanish, a body that is not empty ends with CRLF.
pub(super) fn relax_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    let mut empty_lines = 0;
    let mut rest = body;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, tail) = rest.split_at(end);
        rest = tail;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let kept = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
        let Some(line) = line.get(..kept).filter(|line| !line.is_empty()) else {
            empty_lines += 1;
            continue;
        };
        for _ in 0..empty_lines {
            out.extend_from_slice(b"\r\n");
        }
        empty_lines = 0;
        relax_line(&mut out, line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn relax_line(out: &mut Vec<u8>, line: &[u8]) {
    let mut rest = line;
    while let Some(at) = memchr::memchr2(b' ', b'\t', rest) {
        let (word, blanks) = rest.split_at(at);
        out.extend_from_slice(word);
        out.push(b' ');
        let run = blanks.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        rest = blanks.get(run..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
