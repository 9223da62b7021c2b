//! The steps that need no store.

use attune_kernel::{HOUR_US, SECOND_US};
use attune_web::Secret;
use proptest::prelude::*;
use serde_json::json;

use super::{BOT, CHROME};
use crate::tracking::pipeline::run;
use crate::tracking::recent::Recent;
use crate::tracking::{
    Agents, Arrival, Atlas, Client, Ground, Machine, Medium, Network, Passed, Reason, SiteRules, Utm, attribute, key64, snippet,
};

const NOW: i64 = 1_795_168_800_000_000;

fn client() -> Client {
    Client {
        received_at: NOW,
        ip: "203.0.113.7".parse().ok(),
        agent: CHROME.to_owned(),
        has_language: true,
        objects: false,
        staff: false,
        app: false,
    }
}

fn piped(client: &Client, rules: &SiteRules, body: &serde_json::Value) -> Passed {
    let (secret, agents) = (Secret::new([1; 32]), Agents::default());
    run(&Ground { secret: &secret, agents: &agents, rules, atlas: &Atlas::default() }, client, body.to_string().as_bytes()).unwrap()
}

fn body(event: serde_json::Value) -> serde_json::Value {
    json!({ "v": 1, "visitor": "abc", "host": "www.example.com", "sent_at": NOW / 1_000, "events": [event] })
}

fn event(name: &str) -> serde_json::Value {
    json!({ "id": "e1", "name": name, "at": NOW / 1_000, "url": "/a?b=1", "props": {} })
}

fn reasons(passed: &Passed) -> Vec<&'static str> {
    passed.dropped.iter().map(|dropped| dropped.reason.code()).collect()
}

#[test]
fn a_wrong_clock_does_not_move_the_event() {
    // The sender's clock is three hours ahead; the event happened 40 s before it was sent.
    let sent = (NOW + 3 * HOUR_US) / 1_000;
    let mut sent_body = body(event("page.viewed"));
    sent_body["sent_at"] = json!(sent);
    sent_body["events"][0]["at"] = json!(sent - 40_000);
    let passed = piped(&client(), &SiteRules::default(), &sent_body);
    assert_eq!(passed.hits[0].event.at, NOW - 40 * SECOND_US);
    sent_body["events"][0]["at"] = json!(sent + 61_000);
    assert_eq!(reasons(&piped(&client(), &SiteRules::default(), &sent_body)), ["in_future"]);
    sent_body["events"][0]["at"] = json!(sent - 31 * 86_400_000_i64);
    assert_eq!(reasons(&piped(&client(), &SiteRules::default(), &sent_body)), ["too_old"]);
}

