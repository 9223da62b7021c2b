//! The two languages: texts by key, dates, numbers and money as each language writes them.
//!
//! Guards that every text exists in both languages with the same placeholders: [`Texts::build`] refuses anything else.

mod lang;
mod number;
mod texts;
mod theme;
mod time;

pub(crate) use lang::say;
pub use lang::{Arg, Lang, Said, Text};
pub use number::{Real, Whole};
pub use texts::{LocaleFiles, Texts, TextsError};
pub use theme::Theme;
