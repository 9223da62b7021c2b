//! From MJML to the stored body: compiled once per version, merge tags left in place, links taken out and numbered.

use std::collections::HashMap;

use super::find_tags::{Piece, pieces};
use super::links::{self, LINK, PIXEL, PREFERENCES, TRAP, UNSUBSCRIBE};
use super::{TemplateDraft, plain, render};

/// A body above this is cut off by some readers (Gmail shows "message clipped" from 102 kB).
pub(crate) const CLIPPED_FROM_BYTES: usize = 102 * 1024;
/// The longest source that is compiled.
const MAX_SOURCE_BYTES: usize = 512 * 1024;

/// What a version keeps of the compiled mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// HTML with merge tags and marks.
    pub html: String,
    /// The text part with merge tags and marks.
    pub plain: String,
    /// The targets of the links, in the order of their marks.
    pub links: Vec<String>,
}

/// Why a source does not compile; the text says where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The MJML is not well formed.
    #[error("the MJML cannot be read: {0}")]
    Mjml(String),
    /// A merge tag cannot be read.
    #[error("the merge tag cannot be read: {0}")]
    Tag(String),
    /// The source is longer than 512 kB.
    #[error("the source is longer than 512 kB")]
    TooLong,
}

/// Compiles a draft.
pub fn compile(draft: &TemplateDraft) -> Result<Compiled, CompileError> {
    if draft.mjml.len() > MAX_SOURCE_BYTES {
        return Err(CompileError::TooLong);
    }
    let (source, tags) = hide_tags(&draft.mjml);
    let html = in_language(&to_html(&source)?, &draft.language);
    let html = show_tags(&html, &tags);
    let html = with_preheader(&html, &draft.preheader);
    let (html, links) = links::take_out(&html);
    let html = with_footer(&html, &draft.language);
    let plain = plain::plain_text(&html);
    let html = with_traces(&html);
    let compiled = Compiled { html, plain, links };
    render::Body::cut(&draft.subject, &compiled.html, &compiled.plain).map_err(|e| CompileError::Tag(e.to_string()))?;
    Ok(compiled)
}

/// Replaces merge tags by plain words, so that quotes and angle brackets in them do not disturb the MJML.
fn hide_tags(source: &str) -> (String, Vec<String>) {
    let mut hidden = String::with_capacity(source.len());
    let mut tags = Vec::new();
    for piece in pieces(source) {
        match piece {
            Piece::Plain(text) => hidden.push_str(text),
            Piece::Tag(tag) | Piece::Block(tag) => {
                hidden.push_str(&word(tags.len()));
                tags.push(tag.to_owned());
            }
        }
    }
    (hidden, tags)
}

fn word(number: usize) -> String {
    format!("attunetag{number}end")
}

fn show_tags(html: &str, tags: &[String]) -> String {
    tags.iter().enumerate().fold(html.to_owned(), |html, (number, tag)| html.replace(&word(number), tag))
}

fn to_html(source: &str) -> Result<String, CompileError> {
    let parsed = mrml::parse(source).map_err(|error| CompileError::Mjml(told(source, &error)))?;
    // By default the mail would fetch its font from a stranger, who would then know who reads it and when.
    let options = mrml::prelude::render::RenderOptions { fonts: HashMap::new(), ..Default::default() };
    parsed.element.render(&options).map_err(|error| CompileError::Mjml(error.to_string()))
}

/// A mail whose author names no language is in that of its template: screen readers choose their voice by it.
fn in_language(html: &str, language: &str) -> String {
    if language.is_empty() { html.to_owned() } else { html.replace("lang=\"und\"", &format!("lang=\"{language}\"")) }
}

/// The error with the line it is about, when it names a position.
fn told(source: &str, error: &dyn std::error::Error) -> String {
    let text = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    let position = text.split("position ").nth(1).and_then(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    });
    match position.and_then(|at| source.get(..at)) {
        Some(before) => format!("{text} (line {})", before.matches('\n').count() + 1),
        None => text,
    }
}

fn with_preheader(html: &str, preheader: &str) -> String {
    if preheader.trim().is_empty() {
        return html.to_owned();
    }
    let escaped = escape_around_tags(preheader.trim());
    let block = format!("<div aria-hidden=\"true\" style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">{escaped}</div>");
    let Some(body) = html.find("<body").and_then(|at| html.get(at..).and_then(|rest| rest.find('>')).map(|end| at + end + 1)) else {
        return html.to_owned();
    };
    let (before, after) = html.split_at(body);
    format!("{before}{block}{after}")
}

fn escape_around_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => render::push_escaped(&mut out, plain),
            Piece::Tag(tag) | Piece::Block(tag) => out.push_str(tag),
        }
    }
    out
}

/// A mail without an unsubscribe link gets one at its foot, beside the one to the preference page.
fn with_footer(html: &str, language: &str) -> String {
    if html.contains(UNSUBSCRIBE) {
        return html.to_owned();
    }
    let (why, choose, act) = if language == "zh-CN" {
        ("您收到此邮件，是因为您与我们有联系。", "接收偏好", "退订")
    } else {
        ("You receive this mail because you are in touch with us.", "Preferences", "Unsubscribe")
    };
    let style = "font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#616a71;text-align:center;padding:16px";
    let link = |mark: &str, text: &str| format!("<a href=\"{mark}\" style=\"color:#616a71\">{text}</a>");
    before_end(html, &format!("<p style=\"{style}\">{why} {} {}</p>", link(PREFERENCES, choose), link(UNSUBSCRIBE, act)))
}

/// Adds the open pixel and a link only machines find.
fn with_traces(html: &str) -> String {
    let trap = format!("<a href=\"{TRAP}\" aria-hidden=\"true\" tabindex=\"-1\" style=\"display:none\"></a>");
    let pixel = format!("<img src=\"{PIXEL}\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">");
    before_end(html, &format!("{trap}{pixel}"))
}

fn before_end(html: &str, block: &str) -> String {
    match html.rfind("</body>") {
        Some(at) => {
            let (before, after) = html.split_at(at);
            format!("{before}{block}{after}")
        }
        None => format!("{html}{block}"),
    }
}

/// The links of a compiled text that are marks.
pub(super) fn count_marks(html: &str) -> usize {
    html.matches(LINK).count()
}
