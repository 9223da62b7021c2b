//! What a user agent says: browser, system, device, and whether it speaks for a machine.

mod class;
mod machine;
mod names;
mod products;
mod rules;
#[cfg(test)]
mod tests;
mod words;

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize};

use super::hit::Machine;
use super::recent::Recent;
use crate::word::{Word, one_of};

/// A user agent, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// `Chrome Mobile`, `Safari`, …; empty when unknown.
    pub browser: String,
    /// `Windows`, `iOS`, …; empty when unknown.
    pub os: String,
    /// `desktop`, `phone`, `tablet` or `other`.
    #[serde(deserialize_with = "device")]
    pub device: Word,
    /// The device by its usual name: `iPhone`, `Samsung SM-A165F`, `Mac`, …; empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Why it speaks for a machine.
    pub machine: Option<Machine>,
}

fn device<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
    one_of(from, &["desktop", "phone", "tablet", "other"])
}

impl Agent {
    /// An agent nothing is known about.
    pub fn unknown() -> Arc<Self> {
        Arc::new(Self { browser: String::new(), os: String::new(), device: "other", model: String::new(), machine: None })
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
        if let Some(agent) = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(header) {
            return agent;
        }
        // A new one is read without the lock: those who know theirs do not wait for it.
        let agent = Arc::new(read_agent(header));
        self.read.lock().unwrap_or_else(PoisonError::into_inner).put(header.to_owned(), agent.clone());
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

fn read_agent(header: &str) -> Agent {
    let found = rules::find(header);
    let lower = header.to_lowercase();
    let browser = names::browser(header, found.browser).unwrap_or_default();
    let (os, model) = (found.os.unwrap_or_default(), found.device.unwrap_or_default());
    let machine = machine::machine(&lower, &model);
    Agent { device: class::class(&lower, &os, &model), browser, os, model, machine }
}
