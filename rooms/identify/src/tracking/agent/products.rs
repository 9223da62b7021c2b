//! The words an agent is made of: products with their versions, and the comments between them.

/// A product, as `Chrome/147.0` outside of comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Product<'t> {
    pub(super) name: &'t str,
    /// What stands behind the slash; empty without one.
    pub(super) version: &'t str,
}

/// The products of an agent in their order.
pub(super) fn products(text: &str) -> impl Iterator<Item = Product<'_>> {
    let mut depth = 0_usize;
    let outside = text.split(move |letter| match letter {
        '(' | '[' | '{' => {
            depth += 1;
            true
        }
        ')' | ']' | '}' => {
            depth = depth.saturating_sub(1);
            true
        }
        _ => depth > 0 || letter == ' ' || letter == ';' || letter == ',',
    });
    outside.filter(|word| !word.is_empty()).map(|word| {
        let (name, version) = word.split_once('/').unwrap_or((word, ""));
        Product { name, version }
    })
}

/// Whether a product's version is one: digits behind at most one letter.
pub(super) fn has_number(version: &str) -> bool {
    version.trim_start_matches(['v', 'V']).starts_with(|letter: char| letter.is_ascii_digit())
}
