//! Names of files: what is kept of one, and how it travels in a header. Pure.

/// The name alone, without the path some browsers send and without control characters; nothing when nothing is left.
pub(super) fn clean_name(sent: &str) -> Option<String> {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or("");
    // Marks that turn the direction of reading could make an .exe look like a .pdf.
    let shown = |c: &char| !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let name: String = last.chars().filter(shown).collect();
    let name = name.trim().trim_matches('.').trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The header that makes a browser save a file under `name`, whatever is in it (RFC 6266).
pub(super) fn attachment(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    let mut coded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            coded.push(char::from(byte));
        } else {
            coded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{coded}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_what_people_would_call_it() {
        for (sent, kept) in [
            ("offer.pdf", Some("offer.pdf")),
            ("C:\\My files\\offer 2.pdf", Some("offer 2.pdf")),
            ("../../etc/passwd", Some("passwd")),
            (" 报价单.pdf ", Some("报价单.pdf")),
            ("gpj\u{202e}exe.exe", Some("gpjexe.exe")),
            ("a\r\nb", Some("ab")),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(clean_name(sent).as_deref(), kept, "{sent:?}");
        }
        assert_eq!(attachment("报价 1.pdf"), "attachment; filename=\"__ 1.pdf\"; filename*=UTF-8''%E6%8A%A5%E4%BB%B7%201.pdf");
    }

    proptest! {
        #[test]
        fn no_name_breaks_out_of_the_header(name in any::<String>()) {
            let header = attachment(&name);
            prop_assert!(http::HeaderValue::try_from(&header).is_ok());
            prop_assert_eq!(header.matches('"').count(), 2);
            prop_assert_eq!(header.matches(';').count(), 2);
        }
    }
}
