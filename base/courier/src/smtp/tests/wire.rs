//! Framing and replies.

use proptest::prelude::*;

use super::super::envelope::frame;
use super::super::reply::{Parsed, Reply, parse};
use super::*;

fn unframe(wire: &[u8]) -> Vec<u8> {
    let text = wire.strip_suffix(b".\r\n").unwrap();
    let mut out = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    out
}

fn whole(input: &str) -> Reply {
    match parse(input.as_bytes()) {
        Parsed::Complete(reply, taken) => {
            assert_eq!(taken, input.len());
            reply
        }
        Parsed::Incomplete => panic!("incomplete"),
        Parsed::Malformed => panic!("malformed"),
    }
}

#[test]
fn replies_are_read_line_by_line() {
    let reply = whole("250-relay\r\n250-PIPELINING\r\n250 SIZE 1000\r\n");
    assert_eq!((reply.code, reply.lines.len(), reply.text().as_str()), (250, 3, "relay PIPELINING SIZE 1000"));
    assert_eq!(whole("550 5.1.1 no such user\r\n").enhanced().as_deref(), Some("5.1.1"));
    assert_eq!(whole("550 no such user\r\n").enhanced(), None);
    assert_eq!(whole("250\r\n").text(), "");
    assert!(matches!(parse(b"250 ok"), Parsed::Incomplete));
    assert!(matches!(parse(b"250-a\r\n"), Parsed::Incomplete));
    for wrong in ["hello\r\n", "99 x\r\n", "250-a\r\n251 b\r\n", "600 x\r\n", "250x\r\n", "\r\n"] {
        assert!(matches!(parse(wrong.as_bytes()), Parsed::Malformed), "{wrong:?}");
    }
    assert!(matches!(parse(&vec![b'2'; 70_000]), Parsed::Malformed));
}

#[test]
fn a_lone_line_end_is_refused() {
    for (message, at) in [("a\nb", 1), ("a\rb", 1), ("ab\r", 2), ("a\r\nb\n.\r\n", 4), ("a\r\n\r.\r\n", 3)] {
        assert_eq!(Envelope::new(1, "", "a@b.c", message.into()), Err(EnvelopeError::LineEnd(at)), "{message:?}");
    }
}

#[test]
fn envelope_addresses_cannot_carry_commands() {
    for address in ["a@b.c>\r\nRCPT TO:<x@y.z", "a b@c.d", "", "a"] {
        assert_eq!(Envelope::new(1, "", address, Vec::new()), Err(EnvelopeError::Address(address.to_owned())));
    }
    let wide = Envelope::new(1, "", "wang@例子.中国", Vec::new()).unwrap();
    assert_eq!(wide.recipient(), "wang@xn--fsqu00a.xn--fiqs8s");
}

proptest! {
    #[test]
    fn dots_come_back(lines in prop::collection::vec("[.a-z ]{0,6}", 0..12), ended in any::<bool>()) {
        let mut message = lines.join("\r\n");
        if ended || message.is_empty() {
            message.push_str("\r\n");
        }
        let wire = frame(message.clone().into_bytes()).unwrap();
        let body = wire.strip_suffix(b".\r\n").unwrap();
        prop_assert!(!body.starts_with(b".\r\n"));
        prop_assert!(!body.windows(5).any(|five| five == b"\r\n.\r\n"));
        if !message.ends_with("\r\n") {
            message.push_str("\r\n");
        }
        prop_assert_eq!(unframe(&wire), message.into_bytes());
    }

    #[test]
    fn no_reply_breaks_the_reader(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&input);
    }
}
