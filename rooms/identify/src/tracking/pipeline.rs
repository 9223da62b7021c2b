//! From bytes to hits: named steps, each of which passes an event on or drops it for a reason of a closed list.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use attune_kernel::{DAY_US, Network};
use attune_web::Secret;
use serde_json::value::RawValue;

use super::agent::{Agent, Agents, clipped};
use super::app::WireApp;
use super::atlas::{Atlas, KnownNetwork};
use super::hit::{Hit, Machine, PageLeft, Sender};
use super::key::key64;
use super::sites::SiteRules;
use super::source::{Arrival, Utm, attribute};
use super::ticked::{self, Ticked};
use super::wire::{Envelope, Facts, WireEvent, WireTraits, flag, joined, number, text};
use super::{VISIT_GAP_US, event_names, reason::Reason};
use crate::place;
use crate::stitching::{Proof, Traits, weigh};

/// More events than this in one request are refused one by one.
const MAX_EVENTS: usize = 500;
/// Events of a request beyond which it is refused as a whole.
const MOST_LOOKED_AT: usize = 4 * MAX_EVENTS;
/// Longest text of each kind, in bytes.
const MAX_URL: usize = 2_000;
const MAX_PROPS: usize = 8_192;
/// How far back a sender may reach: what a phone kept while it was offline.
const MAX_AGE_US: i64 = 30 * DAY_US;
/// Longest address for push messages, in bytes.
const MAX_PUSH_TOKEN: usize = 512;
/// An app tells under which address its device can be reached.
const PUSH_REGISTERED: &str = "push.registered";
/// More visible time than this on one page is a clock gone wrong.
const MAX_DWELL_US: i64 = DAY_US;

/// What the server knows about a request beside its body.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// When it was received, µs.
    pub received_at: i64,
    /// The address it came from. Used, never kept.
    pub ip: Option<IpAddr>,
    /// `User-Agent`.
    pub agent: String,
    /// Whether `Accept-Language` was sent.
    pub has_language: bool,
    /// Whether `DNT: 1` or `Sec-GPC: 1` was sent.
    pub objects: bool,
    /// Whether it is the browser of somebody of the staff, on a page of the site.
    pub staff: bool,
    /// Whether it is an app, which tells itself what it runs on.
    pub app: bool,
}

/// What the steps stand on.
pub struct Ground<'a> {
    /// Signs tokens and cookieless visitors.
    pub secret: &'a Secret,
    /// Reads user agents.
    pub agents: &'a Agents,
    /// The administrator's rules.
    pub rules: &'a SiteRules,
    /// Knows networks.
    pub atlas: &'a Atlas,
}

/// An event that was not taken: its place in the request and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Place in `events`, from 0.
    pub index: usize,
    /// Why.
    pub reason: Reason,
}

/// A request after the pipeline.
#[derive(Debug, Default)]
pub struct Passed {
    /// How many were sent.
    pub sent: usize,
    /// What goes on.
    pub hits: Vec<Hit>,
    /// What does not.
    pub dropped: Vec<Dropped>,
    /// Parts of events that were left out; the events themselves go on.
    pub left_out: Vec<Dropped>,
}

/// An event on its way through the steps.
struct Draft<'a> {
    index: usize,
    wire: WireEvent<'a>,
    facts: Facts<'a>,
    at: i64,
    agent: Option<Arc<Agent>>,
    machine: Option<Machine>,
    visitor: Option<i64>,
    /// The place it happened at: id and name.
    place: Option<&'a (i64, String)>,
    /// The boxes that were ticked in a form.
    boxes: Vec<Ticked>,
    /// Whether one of them cannot be read.
    box_left_out: bool,
}

struct Asked<'a> {
    ground: &'a Ground<'a>,
    client: &'a Client,
    envelope: &'a Envelope<'a>,
    visitor: Option<i64>,
    agent: Arc<Agent>,
    network: Option<Arc<KnownNetwork>>,
    /// Why none of the events counts, whatever they say themselves.
    verdict: Option<Machine>,
    /// Why they do not count if nothing in them tells more.
    suspicion: Option<Machine>,
}

