//! Drives a real Chromium over the pages: clicks and types like a person, looks with axe, keeps screenshots.
//!
//! [`Browser::start`] starts its own `chromedriver` on a free port with a fresh profile and ends it, with every Chromium it
//! started, when dropped. [`Look`] says how the page shall be seen: size, language, light or dark, with or without JavaScript.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod axe;
mod browser;
mod cdp;
mod driver;
mod look;
mod shots;

pub use axe::{Violation, describe};
pub use browser::Browser;
pub use fantoccini::{Client, Locator, elements::Element};
pub use look::{Look, Scheme};
pub use shots::folder as screenshot_folder;

#[cfg(test)]
mod tests;
