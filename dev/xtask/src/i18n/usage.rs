//! Which keys templates and Rust ask for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use regex::Regex;

use super::{Message, Messages};
use crate::source;
use crate::tree::Tree;

/// The functions whose first argument is a key, in templates and in Rust.
const ASKING: &[&str] = &["t", "of"];

/// What is asked for, and where.
#[derive(Default)]
pub struct Usage {
    /// Keys that are certainly keys: the argument of an asking function.
    asked: BTreeMap<String, String>,
    /// Everything that looks like a key: a literal of words with hyphens.
    mentioned: BTreeSet<String>,
    /// The fixed beginnings of keys put together at run time: `"stage-{}"` → `stage-`.
    beginnings: BTreeSet<String>,
}

/// Reads all templates and all Rust of the product, tests left out.
pub fn read(tree: &Tree) -> Result<Usage> {
    let key = Regex::new(r"^[a-z][a-z0-9_]*(?:-[a-z0-9_]+)+$")?;
    let literal = Regex::new(r#""([^"\n]*)"|'([^'\n]*)'"#)?;
    let asking = Regex::new(&format!(r#"\b(?:{})\(\s*"([^"]+)"\s*[,)]"#, ASKING.join("|")))?;
    let mut usage = Usage::default();
    for file in tree.files("html").filter(|file| file.is_product()) {
        for found in asking.captures_iter(&file.text).filter_map(|found| found.get(1)) {
            if key.is_match(found.as_str()) {
                let place = format!("{}:{}", file.path, file.line_of(found.start()));
                usage.asked.entry(found.as_str().to_owned()).or_insert(place);
            }
        }
        for found in literal.captures_iter(&file.text) {
            let text = found.get(1).or(found.get(2)).map_or("", |text| text.as_str());
            usage.mention(&key, text);
        }
    }
    for file in tree.product_rust() {
        for text in source::texts(file)? {
            if ASKING.contains(&text.call.as_str()) && text.argument == 0 && key.is_match(&text.value) {
                usage.asked.entry(text.value.clone()).or_insert(format!("{}:{}", file.path, text.line));
            }
            usage.mention(&key, &text.value);
        }
    }
    Ok(usage)
}

impl Usage {
    fn mention(&mut self, key: &Regex, text: &str) {
        if key.is_match(text) {
            self.mentioned.insert(text.to_owned());
        }
        let fixed = text.split('{').next().unwrap_or("");
        let is_beginning = fixed.ends_with('-')
            && fixed.len() > 2
            && fixed.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
        if is_beginning {
            self.beginnings.insert(fixed.to_owned());
        }
    }

    /// Keys asked for that no catalogue has.
    pub fn unknown(&self, known: &Messages) -> Vec<String> {
        let unknown = self.asked.iter().filter(|(key, _)| !known.contains_key(*key));
        unknown.map(|(key, place)| format!("{place}: no catalogue has the key {key}")).collect()
    }

    /// Keys of the catalogue that nothing mentions.
    pub fn unused(&self, known: &BTreeMap<String, Message>) -> Vec<String> {
        let is_used = |key: &str| {
            let id = key.split('.').next().unwrap_or(key);
            self.mentioned.contains(id)
                || self.asked.contains_key(id)
                || self.beginnings.iter().any(|beginning| id.starts_with(beginning.as_str()))
        };
        known.keys().filter(|key| !key.starts_with('-') && !is_used(key)).cloned().collect()
    }
}