impl<'a> Asked<'a> {
    /// What holds for the whole request is found once, not with each event.
    fn new(ground: &'a Ground<'a>, client: &'a Client, envelope: &'a Envelope<'a>) -> Self {
        let rules = ground.rules;
        let agent = match envelope.app.as_ref().filter(|_| client.app) {
            Some(app) => app.agent(),
            None => ground.agents.read(&client.agent),
        };
        let within = |networks: &[Network]| client.ip.is_some_and(|ip| networks.iter().any(|net| net.holds(ip)));
        // Nobody looks where somebody is who objects, or who has not agreed where that is needed.
        let network = client.ip.filter(|_| permits(client, rules, envelope)).and_then(|ip| ground.atlas.find(ip));
        let verdict = if client.staff {
            Some(Machine::Staff)
        } else if within(&rules.own) {
            Some(Machine::OwnNetwork)
        } else {
            agent.machine
        };
        let suspicion = if !client.has_language {
            Some(Machine::NoLanguage)
        } else if within(&rules.machines) {
            Some(Machine::DataCentre)
        } else {
            (rules.hosting_is_machine && network.as_ref().is_some_and(|network| network.hosting)).then_some(Machine::HostingNetwork)
        };
        Self { ground, client, envelope, visitor: visitor_key(ground, client, envelope), agent, network, verdict, suspicion }
    }
}

impl Asked<'_> {
    /// The site's host, or the app's id.
    fn host(&self) -> Option<&str> {
        match self.envelope.app.as_ref().filter(|_| self.client.app) {
            Some(app) => app.host(),
            None => self.envelope.host.as_deref(),
        }
    }
}

/// What a whole batch of an app needs.
fn check_app(envelope: &Envelope<'_>) -> Result<(), String> {
    if envelope.app.as_ref().and_then(WireApp::host).is_none() {
        return Err("app.id is needed, such as com.example.shop".to_owned());
    }
    if envelope.sent_at.is_none() {
        return Err("sent_at is needed: the device's clock, in ms, when it sends".to_owned());
    }
    Ok(())
}

type Step = for<'a> fn(&Asked<'a>, Draft<'a>) -> Result<Draft<'a>, Reason>;

const STEPS: [(&str, Step); 5] =
    [("bot_verdict", bot_verdict), ("consent", consent), ("site_rules", site_rules), ("agent", read_agent), ("visitor", visitor)];

/// Runs a request through every step. An error means that the body as a whole cannot be read.
pub fn run(ground: &Ground<'_>, client: &Client, body: &[u8]) -> Result<Passed, String> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if envelope.v != 1 {
        return Err(format!("version {} is unknown: this server speaks 1", envelope.v));
    }
    if client.app {
        check_app(&envelope)?;
    }
    // A small body unpacks to millions of events: what no sender of ours sends is not looked at one by one.
    if envelope.events.len() > MOST_LOOKED_AT {
        return Err(format!("more than {MOST_LOOKED_AT} events in one request"));
    }
    let mut passed = Passed { sent: envelope.events.len(), ..Passed::default() };
    let asked = Asked::new(ground, client, &envelope);
    let mut drafts = timed("decode", || {
        let read =
            envelope.events.iter().enumerate().map(|(index, raw)| decode(&asked, index, raw).map_err(|reason| Dropped { index, reason }));
        keep(read, &mut passed.dropped)
    });
    for (name, step) in STEPS {
        drafts = timed(name, || {
            let stepped = drafts.into_iter().map(|draft| {
                let index = draft.index;
                step(&asked, draft).map_err(|reason| Dropped { index, reason })
            });
            keep(stepped, &mut passed.dropped)
        });
    }
    timed("stitch", || finish_all(&asked, drafts, &mut passed));
    if asked.verdict.is_some_and(Machine::is_internal) {
        metrics::counter!("attune_collect_internal_total").increment(passed.hits.len() as u64);
    }
    passed.dropped.sort_by_key(|dropped| dropped.index);
    for dropped in passed.dropped.iter().chain(&passed.left_out) {
        metrics::counter!("attune_collect_dropped_total", "reason" => dropped.reason.code()).increment(1);
    }
    Ok(passed)
}

fn timed<T>(step: &'static str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    metrics::histogram!("attune_collect_step_seconds", "step" => step).record(begun.elapsed().as_secs_f64());
    done
}

fn keep<'a>(results: impl Iterator<Item = Result<Draft<'a>, Dropped>>, dropped: &mut Vec<Dropped>) -> Vec<Draft<'a>> {
    results.filter_map(|result| result.map_err(|out| dropped.push(out)).ok()).collect()
}

