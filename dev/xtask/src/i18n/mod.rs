//! `cargo xtask i18n`: the two languages say the same things, say them all, and say them well.

mod catalogue;
mod style;
mod usage;

use std::collections::BTreeMap;

use anyhow::Result;

use crate::tree::Tree;

pub use catalogue::Message;

/// The two languages every catalogue has.
const LANGUAGES: [&str; 2] = ["en", "zh-CN"];

/// Checks every `locales` folder; lists what is wrong, and (as a hint only) keys nobody seems to use.
pub fn run(tree: &Tree) -> Result<bool> {
    let [english, chinese] = LANGUAGES.map(|language| catalogue::read(tree, language));
    let mut wrong: Vec<String> = english.errors.iter().chain(&chinese.errors).cloned().collect();
    wrong.extend(compare(&english.messages, &chinese.messages, LANGUAGES));
    wrong.extend(compare_missing(&chinese.messages, &english.messages, "en"));
    wrong.extend(style::check(&english.messages, &chinese.messages)?);
    let usage = usage::read(tree)?;
    wrong.extend(usage.unknown(&english.messages));
    let unused = usage.unused(&english.messages);
    for line in &wrong {
        println!("{line}");
    }
    if !unused.is_empty() {
        println!("keys nobody seems to use: {}", unused.join(", "));
    }
    println!(
        "i18n: {} keys in {} and {}, {} unused, {} findings",
        english.messages.len(),
        LANGUAGES[0],
        LANGUAGES[1],
        unused.len(),
        wrong.len()
    );
    Ok(wrong.is_empty())
}

type Messages = BTreeMap<String, Message>;

/// Keys of `left` that `right` lacks or fills with other placeholders.
fn compare(left: &Messages, right: &Messages, [_, right_name]: [&str; 2]) -> Vec<String> {
    let mut wrong = compare_missing(left, right, right_name);
    for (key, message) in left {
        let Some(other) = right.get(key) else { continue };
        if message.variables != other.variables {
            let names = |message: &Message| message.variables.iter().map(|name| format!("${name}")).collect::<Vec<_>>().join(" ");
            wrong.push(format!("{}: {key} uses [{}], and {} uses [{}]", message.place, names(message), other.place, names(other)));
        }
    }
    wrong
}

/// Keys of `left` that `right` lacks.
fn compare_missing(left: &Messages, right: &Messages, right_name: &str) -> Vec<String> {
    let missing = left.iter().filter(|(key, _)| !right.contains_key(*key));
    missing.map(|(key, message)| format!("{}: {key} has no {right_name} text", message.place)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn message(variables: &[&str]) -> Message {
        let variables: BTreeSet<String> = variables.iter().map(|name| (*name).to_owned()).collect();
        Message { place: "here".to_owned(), text: String::new(), variables }
    }

    #[test]
    fn missing_keys_and_other_placeholders_are_found() {
        let english = Messages::from([("a".to_owned(), message(&["n"])), ("b".to_owned(), message(&[]))]);
        let chinese = Messages::from([("a".to_owned(), message(&["m"]))]);
        assert_eq!(compare(&english, &chinese, LANGUAGES), ["here: b has no zh-CN text", "here: a uses [$n], and here uses [$m]"]);
    }
}
