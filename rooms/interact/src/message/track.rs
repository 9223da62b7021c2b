//! Opens, clicks and unsubscriptions as they come in: many at once in one transaction, each counted once.
//!
//! The sends' own times, the events and the suppression are written together, so that figures, timelines and scores agree.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use attune_db::{Column, DbError, Relation, Row, Tx, Value, params, sql};
use attune_events::{Batch, BoxFuture, Event, Full, GroupCommit, append, disown, known_client_keys};
use attune_house::Parts;
use attune_identify::consent::{self, ConsentDraft};
use attune_identify::contact;
use attune_kernel::{Fault, Ids, SECOND_US};

use super::verdict::{Clicks, Machine};
use crate::suppression::{self, Cause};

/// Touches that may wait, and how many go into one transaction.
const QUEUE: usize = 10_000;
const LARGEST: usize = 1_000;
/// Mails whose clicks are watched for bursts; older ones are forgotten first.
const WATCHED: usize = 20_000;

/// What a recipient, or a machine in his place, did with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Opened it.
    Open,
    /// Followed the link at this position.
    Click(u16),
    /// Unsubscribed.
    Unsubscribe,
}

/// One touch.
#[derive(Clone, Debug)]
pub struct Touch {
    /// The send.
    pub send_id: i64,
    /// What was done.
    pub what: What,
    /// When, µs.
    pub at: i64,
    /// Why it counts as done by a machine; nothing for a person.
    pub machine: Option<Machine>,
}

/// Where a touch leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The link's target, with merge tags; empty for other touches.
    pub url: String,
    /// The recipient, unless erased.
    pub contact_id: Option<i64>,
    /// The verdict after looking at bursts.
    pub machine: Option<Machine>,
}

/// Takes touches. Clones share the queue.
#[derive(Clone)]
pub struct Tracker {
    queue: GroupCommit<Ledger>,
}

impl Tracker {
    /// Starts the writer; needs a runtime.
    pub fn start(parts: &Parts) -> Self {
        let ledger = Ledger { ids: parts.ids.clone(), watched: Mutex::default() };
        Self { queue: GroupCommit::start(parts.db.clone(), Arc::new(ledger), QUEUE, LARGEST) }
    }

    /// Keeps a touch and answers where it leads once it is durable; nothing when the send or the link does not exist.
    pub async fn offer(&self, touch: Touch) -> Result<Option<Landing>, Full> {
        self.queue.offer(touch).await
    }
}

/// Writes batches of touches.
pub struct Ledger {
    ids: Ids,
    watched: Mutex<HashMap<i64, Clicks>>,
}

/// What is known of a touched send.
struct Touched {
    contact_id: Option<i64>,
    series_id: i64,
    title: String,
    accepted_at: Option<i64>,
    url: Option<String>,
}

impl Touched {
    /// Whether it is known whose the send is. On one whose person was erased or forgotten nothing is noted any more: its figures are final.
    fn is_somebodys(&self) -> bool {
        self.contact_id.is_some()
    }
}

impl Batch for Ledger {
    type Item = Touch;
    type Reply = Option<Landing>;

    fn write<'a>(&'a self, tx: &'a mut Tx, items: &'a [Touch]) -> BoxFuture<'a, Result<Vec<Self::Reply>, Fault>> {
        Box::pin(async move {
            let known = look_up(tx, items).await?;
            let (judged, bursts) = self.judge_all(items, &known);
            keep_times(tx, items, &known, &judged).await?;
            touch_contacts(tx, items, &known, &judged).await?;
            unsubscribe(tx, &self.ids, items, &known).await?;
            rejudge(tx, &bursts).await?;
            append_new(tx, items, &known, &judged).await?;
            tx.wake(super::SIGNAL);
            let reply = |((touch, found), machine): ((&Touch, Option<Touched>), Option<Machine>)| {
                let found = found?;
                let url = if matches!(touch.what, What::Click(_)) { found.url.unwrap_or_default() } else { String::new() };
                Some(Landing { url, contact_id: found.contact_id, machine })
            };
            Ok(items.iter().zip(known).zip(judged).map(reply).collect())
        })
    }
}

