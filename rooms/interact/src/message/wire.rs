//! The wire: mails are marked as handed over, written to the relay, and what became of them is kept, a window at a time.
//!
//! Guards that a mail is marked in a committed transaction before the relay sees it: what a dead process leaves in doubt is at most one
//! window. While a transaction commits, the rest of the window is on the wire.

use std::collections::{HashSet, VecDeque};

use attune_courier::Envelope;
use attune_courier::smtp::Outcome;
use attune_kernel::Fault;
use futures::StreamExt;
use futures::stream::SelectAll;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::sender::Shift;
use super::{outcome, store};

/// The window: mails that are marked and whose outcome is not kept yet.
const WINDOW: usize = 200;
/// Mails are marked when so much of the window is free: fewer at a time would be a commit for little.
const REFILL: usize = WINDOW / 2;

/// The answers to every delivery that is not over.
type Outcomes = SelectAll<ReceiverStream<(i64, Outcome)>>;

/// What the relay has answered by now, at least one answer; nothing when no delivery is left.
async fn come_back(outcomes: &mut Outcomes) -> Option<Vec<(i64, Outcome)>> {
    outcomes.ready_chunks(WINDOW).next().await
}

/// The mails of one life of the sending job.
pub(super) struct Wire<'a> {
    shift: &'a Shift,
    waiting: VecDeque<Envelope>,
    outcomes: Outcomes,
    /// Came back from the relay and is not kept yet.
    back: Vec<(i64, Outcome)>,
    /// Marked and not kept.
    in_flight: usize,
    relay_error: Option<String>,
}

impl<'a> Wire<'a> {
    pub(super) fn new(shift: &'a Shift) -> Self {
        Self { shift, waiting: VecDeque::new(), outcomes: SelectAll::new(), back: Vec::new(), in_flight: 0, relay_error: None }
    }

    /// Hands over what comes until no more does, the process shall stop or the relay takes nothing; then waits for what is in flight.
    /// Answers why the relay takes nothing; what was not handed over by then stays leased.
    pub(super) async fn hand_over(mut self, mut coming: mpsc::Receiver<Vec<Envelope>>) -> Result<Option<String>, Fault> {
        loop {
            if self.shift.is_stopping() || self.relay_is_down() {
                self.waiting.clear();
                coming.close();
            }
            let few = self.next_few();
            if !few.is_empty() || !self.back.is_empty() {
                self.turn_over(few).await?;
                continue;
            }
            tokio::select! {
                Some(batch) = coming.recv(), if self.waiting.is_empty() => self.waiting.extend(batch),
                came = come_back(&mut self.outcomes), if self.in_flight > 0 => match came {
                    Some(came) => self.back = came,
                    // Nobody answers for the rest: the next life of the job puts it in doubt.
                    None => self.in_flight = 0,
                },
                else => return Ok(self.relay_error),
            }
        }
    }

    fn relay_is_down(&self) -> bool {
        self.relay_error.is_some() || self.back.iter().any(|(_, outcome)| matches!(outcome, Outcome::NotSent { .. }))
    }

    /// What the window has room for; nothing while the room is not worth a commit.
    fn next_few(&mut self) -> Vec<Envelope> {
        let room = WINDOW - self.in_flight.saturating_sub(self.back.len()).min(WINDOW);
        if room < REFILL {
            return Vec::new();
        }
        self.waiting.drain(..room.min(self.waiting.len())).collect()
    }

    /// Keeps what came back and marks the next mails, in one transaction; then lets those go.
    async fn turn_over(&mut self, few: Vec<Envelope>) -> Result<(), Fault> {
        let ids: Vec<i64> = few.iter().map(Envelope::id).collect();
        let (held, relay_error) = self.write(&ids).await?;
        self.in_flight = self.in_flight.saturating_sub(self.back.len()) + held.len();
        self.back.clear();
        self.relay_error = relay_error.or(self.relay_error.take());
        let few: Vec<Envelope> = few.into_iter().filter(|envelope| held.contains(&envelope.id())).collect();
        if !few.is_empty() {
            self.outcomes.push(ReceiverStream::new(self.shift.courier.deliver(few)));
        }
        Ok(())
    }

    /// The transaction of [`Wire::turn_over`], tried again while others are in its way: what came back must not be lost.
    async fn write(&self, ids: &[i64]) -> Result<(HashSet<i64>, Option<String>), Fault> {
        let mut tries = 0;
        loop {
            match self.write_once(ids).await {
                Err(fault) if tries < 5 && fault.find::<attune_db::DbError>().is_some_and(attune_db::DbError::is_transient) => tries += 1,
                done => return done,
            }
        }
    }

    async fn write_once(&self, ids: &[i64]) -> Result<(HashSet<i64>, Option<String>), Fault> {
        let (bench, mailing) = (&self.shift.bench, self.shift.mailing());
        let mut tx = bench.db.begin().await?;
        let tally = outcome::write(&mut tx, &bench.ids, mailing, &self.back, bench.clock.now()).await?;
        let held = store::mark_handed(&mut tx, mailing.id, self.shift.lease_id, ids).await?;
        tx.commit().await?;
        Ok((held.into_iter().collect(), tally.relay_error))
    }
}
