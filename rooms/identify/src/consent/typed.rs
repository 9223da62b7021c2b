//! What a person said, as staff type it or a program hears it, checked the same way for both.

use attune_web::FormErrors;
use serde::Deserialize;

use super::{CHANNELS, ConsentDraft, PURPOSES, State};

/// A line of the ledger as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// One of [`CHANNELS`].
    pub channel: String,
    /// One of [`PURPOSES`], or a topic's.
    pub purpose: String,
    /// `given` or `withdrawn`.
    pub state: String,
    /// Where it was said.
    pub source: String,
    /// The words the person agreed to.
    pub wording: String,
    /// What shows it.
    pub proof: String,
}

impl Typed {
    /// The line it becomes, with `errors` for what is wrong; the source is the caller's to check. `is_topic` knows the purposes of topics.
    pub fn check(&self, errors: &mut FormErrors, contact_id: i64, staff_id: i64, is_topic: impl Fn(&str) -> bool) -> ConsentDraft {
        choice(errors, "channel", &self.channel, CHANNELS.contains(&self.channel.as_str()));
        choice(errors, "purpose", &self.purpose, PURPOSES.contains(&self.purpose.as_str()) || is_topic(&self.purpose));
        let state = State::of(&self.state).filter(|state| *state != State::Pending);
        choice(errors, "state", &self.state, state.is_some());
        // Who says "yes" must be quoted: without the words a consent proves nothing.
        let wording = match state {
            Some(State::Given) => Some(errors.required("wording", &self.wording, 2_000)),
            _ => errors.optional("wording", &self.wording, 2_000),
        };
        ConsentDraft {
            contact_id,
            channel: self.channel.clone(),
            purpose: self.purpose.clone(),
            state: state.unwrap_or(State::Withdrawn),
            source: self.source.clone(),
            wording,
            proof: errors.optional("proof", &self.proof, 500),
            staff_id: Some(staff_id).filter(|id| *id != 0),
        }
    }
}

/// Adds what is wrong with a choice that has to be one of a list.
pub(crate) fn choice(errors: &mut FormErrors, name: &'static str, typed: &str, fits: bool) {
    if !fits {
        errors.add(name, if typed.is_empty() { "web-required" } else { "web-not-a-choice" });
    }
}
