use aws_lc_rs::signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;

const SIGNED_AT: i64 = 1_528_637_909_000_000;

/// The message of RFC 8463 appendix A.3 with both of its signatures.
const RFC8463: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\nFrom: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
const RFC8463_SECRET: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const RFC8463_ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const RFC8463_RSA: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

/// The tags of a DKIM-Signature, blanks removed.
fn tag(raw: &[u8], name: &str) -> String {
    let text = String::from_utf8(raw.to_vec()).unwrap();
    let value = text.split_once(':').unwrap().1;
    let found = value.split(';').find_map(|part| part.trim().strip_prefix(&format!("{name}=")).map(str::to_owned));
    found.unwrap().split_whitespace().collect()
}

/// Checks the `nth` signature of a message the way a receiver does, header by header from the `h=` tag.
fn verify(message: &[u8], nth: usize, record: &str) -> bool {
    let (head, body) = canonical::split_message(message).unwrap();
    let fields = canonical::fields(head);
    let signature = fields.iter().filter(|field| field.is_named("dkim-signature")).nth(nth).unwrap().raw;
    let hash = digest::digest(&digest::SHA256, &canonical::relax_body(body));
    if tag(signature, "bh") != STANDARD.encode(hash) {
        return false;
    }
    let mut input = Vec::new();
    let mut used = std::collections::HashMap::<String, usize>::new();
    for name in tag(signature, "h").split(':') {
        let skip = used.entry(name.to_owned()).or_default();
        if let Some(field) = fields.iter().rev().filter(|field| field.is_named(name)).nth(*skip) {
            canonical::relax_header(&mut input, field.raw);
        }
        *skip += 1;
    }
    let text = String::from_utf8(signature.to_vec()).unwrap();
    let emptied = &text[..text.rfind("b=").unwrap() + 2];
    canonical::relax_header(&mut input, emptied.as_bytes());
    input.truncate(input.len() - 2);
    let value = STANDARD.decode(tag(signature, "b")).unwrap();
    let key = STANDARD.decode(record.rsplit("p=").next().unwrap()).unwrap();
    if record.contains("ed25519") {
        let hash = digest::digest(&digest::SHA256, &input);
        return UnparsedPublicKey::new(&ED25519, key).verify(hash.as_ref(), &value).is_ok();
    }
    let legacy = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &key);
    let modern = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key);
    modern.verify(&input, &value).is_ok() || legacy.verify(&input, &value).is_ok()
}

