//! The addresses inside a mail: short, signed, and each good for one act on one send.

use attune_web::Secret;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::template::Addresses;

/// The position of the link that no person sees.
pub const TRAP: u16 = u16::MAX;
/// Bytes of the signature that travel: 80 bits, for guesses that must be made online.
const MAC_BYTES: usize = 10;
const BODY_BYTES: usize = 11;

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Follow a link.
    Click,
    /// Count an open.
    Open,
    /// Unsubscribe.
    Unsubscribe,
    /// Choose what mail to get.
    Preferences,
    /// Answer a question.
    Question,
}

impl Act {
    fn byte(self) -> u8 {
        match self {
            Self::Click => b'c',
            Self::Open => b'o',
            Self::Unsubscribe => b'u',
            Self::Preferences => b'p',
            Self::Question => b'q',
        }
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Click => "/m/c/",
            Self::Open => "/m/o/",
            Self::Unsubscribe => "/m/u/",
            Self::Preferences => "/m/p/",
            Self::Question => "/m/q/",
        }
    }
}

/// Signs and reads the addresses of this installation's mails. Clones share the key.
#[derive(Clone)]
pub struct Linker {
    key: std::sync::Arc<hmac::Key>,
    base: std::sync::Arc<str>,
}

impl Linker {
    /// A linker for the installation at `public_url` (without a slash at the end).
    pub fn new(secret: &Secret, public_url: &str) -> Self {
        let seed = secret.tag("mail-links", "1");
        Self { key: std::sync::Arc::new(hmac::Key::new(hmac::HMAC_SHA256, seed.as_bytes())), base: public_url.into() }
    }

    /// The token for one act on one send; `position` is the link's, 0 for the other acts.
    pub fn token(&self, act: Act, send_id: i64, position: u16) -> String {
        let mut bytes = [0_u8; BODY_BYTES + MAC_BYTES];
        let body = body(act, send_id, position);
        let tag = hmac::sign(&self.key, &body);
        for (slot, byte) in bytes.iter_mut().zip(body.iter().chain(tag.as_ref())) {
            *slot = *byte;
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The send and the link's position behind a token made for `act`; nothing when it was not made here.
    pub fn read(&self, act: Act, token: &str) -> Option<(i64, u16)> {
        let (send_id, position) = peek(token)?;
        let expected = self.token(act, send_id, position);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), token.as_bytes()).ok()?;
        Some((send_id, position))
    }

    /// The whole address for one act.
    pub fn address(&self, act: Act, send_id: i64, position: u16) -> String {
        let mut out = String::with_capacity(self.base.len() + 40);
        self.push(&mut out, act, send_id, position);
        out
    }

    fn push(&self, out: &mut String, act: Act, send_id: i64, position: u16) {
        out.push_str(&self.base);
        out.push_str(act.path());
        out.push_str(&self.token(act, send_id, position));
    }

    /// The addresses of one send.
    pub fn of_send(&self, send_id: i64) -> SendAddresses<'_> {
        SendAddresses { linker: self, send_id }
    }
}

fn body(act: Act, send_id: i64, position: u16) -> [u8; BODY_BYTES] {
    let mut body = [0_u8; BODY_BYTES];
    let bytes = std::iter::once(act.byte()).chain(send_id.to_be_bytes()).chain(position.to_be_bytes());
    for (slot, byte) in body.iter_mut().zip(bytes) {
        *slot = byte;
    }
    body
}

/// What a token claims, unchecked.
fn peek(token: &str) -> Option<(i64, u16)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|b| b.len() == BODY_BYTES + MAC_BYTES)?;
    let send_id = i64::from_be_bytes(bytes.get(1..9)?.try_into().ok()?);
    let position = u16::from_be_bytes(bytes.get(9..11)?.try_into().ok()?);
    Some((send_id, position))
}

/// The first link of a received mail that leads to content: not the unsubscribe link and not the one no person sees.
pub fn first_link(links: &[String]) -> Option<&str> {
    let is_content = |link: &&String| {
        let token = link.split_once("/m/c/").map(|(_, token)| token);
        token.and_then(peek).is_some_and(|(_, position)| position != TRAP)
    };
    links.iter().find(is_content).map(String::as_str)
}

/// The addresses of one send, as the renderer asks for them.
pub struct SendAddresses<'l> {
    linker: &'l Linker,
    send_id: i64,
}

impl Addresses for SendAddresses<'_> {
    fn push_link(&self, out: &mut String, position: u16) {
        self.linker.push(out, Act::Click, self.send_id, position);
    }
    fn push_unsubscribe(&self, out: &mut String) {
        self.linker.push(out, Act::Unsubscribe, self.send_id, 0);
    }
    fn push_question(&self, out: &mut String) {
        self.linker.push(out, Act::Question, self.send_id, 0);
    }
    fn push_preferences(&self, out: &mut String) {
        self.linker.push(out, Act::Preferences, self.send_id, 0);
    }
    fn push_pixel(&self, out: &mut String) {
        self.linker.push(out, Act::Open, self.send_id, 0);
        out.push_str(".gif");
    }
    fn push_trap(&self, out: &mut String) {
        self.linker.push(out, Act::Click, self.send_id, TRAP);
    }
}
