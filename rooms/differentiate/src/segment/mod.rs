//! A segment is a group of contacts: dynamic by a rule, or static as it was on a day.
//!
//! Guards that the members kept step by step are those a full count finds, to the moment: every fact that a rule reads leads from the
//! event to the rule, and every time window that closes has a timer.

pub mod bind;
pub mod compile;
pub mod evaluate;
pub mod rule;
pub mod text;

pub use bind::{Bound, RuleError, Vocabulary, bind};
pub use rule::Rule;
pub use text::{ParseError, parse, print};

attune_kernel::id_type!(
    /// The id of a segment.
    SegmentId,
    "seg"
);
