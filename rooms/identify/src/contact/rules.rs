//! How names, addresses and numbers are folded, split and checked. Pure.

use attune_kernel::{fold_key, is_masked};

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// The form of an e-mail address for matching: trimmed, lower case. `None` when it is not an address; a mask is none.
pub fn email_key(email: &str) -> Option<String> {
    let email = email.trim();
    let valid = !is_masked(email)
        && email.len() <= 254
        && email_address::EmailAddress::is_valid(email)
        && email.rsplit('@').next().is_some_and(|d| d.contains('.'));
    valid.then(|| email.to_lowercase())
}

/// The form of a phone number for matching: its digits, without leading zeros of an international prefix. `None` below five digits.
pub fn phone_key(phone: &str) -> Option<String> {
    if is_masked(phone) {
        return None;
    }
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").map_or(digits.clone(), str::to_owned);
    ((5..=20).contains(&digits.len())).then_some(digits)
}

/// A full name from its parts: family name first when it is written in Chinese characters.
pub(crate) fn compose_name(given: Option<&str>, family: Option<&str>) -> String {
    match (given, family) {
        (Some(given), Some(family)) if family.chars().all(is_han) && given.chars().all(is_han) => format!("{family}{given}"),
        (Some(given), Some(family)) => format!("{given} {family}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

/// Given and family name of a full name: the last word is the family name; in Chinese the first character, or two of a known double name.
pub(crate) fn split_name(name: &str) -> (Option<String>, Option<String>) {
    const DOUBLE: [&str; 8] = ["欧阳", "司马", "上官", "诸葛", "司徒", "东方", "夏侯", "皇甫"];
    let name = name.trim();
    let chars: Vec<char> = name.chars().collect();
    if (2..=4).contains(&chars.len()) && chars.iter().all(|c| is_han(*c)) {
        let family = if chars.len() > 2 && DOUBLE.iter().any(|d| name.starts_with(d)) { 2 } else { 1 };
        let part = |range: &[char]| Some(range.iter().collect::<String>());
        return (chars.get(family..).and_then(part), chars.get(..family).and_then(part));
    }
    match name.rsplit_once(char::is_whitespace) {
        Some((given, family)) => (Some(given.trim().to_owned()), Some(family.to_owned())),
        None => (None, None),
    }
}

/// What somebody of this name is sorted by.
pub(crate) fn sort_key(name: &str) -> String {
    name_key([Some(name)])
}

/// What a contact is sorted by: its name, else its address, number or outside id.
pub(crate) fn name_key<'t>(candidates: impl IntoIterator<Item = Option<&'t str>>) -> String {
    let first = candidates.into_iter().flatten().map(fold_key).find(|key| !key.is_empty());
    first.unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_and_composed() {
        assert_eq!(split_name("Lena Maria Hoffmann"), (Some("Lena Maria".into()), Some("Hoffmann".into())));
        assert_eq!(split_name("王小明"), (Some("小明".into()), Some("王".into())));
        assert_eq!(split_name("欧阳娜娜"), (Some("娜娜".into()), Some("欧阳".into())));
        assert_eq!(split_name("Cher"), (None, None));
        assert_eq!(compose_name(Some("小明"), Some("王")), "王小明");
        assert_eq!(compose_name(Some("Ada"), None), "Ada");
    }

    #[test]
    fn keys_fold_addresses_and_numbers() {
        assert_eq!(email_key(" Lena@Brandt.Example "), Some("lena@brandt.example".into()));
        assert_eq!(email_key("lena@"), None);
        assert_eq!(email_key("lena@localhost"), None);
        assert_eq!(phone_key("0049 (231) 555"), Some("49231555".into()));
        assert_eq!((phone_key("n/a"), phone_key("138****5678"), email_key("l•••@example.org")), (None, None, None));
        assert_eq!(name_key([Some(" "), None, Some("Ada L")]), "ada l");
    }
}
