//! 64-bit names for things that come with long ones.

use aws_lc_rs::digest::{Context, SHA256};

/// The first 64 bits of SHA-256 over `kind` and `parts`; parts are kept apart, so that ("ab", "c") is not ("a", "bc").
pub fn key64(kind: &str, parts: &[&str]) -> i64 {
    let mut hash = Context::new(&SHA256);
    for part in std::iter::once(&kind).chain(parts) {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    let digest = hash.finish();
    let first = digest.as_ref().first_chunk::<8>().copied().unwrap_or_default();
    i64::from_be_bytes(first)
}
