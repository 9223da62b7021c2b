//! Tracking: what people do on the company's sites, collected without losing or doubling anything.
//!
//! Guards that an event is acknowledged only once it is durable, that the same event sent twice is logged once, that dwell adds up, and
//! that machines and people who object are never mistaken for customers.

mod agent;
pub mod api;
mod app;
pub mod atlas;
mod colleague;
pub mod collect;
mod event_names;
mod hit;
mod key;
mod memory;
mod pipeline;
mod reason;
mod recent;
mod sites;
mod source;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod ticked;
mod visits;
mod wire;
mod write;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use attune_db::Db;
use attune_events::{Full, GroupCommit, Inbox, Spine};
use attune_house::Parts;
use attune_jobs::{BoxFuture as JobFuture, Cron, JobContext, JobDef, Run, Verdict};
use attune_kernel::{Clock, DAY_US, Fault, SECOND_US};
use attune_web::Secret;

pub use agent::{Agent, Agents};
pub use atlas::{Atlas, KnownNetwork};
pub use attune_kernel::Network;
pub use event_names::EVENTS;
pub(crate) use event_names::is_reserved;
pub use hit::{Hit, Machine, PageLeft, Sender};
pub use key::key64;

pub(crate) use memory::Memory;
pub use pipeline::{Client, Dropped, Ground, Passed};
pub use reason::Reason;
pub use sites::{SETTINGS, SiteRules};
pub use source::{Arrival, Medium, Utm, attribute};
pub use visits::VISIT_GAP_US;
pub(crate) use write::Writer;
pub use write::Written;

/// How many requests may wait for the writer.
const CAPACITY: usize = 4_096;
/// How many requests one transaction takes at most.
const LARGEST: usize = 512;
/// The journal of what the collector has acknowledged.
const INBOX: &str = "inbox";
/// How many visitors the writer remembers (twice that at most).
const REMEMBERED: usize = 50_000;
/// How old the administrator's rules may be.
const RULES_AGE_US: i64 = 2 * SECOND_US;
/// How long the state of a left page is kept: no page stays open longer.
const PAGE_STATE_AGE_US: i64 = 45 * DAY_US;

/// Takes events from trackers, programs and other rooms, and answers when they are durable. Clones share one queue.
#[derive(Clone)]
pub struct Collector {
    inner: Arc<Inner>,
}

struct Inner {
    queue: GroupCommit<Writer>,
    inbox: Inbox<Writer>,
    agents: Agents,
    rules: RwLock<(i64, Arc<SiteRules>)>,
    atlas: Atlas,
    staff: colleague::Colleagues,
    secret: Secret,
    db: Db,
    clock: Clock,
}

impl Collector {
    /// Starts the writer; needs a runtime.
    pub fn start(parts: &Parts) -> Self {
        Self::open(&parts.spine(), parts.secret.clone(), CAPACITY, Atlas::default())
    }