/// Reads one event and puts its time on the server's clock.
fn decode<'a>(asked: &Asked<'a>, index: usize, raw: &'a RawValue) -> Result<Draft<'a>, Reason> {
    if index >= MAX_EVENTS {
        return Err(Reason::TooMany);
    }
    let wire: WireEvent<'a> = serde_json::from_str(raw.get()).map_err(|e| Reason::Malformed(told(&e)))?;
    check_name(&wire.name)?;
    if wire.id.is_empty() || wire.id.len() > 64 {
        return Err(Reason::BadId);
    }
    let too_long = |text: &Option<String>, max: usize| text.as_ref().is_some_and(|t| t.len() > max);
    // A title or address counts characters at the sender and bytes here: four bytes a character at most.
    if too_long(&wire.url, MAX_URL * 4) || too_long(&wire.referrer, MAX_URL * 4) || too_long(&wire.title, 1_200) {
        return Err(Reason::TooLong);
    }
    let facts = read_props(&wire)?;
    let said = facts.consents.filter(|_| wire.name == "form.submitted");
    let (boxes, box_left_out) = ticked::read(said, &asked.ground.rules.topics, asked.envelope.visitor.is_some());
    let place = match wire.name.as_ref() {
        "place.entered" | "place.left" => Some(found_place(asked, wire.props)?),
        _ => None,
    };
    let at = true_time(asked.client.received_at, asked.envelope.sent_at, wire.at)?;
    Ok(Draft { index, wire, facts, at, agent: None, machine: None, visitor: None, place, boxes, box_left_out })
}

/// The props the server understands; what their boxes say does not count to their length.
fn read_props<'a>(wire: &WireEvent<'a>) -> Result<Facts<'a>, Reason> {
    let props = wire.props.map_or("{}", |raw| raw.get().trim());
    if props.len() > MAX_PROPS + ticked::MAX_BYTES {
        return Err(Reason::TooLong);
    }
    if !props.starts_with('{') {
        return Err(Reason::BadProps);
    }
    let facts: Facts<'a> = match wire.props {
        Some(raw) => serde_json::from_str(raw.get()).map_err(|_| Reason::BadProps)?,
        None => Facts::default(),
    };
    let boxes = facts.consents.filter(|_| wire.name == "form.submitted").map_or(0, |raw| raw.get().len());
    if props.len() > MAX_PROPS + boxes.min(ticked::MAX_BYTES) { Err(Reason::TooLong) } else { Ok(facts) }
}

/// The place an app is at.
fn found_place<'a>(asked: &Asked<'a>, props: Option<&RawValue>) -> Result<&'a (i64, String), Reason> {
    place::sensed(props).and_then(|mark| asked.ground.rules.places.get(&mark)).ok_or(Reason::UnknownPlace)
}

fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    clipped(text.split(" at line ").next().unwrap_or(""), 160).to_owned()
}

/// Names are words of lower-case letters, digits and `_`, joined by dots. Those of other rooms cannot be sent from outside.
pub(crate) fn check_name(name: &str) -> Result<(), Reason> {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if name.len() > 64 || !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.split('.').all(word) {
        return Err(Reason::BadName);
    }
    if event_names::is_reserved(name) { Err(Reason::ReservedName) } else { Ok(()) }
}

/// Time of receipt − (sent − happened): the sender's clock may be wrong, the span it measures is not.
fn true_time(received_at: i64, sent_at_ms: Option<i64>, at_ms: i64) -> Result<i64, Reason> {
    let ago_us = match sent_at_ms {
        Some(sent) => sent.saturating_sub(at_ms).saturating_mul(1_000),
        None => received_at.saturating_sub(at_ms.saturating_mul(1_000)),
    };
    if ago_us > MAX_AGE_US {
        return Err(Reason::TooOld);
    }
    // "After it was sent" happens by rounding and by clocks set back in between; more than a minute is no rounding.
    if ago_us < -60_000_000 {
        return Err(Reason::InFuture);
    }
    Ok(received_at - ago_us.max(0))
}

/// The visitor of the whole request: the id it sent, or a hash that lasts a day and leads back to nobody.
fn visitor_key(ground: &Ground<'_>, client: &Client, envelope: &Envelope<'_>) -> Option<i64> {
    if let Some(id) = envelope.visitor.as_deref() {
        let sane = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        return sane.then(|| key64("visitor", &[id]));
    }
    // An app can always keep an id of its own.
    if client.app {
        return None;
    }
    let ip = client.ip.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
    let day = client.received_at.div_euclid(DAY_US).to_string();
    let host = envelope.host.as_deref().unwrap_or("");
    let tag = ground.secret.tag("cookieless-visitor", &[day.as_str(), ip.as_str(), client.agent.as_str(), host].join("\n"));
    Some(key64("cookieless", &[&tag]))
}

