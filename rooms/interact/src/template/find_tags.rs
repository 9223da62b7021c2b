//! Where merge tags lie in a text, and what the simple ones say.

/// A piece of a text: plain, or a merge tag with its braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Plain(&'t str),
    /// `{{ … }}`.
    Tag(&'t str),
    /// `{% … %}` or `{# … #}`.
    Block(&'t str),
}

/// Cuts `text` at its merge tags; a tag that is never closed counts as plain text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(open) = rest.get(from..).and_then(|tail| tail.find('{')).map(|at| at + from) {
        let after = rest.get(open..).unwrap_or_default();
        let close = match after.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            _ => {
                from = open + 1;
                continue;
            }
        };
        let Some(end) = after.find(close).map(|at| open + at + close.len()) else {
            from = open + 1;
            continue;
        };
        let (before, tail) = rest.split_at(end);
        let (plain, tag) = before.split_at(open);
        if !plain.is_empty() {
            found.push(Piece::Plain(plain));
        }
        found.push(if close == "}}" { Piece::Tag(tag) } else { Piece::Block(tag) });
        rest = tail;
        from = 0;
    }
    if !rest.is_empty() {
        found.push(Piece::Plain(rest));
    }
    found
}

/// A merge tag of the simple kind: a field of the contact, perhaps with a fallback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SimpleTag {
    /// The field's name.
    pub(super) field: String,
    /// What stands in for a missing value.
    pub(super) fallback: Option<String>,
}

/// Reads `{{ contact.city | default("your city") }}`; anything richer answers nothing and is left to the template engine.
pub(super) fn simple(tag: &str) -> Option<SimpleTag> {
    let inner = tag.strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.trim_matches('-').trim();
    let (path, filter) = match inner.split_once('|') {
        Some((path, filter)) => (path.trim(), Some(filter.trim())),
        None => (inner, None),
    };
    let field = path.strip_prefix("contact.")?;
    let field = field.strip_prefix("fields.").unwrap_or(field);
    let is_name = !field.is_empty() && field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return None;
    }
    let fallback = match filter {
        None => None,
        Some(filter) => Some(quoted(filter.strip_prefix("default")?.trim().strip_prefix('(')?.strip_suffix(')')?.trim())?),
    };
    Some(SimpleTag { field: field.to_owned(), fallback })
}

fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains([quote, '\\'])).then(|| inner.to_owned())
}

/// What is written between the braces, trimmed.
pub(super) fn inner(tag: &str) -> &str {
    tag.trim_start_matches('{').trim_end_matches('}').trim()
}
