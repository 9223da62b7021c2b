//! Everything the browser loads, embedded in the binary: style sheets, scripts, icons and the font.
//! Each file has a name that carries the hash of its content, so it may be cached for ever,
//! and a gzip variant made at build time. Templates ask [`url`], the file handler asks [`find`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod icons;
#[cfg(test)]
mod tests;

include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// The address of the sprite when a template draws an icon: append `#name`.
pub const SPRITE: &str = "icons.svg";

/// One embedded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// The name in the source tree, e.g. `attune.css`.
    pub name: &'static str,
    /// The name with the content hash, e.g. `attune.1f2e3d4c.css`.
    pub hashed_name: &'static str,
    /// The path under which it is served, e.g. `/assets/attune.1f2e3d4c.css`.
    pub url: &'static str,
    /// The value of `Content-Type`.
    pub mime: &'static str,
    /// The file itself.
    pub bytes: &'static [u8],
    /// The file packed with gzip; absent where packing gains nothing.
    pub gzip: Option<&'static [u8]>,
}

/// Finds a file by the last segment of its URL, hash included.
#[must_use]
pub fn find(name_with_hash: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.hashed_name == name_with_hash)
}

/// Finds a file by its plain name; serves addresses that must stay stable, such as `/t.js`.
#[must_use]
pub fn named(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The hashed URL of a file by its plain name, e.g. `attune.css`.
/// An unknown name gives `/assets/missing`, which no file answers; the template test catches it.
#[must_use]
pub fn url(name: &str) -> &'static str {
    named(name).map_or("/assets/missing", |asset| asset.url)
}

/// The site tracker, served at `/t.js`.
#[must_use]
pub fn tracker() -> Option<&'static Asset> {
    named("tracker.js")
}

/// All files, for a listing or a warm-up.
#[must_use]
pub fn all() -> &'static [Asset] {
    ASSETS
}
