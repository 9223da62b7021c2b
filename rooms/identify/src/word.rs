//! Words of a closed list that are written as text and read back as the list's own.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

/// A word of a closed list.
pub(crate) type Word = &'static str;

/// The word of `list` that is written there; the last one when it is none of them.
pub(crate) fn one_of<'de, D: Deserializer<'de>>(from: D, list: &[Word]) -> Result<Word, D::Error> {
    let written = Cow::<str>::deserialize(from)?;
    Ok(list.iter().copied().find(|word| *word == written).or(list.last().copied()).unwrap_or_default())
}
