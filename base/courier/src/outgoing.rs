//! From rendered mail to sealed envelope: compose, sign and frame on every core, off the async
//! threads, so that the connections only write. The same mail sealed at the same time is the same envelope.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::dkim::{DkimError, DkimSigner, sign_message};
use crate::message::{Mail, MessageError};
use crate::smtp::{Envelope, EnvelopeError};

/// One rendered mail on its way to one recipient.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Id under which the outcome is reported.
    pub id: i64,
    /// Address the relay is asked to deliver to.
    pub recipient: String,
    /// The mail itself.
    pub mail: Mail,
}

/// Why a mail cannot be sealed; a retry repeats it, so it counts as failed for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The mail is malformed.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// It cannot be signed.
    #[error(transparent)]
    Dkim(#[from] DkimError),
    /// Its envelope is malformed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The sealing thread ended early.
    #[error("sealing was interrupted")]
    Interrupted,
}

/// Composes, signs and frames one mail, dated `sent_at` (unix µs UTC). Without signers it stays unsigned.
///
/// # Errors
/// Returns what is malformed.
pub fn seal(outgoing: &Outgoing, signers: &[DkimSigner], sent_at: i64) -> Result<Envelope, OutgoingError> {
    let message = outgoing.mail.compose(sent_at)?;
    let signed = sign_message(signers, message, sent_at)?;
    let envelope = Envelope::new(outgoing.id, &outgoing.mail.return_path, &outgoing.recipient, signed)?;
    Ok(envelope)
}

/// Seals a batch on every core; results keep the order of `batch` and carry its ids.
pub async fn seal_many(batch: Vec<Outgoing>, signers: Arc<[DkimSigner]>, sent_at: i64) -> Vec<(i64, Result<Envelope, OutgoingError>)> {
    let ids: Vec<i64> = batch.iter().map(|outgoing| outgoing.id).collect();
    let sealed = spread(batch, move |outgoing| seal(&outgoing, &signers, sent_at), || Err(OutgoingError::Interrupted)).await;
    ids.into_iter().zip(sealed).collect()
}

/// Runs `work` over all items on as many blocking threads as there are cores, keeping their order.
///
/// `lost` stands in for the items of a thread that ended early.
pub(crate) async fn spread<T, R>(items: Vec<T>, work: impl Fn(T) -> R + Clone + Send + 'static, lost: fn() -> R) -> Vec<R>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let total = items.len();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = total.div_ceil(cores).max(1);
    let mut tasks = JoinSet::new();
    let mut items = items.into_iter();
    for start in (0..total).step_by(share) {
        let chunk: Vec<T> = items.by_ref().take(share).collect();
        let work = work.clone();
        tasks.spawn_blocking(move || (start, chunk.into_iter().map(work).collect::<Vec<R>>()));
    }
    let mut results: Vec<R> = std::iter::repeat_with(lost).take(total).collect();
    while let Some(done) = tasks.join_next().await {
        let Ok((start, part)) = done else { continue };
        for (slot, result) in results.iter_mut().skip(start).zip(part) {
            *slot = result;
        }
    }
    results
}
