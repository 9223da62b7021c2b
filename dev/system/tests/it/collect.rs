//! Every event the collector acknowledged is in the log exactly once, even when the server is killed in the middle of it all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use attune_system::Attune;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::ground::{counted, ended, lite, rows, settle, take_on_admin};

const SENDERS: usize = 12;
const KILLS: usize = 4;
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

fn now_ms() -> u64 {
    u64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A request of `count` events of one visitor; each event's subject is its own id.
fn body(sender: usize, request: usize, count: usize) -> String {
    let at = now_ms();
    let event = |n: usize| {
        let id = format!("e-{sender}-{request}-{n}");
        json!({ "id": id, "name": "trial.counted", "at": at, "url": "/trial", "props": { "subject": id } })
    };
    let events: Vec<Value> = (0..count).map(event).collect();
    json!({ "v": 1, "visitor": format!("visitor-{sender}"), "consent": "implied", "host": "shop.example", "sent_at": at, "events": events })
        .to_string()
}

async fn post(client: &reqwest::Client, url: &str, body: String) -> Result<StatusCode, reqwest::Error> {
    let request =
        client.post(url).header("content-type", "application/json").header("user-agent", AGENT).header("accept-language", "en").body(body);
    Ok(request.send().await?.status())
}

/// What a sender has seen: ids that were acknowledged, and ids whose answer never came and that were not sent again.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<String>,
    in_doubt: Vec<String>,
}

/// Sends until told to stop. A request without an answer is sent again every other time, as a tracker does.
async fn send(sender: usize, url: String, stop: Arc<AtomicBool>, taken: Arc<AtomicUsize>) -> Seen {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let mut seen = Seen::default();
    let mut request = 0;
    while !stop.load(Ordering::SeqCst) {
        request += 1;
        let count = 1 + (sender + request) % 7;
        let ids = (0..count).map(|n| format!("e-{sender}-{request}-{n}"));
        let body = body(sender, request, count);
        let mut answer = post(&client, &url, body.clone()).await;
        while request % 2 == 0 && !matches!(answer, Ok(StatusCode::NO_CONTENT)) {
            tokio::time::sleep(Duration::from_millis(30)).await;
            answer = post(&client, &url, body.clone()).await;
        }
        match answer {
            Ok(StatusCode::NO_CONTENT) => {
                seen.acknowledged.extend(ids);
                taken.fetch_add(count, Ordering::SeqCst);
            }
            Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) | Err(_) => {
                seen.in_doubt.extend(ids);
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            Ok(other) => panic!("the collector answered {other}"),
        }
    }
    seen
}

async fn times_logged(attune: &Attune) -> BTreeMap<String, usize> {
    let found = rows(attune, "SELECT subject, count(*) FROM events WHERE name = 'trial.counted' GROUP BY subject").await;
    found.into_iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect()
}

on_both_engines! {
    /// Acknowledged means durable; sent twice means logged once.
    async fn acknowledged_events_survive_kill_nine(attune: Attune) {
        let mut dice = StdRng::seed_from_u64(7);
        attune.serve().await.unwrap();
        let (stop, taken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let senders: Vec<_> = (0..SENDERS).map(|n| tokio::spawn(send(n, attune.url("/t"), stop.clone(), taken.clone()))).collect();
        for _ in 0..KILLS {
            let goal = taken.load(Ordering::SeqCst) + dice.random_range(200..700);
            while taken.load(Ordering::SeqCst) < goal {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            attune.kill().unwrap();
            attune.serve().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.store(true, Ordering::SeqCst);
        let mut all = Seen::default();
        for sender in senders {
            let seen = sender.await.unwrap();
            all.acknowledged.extend(seen.acknowledged);
            all.in_doubt.extend(seen.in_doubt);
        }
        attune.kill().unwrap();
        // What was acknowledged and not written yet is taken up by the next life.
        attune.serve().await.unwrap();
        settle(&attune).await;
        attune.stop().await.unwrap();

        let logged = times_logged(&attune).await;
        let missing: Vec<&String> = all.acknowledged.iter().filter(|id| !logged.contains_key(*id)).collect();
        assert!(missing.is_empty(), "{} of {} acknowledged events are missing: {missing:?}", missing.len(), all.acknowledged.len());
        let doubled: Vec<_> = logged.iter().filter(|(_, times)| **times > 1).collect();
        assert!(doubled.is_empty(), "logged more than once: {doubled:?}");
        let known = all.acknowledged.len() + all.in_doubt.iter().filter(|id| logged.contains_key(*id)).count();
        assert_eq!(logged.len(), known, "nothing is in the log that nobody sent");
        let everything: i64 = rows(&attune, "SELECT count(*) FROM events").await[0][0].parse().unwrap();
        assert_eq!(counted(&attune, &["events"]).await, everything);
        println!("{} acknowledged, {} in doubt, {KILLS} kills", all.acknowledged.len(), all.in_doubt.len());
        assert!(all.acknowledged.len() > 800 && !all.in_doubt.is_empty());
    }

    /// One malformed event is refused with its reason; the rest of its request is kept.
    async fn a_malformed_event_does_not_take_the_others_along(attune: Attune) {
        attune.serve().await.unwrap();
        let mut request: Value = serde_json::from_str(&body(1, 1, 3)).unwrap();
        request["events"][1]["name"] = json!("NOT A NAME");
        let client = reqwest::Client::new();
        let answer = client.post(attune.url("/t")).header("accept-language", "en").header("user-agent", AGENT).body(request.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let told: Value = answer.json().await.unwrap();
        assert_eq!((told["refused"].as_array().unwrap().len(), told["refused"][0]["index"].as_i64()), (1, Some(1)), "{told}");
        assert!(told["refused"][0]["message"].as_str().unwrap().contains("name"), "{told}");
        settle(&attune).await;
        assert_eq!(times_logged(&attune).await.len(), 2);
        for nonsense in ["", "[]", "{\"v\":1}", "{\"v\":9,\"events\":[]}", "\u{0}\u{1}"] {
            let status = post(&client, &attune.url("/t"), nonsense.to_owned()).await.unwrap();
            assert_eq!(status, StatusCode::BAD_REQUEST, "{nonsense:?}");
        }
        let status = post(&client, &attune.url("/t"), "x".repeat(100_000)).await.unwrap();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        attune.stop().await.unwrap();
    }
}

/// A line of the inbox in a form nobody reads any more is put aside and told; what comes behind it is written.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_back_is_told_by_the_doctor() {
    let mut attune = lite();
    take_on_admin(&attune).await;
    attune.serve().await.unwrap();
    attune.stop().await.unwrap();
    let inbox = std::path::Path::new(&attune.store().argument()).join("attune.db-inbox");
    let text = "INSERT INTO kept (id, body) SELECT 1 + COALESCE(MAX(id), 0), 'not what it was' FROM kept";
    assert_eq!(rusqlite::Connection::open(inbox).unwrap().execute(text, []).unwrap(), 1);
    attune.serve().await.unwrap();
    let status = post(&reqwest::Client::new(), &attune.url("/t"), body(1, 1, 2)).await.unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT);
    settle(&attune).await;
    attune.stop().await.unwrap();
    assert_eq!(times_logged(&attune).await.len(), 2);
    let (found, _) = ended(&attune, 1, &["doctor"]).await;
    let told = found["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "inbox").unwrap();
    assert!(told["ok"] == false && told["note"].as_str().unwrap().starts_with("1 lines"), "{found}");
}
