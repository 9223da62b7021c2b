use std::io::Write;

use attune_db::{Db, params, sql};
use attune_jobs::Bench;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Malformed, Meaning, Report, meaning, parse, run};

const CHROME: &str = "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/41.0.2272.118 Safari/537.36";

fn line(client: &str, time: &str, target: &str, referrer: &str, agent: &str) -> String {
    format!(r#"{client} - - [17/May/2015:{time} +0000] "GET {target} HTTP/1.1" 200 512 "{referrer}" "{agent}""#)
}

fn log() -> String {
    let mut lines = vec![
        line("198.51.100.1", "10:00:00", "/start?utm_source=letter&utm_medium=email", "-", CHROME),
        line("198.51.100.1", "10:00:01", "/style.css", "http://www.site.example/start", CHROME),
        line("198.51.100.1", "10:20:00", "/price", "http://site.example/start", CHROME),
        line("198.51.100.1", "11:30:00", "/files/plan.pdf", "https://www.bing.com/search", CHROME),
        line("198.51.100.2", "10:05:00", "/start", "-", "Googlebot/2.1 (+http://www.google.com/bot.html)"),
        line("198.51.100.3", "10:06:00", "/robots.txt", "-", "Mozilla/5.0 (SomethingNew)"),
        line("198.51.100.3", "10:06:01", "/price", "-", "Mozilla/5.0 (SomethingNew)"),
    ];
    lines.push("not a log line".to_owned());
    lines.push(r#"198.51.100.4 - - [17/Mai/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "x""#.to_owned());
    lines.push(r#"198.51.100.1 - - [17/May/2015:10:21:00 +0000] "GET /gone HTTP/1.1" 404 1 "-" "x""#.to_owned());
    lines.push(r#"198.51.100.1 - - [17/May/2015:10:21:00 +0000] "POST /form HTTP/1.1" 200 1 "-" "x""#.to_owned());
    // The same request twice in one second is two views.
    lines.push(line("198.51.100.5", "12:00:00", "/twice", "-", CHROME));
    lines.push(line("198.51.100.5", "12:00:00", "/twice", "-", CHROME));
    lines.join("\n")
}

async fn replayed(db: &Db, bytes: &[u8]) -> Report {
    let clock = attune_testkit::clock();
    let bench = Bench { db: db.clone(), ids: attune_testkit::ids(&clock), clock };
    run(&bench, bytes, |_| true).await.unwrap()
}

attune_testkit::on_both_dbs! {
    async fn a_log_becomes_visits_at_their_true_dates(db: Db) {
        let report = replayed(&db, log().as_bytes()).await;
        let counts = (report.lines, report.events, report.sessions, report.machine, report.malformed, report.repeated);
        assert_eq!(counts, (13, 7, 5, 2, 2, 0));
        assert_eq!(report.listed, [(8, "no-time".to_owned()), (9, "bad-time".to_owned())]);
        let mut tx = db.read().await.unwrap();
        let rows = tx.rows(sql!("SELECT started_at, last_at, pages, source, medium, machine, reason, host, landing FROM visits ORDER BY started_at"), params![]).await.unwrap();
        let first = &rows[0];
        assert_eq!(first.get::<i64>("started_at").unwrap(), 1_431_856_800_000_000, "2015-05-17T10:00:00Z");
        assert_eq!((first.get::<i64>("pages").unwrap(), first.get::<String>("source").unwrap()), (2, "letter".to_owned()));
        assert_eq!(first.get::<Option<String>>("host").unwrap().as_deref(), Some("site.example"), "the parts of pages tell whose log it is");
        assert_eq!(first.get::<Option<String>>("landing").unwrap().as_deref(), Some("/start"));
        let reasons: Vec<Option<String>> = rows.iter().map(|row| row.get("reason").unwrap()).collect();
        assert_eq!(reasons.iter().flatten().collect::<Vec<_>>(), ["known-bot", "read-robots"]);
        let second = rows.iter().find(|row| row.get::<String>("source").unwrap() == "bing").unwrap();
        assert_eq!(second.get::<i64>("pages").unwrap(), 0, "a file taken home is no page view");
        drop(tx);

        let again = replayed(&db, log().as_bytes()).await;
        assert_eq!((again.events, again.sessions, again.repeated), (0, 0, 7));
    }

    async fn a_zipped_log_is_the_same_log(db: Db) {
        let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
        zipped.write_all(log().as_bytes()).unwrap();
        let zipped = zipped.finish().unwrap();
        assert_eq!(replayed(&db, &zipped).await.events, 7);
        assert_eq!(replayed(&db, log().as_bytes()).await.events, 0);
    }

    async fn batches_and_monsters_are_no_trouble(db: Db) {
        let mut lines: Vec<String> = (0..4_500).map(|n| line(&format!("10.0.{}.{}", n / 250, n % 250), "09:00:00", &format!("/p{n}"), "-", CHROME)).collect();
        lines.insert(2_100, "x".repeat(200_000));
        let mut told = 0;
        let clock = attune_testkit::clock();
        let bench = Bench { db: db.clone(), ids: attune_testkit::ids(&clock), clock };
        let text = lines.join("\r\n");
        let report = run(&bench, text.as_bytes(), |_| { told += 1; true }).await.unwrap();
        assert_eq!((report.lines, report.events, report.malformed, told), (4_501, 4_500, 1, 3));
        assert_eq!(report.listed, [(2_101, "too-long".to_owned())]);
    }
}

#[test]
fn lines_are_read_as_servers_write_them() {
    let read = parse(r#"::1 - frank smith [10/Oct/2000:13:55:36 -0700] "GET /a b?q=\"x\" HTTP/1.0" 304 - "-" "Ag\"ent" "extra""#).unwrap();
    assert_eq!((read.client, read.at, read.status), ("::1", 971_211_336_000_000, 304));
    assert_eq!((read.target, read.referrer, read.agent), ("/a", None, Some("Ag\\\"ent")));
    let common = parse(r#"host.example - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326"#).unwrap();
    assert_eq!((common.agent, common.referrer), (None, None));
    assert_eq!(parse(r#"1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] "GET /"#), Err(Malformed::NoRequest));
    assert_eq!(parse(r#"1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] "\x16\x03" 400 0 "-" "-""#), Err(Malformed::BadRequest));
    assert_eq!(parse(r#"1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" abc 0"#), Err(Malformed::BadStatus));
    assert_eq!(parse(r#"1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 x"#), Err(Malformed::BadSize));
    assert_eq!(parse(r#"1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1 "-" "cut"#), Err(Malformed::OpenQuote));
    assert_eq!(parse("1.1.1.1 [10/Oct/2000:13:55:36 -0700]"), Err(Malformed::NoClient));
    assert_eq!(parse(""), Err(Malformed::NoClient));
}

#[test]
fn only_what_a_person_saw_is_a_page() {
    let of = |request: &str, status: u16| {
        let text = format!(r#"1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] "{request} HTTP/1.1" {status} 1 "-" "x""#);
        meaning(&parse(&text).unwrap())
    };
    assert_eq!(of("GET /", 200), Meaning::Page);
    assert_eq!(of("GET /v1.2/notes", 304), Meaning::Page);
    assert_eq!(of("GET /index.php?x=a.png", 200), Meaning::Page);
    assert_eq!(of("GET /a/logo.PNG?v=3", 200), Meaning::Asset);
    assert_eq!(of("GET /plan.pdf", 200), Meaning::Download);
    assert_eq!(of("GET /film.mp4", 206), Meaning::Other);
    assert_eq!(of("GET /robots.txt", 404), Meaning::Robots);
    assert_eq!(of("GET /old", 301), Meaning::Other);
    assert_eq!(of("HEAD /", 200), Meaning::Other);
    assert_eq!(of("GET http://other.example/", 200), Meaning::Other);
}

proptest::proptest! {
    #[test]
    fn no_line_makes_it_panic(text in "\\PC{0,300}") {
        let _ = parse(&text);
        let _ = parse(&format!("1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] \"{text}"));
    }
}
