//! DKIM signatures (RFC 6376, RFC 8463): the proof that a mail comes from our domain unchanged.
//! relaxed/relaxed, rsa-sha256 and ed25519-sha256. Guards that From cannot be added or swapped
//! after signing (it is signed once more than it occurs) and that one-click unsubscribe is covered.

mod canonical;
mod key;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};

pub use key::{Algorithm, DkimKey};

/// Headers that are signed when present, in the order they are listed in `h=`.
const SIGNED_HEADERS: [&str; 17] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "auto-submitted",
    "feedback-id",
];

/// Column after which the signature value is folded.
const SIGNATURE_LINE: usize = 72;

/// Why a key or a message cannot be used for signing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DkimError {
    /// The PEM text holds no private key this crate can read (PKCS#8, or PKCS#1 for RSA).
    #[error("DKIM key is not a readable PEM private key: {0}")]
    Key(String),
    /// RSA keys under 1024 bits or over 8192 bits are refused (RFC 8301 section 3.2).
    #[error("DKIM RSA key has {0} bits; 1024 to 8192 are allowed, 2048 is advised")]
    KeySize(usize),
    /// Domain or selector hold characters a DNS name cannot.
    #[error("DKIM domain or selector {0:?} is not a DNS name")]
    Name(String),
    /// The message has no From header or no end of headers.
    #[error("message has no {0}, so it cannot be signed")]
    Message(&'static str),
    /// The cryptographic library refused.
    #[error("DKIM signing failed")]
    Crypto,
    /// The signing thread ended early.
    #[error("DKIM signing was interrupted")]
    Interrupted,
}

/// A key together with the domain and selector under which receivers find its public half.
#[derive(Debug, Clone)]
pub struct DkimSigner {
    key: Arc<DkimKey>,
    domain: String,
    selector: String,
}

impl DkimSigner {
    /// Binds a key to `selector._domainkey.domain`.
    ///
    /// # Errors
    /// Returns [`DkimError::Name`] when either is not a DNS name.
    pub fn new(key: Arc<DkimKey>, domain: &str, selector: &str) -> Result<Self, DkimError> {
        for name in [domain, selector] {
            let label = |part: &str| {
                !part.is_empty() && part.len() <= 63 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            };
            if name.len() > 253 || !name.split('.').all(label) {
                return Err(DkimError::Name(name.to_owned()));
            }
        }
        Ok(Self { key, domain: domain.to_ascii_lowercase(), selector: selector.to_ascii_lowercase() })
    }

    /// Gives the DNS name that must hold [`DkimKey::public_dns_record`] as a TXT record.
    pub fn dns_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Gives the key.
    pub fn key(&self) -> &DkimKey {
        &self.key
    }

    fn header(&self, parsed: &Parsed, signed_at: i64) -> Result<String, DkimError> {
        let mut header = String::with_capacity(640);
        let _ = write!(
            header,
            "DKIM-Signature: v=1; a={}; c=relaxed/relaxed;\r\n\td={}; s={}; t={};\r\n\th=",
            self.key.algorithm().tag(),
            self.domain,
            self.selector,
            signed_at.div_euclid(1_000_000)
        );
        let mut column = 3;
        for (position, name) in parsed.names.iter().enumerate() {
            if column + name.len() > SIGNATURE_LINE {
                header.push_str("\r\n\t ");
                column = 2;
            }
            if position > 0 {
                header.push(':');
            }
            header.push_str(name);
            column += name.len() + 1;
        }
        let _ = write!(header, ";\r\n\tbh={};\r\n\tb=", parsed.body_hash);
        let mut input = parsed.canonical_headers.clone();
        canonical::relax_header(&mut input, header.as_bytes());
        // The signature header is hashed without the line end after it (RFC 6376 section 3.7).
        input.truncate(input.len().saturating_sub(2));
        let signature = STANDARD.encode(self.key.sign(&input)?);
        let mut rest = signature.as_str();
        while !rest.is_empty() {
            let (line, tail) = rest.split_at(rest.len().min(SIGNATURE_LINE));
            header.push_str(line);
            if !tail.is_empty() {
                header.push_str("\r\n\t ");
            }
            rest = tail;
        }
        header.push_str("\r\n");
        Ok(header)
    }
}

/// What every signature of one message shares: computed once, whatever the number of keys.
struct Parsed {
    names: Vec<&'static str>,
    canonical_headers: Vec<u8>,
    body_hash: String,
}

impl Parsed {
    fn new(message: &[u8]) -> Result<Self, DkimError> {
        let (head, body) = canonical::split_message(message).ok_or(DkimError::Message("end of headers"))?;
        let fields = canonical::fields(head);
        let mut names = Vec::with_capacity(SIGNED_HEADERS.len() + 1);
        let mut canonical_headers = Vec::with_capacity(head.len());
        for name in SIGNED_HEADERS {
            // Of a repeated header the last stands first (RFC 6376 section 5.4.2).
            for field in fields.iter().rev().filter(|field| field.is_named(name)) {
                names.push(name);
                canonical::relax_header(&mut canonical_headers, field.raw);
            }
            if name == "from" {
                if names.is_empty() {
                    return Err(DkimError::Message("From header"));
                }
                names.push(name);
            }
        }
        let hash = digest::digest(&digest::SHA256, &canonical::relax_body(body));
        Ok(Self { names, canonical_headers, body_hash: STANDARD.encode(hash) })
    }
}

/// Puts one DKIM-Signature per signer in front of a message. `signed_at` is unix µs UTC.
///
/// RSA costs about a millisecond of one core: call it off the async threads, or use [`sign_many`].
///
/// # Errors
/// Returns what is missing in the message; with no signer the message comes back as it is.
pub fn sign_message(signers: &[DkimSigner], message: Vec<u8>, signed_at: i64) -> Result<Vec<u8>, DkimError> {
    if signers.is_empty() {
        return Ok(message);
    }
    let parsed = Parsed::new(&message)?;
    let mut signed = Vec::with_capacity(message.len() + 768 * signers.len());
    for signer in signers {
        signed.extend_from_slice(signer.header(&parsed, signed_at)?.as_bytes());
    }
    signed.extend_from_slice(&message);
    Ok(signed)
}

/// Signs a batch on every core, off the async threads; results keep the order of `messages`.
pub async fn sign_many(signers: Arc<[DkimSigner]>, messages: Vec<Vec<u8>>, signed_at: i64) -> Vec<Result<Vec<u8>, DkimError>> {
    crate::outgoing::spread(messages, move |message| sign_message(&signers, message, signed_at), || Err(DkimError::Interrupted)).await
}
