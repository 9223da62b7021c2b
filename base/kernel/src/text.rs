//! Small rules about names that every page shares.

/// The form of a text used for sorting and matching: trimmed, lower case, single spaces.
pub fn fold_key(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// What an avatar shows: two initials, or for a Chinese name its last two characters.
pub fn initials(name: &str) -> String {
    let is_han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    let chars: Vec<char> = name.chars().filter(|c| !c.is_whitespace()).collect();
    if !chars.is_empty() && chars.iter().all(|c| is_han(*c)) {
        return chars.iter().skip(chars.len().saturating_sub(2)).collect();
    }
    let mut words = name.split_whitespace().filter_map(|w| w.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_shrink_to_initials() {
        assert_eq!(initials("Lena Hoffmann"), "LH");
        assert_eq!(initials("王小明"), "小明");
        assert_eq!(initials("Cher"), "C");
        assert_eq!(initials(""), "");
        assert_eq!(fold_key("  Lena   HOFFMANN "), "lena hoffmann");
    }
}
