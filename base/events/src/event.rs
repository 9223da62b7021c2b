//! The envelope: one shape for a page view, a mail click, a purchase and a changed owner.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Something that happened to somebody. What `subject` and `amount` mean is told by the event's [`EventDef`](crate::EventDef).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the log; 0 until it is appended.
    pub seq: i64,
    /// `noun.past_tense`.
    pub name: Cow<'static, str>,
    /// When it happened, µs UTC.
    pub at: i64,
    /// The person it happened to, when known.
    pub contact_id: Option<i64>,
    /// The browser or device it came from.
    pub visitor_id: Option<i64>,
    /// The visit it belongs to.
    pub session_id: Option<i64>,
    /// The company it happened to.
    pub company_id: Option<i64>,
    /// What it was about, in the form rules filter on: a path, a file, a product, a link.
    pub subject: Option<String>,
    /// How much: µs, per cent, minor units of money.
    pub amount: Option<i64>,
    /// Done by a machine (bot, mail scanner): kept, shown apart, never scored.
    pub machine: bool,
    /// The `seq` of the event this one is a reaction to.
    pub cause: Option<i64>,
    /// How many reactions lie between this and something a person did.
    pub depth: i64,
    /// 64-bit hash of the sender's own id: the same event sent twice is logged once.
    pub client_key: Option<i64>,
    /// The import, campaign or replay that brought it.
    pub origin_id: Option<i64>,
    /// Further facts as JSON.
    pub props: Option<String>,
}

impl Event {
    /// An event called `name` that happened at `at` (µs).
    pub fn new(name: impl Into<Cow<'static, str>>, at: i64) -> Self {
        Self {
            seq: 0,
            name: name.into(),
            at,
            contact_id: None,
            visitor_id: None,
            session_id: None,
            company_id: None,
            subject: None,
            amount: None,
            machine: false,
            cause: None,
            depth: 0,
            client_key: None,
            origin_id: None,
            props: None,
        }
    }

    /// Says whom it happened to.
    #[must_use]
    pub fn contact(mut self, id: impl Into<Option<i64>>) -> Self {
        self.contact_id = id.into();
        self
    }

    /// Says which company it concerns.
    #[must_use]
    pub fn company(mut self, id: impl Into<Option<i64>>) -> Self {
        self.company_id = id.into();
        self
    }

    /// Says what it was about.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Says how much, in the unit of its definition.
    #[must_use]
    pub fn amount(mut self, amount: i64) -> Self {
        self.amount = Some(amount);
        self
    }

    /// Adds further facts; what cannot be written as JSON is left out.
    #[must_use]
    pub fn props(mut self, props: &impl Serialize) -> Self {
        self.props = serde_json::to_string(props).ok().filter(|text| text != "null" && text != "{}");
        self
    }

    /// Says which event this one is a reaction to.
    #[must_use]
    pub fn because_of(mut self, cause: &Event) -> Self {
        self.cause = Some(cause.seq);
        self.depth = cause.depth + 1;
        self
    }

    /// Says which import, campaign or replay brought it.
    #[must_use]
    pub fn origin(mut self, id: i64) -> Self {
        self.origin_id = Some(id);
        self
    }

    /// The further facts as JSON; an empty object when there are none.
    pub fn props_json(&self) -> serde_json::Value {
        let parsed = self.props.as_deref().and_then(|text| serde_json::from_str(text).ok());
        parsed.unwrap_or_else(|| serde_json::Value::Object(serde_json::Map::new()))
    }
}
