//! Addresses and numbers of people: a value that cannot be printed by mistake, and the masks that stand in its place.
//!
//! Guards that whoever forgets to ask shows the mask: an [`Address`] has no `Display`, and its `Debug` is masked.

use std::fmt;

/// What hides the middle of an e-mail address.
const DOTS: &str = "•••";
/// What hides the middle of a number.
const STARS: &str = "****";

/// A person's e-mail address or phone number. Templates cannot print it; who may see it is asked where it is shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(String);

impl Address {
    /// The address as it was written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address itself: for matching, storing and sending, and for whoever was found to have the right.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its mask.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// The mask of an address or number.
pub fn mask(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((local, domain)) => mask_mail(local, domain),
        None => mask_number(text),
    }
}

/// Whether a text bears what masks are made of, and so is no address.
pub fn is_masked(text: &str) -> bool {
    text.contains('•') || text.contains('*')
}

fn mask_mail(local: &str, domain: &str) -> String {
    let mut chars = local.trim().chars();
    let first = chars.next().filter(|_| chars.next().is_some());
    format!("{}{DOTS}@{}", first.map_or_else(String::new, |c| c.to_string()), domain.trim())
}

/// `138****5678`; of a short number only its end, so that at least four digits stay hidden.
fn mask_number(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter_map(digit).collect();
    let (head, tail) = match digits.len() {
        0..=5 => (0, 0),
        6..=7 => (0, 2),
        8..=10 => (0, 4),
        _ => (3, 4),
    };
    let part = |range: &[char]| range.iter().collect::<String>();
    let plus = if head > 0 && text.trim_start().starts_with('+') { "+" } else { "" };
    let (begin, end) = (digits.get(..head).map(part), digits.get(digits.len() - tail..).map(part));
    format!("{plus}{}{STARS}{}", begin.unwrap_or_default(), end.unwrap_or_default())
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '&' | '#' | '!' | '$' | '/' | '=' | '?' | '^' | '{' | '|' | '}' | '~')
}

fn is_domain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-')
}

/// A text of people's own words with every address and number in it masked. Days, amounts and ids stay.
pub fn mask_text(text: &str) -> String {
    mask_numbers(&mask_mails(text))
}

fn mask_mails(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, sign, after)) = split_at_sign(rest) {
        let local_at = before.char_indices().rev().take_while(|(_, c)| is_local(*c)).last().map_or(before.len(), |(at, _)| at);
        let (kept, local) = before.split_at(local_at);
        let domain_end = after.find(|c| !is_domain(c)).unwrap_or(after.len());
        let (domain, tail) = after.split_at(domain_end);
        let dotted = domain.trim_end_matches('.');
        // What was cut off at the end may have been the rest of a domain.
        let whole = dotted.contains('.') || (tail.is_empty() && !dotted.is_empty());
        if local.is_empty() || !whole || local.ends_with('•') {
            out.push_str(before);
            out.push_str(sign);
            rest = after;
            continue;
        }
        out.push_str(kept);
        // What a link begins with is no part of the address: `mailto:` ends at the colon, `to=` at the sign.
        let begin = local.rfind(['=', '/', '?', '&']).map_or(0, |at| at + 1);
        let (lead, local) = local.split_at(begin);
        out.push_str(lead);
        out.push_str(&mask_mail(local, dotted));
        out.push_str(domain.get(dotted.len()..).unwrap_or_default());
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The text before and behind the first sign of an address, also as links and Chinese keyboards write it.
fn split_at_sign(text: &str) -> Option<(&str, &str, &str)> {
    let (at, sign) = ["@", "%40", "＠"].into_iter().filter_map(|sign| Some((text.find(sign)?, sign))).min()?;
    Some((text.get(..at)?, sign, text.get(at + sign.len()..)?))
}

/// A digit, also in full width.
fn digit(c: char) -> Option<char> {
    let folded = match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0'))?,
        c => c,
    };
    folded.is_ascii_digit().then_some(folded)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{3000}')
}

fn count_digits(text: &str) -> usize {
    text.chars().filter_map(digit).count()
}

fn mask_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        // Behind letters only what is as long as a number can be: "Tel13812345678", and no id.
        let glued = before.is_some_and(is_word);
        let may = !glued || before.is_some_and(|c| c.is_ascii_alphabetic());
        let starts = (digit(c).is_some() || matches!(c, '+' | '(')) && may;
        let end = if starts { number_end(rest) } else { 0 };
        let (run, tail) = rest.split_at(if end == 0 { c.len_utf8() } else { end });
        let follows = tail.chars().next();
        if end > 0 && is_number(run) && !follows.is_some_and(is_word) && (!glued || count_digits(run) >= 10) {
            out.push_str(&mask_number(run));
        } else {
            out.push_str(run);
        }
        before = run.chars().next_back();
        rest = tail;
    }
    out
}

