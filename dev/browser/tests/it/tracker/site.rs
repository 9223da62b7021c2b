//! Somebody else's site, on an origin of its own. Its policy lets scripts come from the collector only, and requests go there only;
//! nothing is allowed inside its pages. Pages below `/own/` send to the site itself instead, which passes on what it gets, or fails to;
//! `/dish` alone has a script of the site.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::clip;

/// A page: its path, the attributes of the tracker's tag (none: the page has no tracker), its body.
type Page = (&'static str, Option<&'static str>, &'static str);

const PAGES: [Page; 16] = [
    (
        "/",
        Some(""),
        "<h1>Lamps</h1><a id=\"file\" href=\"/files/price%20list.pdf?token=secret\">Prices</a>
         <a id=\"sales\" href=\"/files/100% sales.csv\">Sales</a> <a id=\"own\" download=\"own.txt\" href=\"data:text/plain,hidden%20words\">Own</a> <a id=\"mail\" href=\"mailto:lamps@lamps.example\">Write</a>
         <a id=\"partner\" href=\"http://localhost:{port}/partner?code=secret\">Our  partner</a>",
    ),
    ("/partner", None, "<h1>Partner</h1>"),
    ("/search", Some(""), "<h1>Found</h1><form role=\"search\"><input name=\"q\" id=\"q\"></form>"),
    (
        "/film",
        Some(""),
        "<h1>Film</h1><video id=\"film\" src=\"/clip.webm\" title=\"The workshop\" muted></video>
         <video id=\"mood\" src=\"/clip.webm\" muted loop></video>",
    ),
    ("/app", Some(""), "<h1>App</h1>"),
    (
        "/contact",
        Some(""),
        "<h1>Contact</h1><form id=\"ask\" action=\"/sent\" method=\"post\"><input type=\"hidden\" name=\"ticket\" value=\"t-1\">
         <input id=\"company\" name=\"company\"><input id=\"email\" name=\"email\" type=\"email\"><input name=\"phone\"><button id=\"send\">Send</button></form>",
    ),
    (
        "/letter",
        Some(""),
        "<h1>Letter</h1><form id=\"letter\" action=\"/sent\" method=\"post\"><input id=\"email\" name=\"email\" type=\"email\">
         <label><input id=\"by-mail\" type=\"checkbox\" data-attune-consent=\"email:marketing\"> Yes, send me
           the <b>letter</b><span hidden> and sell my data</span></label>
         <label for=\"by-phone\">Call me</label><input id=\"by-phone\" type=\"checkbox\" data-attune-consent=\"phone:marketing\">
         <input type=\"checkbox\" checked data-attune-consent=\"sms:marketing\" aria-label=\"Text me\">
         <input id=\"by-post\" type=\"checkbox\" data-attune-consent=\"post:marketing\" aria-label=\"Write to me\">
         <input id=\"by-fax\" type=\"checkbox\" data-attune-consent=\"fax:marketing\" aria-label=\"Fax me\">
         <button id=\"send\">Send</button></form>",
    ),
    ("/sent", Some(""), "<h1>Thank you</h1>"),
    ("/closed", Some(""), "<h1>Soon closed</h1>"),
    ("/menu", Some(""), "<h1>Menu</h1><a id=\"dish\" href=\"/dish?q=soup\">Soup</a>"),
    ("/dish", Some(""), "<h1>Soup</h1><script src=\"/dish.js\"></script>"),
    ("/blank", None, "<h1>Nothing</h1>"),
    ("/own/shop", Some("data-endpoint=\"/own/relay\""), "<h1>Shop</h1>"),
    ("/own/second", Some("data-endpoint=\"/own/relay\""), "<h1>Second page</h1>"),
    ("/own/asked", Some("data-endpoint=\"/own/relay\" data-consent=\"required\""), "<h1>May we?</h1>"),
    ("/own/bare", Some("data-endpoint=\"/own/relay\" data-cookieless"), "<h1>No cookies</h1>"),
];

/// The script of the page that is made before anybody opens it: it calls the tracker before that is there, and before it may answer.
const CALLS: &str = "(window.attuneQueue = window.attuneQueue || []).push(['track', 'demo.called', { subject: 'early' }]);
    if (document.prerendering) addEventListener('load', () => attune.track('demo.called', { subject: 'ahead' }))";

/// What goes wrong with a request to `/own/relay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It is turned away: come again in a second.
    Busy,
    /// It is passed on and kept, and answered with an error.
    KeptAndFailed,
    /// It is passed on and kept, and the line breaks before the answer.
    KeptAndCut,
}

/// The site; it lives as long as the test.
pub struct Site {
    address: SocketAddr,
    desk: Arc<Desk>,
}

struct Desk {
    collector: String,
    port: u16,
    client: reqwest::Client,
    mishaps: Mutex<VecDeque<Mishap>>,
    relayed: Mutex<Vec<Value>>,
    ahead: Mutex<Vec<String>>,
}

struct Request {
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
}

