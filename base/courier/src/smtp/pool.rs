//! Kept connections to one relay, shared by all batches, and the workers that use them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, SmtpError};
use super::session::{Ending, Run};
use super::tls::Tls;
use super::{Envelope, Outcome, SmtpConfig, handshake};

/// Time given to a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Connections to one relay.
pub(super) struct Pool {
    config: SmtpConfig,
    tls: Option<Tls>,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
    sweeping: AtomicBool,
}

/// Envelopes of one batch that wait for a connection.
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Envelope>>,
    emptied: CancellationToken,
}

impl Queue {
    pub(super) fn take(&self) -> Option<Envelope> {
        lock(&self.waiting).pop_front()
    }

    fn put_back(&self, envelopes: Vec<Envelope>) {
        let mut waiting = lock(&self.waiting);
        for envelope in envelopes.into_iter().rev() {
            waiting.push_front(envelope);
        }
    }

    fn take_all(&self) -> VecDeque<Envelope> {
        std::mem::take(&mut lock(&self.waiting))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(super) fn new(config: SmtpConfig) -> Result<Self, SmtpError> {
        config.check()?;
        Ok(Self {
            tls: Tls::new(&config)?,
            permits: Semaphore::new(config.connections),
            idle: Mutex::new(Vec::with_capacity(config.connections)),
            sweeping: AtomicBool::new(false),
            config,
        })
    }

    /// Opens a connection outside the count of kept ones.
    pub(super) async fn connect(&self) -> Result<Connection, SmtpError> {
        handshake::connect(&self.config, self.tls.as_ref()).await
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        while let Some(connection) = idle.pop() {
            if connection.rested_since.elapsed() < self.config.idle {
                return Some(connection);
            }
        }
        None
    }

    fn rest(self: &Arc<Self>, mut connection: Connection) {
        connection.rested_since = Instant::now();
        lock(&self.idle).push(connection);
        if self.sweeping.swap(true, Ordering::AcqRel) {
            return;
        }
        let pool = Arc::downgrade(self);
        let pause = self.config.idle.max(Duration::from_millis(10));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(pool) = pool.upgrade() else { return };
                if pool.sweep().await {
                    return;
                }
            }
        });
    }

    /// Closes connections that rested too long; true when none is left and the sweeping may end.
    async fn sweep(&self) -> bool {
        let (old, done) = {
            let mut idle = lock(&self.idle);
            let limit = self.config.idle;
            let (old, kept): (Vec<_>, Vec<_>) = idle.drain(..).partition(|connection| connection.rested_since.elapsed() >= limit);
            *idle = kept;
            let done = idle.is_empty();
            if done {
                // Under the lock, so that a connection put to rest now starts the next sweeper.
                self.sweeping.store(false, Ordering::Release);
            }
            (old, done)
        };
        for connection in old {
            connection.quit(GOODBYE).await;
        }
        done
    }

    pub(super) async fn close_idle(&self) {
        let all = std::mem::take(&mut *lock(&self.idle));
        for connection in all {
            connection.quit(GOODBYE).await;
        }
    }
}

/// Starts the workers of one batch.
pub(super) fn deliver(pool: &Arc<Pool>, batch: Vec<Envelope>) -> mpsc::Receiver<(i64, Outcome)> {
    let count = pool.config.connections.min(batch.len());
    let (outcomes, receiver) = mpsc::channel((pool.config.connections * 4).max(64));
    let queue = Arc::new(Queue { waiting: Mutex::new(batch.into()), emptied: CancellationToken::new() });
    let alive = Arc::new(AtomicUsize::new(count));
    for _ in 0..count {
        let worker = Worker { pool: pool.clone(), queue: queue.clone(), outcomes: outcomes.clone(), alive: alive.clone() };
        tokio::spawn(worker.work());
    }
    receiver
}

/// One of the workers that empty the queue of a batch; each holds at most one connection.
struct Worker {
    pool: Arc<Pool>,
    queue: Arc<Queue>,
    outcomes: mpsc::Sender<(i64, Outcome)>,
    alive: Arc<AtomicUsize>,
}

impl Worker {
    async fn work(self) {
        let failure = self.empty_queue().await;
        // The last to leave answers for what is left, so that no envelope goes unreported.
        if self.alive.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let failure = failure.or_else(|| self.leftover_reason());
        let Some(reason) = failure else { return };
        for envelope in self.queue.take_all() {
            let reason = reason.clone();
            let outcome = Outcome::NotSent { reason };
            if self.outcomes.send((envelope.id, outcome)).await.is_err() {
                return;
            }
        }
    }

    fn leftover_reason(&self) -> Option<String> {
        let left = !lock(&self.queue.waiting).is_empty();
        left.then(|| "the connections to the relay failed".to_owned())
    }

    /// Works until the queue is empty (`None`) or the relay cannot be reached (the reason).
    async fn empty_queue(&self) -> Option<String> {
        let _permit = tokio::select! {
            // A worker that finds the queue empty sends home those who still wait for a permit.
            () = self.queue.emptied.cancelled() => return None,
            permit = self.pool.permits.acquire() => permit.ok()?,
        };
        while !self.outcomes.is_closed() {
            let Some(first) = self.queue.take() else {
                self.queue.emptied.cancel();
                return None;
            };
            let kept = self.pool.take_idle();
            let was_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => match self.pool.connect().await {
                    Ok(connection) => connection,
                    Err(cause) => return Some(self.give_back(first, &cause)),
                },
            };
            let carried_before = connection.mails;
            let ending = Run {
                connection: &mut connection,
                queue: &self.queue,
                outcomes: &self.outcomes,
                mails_per_connection: self.pool.config.mails_per_connection,
            }
            .drive(first)
            .await;
            match ending {
                Ending::Idle => self.pool.rest(connection),
                Ending::Worn => connection.quit(GOODBYE).await,
                Ending::Lost { unsent, cause } => {
                    let progressed = connection.mails > carried_before + unsent_count(&unsent);
                    if was_kept || progressed {
                        // A kept connection may have been closed meanwhile: a fresh one decides.
                        self.queue.put_back(unsent);
                    } else {
                        self.report_unsent(unsent, &cause).await;
                    }
                }
            }
        }
        None
    }

    fn give_back(&self, envelope: Envelope, cause: &SmtpError) -> String {
        tracing::warn!(relay = %self.pool.config.relay(), %cause, "relay cannot be reached");
        self.queue.put_back(vec![envelope]);
        cause.to_string()
    }

    async fn report_unsent(&self, unsent: Vec<Envelope>, cause: &SmtpError) {
        tracing::warn!(relay = %self.pool.config.relay(), %cause, "relay broke off before a mail");
        for envelope in unsent {
            let reason = cause.to_string();
            let outcome = Outcome::NotSent { reason };
            let _ = self.outcomes.send((envelope.id, outcome)).await;
        }
    }
}

fn unsent_count(unsent: &[Envelope]) -> u32 {
    u32::try_from(unsent.len()).unwrap_or(u32::MAX)
}
