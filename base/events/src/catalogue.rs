//! Which events exist, who emits them and what their subject and amount mean.

use std::collections::BTreeMap;

/// The definition of an event: documentation, menu entry for rules, and the check that nobody waits for what never comes.
#[derive(Clone, Copy, Debug)]
pub struct EventDef {
    /// `noun.past_tense`.
    pub name: &'static str,
    /// What it says happened, in English, for the reference.
    pub meaning: &'static str,
    /// What `subject` holds; empty when unused.
    pub subject: &'static str,
    /// What `amount` counts, with its unit; empty when unused.
    pub amount: &'static str,
    /// Whether score rules and segments may be built on it.
    pub behaviour: bool,
}

/// Why the rooms' events do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Two rooms define the same event.
    #[error("event {0} is defined twice")]
    Twice(String),
    /// A reactor waits for an event no room defines.
    #[error("reactor {reactor} hears {event}, which no room emits")]
    Unheard {
        /// The reactor's key.
        reactor: String,
        /// The missing event.
        event: String,
    },
}

/// All events of all rooms, by name.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    by_name: BTreeMap<&'static str, EventDef>,
}

impl Catalogue {
    /// Joins the rooms' definitions and checks that every reactor hears only what exists.
    pub fn build<'r>(
        defs: impl IntoIterator<Item = EventDef>,
        heard: impl IntoIterator<Item = (&'r str, &'r str)>,
    ) -> Result<Self, CatalogueError> {
        let mut by_name = BTreeMap::new();
        for def in defs {
            if by_name.insert(def.name, def).is_some() {
                return Err(CatalogueError::Twice(def.name.to_owned()));
            }
        }
        for (reactor, event) in heard {
            if event != "*" && !by_name.contains_key(event) {
                return Err(CatalogueError::Unheard { reactor: reactor.to_owned(), event: event.to_owned() });
            }
        }
        Ok(Self { by_name })
    }

    /// Every definition, by name.
    pub fn list(&self) -> impl Iterator<Item = &EventDef> {
        self.by_name.values()
    }

    /// The definition of `name`; custom events have none.
    pub fn find(&self, name: &str) -> Option<&EventDef> {
        self.by_name.get(name)
    }
}
