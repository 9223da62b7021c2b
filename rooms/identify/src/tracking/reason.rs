//! Why an event is not taken.

/// The closed list of reasons. Each has a code for programs and counters, and a sentence for the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It is not an event.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The request holds too many events.
    #[error("more than 500 events in one request")]
    TooMany,
    /// The id is missing or longer than 64 characters.
    #[error("id must have 1 to 64 characters")]
    BadId,
    /// The name is not made of lower-case words joined by dots.
    #[error("name must be lower-case words joined by dots, at most 64 characters")]
    BadName,
    /// Only Attune itself writes events of this name.
    #[error("events of this name are written by Attune only")]
    ReservedName,
    /// A field is too long.
    #[error("a text is too long: url and ref 2,000 characters, title 300, props 8,192 bytes")]
    TooLong,
    /// `props` is not an object.
    #[error("props must be an object without repeated names")]
    BadProps,
    /// It happened more than 30 days ago.
    #[error("it happened more than 30 days ago")]
    TooOld,
    /// It has not happened yet.
    #[error("it happened after it was sent")]
    InFuture,
    /// The visitor id is malformed.
    #[error("visitor must be 1 to 64 letters, digits, - or _")]
    BadVisitor,
    /// No place has what was sensed.
    #[error("no place has this beacon, tag or fence")]
    UnknownPlace,
    /// A ticked box names nothing the ledger knows, carries no words, or comes from a browser without an id of its own.
    #[error(
        "a consent box must come with a visitor id, name a channel and a purpose, such as email:marketing, and carry the words beside it (at most 1,000 characters), ten boxes a form: this one is left out, the rest of the event is kept"
    )]
    BadConsent,
    /// The host is none of the configured sites.
    #[error("this site is not configured")]
    UnknownSite,
    /// The visitor asked not to be tracked.
    #[error("the visitor objects to tracking")]
    Objection,
    /// Consent is required and was not given.
    #[error("the visitor has not consented")]
    NoConsent,
}

impl Reason {
    /// A stable word for counters and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::TooMany => "too_many",
            Self::BadId => "bad_id",
            Self::BadName => "bad_name",
            Self::ReservedName => "reserved_name",
            Self::TooLong => "too_long",
            Self::BadProps => "bad_props",
            Self::TooOld => "too_old",
            Self::InFuture => "in_future",
            Self::BadVisitor => "bad_visitor",
            Self::UnknownPlace => "unknown_place",
            Self::BadConsent => "bad_consent",
            Self::UnknownSite => "unknown_site",
            Self::Objection => "objection",
            Self::NoConsent => "no_consent",
        }
    }

    /// Whether the sender did something wrong and is told so. The others are rules the sender need not know.
    pub fn is_mistake(&self) -> bool {
        !matches!(self, Self::Objection | Self::NoConsent)
    }
}
