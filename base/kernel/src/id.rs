//! Identifiers: 64-bit, time-ordered, made by the application, shown with a prefix that names their kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::Clock;

/// 2024-01-01T00:00:00Z in milliseconds: the zero of the time part of an id.
const EPOCH_MS: i64 = 1_704_067_200_000;
/// Bits below the time part: 12 for a counter, 10 for the node.
const LOW_BITS: u32 = 22;
const COUNTER_BITS: u32 = 12;
/// Crockford's base 32, lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes ids that grow with time and never repeat within a node: 41 bits of milliseconds since 2024, 12 of counter, 10 of node.
///
/// When more than 4,096 are asked for in one millisecond the counter runs ahead of the clock; order and uniqueness hold.
#[derive(Clone, Debug)]
pub struct Ids {
    last: Arc<AtomicI64>,
    clock: Clock,
    node: i64,
}

impl Ids {
    /// Ids for node number `node` (0..=1023), timed by `clock`.
    pub fn new(clock: Clock, node: u16) -> Self {
        Self { last: Arc::new(AtomicI64::new(0)), clock, node: i64::from(node & 0x3ff) }
    }

    /// The next id.
    pub fn next(&self) -> i64 {
        let by_clock = ((self.clock.now() / 1000 - EPOCH_MS).max(1)) << COUNTER_BITS;
        let before = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(by_clock.max(last + 1)));
        let ticket = by_clock.max(before.unwrap_or(0) + 1);
        (ticket << (LOW_BITS - COUNTER_BITS)) | self.node
    }
}

/// What is wrong with an id that came from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not start with the prefix of this kind.
    #[error("id {0:?} does not start with {1:?}")]
    Prefix(String, &'static str),
    /// The part behind the prefix is not a number in Crockford's base 32.
    #[error("id {0:?} is malformed")]
    Malformed(String),
}

/// Writes an id as `prefix_` and 13 base-32 digits, which sort like the number.
pub fn encode_id(prefix: &str, id: i64) -> String {
    let mut digits = [b'0'; 13];
    let mut rest = id as u64;
    for slot in digits.iter_mut().rev() {
        let at = usize::try_from(rest & 31).unwrap_or(0);
        *slot = ALPHABET.get(at).copied().unwrap_or(b'0');
        rest >>= 5;
    }
    format!("{prefix}_{}", String::from_utf8_lossy(&digits))
}

/// Reads what [`encode_id`] wrote; a plain decimal number is taken too, so that SQL results can be pasted into an address.
pub fn decode_id(prefix: &'static str, text: &str) -> Result<i64, IdError> {
    let digits = match text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) {
        Some(digits) => digits,
        None => return text.parse::<i64>().map_err(|_| IdError::Prefix(text.to_owned(), prefix)),
    };
    if digits.is_empty() || digits.len() > 13 {
        return Err(IdError::Malformed(text.to_owned()));
    }
    let mut value: u64 = 0;
    for byte in digits.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == byte.to_ascii_lowercase());
        let Some(digit) = digit.and_then(|d| u64::try_from(d).ok()) else {
            return Err(IdError::Malformed(text.to_owned()));
        };
        value = value.checked_mul(32).and_then(|v| v.checked_add(digit)).ok_or_else(|| IdError::Malformed(text.to_owned()))?;
    }
    i64::try_from(value).map_err(|_| IdError::Malformed(text.to_owned()))
}

/// Declares a typed id: a number inside, `prefix_…` outside (Display, FromStr, serde, URLs).
#[macro_export]
macro_rules! id_type {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
        impl $name {
            /// The prefix that names this kind of id.
            pub const PREFIX: &'static str = $prefix;
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::encode_id($prefix, self.0))
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::IdError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::decode_id($prefix, text).map(Self)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl From<$name> for i64 {
            fn from(id: $name) -> i64 {
                id.0
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_stands() {
        let ids = Ids::new(Clock::manual(1_760_000_000_000_000), 7);
        let made: Vec<i64> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id & 0x3ff == 7));
    }

    #[test]
    fn an_id_survives_its_text() {
        for id in [0, 1, 31, 32, i64::MAX, 237_219_234_234_234] {
            assert_eq!(decode_id("con", &encode_id("con", id)), Ok(id));
        }
        assert!(matches!(decode_id("con", "com_0"), Err(IdError::Prefix(..))));
        assert!(matches!(decode_id("con", "con_zzzzzzzzzzzzzz"), Err(IdError::Malformed(_))));
        assert!(matches!(decode_id("con", "con_u"), Err(IdError::Malformed(_))));
    }

    #[test]
    fn the_text_sorts_like_the_number() {
        let texts: Vec<String> = [1_i64, 33, 1 << 40, i64::MAX].iter().map(|id| encode_id("con", *id)).collect();
        let mut sorted = texts.clone();
        sorted.sort();
        assert_eq!(texts, sorted);
    }
}
