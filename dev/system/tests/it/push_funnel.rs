//! Push funnels from files: mistakes are told, and a small one runs to its end through real mail and real links.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::ground::{ended, file, funnel_file, keys, number, refused, rows, take_on_agent, words};

/// The rounds of a report as (sent, delivered, responded). It has exactly the promised names.
pub fn rounds(report: &Value) -> Vec<[i64; 3]> {
    assert_eq!(keys(report), BTreeSet::from(["rounds", "handed_over", "unknown"]));
    let round = |round: &Value| {
        assert_eq!(keys(round), BTreeSet::from(["sent", "delivered", "responded"]));
        ["sent", "delivered", "responded"].map(|key| round[key].as_i64().unwrap())
    };
    report["rounds"].as_array().unwrap().iter().map(round).collect()
}

/// Every round as the store has it: mails accepted, and people marked as having responded.
const ROUNDS: &str =
    "SELECT count(*), sum(CASE WHEN s.state = 'accepted' THEN 1 ELSE 0 END), sum(CASE WHEN s.responded_at IS NOT NULL THEN 1 ELSE 0 END)
    FROM push_rounds r JOIN mailings m ON m.id = r.mailing_id JOIN sends s ON s.mailing_id = m.id GROUP BY r.position ORDER BY r.position";

/// What the store says about the only funnel it holds.
pub async fn rounds_in_store(attune: &attune_system::Attune) -> Vec<[i64; 3]> {
    let found = rows(attune, ROUNDS).await;
    found.iter().map(|row| [0, 1, 2].map(|at| row[at].parse().unwrap())).collect()
}

