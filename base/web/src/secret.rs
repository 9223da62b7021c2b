//! Signatures: proof that a link, a form or a cookie was made by this installation.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 32 bytes that never leave the server. Each purpose gets its own key, so that a signature made for one is worthless for another.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Wraps 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Makes a fresh secret from the system's random source.
    pub fn random() -> Result<Self, attune_kernel::Fault> {
        let mut bytes = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| attune_kernel::Fault::new("the system gave no random bytes"))?;
        Ok(Self(bytes))
    }

    /// The bytes, for the settings table.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn key(&self, purpose: &str) -> hmac::Key {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose.as_bytes()).as_ref())
    }

    /// Signs `payload` for `purpose`: `base64url(payload).base64url(tag)`, safe in an address and in a cookie.
    pub fn sign(&self, purpose: &str, payload: &str) -> String {
        let tag = hmac::sign(&self.key(purpose), payload.as_bytes());
        format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// The payload of a text made by [`Secret::sign`] for the same purpose; compares in constant time.
    pub fn verify(&self, purpose: &str, signed: &str) -> Option<String> {
        let (payload, tag) = signed.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.key(purpose), &payload, &tag).ok()?;
        String::from_utf8(payload).ok()
    }

    /// The 43 characters of a bare signature, for links that carry the payload in the open.
    pub fn tag(&self, purpose: &str, payload: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key(purpose), payload.as_bytes()).as_ref())
    }

    /// Whether `tag` is what [`Secret::tag`] gives; compares in constant time.
    pub fn tag_fits(&self, purpose: &str, payload: &str, tag: &str) -> bool {
        URL_SAFE_NO_PAD.decode(tag).is_ok_and(|tag| hmac::verify(&self.key(purpose), payload.as_bytes(), &tag).is_ok())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The token of a public form: names the form and when it was shown, so that a post without a visit is refused.
pub struct FormToken;

impl FormToken {
    /// A token for `form`, shown at `now` (µs).
    pub fn issue(secret: &Secret, form: &str, now: i64) -> String {
        secret.sign("form-token", &format!("{now}:{form}"))
    }

    /// Whether `token` was issued for `form` at most `max_age_us` before `now` (µs).
    pub fn fits(secret: &Secret, form: &str, token: &str, now: i64, max_age_us: i64) -> bool {
        let Some(payload) = secret.verify("form-token", token) else { return false };
        let Some((at, name)) = payload.split_once(':') else { return false };
        let Ok(at) = at.parse::<i64>() else { return false };
        name == form && at <= now && now - at <= max_age_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_purpose_only() {
        let secret = Secret::new([7; 32]);
        let signed = secret.sign("click", "send_1 链接");
        assert_eq!(secret.verify("click", &signed).as_deref(), Some("send_1 链接"));
        assert_eq!(secret.verify("unsubscribe", &signed), None);
        assert_eq!(Secret::new([8; 32]).verify("click", &signed), None);
        let mut forged = signed.clone();
        forged.replace_range(0..1, "x");
        assert_eq!(secret.verify("click", &forged), None);
        assert_eq!(secret.verify("click", "no dot"), None);
        assert!(secret.tag_fits("a", "b", &secret.tag("a", "b")));
        assert!(!secret.tag_fits("a", "c", &secret.tag("a", "b")));
        assert!(!format!("{secret:?}").contains('7'));
    }

    #[test]
    fn a_form_token_ages_and_names_its_form() {
        let secret = Secret::new([7; 32]);
        let token = FormToken::issue(&secret, "newsletter", 1_000);
        assert!(FormToken::fits(&secret, "newsletter", &token, 2_000, 5_000));
        assert!(!FormToken::fits(&secret, "contact", &token, 2_000, 5_000));
        assert!(!FormToken::fits(&secret, "newsletter", &token, 7_000, 5_000));
        assert!(!FormToken::fits(&secret, "newsletter", &token, 500, 5_000));
        assert!(!FormToken::fits(&secret, "newsletter", "x", 500, 5_000));
    }
}
