//! The links of a compiled mail: numbered, taken out of the body and kept once per version.

use url::Url;

use super::find_tags::{Piece, inner, pieces};

/// Stands in the compiled body where the address of link `n` goes: `[[attune:link:n]]`.
pub(super) const LINK: &str = "[[attune:link:";
/// Stands where the recipient's unsubscribe address goes.
pub(super) const UNSUBSCRIBE: &str = "[[attune:unsubscribe]]";
/// Stands where the address of the recipient's preference page goes.
pub(super) const PREFERENCES: &str = "[[attune:preferences]]";
/// Stands for the address of the page that asks the recipient a question.
pub(super) const QUESTION: &str = "[[attune:question]]";
/// Stands where the address of the open pixel goes.
pub(super) const PIXEL: &str = "[[attune:pixel]]";
/// Stands where the address no person sees goes.
pub(super) const TRAP: &str = "[[attune:trap]]";
/// The end of every mark.
pub(super) const END: &str = "]]";

/// More links than this have no room in a token.
const MAX_LINKS: usize = 1_000;

/// Replaces the target of every link by a mark and lists the targets. Targets that cannot be tracked stay as they are.
pub(super) fn take_out(html: &str) -> (String, Vec<String>) {
    let mut out = String::with_capacity(html.len());
    let mut urls: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some((from, to)) = next_target(rest) {
        let target = rest.get(from..to).unwrap_or_default();
        out.push_str(rest.get(..from).unwrap_or_default());
        out.push_str(&mark(target, &mut urls));
        rest = rest.get(to..).unwrap_or_default();
    }
    out.push_str(rest);
    (out, urls)
}

fn mark(target: &str, urls: &mut Vec<String>) -> String {
    let url = target.replace("&amp;", "&").trim().to_owned();
    for (tag, mark) in [("unsubscribe_url", UNSUBSCRIBE), ("preferences_url", PREFERENCES), ("question_url", QUESTION)] {
        if is_tag(&url, tag) {
            return mark.to_owned();
        }
    }
    if !is_trackable(&url) {
        return target.to_owned();
    }
    let known = urls.iter().position(|u| *u == url);
    if known.is_none() && urls.len() >= MAX_LINKS {
        return target.to_owned();
    }
    let position = known.unwrap_or_else(|| {
        urls.push(url);
        urls.len() - 1
    });
    format!("{LINK}{position}{END}")
}

fn is_tag(url: &str, name: &str) -> bool {
    url.starts_with("{{") && inner(url) == name
}

/// A web address whose host is written out: merge tags may only come after it, so that no value can lead elsewhere.
pub(super) fn is_trackable(url: &str) -> bool {
    let literal = match pieces(url).first() {
        Some(Piece::Plain(text)) => *text,
        _ => return false,
    };
    let Some(rest) = literal.strip_prefix("https://").or_else(|| literal.strip_prefix("http://")) else { return false };
    let tagged = literal.len() != url.len();
    let host_ends = rest.contains(['/', '?', '#']);
    (host_ends || !tagged) && Url::parse(literal).is_ok_and(|parsed| parsed.host().is_some() && parsed.username().is_empty())
}

/// The byte range of the next `href` value of an `<a>` (or `<area>`) element.
fn next_target(html: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let open = html.get(from..)?.find("<a")? + from;
        let after = html.get(open + 2..)?;
        let close = open + 2 + after.find('>')?;
        from = close;
        let named = after.starts_with(|c: char| c.is_ascii_whitespace()) || after.starts_with("rea ");
        if !named {
            from = open + 2;
            continue;
        }
        if let Some(range) = target_in(html, open, close) {
            return Some(range);
        }
    }
}

fn target_in(html: &str, open: usize, close: usize) -> Option<(usize, usize)> {
    let tag = html.get(open..close)?;
    let at = tag.find("href=\"").map(|at| (at, '"')).or_else(|| tag.find("href='").map(|at| (at, '\'')));
    let (at, quote) = at?;
    let start = open + at + 6;
    let length = html.get(start..)?.find(quote)?;
    let value = html.get(start..start + length)?;
    // A mark is a target that has been taken out already.
    if value.starts_with("[[attune:") { None } else { Some((start, start + length)) }
}
