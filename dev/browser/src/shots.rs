//! Where screenshots go.

use std::path::{Path, PathBuf};

/// `docs/guide/img` when `ATTUNE_SHOTS=docs`, else `target/screenshots`.
pub fn folder() -> PathBuf {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if std::env::var("ATTUNE_SHOTS").is_ok_and(|wish| wish == "docs") {
        return house.join("docs/guide/img");
    }
    house.join("target/screenshots")
}
