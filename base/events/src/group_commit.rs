//! Many callers, one commit: each is answered only after its item is durable, and no one waits on a clock.

use std::sync::Arc;

use attune_db::{Db, Tx};
use attune_kernel::Fault;
use tokio::sync::{mpsc, oneshot};

use crate::BoxFuture;

/// How a batch of items is written in one transaction.
pub trait Batch: Send + Sync + 'static {
    /// What callers hand in.
    type Item: Send + Sync + 'static;
    /// What each is answered.
    type Reply: Send + 'static;

    /// Writes `items` and answers one reply for each, in order. It may be called again with the same items after a failed commit.
    fn write<'a>(&'a self, tx: &'a mut Tx, items: &'a [Self::Item]) -> BoxFuture<'a, Result<Vec<Self::Reply>, Fault>>;

    /// Told once the transaction that made `replies` has committed.
    fn committed(&self, _replies: &[Self::Reply]) {}

    /// How much work an item is; most are 1.
    fn weight(&self, _item: &Self::Item) -> usize {
        1
    }
}

/// The queue in front of a [`Batch`].
pub struct GroupCommit<B: Batch> {
    queue: mpsc::Sender<Waiting<B>>,
}

impl<B: Batch> Clone for GroupCommit<B> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

struct Waiting<B: Batch> {
    item: B::Item,
    answer: oneshot::Sender<Result<B::Reply, String>>,
}

/// Why an item was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Full {
    /// The queue is full: nothing was written, the caller may come again.
    #[error("too many events are waiting; try again in a second")]
    Queue,
    /// The store refused the batch.
    #[error("the event was not stored: {0}")]
    Store(String),
}

impl<B: Batch> GroupCommit<B> {
    /// Starts the writer. `capacity` items may wait, at most `largest` go into one transaction.
    pub fn start(db: Db, batch: Arc<B>, capacity: usize, largest: usize) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Waiting<B>>(capacity);
        tokio::spawn(async move {
            let mut taken = Vec::with_capacity(largest);
            // What has queued up while the last batch was being written is the next batch.
            while waiting.recv_many(&mut taken, largest).await > 0 {
                write_all(&db, batch.as_ref(), std::mem::take(&mut taken)).await;
            }
        });
        Self { queue }
    }

    /// Hands in an item and waits until it is durable. A full queue refuses at once.
    pub async fn offer(&self, item: B::Item) -> Result<B::Reply, Full> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { item, answer }).map_err(|_| Full::Queue)?;
        match answered.await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(reason)) => Err(Full::Store(reason)),
            Err(_) => Err(Full::Store("the writer stopped".to_owned())),
        }
    }

    /// How many more items the queue takes now.
    pub fn room(&self) -> usize {
        self.queue.capacity()
    }
}

async fn write_all<B: Batch>(db: &Db, batch: &B, taken: Vec<Waiting<B>>) {
    let (items, answers): (Vec<_>, Vec<_>) = taken.into_iter().map(|w| (w.item, w.answer)).unzip();
    let mut written = write_once(db, batch, &items).await;
    for _ in 0..3 {
        match &written {
            Err(fault) if fault.find::<attune_db::DbError>().is_some_and(attune_db::DbError::is_transient) => {
                written = write_once(db, batch, &items).await;
            }
            _ => break,
        }
    }
    match written {
        Ok(replies) => {
            batch.committed(&replies);
            for (answer, reply) in answers.into_iter().zip(replies) {
                let _ = answer.send(Ok(reply));
            }
        }
        Err(fault) => {
            tracing::error!(%fault, items = items.len(), "a batch was not written");
            for answer in answers {
                let _ = answer.send(Err(fault.to_string()));
            }
        }
    }
}

async fn write_once<B: Batch>(db: &Db, batch: &B, items: &[B::Item]) -> Result<Vec<B::Reply>, Fault> {
    let mut tx = db.begin().await?;
    let replies = batch.write(&mut tx, items).await?;
    tx.commit().await?;
    Ok(replies)
}
