//! The job that sends a mailing: while one batch goes over the wire the next is rendered and signed and the one after that leased and judged.

use std::sync::Arc;

use attune_courier::{Courier, Envelope};
use attune_db::Tx;
use attune_house::Parts;
use attune_jobs::{Bench, BoxFuture, JobContext, JobSpec, Run, Verdict};
use attune_kernel::{Fault, SECOND_US};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Kind;
use super::arbiter::{Policy, Reason};
use super::batch::{self, Chosen};
use super::delivery::{Press, Unmade, press_all};
use super::store::{self, Mailing, MailingState, Turn};
use super::token::Linker;
use super::wire::Wire;
use crate::suppression::erased::Fingerprints;
use crate::template::{Body, store as templates};
use crate::{campaign, push_funnel, rules};

/// The kind of the job.
pub const SEND_JOB: &str = "interact.send_mails";
/// Rows a batch leases.
const BATCH: i64 = 1_000;
/// The shortest and the longest wait while the relay is down.
const RELAY_WAIT_US: (i64, i64) = (5 * SECOND_US, 300 * SECOND_US);

/// Puts the job that sends `mailing_id`, unless one is there.
pub(super) async fn put_job(tx: &mut Tx, bench: &Bench, mailing_id: i64) -> Result<(), Fault> {
    let spec = JobSpec::new(SEND_JOB, serde_json::json!({ "mailing_id": mailing_id })).unique(format!("send:{mailing_id}"));
    attune_jobs::put(tx, bench, spec).await?;
    Ok(())
}

/// The kind of the job that looks after running mailings.
pub const WAKE_JOB: &str = "interact.wake_mailings";

/// Puts the sending job of every running mailing that has none: somebody resumed it in the moment the old one ended.
pub struct Waker;

impl Run for Waker {
    fn run<'a>(&'a self, context: &'a JobContext, _: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let mut tx = context.bench.db.begin().await?;
            for mailing_id in store::list_running(&mut tx).await? {
                put_job(&mut tx, &context.bench, mailing_id).await?;
            }
            tx.commit().await?;
            Ok(Verdict::Done(None))
        })
    }
}

/// Sends mailings.
#[derive(Clone)]
pub struct Sender {
    courier: Courier,
    linker: Linker,
    fingerprints: Fingerprints,
}

impl Run for Sender {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let payload: serde_json::Value = serde_json::from_str(payload)?;
            let mailing_id = payload.get("mailing_id").and_then(serde_json::Value::as_i64).unwrap_or_default();
            self.send(context, mailing_id).await
        })
    }
}

/// One life of the job.
pub(super) struct Shift {
    pub(super) bench: Bench,
    pub(super) courier: Courier,
    /// Names this life on the rows it holds.
    pub(super) lease_id: i64,
    press: Arc<Press>,
    fingerprints: Fingerprints,
    policy: Policy,
    stop: CancellationToken,
}

impl Sender {
    /// A sender on the house's courier.
    pub fn new(parts: &Parts) -> Self {
        let linker = Linker::new(&parts.secret, &parts.public_url);
        Self { courier: parts.courier.clone(), linker, fingerprints: Fingerprints::new(&parts.secret) }
    }

    async fn send(&self, context: &JobContext, mailing_id: i64) -> Result<Verdict, Fault> {
        let Some(shift) = self.begin(context, mailing_id).await? else { return Ok(Verdict::Done(None)) };
        let shift = Arc::new(shift);
        // Three tasks with room for one batch between them: on the embedded store a statement holds its task, and nobody else's.
        let ((chosen, coming), (ready, sealed)) = (mpsc::channel(1), mpsc::channel(1));
        let choosing = tokio::spawn(shift.clone().choose_all(chosen));
        let pressing = tokio::spawn(shift.clone().seal_all(coming, ready));
        let handed = Wire::new(&shift).hand_over(sealed).await;
        let ended = [pressing.await, choosing.await];
        shift.release().await?;
        for end in ended {
            end.map_err(|error| Fault::from(error).context("a part of the sending job broke off"))??;
        }
        shift.end(handed?).await
    }

    /// Takes back what an earlier life left and reads what the mailing needs; nothing when there is nothing to send.
    async fn begin(&self, context: &JobContext, mailing_id: i64) -> Result<Option<Shift>, Fault> {
        let bench = &context.bench;
        let now = bench.clock.now();
        let mut tx = bench.db.begin().await?;
        let Some(mailing) = store::find(&mut tx, mailing_id).await? else { return Ok(None) };
        let (planned, doubtful) = store::recover(&mut tx, mailing_id, now).await?;
        if planned + doubtful > 0 {
            tracing::warn!(mailing = mailing_id, planned, doubtful, "sends of an earlier life were taken back");
            tx.wake(super::SIGNAL);
        }
        let version = templates::get_version(&mut tx, mailing.version_id).await?;
        let policy = rules::policy(&mut tx).await?;
        let signers = rules::signers(&mut tx, &mailing.from_address).await?;
        let bounce_domain = attune_house::setting_text(&mut tx, "interact.bounce_domain", "").await?;
        tx.commit().await?;
        if mailing.state != MailingState::Running {
            return Ok(None);
        }
        let body = Body::cut(&version.subject, &version.html, &version.plain)?;
        let press = Press { body, mailing, linker: self.linker.clone(), signers, bounce_domain };
        let (bench, courier, stop) = (bench.clone(), self.courier.clone(), context.stop.clone());
        let fingerprints = self.fingerprints.clone();
        Ok(Some(Shift { lease_id: bench.ids.next(), bench, courier, press: Arc::new(press), fingerprints, policy, stop }))
    }
}

