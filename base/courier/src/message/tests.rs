use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::*;

const SENT_AT: i64 = 1_762_000_000_123_456;

fn mail() -> Mail {
    Mail {
        from: Mailbox::named("Attune Shop", "news@shop.example"),
        to: vec![Mailbox::named("Ann Lee", "ann@example.org")],
        reply_to: None,
        subject: "Hello".to_owned(),
        html: "<p>Hello Ann</p>".to_owned(),
        text: "Hello Ann".to_owned(),
        headers: Vec::new(),
        message_id: "m1.42@shop.example".to_owned(),
        return_path: "bounce@shop.example".to_owned(),
    }
}

fn bytes(mail: &Mail) -> Vec<u8> {
    mail.compose(SENT_AT).unwrap()
}

fn lines(raw: &[u8]) -> Vec<&[u8]> {
    raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

#[test]
fn writes_the_whole_message_the_same_each_time() {
    let raw = bytes(&mail());
    assert_eq!(raw, bytes(&mail()));
    let text = String::from_utf8(raw).unwrap();
    let expected = "From: Attune Shop <news@shop.example>\r\nTo: Ann Lee <ann@example.org>\r\nSubject: Hello\r\n\
        Date: Sat, 01 Nov 2025 12:26:40 +0000\r\nMessage-ID: <m1.42@shop.example>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative;\r\n\tboundary=\"";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello Ann\r\n--=_"));
    assert!(text.ends_with("--\r\n"));
}

#[test]
fn another_message_id_gives_another_boundary() {
    let mut other = mail();
    other.message_id = "m2.42@shop.example".to_owned();
    let boundary = |raw: Vec<u8>| {
        let text = String::from_utf8(raw).unwrap();
        text.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    assert_ne!(boundary(bytes(&mail())), boundary(bytes(&other)));
}

#[test]
fn single_bodies_are_single_parts() {
    let mut plain = mail();
    plain.html.clear();
    let text = String::from_utf8(bytes(&plain)).unwrap();
    assert!(text.contains("Content-Type: text/plain; charset=utf-8") && !text.contains("multipart"));
    plain.text.clear();
    assert_eq!(plain.compose(SENT_AT), Err(MessageError::NoBody));
}

#[test]
fn chinese_subjects_and_names_fold_between_characters() {
    let mut chinese = mail();
    chinese.subject = "尊敬的客户，您关注的产品本周有新的优惠活动，欢迎您随时与我们联系，祝您工作愉快，生活幸福".to_owned();
    chinese.from = Mailbox::named("北京调和科技有限公司客户服务与市场推广中心", "news@shop.example");
    chinese.to = vec![Mailbox::named("王小明", "wang@例子.中国")];
    let raw = bytes(&chinese);
    assert!(raw.is_ascii());
    assert!(lines(&raw).iter().all(|line| line.len() <= 76), "{}", String::from_utf8_lossy(&raw));
    for line in lines(&raw) {
        for word in line.split(|byte| *byte == b' ').filter(|word| word.starts_with(b"=?UTF-8?B?")) {
            assert!(word.len() <= 75 && word.ends_with(b"?="));
        }
    }
    let parsed = MessageParser::new().parse(&raw).unwrap();
    assert_eq!(parsed.subject(), Some(chinese.subject.as_str()));
    assert_eq!(parsed.from().unwrap().first().unwrap().name(), chinese.from.name.as_deref());
    let to = parsed.to().unwrap().first().unwrap();
    assert_eq!((to.name(), to.address()), (Some("王小明"), Some("wang@xn--fsqu00a.xn--fiqs8s")));
}

#[test]
fn bodies_choose_the_light_encoding() {
    let cases = [
        ("plain words\nsecond line", "7bit"),
        ("Grüße aus Köln an alle unsere lieben Kundinnen und Kunden", "quoted-printable"),
        ("您关注的产品本周有新的优惠活动", "base64"),
        ("a\u{0}b", "quoted-printable"),
    ];
    for (text, encoding) in cases {
        let mut only = mail();
        only.html.clear();
        only.text = text.to_owned();
        let raw = bytes(&only);
        let wanted = format!("Content-Transfer-Encoding: {encoding}\r\n");
        assert!(String::from_utf8_lossy(&raw).contains(&wanted), "{text:?} should be {encoding}");
        let parsed = MessageParser::new().parse(&raw).unwrap();
        let body = parsed.body_text(0).unwrap();
        assert_eq!(body.replace("\r\n", "\n").trim_end_matches('\n'), text);
    }
}

#[test]
fn a_long_line_becomes_quoted_printable() {
    let mut long = mail();
    long.html = format!("<p>{}</p>", "word ".repeat(400));
    let raw = bytes(&long);
    assert!(lines(&raw).iter().all(|line| line.len() <= 76));
    let parsed = MessageParser::new().parse(&raw).unwrap();
    assert_eq!(parsed.body_html(0).unwrap().trim_end(), long.html);
}

#[test]
fn a_body_that_holds_the_boundary_does_not_break_the_message() {
    let raw = String::from_utf8(bytes(&mail())).unwrap();
    let boundary = raw.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut hostile = mail();
    hostile.text = format!("before\n--{boundary}--\nafter");
    let raw = bytes(&hostile);
    let parsed = MessageParser::new().parse(&raw).unwrap();
    assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), hostile.text);
    assert_eq!(parsed.body_html(0).unwrap().trim_end(), hostile.html);
}

