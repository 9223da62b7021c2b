//! B1 and B2: events over HTTP into a store with known people and a hundred live segments.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use attune_differentiate::segment;
use attune_jobs::Bench;
use attune_kernel::{Clock, Ids};
use attune_web::Actor;

use crate::figures::{Series, number};
use crate::ground::{Ground, Store};
use crate::program::{Running, Server};
use crate::report::Finding;
use crate::{fill, limit, load};

/// Live segments.
const SEGMENTS: i64 = 100;
/// Known browsers that send; more than any cache of visitors holds.
const VISITORS: i64 = 100_000;
/// Browsers that visit at the same time.
const AT_ONCE: u64 = 1_000;
/// Pages one of them looks at before another takes its place.
const PAGES_A_VISIT: u64 = 5;
/// Events of one request in B2.
const TOGETHER: u64 = 20;

/// A running collector.
pub struct Site {
    /// The server.
    pub server: Server,
    /// Known browsers.
    pub visitors: i64,
    /// What the server stands on.
    pub store: Store,
}

/// Attune's rounds.
#[derive(Default)]
struct Rounds {
    /// Per second, until every reactor had heard everything.
    through: Series,
    /// Per second, until the last answer.
    answered: Series,
    p99_ms: Series,
    turned_away: u64,
    events: u64,
    /// Contacts that entered or left a segment.
    moves: i64,
}

impl Rounds {
    fn take(&mut self, sent: &load::Sent, events: u64, through_seconds: f64) {
        self.through.push(events as f64 / through_seconds);
        self.answered.push(events as f64 / sent.seconds);
        self.p99_ms.push(sent.waits.quantile(0.99));
        self.turned_away += sent.turned_away;
        self.events += events;
    }

    fn notes(&self, finding: Finding, unit: &str) -> Finding {
        let answered = format!("durable answers alone: {} {unit}, p99 {} ms", number(self.answered.median()), number(self.p99_ms.median()));
        let finding = finding.note("counted until identity, scores and all segments had followed the last event").note(answered);
        let finding = finding.note(format!("{:.2} changes of membership an event", self.moves as f64 / self.events.max(1) as f64));
        if self.turned_away == 0 { finding } else { finding.note(format!("{} requests met a full queue and came again", self.turned_away)) }
    }
}

/// B1: one event per request.
pub async fn one_by_one(ground: &Ground) -> Result<Vec<Finding>> {
    let requests = ground.scale.requests;
    let site = open_site(ground, &[]).await?;
    let (_nothing, nothing) = Running::own_part("answer-nothing")?;
    let (mut limit, mut attune) = (Series::default(), Rounds::default());
    for round in 0..ground.scale.rounds {
        let body = |number: u64| body(site.visitors, who(number), &format!("one-{round}"), number, 1);
        let sent = tokio::task::block_in_place(|| load::post(nothing, requests, &body))?;
        limit.push(requests as f64 / sent.seconds);
        send(&site, requests, requests, &body, &mut attune).await?;
    }
    site.server.stop()?;
    let finding = Finding::rate("B1", "collect, one event per request", "requests/s", (&limit, &attune.through), (0.12, 0.30));
    let finding = finding.note(format!("{} connections, {requests} requests a round, {SEGMENTS} live segments", load::CONNECTIONS));
    let finding = finding.note(format!("{} visits at a time of {PAGES_A_VISIT} pages each", number(AT_ONCE as f64)));
    Ok(vec![attune.notes(finding, "requests/s")])
}

/// B2: twenty events per request.
pub async fn in_batches(ground: &Ground) -> Result<Vec<Finding>> {
    let events = ground.scale.batched;
    let site = open_site(ground, &[]).await?;
    let (mut limit, mut attune) = (Series::default(), Rounds::default());
    for round in 0..ground.scale.rounds {
        limit.push(limit::events(ground, ground.scale.contacts, i64::try_from(events)?).await?);
        let body = |number: u64| body(site.visitors, number, &format!("many-{round}"), number, TOGETHER);
        send(&site, events / TOGETHER, events, &body, &mut attune).await?;
    }
    site.server.stop()?;
    let finding = Finding::rate("B2", "collect, 20 events per request", "events/s", (&limit, &attune.through), (0.35, 0.90));
    let finding = finding
        .note(format!("{} events a round; limit: event and contact by prepared statements, batches of 2,000", number(events as f64)));
    Ok(vec![attune.notes(finding, "events/s")])
}

async fn send(site: &Site, requests: u64, events: u64, body: &(dyn Fn(u64) -> String + Sync), rounds: &mut Rounds) -> Result<()> {
    let before = moves(&site.store).await?;
    let begun = Instant::now();
    let sent = tokio::task::block_in_place(|| load::post(site.server.address, requests, body))?;
    site.server.quiet().await?;
    rounds.take(&sent, events, begun.elapsed().as_secs_f64());
    rounds.moves += moves(&site.store).await? - before;
    Ok(())
}

