//! Agents that are met, and what they are.

use std::sync::Arc;

use super::products::{Product, products};
use super::{Agent, Agents, Machine, clipped};

fn read(header: &str) -> Arc<Agent> {
    Agents::default().read(header)
}

fn told(header: &str) -> (String, String, String, &'static str) {
    let agent = read(header);
    assert_eq!(agent.machine, None, "{header}");
    (agent.browser.clone(), agent.os.clone(), agent.model.clone(), agent.device)
}

fn row(browser: &str, os: &str, model: &str, device: &'static str) -> (String, String, String, &'static str) {
    (browser.to_owned(), os.to_owned(), model.to_owned(), device)
}

#[test]
fn people_on_desks_phones_and_tablets() {
    let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    assert_eq!(told(chrome), row("Chrome", "Windows", "", "desktop"));
    let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15";
    assert_eq!(told(safari), row("Safari", "Mac OS X", "Mac", "desktop"));
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 14_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.0 \
                 Mobile/15E148 Safari/604.1";
    assert_eq!(told(phone), row("Mobile Safari", "iOS", "iPhone", "phone"));
    let android = "Mozilla/5.0 (Linux; Android 13; SM-G988U Build/TP1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.6312.80 \
                   Mobile Safari/537.36";
    assert_eq!(told(android), row("Chrome Mobile", "Android", "Samsung SM-G988U", "phone"));
    let tablet = "Mozilla/5.0 (iPad; CPU OS 15_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.3 Mobile/15E148 \
                  Safari/604.1";
    assert_eq!(told(tablet), row("Mobile Safari", "iOS", "iPad", "tablet"));
    let firefox = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    assert_eq!(told(firefox), row("Firefox", "Ubuntu", "", "desktop"));
    let set = "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.41 (KHTML, like Gecko) Large Screen WebAppManager Safari/537.41";
    assert_eq!(read(set).device, "other");
    assert_eq!(read(set).machine, None);
}

#[test]
fn browsers_newer_than_the_rules_go_by_the_name_they_add() {
    let of = |end: &str| {
        let start = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36";
        read(&format!("{start}{end}")).browser.clone()
    };
    assert_eq!(of(""), "Chrome");
    assert_eq!(of(" OPX/3.1"), "Opera GX", "a name of the list");
    assert_eq!(of(" Nordlicht/9.1.4"), "Nordlicht", "a name of no list");
    assert_eq!(of(" XWEB/14315"), "Chrome", "a part of an engine");
    assert_eq!(of(" Nordlicht/beta"), "Chrome", "no version");
    let first = "Mozilla/5.0 (X11; U; Linux i686; en-US; rv:1.7.5) Gecko/20041107 Firefox/1.0 StumbleUpon/1.999";
    assert_eq!(read(first).browser, "Firefox", "an extension of the first years");
    assert_eq!(read("Chesscom-Android/4.9.7-huawei (Android/12; STG-LX2; ru_RU)").browser, "Chesscom-Android");
}

#[test]
fn machines_and_how_they_show() {
    let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko";
    let rows = [
        (String::new(), Machine::NoAgent),
        ("-/-/-".to_owned(), Machine::NoAgent),
        ("curl/8.5.0".to_owned(), Machine::Library),
        ("python-requests/2.32.3".to_owned(), Machine::Library),
        ("W3C-checklink/4.5 libwww-perl/5.823".to_owned(), Machine::Library),
        ("Exploration of nothing/1.0".to_owned(), Machine::Library),
        (format!("{chrome}) HeadlessChrome/120.0.0.0 Safari/537.36"), Machine::Headless),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)".to_owned(), Machine::KnownBot),
        ("Mozilla/5.0 (compatible; Somebody)".to_owned(), Machine::KnownBot),
        (format!("{chrome}; compatible; Somebody) Chrome/142.0.0.0 Safari/537.36"), Machine::KnownBot),
        (format!("{chrome}) Somebody Chrome/142.0.0.0 Safari/537.36"), Machine::KnownBot),
        (format!("{chrome}) Chrome/142.0.0.0 Safari/537.36 Somebody"), Machine::KnownBot),
        (format!("{chrome}) Chrome/142.0.0.0 Safari/537.36 (somebody@example.com)"), Machine::KnownBot),
    ];
    for (header, reason) in rows {
        assert_eq!(read(&header).machine, Some(reason), "{header}");
    }
}

#[test]
fn words_of_machines_in_the_agents_of_people() {
    for header in [
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/91.0.4472.88 Mobile Safari/537.36",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; www.ASPSimply.com; Crazy Browser 1.0.5)",
        "Mozilla/5.0 (Symbian/3; U; E6-00; de-DE; NokiaE6-00) AppleWebKit/534.3 (KHTML, like Gecko) Shazam Mobile Safari/534.3",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari/604.1 Brave",
        "Lynx/2.8.5rel.1 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/0.9.7",
        "radio.de/1.1.22 (Android 2.3.4) LGE/LG-P690",
    ] {
        assert_eq!(read(header).machine, None, "{header}");
    }
}

#[test]
fn names_are_filled_from_the_groups_of_their_rule() {
    let agent = read("Mozilla/5.0 (Linux; U; Android 4.0.3; en-us; Amaze_4G Build/IML74K) AppleWebKit/534.30 Mobile Safari/534.30");
    assert_eq!(agent.model, "HTC Amaze 4G");
}

#[test]
fn a_header_of_any_text_is_read() {
    for header in ["é".repeat(400), "(".repeat(600), "a/".repeat(600), "ſ(K/9;\u{0}) ﬁ ẞ".to_owned(), "$1 $2 bot".to_owned()] {
        let agents = Agents::default();
        assert_eq!(agents.read(&header), agents.read(&header), "the same once it is remembered");
        assert!(agents.read(&header).model.len() <= 1_024);
    }
    assert_eq!(clipped("aé", 2), "a", "cut between characters");
    assert_eq!(clipped("aé", 3), "aé");
}

#[test]
fn what_was_read_is_remembered() {
    let agents = Agents::default();
    assert!(Arc::ptr_eq(&agents.read("curl/8.5.0"), &agents.read(" curl/8.5.0 ")));
    assert_eq!(Agent::unknown().device, "other");
}

#[test]
fn what_was_kept_without_a_model_is_read_back() {
    let kept = r#"{"browser":"Chrome","os":"Windows 10","device":"desktop","machine":null}"#;
    let agent: Agent = serde_json::from_str(kept).unwrap();
    assert_eq!((agent.device, agent.model.as_str()), ("desktop", ""));
}

#[test]
fn products_stand_outside_of_comments() {
    let found: Vec<_> = products("Mozilla/5.0 (A/1 (B/2) C/3) Safari/537.36 Mobile").collect();
    let product = |name, version| Product { name, version };
    assert_eq!(found, [product("Mozilla", "5.0"), product("Safari", "537.36"), product("Mobile", "")]);
}