#[test]
fn a_hit_comes_back_from_the_journal_as_it_was() {
    let said = |name: &str, props: serde_json::Value| {
        let mut event = event(name);
        event["props"] = props;
        event
    };
    let (secret, phone) = (
        Secret::new([1; 32]),
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    );
    let events = [
        said("page.viewed", json!({ "utm_source": "news", "utm_medium": "email", "utm_campaign": "autumn" })),
        said("page.left", json!({ "dwell_ms": 1_200, "scroll_pct": 40 })),
        said("visitor.identified", json!({ "token": crate::stitching::contact_token(&secret, 7, NOW) })),
        said("visitor.identified", json!({ "token": crate::stitching::external_token(&secret, "customer:9", NOW) })),
        said("form.submitted", json!({ "token": crate::stitching::form_token(&secret, NOW), "email": "ada@a.example", "name": "Ada" })),
        said("form.submitted", json!({ "email": "claims@a.example" })),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for agent in [CHROME, phone, BOT, ""] {
        for event in &events {
            let client = Client { agent: agent.to_owned(), ..client() };
            let hits = piped(&client, &SiteRules::default(), &body(event.clone())).hits;
            let kept = serde_json::to_string(&hits).unwrap();
            let back: Vec<crate::tracking::Hit> = serde_json::from_str(&kept).unwrap();
            assert_eq!(format!("{back:?}"), format!("{hits:?}"));
            seen.extend(hits.iter().filter_map(|hit| Some(hit.sender.as_ref()?.agent.device)));
            seen.extend(hits.iter().filter_map(|hit| Some(hit.proof.as_ref()?.source)));
        }
    }
    assert_eq!(Vec::from_iter(seen), ["desktop", "form", "link", "other", "phone", "site"], "words of both lists were among them");
}

#[test]
fn each_mistake_has_its_reason_and_the_rest_is_kept() {
    let mut sent = body(event("page.viewed"));
    let long = "x".repeat(9_000);
    sent["events"] = json!([
        event("page.viewed"),
        { "name": "page.viewed" },
        event("Page Viewed"),
        event("score.changed"),
        { "id": "", "name": "a.b", "at": NOW / 1_000 },
        { "id": "e", "name": "a.b", "at": NOW / 1_000, "props": [1] },
        { "id": "e", "name": "a.b", "at": NOW / 1_000, "props": { "x": long } },
        "nonsense",
        event("cart.added"),
    ]);
    let passed = piped(&client(), &SiteRules::default(), &sent);
    assert_eq!(passed.hits.len(), 2);
    assert_eq!(reasons(&passed), ["malformed", "bad_name", "reserved_name", "bad_id", "bad_props", "too_long", "malformed"]);
    assert_eq!(passed.dropped.iter().map(|d| d.index).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    assert!(matches!(&passed.dropped[0].reason, Reason::Malformed(text) if text.contains("id")));
}

#[test]
fn a_body_that_is_none_is_refused_whole() {
    let (secret, agents, rules) = (Secret::new([1; 32]), Agents::default(), SiteRules::default());
    let atlas = Atlas::default();
    let ground = Ground { secret: &secret, agents: &agents, rules: &rules, atlas: &atlas };
    assert!(run(&ground, &client(), b"{").is_err());
    assert!(run(&ground, &client(), br#"{"v":2,"events":[]}"#).is_err_and(|e| e.contains("version 2")));
}

#[test]
fn who_objects_is_not_recorded() {
    let objecting = Client { objects: true, ..client() };
    assert_eq!(reasons(&piped(&objecting, &SiteRules::default(), &body(event("page.viewed")))), ["objection"]);
    let strict = SiteRules { consent_required: true, ..SiteRules::default() };
    assert_eq!(reasons(&piped(&client(), &strict, &body(event("page.viewed")))), ["no_consent"]);
    let mut granted = body(event("page.viewed"));
    granted["consent"] = json!("granted");
    assert_eq!(piped(&client(), &strict, &granted).hits.len(), 1);
}

#[test]
fn sites_and_networks_are_ruled_by_the_administrator() {
    let rules = SiteRules { hosts: vec!["example.com".to_owned()], ..SiteRules::default() };
    assert!(rules.takes_host(Some("www.example.com:8080")) && rules.takes_host(Some("Example.com")));
    assert!(!rules.takes_host(Some("notexample.com")) && !rules.takes_host(None));
    let own = SiteRules { own: vec![Network::parse("203.0.113.0/24").unwrap()], ..SiteRules::default() };
    let verdict = |client: &Client| piped(client, &own, &body(event("page.viewed"))).hits[0].sender.as_ref().unwrap().machine;
    assert_eq!(verdict(&client()), Some(Machine::OwnNetwork));
    assert_eq!(verdict(&Client { ip: "198.51.100.1".parse().ok(), ..client() }), None);
    assert_eq!(verdict(&Client { staff: true, ..client() }), Some(Machine::Staff));
    let machines = SiteRules { machines: vec![Network::parse("203.0.113.7").unwrap()], ..SiteRules::default() };
    assert_eq!(
        piped(&client(), &machines, &body(event("page.viewed"))).hits[0].sender.as_ref().unwrap().machine,
        Some(Machine::DataCentre)
    );
    assert!(Network::parse("2001:db8::/32").unwrap().holds("2001:db8::5".parse().unwrap()));
    assert!(!Network::parse("0.0.0.0/0").unwrap().holds("2001:db8::5".parse().unwrap()));
    assert!(Network::parse("::/0").unwrap().holds("2001:db8::5".parse().unwrap()));
    assert_eq!(Network::parse("10.0.0.0/33"), None);
}

#[test]
fn machines_are_flagged_with_their_reason() {
    let verdict = |agent: &str, has_language: bool, auto: bool| {
        let mut sent = event("page.viewed");
        sent["props"] = json!({ "auto": auto });
        let asking = Client { agent: agent.to_owned(), has_language, ..client() };
        let passed = piped(&asking, &SiteRules::default(), &body(sent));
        assert_eq!(passed.hits[0].event.machine, passed.hits[0].sender.as_ref().unwrap().machine.is_some());
        passed.hits[0].sender.as_ref().unwrap().machine
    };
    assert_eq!(verdict(CHROME, true, false), None);
    assert_eq!(verdict(BOT, true, false), Some(Machine::KnownBot));
    assert_eq!(verdict("curl/8.5.0", true, false), Some(Machine::Library));
    assert_eq!(verdict("python-requests/2.31", true, false), Some(Machine::Library));
    assert_eq!(verdict("", true, false), Some(Machine::NoAgent));
    assert_eq!(verdict(&CHROME.replace("Chrome/", "HeadlessChrome/"), true, false), Some(Machine::Headless));
    assert_eq!(verdict(CHROME, false, false), Some(Machine::NoLanguage));
    assert_eq!(verdict(CHROME, true, true), Some(Machine::Automated));
}

#[test]
fn what_an_event_is_about_follows_its_name() {
    let hit = |name: &str, props: serde_json::Value| {
        let mut sent = event(name);
        sent["props"] = props;
        sent["title"] = json!("Preise \"neu\"");
        piped(&client(), &SiteRules::default(), &body(sent)).hits.remove(0).event
    };
    let page = hit("page.viewed", json!({ "utm_source": "letter", "nested": { "a": { "b": 1 } } }));
    assert_eq!(page.subject.as_deref(), Some("/a"));
    assert_eq!(
        page.props_json(),
        json!({ "title": "Preise \"neu\"", "query": "b=1", "utm_source": "letter", "nested": { "a": { "b": 1 } } })
    );
    assert_eq!(hit("file.downloaded", json!({ "file": "a.pdf" })).subject.as_deref(), Some("a.pdf"));
    let video = hit("video.progressed", json!({ "video": "tour", "percent": 50 }));
    assert_eq!((video.subject.as_deref(), video.amount), (Some("tour"), Some(50)));
    assert_eq!(hit("site.searched", json!({ "term": "泵" })).subject.as_deref(), Some("泵"));
    let order = hit("order.placed", json!({ "sku": 17, "amount_minor": 1999 }));
    assert_eq!((order.subject.as_deref(), order.amount), (Some("17"), Some(1999)));
    let form = hit("form.submitted", json!({ "form": "contact", "email": "a@b.de", "token": "x", "fields": ["email"] }));
    assert_eq!(form.props_json(), json!({ "form": "contact", "fields": ["email"] }));
    assert_eq!(hit("visitor.identified", json!({ "traits": { "email": "a@b.de" } })).props, None);
    // A custom event may use any name for anything.
    assert_eq!(hit("quiz.ended", json!({ "percent": "many", "file": [1], "amount": 3.7 })).amount, Some(3));
}

#[test]
fn a_visitor_without_cookies_lasts_a_day() {
    let key = |at: i64, ip: &str| {
        let asking = Client { received_at: at, ip: ip.parse().ok(), ..client() };
        let mut sent = body(event("page.viewed"));
        sent.as_object_mut().unwrap().remove("visitor");
        sent["sent_at"] = sent["events"][0]["at"].clone();
        piped(&asking, &SiteRules::default(), &sent).hits[0].sender.as_ref().unwrap().key
    };
    assert_eq!(key(NOW, "203.0.113.7"), key(NOW + HOUR_US, "203.0.113.7"));
    assert_ne!(key(NOW, "203.0.113.7"), key(NOW, "203.0.113.8"));
    assert_ne!(key(NOW, "203.0.113.7"), key(NOW + 24 * HOUR_US, "203.0.113.7"));
    let mut sent = body(event("page.viewed"));
    sent["visitor"] = json!("no spaces please");
    assert_eq!(reasons(&piped(&client(), &SiteRules::default(), &sent)), ["bad_visitor"]);
}

#[test]
fn the_source_is_the_campaign_or_the_referrer() {
    let from = |referrer: &str| {
        let arrival = attribute(&Utm::default(), "", Some(referrer), Some("www.example.com"));
        (arrival.source.to_string(), arrival.medium)
    };
    let named = |name: &str, medium| (name.to_owned(), medium);
    assert_eq!(from("https://www.google.co.uk/"), named("google", Medium::Search));
    assert_eq!(from("https://m.baidu.com/s?wd=x"), named("baidu", Medium::Search));
    assert_eq!(from("https://www.so.com/s"), named("360", Medium::Search));
    assert_eq!(from("https://t.co/abc"), named("x", Medium::Social));
    assert_eq!(from("https://www.zhihu.com/question/1"), named("zhihu", Medium::Social));
    assert_eq!(from("https://mail.google.com/mail/u/0/"), named("mail.google.com", Medium::Mail));
    assert_eq!(from("https://blog.partner.io/x"), named("blog.partner.io", Medium::Referral));
    assert_eq!(from("https://notgoogle.example.org/"), named("notgoogle.example.org", Medium::Referral));
    assert_eq!(from("https://shop.example.com/"), named("direct", Medium::Direct));
    assert_eq!(from("https://example.com/"), named("direct", Medium::Direct));
    assert_eq!(from("nonsense"), named("direct", Medium::Direct));
    let utm = Utm { source: Some("Letter".to_owned()), medium: Some("email".to_owned()), campaign: Some("spring".to_owned()) };
    let arrival = attribute(&utm, "", Some("https://www.google.com/"), None);
    assert_eq!((arrival.source.as_ref(), arrival.medium, arrival.campaign.as_deref()), ("letter", Medium::Mail, Some("spring")));
    let paid = attribute(&Utm::default(), "a=1&gclid=x", Some("https://www.google.com/"), None);
    assert_eq!((paid.source.as_ref(), paid.medium), ("google", Medium::Paid));
    assert_eq!(attribute(&Utm::default(), "", None, None), Arrival::direct());
}

#[test]
fn the_memory_keeps_what_is_used() {
    let mut recent: Recent<i64, i64> = Recent::new(2);
    for n in 0..4 {
        recent.put(n, n);
        assert_eq!(recent.get(&0), Some(0), "what is asked for stays");
    }
    assert_eq!(recent.get(&1), None);
}

#[test]
fn the_snippet_names_this_server() {
    assert_eq!(snippet("https://a.example/"), "<script async src=\"https://a.example/t.js\"></script>");
    assert_ne!(key64("a", &["b", "c"]), key64("a", &["bc"]));
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
        let (secret, agents, rules) = (Secret::new([1; 32]), Agents::default(), SiteRules::default());
        let atlas = Atlas::default();
        let ground = Ground { secret: &secret, agents: &agents, rules: &rules, atlas: &atlas };
        let _ = run(&ground, &client(), &bytes);
        let mut sent = body(event("page.viewed"));
        sent["events"][0]["url"] = json!(text);
        sent["events"][0]["ref"] = json!(text);
        sent["events"][0]["props"] = json!({ text.clone(): text });
        let _ = run(&ground, &Client { agent: text, ..client() }, sent.to_string().as_bytes());
    }

    #[test]
    fn the_true_time_is_never_in_the_future(sent in 0_i64..4_000_000_000_000, ago in -60_000_i64..2_000_000_000) {
        let mut from = body(event("page.viewed"));
        from["sent_at"] = json!(sent);
        from["events"][0]["at"] = json!(sent - ago);
        let passed = piped(&client(), &SiteRules::default(), &from);
        prop_assert_eq!(passed.hits[0].event.at, NOW - ago.max(0) * 1_000);
    }
}
