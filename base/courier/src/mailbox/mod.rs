//! The built-in mailbox: an SMTP listener on this machine that keeps every mail and forwards none,
//! so that the demo and tests send through the real road. Guards that a mail is acknowledged only
//! after its sink has made it durable, and that nobody outside this machine can reach it.

mod dialogue;
mod listener;
mod reading;
mod store;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use attune_kernel::Fault;
use futures::future::BoxFuture;

pub use listener::{MailboxError, MailboxLimits, MailboxServer};
pub use reading::{ReadMail, read};
pub use store::{KEPT_SIGNAL, MailSummary, MailboxMailId, StoreSink, StoredMail, erase_before, erase_to, find, list, list_to, migrations};

/// One mail as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// When the last byte came, unix µs UTC.
    pub received_at: i64,
    /// Envelope sender; empty for the null sender.
    pub mail_from: String,
    /// Envelope recipients, in the order they were named.
    pub rcpt_to: Vec<String>,
    /// The message, dots unstuffed, lines ended by CRLF.
    pub raw: Vec<u8>,
}

/// Where received mail is kept.
pub trait MailSink: Send + Sync + 'static {
    /// Keeps all mails or none. Senders get their 250 only after this returned `Ok`; on `Err` they
    /// are told to try again.
    fn keep(&self, mails: Vec<ReceivedMail>) -> BoxFuture<'_, Result<(), Fault>>;
}

/// Keeps mail in memory, for tests.
#[derive(Debug, Clone, Default)]
pub struct MemorySink {
    kept: Arc<Mutex<Vec<ReceivedMail>>>,
}

impl MemorySink {
    /// Gives a copy of everything kept so far.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl MailSink for MemorySink {
    fn keep(&self, mails: Vec<ReceivedMail>) -> BoxFuture<'_, Result<(), Fault>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).extend(mails);
        Box::pin(async { Ok(()) })
    }
}