    /// Starts a writer in front of which `capacity` requests may wait; networks are known as `atlas` tells.
    pub fn open(spine: &Spine, secret: Secret, capacity: usize, atlas: Atlas) -> Self {
        let memory = Mutex::new(Memory::new(REMEMBERED));
        let writer = Arc::new(Writer { ids: spine.ids.clone(), clock: spine.clock.clone(), memory });
        let queue = GroupCommit::start(spine.db.clone(), writer.clone(), capacity, LARGEST);
        let inner = Inner {
            inbox: Inbox::start(&spine.db, &spine.clock, INBOX, writer, queue.clone(), capacity),
            queue,
            agents: Agents::default(),
            rules: RwLock::new((i64::MIN, Arc::default())),
            atlas,
            staff: colleague::Colleagues::default(),
            secret,
            db: spine.db.clone(),
            clock: spine.clock.clone(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Hands in hits and waits until they are in the log. A full queue refuses at once and nothing is written.
    pub async fn offer(&self, hits: Vec<Hit>) -> Result<Written, Full> {
        if hits.is_empty() {
            return Ok(Written::default());
        }
        self.inner.queue.offer(hits).await.inspect_err(count_turned_away)
    }

    /// Hands in hits and waits until they are safe on the disk; they are in the log a moment later. A full queue refuses at once and
    /// nothing is kept.
    pub async fn post(&self, hits: Vec<Hit>) -> Result<(), Full> {
        if hits.is_empty() {
            return Ok(());
        }
        self.inner.inbox.post(hits).await.inspect_err(count_turned_away)
    }

    /// Whether [`Collector::post`] would refuse now; counts the sender as turned away.
    pub fn turns_away(&self) -> bool {
        let full = self.inner.inbox.is_full();
        if full {
            count_turned_away(&Full::Queue);
        }
        full
    }

    /// How many requests are safe and not in the log yet.
    pub fn waiting(&self) -> usize {
        self.inner.inbox.waiting()
    }

    /// Waits until everything posted so far is in the log.
    pub async fn settled(&self) {
        self.inner.inbox.settled().await;
    }

    /// Runs the body of a request through the pipeline. The outer error is the store's, the inner one the sender's.
    pub async fn read(&self, client: &Client, body: &[u8]) -> Result<Result<Passed, String>, Fault> {
        let rules = self.rules().await?;
        let ground = Ground { secret: &self.inner.secret, agents: &self.inner.agents, rules: &rules, atlas: &self.inner.atlas };
        Ok(pipeline::run(&ground, client, body))
    }

    /// Whether the request comes from the browser of somebody of the staff.
    pub(crate) async fn is_staff(&self, web: &attune_web::Web, headers: &http::HeaderMap) -> Result<bool, Fault> {
        self.inner.staff.sent(web, headers).await
    }

    /// The administrator's rules, at most two seconds old.
    pub async fn rules(&self) -> Result<Arc<SiteRules>, Fault> {
        let now = self.inner.clock.now();
        {
            let held = self.inner.rules.read().unwrap_or_else(PoisonError::into_inner);
            if now.saturating_sub(held.0) < RULES_AGE_US {
                return Ok(held.1.clone());
            }
        }
        let mut tx = self.inner.db.read().await?;
        let rules = Arc::new(SiteRules::read(&mut tx).await?);
        *self.inner.rules.write().unwrap_or_else(PoisonError::into_inner) = (now, rules.clone());
        Ok(rules)
    }

    /// Knows networks.
    pub fn atlas(&self) -> &Atlas {
        &self.inner.atlas
    }

    /// Reads user agents.
    pub fn agents(&self) -> &Agents {
        &self.inner.agents
    }
}

/// How many requests were acknowledged and could not be written, with the newest reason; they lie in the journal.
pub async fn put_aside(db: &Db) -> Result<Option<(i64, String)>, attune_db::DbError> {
    db.journal(INBOX)?.aside().await
}

fn count_turned_away(full: &Full) {
    let reason = if matches!(full, Full::Queue) { "queue" } else { "store" };
    metrics::counter!("attune_collect_turned_away_total", "reason" => reason).increment(1);
}

/// The tag that a site embeds once, for the server under `public_url`.
pub fn snippet(public_url: &str) -> String {
    format!("<script async src=\"{}/t.js\"></script>", public_url.trim_end_matches('/'))
}

/// The job that forgets the states of pages left long ago.
pub fn jobs() -> Vec<JobDef> {
    vec![JobDef { kind: PRUNE, max_attempts: 3, run: Arc::new(Prune) }]
}

/// When it runs.
pub fn crons() -> Vec<Cron> {
    vec![Cron { kind: PRUNE, every_us: DAY_US }]
}

const PRUNE: &str = "identify.prune_page_states";

struct Prune;

impl Run for Prune {
    fn run<'a>(&'a self, context: &'a JobContext, _payload: &'a str) -> JobFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let mut tx = context.bench.db.begin().await?;
            store::prune_page_states(&mut tx, context.bench.clock.now() - PAGE_STATE_AGE_US).await?;
            tx.commit().await?;
            Ok(Verdict::Done(None))
        })
    }
}
