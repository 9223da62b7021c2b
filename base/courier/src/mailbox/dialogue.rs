//! One sender's conversation (RFC 5321; PIPELINING, 8BITMIME, SIZE, SMTPUTF8).

use std::io;
use std::ops::Range;

use memchr::memchr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::ReceivedMail;
use super::listener::{Desk, Handed};
use crate::message::{MAX_LINE_BYTES, wire_address};

/// Longest command line in bytes (RFC 5321 asks for 512; parameters need more).
const COMMAND_BYTES: usize = 2_048;

/// A line in the input buffer, without its line end.
struct Line {
    range: Range<usize>,
    overlong: bool,
    bare: bool,
}

/// The state of one connection.
pub(super) struct Dialogue<'a> {
    stream: TcpStream,
    desk: &'a Desk,
    input: Vec<u8>,
    position: usize,
    output: Vec<u8>,
    greeted: bool,
    mail_from: Option<String>,
    rcpt_to: Vec<String>,
}

impl<'a> Dialogue<'a> {
    pub(super) fn new(stream: TcpStream, desk: &'a Desk) -> Self {
        Self {
            stream,
            desk,
            input: Vec::with_capacity(16 * 1024),
            position: 0,
            output: Vec::with_capacity(512),
            greeted: false,
            mail_from: None,
            rcpt_to: Vec::new(),
        }
    }

