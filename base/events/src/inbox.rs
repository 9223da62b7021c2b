//! Acknowledged at once, written behind: what comes in faster than it can be worked into the store waits on the disk.
//!
//! Guards that nothing acknowledged is lost or written twice: the transaction that writes an item also notes how far the journal has been
//! worked off, and a start takes up what lies behind that mark. Several processes may keep and write on one store: whoever writes holds the
//! mark, and takes up what others left between his own lines.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use attune_db::{Column, Conflict, Db, DbError, Journal, Relation, Tx, params, sql};
use attune_kernel::{Clock, Fault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::rest::Rest;
use crate::{Batch, Full, GroupCommit};

/// How many items go into the journal with one wait for the disk.
const TOGETHER: usize = 512;
/// How much is written in one transaction: others wait for the writer as long as that takes.
const WEIGHT: usize = 4_000;
/// How many times as long as a transaction took the next one waits for more.
const RESTS: u32 = 1;
/// How many transactions the journal may hold that are in the store already: forgetting is a wait for the disk in both.
const UNFORGOTTEN: usize = 8;
/// How many lines of the journal, each of up to [`TOGETHER`] items, a start writes at a time.
const PAGE: i64 = 4;

/// The longest pause before the store is tried again.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// The entrance to a [`Batch`] for those who only have to know that their item is safe.
pub struct Inbox<B: Batch> {
    entrance: Entrance<B>,
}

enum Entrance<B: Batch> {
    /// Kept in the journal, then written.
    Journal(Arc<Waiting>, mpsc::Sender<Posted<B::Item>>),
    /// Written.
    Store(GroupCommit<B>),
}

impl<B: Batch> Clone for Inbox<B> {
    fn clone(&self) -> Self {
        let entrance = match &self.entrance {
            Entrance::Journal(waiting, queue) => Entrance::Journal(waiting.clone(), queue.clone()),
            Entrance::Store(writer) => Entrance::Store(writer.clone()),
        };
        Self { entrance }
    }
}

struct Posted<T> {
    item: T,
    answer: oneshot::Sender<Result<(), String>>,
}

/// What was taken and is not written yet.
struct Waiting {
    items: AtomicUsize,
    capacity: usize,
    /// Whether what an earlier life left is written.
    taken_up: AtomicBool,
    fewer: Notify,
}

impl Waiting {
    /// Makes room for one more, if there is any.
    fn admit(&self) -> bool {
        let grown = |items: usize| (items < self.capacity).then_some(items + 1);
        self.items.fetch_update(Ordering::AcqRel, Ordering::Acquire, grown).is_ok()
    }

    fn is_half_full(&self) -> bool {
        self.items.load(Ordering::Acquire) > self.capacity / 2
    }

    fn count(&self) -> usize {
        self.items.load(Ordering::Acquire) + usize::from(!self.taken_up.load(Ordering::Acquire))
    }

    fn done(&self, items: usize) {
        self.items.fetch_sub(items, Ordering::AcqRel);
        self.fewer.notify_waiters();
    }
}

/// A line of the journal.
struct Kept<T> {
    id: i64,
    items: Vec<T>,
}

impl<B> Inbox<B>
where
    B: Batch,
    B::Item: Serialize + DeserializeOwned,
{
    /// Opens the journal called `name`, takes up what an earlier life left in it and from then on takes items, of which `capacity` may wait.
    /// `writer` takes them when the journal cannot be opened.
    pub fn start(db: &Db, clock: &Clock, name: &'static str, batch: Arc<B>, writer: GroupCommit<B>, capacity: usize) -> Self {
        let journal = match db.journal(name) {
            Ok(journal) => journal,
            Err(error) => {
                tracing::error!(%error, inbox = name, "the journal cannot be used: whoever posts waits for the store");
                return Self { entrance: Entrance::Store(writer) };
            }
        };
        let (queue, posted) = mpsc::channel(capacity.max(1));
        let waiting =
            Waiting { items: AtomicUsize::new(0), capacity: capacity.max(1), taken_up: AtomicBool::new(false), fewer: Notify::new() };
        let waiting = Arc::new(waiting);
        let desk = Desk { db: db.clone(), clock: clock.clone(), name, journal: Arc::new(journal), batch, waiting: waiting.clone() };
        tokio::spawn(desk.run(posted));
        Self { entrance: Entrance::Journal(waiting, queue) }
    }

    /// Hands in an item and waits until it is safe on the disk. When too many wait it is refused at once and nothing is kept.
    pub async fn post(&self, item: B::Item) -> Result<(), Full> {
        let (waiting, queue) = match &self.entrance {
            Entrance::Store(writer) => return writer.offer(item).await.map(|_| ()),
            Entrance::Journal(waiting, queue) => (waiting, queue),
        };
        if !waiting.admit() {
            return Err(Full::Queue);
        }
        let (answer, answered) = oneshot::channel();
        if queue.try_send(Posted { item, answer }).is_err() {
            waiting.done(1);
            return Err(Full::Queue);
        }
        match answered.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(Full::Store(reason)),
            Err(_) => Err(Full::Store("the inbox stopped".to_owned())),
        }
    }

    /// Whether the next item would be refused, for callers who can tell before they have read it.
    pub fn is_full(&self) -> bool {
        match &self.entrance {
            Entrance::Journal(waiting, _) => waiting.items.load(Ordering::Acquire) >= waiting.capacity,
            Entrance::Store(writer) => writer.room() == 0,
        }
    }

    /// How many items are taken and not written yet; at least one until it is known what an earlier life left.
    pub fn waiting(&self) -> usize {
        match &self.entrance {
            Entrance::Journal(waiting, _) => waiting.count(),
            Entrance::Store(_) => 0,
        }
    }

    /// Waits until everything acknowledged so far is written.
    pub async fn settled(&self) {
        let Entrance::Journal(waiting, _) = &self.entrance else { return };
        loop {
            let fewer = waiting.fewer.notified();
            if waiting.count() == 0 {
                return;
            }
            fewer.await;
        }
    }
}

