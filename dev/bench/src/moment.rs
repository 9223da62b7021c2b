//! B3: from an event to the membership it brings about, while a thousand events a second come in.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use attune_db::{Db, Value};
use attune_kernel::Clock;

use crate::collect::{self, Site};
use crate::figures::{Series, number};
use crate::ground::Ground;
use crate::report::Finding;
use crate::{fill, load};

/// From one event to the next.
const PACE: Duration = Duration::from_millis(1);
/// Every so many events one is watched: it makes its contact a member.
const WATCHED: u64 = 20;
/// What the watched ones look at.
const PAGE: &str = "/watched/";
/// The segment they lead to.
const SEGMENT: &str = "Watched";
/// How often the store is asked who is a member.
const ASKED: Duration = Duration::from_millis(2);
/// The longest wait for the last of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// When the event of each contact was sent.
type SentAt = Arc<Mutex<HashMap<i64, Instant>>>;

/// The time from sending an event to seeing its contact in the segment, as another reader of the store sees it.
pub async fn until_member(ground: &Ground) -> Result<Vec<Finding>> {
    let site = collect::open_site(ground, &[(SEGMENT, &format!("event page.viewed(starts \"{PAGE}\") within 30d"))]).await?;
    let requests = ground.scale.requests;
    let expected = usize::try_from(requests / WATCHED)?;
    let sent_at = SentAt::default();
    let db = site.store.open().await?;
    let segment = segment_id(&db).await?;
    let watching = tokio::spawn(watch(db, segment, sent_at.clone(), expected));
    let body = |number: u64| body(&site, number, &sent_at);
    let sent = tokio::task::block_in_place(|| load::post_at_pace(site.server.address, requests, Some(PACE), &body))?;
    let delays = watching.await.context("watching the members")??;
    site.server.stop()?;
    let finding = Finding::count("B3", "event to membership, p99", "ms", delays.quantile(0.99), (2_000.0, 300.0));
    let pace = number(requests as f64 / sent.seconds);
    let finding = finding.note(format!("median {} ms; {} members watched", number(delays.median()), number(expected as f64)));
    Ok(vec![finding.note(format!("{pace} events/s; 101 live segments; membership only, as there are no journeys yet"))])
}

async fn segment_id(db: &Db) -> Result<i64> {
    let mut tx = db.read().await?;
    Ok(tx.count("SELECT id FROM segments WHERE name = $1", [Value::from(SEGMENT)]).await?)
}

/// Watched events come from browsers that send no other, each once; the others from the rest, in turn.
fn body(site: &Site, number: u64, sent_at: &SentAt) -> String {
    let (of, rest) = (number / WATCHED, number % WATCHED);
    let is_watched = rest == 0;
    let visitors = site.visitors.unsigned_abs();
    let quiet = visitors / 2;
    let visitor =
        if is_watched { of % quiet } else { quiet + fill::Dice::new(number / 5).below(site.visitors - site.visitors / 2).unsigned_abs() };
    let index = i64::try_from(visitor).unwrap_or(0);
    let page = if is_watched { format!("{PAGE}{of}") } else { format!("/section-{}/page-{}", number % 50, number % 1_000) };
    let now_ms = Clock::system().now() / 1_000;
    if is_watched {
        sent_at.lock().unwrap_or_else(PoisonError::into_inner).insert(fill::contact_id(index), Instant::now());
    }
    format!(
        r#"{{"v":1,"visitor":"{}","consent":"granted","host":"shop.example","sent_at":{now_ms},"events":[{{"id":"moment-{number}","name":"page.viewed","at":{now_ms},"url":"{page}","title":"Page","props":{{"lang":"en"}}}}]}}"#,
        fill::visitor_name(index)
    )
}

/// Asks who is a member until `expected` are; answers the delay of each in ms. Contacts are watched in the order of their ids, so only
/// those behind the first that is missing are asked for.
async fn watch(db: Db, segment: i64, sent_at: SentAt, expected: usize) -> Result<Series> {
    let mut delays: BTreeMap<i64, f64> = BTreeMap::new();
    let (mut missing, mut last_news) = (0, Instant::now());
    while delays.len() < expected {
        let asked = [Value::Int(segment), Value::Int(fill::contact_id(missing))];
        let mut tx = db.read().await?;
        let rows = tx.rows("SELECT contact_id FROM segment_members WHERE segment_id = $1 AND contact_id >= $2", asked).await?;
        drop(tx);
        let now = Instant::now();
        for row in &rows {
            let contact: i64 = row.at(0)?;
            let sent = sent_at.lock().unwrap_or_else(PoisonError::into_inner).get(&contact).copied();
            if let Some(sent) = sent
                && !delays.contains_key(&contact)
            {
                delays.insert(contact, (now - sent).as_secs_f64() * 1e3);
                last_news = now;
            }
        }
        while delays.contains_key(&fill::contact_id(missing)) {
            missing += 1;
        }
        if last_news.elapsed() > PATIENCE {
            bail!("{} of {expected} became members", delays.len());
        }
        tokio::time::sleep(ASKED).await;
    }
    Ok(delays.into_values().collect())
}
