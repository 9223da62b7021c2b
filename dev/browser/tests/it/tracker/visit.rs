//! A visit with everything in it: a covered tab, a download, a way out and back, a search, a film, routes without documents, a form, commerce,
//! and a tab that is closed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::arrived::{self, Arrived};
use super::stay::{Moment, Stays, pass, when};
use super::{clip, cover, open, run, uncover};
use crate::person::Person;

/// What the visit does, by name and subject, and how often. The way out is added with the port of the site.
const DONE: [(&str, &str, usize); 24] = [
    ("page.viewed", "/", 2),
    ("file.downloaded", "price list.pdf", 1),
    ("file.downloaded", "100%%20sales.csv", 1),
    ("file.downloaded", "own.txt", 1),
    ("link.followed", "mailto:lamps@lamps.example", 1),
    ("product.viewed", "L-1", 1),
    ("cart.added", "L-1", 1),
    ("checkout.started", "cart 7", 1),
    ("order.placed", "A-1001", 1),
    ("page.viewed", "/search", 2),
    ("site.searched", "blue lamp", 1),
    ("page.viewed", "/film", 1),
    ("video.progressed", "clip.webm", 5),
    ("video.progressed", "tour", 3),
    ("video.progressed", "stream", 2),
    ("page.viewed", "/app", 2),
    ("page.viewed", "/app/lamps", 2),
    ("page.viewed", "/contact", 1),
    ("form.viewed", "ask", 1),
    ("form.started", "ask", 1),
    ("form.submitted", "ask", 1),
    ("page.viewed", "/sent", 1),
    ("page.viewed", "/closed", 1),
    ("link.followed", "", 1),
];

/// How often the pages of each path were hidden or left: once for each view, and once more where another tab came before it.
const LEFT: [(&str, usize); 8] =
    [("/", 3), ("/search", 2), ("/film", 1), ("/app", 2), ("/app/lamps", 2), ("/contact", 1), ("/sent", 1), ("/closed", 1)];

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_once_with_the_time_it_was_seen() {
    let (attune, site, mut person) = open().await;
    let mut stays = Stays::default();
    let way_out = site.url("/partner").replace("127.0.0.1", "localhost");
    let came = out_and_back(&mut person, &mut stays).await;
    let came = search(&mut person, &mut stays, came).await;
    let came = film(&mut person, &mut stays, came).await;
    let came = routes(&mut person, &mut stays, came).await;
    let came = contact(&mut person, &mut stays, came).await;
    let over = when(person.go("/blank")).await;
    stays.add("/sent", came, over);
    close_a_tab(&person, &site.url("/closed"), &mut stays).await;

    arrived::log_with(&attune, "page.left", "/closed").await;
    assert_eq!(person.browser.complaints().await.unwrap(), Vec::<String>::new(), "the site's policy was never broken");
    let log = arrived::log(&attune).await;
    let done = DONE.map(|(name, subject, times)| ((name, if subject.is_empty() { way_out.as_str() } else { subject }), times));
    assert_eq!(arrived::counted(&log), BTreeMap::from(done));
    let (dwell, left) = arrived::dwell(&log);
    assert_eq!(left, BTreeMap::from(LEFT));
    stays.compare(&dwell);
    assert_eq!(
        arrived::visits(&attune).await,
        [[12, i64::try_from(log.len()).unwrap(), dwell.values().sum()]],
        "one visit of twelve pages"
    );
    assert!(log.iter().all(|event| !event.machine && (event.visitor, event.visit) == (log[0].visitor, log[0].visit)), "{log:?}");
    assert!(log[0].visitor.is_some() && log[0].visit.is_some());
    links_and_words(&log, &site.url(""));
    videos(&log);
    commerce_and_form(&log);
    let all = format!("{log:?}");
    for private in ["secret", "hidden%20words", "hidden words", "ada@lamps.example", "Lamps & Co", "t-1"] {
        assert!(!all.contains(private), "{private:?} was sent");
    }
}