/// What a number does not stand beside: then the digits are part of an id, or masked already.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '*')
}

/// Where the number that begins `text` ends: at most one number, and no day.
fn number_end(text: &str) -> usize {
    let inside =
        |c: char| digit(c).is_some() || is_blank(c) || matches!(c, '+' | '(' | ')' | '-' | '.' | '/' | '\u{2010}'..='\u{2013}' | '－');
    let run = text.get(..text.find(|c| !inside(c)).unwrap_or(text.len())).unwrap_or_default();
    let (mut end, mut at, mut digits) = (0, 0, 0);
    for word in run.split_inclusive(is_blank) {
        let day = is_day(word.trim_end().trim_end_matches(['.', ')', '/', '-']));
        let more = count_digits(word);
        // A whole number lies behind and another begins: by its sign or its zero, or because so many digits are no group of the same.
        let another = (digits >= 7 && word.starts_with(['+', '('])) || (digits >= 10 && (word.starts_with('0') || more >= 5));
        if (day && at > 0) || another || digits + more > 17 {
            break;
        }
        at += word.len();
        digits += more;
        end = run.get(..at).map_or(0, |so_far| so_far.trim_end_matches(|c: char| digit(c).is_none()).len());
        if day {
            break;
        }
    }
    end
}

fn is_number(run: &str) -> bool {
    (7..=20).contains(&count_digits(run)) && !is_day(run) && !is_amount(run)
}

/// `2026-11-27`, `27.11.2026`, `11/27/26`.
fn is_day(word: &str) -> bool {
    let parts: Vec<&str> = word.split(['-', '.', '/']).collect();
    let sized = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(sized) && parts.iter().filter(|part| part.len() <= 2).count() >= 2
}

/// `1234567.80`: a point and cents.
fn is_amount(run: &str) -> bool {
    run.rsplit_once('.').is_some_and(|(whole, cents)| cents.len() <= 2 && whole.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn masks_keep_the_beginning_and_the_end() {
        assert_eq!(mask("lena@example.org"), "l•••@example.org");
        assert_eq!(mask("l@example.org"), "•••@example.org");
        assert_eq!(mask("13812345678"), "138****5678");
        assert_eq!(mask("+49 231 7777003"), "+492****7003");
        assert_eq!(mask("231 77770"), "****7770");
        assert_eq!(mask("12345"), "****");
        assert_eq!(format!("{:?}", Address::new("lena@example.org")), "l•••@example.org");
    }

    #[test]
    fn words_of_people_lose_addresses_and_numbers_only() {
        let text = "Write to lena@example.org, call +49 231 7777003 from 2026-11-27 on; order 4711, 1234567.80 EUR, con_123456789.";
        let masked = "Write to l•••@example.org, call +492****7003 from 2026-11-27 on; order 4711, 1234567.80 EUR, con_123456789.";
        assert_eq!(mask_text(text), masked);
        assert_eq!(mask_text("mailto:lena@example.org?x=1"), "mailto:l•••@example.org?x=1");
        assert_eq!(mask_text("?to=lena@example.org"), "?to=l•••@example.org");
        assert_eq!(mask_text("电话13812345678。"), "电话138****5678。");
        assert_eq!(mask_text("2026-11-27 0231 777700, 0231777700 0231777701"), "2026-11-27 ****7700, ****7700 ****7701");
        assert_eq!(mask_text("a @ b, @name, 5@x, lena@exam"), "a @ b, @name, 5@x, l•••@exam");
        assert_eq!(mask_text(&mask_text(text)), masked, "a mask is not masked again");
        for (number, mask) in [
            ("0049 30 12 34 56 78", "004****5678"),
            ("0086 138 1234 5678", "008****5678"),
            ("+44 20 7946 09 58", "+442****0958"),
            ("138–1234–5678", "138****5678"),
            ("１３８１２３４５６７８", "138****5678"),
            ("Tel13812345678", "Tel138****5678"),
            ("/u/lena%40example.org", "/u/l•••@example.org"),
            ("lena＠example.org", "l•••@example.org"),
        ] {
            assert_eq!(mask_text(number), mask);
        }
    }

    proptest! {
        #[test]
        fn no_address_survives(local in "[a-z0-9][a-z0-9._+-]{1,20}", domain in "[a-z]{2,10}\\.[a-z]{2,4}", before in "[ a-z,]{0,10}", digits in "[1-9][0-9]{6,14}") {
            let (mail, number) = (format!("{local}@{domain}"), format!("+{digits}"));
            let text = format!("{before} {mail} {number} {digits}");
            let masked = mask_text(&text);
            prop_assert!(!masked.contains(&mail) && !masked.contains(&digits), "{text} became {masked}");
            prop_assert!(is_masked(&masked));
        }
    }
}
