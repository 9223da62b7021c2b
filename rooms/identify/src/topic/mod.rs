//! A topic: what mail is about, as the company sorts it. A person says yes or no to each; campaigns and push funnels are of one or of none.
//!
//! Guards that what a person once refused keeps its name: a topic that is removed is offered to nobody, and the ledger still names it.

#[cfg(test)]
mod http_tests;
pub(crate) mod pages;
mod store;
#[cfg(test)]
mod tests;

use attune_kernel::{Locale, id_type};

pub use store::{list, list_all};

id_type!(
    /// The id of a topic.
    TopicId,
    "top"
);

/// What a purpose of the ledger begins with when it is a topic.
const PURPOSE: &str = "topic:";

/// A topic in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// What people call it.
    pub name_en: String,
    /// The same in Chinese.
    pub name_zh: String,
    /// What mail about it is for: the words a person agrees to.
    pub purpose_en: String,
    /// The same in Chinese.
    pub purpose_zh: String,
}

impl Topic {
    /// Its name in a language.
    pub fn name(&self, locale: Locale) -> &str {
        if locale == Locale::ZhCn { &self.name_zh } else { &self.name_en }
    }

    /// Its purpose in a language.
    pub fn purpose(&self, locale: Locale) -> &str {
        if locale == Locale::ZhCn { &self.purpose_zh } else { &self.purpose_en }
    }
}

/// The purpose under which the ledger keeps what people said about a topic.
pub fn purpose_of(id: TopicId) -> String {
    format!("{PURPOSE}{id}")
}

/// The topic a purpose of the ledger is about.
pub fn of_purpose(purpose: &str) -> Option<TopicId> {
    purpose.strip_prefix(PURPOSE)?.parse().ok()
}