/// Whether an app kept an event for so long that the device may have been elsewhere.
fn is_late(asked: &Asked<'_>, at: i64) -> bool {
    asked.client.app && asked.client.received_at - at > VISIT_GAP_US
}

fn bot_verdict<'a>(asked: &Asked<'a>, mut draft: Draft<'a>) -> Result<Draft<'a>, Reason> {
    let (mut verdict, mut suspicion) = (asked.verdict, asked.suspicion);
    if is_late(asked, draft.at) {
        // Where the device is now says nothing of where it was.
        verdict = verdict.filter(|machine| *machine != Machine::OwnNetwork).or(asked.agent.machine);
        suspicion = suspicion.filter(|machine| !matches!(machine, Machine::HostingNetwork | Machine::DataCentre));
    }
    draft.machine = verdict.or_else(|| flag(draft.facts.auto).then_some(Machine::Automated)).or(suspicion);
    Ok(draft)
}

/// Whether the visitor may be recorded at all.
fn permits(client: &Client, rules: &SiteRules, envelope: &Envelope<'_>) -> bool {
    !client.objects && (!rules.consent_required || envelope.consent.as_deref() == Some("granted"))
}

fn consent<'a>(asked: &Asked<'a>, draft: Draft<'a>) -> Result<Draft<'a>, Reason> {
    if asked.client.objects {
        return Err(Reason::Objection);
    }
    if asked.ground.rules.consent_required && asked.envelope.consent.as_deref() != Some("granted") {
        return Err(Reason::NoConsent);
    }
    Ok(draft)
}

fn site_rules<'a>(asked: &Asked<'a>, draft: Draft<'a>) -> Result<Draft<'a>, Reason> {
    if !asked.ground.rules.takes_host(asked.host()) {
        return Err(Reason::UnknownSite);
    }
    Ok(draft)
}

fn read_agent<'a>(asked: &Asked<'a>, mut draft: Draft<'a>) -> Result<Draft<'a>, Reason> {
    draft.agent = Some(asked.agent.clone());
    Ok(draft)
}

fn visitor<'a>(asked: &Asked<'a>, mut draft: Draft<'a>) -> Result<Draft<'a>, Reason> {
    draft.visitor = Some(asked.visitor.ok_or(Reason::BadVisitor)?);
    Ok(draft)
}

/// Puts what has passed every step into the form of the log, each form followed by the boxes ticked in it.
fn finish_all<'a>(asked: &Asked<'a>, drafts: Vec<Draft<'a>>, passed: &mut Passed) {
    passed.hits.reserve(drafts.len());
    for mut draft in drafts {
        let boxes = std::mem::take(&mut draft.boxes);
        if draft.box_left_out {
            passed.left_out.push(Dropped { index: draft.index, reason: Reason::BadConsent });
        }
        let hit = finish(asked, draft);
        let ticked = ticked::hits(boxes, &hit);
        passed.hits.push(hit);
        passed.hits.extend(ticked);
    }
}

/// Weighs who it is and puts the event into the form of the log.
fn finish<'a>(asked: &Asked<'a>, draft: Draft<'a>) -> Hit {
    let Draft { wire, facts, at, machine, place, .. } = draft;
    let traits = facts.traits.and_then(|raw| serde_json::from_str::<WireTraits<'_>>(raw.get()).ok()).unwrap_or_default();
    let said = Traits { email: text(traits.email).or_else(|| text(facts.email)), name: text(traits.name).or_else(|| text(facts.name)) };
    let identifies = matches!(wire.name.as_ref(), "visitor.identified" | "form.submitted");
    let token = text(facts.token);
    let proof = match wire.name.as_ref() {
        _ if identifies => weigh(asked.ground.secret, token.as_deref(), &said, asked.client.received_at),
        PUSH_REGISTERED => token.filter(|token| token.len() <= MAX_PUSH_TOKEN).map(Proof::push),
        _ => None,
    };

    let (path, query) = split_url(wire.url.as_deref());
    let id = id_of(asked, &wire);
    let left = page_left(&id, &wire, &facts);
    let mut event = attune_events::Event::new(wire.name.clone().into_owned(), at);
    event.machine = machine.is_some();
    event.client_key = Some(match &left {
        Some(left) => key64("event-state", &[&id, &left.seq.to_string()]),
        None => key64("event", &[&id]),
    });
    event.subject = place
        .map(|(_, name)| name.clone())
        .or_else(|| subject(&wire.name, &facts))
        .or_else(|| path.clone())
        .map(|s| clipped(&s, MAX_URL).to_owned());
    event.amount = amount(&wire.name, &facts);
    event.props = kept_props(&wire, query.as_deref());

    let arrival = if wire.name == "page.viewed" { arrival(asked, &wire, &facts, query.as_deref()) } else { Arrival::direct() };
    let sender = draft.visitor.map(|key| Sender {
        key,
        agent: draft.agent.unwrap_or_else(Agent::unknown),
        machine,
        host: asked.host().map(|host| Arc::from(clipped(host, 255))),
        path,
        arrival,
        // Who lets no id be kept in the browser is not told apart by company and city either.
        network: asked.envelope.visitor.as_ref().filter(|_| !is_late(asked, at)).and(asked.network.clone()),
    });
    Hit { event, sender, left, proof, place: place.map(|(id, _)| *id) }
}

