//! Human or machine: who opened or clicked, judged by what the request tells about itself and by how fast it came.
//!
//! Pure. A verdict always carries its reason; only human opens and clicks are scored or move anybody on.

use attune_kernel::SECOND_US;

/// Clicks on more different links of one mail than this…
const MANY_LINKS: usize = 2;
/// …within this time of each other are a scanner at work.
const BURST_US: i64 = 2 * SECOND_US;
/// A burst counts only this soon after the hand-over; later, people do open several links at once.
const SCAN_WINDOW_US: i64 = 60 * SECOND_US;

/// Names in agents of programs that fetch links without anybody looking.
const AGENTS: [&str; 30] = [
    "bot",
    "crawler",
    "spider",
    "scanner",
    "preview",
    "barracuda",
    "proofpoint",
    "mimecast",
    "urldefense",
    "safelinks",
    "symantec",
    "messagelabs",
    "trendmicro",
    "forcepoint",
    "fireeye",
    "cloudmark",
    "cisco-ironport",
    "zscaler",
    "sophos",
    "python-",
    "curl/",
    "wget/",
    "go-http-client",
    "java/",
    "okhttp",
    "libwww",
    "headless",
    "phantomjs",
    "slackbot",
    "facebookexternalhit",
];

/// Why something counts as done by a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// A HEAD request.
    Head,
    /// The browser fetched ahead of a click.
    Prefetch,
    /// The agent is a known program.
    Agent,
    /// The agent says nothing, or only `Mozilla/5.0` as mail privacy proxies do.
    NoAgent,
    /// The link no person sees was followed.
    Trap,
    /// Many links of one mail within seconds of its delivery.
    Burst,
}

impl Machine {
    /// The word kept with the event.
    pub fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Prefetch => "prefetch",
            Self::Agent => "agent",
            Self::NoAgent => "no_agent",
            Self::Trap => "trap",
            Self::Burst => "burst",
        }
    }
}

/// What a request tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// It was a HEAD request.
    pub head: bool,
    /// `Purpose`, `Sec-Purpose` or `X-Moz` says prefetch.
    pub prefetch: bool,
    /// The agent.
    pub agent: String,
    /// The link no person sees.
    pub trap: bool,
}

/// Judges a request by itself.
pub fn judge(request: &Request) -> Option<Machine> {
    if request.trap {
        return Some(Machine::Trap);
    }
    if request.head {
        return Some(Machine::Head);
    }
    if request.prefetch {
        return Some(Machine::Prefetch);
    }
    let agent = request.agent.trim().to_ascii_lowercase();
    if agent.is_empty() || agent == "mozilla/5.0" {
        return Some(Machine::NoAgent);
    }
    // Gmail's image proxy fetches when a person opens; it is no scanner.
    let proxied = agent.contains("googleimageproxy") || agent.contains("yahoomailproxy");
    (!proxied && AGENTS.iter().any(|name| agent.contains(name))).then_some(Machine::Agent)
}

/// The clicks on one mail so far, as far as a burst needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clicks {
    /// When the latest burst could have begun, µs.
    pub first_at: i64,
    /// The different links clicked since, at most one more than makes a burst.
    pub links: Vec<u16>,
    /// A burst was seen: everything after it is a machine's.
    pub burst: bool,
}

impl Clicks {
    /// Adds a click on the link at `position` at `at`; `accepted_at` is when the relay took the mail. Answers whether it is a machine's.
    pub fn add(&mut self, position: u16, at: i64, accepted_at: Option<i64>) -> bool {
        if at - self.first_at > BURST_US {
            self.first_at = at;
            self.links.clear();
        }
        if self.links.len() <= MANY_LINKS && !self.links.contains(&position) {
            self.links.push(position);
        }
        let fresh = accepted_at.is_none_or(|accepted| at - accepted <= SCAN_WINDOW_US);
        if fresh && self.links.len() > MANY_LINKS {
            self.burst = true;
        }
        self.burst && fresh
    }
}
