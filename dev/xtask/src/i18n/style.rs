//! How Chinese is written, and the words both languages have agreed on (dev/xtask/glossary.toml).

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;

use super::Messages;

const GLOSSARY: &str = include_str!("../../glossary.toml");

#[derive(Deserialize)]
struct Glossary {
    term: Vec<Term>,
    avoid: Vec<Avoided>,
}

/// A term that is always rendered the same.
#[derive(Deserialize)]
struct Term {
    en: String,
    /// The accepted renderings.
    zh: Vec<String>,
    /// Whether an English text with the term must have one of them in Chinese; words of many meanings are left to the reader.
    #[serde(default)]
    strict: bool,
}

/// A Chinese word that is not used, and what stands for it.
#[derive(Deserialize)]
struct Avoided {
    zh: String,
    instead: String,
}

/// Checks the Chinese texts for style, and each pair for its terms.
pub fn check(english: &Messages, chinese: &Messages) -> Result<Vec<String>> {
    let glossary: Glossary = toml::from_str(GLOSSARY).context("reading dev/xtask/glossary.toml")?;
    let half_width = Regex::new(r"[\u{3400}-\u{9fff}）”》][,.;:?!](?:[^0-9A-Za-z]|$)|[\u{3400}-\u{9fff}][,;:?!]")?;
    let tight = Regex::new(r"[\u{3400}-\u{9fff}][A-Za-z]{2,}|[A-Za-z]{2,}[\u{3400}-\u{9fff}]")?;
    let mut wrong = Vec::new();
    for (key, message) in chinese {
        let mut say = |what: String| wrong.push(format!("{}: {key}: {what}", message.place));
        if let Some(found) = half_width.find(&message.text) {
            say(format!("half-width punctuation after Chinese: {:?}", found.as_str()));
        }
        if let Some(found) = tight.find(&message.text) {
            say(format!("no space between Chinese and English: {:?}", found.as_str()));
        }
        if message.text.contains('！') {
            say("an exclamation mark".to_owned());
        }
        for line in message.text.lines().map(str::trim) {
            if line.ends_with('。') && line.matches(['。', '？', '；']).count() == 1 {
                say(format!("a single sentence ends without 。: {line:?}"));
            }
        }
        for avoided in glossary.avoid.iter().filter(|avoided| message.text.contains(&avoided.zh)) {
            say(format!("{} is written {}", avoided.zh, avoided.instead));
        }
    }
    for term in glossary.term.iter().filter(|term| term.strict) {
        let word = Regex::new(&format!(r"(?i)\b{}(?:s|es)?\b", regex::escape(&term.en)))?;
        for (key, _) in english.iter().filter(|(_, message)| word.is_match(&message.text)) {
            let Some(other) = chinese.get(key) else { continue };
            if !term.zh.iter().any(|zh| other.text.contains(zh.as_str())) {
                wrong.push(format!("{}: {key}: {:?} is called {} (glossary)", other.place, term.en, term.zh.join(" or ")));
            }
        }
    }
    let flattery = Regex::new(r"(?i)\b(?:please|successfully)\b|!")?;
    for (key, message) in english {
        if flattery.is_match(&message.text) {
            wrong.push(format!("{}: {key}: no exclamation mark, no \"please\", no \"successfully\"", message.place));
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::i18n::Message;

    fn texts(text: &str) -> Messages {
        let message = Message { place: "zh".to_owned(), text: text.to_owned(), variables: BTreeSet::new() };
        Messages::from([("k".to_owned(), message)])
    }

    #[test]
    fn style_is_checked_by_example() {
        for (en, zh, findings) in [
            ("Saved", "已保存", 0),
            ("Saved", "已保存。", 1),
            ("Saved", "已保存。可以撤销。", 0),
            ("Saved", "已保存,可以撤销", 1),
            ("Use UTF-8", "请用UTF-8", 1),
            ("3 hours ago", "3小时前", 0),
            ("Version 1.2", "版本 1.2", 0),
            ("Saved!", "已保存！", 2),
            ("Import finished", "导入完成 {}%", 0),
            ("Lead pool", "线索池", 2),
            ("Lead pool", "公海", 0),
        ] {
            let found = check(&texts(en), &texts(zh)).unwrap();
            assert_eq!(found.len(), findings, "{en} / {zh}: {found:?}");
        }
    }
}