/// The first page: covered for a while, a file, a letter, purchases, out by a link and back again. Answers when the last page was shown.
async fn out_and_back(person: &mut Person, stays: &mut Stays) -> Moment {
    let shown = when(person.go("/")).await;
    pass(2.0).await;
    let covered = when(cover(person)).await;
    pass(3.0).await;
    let seen = when(uncover(person)).await;
    // Nothing is to be saved, and no program for letters to be started.
    run(person, "for (const id of ['own', 'mail']) document.getElementById(id).addEventListener('click', e => e.preventDefault())").await;
    for link in ["#file", "#sales", "#own", "#mail"] {
        person.click(link).await;
    }
    // What a page changes after the call is not what happened.
    run(person, "const lamp = { sku: 'L-1', amount_minor: 4900, currency: 'EUR' }; attune.track('product.viewed', lamp); lamp.sku = 'L-2'")
        .await;
    run(person, "attune.track('cart.added', { sku: 'L-1', amount_minor: 4900, currency: 'EUR', quantity: 1 })").await;
    run(person, "attune.track('checkout.started', { subject: 'cart 7', amount_minor: 4900, currency: 'EUR' })").await;
    run(person, "attune.track('order.placed', { subject: 'A-1001', amount_minor: 4900, currency: 'EUR' })").await;
    run(person, "window.sameDocument = true").await;
    pass(1.0).await;
    let left = when(person.click("#partner")).await;
    stays.add("/", shown, covered);
    stays.add("/", seen, left);
    person.until("return location.pathname === '/partner'", vec![], "the partner's page").await;
    pass(1.5).await;
    let back = when(async { person.browser.client().back().await.unwrap() }).await;
    person.until("return window.sameDocument === true", vec![], "the page to come back as it was left").await;
    pass(1.5).await;
    back
}

/// A search whose second page of results is no second search. `came` is when the page before it was shown.
async fn search(person: &mut Person, stays: &mut Stays, came: Moment) -> Moment {
    let asked = when(person.go("/search?q=blue+lamp")).await;
    stays.add("/", came, asked);
    pass(1.0).await;
    let more = when(run(person, "history.pushState({}, '', '/search?q=blue+lamp&page=2')")).await;
    stays.add("/search", asked, more);
    pass(1.0).await;
    more
}

/// A film that is watched to its end, and one in a player that is not the browser's.
async fn film(person: &mut Person, stays: &mut Stays, came: Moment) -> Moment {
    let opened = when(person.go("/film")).await;
    stays.add("/search", came, opened);
    run(person, "document.getElementById('film').play(); document.getElementById('mood').play()").await;
    person.until("return document.getElementById('film').ended", vec![], "the film to end").await;
    let tour = "for (const at of [0, 1, 2, 3, 50, 51, 100]) attune.video('tour', { currentTime: at, duration: 100, title: 'A tour', ended: at === 100 })";
    run(person, tour).await;
    run(person, "for (const at of [90, 91, 92, 93]) attune.video('stream', { currentTime: at, duration: Infinity })").await;
    opened
}

/// Pages without documents: forth, replaced, and back; a fragment is no page.
async fn routes(person: &mut Person, stays: &mut Stays, came: Moment) -> Moment {
    let app = when(person.go("/app")).await;
    stays.add("/film", came, app);
    pass(1.5).await;
    let lamps = when(run(person, "document.title = 'All lamps'; history.pushState({}, '', '/app/lamps')")).await;
    pass(2.0).await;
    let blue = when(run(person, "document.title = 'Blue lamps'; history.replaceState({}, '', '/app/lamps?colour=blue')")).await;
    pass(1.0).await;
    run(person, "location.hash = 'more'").await;
    pass(1.0).await;
    // Two steps: the fragment has become one.
    let again = when(run(person, "history.go(-2)")).await;
    person.until("return location.pathname === '/app'", vec![], "the way back").await;
    stays.add("/app", app, lamps);
    stays.add("/app/lamps", lamps, blue);
    stays.add("/app/lamps", blue, again);
    pass(1.5).await;
    again
}

/// A form that is seen, filled and sent.
async fn contact(person: &mut Person, stays: &mut Stays, came: Moment) -> Moment {
    let opened = when(person.go("/contact")).await;
    stays.add("/app", came, opened);
    pass(1.5).await;
    person.fill("#company", "Lamps & Co").await;
    person.fill("#email", "ada@lamps.example").await;
    let sent = when(person.click("#send")).await;
    person.until("return location.pathname === '/sent'", vec![], "the form to be sent").await;
    stays.add("/contact", opened, sent);
    pass(1.5).await;
    sent
}

