//! The kinds of relationships: a closed list, each read from either end. A new one is a line here and two texts in each language.

use super::Record;

/// What may stand at an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// A contact.
    Contact,
    /// A company.
    Company,
    /// Either.
    Any,
}

impl Ends {
    /// Whether `record` may stand there.
    pub fn allow(self, record: Record) -> bool {
        matches!((self, record), (Self::Any, _) | (Self::Contact, Record::Contact(_)) | (Self::Company, Record::Company(_)))
    }
}

/// A kind of relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The word in the table, in addresses and for programs.
    pub word: &'static str,
    /// Whom it begins with: the one who reports, refers, decides.
    pub from: Ends,
    /// Whom it leads to.
    pub to: Ends,
    /// Whether it reads the same from both ends.
    pub mutual: bool,
    /// Whether it makes a contact part of a company's buying group.
    pub in_group: bool,
}

const fn kind(word: &'static str, from: Ends, to: Ends) -> Kind {
    Kind { word, from, to, mutual: false, in_group: false }
}

const fn mutual(word: &'static str, ends: Ends) -> Kind {
    Kind { word, from: ends, to: ends, mutual: true, in_group: false }
}

const fn role(word: &'static str) -> Kind {
    Kind { word, from: Ends::Contact, to: Ends::Company, mutual: false, in_group: true }
}

/// Every kind, in the order in which forms offer them.
pub const KINDS: [Kind; 14] = [
    kind("referred", Ends::Any, Ends::Any),
    mutual("colleague", Ends::Contact),
    mutual("family", Ends::Contact),
    kind("reports_to", Ends::Contact, Ends::Contact),
    kind("agent", Ends::Any, Ends::Any),
    kind("distributor", Ends::Any, Ends::Company),
    kind("supplier", Ends::Company, Ends::Company),
    kind("former", Ends::Contact, Ends::Company),
    mutual("partner", Ends::Company),
    role("economic_buyer"),
    role("technical"),
    role("user"),
    role("champion"),
    role("blocker"),
];

/// The roles a complete buying group has; a blocker is known, not wished for.
pub const WANTED: [&str; 4] = ["economic_buyer", "technical", "user", "champion"];

/// The kind of a word, if it is one.
pub fn find(word: &str) -> Option<Kind> {
    KINDS.into_iter().find(|kind| kind.word == word)
}

/// A kind as read from one end: `reports_to`, or `reports_to-back` from the end it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The kind.
    pub kind: Kind,
    /// Whether it is read from the end it begins with.
    pub forward: bool,
}

impl Reading {
    /// Every reading that `record` can have, in the order of [`KINDS`].
    pub fn all_of(record: Record) -> impl Iterator<Item = Self> {
        let both = KINDS.into_iter().flat_map(|kind| [Self { kind, forward: true }, Self { kind, forward: false }]);
        both.filter(move |reading| reading.here().allow(record) && (reading.forward || !reading.kind.mutual))
    }

    /// The reading of a word, if it is one.
    pub fn of(word: &str) -> Option<Self> {
        match word.strip_suffix("-back") {
            Some(word) => find(word).filter(|kind| !kind.mutual).map(|kind| Self { kind, forward: false }),
            None => find(word).map(|kind| Self { kind, forward: true }),
        }
    }

    /// The word in addresses.
    pub fn word(self) -> String {
        let back = if self.forward || self.kind.mutual { "" } else { "-back" };
        format!("{}{back}", self.kind.word)
    }

    /// The locale key of the words.
    pub fn label_key(self) -> String {
        format!("relationship-{}", self.word())
    }

    /// What may stand at the end it is read from.
    pub fn here(self) -> Ends {
        if self.forward { self.kind.from } else { self.kind.to }
    }

    /// What may stand at the other end.
    pub fn there(self) -> Ends {
        if self.forward { self.kind.to } else { self.kind.from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_survives_its_word() {
        let ends = [Record::Contact(1), Record::Company(1)];
        for reading in ends.into_iter().flat_map(Reading::all_of) {
            assert_eq!(Reading::of(&reading.word()), Some(reading));
        }
        assert_eq!(Reading::of("colleague-back"), None, "what is mutual has one reading");
        assert_eq!(Reading::of("enemy"), None);
    }

    #[test]
    fn only_people_are_in_a_buying_group() {
        let roles: Vec<&str> = Reading::all_of(Record::Company(1)).filter(|r| r.kind.in_group && r.forward).map(|r| r.kind.word).collect();
        assert!(roles.is_empty(), "{roles:?}");
        assert!(WANTED.iter().all(|word| find(word).is_some_and(|kind| kind.in_group)));
    }
}
