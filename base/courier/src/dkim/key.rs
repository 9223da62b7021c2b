//! Private keys for signing, as PEM text in and out, and their public half as a DNS record.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use aws_lc_rs::{digest, rand};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::DkimError;

/// The two signature algorithms of DKIM in use today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 over SHA-256 (RFC 6376): understood by every receiver.
    RsaSha256,
    /// Ed25519 over the SHA-256 hash (RFC 8463): thirty times cheaper, not yet checked by every receiver.
    Ed25519Sha256,
}

impl Algorithm {
    /// Gives the value of the `a=` tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
        }
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key for DKIM. Its debug form never shows the key.
pub struct DkimKey {
    pair: Pair,
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DkimKey").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

impl DkimKey {
    /// Reads a private key from PEM text: PKCS#8 for both algorithms, PKCS#1 for RSA.
    ///
    /// # Errors
    /// Returns [`DkimError::Key`] for anything else and [`DkimError::KeySize`] for RSA outside 1024–8192 bits.
    pub fn from_pem(pem: &str) -> Result<Self, DkimError> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|cause| DkimError::Key(cause.to_string()))?;
        let bytes = der.secret_der();
        if matches!(der, PrivateKeyDer::Pkcs1(_)) {
            let pair = RsaKeyPair::from_der(bytes).map_err(unreadable)?;
            return Self::from_rsa(pair);
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes) {
            return Ok(Self { pair: Pair::Ed25519(pair) });
        }
        Self::from_rsa(RsaKeyPair::from_pkcs8(bytes).map_err(unreadable)?)
    }

    /// Makes a fresh Ed25519 key.
    ///
    /// # Errors
    /// Returns [`DkimError::Crypto`] when the system gives no randomness.
    pub fn generate_ed25519() -> Result<Self, DkimError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| DkimError::Crypto)?;
        Ok(Self { pair: Pair::Ed25519(pair) })
    }

    /// Makes a fresh RSA key of 2048 bits; takes up to a second of one core.
    ///
    /// # Errors
    /// Returns [`DkimError::Crypto`] when the system gives no randomness.
    pub fn generate_rsa2048() -> Result<Self, DkimError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| DkimError::Crypto)?;
        Ok(Self { pair: Pair::Rsa(pair) })
    }

    fn from_rsa(pair: RsaKeyPair) -> Result<Self, DkimError> {
        let bits = pair.public_modulus_len() * 8;
        if !(1024..=8192).contains(&bits) {
            return Err(DkimError::KeySize(bits));
        }
        Ok(Self { pair: Pair::Rsa(pair) })
    }

    /// Gives the key as PKCS#8 PEM text, to be stored as a secret.
    ///
    /// # Errors
    /// Returns [`DkimError::Crypto`] when the key cannot be written out.
    pub fn to_pem(&self) -> Result<String, DkimError> {
        let der: Pkcs8V1Der<'static> = match &self.pair {
            Pair::Rsa(pair) => pair.as_der(),
            Pair::Ed25519(pair) => pair.as_der(),
        }
        .map_err(|_| DkimError::Crypto)?;
        let encoded = STANDARD.encode(der.as_ref());
        let mut pem = String::with_capacity(encoded.len() + 128);
        pem.push_str("-----BEGIN PRIVATE KEY-----\n");
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, tail) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = tail;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }

    /// Tells which algorithm the key signs with.
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::RsaSha256,
            Pair::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    /// Gives the text of the TXT record that publishes the key (RFC 6376 section 3.6.1).
    ///
    /// # Errors
    /// Returns [`DkimError::Crypto`] when the public half cannot be written out.
    pub fn public_dns_record(&self) -> Result<String, DkimError> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let public: PublicKeyX509Der<'static> = pair.public_key().as_der().map_err(|_| DkimError::Crypto)?;
                let p = STANDARD.encode(public.as_ref());
                Ok(format!("v=DKIM1; k=rsa; p={p}"))
            }
            Pair::Ed25519(pair) => {
                let p = STANDARD.encode(pair.public_key().as_ref());
                Ok(format!("v=DKIM1; k=ed25519; p={p}"))
            }
        }
    }

    /// Signs the canonical input of one signature.
    pub(super) fn sign(&self, input: &[u8]) -> Result<Vec<u8>, DkimError> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = rand::SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, input, &mut signature).map_err(|_| DkimError::Crypto)?;
                Ok(signature)
            }
            Pair::Ed25519(pair) => {
                let hash = digest::digest(&digest::SHA256, input);
                let signature = pair.try_sign(hash.as_ref()).map_err(|_| DkimError::Crypto)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

fn unreadable(cause: impl fmt::Display) -> DkimError {
    DkimError::Key(cause.to_string())
}
