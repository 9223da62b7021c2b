//! The funnel: of those who became known in a period, how many engaged, were handed over, accepted, and bought.
//!
//! Guards that a figure is what SQL over the store says, that a stage is never larger than the one before it, and that every figure
//! opens the people behind it. The figures are a rollup kept from the event log; nothing scans people to draw the page.

mod figures;
#[cfg(test)]
mod http_tests;
pub(crate) mod pages;
pub(crate) mod people;
mod period;
mod plot;
pub(crate) mod react;
mod steps;
mod store;
#[cfg(test)]
mod tests;

pub use figures::{Figures, Row, SourceRow, figures};
pub use period::Period;

/// Microseconds of a day: cohorts are UTC days.
pub(crate) const DAY_US: i64 = attune_kernel::DAY_US;

/// A stage of the funnel. Everybody in one is in all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Became known.
    Known,
    /// Did something of their own: followed a link, filled in a form, took a file, or was qualified.
    Engaged,
    /// Was offered to a rep.
    HandedOver,
    /// Was accepted by a rep.
    Accepted,
    /// Bought after that.
    Customer,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Known, Self::Engaged, Self::HandedOver, Self::Accepted, Self::Customer];

    /// The word in tables and addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Engaged => "engaged",
            Self::HandedOver => "handed_over",
            Self::Accepted => "accepted",
            Self::Customer => "customer",
        }
    }

    /// Reads [`Stage::word`].
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// The stage before.
    pub fn before(self) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|stage| *stage < self)
    }

    /// The stage after.
    pub fn after(self) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage > self)
    }

    /// The locale key of its name.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Known => "funnel-stage-known",
            Self::Engaged => "funnel-stage-engaged",
            Self::HandedOver => "funnel-stage-handed-over",
            Self::Accepted => "funnel-stage-accepted",
            Self::Customer => "funnel-stage-customer",
        }
    }
}

/// The locale key that names a reason for going no further.
pub(crate) fn loss_key(reason: &str) -> &'static str {
    match reason {
        "unsubscribed" => "funnel-loss-unsubscribed",
        "undelivered" => "funnel-loss-undelivered",
        "too_small" => "funnel-loss-too-small",
        "wrong_person" => "funnel-loss-wrong-person",
        "not_reached" => "funnel-loss-not-reached",
        "no_need" => "funnel-loss-no-need",
        "competitor" => "funnel-loss-competitor",
        "duplicate" => "funnel-loss-duplicate",
        _ => "funnel-loss-other",
    }
}
