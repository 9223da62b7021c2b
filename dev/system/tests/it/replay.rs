//! An access log of the past becomes visits and page views at their true times.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ground::{counted, ended, file, keys, number, rows, shared};

const LOG: &str = r#"192.0.2.1 - - [10/May/2015:08:05:32 +0000] "GET /downloads/guide.pdf HTTP/1.1" 200 980 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
192.0.2.1 - - [10/May/2015:08:06:00 +0000] "GET /pricing HTTP/1.1" 200 4981 "https://search.example/" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
192.0.2.1 - - [10/May/2015:10:06:00 +0200] "GET /style.css HTTP/1.1" 200 4981 "http://site.example/pricing" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
192.0.2.1 - - [10/May/2015:12:00:00 +0000] "GET /pricing HTTP/1.1" 200 4981 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
198.51.100.7 - - [10/May/2015:08:07:00 +0000] "GET / HTTP/1.1" 200 4981 "-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
this line is broken
192.0.2.9 - - [45/May/2015:08:07:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"
"#;

fn figures(value: &Value) -> [i64; 5] {
    assert_eq!(keys(value), BTreeSet::from(["lines", "events", "sessions", "machine", "malformed"]));
    ["lines", "events", "sessions", "machine", "malformed"].map(|key| value[key].as_i64().unwrap())
}

on_both_engines! {
    /// Lines that cannot be read are named; the same log again adds nothing.
    async fn a_small_log(attune: Attune) {
        let path = file(&attune, "access.log", LOG);
        let (first, told) = ended(&attune, 1, &["replay-log", &path]).await;
        assert_eq!(figures(&first), [7, 4, 3, 1, 2]);
        assert!(told.lines().any(|line| line.starts_with("6: ")) && told.lines().any(|line| line.starts_with("7: ")), "{told}");
        let (second, _) = ended(&attune, 1, &["replay-log", &path]).await;
        assert_eq!(figures(&second), [7, 0, 0, 0, 2]);
        assert_eq!(counted(&attune, &["events"]).await, 4);
        let times = rows(&attune, "SELECT at FROM events WHERE subject = '/pricing' ORDER BY at").await;
        assert_eq!(times, [["1431245160000000"], ["1431259200000000"]], "at their true times");
        assert_eq!(number(&attune, "SELECT count(*) FROM visits WHERE NOT machine").await, 2);
        let addresses = rows(&attune, "SELECT count(*) FROM events WHERE props LIKE '%192.0.2.%' OR subject LIKE '%192.0.2.%'").await;
        assert_eq!(addresses, [["0"]], "addresses of visitors are not kept");
    }

    /// 7,000 real lines.
    async fn a_real_log(attune: Attune) {
        let Some(path) = shared("weblogs/apache_access_first7000.log.gz") else { return };
        let path = path.display().to_string();
        let finished = attune.run(&["--json", "replay-log", &path]).await.unwrap();
        let value = finished.json().unwrap();
        let [lines, events, sessions, machine, malformed] = figures(&value);
        assert_eq!(finished.code, Some(i32::from(malformed > 0)), "{}", finished.errors);
        assert_eq!(lines, 7_000);
        assert_eq!(i64::try_from(finished.errors.lines().count()).unwrap(), malformed, "each malformed line is named: {}", finished.errors);
        assert!(0 < machine && machine < events && events < lines && sessions < events, "{value}");
        assert_eq!(counted(&attune, &["events"]).await, events);
        assert_eq!(number(&attune, "SELECT count(*) FROM events WHERE machine").await, machine);
        assert_eq!(number(&attune, "SELECT count(*) FROM visits").await, sessions);
        let mixed = "SELECT count(*) FROM events e JOIN visits v ON v.id = e.session_id WHERE v.machine AND NOT e.machine";
        assert_eq!(number(&attune, mixed).await, 0, "nothing of a machine's visit counts as done by a person");
        let span = rows(&attune, "SELECT min(at), max(at) FROM events").await;
        let (first, last): (i64, i64) = (span[0][0].parse().unwrap(), span[0][1].parse().unwrap());
        // 17 to 20 May 2015, in µs.
        assert!((1_431_820_800_000_000..1_432_166_400_000_000).contains(&first) && first < last && last < 1_432_166_400_000_000, "{span:?}");
        let again = attune.run(&["--json", "replay-log", &path]).await.unwrap().json().unwrap();
        assert_eq!(figures(&again), [7_000, 0, 0, 0, malformed]);
        assert_eq!(counted(&attune, &["events"]).await, events);
    }
}
