//! All texts of all rooms, parsed once at start.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use attune_kernel::Locale;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::number;

/// The Fluent files of one room.
#[derive(Clone, Copy, Debug)]
pub struct LocaleFiles {
    /// The room, for messages about mistakes. Its keys start with their noun.
    pub room: &'static str,
    /// The English file.
    pub en: &'static str,
    /// The Chinese file.
    pub zh: &'static str,
}

/// Everything wrong with the texts, all at once.
#[derive(Debug, thiserror::Error)]
#[error("texts are unusable: {}", .0.join("; "))]
pub struct TextsError(pub Vec<String>);

type Bundle = FluentBundle<FluentResource>;

/// All texts in both languages.
pub struct Texts {
    en: Book,
    zh: Book,
}

struct Book {
    bundle: Bundle,
    /// Messages without placeholders, ready to print.
    plain: HashMap<String, Arc<str>>,
}

const OWN: LocaleFiles = LocaleFiles { room: "web", en: include_str!("../../locales/en.ftl"), zh: include_str!("../../locales/zh-CN.ftl") };

impl Texts {
    /// Parses the files of the web itself and of `rooms`; lists syntax errors, duplicate keys, keys and placeholders that exist in one
    /// language only.
    pub fn build(rooms: &[LocaleFiles]) -> Result<Self, TextsError> {
        let mut wrong = Vec::new();
        let mut all = vec![OWN];
        all.extend_from_slice(rooms);
        let en = Book::read(Locale::En, all.iter().map(|f| (f.room, f.en)), &mut wrong);
        let zh = Book::read(Locale::ZhCn, all.iter().map(|f| (f.room, f.zh)), &mut wrong);
        compare(&all, &mut wrong);
        if wrong.is_empty() { Ok(Self { en, zh }) } else { Err(TextsError(wrong)) }
    }

    /// Whether `key` exists.
    pub fn has(&self, key: &str) -> bool {
        self.en.bundle.has_message(key)
    }

    /// The keys that `source` (a template or a Rust file) asks for and that do not exist; for the tests of rooms.
    pub fn unknown_in(&self, source: &str) -> Vec<String> {
        const CALLS: [&str; 8] = [".t(\"", ".of(\"", "good(\"", "bad(\"", "refused(\"", "conflict(\"", "label_key: \"", "heading_key: \""];
        let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let asked = CALLS.iter().flat_map(|call| {
            let keys = code.split(call).skip(1).filter_map(|rest| rest.split_once('"'));
            // A call with a second argument asks for something else than a text, such as the error of a field.
            keys.filter(|(_, after)| call.ends_with(": \"") || after.starts_with(')')).map(|(key, _)| key)
        });
        let mut unknown: Vec<String> = asked.filter(|key| !key.contains('{') && !self.has(key)).map(str::to_owned).collect();
        unknown.sort();
        unknown.dedup();
        unknown
    }

    /// The text of `key`; the key itself when it does not exist.
    pub(crate) fn plain(&self, locale: Locale, key: &str) -> Arc<str> {
        let book = self.book(locale);
        match book.plain.get(key) {
            Some(text) => text.clone(),
            None => self.filled(locale, key, &FluentArgs::new()).into(),
        }
    }

    /// The text of `key` with its placeholders filled; the key itself when it does not exist.
    pub(crate) fn filled(&self, locale: Locale, key: &str, args: &FluentArgs<'_>) -> String {
        let book = self.book(locale);
        let Some(pattern) = book.bundle.get_message(key).and_then(|m| m.value()) else {
            tracing::warn!(key, locale = locale.tag(), "a text is missing");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = book.bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::warn!(key, locale = locale.tag(), ?errors, "a text could not be filled completely");
        }
        text
    }

    fn book(&self, locale: Locale) -> &Book {
        match locale {
            Locale::En => &self.en,
            Locale::ZhCn => &self.zh,
        }
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Texts({} plain)", self.en.plain.len())
    }
}

