//! The listener: takes connections of this machine, gathers their mails and hands them to the sink.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attune_kernel::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::dialogue::Dialogue;
use super::{MailSink, ReceivedMail};

/// Most mails handed to the sink at once.
const BATCH: usize = 500;

/// Bounds of the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxLimits {
    /// Largest message in bytes.
    pub message_bytes: usize,
    /// Connections served at once; further ones are told to come back.
    pub connections: usize,
    /// Recipients of one mail.
    pub recipients: usize,
    /// Silence after which a connection is closed.
    pub silence: Duration,
}

impl Default for MailboxLimits {
    fn default() -> Self {
        Self { message_bytes: 10 * 1024 * 1024, connections: 100, recipients: 100, silence: Duration::from_secs(300) }
    }
}

/// Why the mailbox cannot open.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// The address can be reached from other machines.
    #[error("mailbox address {0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// The port is taken or forbidden.
    #[error("mailbox cannot listen on {address}: {source}")]
    Bind {
        /// Address wanted.
        address: SocketAddr,
        /// Cause.
        source: io::Error,
    },
}

/// A mail on its way to the sink and the way back of the answer.
pub(super) struct Handed {
    pub(super) mail: ReceivedMail,
    pub(super) kept: oneshot::Sender<bool>,
}

/// What every connection shares.
pub(super) struct Desk {
    pub(super) limits: MailboxLimits,
    pub(super) clock: Clock,
    pub(super) keeper: mpsc::Sender<Handed>,
}

/// A bound listener.
pub struct MailboxServer {
    listener: TcpListener,
    address: SocketAddr,
    sink: Arc<dyn MailSink>,
    clock: Clock,
    limits: MailboxLimits,
}

impl MailboxServer {
    /// Opens the port; port 0 lets the system choose, see [`MailboxServer::address`].
    ///
    /// # Errors
    /// Returns [`MailboxError::NotLoopback`] for an address other machines could reach, and
    /// [`MailboxError::Bind`] when the port cannot be had.
    pub async fn bind(address: SocketAddr, sink: Arc<dyn MailSink>, clock: Clock, limits: MailboxLimits) -> Result<Self, MailboxError> {
        if !address.ip().is_loopback() {
            return Err(MailboxError::NotLoopback(address));
        }
        let failed = |source| MailboxError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, sink, clock, limits })
    }

    /// Gives the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled; mails already handed to the sink are still answered.
    pub async fn serve(self, stop: CancellationToken) {
        let (keeper, handed) = mpsc::channel(BATCH);
        let keeping = tokio::spawn(keep(self.sink, handed));
        let desk = Arc::new(Desk { limits: self.limits, clock: self.clock, keeper });
        let permits = Arc::new(Semaphore::new(self.limits.connections));
        let mut open = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = open.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(cause) => {
                    tracing::warn!(%cause, "mailbox could not take a connection");
                    // Out of descriptors: the next try at once would only fail again.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let permit = permits.clone().try_acquire_owned();
            let (desk, stop) = (desk.clone(), stop.clone());
            open.spawn(async move {
                let Ok(_permit) = permit else {
                    return turn_away(stream).await;
                };
                if let Err(cause) = Dialogue::new(stream, &desk).run(&stop).await {
                    tracing::debug!(%cause, "mailbox connection ended");
                }
            });
        }
        while open.join_next().await.is_some() {}
        drop(desk);
        let _ = keeping.await;
    }
}

async fn turn_away(mut stream: TcpStream) {
    use tokio::io::AsyncWriteExt;
    let _ = stream.write_all(b"421 4.3.2 too many connections, try again\r\n").await;
}

/// Hands whatever has gathered to the sink, never waiting for more.
async fn keep(sink: Arc<dyn MailSink>, mut handed: mpsc::Receiver<Handed>) {
    let mut gathered = Vec::with_capacity(BATCH);
    while handed.recv_many(&mut gathered, BATCH).await > 0 {
        let mut mails = Vec::with_capacity(gathered.len());
        let mut answers = Vec::with_capacity(gathered.len());
        for Handed { mail, kept } in gathered.drain(..) {
            mails.push(mail);
            answers.push(kept);
        }
        let result = sink.keep(mails).await;
        if let Err(fault) = &result {
            tracing::error!(%fault, mails = answers.len(), "mailbox could not keep mail");
        }
        for answer in answers {
            // The sender may have hung up meanwhile; the mail is kept all the same.
            let _ = answer.send(result.is_ok());
        }
    }
}
