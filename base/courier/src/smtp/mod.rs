//! Delivery to one relay over kept connections (RFC 5321, 2920, 3207, 4954). Every envelope ends in
//! exactly one [`Outcome`]; the invariant guarded here is the line between [`Outcome::NotSent`]
//! (the relay cannot have the mail: send it again) and [`Outcome::Unknown`] (it may have it: never
//! send it again unasked).

mod config;
mod connection;
mod envelope;
mod handshake;
mod pool;
mod reply;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

pub use config::{Credentials, SmtpConfig, Timeouts, TlsMode};
pub use connection::{Phase, SmtpError};
pub use envelope::{Envelope, EnvelopeError};
pub use reply::Reply;

/// What became of one envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay took responsibility for the mail.
    Accepted {
        /// Reply code, 2xx.
        code: u16,
        /// Reply text, often the relay's queue id.
        text: String,
    },
    /// The relay refused the mail and does not have it.
    Rejected {
        /// Reply code: 4xx or 5xx.
        code: u16,
        /// Enhanced status such as `5.1.1` (RFC 3463), when the relay gave one.
        enhanced: Option<String>,
        /// Reply text.
        text: String,
        /// True for 5xx: sending the same mail again will fail again.
        permanent: bool,
    },
    /// The whole mail was handed over and no answer came back: the relay may or may not have it.
    Unknown {
        /// What was seen instead of an answer.
        reason: String,
    },
    /// The relay cannot have the mail; sending it again cannot make a double.
    NotSent {
        /// What went wrong.
        reason: String,
    },
}

impl Outcome {
    fn from_refusal(reply: &Reply) -> Self {
        Self::Rejected { code: reply.code, enhanced: reply.enhanced(), text: reply.text(), permanent: reply.is_permanent() }
    }

    /// Tells whether the same mail may be handed over again without the risk of a double.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::NotSent { .. } => true,
            Self::Rejected { permanent, .. } => !permanent,
            Self::Accepted { .. } | Self::Unknown { .. } => false,
        }
    }
}

/// What [`Courier::probe`] learned about the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// First line the relay greets with.
    pub banner: String,
    /// Extensions it offers after TLS, as it writes them.
    pub extensions: Vec<String>,
    /// TLS version in use, `None` for a plain connection.
    pub tls: Option<String>,
    /// True when credentials were given and taken.
    pub authenticated: bool,
    /// Time from connecting to the last answer, in milliseconds.
    pub elapsed_ms: u64,
}

/// Delivers envelopes to one relay. Clones share the same connections.
#[derive(Clone)]
pub struct Courier {
    pool: Arc<pool::Pool>,
}

impl Courier {
    /// Prepares delivery; connects only when something is to be sent.
    ///
    /// # Errors
    /// Returns [`SmtpError::Config`] for settings that contradict each other or a broken certificate.
    pub fn new(config: SmtpConfig) -> Result<Self, SmtpError> {
        Ok(Self { pool: Arc::new(pool::Pool::new(config)?) })
    }

    /// Delivers a batch over the pool's connections, all of them at once, and reports `(id, outcome)`
    /// for each envelope in the order the relay answers; the channel closes after the last.
    ///
    /// A slow receiver slows the delivery down. If the receiver is dropped, no further mail is begun
    /// and those already begun end unreported: they count as unknown. Several batches may run at
    /// once; together they use no more connections than configured.
    ///
    /// Must be called inside a tokio runtime.
    pub fn deliver(&self, batch: Vec<Envelope>) -> mpsc::Receiver<(i64, Outcome)> {
        pool::deliver(&self.pool, batch)
    }

    /// Connects, greets, secures and authenticates on a connection of its own, without sending a mail.
    ///
    /// # Errors
    /// Returns the step that failed and why.
    pub async fn probe(&self) -> Result<Probe, SmtpError> {
        let started = Instant::now();
        let mut connection = self.pool.connect().await?;
        connection.noop().await?;
        let elapsed = started.elapsed();
        let probe = Probe {
            banner: connection.banner.clone(),
            extensions: connection.capabilities.lines.clone(),
            tls: connection.tls_version.clone(),
            authenticated: connection.authenticated,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        connection.quit(Duration::from_secs(2)).await;
        Ok(probe)
    }

    /// Says goodbye on every idle connection.
    pub async fn close_idle(&self) {
        self.pool.close_idle().await;
    }
}