impl Book {
    fn read<'a>(locale: Locale, files: impl Iterator<Item = (&'a str, &'a str)>, wrong: &mut Vec<String>) -> Self {
        let language: LanguageIdentifier = locale.tag().parse().unwrap_or_default();
        let mut bundle = Bundle::new_concurrent(vec![language]);
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(n) => Some(number::grouped_decimal(n.value)),
            _ => None,
        }));
        let mut keys = Vec::new();
        for (room, source) in files {
            keys.extend(outline(source).into_iter().map(|(key, _)| key));
            let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, errors)| {
                wrong.extend(errors.iter().map(|e| format!("{room} ({}): {e}", locale.tag())));
                resource
            });
            if let Err(errors) = bundle.add_resource(resource) {
                wrong.extend(errors.iter().map(|e| told(room, locale, e)));
            }
        }
        let plain = keys.into_iter().filter_map(|key| Some((key.clone(), plain_text(&bundle, &key)?))).collect();
        Self { bundle, plain }
    }
}

fn told(room: &str, locale: Locale, error: &FluentError) -> String {
    match error {
        FluentError::Overriding { id, .. } => format!("{room} ({}): the key {id} exists already", locale.tag()),
        other => format!("{room} ({}): {other}", locale.tag()),
    }
}

/// The text of a message that needs no arguments; nothing for one that does.
fn plain_text(bundle: &Bundle, key: &str) -> Option<Arc<str>> {
    let pattern = bundle.get_message(key)?.value()?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, None, &mut errors);
    errors.is_empty().then(|| Arc::from(text.as_ref()))
}

/// The keys of a file with the names of the placeholders each uses, read from the text: `key = …` lines and `$name` marks.
fn outline(source: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in source.lines() {
        let starts = line.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        if let Some((key, _)) = line.split_once('=').filter(|_| starts) {
            found.push((key.trim().to_owned(), BTreeSet::new()));
        }
        if let Some((_, names)) = found.last_mut().filter(|_| !line.starts_with('#')) {
            names.extend(line.split('$').skip(1).map(placeholder));
        }
    }
    found
}

fn placeholder(after: &str) -> String {
    after.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect()
}

fn compare(files: &[LocaleFiles], wrong: &mut Vec<String>) {
    for file in files {
        let en: HashMap<String, BTreeSet<String>> = outline(file.en).into_iter().collect();
        let zh: HashMap<String, BTreeSet<String>> = outline(file.zh).into_iter().collect();
        let mut keys: Vec<&String> = en.keys().chain(zh.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            match (en.get(key), zh.get(key)) {
                (Some(a), Some(b)) if a != b => wrong.push(format!("{}: {key} has other placeholders in en than in zh-CN", file.room)),
                (Some(_), None) => wrong.push(format!("{}: {key} is missing in zh-CN", file.room)),
                (None, Some(_)) => wrong.push(format!("{}: {key} is missing in en", file.room)),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_texts_are_whole() {
        let texts = Texts::build(&[]).unwrap();
        assert!(texts.has("web-save"));
        assert_eq!(&*texts.plain(Locale::En, "no-such-key"), "no-such-key");
    }

    #[test]
    fn every_mistake_is_listed_at_once() {
        let twice =
            LocaleFiles {
                room: "a", en: "deal = Deal\nonly-en = x\ncount = { $n } deals\n", zh: "deal = 商机\ncount = { $m } 个商机\n"
            };
        let again = LocaleFiles { room: "b", en: "deal = Deal\n", zh: "deal = 商机\nonly-zh = 甲\n" };
        let wrong = Texts::build(&[twice, again]).unwrap_err().0;
        let listed = wrong.join("\n");
        assert!(listed.contains("b (en): the key deal exists already"), "{listed}");
        assert!(listed.contains("a: only-en is missing in zh-CN"), "{listed}");
        assert!(listed.contains("b: only-zh is missing in en"), "{listed}");
        assert!(listed.contains("a: count has other placeholders"), "{listed}");
    }
}