impl Site {
    /// Opens the site, which carries the tracker of `collector`.
    pub async fn open(collector: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mishaps, relayed, ahead) = (Mutex::default(), Mutex::default(), Mutex::default());
        let desk = Arc::new(Desk { collector, port: address.port(), client: reqwest::Client::new(), mishaps, relayed, ahead });
        let served = desk.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, served.clone()));
            }
        });
        Self { address, desk }
    }

    /// The address of `path` on this site.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What shall go wrong with the next requests to the relay, one each.
    pub fn expect(&self, mishaps: &[Mishap]) {
        held(&self.desk.mishaps).extend(mishaps);
    }

    /// Every body that reached the relay so far.
    pub fn relayed(&self) -> Vec<Value> {
        held(&self.desk.relayed).clone()
    }

    /// How often an event with this subject reached the relay.
    pub fn times_relayed(&self, subject: &str) -> usize {
        let bodies = self.relayed();
        let events = bodies.iter().filter_map(|body| body["events"].as_array()).flatten();
        events.filter(|event| event["props"]["subject"] == subject).count()
    }

    /// The pages a browser has asked for before anybody opened them.
    pub fn ahead(&self) -> Vec<String> {
        held(&self.desk.ahead).clone()
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap()
}

async fn serve(mut stream: TcpStream, desk: Arc<Desk>) {
    let Some(request) = read(&mut stream).await else { return };
    let Some(answer) = desk.answer(&request).await else { return };
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: max-age=60\r\n{}\r\n",
        answer.status,
        answer.body.len(),
        answer.headers
    );
    stream.write_all(&[head.as_bytes(), &answer.body].concat()).await.ok();
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_ends = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_ends]).into_owned();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<String, String> = head.lines().skip(1).filter_map(header).collect();
    let mut body = bytes.split_off(head_ends + 4);
    let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { path: head.split_whitespace().nth(1)?.to_owned(), headers, body })
}

impl Desk {
    /// The answer; none breaks the line.
    async fn answer(&self, request: &Request) -> Option<Answer> {
        let path = request.path.split('?').next()?;
        if let Some(page) = PAGES.iter().find(|page| page.0 == path) {
            if request.headers.get("sec-purpose").is_some_and(|purpose| purpose.contains("prerender")) {
                held(&self.ahead).push(request.path.clone());
            }
            return Some(self.page(page));
        }
        let file = |kind: &str, body: Vec<u8>| Some(Answer { status: "200 OK", headers: format!("Content-Type: {kind}\r\n"), body });
        match path {
            "/own/relay" => self.relay(request).await,
            "/dish.js" => file("text/javascript", CALLS.as_bytes().to_vec()),
            "/clip.webm" => file("video/webm", clip::webm()),
            "/rules" => {
                file("application/speculationrules+json", br#"{"prerender":[{"urls":["/dish?q=soup"],"eagerness":"immediate"}]}"#.to_vec())
            }
            // A file that is saved, and whatever else a browser asks for: the page stays.
            _ => Some(Answer { status: "204 No Content", headers: String::new(), body: Vec::new() }),
        }
    }

    fn page(&self, (path, tag, body): &Page) -> Answer {
        let tag = tag.map(|attributes| format!("<script async src=\"{}/t.js\" {attributes}></script>", self.collector)).unwrap_or_default();
        let body = body.replace("{port}", &self.port.to_string());
        let html = format!("<!doctype html><html lang=\"en\"><head><title>Page {path}</title>{tag}</head><body>{body}</body></html>");
        let target = if path.starts_with("/own/") { "'self'" } else { &self.collector };
        let (ahead, own) = match *path {
            "/menu" => ("Speculation-Rules: \"/rules\"\r\n", ""),
            "/dish" => ("", "'self'"),
            _ => ("", ""),
        };
        let headers = format!(
            "Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'; script-src {} {own}; connect-src {target}; media-src 'self'; \
             form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'\r\nCross-Origin-Embedder-Policy: require-corp\r\n{ahead}",
            self.collector
        );
        Answer { status: "200 OK", headers, body: html.into_bytes() }
    }

    async fn relay(&self, request: &Request) -> Option<Answer> {
        held(&self.relayed).push(serde_json::from_slice(&request.body).unwrap());
        let mishap = held(&self.mishaps).pop_front();
        let answer = |status, headers: &str| Some(Answer { status, headers: headers.to_owned(), body: Vec::new() });
        if mishap == Some(Mishap::Busy) {
            return answer("429 Too Many Requests", "Retry-After: 1\r\n");
        }
        let mut passed = self.client.post(format!("{}/t", self.collector)).body(request.body.clone());
        for name in ["user-agent", "accept-language", "content-type"] {
            passed = passed.header(name, request.headers.get(name).map_or("", String::as_str));
        }
        let status = passed.send().await.unwrap().status();
        assert!(status.is_success(), "the collector answered {status}");
        match mishap {
            Some(Mishap::KeptAndFailed) => answer("500 Internal Server Error", ""),
            Some(Mishap::KeptAndCut) => None,
            _ => answer("204 No Content", ""),
        }
    }
}
