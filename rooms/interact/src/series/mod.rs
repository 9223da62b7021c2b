//! A series: mail that belongs together, a campaign or a push funnel. What holds for both has its home here.
//!
//! Guards that a series does only what its state allows, and that lists show only what the reader's scope covers.

pub(crate) mod store;

use attune_kernel::Fault;
use attune_web::Problem;

use crate::audience::AudienceError;

/// How many series a page of a list holds.
pub(crate) const PAGE: usize = 50;

/// Why a series cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// It is not in a state that allows it.
    #[error("it is {0}, which does not allow that")]
    State(&'static str),
    /// A push funnel has no round.
    #[error("the push funnel has no round")]
    NoRound,
    /// The audience's rule cannot be read.
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// The store failed.
    #[error("{0}")]
    Fault(Fault),
}

impl From<Fault> for SeriesError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<attune_db::DbError> for SeriesError {
    fn from(error: attune_db::DbError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<SeriesError> for Problem {
    fn from(error: SeriesError) -> Self {
        match error {
            SeriesError::State(_) => Self::refused("interact-error-state"),
            SeriesError::NoRound => Self::refused("push-funnel-error-no-round"),
            SeriesError::Audience(error) => Self::refused("interact-error-audience").s("reason", error),
            SeriesError::Fault(fault) => fault.into(),
        }
    }
}

/// The tone of a state's badge; campaigns and push funnels use the same words for the same states.
pub(crate) fn tone(state: &str) -> &'static str {
    match state {
        "running" => "good",
        "paused" => "warn",
        "finished" | "completed" => "accent",
        _ => "",
    }
}
