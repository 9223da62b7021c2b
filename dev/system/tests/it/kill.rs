//! A campaign of 5,000 to a real SMTP relay while the sender is killed at random moments: nobody is missing, and whoever may have got the
//! mail twice is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use attune_courier::mailbox::{MailSink, MailboxLimits, MailboxServer, ReceivedMail};
use attune_kernel::{Clock, Fault};
use attune_system::Attune;
use futures::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio_util::sync::CancellationToken;

use crate::ground::{ended, file, rows};

const PEOPLE: usize = 5_000;
const KILLS: usize = 5;

/// The relay's memory: how often each send came in, and to whom.
#[derive(Default)]
struct Relay {
    taken: AtomicUsize,
    sends: Mutex<BTreeMap<i64, Vec<String>>>,
}

impl MailSink for Relay {
    fn keep(&self, mails: Vec<ReceivedMail>) -> BoxFuture<'_, Result<(), Fault>> {
        let mut sends = self.sends.lock().unwrap();
        for mail in &mails {
            let head = String::from_utf8_lossy(&mail.raw);
            let send = head.lines().find_map(|line| line.strip_prefix("X-Attune-Send: ")).expect("every mail names its send");
            sends.entry(send.trim().parse().unwrap()).or_default().push(mail.rcpt_to.join(","));
        }
        drop(sends);
        self.taken.fetch_add(mails.len(), Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}

async fn open_relay() -> (Arc<Relay>, u16, CancellationToken) {
    let relay = Arc::new(Relay::default());
    let server =
        MailboxServer::bind("127.0.0.1:0".parse().unwrap(), relay.clone(), Clock::system(), MailboxLimits::default()).await.unwrap();
    let (port, stop) = (server.address().port(), CancellationToken::new());
    tokio::spawn(server.serve(stop.clone()));
    (relay, port, stop)
}

fn through(attune: Attune, port: u16) -> Attune {
    let attune = attune.with("ATTUNE_MAIL__DELIVERY", "smtp").with("ATTUNE_MAIL__HOST", "127.0.0.1").with("ATTUNE_MAIL__SECURITY", "none");
    attune.with("ATTUNE_MAIL__PORT", &port.to_string())
}

const FUNNEL: &str = r#"name = "Five thousand"
audience = "everyone"
from = "Trial <trial@attune.example>"
any_hour = true
[[rounds]]
subject = "Hello {{ contact.name }}"
wait = "7d"
mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.name }}</mj-text><mj-button href='https://shop.example/'>Look</mj-button><mj-text><a href='{{ unsubscribe_url }}'>Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>"
"#;

/// How far the sends are: planned or on their way, and ended.
async fn progress(attune: &Attune) -> (i64, i64) {
    let found = rows(attune, "SELECT count(*), sum(CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END) FROM sends").await;
    let all: i64 = found[0][0].parse().unwrap();
    (all, found[0][1].parse().unwrap_or(0))
}

async fn until_taken(relay: &Relay, count: usize) {
    let started = Instant::now();
    while relay.taken.load(Ordering::SeqCst) < count {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "the relay got {} mails and waits for {count}",
            relay.taken.load(Ordering::SeqCst)
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Starts the campaign and kills its sender again and again; leaves it running.
async fn kill_again_and_again(attune: &mut Attune, relay: &Relay, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let funnel = file(attune, "funnel.toml", FUNNEL);
    attune.launch(&["push-funnel", "run", &funnel]).await.unwrap();
    for _ in 0..KILLS {
        // Anywhere from before the first mail to the middle of a batch.
        let goal = relay.taken.load(Ordering::SeqCst) + dice.random_range(0..600);
        until_taken(relay, goal).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..40))).await;
        attune.kill().unwrap();
        attune.serve().await.unwrap();
    }
}

