//! What an author should know before sending: found in the source and the compiled body, each with its reason.

use super::compile::{CLIPPED_FROM_BYTES, count_marks};
use super::find_tags::{Piece, pieces};
use super::links::{UNSUBSCRIBE, is_trackable};
use super::render::Body;
use super::{Compiled, TemplateDraft};

/// Subjects longer than this are cut on a phone.
const LONG_SUBJECT_CHARS: usize = 60;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// A field is shown without a fallback: contacts without it get no mail.
    MissingFallback,
    /// The body is larger than 102 kB: readers cut it.
    TooLarge,
    /// A link that is not a full web address.
    BrokenLink,
    /// A link without TLS.
    PlainLink,
    /// No link at all.
    NoLink,
    /// An image without a text for those who do not see it.
    NoAlt,
    /// The subject is cut on a phone.
    LongSubject,
    /// No preheader.
    NoPreheader,
    /// No unsubscribe link of its own: a footer is added.
    FooterAdded,
}

impl Check {
    /// The locale key of its sentence.
    pub fn key(self) -> &'static str {
        match self {
            Self::MissingFallback => "template-check-fallback",
            Self::TooLarge => "template-check-size",
            Self::BrokenLink => "template-check-broken-link",
            Self::PlainLink => "template-check-plain-link",
            Self::NoLink => "template-check-no-link",
            Self::NoAlt => "template-check-alt",
            Self::LongSubject => "template-check-subject",
            Self::NoPreheader => "template-check-preheader",
            Self::FooterAdded => "template-check-footer",
        }
    }

    /// Whether mails may be lost or unreadable.
    pub fn is_serious(self) -> bool {
        matches!(self, Self::MissingFallback | Self::TooLarge | Self::BrokenLink)
    }
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub check: Check,
    /// Where: a field, an address, a size.
    pub detail: String,
}

/// Checks a draft and what it compiled to.
pub fn check(draft: &TemplateDraft, compiled: &Compiled) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |check: Check, detail: String| found.push(Finding { check, detail });
    if let Ok(body) = Body::cut(&draft.subject, &compiled.html, &compiled.plain) {
        for field in body.fields_without_fallback() {
            add(Check::MissingFallback, field);
        }
    }
    if compiled.html.len() > CLIPPED_FROM_BYTES {
        add(Check::TooLarge, (compiled.html.len() / 1024).to_string());
    }
    for target in targets(&draft.mjml) {
        let ours = ["unsubscribe_url", "preferences_url", "question_url"].iter().any(|own| target.contains(own));
        let known = ours || target.starts_with("mailto:") || target.starts_with("tel:");
        if !known && !is_trackable(&target) {
            add(Check::BrokenLink, target);
        } else if target.starts_with("http://") {
            add(Check::PlainLink, target);
        }
    }
    if count_marks(&compiled.html) == 0 {
        add(Check::NoLink, String::new());
    }
    for source in images_without_alt(&draft.mjml) {
        add(Check::NoAlt, source);
    }
    if length_without_tags(&draft.subject) > LONG_SUBJECT_CHARS {
        add(Check::LongSubject, length_without_tags(&draft.subject).to_string());
    }
    if draft.preheader.trim().is_empty() {
        add(Check::NoPreheader, String::new());
    }
    if !draft.mjml.contains("unsubscribe_url") && compiled.html.contains(UNSUBSCRIBE) {
        add(Check::FooterAdded, String::new());
    }
    found
}

fn targets(source: &str) -> Vec<String> {
    let starts = source.match_indices("href=\"");
    starts
        .filter_map(|(at, start)| source.get(at + start.len()..))
        .filter_map(|rest| rest.split_once('"'))
        .map(|(target, _)| target.replace("&amp;", "&"))
        .collect()
}

fn images_without_alt(source: &str) -> Vec<String> {
    let tags = source.split("<mj-image").skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    let bare = tags.filter(|tag| !tag.contains("alt="));
    bare.map(|tag| tag.split_once("src=\"").and_then(|(_, rest)| rest.split_once('"')).map_or(String::new(), |(src, _)| src.to_owned()))
        .collect()
}

fn length_without_tags(text: &str) -> usize {
    pieces(text).iter().map(|piece| if let Piece::Plain(plain) = piece { plain.chars().count() } else { 8 }).sum()
}
