//! Mails over one connection. With PIPELINING the commands of the next mail travel in the same write
//! as the body of the current one (RFC 2920 section 3.1): one write and one wait per mail.

use tokio::sync::mpsc;

use super::connection::{Connection, Phase, SmtpError, Written};
use super::pool::Queue;
use super::reply::Reply;
use super::{Envelope, Outcome};

/// How a run over one connection ended.
pub(super) enum Ending {
    /// Nothing is left to send; the connection may rest.
    Idle,
    /// The connection has carried its share of mails.
    Worn,
    /// The connection is lost; the envelopes named were not handed over.
    Lost { unsent: Vec<Envelope>, cause: SmtpError },
}

/// The relay's answer to the commands of one mail.
enum Opened {
    /// It waits for the body.
    Go,
    /// It refused before the body.
    Refused(Outcome),
}

/// What the transfer of one body came to.
enum Sent {
    /// An answer, or the lack of one after the whole body was handed over.
    Decided { outcome: Outcome, broken: Option<SmtpError> },
    /// The end of the body was never handed over.
    NotHanded(SmtpError),
}

/// Takes envelopes from `queue` and reports their outcomes.
pub(super) struct Run<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) queue: &'a Queue,
    pub(super) outcomes: &'a mpsc::Sender<(i64, Outcome)>,
    pub(super) mails_per_connection: u32,
}