/// Waits until the relay has taken `count` mails.
async fn until_sent(attune: &attune_system::Attune, count: i64) {
    let started = Instant::now();
    // The tables are made at the first start of all, the sends by the command itself.
    while number(attune, "SELECT count(*) FROM sends WHERE state = 'accepted'").await < count {
        assert!(started.elapsed() < Duration::from_secs(60), "no {count} mails have left");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

on_both_engines! {
    /// Forty people, of whom every second responds once and every fourth twice; two reps take eight in all.
    async fn a_small_funnel_runs_to_its_end(attune: Attune) {
        let mut people = String::from("no,name,email,first,second,arm\n");
        for n in 1..=40 {
            let arm = if n <= 30 { "in" } else { "out" };
            people.push_str(&format!("{n},Person {n},p{n}@a.example,{},{},{arm}\n", i32::from(n % 2 == 0), i32::from(n % 4 == 0)));
        }
        let people = file(&attune, "people.csv", &people);
        ended(&attune, 0, &["import", "contacts", &people]).await;
        take_on_agent(&attune, "mei").await;
        take_on_agent(&attune, "jonas").await;
        let reps = "{ who = \"mei@attune.example\", cap = 3 }, { who = \"jonas@attune.example\", cap = 2 }";
        let funnel = file(&attune, "funnel.toml", &funnel_file("Trial", "custom.arm = \"in\"", &["first", "second"], reps));
        let (report, _) = ended(&attune, 0, &["push-funnel", "run", &funnel]).await;
        assert_eq!(rounds(&report), [[30, 30, 15], [15, 15, 7]]);
        assert_eq!((report["handed_over"].as_i64(), report["unknown"].as_i64()), (Some(5), Some(0)));
        assert_eq!(rounds_in_store(&attune).await, rounds(&report));
        assert_eq!(number(&attune, "SELECT count(*) FROM mailbox_mails").await, 45, "every mail went through the mailbox");
        assert_eq!(number(&attune, "SELECT count(*) FROM events WHERE name = 'mail.clicked' AND NOT machine").await, 22);
        let holders = rows(&attune, "SELECT count(*) FROM events WHERE name = 'lead.handed_over' GROUP BY subject ORDER BY 1").await;
        assert_eq!(holders, [["2"], ["3"]], "within each rep's cap");
        let strangers = "SELECT count(*) FROM events e JOIN contacts c ON c.id = e.contact_id WHERE e.name = 'lead.handed_over' AND c.fields LIKE '%\"second\":0%'";
        assert_eq!(number(&attune, strangers).await, 0, "only those who responded twice are handed over");
    }

    /// Asked to end in the middle of a round, it ends in order: no mail is in doubt, and the same command goes on to the same result.
    async fn a_funnel_that_is_stopped_goes_on_where_it_stood(attune: Attune) {
        const PEOPLE: i64 = 3_000;
        let mut people = String::from("no,name,email,first,second,arm\n");
        for n in 1..=PEOPLE {
            people.push_str(&format!("{n},Person {n},p{n}@a.example,{},{},in\n", i32::from(n % 10 == 0), i32::from(n % 100 == 0)));
        }
        let people = file(&attune, "people.csv", &people);
        ended(&attune, 0, &["import", "contacts", &people]).await;
        take_on_agent(&attune, "mei").await;
        let funnel = file(&attune, "funnel.toml", &funnel_file("Trial", "", &["first", "second"], "\"mei@attune.example\""));
        let stopped = attune.run_until(&["push-funnel", "run", &funnel], until_sent(&attune, 300)).await.unwrap();
        let told = words(stopped, 1);
        assert!(told.contains("Run the same command again"), "{told}");
        let open = rows(&attune, "SELECT DISTINCT state FROM sends WHERE state NOT IN ('planned', 'accepted')").await;
        assert!(open.is_empty(), "{open:?}");
        let accepted = number(&attune, "SELECT count(*) FROM sends WHERE state = 'accepted'").await;
        assert!((300..PEOPLE).contains(&accepted), "{accepted} mails had left");
        let (report, _) = ended(&attune, 0, &["push-funnel", "run", &funnel]).await;
        assert_eq!(rounds(&report), [[PEOPLE, PEOPLE, PEOPLE / 10], [PEOPLE / 10, PEOPLE / 10, PEOPLE / 100]]);
        assert_eq!((report["handed_over"].as_i64(), report["unknown"].as_i64()), (Some(PEOPLE / 100), Some(0)));
        assert_eq!(number(&attune, "SELECT count(*) FROM push_funnels").await, 1, "it went on and did not begin again");
        assert_eq!(number(&attune, "SELECT count(*) FROM mailbox_mails").await, PEOPLE + PEOPLE / 10, "nobody got a mail twice");
    }

    /// A file that cannot be run is told what is wrong with it, all at once, and nothing is sent.
    async fn mistakes_in_the_file_are_told(attune: Attune) {
        let empty = file(&attune, "empty.toml", "name = \"\"\n");
        let told = refused(&attune, 2, &["push-funnel", "run", &empty]).await;
        assert!(told.contains("name is empty") && told.contains("rounds"), "{told}");
        let no_toml = file(&attune, "no.toml", "name = ");
        refused(&attune, 2, &["push-funnel", "run", &no_toml]).await;
        let stranger = file(&attune, "stranger.toml", &funnel_file("Trial", "", &["first"], "\"nobody@attune.example\""));
        let told = refused(&attune, 2, &["push-funnel", "run", &stranger]).await;
        assert!(told.contains("nobody@attune.example"), "{told}");
        let rule = file(&attune, "rule.toml", &funnel_file("Trial", "custom.nothing = 1", &["first"], ""));
        let told = refused(&attune, 2, &["push-funnel", "run", &rule]).await;
        assert!(told.contains("custom.nothing"), "{told}");
        assert_eq!(number(&attune, "SELECT count(*) FROM push_funnels").await, 0, "a refused file leaves nothing behind");
        let outside = attune.with("ATTUNE_MAIL__DELIVERY", "smtp").with("ATTUNE_MAIL__HOST", "127.0.0.1");
        let simulated = file(&outside, "simulated.toml", &funnel_file("Trial", "", &["first"], ""));
        let told = refused(&outside, 2, &["push-funnel", "run", &simulated]).await;
        assert!(told.contains("mail.delivery"), "{told}");
    }
}