/// The clicks a burst took with it: send, link and the moment of the click that gave the burst away.
type Bursts = BTreeMap<(i64, u16), i64>;

impl Ledger {
    /// The verdict on each touch, and the clicks that belong to bursts. Those of them that lie in this batch are judged with the burst.
    fn judge_all(&self, items: &[Touch], known: &[Option<Touched>]) -> (Vec<Option<Machine>>, Bursts) {
        let mut bursts = Bursts::new();
        let first: Vec<Option<Machine>> =
            items.iter().zip(known).map(|(touch, found)| found.as_ref().and_then(|found| self.judge(touch, found, &mut bursts))).collect();
        let in_burst = |touch: &Touch| match touch.what {
            What::Click(position) => bursts.contains_key(&(touch.send_id, position)),
            What::Open | What::Unsubscribe => false,
        };
        let judged = items.iter().zip(first).map(|(touch, verdict)| verdict.or(in_burst(touch).then_some(Machine::Burst)));
        (judged.collect(), bursts)
    }

    /// The verdict on a touch as far as it can be seen now.
    fn judge(&self, touch: &Touch, found: &Touched, bursts: &mut Bursts) -> Option<Machine> {
        let What::Click(position) = touch.what else { return touch.machine };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() > WATCHED {
            watched.retain(|_, clicks| touch.at - clicks.first_at < 60 * SECOND_US);
        }
        let clicks = watched.entry(touch.send_id).or_default();
        if !clicks.add(position, touch.at, found.accepted_at) {
            return touch.machine;
        }
        bursts.extend(clicks.links.iter().map(|link| ((touch.send_id, *link), touch.at)));
        touch.machine.or(Some(Machine::Burst))
    }
}

async fn look_up(tx: &mut Tx, items: &[Touch]) -> Result<Vec<Option<Touched>>, DbError> {
    let mut rows = Relation::new(&[("n", Column::Int), ("id", Column::Int), ("position", Column::Int)]);
    for (n, touch) in items.iter().enumerate() {
        let position = if let What::Click(position) = touch.what { i64::from(position) } else { -1 };
        rows.push([Value::from(n), touch.send_id.into(), position.into()]);
    }
    let text = sql!(
        "SELECT r.n, COALESCE(a.alive_id, s.contact_id) AS contact_id, m.series_id, m.title, CASE WHEN s.state = 'accepted' THEN s.ended_at END AS accepted_at, l.url
         FROM {rows} AS r JOIN sends s ON s.id = r.id JOIN mailings m ON m.id = s.mailing_id
         LEFT JOIN v_identify_alias a ON a.id = s.contact_id LEFT JOIN links l ON l.version_id = m.version_id AND l.position = r.position"
    );
    let mut found: Vec<Option<Touched>> = std::iter::repeat_with(|| None).take(items.len()).collect();
    for row in tx.rows_from(text, &rows, params![]).await? {
        let n: u64 = row.get("n")?;
        let slot = usize::try_from(n).ok().and_then(|n| found.get_mut(n));
        if let Some(slot) = slot {
            *slot = Some(read(&row)?);
        }
    }
    Ok(found)
}

fn read(row: &Row) -> Result<Touched, DbError> {
    Ok(Touched {
        contact_id: row.get("contact_id")?,
        series_id: row.get("series_id")?,
        title: row.get("title")?,
        accepted_at: row.get("accepted_at")?,
        url: row.get("url")?,
    })
}

/// The first time of each kind, per send.
#[derive(Default)]
struct Times {
    opened: Option<i64>,
    machine_opened: Option<i64>,
    clicked: Option<i64>,
    machine_clicked: Option<i64>,
    unsubscribed: Option<i64>,
    burst: bool,
}