impl Shift {
    pub(super) fn mailing(&self) -> &Mailing {
        &self.press.mailing
    }

    /// Whether the process shall end: nothing more is handed over.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Leases and judges batches, as many ahead as `ready` has room for, until no row is due, nobody takes them or the process shall end.
    async fn choose_all(self: Arc<Self>, ready: mpsc::Sender<Vec<Chosen>>) -> Result<(), Fault> {
        while let Ok(room) = ready.reserve().await {
            if self.is_stopping() {
                break;
            }
            let now = self.bench.clock.now();
            let (leased, chosen) =
                batch::choose(&self.bench.db, &self.fingerprints, self.mailing(), &self.policy, self.lease_id, now, BATCH).await?;
            if leased == 0 {
                break;
            }
            room.send(chosen);
        }
        Ok(())
    }

    /// Renders and seals batches, as many ahead as `ready` has room for. Those in which nobody gets mail are passed over.
    async fn seal_all(self: Arc<Self>, mut coming: mpsc::Receiver<Vec<Chosen>>, ready: mpsc::Sender<Vec<Envelope>>) -> Result<(), Fault> {
        while let Ok(room) = ready.reserve().await {
            let envelopes = loop {
                let Some(chosen) = coming.recv().await else { return Ok(()) };
                let envelopes = self.press_batch(chosen, self.bench.clock.now()).await?;
                if !envelopes.is_empty() {
                    break envelopes;
                }
            };
            room.send(envelopes);
        }
        Ok(())
    }

    /// Renders and seals; mails that cannot be made end here, each with its reason.
    async fn press_batch(&self, chosen: Vec<Chosen>, now: i64) -> Result<Vec<Envelope>, Fault> {
        let mut envelopes = Vec::with_capacity(chosen.len());
        let mut turns = Vec::new();
        for (id, made) in press_all(self.press.clone(), chosen, now).await {
            match made {
                Ok(envelope) => envelopes.push(envelope),
                Err(Unmade::MergeTag(_)) => turns.push(batch::skipped(id, Reason::MergeTag, now)),
                Err(Unmade::Malformed(reason)) => {
                    turns.push(Turn { id, state: "failed", reason: Some(reason), due_at: None, ended_at: Some(now), attempt: true });
                }
            }
        }
        batch::write_turns(&self.bench.db, &turns).await?;
        Ok(envelopes)
    }

    async fn release(&self) -> Result<(), Fault> {
        let mut tx = self.bench.db.begin().await?;
        store::release(&mut tx, self.mailing().id, self.lease_id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Finishes the mailing when every row has ended; else says when to come back.
    async fn end(&self, relay_error: Option<String>) -> Result<Verdict, Fault> {
        let now = self.bench.clock.now();
        let mut tx = self.bench.db.begin().await?;
        let mailing = store::get(&mut tx, self.mailing().id).await?;
        let (on_the_way, planned, next_at) = store::left(&mut tx, mailing.id).await?;
        if mailing.state == MailingState::Cancelled {
            // Rows that were leased when somebody cancelled.
            store::skip_planned(&mut tx, mailing.id, Reason::Cancelled.word(), now).await?;
            tx.commit().await?;
            return Ok(Verdict::Done(None));
        }
        if mailing.state != MailingState::Running {
            return Ok(Verdict::Done(None));
        }
        if on_the_way + planned == 0 {
            finish(&mut tx, &self.bench, &mailing, now).await?;
            tx.commit().await?;
            return Ok(Verdict::Done(None));
        }
        if let Some(why) = relay_error {
            let down_us = mailing.relay_error_at.map_or(0, |since| now - since);
            return Ok(Verdict::Retry((down_us / 2).clamp(RELAY_WAIT_US.0, RELAY_WAIT_US.1), why));
        }
        if self.is_stopping() {
            return Ok(Verdict::Retry(0, "the process is stopping".to_owned()));
        }
        let wait = next_at.map_or(SECOND_US, |at| (at - now).max(1_000));
        Ok(Verdict::Retry(wait, "the next mails are due later".to_owned()))
    }
}

async fn finish(tx: &mut Tx, bench: &Bench, mailing: &Mailing, now: i64) -> Result<(), Fault> {
    store::end_mailing(tx, mailing.id, MailingState::Finished, now).await?;
    tx.wake(super::SIGNAL);
    match mailing.kind {
        Kind::Campaign => campaign::finished(tx, mailing.owner_id, now).await,
        Kind::Round => push_funnel::round_sent(tx, bench, mailing.owner_id, now).await,
    }
}
