//! The words every other crate speaks: ids, time, money, language and faults.
//!
//! Pure by rule: no async, no IO. Time and randomness enter through [`Clock`] and [`Ids`], so that a test can hold both still.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod address;
mod clock;
mod decay;
mod fault;
mod id;
mod locale;
mod money;
mod network;
mod text;

pub use address::{Address, is_masked, mask, mask_text};
pub use clock::{Clock, DAY_US, HOUR_US, MINUTE_US, SECOND_US};
pub use decay::Decay;
pub use fault::Fault;
pub use id::{IdError, Ids, decode_id, encode_id};
pub use locale::Locale;
pub use money::{Money, MoneyError};
pub use network::Network;
pub use text::{fold_key, initials};
