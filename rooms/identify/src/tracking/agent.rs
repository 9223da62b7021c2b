//! What a user agent says: browser, system, device, and whether it speaks for a machine.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use isbot::Bots;
use serde::{Deserialize, Deserializer, Serialize};
use woothee::parser::Parser;

use super::hit::Machine;
use super::recent::Recent;
use crate::word::{Word, one_of};

/// A user agent, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// `Chrome`, `Safari`, …; empty when unknown.
    pub browser: String,
    /// `Windows 10`, `iPhone`, …; empty when unknown.
    pub os: String,
    /// `desktop`, `phone`, `tablet` or `other`.
    #[serde(deserialize_with = "device")]
    pub device: Word,
    /// Why it speaks for a machine.
    pub machine: Option<Machine>,
}

fn device<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
    one_of(from, &["desktop", "phone", "tablet", "other"])
}

impl Agent {
    /// An agent nothing is known about.
    pub fn unknown() -> Arc<Self> {
        Arc::new(Self { browser: String::new(), os: String::new(), device: "other", machine: None })
    }
}

/// Reads user agents and remembers those read lately: real traffic repeats a few thousand of them.
pub struct Agents {
    read: Mutex<Recent<String, Arc<Agent>>>,
}

impl Default for Agents {
    fn default() -> Self {
        Self { read: Mutex::new(Recent::new(4_096)) }
    }
}

impl Agents {
    /// The agent of a `User-Agent` header.
    pub fn read(&self, header: &str) -> Arc<Agent> {
        // Nothing behind the first 512 bytes tells browsers apart, and a longer text is only there to cost time.
        let header = clipped(header.trim(), 512);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = read.get(header) {
            return agent;
        }
        let agent = Arc::new(read_agent(header));
        read.put(header.to_owned(), agent.clone());
        agent
    }
}

/// The longest start of `text` that fits in `bytes` and ends between characters.
pub(crate) fn clipped(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

static BOTS: LazyLock<Bots> = LazyLock::new(Bots::default);
static PARSER: LazyLock<Parser> = LazyLock::new(Parser::new);

/// Programs that fetch pages on somebody's behalf; the name stands before a slash or alone.
const LIBRARIES: [&str; 34] = [
    "curl",
    "wget",
    "libwww",
    "python",
    "java",
    "okhttp",
    "go-http-client",
    "axios",
    "node-fetch",
    "node",
    "undici",
    "got",
    "guzzle",
    "php",
    "ruby",
    "perl",
    "aiohttp",
    "httpx",
    "requests",
    "httpie",
    "postman",
    "insomnia",
    "apache-httpclient",
    "reqwest",
    "libcurl",
    "winhttp",
    "typhoeus",
    "faraday",
    "mechanize",
    "scrapy",
    "dart",
    "lua-resty",
    "wrk",
    "ab",
];

/// Words that only machines have in their agent. They are looked for in lower case.
const WORDS: [&str; 35] = [
    "+http",
    "gtmetrix",
    "externalads",
    "bot/",
    "bot;",
    "bot)",
    "bot-",
    "-bot",
    "_bot",
    "robot",
    "crawl",
    "spider",
    "slurp",
    "scraper",
    "fetcher",
    "validator",
    "checker",
    "monitor",
    "archiver",
    "indexer",
    "feedfetcher",
    "rss",
    "feedburner",
    "preview",
    "facebookexternalhit",
    "mediapartners",
    "uptime",
    "pingdom",
    "scanner",
    "capture",
    "lighthouse",
    "pagespeed",
    "newsblur",
    "feedly",
    "simplepie",
];

/// Systems, makers and kinds of device: who names one has a screen somebody looks at.
const SYSTEMS: [&str; 29] = [
    "browser",
    "windows",
    "macintosh",
    "linux",
    "android",
    "iphone",
    "ipad",
    "symbian",
    "mobile",
    "midp",
    "cldc",
    "wap",
    "tv",
    "roku",
    "[fb",
    "nokia",
    "lg",
    "samsung",
    "sec-",
    "sony",
    "mot-",
    "motorola",
    "sie-",
    "blackberry",
    "htc",
    "huawei",
    "zte",
    "alcatel",
    "kwc-",
];

/// Browsers without a window and the tools that drive them.
const HEADLESS: [&str; 8] = ["headless", "phantomjs", "puppeteer", "playwright", "selenium", "webdriver", "slimerjs", "cypress"];

fn read_agent(header: &str) -> Agent {
    let parsed = PARSER.parse(header);
    let known = |text: &str| if text.is_empty() || text == "UNKNOWN" { String::new() } else { text.to_owned() };
    let category = parsed.as_ref().map_or("", |p| p.category);
    let lower = header.to_lowercase();
    let device = match category {
        _ if lower.contains("ipad") || lower.contains("tablet") || (lower.contains("android") && !lower.contains("mobile")) => "tablet",
        "pc" => "desktop",
        "smartphone" | "mobilephone" => "phone",
        _ => "other",
    };
    Agent {
        browser: parsed.as_ref().map_or_else(String::new, |p| known(p.name)),
        os: parsed.as_ref().map_or_else(String::new, |p| known(p.os)),
        device,
        machine: machine_of(header, &lower, category),
    }
}

fn machine_of(header: &str, lower: &str, category: &str) -> Option<Machine> {
    // A name without any letter, or none at all, belongs to no browser.
    if lower.len() < 4 || !lower.chars().any(char::is_alphabetic) {
        return Some(Machine::NoAgent);
    }
    if HEADLESS.iter().any(|word| lower.contains(word)) {
        return Some(Machine::Headless);
    }
    let first = lower.split(['/', ' ', '(']).next().unwrap_or("");
    if LIBRARIES.iter().any(|name| first == *name || first.strip_prefix(name).is_some_and(|rest| rest.starts_with(['-', '_', '.', ':']))) {
        return Some(Machine::Library);
    }
    if category == "crawler" || WORDS.iter().any(|word| lower.contains(word)) || BOTS.is_bot(header) {
        return Some(Machine::KnownBot);
    }
    // Every browser of the last 20 years names an engine or a handset; what names neither is a program of its own.
    let browser = ["mozilla", "opera/", "dalvik/", "ucweb"].iter().any(|start| lower.starts_with(start))
        || !matches!(category, "" | "misc" | "UNKNOWN");
    let system = SYSTEMS.iter().any(|name| lower.contains(name));
    (!browser && !system).then_some(Machine::Library)
}
