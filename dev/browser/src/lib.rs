//! Drives a real Chromium over the pages: clicks and types like a person, looks with axe, keeps screenshots.
//!
//! [`Browser::start`] starts its own `chromedriver` on a free port with a fresh profile and ends it, with every Chromium it
//! started, when dropped. [`Look`] says how the page shall be seen: size, language, light or dark, with or without JavaScript.
//!
//! A scenario lives in `tests/`: it installs [`Attune`] on a [`Store`], serves it, and walks through it in a browser:
//!
//! ```no_run
//! # async fn scenario() -> anyhow::Result<()> {
//! use attune_browser::{Attune, Browser, Engine, Look, Store};
//! let Some(store) = Store::create(Engine::Lite)? else { return Ok(()) };
//! let mut attune = Attune::install(store)?;
//! attune.serve().await?;
//! for look in Look::all("zh-CN") {
//!     let browser = Browser::start(look.clone()).await?;
//!     browser.open(&attune.url("/contacts")).await?;
//!     browser.assert_accessible().await?;
//!     browser.screenshot(&format!("contacts-{}", look.name())).await?;
//! }
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod axe;
mod browser;
mod cdp;
mod driver;
mod look;
mod shots;

pub use attune_system::{Attune, Engine, Store};
pub use axe::{Violation, describe};
pub use browser::Browser;
pub use fantoccini::{Client, Locator, elements::Element};
pub use look::{Look, Scheme};
pub use shots::folder as screenshot_folder;

#[cfg(test)]
mod tests;
