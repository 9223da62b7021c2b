//! The ledger in words: what was said, where, by whom it was noted down and what shows it.

use std::collections::HashMap;

use attune_db::{DbError, Tx};
use attune_kernel::Locale;
use attune_web::{Lang, Sight, Text};

use super::form::read_source;
use super::{CHANNELS, Consent, PURPOSES, State};
use crate::preference::{Preference, Wish};
use crate::{staff, topic};

/// Where something can have been said.
const SOURCES: [&str; 12] = [
    "staff",
    "phone",
    "in-person",
    "paper",
    "message",
    "form",
    "import",
    "unsubscribe-link",
    "preference-page",
    "double-opt-in",
    "api",
    "merge",
];

/// A line of the ledger in words.
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) channel: Text,
    pub(super) purpose: String,
    /// A yes or a no; a preference is neither.
    pub(super) given: Option<bool>,
    pub(super) state: String,
    /// What was chosen, of a preference.
    pub(super) detail: String,
    pub(super) source: String,
    /// Who noted it down; empty when the person did it alone.
    pub(super) by: String,
    pub(super) wording: String,
    pub(super) proof: String,
    pub(super) at: i64,
}

/// What is needed to name things: the language, colleagues and topics.
pub(super) struct Teller {
    l: Lang,
    sight: Sight,
    /// Whose the contact is.
    whose: (Option<i64>, Option<i64>),
    staff: HashMap<i64, String>,
    topics: HashMap<String, String>,
}

impl Teller {
    pub(super) async fn open(tx: &mut Tx, l: Lang, sight: Sight, whose: (Option<i64>, Option<i64>)) -> Result<Self, DbError> {
        let staff = staff::names(&staff::list(tx).await?);
        let named = |topic: topic::Topic| (topic::purpose_of(topic.id), topic.name(l.locale()).to_owned());
        let topics = topic::list_all(tx).await?.into_iter().map(named).collect();
        Ok(Self { l, sight, whose, staff, topics })
    }

    fn known(&self, kind: &str, word: &str, all: &[&str]) -> Text {
        if all.contains(&word) { self.l.t(&format!("consent-{kind}-{word}")) } else { Text::from(word) }
    }

    /// Where it was said. A form is told with its page, where the reader may see what people are called: both come from a site.
    fn source(&self, source: &str) -> String {
        let Some((page, form)) = read_source(source) else { return self.known("source", source, &SOURCES).to_string() };
        let seen = |text: &str| self.sight.text(self.whose, text.to_owned());
        let key = if form.is_empty() { "consent-source-site-form-bare" } else { "consent-source-site-form" };
        self.l.of(key).s("form", seen(form)).s("page", seen(page)).to_string()
    }

    fn by(&self, staff_id: Option<i64>) -> String {
        staff_id.and_then(|id| self.staff.get(&id).cloned()).unwrap_or_default()
    }

    /// People's own words, as the reader may see them.
    fn words(&self, words: Option<String>) -> String {
        self.sight.text(self.whose, words.unwrap_or_default())
    }

    pub(super) fn consent(&self, consent: Consent) -> Line {
        let said = consent.said;
        let topic = self.topics.get(&said.purpose).map(|name| self.l.of("consent-topic").s("name", name).to_string());
        Line {
            id: consent.id,
            channel: self.known("channel", &said.channel, &CHANNELS),
            purpose: topic.unwrap_or_else(|| self.known("purpose", &said.purpose, &PURPOSES).to_string()),
            given: Some(said.state == State::Given),
            state: self.l.t(&format!("consent-{}", said.state.word())).to_string(),
            detail: String::new(),
            source: self.source(&said.source),
            by: self.by(said.staff_id),
            wording: self.words(said.wording),
            proof: self.words(said.proof),
            at: consent.at,
        }
    }

    pub(super) fn preference(&self, line: Preference) -> Line {
        Line {
            id: line.id,
            channel: self.l.t("consent-channel-email"),
            purpose: self.l.t("preference-title").to_string(),
            given: None,
            state: self.l.t("preference-chosen").to_string(),
            detail: self.wishes(&line.said.wish).join(" · "),
            source: self.known("source", &line.said.source, &SOURCES).to_string(),
            by: self.by(line.said.staff_id),
            wording: self.words(line.said.wording),
            proof: self.words(line.said.proof),
            at: line.at,
        }
    }

    /// How somebody wants to be written to, a phrase each.
    pub(super) fn wishes(&self, wish: &Wish) -> Vec<String> {
        let l = &self.l;
        let mut all = vec![l.t(&format!("preference-frequency-{}", wish.frequency.word())).to_string()];
        if let Some(until) = wish.paused_until {
            all.push(l.of("preference-paused").s("date", l.date(until)).to_string());
        }
        if let Some((from, to)) = wish.quiet {
            let zone = wish.time_zone.clone().unwrap_or_default();
            all.push(l.of("preference-quiet").s("from", clock(from)).s("to", clock(to)).s("zone", zone).to_string());
        }
        if let Some(language) = wish.language.as_deref().and_then(|tag| tag.parse::<Locale>().ok()) {
            all.push(l.of("preference-language").s("name", language.own_name()).to_string());
        }
        all
    }
}

/// A minute of the day as `22:00`.
fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
