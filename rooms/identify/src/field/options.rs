//! The options of a choice: keys that never change, labels and an order that may.

use attune_db::{DbError, Tx};
use attune_kernel::fold_key;
use serde::{Deserialize, Serialize};

use super::{Field, key_of, store};
use crate::contact::By;

/// The most options a field has.
pub const MOST_OPTIONS: usize = 300;
/// The most characters of a label.
pub(super) const LABEL_CHARS: usize = 80;

/// An option of a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldOption {
    /// What values hold; it stays when the label changes.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// Its values are being removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// Adds `label` to options that do not have it yet; `Err` with the locale key that says why not.
pub(super) fn push(options: &mut Vec<FieldOption>, label: &str) -> Result<String, &'static str> {
    let label = label.trim();
    check(options, None, label)?;
    if options.len() >= MOST_OPTIONS {
        return Err("field-options-full");
    }
    let base = key_of(label);
    let (mut key, mut number) = (base.clone(), 2);
    while options.iter().any(|option| option.key == key || option.label == key) {
        key = format!("{base}_{number}");
        number += 1;
    }
    options.push(FieldOption { key: key.clone(), label: label.to_owned(), gone: false });
    Ok(key)
}

/// Calls the option `key` something else.
pub(super) fn rename(options: &mut [FieldOption], key: &str, label: &str) -> Result<(), &'static str> {
    check(options, Some(key), label.trim())?;
    let option = options.iter_mut().find(|option| option.key == key && !option.gone).ok_or("field-no-such-option")?;
    label.trim().clone_into(&mut option.label);
    Ok(())
}

fn check(options: &[FieldOption], own: Option<&str>, label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("field-option-needs-name");
    }
    if label.chars().count() > LABEL_CHARS {
        return Err("identify-too-long");
    }
    // A file with several options in a cell parts them by these.
    if label.contains([';', '；', '|']) {
        return Err("field-option-sign");
    }
    let folded = fold_key(label);
    let same = |option: &&FieldOption| !option.gone && Some(option.key.as_str()) != own;
    // A label that is another option's key would be read as that one.
    let taken = options.iter().filter(same).any(|option| fold_key(&option.label) == folded || option.key == label);
    if taken { Err("field-option-taken") } else { Ok(()) }
}

/// The labels among `text` that name no option of the field.
pub(crate) fn unknown_options(field: &Field, text: &str) -> Vec<String> {
    field.parts(text).into_iter().filter(|part| field.option(part).is_none()).map(str::to_owned).collect()
}

/// Adds options to a field; the labels that found no place are answered.
pub(crate) async fn add_options(tx: &mut Tx, by: &By<'_>, field: &mut Field, labels: &[String]) -> Result<Vec<String>, DbError> {
    let Some(held) = store::find_held(tx, field.id).await? else { return Ok(labels.to_vec()) };
    *field = held;
    let before = field.options.clone();
    let mut left = Vec::new();
    for label in labels {
        if field.option(label).is_none() && push(&mut field.options, label).is_err() {
            left.push(label.clone());
        }
    }
    if field.options != before {
        store::set_options(tx, by, field, &before).await?;
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_whatever_happens_to_the_label() {
        let mut options = Vec::new();
        assert_eq!(push(&mut options, " Gold "), Ok("gold".to_owned()));
        assert_eq!(push(&mut options, "GOLD"), Err("field-option-taken"));
        assert_eq!(push(&mut options, "a;b"), Err("field-option-sign"));
        assert_eq!(push(&mut options, " "), Err("field-option-needs-name"));
        rename(&mut options, "gold", "Premium").unwrap();
        assert_eq!(push(&mut options, "gold!"), Ok("gold_2".to_owned()));
        assert_eq!(rename(&mut options, "gold_2", "premium"), Err("field-option-taken"));
        assert_eq!(rename(&mut options, "gold_2", "gold"), Err("field-option-taken"), "it would be read as the other");
        attune_web::kit::shift(&mut options, |option| option.key == "gold_2", true);
        attune_web::kit::shift(&mut options, |option| option.key == "gold_2", true);
        assert_eq!(
            options.iter().map(|o| (o.key.as_str(), o.label.as_str())).collect::<Vec<_>>(),
            [("gold_2", "gold!"), ("gold", "Premium")]
        );
    }
}