#[test]
fn no_field_smuggles_in_a_header() {
    let mut subject = mail();
    subject.subject = "Hi\r\nBcc: victim@example.org".to_owned();
    let raw = bytes(&subject);
    assert!(lines(&raw).contains(&b"Subject: Hi  Bcc: victim@example.org".as_slice()));
    for address in ["a@b\r\nBcc: c@d", "a b@c.d", "a@", "@b", "no", "a@b>", "a@b c", "\"x\"@y.z"] {
        let mut bad = mail();
        bad.to = vec![Mailbox::new(address)];
        assert_eq!(bad.compose(SENT_AT), Err(MessageError::Address(address.to_owned())), "{address:?}");
    }
    for (name, value) in [("X-A", "1\r\nBcc: c@d"), ("X A", "1"), ("X:A", "1"), ("", "1"), ("subject", "1"), ("Bcc", "a@b.c")] {
        let mut bad = mail();
        bad.headers = vec![(name.to_owned(), value.to_owned())];
        assert_eq!(bad.compose(SENT_AT), Err(MessageError::Header(name.to_owned())), "{name:?}");
    }
    for id in ["", "nodomain", "a b@c", "<a@b>", "a@b\r\n"] {
        let mut bad = mail();
        bad.message_id = id.to_owned();
        assert_eq!(bad.compose(SENT_AT), Err(MessageError::MessageId(id.to_owned())), "{id:?}");
    }
    let mut name = mail();
    name.from = Mailbox::named("A\r\nBcc: x@y.z", "a@b.c");
    assert!(name.compose(SENT_AT).is_err());
}

#[test]
fn names_are_quoted_when_they_must_be() {
    for (name, written) in [
        ("Lee, Ann", "From: \"Lee, Ann\" <a@b.c>"),
        ("O\"Neil \\ Co.", "From: \"O\\\"Neil \\\\ Co.\" <a@b.c>"),
        ("Plain Name", "From: Plain Name <a@b.c>"),
        ("", "From: a@b.c"),
    ] {
        let mut quoted = mail();
        quoted.from = Mailbox::named(name, "a@b.c");
        let raw = bytes(&quoted);
        assert_eq!(String::from_utf8_lossy(lines(&raw)[0]), written);
        let parsed = MessageParser::new().parse(&raw).unwrap();
        assert_eq!(parsed.from().unwrap().first().unwrap().name().unwrap_or_default(), name);
    }
}

