//! The demo is the same on every run with the same seed, and its table is what the store says.

use attune_system::Attune;
use serde_json::Value;

use crate::ground::{lite, rows_at, words};
use crate::push_funnel::rounds;

async fn demo(attune: &Attune, data: &str, more: &[&str]) -> Value {
    let finished = attune.run_without_store(&[&["--json", "demo", "--once", "--seed", "1", "--data", data], more].concat()).await.unwrap();
    assert_eq!(finished.code, Some(0), "{}{}", finished.output, finished.errors);
    assert_eq!(finished.output.trim().lines().count(), 1, "one value for programs: {}", finished.output);
    finished.json().unwrap()
}

async fn one(store: &str, sql: &str) -> i64 {
    rows_at(store, sql).await[0][0].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_table() {
    let attune = lite();
    let data = attune.store().file("demo").display().to_string();
    let first = demo(&attune, &data, &[]).await;
    assert_eq!(rounds(&first), [[2_357, 2_357, 402], [402, 402, 195], [195, 195, 106]]);
    assert_eq!((first["handed_over"].as_i64(), first["unknown"].as_i64()), (Some(100), Some(0)));

    for (position, [sent, delivered, responded]) in (1..).zip(rounds(&first)) {
        let of_round = format!("FROM sends s JOIN push_rounds r ON r.mailing_id = s.mailing_id WHERE r.position = {position}");
        assert_eq!(one(&data, &format!("SELECT count(*) {of_round}")).await, sent);
        assert_eq!(one(&data, &format!("SELECT count(*) {of_round} AND s.state = 'accepted'")).await, delivered);
        assert_eq!(one(&data, &format!("SELECT count(*) {of_round} AND s.responded_at IS NOT NULL")).await, responded);
    }
    assert_eq!(one(&data, "SELECT count(*) FROM contacts").await, 2_357);
    assert_eq!(one(&data, "SELECT count(*) FROM events WHERE name = 'purchase.made'").await, 4_960);
    assert_eq!(one(&data, "SELECT count(*) FROM mailbox_mails").await, 2_357 + 402 + 195);
    assert_eq!(one(&data, "SELECT count(*) FROM events WHERE name = 'mail.clicked' AND NOT machine").await, 402 + 195 + 106);
    assert_eq!(one(&data, "SELECT count(DISTINCT contact_id) FROM events WHERE name = 'lead.handed_over'").await, 100);

    let resumed = demo(&attune, &data, &[]).await;
    assert_eq!(resumed, first, "a second start shows what is there");
    assert_eq!(one(&data, "SELECT count(*) FROM mailbox_mails").await, 2_357 + 402 + 195, "and sends nothing again");
    let again = demo(&attune, &data, &["--reset"]).await;
    assert_eq!(again, first, "and from the beginning it comes to the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_shown_a_table_in_their_language() {
    let attune = lite();
    let data = attune.store().file("demo").display().to_string();
    let english = attune.run_without_store(&["demo", "--once", "--data", &data]).await.unwrap();
    assert_eq!(english.code, Some(0), "{}", english.errors);
    let row = |text: &str, cells: &[&str]| text.lines().any(|line| line.split_whitespace().take(4).eq(cells.iter().copied()));
    assert!(
        row(&english.output, &["1", "2,357", "2,357", "402"]) && row(&english.output, &["3", "195", "195", "106"]),
        "{}",
        english.output
    );
    let chinese = attune.run_without_store(&["--lang", "zh-CN", "demo", "--once", "--data", &data]).await.unwrap();
    assert!(row(&chinese.output, &["2", "402", "402", "195"]) && !chinese.output.contains("Sent"), "{}", chinese.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_demo_goes_on() {
    let mut attune = lite();
    let data = attune.store().file("demo").display().to_string();
    for pause in [400, 1_500, 4_000] {
        let port = attune.url("").rsplit(':').next().unwrap().to_owned();
        attune.launch(&["demo", "--data", &data, "--port", &port]).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        attune.kill().unwrap();
    }
    let finished = attune.run_without_store(&["--json", "demo", "--once", "--data", &data]).await.unwrap();
    let report = finished.json().unwrap();
    let unknown = report["unknown"].as_i64().unwrap();
    assert_eq!(finished.code, Some(i32::from(unknown > 0)), "{}", finished.errors);
    let rounds = rounds(&report);
    assert_eq!(rounds[0][0], 2_357, "{report}");
    if unknown == 0 {
        assert_eq!(rounds.iter().map(|round| round[2]).collect::<Vec<_>>(), [402, 195, 106]);
    }
    let doubles = "SELECT count(*) FROM (SELECT rcpt_to, subject FROM mailbox_mails GROUP BY rcpt_to, subject HAVING count(*) > 1) AS d";
    assert!(one(&data, doubles).await <= unknown, "nobody was written to twice for one round unless it is listed as unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_that_is_no_number_is_refused() {
    let attune = lite();
    let data = attune.store().file("demo");
    let refused = attune.run_without_store(&["demo", "--once", "--data", &data.display().to_string(), "--seed", "no"]).await.unwrap();
    assert!(words(refused, 2).contains("--seed"), "the argument is named");
    assert!(!data.exists(), "nothing was made");
}
