//! One connection: bytes out, replies in, each with its own time limit.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::Timeouts;
use super::handshake::Capabilities;
use super::reply::{self, Parsed, Reply};
use super::stream::Stream;

/// Step of a conversation, for messages and time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Name lookup and TCP.
    Connect,
    /// TLS handshake.
    Tls,
    /// The relay's greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// AUTH.
    Auth,
    /// MAIL, RCPT, DATA.
    Commands,
    /// The message itself.
    Body,
    /// The answer to the message.
    Reply,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Tls => "securing the connection",
            Self::Greeting => "waiting for the greeting",
            Self::Hello => "introducing ourselves",
            Self::Auth => "signing in",
            Self::Commands => "announcing the mail",
            Self::Body => "sending the mail",
            Self::Reply => "waiting for the answer to the mail",
        })
    }
}

/// Why a conversation broke off.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The settings contradict each other.
    #[error("relay settings: {0}")]
    Config(String),
    /// The network failed.
    #[error("relay failed while {phase}: {source}")]
    Io {
        /// Step it happened in.
        phase: Phase,
        /// Cause.
        source: io::Error,
    },
    /// The relay closed the connection.
    #[error("relay closed the connection while {phase}")]
    Closed {
        /// Step it happened in.
        phase: Phase,
    },
    /// The relay stayed silent for too long.
    #[error("relay stayed silent for {} s while {phase}", .after.as_secs_f32())]
    Timeout {
        /// Step it happened in.
        phase: Phase,
        /// How long was waited.
        after: Duration,
    },
    /// The relay said no.
    #[error("relay refused while {phase}: {} {}", .reply.code, .reply.text())]
    Refused {
        /// Step it happened in.
        phase: Phase,
        /// What it said.
        reply: Reply,
    },
    /// The relay said something that is not SMTP, or lacks what the settings demand.
    #[error("relay broke the protocol while {phase}: {what}")]
    Protocol {
        /// Step it happened in.
        phase: Phase,
        /// What was wrong.
        what: String,
    },
}

/// How much of a write reached the operating system.
pub(super) struct Written {
    pub(super) bytes: usize,
    pub(super) failure: Option<SmtpError>,
}

/// An open conversation with the relay.
pub(super) struct Connection {
    pub(super) wire: Stream,
    pub(super) input: Vec<u8>,
    pub(super) timeouts: Timeouts,
    pub(super) banner: String,
    pub(super) capabilities: Capabilities,
    pub(super) tls_version: Option<String>,
    pub(super) authenticated: bool,
    /// Mails begun on this connection.
    pub(super) mails: u32,
    /// A transaction was opened and not finished: RSET comes first.
    pub(super) needs_reset: bool,
    pub(super) rested_since: Instant,
}

impl Connection {
    pub(super) fn new(wire: Stream, timeouts: Timeouts) -> Self {
        Self {
            wire,
            input: Vec::with_capacity(1024),
            timeouts,
            banner: String::new(),
            capabilities: Capabilities::default(),
            tls_version: None,
            authenticated: false,
            mails: 0,
            needs_reset: false,
            rested_since: Instant::now(),
        }
    }

    /// Waits for the next reply.
    pub(super) async fn read_reply(&mut self, phase: Phase, limit: Duration) -> Result<Reply, SmtpError> {
        let waited = timeout(limit, self.read_reply_unlimited(phase)).await;
        waited.unwrap_or(Err(SmtpError::Timeout { phase, after: limit }))
    }

    async fn read_reply_unlimited(&mut self, phase: Phase) -> Result<Reply, SmtpError> {
        loop {
            match reply::parse(&self.input) {
                Parsed::Complete(reply, taken) => {
                    self.input.drain(..taken);
                    return Ok(reply);
                }
                Parsed::Malformed => {
                    return Err(SmtpError::Protocol { phase, what: "the answer is not an SMTP reply".to_owned() });
                }
                Parsed::Incomplete => {}
            }
            let read = self.wire.read_buf(&mut self.input).await;
            match read {
                Ok(0) => return Err(SmtpError::Closed { phase }),
                Ok(_) => {}
                Err(source) => return Err(SmtpError::Io { phase, source }),
            }
        }
    }

    /// Writes all bytes or tells how many were taken before the failure.
    pub(super) async fn write(&mut self, bytes: &[u8], phase: Phase, limit: Duration) -> Written {
        let mut taken = 0;
        let waited = timeout(limit, async {
            while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
                match self.wire.write(rest).await {
                    Ok(0) => return Err(SmtpError::Closed { phase }),
                    Ok(count) => taken += count,
                    Err(source) => return Err(SmtpError::Io { phase, source }),
                }
            }
            self.wire.flush().await.map_err(|source| SmtpError::Io { phase, source })
        })
        .await;
        let failure = waited.unwrap_or(Err(SmtpError::Timeout { phase, after: limit })).err();
        Written { bytes: taken, failure }
    }

    /// Writes one command line and waits for its reply. The line must not hold secrets in logs: none is logged.
    pub(super) async fn command(&mut self, line: &str, phase: Phase) -> Result<Reply, SmtpError> {
        let limit = self.timeouts.command;
        let bytes = format!("{line}\r\n");
        if let Some(failure) = self.write(bytes.as_bytes(), phase, limit).await.failure {
            return Err(failure);
        }
        self.read_reply(phase, limit).await
    }

    /// Asks for a sign of life.
    pub(super) async fn noop(&mut self) -> Result<(), SmtpError> {
        let phase = Phase::Commands;
        let reply = self.command("NOOP", phase).await?;
        if reply.is_positive() {
            return Ok(());
        }
        Err(SmtpError::Refused { phase, reply })
    }

    /// Says goodbye; what the relay answers does not matter.
    pub(super) async fn quit(mut self, limit: Duration) {
        let written = self.write(b"QUIT\r\n", Phase::Commands, limit).await;
        if written.failure.is_none() {
            let _ = self.read_reply(Phase::Commands, limit).await;
        }
        let _ = timeout(limit, self.wire.shutdown()).await;
    }
}