fn split_url(url: Option<&str>) -> (Option<String>, Option<String>) {
    let Some(url) = url else { return (None, None) };
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    (Some(path.to_owned()).filter(|p| !p.is_empty()), query.filter(|q| !q.is_empty()).map(str::to_owned))
}

fn arrival(asked: &Asked<'_>, wire: &WireEvent<'_>, facts: &Facts<'_>, query: Option<&str>) -> Arrival {
    let short = |raw| text(raw).map(|t| clipped(&t, 200).to_owned());
    let utm = Utm { source: short(facts.utm_source), medium: short(facts.utm_medium), campaign: short(facts.utm_campaign) };
    attribute(&utm, query.unwrap_or(""), wire.referrer.as_deref(), asked.envelope.host.as_deref())
}

/// What tells an event from all others. The tracker's ids are random; an app may count its events from one on each device.
fn id_of<'w>(asked: &Asked<'_>, wire: &'w WireEvent<'_>) -> Cow<'w, str> {
    match asked.visitor {
        Some(visitor) if asked.client.app => Cow::Owned(format!("{visitor}:{}", wire.id)),
        _ => Cow::Borrowed(&wire.id),
    }
}

fn page_left(id: &str, wire: &WireEvent<'_>, facts: &Facts<'_>) -> Option<PageLeft> {
    (wire.name == "page.left").then(|| PageLeft {
        key: key64("page", &[id]),
        seq: wire.seq.unwrap_or(1),
        dwell_us: number(facts.dwell_ms).unwrap_or(0).clamp(0, MAX_DWELL_US / 1_000) * 1_000,
        scroll_pct: number(facts.scroll_pct).unwrap_or(0).clamp(0, 100),
    })
}

fn subject(name: &str, facts: &Facts<'_>) -> Option<String> {
    match name {
        "page.viewed" | "page.left" | "visitor.identified" | PUSH_REGISTERED => None,
        "file.downloaded" => text(facts.file).or_else(|| text(facts.href)),
        "link.followed" => text(facts.href),
        "video.progressed" => text(facts.video),
        "site.searched" => text(facts.term),
        "form.viewed" | "form.started" | "form.submitted" => text(facts.form),
        _ => text(facts.subject).or_else(|| text(facts.sku)).or_else(|| text(facts.product)),
    }
}

fn amount(name: &str, facts: &Facts<'_>) -> Option<i64> {
    match name {
        "video.progressed" => number(facts.percent).map(|p| p.clamp(0, 100)),
        "place.entered" => None,
        "place.left" => Some(number(facts.dwell_ms).unwrap_or(0).clamp(0, MAX_DWELL_US / 1_000) * 1_000),
        "page.viewed" | "page.left" | "visitor.identified" => None,
        _ => number(facts.amount_minor).or_else(|| number(facts.amount)),
    }
}

/// Who somebody said to be is weighed and not kept in the log, and ticked boxes stand in events of their own; everything else is kept as sent.
fn kept_props(wire: &WireEvent<'_>, query: Option<&str>) -> Option<String> {
    match wire.name.as_ref() {
        "visitor.identified" | PUSH_REGISTERED => None,
        "page.viewed" => joined(&[("title", wire.title.as_deref()), ("query", query), ("ref", wire.referrer.as_deref())], wire.props),
        "form.submitted" => wire.props.and_then(without_identity),
        _ => joined(&[], wire.props),
    }
}

fn without_identity(props: &RawValue) -> Option<String> {
    let mut map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(props.get()).ok()?;
    for key in ["token", "email", "name", "traits", "consents"] {
        map.remove(key);
    }
    (!map.is_empty()).then(|| serde_json::Value::Object(map).to_string())
}