async fn keep_times(tx: &mut Tx, items: &[Touch], known: &[Option<Touched>], judged: &[Option<Machine>]) -> Result<(), DbError> {
    let mut times: HashMap<i64, Times> = HashMap::new();
    for ((touch, found), machine) in items.iter().zip(known).zip(judged) {
        if !found.as_ref().is_some_and(Touched::is_somebodys) {
            continue;
        }
        let entry = times.entry(touch.send_id).or_default();
        let slots: &mut [&mut Option<i64>] = match (touch.what, machine) {
            (What::Unsubscribe, _) => &mut [&mut entry.unsubscribed],
            (What::Open, None) => &mut [&mut entry.opened],
            (What::Open, Some(_)) => &mut [&mut entry.machine_opened],
            // Who clicks has opened.
            (What::Click(_), None) => &mut [&mut entry.clicked, &mut entry.opened],
            (What::Click(_), Some(_)) => &mut [&mut entry.machine_clicked],
        };
        for slot in slots {
            **slot = Some(slot.map_or(touch.at, |at| at.min(touch.at)));
        }
        entry.burst |= *machine == Some(Machine::Burst);
    }
    write_times(tx, times).await
}

async fn write_times(tx: &mut Tx, times: HashMap<i64, Times>) -> Result<(), DbError> {
    let names = ["opened", "machine_opened", "clicked", "machine_clicked", "unsubscribed"];
    let mut columns = vec![("id", Column::Int)];
    columns.extend(names.map(|name| (name, Column::Int)));
    columns.push(("burst", Column::Bool));
    let mut rows = Relation::new(&columns);
    for (id, t) in times {
        rows.push(params![id, t.opened, t.machine_opened, t.clicked, t.machine_clicked, t.unsubscribed, t.burst]);
    }
    // A burst shows that the clicks just before it were the scanner's too.
    let text = sql!(
        "UPDATE sends SET opened_at = COALESCE(sends.opened_at, r.opened),
           machine_opened_at = COALESCE(sends.machine_opened_at, r.machine_opened),
           clicked_at = CASE WHEN r.burst THEN NULL ELSE COALESCE(sends.clicked_at, r.clicked) END,
           machine_clicked_at = COALESCE(sends.machine_clicked_at, r.machine_clicked, CASE WHEN r.burst THEN sends.clicked_at END),
           unsubscribed_at = COALESCE(sends.unsubscribed_at, r.unsubscribed)
         FROM {rows} AS r WHERE sends.id = r.id"
    );
    tx.exec_from(text, &rows, params![]).await?;
    Ok(())
}

/// Notes on a send that its recipient left through the preference page: figures, timeline and the suppression list, as after the link in
/// the mail. What the person said stands in the ledger by whoever calls.
pub(crate) async fn note_left(tx: &mut Tx, ids: &Ids, send_id: i64, at: i64) -> Result<(), DbError> {
    let items = [Touch { send_id, what: What::Unsubscribe, at, machine: None }];
    let known = look_up(tx, &items).await?;
    keep_times(tx, &items, &known, &[None]).await?;
    touch_contacts(tx, &items, &known, &[None]).await?;
    suppression::add_of_sends(tx, ids, &[send_id], Cause::Unsubscribed, at).await?;
    append_new(tx, &items, &known, &[None]).await
}

async fn unsubscribe(tx: &mut Tx, ids: &Ids, items: &[Touch], known: &[Option<Touched>]) -> Result<(), Fault> {
    let leaving: Vec<(&Touch, i64)> = items
        .iter()
        .zip(known)
        .filter(|(touch, _)| touch.what == What::Unsubscribe)
        .filter_map(|(touch, found)| Some((touch, found.as_ref()?.contact_id?)))
        .collect();
    let Some((first, _)) = leaving.first() else { return Ok(()) };
    let sends: Vec<i64> = leaving.iter().map(|(touch, _)| touch.send_id).collect();
    suppression::add_of_sends(tx, ids, &sends, Cause::Unsubscribed, first.at).await?;
    let mut seen = HashSet::new();
    let fresh = leaving.iter().filter(|(touch, _)| seen.insert(touch.send_id));
    let drafts: Vec<ConsentDraft> = fresh.map(|(touch, contact_id)| withdrawal(touch.send_id, *contact_id)).collect();
    consent::record(tx, ids, first.at, &drafts).await?;
    Ok(())
}