    /// Converses until the sender leaves, stays silent too long or the mailbox stops.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.say("220 attune mailbox ESMTP");
        loop {
            let line = tokio::select! {
                () = stop.cancelled() => {
                    self.say("421 4.3.2 mailbox is closing");
                    return self.flush().await;
                }
                line = self.next_line(COMMAND_BYTES) => line?,
            };
            let Some(line) = line else {
                return self.flush().await;
            };
            if line.overlong {
                self.say("500 5.5.2 line too long");
                return self.flush().await;
            }
            let text = self.input.get(line.range).unwrap_or_default();
            let Ok(text) = std::str::from_utf8(text) else {
                self.say("500 5.5.2 command is not UTF-8");
                continue;
            };
            let text = text.trim_end().to_owned();
            if !self.obey(&text).await? {
                return self.flush().await;
            }
        }
    }

    /// Carries out one command; false ends the conversation.
    async fn obey(&mut self, text: &str) -> io::Result<bool> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.hello(rest, true),
            "HELO" => self.hello(rest, false),
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" => return self.data().await,
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 reset");
            }
            "NOOP" => self.say("250 2.0.0 here"),
            "VRFY" => self.say("252 2.5.0 send and see"),
            "QUIT" => {
                self.say("221 2.0.0 goodbye");
                return Ok(false);
            }
            _ => self.say("502 5.5.1 command unknown"),
        }
        Ok(true)
    }

    fn hello(&mut self, name: &str, extended: bool) {
        if name.trim().is_empty() {
            return self.say("501 5.5.4 name missing");
        }
        self.reset();
        self.greeted = true;
        if !extended {
            return self.say("250 attune mailbox");
        }
        let size = format!("250-SIZE {}", self.desk.limits.message_bytes);
        for line in
            ["250-attune mailbox", "250-PIPELINING", "250-8BITMIME", "250-SMTPUTF8", "250-ENHANCEDSTATUSCODES", size.as_str(), "250 HELP"]
        {
            self.say(line);
        }
    }

    fn mail(&mut self, rest: &str) {
        if !self.greeted {
            return self.say("503 5.5.1 say EHLO first");
        }
        if self.mail_from.is_some() {
            return self.say("503 5.5.1 a mail is open already");
        }
        let Some((address, parameters)) = path(rest, "FROM:") else {
            return self.say("501 5.5.4 MAIL FROM:<address> expected");
        };
        for parameter in parameters.split_ascii_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_uppercase().as_str() {
                "BODY" | "SMTPUTF8" => {}
                "SIZE" => {
                    let size = value.parse::<usize>().unwrap_or(usize::MAX);
                    if size > self.desk.limits.message_bytes {
                        return self.say("552 5.3.4 mail too large");
                    }
                }
                _ => return self.say("555 5.5.4 parameter unknown"),
            }
        }
        if !address.is_empty() && wire_address(address).is_err() {
            return self.say("553 5.1.7 sender address malformed");
        }
        self.mail_from = Some(address.to_owned());
        self.say("250 2.1.0 sender ok");
    }

    fn rcpt(&mut self, rest: &str) {
        if self.mail_from.is_none() {
            return self.say("503 5.5.1 say MAIL first");
        }
        let Some((address, parameters)) = path(rest, "TO:") else {
            return self.say("501 5.5.4 RCPT TO:<address> expected");
        };
        if !parameters.trim().is_empty() {
            return self.say("555 5.5.4 parameter unknown");
        }
        if wire_address(address).is_err() {
            return self.say("553 5.1.3 recipient address malformed");
        }
        if self.rcpt_to.len() >= self.desk.limits.recipients {
            return self.say("452 4.5.3 too many recipients");
        }
        self.rcpt_to.push(address.to_owned());
        self.say("250 2.1.5 recipient ok");
    }

    async fn data(&mut self) -> io::Result<bool> {
        if self.rcpt_to.is_empty() {
            self.say("554 5.5.1 no valid recipients");
            return Ok(true);
        }
        self.say("354 end with a line that holds only a dot");
        let mut raw = Vec::with_capacity(8 * 1024);
        let mut refusal = None;
        loop {
            // A stuffed dot may come on top of the longest line.
            let Some(line) = self.next_line(MAX_LINE_BYTES + 1).await? else {
                return Ok(false);
            };
            let text = self.input.get(line.range).unwrap_or_default();
            if text == b"." && !line.bare {
                break;
            }
            let unstuffed = text.strip_prefix(b".").unwrap_or(text);
            if line.overlong || unstuffed.len() > MAX_LINE_BYTES {
                refusal.get_or_insert("554 5.6.0 line longer than 998 bytes");
            } else if line.bare || memchr(b'\r', text).is_some() {
                refusal.get_or_insert("554 5.6.0 line end other than CRLF");
            } else if raw.len() + text.len() > self.desk.limits.message_bytes {
                refusal.get_or_insert("552 5.3.4 mail too large");
            }
            if refusal.is_none() {
                raw.extend_from_slice(unstuffed);
                raw.extend_from_slice(b"\r\n");
            }
        }
        match refusal {
            Some(refusal) => {
                self.reset();
                self.say(refusal);
            }
            None => self.hand_over(raw).await,
        }
        Ok(true)
    }

    async fn hand_over(&mut self, raw: Vec<u8>) {
        let mail = ReceivedMail {
            received_at: self.desk.clock.now(),
            mail_from: self.mail_from.take().unwrap_or_default(),
            rcpt_to: std::mem::take(&mut self.rcpt_to),
            raw,
        };
        let (kept, answer) = oneshot::channel();
        let handed = self.desk.keeper.send(Handed { mail, kept }).await;
        if handed.is_ok() && answer.await.unwrap_or(false) {
            self.say("250 2.0.0 kept");
        } else {
            self.say("451 4.3.0 mail could not be kept, try again");
        }
    }

    fn reset(&mut self) {
        self.mail_from = None;
        self.rcpt_to.clear();
    }

    fn say(&mut self, line: &str) {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    async fn flush(&mut self) -> io::Result<()> {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output).await?;
            self.output.clear();
        }
        Ok(())
    }

    /// Gives the next line, `None` at the end; answers are written before waiting for more input.
    async fn next_line(&mut self, limit: usize) -> io::Result<Option<Line>> {
        let mut overlong = false;
        loop {
            let pending = self.input.get(self.position..).unwrap_or_default();
            if let Some(at) = memchr(b'\n', pending) {
                let start = self.position;
                let bare = !pending.get(..at).is_some_and(|line| line.ends_with(b"\r"));
                let end = start + at - usize::from(!bare);
                self.position = start + at + 1;
                return Ok(Some(Line { overlong: overlong || end - start > limit, range: start..end, bare }));
            }
            if pending.len() > limit + 2 {
                overlong = true;
                self.position = self.input.len();
            }
            self.input.drain(..self.position);
            self.position = 0;
            self.flush().await?;
            let read = timeout(self.desk.limits.silence, self.stream.read_buf(&mut self.input)).await;
            match read {
                Ok(Ok(0)) => return Ok(None),
                Ok(Ok(_)) => {}
                Ok(Err(cause)) => return Err(cause),
                Err(_) => {
                    self.say("421 4.4.2 silent for too long");
                    return Ok(None);
                }
            }
        }
    }
}

/// Splits `FROM:<address> PARAMETERS` into address and parameters.
fn path<'t>(text: &'t str, keyword: &str) -> Option<(&'t str, &'t str)> {
    let (head, rest) = text.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    rest.trim_start().strip_prefix('<')?.split_once('>')
}
