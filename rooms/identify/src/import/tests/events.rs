//! Files of what people did: guessed, tried, brought by page and by command, taken back.

use attune_db::Db;
use attune_testkit::{Got, StatusCode, TestApp};

use super::pages::untouched;
use super::*;
use crate::tracking::Collector;

const PEOPLE: &str = "User ID,name,email\n7,Ada,ada@made-up.example\n8,Bob,bob@made-up.example\n";
/// Two equal purchases, one nobody made, one of a kind only Attune writes, and one without a time.
const DEEDS: &str = "User ID,Event,Time,Product,Amount,Currency,Channel\n\
    7,product.viewed,2026-11-01T10:00:00Z,Lamp,,,shop\n8,purchase.made,2026-11-02 11:00,Lamp,12.50,USD,web\n\
    8,purchase.made,2026-11-02 11:00,Lamp,12.50,USD,web\n99,product.viewed,2026-11-01,Lamp,,,\n\
    7,consent.given,2026-11-01,mail,,,\n7,product.viewed,,Desk,,,\n7,purchase.made,2026-11-03,Desk,5,,\n";

fn site(db: &Db) -> TestApp {
    TestApp::start(db.clone(), |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn upload(site: &TestApp, who: &str, bytes: &str) -> Got {
    let part = |head: &str, body: &str| format!("--cut\r\nContent-Disposition: form-data; name={head}\r\n\r\n{body}\r\n");
    let body = [part("\"subject\"", "event"), part("\"file\"; filename=\"deeds.csv\"", bytes), "--cut--\r\n".to_owned()].concat();
    site.send(who, http::Request::post("/imports").header("content-type", "multipart/form-data; boundary=cut"), body).await
}

/// What the log holds of people's deeds, without the ids it happens to give.
async fn deeds(db: &Db) -> Vec<String> {
    let select = "SELECT c.name AS who, e.name, e.at, e.subject, e.amount, e.props, e.client_key, c.last_seen_at FROM events e JOIN contacts c ON c.id = e.contact_id
        WHERE e.name NOT LIKE 'contact.%' ORDER BY e.name, e.at, e.client_key";
    let rows = db.read().await.unwrap().rows(select, params![]).await.unwrap();
    rows.iter().map(|row| row.columns().iter().map(|c| format!("{c}={:?};", row.value(c).unwrap())).collect()).collect()
}

attune_testkit::on_both_dbs! {
    async fn the_page_brings_the_events_the_command_brings_and_both_go_without_a_trace(db: Db) {
        let site = site(&db);
        let bench = site.app().bench();
        let (_folder, people) = file("people.csv", PEOPLE.as_bytes());
        import(&bench, &people, &Options::default()).await;
        let before = picture(&db).await;

        let (_folder, path) = file("deeds.csv", DEEDS.as_bytes());
        let tried = run_events(&bench, &Actor::system(), &path, &EventOptions { dry_run: true, ..EventOptions::default() }, &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before, "trying writes nothing");
        let by_command = run_events(&bench, &Actor::system(), &path, &EventOptions::default(), &mut |_| {}).await.unwrap();
        assert_eq!((counts(&by_command), tried.counts), ([7, 0, 4, 0, 3], by_command.counts));
        assert_eq!(by_command.errors.iter().map(|e| (e.line, e.cause)).collect::<Vec<_>>(), [(6, "event-name"), (7, "date"), (5, "nobody")]);
        let expected = deeds(&db).await;
        assert_eq!(expected.len(), 4);
        assert!(expected.iter().any(|line| line.contains(r#"channel\":\"web"#) && line.contains(r#"currency\":\"USD"#) && line.contains("1250")), "{expected:?}");
        assert!(expected.iter().any(|line| line.contains("Desk") && line.contains(r#"currency\":\"EUR"#)), "the workspace's where the file says none");
        undo(&bench, &Actor::system(), by_command.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before);

        assert!(site.get("admin", "/imports/new?subject=event").await.has("value=\"event\" checked"));
        assert_eq!(upload(&site, "agent", DEEDS).await.status, StatusCode::FORBIDDEN);
        let sent = upload(&site, "admin", DEEDS).await.is(StatusCode::SEE_OTHER);
        let events = site.get("admin", sent.leads()).await.is(StatusCode::SEE_OTHER);
        assert!(events.leads().ends_with("/events"));
        let map = site.get("admin", events.leads()).await.is(StatusCode::OK);
        let check = site.post("admin", events.leads(), &untouched(&map)).await.is(StatusCode::SEE_OTHER);
        let page = site.get("admin", check.leads()).await;
        assert!(page.has("Import 4 rows") && page.has("Events logged") && page.has("not like those Attune writes itself"), "{}", page.body);
        let address = check.leads().trim_end_matches("/check").to_owned();
        site.post("admin", &format!("{address}/start"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(deeds(&db).await, expected);
        let errors = site.get("admin", &format!("{address}/errors.csv")).await;
        assert!(errors.body.lines().count() == 4 && errors.has("Nobody is known by this key (99)"), "{}", errors.body);
        let page = site.get("admin", &address).await;
        assert!(page.has("Undo the import of 4 events"), "{}", page.body);
        site.post("admin", &format!("{address}/undo"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        // The file's own line of the audit log and the import itself are receipts.
        assert_eq!(picture(&db).await["events"], before["events"]);
        assert_eq!(picture(&db).await["contacts"], before["contacts"]);
    }

    async fn people_the_file_names_first_come_and_go_with_it(db: Db) {
        let bench = bench(&db);
        let before = picture(&db).await;
        let (_folder, path) = file("deeds.csv", DEEDS.as_bytes());
        let options = EventOptions { create_missing: true, ..EventOptions::default() };
        let tried = run_events(&bench, &Actor::system(), &path, &EventOptions { dry_run: true, ..options.clone() }, &mut |_| {}).await.unwrap();
        let outcome = run_events(&bench, &Actor::system(), &path, &options, &mut |_| {}).await.unwrap();
        assert_eq!((counts(&outcome), tried.counts), ([7, 3, 5, 0, 2], outcome.counts), "five events by three people");
        let again = run_events(&bench, &Actor::system(), &path, &options, &mut |_| {}).await.unwrap();
        assert_eq!(counts(&again), [7, 0, 0, 5, 2]);
        undo(&bench, &Actor::system(), again.id.0, &tables(), &mut |_| {}).await.unwrap();
        undo(&bench, &Actor::system(), outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before);
    }

    async fn what_the_mapping_lacks_is_said_beside_its_field(db: Db) {
        let site = site(&db);
        let sent = upload(&site, "admin", "a,b,c\nx,2026-11-01,ada@made-up.example\n").await.is(StatusCode::SEE_OTHER);
        let form = sent.leads().replace("/map", "/events");
        let again = site.post("admin", &form, "to_0=-&to_1=at&to_2=-&event=webinar.attended").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.has("Choose the column that says who") && again.has("value=\"webinar.attended\""), "{}", again.body);
        let again = site.post("admin", &form, "to_0=at&to_1=at&to_2=email&event=a.b").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.has("id=\"f-to_1-note\"") && again.has("Another column says this already"), "{}", again.body);
        let again = site.post("admin", &form, "to_0=-&to_1=at&to_2=email&event=mail.opened&currency=Euro").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.has("id=\"f-event-note\"") && again.has("id=\"f-currency-note\"") && again.has("value=\"Euro\""), "{}", again.body);
        site.post("admin", &form, "to_0=prop&to_1=at&to_2=email&event=webinar.attended").await.is(StatusCode::SEE_OTHER);
        site.post("admin", sent.leads(), "to_0=name").await.is(StatusCode::NOT_FOUND);
        // A file of people has no such page.
        let people = site.upload("admin", "/imports", "p.csv", PEOPLE.as_bytes()).await;
        site.get("admin", &people.leads().replace("/map", "/events")).await.is(StatusCode::NOT_FOUND);
    }

    async fn what_is_still_to_come_has_not_happened(db: Db) {
        let bench = bench(&db);
        let time = |hours: i64| jiff::Timestamp::from_microsecond(bench.clock.now() + hours * 3_600_000_000).unwrap();
        let text = format!("User ID,Event,Time\n7,lamp.bought,{}\n8,lamp.bought,{}\n9,lamp.bought,\n", time(23), time(25));
        let (_folder, path) = file("deeds.csv", text.as_bytes());
        let options = EventOptions { create_missing: true, ..EventOptions::default() };
        let tried = run_events(&bench, &Actor::system(), &path, &EventOptions { dry_run: true, ..options.clone() }, &mut |_| {}).await.unwrap();
        let outcome = run_events(&bench, &Actor::system(), &path, &options, &mut |_| {}).await.unwrap();
        assert_eq!((counts(&outcome), tried.counts), ([3, 1, 1, 0, 2], outcome.counts));
        assert_eq!(outcome.errors.iter().map(|e| (e.line, e.cause)).collect::<Vec<_>>(), [(4, "date"), (3, "date")]);
        assert_eq!(db.read().await.unwrap().count("SELECT count(*) FROM contacts", params![]).await.unwrap(), 1, "a refused row makes nobody");
    }
}