fn pkcs8_of_seed(seed: &str) -> String {
    let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend(STANDARD.decode(seed).unwrap());
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

fn sample() -> Vec<u8> {
    crate::message::Mail {
        from: crate::message::Mailbox::named("调和商店", "news@shop.example"),
        to: vec![crate::message::Mailbox::new("ann@example.org")],
        reply_to: Some(crate::message::Mailbox::new("help@shop.example")),
        subject: "Ein Gruß und  zwei Leerzeichen".to_owned(),
        html: "<p>您好</p>\n\n  <p>two   spaces </p>\n\n\n".to_owned(),
        text: "Hello \n.\n".to_owned(),
        headers: vec![
            ("List-Unsubscribe".to_owned(), "<https://shop.example/u/1>, <mailto:leave@shop.example>".to_owned()),
            ("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()),
        ],
        message_id: "1@shop.example".to_owned(),
        return_path: "bounce@shop.example".to_owned(),
    }
    .compose(SIGNED_AT)
    .unwrap()
}

fn signer(key: DkimKey) -> DkimSigner {
    DkimSigner::new(Arc::new(key), "shop.example", "attune1").unwrap()
}

#[test]
fn both_signatures_of_rfc_8463_hold() {
    assert!(verify(RFC8463.as_bytes(), 0, &format!("v=DKIM1; k=ed25519; p={RFC8463_ED25519}")));
    assert!(verify(RFC8463.as_bytes(), 1, &format!("v=DKIM1; k=rsa; p={RFC8463_RSA}")));
    let changed = RFC8463.replace("hungry", "thirsty");
    assert!(!verify(changed.as_bytes(), 0, &format!("v=DKIM1; k=ed25519; p={RFC8463_ED25519}")));
}

#[test]
fn the_key_of_rfc_8463_signs_the_same_bytes() {
    let key = DkimKey::from_pem(&pkcs8_of_seed(RFC8463_SECRET)).unwrap();
    assert_eq!(key.public_dns_record().unwrap(), format!("v=DKIM1; k=ed25519; p={RFC8463_ED25519}"));
    let (head, _) = canonical::split_message(RFC8463.as_bytes()).unwrap();
    let fields = canonical::fields(head);
    let mut input = Vec::new();
    for name in ["from", "to", "subject", "date", "message-id"] {
        canonical::relax_header(&mut input, fields.iter().find(|field| field.is_named(name)).unwrap().raw);
    }
    let own = std::str::from_utf8(fields[0].raw).unwrap();
    canonical::relax_header(&mut input, &own.as_bytes()[..own.rfind("b=").unwrap() + 2]);
    input.truncate(input.len() - 2);
    assert_eq!(STANDARD.encode(key.sign(&input).unwrap()), tag(fields[0].raw, "b"));
}

#[test]
fn body_forms_of_rfc_6376() {
    let relaxed = |body: &str| String::from_utf8(canonical::relax_body(body.as_bytes())).unwrap();
    assert_eq!(relaxed(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
    assert_eq!(relaxed(""), "");
    assert_eq!(relaxed("\r\n\r\n"), "");
    assert_eq!(relaxed("a"), "a\r\n");
    let mut header = Vec::new();
    canonical::relax_header(&mut header, b"B \t : Y\t\r\n\tZ  \r\n");
    assert_eq!(header, b"b:Y Z\r\n");
}

#[test]
fn own_signatures_hold_and_cover_unsubscribe() {
    let signers = [signer(DkimKey::generate_ed25519().unwrap()), signer(DkimKey::generate_rsa2048().unwrap())];
    let signed = sign_message(&signers, sample(), SIGNED_AT).unwrap();
    for (nth, signer) in signers.iter().enumerate() {
        let record = signer.key().public_dns_record().unwrap();
        assert!(verify(&signed, nth, &record));
        let text = String::from_utf8(signed.clone()).unwrap();
        assert!(!verify(text.replace("/u/1>", "/u/2>").as_bytes(), nth, &record));
        assert!(!verify(text.replace("One-Click", "Two-Click").as_bytes(), nth, &record));
        let second_from = text.replacen("MIME-Version", "From: x@evil.example\r\nMIME-Version", 1);
        assert!(!verify(second_from.as_bytes(), nth, &record));
        assert!(verify(text.replace("MIME-Version", "X-Relay: seen\r\nMIME-Version").as_bytes(), nth, &record));
    }
    let head = String::from_utf8_lossy(&signed);
    assert!(head.contains("h=from:from:to:reply-to:"));
    assert!(head.lines().take_while(|line| !line.is_empty()).all(|line| line.len() <= 78));
}

#[test]
fn keys_survive_pem_and_never_show_themselves() {
    for key in [DkimKey::generate_ed25519().unwrap(), DkimKey::generate_rsa2048().unwrap()] {
        let again = DkimKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.algorithm(), key.algorithm());
        assert_eq!(again.public_dns_record(), key.public_dns_record());
        assert!(!format!("{key:?}").contains("pair"));
    }
    assert!(matches!(DkimKey::from_pem("nonsense"), Err(DkimError::Key(_))));
    assert!(matches!(DkimSigner::new(Arc::new(DkimKey::generate_ed25519().unwrap()), "a b", "s"), Err(DkimError::Name(_))));
    assert_eq!(signer(DkimKey::generate_ed25519().unwrap()).dns_name(), "attune1._domainkey.shop.example");
}

#[test]
fn unsignable_messages_are_named() {
    let signers = [signer(DkimKey::generate_ed25519().unwrap())];
    assert_eq!(sign_message(&signers, b"To: a@b.c\r\n\r\nx".to_vec(), 0), Err(DkimError::Message("From header")));
    assert_eq!(sign_message(&signers, b"From: a@b.c\r\n".to_vec(), 0), Err(DkimError::Message("end of headers")));
    assert_eq!(sign_message(&[], b"x".to_vec(), 0), Ok(b"x".to_vec()));
}

#[tokio::test]
async fn a_batch_is_signed_in_order() {
    let signers: Arc<[DkimSigner]> = Arc::new([signer(DkimKey::generate_ed25519().unwrap())]);
    let messages: Vec<Vec<u8>> = (0..23).map(|n| format!("From: a@b.c\r\nSubject: {n}\r\n\r\nbody {n}\r\n").into_bytes()).collect();
    let signed = sign_many(signers.clone(), messages.clone(), SIGNED_AT).await;
    assert_eq!(signed.len(), messages.len());
    let record = signers[0].key().public_dns_record().unwrap();
    for (message, signed) in messages.iter().zip(signed) {
        let signed = signed.unwrap();
        assert!(signed.ends_with(message));
        assert!(verify(&signed, 0, &record));
    }
    assert!(sign_many(signers, Vec::new(), SIGNED_AT).await.is_empty());
}
