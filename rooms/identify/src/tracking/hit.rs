//! A hit: an event on its way into the log, with what is known about who sent it.

use std::sync::Arc;

use attune_events::Event;
use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::atlas::KnownNetwork;
use super::source::Arrival;
use crate::stitching::Proof;

/// An event that has passed the pipeline and waits for its place in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hit {
    /// What happened. Visitor and visit are filled in when it is written.
    pub event: Event,
    /// The browser or device; absent for what happens without one, such as a mail opened.
    pub sender: Option<Sender>,
    /// For `page.left`: the state of the page so far.
    pub left: Option<PageLeft>,
    /// What shows who is behind the sender.
    pub proof: Option<Proof>,
    /// The place somebody came to or left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<i64>,
}

/// The browser or device behind a hit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sender {
    /// 64-bit hash of the visitor's id.
    pub key: i64,
    /// Browser, system and device; whether they are a machine's.
    pub agent: Arc<Agent>,
    /// Why it does not count as a customer.
    pub machine: Option<Machine>,
    /// The host of the site.
    pub host: Option<Arc<str>>,
    /// The path the hit belongs to.
    pub path: Option<String>,
    /// How the visitor came, should a visit begin with this hit.
    pub arrival: Arrival,
    /// The network it came from, as far as the administrator's files tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Arc<KnownNetwork>>,
}

/// How far a page has been read, cumulative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLeft {
    /// Hash of the id that all states of this page view share.
    pub key: i64,
    /// Grows with each state.
    pub seq: i64,
    /// Visible time so far, µs.
    pub dwell_us: i64,
    /// Deepest point seen so far, per cent.
    pub scroll_pct: i64,
}

/// Why a sender does not count as a customer: it is a machine, or one of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Machine {
    /// It names itself as a crawler.
    KnownBot,
    /// It names itself as a program library or a command line tool.
    Library,
    /// It sends no user agent, or one no browser would send.
    NoAgent,
    /// A browser without a window.
    Headless,
    /// A browser driven by a program.
    Automated,
    /// It accepts no language, which browsers always do.
    NoLanguage,
    /// It comes from a network the administrator listed as data centre.
    DataCentre,
    /// It comes from a network that hosts servers, as the administrator's files tell.
    HostingNetwork,
    /// It read `robots.txt`.
    ReadRobots,
    /// It comes from the company's own network.
    OwnNetwork,
    /// It is the browser of somebody of the staff who is signed in.
    Staff,
}

impl Machine {
    /// The code kept with the visit and used in locale keys.
    pub fn code(self) -> &'static str {
        match self {
            Self::KnownBot => "known-bot",
            Self::Library => "library",
            Self::NoAgent => "no-agent",
            Self::Headless => "headless",
            Self::Automated => "automated",
            Self::NoLanguage => "no-language",
            Self::DataCentre => "data-centre",
            Self::HostingNetwork => "hosting-network",
            Self::ReadRobots => "read-robots",
            Self::OwnNetwork => "own-network",
            Self::Staff => "staff",
        }
    }

    /// Whether it is one of our own rather than a machine.
    pub fn is_internal(self) -> bool {
        matches!(self, Self::OwnNetwork | Self::Staff)
    }
}

impl Hit {
    /// A hit without a browser, for events that other rooms send through the collector (mail opened, mail clicked).
    pub fn of(event: Event) -> Self {
        Self { event, sender: None, left: None, proof: None, place: None }
    }
}