/// How often somebody entered or left a segment.
async fn moves(store: &Store) -> Result<i64> {
    let mut tx = store.open().await?.read().await?;
    Ok(tx.count("SELECT count(*) FROM events WHERE name IN ('segment.entered', 'segment.left')", []).await?)
}

/// A store with people, browsers and segments, those called in `others` too, and a server on it.
pub async fn open_site(ground: &Ground, others: &[(&str, &str)]) -> Result<Site> {
    let store = ground.fresh().await?;
    let visitors = ground.scale.contacts.min(VISITORS);
    {
        let db = fill::open(&store).await?;
        fill::contacts(&db, ground.scale.contacts).await?;
        fill::visitors(&db, visitors).await?;
        db.analyze().await?;
        let clock = Clock::system();
        make_segments(&Bench { ids: Ids::new(clock.clone(), 7), db: db.clone(), clock }, others).await?;
        db.checkpoint().await?;
    }
    let server = Server::start(ground, &store.argument, &[])?;
    wait_for_segments(&store).await?;
    server.quiet().await?;
    Ok(Site { server, visitors, store })
}

async fn make_segments(bench: &Bench, others: &[(&str, &str)]) -> Result<()> {
    let actor = Actor::system();
    let usual = (0..SEGMENTS).map(|number| (format!("Bench {number:03}"), rule(number)));
    for (name, text) in usual.chain(others.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))) {
        let by = segment::By { actor: &actor, now: bench.clock.now(), ids: &bench.ids, bench };
        let rule = segment::parse(&text).with_context(|| format!("reading {text:?}"))?;
        let mut tx = bench.db.begin().await?;
        segment::create(&mut tx, &by, &name, rule, &[]).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Behaviour, score, frequency and a mixture, in turn.
fn rule(number: i64) -> String {
    match number % 4 {
        0 => format!("event page.viewed(contains \"section-{}/\") within {}d", number / 4, 1 + number % 30),
        1 => format!("score >= {}", 5 + 4 * (number / 4)),
        2 => format!("event page.viewed count >= {} within 7d", 5 * (1 + number / 4)),
        _ => format!("city = \"Berlin\" and event page.viewed(starts \"/section-{}/\") within {}d", number / 4, 1 + number % 14),
    }
}

async fn wait_for_segments(store: &Store) -> Result<()> {
    let (db, begun) = (store.open().await?, Instant::now());
    while db.read().await?.count("SELECT count(*) FROM segments WHERE filled_at IS NULL", []).await? > 0 {
        if begun.elapsed() > Duration::from_secs(1_800) {
            bail!("the segments were not filled within half an hour");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// The turn of the browser that sends a request: [`AT_ONCE`] of them look at [`PAGES_A_VISIT`] pages each, one after the other.
fn who(request: u64) -> u64 {
    request / (AT_ONCE * PAGES_A_VISIT) * AT_ONCE + request % AT_ONCE
}

/// The body of a request as the tracker sends it; no id comes twice. `turn` says which browser sends it.
fn body(visitors: i64, turn: u64, round: &str, request: u64, events: u64) -> String {
    let visitor = fill::visitor_name(fill::Dice::new(turn).below(visitors));
    let mut dice = fill::Dice::new(request);
    let now_ms = Clock::system().now() / 1_000;
    let views: Vec<String> = (0..events)
        .map(|place| {
            let (section, page) = (dice.below(50), dice.below(1_000));
            format!(
                r#"{{"id":"{round}-{request}-{place}","name":"page.viewed","at":{now_ms},"url":"/section-{section}/page-{page}","title":"Section {section}","props":{{"lang":"en"}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"v":1,"visitor":"{visitor}","consent":"granted","host":"shop.example","sent_at":{now_ms},"events":[{}]}}"#,
        views.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_read() {
        for number in 0..SEGMENTS {
            assert!(segment::parse(&rule(number)).is_ok(), "{}", rule(number));
        }
    }

    #[test]
    fn a_visit_has_its_pages_and_then_another_begins() {
        let turns: Vec<u64> = (0..10).map(|page| who(7 + page * AT_ONCE)).collect();
        assert_eq!(turns, [[7; 5], [AT_ONCE + 7; 5]].concat());
    }

    #[test]
    fn a_body_is_json_with_as_many_events_as_asked() {
        let read: serde_json::Value = serde_json::from_str(&body(10, 3, "r", 3, 20)).unwrap();
        assert_eq!(read["events"].as_array().unwrap().len(), 20);
    }
}