async fn until_ended(attune: &Attune) {
    let started = Instant::now();
    loop {
        let (all, open) = progress(attune).await;
        if all == i64::try_from(PEOPLE).unwrap() && open == 0 {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(180), "{open} of {all} sends have not ended: {}", attune.process().unwrap().log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

on_both_engines! {
    /// Every recipient's mail is accepted or unknown; accepted ones arrived, and only unknown ones may have arrived twice.
    async fn a_campaign_survives_kill_nine(attune: Attune) {
        let (relay, port, stop) = open_relay().await;
        attune = through(attune, port);
        let people: String = (1..=PEOPLE).map(|n| format!("{n},Person {n},p{n}@five-thousand.example\n")).collect();
        let people = file(&attune, "people.csv", &format!("no,name,email\n{people}"));
        ended(&attune, 0, &["import", "contacts", &people]).await;
        kill_again_and_again(&mut attune, &relay, 20_261_122).await;
        until_ended(&attune).await;
        attune.stop().await.unwrap();

        let sends = rows(&attune, "SELECT s.id, s.state, c.email FROM sends s JOIN contacts c ON c.id = s.contact_id").await;
        let written: BTreeSet<&str> = sends.iter().map(|row| row[2].as_str()).collect();
        assert_eq!((sends.len(), written.len()), (PEOPLE, PEOPLE), "one row per recipient");
        let arrived = relay.sends.lock().unwrap().clone();
        let mut unknown = 0;
        for row in &sends {
            let (id, state, email) = (row[0].parse::<i64>().unwrap(), row[1].as_str(), &row[2]);
            let times = arrived.get(&id).map_or(0, Vec::len);
            assert!(arrived.get(&id).is_none_or(|to| to.iter().all(|to| to == email)), "send {id} went to somebody else");
            match state {
                "accepted" => assert_eq!(times, 1, "send {id} is accepted"),
                "unknown" => unknown += 1,
                other => panic!("send {id} is {other}"),
            }
        }
        let doubled = arrived.values().filter(|to| to.len() > 1).count();
        println!("{PEOPLE} recipients, {KILLS} kills: {unknown} unknown, {doubled} doubled");
        assert!(unknown < PEOPLE / 2, "{unknown} sends are in doubt after {KILLS} kills");
        let told = rows(&attune, "SELECT count(*) FROM events WHERE name = 'mail.accepted'").await;
        assert_eq!(told, [[(PEOPLE - unknown).to_string()]], "one event per accepted mail");
        stop.cancel();
    }

    /// While the relay is away sends wait, and go out when it is back.
    async fn a_relay_that_is_down_is_waited_for(attune: Attune) {
        let port = attune_system::free_port().unwrap();
        attune = through(attune, port);
        let people = file(&attune, "people.csv", "no,name,email\n1,Ann,ann@a.example\n2,Bob,bob@b.example\n");
        ended(&attune, 0, &["import", "contacts", &people]).await;
        let funnel = file(&attune, "funnel.toml", FUNNEL);
        attune.launch(&["push-funnel", "run", &funnel]).await.unwrap();
        let started = Instant::now();
        while rows(&attune, "SELECT relay_error FROM mailings WHERE relay_error IS NOT NULL").await.is_empty() {
            assert!(started.elapsed() < Duration::from_secs(60), "{}", attune.process().unwrap().log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(rows(&attune, "SELECT count(*) FROM sends WHERE ended_at IS NULL").await, [["2"]], "nothing is given up");
        let relay = Arc::new(Relay::default());
        let address = format!("127.0.0.1:{port}").parse().unwrap();
        let server = MailboxServer::bind(address, relay.clone(), Clock::system(), MailboxLimits::default()).await.unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(server.serve(stop.clone()));
        until_taken(&relay, 2).await;
        while rows(&attune, "SELECT count(*) FROM sends WHERE state = 'accepted'").await != [["2"]] {
            assert!(started.elapsed() < Duration::from_secs(120), "{}", attune.process().unwrap().log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        attune.kill().unwrap();
        stop.cancel();
    }
}
