//! What the lines of a file are about.

use attune_web::Shell;
use attune_web::kit::Choice;

use super::Counts;
use super::store::Import;
use crate::field::Subject;

/// What a file brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// People.
    #[default]
    Contacts,
    /// Organisations.
    Companies,
    /// What people did.
    Events,
}

impl Kind {
    /// All, in menu order.
    pub const ALL: [Self; 3] = [Self::Contacts, Self::Companies, Self::Events];

    /// The word in tables and in the programs' interface.
    pub fn word(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Companies => "companies",
            Self::Events => "events",
        }
    }

    /// The kind of such a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The word in forms and addresses.
    pub(crate) fn form_word(self) -> &'static str {
        match self {
            Self::Contacts => "contact",
            Self::Companies => "company",
            Self::Events => "event",
        }
    }

    /// The kind of such a word; contacts when it is unknown.
    pub(crate) fn of_form(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.form_word() == word).unwrap_or_default()
    }

    /// Whose attributes the columns can go to.
    pub fn subject(self) -> Subject {
        if self == Self::Companies { Subject::Company } else { Subject::Contact }
    }

    /// All, for the form that asks which.
    pub(crate) fn choices(shell: &Shell) -> Vec<Choice> {
        let label = |kind: Self| match kind {
            Self::Events => "identify-import-events",
            records => records.subject().label_key(),
        };
        Self::ALL.into_iter().map(|kind| Choice::new(kind.form_word(), shell.l.t(label(kind)))).collect()
    }
}

impl Import {
    /// What it brings.
    pub fn kind(&self) -> Kind {
        match self.plan.subject {
            Subject::Company => Kind::Companies,
            Subject::Contact if self.is_events => Kind::Events,
            Subject::Contact => Kind::Contacts,
        }
    }

    /// How many rows of these counts brought something.
    pub(super) fn taken(&self, counts: &Counts) -> i64 {
        // Whoever an event makes is counted beside it.
        if self.is_events { counts.updated } else { counts.created + counts.updated }
    }
}