fn withdrawal(send_id: i64, contact_id: i64) -> ConsentDraft {
    ConsentDraft {
        contact_id,
        channel: crate::CHANNEL.to_owned(),
        purpose: consent::MARKETING.to_owned(),
        state: consent::State::Withdrawn,
        source: "unsubscribe-link".to_owned(),
        wording: None,
        proof: Some(super::SendId(send_id).to_string()),
        staff_id: None,
    }
}

/// Moves the last touch of everybody who did something himself.
async fn touch_contacts(tx: &mut Tx, items: &[Touch], known: &[Option<Touched>], judged: &[Option<Machine>]) -> Result<(), DbError> {
    let mut latest: BTreeMap<i64, i64> = BTreeMap::new();
    for ((touch, found), _) in items.iter().zip(known).zip(judged).filter(|(_, machine)| machine.is_none()) {
        if let Some(contact_id) = found.as_ref().and_then(|found| found.contact_id) {
            let at = latest.entry(contact_id).or_insert(touch.at);
            *at = touch.at.max(*at);
        }
    }
    let mut rows = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
    for (contact_id, at) in latest {
        rows.push(params![contact_id, at]);
    }
    contact::touch(tx, &rows).await?;
    Ok(())
}

/// Takes clicks back that the log holds as a person's and that a burst has shown to be a scanner's: scores, segments and reports follow.
async fn rejudge(tx: &mut Tx, bursts: &Bursts) -> Result<(), DbError> {
    let Some(at) = bursts.values().max().copied() else { return Ok(()) };
    let keys = bursts.keys().map(|(send_id, position)| client_key(*send_id, u64::from(*position)));
    let misjudged = disown(tx, keys).await?;
    let told = |contact_id: i64| {
        let mut event = Event::new("mail.click_rejudged", at).contact(contact_id);
        event.machine = true;
        event
    };
    append(tx, &mut misjudged.into_iter().map(told).collect::<Vec<Event>>()).await
}

/// Appends what the log does not have yet: per send, link and verdict one event.
async fn append_new(tx: &mut Tx, items: &[Touch], known: &[Option<Touched>], judged: &[Option<Machine>]) -> Result<(), DbError> {
    let mut events: Vec<Event> = Vec::new();
    for ((touch, found), machine) in items.iter().zip(known).zip(judged) {
        if let Some(found) = found.as_ref().filter(|found| found.is_somebodys()) {
            events.push(event(touch, found, *machine));
        }
    }
    let logged = known_client_keys(tx, events.iter().filter_map(|e| e.client_key)).await?;
    let mut seen: HashSet<i64> = logged;
    events.retain(|event| event.client_key.is_some_and(|key| seen.insert(key)));
    append(tx, &mut events).await
}

fn event(touch: &Touch, found: &Touched, machine: Option<Machine>) -> Event {
    let (name, subject, kind) = match touch.what {
        What::Open => ("mail.opened", found.title.clone(), 1_u64 << 16),
        What::Click(position) => ("mail.clicked", found.url.clone().unwrap_or_else(|| found.title.clone()), u64::from(position)),
        What::Unsubscribe => ("mail.unsubscribed", found.title.clone(), 2_u64 << 16),
    };
    let by_machine = machine.is_some() && touch.what != What::Unsubscribe;
    let mut event = Event::new(name, touch.at).contact(found.contact_id).subject(subject).origin(found.series_id);
    event.machine = by_machine;
    event.client_key = Some(client_key(touch.send_id, kind | u64::from(by_machine) << 20));
    let reason = machine.filter(|_| by_machine).map(Machine::word);
    event.props(&serde_json::json!({ "mail": found.title, "send": touch.send_id, "reason": reason }))
}

/// 64 bits that are the same for the same act on the same send (splitmix64's finaliser over both).
fn client_key(send_id: i64, act: u64) -> i64 {
    let mut mixed = (send_id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ act.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) as i64
}
