//! A received mail taken apart for the reader: decoded headers, bodies, links.

use mail_parser::parsers::MessageStream;
use mail_parser::{HeaderValue, MessageParser, PartType};

/// A mail in readable form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadMail {
    /// Decoded subject; empty when there is none.
    pub subject: String,
    /// Every header in order, decoded and unfolded.
    pub headers: Vec<(String, String)>,
    /// HTML body as sent. It is foreign text: show it sandboxed.
    pub html: Option<String>,
    /// Text body as sent.
    pub text: Option<String>,
    /// Targets of the links of the HTML body, or the addresses in the text when there is no HTML; each once, in order.
    pub links: Vec<String>,
}

/// Reads a message; what cannot be understood is left out, never an error.
pub fn read(raw: &[u8]) -> ReadMail {
    let Some(message) = MessageParser::new().parse(raw) else {
        return ReadMail::default();
    };
    let html = message
        .html_bodies()
        .find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.to_string()),
            _ => None,
        })
        .filter(|html| !html.is_empty());
    let text = message
        .text_bodies()
        .find_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            _ => None,
        })
        .filter(|text| !text.is_empty());
    let links = match (&html, &text) {
        (Some(html), _) => html_links(html),
        (None, Some(text)) => text_links(text),
        (None, None) => Vec::new(),
    };
    ReadMail { subject: message.subject().unwrap_or_default().to_owned(), headers: headers(raw, &message), html, text, links }
}

/// Gives the decoded subject alone, for lists.
pub(super) fn subject(raw: &[u8]) -> String {
    let parsed = MessageParser::new().parse_headers(raw);
    let found = parsed.and_then(|message| message.subject().map(str::to_owned));
    found.unwrap_or_default()
}

fn headers(raw: &[u8], message: &mail_parser::Message<'_>) -> Vec<(String, String)> {
    let decode = |header: &mail_parser::Header<'_>| {
        let start = usize::try_from(header.offset_start).ok()?;
        let end = usize::try_from(header.offset_end).ok()?;
        let value = MessageStream::new(raw.get(start..end)?).parse_unstructured();
        let value = match value {
            HeaderValue::Text(text) => text.into_owned(),
            _ => String::new(),
        };
        Some((header.name.as_str().to_owned(), value))
    };
    message.headers().iter().filter_map(decode).collect()
}

/// Lists the `href` targets of `<a>` elements.
fn html_links(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let after = rest.get(at + 1..).unwrap_or_default();
        let Some((tag, tail)) = after.split_once('>') else { break };
        rest = tail;
        let mut name = tag.chars();
        let anchor = name.next().is_some_and(|c| c.eq_ignore_ascii_case(&'a')) && name.next().is_some_and(|c| c.is_ascii_whitespace());
        if let Some(target) = anchor.then(|| attribute(tag, "href")).flatten() {
            push_once(&mut found, unescape(target));
        }
    }
    found
}

fn attribute<'t>(tag: &'t str, wanted: &str) -> Option<&'t str> {
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.trim_end().rsplit([' ', '\t', '\r', '\n', '"', '\'']);
        let name = name.into_iter().next().unwrap_or_default();
        let value = after.trim_start();
        let (value, tail) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = value.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            _ => {
                let end = value.find(char::is_whitespace).unwrap_or(value.len());
                value.split_at(end)
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value.trim());
        }
        rest = tail;
    }
    None
}

fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&#38;", "&")
        .replace("&#x26;", "&")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn text_links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || "<>\"'()".contains(c)) {
        if word.starts_with("https://") || word.starts_with("http://") {
            push_once(&mut found, word.trim_end_matches(['.', ',', ';']).to_owned());
        }
    }
    found
}

fn push_once(found: &mut Vec<String>, link: String) {
    if !link.is_empty() && !found.contains(&link) {
        found.push(link);
    }
}