/// A tab that is looked at and closed, without another page after it.
async fn close_a_tab(person: &Person, url: &str, stays: &mut Stays) {
    let client = person.browser.client();
    let tab = client.new_window(true).await.unwrap().handle;
    client.switch_to_window(tab).await.unwrap();
    let opened = when(async { person.browser.open(url).await.unwrap() }).await;
    pass(2.5).await;
    let closed = when(async { client.close_window().await.unwrap() }).await;
    stays.add("/closed", opened, closed);
    let left = client.windows().await.unwrap().remove(0);
    client.switch_to_window(left).await.unwrap();
}

fn all<'a>(log: &'a [Arrived], name: &str, subject: &str) -> Vec<&'a Arrived> {
    log.iter().filter(|event| event.name == name && event.subject == subject).collect()
}

fn links_and_words(log: &[Arrived], site: &str) {
    let file = &all(log, "file.downloaded", "price list.pdf")[0].props;
    assert_eq!((&file["ext"], &file["href"]), (&json!("pdf"), &json!(format!("{site}/files/price%20list.pdf"))));
    let own = &all(log, "file.downloaded", "own.txt")[0].props;
    assert_eq!((&own["ext"], &own["href"]), (&json!("txt"), &json!("data:")));
    let out = log.iter().filter(|event| event.name == "link.followed").map(|event| event.props["text"].as_str().unwrap());
    assert_eq!(out.collect::<Vec<_>>(), ["Write", "Our  partner"]);
    let told =
        |event: &Arrived| [&event.props["ref"], &event.props["title"], &event.props["soft"], &event.props["query"]].map(Value::clone);
    let lamps = all(log, "page.viewed", "/app/lamps");
    assert_eq!(told(lamps[0]), [json!(format!("{site}/app")), json!("All lamps"), json!(true), Value::Null]);
    assert_eq!(told(lamps[1]), [json!(format!("{site}/app/lamps")), json!("Blue lamps"), json!(true), json!("colour=blue")]);
    let form = all(log, "page.viewed", "/sent");
    assert_eq!(told(form[0]), [json!(format!("{site}/contact")), json!("Page /sent"), Value::Null, Value::Null]);
    assert_eq!(all(log, "page.viewed", "/search")[0].props["query"], "q=blue+lamp");
}

fn videos(log: &[Arrived]) {
    let told = |name: &str| -> Vec<(i64, i64)> {
        let events = all(log, "video.progressed", name);
        assert!(events.iter().all(|event| event.props["run"] == 1 && event.amount == event.props["percent"].as_i64()), "{events:?}");
        events.iter().map(|event| (event.amount.unwrap(), event.props["watched_ms"].as_i64().unwrap())).collect()
    };
    let film = told("clip.webm");
    assert_eq!(film.iter().map(|(percent, _)| *percent).collect::<Vec<_>>(), [0, 25, 50, 75, 100]);
    let length = i64::try_from(clip::SECONDS * 1000).unwrap();
    for (percent, watched) in film {
        // A player tells its time a few times a second: a quarter is noticed a little after it has passed.
        assert!((percent * length / 100 - 100..=percent * length / 100 + 1_000).contains(&watched), "{percent} % after {watched} ms");
    }
    let props = &all(log, "video.progressed", "clip.webm")[0].props;
    assert_eq!((&props["title"], &props["duration_ms"]), (&json!("The workshop"), &json!(length)));
    // Three seconds, a jump that nobody watched, one more second, and the end.
    assert_eq!(told("tour"), [(0, 0), (50, 3_000), (100, 4_000)]);
    assert_eq!(told("stream"), [(0, 0), (0, 3_000)], "what has no end has no quarters");
}

fn commerce_and_form(log: &[Arrived]) {
    for (name, subject) in [("product.viewed", "L-1"), ("cart.added", "L-1"), ("checkout.started", "cart 7"), ("order.placed", "A-1001")] {
        let event = all(log, name, subject)[0];
        assert_eq!((event.amount, &event.props["currency"]), (Some(4_900), &json!("EUR")), "{name}");
    }
    assert_eq!(all(log, "form.submitted", "ask")[0].props["fields"], json!(["company", "email"]));
}