/// What lies in the journal and was not in hand.
struct Others<T> {
    ids: Vec<i64>,
    items: Vec<T>,
    /// Reason and text of lines that cannot be read.
    unreadable: Vec<(String, String)>,
}

impl<T> Default for Others<T> {
    fn default() -> Self {
        Self { ids: Vec::new(), items: Vec::new(), unreadable: Vec::new() }
    }
}

/// Keeps what is posted and writes what is kept.
struct Desk<B: Batch> {
    db: Db,
    clock: Clock,
    name: &'static str,
    journal: Arc<Journal>,
    batch: Arc<B>,
    waiting: Arc<Waiting>,
}

impl<B> Desk<B>
where
    B: Batch,
    B::Item: Serialize + DeserializeOwned,
{
    async fn run(self, mut posted: mpsc::Receiver<Posted<B::Item>>) {
        let mark = self.first_mark().await;
        let (journal, waiting) = (self.journal.clone(), self.waiting.clone());
        let (forward, kept) = mpsc::unbounded_channel();
        tokio::spawn(self.write_all(mark, kept));
        let mut taken = Vec::with_capacity(TOGETHER);
        while posted.recv_many(&mut taken, TOGETHER).await > 0 {
            keep(&journal, mark, &waiting, &forward, &mut taken).await;
        }
    }

    async fn first_mark(&self) -> i64 {
        loop {
            let read = async {
                let known = mark(&mut self.db.read().await?, self.name).await?;
                // There must be a mark to hold.
                if known == 0 { self.move_mark(0).await.map(|()| 0) } else { Ok(known) }
            };
            match read.await {
                Ok(mark) => return mark,
                Err(error) => tracing::warn!(%error, inbox = self.name, "the store does not tell how far the journal has been written"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Writes what an earlier life left, then what is kept from now on.
    async fn write_all(self, mark: i64, mut kept: mpsc::UnboundedReceiver<Kept<B::Item>>) {
        self.take_up(mark).await;
        self.waiting.taken_up.store(true, Ordering::Release);
        self.waiting.done(0);
        let (mut ahead, mut unforgotten) = (VecDeque::new(), 0);
        let mut rest = Rest::new(&self.db, RESTS);
        loop {
            if ahead.is_empty() {
                let Some(line) = kept.recv().await else { return };
                ahead.push_back(line);
            }
            self.gather(&mut ahead, &mut kept, &rest).await;
            let (last, items) = self.portion(&mut ahead);
            let count = items.len();
            rest.begin();
            self.write(last, items).await;
            rest.end();
            unforgotten += 1;
            if unforgotten == UNFORGOTTEN || (ahead.is_empty() && kept.is_empty()) {
                self.forget(last).await;
                unforgotten = 0;
            }
            self.waiting.done(count);
        }
    }

    /// Takes what is kept already, and until the rest is over what comes, up to as much as one transaction takes, or half as much as may wait.
    async fn gather(&self, ahead: &mut VecDeque<Kept<B::Item>>, kept: &mut mpsc::UnboundedReceiver<Kept<B::Item>>, rest: &Rest) {
        loop {
            while let Ok(line) = kept.try_recv() {
                ahead.push_back(line);
            }
            let is_enough = self.weight(ahead) >= WEIGHT || self.waiting.is_half_full();
            let Some(until) = rest.until().filter(|_| !is_enough) else { return };
            match tokio::time::timeout_at(until, kept.recv()).await {
                Ok(Some(line)) => ahead.push_back(line),
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn weight(&self, ahead: &VecDeque<Kept<B::Item>>) -> usize {
        ahead.iter().flat_map(|line| &line.items).map(|item| self.batch.weight(item)).sum()
    }

    /// As many lines as one transaction takes, at least one: the last one's number, and the items of all with the number of each's line.
    fn portion(&self, ahead: &mut VecDeque<Kept<B::Item>>) -> (i64, Vec<(i64, B::Item)>) {
        let (mut last, mut weight, mut items) = (0, 0, Vec::new());
        while let Some(line) = ahead.pop_front() {
            weight += line.items.iter().map(|item| self.batch.weight(item)).sum::<usize>();
            last = line.id;
            items.extend(line.items.into_iter().map(|item| (line.id, item)));
            if weight >= WEIGHT {
                break;
            }
        }
        (last, items)
    }

    /// Writes what lies in the journal behind the mark by now. What another process keeps meanwhile is that one's affair: with a busy
    /// server beside it a command would never come to its own work.
    async fn take_up(&self, mark: i64) {
        if let Err(error) = self.take_up_to(mark, self.journal.last().await).await {
            tracing::error!(%error, inbox = self.name, "what an earlier life left cannot be read");
        }
    }

    async fn take_up_to(&self, mark: i64, through: Result<i64, DbError>) -> Result<(), DbError> {
        let (mut after, through) = (mark, through?);
        while after < through {
            let lines = self.journal.list_after(after, PAGE).await?;
            after = lines.last().map_or(through, |(id, _)| through.min(*id));
            tracing::info!(inbox = self.name, lines = lines.len(), "what an earlier life left is written");
            self.write(after, Vec::new()).await;
            self.forget(after).await;
        }
        Ok(())
    }

    /// Writes items that lie in the journal up to the line `last`; what cannot be written is put aside, so that it holds nobody up.
    async fn write(&self, last: i64, items: Vec<(i64, B::Item)>) {
        let mut wait = Duration::from_millis(20);
        let (ids, items): (Vec<i64>, Vec<B::Item>) = items.into_iter().unzip();
        loop {
            match self.write_once(last, &ids, &items).await {
                Ok(()) => break,
                Err(fault) if is_lasting(&fault) => {
                    tracing::error!(%fault, inbox = self.name, items = items.len(), "a batch was not written; its items are tried one by one");
                    match self.write_each(last, &ids, &items).await {
                        Ok(()) => break,
                        Err(fault) => tracing::error!(%fault, inbox = self.name, "the journal was not worked off"),
                    }
                    tokio::time::sleep(LONG_WAIT).await;
                }
                Err(fault) => {
                    tracing::warn!(%fault, inbox = self.name, "a batch was not written and will be tried again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONG_WAIT);
                }
            }
        }
    }

    /// Forgets what the store holds by now, as soon as that is on the disk: the transactions of [`Desk::write`] do not wait for it.
    async fn forget(&self, last: i64) {
        let forgotten = async {
            self.move_mark(last).await?;
            self.journal.forget(last).await
        };
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, inbox = self.name, "the journal was not shortened");
        }
    }

    /// Moves the mark by itself.
    async fn move_mark(&self, through: i64) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        set_mark(&mut tx, self.name, through).await?;
        tx.commit().await
    }

    async fn write_once(&self, last: i64, ids: &[i64], items: &[B::Item]) -> Result<(), Fault> {
        let mut tx = self.db.begin_turn(self.db.turn().await).await?;
        let mark = hold_mark(&mut tx, self.name).await?;
        // Another process on the same store may have been here already, or have left lines between ours.
        let from = ids.partition_point(|id| *id <= mark);
        let (ids, items) = (ids.get(from..).unwrap_or_default(), items.get(from..).unwrap_or_default());
        let others = if is_gapless(mark, ids, last) { Others::default() } else { self.others(mark, last, ids).await? };
        let mut replies = Vec::new();
        if !others.items.is_empty() {
            replies = self.batch.write(&mut tx, &others.items).await?;
        }
        if !items.is_empty() {
            replies.extend(self.batch.write(&mut tx, items).await?);
        }
        set_mark(&mut tx, self.name, last).await?;
        tx.commit().await?;
        self.batch.committed(&replies);
        for (reason, body) in &others.unreadable {
            self.put_aside(reason, body).await;
        }
        Ok(())
    }

    /// What is in the lines behind `mark` up to `last`, without the lines `but`.
    async fn others(&self, mark: i64, last: i64, but: &[i64]) -> Result<Others<B::Item>, Fault> {
        let mut others = Others::default();
        let lines = self.journal.list_after(mark, last - mark).await?.into_iter();
        for (id, body) in lines.filter(|(id, _)| *id <= last && but.binary_search(id).is_err()) {
            match serde_json::from_str::<Vec<B::Item>>(&body) {
                Ok(read) => {
                    others.ids.extend(read.iter().map(|_| id));
                    others.items.extend(read);
                }
                Err(error) => others.unreadable.push((error.to_string(), body)),
            }
        }
        Ok(others)
    }

    /// An item at a time. Should the process end in between, those written are recognised by their own ids.
    async fn write_each(&self, last: i64, ids: &[i64], items: &[B::Item]) -> Result<(), Fault> {
        let mark = mark(&mut self.db.read().await?, self.name).await?;
        let others = self.others(mark, last, ids).await?;
        for (id, item) in others.ids.iter().zip(&others.items).chain(ids.iter().zip(items)) {
            if let Err(fault) = self.write_alone(*id, item).await {
                // A store that is busy or full says nothing about the item.
                if !is_lasting(&fault) {
                    return Err(fault);
                }
                self.put_aside(&fault.to_string(), &serde_json::to_string(item).unwrap_or_default()).await;
            }
        }
        for (reason, body) in &others.unreadable {
            self.put_aside(reason, body).await;
        }
        Ok(self.move_mark(last).await?)
    }

    async fn write_alone(&self, id: i64, item: &B::Item) -> Result<(), Fault> {
        let mut tx = self.db.begin_turn(self.db.turn().await).await?;
        if hold_mark(&mut tx, self.name).await? < id {
            let replies = self.batch.write(&mut tx, std::slice::from_ref(item)).await?;
            tx.commit().await?;
            self.batch.committed(&replies);
        }
        Ok(())
    }

    async fn put_aside(&self, reason: &str, body: &str) {
        metrics::counter!("attune_inbox_set_aside_total", "inbox" => self.name).increment(1);
        match self.journal.set_aside(self.clock.now(), reason, body).await {
            Ok(()) => tracing::error!(reason, inbox = self.name, "something acknowledged cannot be written and was put aside"),
            Err(error) => {
                tracing::error!(%error, reason, body, inbox = self.name, "something acknowledged cannot be written nor put aside")
            }
        }
    }
}

/// Keeps what was posted as one line of the journal and tells those who wait for it.
async fn keep<T: Serialize>(
    journal: &Journal,
    mark: i64,
    waiting: &Waiting,
    forward: &mpsc::UnboundedSender<Kept<T>>,
    taken: &mut Vec<Posted<T>>,
) {
    let (items, answers): (Vec<T>, Vec<_>) = taken.drain(..).map(|posted| (posted.item, posted.answer)).unzip();
    let kept = serde_json::to_string(&items).map_err(|error| error.to_string());
    let kept = match kept {
        Ok(body) => journal.append(mark, &body).await.map_err(|error| error.to_string()),
        Err(reason) => Err(reason),
    };
    let told = match kept {
        Ok(id) => forward.send(Kept { id, items }).map_err(|_| "the inbox stopped".to_owned()),
        Err(reason) => {
            tracing::error!(reason, items = items.len(), "what came in was not kept");
            waiting.done(items.len());
            Err(reason)
        }
    };
    for answer in answers {
        let _ = answer.send(told.clone());
    }
}

/// Whether `ids` are all the lines behind `mark` up to `last`.
fn is_gapless(mark: i64, ids: &[i64], last: i64) -> bool {
    let step = |before: i64, id: &i64| (*id - before <= 1).then_some(*id);
    ids.iter().try_fold(mark, step).is_some_and(|reached| reached >= last)
}

/// Whether trying again will not help.
fn is_lasting(fault: &Fault) -> bool {
    !fault.find::<DbError>().is_some_and(|error| error.is_transient() || matches!(error, DbError::DiskFull))
}

async fn mark(tx: &mut Tx, name: &str) -> Result<i64, DbError> {
    tx.count(sql!("SELECT through FROM inbox_marks WHERE name = $1"), params![name]).await
}

/// The mark, which nobody else moves until the transaction ends.
async fn hold_mark(tx: &mut Tx, name: &str) -> Result<i64, DbError> {
    tx.count(sql!("UPDATE inbox_marks SET through = through WHERE name = $1 RETURNING through"), params![name]).await
}

/// Moves the mark forward; another process may have moved it further.
async fn set_mark(tx: &mut Tx, name: &str, through: i64) -> Result<(), DbError> {
    let mut row = Relation::new(&[("name", Column::Text), ("through", Column::Int)]);
    row.push(vec![name.into(), through.into()]);
    let set = "through = CASE WHEN excluded.through > inbox_marks.through THEN excluded.through ELSE inbox_marks.through END";
    tx.insert("inbox_marks", &row, Conflict::Update(&["name"], set)).await.map(|_| ())
}