impl Run<'_> {
    /// Sends `first` and then what the queue holds, until it is empty, the connection worn or lost.
    pub(super) async fn drive(&mut self, first: Envelope) -> Ending {
        let mut current = first;
        let mut announced = false;
        loop {
            if let Some(outcome) = self.connection.capabilities.refuse(&current) {
                self.report(&current, outcome).await;
            } else {
                let opened = self.open(&current, announced).await;
                announced = false;
                match opened {
                    Err(cause) => return lost(vec![current], cause),
                    Ok(Opened::Refused(outcome)) => self.report(&current, outcome).await,
                    Ok(Opened::Go) => {
                        let next = self.take_ahead().await;
                        match self.transfer(&mut current, next.as_ref()).await {
                            Sent::NotHanded(cause) => {
                                return lost(std::iter::once(current).chain(next).collect(), cause);
                            }
                            Sent::Decided { outcome, broken } => {
                                self.report(&current, outcome).await;
                                if let Some(cause) = broken {
                                    return lost(next.into_iter().collect(), cause);
                                }
                            }
                        }
                        if let Some(next) = next {
                            current = next;
                            announced = true;
                            continue;
                        }
                    }
                }
            }
            if self.is_worn() {
                return Ending::Worn;
            }
            let Some(next) = self.take() else {
                return Ending::Idle;
            };
            current = next;
        }
    }

    async fn report(&self, envelope: &Envelope, outcome: Outcome) {
        // A receiver that went away is noticed by `take`: no further mail is begun.
        let _ = self.outcomes.send((envelope.id, outcome)).await;
    }

    fn is_worn(&self) -> bool {
        self.connection.mails >= self.mails_per_connection
    }

    fn take(&self) -> Option<Envelope> {
        if self.outcomes.is_closed() {
            return None;
        }
        self.queue.take()
    }

    /// Takes the envelope whose commands may travel along with the current body.
    async fn take_ahead(&mut self) -> Option<Envelope> {
        if !self.connection.capabilities.pipelining || self.is_worn() {
            return None;
        }
        loop {
            let next = self.take()?;
            let Some(outcome) = self.connection.capabilities.refuse(&next) else {
                return Some(next);
            };
            self.report(&next, outcome).await;
        }
    }

    /// Announces a mail and waits for the permission to send its body.
    async fn open(&mut self, envelope: &Envelope, announced: bool) -> Result<Opened, SmtpError> {
        if !self.connection.capabilities.pipelining {
            return self.open_stepwise(envelope).await;
        }
        let resets = !announced && self.connection.needs_reset;
        if !announced {
            let mut bytes = Vec::with_capacity(256);
            if resets {
                bytes.extend_from_slice(b"RSET\r\n");
            }
            self.announce(&mut bytes, envelope);
            let limit = self.connection.timeouts.command;
            let written = self.connection.write(&bytes, Phase::Commands, limit).await;
            if let Some(cause) = written.failure {
                return Err(cause);
            }
        }
        if resets {
            self.expect_reset().await?;
        }
        let mail = self.reply().await?;
        let rcpt = self.reply().await?;
        let data = self.reply().await?;
        self.judge(&mail, &rcpt, data).await
    }

    async fn open_stepwise(&mut self, envelope: &Envelope) -> Result<Opened, SmtpError> {
        self.connection.mails += 1;
        if self.connection.needs_reset {
            let reply = self.connection.command("RSET", Phase::Commands).await?;
            self.accept_reset(reply)?;
        }
        for line in self.connection.capabilities.commands(envelope) {
            let reply = self.connection.command(&line, Phase::Commands).await?;
            let wanted = if line == "DATA" { reply.code == 354 } else { reply.is_positive() };
            if !wanted {
                return self.refused(reply);
            }
        }
        Ok(Opened::Go)
    }

    fn announce(&mut self, bytes: &mut Vec<u8>, envelope: &Envelope) {
        self.connection.mails += 1;
        for line in self.connection.capabilities.commands(envelope) {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
    }

    async fn reply(&mut self) -> Result<Reply, SmtpError> {
        let limit = self.connection.timeouts.command;
        self.connection.read_reply(Phase::Commands, limit).await
    }

    async fn expect_reset(&mut self) -> Result<(), SmtpError> {
        let reply = self.reply().await?;
        self.accept_reset(reply)
    }

    fn accept_reset(&mut self, reply: Reply) -> Result<(), SmtpError> {
        if !reply.is_positive() {
            let phase = Phase::Commands;
            return Err(SmtpError::Refused { phase, reply });
        }
        self.connection.needs_reset = false;
        Ok(())
    }

    /// Weighs the three answers to pipelined commands.
    async fn judge(&mut self, mail: &Reply, rcpt: &Reply, data: Reply) -> Result<Opened, SmtpError> {
        let waits_for_body = data.code == 354;
        let refusal = [mail, rcpt].into_iter().find(|reply| !reply.is_positive());
        let Some(refusal) = refusal else {
            if waits_for_body {
                return Ok(Opened::Go);
            }
            return self.refused(data);
        };
        if waits_for_body {
            // It refused the mail and waits for a body all the same: it gets an empty one.
            let limit = self.connection.timeouts.command;
            let written = self.connection.write(b".\r\n", Phase::Commands, limit).await;
            if let Some(cause) = written.failure {
                return Err(cause);
            }
            self.reply().await?;
        }
        self.refused(refusal.clone())
    }

    fn refused(&mut self, reply: Reply) -> Result<Opened, SmtpError> {
        let phase = Phase::Commands;
        if reply.is_closing() || !reply.is_refusal() {
            return Err(SmtpError::Refused { phase, reply });
        }
        self.connection.needs_reset = true;
        Ok(Opened::Refused(Outcome::from_refusal(&reply)))
    }

    /// Sends the body, and with it the commands of `next`, and waits for the relay's verdict.
    async fn transfer(&mut self, current: &mut Envelope, next: Option<&Envelope>) -> Sent {
        let mut bytes = std::mem::take(&mut current.data);
        let body_end = bytes.len();
        if let Some(next) = next {
            self.announce(&mut bytes, next);
        }
        let limit = self.connection.timeouts.body;
        let written = self.connection.write(&bytes, Phase::Body, limit).await;
        bytes.truncate(body_end);
        current.data = bytes;
        if let Written { bytes: taken, failure: Some(cause) } = written {
            if taken < body_end {
                return self.not_handed(cause).await;
            }
            return in_doubt(cause);
        }
        let limit = self.connection.timeouts.reply;
        match self.connection.read_reply(Phase::Reply, limit).await {
            Ok(reply) => decided(reply),
            Err(cause) => in_doubt(cause),
        }
    }

    /// The end of the body never left: the relay cannot have the mail, but may have said why.
    async fn not_handed(&mut self, cause: SmtpError) -> Sent {
        let moment = std::time::Duration::from_millis(500);
        match self.connection.read_reply(Phase::Body, moment).await {
            Ok(reply) if reply.is_refusal() && !reply.is_closing() => {
                Sent::Decided { outcome: Outcome::from_refusal(&reply), broken: Some(cause) }
            }
            _ => Sent::NotHanded(cause),
        }
    }
}

fn lost(unsent: Vec<Envelope>, cause: SmtpError) -> Ending {
    Ending::Lost { unsent, cause }
}

fn in_doubt(cause: SmtpError) -> Sent {
    Sent::Decided { outcome: Outcome::Unknown { reason: cause.to_string() }, broken: Some(cause) }
}

fn decided(reply: Reply) -> Sent {
    if reply.is_positive() {
        return Sent::Decided { outcome: Outcome::Accepted { code: reply.code, text: reply.text() }, broken: None };
    }
    if !reply.is_refusal() {
        return in_doubt(SmtpError::Protocol { phase: Phase::Reply, what: format!("unexpected code {}", reply.code) });
    }
    let outcome = Outcome::from_refusal(&reply);
    let phase = Phase::Reply;
    let broken = reply.is_closing().then_some(SmtpError::Refused { phase, reply });
    Sent::Decided { outcome, broken }
}
