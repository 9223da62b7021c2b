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
    let said = english.output.clone() + &english.errors;
    assert!(
        !said.contains('\u{1b}') && !said.contains("INFO"),
        "no log stands between its lines, and no colour where nobody sees it: {said}"
    );
    let chinese = attune.run_without_store(&["--lang", "zh-CN", "demo", "--once", "--data", &data]).await.unwrap();
    assert!(row(&chinese.output, &["2", "402", "402", "195"]) && !chinese.output.contains("Sent"), "{}", chinese.output);
}

const PEOPLE: &str = "SELECT count(*) FROM contacts";
const MAILS: &str = "SELECT count(*) FROM mailbox_mails";
const CLICKS: &str = "SELECT count(*) FROM events WHERE name = 'mail.clicked'";

/// Starts the demo and kills it once a figure of its store has reached `reached`.
async fn kill_at(attune: &mut Attune, data: &str, figure: &str, reached: i64) {
    let port = attune.url("").rsplit(':').next().unwrap().to_owned();
    attune.launch(&["demo", "--data", data, "--port", &port]).await.unwrap();
    let begun = std::time::Instant::now();
    while one(data, figure).await < reached {
        assert!(begun.elapsed() < std::time::Duration::from_secs(120), "{figure} never came to {reached}");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    attune.kill().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_killed_while_it_imports_and_while_people_answer_comes_to_the_same() {
    let mut attune = lite();
    let data = attune.store().file("demo").display().to_string();
    for (figure, reached) in [(PEOPLE, 100), (CLICKS, 30), (CLICKS, 402 + 195 + 20)] {
        kill_at(&mut attune, &data, figure, reached).await;
    }
    let report = demo(&attune, &data, &[]).await;
    assert_eq!(rounds(&report), [[2_357, 2_357, 402], [402, 402, 195], [195, 195, 106]]);
    assert_eq!(one(&data, MAILS).await, 2_357 + 402 + 195, "and nobody was written to twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_killed_while_it_sends_misses_only_what_it_lists_as_unknown() {
    let mut attune = lite();
    let data = attune.store().file("demo").display().to_string();
    for (figure, reached) in [(MAILS, 600), (MAILS, 2_357 + 20)] {
        kill_at(&mut attune, &data, figure, reached).await;
    }
    let finished = attune.run_without_store(&["--json", "demo", "--once", "--data", &data]).await.unwrap();
    let report = finished.json().unwrap();
    let unknown = report["unknown"].as_i64().unwrap();
    assert_eq!(finished.code, Some(i32::from(unknown > 0)), "{}", finished.errors);
    for ([sent, delivered, responded], [all, answered]) in rounds(&report).into_iter().zip([[2_357, 402], [402, 195], [195, 106]]) {
        assert!(all - unknown <= sent && sent <= all, "{report}");
        assert!(sent - unknown <= delivered && delivered <= sent, "{report}");
        assert!(answered - unknown <= responded && responded <= answered, "{report}");
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