#[test]
fn one_click_headers_stay_readable() {
    let mut bulk = mail();
    let url = format!("<https://shop.example/u/{}>", "x".repeat(120));
    bulk.headers = vec![
        ("List-Unsubscribe".to_owned(), format!("{url}, <mailto:leave@shop.example>")),
        ("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()),
    ];
    let text = String::from_utf8(bytes(&bulk)).unwrap();
    assert!(text.contains(&format!("List-Unsubscribe: {url},\r\n <mailto:leave@shop.example>\r\n")));
    assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
}

#[test]
fn dates_outside_four_digit_years_are_refused() {
    assert_eq!(format_date(0).unwrap(), "Thu, 01 Jan 1970 00:00:00 +0000");
    assert_eq!(format_date(-1), Err(MessageError::Date(-1)));
    assert_eq!(format_date(i64::MAX), Err(MessageError::Date(i64::MAX)));
}

/// Real messages with MIME trouble, when the data folder is at hand: what the parser reads of them
/// goes through the composer and comes back the same.
#[test]
fn real_messages_survive_recomposition() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/email_messages_cpython");
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut seen = 0;
    for entry in entries.flatten() {
        let raw = std::fs::read(entry.path()).unwrap();
        let Some(parsed) = MessageParser::new().parse(&raw) else { continue };
        let text = parsed.body_text(0).unwrap_or_default().replace("\r\n", "\n").replace('\r', "\n");
        let mut again = mail();
        again.subject = parsed.subject().unwrap_or_default().replace(char::is_control, " ").trim().to_owned();
        again.text = format!("x{}", text.trim_end());
        let composed = bytes(&again);
        let back = MessageParser::new().parse(&composed).unwrap();
        assert_eq!(back.subject().unwrap_or_default(), again.subject, "{:?}", entry.path());
        assert_eq!(back.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), again.text, "{:?}", entry.path());
        assert_eq!(back.part(1).unwrap().content_type().unwrap().ctype(), "text");
        seen += 1;
    }
    assert!(seen > 10);
}

fn unfold(raw: &[u8], name: &str) -> String {
    let text = String::from_utf8(raw.to_vec()).unwrap().replace("\r\n ", " ").replace("\r\n\t", "\t");
    let start = format!("{name}: ");
    text.split("\r\n").find_map(|line| line.strip_prefix(&start).map(str::to_owned)).unwrap()
}

proptest! {
    #[test]
    fn any_subject_comes_back(subject in "\\PC{0,120}") {
        let mut any = mail();
        any.subject = subject.clone();
        let raw = bytes(&any);
        prop_assert!(raw.is_ascii());
        let parsed = MessageParser::new().parse(&raw).unwrap();
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(squeeze(parsed.subject().unwrap_or_default()), squeeze(&subject));
    }

    #[test]
    fn folding_ascii_only_breaks_at_spaces(value in "[!-~]{1,30}( {1,3}[!-~]{1,60}){0,12}") {
        let mut any = mail();
        any.headers = vec![("X-Any".to_owned(), value.clone())];
        let raw = bytes(&any);
        prop_assert_eq!(unfold(&raw, "X-Any"), value);
        prop_assert!(lines(&raw).iter().all(|line| line.len() <= 76));
    }

    #[test]
    fn any_body_comes_back(text in "(\\PC|\n){1,400}", html in "(\\PC|\n| |=|\\.){1,400}") {
        let mut any = mail();
        any.text = format!("t{text}");
        any.html = format!("<b>{html}");
        let raw = bytes(&any);
        prop_assert!(raw.is_ascii());
        let whole = String::from_utf8(raw.clone()).unwrap().replace("\r\n", "");
        prop_assert!(!whole.contains(['\r', '\n']));
        prop_assert!(lines(&raw).iter().all(|line| line.len() <= MAX_LINE_BYTES));
        let parsed = MessageParser::new().parse(&raw).unwrap();
        let back = |body: &str| body.replace("\r\n", "\n").trim_end_matches('\n').to_owned();
        prop_assert_eq!(back(parsed.body_text(0).unwrap().as_ref()), any.text.trim_end_matches('\n'));
        prop_assert_eq!(back(parsed.body_html(0).unwrap().as_ref()), any.html.trim_end_matches('\n'));
    }
}
